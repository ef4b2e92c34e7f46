//! Python: how it is written; what its library does is in the files beside this one.

mod library;
mod members;
mod methods;
mod outside;
mod processes;
mod syntax;
mod texts;

pub(super) use library::call;
pub(super) use members::{attribute, index, slice};
pub(super) use methods::method;
pub(super) use syntax::{comprehension, name, statement};
