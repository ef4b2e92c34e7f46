//! `clawbutler audit retention`, `backup` and `restore`: what a retention run would remove (the run itself is the
//! engine's), a copy of the database, and putting one back while no engine runs.

use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clawbutler_butler::{Butler, Lock, Opener};
use clawbutler_core::clock::Clock as _;
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::paths::DataDir;
use clawbutler_platform::{files, keychain};
use clawbutler_wire::retention::{Keep, RetentionSettings};
use serde_json::json;

use crate::Told;

#[derive(Debug, clap::Args)]
pub(crate) struct Retention {
    /// Shows what would go; the only thing that can be done from here.
    #[arg(long, required = true)]
    dry_run: bool,
    /// Machine-readable result.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// A file that does not exist yet.
    file: PathBuf,
    /// Encrypts it for this age recipient (`age1…`).
    #[arg(long, conflicts_with = "passphrase_file")]
    age_recipient: Option<String>,
    /// Encrypts it by the passphrase in the first line of this file; at least 12 characters.
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
    /// Machine-readable result.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// A backup.
    file: PathBuf,
    /// A file with the age key (`AGE-SECRET-KEY-1…`) of the recipient it was encrypted for.
    #[arg(long, conflicts_with = "passphrase_file")]
    age_identity: Option<PathBuf>,
    /// A file whose first line is the passphrase.
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
    /// The public key that signed the log's checkpoints, where this machine does not know it.
    #[arg(long)]
    key: Option<String>,
    /// Machine-readable result.
    #[arg(long)]
    json: bool,
}

/// Largest file of keys or of a passphrase (bytes).
const SECRET_BYTES: u64 = 64 * 1024;

fn text_of(path: &Path) -> anyhow::Result<String> {
    Ok(String::from_utf8(files::read_bounded(path, SECRET_BYTES)?)?)
}

fn passphrase_of(path: Option<&Path>) -> anyhow::Result<Option<String>> {
    let first = |text: String| text.lines().next().unwrap_or_default().to_owned();
    path.map(|path| Ok(first(text_of(path)?))).transpose()
}

pub(crate) fn backup(verb: &Backup, data: &DataDir, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let passphrase = passphrase_of(verb.passphrase_file.as_deref())?;
    let lock = Lock::of(verb.age_recipient.as_deref(), passphrase.as_deref()).map_err(Told::from)?;
    let file = std::path::absolute(&verb.file)?;
    let shown = !verb.json && std::io::stderr().is_terminal();
    let now = SystemClock::default().wall();
    let made = Butler::backup_file(data, &file, &lock, now, |done, total| {
        if shown {
            let _ = write!(std::io::stderr(), "\r{done} of {total} bytes");
        }
    });
    if shown {
        let _ = writeln!(std::io::stderr());
    }
    let made = made.map_err(Told::from)?;
    if verb.json {
        writeln!(out, "{}", serde_json::to_string(&made)?)?;
    } else {
        writeln!(
            out,
            "{}: {} entries, {} bytes, encryption: {}",
            made.file, made.entries, made.bytes, made.encryption
        )?;
        writeln!(out, "SHA-256 {}", made.digest)?;
        if made.encryption == "none" {
            writeln!(out, "It is not encrypted: whoever can read the file can read what your agents did.")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn restore(verb: &Restore, data: &DataDir, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let passphrase = passphrase_of(verb.passphrase_file.as_deref())?;
    let keys = verb.age_identity.as_deref().map(text_of).transpose()?;
    let opener = Opener::of(keys.as_deref(), passphrase.as_deref()).map_err(Told::from)?;
    let file = std::path::absolute(&verb.file)?;
    let (keychain, now) = (keychain::of(data), SystemClock::default().wall());
    let restored = Butler::restore_file(data, &file, &opener, verb.key.as_deref(), keychain.as_deref(), now);
    let restored = restored.map_err(Told::from)?;
    if verb.json {
        writeln!(out, "{}", serde_json::to_string(&restored)?)?;
    } else {
        let signed = restored.checkpoint_entries.unwrap_or(0);
        writeln!(
            out,
            "{} entries were put back; their chain holds, and checkpoints up to entry {signed}.",
            restored.entries
        )?;
        if let Some(aside) = &restored.set_aside {
            writeln!(out, "The database before is kept as {}.", data.path().join(aside).display())?;
        }
        writeln!(out, "ClawButler records it at its next start.")?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn retention(verb: &Retention, data: &DataDir, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let now = SystemClock::default().wall();
    let (settings, report) = Butler::retention_file(data, now).map_err(Told::from)?;
    if verb.json {
        writeln!(out, "{}", json!({ "settings": settings, "report": report }))?;
        return Ok(ExitCode::SUCCESS);
    }
    write_settings(&settings, out)?;
    for class in &report.classes {
        writeln!(
            out,
            "{:<13} {} entries lose {} bytes: entry {} to {}",
            class.class, class.entries, class.bytes, class.oldest.seq, class.newest.seq
        )?;
    }
    writeln!(out, "{:<13} {} steps of sessions", "steps", report.steps)?;
    if report.classes.is_empty() {
        writeln!(out, "No payload would be pruned.")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_settings(settings: &RetentionSettings, out: &mut impl Write) -> std::io::Result<()> {
    let says = |keep: Keep| match (keep.days, keep.megabytes) {
        (None, None) => "kept for good".to_owned(),
        (Some(days), None) => format!("{days} days"),
        (None, Some(size)) => format!("{size} MB"),
        (Some(days), Some(size)) => format!("{days} days, {size} MB at most"),
    };
    writeln!(out, "Retention runs {}.", if settings.on { "once a day" } else { "only when it is begun by hand" })?;
    let classes = [
        ("actions", settings.actions),
        ("decisions", settings.decisions),
        ("sessions", settings.sessions),
        ("housekeeping", settings.housekeeping),
        ("steps", Keep { days: settings.steps_days, megabytes: None }),
    ];
    for (class, keep) in classes {
        writeln!(out, "{class:<13} {}", says(keep))?;
    }
    writeln!(out)
}
