//! Plans the guard: which file changes how, what to tell the person, what an administrator would run.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::config;
use super::edit::{self, Place, TextError};
use super::version::{FLOOR, Version};
use super::{discover, entries, paths, status, trust};
use crate::connector::{FileChange, GuardError, Plan, Variant};
use crate::disk::{self, TextOnDisk};
use crate::env::{Env, Os};

fn refuse(path: &Path, error: TextError) -> GuardError {
    let path = path.to_owned();
    match error {
        // The variant's words say JSON; this file is TOML.
        TextError::NotParsable(why) => GuardError::Shape { path, what: format!("the text is not valid TOML ({why})") },
        TextError::Shape(what) => GuardError::Shape { path, what },
    }
}

fn target(env: &Env, home: &Path, variant: Variant) -> PathBuf {
    match variant {
        Variant::User => paths::config(home),
        Variant::Managed => paths::requirements(env),
    }
}

/// The folder that machine-wide hooks name: the hook program's own.
fn folder(hook: &Path) -> String {
    hook.parent().unwrap_or(hook).display().to_string()
}

fn place(variant: Variant, folder: &str) -> Place<'_> {
    match variant {
        Variant::User => Place::User,
        Variant::Managed => Place::Machine(folder),
    }
}

/// See [`crate::connector::Connector::plan_install`].
pub(super) fn plan_install(env: &Env, home: &Path, hook: &Path, variant: Variant) -> Result<Plan, GuardError> {
    let program = entries::program(env, hook)?;
    let disk = disk::read_text(&target(env, home, variant))?;
    let folder = folder(hook);
    let after = edit::install(disk.text.as_deref(), env.os, &program, place(variant, &folder))
        .map_err(|error| refuse(&disk.path, error))?;
    let mut plan = Plan::default();
    if disk.text.as_deref() == Some(after.as_str()) {
        plan.notes.push(format!("The guard in {} is complete; nothing changes.", disk.path.display()));
    } else {
        let path = disk.path.display();
        plan.notes.push(match &disk.text {
            Some(_) => format!("{path} gets hook entries at its end; every other byte of it stays."),
            None => format!("{path} is created with hook entries and nothing else."),
        });
        plan.notes.push("Sessions that already run keep the hooks they started with.".to_owned());
    }
    if variant == Variant::User {
        trust_note(home, &after, &mut plan);
    }
    plan.notes.push(
        "Not every way goes through hooks: what is typed into a terminal that already runs (`write_stdin`), hosted web \
         search, `--disable hooks` and `--ignore-user-config`. The static rules, which Codex enforces by itself, can \
         stand behind it."
            .to_owned(),
    );
    link_note(&disk, &mut plan);
    in_force_notes(env, home, &after, variant, &mut plan);
    push_change(env, disk, Some(after), variant, &mut plan);
    Ok(plan)
}

/// See [`crate::connector::Connector::plan_uninstall`].
pub(super) fn plan_uninstall(env: &Env, home: &Path, variant: Variant) -> Result<Plan, GuardError> {
    let path = target(env, home, variant);
    let disk = disk::read_text(&path)?;
    let mut plan = Plan::default();
    let Some(text) = &disk.text else {
        plan.notes.push(format!("There is no {}; nothing changes.", disk.path.display()));
        return Ok(plan);
    };
    let after =
        edit::uninstall(text, &trust::sources(home), place(variant, "")).map_err(|error| refuse(&disk.path, error))?;
    plan.notes.push(match &after {
        Some(after) if after == text => format!("{} holds nothing of ours; nothing changes.", disk.path.display()),
        Some(_) => format!(
            "{} loses our hook entries and Codex's record of trust in them; every other byte of it stays.",
            disk.path.display()
        ),
        None => format!("{} held nothing but our hook entries and is removed.", disk.path.display()),
    });
    link_note(&disk, &mut plan);
    push_change(env, disk, after, variant, &mut plan);
    Ok(plan)
}

fn trust_note(home: &Path, after: &str, plan: &mut Plan) {
    if trust::untrusted(home, after).is_empty() {
        return;
    }
    plan.notes.push(
        "Codex runs these hooks only after they are trusted: let Codex trust them on the agent's page once they are \
         written, or look at them in the next `codex`, which shows “Hooks need review” (or in `/hooks`). Codex keeps \
         that in `[hooks.state]` of the same file; ClawButler does not write that record itself. `codex exec` skips \
         the hooks without a word until then, and this guard counts as not in force."
            .to_owned(),
    );
}

fn push_change(env: &Env, disk: TextOnDisk, after: Option<String>, variant: Variant, plan: &mut Plan) {
    if disk.text == after {
        return;
    }
    if variant == Variant::Managed {
        plan.command = Some(administrator_command(env.os, &disk.path, after.as_deref()));
        plan.notes.push(
            "It holds for every user and every project of this machine, needs no trust, and needs administrator rights. \
             Sessions of users who cannot start this hook are blocked."
                .to_owned(),
        );
    }
    let mode = match variant {
        Variant::User => 0o600,
        Variant::Managed => 0o644,
    };
    plan.files.push(FileChange {
        path: disk.path,
        mode: disk.text.is_none().then_some(mode),
        before: disk.text.map(String::into_bytes),
        after: after.map(String::into_bytes),
    });
}

fn link_note(disk: &TextOnDisk, plan: &mut Plan) {
    if disk.linked {
        plan.notes.push(format!(
            "The configuration is a link; the file it points to, {}, is the one that changes.",
            disk.path.display()
        ));
    }
}

/// What would keep the guard from working although it is installed.
fn in_force_notes(env: &Env, home: &Path, after: &str, variant: Variant, plan: &mut Plan) {
    if let Some(off) = config::parse(after).ok().and_then(|value| status::switched_off(&value)) {
        plan.notes.push(format!("The file says `{off}`, so Codex would leave the guard out. Remove that line."));
    }
    if variant == Variant::User {
        let machine = config::values(&paths::requirements(env)).unwrap_or(Value::Null);
        if status::only_managed(&machine) {
            plan.notes.push(
                "The machine's requirements allow managed hooks only, so Codex would leave the guard out. Install it \
                 machine-wide instead."
                    .to_owned(),
            );
        }
        if paths::hooks_json(home).is_file() {
            plan.notes.push(
                "There is a hooks.json beside the configuration. Both count; Codex says at its start that there are two."
                    .to_owned(),
            );
        }
    }
    let found = discover::discover(env, &[home.to_owned()]);
    let versions = found.installs.iter().filter_map(|install| Version::parse(install.version.as_deref()?));
    match versions.min() {
        Some(oldest) if oldest < FLOOR => plan.notes.push(format!(
            "A client of version {oldest} is installed. Before {FLOOR} hooks are off without a flag and do not cover \
             patches."
        )),
        Some(_) => {}
        None => plan.notes.push(format!("No client with a known version was found; the guard needs {FLOOR} or newer.")),
    }
}

/// One line that leaves exactly `after` at `path`. The content is in the line itself: a prepared file
/// could be changed between the look at it and the run.
fn administrator_command(os: Os, path: &Path, after: Option<&str>) -> String {
    let path_text = path.display().to_string();
    let folder = path.parent().unwrap_or(path).display().to_string();
    match os {
        Os::Windows => {
            let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
            let file = quote(&path_text);
            match after {
                Some(text) => format!(
                    "New-Item -ItemType Directory -Force {} | Out-Null; [IO.File]::WriteAllText({file}, {})",
                    quote(&folder),
                    quote(text)
                ),
                None => format!("Remove-Item -LiteralPath {file}"),
            }
        }
        Os::Linux | Os::MacOs => {
            let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
            let file = quote(&path_text);
            match after {
                None => format!("sudo rm -f {file}"),
                Some(text) if os == Os::Linux => {
                    format!("printf '%s' {} | sudo install -D -m 0644 /dev/stdin {file}", quote(text))
                }
                Some(text) => format!(
                    "sudo mkdir -p {} && printf '%s' {} | sudo tee {file} >/dev/null",
                    quote(&folder),
                    quote(text)
                ),
            }
        }
    }
}
