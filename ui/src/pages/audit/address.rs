//! Filters in the address, so that going back works and a search can be linked to.

use clawbutler_wire::audit_search::AuditFilter;

use super::model::Field;

/// Letters an address takes as they are.
fn plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

/// Text as a part of an address.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

/// The text of a part of an address.
pub(super) fn unescaped(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match code.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A filter as a part of an address.
pub(super) fn address(filter: &AuditFilter) -> String {
    let time = |name: &str, at: Option<i64>| at.map(|at| format!("{name}={at}"));
    let text = (!filter.text.is_empty()).then(|| format!("text={}", escaped(&filter.text)));
    let lists = Field::ALL
        .iter()
        .flat_map(|field| field.of(filter).iter().map(|value| format!("{}={}", field.key(), escaped(value))));
    let parts = text.into_iter().chain(time("from", filter.from)).chain(time("until", filter.until)).chain(lists);
    parts.collect::<Vec<_>>().join("&")
}

/// The filter of a part of an address; what is not understood is left out.
pub(super) fn from_address(part: &str) -> AuditFilter {
    let mut filter = AuditFilter::default();
    for (key, value) in part.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = unescaped(value);
        match key {
            "text" => filter.text = value,
            "from" => filter.from = value.parse().ok(),
            "until" => filter.until = value.parse().ok(),
            _ => {
                if let Some(field) = Field::ALL.into_iter().find(|field| field.key() == key) {
                    field.of_mut(&mut filter).push(value);
                }
            }
        }
    }
    filter
}

/// The route of the list, with an entry open or without.
pub(super) fn place(entry: Option<u64>, filter: &AuditFilter) -> String {
    let part = address(filter);
    match (entry, part.is_empty()) {
        (None, true) => "audit".to_owned(),
        (None, false) => format!("audit/-/{part}"),
        (Some(seq), true) => format!("audit/{seq}"),
        (Some(seq), false) => format!("audit/{seq}/{part}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_survives_the_address() {
        let filter = AuditFilter {
            text: "\"git push\" 100% -a/b & ü".to_owned(),
            from: Some(-5),
            until: Some(1_790_000_000_000),
            kinds: vec!["action.decided".to_owned(), "a=b".to_owned()],
            projects: vec!["/home/me/a b#c".to_owned()],
            risks: vec!["high".to_owned()],
            ..AuditFilter::default()
        };
        let part = address(&filter);
        assert!(!part.contains(['/', '#', ' ', '?']), "{part}");
        assert_eq!(from_address(&part), filter);
        assert_eq!(address(&AuditFilter::default()), "");
        assert_eq!(from_address("%zz=1&x=2&text=%4"), AuditFilter { text: "%4".to_owned(), ..AuditFilter::default() });
        let risky = AuditFilter { risks: vec!["high".to_owned()], ..AuditFilter::default() };
        assert_eq!(
            [place(None, &AuditFilter::default()), place(Some(7), &AuditFilter::default()), place(None, &risky)],
            ["audit", "audit/7", "audit/-/risk=high"]
        );
    }
}
