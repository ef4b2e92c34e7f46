//! A command as one text, so that rules see and people read what runs: words quoted, and the folder and
//! the environment that the call asks for written out as the commands that have the same effect.

use clawbutler_core::action::{Dialect, Effect};
use serde_json::Value;

use crate::input::{Input, absolute, is_windows};

/// Folders whose shells are taken for what their names say.
const SHELL_FOLDERS: &[&str] = &["/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
const POSIX_SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "ash"];
const POWERSHELLS: &[&str] = &["pwsh", "pwsh.exe", "powershell", "powershell.exe"];
const COMMAND_SHELLS: &[&str] = &["cmd", "cmd.exe"];
/// Words that mean something else than a program where a command starts.
const RESERVED: &[&str] = &[
    "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "select", "function",
    "time", "coproc", "in",
];

/// A command on its way to being one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// The text.
    pub(crate) command: String,
    /// Its language.
    pub(crate) dialect: Dialect,
}

impl Run {
    /// Shell text as it is.
    pub(crate) fn text(command: impl Into<String>, dialect: Dialect) -> Self {
        Self { command: command.into(), dialect }
    }

    /// A program and its arguments: the text in it where it is a shell's, else every word quoted.
    pub(crate) fn words(words: &[String]) -> Option<Self> {
        let (program, rest) = words.split_first()?;
        let unpacked = match shell(program) {
            Some(Dialect::Posix) => match rest {
                [flags, text] if ["-c", "-lc", "-cl"].contains(&flags.as_str()) => Some(text.clone()),
                [login, flags, text] if login == "-l" && flags == "-c" => Some(text.clone()),
                _ => None,
            },
            Some(Dialect::Powershell) => {
                let at = rest.iter().position(|word| is_option(word, &["-command", "-c"]));
                let quiet = |word: &String| is_option(word, &["-noprofile", "-noninteractive", "-nologo"]);
                at.filter(|at| rest[..*at].iter().all(quiet)).map(|at| rest[at + 1..].join(" "))
            }
            Some(Dialect::Cmd) => match rest {
                [flag, rest @ ..] if is_option(flag, &["/c"]) => Some(rest.join(" ")),
                _ => None,
            },
            None => None,
        };
        match (shell(program), unpacked) {
            (Some(dialect), Some(command)) => Some(Self { command, dialect }),
            (dialect, _) => Some(Self { command: join(words), dialect: dialect.unwrap_or_default() }),
        }
    }

    /// The same text, run by a shell that the call names.
    pub(crate) fn by_shell(self, program: &str) -> Self {
        match shell(program) {
            Some(dialect) => Self { dialect, ..self },
            // What an unknown program makes of the text cannot be told; that it gets it can.
            None => Self::text(join(&[program.to_owned(), "-c".to_owned(), self.command]), Dialect::Posix),
        }
    }

    /// Runs in this folder; nothing changes where it is the working folder.
    pub(crate) fn inside(mut self, cwd: &str, folder: Option<&str>) -> Self {
        let Some(folder) = folder.filter(|folder| !folder.is_empty()) else { return self };
        let folder = absolute(cwd, folder);
        if folder != absolute(cwd, ".") && folder != cwd {
            let step = match self.dialect {
                Dialect::Posix => format!("cd {}\n", quote_path(&folder)),
                Dialect::Powershell => format!("Set-Location -LiteralPath {}\n", quote_powershell(&folder)),
                Dialect::Cmd => format!("cd /d \"{folder}\"\r\n"),
            };
            self.command.insert_str(0, &step);
        }
        self
    }

    /// With these variables set; `None` where they cannot be written out.
    pub(crate) fn with_env(mut self, env: Option<&Value>) -> Option<Self> {
        let Some(env) = env else { return Some(self) };
        let mut steps = String::new();
        for (name, value) in env.as_object()? {
            let value = value.as_str()?;
            let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(good) {
                return None;
            }
            match self.dialect {
                Dialect::Posix => steps.push_str(&format!("export {name}={}\n", quote(value))),
                Dialect::Powershell => steps.push_str(&format!("$env:{name} = {}\n", quote_powershell(value))),
                Dialect::Cmd => return None,
            }
        }
        self.command.insert_str(0, &steps);
        Some(self)
    }

    /// As an effect.
    pub(crate) fn effect(self, description: Option<String>) -> Effect {
        Effect::Shell { command: self.command, dialect: self.dialect, description }
    }
}

/// `command` (a text or words), its folder under one of these names, and `env`.
pub(crate) fn run(input: &Input<'_>, command: &str, folder: &[&str], dialect: Dialect) -> Option<Run> {
    let run = match input.get(command)? {
        Value::String(text) => Run::text(text, dialect),
        Value::Array(_) => Run::words(&input.texts(command)?)?,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
    };
    let run = match input.maybe("shell")? {
        Some(shell) if !shell.is_empty() => run.by_shell(&shell),
        _ => run,
    };
    let inside = if input.lacks(folder) { None } else { Some(input.any(folder)?) };
    Some(run.with_env(input.get("env"))?.inside(input.cwd(), inside.as_deref()))
}

/// What a shell whose program is not named runs on the machine that this folder is on.
pub(crate) fn dialect_at(cwd: &str) -> Dialect {
    if is_windows(cwd) { Dialect::Powershell } else { Dialect::Posix }
}

fn is_option(word: &str, options: &[&str]) -> bool {
    options.contains(&word.to_ascii_lowercase().as_str())
}

/// The language of a shell program that is where shells are.
fn shell(program: &str) -> Option<Dialect> {
    let lower = program.to_ascii_lowercase();
    let (folder, name) = match program.rsplit_once('/') {
        Some((folder, name)) => (Some(folder), name),
        None => (None, program),
    };
    if folder.is_none_or(|folder| SHELL_FOLDERS.contains(&folder)) && POSIX_SHELLS.contains(&name) {
        return Some(Dialect::Posix);
    }
    let name = lower.rsplit(['/', '\\']).next().unwrap_or_default();
    if POWERSHELLS.contains(&name) {
        Some(Dialect::Powershell)
    } else if COMMAND_SHELLS.contains(&name) {
        Some(Dialect::Cmd)
    } else {
        None
    }
}

/// Words as a shell text that gives the same words back.
pub(crate) fn join(words: &[String]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        let special = at == 0 && (word.contains('=') || RESERVED.contains(&word.as_str()));
        text.push_str(&if special { quote_always(word) } else { quote(word) });
    }
    text
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { quote_always(word) }
}

fn quote_always(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Leaves a leading `~` to the shell: what some runtimes expand is read as if all did.
fn quote_path(path: &str) -> String {
    if !path.starts_with('~') {
        return if path.starts_with('-') { quote(&format!("./{path}")) } else { quote(path) };
    }
    let (head, rest) = path.split_once('/').unwrap_or((path, ""));
    let name = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if !head[1..].chars().all(name) {
        return quote_always(path);
    }
    if rest.is_empty() { head.to_owned() } else { format!("{head}/{}", quote(rest)) }
}

fn quote_powershell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Option<Run> {
        Run::words(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn words_become_the_text_that_runs() {
        let posix = |text: &str| Some(Run::text(text, Dialect::Posix));
        let power = |text: &str| Some(Run::text(text, Dialect::Powershell));
        for (given, expected) in [
            (&["bash", "-lc", "ls | wc"][..], posix("ls | wc")),
            (&["/bin/sh", "-c", "ls"], posix("ls")),
            (&["zsh", "-l", "-c", "ls"], posix("ls")),
            (&["/tmp/bash", "-lc", "ls -a"], posix("/tmp/bash -lc 'ls -a'")),
            (&["bash", "-c", "echo $0", "x"], posix("bash -c 'echo $0' x")),
            (&["bash", "-s"], posix("bash -s")),
            (&["git", "commit", "-m", "it's"], posix("git commit -m 'it'\\''s'")),
            (&["A=1", "x"], posix("'A=1' x")),
            (&["if", "~", ""], posix("'if' '~' ''")),
            (&["powershell.exe", "-NoProfile", "-Command", "Get-Item", "x"], power("Get-Item x")),
            (&["pwsh", "-EncodedCommand", "AAA"], power("pwsh -EncodedCommand AAA")),
            (&["cmd.exe", "/C", "dir", "x"], Some(Run::text("dir x", Dialect::Cmd))),
            (&[], None),
        ] {
            assert_eq!(words(given), expected, "{given:?}");
        }
    }

    #[test]
    fn folder_shell_and_environment_are_written_out() {
        let run = || Run::text("ls", Dialect::Posix);
        let text = |run: Run| run.command;
        assert_eq!(text(run().inside("/p", Some("/p/"))), "ls");
        assert_eq!(text(run().inside("/p", Some("."))), "ls");
        assert_eq!(text(run().inside("/p", None)), "ls");
        assert_eq!(text(run().inside("/p", Some("../a b"))), "cd '/a b'\nls");
        assert_eq!(text(run().inside("/p", Some("~/a b"))), "cd ~/'a b'\nls");
        assert_eq!(text(run().inside("/p", Some("~$(id)/a"))), "cd '~$(id)/a'\nls");
        assert_eq!(
            text(Run::text("dir", Dialect::Powershell).inside("", Some("C:\\it's"))),
            "Set-Location -LiteralPath 'C:\\it''s'\ndir"
        );
        assert_eq!(text(run().by_shell("fish")), "fish -c ls");
        assert_eq!(run().by_shell("/usr/bin/pwsh"), Run::text("ls", Dialect::Powershell));
        let env = serde_json::json!({"A": "1 2", "LD_PRELOAD": "x.so"});
        assert_eq!(run().with_env(Some(&env)).map(text), Some("export A='1 2'\nexport LD_PRELOAD=x.so\nls".to_owned()));
        for bad in [serde_json::json!({"A": 1}), serde_json::json!({"A;id": "1"}), serde_json::json!(["A"])] {
            assert_eq!(run().with_env(Some(&bad)), None);
        }
    }
}
