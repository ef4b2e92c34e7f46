//! Reading what others sent, leniently: a member that is missing or of another type is absent, never an error.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::ATTACH_ROWS;
use serde_json::Value;

/// A text; an empty one is absent.
pub(crate) fn text(value: &Value, path: &str) -> Option<String> {
    value.pointer(path)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A text, or nothing at all.
pub(crate) fn word(value: &Value, path: &str) -> String {
    text(value, path).unwrap_or_default()
}

/// A whole number, also one written as a fraction.
pub(crate) fn number(value: &Value, path: &str) -> Option<u64> {
    let found = value.pointer(path)?;
    found.as_u64().or_else(|| found.as_f64().and_then(whole))
}

/// A fraction.
pub(crate) fn fraction(value: &Value, path: &str) -> Option<f64> {
    value.pointer(path)?.as_f64()
}

/// A yes or no.
pub(crate) fn flag(value: &Value, path: &str) -> Option<bool> {
    value.pointer(path)?.as_bool()
}

/// A time in milliseconds since the epoch; zero is absent.
pub(crate) fn time(value: &Value, path: &str) -> Option<Timestamp> {
    let ms = number(value, path).filter(|ms| *ms > 0)?;
    i64::try_from(ms).ok().map(Timestamp)
}

/// A list, cut to the bound of one list.
pub(crate) fn list<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter().take(ATTACH_ROWS)
}

/// The texts of a list.
pub(crate) fn texts(value: &Value, path: &str) -> Vec<String> {
    list(value, path).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// An object's members, cut to the bound of one list.
pub(crate) fn members<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.pointer(path).and_then(Value::as_object).into_iter().flatten().take(ATTACH_ROWS)
}

/// US dollars as millionths.
pub(crate) fn microusd(value: &Value, path: &str) -> Option<u64> {
    whole((fraction(value, path)? * 1e6).round())
}

fn whole(number: f64) -> Option<u64> {
    /// Up to here every whole number has a fraction of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    (0.0..=EXACT).contains(&number).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_missing_or_of_another_type_is_absent() {
        let value = json!({ "a": { "n": 1.0, "t": "x", "neg": -1, "list": ["p", 2] }, "cost": 0.003_303, "at": 0 });
        assert_eq!(number(&value, "/a/n"), Some(1));
        assert_eq!(number(&value, "/a/neg"), None);
        assert_eq!(text(&value, "/a/n"), None);
        assert_eq!(word(&value, "/a/t"), "x");
        assert_eq!(texts(&value, "/a/list"), ["p"]);
        assert_eq!(list(&value, "/a/t").count(), 0);
        assert_eq!(members(&value, "/a").count(), 4);
        assert_eq!(microusd(&value, "/cost"), Some(3_303));
        assert_eq!(time(&value, "/at"), None);
    }
}
