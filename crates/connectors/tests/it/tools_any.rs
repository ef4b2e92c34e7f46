//! Over generated arguments: nothing panics, and a tool that changes things is never taken for harmless.

use clawbutler_connectors::call::ToolCall;
use clawbutler_connectors::normalise::{NORMALISERS, action};
use clawbutler_core::action::{Change, Edit, Effect, FilePatch, PatchOp};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Tools that always change something, whatever their arguments.
const CHANGING: &[(&str, &str)] = &[
    ("claude-code", "Bash"),
    ("claude-code", "PowerShell"),
    ("claude-code", "Write"),
    ("claude-code", "Edit"),
    ("claude-code", "MultiEdit"),
    ("claude-code", "NotebookEdit"),
    ("claude-code", "Agent"),
    ("claude-code", "CronCreate"),
    ("claude-code", "CronDelete"),
    ("claude-code", "SendMessage"),
    ("claude-code", "EnterWorktree"),
    ("claude-code", "REPL"),
    ("codex", "Bash"),
    ("codex", "shell"),
    ("codex", "local_shell"),
    ("codex", "exec_command"),
    ("codex", "shell_command"),
    ("codex", "unified_exec"),
    ("codex", "apply_patch"),
    ("codex", "exec"),
    ("codex", "js_repl"),
    ("codex", "spawn_agent"),
    ("codex", "send_input"),
    ("codex", "request_permissions"),
    ("gemini-cli", "run_shell_command"),
    ("gemini-cli", "write_file"),
    ("gemini-cli", "replace"),
    ("gemini-cli", "invoke_agent"),
    ("gemini-cli", "save_memory"),
    ("hermes", "terminal"),
    ("hermes", "execute_code"),
    ("hermes", "write_file"),
    ("hermes", "patch"),
    ("hermes", "delegate_task"),
    ("hermes", "memory"),
    ("hermes", "skill_manage"),
    ("hermes", "ha_call_service"),
    ("hermes", "yb_send_dm"),
    ("openclaw", "exec"),
    ("openclaw", "write"),
    ("openclaw", "edit"),
    ("openclaw", "apply_patch"),
    ("openclaw", "sessions_spawn"),
    ("openclaw", "sessions_send"),
    ("openclaw", "conversations_send"),
];

/// Tools that change something unless one of their fields says that they only look.
const MIXED: &[(&str, &str)] = &[
    ("claude-code", "RemoteTrigger"),
    ("codex", "write_stdin"),
    ("hermes", "process"),
    ("hermes", "cronjob"),
    ("hermes", "send_message"),
    ("hermes", "computer_use"),
    ("openclaw", "process"),
    ("openclaw", "terminal"),
    ("openclaw", "cron"),
    ("openclaw", "message"),
    ("openclaw", "nodes"),
    ("openclaw", "gateway"),
    ("openclaw", "plugins"),
    ("openclaw", "browser"),
    ("openclaw", "canvas"),
];

const FIELDS: &[&str] = &[
    "action", "actions", "args", "chars", "cmd", "code", "command", "content", "cwd", "data", "edits", "elevated",
    "env", "file_path", "goal", "host", "id", "input", "items", "job", "kind", "message", "method", "mode",
    "new_string", "newText", "old_string", "oldText", "params", "patch", "path", "prompt", "request",
    "sandbox_permissions", "session_id", "sessionId", "shell", "target", "task", "text", "tool", "url", "urls",
    "workdir",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["/a", "../b", "~", "C:\\x", "https://a.b", "<<EOF\nx\nEOF", "*** Begin Patch"])
            .prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(FIELDS), inner, 0..6)
                .prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

fn effect(runtime: &str, tool: &str, arguments: Value) -> Effect {
    let call = ToolCall {
        runtime: runtime.to_owned(),
        tool: tool.to_owned(),
        arguments,
        cwd: "/work/proj".to_owned(),
        ..ToolCall::default()
    };
    action(&call).effect
}

/// Whether an effect may be let through by its kind alone.
fn weak(effect: &Effect) -> bool {
    matches!(effect, Effect::Internal { .. } | Effect::FileRead { .. } | Effect::Network { .. })
}

fn line() -> impl Strategy<Value = String> {
    "[a-z (){}$'\"]{0,12}"
}

fn name() -> impl Strategy<Value = String> {
    "[a-z]{1,6}(/[a-z]{1,5}[.][a-z]{1,3}){0,2}"
}

/// A file of a patch, and the patch's lines for it.
fn patched() -> impl Strategy<Value = (FilePatch, String)> {
    let texts = prop::collection::vec(line(), 1..4).boxed();
    let hunks = prop::collection::vec((texts.clone(), texts.clone()), 1..3);
    (name(), name(), 0..4_u8, texts, hunks).prop_map(|(path, other, kind, texts, hunks)| {
        let mut lines = String::new();
        let mut edits = Vec::new();
        for (old, new) in &hunks {
            lines.push_str("@@\n");
            lines.extend(old.iter().map(|line| format!("-{line}\n")));
            lines.extend(new.iter().map(|line| format!("+{line}\n")));
            if old != new {
                edits.push(Edit { old: old.join("\n"), new: new.join("\n"), all: false });
            }
        }
        let added: String = texts.iter().map(|line| format!("{line}\n")).collect();
        let (op, change, text) = match kind {
            0 => {
                let lines: String = texts.iter().map(|line| format!("+{line}\n")).collect();
                (PatchOp::Add, Change::Content { text: added }, format!("*** Add File: {path}\n{lines}"))
            }
            1 => (PatchOp::Delete, Change::Edits { edits: Vec::new() }, format!("*** Delete File: {path}\n")),
            2 => (PatchOp::Update, Change::Edits { edits }, format!("*** Update File: {path}\n{lines}")),
            _ => {
                let text = format!("*** Update File: {path}\n*** Move to: {other}\n{lines}");
                (PatchOp::Move { to: format!("/work/proj/{other}") }, Change::Edits { edits }, text)
            }
        };
        (FilePatch { path: format!("/work/proj/{path}"), op, change }, text)
    })
}

proptest! {
    #[test]
    fn any_arguments_of_any_tool_are_understood_without_panic(tool in ".{0,16}", value in tree()) {
        for (runtime, _) in NORMALISERS {
            effect(runtime, &tool, value.clone());
            for (_, known) in CHANGING.iter().chain(MIXED) {
                effect(runtime, known, value.clone());
            }
        }
    }

    #[test]
    fn a_tool_that_changes_things_is_never_harmless(value in tree()) {
        for (runtime, tool) in CHANGING {
            let effect = effect(runtime, tool, value.clone());
            prop_assert!(!weak(&effect), "{runtime} {tool} {value}: {effect:?}");
        }
    }

    #[test]
    fn a_tool_is_harmless_only_when_it_says_what_it_looks_at(value in tree()) {
        // No generated text is the name of an action, so whatever these do is not known to be looking.
        for (runtime, tool) in MIXED {
            let effect = effect(runtime, tool, value.clone());
            let polls = *tool == "write_stdin" && matches!(value.get("chars"), None | Some(Value::Null))
                || value.get("chars") == Some(&json!(""));
            prop_assert!(polls || !weak(&effect), "{runtime} {tool} {value}: {effect:?}");
        }
    }

    #[test]
    fn a_patch_is_read_whole(files in prop::collection::vec(patched(), 1..5)) {
        let body: String = files.iter().map(|(_, text)| text.as_str()).collect();
        let text = format!("*** Begin Patch\n{body}*** End Patch\n");
        let expected = Effect::Patch { files: files.into_iter().map(|(file, _)| file).collect() };
        let spellings = [
            ("codex", "apply_patch", json!({"command": text})),
            ("codex", "Bash", json!({"command": format!("apply_patch <<'EOF'\n{text}EOF")})),
            ("codex", "shell", json!({"command": ["apply_patch", text]})),
            ("hermes", "patch", json!({"mode": "patch", "patch": text})),
            ("openclaw", "apply_patch", json!({"input": text})),
        ];
        for (runtime, tool, arguments) in spellings {
            prop_assert_eq!(effect(runtime, tool, arguments), expected.clone());
        }
    }

    #[test]
    fn any_text_as_a_patch_is_a_patch_or_unknown(
        lines in prop::collection::vec(prop_oneof![
            line(),
            prop::sample::select(vec![
                "*** Begin Patch", "*** End Patch", "*** Add File: a", "*** Update File: b", "*** Delete File: c",
                " *** Delete File: d", "*** Move to: e", "*** Move File: f -> g", "***  Add  File: h", "@@", "+x",
                "-y", " z", "*** End of File", "",
            ]).prop_map(ToOwned::to_owned),
        ], 0..12),
    ) {
        let text = lines.join("\n");
        match effect("codex", "apply_patch", json!({"input": text})) {
            Effect::Patch { files } => {
                // Every file that any reader could find in it is there.
                for line in &lines {
                    let Some((_, path)) = line.split_once("File: ") else { continue };
                    let path = format!("/work/proj/{}", path.split(" -> ").next().unwrap_or_default());
                    prop_assert!(files.iter().any(|file| file.path == path), "{path} in {text}");
                }
            }
            Effect::Other { .. } => {}
            other => prop_assert!(false, "{other:?}"),
        }
    }
}
