//! Things a person should know now, and the watch for hands on our own files.

use clawbutler_core::actor::Actor;
use clawbutler_core::id::hex;
use clawbutler_ledger::{Kind, Report};
use clawbutler_store::Durability;
use clawbutler_wire::command::{DismissAlert, Done};
use clawbutler_wire::settings::AlertView;
use clawbutler_wire::topic::Topic;
use serde_json::json;

use crate::engine::lock;
use crate::{Butler, Error, Event, audit};

/// Alerts on the screen at once; the oldest goes first, the audit log keeps all.
const SHOWN: usize = 20;

impl Butler {
    pub(crate) fn alert(&self, says: &str, fix: &str) {
        {
            let mut alerts = lock(&self.0.alerts);
            if alerts.iter().any(|alert| alert.says == says) {
                return;
            }
            if alerts.len() >= SHOWN {
                alerts.remove(0);
            }
            let id = hex(&self.0.ports.ids.bytes());
            alerts.push(AlertView { id, at: self.now().0, says: says.to_owned(), fix: fix.to_owned() });
        }
        self.tell(&Event::Alert { says: says.to_owned() });
        self.changed(Topic::Alerts);
    }

    pub(crate) fn clear_alert(&self, says: &str) {
        lock(&self.0.alerts).retain(|alert| alert.says != says);
        self.changed(Topic::Alerts);
    }

    /// Takes an alert off the screen.
    pub fn dismiss_alert(&self, request: DismissAlert) -> Result<Done, Error> {
        let says = {
            let mut alerts = lock(&self.0.alerts);
            let at = alerts.iter().position(|alert| alert.id == request.id);
            at.map(|at| alerts.remove(at).says)
        };
        self.changed(Topic::Alerts);
        says.map_or(Ok(()), |says| self.home_dismissed(&says))?;
        Ok(Done {})
    }

    pub(crate) fn notice_tampering(&self, says: &str, fix: &str) -> Result<(), Error> {
        self.record(Durability::Power, Kind::TamperingNoticed, Actor::Engine, json!({ "says": says }))?;
        self.alert(says, fix);
        Ok(())
    }

    /// Notices another process's writes to the database. Until its entry is committed nothing is sealed or signed, since
    /// that would vouch for them.
    pub(crate) fn look_for_tampering(&self) -> Result<(), Error> {
        let _one_at_a_time = lock(&self.0.noticing);
        if !self.0.store.foreign_write_waits()? {
            return Ok(());
        }
        let chain = match self.verified(|_, _| ()) {
            Ok((Report { broken: None, .. }, _)) => "The audit log still holds.".to_owned(),
            Ok((Report { broken: Some(broken), .. }, _)) => {
                format!("{}.", audit::verdict(&broken))
            }
            // Said without it: what cannot be verified now must not go unnoticed.
            Err(Error(error)) => format!("The audit log could not be verified: {}", error.message),
        };
        let says = format!("Another program wrote to ClawButler's database. {chain}");
        let draft = self.entry(Kind::TamperingNoticed, Actor::Engine, json!({ "says": says }));
        let at = self.now();
        self.0.store.write_noticing::<_, Error>(|tx| audit::append(tx, at, draft).map(drop))?;
        self.alert(
            &says,
            "Find the program, and compare the grants and the audit log with what you remember deciding.",
        );
        Ok(())
    }

    /// Told by a host whose socket was taken away or replaced.
    pub fn socket_was_replaced(&self) {
        let noticed = self.notice_tampering(
            "Another program removed or replaced the socket that guards talk to. It was made anew.",
            "Look for a program that answers in ClawButler's place, and check what ran in the meantime.",
        );
        if let Err(Error(error)) = noticed {
            tracing::error!(message = %error.message, "the replaced socket could not be recorded");
        }
    }
}
