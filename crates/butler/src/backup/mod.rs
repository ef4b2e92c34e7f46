//! Copies of the database: made while the engine runs, encrypted by choice, and put back only after they were verified.

mod crypt;
mod job;
mod make;
mod notes;
mod restore;

pub(crate) use crypt::encryption_of;
pub use crypt::{Lock, Opener};
pub(crate) use job::Backups;
pub(crate) use make::remove_leftovers;
pub use restore::Restored;
pub(crate) use restore::{finish as finish_restore, named_key, set_aside_names};
