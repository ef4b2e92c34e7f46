//! Which rules are asked: a pack by name, files, or what is in force on this machine. Reads only.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use clawbutler_core::digest::sha256;
use clawbutler_platform::{files, paths::DataDir};
use clawbutler_policy::{RuleSet, Surroundings};

use super::judge::Judge;

/// Largest snapshot that is read (bytes), as the hook reads it.
const SNAPSHOT_BYTES: u64 = 8 * 1024 * 1024;

/// The rule set to ask.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Choice {
    /// A pack that comes with the program, for example `balanced`. Without this and `--rules`: what is in
    /// force on this machine, or `balanced` where ClawButler has never run.
    #[arg(long, value_name = "PACK", conflicts_with = "rules")]
    pub(super) pack: Option<String>,
    /// Files of rules instead; the flag can be repeated.
    #[arg(long, value_name = "FILE", num_args = 1)]
    pub(super) rules: Vec<PathBuf>,
}

/// Where things are: what the host read from its environment.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) data: DataDir,
    pub(crate) home: PathBuf,
    pub(crate) cwd: PathBuf,
}

impl Place {
    /// Reads the environment once.
    pub(crate) fn of(vars: &BTreeMap<String, String>, data: DataDir) -> Self {
        let home = clawbutler_platform::paths::home(vars);
        let cwd = std::env::current_dir().unwrap_or_else(|_| home.clone());
        Self { data, home, cwd }
    }

    /// The surroundings of this user, as far as no engine has written better ones.
    fn around(&self) -> Surroundings {
        Surroundings {
            home: self.home.display().to_string(),
            data_dir: self.data.path().display().to_string(),
            guarded: Vec::new(),
        }
    }
}

impl Choice {
    /// The judge of this choice, and in a few words where its rules are from.
    pub(super) fn judge(&self, place: &Place) -> anyhow::Result<(Judge, String)> {
        let in_force = snapshot(&place.data);
        let around = in_force.as_ref().map_or_else(|| place.around(), |(_, around)| around.clone());
        let (set, from) = if let Some(pack) = &self.pack {
            (load_pack(pack)?, format!("pack {pack}"))
        } else if !self.rules.is_empty() {
            (load_files(&self.rules)?, "the files given".to_owned())
        } else if let Some((set, _)) = in_force {
            (set, "in force on this machine".to_owned())
        } else {
            (load_pack("balanced")?, "pack balanced".to_owned())
        };
        Ok((Judge { set, around }, from))
    }
}

/// A pack by its id.
fn load_pack(id: &str) -> anyhow::Result<RuleSet> {
    if id != "balanced" {
        bail!("there is no pack called {id:?}; there are: balanced");
    }
    Ok(RuleSet::builtin())
}

/// The files as one set.
fn load_files(files: &[PathBuf]) -> anyhow::Result<RuleSet> {
    let text = read_text(&files[0])?;
    RuleSet::from_toml(&text).with_context(|| files[0].display().to_string())
}

/// A file of rules as text.
pub(super) fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = files::read_bounded(path, clawbutler_core::limits::CONFIG_FILE_BYTES)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))
}

/// Rules and surroundings as the engine last wrote them; `None` where it never did. A file that cannot be
/// used is said to be so and counts as none.
fn snapshot(data: &DataDir) -> Option<(RuleSet, Surroundings)> {
    let path = data.snapshot();
    let bytes = match files::read_bounded(&path, SNAPSHOT_BYTES) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        other => other.ok(),
    };
    let found = bytes.and_then(|bytes| {
        let text = String::from_utf8(bytes).ok()?;
        let (digest, body) = text.split_once('\n')?;
        let tree: serde_json::Value = (sha256(body.as_bytes()) == digest).then(|| serde_json::from_str(body).ok())??;
        let rules = RuleSet::from_snapshot(tree["rules"].as_str()?).ok()?;
        Some((rules, serde_json::from_value(tree["around"].clone()).ok()?))
    });
    if found.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "note: {} is damaged or of another version, so the rules in force cannot be told; start ClawButler to \
             have it written again",
            path.display()
        );
    }
    found
}
