//! What Hermes' tools would do, as its hooks and its session store (0.13 to 0.19) spell them.

use clawbutler_core::action::{Change, Dialect, Effect};

use crate::call::ToolCall;
use crate::input::{self, Input};
use crate::normalise::Understood;
use crate::{patch_text, run_text};

/// Tools that touch nothing outside the conversation, or only look at what the agent itself started.
const INTERNAL: &[&str] = &[
    "clarify", "close_terminal", "kanban_attachments", "kanban_heartbeat", "kanban_list", "kanban_show", "meet_leave",
    "meet_status", "meet_transcript", "project_list", "read_terminal", "session_search", "skill_view", "skills_list",
    "todo",
];

/// Tools that ask a service, with the field that says what for.
const ASKS: &[(&str, &str, &str)] = &[
    ("web_search", "web-search", "query"),
    ("x_search", "x-search", "query"),
    ("feishu_doc_read", "feishu", "doc_token"),
    ("feishu_drive_list_comments", "feishu", "file_token"),
    ("feishu_drive_list_comment_replies", "feishu", "file_token"),
    ("ha_get_state", "home-assistant", "entity_id"),
    ("spotify_search", "spotify", "query"),
    ("yb_query_group_info", "yuanbao", "group_code"),
    ("yb_query_group_members", "yuanbao", "group_code"),
];

/// Tools with an action, the actions of them that only read, and the service that is asked.
const READING_ACTIONS: &[(&str, &[&str], &str)] = &[
    ("spotify_playback", &["get_state", "get_currently_playing", "recently_played"], "spotify"),
    ("spotify_devices", &["list"], "spotify"),
    ("spotify_queue", &["get"], "spotify"),
    ("spotify_playlists", &["list", "get"], "spotify"),
    ("spotify_albums", &["get", "tracks"], "spotify"),
    ("spotify_library", &["list"], "spotify"),
];

/// Understands a tool call.
pub(crate) fn understand(call: &ToolCall) -> Option<Understood> {
    let input = Input::of_text_or_object(call);
    let tool = call.tool.as_str();
    if INTERNAL.contains(&tool) {
        return Some(input.internal().into());
    }
    let effect = runs(tool, &input)
        .or_else(|| files(tool, &input))
        .or_else(|| web(tool, &input))
        .or_else(|| browser(tool, &input))
        .or_else(|| people(tool, &input))
        .or_else(|| later(tool, &input))
        .or_else(|| mcp(tool, &input))?;
    Some(effect.into())
}

fn runs(tool: &str, input: &Input<'_>) -> Option<Effect> {
    match tool {
        "terminal" => Some(run_text::run(input, "command", &["workdir", "cwd"], Dialect::Posix)?.effect(None)),
        "execute_code" => Some(Effect::Code { language: "python".to_owned(), text: input.text("code")? }),
        "process" => match input.text("action")?.as_str() {
            "list" | "poll" | "log" | "wait" | "kill" | "close" => Some(input.internal()),
            "write" => Some(Effect::TerminalInput { terminal: input.text("session_id")?, text: input.text("data")? }),
            "submit" => {
                let text = format!("{}\n", input.maybe("data")?.unwrap_or_default());
                Some(Effect::TerminalInput { terminal: input.text("session_id")?, text })
            }
            _ => None,
        },
        "computer_use" => match input.text("action")?.as_str() {
            "list_apps" | "list_windows" | "wait" => Some(input.internal()),
            "type" => screen(input, input.text("text")?),
            "key" => screen(input, input.text("keys")?),
            "set_value" => screen(input, input.text("value")?),
            _ => None,
        },
        _ => None,
    }
}

fn screen(input: &Input<'_>, text: String) -> Option<Effect> {
    Some(Effect::TerminalInput { terminal: input.maybe("app")?.unwrap_or_else(|| "screen".to_owned()), text })
}

fn files(tool: &str, input: &Input<'_>) -> Option<Effect> {
    match tool {
        "read_file" => Some(Effect::FileRead { path: input.path(&["path", "file_path"])? }),
        "search_files" => {
            let pattern = input.text("pattern")?;
            let folder = input.folder(&["path"])?;
            let names = ["files", "find"].contains(&input.maybe("target")?.as_deref().unwrap_or("content"));
            let path = if names { input::absolute(&folder, input::fixed_part(&pattern)) } else { folder };
            Some(Effect::FileRead { path })
        }
        "write_file" => Some(Effect::FileWrite {
            path: input.path(&["path", "file_path"])?,
            change: Change::Content { text: input.text("content")? },
        }),
        "patch" => match input.maybe("mode")?.as_deref().unwrap_or("replace") {
            "replace" => Some(Effect::FileWrite {
                path: input.path(&["path", "file_path"])?,
                change: Change::Edits { edits: vec![input::edit(input)?] },
            }),
            "patch" => Some(Effect::Patch { files: patch_text::parse(&input.text("patch")?, input.cwd())? }),
            _ => None,
        },
        "vision_analyze" => input.reference(&input.text("image_url")?),
        "video_analyze" => input.reference(&input.text("video_url")?),
        // The file's content is made elsewhere.
        "text_to_speech" if !input.lacks(&["output_path"]) => {
            Some(Effect::FileWrite { path: input.path(&["output_path"])?, change: Change::Edits { edits: Vec::new() } })
        }
        _ => None,
    }
}

fn web(tool: &str, input: &Input<'_>) -> Option<Effect> {
    if let Some((_, service, field)) = ASKS.iter().find(|(name, ..)| *name == tool) {
        return Some(input::asks(service, &input.text(field)?));
    }
    if let Some((_, reading, service)) = READING_ACTIONS.iter().find(|(name, ..)| *name == tool) {
        let action = input.text("action")?;
        return reading.contains(&action.as_str()).then(|| input::asks(service, &action));
    }
    match tool {
        "web_extract" => input::fetches_all(&input.texts("urls")?),
        "ha_list_entities" | "ha_list_services" => {
            Some(input::asks("home-assistant", &input.facts(&["domain", "area"])))
        }
        "yb_search_sticker" => Some(input::asks("yuanbao", &input.maybe("query")?.unwrap_or_default())),
        "kanban_attach_url" => Some(input::fetches(input.text("url")?)),
        "image_generate" | "video_generate" | "xai_video_edit" | "xai_video_extend" => {
            input.text("prompt")?;
            Some(input::posts("media-generation", tool))
        }
        "text_to_speech" => input.text("text").map(|_| input::posts("media-generation", tool)),
        _ => None,
    }
}

/// The browser's open page has no address in the call; it is named by what is done with it.
fn browser(tool: &str, input: &Input<'_>) -> Option<Effect> {
    let script = |text: String| Some(Effect::Code { language: "javascript".to_owned(), text });
    match tool {
        "browser_navigate" => input.page(&input.text("url")?),
        "browser_snapshot" | "browser_scroll" | "browser_back" | "browser_get_images" | "browser_vision" => {
            Some(input::asks("browser", tool.trim_start_matches("browser_")))
        }
        "browser_click" | "browser_type" => {
            input.text("ref")?;
            Some(input::posts("browser", tool.trim_start_matches("browser_")))
        }
        "browser_press" => input.text("key").map(|_| input::posts("browser", "press")),
        "browser_dialog" => input.text("action").map(|_| input::posts("browser", "dialog")),
        "browser_console" => match input.maybe("expression")? {
            Some(expression) if !expression.is_empty() => script(expression),
            _ => Some(input::asks("browser", "console")),
        },
        "browser_cdp" if input.text("method")? == "Runtime.evaluate" => {
            script(input.part(input.get("params")?).text("expression")?)
        }
        _ => None,
    }
}

fn people(tool: &str, input: &Input<'_>) -> Option<Effect> {
    let message =
        |channel: &str, to: String, text: String| Some(Effect::Message { channel: channel.to_owned(), to, text });
    match tool {
        "send_message" => match input.maybe("action")?.as_deref().unwrap_or("send") {
            "list" => Some(input.internal()),
            action @ ("send" | "react" | "unreact") => {
                let to = input.text("target")?;
                let text = if action == "send" {
                    input.text("message")?
                } else {
                    format!("{action} {}", input.facts(&["emoji", "message_id"]))
                };
                message(to.split(':').next().unwrap_or_default(), to.clone(), text)
            }
            _ => None,
        },
        "yb_send_dm" => {
            let to = input.maybe("user_id")?.or(input.maybe("name")?)?;
            message("yuanbao", to, input.facts(&["message", "media_files"]))
        }
        "yb_send_sticker" => {
            message("yuanbao", input.maybe("chat_id")?.unwrap_or_default(), input.maybe("sticker")?.unwrap_or_default())
        }
        "feishu_drive_add_comment" | "feishu_drive_reply_comment" => {
            message("feishu", input.text("file_token")?, input.text("content")?)
        }
        "meet_say" => message("google-meet", "meeting".to_owned(), input.text("text")?),
        "meet_join" => {
            let url = input.text("url")?;
            Some(Effect::Network { url, method: Some("POST".to_owned()) })
        }
        "kanban_comment" => message("kanban", input.text("task_id")?, input.text("body")?),
        "delegate_task" => {
            let prompt = input.facts(&["goal", "context", "tasks"]);
            (!input.lacks(&["goal", "tasks"])).then_some(())?;
            Some(Effect::AgentSpawn { agent: input.maybe("role")?.unwrap_or_else(|| "leaf".to_owned()), prompt })
        }
        "kanban_create" => {
            input.text("title")?;
            Some(Effect::AgentSpawn { agent: input.text("assignee")?, prompt: input.facts(&["title", "body"]) })
        }
        _ => None,
    }
}

/// What changes settings, or acts after this call is over.
fn later(tool: &str, input: &Input<'_>) -> Option<Effect> {
    match tool {
        "cronjob" => {
            let change = input.text("action")?;
            if change == "list" {
                return Some(input.internal());
            }
            let what = ["job_id", "name", "schedule", "deliver", "script", "no_agent", "workdir", "skills", "prompt"];
            Some(Effect::Schedule { change, what: input.facts(&what) })
        }
        // A task that is unblocked or finished makes the board start others.
        "kanban_block" | "kanban_complete" | "kanban_link" | "kanban_unblock" => Some(Effect::Schedule {
            change: tool.trim_start_matches("kanban_").to_owned(),
            what: input.facts(&["task_id", "parent_id", "child_id", "reason", "summary", "result"]),
        }),
        // Kept in files that every later session starts from.
        "memory" => Some(input.config("memory")),
        "skill_manage" => Some(input.config(format!("skill {}", input.text("name")?))),
        "project_create" | "project_switch" => Some(input.config("project")),
        _ => None,
    }
}

/// `mcp__<server>__<tool>`; releases before 0.19 had `mcp_<server>_<tool>`, where the server's name is a guess.
fn mcp(tool: &str, input: &Input<'_>) -> Option<Effect> {
    input::mcp(tool, input).or_else(|| {
        let rest = tool.strip_prefix("mcp_").filter(|rest| !rest.starts_with('_'))?;
        input::mcp_parts(rest, "_", input)
    })
}
