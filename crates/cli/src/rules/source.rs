//! Which rules are asked: a pack by name, files, or what is in force on this machine. Reads only.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use clawbutler_core::digest::sha256;
use clawbutler_core::limits::{RULE_FILE_BYTES, RULE_FILES};
use clawbutler_platform::files;
use clawbutler_platform::paths::DataDir;
use clawbutler_policy::{LoadError, PackKind, RuleSet, Source, Surroundings, packs};

use super::judge::Judge;

/// Largest snapshot that is read (bytes), as the hook reads it.
const SNAPSHOT_BYTES: u64 = 8 * 1024 * 1024;

/// The rule set to ask.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Choice {
    /// A pack that comes with the program, for example `strict`; the flag can be repeated. A pack for one
    /// field goes on top of `balanced` unless another base is named. Without this and `--rules`: what is in
    /// force on this machine, or `balanced` where ClawButler has never run.
    #[arg(long, value_name = "PACK", num_args = 1)]
    pub(super) pack: Vec<String>,
    /// A file of rules, alone or on top of the packs named; the flag can be repeated.
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
    /// The set as files have it, examples and all, and where it is from: what is in force on this machine
    /// comes without examples, so the files of the data folder stand for it.
    pub(super) fn written(&self, place: &Place) -> anyhow::Result<(RuleSet, String)> {
        if !(self.pack.is_empty() && self.rules.is_empty()) {
            return self.load();
        }
        let own = FileText::of_folder(&place.data)?;
        Ok((with(&[DEFAULT], &own)?, words(&[DEFAULT], &own)))
    }

    /// The judge of this choice, and in a few words where its rules are from.
    pub(super) fn judge(&self, place: &Place) -> anyhow::Result<(Judge, String)> {
        let in_force = snapshot(&place.data);
        let around = in_force.as_ref().map_or_else(|| place.around(), |(_, around)| around.clone());
        let (set, from) = match in_force {
            Some((set, _)) if self.pack.is_empty() && self.rules.is_empty() => {
                (set, "the rules in force on this machine".to_owned())
            }
            Some(_) | None => self.written(place)?,
        };
        Ok((Judge { set, around }, from))
    }

    /// The packs and files named.
    fn load(&self) -> anyhow::Result<(RuleSet, String)> {
        let files = self.rules.iter().map(|path| FileText::read(path)).collect::<anyhow::Result<Vec<_>>>()?;
        let known = packs::all();
        let is_base = |id: &&str| known.iter().any(|pack| pack.head.id == *id && pack.head.kind == PackKind::Base);
        let mut ids: Vec<&str> = self.pack.iter().map(String::as_str).collect();
        ids.dedup();
        match ids.iter().filter(|id| is_base(id)).count() {
            0 if !ids.is_empty() => ids.insert(0, DEFAULT),
            0 | 1 => {}
            _ => bail!("{} cannot be asked together: name one base pack", ids.join(" and ")),
        }
        Ok((with(&ids, &files)?, words(&ids, &files)))
    }
}

/// The pack where none is named.
const DEFAULT: &str = "balanced";

fn with(ids: &[&str], files: &[FileText]) -> anyhow::Result<RuleSet> {
    let sources: Vec<Source<'_>> = files.iter().map(FileText::source).collect();
    packs::with(ids, &sources).map_err(Unloadable::told)
}

fn words(ids: &[&str], files: &[FileText]) -> String {
    let packs = ids.iter().map(|id| format!("the pack {id}"));
    packs.chain(files.iter().map(|file| file.name.clone())).collect::<Vec<_>>().join(", ")
}

/// Why rules do not load, with what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unloadable(LoadError);

impl Unloadable {
    fn told(error: LoadError) -> anyhow::Error {
        anyhow::Error::new(Self(error))
    }

    /// What to do next, a sentence.
    pub(crate) fn hint(&self) -> &str {
        &self.0.hint
    }
}

/// A file of rules, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileText {
    /// As it was named.
    pub(super) name: String,
    text: String,
}

impl FileText {
    /// Reads one file.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let limit = u64::try_from(RULE_FILE_BYTES).unwrap_or(u64::MAX);
        let bytes = files::read_bounded(path, limit).with_context(|| format!("{} cannot be read", path.display()))?;
        let text = String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))?;
        Ok(Self { name: path.display().to_string(), text })
    }

    /// Reads the user's files of rules in the data folder, by name.
    pub(super) fn of_folder(data: &DataDir) -> anyhow::Result<Vec<Self>> {
        let folder = data.path().join("rules");
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.with_context(|| format!("{} cannot be read", folder.display()))?,
        };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "toml"))
            .take(RULE_FILES + 1)
            .collect();
        if paths.len() > RULE_FILES {
            bail!("{} has more than {RULE_FILES} files of rules", folder.display());
        }
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// As the loader takes it.
    pub(super) fn source(&self) -> Source<'_> {
        Source { name: &self.name, text: &self.text }
    }
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
        let tree: serde_json::Value =
            (sha256(body.as_bytes()) == digest).then(|| serde_json::from_str(body).ok())??;
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
