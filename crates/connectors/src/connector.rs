//! What every connector can do, and the list of all of them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clawbutler_core::action::Action;
use serde_json::Value;

use crate::call::ToolCall;
use crate::env::Env;
use crate::facts::{Capabilities, Check, Fact, Limit};
use crate::places::ByAddress;
use crate::record::{Reader, Recording, Setting};
use crate::trusting::Trust;

/// One agent runtime.
pub trait Connector: Send + Sync + std::fmt::Debug {
    /// Stable id.
    fn id(&self) -> &'static str;
    /// Name for people.
    fn name(&self) -> &'static str;
    /// Finds installs and homes without running anything.
    fn discover(&self, env: &Env, extra_homes: &[PathBuf]) -> Discovery;
    /// Live sessions of one home. Where the system does not tell whether a process runs, what one that is gone left
    /// behind may be among them.
    fn sessions(&self, env: &Env, home: &Path) -> Vec<LiveSession>;
    /// Sessions of a home of which the runtime wrote down that they are over, by their ids. One of them that was taken up
    /// again is among [`Self::sessions`] as well, and that counts more.
    fn ended(&self, _home: &Path) -> BTreeMap<String, Ended> {
        BTreeMap::new()
    }
    /// Folders whose files tell of live sessions: a change in them may be a change of a state. Some of them may not
    /// exist.
    fn live_folders(&self, _home: &Path) -> Vec<PathBuf> {
        Vec::new()
    }
    /// The process that starts sessions of a home again when they end, as it was last written down; it may be gone by
    /// now. Whoever ends the sessions for good ends it first.
    fn keeper(&self, _home: &Path) -> Option<Keeper> {
        None
    }
    /// Whether the process of a session finishes what it does when it is asked to end, further tool calls included, and
    /// ends at once when it is asked again.
    fn ends_when_asked_again(&self, _session: &LiveSession) -> bool {
        false
    }
    /// How much [`Self::sessions`] leaves out, and so what follows for a session that is not in it. In doubt
    /// [`Listing::Partly`].
    fn lists(&self, _env: &Env, _home: &Path) -> Listing {
        Listing::Partly
    }
    /// Whether [`Self::sessions`] can see sessions on this system at all.
    fn sees_sessions(&self, _env: &Env) -> bool {
        true
    }
    /// Where the background server of a home listens, when one has run there; it may be gone by now.
    fn control_socket(&self, _env: &Env, _home: &Path) -> Option<PathBuf> {
        None
    }
    /// What a program of this runtime is that we can be connected to; `None` where there is none.
    fn served_by(&self) -> Option<End> {
        None
    }
    /// What a person types to let our device in at a gateway of this runtime.
    fn lets_in(&self) -> Option<&'static str> {
        None
    }
    /// What can be done with a server of this runtime of which only the address is known ([`crate::places`]); `None`
    /// where its home is needed.
    fn by_address(&self) -> Option<Capabilities> {
        None
    }
    /// Names of files and folders of which every home of this runtime has at least one, once it was used.
    fn home_marks(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether our guard is in force. `projects` are folders of live sessions.
    fn guard_status(&self, env: &Env, home: &Path, hook: &Path, projects: &[PathBuf]) -> GuardStatus;
    /// What installing or repairing the guard would change; nothing when it is complete.
    fn plan_install(&self, env: &Env, home: &Path, hook: &Path, variant: Variant) -> Result<Plan, GuardError>;
    /// What removing the guard would change.
    fn plan_uninstall(&self, env: &Env, home: &Path, hook: &Path, variant: Variant) -> Result<Plan, GuardError>;
    /// Whether our static rules stand in a home, which the runtime enforces by itself, also while nothing of
    /// ours runs; `None` where it knows no such thing.
    fn backstop(&self, _home: &Path) -> Option<bool> {
        None
    }
    /// What writing (or taking away) those rules would change.
    fn plan_backstop(&self, _home: &Path, _uninstall: bool) -> Result<Plan, GuardError> {
        Err(GuardError::NotOffered(NO_BACKSTOP))
    }
    /// What the runtime itself has to be asked before it runs our entries; `None` where nothing waits for that, or
    /// only its user can do it.
    fn trust(&self, _env: &Env, _home: &Path, _hook: &Path) -> Option<Trust> {
        None
    }
    /// Whether two states of [`Trust::file`] differ in the trust of these places only.
    fn only_trust_differs(&self, _before: &str, _after: &str, _keys: &[String]) -> bool {
        false
    }
    /// Whether an installed guard can be tried by running it ([`Self::self_test`]).
    fn has_self_test(&self) -> bool {
        false
    }
    /// What shows that the guard of a home is loaded and blocks: a short run without anything else of the runtime. It is
    /// run only after a person installed the guard, or asked for it.
    fn self_test(&self, _env: &Env, _home: &Path, _hook: &Path) -> Result<SelfTest, GuardError> {
        Err(GuardError::NotOffered("There is nothing to run here: the runtime starts the hook program itself."))
    }
    /// Files an agent must not touch.
    fn guarded_files(&self, env: &Env, home: &Path) -> Vec<PathBuf>;
    /// Files and folders whose change may affect the guard.
    fn watched_files(&self, env: &Env, home: &Path) -> Vec<PathBuf>;
    /// Understands a tool call.
    fn action(&self, call: &ToolCall) -> Action;
    /// Whether there is a guard to install at all. Without one, [`Self::plan_install`] always answers
    /// [`GuardError::ObservedOnly`], and `ask` and `block` of [`Self::capabilities`] are `No`.
    fn has_guard(&self) -> bool {
        true
    }
    /// Whether the guard's hooks tell of every call of a tool that is recorded under this name, before it runs and by the
    /// id that is recorded with it. Such a call without a word of a hook ran without the guard. In doubt `false`.
    fn hook_tells(&self, _tool: &str) -> bool {
        false
    }
    /// How much a setting of a session lets it do unasked: the higher, the looser. What is not known is the loosest.
    fn looseness(&self, _name: &str, _value: &str) -> u8 {
        0
    }
    /// Whether only hooks tell how a session is set, since no record of it does.
    fn hook_tells_mode(&self) -> bool {
        false
    }
    /// What such a session of a home is set to where nobody asks for something else, by the names of
    /// [`Reader::settings`]. What is not among them is not compared.
    fn configured(&self, _env: &Env, _home: &Path, _recording: &Recording) -> Vec<Setting> {
        Vec::new()
    }
    /// What can be done with this runtime, for the matrix and for what the app offers.
    fn capabilities(&self) -> Capabilities {
        Capabilities::none("not connected yet")
    }
    /// What a home is configured to do: the tabs of the registry, and what drift is measured against.
    /// `projects` are folders of live sessions, whose own configuration counts too.
    fn facts(&self, _env: &Env, _home: &Path, _projects: &[PathBuf]) -> Vec<Fact> {
        Vec::new()
    }
    /// What the runtime wrote down of the account's limits, beside the records of its sessions.
    fn limits(&self, _env: &Env, _home: &Path) -> Vec<Limit> {
        Vec::new()
    }
    /// Whether the runtime itself is well, the guard aside.
    fn checks(&self, _env: &Env, _home: &Path) -> Vec<Check> {
        Vec::new()
    }
    /// Everything a home has recorded, newest first, at most [`clawbutler_core::limits::RECORDINGS`].
    fn recordings(&self, _env: &Env, _home: &Path) -> Vec<Recording> {
        Vec::new()
    }
    /// Folders that hold the records, to be watched for growth.
    fn recording_folders(&self, _env: &Env, _home: &Path) -> Vec<PathBuf> {
        Vec::new()
    }
    /// The recordings in one file, when a file in a watched folder appears or changes; none for other files.
    fn recordings_in(&self, _env: &Env, _home: &Path, _file: &Path) -> Vec<Recording> {
        Vec::new()
    }
    /// Where a home records the runs of its scheduled jobs, when it has such a record.
    fn scheduled_runs(&self, _home: &Path) -> Option<ScheduledRuns> {
        None
    }
    /// Queries that list the sessions in a database, newest first, for a recording whose `session` is empty:
    /// it stands for the whole database, which only the reader of databases can look into.
    ///
    /// `?1` is the most rows wanted. Columns by name: `session`, and where known `parent`, `cwd`, `title`, and `last`,
    /// which no cursor of the session is past: where more was read, an older database was written over this one. Each
    /// row makes one recording of the same path and form. Several queries are run in turn until one fits.
    fn session_queries(&self) -> &'static [&'static str] {
        &[]
    }
    /// The runtime's id of the call that began a sub-agent, as the records beside (or in) the session's transcript name
    /// it; `None` where they do not, or not yet.
    fn spawned_by(&self, _transcript: &Path, _agent: &str) -> Option<String> {
        None
    }
    /// A reader from the start, or from where `saved` (see [`Reader::save`]) left off; none when this
    /// connector records nothing.
    fn reader(&self, _recording: &Recording, _saved: Option<&Value>) -> Option<Box<dyn Reader>> {
        None
    }
}

/// Every connector.
pub static ALL: &[&dyn Connector] = &[
    &crate::openclaw::OpenClaw,
    &crate::claude_code::ClaudeCode,
    &crate::codex::Codex,
    &crate::hermes::Hermes,
    &crate::gemini_cli::GeminiCli,
];

/// Stands for servers of which only the address is known, of every runtime with [`Connector::by_address`].
pub(crate) static BY_ADDRESS: &[&dyn Connector] = &[&ByAddress(&crate::openclaw::OpenClaw)];

/// The runtime that is meant where none is named, on the command line.
pub const USUAL: &str = crate::claude_code::ID;

/// The source of a home that nothing tells of but the caller of [`Connector::discover`].
pub const BY_HAND: &str = "added by hand";

/// What is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A gateway: it asks, tells of itself, and takes a policy from us.
    Gateway,
    /// A daemon: it asks and is answered, and has no policy for us to change.
    Daemon,
    /// A server: it tells what its sessions do, and nothing is asked over its connection.
    Server,
}

/// The connector with this id.
pub fn by_id(id: &str) -> Option<&'static dyn Connector> {
    ALL.iter().copied().find(|connector| connector.id() == id)
}

/// What was found on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Discovery {
    /// Installed clients.
    pub installs: Vec<Install>,
    /// Configuration homes.
    pub homes: Vec<Home>,
    /// Places looked at, for the empty state.
    pub looked_at: Vec<PathBuf>,
}

/// One installed client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// The program.
    pub path: PathBuf,
    /// How it was installed, in words.
    pub how: String,
    /// Absent when it cannot be told without running it.
    pub version: Option<String>,
    /// Where the version was read, or why it is not known.
    pub version_source: Option<String>,
    /// What is old or wrong about it.
    pub warning: Option<String>,
}

/// One configuration home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Its folder.
    pub path: PathBuf,
    /// Why we know of it.
    pub source: String,
}

/// How much the list of a home's live sessions leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Nothing: a session that is not in it is not open in any process.
    Sessions,
    /// Sessions, but no process that has any open: where it is empty, none is open.
    Processes,
    /// Processes too.
    Partly,
}

/// One session that runs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSession {
    /// The runtime's id.
    pub session: String,
    /// Process id.
    pub pid: u32,
    /// Its folder.
    pub cwd: String,
    /// Its name, when it has one.
    pub name: Option<String>,
    /// `terminal`, `print`, `background`, or the runtime's word.
    pub kind: String,
    /// `idle`, `busy`, `waiting` (for input), `asking` (for permission), `unknown`.
    pub status: String,
    /// The client's version.
    pub version: Option<String>,
    /// Milliseconds since the epoch.
    pub started_at: Option<i64>,
    /// When the process started, in the units of the system's process table (Linux: ticks since boot):
    /// before a process is ended, this has to fit, because process ids are used again.
    pub process_started: Option<u64>,
}

/// The end of a session, as the runtime wrote it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The runtime's word: `stopped`, `done`, `failed`.
    pub word: String,
    /// Milliseconds since the epoch.
    pub at: Option<i64>,
}

/// A process of the runtime's own that starts its sessions again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeper {
    /// What the runtime calls it.
    pub what: &'static str,
    /// Process id.
    pub pid: u32,
    /// When it started, as in [`LiveSession::process_started`].
    pub process_started: u64,
    /// What its end means for the sessions, in a sentence.
    pub later: &'static str,
}

/// The guard's state in one home, in a word and in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardStatus {
    /// The word.
    pub state: GuardState,
    /// One sentence.
    pub says: String,
    /// What to do, when something is wrong.
    pub fix: Option<String>,
}

/// Whether our guard is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuardState {
    /// In machine-wide managed settings.
    Managed,
    /// In the user's settings.
    User,
    /// Installed, but something makes the runtime ignore it.
    Bypassed,
    /// Incomplete, changed, or its program is missing.
    Damaged,
    /// Not installed.
    Missing,
}

/// Which settings file carries the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Variant {
    /// The user's own settings.
    #[default]
    User,
    /// Machine-wide managed settings; needs administrator rights.
    Managed,
}

/// What a connector says whose runtime enforces no rules by itself.
const NO_BACKSTOP: &str = "this runtime has no rules of its own that ClawButler could add to";

/// A database of the runtime with the runs of scheduled jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledRuns {
    pub database: PathBuf,
    /// The newest first, at most `?1`; the first query that fits the schema is used. Columns: `job`, `status`, `began` and
    /// `ended` (as the runtime writes times), `started_by`, and `error`, why it failed, in anybody's words.
    pub queries: &'static [&'static str],
}

/// A run that shows whether the guard works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfTest {
    /// The runtime's own interpreter.
    pub program: PathBuf,
    pub args: Vec<OsString>,
    /// How its output begins when the guard works; anything else is a failure.
    pub says: String,
}

/// What would change. No files: nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Exact changes.
    pub files: Vec<FileChange>,
    /// For people: what will be true afterwards, and warnings.
    pub notes: Vec<String>,
    /// One command for an administrator with the same effect, when we may lack the rights.
    pub command: Option<String>,
}

/// One file before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The file itself, never a link to it.
    pub path: PathBuf,
    /// Present content; `None` when there is no file.
    pub before: Option<Vec<u8>>,
    /// New content; `None` removes the file.
    pub after: Option<Vec<u8>>,
    /// Permission bits of a file that is created; `None` keeps what is there.
    pub mode: Option<u32>,
}

/// Why a guard cannot be planned.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The file's text cannot be understood.
    #[error("{path} is not valid JSON ({why}), so it is left alone")]
    NotParsable {
        /// The file.
        path: PathBuf,
        /// Where and what.
        why: String,
    },
    /// The file's text is understood, but a part of it is of the wrong kind.
    #[error("in {path}, {what}, so it is left alone")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Which part and what it should be.
        what: String,
    },
    /// Not UTF-8.
    #[error("{path} is not UTF-8 text, so it is left alone")]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// Over the bound.
    #[error("{path} is larger than {limit} bytes, so it is left alone")]
    TooBig {
        /// The file.
        path: PathBuf,
        /// The bound.
        limit: u64,
    },
    /// A folder, a pipe, a device.
    #[error("{path} is not a regular file, so it is left alone")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The hook program's path cannot be used.
    #[error("the hook program's path {path} {why}")]
    HookPath {
        /// The path.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// The connector has no guard for its runtime.
    #[error("ClawButler only observes {runtime}: there is no guard to install")]
    ObservedOnly {
        /// Its name for people.
        runtime: &'static str,
    },
    /// The home is not known, only the address of its server.
    #[error("only the address of this gateway is known, so no guard can be installed from here")]
    AddressOnly,
    /// The runtime offers no such place.
    #[error("{0}")]
    NotOffered(&'static str),
    /// The operating system said no.
    #[error("{path} cannot be read")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl GuardError {
    /// What the person can do.
    pub fn fix(&self) -> String {
        match self {
            Self::NotParsable { path, .. } | Self::NotText { path } => {
                format!("Open {} in an editor, repair the text (or move the file away), and try again.", path.display())
            }
            Self::Shape { path, .. } => {
                format!("Open {} in an editor, correct that part or remove it, and try again.", path.display())
            }
            Self::TooBig { path, .. } => format!("Move what is not settings out of {} and try again.", path.display()),
            Self::NotAFile { path } => format!("Move {} away and try again.", path.display()),
            Self::ObservedOnly { runtime } => {
                format!("Use {runtime}'s own approval settings; its sessions are shown here all the same.")
            }
            Self::AddressOnly => "Where its home can be reached, add that home on the Agents page.".to_owned(),
            Self::NotOffered(NO_BACKSTOP) => "Rely on the guard; it is what stops calls here.".to_owned(),
            Self::NotOffered(_) => "Install the guard in the user's settings instead.".to_owned(),
            Self::HookPath { .. } => "Reinstall ClawButler in a folder with a plain absolute path.".to_owned(),
            Self::Io { path, .. } => format!("Check who may read {} and try again.", path.display()),
        }
    }
}
