//! What an action would do, how risky that is, and what the rules say about it.
//!
//! Pure: no clock, no files, no environment; the same action, rules and surroundings always give the
//! same verdict. Shell text is parsed by a real parser (`brush-parser`, maintained, small enough for the
//! hook) and never matched as text. It must never know a runtime, a window or a table. Start reading at
//! [`evaluate()`], then [`assess()`] and `shell`.

mod assess;
#[cfg_attr(not(test), expect(dead_code, reason = "looked at by the shell's judge once it is wired in"))]
mod code;
mod evaluate;
mod looked;
#[cfg_attr(not(test), expect(dead_code, reason = "looked at by the shell's judge once it is wired in"))]
mod nosql;
mod paths;
mod rule;
mod set;
mod shell;
mod sql;

pub use assess::{Surroundings, assess, look};
pub use evaluate::evaluate;
pub use looked::{Class, How, Looked, Part, Touch};
pub use rule::Rule;
pub use set::{LoadError, RuleSet, SnapshotError};
