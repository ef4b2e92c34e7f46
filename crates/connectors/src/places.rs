//! Places that discovery cannot see: a home that somebody names, and a server of which only the address is known.
//!
//! A home is taken for one when it is a folder with something in it that its runtime makes. A server's entry has its
//! address where others have their folder; no connector looks for files of it. Must never open what it looks at.

use std::path::{Component, Path, PathBuf};

use clawbutler_core::action::Action;

use crate::call::ToolCall;
use crate::connector::{
    self, Connector, Discovery, End, GuardError, GuardState, GuardStatus, LiveSession, Plan, Variant,
};
use crate::env::{Env, Os};
use crate::facts::{Capabilities, Check, Health};

/// Longest path of a home (bytes).
const PATH_BYTES: usize = 4_096;
/// Why nothing of ours stands before the tools.
const NO_GUARD: &str = "Only its address is known, so no guard can be installed from here.";

/// Why a place is no home of a runtime.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAHome {
    /// Not a path from the root of the file system.
    #[error("{0} is not an absolute path")]
    NotAbsolute(String),
    /// It goes up and down again, or has control characters, or is too long.
    #[error("the path has `..`, control characters or over {PATH_BYTES} bytes in it")]
    Unclear,
    /// Nothing is there, or no folder.
    #[error("{0} is not a folder that can be read")]
    NoFolder(String),
    /// Nothing in the folder is the runtime's.
    #[error("{place} does not look like a home of {runtime}: it has none of {marks}")]
    NotOfIt {
        /// The folder.
        place: String,
        /// The runtime's name for people.
        runtime: &'static str,
        /// What one of which would be there.
        marks: String,
    },
}

/// Whether a text is an absolute path by the rules of a system.
fn is_absolute(os: Os, text: &str) -> bool {
    let drive = || {
        let mut letters = text.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.next() == Some(':')
            && matches!(letters.next(), Some('\\' | '/'))
    };
    match os {
        Os::Windows => drive() || text.starts_with(r"\\") || Path::new(text).is_absolute(),
        Os::Linux | Os::MacOs => text.starts_with('/'),
    }
}

/// The home of a runtime that somebody names: an absolute path of a folder that looks like one. Separators at its
/// end are dropped; links are kept as they are, as the runtime keeps them.
pub fn home_at(runtime: &dyn Connector, env: &Env, text: &str) -> Result<PathBuf, NotAHome> {
    let text = text.trim();
    if text.len() > PATH_BYTES || text.contains(char::is_control) {
        return Err(NotAHome::Unclear);
    }
    if !is_absolute(env.os, text) {
        return Err(NotAHome::NotAbsolute(text.to_owned()));
    }
    let parts = || text.split(['/', '\\']);
    if parts().any(|part| part == "..") {
        return Err(NotAHome::Unclear);
    }
    let path: PathBuf = Path::new(text).components().filter(|part| *part != Component::CurDir).collect();
    if !path.is_dir() || std::fs::read_dir(&path).is_err() {
        return Err(NotAHome::NoFolder(path.display().to_string()));
    }
    let marks = runtime.home_marks();
    if marks.iter().any(|name| path.join(name).symlink_metadata().is_ok()) {
        return Ok(path);
    }
    Err(NotAHome::NotOfIt {
        place: path.display().to_string(),
        runtime: runtime.name(),
        marks: marks.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    })
}

/// Whether an entry of the registry has an address where others have their folder.
pub fn is_address(place: &str) -> bool {
    place.contains("://")
}

/// Who speaks for an entry of the registry: the runtime's connector, or what stands for a server of it.
pub fn connector_of(runtime: &str, place: &str) -> Option<&'static dyn Connector> {
    if is_address(place) {
        return connector::BY_ADDRESS.iter().copied().find(|connector| connector.id() == runtime);
    }
    connector::by_id(runtime)
}

/// A server of a runtime of which only the address is known: it has no files here, and what can be done with it goes
/// over the connection.
#[derive(Debug)]
pub(crate) struct ByAddress(pub(crate) &'static dyn Connector);

impl Connector for ByAddress {
    fn id(&self) -> &'static str {
        self.0.id()
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn discover(&self, _env: &Env, _extra_homes: &[PathBuf]) -> Discovery {
        Discovery::default()
    }

    fn sessions(&self, _env: &Env, _home: &Path) -> Vec<LiveSession> {
        Vec::new()
    }

    fn served_by(&self) -> Option<End> {
        self.0.served_by()
    }

    fn lets_in(&self) -> Option<&'static str> {
        self.0.lets_in()
    }

    fn guard_status(&self, _env: &Env, _home: &Path, _hook: &Path, _projects: &[PathBuf]) -> GuardStatus {
        GuardStatus { state: GuardState::Missing, says: NO_GUARD.to_owned(), fix: Some(GuardError::AddressOnly.fix()) }
    }

    fn plan_install(&self, _: &Env, _: &Path, _: &Path, _: Variant) -> Result<Plan, GuardError> {
        Err(GuardError::AddressOnly)
    }

    fn plan_uninstall(&self, _: &Env, _: &Path, _: &Path, _: Variant) -> Result<Plan, GuardError> {
        Err(GuardError::AddressOnly)
    }

    fn plan_backstop(&self, _home: &Path, _uninstall: bool) -> Result<Plan, GuardError> {
        Err(GuardError::AddressOnly)
    }

    fn guarded_files(&self, _env: &Env, _home: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    fn watched_files(&self, _env: &Env, _home: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    fn action(&self, call: &ToolCall) -> Action {
        self.0.action(call)
    }

    fn has_guard(&self) -> bool {
        false
    }

    fn capabilities(&self) -> Capabilities {
        self.0.by_address().unwrap_or(Capabilities::none(NO_GUARD))
    }

    fn checks(&self, _env: &Env, _home: &Path) -> Vec<Check> {
        vec![Check {
            name: "guard",
            health: Health::Degraded,
            says: format!("{NO_GUARD} What the gateway does not ask about is not stopped."),
            fix: Some(GuardError::AddressOnly.fix()),
        }]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn env(os: Os, root: &Path) -> Env {
        Env { vars: BTreeMap::new(), home: root.join("user"), os, root: root.to_owned(), processes: None }
    }

    #[test]
    fn a_path_is_absolute_by_the_rules_of_its_system() {
        for (os, text, absolute) in [
            (Os::Linux, "/srv/agents", true),
            (Os::Linux, "agents", false),
            (Os::Linux, r"C:\agents", false),
            (Os::MacOs, "/Users/ann/.codex-work", true),
            (Os::MacOs, "~/.codex-work", false),
            (Os::Windows, r"C:\Users\ann\.codex-work", true),
            (Os::Windows, "D:/agents", true),
            (Os::Windows, r"\\server\share\agents", true),
            (Os::Windows, r"agents\codex", false),
            (Os::Windows, r"C:agents", false),
        ] {
            assert_eq!(is_absolute(os, text), absolute, "{os:?} {text}");
        }
    }

    #[test]
    fn every_runtime_knows_its_home_and_says_why_another_folder_is_none() {
        let scratch = tempfile::tempdir().unwrap();
        let env = env(Os::Linux, scratch.path());
        for runtime in connector::ALL {
            let folder = scratch.path().join(runtime.id());
            let text = format!("{}/", folder.display());
            assert_eq!(home_at(*runtime, &env, &text), Err(NotAHome::NoFolder(folder.display().to_string())));
            std::fs::create_dir_all(&folder).unwrap();
            let why = home_at(*runtime, &env, &text).unwrap_err().to_string();
            assert!(why.contains(runtime.name()) && why.contains(runtime.home_marks()[0]), "{why}");
            std::fs::create_dir(folder.join(runtime.home_marks()[0])).unwrap();
            assert_eq!(home_at(*runtime, &env, &text), Ok(folder));
        }
        let openclaw = connector::BY_ADDRESS[0];
        for text in ["relative", "", "/a/../b", "/a\nb"] {
            assert!(home_at(openclaw, &env, text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_server_known_by_its_address_has_no_files_and_no_guard() {
        let scratch = tempfile::tempdir().unwrap();
        let env = env(Os::Linux, scratch.path());
        let offered = connector::ALL.iter().filter(|one| one.by_address().is_some());
        let stand: Vec<&str> = connector::BY_ADDRESS.iter().map(|one| one.id()).collect();
        assert_eq!(offered.map(|one| one.id()).collect::<Vec<_>>(), stand);
        let place = "ws://127.0.0.1:18790";
        for id in stand {
            let server = connector_of(id, place).unwrap();
            let path = Path::new(place);
            assert!(!server.has_guard() && server.watched_files(&env, path).is_empty());
            assert_eq!(server.guard_status(&env, path, path, &[]).state, GuardState::Missing);
            assert!(matches!(server.plan_install(&env, path, path, Variant::User), Err(GuardError::AddressOnly)));
            assert_eq!(server.capabilities(), connector::by_id(id).unwrap().by_address().unwrap());
        }
        assert!(connector_of("nobody", place).is_none() && connector_of("nobody", "/x").is_none());
    }
}
