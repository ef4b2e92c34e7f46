//! Shell text, parsed and followed: every command that could run, through pipes, substitutions,
//! wrappers and texts handed to interpreters. A compound is as risky as its riskiest part.

mod judge;
mod redirects;
mod tables;
mod touch;
mod walk;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};

use clawbutler_core::limits::{SHELL_DEPTH, SHELL_TEXT_BYTES};
use clawbutler_core::risk::{RiskLevel, Signal};

use crate::Surroundings;
use crate::assess::signal;
use crate::looked::{Part, Touch};
use walk::Walk;

/// What a shell text would do.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) signals: Vec<Signal>,
    pub(crate) parts: Vec<Part>,
    pub(crate) touches: Vec<Touch>,
    pub(crate) hosts: Vec<String>,
}

/// Looks at a shell text.
pub(crate) fn look(text: &str, cwd: &str, project: &str, around: &Surroundings) -> Seen {
    look_deep(text, cwd, project, around, 0)
}

/// [`look`] at a text inside others.
pub(crate) fn look_deep(text: &str, cwd: &str, project: &str, around: &Surroundings, depth: usize) -> Seen {
    let look = || {
        let mut walk = Walk::new(cwd, project, around);
        walk.text(text, depth);
        walk.finish()
    };
    // The parser is a library: whatever an agent writes must not take the engine down with it.
    catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| given_up())
}

/// Looks at a program in another language.
pub(crate) fn program(language: &str, text: &str, cwd: &str, project: &str, around: &Surroundings) -> Seen {
    let look = || {
        let mut walk = Walk::new(cwd, project, around);
        judge::code::inline(&mut walk, language, text, false, 0);
        walk.finish()
    };
    catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| given_up())
}

/// Risk of database statements by themselves.
pub(crate) fn sql_level(text: &str) -> RiskLevel {
    judge::code::sql_level(text)
}

/// Whether a host is this machine.
pub(crate) fn is_local(host: &str) -> bool {
    judge::is_local(host)
}

fn given_up() -> Seen {
    Seen { signals: vec![not_parsed("could not be taken apart")], ..Seen::default() }
}

/// Words that open a compound command; each costs the parser a level of its own stack.
const OPENERS: &[&str] =
    &["if", "while", "until", "for", "case", "do", "then", "else", "{", "!", "coproc", "select", "function", "time"];
/// Openers in one text. Honest scripts have a few dozen.
const MOST_OPENERS: usize = 200;
/// Openers that nothing closes: a chain of them nests as deep as it is long.
const PREFIXES: &[&str] = &["coproc", "function", "!", "time"];
/// Prefixes in one text.
const MOST_PREFIXES: usize = 24;
/// Here-documents in one text; the parser reads the rest of the text again for each.
const MOST_DOCUMENTS: usize = 24;
/// Nested brackets, and nested compounds. The parser's effort can double with each level it has to take
/// back, and each costs it stack: with these bounds a look fits a thread of 2 MB in a debug build.
const MOST_BRACKETS: usize = 10;

/// Why a text is not handed to the parser: its shape could cost more time or stack than a look may.
pub(crate) fn refuse(text: &str, depth: usize) -> Option<&'static str> {
    if text.len() > SHELL_TEXT_BYTES {
        return Some("is too long to be understood");
    }
    if text.contains('\0') {
        return Some("contains a NUL byte");
    }
    // The parser gives up in a panic on a here-document that an unfinished calculation swallows.
    if text.contains("<<") && text.matches("$((").count() > text.matches("))").count() {
        return Some("cannot be parsed");
    }
    let depths = [('(', ')'), ('{', '}'), ('[', ']')].map(|(open, close)| deepest_bracket(text, open, close));
    let deepest = depths.into_iter().max().unwrap_or_default();
    let heads = words_where_commands_stand(text);
    let compounds = [(&["case"][..], "esac"), (&["if"], "fi"), (&["while", "until", "for", "select"], "done")];
    let compounds =
        compounds.map(|(open, close)| deepest_word(&heads, open, close)).into_iter().max().unwrap_or_default();
    // A quote inside double quotes misleads the count above, so count without quotes as well, laxly.
    let brackets = text.chars().filter(|c| *c == '(').count();
    let arithmetic = text.matches("$[").count();
    let openers = heads.iter().filter(|word| OPENERS.contains(word)).count();
    let prefixes = heads.iter().filter(|word| PREFIXES.contains(word)).count();
    let documents = text.matches("<<").count();
    if documents > MOST_DOCUMENTS {
        return Some("has too many here-documents to be understood");
    }
    if depth > SHELL_DEPTH
        || deepest > MOST_BRACKETS
        || brackets > 1_000
        || arithmetic > MOST_BRACKETS
        || compounds > MOST_BRACKETS
        || openers > MOST_OPENERS
        || prefixes > MOST_PREFIXES
    {
        return Some("is nested too deeply to be understood");
    }
    None
}

/// Deepest nesting of a pair of brackets outside single quotes.
fn deepest_bracket(text: &str, opening: char, closing: char) -> usize {
    let (mut open, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = !quoted,
            '\'' => quoted = !quoted,
            c if c == opening && !quoted => {
                open += 1;
                deepest = deepest.max(open);
            }
            c if c == closing && !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Words where a command could begin, without regard to quotes: after a separator, a bracket or another of
/// [`OPENERS`]. An `if` in the middle of a sentence opens nothing.
fn words_where_commands_stand(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '!' | '{');
    let (mut found, mut stands) = (Vec::new(), true);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        if is_word(first) {
            if stands {
                found.push(piece);
            }
            stands = OPENERS.contains(&piece);
        } else if piece.contains([';', '|', '&', '\n', '(', ')', '`', '"', '\'']) {
            stands = true;
        }
        rest = after;
    }
    found
}

/// Deepest nesting of compounds that one of these words opens and another closes.
fn deepest_word(words: &[&str], opening: &[&str], closing: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for word in words {
        if opening.contains(word) {
            open += 1;
            deepest = deepest.max(open);
        } else if *word == closing {
            open = open.saturating_sub(1);
        }
    }
    deepest
}

/// The signal of a text that is not understood.
pub(crate) fn not_parsed(why: &str) -> Signal {
    signal("not_parsed", RiskLevel::High, format!("The command {why}, so what it does cannot be told"), None)
}
