//! What a tool call would do, in the domain's words.
//!
//! A call whose arguments are not as expected becomes [`Effect::Other`]: unknown is never low risk.

use clawbutler_core::action::{Action, Change, Dialect, Edit, Effect, Subagent};
use serde_json::Value;

use crate::call::ToolCall;

/// Tools that touch nothing outside the conversation.
const INTERNAL: &[&str] = &[
    "TodoWrite",
    "TodoRead",
    "TaskCreate",
    "TaskUpdate",
    "TaskGet",
    "TaskList",
    "ExitPlanMode",
    "EnterPlanMode",
    "AskUserQuestion",
    "ToolSearch",
    "BashOutput",
    "TaskOutput",
    "AgentOutputTool",
    "KillShell",
    "KillBash",
    "TaskStop",
    "ListMcpResourcesTool",
    "StructuredOutput",
];

/// Understands a tool call.
pub(super) fn action(call: &ToolCall) -> Action {
    Action {
        runtime: call.runtime.clone(),
        session: call.session.clone(),
        agent: call
            .agent_id
            .as_ref()
            .map(|id| Subagent { id: id.clone(), name: call.agent_name.clone().unwrap_or_default() }),
        tool: call.tool.clone(),
        cwd: call.cwd.clone(),
        mode: call.mode.clone(),
        project: None,
        branch: None,
        remote: None,
        sandboxed: None,
        depth: 0,
        effect: effect(call).unwrap_or_else(|| Effect::Other { arguments: call.arguments.clone() }),
    }
}

fn effect(call: &ToolCall) -> Option<Effect> {
    let input = &call.arguments;
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    let path = |name: &str| text(name).filter(|path| !path.is_empty()).map(|path| absolute(&call.cwd, &path));
    let folder = || path("path").unwrap_or_else(|| call.cwd.clone());
    let shell = |dialect| Some(Effect::Shell { command: text("command")?, dialect, description: text("description") });
    match call.tool.as_str() {
        "Bash" | "Monitor" => shell(Dialect::Posix),
        "PowerShell" => shell(Dialect::Powershell),
        "Read" => Some(Effect::FileRead { path: path("file_path")? }),
        "NotebookRead" => Some(Effect::FileRead { path: path("notebook_path")? }),
        "Glob" => Some(Effect::FileRead { path: absolute(&folder(), fixed_part(&text("pattern")?)) }),
        "Grep" => text("pattern").map(|_| Effect::FileRead { path: folder() }),
        "LS" => Some(Effect::FileRead { path: folder() }),
        "Write" => {
            let change = Change::Content { text: text("content")? };
            Some(Effect::FileWrite { path: path("file_path")?, change })
        }
        "Edit" => {
            let change = Change::Edits { edits: vec![edit(input)?] };
            Some(Effect::FileWrite { path: path("file_path")?, change })
        }
        "MultiEdit" => {
            let edits = input.get("edits")?.as_array()?.iter().map(edit).collect::<Option<_>>()?;
            Some(Effect::FileWrite { path: path("file_path")?, change: Change::Edits { edits } })
        }
        "NotebookEdit" => {
            let new = text("new_source").unwrap_or_default();
            let edits = vec![Edit { old: String::new(), new, all: false }];
            Some(Effect::FileWrite { path: path("notebook_path")?, change: Change::Edits { edits } })
        }
        "WebFetch" => Some(Effect::Network { url: text("url")?, method: None }),
        "WebSearch" => Some(Effect::Network { url: format!("web-search://web-search/?q={}", text("query")?), method: None }),
        "Task" | "Agent" => Some(Effect::AgentSpawn {
            agent: text("subagent_type").unwrap_or_else(|| "general-purpose".to_owned()),
            prompt: text("prompt")?,
        }),
        "ReadMcpResourceTool" => {
            Some(Effect::Mcp { server: text("server")?, tool: "resources/read".to_owned(), arguments: input.clone() })
        }
        tool if INTERNAL.contains(&tool) => Some(Effect::Internal { arguments: input.clone() }),
        tool => mcp(tool, input),
    }
}

fn edit(input: &Value) -> Option<Edit> {
    Some(Edit {
        old: input.get("old_string")?.as_str()?.to_owned(),
        new: input.get("new_string")?.as_str()?.to_owned(),
        all: input.get("replace_all").and_then(Value::as_bool).unwrap_or(false),
    })
}

/// `mcp__<server>__<tool>`; a plugin's server is `plugin_<plugin>_<server>`.
fn mcp(tool: &str, input: &Value) -> Option<Effect> {
    let (server, tool) = tool.strip_prefix("mcp__")?.split_once("__")?;
    (!server.is_empty() && !tool.is_empty()).then(|| Effect::Mcp {
        server: server.to_owned(),
        tool: tool.to_owned(),
        arguments: input.clone(),
    })
}

/// The folder a pattern starts from: everything before the first part with a wildcard.
fn fixed_part(pattern: &str) -> &str {
    let wild = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    if wild == pattern.len() {
        return pattern;
    }
    pattern[..wild].rfind('/').map_or("", |slash| if slash == 0 { "/" } else { &pattern[..slash] })
}

/// Makes a path absolute against the working folder and folds `.` and `..`, without asking the disk.
fn absolute(cwd: &str, path: &str) -> String {
    let bytes = path.as_bytes();
    let drive = bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    if drive || path.starts_with(['~', '\\']) || !(path.starts_with('/') || cwd.starts_with('/')) {
        return path.to_owned();
    }
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{cwd}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
