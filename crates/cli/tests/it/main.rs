//! The program as its users and scripts meet it: started, fed, read, its exit status looked at.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

mod crash;
mod errors;
mod evidence;
mod explain;
#[cfg(target_os = "linux")]
mod full;
mod keep;
#[cfg(target_os = "linux")]
mod killed;
mod measure;
mod packs;
mod stream;
mod verifiers;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A machine of its own: an empty data folder, the home `/home/u`, the project `/home/u/p`.
struct Machine {
    data: TempDir,
}

/// What a run came to.
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Machine {
    fn new() -> Self {
        Self { data: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> &Path {
        self.data.path()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.data().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn start(&self, args: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_clawbutler"))
            .args(args)
            .env_clear()
            .env("HOME", "/home/u")
            .env("CLAWBUTLER_HOME", self.data())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs to the end, feeding `input` meanwhile.
    fn run(&self, args: &[&str], input: &[u8]) -> Done {
        let mut child = self.start(args);
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that has heard enough closes its input: no error here.
        let feeding = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let (mut out, mut err) = (String::new(), String::new());
        let mut stderr = child.stderr.take().unwrap();
        let reading = std::thread::spawn(move || {
            stderr.read_to_string(&mut err).unwrap();
            err
        });
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        let code = child.wait().unwrap().code();
        feeding.join().unwrap();
        Done { code, out, err: reading.join().unwrap() }
    }

    /// Answers to lines of `rules explain --json` under the balanced pack.
    fn answers(&self, input: &[u8]) -> Vec<Value> {
        let done = self.run(&["rules", "explain", "--json", "--pack", "balanced"], input);
        assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
        done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A Bash call of Claude Code in the project.
fn bash(id: &str, command: &str) -> String {
    let command = serde_json::to_string(command).unwrap();
    format!(
        r#"{{"id":{id},"runtime":"claude-code","tool":"Bash","input":{{"command":{command}}},"cwd":"/home/u/p","project":"/home/u/p"}}"#
    )
}
