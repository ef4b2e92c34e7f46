//! OpenClaw's tools that reach past the machine or past this call: nodes, agents, people, settings, jobs.

use clawbutler_core::action::{Dialect, Effect};
use serde_json::Value;

use crate::input::{self, Input};
use crate::normalise::Understood;
use crate::run_text::Run;

/// What `message` does when it only reads.
const READS: &[&str] = &[
    "channel-info", "channel-list", "emoji-list", "event-list", "list-pins", "member-info", "permissions", "reactions",
    "read", "role-info", "search", "sticker-search", "thread-list", "voice-status",
];
/// What `message` does when people get to see something.
const TELLS: &[&str] = &[
    "broadcast", "edit", "poll", "poll-vote", "react", "reply", "send", "sendAttachment", "sendWithEffect", "sticker",
    "thread-create", "thread-reply", "upload-file",
];
/// What `message` does when it changes who may do what, or who somebody is.
const ACCOUNTS: &[&str] = &[
    "addParticipant", "ban", "kick", "leaveGroup", "removeParticipant", "role-add", "role-remove", "set-presence",
    "set-profile", "timeout",
];

/// The `nodes` tool: other machines.
pub(super) fn nodes(input: &Input<'_>) -> Option<Understood> {
    let effect = match input.text("action")?.as_str() {
        "status" | "describe" | "pending" | "device_status" | "device_info" | "device_permissions"
        | "device_health" | "which" | "camera_list" => input.internal(),
        "approve" | "reject" => input.config("node pairing"),
        "notify" => Effect::Message {
            channel: "node".to_owned(),
            to: input.maybe("node")?.unwrap_or_default(),
            text: input.facts(&["title", "body"]),
        },
        "run" => return elsewhere(input),
        "invoke" if input.text("invokeCommand")?.trim().to_ascii_lowercase().starts_with("system.run") => {
            let given = match input.get("invokeParamsJson") {
                Some(Value::String(text)) => serde_json::from_str::<Value>(text).ok()?,
                Some(value @ Value::Object(_)) => value.clone(),
                _ => return None,
            };
            return elsewhere(&input.part(&given));
        }
        _ => return None,
    };
    Some(effect.into())
}

/// A command on a node, where our idea of the working folder means nothing.
fn elsewhere(input: &Input<'_>) -> Option<Understood> {
    let run = match input.get("rawCommand").or_else(|| input.get("command"))? {
        Value::String(text) => Run::text(text, Dialect::Posix),
        _ => Run::words(&input.texts("command")?)?,
    };
    let folder = if input.lacks(&["cwd", "workdir"]) { None } else { Some(input.any(&["cwd", "workdir"])?) };
    let run = match input.get("env") {
        // A list of `NAME=value`, as older releases have it.
        Some(Value::Array(_)) => {
            let pairs = input.texts("env")?;
            let split = |pair: &String| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.into()));
            let env: serde_json::Map<String, Value> = pairs.iter().map(split).collect::<Option<_>>()?;
            run.with_env(Some(&Value::Object(env)))?
        }
        env => run.with_env(env)?,
    };
    let effect = run.inside(input.cwd(), folder.as_deref()).effect(None);
    Some(Understood::from(effect).unsandboxed_if(true))
}

/// Other agents and their sessions.
pub(super) fn agents(tool: &str, input: &Input<'_>) -> Option<Effect> {
    let spawn = |agent: Option<String>, prompt: String| {
        Some(Effect::AgentSpawn { agent: agent.unwrap_or_else(|| "default".to_owned()), prompt })
    };
    match tool {
        "sessions_spawn" => spawn(input.maybe("agentId")?, input.text("task")?),
        "sessions_send" => {
            let to = input.maybe("sessionKey")?.or(input.maybe("label")?).or(input.maybe("agentId")?);
            spawn(to, input.text("message")?)
        }
        "subagents" => match input.maybe("action")?.as_deref().unwrap_or("list") {
            "list" | "wait" | "cancel" | "kill" | "info" | "log" => Some(input.internal()),
            "steer" | "send" => spawn(input.any(&["target", "taskId"]), input.any(&["message", "text"])?),
            _ => None,
        },
        "session_status" if input.lacks(&["model"]) => Some(input.internal()),
        "session_status" => Some(input.config("session model")),
        _ => None,
    }
}

/// Messages to people.
pub(super) fn people(tool: &str, input: &Input<'_>) -> Option<Effect> {
    match tool {
        "message" => {
            let action = input.text("action")?;
            let named = |table: &[&str]| table.contains(&action.as_str());
            if named(READS) {
                return Some(input.internal());
            }
            if action == "download-file" {
                return Some(input::posts("message", &action));
            }
            if named(ACCOUNTS) {
                return Some(Effect::Account { operation: format!("message {action}"), arguments: input.all() });
            }
            if !named(TELLS) {
                return None;
            }
            let to = ["target", "to", "targets", "channelId", "chatId", "threadId"];
            let to = to.iter().find_map(|name| input.get(name)).map(input::shown).unwrap_or_default();
            let said = ["message", "text", "content", "caption", "pollQuestion", "pollOption", "emoji"];
            let sent = ["media", "path", "filePath", "filename", "attachments", "messageId"];
            let said = said.iter().filter_map(|name| input.get(name)).map(input::shown);
            let mut text: Vec<String> = said.chain(Some(input.facts(&sent))).filter(|one| !one.is_empty()).collect();
            if action != "send" {
                text.insert(0, format!("({action})"));
            }
            let channel = input.maybe("channel")?.unwrap_or_default();
            Some(Effect::Message { channel, to, text: text.join("\n") })
        }
        "conversations_send" | "conversations_turn" => Some(Effect::Message {
            channel: "conversation".to_owned(),
            to: input.text("conversationRef")?,
            text: input.text("message")?,
        }),
        _ => None,
    }
}

/// Settings, and what acts after this call is over.
pub(super) fn settings(tool: &str, input: &Input<'_>) -> Option<Effect> {
    let action = || input.text("action");
    let looks = |actions: &[&str]| action().is_some_and(|action| actions.contains(&action.as_str()));
    match tool {
        "automations" | "cron" => {
            if looks(&["status", "list", "get", "runs", "next_check"]) {
                return Some(input.internal());
            }
            let change =
                action().filter(|action| ["add", "update", "remove", "run", "wake"].contains(&action.as_str()))?;
            let what = ["id", "jobId", "name", "schedule", "job", "patch", "payload", "text", "mode"];
            Some(Effect::Schedule { change, what: input.facts(&what) })
        }
        "gateway" if looks(&["config.get", "config.schema", "config.schema.lookup"]) => Some(input.internal()),
        "gateway" => Some(input.config(format!("gateway {}", action()?))),
        "plugins" if looks(&["list", "inspect", "search"]) => Some(input.internal()),
        "plugins" => Some(input.config(format!("plugins {}", action()?))),
        "secrets" if looks(&["list"]) => Some(input.internal()),
        "secrets" => Some(input.config(format!("secrets {}", action()?))),
        "skill_workshop" if looks(&["read", "list", "inspect", "evaluate", "history"]) => Some(input.internal()),
        "skill_workshop" => Some(input.config(format!("skill {}", action()?))),
        "portal" if looks(&["list", "close"]) => Some(input.internal()),
        "dashboard" if looks(&["read", "focus_tab"]) => Some(input.internal()),
        "sessions" if looks(&["list", "status", "cloud_profiles"]) => Some(input.internal()),
        "theme" => Some(input.config("theme")),
        _ => None,
    }
}
