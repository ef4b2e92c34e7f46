//! Whether the guard of a home is in force, in words.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::entries::{self, Form, WANTED};
use super::settings::{self, KeepHooks};
use super::validity::{self, Seen};
use super::{guard, paths};
use crate::connector::{GuardState, GuardStatus};
use crate::disk;
use crate::env::Env;

/// What the machine-wide settings say about hooks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ManagedFacts {
    /// `disableAllHooks`.
    disable_all: bool,
    /// `allowManagedHooksOnly`.
    pub(super) only_managed_hooks: bool,
}

/// Reads every machine-wide settings file that can be read.
pub(super) fn managed_facts(env: &Env) -> ManagedFacts {
    let mut facts = ManagedFacts::default();
    for path in paths::managed_files(env) {
        let text = disk::read_text(&path).ok().and_then(|disk| disk.text);
        if let Some(Seen::Applies(value)) = text.map(|text| validity::seen(&text)) {
            facts.disable_all |= is_true(&value, "disableAllHooks");
            facts.only_managed_hooks |= is_true(&value, "allowManagedHooksOnly");
        }
    }
    facts
}

fn is_true(value: &Value, name: &str) -> bool {
    value.get(name) == Some(&Value::Bool(true))
}

/// Our entries in one file.
#[derive(Debug, Clone)]
enum Presence {
    /// None of ours.
    None,
    /// All as they should be.
    Complete,
    /// In words, what is wrong.
    Partial(String),
}

/// One settings file, looked at.
#[derive(Debug, Clone)]
struct Looked {
    path: PathBuf,
    presence: Presence,
    /// Why the client ignores the file.
    ignored: Option<String>,
    /// Why we cannot read it.
    unreadable: Option<String>,
    disabled: bool,
}

fn look(path: &Path, program: &str, form: Form) -> Looked {
    let mut looked =
        Looked { path: path.to_owned(), presence: Presence::None, ignored: None, unreadable: None, disabled: false };
    let text = match disk::read_text(path) {
        Ok(disk) => disk.text.unwrap_or_default(),
        Err(error) => {
            looked.unreadable = Some(error.to_string());
            return looked;
        }
    };
    match validity::seen(&text) {
        Seen::Ignored(why) => looked.ignored = Some(why),
        Seen::Applies(value) => looked.disabled = is_true(&value, "disableAllHooks"),
    }
    looked.presence = presence(&text, program, form);
    looked
}

fn presence(text: &str, program: &str, form: Form) -> Presence {
    let (_, body) = disk::split_bom(text);
    if body.trim().is_empty() {
        return Presence::None;
    }
    let Ok(ours) = settings::ours(body, KeepHooks::No) else {
        // Broken text, but our mark is in it: say so rather than "not installed".
        let marked = body.contains(&format!("\"{}\"", entries::MARK_KEY));
        return if marked { Presence::Partial("the file's text is broken".to_owned()) } else { Presence::None };
    };
    if ours.is_empty() {
        return Presence::None;
    }
    let (mut missing, mut changed) = (Vec::new(), Vec::new());
    for want in WANTED {
        let mut here = ours.iter().filter(|own| own.event == want.event).peekable();
        if here.peek().is_none() {
            missing.push(want.event);
        } else if !here.any(|own| want.is_right(own.matcher.as_ref(), &own.handler, program, form)) {
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

fn status(state: GuardState, says: String, fix: Option<String>) -> GuardStatus {
    GuardStatus { state, says, fix }
}

/// See [`crate::connector::Connector::guard_status`].
pub(super) fn guard_status(env: &Env, home: &Path, hook: &Path, projects: &[PathBuf]) -> GuardStatus {
    let program = match entries::program(env, hook) {
        Ok(program) => program,
        Err(error) => return status(GuardState::Damaged, sentence(&error.to_string()), Some(error.fix())),
    };
    let (form, _) = guard::form(env, home);
    let facts = managed_facts(env);
    let managed = look(&paths::managed(env), &program, form);
    let user = look(&paths::settings(home), &program, form);
    if let Presence::Complete = managed.presence {
        return managed_status(&managed, facts, hook);
    }
    if !matches!(user.presence, Presence::None) {
        return user_status(&user, facts, hook, projects);
    }
    if let Presence::Partial(what) = &managed.presence {
        return damaged(&managed, what);
    }
    let trouble = user
        .unreadable
        .or_else(|| user.ignored.map(|why| format!("The client ignores {}, because {why}", user.path.display())));
    match trouble {
        Some(trouble) => status(
            GuardState::Missing,
            format!("The guard is not installed. {}.", trouble.trim_end_matches('.')),
            Some(format!("Correct {} first, then install the guard.", user.path.display())),
        ),
        None => status(
            GuardState::Missing,
            "The guard is not installed: tool calls of this home are neither asked about nor recorded.".to_owned(),
            Some("Install the guard.".to_owned()),
        ),
    }
}

fn managed_status(managed: &Looked, facts: ManagedFacts, hook: &Path) -> GuardStatus {
    let bypass = if facts.disable_all {
        Some((
            "the machine's managed settings say \"disableAllHooks\": true".to_owned(),
            "Remove that line from the managed settings.".to_owned(),
        ))
    } else {
        managed.ignored.as_ref().map(|why| {
            (
                format!("the client ignores {}, because {why}", managed.path.display()),
                format!("Correct {}.", managed.path.display()),
            )
        })
    };
    if let Some((why, fix)) = bypass {
        return bypassed(&why, fix);
    }
    if let Some(trouble) = disk::program_trouble(hook) {
        return without_program(&trouble);
    }
    status(
        GuardState::Managed,
        "The guard is in the machine's managed settings: no project and no flag can switch it off.".to_owned(),
        None,
    )
}

fn user_status(user: &Looked, facts: ManagedFacts, hook: &Path, projects: &[PathBuf]) -> GuardStatus {
    let path = user.path.display();
    if let Some(why) = &user.ignored {
        return bypassed(
            &format!("the client ignores {path} as a whole, because {why}"),
            format!("Correct that part of {path}."),
        );
    }
    if user.disabled {
        return bypassed(
            &format!("{path} says \"disableAllHooks\": true"),
            format!("Remove \"disableAllHooks\" from {path}."),
        );
    }
    if facts.disable_all {
        return bypassed(
            "the machine's managed settings say \"disableAllHooks\": true",
            "Remove that line from the managed settings.".to_owned(),
        );
    }
    if facts.only_managed_hooks {
        return bypassed(
            "the machine's managed settings say \"allowManagedHooksOnly\": true and ours is in the user's settings",
            "Install the guard machine-wide.".to_owned(),
        );
    }
    if let Some(file) = projects.iter().find_map(|project| disabling_file(project)) {
        return bypassed(
            &format!("{} says \"disableAllHooks\": true and a session runs in that project", file.display()),
            format!(
                "Remove that line from {}, or install the guard machine-wide, where no project can switch it off.",
                file.display()
            ),
        );
    }
    if let Presence::Partial(what) = &user.presence {
        return damaged(user, what);
    }
    if let Some(trouble) = disk::program_trouble(hook) {
        return without_program(&trouble);
    }
    status(
        GuardState::User,
        "The guard is in the user's settings: every session of this home that reads them asks first.".to_owned(),
        None,
    )
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
        format!("The guard's entries are complete, but {trouble}: the client refuses every tool call."),
        Some("Reinstall ClawButler, or remove the guard.".to_owned()),
    )
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

/// The project's settings file that switches hooks off: in the folder itself or at its repository's root.
fn disabling_file(project: &Path) -> Option<PathBuf> {
    let root = project.ancestors().find(|folder| folder.join(".git").exists()).filter(|root| *root != project);
    [Some(project), root].into_iter().flatten().flat_map(|folder| {
        let folder = folder.join(".claude");
        [folder.join("settings.json"), folder.join("settings.local.json")]
    }).find(|file| {
        let text = disk::read_text(file).ok().and_then(|disk| disk.text);
        matches!(text.map(|text| validity::seen(&text)), Some(Seen::Applies(value)) if is_true(&value, "disableAllHooks"))
    })
}
