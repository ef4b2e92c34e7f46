//! A run: announced in the log first, then done in small transactions, each of which notes how far it is. Whatever
//! interrupts it, it goes on from there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::{
    RETENTION_BATCH, RETENTION_BATCH_BYTES, RETENTION_DAY_MS, RETENTION_MERGES, RETENTION_PAGES, RETENTION_SPAN,
    RETENTION_STEPS,
};
use clawbutler_ledger::Kind;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::sessions::SessionStore;
use clawbutler_store::{Durability, Store};
use clawbutler_wire::Seq;
use clawbutler_wire::command::{GetRetention, RetentionRun};
use clawbutler_wire::retention::{RetentionProgress, RetentionReport, RetentionSettings, RetentionView};
use clawbutler_wire::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::plan::{Guarded, Plan};
use super::{FROM, LAST, RUN, SETTINGS};
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// How long a run rests between two transactions: whoever appends goes first.
const REST: Duration = Duration::from_millis(1);
/// How long the timer waits after a run, and after one that ended in an error (ms).
const EVERY_MS: i64 = RETENTION_DAY_MS;
const AGAIN_MS: i64 = 10 * 60 * 1000;

/// The run of this engine.
#[derive(Debug, Default)]
pub(crate) struct Retention {
    progress: Mutex<Option<RetentionProgress>>,
    trouble: Mutex<Option<String>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Held by whoever runs: one at a time.
    turn: Mutex<()>,
    /// When the timer looks next (ms since the epoch).
    next: AtomicI64,
}

/// A run that began, as it is kept in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    plan: Plan,
    settings: RetentionSettings,
    /// Number of the first entry that announced it: its name in the search index.
    name: u64,
    /// Entries up to this one are done.
    upto: u64,
    /// Entries and bytes removed so far.
    gone: (u64, u64),
}

impl Run {
    fn text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| Error::bad(error.to_string()))
    }
}

impl Butler {
    pub(super) fn retention_progress(&self) -> (Option<RetentionProgress>, Option<String>) {
        (*lock(&self.0.retention.progress), lock(&self.0.retention.trouble).clone())
    }

    pub(super) fn preview(&self, settings: &RetentionSettings) -> Result<RetentionReport, Error> {
        let data = &self.0.ports.data;
        preview(&data.database(), settings, self.now(), |before| {
            self.0.sessions.store.read::<_, Error>(|read| Ok(read.steps_older(before)?))
        })
    }

    /// What a run with the settings in force would remove, of a data folder that no engine needs to run for.
    pub fn retention_file(data: &DataDir, now: Timestamp) -> Result<(RetentionSettings, RetentionReport), Error> {
        let database = data.database();
        let text = Store::read_only::<_, Error>(&database, |read| Ok(read.setting(SETTINGS)?))?;
        let settings: RetentionSettings = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let report =
            preview(&database, &settings, now, |before| Ok(SessionStore::steps_older(&data.sessions(), before)?))?;
        Ok((settings, report))
    }

    /// Begins a run on a thread of its own.
    pub fn retention_run(&self, _: RetentionRun) -> Result<RetentionView, Error> {
        let mut thread = lock(&self.0.retention.thread);
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return Err(Error::precondition("A retention run is going on.", "Wait for its end."));
        }
        let butler = self.clone();
        *lock(&self.0.retention.progress) = Some(RetentionProgress::default());
        *thread = Some(std::thread::Builder::new().name("butler-retention".into()).spawn(move || {
            let done = butler.retain();
            let wait = if done.is_ok() { EVERY_MS } else { AGAIN_MS };
            butler.0.retention.next.store(butler.now().0.saturating_add(wait), Ordering::Relaxed);
            let trouble = done.err().map(|Error(error)| error.message);
            if let Some(message) = &trouble {
                tracing::error!(%message, "a retention run ended early");
            }
            *lock(&butler.0.retention.trouble) = trouble;
            butler.changed(Topic::Audit);
        })?);
        drop(thread);
        self.get_retention(GetRetention {})
    }

    /// Begins a run when it is time, or goes on with one that was interrupted.
    pub(crate) fn retain_when_due(&self) -> Result<(), Error> {
        let now = self.now().0;
        let running = lock(&self.0.retention.thread).as_ref().is_some_and(|thread| !thread.is_finished());
        if running || now < self.0.retention.next.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.0.retention.next.store(now.saturating_add(AGAIN_MS), Ordering::Relaxed);
        let (open, last) = self.0.store.read::<_, Error>(|read| Ok((read.setting(RUN)?, read.setting(LAST)?)))?;
        let last: Option<RetentionReport> = last.and_then(|text| serde_json::from_str(&text).ok());
        let due =
            self.retention_settings()?.on && last.is_none_or(|last| now.abs_diff(last.at) >= EVERY_MS.unsigned_abs());
        if open.is_none() && !due {
            return Ok(());
        }
        self.retention_run(RetentionRun {}).map(drop)
    }

    /// Waits for the end of a run, which comes soon once the engine is stopping.
    pub(crate) fn end_retention(&self) {
        let thread = lock(&self.0.retention.thread).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the retention run had ended in an error");
        }
    }

    /// Does a run to its end, first one that was interrupted; the engine's own thread does so by itself. `None`: it was
    /// stopped, and goes on later.
    pub fn retain(&self) -> Result<Option<RetentionReport>, Error> {
        let _turn = lock(&self.0.retention.turn);
        let done = self.retain_now();
        *lock(&self.0.retention.progress) = None;
        done
    }

    fn retain_now(&self) -> Result<Option<RetentionReport>, Error> {
        if let Some(run) = self.interrupted_run()? {
            return self.go_on(run);
        }
        let settings = self.retention_settings()?;
        let database = self.0.ports.data.database();
        let Some(plan) = Plan::make(&database, &settings, self.now(), || self.stopping())? else { return Ok(None) };
        let run = self.announce_run(plan, settings)?;
        self.go_on(run)
    }

    fn interrupted_run(&self) -> Result<Option<Run>, Error> {
        let text = self.0.store.read::<_, Error>(|read| Ok(read.setting(RUN)?))?;
        // One of another version is planned anew: its announcements stand, and cover what it removed.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Says in the log what will be gone, before it is.
    fn announce_run(&self, plan: Plan, settings: RetentionSettings) -> Result<Run, Error> {
        // A clock that was put back since does not make what goes younger than a day.
        let at = self.now().max(Timestamp(plan.at));
        let mut run = Run { upto: plan.first(), plan, settings, name: 0, gone: (0, 0) };
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            for class in run.plan.classes.iter().filter(|class| class.entries > 0) {
                let kinds: Vec<_> = class.class.kinds().collect();
                let data = json!({ "class": class.class.word(), "kinds": kinds, "below": class.below });
                let entry = audit::append(tx, at, self.entry(Kind::AuditPruned, Actor::Engine, data))?;
                if run.name == 0 {
                    run.name = entry.seq;
                }
            }
            Ok(tx.setting_put(RUN, &run.text()?)?)
        })?;
        Ok(run)
    }

    fn go_on(&self, mut run: Run) -> Result<Option<RetentionReport>, Error> {
        let last = run.plan.last();
        while run.upto < last {
            if self.stopping() {
                return Ok(None);
            }
            self.prune_batch(&mut run, last)?;
            *lock(&self.0.retention.progress) =
                Some(RetentionProgress { done: Seq(run.gone.0), total: Seq(run.plan.entries()) });
            std::thread::sleep(REST);
        }
        if !self.forget_history(&run)? {
            return Ok(None);
        }
        let Some(steps) = self.forget_steps(&run)? else { return Ok(None) };
        let mut merges = 0;
        while run.gone.0 > 0 && merges < RETENTION_MERGES && !self.stopping() && self.0.finder.merge()? {
            merges += 1;
        }
        let returned = self.give_space_back()?;
        if run.gone.0 > 0 {
            self.0.store.put_away()?;
        }
        self.end_run(&run, steps, returned).map(Some)
    }

    /// One small transaction of it.
    fn prune_batch(&self, run: &mut Run, last: u64) -> Result<(), Error> {
        let (guarded, mut rows) = self.0.store.read::<_, Error>(|read| {
            // Most entries of a stretch may have no payload any more; such stretches cost nothing.
            Ok((Guarded::of(read)?, read.payloads_after(run.upto, RETENTION_SPAN.min(last - run.upto).min(1_000))?))
        })?;
        let mut upto = last.min(run.upto + RETENTION_SPAN.min(1_000));
        rows.retain(|row| run.plan.takes(row, &guarded));
        let mut bytes = 0;
        let fits = rows.iter().take(RETENTION_BATCH).take_while(|row| {
            bytes += row.bytes;
            bytes <= RETENTION_BATCH_BYTES || bytes == row.bytes
        });
        let count = fits.count();
        if count < rows.len() {
            rows.truncate(count);
            upto = rows.last().map_or(upto, |row| row.seq);
        }
        let entries: Vec<u64> = rows.iter().map(|row| row.seq).collect();
        // The index first: once the payload is gone, nobody knows the words any more.
        let _turn = self.0.finder.turn();
        if !entries.is_empty() {
            self.forget_words(run.name, &entries)?;
        }
        let mut next = Run { upto, ..run.clone() };
        self.0.store.write_erasing::<_, Error>(|tx| {
            let (count, size) = tx.ledger_prune(&entries)?;
            next.gone = (run.gone.0 + count, run.gone.1 + size);
            Ok(tx.setting_put(RUN, &next.text()?)?)
        })?;
        *run = next;
        Ok(())
    }

    fn forget_words(&self, name: u64, entries: &[u64]) -> Result<(), Error> {
        let rows = self.0.store.read::<_, Error>(|read| {
            entries.iter().filter_map(|seq| read.ledger_row(*seq).transpose()).map(|row| Ok(row?)).collect()
        })?;
        let rows: Vec<clawbutler_store::table::ledger::LedgerRow> = rows;
        self.0.finder.forget(name, &rows)
    }

    /// What the history of actions and of answers repeats of entries goes with them, by age. `false`: stopped.
    fn forget_history(&self, run: &Run) -> Result<bool, Error> {
        let before = |days: Option<u32>| {
            days.map(|days| Timestamp(run.plan.at.saturating_sub(i64::from(days) * RETENTION_DAY_MS)))
        };
        let limit = RETENTION_BATCH as u64;
        let (actions, answers) = (before(run.settings.actions.days), before(run.settings.decisions.days));
        loop {
            if self.stopping() {
                return Ok(false);
            }
            let gone = self.0.store.write_erasing::<_, Error>(|tx| {
                let actions = actions.map_or(Ok(0), |before| tx.actions_forget(before, limit))?;
                Ok(actions + answers.map_or(Ok(0), |before| tx.approvals_forget(before, limit))?)
            })?;
            if gone == 0 {
                return Ok(true);
            }
            std::thread::sleep(REST);
        }
    }

    /// `None`: stopped before the end.
    fn forget_steps(&self, run: &Run) -> Result<Option<u64>, Error> {
        let Some(days) = run.settings.steps_days else { return Ok(Some(0)) };
        let before = run.plan.at.saturating_sub(i64::from(days) * RETENTION_DAY_MS);
        let mut steps = 0;
        loop {
            if self.stopping() {
                return Ok(None);
            }
            match self.0.sessions.store.write(|tx| tx.forget_older(before, RETENTION_STEPS))? {
                0 => return Ok(Some(steps)),
                gone => steps += gone,
            }
            std::thread::sleep(REST);
        }
    }

    /// Bytes that went back to the disk; `None` where the database cannot.
    fn give_space_back(&self) -> Result<Option<u64>, Error> {
        let (_, mut free) = self.0.store.read::<_, Error>(|read| Ok(read.pages()?))?;
        let began = free;
        while !self.stopping() {
            let Some(left) = self.0.store.give_back(RETENTION_PAGES)? else { return Ok(None) };
            if left == 0 || left >= free {
                free = left;
                break;
            }
            free = left;
            std::thread::sleep(REST);
        }
        Ok(Some(began.saturating_sub(free)))
    }

    fn end_run(&self, run: &Run, steps: u64, returned: Option<u64>) -> Result<RetentionReport, Error> {
        let report = RetentionReport {
            at: run.plan.at,
            classes: reports(&run.plan),
            steps: Seq(steps),
            returned: returned.map(Seq),
        };
        let kept: BTreeMap<&str, u64> =
            run.plan.classes.iter().map(|class| (class.class.word(), class.clear)).collect();
        let at = self.now();
        let texts = (|| Ok((serde_json::to_string(&report)?, serde_json::to_string(&kept)?)))();
        let (last, kept) = texts.map_err(|error: serde_json::Error| Error::bad(error.to_string()))?;
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            if run.gone.0 > 0 || steps > 0 {
                let data = json!({
                    "policy": run.settings, "classes": report.classes, "entries": run.gone.0, "bytes": run.gone.1,
                    "steps": steps, "returned": returned, "first": run.name,
                });
                audit::append(tx, at, self.entry(Kind::RetentionRan, Actor::Engine, data))?;
            }
            tx.setting_put(LAST, &last)?;
            tx.setting_put(FROM, &kept)?;
            Ok(tx.setting_drop(RUN)?)
        })?;
        self.changed(Topic::Audit);
        Ok(report)
    }
}

fn reports(plan: &Plan) -> Vec<clawbutler_wire::retention::ClassReport> {
    plan.classes.iter().filter(|class| class.entries > 0).map(super::plan::ClassPlan::report).collect()
}

fn preview(
    database: &Path,
    settings: &RetentionSettings,
    now: Timestamp,
    older: impl Fn(i64) -> Result<u64, Error>,
) -> Result<RetentionReport, Error> {
    let plan = Plan::make(database, settings, now, || false)?;
    let steps = settings.steps_days.map(|days| older(now.0.saturating_sub(i64::from(days) * RETENTION_DAY_MS)));
    Ok(RetentionReport {
        at: now.0,
        classes: plan.as_ref().map(reports).unwrap_or_default(),
        steps: Seq(steps.transpose()?.unwrap_or(0)),
        returned: None,
    })
}
