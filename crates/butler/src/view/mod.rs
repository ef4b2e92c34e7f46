//! Domain to wire: the only place that turns what is stored into what is shown.

mod approval;
mod body;
pub mod visible;
mod words;

pub(crate) use approval::{approval, level};
pub(crate) use body::{drawn, headline};
pub(crate) use words::{actor, day, entry_says};
