//! Searching, tracing and exporting the audit log: requests and replies.

use serde::{Deserialize, Serialize};

use crate::Seq;
use crate::audit::EntryView;

/// What is looked for. Every member that is given must hold; several values of one member: any of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditFilter {
    /// Words, `"phrases"`, `prefix*`, `-without`, and `member:value`; at most 500 characters and 16 terms.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// From this time on (ms since the epoch).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// Before this time (ms since the epoch).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// `action.requested`, …; each list has at most 32 values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// `local_user`, `rule`, `rule:<id>`, `grant`, `grant:<id>`, `agent`, `engine`, `hook`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<String>,
    /// Ids of runtimes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runtimes: Vec<String>,
    /// Sub-agents, by id or name, and homes, by id or path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<String>,
    /// The runtimes' own session ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<String>,
    /// Traces, as they stand in entries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<String>,
    /// Project folders, absolute.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<String>,
    /// `low`, `medium`, `high`, `critical`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<String>,
    /// `allow`, `deny`, `ask`, `defer` of a verdict; `allow_once`, `allow_always`, `deny` of a person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<String>,
}

/// A page of the entries that match, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SearchAudit {
    #[serde(default)]
    pub filter: AuditFilter,
    /// Only entries below this one: the next page.
    #[serde(default)]
    pub before: Option<Seq>,
    /// Only entries above this one, the nearest: the page before. Not together with `before`.
    #[serde(default)]
    pub after: Option<Seq>,
    /// At most 500; absent: 100.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Whether to count too.
    #[serde(default)]
    pub count: bool,
}

/// The reply of `search_audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchPage {
    /// Newest first, whichever way was paged.
    pub items: Vec<EntryView>,
    /// Pass as `before` for older entries; absent at the end.
    #[serde(default)]
    pub older: Option<Seq>,
    /// Pass as `after` for newer entries; absent at the newest.
    #[serde(default)]
    pub newer: Option<Seq>,
    /// With `count`.
    #[serde(default)]
    pub count: Option<MatchCount>,
    /// The time for one page was over before the page was full: everything down (or up) to this entry was looked
    /// at, and `older` (or `newer`) goes on from here.
    #[serde(default)]
    pub searched_to: Option<Seq>,
    /// Entries that are in the index; newer ones were looked at one by one.
    pub indexed: Seq,
}

/// How many entries match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchCount {
    pub entries: Seq,
    /// There are more, or may be where the time was over: shown as “10,000+”.
    pub more: bool,
    /// Phrases and times are checked on the entries themselves and can only make it fewer; `false` then.
    pub exact: bool,
}

/// One trace, oldest first: a session's, or that of a client where no session has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShowTrace {
    /// 32 hex digits, or a W3C `traceparent`.
    pub trace: String,
    /// Only entries above this one: the next page.
    #[serde(default)]
    pub after: Option<Seq>,
    /// At most 500; absent: 200.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// The reply of `show_trace`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TraceView {
    pub trace: String,
    /// Whether it is a trace that clients claim for their calls; else it is that of one session.
    #[serde(default)]
    pub client: bool,
    /// Oldest first; those of the sessions that it began too, where that is known (`begun`).
    pub entries: Vec<EntryView>,
    /// What began this session, where that is known.
    #[serde(default)]
    pub begun_by: Option<BegunView>,
    /// The sessions that actions of this trace began, and those that they began, in the order they began.
    #[serde(default)]
    pub begun: Vec<BegunView>,
    /// Whether there are more of them than are shown.
    #[serde(default)]
    pub more_begun: bool,
    /// The spans of these entries, in the order they began; one that a page cut is whole only with the other pages.
    pub spans: Vec<SpanView>,
    /// Pass as `after` for the next page; absent at the end.
    #[serde(default)]
    pub next: Option<Seq>,
}

/// A session that an action of another session began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunView {
    /// The trace at the other end: of the session that was begun, in `begun_by` of the one that began it.
    pub trace: String,
    /// Name of the runtime and its id of the session at the other end; empty where its entries are not known.
    pub runtime: String,
    pub session: String,
    /// The span that began it: an action, or a session where it cannot be told which action.
    pub span: String,
    /// `process` (the system's table of processes shows it), `runtime` (its runtime says so, and one process runs both)
    /// or `trace_context` (its client says so: its entries are not among those shown).
    pub how: String,
}

/// One action of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanView {
    /// 16 hex digits.
    pub id: String,
    /// Span it belongs to, where one is known.
    #[serde(default)]
    pub parent: Option<String>,
    /// The trace it is in: a session begun by another one has its own.
    #[serde(default)]
    pub trace: String,
    /// Name of the runtime; empty where it is not known.
    #[serde(default)]
    pub runtime: String,
    /// Name of the sub-agent, of the span of one.
    #[serde(default)]
    pub subagent: Option<String>,
    /// The tool, or what happened.
    pub name: String,
    /// First and last entry seen (ms since the epoch).
    pub start: i64,
    pub end: i64,
    /// `asked`, `allowed`, `denied`, `completed`, `failed`, `unknown` or `none`.
    pub state: String,
    /// The trace that the client says the action belongs to (32 hex digits), where it says one.
    #[serde(default)]
    pub client: Option<String>,
    /// Sequence numbers of its entries on this page.
    pub entries: Vec<Seq>,
}

/// A filter kept under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSearch {
    /// 1 to 80 characters.
    pub name: String,
    pub filter: AuditFilter,
}

/// Every saved search, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SavedSearches {
    pub items: Vec<SavedSearch>,
}

/// Lists the saved searches; at most 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListSearches {}

/// Saves a search, or replaces the one of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveSearch {
    pub search: SavedSearch,
}

/// Forgets a saved search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteSearch {
    pub name: String,
}

/// How an export is written; `docs/AUDIT-SEARCH.md` says what each carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Canonical, one entry a line: the only one that can be verified.
    #[default]
    Jsonl,
    /// RFC 4180, safe to open in a spreadsheet.
    Csv,
    /// OCSF 1.8 events, one a line.
    Ocsf,
    /// ArcSight Common Event Format, one event a line.
    Cef,
    /// OpenTelemetry logs as OTLP/JSON, one request a line.
    OtlpLogs,
    /// OpenTelemetry traces as OTLP/JSON, one request a line.
    OtlpTraces,
    /// An evidence pack (`docs/EVIDENCE-PACK.md`): entries with proofs, signed; not continued but begun again.
    Pack,
}

/// The first lines an export would have. Writes and records nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PreviewExport {
    #[serde(default)]
    pub filter: AuditFilter,
    #[serde(default)]
    pub format: ExportFormat,
}

/// The reply of `preview_export`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportPreview {
    /// At most 10, each at most 4,000 characters.
    pub lines: Vec<String>,
    pub count: MatchCount,
}

/// Begins an export; `show_export` tells how far it is. One runs at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportAudit {
    #[serde(default)]
    pub filter: AuditFilter,
    #[serde(default)]
    pub format: ExportFormat,
    /// Absolute path of a file that does not exist yet. A partial one of the same export beside it is continued.
    pub out: String,
}

/// How far the export is; also after it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShowExport {}

/// Stops the export. What was written stays and can be continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StopExport {}

/// State of the export that was begun last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ExportProgress {
    /// `none`, `running`, `done`, `stopped` or `failed`.
    pub state: String,
    pub out: String,
    /// Entries looked at, of `total`.
    pub at: Seq,
    pub total: Seq,
    /// Entries written.
    pub written: Seq,
    /// With `done`: SHA-256 of the file (hex).
    #[serde(default)]
    pub digest: Option<String>,
    /// With `failed`: why.
    #[serde(default)]
    pub says: Option<String>,
}
