//! What OpenClaw's tools would do, as its plugin hooks and transcripts (2026.5 to 2026.9) spell them.
//!
//! Tools of the core only; a plugin's tool is unknown unless its name is that of an MCP server's tool.

use clawbutler_core::action::{Change, Effect};
use serde_json::Value;

use super::{acts, browser};
use crate::call::ToolCall;
use crate::input::{self, Input};
use crate::normalise::Understood;
use crate::{patch_text, run_text};

/// Tools that touch nothing outside the conversation, or only look at what the agent itself started.
const INTERNAL: &[&str] = &[
    "agents_list", "agents_wait", "ask_user", "conversations_list", "create_goal", "dismiss_task", "get_goal",
    "github_identity_status", "heartbeat_respond", "memory_get", "memory_search", "progress_card", "sessions_history",
    "sessions_list", "sessions_search", "sessions_yield", "show_widget", "spawn_task", "structured_output",
    "suggest_task", "tool_describe", "tool_search", "transcripts", "update_goal",
];

/// The client's own tool that calls another one by id.
const BEHIND: &str = "tool_call";

/// Understands a tool call.
pub(crate) fn understand(call: &ToolCall) -> Option<Understood> {
    let input = Input::of_text_or_object(call);
    let tool = call.tool.as_str();
    if INTERNAL.contains(&tool) {
        return Some(input.internal().into());
    }
    if tool == BEHIND {
        return behind(call, &input);
    }
    if ["exec", "bash", "gateway_exec", "node_exec"].contains(&tool) {
        return exec(tool, &input);
    }
    if tool == "nodes" {
        return acts::nodes(&input);
    }
    let effect = terminal(tool, &input)
        .or_else(|| files(tool, &input))
        .or_else(|| web(tool, &input))
        .or_else(|| acts::agents(tool, &input))
        .or_else(|| acts::people(tool, &input))
        .or_else(|| acts::settings(tool, &input))
        .or_else(|| input::mcp(tool, &input))
        .or_else(|| input::mcp_parts(tool, "__", &input))?;
    Some(effect.into())
}

/// What is called through [`BEHIND`], judged as if called by its own name. Our plugin sees that call as well.
fn behind(call: &ToolCall, input: &Input<'_>) -> Option<Understood> {
    // `openclaw:core:exec`, `mcp:records:records__delete_record`, or the name alone.
    let id = input.text("id")?;
    let tool = id.rsplit(':').next().filter(|tool| *tool != BEHIND)?.to_owned();
    let arguments = call.arguments.get("args")?.clone();
    understand(&ToolCall { tool, arguments, ..call.clone() })
}

/// Sandboxing is off unless configured, so only an explicit host says where a command runs.
fn exec(tool: &str, input: &Input<'_>) -> Option<Understood> {
    let run = run_text::run(input, "command", &["workdir", "cwd"], run_text::dialect_at(input.cwd()))?;
    let host = input.maybe("host")?;
    let outside = input.flag("elevated")
        || !input.lacks(&["node"])
        || tool.ends_with("_exec")
        || matches!(host.as_deref(), Some("gateway" | "node"));
    let sandboxed = (host.as_deref() == Some("sandbox")).then_some(true);
    let effect = run.effect(input.maybe("title")?);
    Some(Understood { effect, sandboxed }.unsandboxed_if(outside))
}

fn terminal(tool: &str, input: &Input<'_>) -> Option<Effect> {
    let typed = |text: String| Some(Effect::TerminalInput { terminal: input.text("sessionId")?, text });
    match (tool, input.text("action")?.as_str()) {
        ("process" | "gateway_process", "list" | "poll" | "log" | "kill" | "clear" | "remove")
        | ("terminal", "read" | "list" | "resize" | "close")
        | ("computer", "list_apps" | "list_windows" | "wait") => Some(input.internal()),
        ("process" | "gateway_process", "write") | ("terminal", "input") => typed(input.text("data")?),
        ("process" | "gateway_process", "submit") => typed(format!("{}\n", input.maybe("data")?.unwrap_or_default())),
        ("process" | "gateway_process", "paste") => typed(input.text("text")?),
        ("process" | "gateway_process", "send-keys") => {
            let list = |name: &str| if input.lacks(&[name]) { Some(Vec::new()) } else { input.texts(name) };
            let mut parts = list("keys")?;
            if let hex @ [_, ..] = &list("hex")?[..] {
                let bytes = hex.iter().map(|byte| u8::from_str_radix(byte.trim_start_matches("0x"), 16).ok());
                parts.push(String::from_utf8(bytes.collect::<Option<_>>()?).ok()?);
            }
            parts.extend(input.maybe("literal")?);
            (!parts.is_empty()).then_some(())?;
            typed(parts.join(" "))
        }
        ("computer", "type") => {
            Some(Effect::TerminalInput { terminal: "screen".to_owned(), text: input.text("text")? })
        }
        _ => None,
    }
}

fn files(tool: &str, input: &Input<'_>) -> Option<Effect> {
    let path = || input.path(&["path", "file_path", "filePath"]);
    match tool {
        "read" => Some(Effect::FileRead { path: path()? }),
        "ls" => Some(Effect::FileRead { path: input.folder(&["path"])? }),
        "grep" => input.text("pattern").and_then(|_| Some(Effect::FileRead { path: input.folder(&["path"])? })),
        "find" => {
            let pattern = input.text("pattern")?;
            let path = input::absolute(&input.folder(&["path"])?, input::fixed_part(&pattern));
            Some(Effect::FileRead { path })
        }
        "write" => Some(Effect::FileWrite { path: path()?, change: Change::Content { text: input.text("content")? } }),
        "edit" => {
            let edits = match input.get("edits") {
                Some(Value::Array(list)) if !list.is_empty() => {
                    list.iter().map(|one| input::edit(&input.part(one))).collect::<Option<_>>()?
                }
                Some(_) => return None,
                None => vec![input::edit(input)?],
            };
            Some(Effect::FileWrite { path: path()?, change: Change::Edits { edits } })
        }
        "apply_patch" | "apply-patch" => {
            let text = match input.bare() {
                Some(text) => text.to_owned(),
                None => input.any(&["input", "patch"])?,
            };
            Some(Effect::Patch { files: patch_text::parse(&text, input.cwd())? })
        }
        "view_image" | "image" | "pdf" => {
            let one = ["path", "image", "pdf"].iter().filter_map(|name| input.text(name));
            let many = ["paths", "images", "pdfs"].iter().filter_map(|name| input.texts(name)).flatten();
            let all: Vec<String> = one.chain(many).collect();
            match &all[..] {
                [one] => input.reference(one),
                _ => input::fetches_all(&all).filter(|_| all.iter().all(|one| one.starts_with("https://"))),
            }
        }
        _ => None,
    }
}

fn web(tool: &str, input: &Input<'_>) -> Option<Effect> {
    match tool {
        "web_fetch" => Some(input::fetches(input.text("url")?)),
        "web_search" => Some(input::asks("web-search", &input.text("query")?)),
        "x_search" => Some(input::asks("x-search", &input.text("query")?)),
        "browser" => browser::effect(input),
        "canvas" => browser::canvas(input),
        "code_execution" => input.text("task").map(|_| input::posts("code-execution", "run")),
        "image_generate" | "music_generate" | "video_generate" => match input.maybe("action")?.as_deref() {
            Some("list" | "status") => Some(input.internal()),
            None | Some("generate") => input.text("prompt").map(|_| input::posts("media-generation", tool)),
            Some(_) => None,
        },
        "tts" => input.text("text").map(|_| input::posts("media-generation", tool)),
        _ => None,
    }
}
