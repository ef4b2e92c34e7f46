//! Canonical form, tree and notes against slow and plain versions of themselves.

use clawbutler_core::digest;
use clawbutler_ledger::canonical::{is_canonical, is_canonical_object, value_end};
use clawbutler_ledger::merkle::{self, Frontier, Hash};
use clawbutler_ledger::note::{self, Checkpoint, Key, NoteError, PublicKey};
use proptest::prelude::*;
use serde_json::Value;

/// The definition: parsing and encoding again gives the same.
fn slow(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|tree| digest::canonical(&tree) == text)
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~\u{0}-\u{1f}é\u{7f}]{0,20}".prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-c\"\\\\\u{0}-\u{2}é\n]{0,3}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_encoded_is_canonical(tree in tree()) {
        let text = digest::canonical(&tree);
        prop_assert!(slow(&text));
        prop_assert!(is_canonical(&text), "{}", text);
        prop_assert_eq!(value_end(&format!("{text}}}")), Some(text.len()));
        prop_assert_eq!(is_canonical_object(&text, |_, _| ()), tree.is_object());
        // Other encoders' output is judged as the definition does.
        let plain = serde_json::to_string(&tree).unwrap();
        prop_assert_eq!(is_canonical(&plain), slow(&plain), "{}", plain);
        let pretty = serde_json::to_string_pretty(&tree).unwrap();
        prop_assert_eq!(is_canonical(&pretty), slow(&pretty), "{}", pretty);
    }

    #[test]
    fn a_changed_text_is_judged_as_the_definition_does(tree in tree(), place in any::<prop::sample::Index>(), with in "[ -~\u{0}-\u{2}\u{1f}é]|\\\\u00[01][0-9a-fA-F]|\\\\[\"/bfnrt]", cut in 0..3_usize) {
        let mut text = digest::canonical(&tree);
        let mut at = place.index(text.len() + 1);
        while !text.is_char_boundary(at) { at -= 1; }
        let mut end = (at + cut).min(text.len());
        while !text.is_char_boundary(end) { end += 1; }
        text.replace_range(at..end, &with);
        prop_assert_eq!(is_canonical(&text), slow(&text), "{}", text);
    }

    #[test]
    fn any_text_of_the_alphabet_is_judged_as_the_definition_does(text in "[\\[\\]{}:,\"\\\\0-9a-eu.E+\\-tfnrls ]{0,14}") {
        prop_assert_eq!(is_canonical(&text), slow(&text), "{}", text);
    }
}

#[test]
fn edges_are_judged_as_the_definition_does() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let mut texts = vec![nested(126), nested(127), nested(128), nested(129)];
    for text in [
        "", "0", "-0", "00", "01", "-1", "-", "18446744073709551615", "18446744073709551616", "-9223372036854775808",
        "-9223372036854775809", "1.0", "1e1", "\"\\u000b\"", "\"\\u0008\"", "\"\\u001F\"", "\"\\u007f\"", "\"\u{7f}\"",
        "\"\\/\"", "{\"a\":1,\"a\":2}", "{\"b\":1,\"a\":2}", "{\"\\n\":1,\"\\\"\":2}", "{\"\\\"\":1,\"\\n\":2}",
        "{\"a\":1,}", "[1,]", "[,]", "nul", "true ", " true", "\"", "{\"a\"}", "\"\\ud83d\\ude00\"", "\"\t\"",
    ] {
        texts.push(text.to_owned());
    }
    for text in texts {
        assert_eq!(is_canonical(&text), slow(&text), "{text}");
    }
}

/// MTH of RFC 9162, as it is written there.
fn mth(leaves: &[Vec<u8>]) -> Hash {
    match leaves {
        [] => Frontier::default().root(),
        [one] => merkle::leaf(one),
        many => {
            let k = many.len().next_power_of_two() / 2;
            merkle::node(&mth(&many[..k]), &mth(&many[k..]))
        }
    }
}

fn path(m: usize, leaves: &[Vec<u8>]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut proof, other) =
        if m < k { (path(m, &leaves[..k]), mth(&leaves[k..])) } else { (path(m - k, &leaves[k..]), mth(&leaves[..k])) };
    proof.push(other);
    proof
}

fn subproof(m: usize, leaves: &[Vec<u8>], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![mth(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (mut proof, other) = if m <= k {
        (subproof(m, &leaves[..k], whole), mth(&leaves[k..]))
    } else {
        (subproof(m - k, &leaves[k..], false), mth(&leaves[..k]))
    };
    proof.push(other);
    proof
}

fn leaves(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|at| format!("leaf {at}").into_bytes()).collect()
}

/// Named nodes of a tree as the frontier tells of them, leaves included.
fn named(leaves: &[Vec<u8>]) -> (Frontier, impl Fn(u32, u64) -> Result<Hash, ()> + use<>) {
    let mut tree = Frontier::default();
    let mut nodes = std::collections::HashMap::new();
    for (at, bytes) in (0..).zip(leaves) {
        nodes.insert((0, at), merkle::leaf(bytes));
        tree.push(merkle::leaf(bytes), |level, index, hash| {
            nodes.insert((level, index), *hash);
        });
    }
    (tree, move |level, index| nodes.get(&(level, index)).copied().ok_or(()))
}

#[test]
fn roots_and_proofs_are_those_of_the_plain_definition() {
    for size in 0..70 {
        let all = leaves(size);
        let (tree, get) = named(&all);
        let mut get = |level, index| get(level, index);
        let n = size as u64;
        assert_eq!(tree.root(), mth(&all));
        assert_eq!(merkle::root_of(n, &mut get), Ok(mth(&all)));
        let peaks = merkle::peaks_of(n).into_iter().map(|(level, index)| get(level, index).unwrap()).collect();
        assert_eq!(Frontier::of(n, peaks), Some(tree.clone()));
        for m in 0..size {
            let proof = merkle::inclusion(m as u64, n, &mut get).unwrap();
            assert_eq!(proof, path(m, &all));
            let leaf = merkle::leaf(&all[m]);
            assert!(merkle::holds_inclusion(&leaf, m as u64, n, &proof, &tree.root()));
        }
        for old in 1..=size {
            let proof = merkle::consistency(old as u64, n, &mut get).unwrap();
            assert_eq!(proof, subproof(old, &all, true));
            assert!(merkle::holds_consistency(old as u64, n, &mth(&all[..old]), &tree.root(), &proof));
        }
    }
}

proptest! {
    #[test]
    fn a_changed_proof_proves_nothing(size in 2..200_usize, which in any::<prop::sample::Index>(), part in any::<prop::sample::Index>(), kind in 0..6) {
        let all = leaves(size);
        let (tree, get) = named(&all);
        let mut get = |level, index| get(level, index);
        let m = which.index(size);
        let mut proof = merkle::inclusion(m as u64, size as u64, &mut get).unwrap();
        let at = part.index(proof.len());
        let (mut index, mut total, mut leaf) = (m as u64, size as u64, merkle::leaf(&all[m]));
        match kind {
            0 => proof[at][3] ^= 1,
            1 => drop(proof.remove(at)),
            2 => proof.push([0; 32]),
            3 => leaf[0] ^= 1,
            4 => index = (index + 1) % total,
            _ => total = index,
        }
        prop_assert!(!merkle::holds_inclusion(&leaf, index, total, &proof, &tree.root()));
    }

    #[test]
    fn a_changed_consistency_proof_proves_nothing(size in 2..200_usize, which in any::<prop::sample::Index>(), part in any::<prop::sample::Index>(), kind in 0..4) {
        let all = leaves(size);
        let (tree, get) = named(&all);
        let mut get = |level, index| get(level, index);
        let old = 1 + which.index(size - 1);
        let mut proof = merkle::consistency(old as u64, size as u64, &mut get).unwrap();
        let mut before = mth(&all[..old]);
        match kind {
            0 => { let at = part.index(proof.len()); proof[at][3] ^= 1; }
            1 => { let at = part.index(proof.len()); proof.remove(at); }
            2 => proof.push([0; 32]),
            _ => before[0] ^= 1,
        }
        prop_assert!(!merkle::holds_consistency(old as u64, size as u64, &before, &tree.root(), &proof));
    }
}

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: note::origin(&[5; 32]), size: 1234, root: [1; 32], head: [2; 32], at: 1_795_598_450_000 }
}

#[test]
fn a_note_has_the_form_of_the_standard() {
    let key = Key::from_seed(&[9; 32]);
    let note = key.sign(&checkpoint());
    insta::assert_snapshot!(note, @r"
    clawbutler.local/log/0505050505050505
    1234
    AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=
    head 0202020202020202020202020202020202020202020202020202020202020202
    time 1795598450000

    — clawbutler.local/log/0505050505050505 QCbTUOxKG864zJy5dIxpeuoUvF6TwSeMWmWtBsltiP+cJOTslmVqL4606dFddjcyqU7ED/xlWQCgOxWRW5BhAWs/gAY=
    ");
    let vkey = key.public().vkey(&checkpoint().origin);
    insta::assert_snapshot!(vkey, @"clawbutler.local/log/0505050505050505+4026d350+Af0XJDhaoMdbZPt4zWAvodmR/ev3axPFjtcC6sg16fYY");
    assert_eq!(PublicKey::parse(&vkey), Some(key.public()));
    assert_eq!(PublicKey::parse(&key.public().encoded()), Some(key.public()));
    assert_eq!(note::open(&note, &key.public()), Ok(checkpoint()));
    assert_eq!(note::open(&note, &Key::from_seed(&[1; 32]).public()), Err(NoteError::OtherKey));
    let many = format!("key x\n{note}\nsome words\n{note}{note}clawbutler.local/log/half\n12\n");
    assert_eq!(note::all(&many), [note.as_str(); 3]);
}

proptest! {
    #[test]
    fn any_flipped_bit_of_a_note_is_refused(place in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let key = Key::from_seed(&[9; 32]);
        let mut bytes = key.sign(&checkpoint()).into_bytes();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        prop_assert!(note::open(&text, &key.public()).is_err());
    }
}
