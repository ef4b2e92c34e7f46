//! `clawbutler audit search` and `clawbutler audit export`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use clawbutler_butler::{Butler, ExportPlan, Step};
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::Seq;
use clawbutler_wire::audit_search::{AuditFilter, ExportFormat, SearchAudit};
use clawbutler_wire::gateway::ExportFacts;

use crate::Told;

/// What is looked for; several values of one option: any of them.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    /// Words, "phrases", prefix*, -without, member:value.
    text: Vec<String>,
    /// From this time on (ms since the epoch).
    #[arg(long)]
    from: Option<i64>,
    /// Before this time (ms since the epoch).
    #[arg(long)]
    until: Option<i64>,
    #[arg(long)]
    kind: Vec<String>,
    #[arg(long)]
    actor: Vec<String>,
    #[arg(long)]
    runtime: Vec<String>,
    #[arg(long)]
    agent: Vec<String>,
    #[arg(long)]
    session: Vec<String>,
    #[arg(long)]
    trace: Vec<String>,
    #[arg(long)]
    project: Vec<String>,
    #[arg(long)]
    risk: Vec<String>,
    #[arg(long)]
    decision: Vec<String>,
}

impl Filter {
    /// The filter as the engine takes it.
    pub(crate) fn read(self) -> AuditFilter {
        AuditFilter {
            text: self.text.join(" "),
            from: self.from,
            until: self.until,
            kinds: self.kind,
            actors: self.actor,
            runtimes: self.runtime,
            agents: self.agent,
            sessions: self.session,
            traces: self.trace,
            projects: self.project,
            risks: self.risk,
            decisions: self.decision,
        }
    }
}

/// Entries that match, newest first.
#[derive(Debug, Args)]
pub(crate) struct Search {
    #[command(flatten)]
    filter: Filter,
    /// Only entries below this sequence number.
    #[arg(long)]
    before: Option<u64>,
    /// Only entries above this sequence number.
    #[arg(long, conflicts_with = "before")]
    after: Option<u64>,
    /// At most 500.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Machine-readable result, with the count.
    #[arg(long)]
    json: bool,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Jsonl,
    Csv,
    Ocsf,
    Cef,
    OtlpLogs,
    OtlpTraces,
}

/// Writes the entries that match, oldest first.
#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    filter: Filter,
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
    /// A file instead of standard output; a partial one beside it is continued.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only entries above this sequence number.
    #[arg(long)]
    after: Option<u64>,
}

/// Searches.
pub(crate) fn search(verb: Search, data: &DataDir, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let request = SearchAudit {
        filter: verb.filter.read(),
        before: verb.before.map(Seq),
        after: verb.after.map(Seq),
        limit: Some(verb.limit),
        count: verb.json,
    };
    let page = Butler::search_file(&data.database(), &data.search(), &request).map_err(Told::from)?;
    if verb.json {
        writeln!(out, "{}", serde_json::to_string(&page)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for item in &page.items {
        writeln!(out, "{}\t{}\t{}\t{}\t{}", item.seq, item.at, item.kind, item.actor, item.says.replace('\n', " "))?;
    }
    if let Some(older) = page.older {
        let _ = writeln!(std::io::stderr(), "more: --before {older}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Exports.
pub(crate) fn export(verb: Export, data: &DataDir, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let format = match verb.format {
        Format::Jsonl => ExportFormat::Jsonl,
        Format::Csv => ExportFormat::Csv,
        Format::Ocsf => ExportFormat::Ocsf,
        Format::Cef => ExportFormat::Cef,
        Format::OtlpLogs => ExportFormat::OtlpLogs,
        Format::OtlpTraces => ExportFormat::OtlpTraces,
    };
    let to_file = verb.out.is_some();
    let out_path = verb.out.map(std::path::absolute).transpose()?.unwrap_or_default();
    let plan = ExportPlan { filter: verb.filter.read(), format, out: out_path, after: verb.after };
    let mut err = std::io::stderr();
    let (database, index) = (data.database(), data.search());
    if !to_file {
        // Recorded before it is written: who reads standard output has it before the last line.
        recorded(data, &plan, 0, Butler::count_file(&database).map_err(Told::from)?, None)?;
        let count = plan.stream(&database, &index, &mut std::io::BufWriter::new(out)).map_err(Told::from)?;
        let _ = writeln!(err, "{count} entries");
        return Ok(ExitCode::SUCCESS);
    }
    let exported = plan.run(data, shown()).map_err(Told::from)?;
    if let Some(exported) = exported {
        recorded(data, &plan, exported.step.written, exported.step.total, Some(exported.digest.clone()))?;
        exported.publish().map_err(Told::from)?;
        let _ = writeln!(err, "{} entries, SHA-256 {}", exported.step.written, exported.digest);
    }
    Ok(ExitCode::SUCCESS)
}

/// Has the engine record an export, now or when it starts next.
fn recorded(data: &DataDir, plan: &ExportPlan, count: u64, through: u64, digest: Option<String>) -> anyhow::Result<()> {
    let facts = ExportFacts {
        format: plan.format,
        filter: plan.filter.clone(),
        count: Seq(count),
        through: Seq(through),
        digest,
    };
    if Butler::tell_export(data, &facts).is_none() {
        Butler::spool_export(data, &facts).map_err(Told::from)?;
    }
    Ok(())
}

/// Shows every tenth of the way on standard error.
pub(crate) fn shown() -> impl FnMut(Step) -> bool {
    let mut told = 0;
    move |step| {
        let percent = step.at.saturating_mul(100) / step.total.max(1);
        if percent >= told + 10 {
            told = percent;
            let _ = writeln!(std::io::stderr(), "{percent} %, {} entries written", step.written);
        }
        true
    }
}
