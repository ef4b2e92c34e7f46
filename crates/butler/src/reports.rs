//! The app at a glance.

use clawbutler_wire::Seq;
use clawbutler_wire::command::{Done, OpenWindow, Status};
use clawbutler_wire::runtimes::GuardState;
use clawbutler_wire::settings::StatusView;

use crate::engine::lock;
use crate::{Butler, Error, Event};

impl Butler {
    /// The app at a glance.
    pub fn status(&self, _: Status) -> Result<StatusView, Error> {
        let (pending, entries) =
            self.0.store.read(|read| Ok::<_, Error>((read.approvals_count("", "")?.0, read.ledger_len()?)))?;
        let guards = self.guard_states();
        let guarded = guards.iter().filter(|state| matches!(state, GuardState::Managed | GuardState::User)).count();
        Ok(StatusView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data_dir: self.0.ports.data.path().display().to_string(),
            socket: clawbutler_platform::os::socket_path(self.0.ports.data.path()).display().to_string(),
            pending: u32::try_from(pending).unwrap_or(u32::MAX),
            governed: u32::try_from(guards.len()).unwrap_or(u32::MAX),
            guarded: u32::try_from(guarded).unwrap_or(u32::MAX),
            ledger_entries: Seq(entries),
            rules_version: self.rules().version().to_owned(),
            rules_held: self.rules_held(),
            passes: self.passes(),
            audit_keeping: self.audit_keeping(),
            alerts: lock(&self.0.alerts).clone(),
        })
    }

    /// Asks the host to bring its main window to a route; hosts without windows do nothing.
    pub fn open_window(&self, request: OpenWindow) -> Result<Done, Error> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
        if request.route.len() > 200 || !request.route.chars().all(plain) {
            return Err(Error::bad("That is no place in ClawButler."));
        }
        self.tell(&Event::Open { route: request.route });
        Ok(Done {})
    }
}
