//! Takes in what hooks wrote while the engine was away: each record exactly once.

use std::fs;
use std::path::Path;

use clawbutler_connectors::hook;
use clawbutler_core::action::Action;
use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::{FRAME_BYTES, SPOOL_BYTES};
use clawbutler_core::redact;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_platform::files;
use clawbutler_store::Durability;
use clawbutler_store::table::actions::ActionFacts;
use clawbutler_wire::gateway::{Event, SpoolExport, SpoolRecord};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use crate::approvals::{tool_call, word};
use crate::damage::stamp;
use crate::export::command_line;
use crate::{Butler, Error, audit, view};

impl Butler {
    /// Moves the spool aside under its lock, takes it in, and only then deletes it. A crash in between
    /// leaves the moved file, which the next start takes in; ids make a record count once.
    pub(crate) fn take_in_spool(&self) -> Result<(), Error> {
        let data = &self.0.ports.data;
        let aside = data.path().join("spool.taking");
        if aside.exists() {
            self.take_in(&aside)?;
        }
        if data.spool().exists() {
            {
                let _lock = files::lock(&data.spool_lock())?;
                fs::rename(data.spool(), &aside)?;
            }
            self.take_in(&aside)?;
        }
        Ok(())
    }

    fn take_in(&self, aside: &Path) -> Result<(), Error> {
        let at = self.now();
        let Ok(bytes) = files::read_bounded(aside, SPOOL_BYTES * 2) else { return self.set_spool_aside(aside, at) };
        let (mut taken, mut damaged) = (0_u32, 0_u32);
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                if let Ok(record) = serde_json::from_slice::<SpoolExport>(line) {
                    if tx.intake_claim(&record.id, at)? {
                        let mut facts = command_line(&record.export);
                        facts["recorded_at"] = json!(record.at_ms);
                        redact::mask_value(&mut facts, &self.0.mask);
                        audit::append(tx, at, self.entry(Kind::AuditExported, Actor::Hook, facts))?;
                        taken += 1;
                    }
                    continue;
                }
                let record = Some(line).filter(|line| line.len() <= FRAME_BYTES);
                let Some(record) = record.and_then(|line| serde_json::from_slice::<SpoolRecord>(line).ok()) else {
                    damaged += 1;
                    continue;
                };
                if tx.intake_claim(&record.id, at)? {
                    audit::append(tx, at, self.offline(&record))?;
                    self.note_heard(&record.request);
                    if let Some((action, facts)) = self.remembered_offline(&record) {
                        tx.action_insert(Timestamp(record.at_ms.min(at.0)), &action, &facts)?;
                    }
                    taken += 1;
                }
            }
            if damaged > 0 {
                let data = json!({ "lines": damaged });
                audit::append(tx, at, self.entry(Kind::OfflineDamaged, Actor::Engine, data))?;
            }
            Ok(())
        })?;
        fs::remove_file(aside)?;
        if damaged > 0 {
            self.alert(
                &format!("{damaged} records that hooks wrote while ClawButler was away could not be read."),
                "Something else wrote to the spool file, or the disk was full. The audit log says how many are missing.",
            );
        }
        if taken > 0 {
            self.changed(Topic::Audit);
        }
        Ok(())
    }

    /// A spool that hooks cannot have written, since it is over their bound or cannot be read: kept under another name,
    /// recorded and raised. It is no reason not to start.
    fn set_spool_aside(&self, aside: &Path, at: Timestamp) -> Result<(), Error> {
        let name = format!("spool.not-taken-{}.jsonl", stamp(at));
        let bytes = fs::metadata(aside)?.len();
        fs::rename(aside, self.0.ports.data.path().join(&name))?;
        let data = json!({ "bytes": bytes, "file": name });
        self.record(Durability::Power, Kind::OfflineDamaged, Actor::Engine, data)?;
        self.alert(
            "What hooks wrote while ClawButler was away was not taken in: the file is too long, or cannot be read.",
            "Something else wrote to the spool file. It is kept in the data folder; look at it before you delete it.",
        );
        Ok(())
    }
}

impl Butler {
    /// What the history keeps of a call that a hook judged alone; what was known beside it is not.
    fn remembered_offline(&self, record: &SpoolRecord) -> Option<(Action, ActionFacts)> {
        let request = &record.request;
        if request.event != Event::Gate {
            return None;
        }
        // The spool is a file that others can write: what it says is masked again, and never from the future.
        let action = self.masked(&hook::side(&request.runtime)?.action(&tool_call(request))).ok()?;
        let looked = clawbutler_policy::look(&action, &self.around());
        let call = request.call_id.as_deref().unwrap_or(&request.idempotency_key);
        let facts = ActionFacts {
            span: audit::span_of(&[&request.runtime, &request.session, call]).0,
            headline: view::headline(&action),
            level: looked.assessment.level.word().to_owned(),
            decision: word(record.verdict).to_owned(),
            outcome: word(record.verdict).to_owned(),
            alike: clawbutler_policy::grants::like(&action, &looked),
            ..ActionFacts::default()
        };
        Some((action, facts))
    }

    /// The entry of a record. The hook has masked it, and the file is one that others can write: it is masked again.
    fn offline(&self, record: &SpoolRecord) -> Draft {
        let request = &record.request;
        let call = request.call_id.as_deref().unwrap_or(&request.idempotency_key);
        let mut arguments = request.arguments.clone();
        redact::mask_value(&mut arguments, &self.0.mask);
        let mut facts = json!({
            "record": record.id,
            "recorded_at": record.at_ms,
            "runtime": request.runtime,
            "session": request.session,
            "event": request.event,
            "tool": request.tool,
            "arguments": arguments,
            "cwd": request.cwd,
            "mode": request.mode,
            "verdict": record.verdict,
            "reason": record.reason,
            "cause": record.cause,
        });
        audit::mask_texts(&mut facts, &self.0.mask);
        Draft {
            kind: Kind::OfflineRecorded,
            actor: Actor::Hook,
            trace: audit::trace_of(&request.runtime, &request.session),
            span: audit::span_of(&[&request.runtime, &request.session, call]),
            parent: Some(crate::links::parent_of(request)),
            data: audit::with_claim(facts, &audit::claimed(request)),
        }
    }
}
