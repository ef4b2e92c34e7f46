//! Plans the guard: the plugin's files and the edit that enables it.

use std::path::Path;

use super::edit::{self, Wants};
use super::version::Version;
use super::{discover, paths, plugin};
use crate::connector::{FileChange, GuardError, Plan, Variant};
use crate::disk::{self, OnDisk, TextOnDisk};
use crate::env::Env;

const NO_MANAGED: &str = "Hermes' machine-wide settings replace every user's own list of plugins and cannot carry the \
                          plugin itself, so the guard is installed per home";

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
        let disk = disk::read(&wanted.path)?;
        push(&mut plan, disk, Some(wanted.content.into_bytes()), 0o600);
    }
    let TextOnDisk { path, linked, text: before } = disk::read_text(&paths::config(home))?;
    let wants = versions.last().map_or(Wants { callback_timeout: true, transport: false }, |newest| newest.wants());
    let after = match edit::install(before.as_deref(), wants) {
        Ok(after) => after,
        Err(what) => return Err(GuardError::Shape { path, what }),
    };
    push(
        &mut plan,
        OnDisk { path: path.clone(), linked, bytes: before.map(String::into_bytes) },
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
    let TextOnDisk { path, linked, text: before } = disk::read_text(&paths::config(home))?;
    if let Some(before) = before {
        let after = match edit::uninstall(&before) {
            Ok(after) => after,
            Err(what) => return Err(GuardError::Shape { path, what }),
        };
        push(
            &mut plan,
            OnDisk { path, linked, bytes: Some(before.into_bytes()) },
            after.map(String::into_bytes),
            0o600,
        );
    }
    let folder = paths::plugin(home);
    let own = ["plugin.yaml", "__init__.py"].map(|name| folder.join(name));
    for file in own.into_iter().chain(plugin::left_behind(home)) {
        push(&mut plan, disk::read(&file)?, None, 0o600);
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
