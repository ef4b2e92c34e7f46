//! The Codex app-server daemon.
