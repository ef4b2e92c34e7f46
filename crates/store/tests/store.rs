//! The database keeps its promises: append-only, compare-and-set, foreign writers noticed.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test opens the database as a foreign program would"
)]

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::{Durability, Store, StoreError};

fn draft(text: &str) -> Draft {
    Draft {
        kind: Kind::ActionRequested,
        actor: Actor::Engine,
        trace: TraceId::from("t"),
        span: SpanId::from("s"),
        data: serde_json::json!({ "text": text }),
    }
}

fn append(store: &Store, text: &str) -> u64 {
    store.write(Durability::Process, |tx| Ok::<_, StoreError>(tx.append(draft(text), Timestamp(1))?.seq)).unwrap()
}

#[test]
fn a_failed_transaction_leaves_no_entry_and_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("x.db")).unwrap();
    assert_eq!(append(&store, "one"), 1);
    let failed: Result<(), StoreError> = store.write(Durability::Power, |tx| {
        tx.append(draft("lost"), Timestamp(2))?;
        Err(StoreError::Io(std::io::Error::other("no")))
    });
    assert!(failed.is_err());
    assert_eq!(append(&store, "two"), 2);
    let report = store.read(|read| read.ledger_verify()).unwrap();
    assert_eq!((report.entries, report.broken), (2, None));
}

#[test]
fn the_log_refuses_change_and_a_foreign_hand_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = Store::open(&path).unwrap();
    for text in ["one", "two", "three"] {
        append(&store, text);
    }
    assert!(!store.foreign_write_seen().unwrap(), "our own commits are not foreign");
    store.tidy().unwrap();
    assert!(!store.foreign_write_seen().unwrap(), "our own checkpoints are not foreign");
    let other = rusqlite::Connection::open(&path).unwrap();
    assert!(other.execute("UPDATE ledger SET body = '{}' WHERE seq = 2", []).is_err());
    assert!(other.execute("DELETE FROM ledger WHERE seq = 3", []).is_err());
    other.execute_batch("DROP TRIGGER ledger_no_update; UPDATE ledger SET kind = 'x' WHERE seq = 2").unwrap();
    assert!(store.foreign_write_seen().unwrap());
    assert!(!store.foreign_write_seen().unwrap(), "told once");
    let report = store.read(|read| read.ledger_verify()).unwrap();
    assert_eq!(report.broken.map(|(seq, _)| seq), Some(2));
}

#[test]
fn a_newer_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    drop(Store::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Store::open(&path), Err(StoreError::Newer { found: 99, .. })));
}

#[test]
fn reading_never_creates() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.db");
    assert!(Store::read_only(&path, |read| read.ledger_len()).is_err());
    assert!(!path.exists());
}
