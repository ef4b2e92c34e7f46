//! `docs/REAL-CLIENTS.md`: which real client was put through which scenario, and how it went.
//!
//! Tests write a line a scenario into a folder (`crates/testkit/src/results.rs`). `cargo xtask clients` puts the
//! lines of the last run into [`RECORD`], and the page is written from that record alone: whether it is up to
//! date can be told anywhere, also where no client can be installed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::run::say;
use crate::{generate, inputs, not_possible, place};

/// Variable that names the folder of the lines; set for the tests, and read here when it is set.
pub(crate) const FOLDER: &str = "CLAWBUTLER_RESULTS";
/// What the last runs gave, a JSON object a line.
pub(crate) const RECORD: &str = "tests/real_clients/results.jsonl";

/// Client and version, then scenario: whether it went well.
type Results = BTreeMap<(String, String), BTreeMap<String, bool>>;

/// Where the lines of a run are.
pub(crate) fn folder() -> Result<PathBuf> {
    let given = std::env::var_os(FOLDER).filter(|path| !path.is_empty()).map(PathBuf::from);
    given.map_or_else(|| Ok(place::target()?.join("real-clients")), Ok)
}

/// An empty folder for a run.
pub(crate) fn fresh_folder() -> Result<PathBuf> {
    let folder = place::target()?.join("real-clients");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Takes the lines of the last run into the record, and writes the page.
pub(crate) fn take_in() -> Result<()> {
    let folder = folder()?;
    let mut lines = String::new();
    let files = if folder.is_dir() { inputs::files(&folder)? } else { Vec::new() };
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "jsonl")) {
        lines.push_str(&std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    let run = parse(&lines)?;
    if run.is_empty() {
        bail!("no results in {}: run `cargo xtask test --lane nextest` first", folder.display());
    }
    let path = place::root().join(RECORD);
    let merged = merge(parse(&std::fs::read_to_string(&path).unwrap_or_default())?, run);
    std::fs::write(&path, record(&merged)).with_context(|| format!("cannot write {}", path.display()))?;
    say(format!("{RECORD} written"));
    generate::write()
}

/// The page, from the record.
pub(crate) fn page() -> Result<String> {
    let text = std::fs::read_to_string(place::root().join(RECORD)).unwrap_or_default();
    Ok(render(&parse(&text)?))
}

/// Reads lines; a scenario that failed once has failed.
fn parse(lines: &str) -> Result<Results> {
    let mut results = Results::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let value: Value = serde_json::from_str(line).with_context(|| format!("not a result: {line}"))?;
        let text = |name: &str| {
            let found = value[name].as_str().map(str::to_owned);
            found.with_context(|| format!("a result without {name}: {line}"))
        };
        let well = match text("result")?.as_str() {
            "ok" => true,
            "failed" => false,
            other => bail!("a result that is neither ok nor failed: {other}"),
        };
        let scenarios = results.entry((text("client")?, text("version")?)).or_default();
        scenarios.entry(text("scenario")?).and_modify(|known| *known &= well).or_insert(well);
    }
    Ok(results)
}

/// What a run says of a client replaces everything that was known of it; a client it skipped stays.
fn merge(mut known: Results, run: Results) -> Results {
    let clients: BTreeSet<&String> = run.keys().map(|(client, _)| client).collect();
    known.retain(|(client, _), _| !clients.contains(client));
    known.extend(run);
    known
}

fn record(results: &Results) -> String {
    let mut text = String::new();
    for ((client, version), scenarios) in results {
        for (scenario, well) in scenarios {
            let line = json!({
                "client": client, "version": version, "scenario": scenario, "result": if *well { "ok" } else { "failed" },
            });
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn render(results: &Results) -> String {
    let mut page = String::from(
        "# Real clients\n\n\
         <!-- Written by `cargo xtask clients` from a run of tests/real_clients. Do not edit. -->\n\n\
         Each client is the one from its registry, with a model of ours on loopback; its version is what it says \
         of itself. `ok`: the test went through the scenario, with the effect on the disk, in the client's own \
         record and in the audit log as expected. A number: not possible with this client, for the reason below. An \
         empty cell claims nothing: the recorded run did not take this client through it.\n\n| Scenario |",
    );
    for (client, version) in results.keys() {
        let _ = write!(page, " {client} {version} |");
    }
    page.push_str("\n| --- |");
    page.push_str(&" --- |".repeat(results.len()));
    page.push('\n');
    let all: BTreeSet<&String> = results.values().flat_map(BTreeMap::keys).collect();
    let mut reasons = Vec::new();
    for scenario in all {
        let _ = write!(page, "| {scenario} |");
        for ((client, _), scenarios) in results {
            match (scenarios.get(scenario), not_possible::reason(client, scenario)) {
                (Some(true), _) => page.push_str(" ok |"),
                (Some(false), _) => page.push_str(" **failed** |"),
                (None, Some(reason)) => {
                    let _ = write!(page, " [{}] |", number(&mut reasons, reason));
                }
                (None, None) => page.push_str("  |"),
            }
        }
        page.push('\n');
    }
    for (at, reason) in reasons.iter().enumerate() {
        let _ = write!(page, "\n[{}] Not possible: {reason}\n", at + 1);
    }
    page
}

/// The number of a reason, from one in the order of their first use.
fn number(reasons: &mut Vec<&'static str>, reason: &'static str) -> usize {
    let known = reasons.iter().position(|own| *own == reason).unwrap_or_else(|| {
        reasons.push(reason);
        reasons.len() - 1
    });
    known + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = r#"
{"client":"B","version":"2.0","scenario":"ask: deny","result":"ok"}
{"client":"B","version":"2.0","scenario":"ask: deny","result":"failed"}
{"client":"A","version":"1.0","scenario":"ask: allow once","result":"ok"}
"#;

    #[test]
    fn the_table_has_a_column_a_client_and_a_row_a_scenario() {
        let page = render(&parse(LINES).unwrap());
        let table: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(
            table,
            [
                "| Scenario | A 1.0 | B 2.0 |", "| --- | --- | --- |", "| ask: allow once | ok |  |",
                "| ask: deny |  | **failed** |",
            ]
        );
        assert!(parse(r#"{"client":"A","version":"1","scenario":"s","result":"maybe"}"#).is_err());
        assert!(parse("nonsense").is_err());
    }

    #[test]
    fn what_is_not_possible_is_said_with_its_reason() {
        let lines = r#"
{"client":"Codex","version":"1.0","scenario":"ask: deny","result":"ok"}
{"client":"Gemini CLI","version":"2.0","scenario":"records: some","result":"ok"}
{"client":"Codex","version":"1.0","scenario":"guard: some","result":"failed"}
"#;
        let page = render(&parse(lines).unwrap());
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with(['|', '['])).skip(2).collect();
        assert_eq!(
            rows,
            [
                "| ask: deny | ok | [1] |",
                "| guard: some | **failed** | [2] |",
                "| records: some |  | ok |",
                "[1] Not possible: ClawButler only observes it: there is no guard that asks.",
                "[2] Not possible: ClawButler only observes it: there is no guard.",
            ]
        );
    }

    /// What a client went through is not impossible with it, and every reason is about a scenario that exists.
    #[test]
    fn nothing_that_went_well_is_called_impossible() {
        let known = parse(&std::fs::read_to_string(place::root().join(RECORD)).unwrap()).unwrap();
        for ((client, version), scenarios) in &known {
            for scenario in scenarios.keys() {
                assert_eq!(not_possible::reason(client, scenario), None, "{client} {version}: {scenario}");
            }
        }
        for (client, _, _) in not_possible::ALL {
            assert!(known.keys().any(|(own, _)| own == client), "{client}");
        }
    }

    #[test]
    fn a_run_replaces_what_it_ran_and_keeps_what_it_skipped() {
        let run = parse(r#"{"client":"A","version":"1.1","scenario":"ask: deny","result":"ok"}"#).unwrap();
        let merged = merge(parse(LINES).unwrap(), run);
        assert_eq!(parse(&record(&merged)).unwrap(), merged);
        let columns: Vec<&str> = merged.keys().map(|(_, version)| version.as_str()).collect();
        assert_eq!(columns, ["1.1", "2.0"]);
    }
}
