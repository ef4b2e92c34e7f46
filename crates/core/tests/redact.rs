//! What is masked and what is left alone, by the labelled set `tests/corpus/masking.jsonl`, and what holds for
//! any text.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::collections::BTreeMap;

use clawbutler_core::redact::{Choice, MaskKey, find, mask_text, mask_value};
use proptest::prelude::*;
use serde_json::{Value, json};

static KEY: MaskKey = MaskKey::new([7; 32]);
const SET: &str = include_str!("../../../tests/corpus/masking.jsonl");
/// Ways of writing a review asked for: secrets without a service's prefix, personal data, harmless rows.
const MORE: &str = include_str!("../../../tests/corpus/masking-more.jsonl");

/// Commands that take a password at a place, environments in every form, sentences, connection strings, and what looks like them.
const COMMANDS: &str = include_str!("../../../tests/corpus/masking-commands.jsonl");

/// How shells, workflows and tools hand secrets over, and tokens over several lines; what looks like them.
const SHELLS: &str = include_str!("../../../tests/corpus/masking-shells.jsonl");

/// Written down before the rules were looked at again: keys of more services, forms of more files and languages, ids of
/// more countries, texts with a terminal's colours, and what looks like them; behind them, the bounds of what was mended.
const UNSEEN: &str = include_str!("../../../tests/corpus/masking-unseen.jsonl");

/// One row: a text, and what in it has to be masked as what.
struct Row {
    text: String,
    wanted: Vec<(String, String)>,
}

fn rows() -> Vec<Row> {
    SET.lines()
        .chain(MORE.lines())
        .chain(COMMANDS.lines())
        .chain(SHELLS.lines())
        .chain(UNSEEN.lines())
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
    assert!(table.len() >= 25 && table.values().map(|counts| counts[0]).sum::<u32>() >= 300, "{report}");
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

#[test]
fn names_numbers_and_what_lies_under_a_name_are_masked_in_json() {
    let mut value = json!({
        "ghp_abcdefghijklmnopqrstuvwx": "x",
        "passwords": ["hunter2x9"],
        "password": { "value": "hunter2x8", "type": "string" },
        "card": 4_111_111_111_111_111_u64,
        "pass": "hunter2x7",
        "body": "DB_PASS=hunter2x6",
        "password_n": 87_654_321,
        "cpf": "52998224725",
        "bsn": 111_222_333,
        "args": ["--db-password", "hunter2x5", "--verbose", "plain"],
        "env": [{ "name": "API_TOKEN", "value": "hunter2x4" }, { "name": "HOME", "value": "/home/me" }],
        "tokens": ["aB3dE5gH7jK9mN1pQ3sT5vW7yZ9b"],
        "usage": { "tokens": 12_345_678, "max_tokens": 409_600, "input_tokens": 1_234_567, "token_count": 98_765_432 },
        "at": 1_795_344_008_304_u64,
        "password_required": true,
        "kty": "RSA", "d": "AAAAbbbbCCCC1111",
    });
    mask_value(&mut value, &KEY);
    let masked = value.to_string();
    for plain in ["hunter2", "ghp_", "4111111111", "87654321", "52998224725", "111222333", "aB3dE5", "AAAAbbbb"] {
        assert!(!masked.contains(plain), "{plain} in {masked}");
    }
    assert_eq!(
        (&value["usage"], &value["at"], &value["password"]["type"], &value["args"][3], &value["env"][1]["value"]),
        (
            &json!({ "tokens": 12_345_678, "max_tokens": 409_600, "input_tokens": 1_234_567, "token_count": 98_765_432 }),
            &json!(1_795_344_008_304_u64),
            &json!("string"),
            &json!("plain"),
            &json!("/home/me"),
        )
    );
    assert!(value["card"].as_str().unwrap().starts_with("[masked:card:"), "{masked}");
    let once = value.clone();
    mask_value(&mut value, &KEY);
    assert_eq!(value, once);
}

#[test]
fn two_names_that_become_one_are_both_kept() {
    let secret = "ghp_abcdefghijklmnopqrstuvwx";
    let taken = mask_text(secret, &KEY);
    let mut value = json!({ secret: 1, taken: 2 });
    mask_value(&mut value, &KEY);
    assert_eq!(value.as_object().unwrap().len(), 2, "{value}");
}

/// Any JSON value, with `§` at one place or more.
fn planted() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z ]{0,12}".prop_map(Value::from),
        Just(json!("§")),
    ];
    leaf.prop_recursive(5, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("k[a-z]{0,6}|§", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
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

    /// A key planted at any place of any JSON value, as text or as a name, is gone.
    #[test]
    fn a_key_planted_in_json_is_gone(value in planted()) {
        let secret = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5";
        let mut value: Value = serde_json::from_str(&value.to_string().replace('§', secret)).unwrap();
        mask_value(&mut value, &KEY);
        prop_assert!(!value.to_string().contains(secret), "{value}");
    }

    /// A plain word at any depth under a name that says secret is gone.
    #[test]
    fn whatever_lies_under_a_secret_name_is_gone(value in planted(), name in "password|clientSecret|DB_PASS|api_key") {
        let mut value: Value = serde_json::from_str(&value.to_string().replace("\"§\":", "\"k\":").replace('§', "plainword")).unwrap();
        value = json!({ "a": [{ name: value }] });
        mask_value(&mut value, &KEY);
        prop_assert!(!value.to_string().contains("plainword"), "{value}");
    }

    /// A secret in any surroundings of whole words goes.
    #[test]
    fn a_key_goes_wherever_it_stands(before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
        let secret = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5";
        let text = format!("{before} {secret} {after}");
        prop_assert!(!mask_text(&text, &KEY).contains(secret));
    }
}
