//! Which payloads retention runs removed, as their entries say.

use clawbutler_core::limits::RETENTION_DAY_MS;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::entry::Kind;
use crate::header::{Header, header};
use crate::verify::{is_digest, is_hex_of};
use crate::{Class, canonical};

/// Whose newest entry before a run keeps its payload.
const NEEDED: [Kind; 2] = [Kind::EngineStarted, Kind::RulesChanged];

/// Kinds of the entries that have to be gathered.
pub const TELLING: [Kind; 3] = [Kind::AuditPruned, Kind::EngineStarted, Kind::RulesChanged];

/// A retention run, as its entry says.
#[derive(Debug, Clone)]
struct Run {
    below: u64,
    /// Entries younger than this were not taken (ms since the epoch).
    before: i64,
    kinds: Vec<String>,
    kept: [u64; NEEDED.len()],
}

/// Gathered beforehand, in order, from the entries of the kinds [`TELLING`].
#[derive(Debug, Clone, Default)]
pub struct Retention {
    runs: Vec<Run>,
    newest: [u64; NEEDED.len()],
}

impl Retention {
    /// Takes in the entry at place `seq` (the first is 1); kinds that say nothing of others are passed over, and so is an
    /// entry that does not hold by itself. What a run says counts only where the engine itself is its actor and it names
    /// no kind that is kept; of entries behind itself it says nothing.
    pub fn see(&mut self, seq: u64, body: &str, payload: Option<&str>) {
        let Some(header) = by_itself(seq, body, payload) else { return };
        if let Some(at) = NEEDED.iter().position(|needed| needed.text() == header.kind) {
            self.newest[at] = seq;
        }
        if header.kind != Kind::AuditPruned.text() {
            return;
        }
        let [actor, facts] = [header.actor, payload.unwrap_or_default()]
            .map(|text| serde_json::from_str::<Value>(text).unwrap_or_default());
        if actor["kind"] == "engine" {
            self.runs.extend(self.run(seq, header.at, &facts));
        }
    }

    fn run(&self, seq: u64, at: Option<i64>, facts: &Value) -> Option<Run> {
        let kinds = facts["kinds"].as_array()?.iter().map(|kind| kind.as_str().map(str::to_owned));
        let kinds: Vec<String> = kinds.collect::<Option<_>>()?;
        let kept = |kind: &str| Class::Kept.kinds().any(|kept| kept == kind);
        if kinds.iter().any(|kind| kept(kind)) {
            return None;
        }
        let before = at?.saturating_sub(RETENTION_DAY_MS);
        Some(Run { below: facts["below"].as_u64()?.min(seq), before, kinds, kept: self.newest })
    }

    /// Whether a run may have removed the payload of this entry, made at `at`.
    pub(crate) fn covers(&self, kind: &str, seq: u64, at: i64) -> bool {
        // The newest run covers most.
        self.runs.iter().rev().any(|run| {
            seq < run.below
                && at < run.before
                && !run.kept.contains(&seq)
                && run.kinds.iter().any(|covered| covered == kind)
        })
    }
}

/// The header of an entry in canonical form that stands at its place, with the payload that its digest says or none.
/// Whether it follows the entry before it is not asked.
fn by_itself<'a>(seq: u64, body: &'a str, payload: Option<&str>) -> Option<Header<'a>> {
    let (header, whole) = header(body);
    let facts = match (header.version, payload) {
        (Some(1), payload) => payload.is_none(),
        (Some(2), None) => is_digest(header.data),
        (Some(2), Some(payload)) => {
            is_hex_of(&Sha256::digest(payload).into(), header.data) && canonical::is_canonical(payload)
        }
        _ => false,
    };
    (whole && facts && header.seq == Some(seq)).then_some(header)
}
