//! What Gemini CLI's tools would do, as its session files (0.61.0) spell them.

use clawbutler_core::action::{Change, Effect};

use crate::call::ToolCall;
use crate::input::{self, Input};
use crate::normalise::Understood;
use crate::run_text;

/// Tools that touch nothing outside the conversation, or only look at what the agent itself started.
const INTERNAL: &[&str] = &[
    "activate_skill", "complete_task", "enter_plan_mode", "list_background_processes", "read_background_output",
    "update_topic", "write_todos",
];

/// Understands a tool call.
pub(crate) fn understand(call: &ToolCall) -> Option<Understood> {
    let input = Input::of(call);
    let tool = call.tool.as_str();
    if INTERNAL.contains(&tool) {
        return Some(input.internal().into());
    }
    Some(files(tool, &input).or_else(|| other(tool, &input))?.into())
}

fn files(tool: &str, input: &Input<'_>) -> Option<Effect> {
    match tool {
        "read_file" => Some(Effect::FileRead { path: input.path(&["file_path"])? }),
        "list_directory" => Some(Effect::FileRead { path: input.folder(&["dir_path"])? }),
        "grep_search" => {
            input.text("pattern")?;
            Some(Effect::FileRead { path: input.folder(&["dir_path"])? })
        }
        "glob" => {
            let pattern = input.text("pattern")?;
            let path = input::absolute(&input.folder(&["dir_path"])?, input::fixed_part(&pattern));
            Some(Effect::FileRead { path })
        }
        "write_file" => Some(Effect::FileWrite {
            path: input.path(&["file_path"])?,
            change: Change::Content { text: input.text("content")? },
        }),
        "replace" => {
            let mut edit = input::edit(input)?;
            edit.all |= input.flag("allow_multiple");
            Some(Effect::FileWrite { path: input.path(&["file_path"])?, change: Change::Edits { edits: vec![edit] } })
        }
        _ => None,
    }
}

fn other(tool: &str, input: &Input<'_>) -> Option<Effect> {
    match tool {
        "run_shell_command" => {
            let run = run_text::run(input, "command", &["dir_path"], run_text::dialect_at(input.cwd()))?;
            Some(run.effect(input.maybe("description")?))
        }
        "google_web_search" => Some(input::asks("web-search", &input.text("query")?)),
        "web_fetch" => {
            let prompt = input.text("prompt")?;
            let words = prompt.split_whitespace().filter(|word| word.contains("://"));
            input::fetches_all(&words.map(str::to_owned).collect::<Vec<_>>())
        }
        "invoke_agent" => Some(Effect::AgentSpawn { agent: input.text("agent_name")?, prompt: input.text("prompt")? }),
        // Server and tool are joined by what both may hold: only one reading of the name is no guess.
        _ => {
            let name = tool.strip_prefix("mcp_")?;
            (name.matches('_').count() == 1).then(|| input::mcp_parts(name, "_", input))?
        }
    }
}
