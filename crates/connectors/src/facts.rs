//! What a home is configured to do, what a connector can do with its runtime, and whether all is well.

use clawbutler_core::clock::Timestamp;

/// What a connector can do with its runtime; the matrix shown to people is made of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// See sessions and what happens in them.
    pub observe: Can,
    /// Know tokens and costs.
    pub price: Can,
    /// Ask a person before a call runs.
    pub ask: Can,
    /// Stop a call before it runs.
    pub block: Can,
    /// Hold a whole session.
    pub pause: Can,
    /// End a session.
    pub kill: Can,
    /// Let a held or ended session go on.
    pub resume: Can,
    /// Change the runtime's configuration.
    pub configure: Can,
}

impl Capabilities {
    /// Every capability with its name, in a fixed order.
    pub fn all(&self) -> [(&'static str, &Can); 8] {
        [
            ("observe", &self.observe),
            ("price", &self.price),
            ("ask", &self.ask),
            ("block", &self.block),
            ("pause", &self.pause),
            ("kill", &self.kill),
            ("resume", &self.resume),
            ("configure", &self.configure),
        ]
    }

    /// Nothing, for one reason.
    pub const fn none(why: &'static str) -> Self {
        Self {
            observe: Can::No(why),
            price: Can::No(why),
            ask: Can::No(why),
            block: Can::No(why),
            pause: Can::No(why),
            kill: Can::No(why),
            resume: Can::No(why),
            configure: Can::No(why),
        }
    }
}

/// Whether something can be done, with how or why not in one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Can {
    /// Yes, in this way.
    Yes(&'static str),
    /// With these holes.
    Partly(&'static str),
    /// No, for this reason.
    No(&'static str),
}

/// The fact that tells whether our static rules stand ([`crate::connector::Connector::backstop`]).
pub const BACKSTOP: &str = "static rules";

/// One thing a home is configured to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Where it is shown.
    pub tab: Tab,
    /// Stable name, unique in its tab (`mcp:github`, `permission mode`).
    pub name: String,
    /// Its value in words; never a secret (values of environment variables and headers are left out).
    pub value: String,
    /// The file or interface it was read from.
    pub source: String,
    /// Whether its change is worth an alarm.
    pub watch: Watch,
}

/// The tab of the registry that shows a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tab {
    /// Version, model, account kind.
    Overview,
    /// Tools and MCP servers.
    Tools,
    /// Skills, plugins, extensions, sub-agent definitions.
    Skills,
    /// Messaging channels.
    Channels,
    /// Instruction files and memories.
    Files,
    /// Cron jobs and schedules.
    Schedules,
    /// Hooks, permissions, sandbox, trust.
    Permissions,
}

/// How much of a limit of the account is used, as a runtime wrote it down beside the records of its sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Its window (`5h`, `weekly`, `weekly (Opus)`).
    pub window: String,
    /// Percent used, 0 to 100 and above.
    pub used_percent: f64,
    /// When it starts anew.
    pub resets_at: Option<Timestamp>,
    /// When the runtime was told so.
    pub as_of: Option<Timestamp>,
    /// The file it was read from.
    pub source: String,
}

/// Whether a fact's change is drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Watch {
    /// Shown only.
    No,
    /// Something that appears, changes or goes is noted and raised (a server, a hook, a skill).
    Change,
    /// A rank of how loose it is: a higher one than before is raised as critical (a permission mode).
    Rank(u8),
}

/// One look at whether a home is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// One sentence.
    pub says: String,
    /// What to do, when something is wrong.
    pub fix: Option<String>,
}

/// How well something is; the worst check is the health of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Nothing to do.
    Healthy,
    /// Works with holes.
    Degraded,
    /// Does not do what it is there for.
    Critical,
}
