//! Reads Codex's TOML files, within bounds, as plain values.

use std::path::Path;

use serde_json::{Map, Value};
use toml_edit::Item;

use crate::disk;

/// A file's values, or why they cannot be had. A missing file has none.
pub(super) fn values(path: &Path) -> Result<Value, String> {
    let text = disk::read_text(path).map_err(|error| error.to_string())?.text.unwrap_or_default();
    parse(&text).map_err(|why| format!("{} is not valid TOML ({why})", path.display()))
}

/// A text's values, or where it breaks; never what stands there.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let document = toml_edit::Document::parse(text).map_err(|error| place(text, &error))?;
    Ok(plain(document.as_item()))
}

/// Where a text breaks.
pub(super) fn place(text: &str, error: &toml_edit::TomlError) -> String {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let line = text[..at].split('\n').count();
    format!("it breaks at line {line}")
}

/// A TOML value as JSON; times become texts.
pub(super) fn plain(item: &Item) -> Value {
    match item {
        Item::None => Value::Null,
        Item::Value(value) => plain_value(value),
        Item::Table(table) => Value::Object(table.iter().map(|(key, item)| (key.to_owned(), plain(item))).collect()),
        Item::ArrayOfTables(tables) => {
            let one = |table: &toml_edit::Table| {
                Value::Object(table.iter().map(|(key, item)| (key.to_owned(), plain(item))).collect())
            };
            Value::Array(tables.iter().map(one).collect())
        }
    }
}

fn plain_value(value: &toml_edit::Value) -> Value {
    use toml_edit::Value as Toml;
    match value {
        Toml::String(text) => Value::String(text.value().clone()),
        Toml::Integer(number) => Value::from(*number.value()),
        Toml::Float(number) => Value::from(*number.value()),
        Toml::Boolean(word) => Value::Bool(*word.value()),
        Toml::Datetime(time) => Value::String(time.value().to_string()),
        Toml::Array(items) => Value::Array(items.iter().map(plain_value).collect()),
        Toml::InlineTable(table) => {
            let entries = table.iter().map(|(key, value)| (key.to_owned(), plain_value(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

/// The value at a path of keys.
pub(super) fn at<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a Value> {
    keys.iter().try_fold(value, |value, key| value.get(*key))
}

/// The text at a path of keys; absent when empty.
pub(super) fn text<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    at(value, keys)?.as_str().filter(|text| !text.is_empty())
}
