//! Shell text, parsed and followed: every command that could run, through pipes, substitutions,
//! wrappers and texts handed to interpreters. A compound is as risky as its riskiest part.

mod judge;
mod tables;
mod walk;
mod words;

use std::panic::{AssertUnwindSafe, catch_unwind};

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
    let look = || {
        let mut walk = Walk::new(cwd, around);
        walk.text(text, 0);
        walk.finish()
    };
    // The parser is a library: whatever an agent writes must not take the engine down with it.
    catch_unwind(AssertUnwindSafe(|| on_own_stack(text, look))).unwrap_or_else(|_| given_up())
}

/// Shapes that cost the parser a few levels only. Honest commands nearly always have one of these.
fn is_flat(text: &str) -> bool {
    text.len() <= 4 * 1024
        && text.chars().filter(|c| matches!(c, '(' | '{' | '`' | '[' | '<' | '|' | '"')).count() <= 24
}

/// Stack of a look at a text that nests (bytes). Reserved, touched only as far as it is needed.
const STACK: usize = 64 * 1024 * 1024;

fn on_own_stack(text: &str, look: impl FnOnce() -> Seen + Send) -> Seen {
    if is_flat(text) {
        return look();
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, look)
            .map_or_else(|_| given_up(), |thread| thread.join().unwrap_or_else(|_| given_up()))
    })
}

fn given_up() -> Seen {
    Seen { signals: vec![not_parsed("could not be taken apart")], ..Seen::default() }
}

/// Words that open a compound command; each costs the parser a level of its own stack.
const OPENERS: &[&str] =
    &["if", "while", "until", "for", "case", "do", "then", "else", "{", "!", "coproc", "select", "function", "time"];
/// Openers in one text. Honest scripts have a few dozen.
const MOST_OPENERS: usize = 400;
/// Here-documents in one text; the parser reads the rest of the text again for each.
const MOST_DOCUMENTS: usize = 24;
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
    let depths = [('(', ')'), ('{', '}'), ('[', ']')].map(|(open, close)| deepest_bracket(text, open, close));
    let deepest = depths.into_iter().max().unwrap_or_default();
    let cases = deepest_word(text, "case", "esac").max(deepest_word(text, "if", "fi") / 2);
    // A quote inside double quotes misleads the count above, so count without quotes as well, laxly.
    let brackets = text.chars().filter(|c| *c == '(').count();
    let arithmetic = text.matches("$[").count();
    // Words are counted wherever they could stand, `a|if b` included.
    let openers = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '{' | '!' | '_')))
        .filter(|word| OPENERS.contains(word))
        .count();
    let documents = text.matches("<<").count();
    if documents > MOST_DOCUMENTS {
        return Some("has too many here-documents to be understood");
    }
    if depth > SHELL_DEPTH
        || deepest > MOST_BRACKETS
        || brackets > 1_000
        || arithmetic > MOST_BRACKETS
        || cases > MOST_BRACKETS
        || openers > MOST_OPENERS
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

/// Deepest nesting of a pair of words, wherever they stand.
fn deepest_word(text: &str, opening: &str, closing: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if word == opening {
            open += 1;
            deepest = deepest.max(open);
        } else if word == closing {
            open = open.saturating_sub(1);
        }
    }
    deepest
}

/// The signal of a text that is not understood.
pub(crate) fn not_parsed(why: &str) -> Signal {
    signal("not_parsed", RiskLevel::High, format!("The command {why}, so what it does cannot be told"), None)
}
