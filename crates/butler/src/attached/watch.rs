//! What a gateway lets run unasked, as facts of its home: compared with what a person accepted, as files are.
//!
//! The gateway tells nobody that its exec policy changed, so it is read anew now and then, and when a session says
//! something that may matter. What we change ourselves is taken into the baseline.

use std::collections::BTreeSet;

use clawbutler_attach::openclaw::{InForce, MEMBERS, Session, Standing};
use clawbutler_connectors::facts::{Fact, Tab, Watch};
use clawbutler_core::limits::{ATTACH_VIEW_ROWS, FACT_CHARS};
use clawbutler_core::redact;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_wire::topic::Topic;

use super::{End, Held};
use crate::engine::lock;
use crate::{Butler, Error};

/// How old what is known of a policy may be (ms): nothing tells that another client changed it.
const POLICY_MS: i64 = 60_000;
/// The same after a run began, or sessions or devices changed in a way that is not told (ms).
const SOON_MS: i64 = 3_000;
/// Where facts of a gateway are read.
pub(crate) const SOURCE: &str = "gateway";
/// How the names of facts of the policy begin.
pub(super) const POLICY: &str = "gateway policy";
/// How the names of facts of devices begin.
pub(super) const DEVICE: &str = "gateway device";

/// How loose a word of the policy is; what is not known counts as the loosest.
pub(super) fn rank(member: &str, word: &str) -> u8 {
    match (member, word) {
        ("ask", "always") | (_, "deny") => 0,
        ("ask", "on-miss") | ("security" | "askFallback", "allowlist") => 1,
        _ => 2,
    }
}

/// The three words of an agent, each with its member.
pub(super) fn words(one: &InForce) -> [(&'static str, Option<&String>); 3] {
    let [security, ask, fallback] = MEMBERS;
    [(security, one.security.as_ref()), (ask, one.ask.as_ref()), (fallback, one.ask_fallback.as_ref())]
}

/// What a gateway's standing comes to, one fact each. `us` is our own device.
pub(super) fn facts(standing: &Standing, us: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name: String, value: String, watch: Watch| {
        facts.push(Fact { tab: Tab::Permissions, name, value, source: SOURCE.to_owned(), watch });
    };
    for one in standing.in_force() {
        let of = one.agent.as_ref().map(|agent| format!(" of {agent}")).unwrap_or_default();
        for (member, word) in words(&one) {
            if let Some(word) = word {
                add(format!("{POLICY} {member}{of}"), word.clone(), Watch::Rank(rank(member, word)));
            }
        }
        for row in one.allowlist.iter().take(ATTACH_VIEW_ROWS) {
            let bound = row.args.as_ref().map(|args| format!(" with {args}")).unwrap_or_default();
            let from = row.source.clone().unwrap_or_else(|| "written by hand".to_owned());
            add(format!("{POLICY} allows{of}: {}{bound}", row.pattern), from, Watch::Change);
        }
    }
    for session in standing.full.iter().take(ATTACH_VIEW_ROWS) {
        add(format!("gateway session {session}"), "runs everything unasked (full)".to_owned(), Watch::Rank(1));
    }
    let others = standing.devices.iter().flatten().filter(|device| device.device != us);
    for device in others.take(ATTACH_VIEW_ROWS) {
        let name = device.name.clone().unwrap_or_else(|| "without a name".to_owned());
        add(device_fact(&device.device), format!("{name}, may {}", device.scopes.join(", ")), Watch::Change);
    }
    facts
}

/// The name of the fact about a device.
pub(super) fn device_fact(device: &str) -> String {
    format!("{DEVICE} {device}")
}

impl Butler {
    /// What the gateway of a home said last, where it did since the start.
    pub(crate) fn gateway_facts(&self, home: &str) -> Option<Vec<Fact>> {
        lock(&self.0.attached).facts.get(home).cloned()
    }

    /// Whether what a gateway tells belongs to a home, also while it is not connected.
    pub(crate) fn has_gateway(&self, home: &str) -> bool {
        lock(&self.0.attached).chosen.contains_key(home)
    }

    /// Takes in how a gateway stands; whether it is another than before.
    pub(super) fn standing_told(&self, home: &str, standing: Standing) -> bool {
        let us = self.device().map(|device| device.id().to_owned()).unwrap_or_default();
        let masked =
            |text: &str| -> String { redact::mask_text(text, &self.0.mask).chars().take(FACT_CHARS).collect() };
        let now = self.now().0;
        let mut facts = facts(&standing, &us);
        for fact in &mut facts {
            (fact.name, fact.value) = (masked(&fact.name), masked(&fact.value));
        }
        let mut attached = lock(&self.0.attached);
        let Some(held) = attached.held.get_mut(home) else { return false };
        (held.standing, held.read_at) = (Some(standing), Some(now));
        attached.facts.insert(home.to_owned(), facts.clone()) != Some(facts)
    }

    /// Reads how a gateway stands anew; it is shown when it comes, and compared with what was accepted.
    pub(super) fn read_policy(&self, home: &str) {
        let line = {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(home) else { return };
            (held.read_at, held.soon) = (Some(self.now().0), false);
            held.line.clone()
        };
        if line.end() != End::Gateway {
            return;
        }
        let (butler, home) = (self.clone(), home.to_owned());
        line.standing(Box::new(move |result| match result {
            Ok(standing) => butler.standing_came(&home, standing),
            Err(_) => {
                if let Some(held) = lock(&butler.0.attached).held.get_mut(&home) {
                    held.standing = None;
                }
                butler.changed(Topic::Agents);
            }
        }));
    }

    fn standing_came(&self, home: &str, standing: Standing) {
        // What we are about to change is compared when it is changed.
        if lock(&self.0.attached).held.get(home).is_none_or(|held| held.changing) {
            return;
        }
        if self.standing_told(home, standing) {
            self.compare_gateway(home);
        }
        self.changed(Topic::Agents);
    }

    /// Compares the home with what was accepted.
    pub(super) fn compare_gateway(&self, home: &str) {
        let row = lock(&self.0.registry).homes.get(home).filter(|home| home.governed).cloned();
        let Some(row) = row else { return };
        if let Err(Error(error)) = self.look_at_facts_of(&row) {
            tracing::error!(message = %error.message, "what a gateway lets run could not be compared");
        }
    }

    /// What a person changed through us is no drift.
    pub(super) fn gateway_is_ours(&self, home: &HomeRow, ours: impl Fn(&str) -> bool) -> Result<(), Error> {
        self.rebase_gateway(home, ours)?;
        self.compare_gateway(&home.id);
        Ok(())
    }

    /// A session was told: whether it skips the policy may have changed.
    pub(super) fn session_may_skip(&self, home: &str, session: &Session) {
        let full = session.permission_mode.as_deref() == Some("full");
        let known = lock(&self.0.attached)
            .held
            .get(home)
            .and_then(|held| held.standing.as_ref().map(|standing| standing.full.contains(&session.key)));
        if known.is_some_and(|known| known != full) {
            self.read_policy(home);
        }
    }

    /// Every session that was used last was told.
    pub(super) fn sessions_may_skip(&self, home: &str, sessions: &[Session]) {
        let full: BTreeSet<&String> = sessions
            .iter()
            .filter(|session| session.permission_mode.as_deref() == Some("full"))
            .map(|session| &session.key)
            .collect();
        let known = lock(&self.0.attached)
            .held
            .get(home)
            .and_then(|held| held.standing.as_ref().map(|standing| full.iter().all(|key| standing.full.contains(key))));
        if known == Some(false) {
            self.read_policy(home);
        }
    }

    /// Something changed that is not told: it is read soon.
    pub(super) fn read_soon(&self, home: &str) {
        if let Some(held) = lock(&self.0.attached).held.get_mut(home) {
            held.soon = true;
        }
    }

    /// Reads whatever was read too long ago.
    pub(super) fn read_old_policies(&self) {
        let now = self.now().0;
        let old = |held: &Held| {
            let since = held.read_at.map_or(i64::MAX, |at| now.saturating_sub(at).saturating_abs());
            held.is_up() && since >= if held.soon { SOON_MS } else { POLICY_MS }
        };
        let due: Vec<String> = {
            let attached = lock(&self.0.attached);
            attached.held.iter().filter(|(_, held)| old(held)).map(|(home, _)| home.clone()).collect()
        };
        due.iter().for_each(|home| self.read_policy(home));
    }
}

#[cfg(test)]
mod tests {
    use clawbutler_attach::openclaw::{PairedDevice, Policy};
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_that_lets_commands_run_is_a_fact() {
        let policy = Policy {
            file: json!({ "agents": { "main": { "ask": "off", "allowlist": [{ "pattern": "/bin/ls", "argPattern": "a" }] } } }),
            security: Some("full".to_owned()),
            ask: Some("always".to_owned()),
            ..Policy::default()
        };
        let device = |id: &str| PairedDevice {
            device: id.to_owned(),
            scopes: vec!["operator.read".to_owned()],
            ..PairedDevice::default()
        };
        let standing = Standing {
            policy,
            full: vec!["agent:main:main".to_owned()],
            devices: Some(vec![device("us"), device("other")]),
            ..Standing::default()
        };
        let found: Vec<_> =
            facts(&standing, "us").into_iter().map(|fact| (fact.name, fact.value, fact.watch)).collect();
        let fact = |name: &str, value: &str, watch| (name.to_owned(), value.to_owned(), watch);
        assert_eq!(
            found,
            [
                fact("gateway policy security", "full", Watch::Rank(2)),
                fact("gateway policy ask", "always", Watch::Rank(0)),
                fact("gateway policy security of main", "full", Watch::Rank(2)),
                fact("gateway policy ask of main", "off", Watch::Rank(2)),
                fact("gateway policy allows of main: /bin/ls with a", "written by hand", Watch::Change),
                fact("gateway session agent:main:main", "runs everything unasked (full)", Watch::Rank(1)),
                fact("gateway device other", "without a name, may operator.read", Watch::Change),
            ]
        );
    }

    #[test]
    fn words_are_ranked_by_how_much_they_let_through() {
        for (member, words) in [
            ("security", ["deny", "allowlist", "full"]),
            ("ask", ["always", "on-miss", "off"]),
            ("askFallback", ["deny", "allowlist", "full"]),
        ] {
            assert_eq!(words.map(|word| rank(member, word)), [0, 1, 2], "{member}");
            assert_eq!(rank(member, "a new word"), 2);
        }
    }
}
