//! Perl: how it is written; what its library does is in the file beside this one.

mod blocks;
mod library;
mod methods;
mod syntax;

pub(super) use library::call;
pub(super) use methods::method;
pub(super) use syntax::{braced, name, statement};
