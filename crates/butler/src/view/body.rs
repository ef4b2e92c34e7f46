//! What would be done, ready to draw.

use clawbutler_core::action::{Action, Change, Effect, FilePatch, PatchOp};
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
        Effect::FileDelete { paths } => ActionBody::Table {
            title: visible::line("Deletes"),
            rows: paths
                .iter()
                .map(|path| Row { name: "path".to_owned(), value: visible::lines(path, risky) })
                .collect(),
        },
        Effect::Patch { files } => match files.as_slice() {
            [file] => ActionBody::Diff { path: visible::line(&patched(file)), lines: diff(&file.change) },
            files => ActionBody::Diff {
                path: visible::line(&format!("{} files", files.len())),
                lines: files.iter().flat_map(patch_lines).collect(),
            },
        },
        Effect::Network { url, method } => ActionBody::Target {
            what: method.as_ref().map_or_else(|| "Fetches".to_owned(), |method| format!("Sends {method} to")),
            target: visible::line(url),
        },
        Effect::Code { language, text } => ActionBody::Command {
            lines: visible::lines(text, risky),
            description: Some(format!("a program in {language}")),
        },
        Effect::TerminalInput { terminal, text } => ActionBody::Command {
            lines: visible::lines(text, risky),
            description: Some(format!("typed into {terminal}")),
        },
        Effect::ConfigChange { what, arguments } | Effect::Account { operation: what, arguments } => {
            ActionBody::Table { title: visible::line(what), rows: rows(arguments) }
        }
        Effect::Schedule { change, what } => ActionBody::Table {
            title: visible::line(&format!("Scheduled job: {change}")),
            rows: vec![Row { name: "job".to_owned(), value: visible::lines(what, risky) }],
        },
        Effect::Message { channel, to, text } => ActionBody::Table {
            title: visible::line(&format!("Sends a message by {channel}")),
            rows: vec![
                Row { name: "to".to_owned(), value: visible::lines(to, &[]) },
                Row { name: "text".to_owned(), value: visible::lines(text, risky) },
            ],
        },
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

fn patched(file: &FilePatch) -> String {
    match &file.op {
        PatchOp::Add => format!("{} (new)", file.path),
        PatchOp::Update => file.path.clone(),
        PatchOp::Delete => format!("{} (deleted)", file.path),
        PatchOp::Move { to } => format!("{} (moved to {to})", file.path),
    }
}

fn patch_lines(file: &FilePatch) -> Vec<DiffLine> {
    let mut lines = vec![DiffLine { sign: DiffSign::Context, line: visible::line(&patched(file)) }];
    lines.extend(diff(&file.change));
    lines
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

/// Text with every unusual character written out.
pub(crate) fn drawn(text: &str) -> String {
    visible::line(text).into_iter().map(|segment| segment.text).collect()
}

/// One line for lists.
pub(crate) fn headline(action: &Action) -> String {
    let text = match &action.effect {
        Effect::Shell { command, .. } => command.lines().next().unwrap_or_default().to_owned(),
        Effect::FileWrite { path, .. } => format!("{} {path}", action.tool),
        Effect::FileRead { path } => format!("Read {path}"),
        Effect::FileDelete { paths } => format!("Delete {}", paths.join(", ")),
        Effect::Patch { files } => {
            format!("Patch {}", files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>().join(", "))
        }
        Effect::Network { url, method } => format!("{} {url}", method.as_deref().unwrap_or("Fetch")),
        Effect::Code { language, text } => {
            format!("{language}: {}", text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default())
        }
        Effect::TerminalInput { text, .. } => format!("Type {text}"),
        Effect::ConfigChange { what, .. } => format!("Change {what}"),
        Effect::Schedule { change, what } => format!("Schedule ({change}): {what}"),
        Effect::Message { channel, to, .. } => format!("Message to {to} by {channel}"),
        Effect::Account { operation, .. } => operation.clone(),
        Effect::Mcp { server, tool, .. } => format!("{server}: {tool}"),
        Effect::AgentSpawn { agent, .. } => format!("Start {agent}"),
        Effect::Internal { .. } | Effect::Other { .. } => action.tool.clone(),
    };
    let drawn = drawn(&text);
    let mut short: String = drawn.chars().take(160).collect();
    if short.len() < drawn.len() {
        short.push('…');
    }
    short
}
