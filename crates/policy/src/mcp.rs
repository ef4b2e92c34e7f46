//! Tools of MCP servers: what they do, told by their name, by well-known servers and by their arguments.

use clawbutler_core::action::Action;
use clawbutler_core::risk::RiskLevel::{High, Low, Medium};
use serde_json::Value;

use crate::Surroundings;
use crate::assess::{network_signals, read_signals, signal, write_signals};
use crate::looked::{How, Touch};
use crate::paths;
use crate::shell::{self, Seen};

/// Words in a tool's name by which it changes something.
const CHANGING: &[&str] = &[
    "delete", "remove", "drop", "destroy", "danger", "dangerous", "write", "update", "create", "send", "post",
    "publish", "execute", "exec", "run", "pay", "transfer", "deploy", "merge", "push", "set", "put", "insert", "move",
    "rename", "kill", "stop", "cancel", "approve", "edit", "upload", "purge", "reset", "eval", "evaluate", "shell",
    "command", "buy", "order", "invite", "grant", "revoke", "add", "modify", "patch", "close", "archive", "assign",
    "reply", "comment", "charge", "refund", "withdraw", "trade", "book", "submit", "apply", "scale", "restart",
    "reboot", "terminate", "start", "trigger", "dispatch", "import", "restore", "truncate", "alter", "migrate",
    "enable", "disable", "install", "uninstall", "share", "forward", "react", "like", "follow", "tweet", "message",
    "email", "mail", "call", "sms", "dm", "payout", "invoice", "capture", "void", "sign", "mint", "burn", "swap",
    "rotate", "generate", "fork", "rebase", "tag", "release", "sync", "subscribe", "unsubscribe", "lock", "unlock",
    "ban", "mute", "pin", "complete", "resolve", "save", "store", "replace", "clear", "flush", "wipe", "format",
    "mount", "sql",
];
/// Words by which it reads.
const READING: &[&str] = &[
    "get", "list", "read", "search", "find", "echo", "describe", "fetch", "query", "show", "view", "count", "status",
    "ping", "lookup", "resolve", "check", "validate", "analyze", "analyse", "inspect", "explain", "summarize",
    "summarise", "translate", "convert", "calculate", "compute", "think", "thinking", "sequentialthinking", "preview",
    "render", "diff", "log", "logs", "history", "help", "info", "health", "whoami", "navigate", "snapshot",
    "screenshot", "hover", "wait", "scroll", "resize", "tabs", "console", "tree", "stat", "stats", "schema", "docs",
    "documentation", "crawl", "scrape", "map", "extract", "diagnostics", "me", "retrieve", "download", "compare",
    "suggest", "recommend", "lint", "parse", "detect", "estimate", "time", "weather", "definition", "references",
    "symbols", "symbol", "outline", "watch", "monitor", "select", "explore", "ask", "test", "dry", "plan", "back",
    "forward", "path", "open",
];
/// Servers that drive a browser: clicking and typing are what they are for.
const BROWSERS: &[&str] = &[
    "playwright", "puppeteer", "chrome-devtools", "chrome", "browser", "browsermcp", "browser-use", "selenium",
    "browserbase", "claude-in-chrome",
];
/// Servers whose changes stay in the conversation or in the agent's own notes.
const NOTES: &[&str] = &[
    "memory", "sequential-thinking", "sequentialthinking", "time", "todo", "context7", "ide", "serena", "basic-memory",
    "mem0", "task-master", "taskmaster",
];

/// Looks at a call of a tool.
#[expect(clippy::too_many_lines, reason = "one arm a case, each short")]
pub(crate) fn look(server: &str, tool: &str, arguments: &Value, action: &Action, around: &Surroundings) -> Seen {
    let mut seen = Seen::default();
    let words = split_words(tool);
    let has = |table: &[&str]| {
        words.iter().any(|word| table.iter().any(|entry| word == entry || word.strip_suffix('s') == Some(entry)))
    };
    let plain = server.trim_start_matches("plugin_").to_ascii_lowercase();
    let is = |names: &[&str]| {
        names.iter().any(|name| {
            plain == *name
                || plain.ends_with(&format!("_{name}"))
                || plain.starts_with(&format!("{name}-"))
                || plain.ends_with(&format!("-{name}"))
        })
    };
    let changes = has(CHANGING);
    arguments_of(arguments, changes, action, around, &mut seen, 0);
    let database = is(&[
        "postgres", "postgresql", "sqlite", "mysql", "mssql", "bigquery", "snowflake", "duckdb", "clickhouse",
        "supabase", "neon", "mongodb", "redis", "database", "db",
    ]);
    let statement = ["sql", "query", "statement"].iter().find_map(|name| arguments.get(name).and_then(Value::as_str));
    if let Some(text) = statement.filter(|_| database || has(&["sql", "query"])) {
        let level = shell::sql_level(text);
        if level >= High {
            seen.signals.push(signal(
                "database_destroys",
                High,
                "Deletes or overwrites data in a database",
                Some(text),
            ));
        } else if level == Medium {
            seen.signals.push(signal(
                "mcp_changes",
                High,
                format!("{tool} of {server} changes data in a database"),
                Some(text),
            ));
        }
        seen.signals.push(signal("mcp_reads", Medium, format!("{tool} of {server} runs a statement"), Some(tool)));
        return seen;
    }
    if is(NOTES) && !has(&["execute", "exec", "run", "shell", "command", "eval"]) {
        seen.signals.push(signal(
            "mcp_notes",
            Medium,
            format!("{tool} of {server} keeps notes of the agent"),
            Some(tool),
        ));
        return seen;
    }
    if is(BROWSERS)
        && !has(&[
            "evaluate", "eval", "script", "upload", "install", "execute", "exec", "shell", "unsafe", "cookies",
            "cookie",
        ])
        && !words.iter().any(|word| word == "run")
    {
        seen.signals.push(signal("mcp_browser", Medium, format!("{tool} of {server} uses a browser"), Some(tool)));
        return seen;
    }
    let in_project = is(&["filesystem", "fs", "files", "git", "serena", "desktop-commander", "text-editor"])
        && !has(&["push", "delete", "remove", "reset", "execute", "exec", "run", "kill", "shell", "command", "clean"]);
    if in_project {
        seen.signals.push(signal("mcp_files", Medium, format!("{tool} of {server} works on files"), Some(tool)));
        return seen;
    }
    // A reading word first says what the tool is for: `get_pull_request_comments`.
    let leads = words.first().is_some_and(|word| {
        READING.contains(&word.as_str()) || word.strip_suffix('s').is_some_and(|word| READING.contains(&word))
    });
    let hard = has(&[
        "delete", "remove", "drop", "destroy", "purge", "wipe", "truncate", "pay", "transfer", "send", "execute",
        "exec", "shell", "eval", "danger", "dangerous",
    ]);
    if changes && (!leads || hard) {
        seen.signals.push(signal(
            "mcp_changes",
            High,
            format!("{tool} of {server} changes something outside, by its name"),
            Some(tool),
        ));
    } else if leads || has(READING) {
        seen.signals.push(signal(
            "mcp_reads",
            Medium,
            format!("{tool} of {server} reads something outside, by its name"),
            Some(tool),
        ));
    } else {
        seen.signals.push(signal(
            "mcp_unknown",
            High,
            format!("What {tool} of {server} does cannot be told from its name"),
            Some(tool),
        ));
    }
    seen
}

/// How deep and how wide arguments are looked at.
const MOST_DEPTH: usize = 6;
const MOST_ITEMS: usize = 64;

/// Paths, commands and addresses among the arguments.
fn arguments_of(value: &Value, changes: bool, action: &Action, around: &Surroundings, seen: &mut Seen, depth: usize) {
    if depth > MOST_DEPTH {
        return;
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map.iter().take(MOST_ITEMS) {
                match value.as_str() {
                    Some(text) => argument(name, text, changes, action, around, seen),
                    None => arguments_of(value, changes, action, around, seen, depth + 1),
                }
            }
        }
        Value::Array(items) => items.iter().take(MOST_ITEMS).for_each(|item| match item.as_str() {
            Some(text) => argument("path", text, changes, action, around, seen),
            None => arguments_of(item, changes, action, around, seen, depth + 1),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn argument(name: &str, text: &str, changes: bool, action: &Action, around: &Surroundings, seen: &mut Seen) {
    let lower = name.to_ascii_lowercase();
    let text = text.strip_prefix("file://").unwrap_or(text);
    if text.contains("://") && !text.contains(char::is_whitespace) {
        seen.signals.extend(network_signals(text).into_iter().filter(|one| one.level > Medium));
        if !text.starts_with("file://") {
            return;
        }
    }
    if matches!(lower.as_str(), "command" | "cmd" | "script" | "shell" | "bash") {
        let inner = shell::look(text, &action.cwd, action.project(), around);
        seen.signals.extend(inner.signals);
        return;
    }
    let pathlike = text.len() < 1024
        && !text.contains(char::is_whitespace)
        && (text.starts_with(['/', '~', '.']) || lower.contains("path") || lower.contains("file"));
    if pathlike {
        let path = paths::absolute(text, &action.cwd, &around.home);
        let project = action.project();
        seen.signals.extend(if changes {
            write_signals(&path, project, around, "Changes")
        } else {
            read_signals(&path, project, around)
        });
        let class = paths::class(&path, project, around);
        seen.touches.push(Touch { path, how: if changes { How::Write } else { How::Read }, class });
    }
    if seen.signals.is_empty() {
        seen.signals.push(signal("mcp_call", Low, "Calls a tool of a server", None));
    }
}

/// Words of a name in any of the usual spellings.
fn split_words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}
