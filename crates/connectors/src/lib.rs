//! One folder per agent runtime: where it is installed, which homes it has, what it is doing, how our
//! guard gets into its configuration and out again, and how its hooks speak.
//!
//! What this crate must never know: the process environment and `HOME` (everything comes from an
//! [`env::Env`]), the clock, randomness, the network, our database, our wire format or a window. It reads
//! files only under paths derived from the `Env` and the arguments, and writes none at all: a change is a
//! [`connector::Plan`] that somebody else shows, gets consent for, backs up and carries out. It never reads
//! a runtime's credentials, keys or tokens, and it forwards only named facts of the environment. No runtime
//! knows another one; a runtime's name stands in its folder and in the three lists ([`connector::ALL`],
//! [`hook::SIDES`] and [`normalise::NORMALISERS`]) only.
//!
//! [`hook`] and [`normalise`] are linked into the tiny program that a runtime calls at each tool call: they
//! and what they use stay free of the comment-preserving parser, so that link-time optimisation drops that.
//!
//! Start reading at [`connector`], then [`hook`].

pub mod call;
pub mod claude_code;
pub mod codex;
pub mod connector;
mod disk;
pub mod env;
pub mod facts;
mod gemini_cli;
pub mod hermes;
pub mod hook;
mod input;
mod jsonc;
pub mod matrix;
mod moment;
pub mod normalise;
mod npm;
pub mod openclaw;
pub mod packed;
mod patch_text;
pub mod places;
pub mod processes;
pub mod record;
mod run_text;
pub mod trusting;
mod version;
mod words;
