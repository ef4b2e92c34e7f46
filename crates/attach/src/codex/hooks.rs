//! The hooks of a home as Codex lists them, and what is said to have some of them trusted.

use serde_json::{Map, Value, json};

use crate::{CallError, json as read};

/// Hooks of one list that are read.
const HOOKS: usize = 2_000;
/// What the calls are named.
pub(crate) const LIST: &str = "hooks/list";
pub(crate) const WRITE: &str = "config/batchWrite";

/// One hook, as Codex lists it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hook {
    /// The name of its place: the file, the event, and which one of it.
    pub key: String,
    /// Its event (`preToolUse`).
    pub event: String,
    /// `command`, or what else it is.
    pub handler: String,
    /// The whole command line.
    pub command: Option<String>,
    /// Which tools it is for.
    pub matcher: Option<String>,
    /// How long it is waited for (seconds).
    pub timeout_s: Option<u64>,
    /// What is shown meanwhile.
    pub status: Option<String>,
    /// Whether Codex goes on without waiting for it. Old releases do not know that.
    pub is_async: bool,
    /// Whose configuration it is in (`user`, `project`, …).
    pub source: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Its fingerprint as it is now.
    pub fingerprint: String,
    /// `trusted`, `untrusted`, `modified`, `managed`, or a newer word.
    pub trust: String,
}

impl Hook {
    /// From a row of the list; nothing without the name of its place.
    fn read(row: &Value) -> Option<Self> {
        Some(Self {
            key: read::text(row, "/key")?,
            event: read::word(row, "/eventName"),
            handler: read::word(row, "/handlerType"),
            command: read::text(row, "/command"),
            matcher: read::text(row, "/matcher"),
            timeout_s: read::number(row, "/timeoutSec"),
            status: read::text(row, "/statusMessage"),
            is_async: read::flag(row, "/async").unwrap_or(false),
            source: read::word(row, "/source"),
            enabled: read::flag(row, "/enabled").unwrap_or(false),
            fingerprint: read::word(row, "/currentHash"),
            trust: read::word(row, "/trustStatus"),
        })
    }

    /// Whether it runs: trusted as it is now, and switched on.
    pub fn runs(&self) -> bool {
        self.trust == "trusted" && self.enabled
    }
}

/// What is asked for a list. The folder is the home itself: no project's hooks are in it.
pub(crate) fn list(folder: &str) -> Value {
    json!({ "cwds": [folder] })
}

/// The hooks of the one folder that was asked about.
pub(crate) fn listed(answer: &Value) -> Result<Vec<Hook>, CallError> {
    let rows = answer.pointer("/data/0/hooks").and_then(Value::as_array);
    let rows = rows.ok_or_else(|| CallError::unreadable(LIST, "the list"))?;
    Ok(rows.iter().take(HOOKS).filter_map(Hook::read).collect())
}

/// What is said to have these hooks trusted, by the names of their places with their fingerprints, and no other.
/// Threads of the one that is told take them up at once.
pub(crate) fn trusting(hooks: &[(String, String)]) -> Value {
    let states: Map<String, Value> =
        hooks.iter().map(|(key, print)| (key.clone(), json!({ "trusted_hash": print }))).collect();
    let edit = json!({ "keyPath": "hooks.state", "mergeStrategy": "upsert", "value": states });
    json!({ "edits": [edit], "reloadUserConfig": true })
}

/// The lines of the configuration in which Codex keeps that, as a difference: the name of the place, the fingerprint,
/// and the one that stands there now.
pub fn trust_lines<'a>(hooks: impl IntoIterator<Item = (&'a str, &'a str, Option<&'a str>)>) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let mut lines = String::from("@@ [hooks.state] @@\n");
    for (key, print, now) in hooks {
        let sign = if now.is_some() { ' ' } else { '+' };
        lines.push_str(&format!("{sign}[hooks.state.{}]\n", quoted(key)));
        if let Some(now) = now {
            lines.push_str(&format!("-trusted_hash = {}\n", quoted(now)));
        }
        lines.push_str(&format!("+trusted_hash = {}\n", quoted(print)));
    }
    lines
}

/// Whether it was written.
pub(crate) fn written(answer: &Value) -> Result<(), CallError> {
    match read::word(answer, "/status").as_str() {
        "ok" => Ok(()),
        other => Err(CallError::NotPossible(format!("Codex did not write it as asked ({other})"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A row as 0.169.0 tells it.
    fn row() -> Value {
        json!({ "key": "/h/config.toml:pre_tool_use:0:0", "eventName": "preToolUse", "handlerType": "command",
            "command": "/bin/sh -c 'x' '/x/clawbutler-hook'", "async": false, "matcher": "*", "timeoutSec": 3600,
            "statusMessage": "Waiting", "additionalContextLimit": null, "sourcePath": "/h/config.toml",
            "source": "user", "pluginId": null, "environmentId": null, "displayOrder": 0, "enabled": true,
            "isManaged": false, "currentHash": "sha256:d0", "trustStatus": "untrusted" })
    }

    #[test]
    fn a_list_is_read_and_what_has_no_place_is_left_out() {
        let answer = json!({ "data": [{ "cwd": "/h", "hooks": [row(), { "command": "true" }] }] });
        let hook = Hook {
            key: "/h/config.toml:pre_tool_use:0:0".to_owned(),
            event: "preToolUse".to_owned(),
            handler: "command".to_owned(),
            command: Some("/bin/sh -c 'x' '/x/clawbutler-hook'".to_owned()),
            matcher: Some("*".to_owned()),
            timeout_s: Some(3_600),
            status: Some("Waiting".to_owned()),
            is_async: false,
            source: "user".to_owned(),
            enabled: true,
            fingerprint: "sha256:d0".to_owned(),
            trust: "untrusted".to_owned(),
        };
        assert!(!hook.runs() && Hook { trust: "trusted".to_owned(), ..hook.clone() }.runs());
        assert_eq!(listed(&answer), Ok(vec![hook]));
        assert!(listed(&json!({ "data": [] })).is_err(), "no list is not an empty one");
    }

    #[test]
    fn only_what_is_named_is_trusted() {
        let said = trusting(&[("k".to_owned(), "sha256:d0".to_owned())]);
        let edit = json!({ "keyPath": "hooks.state", "mergeStrategy": "upsert",
            "value": { "k": { "trusted_hash": "sha256:d0" } } });
        assert_eq!(said, json!({ "edits": [edit], "reloadUserConfig": true }));
        assert_eq!(written(&json!({ "status": "ok" })), Ok(()));
        assert!(written(&json!({ "status": "okOverridden" })).is_err());
    }

    #[test]
    fn what_will_stand_in_the_file_is_shown() {
        let lines = trust_lines([("/h/c:pre_tool_use:0:0", "sha256:d0", None), ("k", "new", Some("old"))]);
        let expected = [
            "@@ [hooks.state] @@",
            "+[hooks.state.\"/h/c:pre_tool_use:0:0\"]",
            "+trusted_hash = \"sha256:d0\"",
            " [hooks.state.\"k\"]",
            "-trusted_hash = \"old\"",
            "+trusted_hash = \"new\"",
        ];
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    }

    proptest! {
        #[test]
        fn no_row_breaks_it(text in ".{0,200}", member in "(key|hooks|data|command|timeoutSec|enabled)") {
            let mut odd = row();
            odd[member.as_str()] = serde_json::from_str(&text).unwrap_or(Value::String(text));
            let read = listed(&json!({ "data": [{ "hooks": [odd] }] })).unwrap();
            prop_assert!(read.len() <= 1);
        }
    }
}
