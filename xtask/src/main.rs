//! `cargo xtask <verb>`: sets up, starts, tests, tidies and generates this workspace.
//!
//! Everything runs through the ordinary programs (cargo, apt, npm) and is printed before it runs. It must
//! never be linked into anything shipped. Start reading at [`lanes`]: what `cargo xtask test` does.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command-line program for developers: it talks, reads its environment and measures time"
)]

mod app;
mod bench;
mod clients;
mod generate;
mod hook;
mod inputs;
mod lanes;
mod not_possible;
mod packages;
mod place;
mod run;
mod test_env;
mod tidy;
mod tools;
mod ui;
mod wasm;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask <verb>

  app [--no-start] [-- ARGS]      set up, build and start the desktop app
  test [--fast] [--lane NAME]...  set up and run every test (--fast: no UI, no real client)
  tidy                            the rules of the house
  generate [--check]              write docs/API.md and docs/REAL-CLIENTS.md, or check that they are up to date
  clients                         record what the last test run did with the real clients
  ui                              build the pages into ui/dist
  hook                            build the hook, small and static
  bench [-- ARGS]                 measure

CLAWBUTLER_CACHE moves the cache folder, CARGO_TARGET_DIR the build folder.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a verb; false when it ran and found something wrong.
fn dispatch(args: &[String]) -> Result<bool> {
    let Some((verb, rest)) = args.split_first() else {
        print!("{USAGE}");
        return Ok(true);
    };
    match verb.as_str() {
        "app" => app::run_verb(rest).map(|()| true),
        "test" => lanes::run_all(&lanes::Choice::parse(rest)?),
        "tidy" => tidy::run(),
        "generate" => match rest {
            [] => generate::write().map(|()| true),
            [flag] if flag == "--check" => generate::check(),
            _ => bail!("generate takes nothing or --check"),
        },
        "clients" => clients::take_in().map(|()| true),
        "ui" => ui::build().map(|()| true),
        "hook" => hook::build().map(|_| true),
        "bench" => bench::run_verb(rest).map(|()| true),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(true)
        }
        other => bail!("no verb `{other}`\n\n{USAGE}"),
    }
}
