//! OpenClaw: so far what its tools would do.
//!
//! Must never know: any other runtime.

mod action;
mod acts;
mod browser;

pub(crate) use action::understand;

/// Stable id, also the first argument of the hook program.
pub(crate) const ID: &str = "openclaw";
