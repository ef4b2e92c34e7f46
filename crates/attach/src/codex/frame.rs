//! The frames of the app-server: JSON-RPC without its version member.

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
    /// The server asks us. Its ids are counted apart from ours.
    Request {
        /// Its id, as it came.
        id: Value,
        /// What it asks.
        method: String,
        /// About what.
        params: Value,
    },
    /// Something happened.
    Told {
        /// Its name.
        method: String,
        /// What the server says about it.
        params: Value,
    },
}

/// A text that is no frame at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a frame of the app-server")]
pub struct Garbled;

/// Reads one frame.
pub fn read(text: &str) -> Result<Frame, Garbled> {
    let mut value: Value = serde_json::from_str(text).map_err(|_| Garbled)?;
    let id = match value.get("id") {
        Some(id @ (Value::String(_) | Value::Number(_))) => Some(id.clone()),
        Some(Value::Null) | None => None,
        Some(_) => return Err(Garbled),
    };
    let method = json::text(&value, "/method");
    let mut take = |member: &str| value.get_mut(member).map(Value::take);
    match (id, method) {
        (Some(id), Some(method)) => Ok(Frame::Request { id, method, params: take("params").unwrap_or_default() }),
        (None, Some(method)) => Ok(Frame::Told { method, params: take("params").unwrap_or_default() }),
        (Some(id), None) => {
            let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            let result = match (take("error"), take("result")) {
                (Some(error), _) if error.is_object() => Err(Refusal::read(&error)),
                (_, Some(result)) => Ok(result),
                (_, None) => return Err(Garbled),
            };
            Ok(Frame::Response { id, result })
        }
        (None, None) => Err(Garbled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn questions_answers_and_news_differ() {
        assert_eq!(
            read(r#"{"id":0,"method":"m","params":{"a":1}}"#),
            Ok(Frame::Request { id: json!(0), method: "m".to_owned(), params: json!({ "a": 1 }) })
        );
        assert_eq!(
            read(r#"{"id":"x","result":null}"#),
            Ok(Frame::Response { id: "x".to_owned(), result: Ok(Value::Null) })
        );
        let refused = read(r#"{"error":{"code":-32600,"message":"no rollout found"},"id":3}"#).unwrap();
        let Frame::Response { id, result: Err(refusal) } = refused else { panic!("{refused:?}") };
        assert_eq!((id.as_str(), refusal.code.as_str(), refusal.message.as_str()), ("3", "-32600", "no rollout found"));
        assert_eq!(read(r#"{"method":"m"}"#), Ok(Frame::Told { method: "m".to_owned(), params: Value::Null }));
        for wrong in ["", "[]", "{}", r#"{"id":{}}"#, r#"{"id":1}"#, r#"{"result":1}"#] {
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
