//! A standing always-allow: exactly what it covers, where, until when.

use serde::{Deserialize, Serialize};

use crate::action::{Action, Effect};
use crate::clock::Timestamp;
use crate::digest;
use crate::id::GrantId;

/// Where a grant holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Reach {
    /// One session, until it ends.
    Session { runtime: String, session: String },
    /// One project folder of one runtime.
    Project { runtime: String, folder: String },
}

/// What a grant covers. Nothing else of the same tool.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "covers", rename_all = "snake_case")]
pub enum Cover {
    /// This exact call, recognised by the digest of its normalised effect.
    Exact { digest: String, words: String },
    /// Any change to this one file.
    FileWrite { path: String },
    /// Reading this one path.
    FileRead { path: String },
    /// Any request to this host.
    Host { host: String },
}

/// A grant as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// What.
    pub cover: Cover,
    /// Where.
    pub reach: Reach,
    /// Until when; `None` only for session grants, which end with the session.
    pub expires_at: Option<Timestamp>,
    /// When it was given.
    pub created_at: Timestamp,
    /// Sequence number of the ledger entry that gave it.
    pub ledger_seq: u64,
}

impl Cover {
    /// The narrowest sensible cover for a (masked) action.
    pub fn propose(action: &Action) -> Self {
        match &action.effect {
            Effect::FileWrite { path, .. } => Self::FileWrite { path: path.clone() },
            Effect::FileRead { path } => Self::FileRead { path: path.clone() },
            Effect::Network { url, method: None } => {
                host_of(url).map_or_else(|| Self::exact(action), |host| Self::Host { host })
            }
            Effect::Shell { .. }
            | Effect::FileDelete { .. }
            | Effect::Patch { .. }
            | Effect::Network { .. }
            | Effect::Mcp { .. }
            | Effect::AgentSpawn { .. }
            | Effect::Code { .. }
            | Effect::TerminalInput { .. }
            | Effect::ConfigChange { .. }
            | Effect::Schedule { .. }
            | Effect::Message { .. }
            | Effect::Account { .. }
            | Effect::Internal { .. }
            | Effect::Other { .. } => Self::exact(action),
        }
    }

    fn exact(action: &Action) -> Self {
        let words = match &action.effect {
            Effect::Shell { command, .. } => format!("exactly the command “{command}”"),
            Effect::Mcp { server, tool, .. } => {
                format!("{tool} of the MCP server {server} with exactly these arguments")
            }
            Effect::AgentSpawn { agent, .. } => format!("starting {agent} with exactly this task"),
            _ => format!("{} with exactly these arguments", action.tool),
        };
        Self::Exact { digest: effect_digest(action), words }
    }

    /// In words, for the card: what `Always allow` would cover.
    pub fn words(&self) -> String {
        match self {
            Self::Exact { words, .. } => words.clone(),
            Self::FileWrite { path } => format!("any change to the file {path}"),
            Self::FileRead { path } => format!("reading {path}"),
            Self::Host { host } => format!("any request to {host}"),
        }
    }

    /// Whether the (masked) action is covered.
    pub fn covers(&self, action: &Action) -> bool {
        match (self, &action.effect) {
            (Self::Exact { digest, .. }, _) => *digest == effect_digest(action),
            (Self::FileWrite { path }, Effect::FileWrite { path: wanted, .. })
            | (Self::FileRead { path }, Effect::FileRead { path: wanted }) => path == wanted,
            (Self::Host { host }, Effect::Network { url, method: None }) => host_of(url).as_ref() == Some(host),
            (Self::FileWrite { .. } | Self::FileRead { .. } | Self::Host { .. }, _) => false,
        }
    }
}

impl Grant {
    /// Whether the grant holds for the (masked) action at this time.
    pub fn holds(&self, action: &Action, at: Timestamp) -> bool {
        let here = match &self.reach {
            Reach::Session { runtime, session } => *runtime == action.runtime && *session == action.session,
            Reach::Project { runtime, folder } => *runtime == action.runtime && *folder == action.cwd,
        };
        here && self.expires_at.is_none_or(|end| at < end) && self.cover.covers(action)
    }
}

/// Digest over tool and effect without the agent's own description, which changes from call to call.
fn effect_digest(action: &Action) -> String {
    let mut effect = action.effect.clone();
    if let Effect::Shell { description, .. } = &mut effect {
        *description = None;
    }
    digest::of(&(&action.tool, &effect))
}

/// Host part of a URL, lower case; `None` when there is none.
pub fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host.split(']').next()?.get(1..)? } else { host.split(':').next()? };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}
