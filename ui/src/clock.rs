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
