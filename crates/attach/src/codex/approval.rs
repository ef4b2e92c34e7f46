//! Questions of Codex: a command, input for one that runs, files, an MCP tool; and the answers.

use std::fmt;

use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::STEP_TEXT_BYTES;
use clawbutler_core::timeline::clip;
use serde_json::{Value, json};

use crate::json as read;

/// An answer we give. Standing ones that loosen Codex's own rules are never among them: its amendments lift the
/// sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// Do it this once.
    Accept,
    /// Do it, and the very same again in this session without asking.
    AcceptForSession,
    /// Do not; the model is told and the turn goes on.
    Decline,
    /// Do not, and end the turn.
    Cancel,
}

impl Decision {
    /// As Codex says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::AcceptForSession => "acceptForSession",
            Self::Decline => "decline",
            Self::Cancel => "cancel",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One file that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The file.
    pub path: String,
    /// `add`, `delete`, `update`.
    pub kind: String,
    /// The difference; the whole text of a new file.
    pub diff: String,
    /// Where the file would be moved to.
    pub moved: Option<String>,
}

/// What is asked about.
#[derive(Debug, Clone, PartialEq)]
pub enum Asking {
    /// To run a command.
    Command {
        /// As it would be run.
        command: String,
        /// Where.
        cwd: Option<String>,
    },
    /// To type into a command that runs.
    Input {
        /// What would be typed, in Codex's words.
        command: String,
    },
    /// To change files.
    Files {
        /// Which and how; empty where that was not told before.
        changes: Vec<FileChange>,
        /// A folder that would be writable from now on.
        root: Option<String>,
    },
    /// To call a tool of an MCP server.
    Tool {
        /// The server.
        server: String,
        /// The tool.
        tool: String,
        /// Its input.
        arguments: Value,
    },
}

/// A question that stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// The thread.
    pub thread: String,
    /// The turn.
    pub turn: Option<String>,
    /// The item it is about; absent for MCP tools.
    pub item: Option<String>,
    /// Names the question across connections.
    pub key: String,
    /// What is asked about.
    pub asking: Asking,
    /// Why, in the model's or Codex's words.
    pub reason: Option<String>,
    /// What may be answered. Saying no always may.
    pub offered: Vec<Decision>,
    /// Since when it stands.
    pub asked_at: Option<Timestamp>,
}

impl Approval {
    /// From a request of the server; nothing for what is no such question, and for one that is longer than a step may
    /// be: half a command is not judged. `changes` are those of the item, as told before.
    pub fn read(method: &str, params: &Value, changes: &[FileChange]) -> Option<Self> {
        let thread = read::text(params, "/threadId")?;
        let item = read::text(params, "/itemId");
        let no = [Decision::Decline, Decision::Cancel];
        let (asking, offered) = match method {
            // Access to a network host is asked about in the name of the command that wants it: another question.
            "item/commandExecution/requestApproval"
                if params.get("networkApprovalContext").is_none_or(Value::is_null) =>
            {
                (command(params), listed(params))
            }
            "item/fileChange/requestApproval" => {
                let asking = Asking::Files { changes: changes.to_vec(), root: read::text(params, "/grantRoot") };
                (asking, [&[Decision::Accept], &no[..]].concat())
            }
            "mcpServer/elicitation/request"
                if read::text(params, "/_meta/codex_approval_kind").as_deref() == Some("mcp_tool_call") =>
            {
                (tool(params), [&[Decision::Accept], &no[..]].concat())
            }
            _ => return None,
        };
        if what(&asking).len() > STEP_TEXT_BYTES {
            return None;
        }
        let part = read::text(params, "/approvalId").or_else(|| item.clone()).unwrap_or_else(|| what(&asking));
        Some(Self {
            key: format!("{thread}/{part}"),
            turn: read::text(params, "/turnId"),
            reason: read::text(params, "/reason").or_else(|| read::text(params, "/message")).map(|text| clip(&text)),
            asked_at: read::time(params, "/startedAtMs"),
            thread,
            item,
            asking,
            offered,
        })
    }

    /// The answer in Codex's words.
    pub(crate) fn answer(&self, decision: Decision) -> Value {
        match (&self.asking, decision) {
            (Asking::Tool { .. }, Decision::Accept | Decision::AcceptForSession) => {
                json!({ "action": "accept", "content": {} })
            }
            (Asking::Tool { .. }, no) => json!({ "action": no.word(), "content": null }),
            (_, decision) => json!({ "decision": decision.word() }),
        }
    }
}

fn what(asking: &Asking) -> String {
    match asking {
        Asking::Tool { server, tool, arguments } => format!("{server}/{tool}/{arguments}"),
        Asking::Command { command, .. } | Asking::Input { command } => command.clone(),
        Asking::Files { .. } => "files".to_owned(),
    }
}

fn command(params: &Value) -> Asking {
    let command = read::word(params, "/command");
    match read::text(params, "/kind").as_deref() {
        Some("writeStdin") => Asking::Input { command },
        _ => Asking::Command { command, cwd: read::text(params, "/cwd") },
    }
}

fn tool(params: &Value) -> Asking {
    let arguments = params.pointer("/_meta/tool_params").cloned().unwrap_or_default();
    Asking::Tool { server: read::word(params, "/serverName"), tool: read::word(params, "/_meta/tool_name"), arguments }
}

/// What is listed, and the two ways of saying no, which Codex takes though it lists only one.
fn listed(params: &Value) -> Vec<Decision> {
    let words = read::texts(params, "/availableDecisions");
    let known = params.get("availableDecisions").is_some_and(Value::is_array);
    let yes = [Decision::Accept, Decision::AcceptForSession];
    let listed = |one: &Decision| {
        if known { words.iter().any(|word| word == one.word()) } else { *one == Decision::Accept }
    };
    yes.into_iter().filter(listed).chain([Decision::Decline, Decision::Cancel]).collect()
}

/// The changes of an item.
pub(crate) fn changes(item: &Value) -> Vec<FileChange> {
    let change = |row: &Value| FileChange {
        path: read::word(row, "/path"),
        kind: read::text(row, "/kind/type").or_else(|| read::text(row, "/kind")).unwrap_or_default(),
        diff: clip(&read::word(row, "/diff")),
        moved: read::text(row, "/kind/move_path").or_else(|| read::text(row, "/kind/movePath")),
    };
    read::list(item, "/changes").map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_asked_about_and_amendments_are_never_offered() {
        let params = json!({ "kind": "command", "threadId": "t", "turnId": "u", "itemId": "i", "command": "rm x",
            "cwd": "/p", "reason": null, "startedAtMs": 5,
            "availableDecisions": ["accept", { "acceptWithExecpolicyAmendment": {} }, "cancel"] });
        let asked = Approval::read("item/commandExecution/requestApproval", &params, &[]).unwrap();
        let expected = Approval {
            thread: "t".to_owned(),
            turn: Some("u".to_owned()),
            item: Some("i".to_owned()),
            key: "t/i".to_owned(),
            asking: Asking::Command { command: "rm x".to_owned(), cwd: Some("/p".to_owned()) },
            reason: None,
            offered: vec![Decision::Accept, Decision::Decline, Decision::Cancel],
            asked_at: Some(Timestamp(5)),
        };
        assert_eq!(asked, expected);
        assert_eq!(asked.answer(Decision::Decline), json!({ "decision": "decline" }));
    }

    #[test]
    fn a_tool_is_answered_in_its_own_form_and_other_forms_are_no_question() {
        let params = json!({ "threadId": "t", "serverName": "s", "message": "Allow?",
            "_meta": { "codex_approval_kind": "mcp_tool_call", "tool_name": "del", "tool_params": { "id": 1 } } });
        let asked = Approval::read("mcpServer/elicitation/request", &params, &[]).unwrap();
        let tool = Asking::Tool { server: "s".to_owned(), tool: "del".to_owned(), arguments: json!({ "id": 1 }) };
        assert_eq!(asked.asking, tool);
        assert_eq!(asked.answer(Decision::Accept), json!({ "action": "accept", "content": {} }));
        assert_eq!(asked.answer(Decision::Cancel), json!({ "action": "cancel", "content": null }));
        let form = json!({ "threadId": "t", "serverName": "s", "message": "Your name?" });
        assert_eq!(Approval::read("mcpServer/elicitation/request", &form, &[]), None);
        assert_eq!(Approval::read("item/tool/call", &params, &[]), None);
    }

    #[test]
    fn what_is_not_shown_whole_or_asks_for_a_host_is_left_to_codex() {
        let asks = |change: Value| {
            let mut params = json!({ "threadId": "t", "itemId": "i", "command": "ls", "networkApprovalContext": null });
            params.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            Approval::read("item/commandExecution/requestApproval", &params, &[]).is_some()
        };
        assert!(asks(json!({})));
        assert!(!asks(json!({ "command": "x".repeat(STEP_TEXT_BYTES + 1) })));
        assert!(!asks(json!({ "networkApprovalContext": { "host": "example.com", "protocol": "https" } })));
    }
}
