//! Whether Codex itself is well, and what goes round the guard.

use std::path::Path;

use serde_json::Value;

use super::{config, discover, entries, facts, paths, status, version};
use crate::disk;
use crate::env::Env;
use crate::facts::{Check, Health};

fn check(name: &'static str, health: Health, says: impl Into<String>, fix: Option<&str>) -> Check {
    Check { name, health, says: says.into(), fix: fix.map(str::to_owned) }
}

/// See [`crate::connector::Connector::checks`].
pub(super) fn checks(env: &Env, home: &Path) -> Vec<Check> {
    let mut checks = vec![settings(home), client(env, home), records(home)];
    checks.extend(hooks_json(home));
    checks.extend(rewriters(home));
    checks.extend(profiles(home));
    checks.extend(projects(home));
    checks
}

fn settings(home: &Path) -> Check {
    let path = paths::config(home);
    match config::values(&path) {
        Ok(_) if path.is_file() => check("settings", Health::Healthy, format!("{} can be read.", path.display()), None),
        Ok(_) => check("settings", Health::Healthy, "There are no settings yet; Codex uses its defaults.", None),
        Err(why) => {
            let fix = "Open the file in an editor and correct that line; Codex does not start with it.";
            check("settings", Health::Critical, format!("{why}."), Some(fix))
        }
    }
}

fn client(env: &Env, home: &Path) -> Check {
    let installs = discover::discover(env, &[home.to_owned()]).installs;
    let old = installs.iter().find_map(|install| {
        let version = install.version.as_deref()?;
        version::warning(version)
    });
    match (installs.is_empty(), old) {
        (true, _) => check("client", Health::Degraded, "No installed Codex was found.", Some("Install Codex.")),
        (false, Some(warning)) => check("client", Health::Degraded, warning, Some("Update Codex.")),
        (false, None) => {
            check("client", Health::Healthy, "Every installed client that tells its version can be guarded.", None)
        }
    }
}

fn records(home: &Path) -> Check {
    let says = if paths::sessions(home).is_dir() {
        format!("Sessions are recorded in {}.", paths::sessions(home).display())
    } else {
        "No session has been recorded yet.".to_owned()
    };
    check("records", Health::Healthy, says, None)
}

/// Codex drops the whole file for one unknown key at its top or one bad handler.
fn hooks_json(home: &Path) -> Option<Check> {
    let path = paths::hooks_json(home);
    let text = disk::small_text(&path, facts::FILE_BYTES)?;
    let why = match serde_json::from_str::<Value>(&text) {
        Err(_) => Some("it is not valid JSON".to_owned()),
        Ok(Value::Object(fields)) => {
            let other = fields.keys().find(|key| !matches!(key.as_str(), "description" | "hooks"));
            other.map(|key| format!("it has the unknown key {key:?}"))
        }
        Ok(_) => Some("it is not a JSON object".to_owned()),
    }?;
    let says = format!("Codex leaves out {} as a whole: {why}.", path.display());
    Some(check("hooks.json", Health::Degraded, says, Some("Correct the file; ClawButler's own hooks are not in it.")))
}

/// A profile lays its settings over those that hold the guard, for the sessions it is chosen for.
fn profiles(home: &Path) -> Vec<Check> {
    let all = paths::profiles(home).into_iter().filter_map(|(name, file)| {
        let off = status::switched_off(&config::values(&file).ok()?)?;
        let says =
            format!("Sessions started with `--profile {name}` run without the guard: {} says `{off}`.", file.display());
        Some(check("profiles", Health::Degraded, says, Some("Remove that line, or install the guard machine-wide.")))
    });
    all.collect()
}

/// A project that its user trusts may bring settings of its own, from the first session in it. Those of other projects
/// count for nothing.
fn projects(home: &Path) -> Vec<Check> {
    let user = config::values(&paths::config(home)).unwrap_or(Value::Null);
    let known = user.get("projects").and_then(Value::as_object).into_iter().flatten();
    let trusted = known.map(|(folder, _)| Path::new(folder)).filter(|folder| status::is_trusted(&user, folder));
    let all = trusted.take(facts::PROJECTS).filter_map(|folder| {
        let file = folder.join(".codex").join("config.toml");
        let own = config::values(&file).ok()?;
        let says = |name: &str, value: &str| {
            (config::text(&own, &[name]) == Some(value)).then(|| format!("`{name} = \"{value}\"`"))
        };
        let lines = [
            status::switched_off(&own).map(|off| format!("`{off}`")),
            says("sandbox_mode", "danger-full-access"),
            says("approval_policy", "never"),
        ];
        let lines: Vec<String> = lines.into_iter().flatten().collect();
        let off = lines.first().is_some_and(|line| line.contains("hooks"));
        (!lines.is_empty()).then(|| {
            let what = if off { "run without the guard" } else { "are held by less of Codex's own" };
            let says =
                format!("Sessions in {} {what}: {} says {}.", folder.display(), file.display(), lines.join(" and "));
            let fix = if off {
                "Remove that line, or install the guard machine-wide."
            } else {
                "Look whether that project means it, and remove the lines; the guard asks in either case."
            };
            check("project settings", Health::Degraded, says, Some(fix))
        })
    });
    all.collect()
}

/// Hooks run side by side: one that rewrites a command does so after ours has looked at it.
fn rewriters(home: &Path) -> Option<Check> {
    let user = config::values(&paths::config(home)).unwrap_or(Value::Null);
    let file = disk::small_text(&paths::hooks_json(home), facts::FILE_BYTES)
        .and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let groups = [Some(user), file]
        .into_iter()
        .flatten()
        .filter_map(|value| config::at(&value, &["hooks", "PreToolUse"]).and_then(Value::as_array).cloned());
    let handlers = groups.flatten().filter_map(|group| group.get("hooks").and_then(Value::as_array).cloned()).flatten();
    let others = handlers.filter(|handler| !entries::is_ours(handler)).count();
    (others > 0).then(|| {
        let says = format!(
            "{others} other hooks run before tools. Codex starts all hooks at once, so one that rewrites a command does \
             so unseen by ClawButler."
        );
        check("other hooks", Health::Degraded, says, Some("Look at them with `/hooks` in Codex."))
    })
}
