//! The vectors that other programs are held against, `docs/audit-vectors.json`, hold for this one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use clawbutler_core::digest;
use clawbutler_core::id::{hex, unhex};
use clawbutler_ledger::note::{self, Key, PublicKey};
use clawbutler_ledger::seal::{self, SealKey, Sealed};
use clawbutler_ledger::{CheckpointState, Found, Retention, Source, Trust, Verifier, canonical, line, merkle};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../docs/audit-vectors.json")).unwrap()
}

fn seed(vectors: &Value) -> [u8; 32] {
    unhex(vectors["seed"].as_str().unwrap()).unwrap().try_into().unwrap()
}

#[test]
fn the_vectors_hold() {
    let vectors = vectors();
    let key = Key::from_seed(&seed(&vectors)).public();
    let log = vectors["log"].as_str().unwrap();
    assert_eq!(key.vkey(log), vectors["key"].as_str().unwrap());
    assert_eq!(PublicKey::parse(&key.vkey(log)).as_ref(), Some(&key));
    let notes = vectors["notes"].as_array().unwrap().iter();
    let notes = notes.map(|note| Found { source: Source::Given, note: note.as_str().unwrap().to_owned() }).collect();
    let trust = Trust { keys: vec![key], notes, ..Trust::default() };
    let mut verifier = Verifier::new(&trust, Retention::default());
    for entry in vectors["entries"].as_array().unwrap() {
        let text = |name: &str| entry[name].as_str();
        let stored = line::read(text("line").unwrap()).unwrap();
        assert_eq!((Some(stored.body), stored.payload), (text("canonical"), text("payload")));
        assert_eq!(
            (hex(&merkle::leaf(stored.body.as_bytes())), hex(&stored.hash)),
            (text("leaf").unwrap().into(), text("hash").unwrap().into())
        );
        assert!(verifier.push(&stored, |_, _, _| true));
    }
    let report = verifier.report();
    assert_eq!((report.broken, report.checkpoint, report.proven), (None, CheckpointState::Good, 4));
    let last = &vectors["entries"][3];
    assert_eq!(
        (hex(&report.head), hex(&report.root)),
        (last["hash"].as_str().unwrap().into(), last["root"].as_str().unwrap().into())
    );
    for text in vectors["not_canonical"].as_array().unwrap() {
        assert!(!canonical::is_canonical(text.as_str().unwrap()), "{text}");
    }
}

#[test]
fn notes_heads_and_seals_are_made_as_the_vectors_say() {
    let vectors = vectors();
    let key = Key::from_seed(&seed(&vectors));
    for text in vectors["notes"].as_array().unwrap() {
        let text = text.as_str().unwrap();
        assert_eq!(key.sign(&note::open(text, &key.public()).unwrap()), text);
    }
    let head = &vectors["head"];
    let hash = unhex(head["hash"].as_str().unwrap()).unwrap().try_into().unwrap();
    let noted =
        seal::Head { origin: head["log"].as_str().unwrap().to_owned(), seq: 4, hash, closed: true, grants: None };
    assert_eq!(key.sign_head(&noted), head["signature"].as_str().unwrap());
    assert!(key.public().signed_head(&noted, head["signature"].as_str().unwrap()));
    let other = seal::Head { closed: false, ..noted.clone() };
    assert!(!key.public().signed_head(&other, head["signature"].as_str().unwrap()));
    let with = &vectors["head_with_grants"];
    let noted = seal::Head { grants: Some(digest::of(&with["grants"])), ..noted };
    assert_eq!(key.sign_head(&noted), with["signature"].as_str().unwrap());
    let (key, text) = (SealKey::from_seed(&seed(&vectors)), |name: &str| vectors[name].as_str().unwrap());
    let sealed = Sealed { seq: 4, durable: 2, hash, next: None };
    let before = unhex(vectors["entries"][1]["hash"].as_str().unwrap()).unwrap().try_into().unwrap();
    let begun = Sealed { seq: 2, durable: 2, hash: before, next: Some((4, hash)) };
    assert_eq!((key.seal(&sealed).as_str(), key.seal(&begun).as_str()), (text("seal"), text("seal_begun")));
    assert_eq!(key.open(text("seal_v1")), Some(sealed));
}
