//! Personal data: phone, bank account, card, national id, and public addresses by choice.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};

use super::checks::{hetu, iban, iban_length, luhn};
use super::national::{self, by_grouping};
use super::{Choice, Finding, mail};

/// Bytes before a number in which a word may announce it.
const ANNOUNCED: usize = 40;
/// Bytes behind a number in which a word may name it (`111222333 is a BSN`).
const BEHIND: usize = 24;

pub(super) fn scan(text: &str, choice: Choice, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    for at in memchr::memchr_iter(b'@', bytes) {
        mail::email(text, at, found);
    }
    for at in memchr::memchr_iter(b'%', bytes).filter(|at| bytes[*at..].starts_with(b"%40")) {
        mail::escaped(text, at, found);
    }
    // Counting takes many bytes at once, going from word to word one by one.
    if bytes.iter().filter(|byte| byte.is_ascii_digit()).count() == 0 {
        return;
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
    let word = &bytes[start..end];
    if choice.addresses && super::addresses::six(text, start, found) {
        return;
    }
    if word.iter().all(u8::is_ascii_digit) {
        number(text, start, choice, found);
        signed(text, start, end, found);
    } else {
        account(text, start, found);
        lettered(text, start, end, found);
    }
    if end - start == 32 {
        super::unnamed::mailgun_alone(text, start, found);
    }
    if matches!(end - start, 51 | 52) && wallet(word) {
        found.push(Finding { kind: "wallet_key", start, end });
    }
}

/// A wallet's private key in its import format: base 58, by its first letter and its length.
fn wallet(word: &[u8]) -> bool {
    let first = if word.len() == 51 { &b"5"[..] } else { &b"KL"[..] };
    first.contains(&word[0])
        && !word.iter().any(|byte| matches!(byte, b'0' | b'O' | b'I' | b'l'))
        && word.iter().any(u8::is_ascii_lowercase)
        && word.iter().any(u8::is_ascii_uppercase)
}

/// A word of digits that goes on with a sign and a letter.
fn signed(text: &str, start: usize, end: usize, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    let free = |at: usize| bytes.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let id = |end: usize| Finding { kind: "national_id", start, end };
    // Finland: `131052-308T`.
    if end - start == 6 && bytes.len() >= start + 11 && free(start + 11) && hetu(&bytes[start..start + 11]) {
        found.push(id(start + 11));
    }
    // Spain: `12345678-Z`.
    if end - start == 8 && bytes.get(end) == Some(&b'-') && free(end + 2) {
        let mut plain = bytes[start..end].to_vec();
        plain.extend(bytes.get(end + 1));
        if super::checks::dni(&plain) {
            found.push(id(end + 2));
        }
    }
    // Chile: `12.345.678-5`, and `12345678-5` where a word announces it.
    let grouped = end - start <= 2 && bytes.get(end) == Some(&b'.');
    if grouped || (7..=8).contains(&(end - start)) {
        let stop = if grouped { end + 8 } else { end };
        let digits: Vec<u8> =
            bytes[start..stop.min(bytes.len())].iter().filter(|b| b.is_ascii_digit()).map(|b| b - b'0').collect();
        let whole = !grouped || bytes.get(end + 4) == Some(&b'.') && digits.len() + 2 == stop - start;
        if let (Some(b'-'), Some(check)) = (bytes.get(stop), bytes.get(stop + 1))
            && whole
            && free(stop + 2)
            && (grouped || announced(text, start, stop + 2, &["rut", "run"]).next().is_some())
            && national::rut(&digits, *check)
        {
            found.push(id(stop + 2));
        }
    }
}

/// Ids of letters and digits that carry a check of their own, and those a word announces.
fn lettered(text: &str, start: usize, end: usize, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    let length = end - start;
    if !(7..=18).contains(&length) {
        return;
    }
    if national::lettered(&bytes[start..end]) {
        found.push(Finding { kind: "national_id", start, end });
        return;
    }
    if (7..=8).contains(&length) && bytes.get(end) == Some(&b'(') && bytes.len() >= end + 3 {
        if national::hong_kong(&bytes[start..end + 3]) {
            found.push(Finding { kind: "national_id", start, end: end + 3 });
        }
        return;
    }
    if (8..=18).contains(&length) {
        let capital = bytes[start..end].to_ascii_uppercase();
        let fits = |(_, check): &&national::Lettered| check(&capital);
        let names = national::LETTERED.iter().filter(fits).map(|(name, _)| *name).collect::<Vec<_>>();
        if !names.is_empty() && announced(text, start, end, &names).next().is_some() {
            found.push(Finding { kind: "national_id", start, end });
        }
    }
}

/// An IBAN, grouped or not, in capital letters or announced.
fn account(text: &str, start: usize, found: &mut Vec<Finding>) {
    let bytes = text.as_bytes();
    let (Some(country), Some(check)) = (bytes.get(start..start + 2), bytes.get(start + 2..start + 4)) else { return };
    if !check.iter().all(u8::is_ascii_digit) || !country.iter().all(u8::is_ascii_alphabetic) {
        return;
    }
    let small = country[0].is_ascii_lowercase();
    let Some(length) = iban_length(&country.to_ascii_uppercase()) else { return };
    let mut plain = Vec::with_capacity(length);
    let mut at = start;
    while plain.len() < length {
        match bytes.get(at) {
            Some(byte) if byte.is_ascii_digit() || byte.is_ascii_uppercase() && !small => plain.push(*byte),
            Some(byte) if small && byte.is_ascii_lowercase() => plain.push(byte.to_ascii_uppercase()),
            Some(b' ' | b'-') if at > start && bytes[at - 1] != b' ' => {}
            // A space that does not break.
            Some(0xC2) if bytes.get(at + 1) == Some(&0xA0) => at += 1,
            _ => return,
        }
        at += 1;
    }
    let free = bytes.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    if free && iban(&plain) && (!small || announced(text, start, at, &["iban", "konto", "account"]).next().is_some()) {
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
        // A space that does not break counts as one.
        if bytes[at..].starts_with(&[0xC2, 0xA0]) && bytes.get(at + 2).is_some_and(u8::is_ascii_digit) {
            run.signs.push(b' ');
            run.groups.push(0);
            at += 2;
            continue;
        }
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
        && let Some(end) = super::addresses::four(text, start)
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
    let end = if kind == "phone" { extension(text, run.end) } else { run.end };
    found.push(Finding { kind, start, end });
}

/// The end of a telephone number with its extension (` x123`, ` ext. 12`).
fn extension(text: &str, end: usize) -> usize {
    let rest = &text[end..];
    let Some(mark) = [" x", " ext. ", " ext ", " Ext. "].iter().find(|mark| rest.starts_with(**mark)) else {
        return end;
    };
    let digits = rest[mark.len()..].bytes().take_while(u8::is_ascii_digit).count();
    if (1..=6).contains(&digits) { end + mark.len() + digits } else { end }
}

/// A payment card: its issuer's range, its length, its grouping, its check digit.
fn is_card(run: &Run) -> bool {
    let digits = &run.digits;
    let head = |count: usize| digits[..count].iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit));
    if digits.len() < 13 || run.plus || run.signs.iter().any(|sign| !matches!(sign, b' ' | b'-' | b'.')) {
        return false;
    }
    let issued = match digits.len() {
        13 | 19 => head(1) == 4,
        14 => matches!(head(2), 36 | 38 | 39) || (300..=305).contains(&head(3)),
        15 => matches!(head(2), 34 | 37),
        16 => {
            head(1) == 4
                || (51..=55).contains(&head(2))
                || (2200..=2204).contains(&head(4))
                || (2221..=2720).contains(&head(4))
                || head(4) == 6011
                || head(2) == 65
                || (644..=649).contains(&head(3))
                || (3528..=3589).contains(&head(4))
                || head(2) == 62
                || matches!(head(2), 50 | 56..=58)
                || matches!(head(4), 6304 | 6759 | 6761..=6763)
        }
        _ => false,
    };
    let grouped = run.groups.len() == 1
        // Dots stand between groups of four only: other numbers are written with them too.
        || run.groups == [4, 4, 4, 4]
        || (run.groups == [4, 6, 5] || run.groups == [4, 6, 4] || run.groups == [4, 4, 4, 4, 3])
            && !run.signs.contains(&b'.');
    issued && grouped && digits.iter().any(|digit| *digit != digits[0]) && luhn(digits)
}

fn is_national(text: &str, start: usize, run: &Run) -> bool {
    if !(9..=18).contains(&run.digits.len()) || run.signs.iter().any(|sign| !matches!(sign, b' ' | b'-' | b'.' | b'/'))
    {
        return false;
    }
    // Some ways of writing need no announcement.
    if by_grouping(&run.groups, &run.signs, &run.digits) {
        return true;
    }
    let words: Vec<&str> = national::announcing(&run.digits).collect();
    !words.is_empty() && announced(text, start, run.end, &words).next().is_some()
}

/// Words that stand shortly before or right behind a place, on the same line.
fn announced<'w>(text: &str, start: usize, end: usize, words: &'w [&'w str]) -> impl Iterator<Item = &'w str> {
    let (before, behind) = around(text, start, end);
    words.iter().copied().filter(move |word| stands(&before, word) || stands(&behind, word))
}

/// What stands on the same line shortly before a place and right behind it, in small letters.
fn around(text: &str, start: usize, end: usize) -> (String, String) {
    let from = start.saturating_sub(ANNOUNCED);
    let from = (from..=start).find(|at| text.is_char_boundary(*at)).unwrap_or(start);
    let before = text[from..start].rsplit('\n').next().unwrap_or_default();
    let until = (end + BEHIND).min(text.len());
    let until = (end..=until).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(end);
    let behind = text[end..until].split(['\n', ',', ';', '.', ':', '"']).next().unwrap_or_default();
    (before.to_lowercase(), behind.to_lowercase())
}

/// Whether a word stands there as one.
fn stands(within: &str, word: &str) -> bool {
    // `call_id`, `cell_count` speak of something else.
    const JOINED: &[&str] = &["_id", "_count", "-id"];
    within.match_indices(word).any(|(at, _)| {
        let left = within[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() || !c.is_ascii());
        let rest = &within[at + word.len()..];
        let right = rest.chars().next().is_none_or(|c| !c.is_alphanumeric() || !word.is_ascii());
        left && (right || word.len() >= 5) && !(VERBS.contains(&word) && JOINED.iter().any(|end| rest.starts_with(end)))
    })
}

/// Words that announce a telephone number.
const PHONE: &[&str] = &[
    "tel", "tél", "phone", "telephone", "mobile", "mob", "cell", "call", "fax", "whatsapp", "sms", "telefon",
    "telefone", "handy", "mobil", "ruf", "téléphone", "teléfono", "móvil", "numer", "dial", "hotline", "phone_number",
    "phonenumber", "手机", "电话", "電話", "전화", "тел", "телефон", "portable", "cellulare",
];
/// Any of them.
static PHONE_ANY: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasickBuilder::new().kind(Some(AhoCorasickKind::DFA)).build(PHONE).ok());
/// The same words that mean other things too: the number has to be written as one.
const VERBS: &[&str] = &["call", "cell", "numer", "dial", "mob"];

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
    // The sign for abroad written as zeros: `0049 170 1234567`.
    if run.digits[..2] == [0, 0] && run.digits[2] != 0 && (11..=15).contains(&digits) && run.groups[0] == 4 {
        return run.groups.len() > 1 || phone_word(text, start, run);
    }
    // Russia from within: `8 (912) 345-67-89`.
    if run.groups == [1, 3, 3, 2, 2] && run.digits[0] == 8 && run.signs.contains(&b'(') {
        return true;
    }
    let american = |groups: &[usize]| groups == [3, 3, 4] || groups == [1, 3, 3, 4];
    let bracket = start > 0 && bytes[start - 1] == b'(';
    if american(&run.groups) {
        let area = usize::from(run.groups.len() == 4);
        let exchange = area + 3;
        let valid = run.digits[area] > 1 && run.digits[exchange] > 1;
        if valid
            && (bracket || run.signs.iter().all(|sign| matches!(sign, b'-' | b' ' | b'.' | b')' | b'(')))
            && !run.signs.contains(&b'/')
        {
            let spaced = run.signs.iter().all(|sign| *sign == b' ');
            // Three numbers in a row are no telephone number, unless nothing else stands on the line.
            return bracket || !spaced || alone(text, start, run.end) || phone_word(text, start, run);
        }
    }
    // A national number: announced, begins with the trunk zero or is grouped.
    let dated = run.groups.first() == Some(&4) && run.signs.iter().all(|sign| *sign == b'-');
    !dated && (run.digits[0] == 0 || run.groups.len() > 1 || (9..=11).contains(&digits)) && phone_word(text, start, run)
}

/// Whether a word announces the number as one to call.
fn phone_word(text: &str, start: usize, run: &Run) -> bool {
    let (before, behind) = around(text, start, start);
    let written = run.groups.len() > 1 || run.digits[0] == 0;
    // Behind most numbers there is none of the words: one pass tells.
    [before, behind].iter().any(|within| {
        PHONE_ANY.as_ref().is_none_or(|any| any.is_match(within))
            && PHONE.iter().any(|word| (written || !VERBS.contains(word)) && stands(within, word))
    })
}

/// Whether nothing else stands on the line.
fn alone(text: &str, start: usize, end: usize) -> bool {
    text[..start].rsplit('\n').next().unwrap_or_default().trim().is_empty()
        && text[end..].split('\n').next().unwrap_or_default().trim().is_empty()
}
