//! Words as the shell would see them: quotes and escapes resolved, what is only known at run time marked.

use std::collections::HashMap;

use brush_parser::ParserOptions;
use brush_parser::word::{
    self, Parameter, ParameterExpr, SpecialParameter, SubstringMatchKind, TildeExpr, WordPiece, WordPieceWithSource,
};

use crate::paths::glob;

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
    /// A here-document: what is not known stands as `$UNKNOWN`, for the text may be run.
    pub(crate) document: bool,
    /// Names of variables whose values went in and are not known.
    pub(crate) from: Vec<String>,
    /// Elements, when it is the value of an array or of the positional parameters.
    pub(crate) items: Vec<Self>,
}

/// Variables by name; `@` holds the positional parameters.
pub(crate) type Vars = HashMap<String, Word>;

/// Sources of a word that are remembered; variables that hold each other would double them at each step.
const MOST_SOURCES: usize = 16;

/// Stands among the variables while a function's definition is looked at.
pub(crate) const DEFINING: &str = "(definition)";

/// Stands for a variable that another variable names.
pub(crate) const INDIRECT: &str = "!";

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

pub(crate) fn resolve(raw: &str, vars: &Vars, home: &str) -> Word {
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
pub(crate) fn resolve_document(raw: &str, vars: &Vars, home: &str) -> Word {
    let mut out = Word { document: true, ..Word::default() };
    if let Ok(pieces) = word::parse_heredoc(raw, &ParserOptions::default()) {
        pieces_into(&pieces, raw, vars, home, true, &mut out);
    } else {
        raw.clone_into(&mut out.text);
        out.opaque = true;
    }
    out
}

fn pieces_into(pieces: &[WordPieceWithSource], raw: &str, vars: &Vars, home: &str, quoted: bool, out: &mut Word) {
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
    out.text.push_str(if out.document { "$UNKNOWN" } else { "$" });
    out.opaque = true;
}

/// The value of a parameter as far as it is known.
fn value_of(parameter: &Parameter, indirect: bool, vars: &Vars, home: &str) -> Option<Word> {
    let named = |name: &str| match vars.get(name) {
        Some(known) => (!known.opaque && known.items.is_empty() || !known.items.is_empty()).then(|| known.clone()),
        None if name == "HOME" => Some(Word::plain(home)),
        None => None,
    };
    let found = match parameter {
        Parameter::Named(name) => named(name).map(|word| word.items.first().cloned().unwrap_or(word)),
        Parameter::Positional(number) => named(&number.to_string()).or_else(|| unset(vars)),
        Parameter::NamedWithIndex { name, index } => {
            let list = vars.get(name)?;
            let at: usize = index.trim().parse().ok()?;
            list.items.get(at).cloned()
        }
        Parameter::NamedWithAllIndices { name, .. } => vars.get(name).filter(|list| !list.items.is_empty()).map(joined),
        Parameter::Special(SpecialParameter::AllPositionalParameters { .. }) => {
            vars.get("@").filter(|list| !list.items.is_empty()).map(joined).or_else(|| unset(vars))
        }
        Parameter::Special(_) => None,
    }?;
    if !indirect {
        return Some(found).filter(|word| !word.opaque);
    }
    named(&found.text).filter(|word| !word.opaque)
}

/// A positional parameter that nobody gave is empty; in a function's definition it is not known yet.
fn unset(vars: &Vars) -> Option<Word> {
    (!vars.contains_key(DEFINING)).then(Word::default)
}

/// The elements as one text.
fn joined(list: &Word) -> Word {
    let texts: Vec<&str> = list.items.iter().map(|item| item.text.as_str()).collect();
    Word { text: texts.join(" "), opaque: list.items.iter().any(|item| item.opaque), ..Word::default() }
}

/// `"${name[@]}"` or `"$@"` standing alone: its elements, each a word of its own.
pub(crate) fn elements(raw: &str, vars: &Vars) -> Option<Vec<Word>> {
    let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
    let name = match inner {
        "$@" | "$*" | "${@}" | "${*}" => "@",
        _ => {
            inner.strip_prefix("${")?.strip_suffix("[@]}").or_else(|| inner.strip_prefix("${")?.strip_suffix("[*]}"))?
        }
    };
    vars.get(name).map(|list| list.items.clone()).filter(|items| !items.is_empty())
}

fn parameter(expr: &ParameterExpr, source: Option<&str>, vars: &Vars, home: &str, quoted: bool, out: &mut Word) {
    if let ParameterExpr::Parameter { parameter: Parameter::Named(name), indirect: false } = expr
        && name == "IFS"
        && !vars.contains_key("IFS")
    {
        out.splits |= !quoted;
        return out.push(" ");
    }
    // With separators of its own, where a value is split cannot be told.
    if let Some(known) = expanded(expr, vars, home).filter(|_| quoted || !vars.contains_key("IFS")) {
        out.inner.extend(known.inner.into_iter().take(MOST_SOURCES.saturating_sub(out.inner.len())));
        out.opaque |= known.opaque;
        out.splits |= !quoted && known.text.contains(char::is_whitespace);
        out.pattern |= known.pattern || !quoted && known.text.contains(['*', '?', '[']);
        return out.push(&known.text);
    }
    if let Some(source) = source {
        // `${x@P}` expands the value as a prompt, substitutions included.
        if source.ends_with("@P}") {
            out.inner.push("eval \"$PROMPT\"".to_owned());
        }
        let name = source.trim_start_matches(['$', '{', '!']);
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
        out.from.push(if source.starts_with("${!") && !source.contains("[@]") && !source.contains("[*]") {
            INDIRECT.to_owned()
        } else {
            name[..end].to_owned()
        });
        for more in vars.get(&name[..end]).into_iter().flat_map(|word| &word.from) {
            if out.from.len() < MOST_SOURCES && !out.from.contains(more) {
                out.from.push(more.clone());
            }
        }
        out.from.truncate(MOST_SOURCES);
        if !matches!(
            expr,
            ParameterExpr::Parameter {
                parameter: Parameter::Named(_) | Parameter::Positional(_) | Parameter::Special(_),
                ..
            }
        ) {
            // `${x:-$(command)}` and its kin run what they carry.
            hidden_inside(source.trim_start_matches("${").trim_end_matches('}'), vars, home, out);
        }
    }
    unknown(out);
}

/// An expansion carried out, where all that goes into it is known.
fn expanded(expr: &ParameterExpr, vars: &Vars, home: &str) -> Option<Word> {
    use ParameterExpr as E;
    let changed = |parameter, indirect: bool, change: &dyn Fn(&str) -> Option<String>| {
        let word = value_of(parameter, indirect, vars, home)?;
        Some(Word { text: change(&word.text)?, ..word })
    };
    match expr {
        E::Parameter { parameter, indirect } | E::IndicateErrorIfNullOrUnset { parameter, indirect, .. } => {
            value_of(parameter, *indirect, vars, home)
        }
        E::UseDefaultValues { parameter, indirect, default_value, .. }
        | E::AssignDefaultValues { parameter, indirect, default_value, .. } => {
            let set = value_of(parameter, *indirect, vars, home).filter(|word| !word.text.is_empty());
            set.or_else(|| match parameter {
                Parameter::Named(name) if vars.get(name).is_some_and(|word| word.opaque) => None,
                _ => Some(resolve(default_value.as_deref().unwrap_or_default(), vars, home)),
            })
        }
        E::UseAlternativeValue { parameter, alternative_value, .. } => {
            let known = value_of(parameter, false, vars, home);
            let other = resolve(alternative_value.as_deref().unwrap_or_default(), vars, home);
            known.map(|word| if word.text.is_empty() { word } else { other })
        }
        E::Substring { parameter, indirect, offset, length } => {
            let offset: i64 = offset.value.trim().parse().ok()?;
            let length: Option<i64> = match length {
                Some(length) => Some(length.value.trim().parse().ok()?),
                None => None,
            };
            changed(parameter, *indirect, &|text| slice(text, offset, length))
        }
        E::ReplaceSubstring { parameter, indirect, pattern, replacement, match_kind } => {
            let pattern = resolve(pattern, vars, home);
            let with = resolve(replacement.as_deref().unwrap_or_default(), vars, home);
            if pattern.opaque || with.opaque || pattern.text.contains(['*', '?', '[']) {
                return None;
            }
            let (from, to) = (pattern.text.as_str(), with.text.as_str());
            changed(parameter, *indirect, &|text| {
                Some(match match_kind {
                    SubstringMatchKind::Anywhere => text.replace(from, to),
                    SubstringMatchKind::FirstOccurrence => text.replacen(from, to, 1),
                    SubstringMatchKind::Prefix => {
                        text.strip_prefix(from).map_or_else(|| text.to_owned(), |rest| format!("{to}{rest}"))
                    }
                    SubstringMatchKind::Suffix => {
                        text.strip_suffix(from).map_or_else(|| text.to_owned(), |rest| format!("{rest}{to}"))
                    }
                })
            })
        }
        E::RemoveSmallestPrefixPattern { parameter, indirect, pattern }
        | E::RemoveLargestPrefixPattern { parameter, indirect, pattern } => {
            let largest = matches!(expr, E::RemoveLargestPrefixPattern { .. });
            let pattern = resolve(pattern.as_deref().unwrap_or_default(), vars, home);
            changed(parameter, *indirect, &|text| Some(text[cut(text, &pattern.text, true, largest)..].to_owned()))
        }
        E::RemoveSmallestSuffixPattern { parameter, indirect, pattern }
        | E::RemoveLargestSuffixPattern { parameter, indirect, pattern } => {
            let largest = matches!(expr, E::RemoveLargestSuffixPattern { .. });
            let pattern = resolve(pattern.as_deref().unwrap_or_default(), vars, home);
            changed(parameter, *indirect, &|text| Some(text[..cut(text, &pattern.text, false, largest)].to_owned()))
        }
        E::LowercasePattern { parameter, indirect, pattern: None } => {
            changed(parameter, *indirect, &|text| Some(text.to_lowercase()))
        }
        E::UppercasePattern { parameter, indirect, pattern: None } => {
            changed(parameter, *indirect, &|text| Some(text.to_uppercase()))
        }
        _ => None,
    }
}

/// `${x:offset:length}`, negative offsets from the end.
fn slice(text: &str, offset: i64, length: Option<i64>) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let len = i64::try_from(chars.len()).ok()?;
    let from = if offset < 0 { (len + offset).max(0) } else { offset.min(len) };
    let to = match length {
        Some(length) if length < 0 => (len + length).max(from),
        Some(length) => from.saturating_add(length).min(len),
        None => len,
    };
    let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
    Some(chars.get(from..to)?.iter().collect())
}

/// Where a text is cut when a pattern is removed from its beginning or its end.
fn cut(text: &str, pattern: &str, prefix: bool, largest: bool) -> usize {
    let keep = if prefix { 0 } else { text.len() };
    let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).take(512).collect();
    if prefix == largest {
        places.reverse();
    }
    let fits = |at: &usize| glob(pattern, if prefix { &text[..*at] } else { &text[*at..] });
    places.into_iter().find(fits).unwrap_or(keep)
}

/// Collects substitutions in a text that is itself part of an expansion.
pub(crate) fn hidden_inside(text: &str, vars: &Vars, home: &str, out: &mut Word) {
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
