//! Entries as lines of CSV and CEF.

use clawbutler_core::clock::Timestamp;

use crate::audit::PRUNED;
use crate::search::parts::Parts;
use crate::view;

/// Version of the program that writes.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Columns of the CSV.
pub(super) const CSV_HEAD: &str =
    "seq,time,kind,actor,runtime,session,project,tool,risk,decision,says,trace,span,parent,hash,data\r\n";

/// A time as RFC 3339, in UTC.
pub(super) fn time(at: i64) -> String {
    let of_day = at.rem_euclid(24 * 60 * 60 * 1_000);
    let (hours, minutes) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (seconds, ms) = (of_day / 1_000 % 60, of_day % 1_000);
    format!("{}T{hours:02}:{minutes:02}:{seconds:02}.{ms:03}Z", view::day(Timestamp(at), 0))
}

/// Who, as a filter names them.
pub(super) fn actor(parts: &Parts) -> String {
    match parts.actor["id"].as_str() {
        Some(id) => format!("{}:{id}", parts.actor_kind()),
        None => parts.actor_kind().to_owned(),
    }
}

/// One sentence on the entry.
pub(super) fn says(parts: &Parts) -> String {
    if parts.pruned { PRUNED.to_owned() } else { view::entry_says(&parts.kind, &parts.data) }
}

/// How much it matters, in the words of risk: that of the action, or what the kind is worth by itself; empty where
/// it is only told.
pub(super) fn weight(parts: &Parts) -> &str {
    match parts.kind.as_str() {
        "tampering.noticed" | "guard.drift" | "log.damaged" | "log.set_aside" => "high",
        "config.drift" if parts.data["count"] != 0 => "medium",
        "offline.damaged" | "rules.broken" | "bound.reached" | "budget.crossed" => "medium",
        _ => parts.risk(),
    }
}

/// A line of CSV as RFC 4180 wants it. A field that a spreadsheet would take for a formula begins with `'`.
pub(super) fn csv(parts: &Parts) -> String {
    let fields = [
        parts.seq.to_string(),
        time(parts.at),
        parts.kind.clone(),
        actor(parts),
        parts.runtime.clone(),
        parts.session.clone(),
        parts.project().to_owned(),
        parts.tool().to_owned(),
        parts.risk().to_owned(),
        parts.decision().to_owned(),
        says(parts),
        parts.trace.clone(),
        parts.span.clone(),
        parts.parent.clone().unwrap_or_default(),
        parts.hash.clone(),
        parts.data_text(),
    ];
    let mut line = fields.iter().map(|field| csv_field(field)).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

fn csv_field(text: &str) -> String {
    // Programs that read C strings would end the field there.
    let text = text.replace('\0', "\u{fffd}");
    // Some drop blanks and what is not seen before they look for a formula.
    let seen = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}'));
    let formula =
        text.starts_with(['\t', '\r', '\n']) || seen.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let text = if formula { format!("'{text}") } else { text };
    if text.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// A line of CEF.
pub(super) fn cef(parts: &Parts) -> String {
    let severity = match weight(parts) {
        "low" => 3,
        "medium" => 5,
        "high" => 8,
        "critical" => 10,
        _ => 1,
    };
    let head = |text: &str| flat(text).replace('\\', "\\\\").replace('|', "\\|");
    let value = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('=', "\\=").replace('\r', "\\r").replace('\n', "\\n");
        flat(&text)
    };
    let says = says(parts);
    let mut line = format!(
        "CEF:0|ClawButler|ClawButler Desktop|{VERSION}|{}|{}|{severity}|rt={} externalId={}",
        head(&parts.kind),
        head(&cut(&says, 512)),
        parts.at,
        parts.seq
    );
    let labelled = [("trace", &parts.trace), ("span", &parts.span), ("hash", &parts.hash)];
    for (number, (label, text)) in labelled.into_iter().enumerate() {
        let number = number + 1;
        line.push_str(&format!(" cs{number}Label={label} cs{number}={}", value(text)));
    }
    let actor = actor(parts);
    let named = [
        ("suser", actor.as_str()),
        ("sourceServiceName", parts.runtime.as_str()),
        ("act", parts.decision()),
        ("dproc", parts.tool()),
        ("filePath", parts.project()),
        ("msg", says.as_str()),
    ];
    for (key, text) in named.into_iter().filter(|(_, text)| !text.is_empty()) {
        line.push_str(&format!(" {key}={}", value(&cut(text, 1_023))));
    }
    if !parts.session.is_empty() {
        line.push_str(&format!(" cs4Label=session cs4={}", value(&parts.session)));
    }
    line.push('\n');
    line
}

/// On one line, whatever a receiver takes for the end of a line or of a text.
fn flat(text: &str) -> String {
    text.replace(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'), " ")
}

/// At most so many characters.
pub(super) fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests {
    use clawbutler_store::table::ledger::LedgerRow;
    use serde_json::json;

    use super::*;

    fn entry() -> Parts {
        let body = json!({
            "v": 1, "seq": 7, "at": 1_795_598_450_123_i64, "kind": "action.requested",
            "actor": { "kind": "agent", "runtime": "r", "session": "s|1" },
            "trace": "4bf92f3577b34da6a3ce929d0e0e4736", "span": "00f067aa0ba902b7",
            "data": {
                "tool": "=Tool", "summary": "a=b|c\\d\n, \"quoted\"", "cwd": "-1+1", "risk": "high",
                "effect": { "kind": "shell", "command": "ls" },
            },
        });
        let row = LedgerRow {
            seq: 7,
            at: 1_795_598_450_123,
            kind: "action.requested".to_owned(),
            trace: "4bf92f3577b34da6a3ce929d0e0e4736".to_owned(),
            span: "00f067aa0ba902b7".to_owned(),
            body: body.to_string(),
            payload: None,
            prev: [0; 32],
            hash: [0; 32],
        };
        Parts { hash: "h".to_owned(), ..Parts::of(&row, |_| None) }
    }

    #[test]
    fn a_line_of_csv_is_quoted_and_no_formula() {
        let line = csv(&entry());
        let start = "7,2026-11-25T09:20:50.123Z,action.requested,agent,r,s|1,'-1+1,'=Tool,high,,\
                     \"Wants to use =Tool: a=b|c\\d\n, \"\"quoted\"\"\",4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b7,,h,";
        assert_eq!(line.strip_prefix(start).map(|rest| rest.ends_with("\"\r\n")), Some(true), "{line}");
    }

    #[test]
    fn nothing_in_a_field_ends_a_line_or_a_text() {
        let nasty = "a\0b\u{1b}[2J\u{85}c\u{2028}d\u{2029}|=\\\r\n\te\u{202e}\u{feff}";
        let mut parts = entry();
        parts.data["tool"] = json!(nasty);
        parts.session = nasty.to_owned();
        parts.data["summary"] = json!("x".repeat(100_000));
        let line = cef(&parts);
        assert!(line.ends_with('\n') && line.len() < 10_000, "{} bytes", line.len());
        let ends = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        assert!(!line.trim_end_matches('\n').contains(ends), "{line:?}");
        assert!(line.contains("dproc=a b [2J c d |\\=\\\\\\r\\n e\u{202e}\u{feff} "), "{line:?}");
        let line = csv(&parts);
        assert!(line.ends_with("\r\n") && !line.contains('\0'));
        for formula in
            ["=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", " =1", "\u{feff}+1"]
        {
            assert!(csv_field(formula).trim_start_matches('"').starts_with('\''), "{formula:?}");
        }
        assert_eq!([csv_field("a\"b"), csv_field("a,b"), csv_field("\0")], ["\"a\"\"b\"", "\"a,b\"", "\u{fffd}"]);
    }

    #[test]
    fn a_line_of_cef_is_escaped() {
        let expected = format!(
            "CEF:0|ClawButler|ClawButler Desktop|{VERSION}|action.requested|Wants to use =Tool: a=b\\|c\\\\d , \"quoted\"|8|\
             rt=1795598450123 externalId=7 cs1Label=trace cs1=4bf92f3577b34da6a3ce929d0e0e4736 cs2Label=span \
             cs2=00f067aa0ba902b7 cs3Label=hash cs3=h suser=agent sourceServiceName=r dproc=\\=Tool filePath=-1+1 \
             msg=Wants to use \\=Tool: a\\=b|c\\\\d\\n, \"quoted\" cs4Label=session cs4=s|1\n"
        );
        assert_eq!(cef(&entry()), expected);
    }
}
