//! Tests of the connectors against captures of the real clients and scratch file systems.

mod actions;
mod codex;
mod discovery;
mod facts;
mod forks;
mod gemini_cli;
mod guard_edit;
mod guard_status;
mod hermes;
mod hooks;
mod matrix;
mod openclaw;
mod processes;
mod properties;
mod records;
mod scratch;
mod sessions;
mod tools;
mod tools_any;
