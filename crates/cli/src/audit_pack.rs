//! `clawbutler audit pack`, and the check of what it writes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;

use clap::Args;
use clawbutler_butler::Butler;
use clawbutler_platform::keychain;
use clawbutler_platform::paths::DataDir;
use serde_json::{Value, json};

use crate::audit::NOT_PROVEN;
use crate::{Told, audit_search, engine};

/// Writes an evidence pack.
#[derive(Debug, Args)]
pub(crate) struct Pack {
    /// The file; there must be none of its name.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    filter: audit_search::Filter,
}

/// Makes one. The log has one writer and the key one holder, the engine: where it runs it is asked to sign and to
/// record, and this reads and writes; where it does not, this becomes it for that time.
pub(crate) fn pack(
    verb: Pack,
    vars: &BTreeMap<String, String>,
    data: &DataDir,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let path = absolute(&verb.out)?;
    let filter = verb.filter.read();
    let beside = Butler::pack_file(data, &filter, &path, audit_search::shown()).map_err(Told::from)?;
    let digest = if let Some(digest) = beside {
        digest
    } else {
        let butler = engine(vars.clone(), data.clone())?;
        let made = butler.pack_audit(&filter, &path, audit_search::shown());
        butler.shutdown();
        made.map_err(Told::from)?
    };
    writeln!(out, "{}\nSHA-256 {digest}", path.display())?;
    Ok(ExitCode::SUCCESS)
}

/// What a caller accepts that is not proven.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepts {
    /// The key in the pack itself.
    pub(crate) key: bool,
    /// Entries that nothing covered when they were found.
    pub(crate) unproven: bool,
}

fn ends(stretches: &[(u64, u64)]) -> Vec<Value> {
    stretches.iter().map(|(from, to)| json!({ "from": from.to_string(), "to": to.to_string() })).collect()
}

/// Checks one. Exit status 0 only when everything holds.
pub(crate) fn verify(
    data: &DataDir,
    path: &Path,
    key: Option<&str>,
    accepts: Accepts,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let check = Butler::check_pack(path, key).map_err(Told::from)?;
    let whose = match key {
        Some(_) => "given",
        None if Butler::knows_key_of(data, keychain::of(data).as_deref(), path).map_err(Told::from)? => "ours",
        None => "unknown",
    };
    if json {
        let report = check.report.as_ref();
        let told = json!({
            "intact": report.is_some(), "entries": report.map(|report| report.entries),
            "pruned": report.map(|report| report.pruned), "first_bad": null, "reason": check.reason,
            "checkpoint": if report.is_some() { "good" } else { "not_reached" },
            "checkpoint_entries": report.map(|report| report.checkpoint), "log": report.map(|report| &report.log),
            "made_at": report.map(|report| report.made_at), "seal": report.map(|report| report.seal),
            "unproven": report.map(|report| ends(&report.unproven)),
            "acknowledged": report.map(|report| ends(&report.acknowledged)),
            "key": whose,
        });
        writeln!(out, "{told}")?;
    } else if let Some(report) = &check.report {
        writeln!(
            out,
            "Intact: {} entries of {}, proven up to entry {}.",
            report.entries, report.log, report.checkpoint
        )?;
        writeln!(out, "The log itself names this pack in entry {}.", report.seal)?;
        if report.pruned > 0 {
            writeln!(out, "{} payloads had been pruned by retention; their digests hold.", report.pruned)?;
        }
        for (from, to) in &report.unproven {
            writeln!(
                out,
                "UNPROVEN: nothing covered the entries {from} to {to} when ClawButler found them at a start."
            )?;
        }
        for (from, to) in &report.acknowledged {
            writeln!(out, "KNOWN: nothing covered the entries {from} to {to}; a person acknowledged that.")?;
        }
        match whose {
            "ours" => writeln!(out, "Signed by a key of this machine's own log.")?,
            "unknown" => writeln!(
                out,
                "KEY NOT KNOWN: checked with the key in the pack itself. Give the log's key with --key to know whose it is."
            )?,
            _ => {}
        }
    } else {
        writeln!(out, "NOT INTACT: {}", check.reason.unwrap_or_default())?;
    }
    Ok(match check.report {
        Some(_) if whose == "unknown" && !accepts.key => ExitCode::from(NOT_PROVEN),
        Some(report) if !report.unproven.is_empty() && !accepts.unproven => ExitCode::from(NOT_PROVEN),
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}
