//! `clawbutler audit`: verifies the log, proves one entry, shows the newest checkpoint, exports. It signs nothing: an
//! agent can start it.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use clawbutler_butler::Butler;
use clawbutler_platform::keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::audit::VerifyReport;
use clawbutler_wire::settings::KeyPlace;

use crate::{Told, audit_keep, audit_pack, audit_search};

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Recomputes the whole log and holds it against the checkpoints. Exit status 0 only when everything holds, 3 when
    /// everything holds since a backup was put back or a damaged database set aside, 1 otherwise.
    Verify {
        /// An export (`.jsonl`), a proof (`.json`) or an evidence pack (`.zip`) instead of this machine's log.
        file: Option<PathBuf>,
        /// A database at another place: a backup, or one that was set aside.
        #[arg(long, conflicts_with_all = ["file", "checkpoints"])]
        db: Option<PathBuf>,
        /// A file with checkpoints that an export has to agree with.
        #[arg(long, requires = "key")]
        checkpoints: Option<PathBuf>,
        /// The public key that signed them, as `audit checkpoint` shows it.
        #[arg(long)]
        key: Option<String>,
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
        Audit::Verify { file: None, db: Some(path), key, json, .. } => {
            let chain = keychain::of(data);
            let report = Butler::verify_database(data, &path, key.as_deref(), chain.as_deref(), |_, _| ());
            told(&report.map_err(Told::from)?, json, out)
        }
        Audit::Verify { file, checkpoints, key, json, .. } => {
            let report = match &file {
                Some(proof) if proof.extension().is_some_and(|end| end == "json") => {
                    let key = key.ok_or_else(|| anyhow::anyhow!("a proof needs --key"))?;
                    let proof = serde_json::from_slice(&clawbutler_platform::files::read_bounded(proof, PROOF_BYTES)?)?;
                    return checked(Butler::check_proof(&proof, &key), json, out);
                }
                Some(pack) if pack.extension().is_some_and(|end| end == "zip") => {
                    return audit_pack::verify(pack, key.as_deref(), json, out);
                }
                Some(export) => {
                    let notes = match checkpoints {
                        Some(path) => std::fs::read_to_string(path)?,
                        None => String::new(),
                    };
                    Butler::verify_export(export, &notes, key.as_deref())
                }
                None => {
                    let shown = !json && std::io::stderr().is_terminal();
                    Butler::verify_file(data, keychain::of(data).as_deref(), |done, all| {
                        if shown {
                            let _ = write!(std::io::stderr(), "\r{done} of {all} entries");
                            if done == all {
                                let _ = writeln!(std::io::stderr());
                            }
                        }
                    })
                }
            };
            told(&report.map_err(Told::from)?, json, out)
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

fn told(report: &VerifyReport, json: bool, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    if json {
        writeln!(out, "{}", serde_json::to_string(report)?)?;
    } else {
        match (&report.reason, report.first_bad) {
            (Some(reason), None) if report.replaced.is_some() => writeln!(out, "REPLACED: {reason}")?,
            (None, _) => writeln!(out, "Intact: {} entries, head {}", report.entries, report.head)?,
            (Some(reason), Some(seq)) => writeln!(out, "NOT INTACT: entry {seq}: {reason}")?,
            (Some(reason), None) => writeln!(out, "NOT INTACT: {reason}")?,
        }
        if report.replaced.is_some() {
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
        match report.key {
            KeyPlace::File => writeln!(out, "The signing key is in a file: weaker than a keychain.")?,
            KeyPlace::Unreachable => writeln!(out, "The keychain with the signing key does not answer.")?,
            KeyPlace::Keychain | KeyPlace::None => {}
        }
    }
    Ok(match report.intact {
        true => ExitCode::SUCCESS,
        false if report.replaced.is_some() => ExitCode::from(REPLACED),
        false => ExitCode::FAILURE,
    })
}

/// Exit status of a log that holds, but took the place of another.
const REPLACED: u8 = 3;
