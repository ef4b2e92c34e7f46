//! What Claude Code's tools would do. Names and inputs are those of 2.1.330 and of the older versions seen.

use clawbutler_core::action::{Change, Dialect, Edit, Effect};

use crate::call::ToolCall;
use crate::input::{self, Input};
use crate::normalise::Understood;

/// Tools that touch nothing outside the conversation.
const INTERNAL: &[&str] = &[
    "TodoWrite", "TodoRead", "TaskCreate", "TaskUpdate", "TaskGet", "TaskList", "ExitPlanMode", "EnterPlanMode",
    "AskUserQuestion", "ToolSearch", "BashOutput", "TaskOutput", "AgentOutputTool", "KillShell", "KillBash",
    "TaskStop", "ListMcpResourcesTool", "ListMcpResources", "RefreshMcpTools", "WaitForMcpServers", "StructuredOutput",
    "CronList", "ListPeers", "OfferChromeSetup", "ProposeGoal", "ProposeSkills", "ReadNotifications", "ReportFindings",
    "SendUserMessage", "ShowOnboardingRolePicker", "Sleep",
];

/// Understands a tool call.
pub(crate) fn understand(call: &ToolCall) -> Option<Understood> {
    let input = Input::of(call);
    let tool = call.tool.as_str();
    if INTERNAL.contains(&tool) {
        return Some(input.internal().into());
    }
    if let Some(dialect) = match tool {
        "Bash" => Some(Dialect::Posix),
        "PowerShell" => Some(Dialect::Powershell),
        "Monitor" if input.lacks(&["ws"]) => Some(Dialect::Posix),
        _ => None,
    } {
        let effect = Effect::Shell { command: input.text("command")?, dialect, description: input.text("description") };
        return Some(Understood::from(effect).unsandboxed_if(input.flag("dangerouslyDisableSandbox")));
    }
    let effect = files(tool, &input)
        .or_else(|| network(tool, &input))
        .or_else(|| agents(tool, &input))
        .or_else(|| later(tool, &input))
        .or_else(|| input::mcp(tool, &input))?;
    Some(effect.into())
}

fn files(tool: &str, input: &Input<'_>) -> Option<Effect> {
    let written = |path: &str, change| Some(Effect::FileWrite { path: input.path(&[path])?, change });
    match tool {
        "Read" => Some(Effect::FileRead { path: input.path(&["file_path"])? }),
        "NotebookRead" => Some(Effect::FileRead { path: input.path(&["notebook_path"])? }),
        "LSP" => Some(Effect::FileRead { path: input.path(&["filePath", "file_path"])? }),
        "Glob" => {
            let pattern = input.text("pattern")?;
            let path = input::absolute(&input.folder(&["path"])?, input::fixed_part(&pattern));
            Some(Effect::FileRead { path })
        }
        "Grep" => {
            input.text("pattern")?;
            let folder = input.folder(&["path"])?;
            // A search shows what is in the files that the glob picks.
            let path = input
                .text("glob")
                .map_or_else(|| folder.clone(), |glob| format!("{}/{glob}", folder.trim_end_matches('/')));
            Some(Effect::FileRead { path })
        }
        "LS" => Some(Effect::FileRead { path: input.folder(&["path"])? }),
        "Write" => written("file_path", Change::Content { text: input.text("content")? }),
        "Edit" => written("file_path", Change::Edits { edits: vec![input::edit(input)?] }),
        "MultiEdit" => {
            let edits = input.get("edits")?.as_array()?;
            let edits = edits.iter().map(|one| input::edit(&input.part(one))).collect::<Option<_>>()?;
            written("file_path", Change::Edits { edits })
        }
        "NotebookEdit" => {
            let new = input.maybe("new_source")?.unwrap_or_default();
            written("notebook_path", Change::Edits { edits: vec![Edit { old: String::new(), new, all: false }] })
        }
        _ => None,
    }
}

fn network(tool: &str, input: &Input<'_>) -> Option<Effect> {
    match tool {
        "WebFetch" => Some(input::fetches(input.text("url")?)),
        "WebSearch" => Some(input::asks("web-search", &input.text("query")?)),
        "Monitor" if input.lacks(&["command"]) => Some(input::fetches(input.part(input.get("ws")?).text("url")?)),
        "ReadMcpResourceTool" | "ReadMcpResource" | "ReadMcpResourceDirTool" => {
            let tool = if tool == "ReadMcpResourceDirTool" { "resources/list" } else { "resources/read" };
            Some(Effect::Mcp { server: input.text("server")?, tool: tool.to_owned(), arguments: input.all() })
        }
        "Artifact" => match input.maybe("action")?.as_deref().unwrap_or("publish") {
            "list" | "list_types" | "status" | "watch" | "unwatch" => Some(input.internal()),
            "read" | "list_assets" => Some(input::fetches(input.text("url")?)),
            action => Some(input::posts("artifact", action)),
        },
        "Projects" => match input.text("method")?.as_str() {
            method @ ("project_write" | "project_delete") => Some(input::posts("projects", method)),
            "project_info" | "project_read" | "project_search" | "project_memory_list" | "project_memory_read" => {
                Some(input::asks("projects", &input.facts(&["method", "path", "query"])))
            }
            _ => None,
        },
        "ClaudeDesign" if input.text("operation")? == "list" => Some(input.internal()),
        _ => None,
    }
}

fn agents(tool: &str, input: &Input<'_>) -> Option<Effect> {
    let spawn = |agent: String, prompt: String| Some(Effect::AgentSpawn { agent, prompt });
    match tool {
        "Task" | "Agent" => {
            spawn(input.maybe("subagent_type")?.unwrap_or_else(|| "general-purpose".to_owned()), input.text("prompt")?)
        }
        // Instructions that bring calls of their own and may run as a sub-agent.
        "Skill" => {
            let name = input.any(&["skill", "command", "name"])?;
            spawn(format!("/{}", name.trim_start_matches('/')), input.maybe("args")?.unwrap_or_default())
        }
        "SlashCommand" => {
            let command = input.text("command")?;
            let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((&command, ""));
            spawn(format!("/{}", name.trim_start_matches('/')), rest.trim().to_owned())
        }
        "Workflow" => {
            let name = input.any(&["scriptPath"]).or_else(|| input.text("name"));
            let prompt = input.facts(&["script", "args", "resumeFromRunId"]);
            (name.is_some() || !prompt.is_empty()).then_some(())?;
            spawn(name.unwrap_or_else(|| "workflow".to_owned()), prompt)
        }
        "TeamCreate" => spawn(input.text("team_name")?, input.maybe("description")?.unwrap_or_default()),
        "TeamDelete" => Some(input.config("team")),
        "SendMessage" => Some(Effect::Message {
            channel: "team".to_owned(),
            to: input.any(&["to", "recipient", "target_agent_id"])?,
            text: input.get("message").or_else(|| input.get("content")).map_or_else(String::new, input::shown),
        }),
        "PushNotification" => Some(Effect::Message {
            channel: "notification".to_owned(),
            to: "user".to_owned(),
            text: input.text("message")?,
        }),
        "SendFeedback" => Some(Effect::Message {
            channel: "feedback".to_owned(),
            to: "Anthropic".to_owned(),
            text: input.facts(&["title", "details"]),
        }),
        "REPL" => Some(Effect::Code { language: "javascript".to_owned(), text: input.text("code")? }),
        _ => None,
    }
}

/// What changes settings, or acts after this call is over.
fn later(tool: &str, input: &Input<'_>) -> Option<Effect> {
    let schedule = |change: &str, what: String| Some(Effect::Schedule { change: change.to_owned(), what });
    match tool {
        "CronCreate" => {
            input.text("prompt")?;
            schedule("create", input.facts(&["cron", "recurring", "durable", "prompt"]))
        }
        "CronDelete" => schedule("delete", input.text("id")?),
        "ScheduleWakeup" if input.flag("stop") => schedule("stop", input.facts(&["reason"])),
        "ScheduleWakeup" => schedule("wakeup", input.facts(&["delaySeconds", "reason", "prompt"])),
        "RemoteTrigger" => match input.text("action")?.as_str() {
            "list" | "get" | "list_runs" | "get_run_log" => Some(input.internal()),
            change @ ("create" | "update" | "run" | "create_webhook_trigger") => {
                schedule(change, input.facts(&["trigger_id", "body"]))
            }
            _ => None,
        },
        "Config" if input.lacks(&["value"]) => input.text("setting").map(|_| input.internal()),
        "Config" => Some(input.config(input.text("setting")?)),
        "EnterWorktree" => Some(input.config("worktree")),
        "ExitWorktree" if input.text("action")? == "keep" => Some(input.internal()),
        _ => None,
    }
}
