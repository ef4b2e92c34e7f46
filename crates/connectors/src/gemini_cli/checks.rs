//! Whether the client itself is well.

use std::path::Path;

use super::{installs, paths, settings};
use crate::env::Env;
use crate::facts::{Check, Health};

/// See [`crate::connector::Connector::checks`].
pub(super) fn checks(env: &Env, home: &Path) -> Vec<Check> {
    vec![client(env), settings_file(env, home), recordings(home)]
}

fn client(env: &Env) -> Check {
    let installs = installs::find(env, &mut Vec::new());
    let (health, says, fix) = match installs.first() {
        Some(install) => {
            let version = install.version.as_deref().unwrap_or("of unknown version");
            (Health::Healthy, format!("Gemini CLI {version} is installed at {}.", install.path.display()), None)
        }
        None => (
            Health::Degraded,
            "No installed client was found; it may still be run with npx.".to_owned(),
            Some("Install the client, or add the folder of its program to PATH.".to_owned()),
        ),
    };
    Check { name: "client", health, says, fix }
}

fn settings_file(env: &Env, home: &Path) -> Check {
    let name = "settings";
    for path in [paths::settings(home), paths::system_settings(env)] {
        if let Err(why) = settings::read(&path) {
            let fix = Some(format!("Open {} in an editor and repair it.", path.display()));
            return Check { name, health: Health::Critical, says: format!("{why}."), fix };
        }
    }
    Check { name, health: Health::Healthy, says: "The settings can be read.".to_owned(), fix: None }
}

fn recordings(home: &Path) -> Check {
    let name = "recordings";
    let folder = home.join("tmp");
    if !folder.exists() {
        let says = "No session has been recorded in this home yet.".to_owned();
        return Check { name, health: Health::Healthy, says, fix: None };
    }
    match std::fs::read_dir(&folder) {
        Ok(_) => Check { name, health: Health::Healthy, says: "The session files can be read.".to_owned(), fix: None },
        Err(_) => Check {
            name,
            health: Health::Critical,
            says: format!("{} cannot be read, so no session can be shown.", folder.display()),
            fix: Some(format!("Check who may read {}.", folder.display())),
        },
    }
}
