//! `cargo xtask test`: sets up, runs every lane, goes on after failures, ends with a table.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::run::{cargo, program, run, say};
use crate::test_env::{TestEnv, WORKSPACE_FEATURES};
use crate::{clients, generate, packages, place, tidy, tools, ui};

/// Every lane, in the order they run: quick ones first, what others embed before them.
const LANES: &[(&str, Needs)] = &[
    ("fmt", Needs::Nothing),
    ("tidy", Needs::Nothing),
    ("generate", Needs::Nothing),
    ("ui", Needs::System),
    ("clippy", Needs::Pages),
    ("nextest", Needs::Pages),
    ("doctest", Needs::Pages),
    ("rustdoc", Needs::Nothing),
    ("deny", Needs::Nothing),
];

/// What has to be there before a lane can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// System packages.
    System,
    /// System packages and `ui/dist`, which the desktop app embeds when it is compiled.
    Pages,
}

/// What to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    fast: bool,
    lanes: Vec<String>,
}

impl Choice {
    /// Reads the arguments of the verb.
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut choice = Self { fast: false, lanes: Vec::new() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--fast" => choice.fast = true,
                "--lane" => {
                    let name = args.next().context("--lane needs a name")?;
                    let known = || LANES.iter().map(|lane| lane.0).collect::<Vec<_>>().join(", ");
                    if !LANES.iter().any(|lane| lane.0 == name) {
                        bail!("no lane `{name}`; there are {}", known());
                    }
                    choice.lanes.push(name.clone());
                }
                other => bail!("test does not know `{other}`"),
            }
        }
        Ok(choice)
    }

    fn wants(&self, lane: &str) -> bool {
        if self.lanes.is_empty() {
            return !self.fast || !matches!(lane, "ui" | "doctest" | "rustdoc" | "deny");
        }
        self.lanes.iter().any(|name| name == lane)
    }
}

/// How a lane ended.
enum Outcome {
    Passed,
    /// Passed, but something was left out.
    Partly(String),
    Failed(String),
}

/// Runs the chosen lanes; false when one failed.
pub(crate) fn run_all(choice: &Choice) -> Result<bool> {
    let wanted: Vec<_> = LANES.iter().filter(|lane| choice.wants(lane.0)).collect();
    let needs = |need: Needs| wanted.iter().any(|lane| lane.1 == need);
    println!("== setup");
    let began = Instant::now();
    if needs(Needs::System) || needs(Needs::Pages) {
        packages::ensure(packages::BUILD);
    }
    if wanted.iter().any(|lane| lane.0 == "nextest") && !choice.fast {
        packages::ensure(packages::TEST);
    }
    let mut table = vec![("setup", Outcome::Passed, began.elapsed())];
    if needs(Needs::Pages) && !wanted.iter().any(|lane| lane.0 == "ui") {
        have_pages(choice)?;
    }
    for (name, _) in wanted {
        println!("\n== {name}");
        let began = Instant::now();
        let outcome = lane(name, choice).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        if let Outcome::Failed(why) = &outcome {
            println!("  {name} FAILED: {why}");
        }
        table.push((name, outcome, began.elapsed()));
    }
    Ok(close(&table))
}

/// The desktop app does not compile without the folder it embeds.
fn have_pages(choice: &Choice) -> Result<()> {
    let dist = place::root().join("ui/dist");
    if !choice.fast {
        return ui::build();
    }
    if !dist.join("index.html").exists() {
        say("--fast: the app is compiled without its pages");
        std::fs::create_dir_all(&dist)?;
        std::fs::write(dist.join("index.html"), "<!doctype html><title>not built</title>\n")?;
    }
    Ok(())
}

fn lane(name: &str, choice: &Choice) -> Result<Outcome> {
    match name {
        "fmt" => run(cargo().args(["fmt", "--all", "--check"]))?,
        "tidy" => return Ok(verdict(tidy::run()?, "see the list above")),
        "generate" => return Ok(verdict(generate::check()?, "run `cargo xtask generate`")),
        "ui" => ui::build().inspect_err(|_| {
            // The app's own lanes still say something without the pages.
            let _ = std::fs::create_dir_all(place::root().join("ui/dist"));
        })?,
        "clippy" => {
            run(cargo()
                .args(["clippy", "--workspace", "--all-targets"])
                .args(WORKSPACE_FEATURES)
                .args(["--", "-D", "warnings"]))?;
        }
        "nextest" => return nextest(choice),
        "doctest" => run(cargo().args(["test", "--quiet", "--workspace", "--doc"]).args(WORKSPACE_FEATURES))?,
        "rustdoc" => run(cargo()
            .args(["doc", "--workspace", "--lib", "--no-deps"])
            .args(["--exclude", "clawbutler-desktop", "--exclude", "clawbutler-ui"])
            .env("RUSTDOCFLAGS", "-D warnings"))?,
        "deny" => return deny(),
        other => bail!("no lane `{other}`"),
    }
    Ok(Outcome::Passed)
}

fn verdict(good: bool, why: &str) -> Outcome {
    if good { Outcome::Passed } else { Outcome::Failed(why.to_owned()) }
}

fn nextest(choice: &Choice) -> Result<Outcome> {
    let mut missing = Vec::new();
    let env = if choice.fast { TestEnv::default() } else { TestEnv::prepare(&mut missing) };
    let mut command = match tools::nextest() {
        Ok(binary) => {
            let mut command = program(binary);
            command.args(["nextest", "run", "--profile", "ci", "--no-tests", "pass"]);
            command
        }
        Err(error) => {
            say(format!("no cargo-nextest ({error:#}): running `cargo test` instead"));
            missing.push("cargo-nextest".to_owned());
            let mut command = cargo();
            command.args(["test", "--no-fail-fast", "--bins", "--lib", "--tests"]);
            command
        }
    };
    command.arg("--workspace").args(WORKSPACE_FEATURES);
    if choice.fast {
        command.args(["--exclude", "clawbutler-tests"]);
    }
    env.apply(&mut command);
    let results = clients::fresh_folder()?;
    command.env(clients::FOLDER, &results);
    let ran = run(&mut command);
    if std::fs::read_dir(&results).is_ok_and(|mut lines| lines.next().is_some()) {
        say("`cargo xtask clients` records what was tried with the real clients");
    }
    ran?;
    Ok(if missing.is_empty() { Outcome::Passed } else { Outcome::Partly(format!("without {}", missing.join(", "))) })
}

fn deny() -> Result<Outcome> {
    let binary = tools::deny()?;
    run(program(&binary).args(["check", "bans", "licenses", "sources"]))?;
    say("fetching the advisory database");
    if let Err(error) = run(program(&binary).args(["fetch", "db"])) {
        say(format!("advisories not checked: their database cannot be fetched ({error:#})"));
        return Ok(Outcome::Partly("advisories not checked: database unreachable".to_owned()));
    }
    run(program(&binary).args(["check", "--disable-fetch", "advisories"]))?;
    Ok(Outcome::Passed)
}

fn close(table: &[(&str, Outcome, Duration)]) -> bool {
    println!("\n  {:<10} {:<8} {:>7}", "lane", "result", "time");
    for (name, outcome, time) in table {
        let (word, note) = match outcome {
            Outcome::Passed => ("ok", ""),
            Outcome::Partly(note) => ("ok", note.as_str()),
            Outcome::Failed(why) => ("FAILED", why.lines().next().unwrap_or_default()),
        };
        println!("{}", format!("  {name:<10} {word:<8} {:>6.1}s  {note}", time.as_secs_f32()).trim_end());
    }
    !table.iter().any(|row| matches!(row.1, Outcome::Failed(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Choice> {
        Choice::parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn lanes_are_chosen_by_name() {
        let choice = parse(&["--lane", "fmt", "--lane", "tidy"]).unwrap();
        assert!(choice.wants("fmt") && choice.wants("tidy") && !choice.wants("nextest"));
        assert!(parse(&["--lane", "nonsense"]).unwrap_err().to_string().contains("nextest"));
        assert!(parse(&["--slow"]).is_err());
    }

    #[test]
    fn all_lanes_run_by_default_and_fewer_when_fast() {
        let all = parse(&[]).unwrap();
        assert!(LANES.iter().all(|lane| all.wants(lane.0)));
        let fast = parse(&["--fast"]).unwrap();
        assert!(fast.wants("clippy") && fast.wants("nextest") && !fast.wants("ui"));
    }

    #[test]
    fn one_failure_fails_the_run() {
        let second = Duration::from_secs(1);
        assert!(close(&[("a", Outcome::Passed, second), ("b", Outcome::Partly("n".to_owned()), second)]));
        assert!(!close(&[("a", Outcome::Passed, second), ("b", Outcome::Failed("x".to_owned()), second)]));
    }
}
