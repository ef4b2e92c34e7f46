//! The local socket that hooks talk to: frames in, one answer out, an approval withdrawn when its hook
//! is gone.
//!
//! It contains no decision and can express none: the frames only submit. It must never read the store,
//! and it never sees a window. Start reading at [`Gateway::open`].

mod connection;
mod server;

pub use server::{Gateway, GatewayError};
