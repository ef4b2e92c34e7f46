//! The hook entries we put into a settings file, and how we recognise them again.

use std::path::Path;

use serde_json::Value;

use super::ID;
use crate::connector::GuardError;
use crate::env::{Env, Os};
use crate::jsonc::Tree;

/// Key that marks an entry as ours; the client keeps unknown keys.
pub(super) const MARK_KEY: &str = "clawbutler";
/// Its value.
pub(super) const MARK: &str = "guard-v1";
/// Key that remembers what was there before, where an uninstall could not tell.
pub(super) const FOUND_KEY: &str = "clawbutlerFound";
/// There was no file.
pub(super) const NO_FILE: &str = "no file";
/// The file held nothing.
pub(super) const EMPTY_FILE: &str = "an empty file";
/// `hooks` was there without an event.
pub(super) const EMPTY_HOOKS: &str = "empty hooks";
/// The event was there without a group.
pub(super) const EMPTY_EVENT: &str = "an empty event";

/// Seconds a call may wait for a human; longer than `core::limits::APPROVAL_MS_MAX`.
const HOLD_S: u64 = 3600;
/// Program name of the hook.
const PROGRAM: &str = "clawbutler-hook";

/// One event we want a hook in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The client's event name.
    pub(super) event: &'static str,
    verb: &'static str,
    per_tool: bool,
    timeout_s: u64,
}

const fn wanted(event: &'static str, verb: &'static str, per_tool: bool, timeout_s: u64) -> Wanted {
    Wanted { event, verb, per_tool, timeout_s }
}

/// Every event, the gate first. `SessionEnd` shares 1.5 s with everybody's hooks.
pub(super) const WANTED: &[Wanted] = &[
    wanted("PreToolUse", "gate", true, HOLD_S),
    wanted("PermissionRequest", "permission", true, HOLD_S),
    wanted("PostToolUse", "observe", true, 5),
    wanted("PostToolUseFailure", "observe", true, 5),
    wanted("PermissionDenied", "observe", true, 5),
    wanted("SessionStart", "observe", false, 5),
    wanted("SessionEnd", "observe", false, 1),
    wanted("Stop", "observe", false, 5),
    wanted("StopFailure", "observe", false, 5),
    wanted("SubagentStart", "observe", false, 5),
    wanted("SubagentStop", "observe", false, 5),
    wanted("ConfigChange", "config", false, 5),
];

/// How the client starts the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Directly, with `args`.
    Exec,
    /// Through a shell, so that a missing or crashing program blocks on clients without `onFailure`.
    Shell,
}

/// The program's path as it is written into the settings.
pub(super) fn program(env: &Env, hook: &Path) -> Result<String, GuardError> {
    let bad = |why| GuardError::HookPath { path: hook.to_owned(), why };
    let text = hook.to_str().ok_or_else(|| bad("is not text"))?;
    if text.chars().any(char::is_control) {
        return Err(bad("holds control characters"));
    }
    let text = if env.os == Os::Windows { text.replace('\\', "/") } else { text.to_owned() };
    let drive = text.as_bytes().get(1) == Some(&b':') && env.os == Os::Windows;
    if !text.starts_with('/') && !drive {
        return Err(bad("is not absolute"));
    }
    Ok(text)
}

impl Wanted {
    /// The handler object.
    pub(super) fn handler(&self, program: &str, form: Form, found: Option<&str>) -> Tree {
        let gate = self.verb == "gate";
        let mut entries = vec![("type", Tree::text("command"))];
        match form {
            Form::Exec => {
                entries.push(("command", Tree::text(program)));
                entries.push(("args", Tree::List(vec![Tree::text(ID), Tree::text(self.verb)])));
            }
            Form::Shell => {
                let tail = if gate { " || exit 2" } else { "" };
                entries.push(("command", Tree::Text(format!("{} {ID} {}{tail}", shell_quoted(program), self.verb))));
            }
        }
        entries.push(("timeout", Tree::Number(self.timeout_s)));
        if gate {
            entries.push(("onFailure", Tree::text("block")));
            entries.push(("statusMessage", Tree::text("Waiting for ClawButler")));
        }
        entries.push((MARK_KEY, Tree::text(MARK)));
        if let Some(found) = found {
            entries.push((FOUND_KEY, Tree::text(found)));
        }
        Tree::Map(entries)
    }

    /// The group around it.
    pub(super) fn group(&self, program: &str, form: Form, found: Option<&str>) -> Tree {
        let handlers = ("hooks", Tree::List(vec![self.handler(program, form, found)]));
        Tree::Map(if self.per_tool { vec![("matcher", Tree::text("*")), handlers] } else { vec![handlers] })
    }

    /// Whether what stands in the file does what it should. The shell form always does, the other one only
    /// for clients that know it.
    pub(super) fn is_right(&self, matcher: Option<&Value>, handler: &Value, program: &str, form: Form) -> bool {
        let all = matcher.is_none_or(|matcher| matches!(matcher.as_str(), Some("" | "*")));
        let mut handler = handler.clone();
        if let Some(entries) = handler.as_object_mut() {
            entries.remove(FOUND_KEY);
        }
        let is = |form| handler == self.handler(program, form, None).to_value();
        all && (is(Form::Shell) || (form == Form::Exec && is(Form::Exec)))
    }
}

/// Whether a handler is ours: by its mark, or because it starts our program for this runtime.
pub(super) fn is_ours(handler: &Value) -> bool {
    if handler.get(MARK_KEY).and_then(Value::as_str).is_some_and(|mark| mark.starts_with("guard-v")) {
        return true;
    }
    let Some(command) = handler.get("command").and_then(Value::as_str) else { return false };
    match handler.get("args").and_then(Value::as_array) {
        Some(args) => {
            let name = command.rsplit(['/', '\\']).next().unwrap_or(command);
            name.trim_end_matches(".exe") == PROGRAM && args.first().and_then(Value::as_str) == Some(ID)
        }
        None => ["", ".exe", "\"", ".exe\"", "'", ".exe'"]
            .iter()
            .any(|tail| command.contains(&format!("{PROGRAM}{tail} {ID} "))),
    }
}

/// In double quotes for `sh`.
fn shell_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}
