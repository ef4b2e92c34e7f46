//! Whether OpenClaw itself is well, as far as files tell.

use std::path::Path;

use super::plugin::CODE;
use super::{config, discover, gateways, paths, process};
use crate::env::{Env, Os};
use crate::facts::{Check, Health};
use crate::words;

fn check(name: &'static str, health: Health, says: impl Into<String>, fix: Option<&str>) -> Check {
    Check { name, health, says: says.into(), fix: fix.map(str::to_owned) }
}

/// See [`crate::connector::Connector::checks`].
pub(super) fn checks(env: &Env, home: &Path) -> Vec<Check> {
    let mut found = vec![configuration(env, home)];
    found.extend(privacy(env, home));
    found.push(gateway(env, home));
    found.push(version(env));
    if paths::plugin(home).join(CODE).is_file() {
        found.extend(processes(env, home));
    }
    found
}

/// Whether what runs has loaded the guard.
fn processes(env: &Env, home: &Path) -> Vec<Check> {
    const NAME: &str = "guard in running processes";
    let mut found = Vec::new();
    for one in process::unguarded(env, home) {
        let (says, fix) = process::unguarded_says(&one);
        found.push(check(NAME, Health::Critical, format!("{}.", words::capital(&says)), Some(fix)));
    }
    for pid in process::of_older_edition(env, home) {
        let says = format!("Process {pid} runs another edition of the guard than the one installed.");
        found.push(check(NAME, Health::Degraded, says, Some("Restart that process when it suits.")));
    }
    if found.is_empty() {
        found.push(check(NAME, Health::Healthy, "Every running process that can be seen has loaded the guard.", None));
    }
    found
}

fn configuration(env: &Env, home: &Path) -> Check {
    let path = paths::config(env, home);
    match config::read(&path) {
        Ok(_) if path.is_file() => {
            check("configuration", Health::Healthy, format!("{} can be read.", path.display()), None)
        }
        Ok(_) => check(
            "configuration",
            Health::Degraded,
            format!("There is no {}; the gateway does not start without one.", path.display()),
            Some("Run OpenClaw's own setup."),
        ),
        Err(error) => check("configuration", Health::Critical, format!("{error}."), Some(&error.fix())),
    }
}

/// The configuration holds the gateway's token in most homes.
fn privacy(env: &Env, home: &Path) -> Option<Check> {
    #[cfg(unix)]
    if env.os != Os::Windows {
        use std::os::unix::fs::PermissionsExt as _;
        let path = paths::config(env, home);
        let mode = std::fs::metadata(&path).ok()?.permissions().mode();
        return Some(if mode & 0o077 == 0 {
            check("private configuration", Health::Healthy, "Only its owner reads the configuration.", None)
        } else {
            check(
                "private configuration",
                Health::Degraded,
                format!("{} can be read by others, and it may hold the gateway's token.", path.display()),
                Some("Take the rights of group and others away (chmod 600)."),
            )
        });
    }
    let _ = (env, home, Os::Windows);
    None
}

fn gateway(env: &Env, home: &Path) -> Check {
    let running = gateways::running(env, home);
    match &running[..] {
        [] => check("gateway", Health::Degraded, "No gateway of this home runs.", Some("Start it: openclaw gateway")),
        [one] => {
            let port = one.port.map_or_else(|| "no port yet".to_owned(), |port| format!("port {port}"));
            check("gateway", Health::Healthy, format!("A gateway runs (process {}, {port}).", one.pid), None)
        }
        more => check(
            "gateway",
            Health::Degraded,
            format!("{} gateways run on this home; they share its state.", more.len()),
            Some("Stop all but one, or give each its own profile."),
        ),
    }
}

fn version(env: &Env) -> Check {
    let installs = discover::installs(env, &mut Vec::new());
    let Some(worst) = installs.iter().find(|install| install.warning.is_some()) else {
        let known: Vec<&str> = installs.iter().filter_map(|install| install.version.as_deref()).collect();
        return if known.is_empty() {
            check("version", Health::Degraded, "No installed package with a version was found.", None)
        } else {
            check("version", Health::Healthy, format!("Installed: {}.", known.join(", ")), None)
        };
    };
    let says = worst.warning.clone().unwrap_or_default();
    check("version", Health::Degraded, says, Some("Update OpenClaw."))
}
