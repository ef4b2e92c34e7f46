//! The frames of the server: JSON-RPC, with everything that happens under one method, `event`.

use serde_json::Value;

use crate::{Refusal, json};

/// One frame from the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// The answer to a call of ours.
    Response {
        /// The id of the call, as text.
        id: String,
        /// What came of it.
        result: Result<Value, Refusal>,
    },
    /// Something happened.
    Event {
        /// Its name.
        name: String,
        /// The server's own short id of the session; empty where it concerns none.
        live: String,
        /// What the server says about it.
        payload: Value,
    },
    /// Well formed, and of a method this version does not know.
    Other(String),
}

/// A text that is no frame at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a frame of Hermes' server")]
pub struct Garbled;

/// Reads one frame.
pub fn read(text: &str) -> Result<Frame, Garbled> {
    let mut value: Value = serde_json::from_str(text).map_err(|_| Garbled)?;
    if let Some(method) = json::text(&value, "/method") {
        if method != "event" {
            return Ok(Frame::Other(method.chars().take(80).collect()));
        }
        let name = json::text(&value, "/params/type").ok_or(Garbled)?;
        let live = json::word(&value, "/params/session_id");
        let payload = value.pointer_mut("/params/payload").map(Value::take).unwrap_or_default();
        return Ok(Frame::Event { name, live, payload });
    }
    let id = match value.get("id") {
        Some(Value::String(id)) => id.clone(),
        Some(id @ Value::Number(_)) => id.to_string(),
        _ => return Err(Garbled),
    };
    let mut take = |member: &str| value.get_mut(member).map(Value::take);
    match (take("error"), take("result")) {
        (Some(error), _) if error.is_object() => Ok(Frame::Response { id, result: Err(Refusal::read(&error)) }),
        (_, Some(result)) => Ok(Frame::Response { id, result: Ok(result) }),
        (_, None) => Err(Garbled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn answers_and_events_differ() {
        assert_eq!(
            read(r#"{"jsonrpc":"2.0","id":"x","result":{"a":1}}"#),
            Ok(Frame::Response { id: "x".to_owned(), result: Ok(json!({ "a": 1 })) })
        );
        let refused = read(r#"{"jsonrpc":"2.0","id":3,"error":{"code":4001,"message":"session not found"}}"#).unwrap();
        let Frame::Response { id, result: Err(refusal) } = refused else { panic!("{refused:?}") };
        assert_eq!((id.as_str(), refusal.code.as_str()), ("3", "4001"));
        let event = r#"{"method":"event","params":{"type":"message.start","session_id":"s"}}"#;
        let (name, live) = ("message.start".to_owned(), "s".to_owned());
        assert_eq!(read(event), Ok(Frame::Event { name, live, payload: Value::Null }));
        assert_eq!(read(r#"{"method":"ping"}"#), Ok(Frame::Other("ping".to_owned())));
        for wrong in ["", "[]", "{}", r#"{"id":{}}"#, r#"{"id":1}"#, r#"{"result":1}"#, r#"{"method":"event"}"#] {
            assert_eq!(read(wrong), Err(Garbled), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,200}") {
            let _ = read(&text);
        }
    }
}
