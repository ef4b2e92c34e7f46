//! Takes a line apart in one pass: its type, and of its fields only those that somebody here reads.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::quiet::LINES;
use crate::record::Malformed;

/// Fields that are read, sorted; the others are checked to be JSON and not kept.
const READ: &[&str] = &[
    "agentId", "agentName", "aiTitle", "attachment", "compactMetadata", "content", "continuedInSessionId",
    "customTitle", "cwd", "error", "forkedFrom", "gitBranch", "hasUnknownModelCost", "isApiErrorMessage",
    "isCompactSummary", "isMeta", "isSidechain", "maxRetries", "message", "microcompactMetadata", "origin",
    "permissionDecision", "permissionMode", "prUrl", "relocatedCwd", "requestId", "requestSessionId", "retryAttempt",
    "sessionId", "subtype", "summary", "timestamp", "toolDenialKind", "toolUseResult", "totalCostUSD", "uuid",
    "worktreeSession",
];

/// One line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) kind: String,
    /// What is read of it; nothing of a line that means nothing to a person.
    pub(super) fields: Map<String, Value>,
}

impl Line {
    pub(super) fn read(record: &[u8]) -> Result<Self, Malformed> {
        let because = |why: &str| Malformed(why.to_owned());
        let text = std::str::from_utf8(record).map_err(|_| because("the line is not JSON"))?;
        match serde_json::from_str::<Parts>(text) {
            Ok(Parts { kind: Some(kind), fields }) => Ok(Self { kind, fields }),
            Ok(Parts { kind: None, .. }) => Err(because("the line names no type")),
            Err(error) if error.is_data() => Err(because("the line is no object with a type")),
            Err(_) => Err(because("the line is not JSON")),
        }
    }
}

#[derive(Debug, Default)]
struct Parts {
    kind: Option<String>,
    fields: Map<String, Value>,
}

/// A field's name.
enum Name {
    Kind,
    Read(&'static str),
    Other,
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                let read = || READ.binary_search(&name).map_or(Name::Other, |at| Name::Read(READ[at]));
                Ok(if name == "type" { Name::Kind } else { read() })
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Parts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parts, A::Error> {
                let mut parts = Parts::default();
                let (mut typed, mut silent) = (false, false);
                while let Some(name) = map.next_key()? {
                    match name {
                        Name::Kind if typed => return Err(A::Error::duplicate_field("type")),
                        Name::Kind => {
                            parts.kind = map.next_value()?;
                            typed = true;
                            silent = parts.kind.as_deref().is_some_and(|kind| LINES.binary_search(&kind).is_ok());
                        }
                        Name::Read(name) if !silent => drop(parts.fields.insert(name.to_owned(), map.next_value()?)),
                        Name::Read(_) | Name::Other => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(parts)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_read_is_kept() {
        assert!(READ.is_sorted());
        let read = |text: &str| Line::read(text.as_bytes()).map(|line| (line.kind, Value::Object(line.fields)));
        let line =
            r#"{"parentUuid":"p","uuid":"u","type":"user","\u0063wd":"/x","other":{"type":1},"message":{"a":[1]}}"#;
        let want = json!({ "uuid": "u", "cwd": "/x", "message": { "a": [1] } });
        assert_eq!(read(line), Ok(("user".to_owned(), want)));
        let silent = r#"{"type":"progress","message":{"a":[1]}}"#;
        assert_eq!(read(silent), Ok(("progress".to_owned(), json!({}))));
        for (text, why) in [
            ("{\"type\":null}", "the line names no type"),
            ("{\"a\":1}", "the line names no type"),
            ("{\"type\":1}", "the line is no object with a type"),
            ("{\"type\":\"a\",\"type\":\"b\"}", "the line is no object with a type"),
            ("[1,2]", "the line is no object with a type"),
            ("{\"type\":\"user\"", "the line is not JSON"),
            ("{\"type\":\"user\"}}", "the line is not JSON"),
        ] {
            assert_eq!(read(text), Err(Malformed(why.to_owned())), "{text}");
        }
        assert!(Line::read(b"{\"type\":\"user\",\"x\":\"\xff\"}").is_err());
    }
}
