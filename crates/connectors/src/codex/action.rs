//! What Codex's tools would do, as its hooks (0.169) and its rollouts (from 0.118) spell them.
//!
//! Hooks call every command `Bash` and glue a namespace to a tool's name (`collaborationspawn_agent`);
//! rollouts and code mode keep `exec_command`, `shell` and so on, and `clock__curr_time`.

use clawbutler_core::action::{Dialect, Effect};
use serde_json::Value;

use crate::call::ToolCall;
use crate::input::{self, Input};
use crate::normalise::Understood;
use crate::patch_text;
use crate::run_text::{self, Run};

/// Namespaces that stand before a tool's name, with or without something between.
const NAMESPACES: &[&str] = &["collaboration", "multi_agent_v1", "multi_agents", "clock", "functions"];

/// Tools that touch nothing outside the conversation.
const INTERNAL: &[&str] = &[
    "close_agent", "create_goal", "curr_time", "get_context_remaining", "get_goal", "interrupt_agent", "js_repl_reset",
    "list_agents", "list_available_plugins_to_install", "list_mcp_resource_templates", "list_mcp_resources",
    "report_agent_job_result", "request_user_input", "sleep", "tool_search", "tool_suggest", "update_goal",
    "update_plan", "wait", "wait_agent",
];

/// Tools that run a command.
const RUNS: &[&str] = &[
    "Bash", "bash", "container.exec", "exec_command", "local_shell", "local_shell_call", "shell", "shell_command",
    "unified_exec",
];

/// Whether a tool runs a command.
pub(super) fn is_run(tool: &str) -> bool {
    RUNS.contains(&tool)
}

/// Understands a tool call.
pub(crate) fn understand(call: &ToolCall) -> Option<Understood> {
    let input = Input::of_text_or_object(call);
    if let Some(understood) = named(&call.tool, &input) {
        return Some(understood);
    }
    let namespaced = NAMESPACES.iter().find_map(|space| {
        let rest = call.tool.strip_prefix(space)?;
        named(rest.trim_start_matches(['.', '_']), &input)
    });
    if namespaced.is_some() {
        return namespaced;
    }
    let effect = input::mcp(&call.tool, &input).or_else(|| {
        let known = RUNS.contains(&call.tool.as_str()) || call.tool.starts_with("mcp__");
        if known { None } else { input::mcp_parts(&call.tool, ".", &input) }
    })?;
    Some(effect.into())
}

fn named(tool: &str, input: &Input<'_>) -> Option<Understood> {
    if INTERNAL.contains(&tool) {
        return Some(input.internal().into());
    }
    let effect = if RUNS.contains(&tool) {
        runs(input)
    } else {
        match tool {
            "apply_patch" | "applypatch" => patch(input),
            "write_stdin" => types(input),
            _ => others(tool, input).or_else(|| agents(tool, input)),
        }
    };
    Some(Understood::from(effect?).unsandboxed_if(leaves_sandbox(input)))
}

fn leaves_sandbox(input: &Input<'_>) -> bool {
    input.flag("with_escalated_permissions")
        || input.get("sandbox_permissions").and_then(Value::as_str) == Some("require_escalated")
}

fn runs(input: &Input<'_>) -> Option<Effect> {
    let names: Vec<&str> = ["command", "cmd", "input"].into_iter().filter(|name| input.get(name).is_some()).collect();
    let [command] = names[..] else { return None };
    // An older client types into a session with the tool that starts one.
    if command == "input" && input.get("session_id").is_some() {
        return Some(Effect::TerminalInput {
            terminal: input.id("session_id")?,
            text: input.texts("input").map(|parts| parts.concat()).or_else(|| input.text("input"))?,
        });
    }
    let folder = ["workdir", "working_directory"];
    let base = input.folder(&folder)?;
    if let Some(patch) = patch_of(input, command).and_then(|(text, step)| {
        let base = step.map_or_else(|| base.clone(), |step| input::absolute(&base, &step));
        patch_text::parse(&text, &base)
    }) {
        return Some(Effect::Patch { files: patch });
    }
    let run = run_text::run(input, command, &folder, run_text::dialect_at(input.cwd()))?;
    Some(run.effect(input.any(&["description", "justification"])))
}

/// The patch in a command that is nothing but a patch, and the folder it steps into first.
fn patch_of(input: &Input<'_>, command: &str) -> Option<(String, Option<String>)> {
    if !input.lacks(&["env"]) {
        return None;
    }
    let run = match input.get(command)? {
        Value::Array(_) => {
            let words = input.texts(command)?;
            if let [program, text] = &words[..]
                && is_patch(program)
            {
                return Some((text.clone(), None));
            }
            Run::words(&words)?
        }
        Value::String(text) => Run::text(text, Dialect::Posix),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    if run.dialect != Dialect::Posix {
        return None;
    }
    let text = run.command.trim();
    let (step, text) = match text.strip_prefix("cd ") {
        Some(rest) => {
            let (step, rest) = rest.split_once("&&")?;
            (Some(plain_word(step.trim())?), rest.trim_start())
        }
        None => (None, text),
    };
    let (program, rest) = text.split_once(char::is_whitespace)?;
    let body = is_patch(program).then(|| patch_text::heredoc(rest))??;
    Some((body.to_owned(), step))
}

fn is_patch(program: &str) -> bool {
    ["apply_patch", "applypatch"].contains(&program)
}

/// A word that the shell leaves as it is.
fn plain_word(word: &str) -> Option<String> {
    let inner = word.strip_prefix('\'').and_then(|word| word.strip_suffix('\''));
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./-+@".contains(c);
    match inner {
        Some(inner) => (!inner.contains('\'')).then(|| inner.to_owned()),
        None => (!word.is_empty() && !word.starts_with('-') && word.chars().all(plain)).then(|| word.to_owned()),
    }
}

fn patch(input: &Input<'_>) -> Option<Effect> {
    let text = match input.bare() {
        Some(text) => text.to_owned(),
        None => match input.get("command") {
            Some(Value::Array(_)) => match &input.texts("command")?[..] {
                [text] => text.clone(),
                [program, text] if is_patch(program) => text.clone(),
                _ => return None,
            },
            _ => input.any(&["input", "patch", "command"])?,
        },
    };
    Some(Effect::Patch { files: patch_text::parse(&text, input.cwd())? })
}

fn types(input: &Input<'_>) -> Option<Effect> {
    let terminal = input.id("session_id")?;
    match input.maybe("chars")? {
        // Nothing typed: asks for what came out.
        None => Some(input.internal()),
        Some(text) if text.is_empty() => Some(input.internal()),
        Some(text) => Some(Effect::TerminalInput { terminal, text }),
    }
}

fn others(tool: &str, input: &Input<'_>) -> Option<Effect> {
    match tool {
        // Code mode: the commands in it come to the hooks one by one, but the program is a program.
        "exec" | "js_repl" => {
            let text = match input.bare() {
                Some(text) => text.to_owned(),
                None => input.any(&["input", "code"])?,
            };
            Some(Effect::Code { language: "javascript".to_owned(), text })
        }
        "view_image" | "read_file" => Some(Effect::FileRead { path: input.path(&["path", "file_path"])? }),
        "list_dir" => Some(Effect::FileRead { path: input.folder(&["dir_path", "path"])? }),
        "grep_files" => input.text("pattern").and_then(|_| Some(Effect::FileRead { path: input.folder(&["path"])? })),
        "web_search" | "web_search_call" | "web_search_preview" => searches(input),
        "image_generation" | "image_generation_call" => Some(input::posts("image-generation", "image")),
        "read_mcp_resource" => Some(Effect::Mcp {
            server: input.text("server")?,
            tool: "resources/read".to_owned(),
            arguments: input.all(),
        }),
        "request_permissions" | "request_permission_preset" => Some(input.config("permissions")),
        "request_plugin_install" => Some(input.config("plugins")),
        _ => None,
    }
}

fn searches(input: &Input<'_>) -> Option<Effect> {
    let action = match input.get("action") {
        Some(action) if action.is_object() => input.part(action),
        _ => input.clone(),
    };
    match action.any(&["url"]) {
        Some(url) => Some(input::fetches(url)),
        None => Some(input::asks("web-search", &action.text("query").or_else(|| action.text("q"))?)),
    }
}

fn agents(tool: &str, input: &Input<'_>) -> Option<Effect> {
    let said = || match input.get("items") {
        Some(items) if input.lacks(&["message"]) => Some(items.to_string()),
        _ => input.text("message"),
    };
    let spawn = |agent: String, prompt: String| Some(Effect::AgentSpawn { agent, prompt });
    match tool {
        "spawn_agent" => {
            let name = input.maybe("agent_type")?.or(input.maybe("task_name")?);
            spawn(name.unwrap_or_else(|| "default".to_owned()), said()?)
        }
        "send_input" | "send_message" | "followup_task" => spawn(input.any(&["target", "id"])?, said()?),
        "resume_agent" => spawn(input.text("id")?, String::new()),
        "spawn_agents_on_csv" => spawn(input.text("csv_path")?, input.text("instruction")?),
        _ => None,
    }
}
