//! One encoder per format: entries in, lines out.

use std::io::{self, Write};

use clawbutler_store::table::ledger::LedgerRow;
use clawbutler_wire::audit_search::ExportFormat;
use serde_json::Value;

use super::form;
use super::ocsf;
use super::otlp::{self, Spans};
use crate::search::parts::Parts;

/// Records in one line of OTLP.
const RECORDS: usize = 100;

/// Entries that were taken in and are not written yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pending {
    /// Number of the first of them.
    pub(super) first: u64,
    pub(super) count: u64,
}

/// Writes entries in one format; holds a bounded number of them.
#[derive(Debug)]
pub(super) struct Encoder {
    format: ExportFormat,
    records: Vec<Value>,
    /// Number of the entry that the first of the records is of.
    first: u64,
    spans: Spans,
}

impl Encoder {
    pub(super) fn new(format: ExportFormat) -> Self {
        Self { format, records: Vec::new(), first: 0, spans: Spans::default() }
    }

    /// What stands before the first entry.
    pub(super) fn begin(&self, out: &mut impl Write) -> io::Result<()> {
        match self.format {
            ExportFormat::Csv => out.write_all(form::CSV_HEAD.as_bytes()),
            _ => Ok(()),
        }
    }

    /// One entry, oldest first.
    pub(super) fn push(&mut self, row: &LedgerRow, parts: &Parts, out: &mut impl Write) -> io::Result<()> {
        match self.format {
            ExportFormat::Jsonl | ExportFormat::Pack => writeln!(out, "{}", row.export_line()),
            ExportFormat::Csv => out.write_all(form::csv(parts).as_bytes()),
            ExportFormat::Cef => out.write_all(form::cef(parts).as_bytes()),
            ExportFormat::Ocsf => writeln!(out, "{}", ocsf::event(parts)),
            ExportFormat::OtlpLogs => {
                if self.records.is_empty() {
                    self.first = parts.seq;
                }
                self.records.push(otlp::log(parts));
                self.full(out)
            }
            ExportFormat::OtlpTraces => {
                self.records.extend(self.spans.push(parts));
                self.full(out)
            }
        }
    }

    fn full(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.records.len() < RECORDS { Ok(()) } else { self.write_records(out) }
    }

    fn write_records(&mut self, out: &mut impl Write) -> io::Result<()> {
        if self.records.is_empty() {
            return Ok(());
        }
        let request = match self.format {
            ExportFormat::OtlpTraces => otlp::traces(&self.records),
            _ => otlp::logs(&self.records),
        };
        self.records.clear();
        writeln!(out, "{request}")
    }

    /// What an export that is continued from here has to take in again, where it resumes at all.
    pub(super) fn pending(&self) -> Option<Pending> {
        let count = self.records.len() as u64;
        (count > 0).then_some(Pending { first: self.first, count })
    }

    /// Writes what is left.
    pub(super) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        while let Some(span) = self.spans.pop() {
            self.records.push(span);
            self.full(out)?;
        }
        self.write_records(out)
    }

    /// Whether a partial file of it can be continued: spans that are open are nowhere but in memory.
    pub(super) fn resumes(format: ExportFormat) -> bool {
        format != ExportFormat::OtlpTraces
    }
}
