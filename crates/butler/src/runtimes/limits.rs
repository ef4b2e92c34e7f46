//! How much of an account's limits an agent has used: the newest that is known of each window, whoever told it.

use std::collections::BTreeMap;

use clawbutler_core::timeline::What;
use clawbutler_wire::registry::LimitView;

use super::scan::Known;
use crate::{Butler, Error};

/// Steps that tell a limit and are looked at; a session tells each of its windows again and again.
const STEPS: u32 = 40;
/// Windows that are shown.
const WINDOWS: usize = 12;

impl Butler {
    /// From the records of sessions, from what the runtime wrote down beside them, and from a connection.
    pub(super) fn limits_of(&self, known: &Known, heard: Vec<LimitView>) -> Result<Vec<LimitView>, Error> {
        let beside = known.connector.limits(&self.0.ports.env, &known.path).into_iter().map(|limit| LimitView {
            window: limit.window,
            used_percent: limit.used_percent,
            resets_at: limit.resets_at.map(|at| at.0),
            as_of: limit.as_of.map(|at| at.0),
            source: limit.source,
        });
        let recorded = self.0.sessions.store.read(|read| read.quotas(&known.id, STEPS))?;
        let recorded = recorded.into_iter().filter_map(|(at, body)| recorded_limit(at, &body));
        let mut newest: BTreeMap<String, LimitView> = BTreeMap::new();
        for limit in heard.into_iter().chain(beside).chain(recorded) {
            let older = |known: &LimitView| known.as_of < limit.as_of;
            if newest.get(&limit.window).is_none_or(older) && limit.used_percent.is_finite() {
                newest.insert(limit.window.clone(), limit);
            }
        }
        Ok(newest.into_values().take(WINDOWS).collect())
    }
}

fn recorded_limit(at: Option<i64>, body: &str) -> Option<LimitView> {
    let What::Quota { window, used_percent, resets_at } = serde_json::from_str(body).ok()? else { return None };
    let source = "the newest record of a session that tells it".to_owned();
    Some(LimitView { window, used_percent, resets_at: resets_at.map(|at| at.0), as_of: at, source })
}
