//! OpenClaw's configuration (`openclaw.json`, JSON5) as a value.
//!
//! What an `$include` brings in is not followed: the file that names it is what our edit and our look are
//! about, and the facts say that there is more.

use std::path::Path;

use serde_json::Value;

use crate::connector::GuardError;
use crate::disk;
use crate::jsonc;

/// The whole configuration; an object, empty when there is no file or nothing in it.
pub(super) fn read(path: &Path) -> Result<Value, GuardError> {
    let disk = disk::read(path)?;
    let (_, body) = disk::split_bom(disk.text()?.unwrap_or_default());
    if body.trim().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    match jsonc::value5(body) {
        Ok(Some(value @ Value::Object(_))) => Ok(value),
        Ok(Some(_)) => {
            let what = "the whole is not an object (`{ … }`)".to_owned();
            Err(GuardError::Shape { path: disk.path, what })
        }
        Ok(None) => Err(GuardError::NotParsable { path: disk.path, why: "it holds only comments".to_owned() }),
        Err(why) => Err(GuardError::NotParsable { path: disk.path, why }),
    }
}

/// A value deep inside, by the names on the way.
pub(super) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name)).filter(|value| !value.is_null())
}

/// A text deep inside.
pub(super) fn text_at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Texts of a list deep inside; empty when there is none.
pub(super) fn texts_at<'a>(value: &'a Value, path: &[&str]) -> Vec<&'a str> {
    at(value, path).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The agents with their settings: `agents.entries` today, `agents.list` before. There is always `main`.
pub(super) fn agents(config: &Value) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = match at(config, &["agents", "entries"]).and_then(Value::as_object) {
        Some(entries) => entries.iter().map(|(id, entry)| (id.clone(), entry.clone())).collect(),
        None => {
            let list = at(config, &["agents", "list"]).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|agent| Some((text_at(agent, &["id"])?.to_owned(), agent.clone()))).collect()
        }
    };
    if found.is_empty() {
        found.push(("main".to_owned(), Value::Null));
    }
    found
}
