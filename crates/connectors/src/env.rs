//! The surroundings a connector may know, handed in by the host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::processes::ProcessTable;

/// Variables, home and file system root. Never read from the process here.
#[derive(Clone)]
pub struct Env {
    /// Environment variables. Connectors look up names they know and never forward the map.
    pub vars: BTreeMap<String, String>,
    /// The user's home folder.
    pub home: PathBuf,
    /// Whose conventions hold.
    pub os: Os,
    /// `/` in production; tests use a scratch root for `/etc`, `/usr`, `/proc`, ….
    pub root: PathBuf,
    /// Lists processes where no table lies in the file system (macOS, Windows); `None`: they are not seen there.
    pub processes: Option<Arc<dyn ProcessTable>>,
}

/// The operating systems whose conventions we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Os {
    /// Linux and WSL.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl Env {
    /// This machine, with the conventions of the system the program was built for.
    pub fn new(vars: BTreeMap<String, String>, home: PathBuf) -> Self {
        let os = if cfg!(windows) {
            Os::Windows
        } else if cfg!(target_os = "macos") {
            Os::MacOs
        } else {
            Os::Linux
        };
        Self { vars, home, os, root: PathBuf::from("/"), processes: None }
    }

    /// A variable's value; absent when unset or empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Shows no values: an environment holds secrets.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { vars, home, os, root, processes: _ } = self;
        let names: Vec<&String> = vars.keys().collect();
        f.debug_struct("Env")
            .field("vars", &names)
            .field("home", home)
            .field("os", os)
            .field("root", root)
            .finish_non_exhaustive()
    }
}
