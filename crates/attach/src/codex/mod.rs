//! Codex's app-server daemon over its socket: threads seen live, their questions answered.
//!
//! One [`Daemon`] value per daemon. It connects, subscribes to every loaded thread, stays connected; what happens
//! comes out as [`Event`]s. A question is answered by whoever answers first: here, or at Codex's own screen. Nothing
//! here decides. Start reading at [`Daemon::open`], then `link`.

mod approval;
mod call;
mod client;
mod daemon;
mod event;
mod frame;
mod hooks;
mod link;
mod rows;
mod steps;

pub use crate::counts::Counts;
pub use approval::{Approval, Asking, Decision, FileChange};
pub use client::{Client, Start};
pub use daemon::{Daemon, Place, Target};
pub use event::{Event, understand};
pub use frame::{Frame, Garbled, read};
pub use hooks::{Hook, trust_lines};
pub use link::{Link, Trouble};
pub use rows::{Hello, Limit, Status, Thread, Usage};
