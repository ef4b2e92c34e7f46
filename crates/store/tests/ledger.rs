//! The audit log in its table: an older form brought over, proofs by stored nodes, payloads pruned.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test opens the database as a foreign program would"
)]

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::hex;
use clawbutler_ledger::entry::chain_v1;
use clawbutler_ledger::note::{Checkpoint, Key, origin};
use clawbutler_ledger::{Broken, CheckpointState, Class, Draft, GENESIS, Kind, Reason, Report, Trust, merkle};
use clawbutler_store::{Durability, Store, StoreError};
use proptest::prelude::*;
use serde_json::json;

fn draft(kind: Kind, data: serde_json::Value) -> Draft {
    Draft { kind, actor: Actor::Engine, trace: "t".into(), span: "s".into(), parent: None, data }
}

fn append(store: &Store, count: u64) {
    store
        .write::<_, StoreError>(Durability::Process, |tx| {
            (0..count)
                .try_for_each(|at| tx.append(draft(Kind::ActionRequested, json!({ "at": at })), Timestamp(1)).map(drop))
        })
        .unwrap();
}

fn verify(store: &Store, trust: &Trust) -> Report {
    store.read_aside::<_, StoreError>(|read| read.ledger_verify(trust, |_, _| ())).unwrap()
}

#[test]
fn a_log_of_version_1_is_brought_over_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    for step in [
        include_str!("../src/schema/0001.sql"),
        include_str!("../src/schema/0002.sql"),
        include_str!("../src/schema/0004.sql"),
    ] {
        old.execute_batch(step).unwrap();
    }
    old.pragma_update(None, "user_version", 3).unwrap();
    let mut prev = GENESIS;
    for seq in 1..=600_u64 {
        let body = format!(
            r#"{{"actor":{{"kind":"engine"}},"at":1,"data":{{"n":{seq}}},"kind":"engine.started","seq":{seq},"span":"s","trace":"t","v":1}}"#
        );
        let hash = chain_v1(&prev, &body);
        let sql = "INSERT INTO ledger (seq, at, kind, trace, span, body, prev, hash) VALUES (?, 1, 'engine.started', 't', 's', ?, ?, ?)";
        old.execute(sql, rusqlite::params![seq, body, hex(&prev), hex(&hash)]).unwrap();
        prev = hash;
    }
    drop(old);
    assert!(matches!(
        Store::read_only::<_, StoreError>(&path, |read| read.ledger_len()),
        Err(StoreError::Older { found: 3, .. })
    ));
    let store = Store::open(&path).unwrap();
    append(&store, 300);
    let report = verify(&store, &Trust::default());
    assert_eq!((report.entries, report.broken, report.pruned), (900, None, 0));
    let row = store.read::<_, StoreError>(|read| read.ledger_row(7)).unwrap().unwrap();
    assert_eq!((row.data(), row.payload), (Some(json!({ "n": 7 })), None));
    let row = store.read::<_, StoreError>(|read| read.ledger_row(601)).unwrap().unwrap();
    assert_eq!((row.data(), row.prev), (Some(json!({ "at": 0 })), prev));
}

#[test]
fn proofs_hold_at_every_place_and_missing_nodes_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = Store::open(&path).unwrap();
    append(&store, 1_500);
    let mut roots = Vec::new();
    for _ in 0..3 {
        append(&store, 123);
        let (size, _, root) = store.head().unwrap();
        roots.push((size, root));
    }
    drop(store);
    let check = |store: &Store| {
        let (size, _, root) = store.head().unwrap();
        store
            .read::<_, StoreError>(|read| {
                assert_eq!(read.ledger_root(size)?, root);
                for seq in (1..=size).step_by(37).chain([size]) {
                    let leaf = merkle::leaf(read.ledger_row(seq)?.unwrap().body.as_bytes());
                    for &(covering, root) in roots.iter().filter(|(covering, _)| *covering >= seq) {
                        let proof = read.ledger_inclusion(seq, covering)?;
                        assert!(merkle::holds_inclusion(&leaf, seq - 1, covering, &proof, &root));
                    }
                }
                for &(old, before) in &roots {
                    let proof = read.ledger_consistency(old, size)?;
                    assert!(merkle::holds_consistency(old, size, &before, &root, &proof));
                }
                Ok(())
            })
            .unwrap();
        assert_eq!(verify(store, &Trust::default()).broken, None);
    };
    check(&Store::open(&path).unwrap());
    let other = rusqlite::Connection::open(&path).unwrap();
    for damage in [
        "DELETE FROM tree WHERE level = 8 AND idx = 2",
        "DELETE FROM tree WHERE level = 10",
        "DELETE FROM tree",
        "INSERT INTO tree VALUES (8, 77, zeroblob(32))",
    ] {
        other.execute_batch(damage).unwrap();
        check(&Store::open(&path).unwrap());
    }
    other.execute_batch("UPDATE tree SET hash = zeroblob(32) WHERE level = 8 AND idx = 2").unwrap();
    let report = verify(&Store::open(&path).unwrap(), &Trust::default());
    assert_eq!(report.broken, Some(Broken { seq: Some(768), reason: Reason::Node }));
}

#[test]
fn pruned_payloads_are_vouched_for_by_the_run_that_removed_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = Store::open(&path).unwrap();
    append(&store, 20);
    let (size, head, root) = store.head().unwrap();
    let first = store.read::<_, StoreError>(|read| read.ledger_hash(1)).unwrap().unwrap();
    let key = Key::from_seed(&[3; 32]);
    let note = key.sign(&Checkpoint { origin: origin(&first), size, root, head, at: 1 });
    let trust = Trust { keys: vec![key.public()], ..Trust::default() };
    store.write::<_, StoreError>(Durability::Process, |tx| tx.checkpoint_put(size, &note)).unwrap();
    let kinds = ["action.requested"];
    let rows = store.read::<_, StoreError>(|read| read.payloads_after(0, 10)).unwrap();
    assert_eq!((rows.len(), rows.iter().map(|row| row.bytes).sum::<u64>()), (10, 80));
    let entries: Vec<u64> = rows.iter().map(|row| row.seq).collect();
    let pruned = store
        .write_erasing::<_, StoreError>(|tx| {
            tx.append(draft(Kind::AuditPruned, json!({ "below": 11, "kinds": kinds })), Timestamp(3 * 86_400_000))?;
            tx.ledger_prune(&entries)
        })
        .unwrap();
    assert_eq!(pruned, (10, 80));
    let left = store.read::<_, StoreError>(|read| read.payloads_after(0, 12)).unwrap();
    assert_eq!(left.iter().map(|row| row.seq).collect::<Vec<_>>(), [11, 12]);
    let report = verify(&store, &trust);
    assert_eq!(
        (report.entries, report.pruned, report.broken, report.checkpoint),
        (21, 10, None, CheckpointState::Good)
    );
    let other = rusqlite::Connection::open(&path).unwrap();
    assert!(other.execute("UPDATE ledger SET payload = NULL WHERE seq = 21", []).is_err(), "that of a run stays");
    assert!(other.execute("UPDATE ledger SET payload = '{}' WHERE seq = 4", []).is_err());
    other.execute("UPDATE ledger SET payload = NULL WHERE seq = 15", []).unwrap();
    let report = verify(&store, &trust);
    assert_eq!(report.broken, Some(Broken { seq: Some(15), reason: Reason::PayloadMissing }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn whatever_is_pruned_the_log_and_every_proof_hold(
        kinds in prop::collection::vec(0..Kind::ALL.len(), 1..700),
        gone in prop::collection::vec((0..4_usize, 1..800_u64, any::<u64>(), 30..90_usize), 1..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("x.db")).unwrap();
        store
            .write::<_, StoreError>(Durability::Process, |tx| {
                // A retention run of made-up facts would be one that covers nothing.
                kinds.iter().try_for_each(|&at| tx.append(draft(Kind::ALL[at].0, json!({ "at": at })), Timestamp(1)).map(drop))
            })
            .unwrap();
        let (size, head, root) = store.head().unwrap();
        let first = store.read::<_, StoreError>(|read| read.ledger_hash(1)).unwrap().unwrap();
        let key = Key::from_seed(&[3; 32]);
        let note = key.sign(&Checkpoint { origin: origin(&first), size, root, head, at: 1 });
        let trust = Trust { keys: vec![key.public()], ..Trust::default() };
        store.write::<_, StoreError>(Durability::Process, |tx| tx.checkpoint_put(size, &note)).unwrap();
        let needed = [Kind::EngineStarted, Kind::RulesChanged].map(|kind| {
            let newest = store.read::<_, StoreError>(|read| read.ledger_newest_of(&[kind], u64::MAX)).unwrap();
            newest.map_or(0, |row| row.seq)
        });
        let mut pruned = 0;
        for (class, below, some, batch) in gone {
            let class = Class::PRUNABLE[class];
            let names: Vec<&str> = class.kinds().collect();
            let rows = store.read::<_, StoreError>(|read| read.payloads_after(0, below - 1)).unwrap();
            let chosen = rows.iter().filter(|row| names.contains(&row.kind.as_str()) && some >> (row.seq % 64) & 1 == 0);
            let chosen: Vec<u64> = chosen.map(|row| row.seq).filter(|seq| !needed.contains(seq)).collect();
            store
                .write::<_, StoreError>(Durability::Process, |tx| {
                    tx.append(draft(Kind::AuditPruned, json!({ "below": below, "kinds": names })), Timestamp(3 * 86_400_000))
                })
                .unwrap();
            for entries in chosen.chunks(batch) {
                let (count, _) = store.write_erasing::<_, StoreError>(|tx| tx.ledger_prune(entries)).unwrap();
                // Those behind the announcement itself are not there yet.
                pruned += count;
                let report = verify(&store, &trust);
                prop_assert_eq!((report.broken, report.pruned, report.checkpoint), (None, pruned, CheckpointState::Good));
            }
        }
        for seq in 1..=size {
            let (row, proof) = store
                .read::<_, StoreError>(|read| Ok((read.ledger_row(seq)?.unwrap(), read.ledger_inclusion(seq, size)?)))
                .unwrap();
            let leaf = merkle::leaf(row.body.as_bytes());
            prop_assert!(merkle::holds_inclusion(&leaf, seq - 1, size, &proof, &root), "entry {}", seq);
        }
    }
}

#[test]
fn a_long_log_is_checked_in_blocks_and_tells_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = Store::open(&path).unwrap();
    append(&store, 8_500);
    let (size, head, root) = store.head().unwrap();
    append(&store, 800);
    let first = store.read::<_, StoreError>(|read| read.ledger_hash(1)).unwrap().unwrap();
    let key = Key::from_seed(&[3; 32]);
    let note = key.sign(&Checkpoint { origin: origin(&first), size, root, head, at: 1 });
    let trust = Trust { keys: vec![key.public()], ..Trust::default() };
    store.write::<_, StoreError>(Durability::Process, |tx| tx.checkpoint_put(size, &note)).unwrap();
    drop(store);
    let report = |path: &std::path::Path| {
        let mut seen = Vec::new();
        let report = Store::read_only::<_, StoreError>(path, |read| {
            read.ledger_verify(&trust, |done, all| seen.push((done, all)))
        });
        assert!(seen.iter().all(|&(_, all)| all <= 9_300) && seen.is_sorted());
        report.unwrap()
    };
    let whole = report(&path);
    assert_eq!((whole.entries, whole.broken, whole.checkpoint_size), (9_300, None, Some(8_500)));
    for (seq, change, reason) in [
        (1, "UPDATE ledger SET payload = '{}' WHERE seq = ?", Reason::Payload),
        (1_024, "UPDATE ledger SET body = body || ' ' WHERE seq = ?", Reason::Changed),
        (1_025, "UPDATE ledger SET hash = zeroblob(32) WHERE seq = ?", Reason::Changed),
        (2_048, "DELETE FROM ledger WHERE seq = ?", Reason::Missing { next: 2_049 }),
        (5_000, "UPDATE ledger SET at = 5 WHERE seq = ?", Reason::Columns),
        (8_300, "UPDATE ledger SET payload = NULL WHERE seq = ?", Reason::PayloadMissing),
        (9_216, "UPDATE ledger SET span = 'x' WHERE seq = ?", Reason::Columns),
        (9_300, "UPDATE ledger SET payload = '1' WHERE seq = ?", Reason::Payload),
        (8_501, "DELETE FROM ledger WHERE seq < 0 - ?", Reason::Line),
    ] {
        let copy = folder.path().join("copy.db");
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute("VACUUM INTO ?", [copy.to_str().unwrap()]).unwrap();
        let other = rusqlite::Connection::open(&copy).unwrap();
        other.execute_batch("DROP TRIGGER ledger_no_update; DROP TRIGGER ledger_no_delete").unwrap();
        other.execute(change, [seq]).unwrap();
        drop(other);
        let expected = (reason != Reason::Line).then_some(Broken { seq: Some(seq), reason });
        assert_eq!(report(&copy).broken, expected, "{change} {seq}");
        std::fs::remove_file(&copy).unwrap();
    }
}
