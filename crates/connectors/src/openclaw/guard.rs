//! Plans the guard: our plugin's files in the home, and the edit of `openclaw.json` that loads them.

use std::path::{Path, PathBuf};

use super::edit::{self, TextError, Wanted};
use super::plugin::{FILES, PLUGIN_ID};
use super::{config, paths, process};
use crate::connector::{FileChange, GuardError, Plan, Variant};
use crate::disk::{self, OnDisk};
use crate::env::{Env, Os};

/// Permission bits of the files we create.
const MODE: u32 = 0o600;

/// What we want in the configuration of a home.
pub(super) fn wanted(env: &Env, home: &Path, hook: &Path) -> Result<Wanted, GuardError> {
    let text = |path: &Path| -> Result<String, GuardError> {
        let bad = |why| GuardError::HookPath { path: path.to_owned(), why };
        let text = path.to_str().ok_or_else(|| bad("is not text"))?;
        if text.chars().any(char::is_control) {
            return Err(bad("holds control characters"));
        }
        // OpenClaw replaces `${NAME}` in every text of its configuration.
        if text.contains("${") {
            return Err(bad("holds `${`, which OpenClaw replaces"));
        }
        let drive = env.os == Os::Windows && text.as_bytes().get(1) == Some(&b':');
        if !text.starts_with('/') && !drive {
            return Err(bad("is not absolute"));
        }
        Ok(text.to_owned())
    };
    Ok(Wanted { folder: text(&paths::plugin(home))?, hook: text(hook)?, home: text(home)? })
}

fn refuse(path: &Path, error: TextError) -> GuardError {
    let path = path.to_owned();
    match error {
        TextError::NotParsable(why) => GuardError::NotParsable { path, why },
        TextError::Shape(what) => GuardError::Shape { path, what },
    }
}

/// See [`crate::connector::Connector::plan_install`].
pub(super) fn plan_install(env: &Env, home: &Path, hook: &Path, variant: Variant) -> Result<Plan, GuardError> {
    if variant == Variant::Managed {
        return Ok(unmanaged());
    }
    let wanted = wanted(env, home, hook)?;
    let disk = disk::read(&paths::config(env, home))?;
    let text = disk.text()?;
    let after = edit::install(text, &wanted).map_err(|error| refuse(&disk.path, error))?;
    let mut plan = Plan::default();
    // The files first: the running gateway looks at its configuration as soon as it changes.
    for (name, content) in FILES {
        let file = disk::read(&paths::plugin(home).join(name))?;
        push(&mut plan, file, Some(content.as_bytes().to_vec()));
    }
    // A gateway that was started with another configuration leaves no word of it when it ends.
    let elsewhere = !paths::same(&disk.path, &paths::own_config(home));
    let named = elsewhere.then(|| format!("{}\n", paths::config(env, home).display()).into_bytes());
    push(&mut plan, disk::read(&paths::note(home))?, named);
    if !plan.files.is_empty() {
        plan.notes.push(format!("{} gets our plugin “{PLUGIN_ID}”.", paths::plugin(home).display()));
    }
    if text == Some(after.as_str()) {
        plan.notes.push(format!("The guard's entry in {} is complete.", disk.path.display()));
    } else {
        plan.notes.push(format!(
            "{} gets our plugin's folder in `plugins.load.paths` and an entry in `plugins.entries`; every other byte \
             of it stays, comments too.",
            disk.path.display()
        ));
        plan.notes.push("A running gateway takes it in within a few seconds, without a restart.".to_owned());
    }
    notes(&disk, text, &mut plan);
    push(&mut plan, disk, Some(after.into_bytes()));
    Ok(plan)
}

/// See [`crate::connector::Connector::plan_uninstall`].
pub(super) fn plan_uninstall(env: &Env, home: &Path, variant: Variant) -> Result<Plan, GuardError> {
    if variant == Variant::Managed {
        return Ok(unmanaged());
    }
    let disk = disk::read(&paths::config(env, home))?;
    let mut plan = Plan::default();
    let text = disk.text()?;
    let after = match text {
        Some(text) if !disk::split_bom(text).1.trim().is_empty() => {
            edit::uninstall(text).map_err(|error| refuse(&disk.path, error))?
        }
        other => other.map(str::to_owned),
    };
    plan.notes.push(match (text, &after) {
        (None, _) => format!("There is no {}.", disk.path.display()),
        (Some(text), Some(after)) if after == text => format!("{} holds nothing of ours.", disk.path.display()),
        (Some(_), Some(_)) => format!("{} loses our parts; every other byte of it stays.", disk.path.display()),
        (Some(_), None) => format!("{} held nothing but our parts and is removed.", disk.path.display()),
    });
    // The configuration first: nothing may name files that are gone.
    push(&mut plan, disk, after.map(String::into_bytes));
    let own = FILES.iter().map(|(name, _)| paths::plugin(home).join(name));
    for file in own.chain([paths::note(home)]).chain(process::left_behind(home)) {
        push(&mut plan, disk::read(&file)?, None);
    }
    if !plan.files.is_empty() {
        plan.notes.push(
            "The approval policy that ClawButler set in the gateway is put back over its own interface, not here."
                .to_owned(),
        );
    }
    Ok(plan)
}

fn unmanaged() -> Plan {
    let note = "OpenClaw has no machine-wide settings; the guard goes into each home.".to_owned();
    Plan { notes: vec![note], ..Plan::default() }
}

fn push(plan: &mut Plan, disk: OnDisk, after: Option<Vec<u8>>) {
    if disk.bytes != after {
        let mode = disk.bytes.is_none().then_some(MODE);
        plan.files.push(FileChange { path: disk.path, before: disk.bytes, after, mode });
    }
}

/// What the person should know before consenting.
fn notes(disk: &OnDisk, text: Option<&str>, plan: &mut Plan) {
    plan.notes.push(
        "`openclaw agent exec` loads no plugins, and so not this one: it is reported while it runs. Everything else that \
         runs agents tells that it loaded the guard, and what does not is reported too."
            .to_owned(),
    );
    if disk.linked {
        plan.notes.push(format!(
            "The configuration is a link; the file it points to, {}, is the one that changes.",
            disk.path.display()
        ));
    }
    plan.notes.push(
        "The plugin sees every tool call with its full arguments. A second gate needs nothing installed: with \
         ClawButler connected to the gateway, its approval policy can be set to ask for every command (security full, \
         ask always, fallback deny)."
            .to_owned(),
    );
    let Ok(Some(value)) = crate::jsonc::value5(disk::split_bom(text.unwrap_or_default()).1) else { return };
    if config::at(&value, &["plugins", "enabled"]) == Some(&false.into()) {
        let others = config::texts_at(&value, &["plugins", "allow"]);
        plan.notes.push(if others.is_empty() {
            "Plugins are switched off here. They are switched on with ours as the only one allowed; uninstalling \
             switches them off again."
                .to_owned()
        } else {
            format!(
                "Plugins are switched off here. They are switched on, so that those in `plugins.allow` ({}) start too; \
                 uninstalling switches them off again.",
                others.join(", ")
            )
        });
    }
    if config::texts_at(&value, &["plugins", "deny"]).contains(&PLUGIN_ID) {
        plan.notes.push(format!("`plugins.deny` names {PLUGIN_ID}, so it will not load. Remove it from that list."));
    }
    if includes(&value) {
        plan.notes.push("The configuration includes other files, which ClawButler does not read.".to_owned());
    }
}

/// Whether the file brings in others where it is about plugins.
pub(super) fn includes(config: &serde_json::Value) -> bool {
    config.get("$include").is_some() || config::at(config, &["plugins", "$include"]).is_some()
}

/// The folder of another plugin with our id that OpenClaw would load before ours.
pub(super) fn rival(env: &Env, config: &serde_json::Value, ours: &Path) -> Option<PathBuf> {
    let before =
        config::texts_at(config, &["plugins", "load", "paths"]).into_iter().map(|path| paths::expanded(env, path));
    before.take_while(|path| path.as_path() != ours).take(200).find(|path| {
        let manifest = disk::read(&path.join("openclaw.plugin.json")).ok().and_then(|disk| disk.bytes);
        let manifest = manifest.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
        manifest.is_some_and(|manifest| manifest.get("id").is_some_and(|id| id == PLUGIN_ID))
    })
}
