//! What a run takes: decided once, before anything is removed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::{RETENTION_DAY_MS, RETENTION_SPAN};
use clawbutler_ledger::{Class, Kind};
use clawbutler_store::Store;
use clawbutler_store::table::retention::PayloadRow;
use clawbutler_wire::Seq;
use clawbutler_wire::retention::{ClassReport, EntryPlace, Keep, RetentionSettings};
use serde::{Deserialize, Serialize};

use super::FROM;
use crate::Error;

/// Whose newest entries the engine itself reads at its start.
const NEEDED: [Kind; 2] = [Kind::EngineStarted, Kind::RulesChanged];

/// What a run takes of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ClassPlan {
    pub(super) class: Class,
    /// Entries below this number have been looked at by earlier runs.
    from: u64,
    /// Entries older than this (ms since the epoch) go.
    before: i64,
    /// Entries below this number go whatever their age: they are over the size.
    over: u64,
    /// Every entry that goes has a smaller number.
    pub(super) below: u64,
    /// Entries below this number have no payload left when the run is done.
    pub(super) clear: u64,
    pub(super) entries: u64,
    bytes: u64,
    oldest: (u64, i64),
    newest: (u64, i64),
}

impl ClassPlan {
    fn new(class: Class, from: u64, keep: Keep, now: Timestamp) -> Self {
        let before = keep.days.map_or(i64::MIN, |days| now.0.saturating_sub(i64::from(days) * RETENTION_DAY_MS));
        Self {
            class,
            from,
            before,
            over: 0,
            below: 0,
            clear: u64::MAX,
            entries: 0,
            bytes: 0,
            oldest: (0, 0),
            newest: (0, 0),
        }
    }

    pub(super) fn report(&self) -> ClassReport {
        let place = |(seq, at): (u64, i64)| EntryPlace { seq: Seq(seq), at };
        ClassReport {
            class: self.class.word().to_owned(),
            entries: Seq(self.entries),
            bytes: Seq(self.bytes),
            oldest: place(self.oldest),
            newest: place(self.newest),
        }
    }
}

/// The newest entries that the engine reads at its start.
fn needed(read: &clawbutler_store::Read<'_>) -> Result<BTreeSet<u64>, Error> {
    let mut entries = BTreeSet::new();
    for kind in NEEDED {
        entries.extend(read.ledger_sought(&[kind], 1)?.iter().map(|row| row.seq));
    }
    Ok(entries)
}

/// What stays whatever the settings say.
#[derive(Debug, Default)]
pub(super) struct Guarded {
    spans: HashSet<String>,
    entries: BTreeSet<u64>,
}

impl Guarded {
    pub(super) fn of(read: &clawbutler_store::Read<'_>) -> Result<Self, Error> {
        let mut entries = read.standing_grant_entries()?;
        entries.extend(needed(read)?);
        Ok(Self { spans: read.pending_spans()?, entries })
    }

    fn keeps(&self, row: &PayloadRow) -> bool {
        self.spans.contains(&row.span) || self.entries.contains(&row.seq)
    }
}

/// What a run takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    /// When it was made (ms since the epoch).
    pub(super) at: i64,
    pub(super) classes: Vec<ClassPlan>,
    /// The entries that the engine needs at its start, as of then: verification knows that no run takes them.
    #[serde(default)]
    needed: BTreeSet<u64>,
}

/// The chosen time and size of each class.
pub(super) fn keeps(settings: &RetentionSettings) -> [(Class, Keep); 4] {
    Class::PRUNABLE.map(|class| {
        let keep = match class {
            Class::Actions => settings.actions,
            Class::Decisions => settings.decisions,
            Class::Sessions => settings.sessions,
            Class::Housekeeping => settings.housekeeping,
            Class::Kept => Keep::default(),
        };
        (class, keep)
    })
}

fn class_of(kind: &str) -> Class {
    Kind::ALL.iter().find(|(_, text)| *text == kind).map_or(Class::Kept, |(kind, _)| kind.class())
}

impl Plan {
    /// Looks at the log of a database; reads it in stretches, so that nobody waits. `stop` ends it early with `None`.
    pub(super) fn make(
        database: &Path,
        settings: &RetentionSettings,
        now: Timestamp,
        stop: impl Fn() -> bool,
    ) -> Result<Option<Self>, Error> {
        let (from, guarded, needed, total) = Store::read_only::<_, Error>(database, |read| {
            let from = read.setting(FROM)?.and_then(|text| serde_json::from_str(&text).ok());
            Ok((from.unwrap_or_default(), Guarded::of(read)?, needed(read)?, read.ledger_len()?))
        })?;
        let from: BTreeMap<String, u64> = from;
        let mut sizes = BTreeMap::new();
        let mut plan = Self { at: now.0, classes: Vec::new(), needed };
        for (class, keep) in keeps(settings).into_iter().filter(|(_, keep)| *keep != Keep::default()) {
            sizes.extend(keep.megabytes.map(|megabytes| (class, u64::from(megabytes) * 1_000_000)));
            let from = from.get(class.word()).copied().unwrap_or(0);
            plan.classes.push(ClassPlan::new(class, from, keep, now));
        }
        if !plan.find_sizes(database, sizes, total, &stop)? {
            return Ok(None);
        }
        let mut until = 0;
        for class in &plan.classes {
            let aged = Store::read_only::<_, Error>(database, |read| Ok(read.ledger_seq_at(Timestamp(class.before))?))?;
            until = until.max(class.over).max(aged);
        }
        let mut after = plan.classes.iter().map(|class| class.from).min().unwrap_or(0).saturating_sub(1);
        while after + 1 < until {
            if stop() {
                return Ok(None);
            }
            let span = RETENTION_SPAN.min(until - 1 - after);
            for row in Store::read_only::<_, Error>(database, |read| Ok(read.payloads_after(after, span)?))? {
                plan.count(&row, &guarded);
            }
            after += span;
        }
        for class in &mut plan.classes {
            class.clear = if class.entries > 0 { class.clear.min(class.below) } else { class.from };
        }
        Ok(Some(plan))
    }

    /// Goes back from the newest entry until each class is over its size.
    fn find_sizes(
        &mut self,
        database: &Path,
        mut left: BTreeMap<Class, u64>,
        total: u64,
        stop: &impl Fn() -> bool,
    ) -> Result<bool, Error> {
        let mut high = total;
        while high > 0 && !left.is_empty() {
            if stop() {
                return Ok(false);
            }
            let low = high.saturating_sub(RETENTION_SPAN);
            let rows = Store::read_only::<_, Error>(database, |read| Ok(read.payloads_after(low, high - low)?))?;
            for row in rows.iter().rev() {
                let class = class_of(&row.kind);
                let Some(room) = left.get_mut(&class) else { continue };
                match room.checked_sub(row.bytes) {
                    Some(less) => *room = less,
                    None => {
                        left.remove(&class);
                        for plan in self.classes.iter_mut().filter(|plan| plan.class == class) {
                            plan.over = row.seq + 1;
                        }
                    }
                }
            }
            high = low;
        }
        Ok(true)
    }

    fn count(&mut self, row: &PayloadRow, guarded: &Guarded) {
        let class = class_of(&row.kind);
        let goes = self.wants(row, class) && !guarded.keeps(row);
        let Some(class) = self.classes.iter_mut().find(|plan| plan.class == class) else { return };
        if goes {
            if class.entries == 0 {
                class.oldest = (row.seq, row.at);
            }
            class.newest = (row.seq, row.at);
            class.below = row.seq + 1;
            class.entries += 1;
            class.bytes += row.bytes;
        } else {
            class.clear = class.clear.min(row.seq);
        }
    }

    fn wants(&self, row: &PayloadRow, class: Class) -> bool {
        // A day is left to whoever has to look at what just happened.
        let settled = row.at < self.at.saturating_sub(RETENTION_DAY_MS);
        settled
            && self.classes.iter().any(|plan| {
                plan.class == class && row.seq >= plan.from && (row.seq < plan.over || row.at < plan.before)
            })
    }

    /// Whether the entry goes: it is within what was announced, and nothing guards it now.
    pub(super) fn takes(&self, row: &PayloadRow, guarded: &Guarded) -> bool {
        let class = class_of(&row.kind);
        let announced = self.classes.iter().any(|plan| plan.class == class && row.seq < plan.below);
        announced && self.wants(row, class) && !guarded.keeps(row) && !self.needed.contains(&row.seq)
    }

    /// Number of the last entry that goes.
    pub(super) fn last(&self) -> u64 {
        self.classes.iter().map(|class| class.below).max().unwrap_or(0).saturating_sub(1)
    }

    /// Number before the first entry that goes.
    pub(super) fn first(&self) -> u64 {
        let first = self.classes.iter().filter(|class| class.entries > 0).map(|class| class.oldest.0).min();
        first.unwrap_or(0).saturating_sub(1)
    }

    pub(super) fn entries(&self) -> u64 {
        self.classes.iter().map(|class| class.entries).sum()
    }
}
