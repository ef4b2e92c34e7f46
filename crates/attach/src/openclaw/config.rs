//! The configuration: two snapshots compared by meaning, a change tried out before it is made, and its way back.

use std::collections::BTreeSet;

use clawbutler_core::limits::ATTACH_ROWS;
use serde_json::{Map, Value};

use crate::json as read;

/// What the gateway shows instead of a secret.
const HIDDEN: &str = "__OPENCLAW_REDACTED__";
/// How a secret begins that we masked ourselves.
const MASKED: &str = "[masked:";

/// A snapshot. Secrets in it are hidden by the gateway.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// What its file says.
    pub value: Value,
    /// Names this very state; a change must give it.
    pub hash: String,
    /// Whether what is in force is of before: a restart is due.
    pub restart_due: bool,
    /// Whether the gateway finds it valid.
    pub valid: bool,
}

impl Config {
    pub(crate) fn read(answer: &Value) -> Option<Self> {
        let value = ["/sourceConfig", "/parsed", "/config"].into_iter().find_map(|path| answer.pointer(path))?;
        let revision = read::text(answer, "/configRevisionHash");
        let applied = read::text(answer, "/appliedConfigHash");
        Some(Self {
            value: value.clone(),
            hash: read::text(answer, "/hash")?,
            restart_due: matches!((revision, applied), (Some(new), Some(old)) if new != old),
            valid: read::flag(answer, "/valid").unwrap_or(true),
        })
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where: `tools.exec.mode`, `models.providers.x.models[gpt]`.
    pub path: String,
    /// What it was; absent when it is new.
    pub before: Option<Value>,
    /// What it is; absent when it was taken away.
    pub after: Option<Value>,
}

/// The differences by meaning: the order of members does not matter, `1` is `1.0`, entries with an id are compared
/// by it. Other lists are compared whole, because their order may mean something. At most [`ATTACH_ROWS`].
pub fn diff(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    compare("", Some(before), Some(after), &mut changes);
    changes
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    if changes.len() >= ATTACH_ROWS {
        return;
    }
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                compare(&join(path, name), old.get(name), new.get(name), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if by_id(old) && by_id(new) => {
            let ids: BTreeSet<&str> = old.iter().chain(new).filter_map(id).collect();
            for one in ids {
                compare(&format!("{path}[{one}]"), with_id(old, one), with_id(new, one), changes);
            }
        }
        (Some(old), Some(new)) if same(old, new) => {}
        (None, None) => {}
        _ => changes.push(Change { path: path.to_owned(), before: before.cloned(), after: after.cloned() }),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn id(entry: &Value) -> Option<&str> {
    entry.get("id").and_then(Value::as_str)
}

fn by_id(entries: &[Value]) -> bool {
    !entries.is_empty() && entries.iter().all(|entry| id(entry).is_some())
}

fn with_id<'a>(entries: &'a [Value], wanted: &str) -> Option<&'a Value> {
    entries.iter().find(|entry| id(entry) == Some(wanted))
}

fn same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(old), Value::Number(new)) => old == new || old.as_f64() == new.as_f64(),
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
        }
        (Value::Object(old), Value::Object(new)) => {
            old.len() == new.len() && old.iter().all(|(name, old)| new.get(name).is_some_and(|new| same(old, new)))
        }
        _ => old == new,
    }
}

/// What a change would do, found out without making it.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// What the configuration would be.
    pub after: Value,
    /// How it would differ.
    pub changes: Vec<Change>,
    /// The lists that would lose entries. The gateway wants them named.
    pub replaces: Vec<String>,
    /// The way back.
    pub rollback: Rollback,
}

impl DryRun {
    /// Tries a merge patch on a snapshot: members merge, `null` takes away, entries with an id merge by it, other
    /// lists replace.
    pub fn new(before: &Value, patch: &Value) -> Self {
        let after = merged(before, patch);
        let mut replaces = Vec::new();
        shrunk("", before, &after, &mut replaces);
        let rollback = rollback(before, &after);
        Self { changes: diff(before, &after), after, replaces, rollback }
    }
}

/// A configuration with a merge patch applied.
#[must_use]
pub fn merged(before: &Value, patch: &Value) -> Value {
    match (before, patch) {
        (before, Value::Object(patch)) => {
            let mut members = before.as_object().cloned().unwrap_or_default();
            for (name, change) in patch {
                if change.is_null() {
                    members.remove(name);
                } else {
                    let old = members.get(name).cloned().unwrap_or_default();
                    members.insert(name.clone(), merged(&old, change));
                }
            }
            Value::Object(members)
        }
        (Value::Array(old), Value::Array(new)) if by_id(old) && by_id(new) => {
            let mut entries = old.clone();
            for change in new {
                match entries.iter_mut().find(|entry| id(entry) == id(change)) {
                    Some(entry) => *entry = merged(entry, change),
                    None => entries.push(change.clone()),
                }
            }
            Value::Array(entries)
        }
        _ => patch.clone(),
    }
}

/// The lists of `before` that are shorter or gone in `after`.
fn shrunk(path: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(old), _) => {
            for (name, old) in old {
                shrunk(&join(path, name), old, after.get(name).unwrap_or(&Value::Null), found);
            }
        }
        (Value::Array(old), Value::Array(new)) if old.iter().all(|entry| new.contains(entry)) => {}
        (Value::Array(old), Value::Array(new))
            if by_id(old) && old.iter().all(|entry| id(entry).is_some_and(|one| with_id(new, one).is_some())) => {}
        (Value::Array(_), _) => found.push(path.to_owned()),
        _ => {}
    }
}

/// The way from one snapshot back to an earlier one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rollback {
    /// The merge patch; an empty object when there is nothing to undo.
    pub patch: Value,
    /// The lists it replaces.
    pub replaces: Vec<String>,
    /// What it cannot bring back: secrets that were hidden from us.
    pub lost: Vec<String>,
}

/// The way back from `after` to `before`.
#[must_use]
pub fn rollback(before: &Value, after: &Value) -> Rollback {
    let mut back = Rollback { patch: Value::Object(Map::new()), ..Rollback::default() };
    back.patch =
        undo("", before, after, &mut back.replaces, &mut back.lost).unwrap_or_else(|| Value::Object(Map::new()));
    back
}

/// The patch for one place; nothing when it is the same, or cannot be brought back.
fn undo(
    path: &str,
    before: &Value,
    after: &Value,
    replaces: &mut Vec<String>,
    lost: &mut Vec<String>,
) -> Option<Value> {
    if same(before, after) {
        return None;
    }
    if let (Value::Object(old), Value::Object(new)) = (before, after) {
        let mut patch = Map::new();
        for (name, value) in old {
            let now = new.get(name).unwrap_or(&Value::Null);
            if let Some(change) = undo(&join(path, name), value, now, replaces, lost) {
                patch.insert(name.clone(), change);
            }
        }
        for name in new.keys().filter(|name| !old.contains_key(*name)) {
            named_lists(&join(path, name), &new[name], replaces);
            patch.insert(name.clone(), Value::Null);
        }
        return (!patch.is_empty()).then_some(Value::Object(patch));
    }
    if hides(before) {
        lost.push(path.to_owned());
        return None;
    }
    if before.is_array() || after.is_array() {
        replaces.push(path.to_owned());
    }
    Some(before.clone())
}

/// The lists inside something that is taken away.
fn named_lists(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(_) => found.push(path.to_owned()),
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| named_lists(&join(path, name), value, found));
        }
        _ => {}
    }
}

fn hides(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(HIDDEN) || text.contains(MASKED),
        Value::Array(items) => items.iter().any(hides),
        Value::Object(members) => members.values().any(hides),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn differences_are_by_meaning() {
        let before = json!({ "a": 1, "b": { "x": true, "gone": "g" }, "models": [{ "id": "m", "cost": 1 }, { "id": "n" }], "list": [1, 2] });
        let after = json!({ "models": [{ "id": "n" }, { "cost": 2, "id": "m" }], "b": { "x": true, "new": 0 }, "a": 1.0, "list": [2, 1] });
        let change =
            |path: &str, before: Option<Value>, after: Option<Value>| Change { path: path.to_owned(), before, after };
        assert_eq!(
            diff(&before, &after),
            [
                change("b.gone", Some(json!("g")), None),
                change("b.new", None, Some(json!(0))),
                change("list", Some(json!([1, 2])), Some(json!([2, 1]))),
                change("models[m].cost", Some(json!(1)), Some(json!(2))),
            ]
        );
    }

    #[test]
    fn a_change_is_tried_out_with_its_way_back() {
        let before = json!({ "tools": { "exec": { "mode": "ask" }, "deny": ["a", "b"] }, "gateway": { "auth": { "token": HIDDEN } } });
        let patch = json!({ "tools": { "exec": { "mode": "full" }, "deny": ["a"] }, "plugins": { "load": { "paths": ["p"] } } });
        let dry = DryRun::new(&before, &patch);
        let paths: Vec<&str> = dry.changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["plugins", "tools.deny", "tools.exec.mode"]);
        assert_eq!(dry.replaces, ["tools.deny"]);
        assert_eq!(
            dry.rollback,
            Rollback {
                patch: json!({ "tools": { "exec": { "mode": "ask" }, "deny": ["a", "b"] }, "plugins": null }),
                replaces: vec!["tools.deny".to_owned(), "plugins.load.paths".to_owned()],
                lost: Vec::new(),
            }
        );
        let other = json!({ "gateway": { "auth": { "token": "x" } } });
        assert_eq!(rollback(&before, &merged(&before, &other)).lost, ["gateway.auth.token"]);
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (0_u8..4).prop_map(Value::from),
            "[a-c]{1,2}".prop_map(Value::from)
        ];
        let inner = leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-d]", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        prop::collection::btree_map("[a-d]", inner, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn the_way_back_leads_back(before in tree(), after in tree()) {
            let back = rollback(&before, &after);
            prop_assert_eq!(merged(&after, &back.patch), before);
        }

        #[test]
        fn nothing_differs_from_itself(value in tree()) {
            prop_assert_eq!(diff(&value, &value), []);
            prop_assert_eq!(rollback(&value, &value).patch, json!({}));
        }
    }
}
