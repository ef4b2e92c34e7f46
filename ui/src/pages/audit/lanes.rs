//! A trace as lanes on an axis of time and as a tree: spans below the spans they belong to.

use std::collections::{HashMap, HashSet};

use clawbutler_wire::Seq;
use clawbutler_wire::audit::EntryView;
use clawbutler_wire::audit_search::{BegunView, SpanView, TraceView};

use super::model;

/// Levels that are told apart.
const DEEPEST: usize = 8;
/// Narrowest bar (hundredths of the axis).
const NARROW: f64 = 0.6;

/// One trace, of as many pages as were fetched.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Trace {
    pub(super) id: String,
    pub(super) entries: Vec<EntryView>,
    pub(super) spans: Vec<SpanView>,
    pub(super) next: Option<Seq>,
    /// Whether it is a trace that clients claim, not that of a session.
    pub(super) client: bool,
    pub(super) begun_by: Option<BegunView>,
    pub(super) begun: Vec<BegunView>,
    pub(super) more_begun: bool,
}

impl Trace {
    /// Takes in the next page; a span that a page cut becomes whole.
    pub(super) fn add(&mut self, page: TraceView) {
        self.id = page.trace;
        self.client = page.client;
        (self.begun_by, self.begun, self.more_begun) = (page.begun_by, page.begun, page.more_begun);
        self.entries.extend(page.entries);
        self.next = page.next;
        for fresh in page.spans {
            match self.spans.iter_mut().find(|span| span.id == fresh.id) {
                Some(span) => join(span, fresh),
                None => self.spans.push(fresh),
            }
        }
    }
}

fn join(span: &mut SpanView, fresh: SpanView) {
    span.start = span.start.min(fresh.start);
    span.end = span.end.max(fresh.end);
    span.entries.extend(fresh.entries);
    if span.parent.is_none() {
        span.parent = fresh.parent;
    }
    if span.client.is_none() {
        span.client = fresh.client;
    }
    if fresh.state != "none" {
        span.state = fresh.state;
    }
    // The name is the tool's, else a kind: `action.decided`.
    if span.name.contains('.') && !fresh.name.contains('.') {
        span.name = fresh.name;
    }
}

/// Something decided, at its place on the axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    /// Hundredths of the axis.
    pub(super) at: f64,
    /// `asked`, `allowed`, `denied`.
    pub(super) what: &'static str,
    pub(super) seq: Seq,
}

/// One span on the axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lane {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) state: String,
    /// The trace that the client says it belongs to.
    pub(super) client: Option<String>,
    /// The trace it is in.
    pub(super) trace: String,
    /// Of a session that another one began: how that is known.
    pub(super) how: Option<String>,
    pub(super) depth: usize,
    /// Length (ms).
    pub(super) length: i64,
    /// Hundredths of the axis.
    pub(super) left: f64,
    pub(super) width: f64,
    pub(super) marks: Vec<Mark>,
    pub(super) entries: Vec<EntryView>,
}

/// The whole picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Lanes {
    pub(super) lanes: Vec<Lane>,
    /// Ends of the axis (ms since the epoch).
    pub(super) from: i64,
    pub(super) until: i64,
    /// Entries that belong to no span.
    pub(super) loose: Vec<EntryView>,
    /// Sessions that are drawn.
    pub(super) sessions: usize,
}

fn marked(entry: &EntryView) -> Option<&'static str> {
    match (entry.kind.as_str(), model::decision(entry)) {
        ("approval.requested", _) => Some("asked"),
        ("approval.decided" | "action.decided", Some("allow" | "allow_once" | "allow_always")) => Some("allowed"),
        ("approval.decided" | "action.decided", Some("deny")) | ("approval.expired", _) => Some("denied"),
        _ => None,
    }
}

/// A span's name in words: a tool as it is, a kind by its words.
pub(super) fn name(span: &SpanView) -> String {
    if let Some(agent) = &span.subagent {
        format!("Sub-agent {agent}")
    } else if span.name.starts_with("session.") {
        if span.runtime.is_empty() { "Session".to_owned() } else { format!("Session of {}", span.runtime) }
    } else if span.name.contains('.') && !span.name.contains(' ') && !span.name.contains("__") {
        model::kind_words(&span.name)
    } else {
        span.name.clone()
    }
}

#[expect(clippy::cast_precision_loss, reason = "times of one trace are far below 2^53 ms apart")]
fn share(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// Lanes in the order they began, each below what it belongs to.
pub(super) fn lanes(trace: &Trace) -> Lanes {
    let times = trace.spans.iter().flat_map(|span| [span.start, span.end]);
    let times = times.chain(trace.entries.iter().map(|entry| entry.at));
    let (from, until) = times.fold((i64::MAX, i64::MIN), |(from, until), at| (from.min(at), until.max(at)));
    if from > until {
        return Lanes::default();
    }
    let by_seq: HashMap<u64, &EntryView> = trace.entries.iter().map(|entry| (entry.seq.0, entry)).collect();
    let known: HashSet<&str> = trace.spans.iter().map(|span| span.id.as_str()).collect();
    let mut below: HashMap<&str, Vec<&SpanView>> = HashMap::new();
    for span in &trace.spans {
        let parent = span.parent.as_deref().filter(|parent| known.contains(parent) && *parent != span.id);
        below.entry(parent.unwrap_or_default()).or_default().push(span);
    }
    below.values_mut().for_each(|spans| spans.sort_by_key(|span| span.start));
    let mut waiting: Vec<(&SpanView, usize)> =
        below.get("").into_iter().flatten().rev().map(|span| (*span, 0)).collect();
    let mut drawn = HashSet::new();
    let mut lanes = Vec::new();
    // What belongs to itself in a circle hangs below nothing: it comes last, at the first level.
    let mut rest = trace.spans.iter();
    loop {
        while let Some((span, depth)) = waiting.pop() {
            if !drawn.insert(span.id.as_str()) {
                continue;
            }
            let joined = is_session(span).then(|| trace.begun.iter().find(|one| one.trace == span.trace)).flatten();
            lanes.push(Lane { how: joined.map(|one| one.how.clone()), ..lane(span, depth, (from, until), &by_seq) });
            let children = below.get(span.id.as_str()).into_iter().flatten().rev();
            waiting.extend(children.map(|child| (*child, (depth + 1).min(DEEPEST))));
        }
        match rest.find(|span| !drawn.contains(span.id.as_str())) {
            Some(span) => waiting.push((span, 0)),
            None => break,
        }
    }
    let held: HashSet<u64> = trace.spans.iter().flat_map(|span| span.entries.iter().map(|seq| seq.0)).collect();
    let loose = trace.entries.iter().filter(|entry| !held.contains(&entry.seq.0)).cloned().collect();
    let sessions = trace.spans.iter().map(|span| span.trace.as_str()).collect::<HashSet<_>>().len();
    Lanes { lanes, from, until, loose, sessions }
}

fn is_session(span: &SpanView) -> bool {
    span.name.starts_with("session.")
}

fn lane(span: &SpanView, depth: usize, (from, until): (i64, i64), by_seq: &HashMap<u64, &EntryView>) -> Lane {
    let whole = until - from;
    let entries: Vec<EntryView> =
        span.entries.iter().filter_map(|seq| by_seq.get(&seq.0).map(|entry| (*entry).clone())).collect();
    let marks = entries
        .iter()
        .filter_map(|entry| Some(Mark { at: share(entry.at - from, whole), what: marked(entry)?, seq: entry.seq }))
        .collect();
    let width = share(span.end - span.start, whole).max(NARROW);
    Lane {
        id: span.id.clone(),
        name: name(span),
        state: span.state.clone(),
        client: span.client.clone(),
        trace: span.trace.clone(),
        how: None,
        depth,
        length: span.end - span.start,
        left: share(span.start - from, whole).min(100.0 - width),
        width,
        marks,
        entries,
    }
}

/// A length of time: `420 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`.
pub(super) fn length(ms: i64) -> String {
    let seconds = ms / 1_000;
    match ms {
        ..1_000 => format!("{} ms", ms.max(0)),
        1_000..60_000 => format!("{seconds}.{} s", ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600_000..86_400_000 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// Places on the axis with what they are after its start.
pub(super) fn ticks(from: i64, until: i64) -> Vec<(f64, String)> {
    const STEPS: &[i64] = &[
        10, 50, 100, 500, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000,
        604_800_000,
    ];
    let whole = until - from;
    let Some(step) = STEPS.iter().find(|step| whole / **step <= 5) else { return Vec::new() };
    (0..=whole / step).map(|at| (share(at * step, whole), short(at * step))).filter(|(at, _)| *at < 96.0).collect()
}

/// A round length in one unit.
fn short(ms: i64) -> String {
    match ms {
        0 => "0".to_owned(),
        _ if ms % 86_400_000 == 0 => format!("{} d", ms / 86_400_000),
        _ if ms % 3_600_000 == 0 => format!("{} h", ms / 3_600_000),
        _ if ms % 60_000 == 0 => format!("{} min", ms / 60_000),
        _ if ms % 1_000 == 0 => format!("{} s", ms / 1_000),
        _ => format!("{ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(seq: u64, at: i64, kind: &str, data: serde_json::Value) -> EntryView {
        let entry = json!({
            "seq": seq.to_string(), "at": at, "kind": kind, "actor": "", "says": "", "trace": "", "span": "", "data": data, "hash": "",
        });
        serde_json::from_value(entry).expect("an entry")
    }

    fn span(id: &str, parent: Option<&str>, start: i64, end: i64, entries: &[u64]) -> SpanView {
        SpanView {
            id: id.to_owned(),
            parent: parent.map(str::to_owned),
            trace: "t".to_owned(),
            runtime: String::new(),
            subagent: None,
            name: "Bash".to_owned(),
            start,
            end,
            state: "none".to_owned(),
            client: None,
            entries: entries.iter().map(|seq| Seq(*seq)).collect(),
        }
    }

    #[test]
    fn spans_stand_below_what_they_belong_to_on_one_axis() {
        let trace = Trace {
            entries: vec![
                entry(1, 1_000, "session.started", json!({})),
                entry(2, 1_500, "approval.requested", json!({})),
                entry(3, 1_800, "approval.decided", json!({ "decision": { "verb": "deny" } })),
                entry(4, 2_000, "engine.stopped", json!({})),
            ],
            spans: vec![
                span("s", None, 1_000, 2_000, &[1]),
                span("late", Some("s"), 1_900, 1_900, &[]),
                span("a", Some("s"), 1_500, 1_800, &[2, 3]),
                span("b", Some("a"), 1_600, 1_700, &[]),
                span("lost", Some("unknown"), 1_100, 1_200, &[]),
            ],
            ..Trace::default()
        };
        let all = lanes(&trace);
        let order: Vec<_> = all.lanes.iter().map(|lane| (lane.id.as_str(), lane.depth)).collect();
        assert_eq!(order, [("s", 0), ("a", 1), ("b", 2), ("late", 1), ("lost", 0)]);
        assert_eq!((all.from, all.until), (1_000, 2_000));
        let a = &all.lanes[1];
        assert_eq!((a.left, a.width, a.length), (50.0, 30.0, 300));
        let marks: Vec<_> = a.marks.iter().map(|mark| (mark.at, mark.what)).collect();
        assert_eq!(marks, [(50.0, "asked"), (80.0, "denied")]);
        assert_eq!(all.loose.iter().map(|entry| entry.seq.0).collect::<Vec<_>>(), [4]);
        assert!(all.lanes.iter().all(|lane| lane.left + lane.width <= 100.0 + 1e-9));
    }

    #[test]
    fn a_session_hangs_below_the_action_that_began_it() {
        let begun = BegunView {
            trace: "u".to_owned(),
            runtime: "Codex".to_owned(),
            session: "2".to_owned(),
            span: "a".to_owned(),
            how: "process".to_owned(),
        };
        let session = |id: &str, trace: &str, runtime: &str, parent| SpanView {
            name: "session.started".to_owned(),
            trace: trace.to_owned(),
            runtime: runtime.to_owned(),
            ..span(id, parent, 0, 9, &[])
        };
        let agent = SpanView { subagent: Some("explore".to_owned()), ..span("g", Some("s"), 2, 3, &[]) };
        let trace = Trace {
            spans: vec![
                session("s", "t", "Claude Code", None),
                span("a", Some("s"), 1, 8, &[]),
                session("c", "u", "Codex", Some("a")),
                SpanView { trace: "u".to_owned(), ..span("b", Some("c"), 4, 5, &[]) },
                agent,
            ],
            begun: vec![begun],
            ..Trace::default()
        };
        let all = lanes(&trace);
        let drawn: Vec<_> =
            all.lanes.iter().map(|lane| (lane.name.as_str(), lane.depth, lane.how.as_deref())).collect();
        let expected = [
            ("Session of Claude Code", 0, None),
            ("Bash", 1, None),
            ("Session of Codex", 2, Some("process")),
            ("Bash", 3, None),
            ("Sub-agent explore", 1, None),
        ];
        assert_eq!((drawn.as_slice(), all.sessions), (expected.as_slice(), 2));
    }

    #[test]
    fn circles_and_empty_traces_are_drawn_once() {
        let trace = Trace {
            spans: vec![
                span("a", Some("b"), 0, 1, &[]),
                span("b", Some("a"), 0, 1, &[]),
                span("c", Some("c"), 0, 1, &[]),
            ],
            ..Trace::default()
        };
        let mut ids: Vec<_> = lanes(&trace).lanes.into_iter().map(|lane| lane.id).collect();
        ids.sort();
        assert_eq!(ids, ["a", "b", "c"]);
        assert_eq!(lanes(&Trace::default()), Lanes::default());
    }

    #[test]
    fn pages_make_a_cut_span_whole() {
        let page = |spans, next| TraceView { trace: "t".to_owned(), spans, next, ..TraceView::default() };
        let mut trace = Trace::default();
        let first = SpanView { name: "action.requested".to_owned(), ..span("a", None, 5, 9, &[1]) };
        let second = SpanView { state: "denied".to_owned(), ..span("a", Some("s"), 8, 12, &[2]) };
        trace.add(page(vec![first], Some(Seq(1))));
        trace.add(page(vec![second], None));
        let whole = SpanView { state: "denied".to_owned(), ..span("a", Some("s"), 5, 12, &[1, 2]) };
        assert_eq!((trace.spans, trace.next), (vec![whole], None));
    }

    #[test]
    fn lengths_and_ticks_read_as_words() {
        let lengths = [999, 1_250, 250_000, 7_500_000, 180_000_000].map(length);
        assert_eq!(lengths, ["999 ms", "1.2 s", "4 min 10 s", "2 h 5 min", "2 d 2 h"]);
        let words: Vec<String> = ticks(0, 42_000).into_iter().map(|(_, words)| words).collect();
        assert_eq!(words, ["0", "10 s", "20 s", "30 s", "40 s"]);
        assert_eq!(ticks(5, 5), [(0.0, "0".to_owned())]);
    }
}
