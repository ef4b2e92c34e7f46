//! The domain: what an agent wants to do, how risky it is, who decides and what became of it.
//!
//! Pure by rule: no clock, no randomness, no filesystem, no environment, no async. Hosts hand in a
//! [`clock::Clock`] and an [`id::IdSource`]. This crate must never know a runtime's name, a table or
//! a window. Start reading at [`action`], then [`approval`].

pub mod action;
pub mod actor;
pub mod approval;
pub mod clock;
pub mod digest;
pub mod grant;
pub mod id;
pub mod limits;
pub mod process;
pub mod redact;
pub mod risk;
pub mod timeline;
pub mod trace_context;
pub mod verdict;
