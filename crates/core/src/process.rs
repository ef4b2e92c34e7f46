//! A process as the system's list of them tells it.

use std::fmt;
use std::path::PathBuf;

/// One process, with what it was started with.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    pub pid: u32,
    /// 0 where nobody began it.
    pub parent: u32,
    /// When it started (seconds since the epoch).
    pub started: u64,
    /// The name of its program, on Windows with `.exe`.
    pub name: String,
    /// Its command line, the program first; empty where it may not be read.
    pub words: Vec<String>,
    /// `NAME=value`; empty where they may not be read. They hold secrets: never shown, never kept.
    pub vars: Vec<String>,
    /// The folder it works in.
    pub cwd: Option<PathBuf>,
    /// Its program's file.
    pub program: Option<PathBuf>,
}

/// Shows neither words nor variables: both hold secrets.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("pid", &self.pid).field("name", &self.name).finish_non_exhaustive()
    }
}
