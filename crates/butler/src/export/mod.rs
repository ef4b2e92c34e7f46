//! Exports of the audit log: streamed, with bounded memory, continued where they stopped.

mod beside;
mod encode;
mod form;
mod job;
mod ocsf;
mod otlp;
mod pack;
mod report;
mod run;
mod summary;

pub(crate) use job::Exports;
pub use pack::PackCheck;
pub(crate) use report::command_line;
pub use run::{ExportPlan, Exported, Step};
