//! What the sessions page says, as plain functions with ordinary tests.

use clawbutler_wire::sessions::{
    AgentNode, BackfillState, BackfillView, SessionCost, SessionCostLabel, SessionRow, SessionState, StateSource,
    StepBody, StepView, TokensView,
};
use serde_json::Value;

use crate::chart::percent;
use crate::model::{count, folder, short_id};

/// Which sessions are listed: the word and the states.
pub(super) const WHICH: &[(&str, &[SessionState])] = &[
    ("All", &[]),
    ("Live", &[SessionState::Running, SessionState::Idle, SessionState::WaitingInput, SessionState::WaitingApproval]),
    ("Waiting", &[SessionState::WaitingInput, SessionState::WaitingApproval]),
    ("Ended", &[SessionState::Ended]),
];

/// Which steps are shown: the word and the kinds.
pub(super) const KINDS: &[(&str, &[&str])] = &[
    ("Everything", &[]),
    ("Talk", &["prompt", "answer", "thinking"]),
    ("Tools", &["tool_call", "tool_result", "agent_started", "agent_ended"]),
    ("Problems", &["error", "approval", "compaction", "quota", "unknown"]),
];

/// What a session is called.
pub(super) fn name(row: &SessionRow) -> String {
    let title = row.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    title.map_or_else(|| format!("Session {}", short_id(&row.session)), visible)
}

/// Where it works: folder and branch.
pub(super) fn place(row: &SessionRow) -> String {
    let place = row.cwd.as_deref().map_or_else(|| "folder unknown".to_owned(), folder);
    row.branch.as_ref().map_or(place.clone(), |branch| format!("{place} on {branch}"))
}

/// Where a state is known from.
pub(super) fn source_words(source: StateSource) -> &'static str {
    match source {
        StateSource::Recorded => "from its last record",
        StateSource::Runtime => "from the runtime's own list",
        StateSource::Hook => "told by a hook",
        StateSource::Queue => "a request of it waits here",
        StateSource::Process => "its process is gone",
        StateSource::Silence => "nothing was recorded for long",
        StateSource::Nothing => "nothing is known",
    }
}

/// `1.2 M`, `48.2 k`, `310`: how many, short.
pub(super) fn tokens(number: u64) -> String {
    let short = |by: u64, unit: &str| format!("{}.{} {unit}", number / by, number % by * 10 / by);
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => short(1_000, "k"),
        _ => short(1_000_000, "M"),
    }
}

/// All tokens of a session.
pub(super) fn all(tokens: &TokensView) -> u64 {
    [tokens.input, tokens.cache_read, tokens.cache_write, tokens.output].into_iter().fold(0, u64::saturating_add)
}

/// What a session cost, with how sure that is: `$1.20 recorded`, `about $1.20`, `cost unknown`.
pub(super) fn cost(cost: &SessionCost) -> String {
    match (cost.label, cost.usd) {
        (SessionCostLabel::Recorded, Some(usd)) => format!("{} recorded", dollars(usd)),
        (SessionCostLabel::Estimated, Some(usd)) => format!("about {}", dollars(usd)),
        _ => "cost unknown".to_owned(),
    }
}

/// US dollars.
pub(super) fn dollars(usd: f64) -> String {
    if usd > 0.0 && usd < 0.01 { "under $0.01".to_owned() } else { format!("${usd:.2}") }
}

/// Text in which nothing can hide: control and direction characters are written out.
pub(crate) fn visible(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => seen.push(letter),
            '\r' => {}
            '\0'..='\u{1f}' => seen.push(char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}')),
            '\u{7f}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e007f}' => seen.push_str(&format!("⟨U+{:04X}⟩", u32::from(letter))),
            _ => seen.push(letter),
        }
    }
    seen
}

/// The first line, at most so many characters, and whether that is all.
pub(super) fn first_line(text: &str, most: usize) -> (String, bool) {
    let trimmed = text.trim();
    let line = trimmed.lines().next().unwrap_or_default();
    let short: String = line.chars().take(most).collect();
    let whole = short.len() == trimmed.len();
    (if whole { short } else { format!("{short}…") }, whole)
}

/// What a tool call is about, in a line.
pub(super) fn gist(input: &Value) -> String {
    const TELLING: &[&str] = &[
        "command", "cmd", "file_path", "path", "filePath", "pattern", "url", "query", "description", "prompt", "code",
    ];
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => Some(parts.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?.join(" ")),
        _ => None,
    };
    let told = TELLING.iter().find_map(|name| text(input.get(*name)?));
    match (told, input) {
        (Some(told), _) => visible(&told),
        (None, Value::String(text)) => visible(text),
        (None, Value::Null) => String::new(),
        (None, other) => visible(&other.to_string()),
    }
}

/// How far the reading of history has come, in a sentence.
pub(super) fn backfill_words(view: &BackfillView) -> String {
    let files = count(view.files_total, "file", "files");
    let share = percent(view.bytes_done, view.bytes_total).or(percent(view.files_done.into(), view.files_total.into()));
    match (view.state, &view.says) {
        (BackfillState::Waiting, _) => "Its history was not read yet.".to_owned(),
        (BackfillState::Running, _) => match share {
            Some(share) => format!("Reading its history: {share} %, {} of {files}.", view.files_done),
            None => "Reading its history.".to_owned(),
        },
        (BackfillState::Done, _) => format!("Its history is read: {files}."),
        (BackfillState::Cancelled, _) => format!("Stopped after {} of {files}; what was read stays.", view.files_done),
        (BackfillState::Failed, Some(says)) => format!("Its history could not be read. {says}"),
        (BackfillState::Failed, None) => "Its history could not be read.".to_owned(),
    }
}

/// The sub-agents in the order of a tree, each with its depth; one whose parent is unknown stands at the top.
pub(super) fn tree(agents: &[AgentNode]) -> Vec<(usize, AgentNode)> {
    const DEEPEST: usize = 16;
    let known = |id: &str| agents.iter().any(|agent| agent.agent == id);
    let top = |agent: &&AgentNode| agent.parent.as_deref().is_none_or(|parent| !known(parent));
    let mut open: Vec<(usize, &AgentNode)> = agents.iter().filter(top).map(|agent| (0, agent)).rev().collect();
    let mut drawn = Vec::new();
    while let Some((depth, agent)) = open.pop() {
        drawn.push((depth, agent.clone()));
        if depth < DEEPEST && drawn.len() <= agents.len() {
            let below = agents.iter().filter(|one| one.parent.as_deref() == Some(&agent.agent)).rev();
            open.extend(below.map(|one| (depth + 1, one)));
        }
    }
    // Those that name each other as parents are not below anybody.
    let lost = agents.iter().filter(|agent| !drawn.iter().any(|(_, one)| one.agent == agent.agent));
    let lost: Vec<_> = lost.map(|agent| (0, agent.clone())).collect();
    drawn.extend(lost);
    drawn
}

/// What a sub-agent is called.
pub(super) fn agent_name(agents: &[AgentNode], id: &str) -> String {
    let named = agents.iter().find(|agent| agent.agent == id).and_then(|agent| agent.name.clone());
    named.unwrap_or_else(|| format!("sub-agent {}", short_id(id)))
}

/// Tokens and cost of one answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    pub(super) at: Option<i64>,
    pub(super) model: Option<String>,
    /// What the model read: input and caches.
    pub(super) context: u64,
    pub(super) cached: u64,
    pub(super) output: u64,
    /// US dollars, where recorded.
    pub(super) usd: Option<f64>,
}

/// Every answer's usage in order.
pub(super) fn answers(steps: &[StepView]) -> Vec<Answer> {
    let one = |step: &StepView| match &step.what {
        StepBody::Usage { model, input, cache_read, cache_write, output, cost_microusd, .. } => {
            #[expect(clippy::cast_precision_loss, reason = "money of one answer")]
            let usd = cost_microusd.map(|cost| cost as f64 / 1_000_000.0);
            let context = input.saturating_add(*cache_read).saturating_add(*cache_write);
            Some(Answer { at: step.at, model: model.clone(), context, cached: *cache_read, output: *output, usd })
        }
        _ => None,
    };
    steps.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(agent: &str, parent: Option<&str>) -> AgentNode {
        AgentNode { agent: agent.to_owned(), parent: parent.map(str::to_owned), ..AgentNode::default() }
    }

    #[test]
    fn numbers_are_short_and_costs_say_how_sure_they_are() {
        assert_eq!([tokens(310), tokens(48_230), tokens(1_250_000)], ["310", "48.2 k", "1.2 M"]);
        let money = |label, usd| cost(&SessionCost { label, usd, basis: String::new() });
        assert_eq!(money(SessionCostLabel::Recorded, Some(1.2)), "$1.20 recorded");
        assert_eq!(money(SessionCostLabel::Estimated, Some(0.001)), "about under $0.01");
        assert_eq!(money(SessionCostLabel::Unknown, Some(3.0)), "cost unknown", "what is unknown is not shown");
    }

    #[test]
    fn nothing_hides_in_a_text() {
        assert_eq!(visible("a\u{202e}b\u{1b}[0m\r\nc"), "a⟨U+202E⟩b␛[0m\nc");
        assert_eq!(visible("naïve – 日本"), "naïve – 日本");
    }

    #[test]
    fn a_call_is_told_in_a_line() {
        assert_eq!(gist(&json!({ "description": "list", "command": "ls -la" })), "ls -la");
        assert_eq!(gist(&json!({ "command": ["git", "status"] })), "git status");
        assert_eq!(gist(&json!({ "other": 1 })), "{\"other\":1}");
        assert_eq!(gist(&Value::Null), "");
        assert_eq!(first_line("one\ntwo", 80), ("one…".to_owned(), false));
        assert_eq!(first_line("one", 80), ("one".to_owned(), true));
        assert_eq!(first_line("ééé", 2), ("éé…".to_owned(), false));
    }

    #[test]
    fn sub_agents_stand_below_who_started_them_and_loops_end() {
        let names =
            |agents: &[AgentNode]| tree(agents).into_iter().map(|(depth, one)| (depth, one.agent)).collect::<Vec<_>>();
        let agents = [node("a", None), node("b", Some("a")), node("c", Some("gone")), node("d", Some("b"))];
        let wanted = [(0, "a"), (1, "b"), (2, "d"), (0, "c")].map(|(depth, id)| (depth, id.to_owned()));
        assert_eq!(names(&agents), wanted);
        assert_eq!(names(&[node("a", Some("b")), node("b", Some("a"))]), [(0, "a".to_owned()), (0, "b".to_owned())]);
    }

    #[test]
    fn history_says_how_far_it_is() {
        let view = |state| BackfillView {
            state,
            files_done: 1,
            files_total: 4,
            bytes_done: 30,
            bytes_total: 100,
            ..BackfillView::default()
        };
        assert_eq!(backfill_words(&view(BackfillState::Running)), "Reading its history: 30 %, 1 of 4 files.");
        assert_eq!(backfill_words(&view(BackfillState::Cancelled)), "Stopped after 1 of 4 files; what was read stays.");
    }
}
