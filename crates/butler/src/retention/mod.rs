//! Retention: payloads go by age and size, the log stays provable. Start reading at `plan`: what a run takes; then
//! `run`: how it is done in small steps and goes on after it was interrupted.

mod plan;
mod run;
mod settings;

pub(crate) use run::Retention;

/// The settings.
const SETTINGS: &str = "retention";
/// The run that is going on, as [`run::Run`].
const RUN: &str = "retention.run";
/// Up to where each class has no payloads left, so that a run need not begin at the first entry.
const FROM: &str = "retention.from";
/// The report of the last run.
const LAST: &str = "retention.last";
