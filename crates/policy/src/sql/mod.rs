//! What the statements of a database text would do, whatever the dialect.
//!
//! Words are read as words: nothing inside a string or a comment counts. The look is shallow on purpose:
//! it knows how a statement begins, where its condition is, and which functions reach outside the database.
//! It must never know what a table means to the project.

mod bounds;
mod calls;
mod client;
mod lex;
mod outside;
mod statement;
#[cfg(test)]
mod tests;

use clawbutler_core::limits::SHELL_TEXT_BYTES;

use lex::{Kind, Token};

/// One thing a database text would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SqlDeed {
    /// Gives rows, lists, settings; maintenance that changes no row.
    Reads,
    /// Shows a plan without running it.
    Explains,
    /// Creates a table, view, index, function, database.
    CreatesThings,
    /// Adds rows.
    Inserts,
    /// Changes rows; `bounded` when a condition leaves some out.
    Updates { bounded: bool },
    /// Deletes rows; `bounded` when a condition leaves some out.
    DeletesRows { bounded: bool },
    /// Removes a thing with all it holds; `what` in capitals: `TABLE`, `DATABASE`.
    Drops { what: String },
    /// Empties a table.
    Truncates,
    /// Changes the shape of a thing; `drops` when a column or partition goes with its data.
    Alters { drops: bool },
    /// Gives or takes rights.
    Grants,
    /// Changes who can log in, a password, or as whom the session acts.
    Roles,
    /// Starts a program on the machine of the server or the client, or loads native code.
    RunsProgram,
    /// Reads a file of the server or the client; empty when the path is not a literal.
    ReadsFile { path: String },
    /// Writes a file of the server or the client; empty when the path is not a literal.
    WritesFile { path: String },
    /// Changes the server itself: stops it, its settings, other sessions.
    Server,
    /// Runs a text that is only known at run time.
    Dynamic,
    /// Cannot be told; the first word.
    Unknown(String),
}

/// Deeds told apart in one text.
const MOST_DEEDS: usize = 128;
/// Texts in texts: bodies, `EXECUTE '…'`.
const DEEPEST: usize = 4;

/// What every statement of `text` would do, in order, each deed once. A text over
/// [`SHELL_TEXT_BYTES`] is not looked at and comes out as `Unknown`.
pub(crate) fn look(text: &str) -> Vec<SqlDeed> {
    let mut look = Look::default();
    look.text(text, 0);
    look.deeds
}

/// A look in progress.
#[derive(Debug, Default)]
struct Look {
    deeds: Vec<SqlDeed>,
    /// Names given to statements by `PREPARE` in the same text.
    prepared: Vec<String>,
}

impl Look {
    fn say(&mut self, deed: SqlDeed) {
        if self.deeds.len() < MOST_DEEDS && !self.deeds.contains(&deed) {
            self.deeds.push(deed);
        }
    }

    fn text(&mut self, text: &str, deep: usize) {
        if text.len() > SHELL_TEXT_BYTES || deep > DEEPEST {
            return self.say(SqlDeed::Unknown("too long".into()));
        }
        let lexed = lex::tokens(text, false);
        let other = lexed.ambiguous.then(|| lex::tokens(text, true));
        // A reading that loses the end of a string is the wrong one, unless both do.
        let whole = |lexed: &lex::Lexed<'_>| !lexed.lost;
        match other {
            Some(other) if whole(&lexed) && whole(&other) => {
                self.statements(text, &lexed.tokens, deep);
                self.statements(text, &other.tokens, deep);
            }
            Some(other) if whole(&other) => self.statements(text, &other.tokens, deep),
            _ => {
                self.statements(text, &lexed.tokens, deep);
                if lexed.lost {
                    self.say(SqlDeed::Unknown("unclosed".into()));
                }
            }
        }
    }

    fn statements(&mut self, text: &str, tokens: &[Token<'_>], deep: usize) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            if let Kind::Line(line) = token.kind {
                if let Some(deed) = client::line(line) {
                    self.say(deed);
                }
                at += 1;
                continue;
            }
            if matches!(token.kind, Kind::Sign(';' | '/' | ')' | '}')) {
                at += 1;
                continue;
            }
            let end = end_of(tokens, at);
            at = self.statement(text, &tokens[at..end], deep).map_or(end, |used| at + used);
        }
    }
}

/// Where the statement that starts at `at` ends: at its semicolon, before a client's line, or for a routine
/// with a body between `BEGIN` and `END` behind that.
fn end_of(tokens: &[Token<'_>], at: usize) -> usize {
    let routine = tokens[at].is("create")
        && tokens[at..]
            .iter()
            .take(8)
            .any(|token| ["trigger", "procedure", "function", "event", "package"].iter().any(|word| token.is(word)));
    let mut open = 0_usize;
    for (offset, token) in tokens[at..].iter().enumerate() {
        match token.kind {
            Kind::Line(_) => return at + offset,
            Kind::Sign(';') if open == 0 => return at + offset,
            Kind::Word(_) if routine => {
                let after = tokens.get(at + offset + 1);
                let before = offset.checked_sub(1).map(|before| &tokens[at + before]);
                let ends_part =
                    |token: &Token<'_>| ["if", "loop", "while", "repeat", "for"].iter().any(|word| token.is(word));
                if token.is("begin") || token.is("case") && before.is_none_or(|before| !before.is("end")) {
                    open += 1;
                } else if token.is("end") && !after.is_some_and(ends_part) {
                    open = open.saturating_sub(1);
                }
            }
            _ => {}
        }
    }
    tokens.len()
}
