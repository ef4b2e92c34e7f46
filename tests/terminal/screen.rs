//! A terminal of tmux with the client in it, on a server of its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use clawbutler_testkit::machine::{Machine, wait_for};
use serde_json::json;

/// A client under way. Dropping it ends the terminal and everything in it.
#[derive(Debug)]
pub(crate) struct Terminal {
    socket: String,
}

impl Terminal {
    /// Starts Claude Code with a prompt. `None` when tmux is not there; the reason is printed.
    pub(crate) fn open(machine: &Machine, prompt: &str, mode: &str) -> Option<Self> {
        first_start_is_over(machine);
        let vars = machine.claude_env().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self::run(machine, vars, machine.client(), &["--permission-mode", mode, prompt])
    }

    /// Starts a program in the project, with the machine's environment and these variables. `None` when tmux is not
    /// there; the reason is printed.
    pub(crate) fn run(machine: &Machine, vars: Vec<(String, String)>, program: &Path, args: &[&str]) -> Option<Self> {
        if Command::new("tmux").arg("-V").stdout(Stdio::null()).status().is_err() {
            eprintln!("SKIPPED: tmux is not installed; `cargo xtask test` installs it");
            return None;
        }
        let terminal = Self { socket: machine.at("tmux.sock").display().to_string() };
        let mut words = vec!["env".to_owned(), "-i".to_owned()];
        words.extend(machine.env().into_iter().chain(vars).map(|(name, value)| format!("{name}={value}")));
        words.push(program.display().to_string());
        words.extend(args.iter().map(|arg| (*arg).to_owned()));
        let line: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
        let project = machine.project().display().to_string();
        let started = terminal.tmux(&[
            "new-session",
            "-d",
            "-s",
            "client",
            "-x",
            "140",
            "-y",
            "50",
            "-c",
            &project,
            &line.join(" "),
        ]);
        assert!(started.is_some(), "tmux did not start");
        Some(terminal)
    }

    fn tmux(&self, args: &[&str]) -> Option<String> {
        let done = Command::new("tmux").args(["-S", &self.socket, "-f", "/dev/null"]).args(args).output().unwrap();
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// What stands on the screen.
    pub(crate) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-t", "client"]).unwrap_or_default()
    }

    pub(crate) fn wait_for(&self, text: &str) {
        wait_for(&format!("{text:?} on the screen"), || self.screen().contains(text).then_some(()));
    }

    pub(crate) fn wait_gone(&self, text: &str) {
        wait_for(&format!("{text:?} to leave the screen"), || (!self.screen().contains(text)).then_some(()));
    }

    /// Types a line and sends it.
    pub(crate) fn says(&self, line: &str) {
        self.tmux(&["send-keys", "-t", "client", "-l", line]);
        // What comes at once is taken for pasted text, with its line end.
        std::thread::sleep(std::time::Duration::from_secs(1));
        self.keys(&["Enter"]);
    }

    pub(crate) fn keys(&self, keys: &[&str]) {
        let mut args = vec!["send-keys", "-t", "client"];
        args.extend(keys);
        self.tmux(&args);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the terminal showed:\n{}", self.screen());
        }
        self.tmux(&["kill-server"]);
    }
}

/// What a person has answered at the first start: without it the client asks the network.
fn first_start_is_over(machine: &Machine) {
    let env = machine.claude_env();
    let key = env.iter().find(|(name, _)| *name == "ANTHROPIC_API_KEY").map(|(_, value)| value.as_str()).unwrap();
    let answered = json!({
        "hasCompletedOnboarding": true, "lastOnboardingVersion": "2.1.330", "theme": "dark", "numStartups": 5,
        "bypassPermissionsModeAccepted": true,
        "customApiKeyResponses": { "approved": [key[key.len() - 20..]], "rejected": [] },
        "projects": { machine.project().display().to_string(): { "hasTrustDialogAccepted": true, "hasCompletedProjectOnboarding": true } },
    });
    fs::write(machine.at("home/.claude.json"), answered.to_string()).unwrap();
}

/// A session in the background, kept by the client's own daemon. Dropping it ends the daemon.
#[derive(Debug)]
pub(crate) struct Background<'a>(&'a Machine);

impl<'a> Background<'a> {
    pub(crate) fn start(machine: &'a Machine, prompt: &str) -> Self {
        first_start_is_over(machine);
        // The daemon starts with an environment of its own: what the session needs stands in the settings.
        let path = machine.at("home/.claude/settings.json");
        let mut settings: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for (name, value) in machine.claude_env() {
            settings["env"][name] = json!(value);
        }
        fs::write(&path, serde_json::to_string_pretty(&settings).unwrap()).unwrap();
        let background = Self(machine);
        let started = background.client(&["--bg", "--permission-mode", "default", prompt]);
        assert!(started, "the background session did not start");
        background
    }

    fn client(&self, args: &[&str]) -> bool {
        let mut command = Command::new(self.0.client());
        command.env_clear().envs(self.0.env()).envs(self.0.claude_env()).args(args).current_dir(self.0.project());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }
}

impl Drop for Background<'_> {
    fn drop(&mut self) {
        self.client(&["daemon", "stop", "--any"]);
    }
}
