//! Entries of ours that a runtime leaves out until its user trusts them, and what that can be asked of.

use std::path::PathBuf;

/// What a runtime has to be asked before it runs our entries. It is asked only when a person consented to exactly this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Where the runtime keeps what is trusted, the file itself, never a link to it.
    pub file: PathBuf,
    /// Our entries that wait, at least one.
    pub entries: Vec<OwnEntry>,
    /// How a program of the runtime is started that can be asked; absent where none was found.
    pub client: Option<Client>,
    /// What the person can do in the runtime itself instead, in one sentence.
    pub by_hand: String,
}

/// One of our entries, as the runtime is expected to list it. An entry that differs in any of these is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEntry {
    /// Names of its place, one for each way to call the file; the runtime uses one of them.
    pub keys: Vec<String>,
    /// Its event, in the runtime's words; capital letters do not count.
    pub event: String,
    /// The whole command line.
    pub command: String,
    /// Which tools it is for.
    pub matcher: Option<String>,
    /// How long the runtime waits for it (seconds).
    pub timeout_s: u64,
    /// What the runtime shows meanwhile.
    pub status: Option<String>,
    /// The fingerprint by which it is to be trusted.
    pub fingerprint: String,
    /// The fingerprint that is trusted now in its place; absent where none is.
    pub trusted: Option<String>,
}

/// A program of the runtime that serves its interface on its input and output.
#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    /// The program.
    pub program: PathBuf,
    /// Its version, as read from the files around it.
    pub version: String,
    /// Its whole environment.
    pub vars: Vec<(String, String)>,
    /// The folder in which it is started; no project.
    pub folder: PathBuf,
}

/// Shows no values: an environment holds secrets.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { program, version, vars, folder } = self;
        let names: Vec<&String> = vars.iter().map(|(name, _)| name).collect();
        let mut shown = f.debug_struct("Client");
        shown.field("program", program).field("version", version).field("vars", &names).field("folder", folder);
        shown.finish()
    }
}
