//! `clawbutler audit pack`, and the check of what it writes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;

use clap::Args;
use clawbutler_butler::Butler;
use clawbutler_platform::paths::DataDir;
use serde_json::json;

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

/// Checks one. Exit status 0 only when everything holds.
pub(crate) fn verify(path: &Path, key: Option<&str>, json: bool, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let check = Butler::check_pack(path, key).map_err(Told::from)?;
    let given = key.is_some();
    if json {
        let report = check.report.as_ref();
        let told = json!({
            "intact": report.is_some(), "entries": report.map(|report| report.entries),
            "pruned": report.map(|report| report.pruned), "first_bad": null, "reason": check.reason,
            "checkpoint": if report.is_some() { "good" } else { "not_reached" },
            "checkpoint_entries": report.map(|report| report.checkpoint), "log": report.map(|report| &report.log),
            "made_at": report.map(|report| report.made_at), "seal": report.map(|report| report.seal),
            "key": if given { "given" } else { "in_the_pack" },
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
        if !given {
            writeln!(
                out,
                "Checked with the key in the pack itself. Give the log's key with --key to know whose it is."
            )?;
        }
    } else {
        writeln!(out, "NOT INTACT: {}", check.reason.unwrap_or_default())?;
    }
    Ok(if check.report.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
