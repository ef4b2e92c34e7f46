//! Plans the guard: which file changes how, what to tell the person, what an administrator would run.

use std::path::{Path, PathBuf};

use super::entries::{self, Form};
use super::settings::{self, TextError};
use super::validity::{self, Seen};
use super::version::{self, FAILS_CLOSED, Version};
use super::{discover, paths};
use crate::connector::{FileChange, GuardError, Plan, Variant};
use crate::disk::{self, TextOnDisk};
use crate::env::{Env, Os};

fn refuse(path: &Path, error: TextError) -> GuardError {
    let path = path.to_owned();
    match error {
        TextError::NotParsable(why) => GuardError::NotParsable { path, why },
        TextError::Shape(what) => GuardError::Shape { path, what },
    }
}

/// Which form the entries need, and the newest client that says so.
pub(super) fn form(env: &Env, home: &Path) -> (Form, Vec<Version>) {
    let found = discover::discover(env, &[home.to_owned()]);
    let mut versions: Vec<Version> =
        found.installs.iter().filter_map(|install| Version::parse(install.version.as_deref()?)).collect();
    versions.sort_unstable();
    let old = versions.last().is_some_and(|newest| !version::fails_closed(*newest));
    (if old { Form::Shell } else { Form::Exec }, versions)
}

fn target(env: &Env, home: &Path, variant: Variant) -> PathBuf {
    match variant {
        Variant::User => paths::settings(home),
        Variant::Managed => paths::managed(env),
    }
}

/// See [`crate::connector::Connector::plan_install`].
pub(super) fn plan_install(env: &Env, home: &Path, hook: &Path, variant: Variant) -> Result<Plan, GuardError> {
    let program = entries::program(env, hook)?;
    let (form, versions) = form(env, home);
    let disk = disk::read_text(&target(env, home, variant))?;
    // One line, so that the administrator's command is one line too.
    let start = match (variant, &disk.text) {
        (Variant::Managed, None) if env.os == Os::Windows => Some("{\"hooks\":{}}"),
        (Variant::Managed, None) => Some("{\"hooks\":{}}\n"),
        (Variant::User | Variant::Managed, text) => text.as_deref(),
    };
    let after = settings::install(start, &program, form).map_err(|error| refuse(&disk.path, error))?;
    let mut plan = Plan::default();
    if disk.text.as_deref() == Some(after.as_str()) {
        plan.notes.push(format!("The guard in {} is complete; nothing changes.", disk.path.display()));
    } else {
        let (path, mark) = (disk.path.display(), entries::MARK_KEY);
        plan.notes.push(match &disk.text {
            Some(_) => format!("{path} gets hook entries marked \"{mark}\"; every other byte of it stays."),
            None => format!("{path} is created with hook entries marked \"{mark}\" and nothing else."),
        });
        plan.notes.push("Sessions that already run use it within a few seconds.".to_owned());
    }
    link_note(&disk, &mut plan);
    form_notes(env, form, &versions, &program, &mut plan);
    in_force_notes(env, &after, &disk.path, variant, &mut plan);
    push_change(env, disk, Some(after), variant, &mut plan);
    Ok(plan)
}

/// See [`crate::connector::Connector::plan_uninstall`].
pub(super) fn plan_uninstall(env: &Env, home: &Path, variant: Variant) -> Result<Plan, GuardError> {
    let disk = disk::read_text(&target(env, home, variant))?;
    let mut plan = Plan::default();
    let Some(text) = &disk.text else {
        plan.notes.push(format!("There is no {}; nothing changes.", disk.path.display()));
        return Ok(plan);
    };
    let mut after = if disk::split_bom(text).1.trim().is_empty() {
        Some(text.clone())
    } else {
        settings::uninstall(text).map_err(|error| refuse(&disk.path, error))?
    };
    if variant == Variant::Managed && after.as_deref().is_some_and(|text| text.trim() == "{\"hooks\":{}}") {
        after = None;
    }
    plan.notes.push(match &after {
        Some(after) if after == text => format!("{} holds nothing of ours; nothing changes.", disk.path.display()),
        Some(_) => format!("{} loses our hook entries; every other byte of it stays.", disk.path.display()),
        None => format!("{} held nothing but our hook entries and is removed.", disk.path.display()),
    });
    link_note(&disk, &mut plan);
    push_change(env, disk, after, variant, &mut plan);
    Ok(plan)
}

fn push_change(env: &Env, disk: TextOnDisk, after: Option<String>, variant: Variant, plan: &mut Plan) {
    if disk.text == after {
        return;
    }
    if variant == Variant::Managed {
        plan.command = Some(administrator_command(env.os, &disk.path, after.as_deref()));
        plan.notes.push(
            "It holds for every user and every project of this machine, and needs administrator rights. Sessions of \
             users who cannot start this hook are blocked."
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
            "The settings file is a link; the file it points to, {}, is the one that changes.",
            disk.path.display()
        ));
    }
}

fn form_notes(env: &Env, form: Form, versions: &[Version], program: &str, plan: &mut Plan) {
    if let (Form::Shell, Some(newest)) = (form, versions.last()) {
        plan.notes.push(format!(
            "The newest client found is {newest}. Before {FAILS_CLOSED} a failing hook lets the tool run, so the gate is \
             called through a shell that blocks instead. Updating Claude Code is better."
        ));
        if env.os == Os::Windows {
            plan.notes.push(
                "On Windows this form needs Git Bash; without it the gate does not hold on this client.".to_owned(),
            );
        }
    }
    let old = versions.iter().filter(|version| !version::fails_closed(**version)).max();
    if let (Form::Exec, Some(old)) = (form, old) {
        plan.notes.push(format!("An older client ({old}) is installed too; on it a failing hook lets the tool run."));
    }
    if versions.is_empty() {
        plan.notes.push(format!("No client with a known version was found; the guard needs {FAILS_CLOSED} or newer."));
    }
    if env.os == Os::Windows && program.contains(' ') {
        plan.notes.push(
            "The hook program's path holds a blank, which some Windows builds of the client do not start.".to_owned(),
        );
    }
}

/// What would keep the guard from working although it is installed.
fn in_force_notes(env: &Env, after: &str, path: &Path, variant: Variant, plan: &mut Plan) {
    match validity::seen(after) {
        Seen::Ignored(why) => plan.notes.push(format!(
            "The client ignores {} as a whole, because {why}: the guard does not work until that is corrected.",
            path.display()
        )),
        Seen::Applies(value) if value.get("disableAllHooks") == Some(&true.into()) => plan.notes.push(format!(
            "{} says \"disableAllHooks\": true, so the client would bypass the guard. Remove that line.",
            path.display()
        )),
        Seen::Applies(_) => {}
    }
    if variant == Variant::User && super::status::managed_facts(env).only_managed_hooks {
        plan.notes.push(
            "The machine's managed settings allow managed hooks only, so the client would bypass the guard here. \
             Install it machine-wide instead."
                .to_owned(),
        );
    }
}

/// One line that leaves exactly `after` at `path`. The content is in the line itself: a prepared file
/// could be changed between the look at it and the run.
fn administrator_command(os: Os, path: &Path, after: Option<&str>) -> String {
    let path_text = path.display().to_string();
    match os {
        Os::Windows => {
            let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
            let file = quote(&path_text);
            let folder = quote(&path.parent().unwrap_or(path).display().to_string());
            match after {
                Some(text) => format!(
                    "New-Item -ItemType Directory -Force {folder} | Out-Null; [IO.File]::WriteAllText({file}, {})",
                    quote(text)
                ),
                None => format!("Remove-Item -LiteralPath {file}"),
            }
        }
        Os::Linux | Os::MacOs => {
            let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
            let file = quote(&path_text);
            let Some(text) = after else { return format!("sudo rm -f {file}") };
            let (content, format) = match text.strip_suffix('\n') {
                Some(line) => (line, "%s\\n"),
                None => (text, "%s"),
            };
            if os == Os::Linux {
                return format!("printf '{format}' {} | sudo install -D -m 0644 /dev/stdin {file}", quote(content));
            }
            let folder = quote(&path.parent().unwrap_or(path).display().to_string());
            format!("sudo mkdir -p {folder} && printf '{format}' {} | sudo tee {file} >/dev/null", quote(content))
        }
    }
}
