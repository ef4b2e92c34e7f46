//! `clawbutler audit retention`: what a retention run would remove. The run itself is the engine's.

use std::io::Write;
use std::process::ExitCode;

use clawbutler_butler::Butler;
use clawbutler_core::clock::Clock as _;
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::paths::DataDir;
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
            class.class, class.entries, class.bytes, class.oldest.0, class.newest.0
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
