//! Values beside a name that says secret, however they are written.

use super::Finding;
use super::look::{is_code, is_reference, mixed_word, opaque, random, random_long};
use super::words::{self, Says, WORDS, about};
use super::{blocks, calls, given, headers, options, prose, unnamed};

/// Bytes that are looked at behind a name for a value that does not follow at once.
const NEAR: usize = 160;
/// Most bytes of a value that spans lines or a list of values.
const LONG: usize = 16 * 1024;

/// What defines a name with the next word as its value, at the start of a line.
const DEFINES: &[&str] = &[
    "#define ", "set -", "setx ", "setenv ", "ENV ", "ARG ", "npm config set ", "pnpm config set ", "yarn config set ",
    "aws configure set ", "npm set ", "nmcli ",
];
/// The same in PowerShell, in any case.
const ITEMS: &[&str] = &["set-item env:", "set-item -path env:", "new-item env:", "new-item -path env:"];

/// Whether the line up to a name defines it: its last command does.
fn defines(line: &str) -> bool {
    let last = line.rsplit([';', '&', '|', '(', '{', '"', '\'', '`']).next().unwrap_or_default().trim_start();
    let last = last.strip_prefix("cmd /c ").or_else(|| last.strip_prefix("cmd.exe /c ")).unwrap_or(last);
    let begins = |head: &&str| last.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head));
    DEFINES.iter().any(|head| last.starts_with(head))
        || ITEMS.iter().any(begins)
        || last.starts_with("aws ") && last.ends_with(" configure set ")
}

/// Looks at one place where a word stands.
pub(super) fn look(text: &str, start: usize, end: usize, which: usize, found: &mut Vec<Finding>) {
    match WORDS[which].1 {
        Says::Url => blocks::url(text, start, end, found),
        Says::Block => blocks::block(text, start, found),
        Says::BlockEnd => blocks::tail(text, start, end, found),
        Says::Lines => blocks::lines(text, start, end, found),
        Says::Jwk => blocks::jwk(text, end, found),
        Says::Manifest => blocks::manifest(text, start, end, found),
        Says::Scheme => headers::scheme(text, start, end, found),
        Says::Authorization => headers::authorization(text, end, found),
        Says::Cookie => headers::cookie(text, start, end, found),
        Says::Command => options::command(text, start, end, found),
        Says::Variable => calls::variable(text, end, found),
        Says::Call => calls::call(text, end, found),
        Says::Mask => given::mask(text, end, found),
        Says::AsFile => given::as_file(text, start, end, found),
        Says::Mailgun => unnamed::mailgun(text, end, found),
        Says::Pgpass => unnamed::pgpass(text, start, found),
        Says::PgpassFile => unnamed::pgpass_file(text, start, found),
        Says::Phrase => calls::phrase(text, end, found),
        Says::Part if !words::whole_part(text, start, end) => {}
        says @ (Says::Secret | Says::Part | Says::Perhaps) => assignment(text, start, end, says, found),
    }
}

pub(super) fn push(found: &mut Vec<Finding>, kind: &'static str, start: usize, end: usize) {
    if start < end {
        found.push(Finding { kind, start, end });
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// First place at or after `at` that is no space or tab.
pub(super) fn spaces(text: &str, at: usize) -> usize {
    at + text[at..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Behind backslashes (JSON inside JSON) and one quote, where they stand.
fn behind_quote(bytes: &[u8], at: usize) -> Option<usize> {
    let slashes = bytes[at..].iter().take(8).take_while(|byte| **byte == b'\\').count();
    bytes.get(at + slashes).filter(|byte| matches!(byte, b'"' | b'\'')).map(|_| at + slashes + 1)
}

/// A name with the word in it.
pub(super) struct Name<'t> {
    pub(super) text: &'t str,
    /// Where the word begins.
    start: usize,
    /// One after the word.
    word_end: usize,
    /// One after the name.
    end: usize,
    pub(super) says: Says,
    /// Stands in quotes.
    quoted: bool,
}

impl Name<'_> {
    /// The word the name was found by.
    pub(super) fn word(&self) -> &str {
        &self.text[self.start..self.word_end]
    }

    /// Where the name begins.
    fn first(&self) -> usize {
        let bytes = self.text.as_bytes();
        let before = bytes[..self.start].iter().rev().take(64).take_while(|byte| is_name(**byte)).count();
        self.start - before
    }

    /// The line up to the name.
    pub(super) fn line(&self) -> &str {
        let first = self.first();
        let from = first.saturating_sub(NEAR);
        let from = (from..=first).find(|at| self.text.is_char_boundary(*at)).unwrap_or(first);
        let before = &self.text[from..first];
        before.rsplit('\n').next().unwrap_or_default()
    }
}

/// `NAME=value`, `name: value`, `"name": "value"`, `--name value`, `<name>value</name>` and their like.
fn assignment(text: &str, start: usize, end: usize, says: Says, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    let mut at = end;
    let closed = matches!(bytes[end - 1], b'=' | b'"');
    if !closed {
        while at < bytes.len() && is_name(bytes[at]) {
            at += 1;
        }
        if about(&text[end..at].to_ascii_lowercase()) {
            return;
        }
    }
    if says == Says::Perhaps && words::opens_nothing(text, start + usize::from(text[start..].starts_with('-'))) {
        return;
    }
    let mut name = Name { text, start, word_end: end, end: at, says, quoted: closed && bytes[end - 1] == b'"' };
    // `--from-file=password=pw.txt`, `auth.existingSecret=name`: where it is kept.
    let kept = text[name.first()..start].ends_with("existing") || name.line().ends_with("--from-file=");
    if kept {
        return;
    }
    if !closed && let Some(behind) = behind_quote(bytes, at) {
        name.quoted = true;
        at = behind;
    }
    // `os.environ['DB_PASSWORD'] = …`.
    if name.quoted && bytes.get(at) == Some(&b']') {
        at += 1;
    }
    if bytes.get(at) == Some(&b'>') && !name.quoted {
        element(&name, at + 1, found);
        return;
    }
    let gap = at;
    at = spaces(text, at);
    let sign = match (bytes.get(at), bytes.get(at + 1)) {
        _ if closed && bytes[end - 1] == b'=' => 0,
        (Some(b'='), Some(b'=')) | (Some(b':'), Some(b':')) => return,
        (Some(b'=' | b':'), Some(b'>' | b'=')) | (Some(b'?'), Some(b'=')) => 2,
        (Some(b'=' | b':'), _) => 1,
        _ => {
            unsigned(&name, gap, at, found);
            return;
        }
    };
    let colon = sign == 1 && bytes[at] == b':';
    let spaced = at > name.end || bytes.get(at + sign) == Some(&b' ');
    at = spaces(text, at + sign);
    if several(&name, at, found) {
        return;
    }
    let (from, to, quoted) = value(text, at);
    if taken(&name, from, to, quoted, spaced || colon) {
        push(found, "named_secret", from, to);
    }
}

/// Whether a value beside a name is a secret; `loose` where prose and code look alike.
pub(super) fn taken(name: &Name<'_>, from: usize, to: usize, quoted: bool, loose: bool) -> bool {
    let text = name.text;
    let secret = &text[from..to];
    let least = if quoted { 3 } else { 4 };
    if secret.len() < least || is_reference(secret) {
        return false;
    }
    let bare = name.first() == name.start;
    if name.word().eq_ignore_ascii_case("pwd") && is_path(secret) || is_colour(secret) {
        return false;
    }
    if words::is_loose(name.word()) {
        return loosely(name, secret, quoted);
    }
    // `csrf_token`, `tokens`: counts and keys have the same name.
    if name.word().eq_ignore_ascii_case("token") && text[name.word_end..name.end].starts_with('s') {
        return opaque(secret);
    }
    match name.says {
        // `session_key` names a conversation.
        Says::Perhaps => opaque(secret),
        _ if quoted || !loose => !(name.says == Says::Part && bare && secret.len() < 4),
        // Prose and code: `password: it has to be`, `token = parse(…)`.
        _ => {
            !is_code(secret)
                && (random(secret) || strong(name.word()) && secret.len() >= 6 && !plain_word(text, secret, to))
        }
    }
}

/// Names as `auth` and `pin` stand for other things too: the value has to look like a secret.
fn loosely(name: &Name<'_>, secret: &str, quoted: bool) -> bool {
    let word = name.word().to_ascii_lowercase();
    match word.as_str() {
        "pin" => quoted && (4..=8).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_digit()),
        "auth" => {
            let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
            opaque(secret) || quoted && secret.len() >= 8 && secret.bytes().all(base64) && mixed_word(secret)
        }
        _ => opaque(secret) || random(secret) && secret.len() >= 12,
    }
}

/// Names that mean a password and nothing else.
pub(super) fn strong(word: &str) -> bool {
    let word = word.to_lowercase();
    word.starts_with("pass")
        || matches!(
            word.as_str(),
            "pwd"
                | "kennwort"
                | "mot de passe"
                | "contraseña"
                | "wachtwoord"
                | "пароль"
                | "密码"
                | "hasło"
                | "パスワード"
                | "비밀번호"
                | "rediscli_auth"
        )
}

/// A lone word in a sentence that goes on.
fn plain_word(text: &str, secret: &str, end: usize) -> bool {
    secret.chars().all(|c| c.is_ascii_lowercase()) && text[end..].starts_with(' ')
}

fn is_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    matches!(bytes, [b'/' | b'~' | b'.', ..]) || matches!(bytes, [drive, b':', ..] if drive.is_ascii_alphabetic())
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|hex| matches!(hex.len(), 3..=8) && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// `<password>value</password>`.
fn element(name: &Name<'_>, from: usize, found: &mut Vec<Finding>) {
    let first = name.first();
    if !name.text[..first].ends_with(['<', ':']) || name.says == Says::Perhaps {
        return;
    }
    let Some(length) = name.text[from..].bytes().take(LONG).position(|byte| byte == b'<') else { return };
    let secret = &name.text[from..from + length];
    let inner = secret.trim();
    let from = from + secret.len() - secret.trim_start().len();
    if inner.len() >= 3 && !inner.starts_with("${") && !inner.starts_with("[masked:") && !inner.contains(['\n', '(']) {
        push(found, "named_secret", from, from + inner.len());
    }
}

/// A value that follows without a sign between.
fn unsigned(name: &Name<'_>, gap: usize, at: usize, found: &mut Vec<Finding>) {
    let text = name.text;
    let bytes = text.as_bytes();
    // HCL: `variable "db_password" { default = "x" }`.
    if name.quoted && bytes.get(at) == Some(&b'{') {
        inside(text, at, found);
        return;
    }
    if prose::beside(name, gap, found) {
        return;
    }
    // `define('DB_PASSWORD', 'x')`.
    let option = text[name.first()..].starts_with('-');
    if name.quoted && option && bytes.get(at) == Some(&b',') {
        // `["--password", "x"]`.
        let (from, to, quoted) = value(text, spaces(text, at + 1));
        if quoted && taken(name, from, to, true, false) {
            push(found, "named_secret", from, to);
        }
        return;
    }
    if name.quoted && bytes.get(at) == Some(&b',') && (name.line().ends_with("('") || name.line().ends_with("(\"")) {
        let (from, to, quoted) = value(text, spaces(text, at + 1));
        let set =
            name.line().ends_with("SetEnvironmentVariable('") || name.line().ends_with("SetEnvironmentVariable(\"");
        if quoted && (set || random(&text[from..to])) && taken(name, from, to, true, false) {
            push(found, "named_secret", from, to);
        }
        return;
    }
    // `<add key="DbPassword" value="x"/>`.
    if name.quoted {
        // `(setenv "DB_PASSWORD" "x")`.
        let lisp = name.line().ends_with("(setenv \"");
        let head = if lisp { 0 } else { "value=".len() };
        if at > gap && (lisp || text[at..].starts_with("value=")) {
            let (from, to, quoted) = value(text, at + head);
            if quoted && taken(name, from, to, true, false) {
                push(found, "named_secret", from, to);
            }
        }
        return;
    }
    let line = name.line();
    if at == gap {
        prose::joined(name, at, found);
        // `setPassword("x")`.
        if bytes.get(at) == Some(&b'(') {
            let (from, to, quoted) = value(text, at + 1);
            if quoted && random(&text[from..to]) && !text[from..to].contains(' ') && taken(name, from, to, true, false)
            {
                push(found, "named_secret", from, to);
            }
        }
        return;
    }
    let option = line.is_empty() && text[name.first()..].starts_with('-') || text[name.first()..].starts_with("--");
    let (from, to, quoted) = value(text, at);
    let secret = &text[from..to];
    // An option, a macro or a variable of a shell: the value is the next word.
    let defined = defines(line) && !secret.starts_with('(');
    if defined && secret.eq_ignore_ascii_case("-value") {
        let (from, to, _) = value(text, spaces(text, to));
        if taken(name, from, to, true, false) {
            push(found, "named_secret", from, to);
        }
        return;
    }
    if option && name.text[name.first()..].starts_with("--") || defined && !secret.starts_with('-') {
        if taken(name, from, to, true, false) && secret.len() >= 4 - usize::from(quoted) {
            push(found, "named_secret", from, to);
        }
        return;
    }
    if !is_reference(secret) && secret.len() >= 3 && said(name, line, secret, bytes.get(at) == Some(&b'\''), quoted) {
        push(found, "named_secret", from, to);
        return;
    }
    prose::said(name, at, found);
}

/// A value beside a name in SQL, in a netrc, in a sentence.
fn said(name: &Name<'_>, line: &str, secret: &str, single: bool, quoted: bool) -> bool {
    let word = name.word();
    // SQL: `PASSWORD 'x'`, `IDENTIFIED BY 'x'`.
    let keyword = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ');
    let grant = line.to_ascii_lowercase();
    let grant = ["user ", "role ", "login "].iter().any(|word| grant.contains(word));
    if single && strong_or_by(word) && (keyword || grant) {
        return !secret.contains('\n');
    }
    // netrc: `login bob password x`, on one line or several.
    if word.eq_ignore_ascii_case("password") && !quoted && secret.len() >= 4 {
        let before = &name.text[(0..=name.start.saturating_sub(NEAR))
            .rev()
            .find(|at| name.text.is_char_boundary(*at))
            .unwrap_or(0)..name.start];
        let entry = before.rfind("machine ").or_else(|| before.rfind("default "));
        if entry.is_some_and(|at| before[at..].contains("login ")) {
            return true;
        }
    }
    if word.eq_ignore_ascii_case("requirepass") {
        return secret.len() >= 4;
    }
    // `(setq smtp-password "x")`.
    if quoted && strong(word) && random(secret) && !secret.contains(' ') {
        return true;
    }
    // `here is my token x`, `add-authtoken x`, `use the api key x`.
    let opens = !words::is_loose(word) && name.says != Says::Part;
    opens && (random_long(secret) || word.eq_ignore_ascii_case("private key") && secret.starts_with("0x"))
}

fn strong_or_by(word: &str) -> bool {
    strong(word) || word.eq_ignore_ascii_case("identified by")
}

/// `{ default = "x" }` and `{ value: "x" }` behind a name.
fn inside(text: &str, at: usize, found: &mut Vec<Finding>) {
    let end = (at + NEAR).min(text.len());
    let end = (at..=end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(at);
    let within = &text[at..end];
    let within = &within[..within.find('}').unwrap_or(within.len())];
    for word in ["default", "value", "\"value\"", "\\\"value\\\""] {
        let Some(place) = within.find(word) else { continue };
        let sign = spaces(text, at + place + word.len());
        if !text[sign..].starts_with(['=', ':']) {
            continue;
        }
        let (from, to, quoted) = value(text, spaces(text, sign + 1));
        if quoted && to > from + 2 && !is_reference(&text[from..to]) {
            push(found, "named_secret", from, to);
        }
    }
}

/// Values of a list, of a block of lines, of an object; whether there was one.
fn several(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
    let text = name.text;
    let Some(first) = text.as_bytes().get(at) else { return false };
    if name.says == Says::Perhaps || words::is_loose(name.word()) {
        return false;
    }
    match first {
        b'{' if name.quoted => {
            inside(text, at, found);
            false
        }
        b'[' => {
            let limit = text[at..].bytes().take(LONG).position(|byte| byte == b']').map_or(at, |more| at + more);
            let mut place = at + 1;
            let mut any = false;
            while place < limit {
                place += text[place..limit].bytes().take_while(|byte| b" ,\t\r\n".contains(byte)).count();
                let (from, to, quoted) = value(text, place);
                if !quoted || to > limit || place >= limit {
                    break;
                }
                if taken(name, from, to, true, false) {
                    push(found, "named_secret", from, to);
                }
                any = true;
                place = (to + 1 + text[to..].bytes().take_while(|byte| *byte == b'\\').count()).min(limit);
                place = (place..=limit).find(|at| text.is_char_boundary(*at)).unwrap_or(limit);
            }
            any
        }
        b'|' | b'>' => {
            let head = text[at..].bytes().take_while(|byte| b"|>+-123456789 \t\r".contains(byte)).count();
            text[at + head..].starts_with('\n') && {
                block_of_lines(name, at + head + 1, found);
                true
            }
        }
        _ => false,
    }
}

/// The lines behind a YAML `|` that are indented deeper than their name.
fn block_of_lines(name: &Name<'_>, from: usize, found: &mut Vec<Finding>) {
    let depth = name.line().bytes().take_while(|byte| *byte == b' ').count();
    let (mut start, mut end, mut at) = (None, from, from);
    for line in name.text[from..].split_inclusive('\n') {
        let inner = line.bytes().take_while(|byte| *byte == b' ').count();
        if !line.trim().is_empty() {
            if inner <= depth || at - from > LONG {
                break;
            }
            start = start.or(Some(at + inner));
            end = at + line.trim_end().len();
        }
        at += line.len();
    }
    if let Some(start) = start
        && !is_reference(&name.text[start..end])
    {
        push(found, "named_secret", start, end);
    }
}

/// The value at a place: within its quotes, or up to what ends a bare word.
pub(super) fn value(text: &str, at: usize) -> (usize, usize, bool) {
    let bytes = text.as_bytes();
    let slashes = bytes[at.min(bytes.len())..].iter().take(8).take_while(|byte| **byte == b'\\').count();
    let (from, quote) = match bytes.get(at + slashes) {
        Some(b'"') => (at + slashes + 1, Some(&text[at..=at + slashes])),
        Some(b'\'') if slashes == 0 => (at + 1, Some("'")),
        Some(b'`') if slashes == 0 => (at + 1, Some("`")),
        _ => (at.min(text.len()), None),
    };
    let rest = &text[from..];
    // A password in braces, as ODBC writes one that holds a semicolon.
    if let Some(inner) = rest.strip_prefix('{')
        && quote.is_none()
        && text[..at].to_ascii_lowercase().ends_with("pwd=")
        && let Some(length) = inner.bytes().take(NEAR).position(|byte| byte == b'}')
    {
        return (from + 1, from + 1 + length, true);
    }
    let end = match quote {
        Some(quote) => {
            let line = rest.find('\n').unwrap_or(rest.len());
            rest[..line].find(quote).unwrap_or(line)
        }
        None => rest
            .find(|c: char| {
                c.is_whitespace()
                    || matches!(c, ';' | '&' | '|' | ')' | '"' | '\'' | ',' | '`' | '<' | '>' | '}' | '\\')
            })
            .unwrap_or(rest.len()),
    };
    (from, from + end, quote.is_some())
}
