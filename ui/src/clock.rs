//! Times as this machine writes them.

use js_sys::Date;
use wasm_bindgen::JsValue;

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
fn date(at: i64) -> Date {
    Date::new(&JsValue::from_f64(at as f64))
}

/// Hours and minutes, local: `14:20`.
pub(crate) fn hour(at: i64) -> String {
    let date = date(at);
    format!("{:02}:{:02}", date.get_hours(), date.get_minutes())
}

/// Date and time, local, with the offset: what is shown on hover and copied.
pub(crate) fn exact(at: i64) -> String {
    let date = date(at);
    format!(
        "{}-{:02}-{:02} {:02}:{:02}:{:02} local, {}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds(),
        String::from(date.to_iso_string()),
    )
}

/// Day and time in short, local: `25 Nov 2026, 14:20`.
pub(crate) fn short(at: i64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = date(at);
    let month = MONTHS.get(date.get_month() as usize).copied().unwrap_or_default();
    format!("{} {month} {}, {}", date.get_date(), date.get_full_year(), hour(at))
}

/// As a field for a local time wants it: `2026-11-25T14:20`.
pub(crate) fn field(at: i64) -> String {
    let date = date(at);
    format!("{:04}-{:02}-{:02}T{}", date.get_full_year(), date.get_month() + 1, date.get_date(), hour(at))
}

/// The time of such a field; nothing when it is empty.
pub(crate) fn parse(field: &str) -> Option<i64> {
    let at = Date::new(&JsValue::from_str(field)).get_time();
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a date fit")]
    (!field.is_empty() && at.is_finite()).then_some(at as i64)
}
