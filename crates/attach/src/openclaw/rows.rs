//! The rows of a gateway's lists.

use clawbutler_core::clock::Timestamp;
use serde_json::Value;

use crate::json as read;

/// The agents of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agents {
    /// The one used when none is named.
    pub default: Option<String>,
    /// All.
    pub agents: Vec<Agent>,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agent {
    /// Its id.
    pub id: String,
    /// Its name, if it has one besides the id.
    pub name: Option<String>,
    /// Its workspace folder.
    pub workspace: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// Which program runs it (`auto`, `codex`, …).
    pub runtime: Option<String>,
    /// The permission mode of its sessions, where the gateway can tell.
    pub permission_mode: Option<String>,
}

impl Agents {
    pub(crate) fn read(answer: &Value) -> Self {
        let agent = |row: &Value| {
            Some(Agent {
                id: read::text(row, "/id")?,
                name: read::text(row, "/name"),
                workspace: read::text(row, "/workspace"),
                model: read::text(row, "/model/primary").or_else(|| read::text(row, "/model")),
                runtime: read::text(row, "/agentRuntime/id"),
                permission_mode: read::text(row, "/defaultPermissionMode"),
            })
        };
        Self {
            default: read::text(answer, "/defaultId"),
            agents: read::list(answer, "/agents").filter_map(agent).collect(),
        }
    }
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Session {
    /// Its key: what calls name it by.
    pub key: String,
    /// Its id: changes when the conversation is reset.
    pub id: Option<String>,
    /// The agent.
    pub agent: Option<String>,
    /// `direct`, `group`, …
    pub kind: Option<String>,
    /// A title.
    pub title: Option<String>,
    /// `running`, `done`, `killed`, …
    pub status: Option<String>,
    /// Whether something runs in it now.
    pub active: bool,
    /// The runs under way.
    pub runs: Vec<String>,
    /// The last run.
    pub last_run: Option<String>,
    /// A permission mode of its own. `full` skips the exec policy.
    pub permission_mode: Option<String>,
    /// Tokens, as the gateway counts them.
    pub input_tokens: Option<u64>,
    /// See [`Self::input_tokens`].
    pub output_tokens: Option<u64>,
    /// See [`Self::input_tokens`].
    pub total_tokens: Option<u64>,
    /// What the gateway estimates it cost (millionths of a US dollar).
    pub cost_microusd: Option<u64>,
    /// The model.
    pub model: Option<String>,
    /// When something last changed.
    pub updated_at: Option<Timestamp>,
}

impl Session {
    /// From a row of the list or of an event.
    pub(crate) fn read(row: &Value) -> Option<Self> {
        Some(Self {
            key: read::text(row, "/key")?,
            id: read::text(row, "/sessionId"),
            agent: read::text(row, "/agentId"),
            kind: read::text(row, "/kind"),
            title: read::text(row, "/label").or_else(|| read::text(row, "/autoLabel")),
            status: read::text(row, "/status"),
            active: read::flag(row, "/hasActiveRun").unwrap_or(false),
            runs: read::texts(row, "/activeRunIds"),
            last_run: read::text(row, "/lastRunId"),
            permission_mode: read::text(row, "/permissionMode"),
            input_tokens: read::number(row, "/inputTokens"),
            output_tokens: read::number(row, "/outputTokens"),
            total_tokens: read::number(row, "/totalTokens"),
            cost_microusd: read::microusd(row, "/estimatedCostUsd"),
            model: read::text(row, "/model"),
            updated_at: read::time(row, "/updatedAt"),
        })
    }
}

/// How the gateway is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Its own word.
    pub ok: bool,
    /// Why its event loop is slow; empty when it is not.
    pub slow: Vec<String>,
    /// Whether models run in a reduced way.
    pub models_degraded: bool,
    /// Plugins in force; absent where the release does not say.
    pub plugins: Option<Vec<String>>,
    /// Channels it knows.
    pub channels: Vec<String>,
    /// Its default agent.
    pub default_agent: Option<String>,
    /// When it looked.
    pub at: Option<Timestamp>,
}

impl Health {
    pub(crate) fn read(value: &Value) -> Self {
        let slow = read::flag(value, "/eventLoop/degraded").unwrap_or(false);
        Self {
            ok: read::flag(value, "/ok").unwrap_or(false),
            slow: if slow { read::texts(value, "/eventLoop/reasons") } else { Vec::new() },
            models_degraded: read::flag(value, "/modelRuntime/degraded").unwrap_or(false),
            plugins: value.pointer("/plugins/loaded").is_some().then(|| names(value, "/plugins/loaded")),
            channels: read::texts(value, "/channelOrder"),
            default_agent: read::text(value, "/defaultAgentId"),
            at: read::time(value, "/ts"),
        }
    }
}

/// Names in a list of texts or of objects with an id.
fn names(value: &Value, path: &str) -> Vec<String> {
    read::list(value, path)
        .filter_map(|one| one.as_str().map(str::to_owned).or_else(|| read::text(one, "/id")))
        .collect()
}

/// What the gateway does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Its release.
    pub version: Option<String>,
    /// Tasks under way.
    pub tasks_active: Option<u64>,
    /// Tasks that failed.
    pub tasks_failed: Option<u64>,
    /// Sessions it keeps.
    pub sessions: Option<u64>,
    /// Plugins that work in a reduced way.
    pub degraded_plugins: Vec<String>,
    /// Memory in use (bytes).
    pub rss_bytes: Option<u64>,
}

impl Status {
    pub(crate) fn read(value: &Value) -> Self {
        Self {
            version: read::text(value, "/runtimeVersion"),
            tasks_active: read::number(value, "/tasks/active"),
            tasks_failed: read::number(value, "/tasks/failures"),
            sessions: read::number(value, "/sessions/count"),
            degraded_plugins: names(value, "/degradedPlugins"),
            rss_bytes: read::number(value, "/processMemory/rssBytes"),
        }
    }
}

/// One model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Who serves it.
    pub provider: Option<String>,
    /// Tokens it can look at.
    pub context: Option<u64>,
    /// Whether it can be used now, where the gateway tells.
    pub available: Option<bool>,
}

impl Model {
    pub(crate) fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: read::text(row, "/id")?,
            name: read::text(row, "/name"),
            provider: read::text(row, "/provider"),
            context: read::number(row, "/contextWindow"),
            available: read::flag(row, "/available"),
        })
    }
}

/// One tool that agents may have, or that one session has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// The group it is shown in.
    pub group: String,
    /// Where it comes from (`core`, a plugin, a channel).
    pub source: Option<String>,
    /// What it does.
    pub description: Option<String>,
}

impl Tool {
    /// The tools of a catalogue, over its groups.
    pub(crate) fn all(answer: &Value) -> Vec<Self> {
        let of_group = |group: &Value| -> Vec<Self> {
            let tool = |row: &Value| {
                Some(Self {
                    name: read::text(row, "/id").or_else(|| read::text(row, "/name"))?,
                    group: read::word(group, "/id"),
                    source: read::text(row, "/source").or_else(|| read::text(group, "/source")),
                    description: read::text(row, "/description"),
                })
            };
            read::list(group, "/tools").filter_map(tool).collect()
        };
        read::list(answer, "/groups").flat_map(of_group).collect()
    }
}

/// One skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where it comes from (`openclaw-bundled`, `workspace`, …).
    pub source: Option<String>,
    /// Its file.
    pub file: Option<String>,
    /// Switched off.
    pub disabled: bool,
    /// Everything it needs is there.
    pub eligible: bool,
    /// The model is told about it.
    pub visible: bool,
}

impl Skill {
    pub(crate) fn read(row: &Value) -> Option<Self> {
        Some(Self {
            name: read::text(row, "/name")?,
            description: read::text(row, "/description"),
            source: read::text(row, "/source"),
            file: read::text(row, "/filePath"),
            disabled: read::flag(row, "/disabled").unwrap_or(false),
            eligible: read::flag(row, "/eligible").unwrap_or(false),
            visible: read::flag(row, "/modelVisible").unwrap_or(false),
        })
    }
}

/// One plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Where it comes from (`bundled`, `config`, …).
    pub origin: Option<String>,
    /// Whether it is installed.
    pub installed: bool,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Its state (`disabled`, `loaded`, `error`, …).
    pub state: Option<String>,
}

impl Plugin {
    pub(crate) fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: read::text(row, "/id")?,
            name: read::text(row, "/name"),
            version: read::text(row, "/version"),
            origin: read::text(row, "/origin"),
            installed: read::flag(row, "/installed").unwrap_or(false),
            enabled: read::flag(row, "/enabled").unwrap_or(false),
            state: read::text(row, "/state"),
        })
    }
}

/// Somebody who is connected to the gateway, or was just now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presence {
    /// What it calls itself.
    pub host: Option<String>,
    /// The kind of client (`gateway`, `ui`, `cli`, …).
    pub mode: Option<String>,
    /// Its release.
    pub version: Option<String>,
    /// Its device.
    pub device: Option<String>,
    /// The scopes it has.
    pub scopes: Vec<String>,
    /// Why the row is there (`self`, `connect`, `disconnect`).
    pub reason: Option<String>,
    /// Since when.
    pub at: Option<Timestamp>,
}

impl Presence {
    /// The rows of the list or of the event.
    pub(crate) fn all(value: &Value, path: &str) -> Vec<Self> {
        let row = |row: &Value| Self {
            host: read::text(row, "/host"),
            mode: read::text(row, "/mode"),
            version: read::text(row, "/version"),
            device: read::text(row, "/deviceId"),
            scopes: read::texts(row, "/scopes"),
            reason: read::text(row, "/reason"),
            at: read::time(row, "/ts"),
        };
        read::list(value, path).map(row).collect()
    }
}
