//! The frames a gateway sends, read leniently: newer releases add members.

use serde_json::Value;

use crate::Refusal;
use crate::json;

/// One frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// The answer to a call.
    Response {
        /// The id of the call.
        id: String,
        /// What came of it.
        result: Result<Value, Refusal>,
    },
    /// Something happened.
    Event {
        /// Its name.
        name: String,
        /// What the gateway says about it.
        payload: Value,
    },
    /// A well-formed frame of a kind this version does not know.
    Unknown {
        /// The kind in the gateway's words.
        kind: String,
    },
}

/// A text that is no frame at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a frame of the gateway")]
pub struct Garbled;

/// Reads one frame.
pub fn read(text: &str) -> Result<Frame, Garbled> {
    let mut value: Value = serde_json::from_str(text).map_err(|_| Garbled)?;
    let kind = json::text(&value, "/type").ok_or(Garbled)?;
    let mut take = |member: &str| value.get_mut(member).map(Value::take).unwrap_or_default();
    match kind.as_str() {
        "event" => {
            let payload = take("payload");
            Ok(Frame::Event { name: json::text(&value, "/event").ok_or(Garbled)?, payload })
        }
        "res" => {
            let (payload, error) = (take("payload"), take("error"));
            let id = json::text(&value, "/id").ok_or(Garbled)?;
            let ok = json::flag(&value, "/ok").ok_or(Garbled)?;
            Ok(Frame::Response { id, result: if ok { Ok(payload) } else { Err(Refusal::read(&error)) } })
        }
        _ => Ok(Frame::Unknown { kind }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_frame_is_said_to_be_none() {
        for text in ["", "null", "[]", "{", "{}", r#"{"type":7}"#, r#"{"type":"res","id":"1"}"#, r#"{"type":"event"}"#]
        {
            assert_eq!(read(text), Err(Garbled), "{text}");
        }
        assert_eq!(read(&format!("{}{}", "[".repeat(500), "]".repeat(500))), Err(Garbled));
        assert_eq!(read(r#"{"type":"stream"}"#), Ok(Frame::Unknown { kind: "stream".to_owned() }));
        assert_eq!(
            read(r#"{"type":"event","event":"tick","recipientProfileId":"x"}"#),
            Ok(Frame::Event { name: "tick".to_owned(), payload: Value::Null })
        );
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn no_cut_of_a_frame_is_a_frame(at in 0_usize..60) {
            let whole = r#"{"type":"res","id":"a","ok":true,"payload":{"text":"äöü"}}"#;
            let cut: String = whole.chars().take(at).collect();
            prop_assert_eq!(read(&cut).is_ok(), cut == whole);
        }
    }
}
