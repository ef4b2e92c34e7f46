//! Personal data: e-mail, phone, bank account, card, national id, and public addresses by choice.

use super::checks::{codice_fiscale, cpf, dni, hetu, iban, iban_length, luhn, national};
use super::{Choice, Finding};

/// Bytes before a number in which a word may announce it.
const ANNOUNCED: usize = 40;

pub(super) fn scan(text: &str, choice: Choice, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'@', bytes) {
        email(bytes, at, found);
    }
    let mut at = 0;
    while at < bytes.len() {
        // Words are looked at from their first character.
        if !bytes[at].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let (mut end, mut digits) = (at, 0_usize);
        while end < bytes.len() && bytes[end].is_ascii_alphanumeric() {
            digits += usize::from(bytes[end].is_ascii_digit());
            end += 1;
        }
        if digits > 0 {
            word(text, at, end, choice, found);
        }
        at = end;
    }
}

/// A word with digits in it.
fn word(text: &str, start: usize, end: usize, choice: Choice, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    if bytes[start].is_ascii_digit() {
        if bytes[start..end].iter().all(u8::is_ascii_digit) {
            number(text, start, choice, found);
        } else {
            lettered(bytes, start, end, found);
        }
    } else if bytes[start].is_ascii_uppercase() {
        account(bytes, start, found);
        lettered(bytes, start, end, found);
    }
    // A word of digits may go on with a sign and a letter (Finland: `131052-308T`).
    if end - start == 6 && bytes.len() >= start + 11 && bytes[start..end].iter().all(u8::is_ascii_digit) {
        let free = bytes.get(start + 11).is_none_or(|byte| !byte.is_ascii_alphanumeric());
        if free && hetu(&bytes[start..start + 11]) {
            found.push(Finding { kind: "national_id", start, end: start + 11 });
        }
    }
}

/// Ids of letters and digits that carry a check of their own.
fn lettered(bytes: &[u8], start: usize, end: usize, found: &mut Vec<Finding>) {
    let word = &bytes[start..end];
    if word.len() == 9 && dni(word) || word.len() == 16 && codice_fiscale(word) {
        found.push(Finding { kind: "national_id", start, end });
    }
}

/// An IBAN, grouped by spaces or not.
fn account(bytes: &[u8], start: usize, found: &mut Vec<Finding>) {
    let (Some(country), Some(check)) = (bytes.get(start..start + 2), bytes.get(start + 2..start + 4)) else { return };
    if !check.iter().all(u8::is_ascii_digit) {
        return;
    }
    let Some(length) = iban_length(country) else { return };
    let mut plain = Vec::with_capacity(length);
    let mut at = start;
    while plain.len() < length {
        match bytes.get(at) {
            Some(byte) if byte.is_ascii_uppercase() || byte.is_ascii_digit() => plain.push(*byte),
            Some(b' ' | b'-') if at > start && bytes[at - 1] != b' ' => {}
            _ => return,
        }
        at += 1;
    }
    if bytes.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric()) && iban(&plain) {
        found.push(Finding { kind: "iban", start, end: at });
    }
}

/// A run of digits with the signs that group them.
struct Run {
    digits: Vec<u8>,
    end: usize,
    /// The signs between groups.
    signs: Vec<u8>,
    /// Digits of each group.
    groups: Vec<usize>,
    plus: bool,
}

/// Most digits that are looked at in one run.
const RUN_DIGITS: usize = 20;

fn run(bytes: &[u8], start: usize) -> Run {
    let plus =
        start > 0 && bytes[start - 1] == b'+' || start > 1 && bytes[start - 1] == b'(' && bytes[start - 2] == b'+';
    let mut run = Run { digits: Vec::new(), end: start, signs: Vec::new(), groups: vec![0], plus };
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii_digit() {
            if run.digits.len() == RUN_DIGITS {
                break;
            }
            run.digits.push(byte - b'0');
            if let Some(last) = run.groups.last_mut() {
                *last += 1;
            }
            at += 1;
            run.end = at;
            continue;
        }
        // Up to two signs between digits: `) `, ` (`, `-`, ` `, `.`, `/`.
        let signs =
            bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/')).count();
        if signs == 0 || signs > 2 || !bytes.get(at + signs).is_some_and(u8::is_ascii_digit) {
            break;
        }
        run.signs.extend_from_slice(&bytes[at..at + signs]);
        run.groups.push(0);
        at += signs;
    }
    run
}

fn number(text: &str, start: usize, choice: Choice, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    if choice.addresses
        && let Some(end) = address(text, start)
    {
        found.push(Finding { kind: "ip_address", start, end });
        return;
    }
    // In the middle of something longer: a decimal fraction, a path, an id with dashes.
    let before = start.checked_sub(1).map(|at| bytes[at]);
    if matches!(before, Some(b'.' | b'_' | b'-' | b'/' | b'#' | b'=' | b'@' | b'%'))
        && start >= 2
        && bytes[start - 2].is_ascii_alphanumeric()
        && before != Some(b'=')
        && before != Some(b'/')
    {
        return;
    }
    let run = run(bytes, start);
    let free = bytes.get(run.end).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    if !free || run.digits.len() < 7 {
        return;
    }
    let kind = if is_card(&run) {
        "card"
    } else if is_national(text, start, &run) {
        "national_id"
    } else if is_phone(text, start, &run) {
        "phone"
    } else {
        return;
    };
    let start = if run.plus && kind == "phone" { start - 1 - usize::from(bytes[start - 1] == b'(') } else { start };
    let start = if kind == "phone" && start > 0 && bytes[start - 1] == b'(' { start - 1 } else { start };
    found.push(Finding { kind, start, end: run.end });
}

/// A payment card: its issuer's range, its length, its grouping, its check digit.
fn is_card(run: &Run) -> bool {
    let digits = &run.digits;
    let head = |count: usize| digits[..count].iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit));
    if digits.len() < 13 || run.plus || run.signs.iter().any(|sign| !matches!(sign, b' ' | b'-')) {
        return false;
    }
    let issued = match digits.len() {
        13 | 19 => head(1) == 4,
        14 => matches!(head(2), 36 | 38 | 39) || (300..=305).contains(&head(3)),
        15 => matches!(head(2), 34 | 37),
        16 => {
            head(1) == 4
                || (51..=55).contains(&head(2))
                || (2221..=2720).contains(&head(4))
                || head(4) == 6011
                || head(2) == 65
                || (644..=649).contains(&head(3))
                || (3528..=3589).contains(&head(4))
                || head(2) == 62
                || matches!(head(2), 50 | 56..=58)
        }
        _ => false,
    };
    let grouped = run.groups.len() == 1
        || run.groups == [4, 4, 4, 4]
        || run.groups == [4, 6, 5]
        || run.groups == [4, 6, 4]
        || run.groups == [4, 4, 4, 4, 3];
    issued && grouped && digits.iter().any(|digit| *digit != digits[0]) && luhn(digits)
}

/// Words that announce a national id, in the spelling [`national`] takes.
const NATIONAL: &[&str] = &[
    "bsn", "burgerservicenummer", "pesel", "nhs", "cpf", "steuer", "aadhaar", "personnummer", "fodselsnummer",
    "fødselsnummer", "insee", "nir", "securite sociale", "sécurité sociale", "sin", "social insurance", "id number",
    "tfn", "tax file", "ssn", "social security",
];

fn is_national(text: &str, start: usize, run: &Run) -> bool {
    if !(9..=15).contains(&run.digits.len()) || run.signs.iter().any(|sign| !matches!(sign, b' ' | b'-' | b'.' | b'/'))
    {
        return false;
    }
    // Brazil's way of writing needs no announcement, nor does the American one.
    if run.groups == [3, 3, 3, 2] && run.signs.first() == Some(&b'.') && cpf(&run.digits) {
        return true;
    }
    if run.groups == [3, 2, 4] && run.signs == b"--" && national("ssn", &run.digits) {
        return true;
    }
    announced(text, start, NATIONAL).any(|word| national(word, &run.digits))
}

/// Words that stand shortly before a place, on the same line.
fn announced<'w>(text: &str, start: usize, words: &'w [&'w str]) -> impl Iterator<Item = &'w str> {
    let mut from = start.saturating_sub(ANNOUNCED);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let before = &text[from..start];
    let before = before.rsplit('\n').next().unwrap_or_default().to_lowercase();
    words.iter().copied().filter(move |word| {
        before.match_indices(word).any(|(at, _)| {
            let left = before[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
            let right = before[at + word.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
            left && (right || word.len() > 5)
        })
    })
}

/// Words that announce a telephone number.
const PHONE: &[&str] = &[
    "tel", "phone", "telephone", "mobile", "cell", "call", "fax", "whatsapp", "sms", "telefon", "handy", "mobil",
    "téléphone", "teléfono", "móvil", "numer", "dial", "hotline", "phone_number", "phonenumber",
];

fn is_phone(text: &str, start: usize, run: &Run) -> bool {
    let bytes = text.as_bytes();
    let digits = run.digits.len();
    if !(7..=15).contains(&digits) || run.groups.len() > 7 {
        return false;
    }
    let same = run.digits.iter().all(|digit| *digit == run.digits[0]);
    if same {
        return false;
    }
    if run.plus {
        // A line that begins with `+` may be a line of a diff.
        let line = start < 2 || bytes[start - 2] == b'\n';
        let dotted = run.signs.contains(&b'.') && run.groups.iter().all(|count| *count <= 2);
        return run.digits[0] != 0
            && (8..=15).contains(&digits)
            && !dotted
            && (!line || run.groups.len() > 1 || digits >= 10);
    }
    let american = |groups: &[usize]| groups == [3, 3, 4] || groups == [1, 3, 3, 4];
    let bracket = start > 0 && bytes[start - 1] == b'(';
    if american(&run.groups) && run.digits[run.groups.len() - 3] > 1 {
        let area = usize::from(run.groups.len() == 4);
        let exchange = area + 3;
        let valid = run.digits[area] > 1 && run.digits[exchange] > 1;
        if valid
            && (bracket || run.signs.iter().all(|sign| matches!(sign, b'-' | b' ' | b'.' | b')' | b'(')))
            && !run.signs.contains(&b'/')
        {
            let spaced = run.signs.iter().all(|sign| *sign == b' ');
            return bracket || !spaced || announced(text, start, PHONE).next().is_some();
        }
    }
    // A national number: announced, begins with the trunk zero or is grouped.
    let dated = run.groups.first() == Some(&4) && run.signs.iter().all(|sign| *sign == b'-');
    !dated
        && announced(text, start, PHONE).next().is_some()
        && (run.digits[0] == 0 || run.groups.len() > 1 || (9..=11).contains(&digits))
}

fn email(bytes: &[u8], at: usize, found: &mut Vec<Finding>) {
    let local = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-');
    let start = at - bytes[..at].iter().rev().take(64).take_while(|byte| local(byte)).count();
    let rest = &bytes[at + 1..];
    let length = rest
        .iter()
        .enumerate()
        .take(255)
        .take_while(|(place, byte)| {
            byte.is_ascii_alphanumeric()
                || **byte == b'.'
                || **byte == b'-' && rest.get(place + 1).is_some_and(u8::is_ascii_alphanumeric)
        })
        .count();
    let mut end = at + 1 + length;
    while end > at + 1 && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let domain = &bytes[at + 1..end];
    let Some(dot) = domain.iter().rposition(|byte| *byte == b'.') else { return };
    let top = &domain[dot + 1..];
    let name = &bytes[start..at];
    // `git@host:path` is a remote, `name@1.2.3` a package, `icon@2x.png` a file.
    let remote = matches!(name, b"git" | b"hg" | b"svn")
        || bytes.get(end) == Some(&b':')
            && bytes.get(end + 1).is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'~' | b'/'));
    let file = matches!(
        top,
        b"png"
            | b"jpg"
            | b"jpeg"
            | b"svg"
            | b"gif"
            | b"webp"
            | b"js"
            | b"ts"
            | b"mjs"
            | b"css"
            | b"service"
            | b"target"
            | b"timer"
            | b"socket"
            | b"mount"
    );
    let fits = !name.is_empty()
        && !name.starts_with(b".")
        && dot > 0
        && !domain.starts_with(b"-")
        && !domain.windows(2).any(|pair| pair == b"..")
        && (2..=24).contains(&top.len())
        && top.iter().all(u8::is_ascii_alphabetic);
    let packaged = start > 0 && matches!(bytes[start - 1], b'/' | b'@');
    if fits && !remote && !file && !packaged && !in_authority(bytes, start) {
        found.push(Finding { kind: "email", start, end });
    }
}

/// Whether a place lies between `://` and the path of a URL: there, `@` ends a user, not a mailbox.
fn in_authority(bytes: &[u8], start: usize) -> bool {
    let word = bytes[..start]
        .iter()
        .rev()
        .take(256)
        .take_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'/' | b'?'))
        .count();
    let before = &bytes[..start - word];
    before.ends_with(b"://")
}

/// The end of a public IPv4 address that begins here.
fn address(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let length = bytes[start..].iter().take(16).take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let end = start + length - usize::from(bytes[start + length - 1] == b'.');
    let address: core::net::Ipv4Addr = text[start..end].parse().ok()?;
    let before = text[..start].trim_end_matches([' ', '"', '\'', '=', ':', '^', '~', '(']);
    let lower = before.as_bytes();
    let version = start > 0 && matches!(bytes[start - 1], b'v' | b'V')
        || [&b"version"[..], b"Version", b"release", b"ver"].iter().any(|word| lower.ends_with(word));
    let free = bytes.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-');
    let public = !address.is_loopback()
        && !address.is_private()
        && !address.is_unspecified()
        && !address.is_link_local()
        && !address.is_broadcast()
        && !address.is_multicast()
        && address.octets()[0] != 0;
    (public && free && !version).then_some(end)
}
