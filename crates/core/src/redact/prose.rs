//! Values that sentences and neighbouring fields give to a name.

use super::Finding;
use super::look::{distinct, is_code, is_reference, random};
use super::named::{Name, push, spaces, strong, taken, value};
use super::words::{self, Says};

/// What stands between a name and its value, with spaces around.
const VERBS: &[&str] = &[
    "is ", "is now ", "was ", "was changed to ", "was set to ", "ist ", "lautet ", "to ", "est ", "es ", "é ", "è ",
    "to jest ", "for it is ", "— ", "– ",
];
/// The same in languages that write no spaces.
const JOINED: &[&str] = &["是", "为", "為", "：", "は", "는", "은", "を"];
/// Words before `password x` in a sentence that gives it.
const GIVES: &[&str] = &["use", "using", "with", "enter"];
/// What passwords are made into.
const HASHES: &[&str] = &["argon2", "bcrypt", "scrypt", "pbkdf2", "sha", "md5", "oauth", "base64"];

/// `the password is x`, `use password x`.
pub(super) fn said(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) {
    if name.says == Says::Perhaps || words::is_loose(name.word()) {
        return;
    }
    let text = name.text;
    let verb = VERBS.iter().filter(|verb| text[at..].starts_with(**verb)).map(|verb| verb.len()).max();
    if let Some(length) = verb.or_else(|| of_someone(&text[at..])) {
        random_value(text, spaces(text, at + length), found);
        return;
    }
    let line = name.line().trim_end();
    let before = line.rsplit(' ').next().unwrap_or_default();
    let hash =
        HASHES.iter().any(|hash| text[at..].get(..hash.len()).is_some_and(|head| head.eq_ignore_ascii_case(hash)));
    if strong(name.word()) && !hash && GIVES.iter().any(|gives| before.eq_ignore_ascii_case(gives)) {
        random_value(text, at, found);
    }
}

/// The length of `for bob is `.
fn of_someone(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("for ")?;
    let (someone, rest) = rest.split_once(' ')?;
    (someone.len() <= 40 && rest.starts_with("is ")).then_some("for ".len() + someone.len() + " is ".len())
}

/// `密码是x`, `パスワードは x です`.
pub(super) fn joined(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) {
    let text = name.text;
    if let Some(verb) = JOINED.iter().find(|verb| text[at..].starts_with(**verb)) {
        random_value(text, spaces(text, at + verb.len()), found);
    }
}

/// A value in a sentence: it has to look random.
fn random_value(text: &str, at: usize, found: &mut Vec<Finding>) {
    let (from, to, quoted) = value(text, at);
    // The stop that closes the sentence is not part of it; an exclamation mark often is.
    let stops = |c: char| matches!(c, '.' | '?') || !c.is_ascii();
    let to = if quoted { to } else { from + text[from..to].trim_end_matches(stops).len() };
    let secret = &text[from..to];
    if !is_reference(secret) && secret.len() >= 5 && !is_code(secret) && random(secret) && distinct(secret) >= 5 {
        push(found, "named_secret", from, to);
    }
}

/// `name: DB_PASSWORD` with `value: x` behind it, in YAML or JSON (a container's environment); whether it was that.
pub(super) fn beside(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
    let text = name.text;
    let head = name.line().trim_end_matches(['"', '\'', '\\', ' ']);
    if name.says == Says::Perhaps
        || !head.ends_with("name:") && !head.ends_with("name\":") && !head.ends_with("name\\\":")
    {
        return false;
    }
    let gap = |at: usize, more: &[u8]| at + text[at..].bytes().take(64).take_while(|byte| more.contains(byte)).count();
    // A line's end in a text that stands in JSON.
    let at = gap(at, b"\"'\\, \t\r\n");
    let at = if text[..at].ends_with('\\') && text[at..].starts_with('n') { gap(at + 1, b" ") } else { at };
    let Some(rest) = text[at..].strip_prefix("value") else { return false };
    let sign = gap(text.len() - rest.len(), b"\"'\\ ");
    if !text[sign..].starts_with(':') {
        return false;
    }
    let (from, to, _) = value(text, spaces(text, sign + 1));
    if taken(name, from, to, true, false) {
        push(found, "named_secret", from, to);
    }
    true
}
