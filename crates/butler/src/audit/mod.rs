//! The only appender of the ledger, and what is read from it.
//!
//! `keeper` holds the key that signs checkpoints and makes them, `outside` is what is kept of the log outside its
//! database, `verify` holds the log against both, `acknowledge` is a person's word on what that found.

mod acknowledge;
mod anchors;
mod claimed;
mod keeper;
mod outside;
mod proof;
mod replaced;
mod stretches;
mod verify;

pub(crate) use anchors::check as check_anchors;
pub(crate) use claimed::{CLIENT_TRACE, claimed, process, with_claim};
pub(crate) use keeper::Keeper;
pub(crate) use outside::{Standing, files as files_outside, newest as newest_outside};
pub(crate) use proof::Verifying;
pub(crate) use stretches::Stretches;
pub(crate) use verify::{report_view, stretches, trust_of_copy, verdict};

use std::io::Write;
use std::path::Path;

use clawbutler_core::action::{Action, Change, Effect};
use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest::sha256;
use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_core::limits::PAGE_ROWS;
use clawbutler_core::redact::{self, MaskKey};
use clawbutler_ledger::{Draft, Entry, Kind};
use clawbutler_store::table::ledger::LedgerRow;
use clawbutler_store::{Store, StoreError};
use clawbutler_wire::Seq;
use clawbutler_wire::audit::{AuditPage, EntryView};
use clawbutler_wire::command::ListAudit;
use serde_json::{Value, json};

use crate::{Butler, Error, view};

/// Appends inside the transaction of the change it records.
pub(crate) fn append(tx: &mut clawbutler_store::Write<'_>, at: Timestamp, draft: Draft) -> Result<Entry, Error> {
    Ok(tx.append(draft, at)?)
}

/// Masks the texts of facts that the engine puts together: paths and names in them are others'. Its numbers and the
/// names of its members are its own.
pub(crate) fn mask_texts(facts: &mut Value, key: &MaskKey) {
    match facts {
        Value::String(text) => *text = redact::mask_text(text, key),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_texts(item, key)),
        Value::Object(members) => members.values_mut().for_each(|member| mask_texts(member, key)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Trace of a session: all its entries share it, and it needs no table to be found again.
pub(crate) fn trace_of(runtime: &str, session: &str) -> TraceId {
    TraceId(sha256(format!("{runtime}\n{session}").as_bytes())[..32].to_owned())
}

/// Span of a call, from whatever identifies it.
pub(crate) fn span_of(parts: &[&str]) -> SpanId {
    SpanId(sha256(parts.join("\n").as_bytes())[..16].to_owned())
}

/// Longest text of one action in an entry (bytes); the approval keeps the whole.
const TEXT: usize = 8 * 1024;

/// The (masked) effect as an entry carries it: long texts are cut and say so.
pub(crate) fn effect(action: &Action) -> Value {
    let mut effect = action.effect.clone();
    match &mut effect {
        Effect::Shell { command: text, .. }
        | Effect::Code { text, .. }
        | Effect::TerminalInput { text, .. }
        | Effect::Message { text, .. }
        | Effect::Schedule { what: text, .. }
        | Effect::AgentSpawn { prompt: text, .. } => cut(text),
        Effect::FileWrite { change, .. } => cut_change(change),
        Effect::Patch { files } => {
            files.truncate(50);
            files.iter_mut().for_each(|file| cut_change(&mut file.change));
        }
        Effect::FileDelete { paths } => paths.truncate(200),
        Effect::Mcp { arguments, .. }
        | Effect::ConfigChange { arguments, .. }
        | Effect::Account { arguments, .. }
        | Effect::Internal { arguments }
        | Effect::Other { arguments } => {
            let mut text = arguments.to_string();
            if text.len() > TEXT {
                cut(&mut text);
                *arguments = Value::String(text);
            }
        }
        Effect::FileRead { .. } | Effect::Network { .. } => {}
    }
    json!(effect)
}

fn cut_change(change: &mut Change) {
    match change {
        Change::Content { text } => cut(text),
        Change::Edits { edits } => {
            edits.truncate(50);
            for edit in edits {
                cut(&mut edit.old);
                cut(&mut edit.new);
            }
        }
    }
}

fn cut(text: &mut String) {
    if text.len() > TEXT {
        let whole = text.len();
        text.truncate(text.floor_char_boundary(TEXT));
        text.push_str(&format!("… [cut, {whole} bytes in all]"));
    }
}

impl Butler {
    /// An entry that belongs to no action. The one way to make one, so that no path or name gets past the masks.
    pub(crate) fn entry(&self, kind: Kind, actor: Actor, mut data: Value) -> Draft {
        mask_texts(&mut data, &self.0.mask);
        let (trace, span) = (trace_of("engine", ""), SpanId::from("0000000000000000"));
        Draft { kind, actor, trace, span, parent: None, data }
    }

    /// A page of the log, newest first.
    pub fn list_audit(&self, request: ListAudit) -> Result<AuditPage, Error> {
        let limit = request.limit.unwrap_or(100).clamp(1, u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX));
        self.0.store.read(|read| {
            let total = Seq(read.ledger_len()?);
            let rows = match &request.span {
                Some(span) => read.ledger_span(span, limit)?,
                None => read.ledger_page(request.before.map_or(u64::MAX, |seq| seq.0), limit)?,
            };
            let more = request.span.is_none() && rows.last().is_some_and(|row| row.seq > 1);
            let next = if more { rows.last().map(|row| Seq(row.seq)) } else { None };
            Ok(AuditPage { items: rows.iter().map(entry_view).collect(), next, total })
        })
    }

    /// Writes the whole log as JSONL, oldest first, one entry in memory at a time. Returns the count.
    pub fn export_file(database: &Path, out: &mut impl Write) -> Result<u64, Error> {
        let mut count = 0;
        Store::read_only(database, |read| {
            read.ledger_each::<Error>(|row: LedgerRow| {
                writeln!(out, "{}", row.export_line())?;
                count += 1;
                Ok(())
            })
        })?;
        out.flush()?;
        Ok(count)
    }

    /// Entries in all, of a database that no engine needs to run for.
    pub fn count_file(database: &Path) -> Result<u64, Error> {
        Ok(Store::read_only::<_, StoreError>(database, |read| read.ledger_len())?)
    }
}

/// What is said of an entry whose facts are gone.
pub(crate) const PRUNED: &str = "Its facts were pruned by retention; the log still holds their digest.";

/// An entry as shown.
pub(crate) fn entry_view(row: &LedgerRow) -> EntryView {
    let actor = serde_json::from_value(row.header()["actor"].take()).ok();
    let data = row.data().unwrap_or_default();
    let pruned = row.is_pruned();
    EntryView {
        seq: Seq(row.seq),
        at: row.at,
        kind: row.kind.clone(),
        actor: actor.map_or_else(|| "unknown".to_owned(), |actor| view::actor(&actor)),
        says: if pruned { PRUNED.to_owned() } else { view::entry_says(&row.kind, &data) },
        trace: row.trace.clone(),
        span: row.span.clone(),
        data,
        hash: row.hash_hex(),
        pruned,
    }
}
