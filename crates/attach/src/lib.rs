//! Live connections to running runtimes over their own protocols.
//!
//! One folder per runtime: [`openclaw`] speaks to a gateway, [`codex`] to the app-server daemon, [`hermes`] to its
//! server. A connection sees, asks and answers; it judges nothing. This crate must never know a database, a rule or
//! a window, it stores no key and no token, and it speaks to this machine only. Start reading at
//! [`openclaw::Gateway`].

pub mod codex;
pub mod hermes;
pub mod openclaw;

mod calls;
mod counts;
mod device;
mod error;
mod json;
mod pace;
mod secret;
mod socket;

pub use device::Device;
pub use error::{CallError, Refusal};
pub use secret::Secret;
pub use socket::Ended;
