//! The application: use cases over the crates below, and the one door for every host.
//!
//! The shell, the dev host and the headless server call [`Butler`]; none of them contains a decision.
//! It must never know a window, a route or a command-line flag. Nothing but `audit` appends to the
//! ledger, and only inside the transaction of the change it records. Start reading at [`Butler`], then
//! `approvals::submit` and `approvals::decide`.

mod alerts;
mod approvals;
mod attached;
mod audit;
mod backup;
mod budget;
mod cost;
mod damage;
mod engine;
mod error;
mod events;
mod export;
mod files;
mod grants;
mod history;
mod intake;
mod links;
mod part;
mod project;
mod recorded;
mod reports;
mod retention;
mod rules;
mod runtimes;
mod search;
mod sessions;
mod settings;
mod snapshot;
mod view;

pub use approvals::{Answer, Submission, Ticket};
pub use attached::{Devices, End, Line, LineNumber, Seen, Told};
pub use backup::{Lock, Opener, Restored};
pub use clawbutler_connectors::env::Env;
pub use engine::{Butler, Ports};
pub use error::{Error, OpenError};
pub use events::Event;
pub use export::{ExportPlan, Exported, PackCheck, Step};
pub use recorded::Recorded;
pub use runtimes::with_processes;
pub use view::visible;
