//! Plans the guard: the plugin's files and the edit that enables it.

use std::path::{Path, PathBuf};

use clawbutler_core::limits;

use super::edit::{self, Wants};
use super::version::Version;
use super::{discover, paths, plugin};
use crate::connector::{FileChange, GuardError, Plan, Variant};
use crate::env::Env;

const NO_MANAGED: &str = "Hermes' machine-wide settings replace every user's own list of plugins and cannot carry the \
                          plugin itself, so the guard is installed per home";

/// A file as it is on disk.
#[derive(Debug, Clone)]
pub(super) struct OnDisk {
    /// The file itself, links followed.
    pub(super) path: PathBuf,
    /// Its content; `None` when there is no file.
    pub(super) bytes: Option<Vec<u8>>,
}

/// Reads a file within bounds.
pub(super) fn read(path: &Path) -> Result<OnDisk, GuardError> {
    let linked = std::fs::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink());
    let path = if linked { target_of(path) } else { path.to_owned() };
    let facts = match std::fs::metadata(&path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(OnDisk { path, bytes: None }),
        Err(source) => return Err(GuardError::Io { path, source }),
    };
    if !facts.is_file() {
        return Err(GuardError::NotAFile { path });
    }
    if facts.len() > limits::CONFIG_FILE_BYTES {
        return Err(GuardError::TooBig { path, limit: limits::CONFIG_FILE_BYTES });
    }
    match std::fs::read(&path) {
        Ok(bytes) => Ok(OnDisk { path, bytes: Some(bytes) }),
        Err(source) => Err(GuardError::Io { path, source }),
    }
}

/// Reads settings as text within bounds; `None` when there are none.
pub(super) fn text(path: &Path) -> Result<(PathBuf, Option<String>), GuardError> {
    let disk = read(path)?;
    let text = disk.bytes.map(String::from_utf8).transpose();
    match text {
        Ok(text) => Ok((disk.path, text)),
        Err(_) => Err(GuardError::NotText { path: disk.path }),
    }
}

/// The end of a chain of links, also when there is no file there yet.
fn target_of(link: &Path) -> PathBuf {
    if let Ok(target) = link.canonicalize() {
        return target;
    }
    let Ok(target) = std::fs::read_link(link) else { return link.to_owned() };
    link.parent().map_or_else(|| target.clone(), |folder| folder.join(&target))
}

/// Versions of every install, oldest first.
fn versions(env: &Env) -> Vec<Version> {
    let found = discover::discover(env, &[]).installs;
    let mut versions: Vec<Version> =
        found.iter().filter_map(|install| Version::parse(install.version.as_deref()?)).collect();
    versions.sort_unstable();
    versions
}

/// See [`crate::connector::Connector::plan_install`].
pub(super) fn plan_install(env: &Env, home: &Path, hook: &Path, variant: Variant) -> Result<Plan, GuardError> {
    if variant == Variant::Managed {
        return Err(GuardError::NotOffered(NO_MANAGED));
    }
    let program = plugin::program(env, hook)?;
    let versions = versions(env);
    let mut plan = Plan::default();
    for wanted in plugin::wanted(home, &program) {
        let disk = read(&wanted.path)?;
        push(&mut plan, disk, Some(wanted.content.into_bytes()), 0o600);
    }
    let (path, before) = text(&paths::config(home))?;
    let wants = versions.last().map_or(Wants { callback_timeout: true, transport: false }, |newest| newest.wants());
    let after = match edit::install(before.as_deref(), wants) {
        Ok(after) => after,
        Err(what) => return Err(GuardError::Shape { path, what }),
    };
    push(
        &mut plan,
        OnDisk { path: path.clone(), bytes: before.map(String::into_bytes) },
        Some(after.into_bytes()),
        0o600,
    );
    if plan.files.is_empty() {
        plan.notes.push(format!("The guard in {} is complete; nothing changes.", home.display()));
    } else {
        plan.notes.push(format!(
            "{} gets our plugin, and {} its name in the list of enabled plugins; every other byte of it stays.",
            paths::plugin(home).display(),
            path.display()
        ));
        plan.notes.push(
            "Hermes loads plugins when it starts: restart what already runs (terminals, gateway, server).".to_owned(),
        );
    }
    plan.notes.extend(version_notes(&versions));
    Ok(plan)
}

fn version_notes(versions: &[Version]) -> Vec<String> {
    let mut notes = Vec::new();
    let Some(newest) = versions.last() else {
        notes.push("No Hermes with a known version was found; the guard was tried with 0.19.".to_owned());
        return notes;
    };
    if !newest.wants().transport {
        notes.push(
            "This Hermes runs a call when a plugin cannot be loaded, and starts without plugins in safe mode. The plugin \
             announces itself, and a process that did not is shown."
                .to_owned(),
        );
    }
    if versions.iter().any(|version| !version.escalates()) {
        notes.push(
            "A Hermes older than 0.18 cannot be made to ask: while ClawButler is away, what needs a person is blocked there."
                .to_owned(),
        );
    }
    notes.push("Every profile is a home of its own and needs the guard too.".to_owned());
    notes
}

/// See [`crate::connector::Connector::plan_uninstall`].
pub(super) fn plan_uninstall(home: &Path, variant: Variant) -> Result<Plan, GuardError> {
    if variant == Variant::Managed {
        return Err(GuardError::NotOffered(NO_MANAGED));
    }
    let mut plan = Plan::default();
    let (path, before) = text(&paths::config(home))?;
    if let Some(before) = before {
        let after = match edit::uninstall(&before) {
            Ok(after) => after,
            Err(what) => return Err(GuardError::Shape { path, what }),
        };
        push(&mut plan, OnDisk { path, bytes: Some(before.into_bytes()) }, after.map(String::into_bytes), 0o600);
    }
    let folder = paths::plugin(home);
    let own = ["plugin.yaml", "__init__.py"].map(|name| folder.join(name));
    for file in own.into_iter().chain(plugin::left_behind(home)) {
        push(&mut plan, read(&file)?, None, 0o600);
    }
    plan.notes.push(if plan.files.is_empty() {
        format!("{} holds nothing of ours; nothing changes.", home.display())
    } else {
        "Our plugin's files are removed and its name is taken out of the settings; every other byte stays. What already \
         runs keeps asking until it is restarted, and blocks what it cannot ask about."
            .to_owned()
    });
    Ok(plan)
}

fn push(plan: &mut Plan, disk: OnDisk, after: Option<Vec<u8>>, mode: u32) {
    if disk.bytes != after {
        let mode = disk.bytes.is_none().then_some(mode);
        plan.files.push(FileChange { path: disk.path, before: disk.bytes, after, mode });
    }
}
