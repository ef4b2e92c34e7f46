//! PowerShell and the command interpreter of Windows: parsed, followed, and judged by what would run.
//!
//! Start reading at [`powershell::look`] and [`cmd::look`]; both walk their text with a [`look::Look`] and
//! share `judge`. Programs that exist everywhere (git, npm, docker…) are handed to the POSIX side as
//! [`Native`] commands and judged there.

pub(crate) mod cmd;
mod judge;
mod look;
mod places;
pub(crate) mod powershell;
#[cfg(test)]
mod tests;
mod value;

use std::panic::{AssertUnwindSafe, catch_unwind};

use clawbutler_core::action::Dialect;
use clawbutler_core::risk::RiskLevel::{self, Critical};
use clawbutler_core::risk::Signal;

use clawbutler_core::limits::SHELL_DEPTH;

use crate::Surroundings;
use crate::assess::signal;
use crate::looked::{Part, Touch};
use crate::shell;
use value::Value;

/// One command met, canonical: aliases resolved, parameter names written out.
#[derive(Debug, Default)]
pub(crate) struct WinCommand {
    /// `Remove-Item`.
    pub(crate) name: String,
    /// Parameters by their full names where they are known; a switch has no value.
    pub(crate) params: Vec<(String, Option<Value>)>,
    /// Arguments by position.
    pub(crate) args: Vec<Value>,
    /// What is piped into it.
    pub(crate) input: Value,
    /// Verbatim.
    pub(crate) text: String,
    /// Some of its parameters are only known when it runs.
    pub(crate) opaque: bool,
}

/// A program that exists outside Windows as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Native {
    /// Program and arguments; `None`: only known when it runs.
    pub(crate) argv: Vec<Option<String>>,
    /// Where it starts, absolute; `None`: only known when it runs.
    pub(crate) cwd: Option<String>,
    /// How the line comes to it, outermost first.
    pub(crate) via: Vec<String>,
}

/// What a text would do.
#[derive(Debug, Default)]
pub(crate) struct WinLook {
    pub(crate) signals: Vec<Signal>,
    /// Positions in `signals` are those before sorting.
    pub(crate) parts: Vec<Part>,
    pub(crate) touches: Vec<Touch>,
    pub(crate) hosts: Vec<String>,
    /// Texts for a POSIX shell (`wsl …`), to be judged by that side.
    pub(crate) posix: Vec<String>,
    /// Programs to be judged by the POSIX side.
    pub(crate) native: Vec<Native>,
}

/// Text of programs that one look hands to the POSIX side (bytes), and the cost of each on top of it.
const HANDED_OVER: usize = 256 * 1024;
/// See [`HANDED_OVER`].
const HANDING: usize = 256;

/// Where a text runs, and how deep inside others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) cwd: &'a str,
    pub(crate) project: &'a str,
    pub(crate) depth: usize,
}

/// Looks at a text of Windows and lets the POSIX side judge what belongs there.
pub(crate) fn look(dialect: Dialect, text: &str, place: Place<'_>, around: &Surroundings) -> WinLook {
    let Place { cwd, project, depth } = place;
    if depth > SHELL_DEPTH {
        let signals = vec![shell::not_parsed("is nested too deeply to be understood")];
        return WinLook { signals, ..WinLook::default() };
    }
    let around = places::slashed(around);
    let look = || match dialect {
        Dialect::Cmd => cmd::look(text, cwd, project, &around),
        Dialect::Powershell | Dialect::Posix => powershell::look(text, cwd, project, &around),
    };
    // Whatever an agent writes must not take the engine down with it.
    let mut found = catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| WinLook {
        signals: vec![shell::not_parsed("could not be taken apart")],
        ..WinLook::default()
    });
    let (cwd, project) = (crate::paths::absolute(cwd, "", ""), crate::paths::absolute(project, "", ""));
    // What is judged on the other side again and again must not cost without end.
    let mut left = HANDED_OVER;
    for native in std::mem::take(&mut found.native) {
        let bytes: usize = native.argv.iter().flatten().map(|word| word.len() + 1).sum();
        let Some(rest) = left.checked_sub(bytes + HANDING) else {
            found.signals.push(shell::not_parsed("takes too much effort to be understood"));
            break;
        };
        left = rest;
        judge_native(&mut found, &native, &project, depth, &around);
    }
    for text in std::mem::take(&mut found.posix) {
        let place = Place { cwd: &cwd, project: &project, depth };
        judge_posix(&mut found, &text, place, &["wsl".to_owned()], &around);
    }
    leaks(&mut found);
    found
}

/// Lets the POSIX side judge a program.
fn judge_native(found: &mut WinLook, native: &Native, project: &str, depth: usize, around: &Surroundings) {
    let words: Vec<String> = native
        .argv
        .iter()
        .map(|arg| arg.as_ref().map_or_else(|| "\"$UNKNOWN\"".to_owned(), |arg| quoted(arg)))
        .collect();
    let cwd = native.cwd.as_deref().unwrap_or("/…");
    judge_posix(found, &words.join(" "), Place { cwd, project, depth }, &native.via, around);
}

/// [`look`], as the POSIX side and the effects take it.
pub(crate) fn seen(dialect: Dialect, text: &str, place: Place<'_>, around: &Surroundings) -> shell::Seen {
    let mut found = look(dialect, text, place, around);
    let lower = text.to_ascii_lowercase();
    let lists = ["get-childitem env:", "gci env:", "dir env:", "ls env:", "get-item env:", "gi env:"]
        .iter()
        .any(|words| lower.contains(words));
    if lists && ["token", "secret", "key", "pass", "cred"].iter().any(|word| lower.contains(word)) {
        found.signals.push(signal("secret_read", RiskLevel::High, "Looks for secrets in the environment", Some(text)));
    }
    let splats =
        lower.match_indices(" @").any(|(at, _)| lower[at + 2..].starts_with(|c: char| c.is_ascii_alphabetic()));
    if splats && lower.contains("param(") && lower.contains('&') {
        found.signals.push(signal(
            "hidden_program",
            RiskLevel::High,
            "Runs a program with arguments that are only known when it runs",
            Some(text),
        ));
    }
    shell::Seen { signals: found.signals, parts: found.parts, touches: found.touches, hosts: found.hosts }
}

/// Lets the POSIX side judge a text.
fn judge_posix(found: &mut WinLook, text: &str, place: Place<'_>, via: &[String], around: &Surroundings) {
    let seen = shell::look_deep(text, place.cwd, place.project, around, place.depth + 1);
    let before = found.signals.len();
    found.signals.extend(seen.signals);
    found.parts.extend(seen.parts.into_iter().map(|part| Part {
        via: via.iter().cloned().chain(part.via).collect(),
        signals: part.signals.into_iter().map(|at| at + before).collect(),
        ..part
    }));
    found.touches.extend(seen.touches);
    for host in seen.hosts {
        if !found.hosts.contains(&host) {
            found.hosts.push(host);
        }
    }
}

/// A secret read on one side and a connection opened on the other.
fn leaks(found: &mut WinLook) {
    let says = |names: &[&str]| found.signals.iter().any(|one| names.contains(&one.name.as_str()));
    if says(&["secret_read"])
        && says(&["network", "remote", "upload", "publish", "git_push"])
        && !says(&["exfiltration"])
    {
        let says = "Reads secrets and uses the network in the same command";
        found.signals.push(signal("exfiltration", Critical, says, None));
    }
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

impl WinCommand {
    /// Whether a switch is on.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.params.iter().any(|(param, value)| {
            let off = value.as_ref().and_then(Value::known).is_some_and(|text| text.eq_ignore_ascii_case("false"));
            param.eq_ignore_ascii_case(name) && !off
        })
    }

    /// The value of a parameter.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.params.iter().find(|(param, _)| param.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_ref())
    }

    /// The text of a parameter, lower case.
    pub(crate) fn lower(&self, name: &str) -> Option<String> {
        self.value(name).and_then(Value::known).map(|text| text.to_ascii_lowercase())
    }

    /// Values by name or else by position; each slot is one parameter under any of its names.
    pub(crate) fn slots<const N: usize>(&self, slots: [&[&str]; N]) -> [Option<Value>; N] {
        let mut rest = self.args.iter();
        slots.map(|names| {
            let named = names.iter().find_map(|name| self.value(name)).cloned();
            named.or_else(|| rest.next().cloned())
        })
    }

    /// The first slot, or else what is piped in.
    pub(crate) fn subject(&self, names: &[&str]) -> Value {
        let [found] = self.slots([names]);
        found.unwrap_or_else(|| self.input.clone())
    }
}
