//! The trace a client says it is in: the `traceparent` of W3C Trace Context.
//!
//! What a client says is a claim. It is recorded beside what the engine knows, and never decides whose an entry is.

use crate::id::{SpanId, TraceId};
use crate::limits::TRACEPARENT_BYTES;

/// A trace, and the span in it that called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent {
    /// 32 lower-case hex digits, not all zero.
    pub trace: TraceId,
    /// 16 lower-case hex digits, not all zero.
    pub span: SpanId,
    /// Whether the caller may have recorded it.
    pub sampled: bool,
}

impl TraceParent {
    /// Reads version 00, and as much of a later version as the recommendation defines for those who do not know it.
    /// Anything else is no context at all, never an error.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > TRACEPARENT_BYTES {
            return None;
        }
        let mut parts = text.splitn(5, '-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let more = parts.next().is_some();
        let known = is_hex(version, 2) && version != "ff" && !(version == "00" && more);
        if !known || !is_id(trace, 32) || !is_id(span, 16) || !is_hex(flags, 2) {
            return None;
        }
        let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
        Some(Self { trace: TraceId::from(trace), span: SpanId::from(span), sampled })
    }
}

/// Whether it is a trace id: 32 lower-case hex digits, not all zero.
pub fn is_trace(text: &str) -> bool {
    is_id(text, 32)
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &str, len: usize) -> bool {
    is_hex(text, len) && text.bytes().any(|byte| byte != b'0')
}

impl std::fmt::Display for TraceParent {
    /// As version 00.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn the_examples_of_the_recommendation_are_read() {
        let found = |sampled| TraceParent { trace: TRACE.into(), span: SPAN.into(), sampled };
        assert_eq!(TraceParent::parse(&format!("00-{TRACE}-{SPAN}-01")), Some(found(true)));
        assert_eq!(TraceParent::parse(&format!("00-{TRACE}-{SPAN}-00")), Some(found(false)));
        assert_eq!(TraceParent::parse(&format!("00-{TRACE}-{SPAN}-03")), Some(found(true)));
        assert_eq!(TraceParent::parse(&format!("cc-{TRACE}-{SPAN}-01-what-comes-later")), Some(found(true)));
        assert_eq!(TraceParent::parse(&format!("cc-{TRACE}-{SPAN}-01")), Some(found(true)));
    }

    #[test]
    fn what_is_malformed_is_no_context() {
        let zeros = "0".repeat(32);
        for bad in [
            String::new(),
            "00".to_owned(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-011"),
            format!("cc-{TRACE}-{SPAN}-01.later"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("0A-{TRACE}-{SPAN}-01"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00-{}-{SPAN}-01", &TRACE[1..]),
            format!(" 00-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-01\n"),
            format!("00_{TRACE}_{SPAN}_01"),
            format!("cc-{TRACE}-{SPAN}-01-{}", "x".repeat(TRACEPARENT_BYTES)),
        ] {
            assert_eq!(TraceParent::parse(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(trace in "[0-9a-f]{32}", span in "[0-9a-f]{16}", sampled: bool) {
            prop_assume!(is_trace(&trace) && span.bytes().any(|byte| byte != b'0'));
            let made = TraceParent { trace: TraceId(trace), span: SpanId(span), sampled };
            prop_assert_eq!(TraceParent::parse(&made.to_string()), Some(made));
        }

        #[test]
        fn whatever_is_read_has_good_ids(text in "(?s).{0,80}|[0-9a-fA-F-]{50,60}|([0-9a-f]{2})-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?") {
            if let Some(found) = TraceParent::parse(&text) {
                prop_assert!(is_id(&found.trace.0, 32) && is_id(&found.span.0, 16));
                let ids = format!("-{}-{}-", found.trace, found.span);
                prop_assert!(text.contains(&ids), "{}", text);
            }
        }
    }
}
