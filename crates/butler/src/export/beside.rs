//! Evidence packs that the command line makes beside the running engine. It reads the database itself and writes the
//! file itself; the engine signs a checkpoint and appends the entry that names the manifest, nothing else.
//!
//! Any program of the user can ask for these two, so the entry says `command_line`, and how often is bounded. What is
//! signed is always the engine's own log as it stands, never anything of the asker's.

use std::path::Path;
use std::time::Duration;

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Clock as _;
use clawbutler_core::limits::{CONNECT_MS, FRAME_BYTES, PACK_ANSWER_MS};
use clawbutler_core::redact;
use clawbutler_ledger::Kind;
use clawbutler_platform::channel::{Frames, write_frame};
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::os::Connection;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::Durability;
use clawbutler_wire::Seq;
use clawbutler_wire::audit_search::AuditFilter;
use clawbutler_wire::gateway::{PackAnswer, PackFacts, PackRequest, PackStep, VERSION};
use serde_json::{Value, json};

use super::pack::{Packing, unsigned};
use super::run::Step;
use crate::{Butler, Error, audit, part};

impl Butler {
    /// Answers the command line while it makes a pack.
    pub fn pack_told(&self, request: &PackRequest) -> PackAnswer {
        if request.v != VERSION {
            return refused("The command line and ClawButler are of different versions.");
        }
        if !self.told_in_time() {
            return refused("Too many exports were made within a minute. Try again later.");
        }
        let done = match &request.pack {
            PackStep::Cover => self.cover(),
            PackStep::Seal(facts) => self.seal_told(facts),
        };
        done.unwrap_or_else(|error| refused(&error.0.message))
    }

    fn cover(&self) -> Result<PackAnswer, Error> {
        let (note, size) = self.covering()?;
        let key = self.audit_keeping().public_key.ok_or_else(unsigned)?;
        Ok(PackAnswer { note, size: Seq(size), key, ..PackAnswer::default() })
    }

    fn seal_told(&self, facts: &PackFacts) -> Result<PackAnswer, Error> {
        let digest = &facts.manifest;
        if digest.len() != 64 || !digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(Error::bad("That is no digest."));
        }
        let mut data = json!({
            "origin": "command_line", "format": "pack", "filter": facts.filter, "count": facts.count.0,
            "through": facts.through.0,
        });
        redact::mask_value(&mut data, &self.0.mask);
        data["manifest"] = json!(digest);
        let at = self.now();
        let draft = self.entry(Kind::AuditExported, Actor::Hook, data);
        let seq = self.0.store.write::<_, Error>(Durability::Power, |tx| Ok(audit::append(tx, at, draft)?.seq))?;
        Ok(PackAnswer { seq: Some(Seq(seq)), ..PackAnswer::default() })
    }

    /// Makes a pack beside the engine that runs on this data folder; gives its SHA-256. `None`: no engine answers.
    pub fn pack_file(
        data: &DataDir,
        filter: &AuditFilter,
        out: &Path,
        each: impl FnMut(Step) -> bool,
    ) -> Result<Option<String>, Error> {
        part::is_free(data, out)?;
        let Some(first) = ask(data, PackStep::Cover) else { return Ok(None) };
        let key = accepted(first)?.key;
        let again = || {
            let hint = "See whether it still runs, and try again.";
            Error::precondition("ClawButler does not answer any more.", hint)
        };
        let covering = || {
            let answer = accepted(ask(data, PackStep::Cover).ok_or_else(again)?)?;
            Ok((answer.note, answer.size.0))
        };
        let seal = |facts: Value| {
            let manifest = facts["manifest"].as_str().unwrap_or_default().to_owned();
            let number = |name: &str| Seq(facts[name].as_u64().unwrap_or(0));
            let (count, through) = (number("count"), number("through"));
            let step = PackStep::Seal(Box::new(PackFacts { filter: filter.clone(), count, through, manifest }));
            let answer = accepted(ask(data, step).ok_or_else(again)?)?;
            answer.seq.map(|Seq(seq)| seq).ok_or_else(|| Error::bad("ClawButler did not record the pack."))
        };
        let made_at = SystemClock::default().wall();
        let packing = Packing { data, key, made_at, covering: &covering, seal: &seal };
        let made = packing.make(filter, out, each)?;
        made.map(Some).ok_or_else(|| Error::bad("The pack was not finished."))
    }
}

fn refused(says: &str) -> PackAnswer {
    PackAnswer { refused: Some(says.to_owned()), ..PackAnswer::default() }
}

fn accepted(answer: PackAnswer) -> Result<PackAnswer, Error> {
    match answer.refused {
        Some(says) => Err(Error::precondition(says, "No file was left behind.")),
        None => Ok(answer),
    }
}

/// Asks the running engine; `None` when none answers, or one of a version that does not know the question.
fn ask(data: &DataDir, pack: PackStep) -> Option<PackAnswer> {
    let asked = || -> std::io::Result<PackAnswer> {
        let mut stream = Connection::open(data.path(), Duration::from_millis(CONNECT_MS))?;
        stream.set_patience(Some(Duration::from_millis(PACK_ANSWER_MS)))?;
        write_frame(&mut stream, &serde_json::to_string(&PackRequest { v: VERSION, pack })?)?;
        let frame = Frames::default().read(&mut stream, FRAME_BYTES)?.unwrap_or_default();
        Ok(serde_json::from_slice(&frame)?)
    };
    asked().ok()
}
