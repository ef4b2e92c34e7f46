//! The hook entries we put into the configuration, how we recognise them again, and their fingerprint.
//!
//! Codex lets a tool run when a hook fails in any way but a well-formed refusal. So the gate's command line
//! turns every failure of ours into one. The shell that Codex uses is the user's own (`$SHELL -c`), which may
//! not be a POSIX one: the line is one program with quoted words, and `/bin/sh` does the rest.

use std::path::Path;

use clawbutler_core::digest;
use serde_json::{Value, json};

use super::ID;
use crate::connector::GuardError;
use crate::env::{Env, Os};

/// Key that marks an entry as ours; the client keeps unknown keys and its fingerprint leaves them out.
pub(super) const MARK_KEY: &str = "clawbutler";
/// Its value.
pub(super) const MARK: &str = "guard-v1";
pub(super) use super::hook::PID_VARIABLE;

/// Seconds a call may wait for a human; longer than `core::limits::APPROVAL_MS_MAX`. When Codex's own
/// patience ends the tool runs, so the hook has to end long before.
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

/// Every event, the gate first. The client gives `SessionEnd` three seconds at most.
pub(super) const WANTED: &[Wanted] = &[
    wanted("PreToolUse", "gate", true, HOLD_S),
    wanted("PermissionRequest", "permission", true, HOLD_S),
    wanted("PostToolUse", "observe", true, 5),
    wanted("SessionStart", "observe", false, 5),
    wanted("SessionEnd", "observe", false, 3),
    wanted("Stop", "observe", false, 5),
    wanted("SubagentStart", "observe", false, 5),
    wanted("SubagentStop", "observe", false, 5),
];

/// Whether a hook in this event decides about a call, and does not only report it.
pub(super) fn decides(event: &str) -> bool {
    WANTED.iter().any(|want| want.event == event && want.verb != "observe")
}

/// The program's path as it is written into the configuration.
pub(super) fn program(env: &Env, hook: &Path) -> Result<String, GuardError> {
    let bad = |why| GuardError::HookPath { path: hook.to_owned(), why };
    let text = hook.to_str().ok_or_else(|| bad("is not text"))?;
    if text.chars().any(char::is_control) {
        return Err(bad("holds control characters"));
    }
    let windows = env.os == Os::Windows;
    if windows && text.contains(['"', '%', '^', '!']) {
        return Err(bad("holds a character that the Windows command line changes"));
    }
    let drive = text.as_bytes().get(1) == Some(&b':') && windows;
    if !text.starts_with('/') && !drive {
        return Err(bad("is not absolute"));
    }
    Ok(text.to_owned())
}

impl Wanted {
    /// The command line.
    pub(super) fn command(&self, os: Os, program: &str) -> String {
        let verb = self.verb;
        match os {
            Os::Windows => {
                // `call` keeps the command interpreter from taking the first and the last quote away.
                let call = format!("call \"{program}\" {ID} {verb}");
                match verb {
                    "gate" => format!("{call} || (echo Blocked by ClawButler. 1>&2 & exit 2)"),
                    "permission" => format!("{call} || exit 1"),
                    _ => format!("{call} || exit 0"),
                }
            }
            Os::Linux | Os::MacOs => {
                let call = format!("{PID_VARIABLE}=$PPID \"$0\" {ID} {verb}");
                let script = match verb {
                    // Exit code 2 blocks only with words on standard error.
                    "gate" => format!(
                        "{call}; case $? in 0) exit 0;; 2) echo \"Blocked by ClawButler.\" >&2; exit 2;; esac; echo \
                         \"The ClawButler hook did not work, so this is blocked.\" >&2; exit 2"
                    ),
                    // The client then asks in its own prompt.
                    "permission" => format!("{call} || exit 1"),
                    _ => format!("{call} || exit 0"),
                };
                format!("/bin/sh -c {} {}", quoted(&script), quoted(program))
            }
        }
    }

    fn status(&self) -> Option<&'static str> {
        (self.verb == "gate").then_some("Waiting for ClawButler")
    }

    /// The handler's lines and those of the group around it.
    pub(super) fn lines(&self, os: Os, program: &str) -> Vec<String> {
        let mut lines = vec![format!("[[hooks.{}]]", self.event)];
        if self.per_tool {
            lines.push("matcher = \"*\"".to_owned());
        }
        lines.push(format!("[[hooks.{}.hooks]]", self.event));
        lines.push("type = \"command\"".to_owned());
        lines.push(format!("command = {}", basic(&self.command(os, program))));
        lines.push(format!("timeout = {}", self.timeout_s));
        lines.extend(self.status().map(|status| format!("statusMessage = {}", basic(status))));
        lines.push(format!("{MARK_KEY} = \"{MARK}\""));
        lines
    }

    /// Whether what stands in the file does what it should.
    pub(super) fn is_right(&self, matcher: Option<&Value>, handler: &Value, os: Os, program: &str) -> bool {
        let all = matcher.is_none_or(|matcher| matches!(matcher.as_str(), Some("" | "*")));
        let mut right = json!({
            "type": "command",
            "command": self.command(os, program),
            "timeout": self.timeout_s,
            MARK_KEY: MARK,
        });
        if let Some(status) = self.status() {
            right["statusMessage"] = status.into();
        }
        all && *handler == right
    }
}

/// What the client calls an event where it keeps trust: `pre_tool_use`.
pub(super) fn snake(event: &str) -> String {
    let mut out = String::new();
    for c in event.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The fingerprint by which the client trusts a hook, as 0.130, 0.150 and 0.169 compute it. Only ever
/// compared with what the client itself wrote.
pub(super) fn fingerprint(event: &str, matcher: Option<&Value>, handler: &Value) -> String {
    let seconds = handler.get("timeout").and_then(Value::as_u64).unwrap_or(600);
    let seconds = if matches!(event, "SessionEnd" | "Interrupt") { seconds.min(3) } else { seconds };
    let mut hook = json!({
        "async": handler.get("async").and_then(Value::as_bool).unwrap_or(false),
        "command": handler.get("command"),
        "timeout": seconds.max(1),
        "type": "command",
    });
    if let Some(status) = handler.get("statusMessage") {
        hook["statusMessage"] = status.clone();
    }
    let mut whole = json!({ "event_name": snake(event), "hooks": [hook] });
    if let Some(matcher) = matcher {
        whole["matcher"] = matcher.clone();
    }
    format!("sha256:{}", hexadecimal(&digest::of(&whole)))
}

/// The digest without a name before it.
fn hexadecimal(digest: &str) -> &str {
    digest.rsplit(':').next().unwrap_or(digest)
}

/// Whether a handler is ours: by its mark, or because it starts our program for this runtime.
pub(super) fn is_ours(handler: &Value) -> bool {
    if handler.get(MARK_KEY).and_then(Value::as_str).is_some_and(|mark| mark.starts_with("guard-v")) {
        return true;
    }
    let Some(command) = handler.get("command").and_then(Value::as_str) else { return false };
    command.contains(PROGRAM)
        && ["gate", "permission", "observe"].iter().any(|verb| command.contains(&format!(" {ID} {verb}")))
}

/// In single quotes, for `sh` and for the shells people use.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A TOML text on one line; the input holds no control characters.
pub(super) fn basic(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `hooks/list` of the real client said about this entry.
    #[test]
    fn the_fingerprint_is_the_clients_own() {
        let handler = json!({
            "type": "command", "command": "/bin/sh -c 'true' '/x/y' ", "timeout": 3600,
            "statusMessage": "Waiting for ClawButler", MARK_KEY: MARK,
        });
        assert_eq!(
            fingerprint("PreToolUse", Some(&json!("*")), &handler),
            "sha256:c101ce947b7598538761ed19f4f6c50936cf331d4f7bd2895c9309b7856b7aa5"
        );
        let clamped = json!({ "type": "command", "command": "true", "timeout": 30 });
        assert_eq!(
            fingerprint("SessionEnd", None, &clamped),
            "sha256:0408973db4c606ef0b942b13de03431201c09e7746a6fbf2d078370f1af83d68"
        );
    }
}
