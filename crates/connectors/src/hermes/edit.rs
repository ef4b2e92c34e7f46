//! The exact edit of `config.yaml`: our plugin enabled, and taken out again, with every other byte as it was.
//!
//! What the parser does not understand is left alone, and an edit that would change any other value is refused.

use super::yaml::{self, Entry, Kind, Node};

/// The plugin's name.
pub(super) const NAME: &str = "clawbutler";
/// Stands behind every line of ours.
const MARK: &str = "  # ClawButler's guard";
/// The first line of a file that we began.
const HEAD: &str = "# Begun by ClawButler\n";
/// A list that we began inside braces, recognised by its blanks.
const BRACED: &str = "enabled: [ clawbutler ]";

/// What beside the plugin itself is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wants {
    /// Releases after 0.19 stop a question after 30 s unless told otherwise.
    pub(super) callback_timeout: bool,
    /// From 0.21 on a plugin can answer Hermes' own prompts.
    pub(super) transport: bool,
}

/// One setting of ours: path, key, value.
const TIMEOUT: (&[&str], &str, &str) = (&["plugins"], "hook_callback_timeout", "0");
const TRANSPORT: [(&[&str], &str, &str); 2] =
    [(&["security", "approval"], "transport", NAME), (&["security", "approval"], "transport_fallback", "builtin")];

/// The text with the plugin enabled. The error says what is in the way.
pub(super) fn install(text: Option<&str>, wants: Wants) -> Result<String, String> {
    let mut now = text.map_or_else(|| HEAD.to_owned(), str::to_owned);
    let before = parse(&now)?;
    if let Some(list) = before.get(&["plugins", "disabled"]).filter(|list| list.has_item(NAME)) {
        now = without_item(&now, &before, list, "disabled")?;
    }
    let tree = parse(&now)?;
    if !enabled(&tree) {
        now = match tree.get(&["plugins"]).and_then(|plugins| plugins.entry("enabled")) {
            Some(entry) => with_item(&now, entry)?,
            None => with_setting(&now, &["plugins"], "enabled", "[clawbutler]")?,
        };
    }
    let timeout = [TIMEOUT].into_iter().filter(|_| wants.callback_timeout);
    for (path, key, value) in timeout.chain(TRANSPORT.into_iter().filter(|_| wants.transport)) {
        let whole: Vec<&str> = path.iter().copied().chain([key]).collect();
        if parse(&now)?.get(&whole).is_none() {
            now = with_setting(&now, path, key, value)?;
        }
    }
    let after = parse(&now)?;
    if !enabled(&after) || is_disabled(&after) || !stripped(&after).same(&stripped(&before)) {
        return Err("the list of enabled plugins stands in a form that cannot be changed exactly".to_owned());
    }
    Ok(now)
}

/// The text without anything of ours; `None` when nothing is left of a file that we began.
pub(super) fn uninstall(text: &str) -> Result<Option<String>, String> {
    let before = parse(text)?;
    let mut now = without_marked(text);
    for (path, list) in [(["plugins", "enabled"], "enabled"), (["plugins", "disabled"], "disabled")] {
        let tree = parse(&now)?;
        if let Some(node) = tree.get(&path).filter(|node| node.has_item(NAME)) {
            now = match now.find(BRACED).filter(|_| list == "enabled" && node.items().len() == 1) {
                Some(at) if tree.get(&["plugins", "enabled"]).is_some_and(|node| node.span.start == at + 9) => {
                    let mut end = at + BRACED.len();
                    if now[end..].starts_with(", ") {
                        end += 2;
                    }
                    format!("{}{}", &now[..at], &now[end..])
                }
                _ => without_item(&now, &tree, node, list)?,
            };
        }
    }
    let tree = parse(&now)?;
    if let Some(entry) = tree.get(&["security", "approval"]).and_then(|node| node.entry("transport"))
        && entry.value.text() == Some(NAME)
    {
        now = without_line(&now, entry)?;
    }
    let after = parse(&now)?;
    if after.get(&["plugins", "enabled"]).is_some_and(|node| node.has_item(NAME))
        || !stripped(&after).same(&stripped(&before))
    {
        return Err("our entry stands in a form that cannot be taken out exactly".to_owned());
    }
    Ok((now != HEAD).then_some(now))
}

fn parse(text: &str) -> Result<Node, String> {
    yaml::parse(text).map_err(|error| format!("{error}, which is not understood"))
}

/// Whether the plugin is in the list of enabled ones.
pub(super) fn enabled(tree: &Node) -> bool {
    tree.get(&["plugins", "enabled"]).is_some_and(|list| list.has_item(NAME))
}

/// Whether the plugin is in the list of disabled ones, which wins.
pub(super) fn is_disabled(tree: &Node) -> bool {
    tree.get(&["plugins", "disabled"]).is_some_and(|list| list.has_item(NAME))
}

/// The values without ours, and without what becomes empty by that.
fn stripped(tree: &Node) -> Node {
    fn strip(node: &Node, path: &[&str]) -> Node {
        let kind = match &node.kind {
            Kind::Map { entries, .. } => {
                let ours = |entry: &Entry| match (path, entry.key.as_str()) {
                    (["plugins"], "hook_callback_timeout") => entry.value.text() == Some("0"),
                    (["security", "approval"], "transport") => entry.value.text() == Some(NAME),
                    (["security", "approval"], "transport_fallback") => entry.value.text() == Some("builtin"),
                    _ => false,
                };
                let inner = |entry: &Entry| {
                    let path: Vec<&str> = path.iter().copied().chain([entry.key.as_str()]).collect();
                    Entry { value: strip(&entry.value, &path), ..entry.clone() }
                };
                let touched = |key: &str| match path {
                    [] => matches!(key, "plugins" | "security"),
                    ["plugins"] => matches!(key, "enabled" | "disabled"),
                    ["security"] => key == "approval",
                    _ => false,
                };
                let kept: Vec<Entry> = entries
                    .iter()
                    .filter(|entry| !ours(entry))
                    .map(inner)
                    .filter(|entry| !(touched(&entry.key) && entry.value.kind == Kind::Null))
                    .collect();
                if kept.is_empty() { Kind::Null } else { Kind::Map { entries: kept, flow: false } }
            }
            Kind::List { items, .. } if matches!(path, ["plugins", "enabled" | "disabled"]) => {
                let kept: Vec<Node> = items.iter().filter(|item| item.text() != Some(NAME)).cloned().collect();
                if kept.is_empty() { Kind::Null } else { Kind::List { items: kept, flow: false } }
            }
            other => other.clone(),
        };
        Node { kind, span: 0..0 }
    }
    strip(tree, &[])
}

fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Adds lines behind the line that holds `at`. A last line without an end keeps having none.
fn insert_below(text: &str, at: usize, lines: &[String]) -> String {
    let end = line_end(text);
    let added = lines.join(end);
    match text[at..].find('\n') {
        Some(more) => format!("{}{added}{end}{}", &text[..=at + more], &text[at + more + 1..]),
        None if text.is_empty() || text.ends_with('\n') => format!("{text}{added}{end}"),
        None => format!("{text}{end}{added}"),
    }
}

fn indented(columns: usize, content: &str) -> String {
    format!("{}{content}{MARK}", " ".repeat(columns))
}

/// Puts our name into a list that is there.
fn with_item(text: &str, entry: &Entry) -> Result<String, String> {
    let node = &entry.value;
    match &node.kind {
        Kind::List { items, flow: true } => {
            let (at, added) = match items.last() {
                Some(last) => (last.span.end, format!(", {NAME}")),
                None => (node.span.start + 1, NAME.to_owned()),
            };
            Ok(format!("{}{added}{}", &text[..at], &text[at..]))
        }
        Kind::List { flow: false, .. } => {
            let line = text[..node.span.start].rfind('\n').map_or(0, |at| at + 1);
            let columns = text[line..node.span.start].chars().filter(|c| *c != '\u{feff}').count();
            Ok(insert_below(text, node.span.end, &[indented(columns, &format!("- {NAME}"))]))
        }
        Kind::Null if node.span.is_empty() && entry.indent > 0 => {
            Ok(insert_below(text, node.span.end, &[indented(entry.indent + 2, &format!("- {NAME}"))]))
        }
        Kind::Null | Kind::Scalar { .. } | Kind::Map { .. } => {
            Err("\"plugins.enabled\" should be a list of names".to_owned())
        }
    }
}

/// Puts a setting of ours where its mapping is, making the mappings above it that are missing.
fn with_setting(text: &str, path: &[&str], key: &str, value: &str) -> Result<String, String> {
    let tree = parse(text)?;
    let (mut node, mut above, mut depth) = (&tree, None, 0);
    while let Some(entry) = path.get(depth).and_then(|key| node.entry(key)) {
        (node, above, depth) = (&entry.value, Some(entry), depth + 1);
    }
    let missing = &path[depth..];
    let chain = |columns: usize| {
        let keys = missing.iter().map(|key| format!("{key}:")).chain([format!("{key}: {value}")]);
        keys.enumerate().map(|(level, line)| indented(columns + 2 * level, &line)).collect::<Vec<_>>()
    };
    match (&node.kind, above) {
        (Kind::Null, None) => Ok(insert_below(text, text.len(), &chain(0))),
        (Kind::Map { entries, flow: false }, None) if entries.iter().all(|entry| entry.indent == 0) => {
            Ok(insert_below(text, text.len(), &chain(0)))
        }
        (Kind::Null, Some(entry)) if node.span.is_empty() => {
            Ok(insert_below(text, node.span.end, &chain(entry.indent + 2)))
        }
        (Kind::Map { entries, flow: false }, Some(entry)) => {
            let columns = entries.first().map_or(entry.indent + 2, |first| first.indent);
            // Directly below the key, so that comments before the first entry stay with it.
            Ok(insert_below(text, entry.at, &chain(columns)))
        }
        (Kind::Map { entries, flow: true }, Some(_)) => {
            let leaf = if key == "enabled" { BRACED.to_owned() } else { format!("{key}: {value}") };
            let braces = missing.iter().rev().fold(leaf, |inner, key| format!("{key}: {{{inner}}}"));
            let comma = if entries.is_empty() { "" } else { ", " };
            let at = node.span.start + 1;
            Ok(format!("{}{braces}{comma}{}", &text[..at], &text[at..]))
        }
        _ => Err(format!("\"{}\" should be a mapping", path[..depth.max(1)].join("."))),
    }
}

/// Takes the lines with our mark out, then the keys with our mark that nothing stands under any more.
fn without_marked(text: &str) -> String {
    const LEAVES: &[&str] = &[
        "- clawbutler", "enabled: [clawbutler]", "hook_callback_timeout: 0", "transport: clawbutler",
        "transport_fallback: builtin",
    ];
    const KEYS: &[&str] = &["approval:", "security:", "plugins:"];
    let ours =
        |line: &str| line.trim_end_matches(['\n', '\r']).strip_suffix(MARK).map(|line| line.trim_start().to_owned());
    let mut now = keep_lines(text, |line, _| !ours(line).is_some_and(|line| LEAVES.contains(&line.as_str())));
    for key in KEYS {
        now = keep_lines(&now, |line, rest| {
            let columns = |line: &str| line.len() - line.trim_start_matches(' ').len();
            let below = rest.lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            let empty = below.is_none_or(|below| {
                columns(below) <= columns(line)
                    && !(columns(below) == columns(line) && below.trim_start().starts_with('-'))
            });
            !(empty && ours(line).as_deref() == Some(*key))
        });
    }
    now
}

/// The lines that are to stay, each judged with what follows it. Without a last line, the one before it loses
/// its end if the last had none.
fn keep_lines(text: &str, stays: impl Fn(&str, &str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    for line in text.split_inclusive('\n') {
        rest = &rest[line.len()..];
        if stays(line, rest) {
            out.push_str(line);
        } else if !line.ends_with('\n') && out.ends_with('\n') {
            out.pop();
            if out.ends_with('\r') {
                out.pop();
            }
        }
    }
    out
}

/// Takes our name out of a list that others filled.
fn without_item(text: &str, tree: &Node, list: &Node, key: &str) -> Result<String, String> {
    let at = list.items().iter().position(|item| item.text() == Some(NAME)).unwrap_or_default();
    let Kind::List { items, flow } = &list.kind else { return Err(format!("\"plugins.{key}\" should be a list")) };
    let item = &items[at].span;
    if *flow {
        let (from, to) = match (at.checked_sub(1).map(|before| items[before].span.end), items.get(at + 1)) {
            (Some(before), _) => (before, item.end),
            (None, Some(next)) => (item.start, next.span.start),
            (None, None) => (item.start, item.end),
        };
        return Ok(format!("{}{}", &text[..from], &text[to..]));
    }
    let entry = tree.get(&["plugins"]).and_then(|plugins| plugins.entry(key));
    let Some(entry) = entry else { return Err(format!("\"plugins.{key}\" should be a list")) };
    let line = text[..item.start].matches('\n').count();
    let mut now: String =
        text.split_inclusive('\n').enumerate().filter(|(number, _)| *number != line).map(|(_, line)| line).collect();
    if items.len() == 1 {
        // An empty list, not nothing: nothing would mean the default.
        let colon = entry.at + text[entry.at..].find(':').unwrap_or_default() + 1;
        now.insert_str(colon, " []");
    }
    Ok(now)
}

/// Takes an entry that stands on one line out.
fn without_line(text: &str, entry: &Entry) -> Result<String, String> {
    let from = text[..entry.at].rfind('\n').map_or(0, |at| at + 1);
    if text[from..entry.at].trim() != "" {
        return Err("the approval transport stands in braces".to_owned());
    }
    let line = text[..from].matches('\n').count();
    Ok(text.split_inclusive('\n').enumerate().filter(|(number, _)| *number != line).map(|(_, line)| line).collect())
}

#[cfg(test)]
mod tests;
