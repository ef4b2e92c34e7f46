//! `clawbutler rules`: what rule sets say and how well they say it. Reads only: nothing here decides,
//! changes or enables anything, because an agent can start it.

mod corpus;
mod explain;
mod judge;
mod lines;
mod request;
mod source;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use request::Defaults;
pub(crate) use source::{Choice, Place};

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// Why a command would run, be asked about or be denied.
    Explain(Explain),
    /// Missed dangers and needless stops over labelled actions, one JSON object a line. Exit status 1 when a
    /// danger is missed, over 2 % of the harmless ones are stopped, or a line cannot be used.
    Corpus(Corpus),
}

/// `rules explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The command as the agent would run it, in one word of your shell: quote it.
    #[arg(required_unless_present = "json", allow_hyphen_values = true)]
    command: Option<String>,
    /// One JSON object a line. Without a command, actions are read from standard input, one JSON object a
    /// line, and answered in their order; docs/CLI.md has the fields.
    #[arg(long)]
    json: bool,
    /// Working directory of actions that name none; the current one when absent.
    #[arg(long, value_name = "FOLDER")]
    cwd: Option<String>,
    /// Project folder of actions that name none; their working directory when absent.
    #[arg(long, value_name = "FOLDER")]
    project: Option<String>,
    /// Runtime of actions that name none.
    #[arg(long, value_name = "RUNTIME", default_value = "claude-code")]
    runtime: String,
    #[command(flatten)]
    choice: Choice,
}

/// `rules corpus`.
#[derive(Debug, Args)]
pub(crate) struct Corpus {
    /// Files of labelled actions; standard input when absent.
    files: Vec<PathBuf>,
    /// Machine-readable report.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    choice: Choice,
}

/// Does what a verb says.
pub(crate) fn run(verb: Rules, place: &Place, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    match verb {
        Rules::Explain(explain) => run_explain(explain, place, out),
        Rules::Corpus(Corpus { files, json, choice }) => {
            let (judge, _) = choice.judge(place)?;
            let defaults = defaults(place, &judge, "claude-code".to_owned(), None, None);
            corpus::run(&judge, &defaults, &files, json, out)
        }
    }
}

fn run_explain(explain: Explain, place: &Place, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let Explain { command, json, cwd, project, runtime, choice } = explain;
    let (judge, from) = choice.judge(place)?;
    let defaults = defaults(place, &judge, runtime, cwd, project);
    match command {
        None => explain::stream(&judge, &defaults, io::stdin().lock(), out)?,
        Some(command) => explain::one(&judge, &defaults, &command, &from, json, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn defaults(
    place: &Place,
    judge: &judge::Judge,
    runtime: String,
    cwd: Option<String>,
    project: Option<String>,
) -> Defaults {
    let here = Defaults {
        runtime,
        cwd: place.cwd.display().to_string(),
        project: None,
        home: judge.around.home.clone(),
    };
    let cwd = cwd.map_or_else(|| here.cwd.clone(), |folder| request::absolute(&folder, &here));
    let project = project.map(|folder| request::absolute(&folder, &here));
    Defaults { cwd, project, ..here }
}
