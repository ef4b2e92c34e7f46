//! A tool call from its arrival to its outcome.

mod decide;
mod list;
mod observe;
mod settle;
mod stopped;
mod submit;
mod waiters;

pub(crate) use submit::{OpenCall, agent, tool_call, word};
pub use submit::{Submission, Ticket};
pub use waiters::Answer;
pub(crate) use waiters::Waiters;
