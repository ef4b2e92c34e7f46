//! Risk of an action, from named signals.

use clawbutler_core::action::{Action, Dialect, Effect};
use clawbutler_core::grant::host_of;
use clawbutler_core::risk::{Assessment, RiskLevel, Signal};
use serde::{Deserialize, Serialize};

use crate::looked::{How, Looked, Touch};
use crate::paths::{self, Class};
use crate::shell;
use crate::windows;

/// What is around an action: where home is, and which files are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// The user's home folder.
    pub home: String,
    /// ClawButler's own data folder.
    pub data_dir: String,
    /// Files that carry our guard.
    pub guarded: Vec<String>,
}

/// Name of the signal that nothing can loosen.
pub(crate) const OWN: &str = "own_files";

/// Looks at an action.
pub fn assess(action: &Action, around: &Surroundings) -> Assessment {
    look(action, around).assessment
}

pub(crate) fn signal(name: &str, level: RiskLevel, says: impl Into<String>, part: Option<&str>) -> Signal {
    Signal { name: name.to_owned(), level, says: says.into(), part: part.map(ToOwned::to_owned) }
}

/// Looks at an action: what it would do, before any rule is asked.
pub fn look(action: &Action, around: &Surroundings) -> Looked {
    use RiskLevel::{High, Low, Medium};
    let mut looked = Looked {
        assessment: Assessment::of(Vec::new(), ""),
        parts: Vec::new(),
        touches: Vec::new(),
        hosts: Vec::new(),
    };
    let (signals, calm) = match &action.effect {
        Effect::Shell { command, dialect: dialect @ (Dialect::Powershell | Dialect::Cmd), .. } => {
            let seen = windows::look(*dialect, command, &action.cwd, action.project(), around);
            looked.parts = seen.parts;
            looked.touches = seen.touches;
            looked.hosts = seen.hosts;
            (seen.signals, "Reads or changes what is easily undone")
        }
        Effect::Shell { command, .. } => {
            let seen = shell::look(command, &action.cwd, around);
            looked.parts = seen.parts;
            looked.touches = seen.touches;
            looked.hosts = seen.hosts;
            (seen.signals, "Reads or changes what is easily undone")
        }
        Effect::FileRead { path } => {
            let path = paths::absolute(path, &action.cwd, &around.home);
            let signals = read_signals(&path, action.project(), around);
            looked.touches.push(Touch { class: paths::class(&path, action.project(), around), path, how: How::Read });
            (signals, "Reads files")
        }
        Effect::FileWrite { path, .. } => {
            let path = paths::absolute(path, &action.cwd, &around.home);
            let signals = write_signals(&path, action.project(), around, "Changes");
            looked.touches.push(Touch { class: paths::class(&path, action.project(), around), path, how: How::Write });
            (signals, "Changes a file in the project")
        }
        Effect::Network { url, .. } => {
            looked.hosts.extend(host_of(url));
            (network_signals(url), "Fetches a page")
        }
        Effect::Mcp { server, tool, .. } => (vec![mcp_signal(server, tool)], ""),
        Effect::AgentSpawn { agent, .. } => (
            vec![signal(
                "agent_spawn",
                Medium,
                format!("Starts another agent ({agent}), whose calls are asked about in turn"),
                None,
            )],
            "",
        ),
        Effect::Internal { .. } => {
            (vec![signal("internal", Low, "Touches nothing outside the conversation", None)], "")
        }
        _ => (
            vec![signal("unknown_tool", High, format!("{} is a tool ClawButler does not know", action.tool), None)],
            "",
        ),
    };
    looked.assessment = Assessment::of(signals, calm);
    looked
}

/// Signals of changing a path.
pub(crate) fn write_signals(path: &str, project: &str, around: &Surroundings, verb: &str) -> Vec<Signal> {
    use RiskLevel::{Critical, High, Medium};
    let part = Some(path);
    let one = match paths::class(path, project, around) {
        Class::Own => {
            signal(OWN, Critical, format!("{verb} {path}, which belongs to ClawButler or carries its guard"), part)
        }
        Class::Secret => signal("secret_write", High, format!("{verb} {path}, which holds secrets"), part),
        Class::Startup => signal("startup_write", High, format!("{verb} {path}, which runs by itself later"), part),
        Class::AgentConfig => {
            signal("agent_config_write", High, format!("{verb} {path}, which says what agents may do"), part)
        }
        Class::Device => signal("device_write", Critical, format!("Writes to the device {path}"), part),
        Class::System | Class::Root => {
            signal("system_write", High, format!("{verb} {path}, which belongs to the system"), part)
        }
        Class::Outside => signal("outside_write", Medium, format!("{verb} {path}, outside the project"), part),
        Class::Project | Class::Scratch => return Vec::new(),
    };
    vec![one]
}

/// Signals of reading a path.
pub(crate) fn read_signals(path: &str, project: &str, around: &Surroundings) -> Vec<Signal> {
    match paths::class(path, project, around) {
        Class::Secret => {
            vec![signal("secret_read", RiskLevel::High, format!("Reads {path}, which holds secrets"), Some(path))]
        }
        Class::Own if paths::inside(path, &around.data_dir) => {
            vec![signal("own_read", RiskLevel::High, "Reads ClawButler's own data", Some(path))]
        }
        Class::Own
        | Class::Startup
        | Class::AgentConfig
        | Class::Device
        | Class::System
        | Class::Root
        | Class::Project
        | Class::Scratch
        | Class::Outside => Vec::new(),
    }
}

/// Signals of talking to a URL.
pub(crate) fn network_signals(url: &str) -> Vec<Signal> {
    let host = host_of(url).unwrap_or_default();
    if host == "169.254.169.254"
        || host == "metadata.google.internal"
        || host.starts_with("169.254.")
        || host == "fd00:ec2::254"
    {
        return vec![signal(
            "metadata",
            RiskLevel::High,
            format!("Asks {host}, which hands out cloud credentials"),
            Some(url),
        )];
    }
    vec![signal(
        "network",
        RiskLevel::Medium,
        if host.is_empty() { "Uses the network".to_owned() } else { format!("Talks to {host}") },
        Some(url),
    )]
}

const CHANGING: &[&str] = &[
    "delete", "remove", "drop", "destroy", "danger", "write", "update", "create", "send", "post", "publish", "execute",
    "exec", "run", "pay", "transfer", "deploy", "merge", "push", "set", "put", "insert", "move", "rename", "kill",
    "stop", "cancel", "approve", "edit", "upload", "purge", "reset", "eval", "shell", "command", "buy", "order",
    "invite", "grant", "revoke",
];
const READING: &[&str] = &[
    "get", "list", "read", "search", "find", "echo", "describe", "fetch", "query", "show", "view", "count", "status",
    "ping", "lookup", "resolve",
];

fn mcp_signal(server: &str, tool: &str) -> Signal {
    let words: Vec<String> = split_words(tool);
    let has = |table: &[&str]| {
        words.iter().any(|word| table.iter().any(|entry| word == entry || word.strip_suffix('s') == Some(entry)))
    };
    if has(CHANGING) {
        signal(
            "mcp_changes",
            RiskLevel::High,
            format!("{tool} of {server} changes something outside, by its name"),
            Some(tool),
        )
    } else if has(READING) {
        signal(
            "mcp_reads",
            RiskLevel::Medium,
            format!("{tool} of {server} reads something outside, by its name"),
            Some(tool),
        )
    } else {
        signal(
            "mcp_unknown",
            RiskLevel::High,
            format!("What {tool} of {server} does cannot be told from its name"),
            Some(tool),
        )
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
