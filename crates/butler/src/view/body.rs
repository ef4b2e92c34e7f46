//! What would be done, ready to draw.

use clawbutler_core::action::{Action, Change, Effect};
use clawbutler_wire::approvals::{ActionBody, DiffLine, DiffSign, Row};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::visible;

pub(super) fn body(action: &Action, risky: &[&str]) -> ActionBody {
    match &action.effect {
        Effect::Shell { command, description, .. } => {
            ActionBody::Command { lines: visible::lines(command, risky), description: description.clone() }
        }
        Effect::FileWrite { path, change } => ActionBody::Diff { path: visible::line(path), lines: diff(change) },
        Effect::FileRead { path } => ActionBody::Target { what: "Reads".to_owned(), target: visible::line(path) },
        Effect::Network { url } => ActionBody::Target { what: "Fetches".to_owned(), target: visible::line(url) },
        Effect::Mcp { server, tool, arguments } => {
            ActionBody::Table { title: visible::line(&format!("{tool} of {server}")), rows: rows(arguments) }
        }
        Effect::AgentSpawn { agent, prompt } => ActionBody::Table {
            title: visible::line(&format!("Starts {agent}")),
            rows: vec![Row { name: "task".to_owned(), value: visible::lines(prompt, risky) }],
        },
        Effect::Internal { arguments } | Effect::Other { arguments } => {
            ActionBody::Table { title: visible::line(&action.tool), rows: rows(arguments) }
        }
    }
}

fn rows(arguments: &Value) -> Vec<Row> {
    match arguments {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| Row { name: name.clone(), value: visible::lines(&text(value), &[]) })
            .collect(),
        other => vec![Row { name: "arguments".to_owned(), value: visible::lines(&text(other), &[]) }],
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| serde_json::to_string_pretty(value).unwrap_or_default(), ToOwned::to_owned)
}

fn diff(change: &Change) -> Vec<DiffLine> {
    match change {
        Change::Content { text } => diff_lines("", text),
        Change::Edits { edits } => edits.iter().flat_map(|edit| diff_lines(&edit.old, &edit.new)).collect(),
    }
}

fn diff_lines(old: &str, new: &str) -> Vec<DiffLine> {
    TextDiff::from_lines(old, new)
        .iter_all_changes()
        .map(|change| DiffLine {
            sign: match change.tag() {
                ChangeTag::Insert => DiffSign::Added,
                ChangeTag::Delete => DiffSign::Removed,
                ChangeTag::Equal => DiffSign::Context,
            },
            line: visible::line(change.value().trim_end_matches('\n')),
        })
        .collect()
}

/// One line for lists.
pub(super) fn headline(action: &Action) -> String {
    let text = match &action.effect {
        Effect::Shell { command, .. } => command.lines().next().unwrap_or_default().to_owned(),
        Effect::FileWrite { path, .. } => format!("{} {path}", action.tool),
        Effect::FileRead { path } => format!("Read {path}"),
        Effect::Network { url } => format!("Fetch {url}"),
        Effect::Mcp { server, tool, .. } => format!("{server}: {tool}"),
        Effect::AgentSpawn { agent, .. } => format!("Start {agent}"),
        Effect::Internal { .. } | Effect::Other { .. } => action.tool.clone(),
    };
    let drawn: String = visible::line(&text).into_iter().map(|segment| segment.text).collect();
    let mut short: String = drawn.chars().take(160).collect();
    if short.len() < drawn.len() {
        short.push('…');
    }
    short
}
