//! Shell text, parsed and followed: every command that could run, through pipes, substitutions,
//! wrappers and texts handed to interpreters. A compound is as risky as its riskiest part.

mod judge;
mod tables;
mod walk;
mod words;

use clawbutler_core::limits::{SHELL_DEPTH, SHELL_TEXT_BYTES};
use clawbutler_core::risk::{RiskLevel, Signal};

use crate::Surroundings;
use crate::assess::signal;
use walk::Walk;

/// What a shell text would do.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) signals: Vec<Signal>,
    pub(crate) commands: Vec<Vec<String>>,
    pub(crate) paths: Vec<String>,
}

/// Looks at a shell text.
pub(crate) fn look(text: &str, cwd: &str, around: &Surroundings) -> Seen {
    let mut walk = Walk::new(cwd, around);
    walk.text(text, 0);
    walk.finish()
}

/// Words that open a compound command; each costs the parser a level of its own stack.
const OPENERS: &[&str] =
    &["if", "while", "until", "for", "case", "do", "then", "else", "{", "!", "coproc", "select", "function", "time"];
/// Openers in one text. Honest scripts have a few dozen.
const MOST_OPENERS: usize = 400;
/// Nested brackets. The parser's effort doubles with each level it has to take back.
const MOST_BRACKETS: usize = 10;

/// Why a text is not handed to the parser: its shape could cost more time or stack than a look may.
pub(crate) fn refuse(text: &str, depth: usize) -> Option<&'static str> {
    if text.len() > SHELL_TEXT_BYTES {
        return Some("is too long to be understood");
    }
    if text.contains('\0') {
        return Some("contains a NUL byte");
    }
    let (mut open, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = !quoted,
            '\'' => quoted = !quoted,
            '(' | '{' if !quoted => {
                open += 1;
                deepest = deepest.max(open);
            }
            ')' | '}' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    // A quote inside double quotes misleads the count above, so count without quotes as well, laxly.
    let brackets = text.chars().filter(|c| *c == '(').count();
    let openers = text.split(|c: char| c.is_whitespace() || c == ';').filter(|word| OPENERS.contains(word)).count();
    if depth > SHELL_DEPTH || deepest > MOST_BRACKETS || brackets > 1_000 || openers > MOST_OPENERS {
        return Some("is nested too deeply to be understood");
    }
    None
}

/// The signal of a text that is not understood.
pub(crate) fn not_parsed(why: &str) -> Signal {
    signal("not_parsed", RiskLevel::High, format!("The command {why}, so what it does cannot be told"), None)
}
