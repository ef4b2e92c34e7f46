//! What is known about a value before anything runs: its text as far as it can be told, and where it came from.

use std::cell::Cell;
use std::rc::Rc;

use super::powershell::ast::Script;

/// Stands in a text for what is only known when it runs. No text that is looked at contains a NUL of its own.
pub(crate) const HOLE: char = '\0';
/// Longest text a value holds (bytes); a longer one is unknown.
pub(crate) const MOST_TEXT: usize = 64 * 1024;
/// Most elements of a list; a longer one is unknown.
pub(crate) const MOST_ITEMS: usize = 2_000;

/// Where a value came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Over the network.
    pub(crate) download: bool,
    /// Was encoded or packed.
    pub(crate) decoded: bool,
}

impl Origin {
    pub(crate) fn or(self, other: Self) -> Self {
        Self { download: self.download || other.download, decoded: self.decoded || other.decoded }
    }
}

/// Files that a listing gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    /// The folder or pattern listed, as written.
    pub(crate) place: String,
    /// Patterns that the names fit; empty: any name.
    pub(crate) names: Vec<String>,
    /// Folders below were listed too.
    pub(crate) deep: bool,
    /// Some were left out by a condition.
    pub(crate) some: bool,
}

/// A script block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) script: Script,
    /// Verbatim, without the braces.
    pub(crate) text: String,
    /// Whether it has been looked at.
    pub(crate) seen: Cell<bool>,
}

/// What is known of a value.
#[derive(Debug, Clone, Default)]
pub(crate) enum Kind {
    /// Only known when it runs.
    #[default]
    Unknown,
    /// Nothing at all.
    Nothing,
    /// A text; [`HOLE`] stands for what is unknown in it.
    Text(String),
    Number(f64),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    Block(Rc<Block>),
    /// A type, lower case, without `system.`.
    Type(String),
    /// An object of a type, lower case.
    Object(String),
    Files(Rc<Files>),
    Bytes(Vec<u8>),
}

/// A value and where it came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    pub(crate) from: Origin,
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.len() > MOST_TEXT { Self::unknown() } else { Kind::Text(text).into() }
    }

    pub(crate) fn unknown() -> Self {
        Self::default()
    }

    pub(crate) fn nothing() -> Self {
        Kind::Nothing.into()
    }

    pub(crate) fn download() -> Self {
        Self { kind: Kind::Unknown, from: Origin { download: true, decoded: false } }
    }

    pub(crate) fn object(name: &str) -> Self {
        Kind::Object(name.to_owned()).into()
    }

    /// The same value with another's origin added.
    pub(crate) fn and_from(mut self, from: Origin) -> Self {
        self.from = self.from.or(from);
        self
    }

    /// An unknown value of the same origin.
    pub(crate) fn blurred(&self) -> Self {
        Self { kind: Kind::Unknown, from: self.origin() }
    }

    /// The origins of the value and of all in it.
    pub(crate) fn origin(&self) -> Origin {
        match &self.kind {
            Kind::List(items) => items.iter().fold(self.from, |from, item| from.or(item.from)),
            Kind::Map(items) => items.iter().fold(self.from, |from, (_, item)| from.or(item.from)),
            _ => self.from,
        }
    }

    /// What the value is as text; [`HOLE`] where unknown.
    pub(crate) fn shown(&self) -> String {
        match &self.kind {
            Kind::Unknown | Kind::Map(_) | Kind::Object(_) | Kind::Bytes(_) => HOLE.to_string(),
            Kind::Nothing => String::new(),
            Kind::Text(text) => text.clone(),
            Kind::Number(number) => number.to_string(),
            Kind::List(items) => {
                let mut out = String::new();
                for item in items {
                    if !out.is_empty() {
                        out.push(' ');
                    }
                    out.push_str(&item.shown());
                    if out.len() > MOST_TEXT {
                        return HOLE.to_string();
                    }
                }
                out
            }
            Kind::Block(block) => block.text.clone(),
            Kind::Type(name) => name.clone(),
            Kind::Files(files) => files.place.clone() + "/" + &HOLE.to_string(),
        }
    }

    /// The text when all of it is known.
    pub(crate) fn known(&self) -> Option<String> {
        match &self.kind {
            Kind::Text(text) => (!text.contains(HOLE)).then(|| text.clone()),
            Kind::Number(_) | Kind::Block(_) => Some(self.shown()),
            Kind::List(_) => Some(self.shown()).filter(|text| !text.contains(HOLE)),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(number) => Some(*number),
            Kind::Text(text) => number(text),
            _ => None,
        }
    }

    /// The elements of a list; a single value is its own only element.
    pub(crate) fn items(&self) -> Vec<Self> {
        match &self.kind {
            Kind::List(items) => items.iter().map(|item| item.clone().and_from(self.from)).collect(),
            Kind::Nothing => Vec::new(),
            _ => vec![self.clone()],
        }
    }

    /// One value from several: none, the only one, or a list.
    pub(crate) fn of(mut items: Vec<Self>) -> Self {
        items.retain(|item| !matches!(item.kind, Kind::Nothing));
        if items.len() > MOST_ITEMS {
            let from = items.iter().fold(Origin::default(), |from, item| from.or(item.from));
            return Self { kind: Kind::Unknown, from };
        }
        match items.len() {
            0 => Self::nothing(),
            1 => items.remove(0),
            _ => Kind::List(items).into(),
        }
    }

    /// How much there is of it (bytes), for budgets.
    pub(crate) fn weight(&self) -> usize {
        match &self.kind {
            Kind::Text(text) => text.len(),
            Kind::Bytes(bytes) => bytes.len(),
            Kind::List(items) => items.iter().map(|item| item.weight() + 8).sum(),
            Kind::Map(items) => items.iter().map(|(key, item)| key.len() + item.weight() + 8).sum(),
            _ => 1,
        }
    }
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self { kind, from: Origin::default() }
    }
}

/// A number as PowerShell writes it: decimal, hexadecimal, with a size suffix.
pub(crate) fn number(text: &str) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let (body, factor) = ["kb", "mb", "gb", "tb"]
        .iter()
        .zip([10, 20, 30, 40])
        .find_map(|(end, power)| Some((lower.strip_suffix(end)?.to_owned(), 2_f64.powi(power))))
        .unwrap_or((lower, 1.0));
    let (sign, body) = body.strip_prefix('-').map_or((1.0, body.as_str()), |rest| (-1.0, rest));
    if let Some(hex) = body.strip_prefix("0x") {
        let hex = hex.trim_end_matches('l');
        let value = u32::from_str_radix(hex, 16).ok()?;
        return Some(sign * f64::from(value) * factor);
    }
    let body = body.trim_end_matches(['l', 'd', 'u']);
    let plain = !body.is_empty()
        && body.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && body.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | '+' | '-'));
    plain
        .then(|| body.parse::<f64>().ok())
        .flatten()
        .filter(|value| value.is_finite())
        .map(|value| sign * value * factor)
}

/// A whole number within what a position, a count or a character can be.
pub(crate) fn whole(number: f64) -> Option<i64> {
    const MOST: f64 = 4_294_967_296.0;
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    (number.fract() == 0.0 && number.abs() <= MOST).then_some(number as i64)
}

/// Decodes base64, with or without padding; `None` when it is not base64.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        let value = match c {
            'A'..='Z' => c as u32 - 'A' as u32,
            'a'..='z' => c as u32 - 'a' as u32 + 26,
            '0'..='9' => c as u32 - '0' as u32 + 52,
            '+' => 62,
            '/' => 63,
            '=' => continue,
            _ => return None,
        };
        held = (held << 6 | value) & 0x00ff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(out)
}

/// Bytes as text: UTF-16LE when that is what they look like or what is asked for, else UTF-8.
pub(crate) fn decoded(bytes: &[u8], wide: bool) -> Option<String> {
    let text = if wide {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()?
    } else {
        String::from_utf8(bytes.to_vec()).ok()?
    };
    (!text.contains(HOLE)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_encodings_are_read() {
        assert_eq!(number("0x69"), Some(105.0));
        assert_eq!(number("2kb"), Some(2048.0));
        assert_eq!(number("-3"), Some(-3.0));
        assert_eq!(number("7z"), None);
        assert_eq!(whole(1.5), None);
        assert_eq!(base64("aQBlAHgA").and_then(|bytes| decoded(&bytes, true)).as_deref(), Some("iex"));
        assert_eq!(base64("aWV4").and_then(|bytes| decoded(&bytes, false)).as_deref(), Some("iex"));
        assert_eq!(base64("a*"), None);
    }
}
