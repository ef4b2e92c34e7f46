//! A standing always-allow: exactly what it covers, where, until when.
//!
//! Data and bounds only. What an action is covered by is judged in `policy::grants`, on the parsed
//! action; nothing here looks at text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::{Action, Effect};
use crate::clock::Timestamp;
use crate::digest;
use crate::id::GrantId;
use crate::limits::{
    GRANT_NOTE_CHARS, GRANT_PATTERNS, GRANT_SHOWN_CHARS, GRANT_TEXT_BYTES, GRANT_USES, GRANT_WORDS, MACHINE_GRANT_MS,
    PROJECT_GRANT_MS, SESSION_PASS_MS, SESSION_PASS_USES,
};
use crate::risk::RiskLevel;

/// Where a grant holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Reach {
    /// One session, until it ends.
    Session { runtime: String, session: String },
    /// One project folder of one runtime.
    Project { runtime: String, folder: String },
    /// Every project of one runtime on this machine.
    Machine { runtime: String },
}

/// The kinds of [`Reach`], without where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReachKind {
    Session,
    Project,
    Machine,
}

/// Names of the risk signals a person has accepted, each with the level it had then. Another signal of
/// medium risk or more, or one of these at a higher level, is not covered.
pub type Accepted = BTreeMap<String, RiskLevel>;

/// What a grant covers. Nothing else of the same tool.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "covers", rename_all = "snake_case")]
pub enum Cover {
    /// This exact call, recognised by the digest of its normalised effect.
    Exact {
        digest: String,
        words: String,
        /// The working directory it was proposed in; absent in grants of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cwd: Option<String>,
        /// Absent in grants of older versions, where the call itself had to be enough.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signals: Option<Accepted>,
    },
    /// Any change to this one file (in this and the next two, `signals` is absent in older grants).
    FileWrite {
        path: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signals: Option<Accepted>,
    },
    /// Reading this one path.
    FileRead {
        path: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signals: Option<Accepted>,
    },
    /// Any plain request to this host.
    Host {
        host: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signals: Option<Accepted>,
    },
    /// Shell commands of this form: every command that matters, in this order.
    Commands {
        /// One for each command that matters; commands that only look around may stand between them.
        parts: Vec<Pattern>,
        /// How each part after the first follows the one before; one fewer than `parts`.
        links: Vec<Link>,
        /// See [`Accepted`].
        signals: Accepted,
    },
    /// Reading, or adding and changing, files below a folder in the project.
    Folder {
        /// Absolute, without a trailing slash.
        path: String,
        how: FolderUse,
        /// See [`Accepted`].
        signals: Accepted,
    },
    /// One tool of one MCP server.
    McpTool {
        server: String,
        tool: String,
        arguments: Arguments,
        /// See [`Accepted`].
        signals: Accepted,
    },
    /// Whatever the session does below critical risk, for a bounded time and number of uses.
    Session,
}

/// One command as a grant describes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pattern {
    /// The program as written; a path is only ever that path.
    pub program: String,
    /// Words that choose what the program does (`run build`), always directly after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subcommand: Vec<String>,
    /// Options in order. With [`Operands::Any`]: those that may be used, none other; otherwise exactly these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// The rest of the words.
    pub operands: Operands,
    /// Variables set for this command alone (`NAME=value`), in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Redirections of its output to files, in order: operator, a space, absolute path (`2>> /a/b`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<String>,
    /// The folder it runs in, absolute; absent: any folder in the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// What may stand where a command's operands stand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operands {
    /// These words after the subcommand, options included, in this order.
    Exactly(Vec<String>),
    /// Any paths inside the project.
    InProject,
    /// Anything.
    Any,
}

/// How a command follows the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// Only when that one succeeded (`&&`).
    And,
    /// Whatever became of it (`;`).
    Then,
    /// Fed by it (`|`).
    Pipe,
}

/// What may be done below a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FolderUse {
    Read,
    /// Add and change; never delete or move.
    Write,
}

/// Which arguments of an MCP tool are covered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arguments {
    /// Those with this digest (see [`digest::of`]).
    Exactly(String),
    Any,
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
    /// How often it may still be used; `None`: as often as wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_left: Option<u32>,
    /// What the person wrote about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Why a grant cannot be given, or does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantFault {
    #[error("a grant that is counted has at most {GRANT_USES} uses")]
    Uses,
    #[error("allowing all in a session needs at most {SESSION_PASS_USES} uses and at most an hour")]
    SessionPass,
    #[error("a grant outside a session needs an end: 90 days for a project, 30 for the machine")]
    Expiry,
    #[error("the grant describes too much")]
    TooLong,
    #[error("the grant describes nothing")]
    Empty,
}

impl Cover {
    /// The narrowest sensible cover for a (masked) action of which no more is known.
    pub fn propose(action: &Action) -> Self {
        match &action.effect {
            Effect::FileWrite { path, .. } => Self::FileWrite { path: path.clone(), signals: None },
            Effect::FileRead { path } => Self::FileRead { path: path.clone(), signals: None },
            Effect::Network { url, method: None } => {
                host_of(url).map_or_else(|| Self::exact(action, None), |host| Self::Host { host, signals: None })
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
            | Effect::Other { .. } => Self::exact(action, None),
        }
    }

    /// This call and no other, in this working directory.
    pub fn exact(action: &Action, signals: Option<Accepted>) -> Self {
        let words = match &action.effect {
            Effect::Shell { command, .. } => format!("exactly the command “{}”", shortened(command)),
            Effect::Mcp { server, tool, .. } => {
                format!("{tool} of the MCP server {server} with exactly these arguments")
            }
            Effect::AgentSpawn { agent, .. } => format!("starting {agent} with exactly this task"),
            Effect::Network { url, .. } => format!("exactly this request to {}", shortened(url)),
            _ => format!("{} with exactly these arguments", action.tool),
        };
        Self::Exact { digest: effect_digest(action), words, cwd: Some(action.cwd.clone()), signals }
    }

    /// In words, for the card: what `Always allow` would cover.
    pub fn words(&self) -> String {
        match self {
            Self::Exact { words, .. } => words.clone(),
            Self::FileWrite { path, .. } => format!("any change to the file {path}"),
            Self::FileRead { path, .. } => format!("reading {path}"),
            Self::Host { host, .. } => format!("any request to {host}"),
            Self::Commands { parts, links, .. } => {
                let mut text = String::new();
                for (at, part) in parts.iter().enumerate() {
                    match at.checked_sub(1).and_then(|before| links.get(before)) {
                        None => {}
                        Some(Link::And) => text.push_str(", then if that worked "),
                        Some(Link::Then) => text.push_str(", then "),
                        Some(Link::Pipe) => text.push_str(", piped into "),
                    }
                    text.push_str(&part.words());
                }
                shortened(&text)
            }
            Self::Folder { path, how: FolderUse::Read, .. } => format!("reading anything below {path}"),
            Self::Folder { path, how: FolderUse::Write, .. } => format!("adding and changing files below {path}"),
            Self::McpTool { server, tool, arguments: Arguments::Exactly(_), .. } => {
                format!("{tool} of the MCP server {server} with exactly these arguments")
            }
            Self::McpTool { server, tool, arguments: Arguments::Any, .. } => {
                format!("any use of {tool} of the MCP server {server}")
            }
            Self::Session => {
                "everything below critical risk in this session, secrets and ClawButler excepted".to_owned()
            }
        }
    }

    /// The signals it was given in spite of; `None` where it says nothing about them.
    pub fn accepted(&self) -> Option<&Accepted> {
        match self {
            Self::Exact { signals, .. }
            | Self::FileWrite { signals, .. }
            | Self::FileRead { signals, .. }
            | Self::Host { signals, .. } => signals.as_ref(),
            Self::Commands { signals, .. } | Self::Folder { signals, .. } | Self::McpTool { signals, .. } => {
                Some(signals)
            }
            Self::Session => None,
        }
    }

    fn fault(&self) -> Option<GrantFault> {
        let Self::Commands { parts, links, .. } = self else { return None };
        if parts.is_empty() || links.len() + 1 != parts.len() {
            return Some(GrantFault::Empty);
        }
        let lengths = || parts.iter().flat_map(Pattern::texts).map(String::len);
        let long = parts.len() > GRANT_PATTERNS
            || parts.iter().any(|part| part.texts().count() > GRANT_WORDS)
            || lengths().sum::<usize>() > GRANT_TEXT_BYTES;
        long.then_some(GrantFault::TooLong)
    }
}

impl Pattern {
    /// In words: the command, and what else of its kind is meant.
    fn words(&self) -> String {
        let mut words: Vec<&str> = self.env.iter().map(String::as_str).collect();
        words.push(&self.program);
        words.extend(self.subcommand.iter().map(String::as_str));
        match &self.operands {
            Operands::Exactly(rest) => words.extend(rest.iter().map(String::as_str)),
            Operands::InProject => words.extend(self.flags.iter().map(String::as_str)),
            Operands::Any => {}
        }
        let command = words.join(" ");
        let mut text = match (&self.operands, &self.folder) {
            (Operands::Exactly(_), Some(folder)) => format!("“{command}” in {folder}"),
            (Operands::Exactly(_), None) => format!("“{command}”"),
            (Operands::InProject, _) => format!("“{command}” on any path in the project"),
            (Operands::Any, _) => format!("any “{command}” with its usual options"),
        };
        for write in &self.writes {
            text.push_str(" with output ");
            text.push_str(write);
        }
        text
    }

    /// Every text in it.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let exactly: &[String] = match &self.operands {
            Operands::Exactly(words) => words,
            Operands::InProject | Operands::Any => &[],
        };
        std::iter::once(&self.program)
            .chain(&self.subcommand)
            .chain(&self.flags)
            .chain(exactly)
            .chain(&self.env)
            .chain(&self.writes)
            .chain(&self.folder)
    }
}

impl Reach {
    /// Its kind.
    pub fn kind(&self) -> ReachKind {
        match self {
            Self::Session { .. } => ReachKind::Session,
            Self::Project { .. } => ReachKind::Project,
            Self::Machine { .. } => ReachKind::Machine,
        }
    }

    /// Whether the action happens there.
    pub fn holds(&self, action: &Action) -> bool {
        match self {
            Self::Session { runtime, session } => *runtime == action.runtime && *session == action.session,
            Self::Project { runtime, folder } => *runtime == action.runtime && folder == action.project(),
            Self::Machine { runtime } => *runtime == action.runtime,
        }
    }
}

impl Grant {
    /// Whether the grant keeps to every bound; one that does not is never given and never counts.
    ///
    /// # Errors
    ///
    /// Names the bound it goes over.
    pub fn check(&self) -> Result<(), GrantFault> {
        let lasts =
            |most: u64| self.expires_at.is_some_and(|end| end > self.created_at && self.created_at.until(end) <= most);
        if self.cover == Cover::Session {
            let counted = self.uses_left.is_some_and(|uses| uses <= SESSION_PASS_USES);
            if self.reach.kind() != ReachKind::Session || !counted || !lasts(SESSION_PASS_MS) {
                return Err(GrantFault::SessionPass);
            }
        }
        if self.uses_left.is_some_and(|uses| uses > GRANT_USES) {
            return Err(GrantFault::Uses);
        }
        let ends = match self.reach.kind() {
            ReachKind::Session => true,
            ReachKind::Project => lasts(PROJECT_GRANT_MS),
            ReachKind::Machine => lasts(MACHINE_GRANT_MS),
        };
        if !ends {
            return Err(GrantFault::Expiry);
        }
        if self.note.as_ref().is_some_and(|note| note.chars().count() > GRANT_NOTE_CHARS) {
            return Err(GrantFault::TooLong);
        }
        self.cover.fault().map_or(Ok(()), Err)
    }

    /// Whether it is in force for anything at all at this time: within its bounds, not over, not used up.
    pub fn in_force(&self, at: Timestamp) -> bool {
        self.check().is_ok()
            && self.expires_at.is_none_or(|end| at < end)
            && self.uses_left.is_none_or(|uses| uses > 0)
            // A clock set back does not make a pass last longer.
            && (self.cover != Cover::Session || at >= self.created_at)
    }
}

/// Digest over tool and effect without the agent's own description, which changes from call to call.
pub fn effect_digest(action: &Action) -> String {
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

/// At most [`GRANT_SHOWN_CHARS`] characters, the middle left out.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= GRANT_SHOWN_CHARS {
        return text.to_owned();
    }
    let half = GRANT_SHOWN_CHARS / 2;
    let start: String = text.chars().take(half).collect();
    let end: String = text.chars().skip(count - half).collect();
    format!("{start} … {} characters … {end}", count - 2 * half)
}
