//! Words as the shell would see them: quotes and escapes resolved, what is only known at run time marked.

use std::collections::HashMap;

use brush_parser::ParserOptions;
use brush_parser::word::{self, Parameter, ParameterExpr, TildeExpr, WordPiece, WordPieceWithSource};

/// A resolved word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word {
    /// The text; what cannot be known stands as `$`.
    pub(crate) text: String,
    /// Part of it is only known at run time.
    pub(crate) opaque: bool,
    /// Texts of command substitutions inside, to be looked at.
    pub(crate) inner: Vec<String>,
    /// An expansion outside quotes brought white space in: the shell makes several words of it.
    pub(crate) splits: bool,
    /// A pattern outside quotes: the shell puts matching file names in its place.
    pub(crate) pattern: bool,
}

/// Longest text a word is followed to (bytes); variables that hold each other grow without end.
const LONGEST: usize = 64 * 1024;

impl Word {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(crate) fn unknown() -> Self {
        Self { text: "$".to_owned(), opaque: true, ..Self::default() }
    }

    fn push(&mut self, text: &str) {
        if self.text.len() + text.len() > LONGEST {
            self.opaque = true;
        } else {
            self.text.push_str(text);
        }
    }
}

pub(crate) fn resolve(raw: &str, vars: &HashMap<String, Word>, home: &str) -> Word {
    let mut out = Word::default();
    if let Ok(pieces) = word::parse(raw, &ParserOptions::default()) {
        pieces_into(&pieces, raw, vars, home, false, &mut out);
    } else {
        raw.clone_into(&mut out.text);
        out.opaque = true;
    }
    out
}

/// The body of a here-document whose delimiter is not quoted: substitutions in it run.
pub(crate) fn resolve_document(raw: &str, vars: &HashMap<String, Word>, home: &str) -> Word {
    let mut out = Word::default();
    if let Ok(pieces) = word::parse_heredoc(raw, &ParserOptions::default()) {
        pieces_into(&pieces, raw, vars, home, true, &mut out);
    } else {
        raw.clone_into(&mut out.text);
        out.opaque = true;
    }
    out
}

fn pieces_into(
    pieces: &[WordPieceWithSource],
    raw: &str,
    vars: &HashMap<String, Word>,
    home: &str,
    quoted: bool,
    out: &mut Word,
) {
    for piece in pieces {
        match &piece.piece {
            WordPiece::Text(text) => {
                out.pattern |= !quoted && text.contains(['*', '?', '[']);
                out.push(text);
            }
            WordPiece::SingleQuotedText(text) => out.push(text),
            WordPiece::AnsiCQuotedText(text) => out.push(&ansi(text)),
            WordPiece::EscapeSequence(text) => {
                let rest = text.strip_prefix('\\').unwrap_or(text);
                if rest != "\n" {
                    out.push(rest);
                }
            }
            WordPiece::DoubleQuotedSequence(inner) | WordPiece::GettextDoubleQuotedSequence(inner) => {
                pieces_into(inner, raw, vars, home, true, out);
            }
            WordPiece::TildeExpansion(TildeExpr::Home) => out.push(home),
            WordPiece::TildeExpansion(_) => unknown(out),
            WordPiece::ParameterExpansion(expr) => {
                parameter(expr, raw.get(piece.start_index..piece.end_index), vars, home, quoted, out);
            }
            WordPiece::CommandSubstitution(text) | WordPiece::BackquotedCommandSubstitution(text) => {
                out.inner.push(text.clone());
                unknown(out);
            }
            WordPiece::ArithmeticExpression(expr) => {
                hidden_inside(&expr.value, vars, home, out);
                unknown(out);
            }
        }
    }
}

fn unknown(out: &mut Word) {
    out.text.push('$');
    out.opaque = true;
}

fn parameter(
    expr: &ParameterExpr,
    source: Option<&str>,
    vars: &HashMap<String, Word>,
    home: &str,
    quoted: bool,
    out: &mut Word,
) {
    if let ParameterExpr::Parameter { parameter: Parameter::Named(name), indirect: false } = expr {
        match (name.as_str(), vars.get(name)) {
            // With separators of its own, where a value is split cannot be told.
            (_, Some(known)) if !known.opaque && (quoted || !vars.contains_key("IFS")) => {
                out.splits |= !quoted && known.text.contains(char::is_whitespace);
                out.pattern |= !quoted && known.text.contains(['*', '?', '[']);
                return out.push(&known.text);
            }
            ("HOME", None) => return out.push(home),
            ("IFS", None) => {
                out.splits |= !quoted;
                return out.push(" ");
            }
            _ => {}
        }
    } else if let Some(source) = source {
        // `${x@P}` expands the value as a prompt, substitutions included.
        if source.ends_with("@P}") {
            out.inner.push("eval \"$PROMPT\"".to_owned());
        }
        // `${x:-$(command)}` and its kin run what they carry.
        hidden_inside(source.trim_start_matches("${").trim_end_matches('}'), vars, home, out);
    }
    unknown(out);
}

/// Collects substitutions in a text that is itself part of an expansion.
pub(crate) fn hidden_inside(text: &str, vars: &HashMap<String, Word>, home: &str, out: &mut Word) {
    let Some(at) = text.find("$(").or_else(|| text.find('`')) else { return };
    let inner = resolve(&text[at..], vars, home);
    if inner.inner.is_empty() {
        out.inner.push(text[at..].trim_start_matches(['$', '(', '`']).to_owned());
    }
    out.inner.extend(inner.inner);
}

/// `$'…'` escapes.
fn ansi(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let digits =
            |chars: &mut std::iter::Peekable<std::str::Chars<'_>>, radix: u32, most: usize, first: Option<char>| {
                let mut value = first.and_then(|c| c.to_digit(radix)).unwrap_or(0);
                for _ in 0..most {
                    let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else { break };
                    value = value.saturating_mul(radix).saturating_add(digit);
                    chars.next();
                }
                char::from_u32(value).unwrap_or('\u{fffd}')
            };
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('e' | 'E') => out.push('\u{1b}'),
            Some('x') => out.push(digits(&mut chars, 16, 2, None)),
            Some('u') => out.push(digits(&mut chars, 16, 4, None)),
            Some('U') => out.push(digits(&mut chars, 16, 8, None)),
            Some(first @ '0'..='7') => out.push(digits(&mut chars, 8, 2, Some(first))),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}
