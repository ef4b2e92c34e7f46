//! AppleScript: sentences; only those that reach out are read closely.

use std::collections::BTreeMap;

use super::follow::Work;
use super::value::{ANY, Value, joined};
use super::{Deed, Language};

/// A word, a text or a sign of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Word(String),
    Text(String),
    Sign(char),
    End,
}

/// Follows a program.
pub(super) fn program(work: &mut Work, text: &str) {
    let (pieces, lost) = pieces(text);
    if lost {
        work.not_understood();
    }
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for sentence in pieces.split(|piece| *piece == Piece::End) {
        if !sentence.is_empty() && work.spend(sentence.len()) {
            sentence_of(work, sentence, &mut names);
        }
    }
}

fn pieces(text: &str) -> (Vec<Piece>, bool) {
    let (mut pieces, mut lost) = (Vec::new(), false);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skip = match first {
            '\n' => {
                pieces.push(Piece::End);
                1
            }
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '(' if rest.starts_with("(*") => match rest.find("*)") {
                Some(end) => end + 2,
                None => {
                    lost = true;
                    rest.len()
                }
            },
            '"' => {
                let (text, length) = quoted(&rest[1..]);
                lost |= length.is_none();
                pieces.push(Piece::Text(text));
                length.map_or(rest.len(), |length| length + 1)
            }
            // The line goes on.
            '¬' => rest.find('\n').map_or(rest.len(), |end| end + 1),
            _ if first.is_alphanumeric() || first == '_' => {
                let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                pieces.push(Piece::Word(rest[..length].to_lowercase()));
                length
            }
            _ if first.is_whitespace() => first.len_utf8(),
            _ => {
                pieces.push(Piece::Sign(first));
                first.len_utf8()
            }
        };
        rest = &rest[skip..];
    }
    (pieces, lost)
}

fn quoted(rest: &str) -> (String, Option<usize>) {
    let (mut text, mut escaped) = (String::new(), false);
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => {
                text.push(match c {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                });
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (text, Some(at + 1)),
            other => text.push(other),
        }
    }
    (text, None)
}

/// Whether `words` stand in the sentence from `at` on.
fn says_at(sentence: &[Piece], at: usize, words: &[&str]) -> bool {
    words
        .iter()
        .enumerate()
        .all(|(offset, word)| matches!(sentence.get(at + offset), Some(Piece::Word(found)) if found == word))
}

fn says(sentence: &[Piece], words: &[&str]) -> bool {
    (0..sentence.len()).any(|at| says_at(sentence, at, words))
}

/// A text made of parts joined with `&`.
fn text_at(sentence: &[Piece], at: usize, names: &BTreeMap<String, String>) -> Value {
    let mut text = String::new();
    let mut part = String::new();
    let mut any = false;
    for piece in &sentence[at.min(sentence.len())..] {
        match piece {
            Piece::Text(literal) => part.push_str(literal),
            Piece::Sign('&') => {
                text = joined(text, &part);
                part.clear();
            }
            Piece::Sign('(' | ')') => continue,
            Piece::Word(word)
                if matches!(word.as_str(), "with" | "without" | "in" | "as" | "user" | "password" | "to" | "given")
                    && any =>
            {
                break;
            }
            Piece::Word(word)
                if matches!(
                    word.as_str(),
                    "quoted" | "form" | "of" | "posix" | "file" | "the" | "path" | "alias" | "document"
                ) => {}
            Piece::Word(word) => part.push_str(names.get(word).map_or(ANY.encode_utf8(&mut [0; 4]), |value| value)),
            _ => part.push(ANY),
        }
        any = true;
    }
    let text = joined(text, &part);
    if any { Value::Text(text) } else { Value::Unknown }
}

fn sentence_of(work: &mut Work, sentence: &[Piece], names: &mut BTreeMap<String, String>) {
    if says_at(sentence, 0, &["set"])
        && let Some(Piece::Word(name)) = sentence.get(1)
        && says_at(sentence, 2, &["to"])
    {
        let value = match &sentence[3..] {
            [Piece::Text(_), ..] => text_at(sentence, 3, names).to_text(),
            _ => ANY.to_string(),
        };
        let same = names.get(name).is_none_or(|before| *before == value);
        names.insert(name.clone(), if same { value } else { ANY.to_string() });
    }
    for at in 0..sentence.len() {
        running(work, sentence, at, names);
        files(work, sentence, at, names);
    }
    if says(sentence, &["use", "framework"])
        || says(sentence, &["current", "application"]) && sentence.contains(&Piece::Sign('\''))
    {
        work.native("framework");
    }
    if says(sentence, &["display", "dialog"])
        || says(sentence, &["display", "notification"])
        || says(sentence, &["log"])
    {
        work.say(Deed::Prints);
    }
}

fn running(work: &mut Work, sentence: &[Piece], at: usize, names: &BTreeMap<String, String>) {
    if says_at(sentence, at, &["do", "shell", "script"]) {
        let text = text_at(sentence, at + 3, names);
        work.shell("do shell script", &text);
        if says(sentence, &["administrator", "privileges"]) {
            work.argv(&[Value::text("sudo"), Value::text("sh"), Value::text("-c"), text]);
        }
    } else if says_at(sentence, at, &["do", "script"]) {
        work.shell("do script", &text_at(sentence, at + 2, names));
    } else if says_at(sentence, at, &["run", "script"]) {
        match text_at(sentence, at + 2, names) {
            value if value.known().is_some() && matches!(sentence.get(at + 2), Some(Piece::Text(_))) => {
                work.code(Language::AppleScript, "run script", &value);
            }
            _ => work.dynamic("run script"),
        }
    } else if says_at(sentence, at, &["load", "script"]) {
        work.dynamic("load script");
    } else if says_at(sentence, at, &["do", "javascript"]) || says_at(sentence, at, &["execute", "javascript"]) {
        work.dynamic("do javascript");
    } else if says_at(sentence, at, &["keystroke"])
        || says_at(sentence, at, &["key", "code"])
        || says_at(sentence, at, &["click"])
    {
        work.dynamic("keystroke");
    } else if says_at(sentence, at, &["open", "location"]) {
        work.network(&text_at(sentence, at + 2, names), false);
    } else if says_at(sentence, at, &["system", "attribute"]) {
        work.environment(&text_at(sentence, at + 2, names));
    } else if says_at(sentence, at, &["quit"]) && at < 3 || says_at(sentence, at, &["to", "quit"]) {
        work.say(Deed::Kill);
    } else if says_at(sentence, at, &["send"]) && at < 2 {
        work.network(&Value::Unknown, true);
    }
}

fn files(work: &mut Work, sentence: &[Piece], at: usize, names: &BTreeMap<String, String>) {
    let literal = |from: usize| {
        let text = sentence[from.min(sentence.len())..].iter().find(|piece| matches!(piece, Piece::Text(_)));
        match text {
            Some(Piece::Text(text)) => Value::text(text),
            _ => Value::Unknown,
        }
    };
    let begins = at == 0 || says_at(sentence, at - 1, &["to"]);
    if says_at(sentence, at, &["empty", "trash"]) || says_at(sentence, at, &["empty", "the", "trash"]) {
        work.delete(&Value::text("~/.Trash"), true);
    } else if begins
        && (says_at(sentence, at, &["delete"]) || says_at(sentence, at, &["move"]) && says(sentence, &["trash"]))
    {
        work.delete(&literal(at), true);
    } else if says_at(sentence, at, &["open", "for", "access"]) {
        if says(sentence, &["write", "permission"]) {
            work.write(&literal(at));
        } else {
            work.read(&literal(at));
        }
    } else if says_at(sentence, at, &["read"])
        && (begins || says_at(sentence, at + 1, &["posix"]) || says_at(sentence, at + 1, &["file"]))
    {
        work.read(&text_at(sentence, at + 1, names));
    } else if says_at(sentence, at, &["write"]) && begins && says(sentence, &["file"]) {
        let to = (at..sentence.len()).find(|at| says_at(sentence, *at, &["to"])).unwrap_or(at);
        work.write(&literal(to));
    } else if says_at(sentence, at, &["make", "new", "login"]) {
        work.write(&Value::Unknown);
    }
}
