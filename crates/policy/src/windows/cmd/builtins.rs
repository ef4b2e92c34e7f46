//! Commands that `cmd` has built in.

use clawbutler_core::risk::RiskLevel::Medium;

use super::super::judge::delete::{self, Manner};
use super::super::judge::{environment, files, programs};
use super::super::look::{Look, Target};
use super::super::value::{HOLE, Value};
use super::run::is_nothing;

const BUILTINS: &[&str] = &[
    "assoc", "break", "call", "cd", "chdir", "cls", "color", "copy", "date", "del", "dir", "echo", "endlocal", "erase",
    "exit", "ftype", "goto", "md", "mkdir", "mklink", "move", "path", "pause", "popd", "prompt", "pushd", "rd", "rem",
    "ren", "rename", "rmdir", "set", "setlocal", "shift", "start", "time", "title", "type", "ver", "verify", "vol",
];
/// Programs that are started with a switch tied to their names.
const SWITCHED: &[&str] = &[
    "cmd", "cmd.exe", "powershell", "powershell.exe", "pwsh", "format", "format.com", "shutdown", "taskkill", "cipher",
    "diskpart", "reg", "schtasks",
];
/// Builtins that do nothing that matters here.
const CALM: &[&str] = &[
    "break", "cls", "color", "date", "endlocal", "exit", "goto", "pause", "prompt", "rem", "shift", "time", "title",
    "ver", "verify", "vol", "popd",
];

/// The command's name without quotes, and what follows it.
pub(super) fn head(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '=' | '@'));
    let (mut quoted, mut end) = (false, text.len());
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        if !quoted && (c.is_whitespace() || matches!(c, ',' | ';' | '=')) {
            end = at;
            break;
        }
    }
    let (word, rest) = text.split_at(end);
    let name = word.replace('"', "");
    if name.is_empty() {
        return None;
    }
    // `del/s`, `cd..`, `echo.`: what follows the letters of a builtin is an argument.
    let letters = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
    let (start, attached) = text.split_at(letters.min(text.len()));
    let lower = start.to_ascii_lowercase();
    let dotted = attached.starts_with('.') && matches!(lower.as_str(), "echo" | "cd" | "chdir" | "dir");
    let tied = attached.starts_with(['/', '\\', ':', '+', '(', '[', '%', '!']) && letters < word.len();
    if BUILTINS.contains(&lower.as_str()) && (dotted || tied) {
        return Some((lower, attached));
    }
    // So it is for programs whose name stands right before a slash: `cmd/c`.
    if let Some(slash) = word.find('/')
        && SWITCHED.contains(&word[..slash].replace('"', "").to_lowercase().as_str())
    {
        return Some((word[..slash].replace('"', ""), &text[slash..]));
    }
    Some((name, rest))
}

/// Words of a builtin's arguments, without quotes; switches written together are taken apart.
pub(super) fn words(text: &str) -> Vec<String> {
    let (mut out, mut word, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        if !quoted && (c.is_whitespace() || matches!(c, ',' | ';' | '=')) {
            if any {
                out.push(std::mem::take(&mut word));
            }
            any = false;
        } else if c == '/' && !quoted && word.starts_with('/') {
            out.push(std::mem::take(&mut word));
            word.push(c);
        } else if c == '"' {
            quoted = !quoted;
            any = true;
        } else {
            word.push(c);
            any = true;
        }
    }
    if any {
        out.push(word);
    }
    out
}

impl Look<'_> {
    /// Judges a builtin; `None` when it is none.
    pub(super) fn builtin(&mut self, name: &str, rest: &str, input: &Value, part: &str) -> Option<Value> {
        if !BUILTINS.contains(&name) || matches!(name, "mklink" | "assoc" | "ftype") {
            return None;
        }
        let all = words(rest);
        let switches: Vec<String> =
            all.iter().filter(|word| word.starts_with('/')).map(|word| word.to_lowercase()).collect();
        let names: Vec<String> = all.iter().filter(|word| !word.starts_with('/')).cloned().collect();
        let has = |switch: &str| switches.iter().any(|word| word == switch);
        if !matches!(name, "call" | "start") {
            self.note(name, all.iter().cloned());
        }
        Some(match name {
            "echo" => {
                let text = rest.trim_start_matches(['.', ':', '(', '/', ' ']);
                let quiet = matches!(text.to_ascii_lowercase().as_str(), "on" | "off" | "");
                if quiet { Value::nothing() } else { Value::text(text) }
            }
            "set" => self.set_variable(rest, part),
            "setlocal" => {
                self.delayed |= rest.to_ascii_lowercase().contains("enabledelayedexpansion");
                Value::nothing()
            }
            "path" => {
                if !rest.trim().is_empty() {
                    environment::set(self, "PATH", &Value::text(rest.trim()));
                }
                Value::nothing()
            }
            "del" | "erase" => {
                self.deletes(&names, has("/s"), has("/q"), part);
                Value::nothing()
            }
            "rd" | "rmdir" => {
                for name in &names {
                    delete::one(self, name, Manner { recursive: has("/s"), some: false, part });
                }
                Value::nothing()
            }
            "copy" | "move" | "ren" | "rename" => {
                self.copies(name, &names, part);
                Value::nothing()
            }
            "md" | "mkdir" => {
                for name in &names {
                    self.wrote_one(name, "Makes");
                    self.written.pop();
                }
                Value::nothing()
            }
            "type" => {
                let mut from = super::super::value::Origin::default();
                for name in &names {
                    self.read_one(name);
                    from.download |= self.made_here(name) == Some("download");
                }
                Value::unknown().and_from(from)
            }
            "cd" | "chdir" | "pushd" => {
                let place = rest.trim().trim_start_matches("/d").trim_start_matches("/D").trim().trim_matches('"');
                if !place.is_empty() {
                    environment::go(self, &Value::text(place));
                }
                Value::nothing()
            }
            "popd" => {
                self.cwd = None;
                Value::nothing()
            }
            "dir" => Value::unknown(),
            "start" => self.step(|look| look.starts(rest, part)).unwrap_or_default(),
            "call" => self.calls(rest, input),
            _ if CALM.contains(&name) => Value::nothing(),
            _ => Value::unknown(),
        })
    }

    fn set_variable(&mut self, rest: &str, part: &str) -> Value {
        let rest = rest.trim();
        let lower = rest.to_ascii_lowercase();
        if let Some(body) = lower.strip_prefix("/a").or_else(|| lower.strip_prefix("/p")) {
            for piece in body.split([',', '&']) {
                let name = piece.split('=').next().unwrap_or_default();
                let name = name.trim_matches(|c: char| c.is_whitespace() || "\"+-*/%^|".contains(c));
                self.set(&format!("env:{name}"), Value::unknown());
            }
            return Value::nothing();
        }
        let body = rest.strip_prefix('"').map_or(rest, |inner| inner.rfind('"').map_or(inner, |end| &inner[..end]));
        match body.split_once('=') {
            Some((name, value)) => {
                let value = Value::text(value);
                environment::set(self, name, &value);
                self.set(&format!("env:{}", name.to_lowercase()), value);
            }
            None => {
                let tells = ["", "path", "user", "temp", "computername", "os", "processor", "node", "java", "home"];
                if rest.is_empty() || !tells.iter().any(|start| !start.is_empty() && lower.starts_with(start)) {
                    self.shows_environment(part);
                }
            }
        }
        Value::unknown()
    }

    fn deletes(&mut self, names: &[String], recursive: bool, quiet: bool, part: &str) {
        for name in names {
            let last = name.rsplit(['\\', '/']).next().unwrap_or_default();
            // Of a folder, every file in it is deleted.
            let folder = quiet && !last.contains(['.', '*', '?']) && !last.is_empty();
            let whole = folder && !matches!(self.target(name), Target::Unknown | Target::Partly(_));
            let before = self.found.signals.len();
            delete::one(self, name, Manner { recursive, some: false, part });
            let calm = self.found.signals[before..].iter().all(|one| one.name == "delete_one");
            if whole && calm {
                delete::one(self, &format!("{name}\\*"), Manner { recursive, some: false, part });
            }
        }
        if names.iter().any(|name| name.contains(HOLE)) && names.len() > 50 {
            self.tell("delete_one", Medium, "Deletes many files", part);
        }
    }

    fn copies(&mut self, name: &str, names: &[String], part: &str) {
        let [from @ .., to] = names else { return };
        if from.is_empty() {
            return self.read_one(to);
        }
        let sources: Vec<Value> = from.iter().flat_map(|one| one.split('+')).map(Value::text).collect();
        let from = Value::of(sources);
        if name != "copy" {
            files::moved(self, &from, part);
        }
        self.read(&from);
        let to = match (name, Look::names(&from).first().and_then(|first| first.rsplit_once(['\\', '/']))) {
            ("ren" | "rename", Some((folder, _))) => format!("{folder}\\{to}"),
            _ => to.clone(),
        };
        self.wrote_one(&to, "Writes to");
        files::carries(self, &from, &Value::text(to.as_str()));
        for written in Look::names(&from) {
            let last = written.rsplit(['\\', '/']).next().unwrap_or_default();
            let inner = format!("{to}\\{last}");
            if self.made_here(&written) == Some("download") {
                self.fetches_into(&inner);
            }
            if let Target::File(path) = self.target(&inner)
                && matches!(self.class(&path), crate::looked::Class::Own | crate::looked::Class::AgentConfig)
            {
                self.wrote_one(&inner, "Writes to");
            }
        }
    }

    /// `start ["title"] [switches] program arguments`.
    fn starts(&mut self, rest: &str, part: &str) -> Value {
        let mut words = programs::split(rest);
        if rest.trim_start().starts_with('"') && words.len() > 1 {
            words.remove(0);
        }
        let outer = self.cwd.clone();
        while let Some(first) = words.first().filter(|word| word.starts_with('/')).cloned() {
            words.remove(0);
            let lower = first.to_ascii_lowercase();
            if lower == "/d" && !words.is_empty() {
                let place = words.remove(0);
                environment::go(self, &Value::text(place));
            } else if matches!(lower.as_str(), "/affinity" | "/node") && !words.is_empty() {
                words.remove(0);
            }
        }
        let Some((head, args)) = words.split_first() else { return Value::nothing() };
        let out = if head.contains("://") {
            self.talks(head);
            Value::unknown()
        } else if head == "cmd" || programs::base(head) == "cmd" {
            let args: Vec<Value> = args.iter().map(Value::text).collect();
            self.by("start", |look| programs::program(look, &Value::text("cmd"), &args, &Value::nothing(), part))
        } else {
            let line = std::iter::once(head).chain(args).map(|word| requoted(word)).collect::<Vec<_>>().join(" ");
            self.by("start", |look| look.simple_command(&line, &Value::nothing()))
        };
        self.cwd = outer;
        out
    }

    /// `call :label`, `call command`: variables are expanded once more.
    fn calls(&mut self, rest: &str, input: &Value) -> Value {
        let rest = rest.trim();
        if rest.starts_with(':') || rest.is_empty() || !is_nothing(input) && rest.starts_with('(') {
            return Value::nothing();
        }
        let text = self.percent(&rest.replace("^^", "^"));
        let text = self.late(&text);
        self.step(|look| look.by("call", |look| look.simple_command(&text, input))).unwrap_or_default()
    }
}

fn requoted(word: &str) -> String {
    if word.contains(char::is_whitespace) { format!("\"{word}\"") } else { word.to_owned() }
}
