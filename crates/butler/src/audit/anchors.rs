//! Copies of checkpoints in places the user chose: a file, a git repository.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clawbutler_core::limits::ANCHOR_MS;
use clawbutler_platform::files;
use clawbutler_platform::paths::DataDir;
use clawbutler_platform::run::{Run, run};
use clawbutler_wire::settings::Settings;

use crate::Error;

/// File in a repository that holds the checkpoints.
const NAME: &str = "clawbutler-checkpoints.txt";

/// The files of the anchors that are chosen.
pub(super) fn files(settings: &Settings) -> Vec<PathBuf> {
    let repository = settings.anchor_repository.as_ref().map(|folder| Path::new(folder).join(NAME));
    settings.anchor_file.as_ref().map(PathBuf::from).into_iter().chain(repository).collect()
}

/// Whether chosen anchors can be used: outside the data folder, and a repository where one is said to be.
pub(crate) fn check(settings: &Settings, data: &DataDir) -> Result<(), Error> {
    for (path, what) in [(&settings.anchor_file, "file"), (&settings.anchor_repository, "repository")] {
        let Some(path) = path.as_deref().map(Path::new) else { continue };
        if !path.is_absolute() || path.components().any(|part| part == std::path::Component::ParentDir) {
            return Err(Error::bad(format!("The {what} for checkpoints needs an absolute path.")));
        }
        if path.starts_with(data.path()) || path.starts_with(data.state()) {
            return Err(Error::bad(format!("The {what} for checkpoints must lie outside ClawButler's own folders.")));
        }
        if what == "repository" && !path.join(".git").exists() {
            return Err(Error::bad("The folder for checkpoints is no git repository."));
        }
        if what == "file" && !path.parent().is_some_and(Path::is_dir) {
            return Err(Error::bad("The folder of the file for checkpoints does not exist."));
        }
    }
    Ok(())
}

/// Adds a checkpoint to every anchor; what could not be done, in words.
pub(super) fn add(settings: &Settings, note: &str) -> Vec<String> {
    let mut failed = Vec::new();
    if let Some(path) = &settings.anchor_file
        && let Err(error) = append(Path::new(path), note)
    {
        failed.push(format!("A checkpoint of the audit log could not be written to {path}: {error}."));
    }
    if let Some(folder) = &settings.anchor_repository
        && let Err(error) = commit(Path::new(folder), note)
    {
        failed.push(format!("A checkpoint of the audit log could not be committed in {folder}: {error}."));
    }
    failed
}

fn append(path: &Path, note: &str) -> io::Result<()> {
    let mut file = files::append_private(path)?;
    file.write_all(format!("{note}\n").as_bytes())?;
    file.sync_all()
}

fn commit(folder: &Path, note: &str) -> io::Result<()> {
    append(&folder.join(NAME), note)?;
    git(folder, &["add", "--", NAME])?;
    // Neither hooks nor signing: both may wait for a person.
    let message = format!("checkpoint of {} entries", note.lines().nth(1).unwrap_or_default());
    git(folder, &["commit", "--quiet", "--no-verify", "--message", &message, "--", NAME])
}

fn git(folder: &Path, arguments: &[&str]) -> io::Result<()> {
    let settings = ["core.hooksPath=/dev/null", "commit.gpgsign=false", "gc.auto=0", "user.name=ClawButler"];
    let settings = settings.into_iter().chain(["user.email=clawbutler@localhost"]).flat_map(|one| ["-c", one]);
    let said = run(&Run {
        program: "git".into(),
        args: settings.chain(arguments.iter().copied()).map(Into::into).collect(),
        vars: vec![("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned())],
        inherits: true,
        folder: folder.to_owned(),
        most_ms: ANCHOR_MS,
    })?;
    let why = said.err.lines().next().unwrap_or("it says nothing").to_owned();
    if said.well { Ok(()) } else { Err(io::Error::other(format!("git {} failed: {why}", arguments[0]))) }
}
