//! `clawbutler`: looks, verifies, exports, and serves the engine without a display. It never decides: no
//! verb approves, edits a rule or removes a guard, because an agent can start it.

mod agents;
mod audit;
mod audit_keep;
mod audit_pack;
mod audit_search;
mod mask;
mod rules;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use clawbutler_butler::{Butler, Env, Error, Ports};
use clawbutler_gateway::Gateway;
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::paths::{self, DataDir};
use clawbutler_platform::random::SystemIds;

/// The app a developer trusts with every AI agent on their machine, from the terminal.
#[derive(Debug, Parser)]
#[command(name = "clawbutler", version)]
struct Args {
    /// Data folder; `CLAWBUTLER_HOME`, else the platform's place, when absent.
    #[arg(long, global = true)]
    home: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// What the rules say and how well they say it.
    #[command(subcommand)]
    Rules(rules::Rules),
    /// Standard input with secrets and personal data masked.
    Mask(mask::Mask),
    /// Every agent found or chosen: state, health, sessions, changes nobody accepted yet.
    Agents {
        /// Machine-readable result.
        #[arg(long)]
        json: bool,
        #[command(subcommand)]
        verb: Option<agents::Verb>,
    },
    /// How every home is and what to do. Exit status 0 only when no governed one is critical.
    Doctor {
        /// Machine-readable result.
        #[arg(long)]
        json: bool,
    },
    /// What can be done with each runtime, and with which holes.
    Capabilities {
        /// As the document docs/CAPABILITIES.md.
        #[arg(long)]
        markdown: bool,
    },
    /// Whether the engine runs, and where its things are.
    Status,
    /// Runs the engine without a window: rules decide, everything that needs a person falls back to the
    /// runtime's own prompt or is denied at its deadline.
    Serve,
}

fn main() -> ExitCode {
    let machine = wants_json();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if machine && error.use_stderr() => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let first = first.strip_prefix("error: ").unwrap_or(first);
            return failed(first, Some("See `clawbutler audit --help` for what it takes."), machine);
        }
        Err(error) => error.exit(),
    };
    match run(args) {
        Ok(code) => code,
        Err(error) => {
            let told = error.downcast_ref::<Told>().and_then(|told| told.0.hint.as_deref());
            let hint = told.or(error.downcast_ref().map(rules::Unloadable::hint));
            failed(&format!("{error:#}"), hint, machine)
        }
    }
}

/// Whether a program reads what `clawbutler audit` says: then it gets an object for what went wrong too.
fn wants_json() -> bool {
    let has = |word: &str| std::env::args_os().skip(1).any(|arg| arg == word);
    has("audit") && has("--json")
}

/// Says what went wrong and what to do: as one JSON object on standard output, or as text on standard error.
fn failed(error: &str, hint: Option<&str>, machine: bool) -> ExitCode {
    if machine {
        let hint = hint.unwrap_or("Run it again without --json for more, or see `clawbutler audit --help`.");
        let _ = writeln!(std::io::stdout(), "{}", serde_json::json!({ "error": error, "hint": hint }));
    } else {
        let mut err = std::io::stderr();
        let _ = writeln!(err, "error: {error}");
        if let Some(hint) = hint {
            let _ = writeln!(err, "\nhint: {hint}");
        }
    }
    ExitCode::from(2)
}

/// An engine's error as a standard error.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
struct Told(clawbutler_wire::ApiError);

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        Self(error.into())
    }
}

fn run(args: Args) -> anyhow::Result<ExitCode> {
    let vars = paths::environment();
    let data = args.home.map_or_else(|| DataDir::resolve(&vars), DataDir::at);
    let mut out = std::io::stdout().lock();
    match args.verb {
        Verb::Audit(verb) => audit::run(verb, &vars, &data, &mut out),
        Verb::Rules(verb) => rules::run(verb, &rules::Place::of(&vars, data), &mut out),
        Verb::Mask(verb) => {
            mask::run(&verb, &data, std::io::stdin().lock(), &mut out)?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Agents { json, verb: None } => agents::list(&vars, &data, json, &mut out),
        Verb::Agents { verb: Some(agents::Verb::Add(place)), .. } => agents::add(place, &data, &mut out),
        Verb::Doctor { json } => agents::doctor(&vars, &data, json, &mut out),
        Verb::Capabilities { markdown } => agents::capabilities(markdown, &mut out),
        Verb::Status => {
            let running = clawbutler_platform::os::Connection::open(data.path(), std::time::Duration::from_millis(400));
            writeln!(out, "data folder  {}", data.path().display())?;
            writeln!(out, "engine       {}", if running.is_ok() { "running" } else { "not running" })?;
            match Butler::count_file(&data.database()) {
                Ok(count) => writeln!(out, "audit log    {count} entries")?,
                Err(_) => writeln!(out, "audit log    none yet")?,
            }
            Ok(ExitCode::SUCCESS)
        }
        Verb::Serve => serve(vars, data),
    }
}

/// The engine of a data folder; only one process has it.
fn engine(
    vars: std::collections::BTreeMap<String, String>,
    data: DataDir,
) -> Result<Butler, clawbutler_butler::OpenError> {
    let home = paths::home(&vars);
    Butler::open(Ports {
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds),
        env: Env::new(vars, home),
        keychain: clawbutler_platform::keychain::of(&data),
        data,
        hook_source: paths::hook_beside_us(),
    })
}

fn serve(vars: std::collections::BTreeMap<String, String>, data: DataDir) -> anyhow::Result<ExitCode> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let butler = engine(vars, data)?;
    clawbutler_platform::os::harden()?;
    let thread = butler.start()?;
    let gateway = Gateway::open(&butler)?;
    tracing::info!(socket = %gateway.path().display(), "listening");
    clawbutler_platform::process::wait_for_end()?;
    drop(gateway);
    butler.shutdown();
    let _ = thread.join();
    Ok(ExitCode::SUCCESS)
}
