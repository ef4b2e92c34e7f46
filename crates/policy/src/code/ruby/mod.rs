//! Ruby: how it is written; what its library does is in the files beside this one.

mod library;
mod methods;
mod syntax;

pub(super) use library::call;
pub(super) use methods::method;
pub(super) use syntax::{dotted, lambda, name, statement};
