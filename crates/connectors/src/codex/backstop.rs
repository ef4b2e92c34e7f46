//! Our file of exec-policy rules: what Codex refuses or asks about by itself, whether ClawButler runs or not.
//!
//! A file that Codex cannot parse stops every start of it, so the text is fixed and tried on the real client.

use std::path::{Path, PathBuf};

use crate::connector::{FileChange, GuardError, Plan};
use crate::disk;

/// The rules; the syntax is that of Codex's `execpolicy` (Starlark, `prefix_rule`).
const RULES: &str = include_str!("backstop.rules");

const NAME: &str = "clawbutler.rules";

/// Our file in a home.
pub(super) fn file(home: &Path) -> PathBuf {
    home.join("rules").join(NAME)
}

/// Whether a file is ours, by its name.
pub(super) fn is_ours(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == NAME)
}

/// See [`crate::connector::Connector::backstop`].
pub(super) fn stands(home: &Path) -> bool {
    disk::read(&file(home)).is_ok_and(|disk| disk.bytes.as_deref() == Some(RULES.as_bytes()))
}

/// See [`crate::connector::Connector::plan_backstop`].
pub(super) fn plan_install(home: &Path) -> Result<Plan, GuardError> {
    let disk = disk::read(&file(home))?;
    let path = disk.path.display();
    let mut plan = Plan::default();
    plan.notes.push(match disk.bytes.as_deref() {
        Some(bytes) if bytes == RULES.as_bytes() => format!("The rules in {path} are complete; nothing changes."),
        Some(_) => format!("{path} becomes what we wrote again."),
        None => format!("{path} is created; no other file changes."),
    });
    plan.notes.push(
        "Codex enforces these rules by itself, also when ClawButler does not run. They forbid what would destroy the \
         machine and ask before what cannot be had back; where Codex never asks, it refuses that too. Sessions that \
         already run keep the rules they started with."
            .to_owned(),
    );
    plan.notes.push(
        "They compare the first words of a command, so they do not see through variables, `xargs` or interpreters, and \
         `--ignore-rules` leaves them out: they stand behind the guard, not in its place."
            .to_owned(),
    );
    push(&mut plan, disk, Some(RULES.as_bytes().to_vec()));
    Ok(plan)
}

/// The way back.
pub(super) fn plan_uninstall(home: &Path) -> Result<Plan, GuardError> {
    let disk = disk::read(&file(home))?;
    let path = disk.path.display();
    let mut plan = Plan::default();
    plan.notes.push(match &disk.bytes {
        Some(_) => format!("{path} is removed; no other file changes."),
        None => format!("There is no {path}; nothing changes."),
    });
    push(&mut plan, disk, None);
    Ok(plan)
}

fn push(plan: &mut Plan, disk: disk::OnDisk, after: Option<Vec<u8>>) {
    if disk.bytes != after {
        let mode = disk.bytes.is_none().then_some(0o600);
        plan.files.push(FileChange { path: disk.path, before: disk.bytes, after, mode });
    }
}
