//! Values beside a name in elements of pages, blocks, lists, tables, requests and declarations.

use super::Finding;
use super::look::{is_reference, random};
use super::named::{Name, push, spaces, strong, taken};
use super::values::value;
use super::words::{self, Says};

/// Bytes that are looked at behind a name for a value that does not follow at once.
const NEAR: usize = 160;
/// Most bytes of a value that spans lines or a list of values.
const LONG: usize = 16 * 1024;

/// `<password>value</password>`.
pub(super) fn element(name: &Name<'_>, from: usize, found: &mut Vec<Finding>) {
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

/// `{ default = "x" }` and `{ value: "x" }` behind a name.
pub(super) fn inside(text: &str, at: usize, found: &mut Vec<Finding>) {
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
pub(super) fn several(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
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
        // A long text of Lua.
        b'[' if text[at..].starts_with("[[") && near(text, at).contains("]]") => {
            let length = text[at + 2..].find("]]").unwrap_or(0);
            if random(&text[at + 2..at + 2 + length]) && taken(name, at + 2, at + 2 + length, true, false) {
                push(found, "named_secret", at + 2, at + 2 + length);
            }
            true
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

/// At most [`NEAR`] bytes behind a place.
fn near(text: &str, at: usize) -> &str {
    &text[at..text.floor_char_boundary((at + NEAR).min(text.len()))]
}

/// `<wsse:Password Type="x">value</wsse:Password>`: behind the attributes.
pub(super) fn attributes(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
    let within = near(name.text, at);
    let Some(close) = within.find('>').filter(|_| name.opens_element()) else { return false };
    if within[..close].contains('<') || within[..close].ends_with('/') || within[..close].contains(" value=") {
        return false;
    }
    element(name, at + close + 1, found);
    true
}

/// `<string name="api_key">value</string>`, `<key>Password</key><string>value</string>`: the name stands in what is before.
pub(super) fn named_element(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
    let text = name.text;
    let line = name.line();
    let from = if name.quoted && text[at..].starts_with('>') && line.ends_with("name=\"") {
        at + 1
    } else if let Some(rest) = text[at..].strip_prefix("</key>").filter(|_| line.ends_with("<key>")) {
        let rest = rest.trim_start();
        let Some(inner) = rest.strip_prefix("<string>").or_else(|| rest.strip_prefix("<data>")) else { return false };
        text.len() - inner.len()
    } else {
        return false;
    };
    let length = text[from..].bytes().take(LONG).position(|byte| byte == b'<').unwrap_or(0);
    let inner = text[from..from + length].trim();
    let from = from + text[from..].len() - text[from..].trim_start().len();
    if inner.len() >= 3 && taken(name, from, from + inner.len(), true, false) {
        push(found, "named_secret", from, from + inner.len());
    }
    true
}

/// `<input type="password" name="x" value="…">`.
pub(super) fn input(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) {
    let within = near(name.text, at);
    let within = &within[..within.find('>').unwrap_or(0)];
    let Some(place) = within.find(" value=").filter(|_| name.line().to_ascii_lowercase().contains("<input")) else {
        return;
    };
    let (from, to, quoted) = value(name.text, at + place + " value=".len());
    if quoted && taken(name, from, to, true, false) {
        push(found, "named_secret", from, to);
    }
}

/// A part of a form in several parts: `name="password"`, an empty line, the value.
pub(super) fn form_part(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
    if !name.quoted || !name.line().contains("form-data") {
        return false;
    }
    let within = near(name.text, at);
    let empty = ["\r\n\r\n", "\n\n", "\\r\\n\\r\\n", "\\n\\n"];
    let Some((place, ends)) = empty.iter().find_map(|ends| Some((within.find(ends)?, *ends))) else { return false };
    let from = at + place + ends.len();
    let rest = &name.text[from..];
    let length = rest.find(['\r', '\n']).unwrap_or(rest.len());
    let length = rest[..length].find(&ends[..ends.len() / 2]).unwrap_or(length);
    if length > 0 && !rest.starts_with("--") && !is_reference(&rest[..length]) {
        push(found, "named_secret", from, from + length);
    }
    true
}

/// `| password | value |`, the value in code or random.
pub(super) fn table_row(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
    let text = name.text;
    let Some(rest) = text[at..].strip_prefix('|').filter(|_| name.line().trim_start().starts_with('|')) else {
        return false;
    };
    let from = spaces(text, text.len() - rest.len());
    let (from, to, quoted) = value(text, from);
    let ends = text[to + usize::from(quoted && to < text.len())..].trim_start_matches(' ').starts_with('|');
    if ends && random(&text[from..to]) && taken(name, from, to, quoted, true) {
        push(found, "named_secret", from, to);
    }
    true
}

/// A column of values separated by commas, under a first line of names.
pub(super) fn column(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
    /// Lines, and characters of a name, that are looked at.
    const LINES: usize = 256;
    const FIELD: usize = 40;
    let text = name.text;
    if name.quoted || !text[at..].starts_with([',', '\n', '\r']) {
        return false;
    }
    let line = name.line();
    let rest = text[at..].lines().next().unwrap_or_default();
    let plain = |field: &str| {
        !field.is_empty()
            && field.len() <= FIELD
            && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let head = format!("{line}{}{rest}", &text[name.first()..at]);
    let place = line.matches(',').count();
    let count = head.split(',').count();
    let ends = rest.is_empty() || rest.starts_with(',');
    if !ends
        || count < 2
        || line.len() >= NEAR
        || !(line.is_empty() || line.ends_with(','))
        || !head.split(',').all(plain)
    {
        return false;
    }
    let mut from = at + rest.len() + text[at + rest.len()..].find('\n').map_or(0, |more| more + 1);
    if from == at + rest.len() {
        return false;
    }
    for line in text[from..].split_inclusive('\n').take(LINES) {
        let fields: Vec<&str> = line.trim_end().split(',').collect();
        if fields.len() != count {
            break;
        }
        let start = from + fields[..place].iter().map(|field| field.len() + 1).sum::<usize>();
        let (start, end, quoted) = value(text, start);
        let (start, end) = if quoted { (start, end) } else { (start, start + fields[place].len()) };
        if end <= from + line.len()
            && (random(&text[start..end]) || strong(name.word()))
            && taken(name, start, end, true, false)
        {
            push(found, "named_secret", start, end);
        }
        from += line.len();
    }
    true
}

/// Where the value of a declaration with a type stands (`secretKey: string = 'x'`, `PASSWORD: &str = "x"`): `at` is
/// where the type begins.
fn typed(text: &str, at: usize) -> Option<usize> {
    const TYPE: usize = 60;
    let within = near(text, at);
    let length = within.find(['=', '\n', '"', '`', ';', ',', '{', '(', ')'])?;
    if length == 0 || length > TYPE || !within[length..].starts_with('=') || within[length..].starts_with("==") {
        return None;
    }
    let plain = |c: char| c.is_alphanumeric() || " <>[]|?!&'*:._".contains(c);
    let from = spaces(text, at + length + 1);
    (within[..length].chars().all(plain) && text[from..].starts_with(['"', '\'', '`'])).then_some(from)
}

/// The line under a name, deeper than it and one word: `password:` and its value on the next line of YAML.
pub(super) fn next_line(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
    let text = name.text;
    let Some(rest) = text[at..].strip_prefix('\n').or_else(|| text[at..].strip_prefix("\r\n")) else { return false };
    let depth = name.line().bytes().take_while(|byte| *byte == b' ').count();
    let line = rest.lines().next().unwrap_or_default();
    let inner = line.trim();
    let from = text.len() - rest.len() + line.len() - line.trim_start_matches(' ').len();
    let deeper = line.bytes().take_while(|byte| *byte == b' ').count() > depth;
    let (from, to, quoted) = value(text, from);
    let whole = to - from + 2 * usize::from(quoted) == inner.len();
    if deeper && whole && name.says == Says::Secret && random(&text[from..to]) && taken(name, from, to, quoted, true) {
        push(found, "named_secret", from, to);
    }
    true
}

/// A declaration with a type behind a name; whether it was one.
pub(super) fn declared(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) -> bool {
    let Some(behind) = typed(name.text, at) else { return false };
    let (from, to, _) = value(name.text, behind);
    if taken(name, from, to, true, false) {
        push(found, "named_secret", from, to);
    }
    true
}

/// `printf 'password=%s' x`: the word behind the form, which ends at `at`.
pub(super) fn printed(name: &Name<'_>, at: usize, found: &mut Vec<Finding>) {
    let text = name.text;
    let close = text[at..].bytes().take_while(|byte| matches!(byte, b'"' | b'\'' | b' ' | b'\\' | b'n')).count();
    let (from, to, quoted) = value(text, (at + close).saturating_sub(1));
    if quoted && taken(name, from, to, true, false) {
        push(found, "named_secret", from, to);
    }
}
