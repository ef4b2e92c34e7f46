//! What is masked and what is left alone, by the labelled set `tests/corpus/masking.jsonl`, and what holds for
//! any text.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::collections::BTreeMap;

use clawbutler_core::redact::{Choice, MaskKey, find, mask_text, mask_value};
use proptest::prelude::*;
use serde_json::{Value, json};

const KEY: MaskKey = MaskKey([7; 32]);
const SET: &str = include_str!("../../../tests/corpus/masking.jsonl");

/// One row: a text, and what in it has to be masked as what.
struct Row {
    text: String,
    wanted: Vec<(String, String)>,
}

fn rows() -> Vec<Row> {
    SET.lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            let wanted = row["mask"].as_object().into_iter().flatten();
            let wanted = wanted.map(|(value, kind)| (kind.as_str().unwrap().to_owned(), value.clone())).collect();
            Row { text: row["text"].as_str().unwrap().to_owned(), wanted }
        })
        .collect()
}

/// Found and wanted, missed, and false, by type; the report is printed.
#[test]
fn the_labelled_set_holds() {
    let mut table: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    let mut wrong = Vec::new();
    for Row { text, wanted } in rows() {
        let found = find(&text, Choice { addresses: true });
        let mut left: Vec<(String, String)> =
            found.iter().map(|one| (one.kind.to_owned(), text[one.start..one.end].to_owned())).collect();
        for want in wanted {
            let counts = table.entry(want.0.clone()).or_default();
            if let Some(at) = left.iter().position(|have| *have == want) {
                left.remove(at);
                counts[0] += 1;
            } else {
                counts[1] += 1;
                wrong.push(format!("missed {want:?} in {text:?}, found {left:?}"));
            }
        }
        for (kind, value) in left {
            table.entry(kind.clone()).or_default()[2] += 1;
            wrong.push(format!("false {kind} {value:?} in {text:?}"));
        }
    }
    let report = table
        .iter()
        .map(|(kind, [found, missed, wrong])| format!("{kind:24} {found:4} found {missed:4} missed {wrong:4} false"));
    let report = report.collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{report}\n\n{}", wrong.join("\n"));
    assert!(table.len() >= 25 && table.values().map(|counts| counts[0]).sum::<u32>() >= 95, "{report}");
}

#[test]
fn equal_secrets_look_equal_and_structure_is_kept() {
    let secret = format!("sk-ant-{}", "a1B2c3D4e5F6g7H8i9J0");
    let text = format!("curl -H 'x-api-key: {secret}' https://u:hunter22@h.example/p && KEY={secret} run");
    let masked = mask_text(&text, &KEY);
    assert!(!masked.contains(&secret) && !masked.contains("hunter22"), "{masked}");
    let tokens: Vec<_> = masked.match_indices("[masked:").map(|(at, _)| masked[at..].split(']').next()).collect();
    assert_eq!(tokens.len(), 3, "{masked}");
    assert!(masked.contains("https://u:[masked:url_password:"), "{masked}");
    let mut value =
        json!({ "password": "x1", "max_tokens": 5, "nested": [{ "note": "ghp_abcdefghijklmnopqrstuvwx" }] });
    mask_value(&mut value, &KEY);
    assert!(value.to_string().matches("[masked:").count() == 2, "{value}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_masked_without_harm(text in any::<String>()) {
        let found = find(&text, Choice { addresses: true });
        let mut end = 0;
        for one in &found {
            prop_assert!(one.start >= end && one.start < one.end && text.is_char_boundary(one.start) && text.is_char_boundary(one.end));
            end = one.end;
        }
    }

    /// Pieces that mean something, in any order, and any text between them.
    #[test]
    fn what_is_masked_stays_masked(pieces in prop::collection::vec(prop_oneof![
        Just("password=".to_owned()), Just("ghp_abcdefghijklmnopqrstuvwx12".to_owned()), Just("\"token\": \"".to_owned()),
        Just("https://a:b12345@c".to_owned()), Just("Bearer ".to_owned()), Just("-----BEGIN PRIVATE KEY-----\n".to_owned()),
        Just("ada@example.org".to_owned()), Just("4111 1111 1111 1111".to_owned()), Just("ä€ ".to_owned()), "[ -~]{0,12}",
    ], 0..12)) {
        let text = pieces.concat();
        let once = mask_text(&text, &KEY);
        let twice = mask_text(&once, &KEY);
        let masks = |text: &str| text.match_indices("[masked:").map(|(at, _)| text[at..].split(']').next().map(str::to_owned)).collect::<Vec<_>>();
        let mut left = masks(&twice).into_iter();
        prop_assert!(masks(&once).iter().all(|mask| left.any(|have| have == *mask)), "{once} then {twice}");
    }

    /// A secret in any surroundings of whole words goes.
    #[test]
    fn a_key_goes_wherever_it_stands(before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
        let secret = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5";
        let text = format!("{before} {secret} {after}");
        prop_assert!(!mask_text(&text, &KEY).contains(secret));
    }
}
