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
}

pub(crate) fn resolve(raw: &str, vars: &HashMap<String, Word>, home: &str) -> Word {
    let mut out = Word::default();
    match word::parse(raw, &ParserOptions::default()) {
        Ok(pieces) => pieces_into(&pieces, raw, vars, home, &mut out),
        Err(_) => {
            raw.clone_into(&mut out.text);
            out.opaque = true;
        }
    }
    out
}

/// The body of a here-document whose delimiter is not quoted: substitutions in it run.
pub(crate) fn resolve_document(raw: &str, vars: &HashMap<String, Word>, home: &str) -> Word {
    let mut out = Word::default();
    match word::parse_heredoc(raw, &ParserOptions::default()) {
        Ok(pieces) => pieces_into(&pieces, raw, vars, home, &mut out),
        Err(_) => {
            raw.clone_into(&mut out.text);
            out.opaque = true;
        }
    }
    out
}

fn pieces_into(pieces: &[WordPieceWithSource], raw: &str, vars: &HashMap<String, Word>, home: &str, out: &mut Word) {
    for piece in pieces {
        match &piece.piece {
            WordPiece::Text(text) | WordPiece::SingleQuotedText(text) => out.text.push_str(text),
            WordPiece::AnsiCQuotedText(text) => out.text.push_str(&ansi(text)),
            WordPiece::EscapeSequence(text) => {
                let rest = text.strip_prefix('\\').unwrap_or(text);
                if rest != "\n" {
                    out.text.push_str(rest);
                }
            }
            WordPiece::DoubleQuotedSequence(inner) | WordPiece::GettextDoubleQuotedSequence(inner) => {
                pieces_into(inner, raw, vars, home, out);
            }
            WordPiece::TildeExpansion(TildeExpr::Home) => out.text.push_str(home),
            WordPiece::TildeExpansion(_) => unknown(out),
            WordPiece::ParameterExpansion(expr) => {
                parameter(expr, raw.get(piece.start_index..piece.end_index), vars, home, out);
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

fn parameter(expr: &ParameterExpr, source: Option<&str>, vars: &HashMap<String, Word>, home: &str, out: &mut Word) {
    if let ParameterExpr::Parameter { parameter: Parameter::Named(name), indirect: false } = expr {
        match (name.as_str(), vars.get(name)) {
            (_, Some(known)) if !known.opaque => return out.text.push_str(&known.text),
            ("HOME", None) => return out.text.push_str(home),
            ("IFS", None) => return out.text.push(' '),
            _ => {}
        }
    } else if let Some(source) = source {
        // `${x:-$(command)}` and its kin run what they carry.
        hidden_inside(source.trim_start_matches("${").trim_end_matches('}'), vars, home, out);
    }
    unknown(out);
}

/// Collects substitutions in a text that is itself part of an expansion.
fn hidden_inside(text: &str, vars: &HashMap<String, Word>, home: &str, out: &mut Word) {
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
