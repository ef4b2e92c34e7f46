//! Runs of scheduled jobs, as the runtime itself recorded them.

use std::path::Path;

use clawbutler_connectors::connector::{Connector, ScheduledRuns};
use clawbutler_connectors::facts::{Fact, Tab, Watch};
use clawbutler_core::redact::mask_text;
use clawbutler_store::StoreError;
use clawbutler_store::foreign::{Foreign, ForeignRow};
use serde_json::Value;

use crate::Butler;

/// Runs that are shown.
const RUNS: i64 = 20;
/// Longest text of one column that is shown, and longest reason of a failed run (characters).
const TEXT: usize = 80;
const WHY: usize = 300;

impl Butler {
    /// The newest runs of a home's scheduled jobs, one fact each.
    pub(super) fn run_facts(&self, runtime: &dyn Connector, home: &Path) -> Vec<Fact> {
        let Some(runs) = runtime.scheduled_runs(home) else { return Vec::new() };
        let source = runs.database.display().to_string();
        let fact = |name: String, value: String| Fact {
            tab: Tab::Schedules,
            name,
            value,
            source: source.clone(),
            watch: Watch::No,
        };
        match read(&runs) {
            Ok(rows) => rows
                .iter()
                .enumerate()
                .map(|(place, row)| fact(format!("run {:02}", place + 1), self.run_says(row)))
                .collect(),
            Err(error) => vec![fact("runs".to_owned(), format!("cannot be read: {error}"))],
        }
    }

    fn run_says(&self, row: &ForeignRow) -> String {
        let text = |name: &str| {
            let whole = row.columns.get(name).and_then(Value::as_str).unwrap_or("unknown");
            mask_text(&whole.chars().take(TEXT).collect::<String>(), &self.0.mask)
        };
        let ended = row.columns.get("ended").is_some_and(Value::is_string);
        let until = if ended { format!(" to {}", text("ended")) } else { String::new() };
        let why = row.columns.get("error").and_then(Value::as_str).map(|why| mask_text(why, &self.0.mask));
        let why = why.map(|why| why.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|why| !why.is_empty());
        let why = why.map(|why| format!(": {}", why.chars().take(WHY).collect::<String>())).unwrap_or_default();
        let ran = format!("{}: {}, {}{until}", text("job"), text("status"), text("began"));
        format!("{ran}, started by {}{why}", text("started_by"))
    }
}

/// What changed under the reader is read once more.
fn read(runs: &ScheduledRuns) -> Result<Vec<ForeignRow>, StoreError> {
    let once = || {
        let database = Foreign::open(&runs.database)?;
        let rows = database.rows(runs.queries, &[&RUNS])?;
        Ok::<_, StoreError>(database.sound().then_some(rows))
    };
    Ok(match once()? {
        Some(rows) => rows,
        None => once()?.unwrap_or_default(),
    })
}
