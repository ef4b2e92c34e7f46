//! `clawbutler audit`: verifies the log, proves one entry, shows the newest checkpoint, exports. It signs nothing: an
//! agent can start it.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use clawbutler_butler::Butler;
use clawbutler_platform::files::read_bounded;
use clawbutler_platform::keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::audit::VerifyReport;
use clawbutler_wire::settings::KeyPlace;

use crate::{Told, audit_keep, audit_pack, audit_search};

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Recomputes the whole log and holds it against the checkpoints. Exit status 0 only when everything holds, 3 when
    /// everything holds since a backup was put back or a damaged database set aside, 1 otherwise. What a person
    /// acknowledged on the Audit page is told and counts as holding.
    Verify {
        /// An export (`.jsonl`), a proof (`.json`) or an evidence pack (`.zip`) instead of this machine's log.
        file: Option<PathBuf>,
        /// A database at another place: a backup, or one that was set aside.
        #[arg(long, conflicts_with_all = ["file", "checkpoints"])]
        db: Option<PathBuf>,
        /// A file with checkpoints that an export has to agree with.
        #[arg(long, requires = "key")]
        checkpoints: Option<PathBuf>,
        /// The public key that signed them, as `audit checkpoint` shows it. Without it, the keys of this machine's log.
        #[arg(long)]
        key: Option<String>,
        /// A file with checkpoints kept elsewhere that this machine's log has to agree with; may be given several times.
        #[arg(long, conflicts_with_all = ["file", "db"])]
        anchor: Vec<PathBuf>,
        /// Exit status 0 although the log names stretches that nothing covered.
        #[arg(long)]
        accept_unproven: bool,
        /// Exit status 0 although a pack is signed by a key that is not known here.
        #[arg(long)]
        accept_key_in_pack: bool,
        /// Machine-readable result.
        #[arg(long)]
        json: bool,
    },
    /// Proves that one entry is in the log: its line, a checkpoint and the hashes between them, as one JSON object.
    Prove {
        /// Sequence number of the entry.
        seq: u64,
    },
    /// Shows the newest checkpoint, and on standard error the public key that signed it.
    Checkpoint,
    /// Entries that match, newest first.
    Search(audit_search::Search),
    /// Writes the entries that match, oldest first: to standard output, or to a file that can be continued.
    Export(audit_search::Export),
    /// Writes an evidence pack: the entries that match with their proofs, for somebody who does not trust us. Works
    /// while ClawButler runs, which signs and records it.
    Pack(audit_pack::Pack),
    /// What retention keeps, and what a run would remove now.
    Retention(audit_keep::Retention),
    /// Copies the database into a file, encrypted by choice; works while ClawButler runs.
    Backup(audit_keep::Backup),
    /// Verifies a backup and puts it in the place of the database, which is set aside. Refuses while ClawButler runs.
    Restore(audit_keep::Restore),
}

pub(crate) fn run(
    verb: Audit,
    vars: &BTreeMap<String, String>,
    data: &DataDir,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    match verb {
        Audit::Verify { file: None, db: Some(path), key, json, accept_unproven, .. } => {
            let chain = keychain::of(data);
            let report = Butler::verify_database(data, &path, key.as_deref(), chain.as_deref(), |_, _| ());
            // A copy ends where it was made: its end is not to be proven.
            told(&report.map_err(Told::from)?, json, true, accept_unproven, out)
        }
        Audit::Verify { file, checkpoints, key, anchor, accept_unproven, accept_key_in_pack, json, .. } => {
            let report = match &file {
                Some(proof) if proof.extension().is_some_and(|end| end == "json") => {
                    let key = key.ok_or_else(|| anyhow::anyhow!("a proof needs --key"))?;
                    anyhow::ensure!(Butler::is_public_key(&key), "that is no public key");
                    // What cannot be read as JSON is no proof, which is told like any other that does not hold.
                    let proof = serde_json::from_slice(&read_bounded(proof, PROOF_BYTES)?).unwrap_or_default();
                    return checked(Butler::check_proof(&proof, &key), json, out);
                }
                Some(pack) if pack.extension().is_some_and(|end| end == "zip") => {
                    let accepts = audit_pack::Accepts { key: accept_key_in_pack, unproven: accept_unproven };
                    return audit_pack::verify(data, pack, key.as_deref(), accepts, json, out);
                }
                Some(export) => {
                    let notes = match checkpoints {
                        Some(path) => String::from_utf8(read_bounded(&path, NOTES_BYTES)?)
                            .map_err(|_| anyhow::anyhow!("the file of checkpoints is not UTF-8"))?,
                        None => String::new(),
                    };
                    Butler::verify_export(export, &notes, key.as_deref())
                }
                None => {
                    let shown = !json && std::io::stderr().is_terminal();
                    Butler::verify_file(data, keychain::of(data).as_deref(), &anchor, |done, all| {
                        if shown {
                            let _ = write!(std::io::stderr(), "\r{done} of {all} entries");
                            if done == all {
                                let _ = writeln!(std::io::stderr());
                            }
                        }
                    })
                }
            };
            // While an engine appends, the newest entries are about to be covered.
            told(&report.map_err(Told::from)?, json, file.is_none(), accept_unproven, out)
        }
        Audit::Prove { seq } => {
            writeln!(out, "{}", Butler::prove_file(data, seq).map_err(Told::from)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Audit::Checkpoint => {
            let (note, key) = Butler::checkpoint_file(data).map_err(Told::from)?;
            write!(out, "{note}")?;
            let _ = writeln!(std::io::stderr(), "key {}", key.as_deref().unwrap_or("is not known"));
            Ok(ExitCode::SUCCESS)
        }
        Audit::Search(verb) => audit_search::search(verb, data, out),
        Audit::Export(verb) => audit_search::export(verb, data, out),
        Audit::Pack(verb) => audit_pack::pack(verb, vars, data, out),
        Audit::Backup(verb) => audit_keep::backup(&verb, data, out),
        Audit::Restore(verb) => audit_keep::restore(&verb, data, out),
        Audit::Retention(verb) => audit_keep::retention(&verb, data, out),
    }
}

/// Largest file of a proof (bytes): an entry is at most a few hundred kilobytes.
const PROOF_BYTES: u64 = 32 * 1024 * 1024;
/// Largest file of checkpoints (bytes): a hundred and fifty thousand of them.
const NOTES_BYTES: u64 = 64 * 1024 * 1024;

fn checked(
    result: Result<u64, clawbutler_butler::Error>,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let (seq, reason) = match result {
        Ok(seq) => (Some(seq), None),
        Err(error) => (None, Some(Told::from(error).to_string())),
    };
    if json {
        writeln!(out, "{}", serde_json::json!({ "intact": seq.is_some(), "entry": seq, "reason": reason }))?;
    } else if let Some(seq) = seq {
        writeln!(out, "Proven: entry {seq} is in the log of that checkpoint.")?;
    } else {
        writeln!(out, "NOT PROVEN: {}", reason.as_deref().unwrap_or_default())?;
    }
    Ok(if seq.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Exit status of what holds by itself, while something of it is not proven, or took the place of another.
pub(crate) const NOT_PROVEN: u8 = 3;

fn told(
    report: &VerifyReport,
    json: bool,
    open_end: bool,
    accept_unproven: bool,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let cut = !open_end && report.checkpoint_entries.is_none();
    if json {
        writeln!(out, "{}", serde_json::to_string(report)?)?;
    } else {
        match (&report.reason, report.first_bad) {
            (Some(reason), None) if report.replaced.is_some() => writeln!(out, "REPLACED: {reason}")?,
            (None, _) => writeln!(out, "Intact: {} entries, head {}", report.entries, report.head)?,
            (Some(reason), Some(seq)) => writeln!(out, "NOT INTACT: entry {seq}: {reason}")?,
            (Some(reason), None) => writeln!(out, "NOT INTACT: {reason}")?,
        }
        if report.replaced.is_some() && !report.intact {
            writeln!(out, "{} entries hold, head {}", report.entries, report.head)?;
        } else if report.reason.is_some() {
            writeln!(out, "{} entries hold by themselves.", report.entries)?;
        }
        if report.pruned.0 > 0 {
            writeln!(out, "{} payloads were pruned by retention; their digests hold.", report.pruned)?;
        }
        match report.checkpoint_entries {
            Some(entries) => writeln!(out, "Checkpoints: {}, up to entry {entries}.", report.checkpoint)?,
            None => writeln!(out, "Checkpoints: {}.", report.checkpoint)?,
        }
        doubts(report, cut, out)?;
        match report.key {
            KeyPlace::File => writeln!(out, "The signing key is in a file: weaker than a keychain.")?,
            KeyPlace::Unreachable => writeln!(out, "The keychain with the signing key does not answer.")?,
            KeyPlace::Keychain | KeyPlace::None => {}
        }
    }
    let doubted = cut || !report.unproven.is_empty() && !accept_unproven;
    Ok(match (report.intact, doubted) {
        (true, false) => ExitCode::SUCCESS,
        (true, true) => ExitCode::from(NOT_PROVEN),
        (false, _) if report.replaced.is_some() => ExitCode::from(NOT_PROVEN),
        (false, _) => ExitCode::FAILURE,
    })
}

/// What holds and is not proven.
fn doubts(report: &VerifyReport, cut: bool, out: &mut impl Write) -> anyhow::Result<()> {
    if cut {
        writeln!(out, "END NOT PROVEN: without checkpoints, entries cut off at the end do not show.")?;
    }
    if let Some(replaced) = report.replaced.as_ref().filter(|replaced| replaced.acknowledged) {
        writeln!(
            out,
            "KNOWN: this log took the place of another on {}, as entry {} says; a person acknowledged that.",
            Butler::day_of(replaced.at),
            replaced.seq
        )?;
    }
    for stretch in &report.acknowledged {
        writeln!(
            out,
            "KNOWN: nothing covered the entries {} to {}; a person acknowledged that.",
            stretch.from, stretch.to
        )?;
    }
    for stretch in &report.unproven {
        writeln!(
            out,
            "UNPROVEN: nothing covered the entries {} to {} when a start found them; compare them with what you remember.",
            stretch.from, stretch.to
        )?;
    }
    if !report.unproven.is_empty() || report.replaced.as_ref().is_some_and(|replaced| !replaced.acknowledged) {
        writeln!(out, "If you know how that came, say so on the Audit page of the app; no command does it for you.")?;
    }
    if report.outside.iter().all(|place| place == "state_folder")
        && let Some(began) = report.began
    {
        let day = Butler::day_of(began);
        writeln!(out, "This log began on {day}; nothing outside this machine's files vouches for that.")?;
    }
    Ok(())
}
