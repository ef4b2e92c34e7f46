//! Risk of an action from named signals; the signals of paths and addresses.

use clawbutler_core::action::Action;
use clawbutler_core::grant::host_of;
use clawbutler_core::redact::{self, MaskKey};
use clawbutler_core::risk::{Assessment, RiskLevel, Signal};
use serde::{Deserialize, Serialize};

use crate::effects::look;
use crate::paths::{self, Class};

/// What is around an action: where home is, and which files are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// The user's home folder.
    pub home: String,
    /// ClawButler's own data folder.
    pub data_dir: String,
    /// Files that carry our guard.
    pub guarded: Vec<String>,
}

/// Name of the signal that nothing can loosen.
pub(crate) const OWN: &str = "own_files";

/// Looks at an action.
pub fn assess(action: &Action, around: &Surroundings) -> Assessment {
    look(action, around).assessment
}

pub(crate) fn signal(name: &str, level: RiskLevel, says: impl Into<String>, part: Option<&str>) -> Signal {
    Signal { name: name.to_owned(), level, says: says.into(), part: part.map(ToOwned::to_owned) }
}

/// Signals of changing a path.
pub(crate) fn write_signals(path: &str, project: &str, around: &Surroundings, verb: &str) -> Vec<Signal> {
    use RiskLevel::{Critical, High, Medium};
    let part = Some(path);
    let one = match paths::class(path, project, around) {
        Class::Own => {
            signal(OWN, Critical, format!("{verb} {path}, which belongs to ClawButler or carries its guard"), part)
        }
        Class::Secret if dotenv_of(path, project, &around.home) => signal(
            "dotenv_write",
            Medium,
            format!("{verb} {path}, where settings and secrets of the project are"),
            part,
        ),
        Class::Secret => signal("secret_write", High, format!("{verb} {path}, which holds secrets"), part),
        Class::Startup => signal("startup_write", High, format!("{verb} {path}, which runs by itself later"), part),
        Class::AgentConfig => {
            signal("agent_config_write", High, format!("{verb} {path}, which says what agents may do"), part)
        }
        Class::Device => signal("device_write", Critical, format!("Writes to the device {path}"), part),
        Class::System | Class::Root => {
            signal("system_write", High, format!("{verb} {path}, which belongs to the system"), part)
        }
        Class::Outside => signal("outside_write", Medium, format!("{verb} {path}, outside the project"), part),
        Class::Project | Class::Scratch => return Vec::new(),
    };
    vec![one]
}

/// Whether a path is a file of settings (`.env`) inside the project.
fn dotenv_of(path: &str, project: &str, home: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let registries = [".npmrc", ".yarnrc.yml", ".pypirc", ".netrc", ".git-credentials"];
    !registries.contains(&name)
        && paths::below_home(path, home)
            .is_none_or(|rest| !rest.starts_with(".ssh/") && !rest.starts_with(".aws/") && !rest.starts_with(".gnupg/"))
        && (paths::inside(path, project) || paths::inside(path, "/tmp"))
}

/// Signals of reading a path.
pub(crate) fn read_signals(path: &str, project: &str, around: &Surroundings) -> Vec<Signal> {
    match paths::class(path, project, around) {
        Class::Secret => {
            vec![signal("secret_read", RiskLevel::High, format!("Reads {path}, which holds secrets"), Some(path))]
        }
        Class::Own if paths::inside(path, &around.data_dir) => {
            vec![signal("own_read", RiskLevel::High, "Reads ClawButler's own data", Some(path))]
        }
        Class::Own
        | Class::Startup
        | Class::AgentConfig
        | Class::Device
        | Class::System
        | Class::Root
        | Class::Project
        | Class::Scratch
        | Class::Outside => Vec::new(),
    }
}

/// Signals of talking to a URL.
pub(crate) fn network_signals(url: &str) -> Vec<Signal> {
    let host = host_of(url).unwrap_or_default();
    if host == "169.254.169.254"
        || host == "metadata.google.internal"
        || host.starts_with("169.254.")
        || host == "fd00:ec2::254"
    {
        return vec![signal(
            "metadata",
            RiskLevel::High,
            format!("Asks {host}, which hands out cloud credentials"),
            Some(url),
        )];
    }
    let query = url.split_once('?').map_or("", |(_, query)| query);
    if query.contains("AKIA") || query.len() > 20 && redact::mask_text(query, &MaskKey::new([0; 32])) != query {
        return vec![signal(
            "spills",
            RiskLevel::High,
            format!("Sends something that looks like a secret to {host} in the address"),
            Some(url),
        )];
    }
    vec![signal(
        "network",
        RiskLevel::Medium,
        if host.is_empty() { "Uses the network".to_owned() } else { format!("Talks to {host}") },
        Some(url),
    )]
}
