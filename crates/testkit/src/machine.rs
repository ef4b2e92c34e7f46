//! A scratch machine: home, data folder, project, the dev host on it, the real client in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clawbutler_wire::approvals::{ApprovalList, ApprovalView, Which};
use clawbutler_wire::command::{DecideApproval, Discover, InstallGuard, ListApprovals, PlanGuard};
use clawbutler_wire::{ApiError, Command as Ask};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::child::Owned;
use crate::model::Model;
use crate::{given, http};

/// The dev host as a child.
#[derive(Debug)]
pub struct Host {
    child: Owned,
    pub port: u16,
    pub token: String,
}

impl Host {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// A scratch machine.
#[derive(Debug)]
pub struct Machine {
    folder: TempDir,
    pub host: Option<Host>,
    pub model: Model,
    client: Option<PathBuf>,
    /// The runtime's home that is governed, in the scratch folder.
    pub governed: &'static str,
    /// Variables of every child on top of [`Machine::env`]'s own.
    pub extra: BTreeMap<String, String>,
    /// The folder that every child sees as `/etc`; the machine's own where absent.
    etc: Option<PathBuf>,
}

/// How a machine's folder begins, and so every path of it: with what shells, settings and addresses have to quote.
const ODD: &str = "Ann's é $A&";
/// Longest a client's run may take.
const RUN: Duration = Duration::from_secs(90);
/// Longest a thing that should happen may take.
const SOON: Duration = Duration::from_secs(90);

impl Machine {
    /// A machine with a running dev host. `None` when the programs under test are not given.
    pub fn new() -> Option<Self> {
        let machine = Self {
            folder: tempfile::Builder::new().prefix(ODD).tempdir().unwrap(),
            host: None,
            model: Model::start(),
            client: None,
            governed: "home/.claude",
            extra: BTreeMap::new(),
            etc: None,
        };
        given("CLAWBUTLER_DEVHOST_BIN")?;
        given("CLAWBUTLER_HOOK_BIN")?;
        for folder in ["home/.claude", "project/victim"] {
            fs::create_dir_all(machine.at(folder)).unwrap();
        }
        let git = Command::new("git").args(["init", "--quiet"]).arg(machine.project()).status();
        assert!(git.is_ok_and(|status| status.success()), "git is needed");
        let mut machine = machine;
        machine.start();
        Some(machine)
    }

    /// A machine with the real Claude Code and our guard in its settings. `None` when it is not given.
    pub fn with_claude(settings: &Value) -> Option<Self> {
        let machine = Self::with_client(settings)?;
        machine.install_guard();
        Some(machine)
    }

    /// A machine with the real Claude Code, not guarded yet. `None` when it is not given.
    pub fn with_client(settings: &Value) -> Option<Self> {
        Self::with_client_at(given("CLAWBUTLER_CLAUDE_BIN")?, settings)
    }

    /// A machine with an old Claude Code and our guard: no `onFailure`, and its hooks are not told whether
    /// somebody attends.
    pub fn with_old_claude(settings: &Value) -> Option<Self> {
        let machine = Self::with_client_at(given("CLAWBUTLER_CLAUDE_OLD_BIN")?, settings)?;
        machine.install_guard();
        Some(machine)
    }

    fn with_client_at(client: PathBuf, settings: &Value) -> Option<Self> {
        let mut machine = Self::new()?;
        machine.client = Some(client);
        fs::write(machine.at("home/.claude/settings.json"), serde_json::to_string_pretty(settings).unwrap()).unwrap();
        machine.stop();
        machine.start();
        Some(machine)
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Uses this client: its folder stands first on the path.
    pub fn set_client(&mut self, client: PathBuf) {
        self.client = Some(client);
    }

    /// Gives every child that is started from now on a copy of `/etc` as its own, in a mount namespace, and starts the
    /// dev host anew. `false`, said aloud, where the system refuses such a namespace.
    pub fn own_etc(&mut self) -> bool {
        let etc = self.at("etc");
        // What this account may not read is not copied, and not needed.
        let _ = Command::new("cp").args(["-a", "/etc"]).arg(&etc).stderr(Stdio::null()).status().unwrap();
        self.etc = Some(etc);
        let tried = self.command(Path::new("true")).env("PATH", std::env::var("PATH").unwrap()).output().unwrap();
        if !tried.status.success() {
            let why = String::from_utf8_lossy(&tried.stderr).into_owned();
            let _ = writeln!(std::io::stderr(), "SKIPPED: no mount namespace of its own: {why}");
            return false;
        }
        self.stop();
        self.start();
        true
    }

    /// A file as children see it below `/etc`.
    pub fn in_etc(&self, path: &str) -> PathBuf {
        self.at("etc").join(path)
    }

    /// A program of this machine, with its `/etc` where it has one. It runs under the process id of the command.
    pub fn command(&self, program: &Path) -> Command {
        let Some(etc) = &self.etc else { return Command::new(program) };
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /etc && exec \"$@\""]);
        command.arg(etc).arg(program);
        command
    }

    /// The client's program.
    pub fn client(&self) -> &Path {
        self.client.as_deref().unwrap()
    }

    pub fn project(&self) -> PathBuf {
        self.at("project")
    }

    pub fn data(&self) -> PathBuf {
        self.at("data")
    }

    /// Environment of every child: ours only, nothing inherited.
    pub fn env(&self) -> BTreeMap<String, String> {
        let mut path = std::env::var("PATH").unwrap_or_default();
        if let Some(folder) = self.client.as_deref().and_then(Path::parent) {
            path = format!("{}:{path}", folder.display());
        }
        let pairs = [
            ("HOME", self.at("home").display().to_string()),
            ("PATH", path),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
        ];
        let own = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
        own.chain(self.extra.clone()).collect()
    }

    /// Starts the dev host on the data folder.
    pub fn start(&mut self) {
        let mut command = self.command(&given("CLAWBUTLER_DEVHOST_BIN").unwrap());
        command.env_clear().envs(self.env()).env("CLAWBUTLER_HOOK_BIN", given("CLAWBUTLER_HOOK_BIN").unwrap());
        command.args(["--port", "0", "--home"]).arg(self.data());
        if let Some(dist) = std::env::var_os("CLAWBUTLER_UI_DIST") {
            command.arg("--ui").arg(dist);
        }
        let mut child = Owned(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let hello: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the dev host said {line:?}"));
        let port = hello["url"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        self.host = Some(Host { child, port, token: hello["token"].as_str().unwrap().to_owned() });
    }

    /// Kills the dev host the hard way.
    pub fn stop(&mut self) {
        self.host = None;
    }

    /// Asks the dev host to end in order.
    pub fn quit(&mut self) {
        if let Some(mut host) = self.host.take() {
            let pid = host.child.id().to_string();
            assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
            wait_for("the dev host to end", || host.child.try_wait().unwrap());
        }
    }

    /// Acts as the user.
    pub fn ask<C: Ask>(&self, request: &C) -> Result<C::Reply, ApiError> {
        let host = self.host.as_ref().unwrap();
        let bearer = format!("Bearer {}", host.token);
        let body = serde_json::to_string(request).unwrap();
        let reply =
            http::send(host.port, "POST", &format!("/ipc/{}", C::NAME), &[("authorization", &bearer)], &body).unwrap();
        if reply.status == 200 {
            Ok(serde_json::from_str(&reply.body).unwrap())
        } else {
            Err(serde_json::from_str(&reply.body).unwrap())
        }
    }

    /// The home's id.
    pub fn home_id(&self) -> String {
        self.home_id_of(self.governed)
    }

    fn home_id_of(&self, folder: &str) -> String {
        let path = self.at(folder).display().to_string();
        let found = self.ask(&Discover {}).unwrap();
        found.homes.into_iter().find(|home| home.path == path).unwrap().id
    }

    /// Installs the guard as a user does: plan, then consent to that plan.
    pub fn install_guard(&self) {
        self.install_guard_in(self.governed);
    }

    /// The same for another home.
    pub fn install_guard_in(&self, folder: &str) {
        let home_id = self.home_id_of(folder);
        let plan = self
            .ask(&PlanGuard { home_id: home_id.clone(), ..serde_json::from_value(json!({"home_id": ""})).unwrap() })
            .unwrap();
        assert!(plan.changes);
        self.ask(&InstallGuard { home_id, variant: Default::default(), plan_digest: plan.plan_digest }).unwrap();
    }

    /// The approvals that wait.
    pub fn pending(&self) -> ApprovalList {
        self.ask(&ListApprovals { which: Which::Pending, limit: None }).unwrap()
    }

    /// Waits for one approval.
    #[track_caller]
    pub fn wait_pending(&self) -> ApprovalView {
        wait_for("an approval", || self.pending().items.into_iter().next())
    }

    /// Decides as the user.
    pub fn decide(&self, seen: &ApprovalView, verb: &str, reason: Option<&str>) -> Result<ApprovalView, ApiError> {
        self.ask::<DecideApproval>(
            &serde_json::from_value(json!({
                "id": seen.id, "revision": seen.revision, "seen_digest": seen.seen_digest, "verb": verb, "reason": reason,
            }))
            .unwrap(),
        )
    }

    /// Starts `claude -p` in the project.
    pub fn claude(&self, prompt: &str, args: &[&str]) -> Running {
        Running(self.claude_command(&[args, &["-p", prompt]].concat()).spawn().unwrap())
    }

    /// Runs the client's own command line on the machine's home; gives what it said.
    pub fn claude_cli(&self, args: &[&str]) -> String {
        let run = self.claude_command(args).output().unwrap();
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&run.stderr));
        said
    }

    fn claude_command(&self, args: &[&str]) -> Command {
        let mut command = self.command(self.client());
        command.env_clear().envs(self.env()).envs(self.claude_env()).args(args).current_dir(self.project());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// What makes the client talk to the loopback model and to nothing else.
    pub fn claude_env(&self) -> Vec<(&'static str, String)> {
        let mut env = vec![
            ("ANTHROPIC_BASE_URL", format!("http://127.0.0.1:{}", self.model.port)),
            ("ANTHROPIC_API_KEY", "sk-loopback-0000000000000000".to_owned()),
        ];
        for name in [
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
            "DISABLE_TELEMETRY",
            "DISABLE_ERROR_REPORTING",
            "DISABLE_AUTOUPDATER",
            "DISABLE_UPDATES",
            "IS_SANDBOX",
        ] {
            env.push((name, "1".to_owned()));
        }
        env
    }

    /// All transcripts of the home, joined.
    pub fn transcripts(&self) -> String {
        let mut text = String::new();
        let mut folders = vec![self.at(self.governed).join("projects")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    text.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
                }
            }
        }
        text
    }

    /// The exported log, verified by our own CLI and by the verifier in another language.
    pub fn ledger(&self) -> Vec<Value> {
        let cli = given("CLAWBUTLER_CLI_BIN").unwrap();
        let run = |args: &[&str]| Command::new(&cli).arg("--home").arg(self.data()).args(args).output().unwrap();
        let verified = run(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        let export = run(&["audit", "export", "--format", "jsonl"]);
        assert!(export.status.success());
        let file = self.at("export.jsonl");
        fs::write(&file, &export.stdout).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/verify.py");
        let checked = Command::new("python3").arg(script).arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&checked.stdout);
        // The export has no checkpoint with it, so its end is not proven: status 3. The first verifier had them.
        let doubts: Vec<&str> = said.lines().skip(1).filter(|line| !line.trim().is_empty()).collect();
        let only_the_end = doubts.len() == 1 && doubts[0].starts_with("END NOT PROVEN");
        assert!(checked.status.code() == Some(3) && only_the_end, "{said}");
        let text = String::from_utf8(export.stdout).unwrap();
        // The payload stands beside the entry; here it is a part of it.
        let entry = |line: &str| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let data = line["data"].take();
            line["entry"]["data"] = data;
            line["entry"].take()
        };
        text.lines().map(entry).collect()
    }

    /// Kinds of the entries about tool calls, in order.
    pub fn kinds(&self) -> Vec<String> {
        let about = ["action.", "approval.", "decision.", "grant.", "offline.", "tampering.", "guard."];
        let ledger = self.ledger();
        let kinds = ledger.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned());
        kinds.filter(|kind| about.iter().any(|start| kind.starts_with(start))).collect()
    }
}

/// A client under way.
#[derive(Debug)]
pub struct Running(pub Child);

impl Running {
    /// Waits for its end, within bounds.
    pub fn finish(mut self) -> Output {
        let start = Instant::now();
        while self.0.try_wait().unwrap().is_none() {
            if start.elapsed() > RUN {
                let _ = self.0.kill();
                panic!("the client did not end");
            }
            thread::sleep(Duration::from_millis(50));
        }
        self.0.wait_with_output().unwrap()
    }
}

/// Looks until it is there, within bounds.
#[track_caller]
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < SOON, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
