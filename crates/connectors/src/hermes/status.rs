//! Whether the guard of a home is in force, in words.

use std::path::{Path, PathBuf};

use super::edit::{self, NAME};
use super::process::{self, Process};
use super::yaml::{self, Node};
use super::{installs, paths, plugin, switches};
use crate::connector::{GuardState, GuardStatus};
use crate::disk::{self, TextOnDisk};
use crate::env::Env;

/// Manifests of other plugins larger than this are none (bytes).
const MANIFEST_BYTES: u64 = 64 * 1024;

fn status(state: GuardState, says: impl Into<String>, fix: Option<&str>) -> GuardStatus {
    GuardStatus { state, says: says.into(), fix: fix.map(str::to_owned) }
}

fn bypassed(why: &str, fix: &str) -> GuardStatus {
    status(GuardState::Bypassed, format!("The guard is installed but has no effect: {why}."), Some(fix))
}

const REPAIR: &str = "Install the guard again; that repairs our files and leaves the others alone.";

/// See [`crate::connector::Connector::guard_status`].
pub(super) fn guard_status(env: &Env, home: &Path, hook: &Path) -> GuardStatus {
    let program = match plugin::program(env, hook) {
        Ok(program) => program,
        Err(error) => return status(GuardState::Damaged, format!("{error}."), Some(&error.fix())),
    };
    let files = plugin::wanted(home, &program).map(|wanted| {
        let there = match disk::read(&wanted.path) {
            Ok(disk) if disk.linked => OnDisk::Link,
            Ok(disk) => match disk.bytes {
                Some(bytes) if bytes == wanted.content.as_bytes() => OnDisk::Right,
                Some(_) => OnDisk::Wrong,
                None => OnDisk::Missing,
            },
            Err(_) => OnDisk::Unreadable,
        };
        (wanted.path, there)
    });
    let folder = paths::plugin(home);
    let is_link = folder.symlink_metadata().is_ok_and(|facts| facts.is_symlink());
    let settings = settings(&paths::config(home));
    let named = matches!(&settings, Ok(tree) if edit::enabled(tree));
    if files.iter().all(|(_, there)| *there == OnDisk::Missing) && !named && !is_link {
        return status(
            GuardState::Missing,
            "The guard is not installed: tool calls of this home are neither asked about nor recorded.",
            Some("Install the guard."),
        );
    }
    if is_link || files.iter().any(|(_, there)| *there == OnDisk::Link) {
        let says = format!("The guard in {} is a link: what it points at can be exchanged unseen.", folder.display());
        return status(GuardState::Damaged, says, Some("Remove the link, then install the guard again."));
    }
    if let Some(wrong) = wrong(&files) {
        let says = format!("The guard in {} is damaged: {wrong}.", paths::plugin(home).display());
        return status(GuardState::Damaged, says, Some(REPAIR));
    }
    let tree = match settings {
        Ok(tree) => tree,
        Err(why) => {
            return status(
                GuardState::Damaged,
                format!("Whether Hermes loads the guard cannot be told: {why}."),
                Some("Correct config.yaml, then install the guard again."),
            );
        }
    };
    if let Some(status) = not_loaded(env, home, &tree) {
        return status;
    }
    if let Some(trouble) = disk::program_trouble(hook) {
        return status(
            GuardState::Damaged,
            format!(
                "The guard's files are complete, but {trouble}: Hermes blocks every call that is not known as harmless."
            ),
            Some("Reinstall ClawButler, or remove the guard."),
        );
    }
    if let Some(process) = unguarded(env, home).first() {
        return bypassed(&unguarded_says(process), "Restart that process; Hermes loads plugins when it starts.");
    }
    status(
        GuardState::User,
        "The guard's plugin is enabled: every session that Hermes starts in this home asks first.",
        None,
    )
}

/// One of the plugin's files, held against what we wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnDisk {
    Right,
    Wrong,
    Missing,
    Unreadable,
    /// Whatever it points at.
    Link,
}

/// What of the plugin's files is not as we wrote it.
fn wrong(files: &[(PathBuf, OnDisk)]) -> Option<String> {
    let (path, there) = files.iter().find(|(_, there)| *there != OnDisk::Right)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Some(match there {
        OnDisk::Missing => format!("{name} is missing"),
        OnDisk::Unreadable => format!("{name} cannot be read"),
        OnDisk::Right | OnDisk::Wrong | OnDisk::Link => format!("{name} is not as we wrote it"),
    })
}

/// The settings' values. The error is a sentence's part.
pub(super) fn settings(path: &Path) -> Result<Node, String> {
    let TextOnDisk { path, text, .. } = disk::read_text(path).map_err(|error| error.to_string())?;
    yaml::parse(text.as_deref().unwrap_or_default())
        .map_err(|error| format!("{}: {error}, which is not understood", path.display()))
}

/// Why Hermes would not load the plugin although its files are there.
fn not_loaded(env: &Env, home: &Path, tree: &Node) -> Option<GuardStatus> {
    if let Some(file) = switches::on_in(env, home, switches::SAFE_MODE) {
        let why = format!("{} sets {}, so no plugin is loaded", file.display(), switches::SAFE_MODE);
        return Some(bypassed(&why, "Take that line out, and restart what runs."));
    }
    let path = paths::config(home);
    let managed_path = paths::machine_config(env);
    let managed = settings(&managed_path).unwrap_or_else(|_| Node::nothing());
    // Machine-wide settings win, value by value.
    let by_machine = |key: &str| managed.get(&["plugins", key]).filter(|node| node.kind != yaml::Kind::Null);
    let disabled = by_machine("disabled").map_or_else(|| edit::is_disabled(tree), |list| list.has_item(NAME));
    let enabled = by_machine("enabled").map_or_else(|| edit::enabled(tree), |list| list.has_item(NAME));
    let place = |key: &str| {
        if by_machine(key).is_some() { managed_path.display().to_string() } else { path.display().to_string() }
    };
    if disabled {
        let why = format!("{} names it in \"plugins.disabled\", which wins", place("disabled"));
        return Some(bypassed(&why, "Install the guard again, or take the name out of that list."));
    }
    if !enabled {
        let why = format!("{} does not name it in \"plugins.enabled\"", place("enabled"));
        return Some(bypassed(&why, "Install the guard again, or add the name to that list."));
    }
    overtaken(env, home).map(|other| {
        bypassed(
            &format!("{} goes by the same name and is loaded instead", other.display()),
            "Remove or rename that other plugin.",
        )
    })
}

/// Another plugin by our name that Hermes prefers: later in the folder, or installed as a package.
fn overtaken(env: &Env, home: &Path) -> Option<PathBuf> {
    let ours = paths::plugin(home);
    let named = |folder: &Path| {
        let manifest = ["plugin.yaml", "plugin.yml"]
            .iter()
            .find_map(|name| disk::small_text(&folder.join(name), MANIFEST_BYTES))?;
        let tree = yaml::parse(&manifest).ok()?;
        Some(tree.get(&["name"])?.text()? == NAME)
    };
    let beside = disk::folders(&home.join("plugins"), |_| true);
    let other = beside.into_iter().find(|folder| *folder != ours && *folder > ours && named(folder) == Some(true));
    other.or_else(|| {
        let programs = super::discover::discover(env, &[]).installs;
        programs.iter().filter_map(|install| install.path.canonicalize().ok()).find_map(|program| {
            let venv = program.parent()?.parent()?.to_owned();
            installs::site_packages(&venv).into_iter().find_map(|site| {
                let with_entry = |name: &str| {
                    let file = site.join(name).join("entry_points.txt");
                    name.ends_with(".dist-info")
                        && disk::small_text(&file, MANIFEST_BYTES).is_some_and(|text| has_entry_point(&text))
                };
                paths::folders_named(&site, with_entry)
            })
        })
    })
}

fn has_entry_point(text: &str) -> bool {
    let mut group = "";
    text.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            group = line;
        }
        group == "[hermes_agent.plugins]" && line.split('=').next().is_some_and(|name| name.trim() == NAME)
    })
}

/// Running processes of a home that never announced the guard.
pub(super) fn unguarded(env: &Env, home: &Path) -> Vec<Process> {
    let announced = plugin::announced(home);
    let has_announced = |process: &Process| announced.iter().any(|one| one.is_of(process));
    process::all(env)
        .into_iter()
        .filter(|process| process.safe_mode || process.settled)
        .filter(|process| process::is_same(&process.home, home) && !has_announced(process))
        .collect()
}

/// One of them, in words.
pub(super) fn unguarded_says(process: &Process) -> String {
    let why = if process.safe_mode {
        "was started in safe mode, without plugins"
    } else {
        "has not loaded it; it was started before, or could not load it"
    };
    format!("process {} ({}) {why}", process.pid, process.kind)
}
