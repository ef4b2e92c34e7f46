//! Whether the guard of a home is in force, in words.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::entries::{self, WANTED};
use super::trust::{self, Trust};
use super::{config, edit, paths};
use crate::connector::{GuardState, GuardStatus};
use crate::disk;
use crate::env::Env;

/// Our entries in one file.
#[derive(Debug, Clone)]
enum Presence {
    None,
    Complete,
    /// In words, what is wrong.
    Partial(String),
}

/// One file, looked at.
#[derive(Debug, Clone)]
struct Looked {
    path: PathBuf,
    text: String,
    values: Value,
    presence: Presence,
    /// Why we, and Codex, cannot read it.
    unreadable: Option<String>,
}

fn look(env: &Env, path: &Path, program: &str) -> Looked {
    let mut looked = Looked {
        path: path.to_owned(),
        text: String::new(),
        values: Value::Null,
        presence: Presence::None,
        unreadable: None,
    };
    match disk::read_text(path) {
        Ok(disk) => looked.text = disk.text.unwrap_or_default(),
        Err(error) => {
            looked.unreadable = Some(error.to_string());
            return looked;
        }
    }
    match config::parse(&looked.text) {
        Ok(values) => looked.values = values,
        Err(why) => {
            if edit::is_marked(&looked.text) {
                looked.presence = Presence::Partial("the file's text is broken".to_owned());
            }
            looked.unreadable = Some(format!("{} is not valid TOML ({why})", path.display()));
            return looked;
        }
    }
    looked.presence = presence(env, &looked.text, program);
    looked
}

fn presence(env: &Env, text: &str, program: &str) -> Presence {
    let Ok(ours) = edit::ours(text) else { return Presence::None };
    if ours.is_empty() {
        return Presence::None;
    }
    let (mut missing, mut changed) = (Vec::new(), Vec::new());
    for want in WANTED {
        let mut here = ours.iter().filter(|own| own.event == want.event).peekable();
        if here.peek().is_none() {
            missing.push(want.event);
        } else if !here.any(|own| want.is_right(own.matcher.as_ref(), &own.value, env.os, program)) {
            changed.push(want.event);
        }
    }
    let mut wrong = Vec::new();
    if !missing.is_empty() {
        wrong.push(format!("the entry for {} is missing", missing.join(", ")));
    }
    if !changed.is_empty() {
        wrong.push(format!("the entry for {} is not as we wrote it", changed.join(", ")));
    }
    if wrong.is_empty() { Presence::Complete } else { Presence::Partial(wrong.join(" and ")) }
}

/// The line that switches hooks off, when there is one.
pub(super) fn switched_off(values: &Value) -> Option<&'static str> {
    let off = |name: &str| config::at(values, &["features", name]) == Some(&Value::Bool(false));
    if off("hooks") {
        return Some("features.hooks = false");
    }
    // The name it had before 0.130.
    off("codex_hooks").then_some("features.codex_hooks = false")
}

/// Whether the machine's requirements keep hooks of users out.
pub(super) fn only_managed(values: &Value) -> bool {
    values.get("allow_managed_hooks_only") == Some(&Value::Bool(true))
}

fn status(state: GuardState, says: String, fix: Option<String>) -> GuardStatus {
    GuardStatus { state, says, fix }
}

/// See [`crate::connector::Connector::guard_status`].
pub(super) fn guard_status(env: &Env, home: &Path, hook: &Path, projects: &[PathBuf]) -> GuardStatus {
    let program = match entries::program(env, hook) {
        Ok(program) => program,
        Err(error) => {
            return status(GuardState::Damaged, format!("The guard cannot work: {error}."), Some(error.fix()));
        }
    };
    let machine = look(env, &paths::requirements(env), &program);
    let user = look(env, &paths::config(home), &program);
    if let Presence::Complete = machine.presence {
        return machine_status(&machine, hook);
    }
    if !matches!(user.presence, Presence::None) {
        return user_status(env, home, &user, &machine, hook, projects);
    }
    if let Presence::Partial(what) = &machine.presence {
        return damaged(&machine, what);
    }
    match user.unreadable {
        Some(trouble) => status(
            GuardState::Missing,
            format!("The guard is not installed, and {trouble}."),
            Some(format!("Correct {} first, then install the guard.", user.path.display())),
        ),
        None => status(
            GuardState::Missing,
            "The guard is not installed: tool calls of this home are neither asked about nor recorded.".to_owned(),
            Some("Install the guard.".to_owned()),
        ),
    }
}

fn machine_status(machine: &Looked, hook: &Path) -> GuardStatus {
    if let Some(off) = switched_off(&machine.values) {
        let path = machine.path.display();
        return bypassed(&format!("{path} says `{off}`"), format!("Remove that line from {path}."));
    }
    if let Some(trouble) = disk::program_trouble(hook) {
        return without_program(&trouble);
    }
    status(
        GuardState::Managed,
        "The guard is in the machine's requirements: it needs no trust, and no project and no flag can switch it off."
            .to_owned(),
        None,
    )
}

fn user_status(
    env: &Env,
    home: &Path,
    user: &Looked,
    machine: &Looked,
    hook: &Path,
    projects: &[PathBuf],
) -> GuardStatus {
    let path = user.path.display();
    if user.unreadable.is_some() {
        return damaged(user, "the file's text is broken");
    }
    for (file, values) in [(&user.path, &user.values), (&machine.path, &machine.values)] {
        if let Some(off) = switched_off(values) {
            let file = file.display();
            return bypassed(&format!("{file} says `{off}`"), format!("Remove that line from {file}."));
        }
    }
    if only_managed(&machine.values) {
        return bypassed(
            "the machine's requirements say `allow_managed_hooks_only = true` and ours is in the user's settings",
            "Install the guard machine-wide.".to_owned(),
        );
    }
    if let Presence::Partial(what) = &user.presence {
        return damaged(user, what);
    }
    let untrusted = trust::untrusted(home, &user.text);
    if let Some(status) = trust_status(&untrusted) {
        return status;
    }
    let system = config::values(&paths::system_config(env)).unwrap_or(Value::Null);
    if let Some(off) = switched_off(&system).filter(|_| config::at(&user.values, &["features", "hooks"]).is_none()) {
        let file = paths::system_config(env);
        let why = format!("{} says `{off}`", file.display());
        return bypassed(&why, format!("Write `hooks = true` below `[features]` in {path}."));
    }
    if let Some(file) = projects.iter().find_map(|project| disabling_file(project, &user.values)) {
        return bypassed(
            &format!("{} switches hooks off and a session runs in that project", file.display()),
            "Remove that line, or install the guard machine-wide, where no project can switch it off.".to_owned(),
        );
    }
    if let Some(trouble) = disk::program_trouble(hook) {
        return without_program(&trouble);
    }
    let mut says =
        "The guard is in the user's settings and Codex trusts it: every new session of this home that reads \
                    them asks first."
            .to_owned();
    if !untrusted.is_empty() {
        let events: Vec<&str> = untrusted.iter().map(|(event, _)| event.as_str()).collect();
        says.push_str(&format!(
            " Not reported, for want of trust or because the client is older: {}.",
            events.join(", ")
        ));
    }
    status(GuardState::User, says, None)
}

/// Installed is not in force: Codex leaves out what its user did not trust. What only reports may be left out,
/// and an older client does not know all of it.
fn trust_status(untrusted: &[(String, Trust)]) -> Option<GuardStatus> {
    let mut deciding = untrusted.iter().filter(|(event, _)| entries::decides(event)).peekable();
    let (_, first) = deciding.peek()?;
    let why = match first {
        Trust::Changed => "Codex trusts another wording of it",
        Trust::Off => "it is switched off in Codex's own list of hooks",
        Trust::Missing | Trust::Given => "its hooks are not trusted in Codex yet",
    };
    let fix = match first {
        Trust::Off => "Start `codex`, open `/hooks` and switch the hooks of ClawButler on.",
        Trust::Changed | Trust::Missing | Trust::Given => {
            "Let Codex trust it on the Agents page, or start `codex` and trust the hooks of ClawButler where it says that \
             hooks need review, or in `/hooks`."
        }
    };
    let events: Vec<&str> = deciding.map(|(event, _)| event.as_str()).collect();
    let mut status = bypassed(why, fix.to_owned());
    if let [only] = events[..] {
        status.says = format!("The guard is installed, but its hook for {only} has no effect: {why}.");
    }
    Some(status)
}

fn bypassed(why: &str, fix: String) -> GuardStatus {
    status(GuardState::Bypassed, format!("The guard is installed but has no effect: {why}."), Some(fix))
}

fn damaged(looked: &Looked, what: &str) -> GuardStatus {
    status(
        GuardState::Damaged,
        format!("The guard in {} is damaged: {what}.", looked.path.display()),
        Some("Install the guard again; that repairs our entries and leaves the others alone.".to_owned()),
    )
}

fn without_program(trouble: &str) -> GuardStatus {
    status(
        GuardState::Damaged,
        format!("The guard's entries are complete, but {trouble}: every tool call is blocked."),
        Some("Reinstall ClawButler, or remove the guard.".to_owned()),
    )
}

/// The configuration of a trusted project that switches hooks off: in the folder or at its repository's root.
fn disabling_file(project: &Path, user: &Value) -> Option<PathBuf> {
    let root = project.ancestors().find(|folder| folder.join(".git").exists()).filter(|root| *root != project);
    [Some(project), root].into_iter().flatten().find_map(|folder| {
        if !is_trusted(user, folder) && !root.is_some_and(|root| is_trusted(user, root)) {
            return None;
        }
        let file = folder.join(".codex").join("config.toml");
        switched_off(&config::values(&file).ok()?).map(|_| file)
    })
}

/// Whether the user trusts a project's folder: only then its own configuration counts.
pub(super) fn is_trusted(user: &Value, folder: &Path) -> bool {
    let own = user.get("projects").and_then(|all| all.get(folder.display().to_string()));
    own.and_then(|own| own.get("trust_level")).and_then(Value::as_str) == Some("trusted")
}
