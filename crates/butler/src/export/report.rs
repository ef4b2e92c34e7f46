//! Exports that the command line made: it tells, the engine records.
//!
//! Any program of the user can tell, so an entry made of it says `command_line` and decides nothing.

use std::io::Write as _;
use std::time::Duration;

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Clock as _;
use clawbutler_core::id::hex;
use clawbutler_core::limits::{CONNECT_MS, EXPORT_REPORTS, FRAME_BYTES, SPOOL_BYTES, VERDICT_MS};
use clawbutler_core::redact;
use clawbutler_ledger::Kind;
use clawbutler_platform::channel::{Frames, write_frame};
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::os::Connection;
use clawbutler_platform::paths::DataDir;
use clawbutler_platform::{files, random};
use clawbutler_store::Durability;
use clawbutler_wire::Seq;
use clawbutler_wire::gateway::{ExportFacts, ExportNoted, ExportReport, SpoolExport, VERSION};
use serde_json::{Value, json};

use crate::engine::lock;
use crate::{Butler, Error, audit};

/// Time within which reports are counted (ms).
const WITHIN_MS: u64 = 60_000;

impl Butler {
    /// Records an export that the command line tells of. `None`: too many lately; nothing was recorded.
    pub fn export_told(&self, report: &ExportReport) -> Result<Option<Seq>, Error> {
        if !self.told_in_time() {
            return Ok(None);
        }
        let mut facts = command_line(&report.export);
        redact::mask_value(&mut facts, &self.0.mask);
        let at = self.now();
        let draft = self.entry(Kind::AuditExported, Actor::Hook, facts);
        let seq = self.0.store.write::<_, Error>(Durability::Power, |tx| Ok(audit::append(tx, at, draft)?.seq))?;
        Ok(Some(Seq(seq)))
    }

    /// Counts one word of the command line; whether it is within the bound.
    pub(crate) fn told_in_time(&self) -> bool {
        let now = self.0.ports.clock.steady_ms();
        let mut told = lock(&self.0.exports.told);
        while told.front().is_some_and(|at| at + WITHIN_MS < now) {
            told.pop_front();
        }
        let within = told.len() < EXPORT_REPORTS;
        if within {
            told.push_back(now);
        }
        within
    }

    /// Tells the running engine of an export; the number of its entry. `None`: no engine answers.
    pub fn tell_export(data: &DataDir, export: &ExportFacts) -> Option<Seq> {
        let told = || -> std::io::Result<Option<Seq>> {
            let mut stream = Connection::open(data.path(), Duration::from_millis(CONNECT_MS))?;
            stream.set_patience(Some(Duration::from_millis(VERDICT_MS)))?;
            let report = ExportReport { v: VERSION, export: export.clone() };
            write_frame(&mut stream, &serde_json::to_string(&report)?)?;
            let frame = Frames::default().read(&mut stream, FRAME_BYTES)?.unwrap_or_default();
            Ok(serde_json::from_slice::<ExportNoted>(&frame)?.seq)
        };
        told().ok().flatten()
    }

    /// Leaves word of an export in the spool, which the engine takes in at its next start.
    pub fn spool_export(data: &DataDir, export: &ExportFacts) -> Result<(), Error> {
        let record = SpoolExport {
            v: VERSION,
            id: hex(&random::fill::<16>()),
            at_ms: SystemClock::default().wall().0,
            export: export.clone(),
        };
        let mut line = serde_json::to_string(&record).map_err(|error| Error::bad(error.to_string()))?;
        line.push('\n');
        let _lock = files::lock(&data.spool_lock())?;
        let mut file = files::append_private(&data.spool())?;
        if file.metadata()?.len() + line.len() as u64 > SPOOL_BYTES {
            return Err(Error::precondition("The spool is full.", "Start ClawButler to take it in."));
        }
        Ok(file.write_all(line.as_bytes())?)
    }
}

/// What the log says of an export made by the command line.
pub(crate) fn command_line(export: &ExportFacts) -> Value {
    let mut facts = json!({
        "origin": "command_line", "format": export.format, "filter": export.filter, "count": export.count,
        "through": export.through,
    });
    let is_digest = |text: &&String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(digest) = export.digest.as_ref().filter(is_digest) {
        facts["digest"] = json!(digest);
    }
    facts
}
