//! Search of the audit log: the index behind it, the query language, traces, saved searches.
//!
//! The index only proposes entries; each is compared with the filter itself before it is shown. What is not in the
//! index yet is looked at one by one, so that nothing recent is missing.

mod index;
pub(crate) mod parts;
pub(crate) mod query;
mod run;
mod saved;
mod trace;
mod words;

pub(crate) use index::{Finder, Whose};
pub(crate) use run::Walk;
