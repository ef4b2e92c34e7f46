//! Spellings that mean the same to a shell come out the same.

use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::Decision;
use clawbutler_policy::{Facts, RuleSet, evaluate};

use crate::rows::{Failure, Known, Row, around, rows, settle};

/// Rows left out of a property, with the reason.
const KNOWN: &[Known] = &[];

/// A piece of a line.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// A word without any character that means something to a shell; a quoted one is the same word.
    Word(String),
    /// Blanks between two words of one command.
    Blank,
    /// Anything else, verbatim.
    Rest(String),
}

/// Takes a line apart. `None` where whether a word is plain depends on more than the line shows.
fn pieces(line: &str) -> Option<Vec<Piece>> {
    const RESERVED: &[&str] = &[
        "if", "then", "elif", "else", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "select",
        "function", "time", "coproc", "!", "alias",
    ];
    let hard = ["$(", "<<", "((", "[[", "()"].iter().any(|text| line.contains(text));
    if hard || line.contains(['`', '\n', '#', '{', '(']) {
        return None;
    }
    let mut found: Vec<Piece> = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if blank > 0 {
            found.push(Piece::Blank);
            rest = &rest[blank..];
            continue;
        }
        let operator = rest.len() - rest.trim_start_matches([';', '|', '&', '<', '>']).len();
        if operator > 0 {
            found.push(Piece::Rest(rest[..operator].to_owned()));
            rest = &rest[operator..];
            continue;
        }
        let end = end_of_word(rest)?;
        let (word, after) = rest.split_at(end);
        if RESERVED.contains(&word) {
            return None;
        }
        let safe = |c: char| c.is_ascii_alphanumeric() || "_./:@%+-,".contains(c);
        let number = word.chars().all(|c| c.is_ascii_digit()) && after.starts_with(['<', '>']);
        let plain = word.chars().all(safe) && !number;
        found.push(if plain { Piece::Word(word.to_owned()) } else { Piece::Rest(word.to_owned()) });
        rest = after;
    }
    Some(found)
}

/// Where the word at the start of a text ends, quotes included.
fn end_of_word(text: &str) -> Option<usize> {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ' | '\t' | ';' | '|' | '&' | '<' | '>') => return Some(at),
            _ => {}
        }
    }
    (quote.is_none() && !escaped).then_some(text.len())
}

/// A way to write a word.
type Style = (&'static str, fn(&str) -> String);

const STYLES: &[Style] = &[
    ("'ab'", |word| format!("'{word}'")),
    ("\"ab\"", |word| format!("\"{word}\"")),
    ("a'b'", |word| format!("{}'{}'", &word[..1], &word[1..])),
    ("a\"b\"", |word| format!("{}\"{}\"", &word[..1], &word[1..])),
    ("''ab", |word| format!("''{word}")),
    ("a\"\"b", |word| format!("{}\"\"{}", &word[..1], &word[1..])),
    ("\\ab", |word| format!("\\{word}")),
    ("\\a\\b", |word| word.chars().flat_map(|c| ['\\', c]).collect()),
    ("$'ab'", |word| format!("$'{word}'")),
    ("$'\\x61b'", |word| format!("$'\\x{:02x}{}'", word.as_bytes()[0], &word[1..])),
    ("$'\\141b'", |word| format!("$'\\{:03o}'{}", word.as_bytes()[0], &word[1..])),
    ("a\\\nb", |word| format!("{}\\\n{}", &word[..1], &word[1..])),
];

/// A way to write blanks.
const BLANKS: &[(&str, &str)] = &[("spaces", "    "), ("tab", "\t"), ("continued", " \\\n  ")];

fn written(pieces: &[Piece], word: impl Fn(usize, &str) -> String, blank: impl Fn(usize) -> String) -> String {
    let one = |(at, piece): (usize, &Piece)| match piece {
        Piece::Word(text) => word(at, text),
        Piece::Blank => blank(at),
        Piece::Rest(text) => text.clone(),
    };
    pieces.iter().enumerate().map(one).collect()
}

/// Level and decision under the balanced pack.
fn judged(set: &RuleSet, row: &Row, line: &str) -> (RiskLevel, Decision) {
    let verdict = evaluate(set, &row.action(line), &around(), &Facts::unknown());
    (verdict.assessment.level, verdict.decision)
}

/// Judges every row in one other spelling.
fn compare(property: &'static str, respell: impl Fn(&[Piece]) -> Option<String>) -> Vec<Failure> {
    let set = RuleSet::builtin();
    let (mut found, mut tried) = (Vec::new(), 0);
    for row in rows() {
        let Some(text) = pieces(&row.command).as_deref().and_then(&respell) else { continue };
        tried += 1;
        let (before, after) = (judged(&set, row, &row.command), judged(&set, row, &text));
        if before != after {
            let says = format!("{before:?} then {after:?}\t{text:?}");
            found.push(Failure { property, row: row.id.clone(), says });
        }
    }
    assert!(tried > 200, "{property} was tried on {tried} rows only");
    found
}

fn of(properties: &[&str]) -> Vec<Known> {
    KNOWN.iter().filter(|known| properties.contains(&known.0)).copied().collect()
}

fn is_program(pieces: &[Piece], at: usize) -> bool {
    let before = pieces[..at].iter().rev().find(|piece| **piece != Piece::Blank);
    match before {
        None => true,
        Some(Piece::Rest(text)) => text.ends_with([';', '|', '&']),
        Some(_) => false,
    }
}

#[test]
fn quotes_around_programs_mean_nothing() {
    let mut found = Vec::new();
    for (name, style) in STYLES {
        found.extend(compare(name, |pieces| {
            let word = |at: usize, text: &str| if is_program(pieces, at) { style(text) } else { text.to_owned() };
            Some(written(pieces, word, |_| " ".into()))
        }));
    }
    settle(&found, &of(&STYLES.iter().map(|style| style.0).collect::<Vec<_>>()));
}

#[test]
fn quotes_around_every_word_mean_nothing() {
    let mut found = Vec::new();
    for (name, style) in STYLES {
        found.extend(compare(name, |pieces| Some(written(pieces, |_, text| style(text), |_| " ".into()))));
    }
    settle(&found, &of(&STYLES.iter().map(|style| style.0).collect::<Vec<_>>()));
}

#[test]
fn blanks_are_blanks() {
    let mut found = Vec::new();
    for (name, blank) in BLANKS {
        found.extend(compare(name, |pieces| Some(written(pieces, |_, text| text.into(), |_| (*blank).into()))));
    }
    settle(&found, &of(&BLANKS.iter().map(|blank| blank.0).collect::<Vec<_>>()));
}

/// `$IFS` splits where a blank would, between two plain words.
#[test]
fn a_separator_from_a_variable_is_a_blank() {
    let mut found = Vec::new();
    for (name, separator) in [("${IFS}", "${IFS}"), ("$IFS$9", "$IFS$9")] {
        found.extend(compare(name, |pieces| {
            let word = |at: usize| pieces.get(at).is_some_and(|piece| matches!(piece, Piece::Word(_)));
            let redirect = |at: usize| {
                let at = at.checked_sub(1).map(|at| &pieces[at]);
                matches!(at, Some(Piece::Rest(text)) if text.ends_with(['<', '>']))
            };
            let between = |at: usize| word(at.wrapping_sub(1)) && word(at + 1) && !redirect(at - 1);
            let blank = |at: usize| if at > 0 && between(at) { separator.to_owned() } else { " ".to_owned() };
            Some(written(pieces, |_, text| text.into(), blank))
        }));
    }
    settle(&found, &of(&["${IFS}", "$IFS$9"]));
}

/// A variable assigned just before stands for its value.
#[test]
fn words_from_variables_are_their_values() {
    let program = |pieces: &[Piece]| {
        let Some(Piece::Word(first)) = pieces.first() else { return None };
        let rest = written(&pieces[1..], |_, text| text.into(), |_| " ".into());
        Some(format!("P={first}; $P{rest}"))
    };
    let halves = |pieces: &[Piece]| {
        let Some(Piece::Word(first)) = pieces.first() else { return None };
        let rest = written(&pieces[1..], |_, text| text.into(), |_| " ".into());
        let (one, two) = first.split_at(1);
        Some(format!("P={one} Q={two}; $P${{Q}}{rest}"))
    };
    let every = |pieces: &[Piece]| {
        let mut assigned = String::new();
        for (at, piece) in pieces.iter().enumerate() {
            if let Piece::Word(text) = piece {
                assigned.push_str(&format!("V{at}={text}; "));
            }
        }
        let line = written(pieces, |at, _| format!("\"$V{at}\""), |_| " ".into());
        Some(format!("{assigned}{line}"))
    };
    let line = |pieces: &[Piece]| {
        let simple = pieces.iter().all(|piece| matches!(piece, Piece::Word(_) | Piece::Blank));
        simple.then(|| format!("LINE='{}'; $LINE", written(pieces, |_, text| text.into(), |_| " ".into())))
    };
    let mut found = compare("program in a variable", program);
    found.extend(compare("program in halves", halves));
    found.extend(compare("every word in a variable", every));
    found.extend(compare("line in a variable", line));
    settle(
        &found,
        &of(&["program in a variable", "program in halves", "every word in a variable", "line in a variable"]),
    );
}
