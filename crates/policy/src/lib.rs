//! What an action would do, how risky that is, and what the rules say about it.
//!
//! Pure: no clock, no files, no environment; the same action, rules, facts and surroundings always give the
//! same verdict. Shell text is parsed by a real parser (`brush-parser`, maintained, small enough for the
//! hook) and never matched as text. It must never know a runtime, a window or a table. Start reading at
//! [`evaluate()`], then [`assess()`] and `shell`. The form of rules is in `docs/RULES.md`.

mod assess;
mod code;
mod compare;
pub mod cost;
mod effects;
mod evaluate;
#[cfg(feature = "load")]
mod examples;
mod explain;
mod facts;
mod globs;
pub mod grants;
mod lint;
#[cfg(feature = "load")]
mod load;
mod looked;
mod mcp;
mod nosql;
#[cfg(feature = "load")]
pub mod packs;
mod paths;
mod programs;
mod rule;
mod scene;
mod set;
mod shell;
mod sql;
mod subsume;
mod tuning;
mod windows;

pub use assess::{Surroundings, assess};
pub use compare::{Change, Comparison, diff_verdicts};
pub use effects::look;
pub use evaluate::{evaluate, judge};
pub use explain::{Explanation, NearMiss, PartWhy, SignalWhy, TouchWhy, explain};
pub use facts::Facts;
pub use lint::{Finding, FindingKind, lint};
#[cfg(feature = "load")]
pub use load::{LoadError, PackHead, PackKind, Source, pack_head};
pub use looked::{Class, How, Looked, Part, Touch};
pub use rule::{Rule, When};
pub use set::{RuleSet, SnapshotError};
pub use tuning::{LOWERABLE, Tuning};
