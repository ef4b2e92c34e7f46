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
use clawbutler_core::risk::RiskLevel::Critical;
use clawbutler_core::risk::Signal;

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

/// Looks at a text of Windows and lets the POSIX side judge what belongs there.
pub(crate) fn look(dialect: Dialect, text: &str, cwd: &str, project: &str, around: &Surroundings) -> WinLook {
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
    let cwd = crate::paths::absolute(cwd, "", "");
    for native in std::mem::take(&mut found.native) {
        judge_native(&mut found, &native, &around);
    }
    for text in std::mem::take(&mut found.posix) {
        judge_posix(&mut found, &text, &cwd, &["wsl".to_owned()], &around);
    }
    leaks(&mut found);
    found
}

/// Lets the POSIX side judge a program.
fn judge_native(found: &mut WinLook, native: &Native, around: &Surroundings) {
    let words: Vec<String> = native
        .argv
        .iter()
        .map(|arg| arg.as_ref().map_or_else(|| "\"$UNKNOWN\"".to_owned(), |arg| quoted(arg)))
        .collect();
    let cwd = native.cwd.as_deref().unwrap_or("/…");
    judge_posix(found, &words.join(" "), cwd, &native.via, around);
}

/// Lets the POSIX side judge a text.
fn judge_posix(found: &mut WinLook, text: &str, cwd: &str, via: &[String], around: &Surroundings) {
    let seen = shell::look(text, cwd, around);
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
