//! A tool call from its arrival to its outcome.

mod decide;
mod derived;
mod list;
mod observe;
mod open;
mod settle;
mod stopped;
mod submit;
mod waiters;

pub(crate) use open::OpenCall;
pub use submit::{Submission, Ticket};
pub(crate) use submit::{agent, tool_call, word};
pub use waiters::Answer;
pub(crate) use waiters::Waiters;
