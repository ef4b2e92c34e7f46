//! JavaScript and TypeScript: how they are written; what their libraries do is in the files beside this one.

mod files;
mod library;
mod methods;
mod network;
mod patterns;
mod syntax;
mod texts;

pub(super) use library::call;
pub(super) use methods::{attribute, index, method};
pub(super) use patterns::{entry, spread};
pub(super) use syntax::{arrow, name, statement};
