//! Reads Codex's TOML files, within bounds, as plain values.

use std::path::{Path, PathBuf};

use clawbutler_core::limits;
use serde_json::{Map, Value};
use toml_edit::Item;

use crate::connector::GuardError;

/// A file as it is on disk.
#[derive(Debug, Clone)]
pub(super) struct OnDisk {
    /// The file itself, links followed.
    pub(super) path: PathBuf,
    /// Whether a link was followed.
    pub(super) linked: bool,
    /// Its text; `None` when there is no file.
    pub(super) text: Option<String>,
}

/// Reads a file within bounds.
pub(super) fn read(path: &Path) -> Result<OnDisk, GuardError> {
    let linked = std::fs::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink());
    let path = if linked { target_of(path) } else { path.to_owned() };
    let facts = match std::fs::metadata(&path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(OnDisk { path, linked, text: None }),
        Err(source) => return Err(GuardError::Io { path, source }),
    };
    if !facts.is_file() {
        return Err(GuardError::NotAFile { path });
    }
    if facts.len() > limits::CONFIG_FILE_BYTES {
        return Err(GuardError::TooBig { path, limit: limits::CONFIG_FILE_BYTES });
    }
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(GuardError::Io { path, source }),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(OnDisk { path, linked, text: Some(text) }),
        Err(_) => Err(GuardError::NotText { path }),
    }
}

/// The end of a chain of links, also when there is no file there yet.
fn target_of(link: &Path) -> PathBuf {
    if let Ok(target) = link.canonicalize() {
        return target;
    }
    let Ok(target) = std::fs::read_link(link) else { return link.to_owned() };
    link.parent().map_or_else(|| target.clone(), |folder| folder.join(&target))
}

/// A file's values, or why they cannot be had. A missing file has none.
pub(super) fn values(path: &Path) -> Result<Value, String> {
    let text = read(path).map_err(|error| error.to_string())?.text.unwrap_or_default();
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
