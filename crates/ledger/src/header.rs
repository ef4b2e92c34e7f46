//! What the header of an entry says, told in one pass over its text.

use crate::canonical;

/// What the header of an entry says. Texts stand as they are written, without their quotes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub at: Option<i64>,
    pub seq: Option<u64>,
    pub version: Option<u64>,
    pub data: &'a str,
    /// As JSON.
    pub actor: &'a str,
    pub kind: &'a str,
    pub trace: &'a str,
    pub span: &'a str,
}

/// Members that every header has.
const MEMBERS: u32 = 8;

/// The header, and whether it is in canonical form with all of its members.
pub(crate) fn header(body: &str) -> (Header<'_>, bool) {
    // Nearly every header has the members of this version in their order: told by them, not by looking for names.
    as_written(body).map_or_else(|| by_names(body), |header| (header, true))
}

/// A header of exactly the members that entries are written with; `None` where it may still be canonical.
fn as_written(body: &str) -> Option<Header<'_>> {
    let mut rest = Rest(body);
    rest.word("{\"actor\":")?;
    let (actor, behind) = rest.0.split_at_checked(canonical::value_end(rest.0)?)?;
    if !is_object(actor) {
        return None;
    }
    rest.0 = behind;
    rest.word(",\"at\":")?;
    let at = i64::try_from(rest.number()?).ok();
    rest.word(",\"data\":\"")?;
    let data = rest.text()?;
    rest.word(",\"kind\":\"")?;
    let kind = rest.text().filter(|kind| !kind.is_empty())?;
    if rest.word(",\"parent\":\"").is_some() {
        rest.text()?;
    }
    rest.word(",\"seq\":")?;
    let seq = Some(rest.number()?);
    rest.word(",\"span\":\"")?;
    let span = rest.text()?;
    rest.word(",\"trace\":\"")?;
    let trace = rest.text()?;
    rest.word(",\"v\":")?;
    let version = Some(rest.number()?).filter(|version| *version != 1);
    version?;
    (rest.0 == "}").then_some(Header { at, seq, version, data, actor, kind, trace, span })
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn word(&mut self, word: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    /// A text without escapes up to its closing quote, which is passed.
    fn text(&mut self) -> Option<&'a str> {
        let length = canonical::plain(self.0.as_bytes());
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest.strip_prefix('"')?;
        Some(text)
    }

    /// At most 18 digits, the first of them not zero.
    fn number(&mut self) -> Option<u64> {
        let (mut number, mut length) = (0, 0);
        for byte in self.0.bytes().take_while(u8::is_ascii_digit) {
            if length == 18 || length > 0 && number == 0 {
                return None;
            }
            number = number * 10 + u64::from(byte - b'0');
            length += 1;
        }
        self.0 = self.0.get(length..)?;
        (length > 0).then_some(number)
    }
}

fn is_object(value: &str) -> bool {
    value.starts_with('{')
}

fn is_text(value: &str) -> bool {
    value.starts_with('"')
}

/// Any header. Each of its members has to be there and of its type; others may be.
fn by_names(body: &str) -> (Header<'_>, bool) {
    let mut found = Header::default();
    let (mut members, mut parent, mut data_is_text) = (0, true, false);
    let canonical = canonical::is_canonical_object(body, |name, value| {
        let text = || value.get(1..value.len().saturating_sub(1)).filter(|_| is_text(value)).unwrap_or("");
        let fits = match name {
            "at" => {
                found.at = value.parse().ok();
                found.at.is_some()
            }
            "seq" => {
                found.seq = value.parse().ok();
                found.seq.is_some()
            }
            "v" => {
                found.version = value.parse().ok();
                found.version.is_some()
            }
            "data" => {
                (found.data, data_is_text) = (text(), is_text(value));
                data_is_text || is_object(value)
            }
            "kind" => {
                found.kind = text();
                !found.kind.is_empty()
            }
            "trace" => {
                found.trace = text();
                is_text(value)
            }
            "span" => {
                found.span = text();
                is_text(value)
            }
            "actor" => {
                found.actor = value;
                is_object(value)
            }
            "parent" => {
                parent = is_text(value);
                false
            }
            _ => false,
        };
        members += u32::from(fits);
    });
    // Version 1 carries the facts themselves, and has no parent.
    let whole = members == MEMBERS && parent && data_is_text == (found.version != Some(1));
    (found, canonical && whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-f0-9]{16}",
            Just(String::new()),
            Just("\\n".to_owned()),
            Just("\\u0041".to_owned()),
            Just("é".to_owned())
        ]
    }

    fn number() -> impl Strategy<Value = String> {
        prop_oneof!["[1-9][0-9]{0,19}", Just("0".to_owned()), Just("01".to_owned()), Just("-3".to_owned())]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// The quick way says what the thorough one says, or nothing.
        #[test]
        fn both_ways_agree(
            texts in prop::collection::vec(text(), 6),
            numbers in prop::collection::vec(number(), 3),
            parent in any::<bool>(),
            cut in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let parent = if parent { format!(",\"parent\":\"{}\"", texts[1]) } else { String::new() };
            let mut body = format!(
                "{{\"actor\":{{\"kind\":\"{}\"}},\"at\":{},\"data\":\"{}\",\"kind\":\"{}\"{parent},\"seq\":{},\"span\":\"{}\",\"trace\":\"{}\",\"v\":{}}}",
                texts[0], numbers[0], texts[2], texts[3], numbers[1], texts[4], texts[5], numbers[2],
            );
            if let Some((at, byte)) = cut {
                let mut bytes = body.clone().into_bytes();
                let at = at.index(bytes.len());
                bytes[at] = byte;
                if let Ok(changed) = String::from_utf8(bytes) {
                    body = changed;
                }
            }
            if let Some(header) = as_written(&body) {
                prop_assert_eq!((header, true), by_names(&body), "{}", body);
            }
        }
    }

    #[test]
    fn a_usual_header_is_told_quickly() {
        let body = "{\"actor\":{\"kind\":\"engine\"},\"at\":1795598450000,\"data\":\"ab\",\"kind\":\"engine.started\",\"seq\":7,\"span\":\"cd\",\"trace\":\"ef\",\"v\":2}";
        let header = as_written(body).expect("its own form");
        let expected = Header {
            at: Some(1_795_598_450_000),
            seq: Some(7),
            version: Some(2),
            data: "ab",
            actor: "{\"kind\":\"engine\"}",
            kind: "engine.started",
            trace: "ef",
            span: "cd",
        };
        assert_eq!(header, expected);
    }
}
