//! `clawbutler rules`: what rule sets say and how well they say it. Reads only: nothing here decides,
//! changes or enables anything, because an agent can start it.

mod check;
mod corpus;
mod explain;
mod judge;
mod lines;
mod request;
mod simulate;
mod source;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use clawbutler_core::clock::{Clock as _, Timestamp};
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::zone;
use clawbutler_policy::Facts;

use request::Defaults;
pub(crate) use source::{Choice, Place, Unloadable};

/// Runtime of actions that name none.
const RUNTIME: &str = clawbutler_connectors::connector::USUAL;

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// Why a command would run, be asked about or be denied.
    Explain(Explain),
    /// Missed dangers and needless stops over labelled actions, one JSON object a line. Exit status 1 when a
    /// danger is missed, over 2 % of the harmless ones are stopped, or a line cannot be used.
    Corpus(Corpus),
    /// Tries the examples of rule files: of every pack and of the data folder's files when none is named.
    /// Exit status 1 when something does not hold.
    Test {
        /// Files of rules.
        files: Vec<PathBuf>,
    },
    /// Rules that do nothing, contradict each other, permit too much or have run out. Exit status 1 when
    /// there are any.
    Lint {
        /// Files of rules, read as one set; `balanced` with the data folder's files when absent.
        files: Vec<PathBuf>,
        /// A pack instead.
        #[arg(long, value_name = "PACK", conflicts_with = "files")]
        pack: Vec<String>,
    },
    /// The packs that come with the program.
    Packs,
    /// The rules of a set in words, strictest first.
    Show {
        #[command(flatten)]
        choice: Choice,
    },
    /// What other rules would have said to the recorded actions of the last days, compared with the rules in
    /// force. Changes nothing.
    Simulate(Simulate),
}

/// `rules explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The command as the agent would run it, in one word of your shell: quote it.
    #[arg(required_unless_present = "json")]
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
    #[arg(long, value_name = "RUNTIME", default_value = RUNTIME)]
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

/// `rules simulate`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// How far back, for example 30m, 12h, 7d or 2w.
    #[arg(long, default_value = "7d", value_parser = simulate::read_span)]
    since: i64,
    /// Machine-readable report.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    choice: Choice,
}

/// Does what a verb says. A reader who has seen enough and closes our output is no error.
pub(crate) fn run(verb: Rules, place: &Place, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let done = match verb {
        Rules::Explain(explain) => run_explain(explain, place, out),
        Rules::Corpus(Corpus { files, json, choice }) => {
            let (judge, _) = choice.judge(place)?;
            let defaults = defaults(place, &judge, RUNTIME.to_owned(), None, None);
            corpus::run(&judge, &now(), &defaults, &files, json, out)
        }
        Rules::Test { files } => check::test(&files, place, out),
        Rules::Lint { files, pack } => {
            let (set, from) = Choice { pack, rules: files }.written(place)?;
            check::write_lint(&set, &from, SystemClock::default().wall(), out)
        }
        Rules::Packs => check::write_packs(out).map(|()| ExitCode::SUCCESS),
        Rules::Show { choice } => {
            let (judge, from) = choice.judge(place)?;
            check::write_rules(&judge.set, &from, out)?;
            Ok(ExitCode::SUCCESS)
        }
        Rules::Simulate(simulate) => run_simulate(simulate, place, out),
    };
    done.or_else(|error| if is_closed(&error) { Ok(ExitCode::SUCCESS) } else { Err(error) })
}

fn is_closed(error: &anyhow::Error) -> bool {
    let closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.downcast_ref::<io::Error>().is_some_and(closed)
}

/// Facts of this moment.
fn now() -> Facts {
    let at = SystemClock::default().wall();
    Facts::at(at, zone::offset_minutes(at))
}

fn run_explain(explain: Explain, place: &Place, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let Explain { command, json, cwd, project, runtime, choice } = explain;
    let (judge, from) = choice.judge(place)?;
    let defaults = defaults(place, &judge, runtime, cwd, project);
    match command {
        None => explain::stream(&judge, &now(), &defaults, io::stdin().lock(), out)?,
        Some(command) => {
            let call = request::shell(&command, &defaults).map_err(anyhow::Error::msg)?;
            explain::one(&judge, &now(), &call, &from, json, out)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn run_simulate(simulate: Simulate, place: &Place, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let Simulate { since, json, choice } = simulate;
    let (before, from) = Choice::default().judge(place)?;
    let (after, to) = choice.judge(place)?;
    let now = SystemClock::default().wall();
    let report = simulate::compare(place, Timestamp(now.0 - since), &before, &after)?;
    if json {
        serde_json::to_writer(&mut *out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        writeln!(out, "Before: {from}. After: {to}.")?;
        report.write(now, out)?;
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
    let here =
        Defaults { runtime, cwd: place.cwd.display().to_string(), project: None, home: judge.around.home.clone() };
    let cwd = cwd.map_or_else(|| here.cwd.clone(), |folder| request::absolute(&folder, &here));
    let project = project.map(|folder| request::absolute(&folder, &here));
    Defaults { cwd, project, ..here }
}
