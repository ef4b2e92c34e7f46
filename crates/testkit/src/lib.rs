//! What tests drive the product with: a loopback model, a scratch machine, our programs as children.
//!
//! Development only. Nothing here stands in for a part of the product: the dev host, the hook and the
//! client are the real programs. Loopback only; every child is ended by its own handle. Start reading at
//! [`machine::Machine`].
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop and say where")]
#![expect(clippy::disallowed_methods, reason = "tests read their own environment and clock")]

pub mod chat;
mod child;
pub mod codex;
pub mod gemini;
#[cfg(unix)]
pub mod group;
pub mod hermes;
pub mod http;
pub mod machine;
pub mod model;
pub mod openclaw;
pub mod results;
pub mod webdriver;

/// The path in a variable that `cargo xtask test` sets; `None` says that the test cannot run, and why.
pub fn given(name: &str) -> Option<std::path::PathBuf> {
    let found = std::env::var_os(name).map(std::path::PathBuf::from);
    if found.is_none() {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "SKIPPED: {name} is not set; `cargo xtask test` prepares it");
    }
    found
}

/// A path as one word of a POSIX shell.
pub fn in_shell(path: &std::path::Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
