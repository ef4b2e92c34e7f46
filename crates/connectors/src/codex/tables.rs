//! Where the hook entries stand in the text of a configuration.

use std::ops::Range;

use serde_json::Value;
use toml_edit::{Item, Table};

use super::{config, entries};

/// One hook handler in a text.
#[derive(Debug, Clone)]
pub(super) struct Handler {
    /// The client's event name.
    pub(super) event: String,
    /// Which group of the event it is in, and which handler of the group it is.
    pub(super) place: (usize, usize),
    /// The group's matcher.
    pub(super) matcher: Option<Value>,
    /// The handler itself.
    pub(super) value: Value,
    /// Its lines; absent when it is written inline.
    pub(super) spot: Option<Spot>,
}

impl Handler {
    /// Whether it is one of ours.
    pub(super) fn is_ours(&self) -> bool {
        entries::is_ours(&self.value)
    }

    /// The key under which the client keeps its trust.
    pub(super) fn key(&self, source: &str) -> String {
        let (group, own) = self.place;
        format!("{source}:{}:{group}:{own}", entries::snake(&self.event))
    }
}

/// The lines of a handler.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    /// The handler's own lines, line ends included.
    pub(super) own: Range<usize>,
    /// Its group's lines, itself included.
    pub(super) group: Range<usize>,
    /// Whether it is the only handler of its group.
    pub(super) alone: bool,
}

/// A parsed text that knows where everything stands.
pub(super) type Parsed<'a> = toml_edit::Document<&'a str>;

/// Parses, or says where the text breaks.
pub(super) fn parse(text: &str) -> Result<Parsed<'_>, String> {
    toml_edit::Document::parse(text).map_err(|error| config::place(text, &error))
}

/// Every hook handler, in the order of the client. Groups of the wrong kind are passed over.
pub(super) fn handlers(text: &str, parsed: &Parsed<'_>) -> Vec<Handler> {
    let mut all = Vec::new();
    let Some(hooks) = parsed.as_table().get("hooks").and_then(Item::as_table_like) else { return all };
    for (event, groups) in hooks.iter() {
        let spots = groups.as_array_of_tables();
        let Value::Array(plain) = config::plain(groups) else { continue };
        for (group_index, group) in plain.iter().enumerate() {
            let Some(own) = group.get("hooks").and_then(Value::as_array) else { continue };
            let table = spots.and_then(|spots| spots.get(group_index));
            for (index, value) in own.iter().enumerate() {
                all.push(Handler {
                    event: event.to_owned(),
                    place: (group_index, index),
                    matcher: group.get("matcher").cloned(),
                    value: value.clone(),
                    spot: table.and_then(|table| spot(text, table, index, own.len())),
                });
            }
        }
    }
    all
}

fn spot(text: &str, group: &Table, index: usize, count: usize) -> Option<Spot> {
    let own = group.get("hooks")?.as_array_of_tables()?.get(index)?;
    Some(Spot { own: lines(text, own)?, group: lines(text, group)?, alone: count == 1 })
}

/// From the header's line to the end of the last line that belongs to a table.
pub(super) fn lines(text: &str, table: &Table) -> Option<Range<usize>> {
    let header = table.span()?;
    let start = text[..header.start].rfind('\n').map_or(0, |at| at + 1);
    let end = last(table).max(header.end);
    Some(start..end_of_line(text, end))
}

/// Where the line of a place ends, its line end included.
pub(super) fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |more| at + more + 1)
}

fn last(table: &Table) -> usize {
    let ends = table.iter().map(|(_, item)| match item {
        Item::Table(table) => last(table),
        Item::ArrayOfTables(tables) => tables.iter().map(last).max().unwrap_or(0),
        Item::Value(value) => value.span().map_or(0, |span| span.end),
        Item::None => 0,
    });
    ends.chain(table.span().map(|span| span.end)).max().unwrap_or(0)
}
