//! Rules: packs and files in force, changed by people, watched on the disk, tried on history.
//!
//! Start reading at `book` (what is in force and what waits), then `look` and `keep` (how it gets there).

mod book;
mod edit;
mod explain;
mod keep;
mod look;
mod packs;
mod simulate;
mod view;

pub(crate) use book::Book;
pub(crate) use keep::watched;
pub(crate) use simulate::Walk;
