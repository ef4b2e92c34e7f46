//! The project a call belongs to, read from the git checkout around its folder. No program is started.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clawbutler_core::action::Action;
use clawbutler_platform::files;

use crate::Butler;
use crate::engine::lock;

/// Remotes by the configuration file they were read from, as long as that file stays what it was.
pub(crate) type Remotes = HashMap<PathBuf, (Stamp, Option<String>)>;

/// Tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
}

/// Folders looked at on the way up.
const CLIMB: usize = 40;
/// Largest `HEAD`, `.git` or `commondir` file (bytes).
const SMALL: u64 = 4 * 1024;
/// Largest git configuration (bytes).
const CONFIG: u64 = 256 * 1024;
/// Longest branch or remote kept (characters).
const NAME_CHARS: usize = 200;
/// Checkouts remembered at once.
const REMEMBERED: usize = 256;

/// A git checkout.
struct Checkout {
    root: PathBuf,
    git: PathBuf,
}

impl Butler {
    /// Adds what only the disk knows: project folder, branch and remote.
    pub(crate) fn place(&self, action: &mut Action) {
        let Some(checkout) = Checkout::around(Path::new(&action.cwd)) else { return };
        // A checkout that holds the whole home folder (kept settings) is not what is worked on.
        if action.project.is_none() && !self.0.ports.env.home.starts_with(&checkout.root) {
            action.project = Some(checkout.root.display().to_string());
        }
        if action.branch.is_none() {
            action.branch = checkout.branch();
        }
        if action.remote.is_none() {
            action.remote = checkout.remote(&mut lock(&self.0.remotes));
        }
    }
}

impl Checkout {
    fn around(folder: &Path) -> Option<Self> {
        folder.is_absolute().then_some(())?;
        folder.ancestors().take(CLIMB).find_map(|folder| {
            let git = folder.join(".git");
            let git = if git.is_dir() { git } else { folder.join(text(&git)?.strip_prefix("gitdir:")?.trim()) };
            git.join("HEAD").is_file().then(|| Self { root: folder.to_owned(), git })
        })
    }

    /// `None` when no branch is checked out.
    fn branch(&self) -> Option<String> {
        let head = text(&self.git.join("HEAD"))?;
        head.trim().strip_prefix("ref: refs/heads/").map(|branch| branch.chars().take(NAME_CHARS).collect())
    }

    fn remote(&self, known: &mut Remotes) -> Option<String> {
        // A linked working tree keeps its configuration with the main one.
        let common = text(&self.git.join("commondir")).map(|path| self.git.join(path.trim()));
        let config = common.unwrap_or_else(|| self.git.clone()).join("config");
        let meta = std::fs::metadata(&config).ok()?;
        let stamp = Stamp { modified: meta.modified().ok(), len: meta.len() };
        if let Some((_, remote)) = known.get(&config).filter(|(seen, _)| *seen == stamp) {
            return remote.clone();
        }
        let bytes = files::read_bounded(&config, CONFIG).ok()?;
        let remote = remote_in(&String::from_utf8_lossy(&bytes));
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(config, (stamp, remote.clone()));
        remote
    }
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(files::read_bounded(path, SMALL).ok()?).ok()
}

/// URL of `origin`, else of the first remote, without user and password.
fn remote_in(config: &str) -> Option<String> {
    let mut section = None;
    let mut first = None;
    for line in config.lines().map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            section = head.strip_prefix("remote \"").and_then(|rest| rest.split_once('"')).map(|(name, _)| name);
        } else if let Some((key, value)) = line.split_once('=')
            && key.trim() == "url"
            && let Some(name) = section
        {
            let url = without_user(value.trim());
            if name == "origin" {
                return Some(url);
            }
            first.get_or_insert(url);
        }
    }
    first
}

fn without_user(url: &str) -> String {
    let bare = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or(authority);
            format!("{scheme}://{host}{path}")
        }
        None => url.to_owned(),
    };
    bare.chars().take(NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn remotes_lose_their_passwords() {
        let config = "[core]\n\turl = no\n[remote \"fork\"]\n\turl = git@example.com:me/x.git\n[remote \"origin\"]\n\t\
                      url = https://me:secret@example.com/team/x.git\n";
        assert_eq!(remote_in(config).as_deref(), Some("https://example.com/team/x.git"));
        assert_eq!(remote_in("[remote \"a\"]\nurl=git@example.com:a.git").as_deref(), Some("git@example.com:a.git"));
        assert_eq!(remote_in("[branch \"url\"]\nurl = x"), None);
    }

    #[test]
    fn a_checkout_and_its_linked_tree_are_read_without_git() {
        let folder = tempfile::tempdir().unwrap();
        let (main, linked) = (folder.path().join("main"), folder.path().join("linked"));
        write(&main.join(".git/HEAD"), "ref: refs/heads/feature/one\n");
        write(&main.join(".git/config"), "[remote \"origin\"]\n url = https://example.com/a.git\n");
        write(&main.join(".git/worktrees/linked/HEAD"), "0123456789abcdef\n");
        write(&main.join(".git/worktrees/linked/commondir"), "../..\n");
        write(&linked.join(".git"), &format!("gitdir: {}\n", main.join(".git/worktrees/linked").display()));
        write(&linked.join("src/deep/x"), "");
        let mut known = Remotes::new();
        let checkout = Checkout::around(&main.join("src")).unwrap();
        assert_eq!(
            (checkout.root.clone(), checkout.branch(), checkout.remote(&mut known)),
            (main.clone(), Some("feature/one".into()), Some("https://example.com/a.git".into()))
        );
        write(&main.join(".git/config"), "[remote \"origin\"]\n url = https://example.com/other.git\n");
        assert_eq!(checkout.remote(&mut known).as_deref(), Some("https://example.com/other.git"));
        let checkout = Checkout::around(&linked.join("src/deep")).unwrap();
        assert_eq!((checkout.root.clone(), checkout.branch()), (linked, None));
        assert_eq!(checkout.remote(&mut known).as_deref(), Some("https://example.com/other.git"));
        assert!(Checkout::around(&folder.path().join("none")).is_none());
    }
}
