//! What was tried with which real client and how it ended: one JSON line a scenario, in a folder that
//! `cargo xtask clients` reads. A test holds one value of [`tried`] for each scenario it goes through.
//!
//! Scenarios of several clients share a row of the table when they share their words: `ask: …` for a person's
//! answers, `fail: …` for what breaks, `guard: …`, `state: …`, `found: …`, `records: …`, `drift: …`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

/// The folder that takes the lines; without it nothing is written.
pub const FOLDER: &str = "CLAWBUTLER_RESULTS";

/// A client that tests run.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// As the table names it.
    pub name: &'static str,
    /// Variable that holds the path of its program.
    pub program: &'static str,
}

/// Claude Code.
pub const CLAUDE: Client = Client { name: "Claude Code", program: "CLAWBUTLER_CLAUDE_BIN" };
/// A Claude Code from before `onFailure`.
pub const CLAUDE_OLD: Client = Client { name: "Claude Code", program: "CLAWBUTLER_CLAUDE_OLD_BIN" };
/// Gemini CLI.
pub const GEMINI: Client = Client { name: "Gemini CLI", program: "CLAWBUTLER_GEMINI_BIN" };
/// OpenClaw.
pub const OPENCLAW: Client = Client { name: "OpenClaw", program: "CLAWBUTLER_OPENCLAW_BIN" };
/// Codex.
pub const CODEX: Client = Client { name: "Codex", program: "CLAWBUTLER_CODEX_BIN" };
/// The oldest Codex whose hooks are on without a flag.
pub const CODEX_OLD: Client = Client { name: "Codex", program: "CLAWBUTLER_CODEX_OLD_BIN" };
/// Hermes.
pub const HERMES: Client = Client { name: "Hermes", program: "CLAWBUTLER_HERMES_BIN" };

impl Client {
    /// The version its program tells; `None` without the client.
    pub fn version(&self) -> Option<String> {
        std::env::var_os(self.program).map(|program| version(Path::new(&program)))
    }
}

/// A scenario under way; its line is written when this goes: `failed` while the test panics, else `ok`.
#[derive(Debug)]
#[must_use = "bind it to a name: the line is written when it goes"]
pub struct Tried {
    client: &'static str,
    version: String,
    scenario: &'static str,
    folder: PathBuf,
}

/// Notes that a scenario is tried with a client. Nothing without [`FOLDER`] or without the client.
pub fn tried(client: Client, scenario: &'static str) -> Option<Tried> {
    let folder = PathBuf::from(std::env::var_os(FOLDER)?);
    Some(Tried { client: client.name, version: client.version()?, scenario, folder })
}

impl Drop for Tried {
    fn drop(&mut self) {
        let result = if std::thread::panicking() { "failed" } else { "ok" };
        let line = json!({
            "client": self.client, "version": self.version, "scenario": self.scenario, "result": result,
        });
        let file = self.folder.join(format!("{}.jsonl", std::process::id()));
        let file = OpenOptions::new().create(true).append(true).open(file);
        // A panic here would end the whole run while a test panics already.
        let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        if let Err(error) = written {
            let _ = writeln!(std::io::stderr(), "a result was not written: {error}");
        }
    }
}

/// The Node.js that a package brings beside itself, or the one on `PATH`.
pub(crate) fn node(program: &Path) -> PathBuf {
    let modules = program.ancestors().find(|folder| folder.ends_with("node_modules"));
    let packages = modules.and_then(|modules| std::fs::read_dir(modules).ok()).into_iter().flatten().flatten();
    let own = packages.map(|package| package.path().join("bin/node")).find(|node| node.is_file());
    own.unwrap_or_else(|| PathBuf::from("node"))
}

/// The version in the client's own words.
fn version(program: &Path) -> String {
    let script = program.extension().is_some_and(|end| end == "js" || end == "mjs");
    let mut command = if script { Command::new(node(program)) } else { Command::new(program) };
    if script {
        command.arg(program);
    }
    let home = tempfile::tempdir().unwrap();
    command.arg("--version").env("HOME", home.path()).current_dir(home.path()).stdin(Stdio::null());
    let said = command.output().map(|run| String::from_utf8_lossy(&run.stdout).into_owned()).unwrap_or_default();
    number(&said).unwrap_or("unknown").to_owned()
}

/// The first word of a text that looks like a version, without a leading `v`.
fn number(said: &str) -> Option<&str> {
    said.split_whitespace().find_map(|word| {
        let word = word.strip_prefix('v').unwrap_or(word).trim_end_matches([',', ')', ';']);
        (word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.')).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_what_clients_say() {
        assert_eq!(number("2.1.330 (Claude Code)\n"), Some("2.1.330"));
        assert_eq!(number("OpenClaw 2026.9.6 (abc1234)\n"), Some("2026.9.6"));
        assert_eq!(number("codex-cli 0.169.0\n"), Some("0.169.0"));
        assert_eq!(number("Hermes Agent v0.19.0 (2026.11.1)\n"), Some("0.19.0"));
        assert_eq!(number("nothing of the kind"), None);
    }

    #[test]
    fn a_scenario_that_panics_has_failed() {
        let folder = tempfile::tempdir().unwrap();
        let tried = |scenario| Tried {
            client: "Claude Code",
            version: "1.0".to_owned(),
            scenario,
            folder: folder.path().to_owned(),
        };
        drop(tried("ask: deny"));
        let panicked = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _row = tried("ask: allow once");
                    panic!("as it should");
                })
                .join()
        });
        assert!(panicked.is_err());
        let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        assert_eq!(
            std::fs::read_to_string(file).unwrap(),
            "{\"client\":\"Claude Code\",\"result\":\"ok\",\"scenario\":\"ask: deny\",\"version\":\"1.0\"}\n\
             {\"client\":\"Claude Code\",\"result\":\"failed\",\"scenario\":\"ask: allow once\",\"version\":\"1.0\"}\n"
        );
    }
}
