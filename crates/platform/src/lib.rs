//! Operating system differences end here: paths, private files, the local channel, clock, randomness.
//!
//! It must never know what an action or an approval is. Everything above it is the same on Linux, macOS
//! and Windows; what only one of them has is in [`os`].

pub mod channel;
pub mod clock;
pub mod ending;
pub mod files;
pub mod keychain;
pub mod os;
pub mod paths;
pub mod process;
pub mod random;
pub mod run;
pub mod service;
pub mod zone;
