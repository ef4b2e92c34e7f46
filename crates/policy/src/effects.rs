//! What actions other than shell text would do: files, patches, network, messages, tools of servers.

use clawbutler_core::action::Action;
use clawbutler_core::action::{Change, Dialect, Effect, FilePatch, PatchOp};
use clawbutler_core::grant::host_of;
use clawbutler_core::risk::RiskLevel::{High, Low, Medium};
use clawbutler_core::risk::{Assessment, RiskLevel, Signal};

use crate::Surroundings;
use crate::assess::{network_signals, read_signals, signal, write_signals};
use crate::looked::{How, Looked, Touch};
use crate::shell::{self, Seen};
use crate::windows::Place;
use crate::{mcp, paths, windows};

/// A look at one action in progress.
struct Look<'a> {
    action: &'a Action,
    around: &'a Surroundings,
    seen: Seen,
}

/// Looks at an action: what it would do, before any rule is asked.
pub fn look(action: &Action, around: &Surroundings) -> Looked {
    let places = [Some(&action.cwd), action.project.as_ref(), Some(&around.home), Some(&around.data_dir)];
    if !places.into_iter().flatten().any(|place| paths::foreign(place)) {
        return look_at(action, around);
    }
    let mut action = action.clone();
    let mut around = around.clone();
    for place in [Some(&mut action.cwd), action.project.as_mut(), Some(&mut around.home), Some(&mut around.data_dir)] {
        if let Some(place) = place.filter(|place| paths::foreign(place)) {
            *place = paths::absolute(place, "", "");
        }
    }
    for own in around.guarded.iter_mut().filter(|own| paths::foreign(own)) {
        *own = paths::absolute(own, "", "");
    }
    look_at(&action, &around)
}

/// The same with every place in the one spelling that paths are classed in.
fn look_at(action: &Action, around: &Surroundings) -> Looked {
    let mut look = Look { action, around, seen: Seen::default() };
    let calm = look.effect();
    let Seen { signals, mut parts, touches, hosts } = look.seen;
    let (assessment, moved) = Assessment::traced(signals, calm);
    for part in &mut parts {
        part.signals = part.signals.iter().filter_map(|at| moved.get(*at).copied()).collect();
        part.signals.sort_unstable();
        part.signals.dedup();
    }
    Looked { assessment, parts, touches, hosts }
}

impl Look<'_> {
    fn say(&mut self, name: &str, level: RiskLevel, says: impl Into<String>, part: Option<&str>) {
        self.seen.signals.push(signal(name, level, says, part));
    }

    /// Adds the signals of an effect; what to say when there are none.
    #[expect(clippy::too_many_lines, reason = "one arm a case, each short")]
    fn effect(&mut self) -> &'static str {
        let action = self.action;
        match &action.effect {
            Effect::Shell { command, dialect, .. } => {
                self.shell(command, *dialect);
                "Reads or changes what is easily undone"
            }
            Effect::FileRead { path } => {
                self.read(path);
                "Reads files"
            }
            Effect::FileWrite { path, change } => {
                self.write(path, change);
                "Changes a file in the project"
            }
            Effect::FileDelete { paths } => {
                for path in paths {
                    self.delete(path);
                }
                "Deletes what can be made again"
            }
            Effect::Patch { files } => {
                for file in files {
                    self.patched(file);
                }
                "Changes files in the project"
            }
            Effect::Network { url, method } => {
                self.network(url, method.as_deref());
                "Fetches a page"
            }
            Effect::Mcp { server, tool, arguments } => {
                let seen = mcp::look(server, tool, arguments, self.action, self.around);
                self.merge(seen);
                "Reads from a tool of a server"
            }
            Effect::AgentSpawn { agent, prompt } => {
                self.asked_of_another(prompt);
                let says = format!("Starts another agent ({agent}), whose calls are asked about in turn");
                self.say("agent_spawn", Medium, says, None);
                ""
            }
            Effect::Code { language, text } => {
                let seen = shell::program(language, text, &action.cwd, action.project(), self.around);
                self.merge(seen);
                self.say("inline_code", Medium, format!("Runs a {language} program"), None);
                ""
            }
            Effect::TerminalInput { text, .. } => {
                self.typed(text);
                ""
            }
            Effect::ConfigChange { what, .. } => {
                self.say(
                    "agent_config_write",
                    High,
                    format!("Changes {what}, which says what agents may do"),
                    Some(what),
                );
                ""
            }
            Effect::Schedule { change, what } => {
                self.say("schedule", High, format!("Changes what runs by itself later ({change})"), Some(what));
                ""
            }
            Effect::Message { channel, to, .. } => {
                let to = if to.is_empty() { "somebody" } else { to };
                self.say("message", High, format!("Sends a message to {to} by {channel}"), None);
                ""
            }
            Effect::Account { operation, .. } => {
                self.say("money", High, format!("Acts on an account or moves money ({operation})"), Some(operation));
                ""
            }
            Effect::Internal { .. } => {
                self.say("internal", Low, "Touches nothing outside the conversation", None);
                ""
            }
            Effect::Other { .. } => {
                let says = format!("{} is a tool ClawButler does not know", action.tool);
                self.say("unknown_tool", High, says, None);
                ""
            }
        }
    }

    fn merge(&mut self, seen: Seen) {
        let offset = self.seen.signals.len();
        self.seen.signals.extend(seen.signals);
        self.seen.parts.extend(seen.parts.into_iter().map(|mut part| {
            part.signals.iter_mut().for_each(|at| *at += offset);
            part
        }));
        self.seen.touches.extend(seen.touches);
        self.seen.hosts.extend(seen.hosts);
    }

    fn shell(&mut self, command: &str, dialect: Dialect) {
        let (cwd, project) = (self.action.cwd.as_str(), self.action.project());
        let seen = match dialect {
            Dialect::Posix => shell::look(command, cwd, project, self.around),
            Dialect::Powershell | Dialect::Cmd => {
                windows::seen(dialect, command, Place { cwd, project, depth: 0 }, self.around)
            }
        };
        self.merge(seen);
    }

    /// What is typed into something that runs: a shell or not, it may be one.
    fn typed(&mut self, text: &str) {
        let (cwd, project, around) = (self.action.cwd.as_str(), self.action.project(), self.around);
        let whole = as_typed(text);
        let line = whole.trim_start_matches([':', '!']);
        let seen = shell::look(line, cwd, project, around);
        let evaluates = line.starts_with("eval") || line.starts_with("$(") || line.starts_with('`');
        let serious =
            |one: &Signal| one.level >= High && one.name != "not_parsed" && (evaluates || one.name != "hidden_program");
        if seen.signals.iter().any(serious) {
            self.merge(seen);
        } else if line.contains('(') {
            // It may be a prompt of another language; each is tried, and only what is sure counts.
            for language in ["python", "node", "ruby"] {
                let seen = shell::program(language, line, cwd, project, around);
                if seen
                    .signals
                    .iter()
                    .any(|one| one.level >= High && !matches!(one.name.as_str(), "not_parsed" | "hidden_program"))
                {
                    self.merge(seen);
                    break;
                }
            }
        }
        if shell::sql_level(line) >= High {
            self.say("database_destroys", High, "Types a statement that deletes data in a database", Some(line));
        }
        self.say("terminal_input", Medium, "Types into a program that is running already", None);
    }

    fn absolute(&self, path: &str) -> String {
        paths::absolute(path, &self.action.cwd, &self.around.home)
    }

    fn touch(&mut self, path: String, how: How) {
        let class = paths::class(&path, self.action.project(), self.around);
        self.seen.touches.push(Touch { path, how, class });
    }

    /// What another agent is told to do: its own calls are asked about, but some words say enough.
    fn asked_of_another(&mut self, prompt: &str) {
        let lower = prompt.to_lowercase();
        let words: Vec<&str> =
            lower.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty()).collect();
        let says = |list: &[&str]| words.iter().any(|word| list.contains(word));
        let against =
            says(&["uninstall", "remove", "disable", "delete", "kill", "stop", "bypass", "turn", "circumvent"]);
        if lower.contains("clawbutler") && against {
            self.say(
                crate::assess::OWN,
                RiskLevel::Critical,
                "Tells another agent to get rid of ClawButler",
                Some(prompt),
            );
        }
        let destroys = words.iter().take(2).any(|word| {
            matches!(
                *word,
                "delete"
                    | "destroy"
                    | "wipe"
                    | "drop"
                    | "purge"
                    | "erase"
                    | "force-push"
                    | "nuke"
                    | "terminate"
                    | "uninstall"
                    | "exfiltrate"
                    | "publish"
                    | "deploy"
            )
        });
        if destroys
            && says(&[
                "every", "all", "entire", "whole", "production", "prod", "--yes", "--force", "main", "everything",
                "remote",
            ])
        {
            self.say("agent_task", High, "Tells another agent to destroy or publish something", Some(prompt));
        }
    }

    fn read(&mut self, path: &str) {
        let path = self.absolute(path);
        if path.contains('*') && paths::could_be_secret(&path, self.around) {
            self.say("secret_read", High, "Reads files whose pattern fits files with secrets", Some(&path));
        }
        self.seen.signals.extend(read_signals(&path, self.action.project(), self.around));
        self.touch(path, How::Read);
    }

    fn write(&mut self, path: &str, change: &Change) {
        let path = self.absolute(path);
        self.seen.signals.extend(write_signals(&path, self.action.project(), self.around, "Changes"));
        if let Some(says) = runs_by_itself(&path, change) {
            self.say("startup_write", High, says, Some(&path));
        }
        self.touch(path, How::Write);
    }

    fn delete(&mut self, path: &str) {
        let quoted = format!("rm -r -- '{}'", path.replace('\'', "'\\''"));
        let seen = shell::look(&quoted, &self.action.cwd, self.action.project(), self.around);
        self.merge(Seen { parts: Vec::new(), ..seen });
        for one in &mut self.seen.signals {
            if one.part.as_deref() == Some(&format!("rm -r -- {path}")) {
                one.part = Some(path.to_owned());
            }
        }
    }

    fn patched(&mut self, file: &FilePatch) {
        match &file.op {
            PatchOp::Add | PatchOp::Update => self.write(&file.path, &file.change),
            PatchOp::Delete => {
                let quoted = format!("rm -- '{}'", file.path.replace('\'', "'\\''"));
                let seen = shell::look(&quoted, &self.action.cwd, self.action.project(), self.around);
                self.merge(Seen { parts: Vec::new(), ..seen });
            }
            PatchOp::Move { to } => {
                self.write(&file.path, &file.change);
                self.write(to, &file.change);
            }
        }
    }

    fn network(&mut self, url: &str, method: Option<&str>) {
        let host = host_of(url).unwrap_or_default();
        if method.is_some_and(|method| !matches!(method, "GET" | "HEAD" | "OPTIONS")) && !shell::is_local(&host) {
            self.say("upload", High, format!("Sends data to {host}"), Some(url));
        }
        if let Some(path) = url.strip_prefix("file://") {
            self.read(path);
        }
        self.seen.signals.extend(network_signals(url));
        self.seen.hosts.push(host);
    }
}

/// What stands on a line once its editing characters have done their work.
fn as_typed(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        match c {
            '\u{8}' | '\u{7f}' => drop(line.pop()),
            '\u{15}' => line.clear(),
            '\r' => line.push('\n'),
            c if c.is_control() && c != '\n' && c != '\t' => {}
            c => line.push(c),
        }
    }
    line.trim().to_owned()
}

/// Files of a project that start programs when it is opened, installed or built: what is put into them counts.
fn runs_by_itself(path: &str, change: &Change) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let texts: Vec<&str> = match change {
        Change::Content { text } => vec![text],
        Change::Edits { edits } => edits.iter().map(|edit| edit.new.as_str()).collect(),
    };
    let says = |word: &str| texts.iter().any(|text| text.contains(word));
    let fetches = (says("curl ") || says("wget ") || says("iwr "))
        && (says("| sh") || says("|sh") || says("| bash") || says("|bash") || says("| node") || says("| python"));
    match name {
        "package.json" if (says("\"postinstall\"") || says("\"preinstall\"") || says("\"prepare\"")) && fetches => {
            Some("Makes an installation run what it downloads".to_owned())
        }
        "devcontainer.json" | "Dockerfile" | "Makefile" => None,
        "setup.py" | "conftest.py" | "noxfile.py"
            if (says("os.system") || says("subprocess") || says("urlopen") || says("requests."))
                && (says(".ssh") || says(".aws") || says("environ") || says("curl ") || says("base64")) =>
        {
            Some("Makes an installation or a test run programs and reach secrets or the network".to_owned())
        }
        _ if path.contains("/.github/workflows/")
            && says("secrets.")
            && (says("pull_request_target") || says("curl ") || says("wget ") || says("| base64")) =>
        {
            Some("Makes automation of the code host hand secrets to strangers".to_owned())
        }
        _ => None,
    }
}
