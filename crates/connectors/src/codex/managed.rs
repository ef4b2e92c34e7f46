//! What the machine-wide requirements need besides the hooks: hooks switched on, and a folder named.

use serde_json::Value;
use toml_edit::{Item, Table};

use super::edit::{TextError, shape};
use super::entries::{self, MARK};
use super::tables;

/// Behind every line of ours.
fn mark() -> String {
    format!("# ClawButler's guard ({MARK})")
}

/// Adds what is missing.
pub(super) fn add(text: &str, folder: &str) -> Result<String, TextError> {
    let text = entry(text, "features", "hooks", "true")?;
    entry(&text, "hooks", "managed_dir", &entries::basic(folder))
}

/// `key = value` in `[table]`, unless the key is there with any value.
fn entry(text: &str, table: &str, key: &str, value: &str) -> Result<String, TextError> {
    let parsed = tables::parse(text).map_err(TextError::NotParsable)?;
    let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let found = parsed.as_table().get(table);
    if found.is_some_and(|found| found.get(key).is_some()) {
        return Ok(text.to_owned());
    }
    let line = format!("{key} = {value} {}{eol}", mark());
    match found {
        Some(Item::Table(found)) if !found.is_implicit() && !found.is_dotted() => {
            let header = found.span().ok_or_else(|| shape("a table has no header"))?;
            let at = tables::end_of_line(text, header.end);
            let missing = if text[..at].ends_with('\n') { "" } else { eol };
            Ok(format!("{}{missing}{line}{}", &text[..at], &text[at..]))
        }
        None => Ok(header(text, table, &line, eol)),
        // Made by `[[hooks.X]]` alone: it may still get a header of its own.
        Some(Item::Table(found)) if found.is_implicit() && !Table::is_dotted(found) => {
            Ok(header(text, table, &line, eol))
        }
        Some(_) => Err(shape(&format!("`{table}` is written inline"))),
    }
}

fn header(text: &str, table: &str, line: &str, eol: &str) -> String {
    let mut out = text.to_owned();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(eol);
    }
    if !out.is_empty() {
        out.push_str(eol);
    }
    out.push_str(&format!("[{table}] {}{eol}{line}", mark()));
    out
}

/// Takes our lines out, and the blank line before a header of ours.
pub(super) fn remove(text: &str) -> String {
    let mark = mark();
    let mut kept: Vec<&str> = Vec::new();
    for line in text.split_inclusive('\n') {
        if !line.trim_end().ends_with(&mark) {
            kept.push(line);
        } else if line.starts_with('[') && kept.last().is_some_and(|last| last.trim().is_empty()) {
            kept.pop();
        }
    }
    kept.concat()
}

/// Drops what `add` adds from a file's values.
pub(super) fn strip(value: &mut Value) {
    if let Some(features) = value.get_mut("features").and_then(Value::as_object_mut)
        && features.get("hooks") == Some(&Value::Bool(true))
    {
        features.remove("hooks");
    }
    if let Some(hooks) = value.get_mut("hooks").and_then(Value::as_object_mut) {
        hooks.remove("managed_dir");
        hooks.remove("windows_managed_dir");
    }
}
