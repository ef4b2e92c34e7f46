//! What the registry says, as plain functions with ordinary tests.

use std::collections::BTreeSet;

use clawbutler_wire::registry::{
    AgentDetail, AgentView, Can, CapabilityView, DriftChange, DriftKind, FactTab, FactView, HealthLevel, KillReport,
};

use crate::model::count;

/// Every tab: the part of the route, its name, whose facts it shows.
pub(super) const TABS: &[(&str, &str, Option<FactTab>)] = &[
    ("", "Overview", Some(FactTab::Overview)),
    ("gateway", "Gateway", None),
    ("changes", "Changes", None),
    ("tools", "Tools and MCP", Some(FactTab::Tools)),
    ("skills", "Skills and plugins", Some(FactTab::Skills)),
    ("channels", "Channels", Some(FactTab::Channels)),
    ("files", "Files", Some(FactTab::Files)),
    ("schedules", "Schedules", Some(FactTab::Schedules)),
    ("permissions", "Hooks and permissions", Some(FactTab::Permissions)),
];

/// How many things a tab shows; `None` when the tab does not exist for this agent. `asked` is how many questions of
/// its gateway wait, where it has one.
pub(super) fn in_tab(detail: &AgentDetail, path: &str, asked: Option<usize>) -> Option<usize> {
    let drift = detail.drift.as_ref().map_or(0, |drift| drift.changes.len());
    let facts = |tab| detail.facts.iter().filter(|fact| fact.tab == tab).count();
    match TABS.iter().find(|tab| tab.0 == path)? {
        ("", ..) => Some(0),
        ("gateway", ..) => asked,
        (_, _, None) => (drift > 0).then_some(drift),
        (_, _, Some(tab)) => Some(facts(*tab)).filter(|found| *found > 0),
    }
}

/// A tab's facts that have these words, watched ones first in the order given.
pub(super) fn facts_of(facts: &[FactView], tab: FactTab, typed: &str) -> Vec<FactView> {
    let typed = typed.trim().to_lowercase();
    let has = |fact: &&FactView| {
        let texts = [&fact.name, &fact.value, &fact.source];
        fact.tab == tab && (typed.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&typed)))
    };
    facts.iter().filter(has).cloned().collect()
}

/// Whether an agent belongs to what was typed.
pub(super) fn found(agent: &AgentView, typed: &str) -> bool {
    let typed = typed.trim().to_lowercase();
    let owner = agent.owner.clone().unwrap_or_default();
    typed.is_empty()
        || [&agent.runtime_name, &agent.home, &owner].iter().any(|text| text.to_lowercase().contains(&typed))
}

/// A path as it is read most easily: below the home it is relative to it.
pub(super) fn place(source: &str, home: &str) -> String {
    let below = source.strip_prefix(home).and_then(|rest| rest.strip_prefix(['/', '\\']));
    below.unwrap_or(source).to_owned()
}

/// Whether somebody named its home.
pub(super) fn named(agent: &AgentView) -> bool {
    agent.sources.iter().any(|source| source.fact == "home" && source.source.starts_with("named "))
}

/// Whether an agent is a gateway of which only the address is known.
pub(super) fn by_address(agent: &AgentView) -> bool {
    agent.home.contains("://")
}

/// Whether a guard of ours can be installed: where nothing can be blocked there is none, nor where there is no home.
pub(super) fn guardable(agent: &AgentView) -> bool {
    !by_address(agent) && capability(&agent.capabilities, "block").is_some_and(|block| block.can != Can::No)
}

/// One capability by its name.
pub(super) fn capability<'a>(all: &'a [CapabilityView], name: &str) -> Option<&'a CapabilityView> {
    all.iter().find(|one| one.name == name)
}

/// What a capability lets one do.
pub(super) fn capability_words(name: &str) -> &str {
    match name {
        "observe" => "See its sessions",
        "price" => "Know tokens and cost",
        "ask" => "Ask you before a call",
        "block" => "Stop a call",
        "pause" => "Hold a session",
        "kill" => "End a session",
        "resume" => "Let it go on",
        "configure" => "Change its settings",
        other => other,
    }
}

/// How something changed, as a word.
pub(super) fn drift_word(kind: DriftKind) -> &'static str {
    match kind {
        DriftKind::Loosened => "loosened",
        DriftKind::Appeared => "appeared",
        DriftKind::Changed => "changed",
        DriftKind::Gone => "gone",
    }
}

/// The name of a tab.
pub(super) fn tab_word(tab: FactTab) -> &'static str {
    TABS.iter().find(|one| one.2 == Some(tab)).map_or("Overview", |one| one.1)
}

/// One change as a sentence for a screen reader and for copies.
pub(super) fn drift_words(change: &DriftChange) -> String {
    let name = &change.name;
    match (&change.from, &change.to) {
        (Some(from), Some(to)) => format!("{name}: {from} became {to}"),
        (None, Some(to)) => format!("{name} appeared: {to}"),
        (Some(from), None) => format!("{name} is gone: it was {from}"),
        (None, None) => name.clone(),
    }
}

/// How the kill switch ended, in a sentence.
pub(super) fn kill_words(report: &KillReport) -> String {
    use clawbutler_wire::registry::KillOutcome::{CouldNot, Gone, Stopped};
    let number = |outcome| report.items.iter().filter(|item| item.outcome == outcome).count() as u64;
    let (stopped, gone, failed) = (number(Stopped), number(Gone), number(CouldNot));
    let all = stopped + gone + failed;
    let mut words = match (failed, all) {
        (0, 0) => "Nothing of it was running".to_owned(),
        (0, 1) => "The one process or connection that was found is stopped".to_owned(),
        (0, _) => format!("All {all} processes and connections that were found are stopped"),
        (failed, _) => format!("{failed} of {all} processes and connections may still run"),
    };
    if report.denied > 0 {
        words.push_str(&format!("; {} denied", count(report.denied, "waiting request", "waiting requests")));
    }
    words.push('.');
    words
}

/// How many agents are how well: healthy, degraded, critical.
pub(super) fn tally(agents: &[AgentView]) -> [u32; 3] {
    agents.iter().filter(|agent| agent.governed).fold([0; 3], |mut tally, agent| {
        let at = match agent.health.level {
            HealthLevel::Healthy => 0,
            HealthLevel::Degraded => 1,
            HealthLevel::Critical => 2,
        };
        tally[at] += 1;
        tally
    })
}

/// How full something is, as a class of its bar: amber from 80 percent on, red from 100.
pub(super) fn fullness(percent: f64) -> &'static str {
    match percent {
        percent if percent >= 100.0 => "bad",
        percent if percent >= 80.0 => "wary",
        _ => "fine",
    }
}

/// When a window starts anew, or that it has.
pub(super) fn starts_anew(at: i64, now: i64) -> String {
    let minutes = (at - now).max(0) / 60_000;
    match minutes {
        _ if at <= now => "It has started anew since".to_owned(),
        0 => "Starts anew in less than a minute".to_owned(),
        1..=59 => format!("Starts anew in {minutes} min"),
        60..=2_879 => format!("Starts anew in {} h {} min", minutes / 60, minutes % 60),
        _ => format!("Starts anew in {} days", minutes / 1_440),
    }
}

/// Which of the picked may be governed, and which left alone.
pub(super) fn choices(agents: &[AgentView], picked: &BTreeSet<String>) -> (Vec<String>, Vec<String>) {
    let chosen = agents.iter().filter(|agent| picked.contains(&agent.id));
    let (governed, free): (Vec<_>, Vec<_>) = chosen.partition(|agent| agent.governed);
    let ids = |agents: Vec<&AgentView>| agents.into_iter().map(|agent| agent.id.clone()).collect();
    (ids(free), ids(governed))
}

/// Everything of an agent but what moves by itself, so that a page is drawn again only when something happened.
pub(super) fn still(mut agent: AgentView) -> AgentView {
    agent.last_seen = None;
    agent.guard.last_contact = None;
    agent
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn agent(id: &str, governed: bool, level: &str) -> AgentView {
        serde_json::from_value(json!({
            "id": id, "runtime": "claude-code", "runtime_name": "Claude Code", "home": "/h/.claude",
            "governed": governed, "state": "online", "live_sessions": 0, "drift": 0, "sources": [], "owner": "ann",
            "capabilities": [{ "name": "block", "can": "partly", "says": "most" }],
            "health": { "level": level, "checks": [] }, "guard": { "state": "user", "says": "fine" },
        }))
        .unwrap()
    }

    fn detail() -> AgentDetail {
        let fact = |tab: &str, name: &str| json!({ "tab": tab, "name": name, "value": "v", "source": "/h/.claude/settings.json", "watched": true });
        serde_json::from_value(json!({
            "agent": agent("a", true, "healthy"), "sessions": [],
            "facts": [fact("tools", "mcp:github"), fact("tools", "mcp:files"), fact("permissions", "hook")],
        }))
        .unwrap()
    }

    #[test]
    fn only_tabs_that_have_something_exist() {
        let shown: Vec<_> = TABS.iter().filter_map(|tab| Some((tab.0, in_tab(&detail(), tab.0, None)?))).collect();
        assert_eq!(shown, [("", 0), ("tools", 2), ("permissions", 1)]);
        assert_eq!(in_tab(&detail(), "nonsense", Some(1)), None);
        assert_eq!(in_tab(&detail(), "gateway", Some(0)), Some(0), "also where nothing waits");
    }

    #[test]
    fn facts_are_searched_in_their_tab() {
        let names = |typed| {
            facts_of(&detail().facts, FactTab::Tools, typed).into_iter().map(|fact| fact.name).collect::<Vec<_>>()
        };
        assert_eq!(names("GitHub"), ["mcp:github"]);
        assert_eq!(names(" "), ["mcp:github", "mcp:files"]);
        assert_eq!(names("nothing"), Vec::<String>::new());
    }

    #[test]
    fn places_are_relative_to_the_home_only_when_below_it() {
        assert_eq!(place("/h/.claude/settings.json", "/h/.claude"), "settings.json");
        assert_eq!(place("/h/.claude.json", "/h/.claude"), "/h/.claude.json");
        assert_eq!(place("C:\\h\\a.json", "C:\\h"), "a.json");
    }

    #[test]
    fn limits_are_told_by_colour_and_words() {
        assert_eq!([0.0, 79.9, 80.0, 99.0, 100.0, 140.0].map(fullness), ["fine", "fine", "wary", "wary", "bad", "bad"]);
        let minute = 60_000;
        let words = [0, 1, 59, 61, 2 * 1_440].map(|minutes| starts_anew(5 + minutes * minute, 5));
        assert_eq!(
            words,
            [
                "It has started anew since", "Starts anew in 1 min", "Starts anew in 59 min",
                "Starts anew in 1 h 1 min", "Starts anew in 2 days"
            ]
        );
        assert_eq!(starts_anew(30_000, 0), "Starts anew in less than a minute");
    }

    #[test]
    fn what_is_picked_is_told_apart() {
        let agents = [agent("a", true, "healthy"), agent("b", false, "degraded"), agent("c", false, "healthy")];
        let picked = ["a", "b", "gone"].map(str::to_owned).into();
        assert_eq!(choices(&agents, &picked), (vec!["b".to_owned()], vec!["a".to_owned()]));
        assert_eq!(tally(&agents), [1, 0, 0], "what is not governed is not judged");
        assert!(guardable(&agents[0]) && found(&agents[0], "ANN") && !found(&agents[0], "codex"));
    }

    #[test]
    fn the_kill_switch_never_claims_more_than_it_did() {
        let report = |outcomes: &[&str], denied| {
            let item = |outcome: &&str| json!({ "kind": "process", "what": "claude", "outcome": outcome, "says": "" });
            let items: Vec<_> = outcomes.iter().map(item).collect();
            let report = json!({ "agent": agent("a", true, "healthy"), "at": 0, "complete": false, "items": items, "denied": denied, "beyond": [] });
            kill_words(&serde_json::from_value(report).unwrap())
        };
        assert_eq!(report(&[], 0), "Nothing of it was running.");
        assert_eq!(
            report(&["stopped", "gone"], 1),
            "All 2 processes and connections that were found are stopped; 1 waiting request denied."
        );
        assert_eq!(report(&["stopped", "could_not"], 0), "1 of 2 processes and connections may still run.");
    }
}
