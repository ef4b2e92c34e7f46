//! Filters of the audit page: as an address, as chips, as words.

use clawbutler_wire::Seq;
use clawbutler_wire::audit::EntryView;
use clawbutler_wire::audit_search::{AuditFilter, MatchCount};

/// What a filter can name, in the order of the menus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Kind,
    Actor,
    Runtime,
    Agent,
    Session,
    Trace,
    Project,
    Risk,
    Decision,
}

impl Field {
    pub(super) const ALL: [Self; 9] = [
        Self::Kind,
        Self::Actor,
        Self::Runtime,
        Self::Agent,
        Self::Session,
        Self::Trace,
        Self::Project,
        Self::Risk,
        Self::Decision,
    ];

    /// As it stands in an address.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Actor => "actor",
            Self::Runtime => "runtime",
            Self::Agent => "agent",
            Self::Session => "session",
            Self::Trace => "trace",
            Self::Project => "project",
            Self::Risk => "risk",
            Self::Decision => "decision",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kind => "Kind",
            Self::Actor => "Who",
            Self::Runtime => "Runtime",
            Self::Agent => "Agent",
            Self::Session => "Session",
            Self::Trace => "Trace",
            Self::Project => "Project",
            Self::Risk => "Risk",
            Self::Decision => "Decision",
        }
    }

    pub(super) fn of(self, filter: &AuditFilter) -> &Vec<String> {
        match self {
            Self::Kind => &filter.kinds,
            Self::Actor => &filter.actors,
            Self::Runtime => &filter.runtimes,
            Self::Agent => &filter.agents,
            Self::Session => &filter.sessions,
            Self::Trace => &filter.traces,
            Self::Project => &filter.projects,
            Self::Risk => &filter.risks,
            Self::Decision => &filter.decisions,
        }
    }

    pub(super) fn of_mut(self, filter: &mut AuditFilter) -> &mut Vec<String> {
        match self {
            Self::Kind => &mut filter.kinds,
            Self::Actor => &mut filter.actors,
            Self::Runtime => &mut filter.runtimes,
            Self::Agent => &mut filter.agents,
            Self::Session => &mut filter.sessions,
            Self::Trace => &mut filter.traces,
            Self::Project => &mut filter.projects,
            Self::Risk => &mut filter.risks,
            Self::Decision => &mut filter.decisions,
        }
    }

    /// The filter with this value, or without it when it had it.
    pub(super) fn toggled(self, filter: &AuditFilter, value: &str) -> AuditFilter {
        let mut filter = filter.clone();
        let values = self.of_mut(&mut filter);
        match values.iter().position(|old| old == value) {
            Some(at) => drop(values.remove(at)),
            None => values.push(value.to_owned()),
        }
        filter
    }

    /// A value as it is shown.
    pub(super) fn word(self, value: &str) -> String {
        match self {
            Self::Kind => kind_words(value),
            Self::Actor => actor_words(value),
            Self::Decision => decision_words(value).to_owned(),
            Self::Trace => value.chars().take(8).collect(),
            Self::Runtime | Self::Agent | Self::Session | Self::Project | Self::Risk => value.to_owned(),
        }
    }
}

/// Kinds of entries by what they are about; the words stand beside the entry's own sentence.
pub(super) const KINDS: &[(&str, &[(&str, &str)])] = &[
    (
        "Actions",
        &[
            ("action.requested", "Action asked for"),
            ("action.decided", "Action settled"),
            ("action.completed", "Action ran"),
            ("action.failed", "Action failed"),
            ("action.unknown", "Action's end unknown"),
            ("decision.delivered", "Answer delivered"),
            ("decision.late", "Answer came late"),
            ("bound.reached", "Limit reached"),
        ],
    ),
    (
        "Approvals",
        &[
            ("approval.requested", "You were asked"),
            ("approval.decided", "You decided"),
            ("approval.expired", "Nobody answered"),
            ("approval.withdrawn", "Question went away"),
            ("approval.reclaimed", "Question taken up again"),
        ],
    ),
    (
        "Rules and grants",
        &[
            ("rules.changed", "Rules changed"),
            ("rules.held", "Rules change waits"),
            ("rules.rejected", "Rules change discarded"),
            ("rules.broken", "Rules do not load"),
            ("grant.created", "Grant given"),
            ("grant.revoked", "Grant revoked"),
            ("grant.ended", "Grant ended"),
            ("budget.crossed", "Budget crossed"),
        ],
    ),
    (
        "Agents",
        &[
            ("agent.disabled", "Agent disabled"),
            ("agent.enabled", "Agent enabled"),
            ("agent.kill_requested", "Kill switch used"),
            ("agent.killed", "Kill switch result"),
            ("agent.revived", "Agent revived"),
            ("config.changed", "Configuration changed"),
            ("config.drift", "Configuration drift"),
            ("drift.accepted", "Drift accepted"),
            ("home.governed", "Home governed"),
            ("home.released", "Home released"),
            ("home.named", "Home named"),
            ("home.found", "Home appeared"),
            ("home.forgotten", "Home forgotten"),
            ("guard.installed", "Guard installed"),
            ("guard.removed", "Guard removed"),
            ("guard.trusted", "Guard trusted"),
            ("guard.tested", "Guard tried"),
            ("guard.drift", "Guard changed"),
        ],
    ),
    (
        "Sessions and gateways",
        &[
            ("session.started", "Session began"),
            ("session.ended", "Session ended"),
            ("subagent.started", "Sub-agent began"),
            ("subagent.ended", "Sub-agent ended"),
            ("gateway.attached", "Gateway connected"),
            ("gateway.detached", "Gateway disconnected"),
            ("gateway.up", "Gateway up"),
            ("gateway.lost", "Gateway lost"),
            ("gateway.floor", "Gateway policy"),
            ("gateway.chat", "Gateway chat"),
            ("gateway.config", "Gateway configuration"),
            ("gateway.act", "Gateway act"),
        ],
    ),
    (
        "ClawButler itself",
        &[
            ("engine.started", "ClawButler started"),
            ("engine.stopped", "ClawButler closed"),
            ("settings.changed", "Settings changed"),
            ("tampering.noticed", "Tampering noticed"),
            ("audit.exported", "Log exported"),
            ("audit.pruned", "Removal of facts announced"),
            ("retention.ran", "Retention ran"),
            ("backup.made", "Backup made"),
            ("backup.restored", "Backup restored"),
            ("log.set_aside", "Log set aside"),
            ("log.tail_unproven", "Unproven entries"),
            ("log.acknowledged", "You know of it"),
            ("log.damaged", "Damage found"),
            ("offline.recorded", "Recorded offline"),
            ("offline.damaged", "Offline record damaged"),
        ],
    ),
];

/// Who can act.
pub(super) const ACTORS: &[(&str, &str)] = &[
    ("local_user", "You"),
    ("rule", "A rule"),
    ("grant", "An always-allow"),
    ("agent", "An agent"),
    ("engine", "ClawButler"),
    ("hook", "The guard, alone"),
];

/// Levels of risk, highest first.
pub(super) const RISKS: &[(&str, &str)] =
    &[("critical", "Critical"), ("high", "High"), ("medium", "Medium"), ("low", "Low")];

/// Verdicts and what people decide.
pub(super) const DECISIONS: &[(&str, &str)] = &[
    ("allow", "Allowed by a rule"),
    ("ask", "Asked"),
    ("deny", "Denied"),
    ("defer", "Left to the agent"),
    ("allow_once", "Allowed once by you"),
    ("allow_always", "Always allowed by you"),
];

/// A kind in words; one that is not known here, as it stands.
pub(super) fn kind_words(kind: &str) -> String {
    let known = KINDS.iter().flat_map(|(_, kinds)| kinds.iter()).find(|(name, _)| *name == kind);
    known.map_or_else(|| kind.replace(['.', '_'], " "), |(_, words)| (*words).to_owned())
}

/// Whether the words for a kind say all that its sentence says.
pub(super) fn says_nothing_more(kind: &str) -> bool {
    matches!(
        kind,
        "approval.requested"
            | "approval.expired"
            | "approval.reclaimed"
            | "session.ended"
            | "engine.stopped"
            | "settings.changed"
            | "grant.created"
            | "grant.revoked"
    )
}

fn actor_words(actor: &str) -> String {
    let known = ACTORS.iter().find(|(name, _)| *name == actor);
    known.map_or_else(|| actor.replacen(':', " ", 1), |(_, words)| (*words).to_owned())
}

/// What was decided, as a word for a table.
pub(super) fn decision_words(decision: &str) -> &str {
    match decision {
        "allow" => "allowed",
        "allow_once" => "allowed once",
        "allow_always" => "always allowed",
        "deny" => "denied",
        "ask" => "asked",
        "defer" => "left to the agent",
        other => other,
    }
}

/// The level of risk an entry carries.
pub(super) fn risk(entry: &EntryView) -> Option<&str> {
    let risk = &entry.data["risk"];
    risk.as_str().or_else(|| risk["level"].as_str())
}

/// The verdict or decision an entry carries.
pub(super) fn decision(entry: &EntryView) -> Option<&str> {
    if entry.kind == "approval.expired" {
        return Some("expired");
    }
    entry.data["verdict"].as_str().or_else(|| entry.data["decision"]["verb"].as_str())
}

/// The first run whose announcement covers an entry without facts: its number and time.
pub(super) fn announced(runs: &[EntryView], seq: Seq, kind: &str) -> Option<(Seq, i64)> {
    let covers = |run: &&EntryView| {
        let kinds = run.data["kinds"].as_array();
        run.seq > seq
            && run.data["below"].as_u64().is_some_and(|below| seq.0 < below)
            && kinds.is_some_and(|kinds| kinds.iter().any(|one| one == kind))
    };
    runs.iter().filter(covers).map(|run| (run.seq, run.at)).min()
}

/// A value of the entry by which others of the same are found.
pub(super) fn own(field: Field, entry: &EntryView) -> Option<String> {
    let text = |name: &str| entry.data[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    match field {
        Field::Kind => Some(entry.kind.clone()),
        Field::Trace => Some(entry.trace.clone()),
        Field::Runtime => text("runtime"),
        Field::Session => text("session"),
        Field::Project => text("project").or_else(|| text("cwd")),
        Field::Agent => entry.data["subagent"]["name"].as_str().map(str::to_owned).or_else(|| text("home")),
        Field::Risk => risk(entry).map(str::to_owned),
        Field::Decision => decision(entry).map(str::to_owned),
        Field::Actor => None,
    }
}

/// Values of a field on the screen, for its menu; at most 12.
pub(super) fn seen(field: Field, entries: &[EntryView]) -> Vec<String> {
    let mut found = Vec::new();
    for value in entries.iter().filter_map(|entry| own(field, entry)) {
        if !found.contains(&value) {
            found.push(value);
        }
        if found.len() == 12 {
            break;
        }
    }
    found
}

/// One thing that is asked for, and the filter without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chip {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) without: AuditFilter,
}

/// What is asked for besides the text; `time` writes a time.
pub(super) fn chips(filter: &AuditFilter, time: impl Fn(i64) -> String) -> Vec<Chip> {
    let mut chips = Vec::new();
    if let Some(from) = filter.from {
        chips.push(Chip { label: "Since", value: time(from), without: AuditFilter { from: None, ..filter.clone() } });
    }
    if let Some(until) = filter.until {
        chips.push(Chip {
            label: "Before",
            value: time(until),
            without: AuditFilter { until: None, ..filter.clone() },
        });
    }
    for field in Field::ALL {
        for value in field.of(filter) {
            let without = field.toggled(filter, value);
            chips.push(Chip { label: field.name(), value: field.word(value), without });
        }
    }
    chips
}

/// A filter in one line, for dialogs.
pub(super) fn in_words(filter: &AuditFilter, time: impl Fn(i64) -> String) -> String {
    let text = filter.text.trim();
    let typed = (!text.is_empty()).then(|| format!("“{text}”"));
    let rest = chips(filter, time).into_iter().map(|chip| format!("{} {}", chip.label.to_lowercase(), chip.value));
    let all: Vec<String> = typed.into_iter().chain(rest).collect();
    if all.is_empty() { "every entry".to_owned() } else { all.join(", ") }
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 entry`, `1,200 entries`.
pub(crate) fn entries(number: u64) -> String {
    format!("{} {}", grouped(number), if number == 1 { "entry" } else { "entries" })
}

/// How many entries match, and how sure that is.
pub(super) fn count_words(count: &MatchCount) -> String {
    match (count.more, count.exact) {
        (true, _) if count.entries.0 == 0 => "too many to count at once".to_owned(),
        (true, _) => format!("{}+ entries", grouped(count.entries.0)),
        (false, false) => format!("at most {}", entries(count.entries.0)),
        (false, true) => entries(count.entries.0),
    }
}

/// A query around the place of its error.
pub(super) fn around(text: &str, at: usize) -> (String, String) {
    (text.chars().take(at).collect(), text.chars().skip(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_run_that_covers_an_entry_is_the_one_that_is_named() {
        let run = |seq: u64, below: u64, kinds: &[&str]| EntryView {
            seq: Seq(seq),
            at: i64::try_from(seq).unwrap_or_default() * 10,
            kind: "audit.pruned".to_owned(),
            actor: "engine".to_owned(),
            says: String::new(),
            trace: String::new(),
            span: String::new(),
            data: serde_json::json!({ "class": "actions", "kinds": kinds, "below": below }),
            hash: String::new(),
            pruned: false,
        };
        let runs = [
            run(900, 800, &["action.requested"]),
            run(501, 400, &["approval.decided"]),
            run(500, 400, &["action.requested"]),
            run(300, 100, &["action.requested"]),
        ];
        assert_eq!(announced(&runs, Seq(200), "action.requested"), Some((Seq(500), 5_000)));
        assert_eq!(announced(&runs, Seq(400), "action.requested"), Some((Seq(900), 9_000)));
        assert_eq!(announced(&runs, Seq(850), "action.requested"), None, "below is not in it");
        assert_eq!(announced(&runs, Seq(200), "engine.started"), None);
    }

    #[test]
    fn chips_name_what_is_asked_for_and_take_it_away() {
        let filter = AuditFilter {
            text: "push".to_owned(),
            from: Some(1),
            actors: vec!["local_user".to_owned(), "rule:r1".to_owned()],
            ..AuditFilter::default()
        };
        let chips = chips(&filter, |at| format!("<{at}>"));
        let shown: Vec<_> = chips.iter().map(|chip| format!("{} {}", chip.label, chip.value)).collect();
        assert_eq!(shown, ["Since <1>", "Who You", "Who rule r1"]);
        assert_eq!(chips[1].without.actors, ["rule:r1"]);
        assert_eq!(chips[0].without.from, None);
        assert_eq!(in_words(&filter, |_| "Monday".to_owned()), "“push”, since Monday, who You, who rule r1");
        assert_eq!(in_words(&AuditFilter::default(), |_| String::new()), "every entry");
    }

    #[test]
    fn counts_say_how_sure_they_are() {
        let count = |entries, more, exact| count_words(&MatchCount { entries: Seq(entries), more, exact });
        assert_eq!(count(1, false, true), "1 entry");
        assert_eq!(count(1_234_567, false, true), "1,234,567 entries");
        assert_eq!(count(10_000, true, true), "10,000+ entries");
        assert_eq!(count(12, false, false), "at most 12 entries");
        assert_eq!(around("a kind: b", 7), ("a kind:".to_owned(), " b".to_owned()));
    }

    #[test]
    fn kinds_have_words_and_unknown_ones_stay_readable() {
        assert_eq!(kind_words("approval.decided"), "You decided");
        assert_eq!(kind_words("future.kind_of"), "future kind of");
        let mut names: Vec<_> = KINDS.iter().flat_map(|(_, kinds)| kinds.iter().map(|(name, _)| *name)).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "a kind stands in one group");
    }
}
