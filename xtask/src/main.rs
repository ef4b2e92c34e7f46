//! Chores: set up, start, test, tidy, generate. `cargo xtask help` lists them.
//!
//! It must never hold anything the product needs at run time. Start reading at [`main`].

mod build;
mod dirs;
mod docs;
mod lanes;
mod setup;
mod sh;
mod tidy;

use std::process::ExitCode;

const HELP: &str = "cargo xtask <verb>

  app [--no-start] [-- ARGS]   set up what is needed, build everything, start the app
  test [--fast] [--lane NAME]  set up what is needed, run every test (fast: without real clients and windows)
  ui                           build the pages into ui/dist
  hook                         build the hook, static and small
  bench                        build for release and print the ratios
  tidy                         check walls, sizes and generated files
  generate [--check]           write docs/API.md from the wire crate";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["app", rest @ ..] => build::app(rest),
        ["test", rest @ ..] => lanes::test(rest),
        ["ui"] => setup::wasm().and_then(|()| build::ui()).map(drop),
        ["hook"] => build::hook().map(drop),
        ["bench"] => build::bench(),
        ["tidy"] => tidy::run(),
        ["generate"] => docs::write(),
        ["generate", "--check"] => docs::check(),
        _ => {
            println!("{HELP}");
            return ExitCode::from(u8::from(!matches!(words.as_slice(), ["help" | "--help"])) * 2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
