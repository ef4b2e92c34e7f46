//! The log holds, and every single change to it is noticed, with its reason.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_ledger::note::{Checkpoint, Key, origin};
use clawbutler_ledger::{
    Broken, CheckpointState, Draft, Entry, Found, Frontier, GENESIS, Hash, HeadNote, Kind, Reason, Report, Retention,
    Sealed, Source, Stored, Trust, Verifier, entry, line,
};
use proptest::prelude::*;
use serde_json::json;

/// An entry as bytes that can be changed.
#[derive(Debug, Clone)]
struct Row {
    seq: u64,
    prev: Hash,
    hash: Hash,
    body: String,
    payload: Option<String>,
}

fn draft(kind: Kind, data: serde_json::Value) -> Draft {
    let (trace, span) = (TraceId::from("t"), SpanId::from("s"));
    Draft { kind, actor: Actor::Engine, trace, span, parent: Some(SpanId::from("p")), data }
}

fn log_of(texts: &[String]) -> Vec<Row> {
    let drafts = texts.iter().map(|text| draft(Kind::ActionRequested, json!({ "text": text })));
    rows(drafts.collect())
}

fn rows(drafts: Vec<Draft>) -> Vec<Row> {
    let mut prev = GENESIS;
    (1..)
        .zip(drafts)
        .map(|(seq, draft)| {
            let late = if draft.kind == Kind::AuditPruned { 2 * 86_400_000 } else { 0 };
            let made = Entry::seal(draft, seq, Timestamp(1_000 + late + i64::try_from(seq).unwrap()), &prev);
            let row = Row { seq, prev, hash: made.hash, body: made.body, payload: Some(made.payload) };
            prev = made.hash;
            row
        })
        .collect()
}

fn verify_with(rows: &[Row], trust: &Trust, retention: Retention) -> Report {
    let mut verifier = Verifier::new(trust, retention);
    for row in rows {
        let stored = Stored {
            seq: row.seq,
            prev: Some(row.prev),
            hash: row.hash,
            body: &row.body,
            payload: row.payload.as_deref(),
            columns: None,
        };
        verifier.push(&stored, |_, _, _| true);
    }
    verifier.report()
}

fn verify(rows: &[Row]) -> Report {
    verify_with(rows, &Trust::default(), Retention::default())
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what reports carry")]
fn broken(seq: u64, reason: Reason) -> Option<Broken> {
    Some(Broken { seq: Some(seq), reason })
}

/// Chains everything anew, as someone would who knows the format.
fn rechained(mut rows: Vec<Row>) -> Vec<Row> {
    let mut prev = GENESIS;
    for row in &mut rows {
        row.prev = prev;
        row.hash = entry::chain(&prev, &clawbutler_ledger::merkle::leaf(row.body.as_bytes()));
        prev = row.hash;
    }
    rows
}

fn checkpoint(rows: &[Row], size: usize, key: &Key) -> String {
    let mut tree = Frontier::default();
    rows[..size].iter().for_each(|row| tree.push(clawbutler_ledger::merkle::leaf(row.body.as_bytes()), |_, _, _| ()));
    key.sign(&Checkpoint {
        origin: origin(&rows[0].hash),
        size: size as u64,
        root: tree.root(),
        head: rows[size - 1].hash,
        at: 7,
    })
}

fn trust(key: &Key, notes: &[String]) -> Trust {
    let notes = notes.iter().map(|note| Found { source: Source::StateFile, note: note.clone() }).collect();
    Trust { keys: vec![key.public()], notes, ..Trust::default() }
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("text {at}")).collect()
}

#[test]
fn golden_bytes_never_change() {
    let row = log_of(&["é\n\u{1}".to_owned()]).remove(0);
    insta::assert_snapshot!(line::write(&row.prev, &row.hash, &row.body, row.payload.as_deref()), @r#"{"hash":"1708be8d84908940e2b96ca2da4424f0b3fe580a2c13f6592aa430c7c04f19c3","prev":"0000000000000000000000000000000000000000000000000000000000000000","entry":{"actor":{"kind":"engine"},"at":1001,"data":"5c99128bb7cca1188f48b54b4403e8fa0f418955ec818a931671d34a9a10ee00","kind":"action.requested","parent":"p","seq":1,"span":"s","trace":"t","v":2},"data":{"text":"é\n\u0001"}}"#);
}

#[test]
fn entries_of_version_1_still_hold_and_none_follows_one_of_version_2() {
    let body = |seq: u64| {
        format!(
            r#"{{"actor":{{"kind":"engine"}},"at":1001,"data":{{"text":"é\n\u0001"}},"kind":"action.requested","seq":{seq},"span":"s","trace":"t","v":1}}"#
        )
    };
    let old = |seq, prev: Hash| {
        let hash = entry::chain_v1(&prev, &body(seq));
        Row { seq, prev, hash, body: body(seq), payload: None }
    };
    let first = old(1, GENESIS);
    assert_eq!(
        clawbutler_core::id::hex(&first.hash),
        "0b194e84e00f3e498a2d4300007685ba84be6845181d84039d1a87bb206fdb9d",
        "the golden hash of version 1"
    );
    let made = Entry::seal(draft(Kind::EngineStarted, json!({})), 2, Timestamp(2), &first.hash);
    let second = Row { seq: 2, prev: first.hash, hash: made.hash, body: made.body, payload: Some(made.payload) };
    let third = old(3, second.hash);
    let rows = [first, second, third];
    assert_eq!(verify(&rows[..2]).broken, None);
    assert_eq!(verify(&rows).broken, broken(3, Reason::Version(1)));
}

#[test]
fn a_pruned_payload_is_counted_only_where_a_retention_run_removed_it() {
    let mut drafts: Vec<_> = (0..4).map(|at| draft(Kind::ActionRequested, json!({ "at": at }))).collect();
    drafts.push(draft(Kind::AuditPruned, json!({ "below": 3, "kinds": ["action.requested"] })));
    let mut rows = rows(drafts);
    let mut retention = Retention::default();
    retention.see(5, &rows[4].body, rows[4].payload.as_deref());
    (rows[0].payload, rows[1].payload) = (None, None);
    let report = verify_with(&rows, &Trust::default(), retention.clone());
    assert_eq!((report.pruned, report.broken, report.entries), (2, None, 5));
    rows[2].payload = None;
    assert_eq!(verify_with(&rows, &Trust::default(), retention.clone()).broken, broken(3, Reason::PayloadMissing));
    rows[2].payload = Some("{\"at\":3}".to_owned());
    assert_eq!(verify_with(&rows, &Trust::default(), retention).broken, broken(3, Reason::Payload));
}

#[test]
fn a_retention_run_that_does_not_hold_by_itself_covers_nothing() {
    let mut drafts: Vec<_> = (0..4).map(|at| draft(Kind::ActionRequested, json!({ "at": at }))).collect();
    drafts.push(draft(Kind::AuditPruned, json!({ "below": 3, "kinds": ["action.requested"] })));
    let mut rows = rows(drafts);
    let (body, facts) = (rows[4].body.clone(), rows[4].payload.clone().unwrap());
    rows[0].payload = None;
    let covered = |seq, body: &str, facts: &str| {
        let mut retention = Retention::default();
        retention.see(seq, body, Some(facts));
        verify_with(&rows, &Trust::default(), retention).broken
    };
    let missing = broken(1, Reason::PayloadMissing);
    assert_eq!(covered(5, &body, &facts), None);
    assert_eq!(covered(6, &body, &facts), missing, "it stands at another place than it says");
    assert_eq!(covered(5, &body.replace(",\"seq\"", ", \"seq\""), &facts), missing);
    assert_eq!(covered(5, &body, &facts.replace("\"below\":3", "\"below\":4")), missing, "its digest is of another");
    assert_eq!(covered(5, &body, &facts.replace(':', ": ")), missing);
}

#[test]
fn a_retention_run_that_no_engine_made_covers_nothing() {
    let forged = |actor: Actor, kinds: &[&str], kind: Kind, at: i64| {
        let (mut retention, day) = (Retention::default(), 86_400_000);
        let entry = |seq, at, kind, actor, data| {
            Entry::seal(Draft { actor, ..draft(kind, data) }, seq, Timestamp(at), &GENESIS)
        };
        for (seq, kind) in [(1, Kind::EngineStarted), (2, Kind::EngineStarted), (3, kind)] {
            let made = entry(seq, at, kind, Actor::Engine, json!({}));
            retention.see(seq, &made.body, None);
        }
        let run = entry(4, day, Kind::AuditPruned, actor, json!({ "below": 9, "kinds": kinds }));
        retention.see(4, &run.body, Some(&run.payload));
        retention
    };
    let pruned = |retention: &Retention, kind, seq, at| {
        let mut row = rows((0..seq).map(|_| draft(kind, json!({}))).collect()).pop().unwrap();
        let body = row.body.replace(&format!("\"at\":{}", 1_000 + seq), &format!("\"at\":{at}"));
        row.hash = entry::chain(&row.prev, &clawbutler_ledger::merkle::leaf(body.as_bytes()));
        let mut verifier = Verifier::block(seq - 1, row.prev, retention.clone());
        let stored = Stored { seq, prev: Some(row.prev), hash: row.hash, body: &body, payload: None, columns: None };
        verifier.push(&stored, |_, _, _| true)
    };
    let actions = ["action.requested"];
    let good = forged(Actor::Engine, &actions, Kind::ActionRequested, 0);
    assert!(pruned(&good, Kind::ActionRequested, 3, -1), "what is right counts");
    assert!(!pruned(&good, Kind::ActionRequested, 3, 0), "younger than a day");
    assert!(!pruned(&good, Kind::ActionRequested, 4, -1), "behind it");
    let user = forged(Actor::LocalUser, &actions, Kind::ActionRequested, 0);
    assert!(!pruned(&user, Kind::ActionRequested, 3, -1), "not by the engine");
    let kept = forged(Actor::Engine, &["action.requested", "tampering.noticed"], Kind::ActionRequested, 0);
    assert!(!pruned(&kept, Kind::ActionRequested, 3, -1), "names a kind that is kept");
    let starts = forged(Actor::Engine, &["engine.started"], Kind::ActionRequested, 0);
    assert!(pruned(&starts, Kind::EngineStarted, 1, -1));
    assert!(!pruned(&starts, Kind::EngineStarted, 2, -1), "the newest start before it");
}

#[test]
fn what_is_behind_the_last_note_is_told() {
    let rows = log_of(&["a".to_owned(), "b".to_owned(), "c".to_owned()]);
    let sealed = |seq: u64, durable| {
        let hash = rows.get(usize::try_from(seq).unwrap() - 1).map_or([9; 32], |row| row.hash);
        Some(Sealed { seq, durable, hash, next: None })
    };
    let told = |rows: &[Row], trust: Trust| {
        let report = verify_with(rows, &trust, Retention::default());
        (report.proven, report.broken)
    };
    let trust = |sealed, ends| Trust { sealed, ends, ..Trust::default() };
    assert_eq!(told(&rows, trust(sealed(3, 0), true)), (3, None));
    assert_eq!(told(&rows, trust(sealed(2, 0), true)), (2, broken(3, Reason::Unproven { upto: 3 })));
    assert_eq!(told(&rows, trust(sealed(2, 0), false)), (2, None), "an engine appends");
    assert_eq!(told(&rows, trust(None, true)), (0, broken(1, Reason::Unproven { upto: 3 })));
    assert_eq!(told(&rows[..2], trust(sealed(3, 2), true)).1, broken(3, Reason::Lost { upto: 3 }));
    assert_eq!(told(&rows[..2], trust(sealed(3, 3), true)).1, broken(3, Reason::CutOff { upto: 3 }));
    let head = |closed| Some(HeadNote { seq: 2, hash: rows[1].hash, closed });
    let both = |closed, sealed| Trust { head: head(closed), sealed, ends: true, ..Trust::default() };
    assert_eq!(told(&rows, both(true, sealed(2, 2))).1, broken(3, Reason::AddedWhileClosed));
    assert_eq!(told(&rows, both(true, sealed(3, 2))).1, None, "one of ours ran since");
    let other = Sealed { seq: 2, durable: 0, hash: [9; 32], next: None };
    assert_eq!(told(&rows, trust(Some(other), true)).1, broken(1, Reason::OtherHead { seq: 2 }));
    let bad = Trust { head_bad: true, ..Trust::default() };
    assert_eq!(told(&rows, bad).1, Some(Broken { seq: None, reason: Reason::HeadBad }));
}

#[test]
fn a_header_has_every_member_and_each_of_its_type() {
    let rows = log_of(&texts(3));
    for (member, other) in [
        ("\"span\":\"s\"", "\"spam\":\"s\""),
        ("\"span\":\"s\"", "\"span\":null"),
        ("\"trace\":\"t\"", "\"trace\":1"),
        ("\"kind\":\"action.requested\"", "\"kind\":\"\""),
        ("\"kind\":\"action.requested\"", "\"kind\":[\"action.requested\"]"),
        ("\"at\":1002", "\"at\":null"),
        ("\"at\":1002", "\"at\":\"1002\""),
        ("\"at\":1002", "\"at\":9223372036854775808"),
        ("\"actor\":{\"kind\":\"engine\"}", "\"actor\":\"engine\""),
        ("\"data\":\"", "\"data\":{},\"date\":\""),
        ("\"parent\":\"p\"", "\"parent\":7"),
        ("\"seq\":2,", "\"seqs\":2,"),
        ("\"seq\":2,", "\"seq\":\"2\","),
    ] {
        let mut edited = rows.clone();
        edited[1].body = edited[1].body.replace(member, other);
        assert_ne!(edited[1].body, rows[1].body, "{member}");
        assert_eq!(verify(&rechained(edited)).broken, broken(2, Reason::NotCanonical), "{other}");
    }
    let mut more = rows.clone();
    more[2].body = more[2].body.replace("\"actor\"", "\"a\":[null],\"actor\"").replace("\"parent\":\"p\",", "");
    assert_eq!(verify(&rechained(more)).broken, None, "others may be there, and no parent");
}

#[test]
fn a_commit_that_was_begun_may_have_happened_or_not() {
    let rows = log_of(&["a".to_owned(), "b".to_owned(), "c".to_owned(), "d".to_owned()]);
    let trust = |seq: usize, next: usize| {
        let next = Some((next as u64, rows[next - 1].hash));
        let sealed = Sealed { seq: seq as u64, durable: 0, hash: rows[seq - 1].hash, next };
        Trust { sealed: Some(sealed), ends: true, ..Trust::default() }
    };
    let told = |rows: &[Row], trust: &Trust| {
        let report = verify_with(rows, trust, Retention::default());
        (report.proven, report.broken)
    };
    // One commit of two entries, between which the log never stands.
    let begun = trust(2, 4);
    assert_eq!(told(&rows, &begun), (4, None), "it happened");
    assert_eq!(told(&rows[..2], &begun), (2, None), "it did not");
    assert_eq!(told(&rows[..3], &begun), (2, broken(3, Reason::Unproven { upto: 3 })), "no half of it");
    assert_eq!(told(&rows[..1], &begun).1, broken(2, Reason::Lost { upto: 2 }));
    assert_eq!(told(&rows, &trust(2, 3)), (3, broken(4, Reason::Unproven { upto: 4 })), "nothing behind it");
    let mut other = rows.clone();
    other[3].body = other[3].body.replace("engine", "hook");
    assert_eq!(told(&rechained(other), &begun), (2, broken(3, Reason::Unproven { upto: 4 })), "another in its place");
    let mut before = rows.clone();
    before[1].body = before[1].body.replace("engine", "hook");
    assert_eq!(told(&rechained(before), &begun).1, broken(1, Reason::OtherHead { seq: 2 }));
}

#[test]
fn each_attack_has_its_reason() {
    let rows = log_of(&texts(9));
    let edited = |at: usize| {
        let mut rows = rows.clone();
        rows[at].body = rows[at].body.replace("engine", "hook");
        rows
    };
    assert_eq!(verify(&edited(8)).broken, broken(9, Reason::Changed));
    assert_eq!(verify(&rechained(edited(8))).broken, None, "the chain alone cannot tell");
    let key = Key::from_seed(&[7; 32]);
    let kept = trust(&key, &[checkpoint(&rows, 4, &key), checkpoint(&rows, 9, &key)]);
    let told = |rows: &[Row], trust: &Trust| {
        let report = verify_with(rows, trust, Retention::default());
        (report.checkpoint, report.checkpoint_size, report.broken)
    };
    assert_eq!(told(&rows, &kept), (CheckpointState::Good, Some(9), None));
    assert_eq!(
        told(&rechained(edited(8)), &kept),
        (CheckpointState::RootDiffers, Some(4), broken(5, Reason::Rewritten { upto: 9 }))
    );
    assert_eq!(
        told(&rows[..7], &kept),
        (CheckpointState::BeyondTheEnd, Some(4), broken(8, Reason::CutOff { upto: 9 }))
    );
    assert_eq!(
        told(&log_of(&texts(12)[2..]), &kept),
        (CheckpointState::RootDiffers, None, broken(1, Reason::OtherLog))
    );
    let (_, _, empty) = told(&[], &kept);
    assert_eq!(empty, broken(1, Reason::CutOff { upto: 9 }));
    let other = Key::from_seed(&[8; 32]);
    let aside = |reason| Some(Broken { seq: None, reason });
    assert_eq!(
        told(&rows, &trust(&key, &[checkpoint(&rows, 9, &other)])),
        (CheckpointState::KeyReplaced, None, aside(Reason::KeyReplaced))
    );
    let forged = checkpoint(&rows, 9, &key).replace("time 7", "time 8");
    assert_eq!(
        told(&rows, &trust(&key, &[forged])),
        (CheckpointState::SignatureBad, None, aside(Reason::SignatureBad))
    );
    let seen = |seq: usize, closed| Trust {
        head: Some(HeadNote { seq: seq as u64, hash: rows[seq - 1].hash, closed }),
        ..Trust::default()
    };
    assert_eq!(told(&rows, &seen(9, true)).2, None);
    assert_eq!(told(&rows, &seen(7, false)).2, None);
    assert_eq!(told(&rows, &seen(7, true)).2, broken(8, Reason::AddedWhileClosed));
    assert_eq!(told(&rows[..8], &seen(9, true)).2, broken(9, Reason::CutOff { upto: 9 }));
    assert_eq!(told(&rechained(edited(8)), &seen(9, false)).2, broken(1, Reason::OtherHead { seq: 9 }));
    let gone = Trust { gone: true, ..Trust::default() };
    assert_eq!(told(&rows, &gone).2, aside(Reason::OutsideGone));
}

proptest! {
    #[test]
    fn an_untouched_log_holds_and_its_lines_read_back(texts in prop::collection::vec(".{0,40}", 0..12)) {
        let rows = log_of(&texts);
        let report = verify(&rows);
        prop_assert_eq!(report.broken, None);
        prop_assert_eq!(report.entries, texts.len() as u64);
        for row in &rows {
            let text = line::write(&row.prev, &row.hash, &row.body, row.payload.as_deref());
            let read = line::read(&text).unwrap();
            prop_assert_eq!((read.seq, read.hash, read.prev), (row.seq, row.hash, Some(row.prev)));
            prop_assert_eq!((read.body, read.payload), (row.body.as_str(), row.payload.as_deref()));
        }
    }

    #[test]
    fn any_flipped_byte_is_noticed_at_its_entry(
        texts in prop::collection::vec("[a-z]{1,20}", 1..8), which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(), field in 0..4,
    ) {
        let mut rows = log_of(&texts);
        let index = which.index(rows.len());
        let row = &mut rows[index];
        let flip = |text: &mut String| {
            let at = place.index(text.len());
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            *text = String::from_utf8_lossy(&bytes).into_owned();
        };
        match field {
            0 => flip(&mut row.body),
            1 => flip(row.payload.as_mut().unwrap()),
            2 => row.prev[place.index(32)] ^= 1,
            _ => row.hash[place.index(32)] ^= 1,
        }
        prop_assert_eq!(verify(&rows).broken.unwrap().seq, Some(index as u64 + 1));
    }

    #[test]
    fn any_flipped_byte_of_a_line_is_refused(texts in prop::collection::vec("[a-z]{1,9}", 1..4), place in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let row = log_of(&texts).pop().unwrap();
        let mut bytes = line::write(&row.prev, &row.hash, &row.body, row.payload.as_deref()).into_bytes();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let text = String::from_utf8(bytes).unwrap();
        let mut verifier = Verifier::default();
        // In front of it the log as it was, so that only the flipped byte can matter.
        for row in log_of(&texts[..texts.len() - 1]) {
            let stored = Stored { seq: row.seq, prev: Some(row.prev), hash: row.hash, body: &row.body, payload: row.payload.as_deref(), columns: None };
            verifier.push(&stored, |_, _, _| true);
        }
        match line::read(&text) {
            Some(stored) => { verifier.push(&stored, |_, _, _| true); },
            None => verifier.unreadable(),
        }
        prop_assert!(!verifier.report().holds());
    }

    #[test]
    fn removing_swapping_or_repeating_is_noticed(texts in prop::collection::vec("[a-z]{1,9}", 3..9), which in any::<prop::sample::Index>()) {
        let rows = log_of(&texts);
        let index = which.index(rows.len() - 1);
        let here = index as u64 + 1;
        let mut removed = rows.clone();
        removed.remove(index);
        prop_assert_eq!(verify(&removed).broken, broken(here, Reason::Missing { next: here + 1 }));
        let mut swapped = rows.clone();
        swapped.swap(index, index + 1);
        prop_assert_eq!(verify(&swapped).broken, broken(here, Reason::Missing { next: here + 1 }));
        let mut repeated = rows;
        let again = repeated[index].clone();
        repeated.insert(index, again);
        prop_assert!(verify(&repeated).broken.unwrap().seq == Some(here + 1));
    }
}
