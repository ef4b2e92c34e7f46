//! Agent runtimes on this machine, their homes and our guard in them.

use serde::{Deserialize, Serialize};

/// Everything discovery found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovery {
    pub installs: Vec<InstallView>,
    pub homes: Vec<HomeView>,
    /// Places looked at, for the empty state.
    pub looked_at: Vec<String>,
}

/// One installed client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallView {
    pub runtime: String,
    pub runtime_name: String,
    /// Path of the program.
    pub path: String,
    /// `npm`, `native`, `sdk`, …, in words.
    pub how: String,
    /// Absent when it cannot be told without running it.
    #[serde(default)]
    pub version: Option<String>,
    /// Where the version was read.
    #[serde(default)]
    pub version_source: Option<String>,
    /// What is wrong or old about it, in words.
    #[serde(default)]
    pub warning: Option<String>,
}

/// One configuration home of a runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeView {
    /// Stable id (digest of runtime and path).
    pub id: String,
    pub runtime: String,
    pub runtime_name: String,
    pub path: String,
    /// Why we know of it (`default`, `CLAUDE_CONFIG_DIR`, `added by hand`).
    pub source: String,
    /// Whether the user chose to govern it.
    pub governed: bool,
    /// Whether a guard of ours can be installed here; without one the home is only observed.
    pub guardable: bool,
    pub guard: GuardView,
    pub sessions: Vec<SessionView>,
}

/// The guard's state in one home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardView {
    pub state: GuardState,
    /// One sentence.
    pub says: String,
    /// What to do, when something is wrong.
    #[serde(default)]
    pub fix: Option<String>,
    /// Last time the hook of this home talked to us (ms since the epoch).
    #[serde(default)]
    pub last_contact: Option<i64>,
    /// Whether the runtime leaves it out until it is trusted there, and can be asked to from here
    /// ([`GuardVariant::Trust`]).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub awaits_trust: bool,
    /// Whether it can be tried by running it (`test_guard`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub self_test: bool,
    /// How the last try since ClawButler started went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tested: Option<GuardTest>,
}

/// How a try of a guard went: loaded as the runtime loads it, it was asked about a call that it has to block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardTest {
    /// `None`: it could not be tried.
    #[serde(default)]
    pub works: Option<bool>,
    /// One sentence.
    pub says: String,
    /// What to do, unless it works.
    #[serde(default)]
    pub fix: Option<String>,
    /// When (ms since the epoch).
    pub at: i64,
}

/// Whether our guard is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardState {
    /// In the machine-wide managed settings: nothing in a project can switch it off.
    Managed,
    /// In the user's settings.
    User,
    /// Installed, but something makes the runtime ignore it.
    Bypassed,
    /// Some of our entries are missing or changed.
    Damaged,
    /// Not installed.
    Missing,
}

/// One live session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    pub session: String,
    pub pid: u32,
    pub cwd: String,
    #[serde(default)]
    pub name: Option<String>,
    /// `terminal`, `print`, `background`, or the runtime's word.
    pub kind: String,
    /// `idle`, `busy`, `waiting` (for input), `asking` (for permission), `unknown`.
    pub status: String,
    #[serde(default)]
    pub version: Option<String>,
    /// Milliseconds since the epoch.
    #[serde(default)]
    pub started_at: Option<i64>,
    /// Whether its hooks reach us: absent until there was a reason to.
    #[serde(default)]
    pub guarded: Option<bool>,
}

/// Which settings file carries the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardVariant {
    /// The user's own settings file.
    #[default]
    User,
    /// The machine-wide managed settings; needs administrator rights.
    Managed,
    /// Not the guard: static rules in the home that the runtime enforces by itself, also while the app is away.
    Backstop,
    /// Not a file of ours: the runtime is asked to trust the entries of the guard, over its own interface. It writes
    /// that down itself. Removed with the guard.
    Trust,
}

/// What an install or uninstall would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardPlan {
    /// Names this very plan; the consent repeats it. Stale when a file changed since.
    pub plan_digest: String,
    pub home_id: String,
    /// Whether there is anything to do.
    pub changes: bool,
    pub files: Vec<FilePlan>,
    /// For people: what will be true afterwards, and warnings.
    pub notes: Vec<String>,
    /// The exact command to run as administrator, when we cannot write the file ourselves.
    #[serde(default)]
    pub command: Option<String>,
}

/// One file of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlan {
    pub path: String,
    /// Unified diff, exact.
    pub diff: String,
    /// SHA-256 (hex) of the present content; absent when there is no file.
    #[serde(default)]
    pub before: Option<String>,
    /// SHA-256 (hex) of the new content; absent when the file is removed, or when the runtime writes it itself.
    #[serde(default)]
    pub after: Option<String>,
}
