//! The chain holds, and every single change to it is noticed.

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_ledger::{Draft, Entry, GENESIS, Kind, Report, Verifier};
use proptest::prelude::*;
use serde_json::json;

fn chain_of(texts: &[String]) -> Vec<Entry> {
    let mut prev = GENESIS.to_owned();
    (1..)
        .zip(texts)
        .map(|(seq, text)| {
            let draft = Draft {
                kind: Kind::ActionRequested,
                actor: Actor::Engine,
                trace: TraceId::from("t"),
                span: SpanId::from("s"),
                data: json!({ "text": text }),
            };
            let entry = Entry::seal(draft, seq, Timestamp(1_000 + i64::try_from(seq).unwrap_or(0)), &prev);
            prev.clone_from(&entry.hash);
            entry
        })
        .collect()
}

fn verify(entries: &[Entry]) -> Report {
    let mut verifier = Verifier::default();
    for entry in entries {
        verifier.push(entry.seq, &entry.prev, &entry.hash, &entry.body);
    }
    verifier.report()
}

#[test]
fn golden_bytes_never_change() {
    let entry = chain_of(&["é\n\u{1}".to_owned()]).remove(0);
    insta::assert_snapshot!(entry.export_line(), @r#"{"hash":"0b194e84e00f3e498a2d4300007685ba84be6845181d84039d1a87bb206fdb9d","prev":"0000000000000000000000000000000000000000000000000000000000000000","entry":{"actor":{"kind":"engine"},"at":1001,"data":{"text":"é\n\u0001"},"kind":"action.requested","seq":1,"span":"s","trace":"t","v":1}}"#);
}

proptest! {
    #[test]
    fn an_untouched_chain_holds(texts in prop::collection::vec(".{0,40}", 0..12)) {
        let entries = chain_of(&texts);
        let report = verify(&entries);
        prop_assert_eq!(report.broken, None);
        prop_assert_eq!(report.entries, texts.len() as u64);
    }

    #[test]
    fn any_flipped_byte_is_noticed(
        texts in prop::collection::vec("[a-z]{1,20}", 1..8), which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(), field in 0..3,
    ) {
        let mut entries = chain_of(&texts);
        let index = which.index(entries.len());
        let entry = &mut entries[index];
        let text = match field { 0 => &mut entry.body, 1 => &mut entry.prev, _ => &mut entry.hash };
        let at = place.index(text.len());
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        *text = String::from_utf8_lossy(&bytes).into_owned();
        let report = verify(&entries);
        prop_assert!(report.broken.is_some());
        prop_assert!(report.broken.unwrap().0 <= index as u64 + 2);
    }

    #[test]
    fn removing_swapping_or_repeating_is_noticed(texts in prop::collection::vec("[a-z]{1,9}", 3..9), which in any::<prop::sample::Index>()) {
        let entries = chain_of(&texts);
        let index = which.index(entries.len() - 1);
        let mut removed = entries.clone();
        removed.remove(index);
        prop_assert!(verify(&removed).broken.is_some());
        let mut swapped = entries.clone();
        swapped.swap(index, index + 1);
        prop_assert!(verify(&swapped).broken.is_some());
        let mut repeated = entries;
        let again = repeated[index].clone();
        repeated.insert(index, again);
        prop_assert!(verify(&repeated).broken.is_some());
    }
}
