//! Values beside a name that says secret, however they are written.

use super::Finding;
use super::look::{is_code, is_reference, mixed_word, opaque, random, random_long};
use super::values::{joined_word, written_quote};
use super::words::{self, Says, WORDS, about};
use super::{blocks, calls, forms, given, headers, options, prose, unnamed};

pub(super) use super::values::value;

/// Bytes that are looked at behind a name for a value that does not follow at once.
const NEAR: usize = 160;

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
        Says::Url => blocks::url(text, end, found),
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
        Says::Dsn => unnamed::dsn(text, start, found),
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
fn behind_quote(text: &str, at: usize) -> Option<usize> {
    if let Some(quote) = written_quote(text, at) {
        return Some(at + quote.len());
    }
    let bytes = text.as_bytes();
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
    pub(super) quoted: bool,
}

impl Name<'_> {
    /// The word the name was found by.
    pub(super) fn word(&self) -> &str {
        &self.text[self.start..self.word_end]
    }

    /// Where the name begins.
    pub(super) fn first(&self) -> usize {
        let bytes = self.text.as_bytes();
        let before = bytes[..self.start].iter().rev().take(64).take_while(|byte| is_name(**byte)).count();
        self.start - before
    }

    /// Whether it names an element of XML.
    pub(super) fn opens_element(&self) -> bool {
        self.text[..self.first()].ends_with(['<', ':'])
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
    if !closed && let Some(behind) = behind_quote(text, at) {
        name.quoted = true;
        at = behind;
    }
    // `os.environ['DB_PASSWORD'] = …`.
    if name.quoted && bytes.get(at) == Some(&b']') {
        at += 1;
    }
    if bytes.get(at) == Some(&b'>') && !name.quoted {
        forms::element(&name, at + 1, found);
        return;
    }
    if forms::named_element(&name, at, found) || bytes.get(at) == Some(&b' ') && forms::attributes(&name, at, found) {
        return;
    }
    let gap = at;
    // `**Password:** x`, `**Password**: x`.
    let bold = |at: usize| at + text[at..].bytes().take(2).take_while(|byte| *byte == b'*').count();
    at = spaces(text, bold(at));
    let sign = match (bytes.get(at), bytes.get(at + 1)) {
        _ if closed && bytes[end - 1] == b'=' => 0,
        // A colon or a sign of equality as URLs write them.
        (Some(b'%'), Some(b'3')) if matches!(bytes.get(at + 2), Some(b'A' | b'a' | b'D' | b'd')) => 3,
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
    at = if colon { bold(at + sign) } else { at + sign };
    at = spaces(text, at);
    // A line that goes on.
    if text[at..].starts_with("\\\n") {
        at = spaces(text, at + 2);
    }
    if forms::several(&name, at, found) || colon && forms::next_line(&name, at, found) {
        return;
    }
    if colon && forms::declared(&name, at, found) {
        return;
    }
    let (from, mut to, quoted) = value(text, at);
    // In a URL the quotes around it end a bare value too.
    if sign == 3 && !quoted {
        to = from + text[from..to].find('%').unwrap_or(to - from);
    }
    if text[from..to].starts_with("%s") && name.line().contains("printf ") {
        forms::printed(&name, to, found);
        return;
    }
    let line = name.line();
    if !quoted && !colon && !spaced && line.len() < NEAR {
        to = joined_word(text, line, from, to);
    }
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
        Says::Perhaps => opaque(secret) || name.word().eq_ignore_ascii_case("_auth") && is_pair(secret),
        _ if quoted || !loose => !(name.says == Says::Part && bare && secret.len() < 4),
        // Prose and code: `password: it has to be`, `token = parse(…)`.
        _ => {
            !is_code(secret)
                && (random(secret) || strong(name.word()) && secret.len() >= 6 && !plain_word(text, secret, to))
        }
    }
}

/// Base64 of `name:password`, however short.
fn is_pair(text: &str) -> bool {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut plain = Vec::new();
    for four in text.trim_end_matches('=').as_bytes().chunks(4).take(64) {
        let mut bits = 0_u32;
        for byte in four {
            let Some(value) = digit(*byte) else { return false };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - four.len());
        plain.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    let colon = plain.iter().position(|byte| *byte == b':');
    colon.is_some_and(|at| at > 0 && at + 1 < plain.len()) && plain.iter().all(|byte| matches!(byte, 0x20..=0x7e))
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

/// The next argument or member behind a name: of a call, a list of arguments, a statement. Whether it was one.
fn argument(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
    let text = name.text;
    let bytes = text.as_bytes();
    // Erlang: `{default_pass,<<"x">>}`; MySQL: `IDENTIFIED WITH mysql_native_password BY 'x'`.
    for lead in [",<<\"", "BY '", "AS '"] {
        if text[at..].starts_with(lead) && strong(name.word()) {
            let (from, to, _) = value(text, at + lead.len() - 1);
            if taken(name, from, to, true, false) {
                push(found, "named_secret", from, to);
            }
            return true;
        }
    }
    // `define('DB_PASSWORD', 'x')`.
    let option = text[name.first()..].starts_with('-');
    if name.quoted && option && bytes.get(at) == Some(&b',') {
        // `["--password", "x"]`.
        let (from, to, quoted) = value(text, spaces(text, at + 1));
        if quoted && taken(name, from, to, true, false) {
            push(found, "named_secret", from, to);
        }
        return true;
    }
    if name.quoted && bytes.get(at) == Some(&b',') && (name.line().ends_with("('") || name.line().ends_with("(\"")) {
        let (from, to, quoted) = value(text, spaces(text, at + 1));
        let set =
            name.line().ends_with("SetEnvironmentVariable('") || name.line().ends_with("SetEnvironmentVariable(\"");
        if quoted && (set || random(&text[from..to])) && taken(name, from, to, true, false) {
            push(found, "named_secret", from, to);
        }
        return true;
    }
    false
}

/// A value that follows without a sign between.
fn unsigned(name: &Name<'_>, gap: usize, at: usize, found: &mut Vec<Finding>) {
    let text = name.text;
    let bytes = text.as_bytes();
    // HCL: `variable "db_password" { default = "x" }`.
    if name.quoted && bytes.get(at) == Some(&b'{') {
        forms::inside(text, at, found);
        return;
    }
    if prose::beside(name, gap, found)
        || forms::form_part(name, gap, found)
        || forms::table_row(name, at, found)
        || at == gap && forms::column(name, at, found)
        || name.line().contains("pulumi config set")
    {
        return;
    }
    if argument(name, at, found) {
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
        } else if at > gap {
            forms::input(name, gap, found);
        }
        return;
    }
    let line = name.line();
    if at == gap {
        prose::joined(name, at, found);
        // `setPassword("x")`.
        if bytes.get(at) == Some(&b'(') {
            let (from, to, quoted) = value(text, at + 1);
            // `PASSWORD(x)` of a command language.
            let upper = name.word().bytes().all(|byte| byte.is_ascii_uppercase()) && text[to..].starts_with(')');
            if (quoted || upper)
                && random(&text[from..to])
                && !text[from..to].contains(' ')
                && taken(name, from, to, true, false)
            {
                push(found, "named_secret", from, to);
            }
        }
        return;
    }
    let option = line.is_empty() && text[name.first()..].starts_with('-') || text[name.first()..].starts_with("--");
    let (from, to, quoted) = value(text, at);
    let secret = &text[from..to];
    // Go: `const dbPassword string = "x"`.
    if name.says == Says::Secret && forms::declared(name, at, found) {
        return;
    }
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
        let before = &name.text[name.text.floor_char_boundary(name.start.saturating_sub(NEAR))..name.start];
        if netrc(before, secret) {
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

/// Whether what stands before `password` is an entry of a netrc: `machine host login name`, in this order, and no sentence.
fn netrc(before: &str, secret: &str) -> bool {
    let Some(at) = before.rfind("machine ").into_iter().chain(before.rfind("default ")).max() else { return false };
    let words: Vec<&str> = before[at..].split_whitespace().collect();
    let (host, rest) = match words.as_slice() {
        ["machine", host, rest @ ..] => (*host, rest),
        ["default", rest @ ..] => ("", rest),
        _ => return false,
    };
    let entry = matches!(rest, ["login", user] | ["login", user, "account", _] if !user.ends_with(','));
    // A sentence has a word there that is no name of a machine, and begins with another.
    let opens = before[..at].trim_end_matches([' ', '\t', '"', '\'']);
    let written = opens.is_empty()
        || opens.ends_with('\n')
        || host.contains(['.', ':', '-'])
        || host == "localhost"
        || before[at..].contains('\n')
        || random(secret);
    entry && written
}

fn strong_or_by(word: &str) -> bool {
    strong(word) || word.eq_ignore_ascii_case("identified by")
}
