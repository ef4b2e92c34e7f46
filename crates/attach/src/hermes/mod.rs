//! Hermes' server (`hermes serve`, also behind its desktop app): live sessions and what happens in our own ones.
//!
//! One [`Serve`] value per server. It connects, stays connected and reads the list of live sessions; what happens
//! comes out as [`Event`]s. **A session's stream has one listener**: taking up somebody's session takes it away from
//! them, and leaving again ends it, so this client only lists sessions that it did not begin. Nothing here decides.
//! Start reading at [`Serve::open`], then `link`.

mod approval;
mod event;
mod frame;
mod link;
mod rows;
mod serve;

pub use crate::counts::Counts;
pub use approval::{Approval, Choice};
pub use event::{Event, understand};
pub use frame::{Frame, Garbled, read};
pub use link::{Link, Trouble};
pub use rows::{Begun, Session, Status, Usage};
pub use serve::{Serve, Target};
