//! Whether Hermes itself is well, and whether what runs has our guard in it.

use std::path::Path;

use clawbutler_core::limits::CONFIG_FILE_BYTES;
use serde_json::Value;

use super::process::Prompts;
use super::{paths, plugin, process, records, status, switches};
use crate::disk;
use crate::env::Env;
use crate::facts::{Check, Health};
use crate::{processes, words};

/// Largest state file that is read (bytes).
const FILE_BYTES: u64 = 256 * 1024;

fn check(name: &'static str, health: Health, says: impl Into<String>, fix: Option<&str>) -> Check {
    Check { name, health, says: says.into(), fix: fix.map(str::to_owned) }
}

/// See [`crate::connector::Connector::checks`].
pub(super) fn checks(env: &Env, home: &Path) -> Vec<Check> {
    let mut checks = vec![settings(home), records(home)];
    if paths::plugin(home).join("__init__.py").is_file() {
        checks.extend(announced(env, home));
    }
    checks.extend(unasking(env, home));
    checks.extend(gateway(env, home));
    checks.extend(unguarded_jobs(home));
    checks
}

fn settings(home: &Path) -> Check {
    let path = paths::config(home);
    match status::settings(&path) {
        Ok(_) if path.is_file() => check("settings", Health::Healthy, format!("{} can be read.", path.display()), None),
        Ok(_) => check("settings", Health::Healthy, "There are no settings yet; Hermes uses its defaults.", None),
        Err(why) => {
            let fix = "Open the file in an editor and write that part in plain YAML.";
            check("settings", Health::Degraded, format!("{why}."), Some(fix))
        }
    }
}

fn records(home: &Path) -> Check {
    let path = records::database(home);
    if path.is_file() {
        check("records", Health::Healthy, format!("Sessions are recorded in {}.", path.display()), None)
    } else {
        check("records", Health::Healthy, "No session has been recorded yet.", None)
    }
}

/// The plugin's announcements against what runs.
fn announced(env: &Env, home: &Path) -> Vec<Check> {
    const NAME: &str = "guard in running processes";
    let mut found = Vec::new();
    for process in status::unguarded(env, home) {
        let says = format!("{}.", words::capital(&status::unguarded_says(&process)));
        found.push(check(
            NAME,
            Health::Critical,
            says,
            Some("Restart that process; Hermes loads plugins when it starts."),
        ));
    }
    let edition = installed_edition(home);
    let alive =
        |one: &plugin::Announced| processes::still_runs(env, one.pid, one.started, one.loaded_at) != Some(false);
    for one in plugin::announced(home).into_iter().filter(alive) {
        if edition.as_deref().is_some_and(|edition| edition != one.edition) {
            let says = format!("Process {} runs an older edition of the guard than the one installed.", one.pid);
            found.push(check(NAME, Health::Degraded, says, Some("Restart that process when it suits.")));
        }
        if one.unjudged > 0 {
            let says = format!(
                "Process {} had to decide {} calls without the hook program: what was not known as harmless was blocked.",
                one.pid, one.unjudged
            );
            found.push(check(NAME, Health::Degraded, says, Some("Look whether the hook program is there and starts.")));
        }
    }
    if found.is_empty() {
        found.push(check(NAME, Health::Healthy, "Every running process that can be seen has loaded the guard.", None));
    }
    found
}

/// Hermes' own prompts switched off by a variable: in `.env`, or of processes that were started so, which no file shows.
fn unasking(env: &Env, home: &Path) -> Vec<Check> {
    let by_file = switches::on_in(env, home, switches::YOLO).map(|file| {
        let says = format!("{} sets {}: Hermes asks about nothing by itself.", file.display(), switches::YOLO);
        check("prompts", Health::Degraded, says, Some("Take that line out, and restart what runs."))
    });
    let here =
        |process: &process::Process| process.prompts == Prompts::Skipped && process::is_same(&process.home, home);
    let says = |process: process::Process| {
        let says = format!("Process {} was started so that Hermes asks about nothing by itself.", process.pid);
        check("prompts in running processes", Health::Degraded, says, Some("Start it without --yolo."))
    };
    by_file.into_iter().chain(process::all(env).into_iter().filter(here).map(says)).collect()
}

/// The edition that the installed plugin names in its text.
fn installed_edition(home: &Path) -> Option<String> {
    let text = disk::small_text(&paths::plugin(home).join("__init__.py"), CONFIG_FILE_BYTES)?;
    let line = text.lines().find(|line| line.starts_with("EDITION = "))?;
    line.split('"').nth(1).map(str::to_owned)
}

/// A gateway's own word that it runs is kept after its end; the process tells.
fn gateway(env: &Env, home: &Path) -> Option<Check> {
    let value: Value = serde_json::from_str(&disk::small_text(&home.join("gateway.pid"), FILE_BYTES)?).ok()?;
    let pid = value.get("pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok())?;
    let runs = processes::still_runs(env, pid, value.get("start_time").and_then(Value::as_u64), None);
    Some(match runs {
        Some(true) => check("gateway", Health::Healthy, format!("The gateway runs as process {pid}."), None),
        Some(false) => check(
            "gateway",
            Health::Degraded,
            format!("The gateway ended without tidying up: process {pid} is gone."),
            Some("Start it again with `hermes gateway run`."),
        ),
        None => check("gateway", Health::Healthy, format!("The gateway says that it runs as process {pid}."), None),
    })
}

/// Jobs that run a script without an agent pass no hook at all.
fn unguarded_jobs(home: &Path) -> Option<Check> {
    let text = disk::small_text(&home.join("cron").join("jobs.json"), FILE_BYTES)?;
    let value: Value = serde_json::from_str(&text).ok()?;
    let jobs = value.get("jobs").and_then(Value::as_array)?;
    let bare = jobs.iter().filter(|job| {
        job.get("no_agent") == Some(&Value::Bool(true)) && job.get("enabled") != Some(&Value::Bool(false))
    });
    let count = bare.count();
    (count > 0).then(|| {
        let says = format!("{count} scheduled jobs run a script without an agent; no guard sees what they do.");
        check("scheduled jobs", Health::Degraded, says, Some("Look at them with `hermes cron list`."))
    })
}
