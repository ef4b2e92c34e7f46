//! The database keeps its promises: append-only, compare-and-set, foreign writers noticed.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test opens the database as a foreign program would"
)]

use clawbutler_core::action::{Action, Dialect, Effect};
use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_core::limits::HISTORY_ACTION_BYTES;
use clawbutler_ledger::{Draft, Kind, Trust};
use clawbutler_store::table::actions::{ActionFacts, ActionRow, AlikeOutcome};
use clawbutler_store::table::rules::RuleFileRow;
use clawbutler_store::{Durability, Step, Store, StoreError, Witness};

fn draft(text: &str) -> Draft {
    Draft {
        kind: Kind::ActionRequested,
        actor: Actor::Engine,
        trace: TraceId::from("t"),
        span: SpanId::from("s"),
        parent: None,
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
    let report = store.read(|read| read.ledger_verify(&Trust::default(), |_, _| ())).unwrap();
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
    assert!(!store.foreign_write_waits().unwrap(), "our own commits are not foreign");
    store.tidy().unwrap();
    assert!(!store.foreign_write_waits().unwrap(), "our own checkpoints are not foreign");
    store.put_away().unwrap();
    assert!(!store.foreign_write_waits().unwrap(), "nor is a log that we put away");
    let other = rusqlite::Connection::open(&path).unwrap();
    assert!(other.execute("UPDATE ledger SET body = '{}' WHERE seq = 2", []).is_err());
    assert!(other.execute("DELETE FROM ledger WHERE seq = 3", []).is_err());
    other.execute_batch("DROP TRIGGER ledger_no_update; UPDATE ledger SET kind = 'x' WHERE seq = 2").unwrap();
    assert!(store.foreign_write_waits().unwrap());
    append(&store, "four");
    assert!(store.foreign_write_waits().unwrap(), "until it is recorded");
    let report = store.read(|read| read.ledger_verify(&Trust::default(), |_, _| ())).unwrap();
    assert_eq!(report.broken.and_then(|broken| broken.seq), Some(2));
}

#[test]
fn nothing_is_sealed_over_what_another_program_wrote_before_that_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = Store::open(&path).unwrap();
    let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let list = std::sync::Arc::clone(&told);
    store.watch(Witness::new(move |step| {
        let said = match step {
            Step::Begun { seq, .. } => format!("to {seq}"),
            Step::Done { seq, .. } => format!("at {seq}"),
            Step::Undone => "undone".to_owned(),
        };
        list.lock().unwrap().push(said);
    }));
    let told = || std::mem::take(&mut *told.lock().unwrap());
    append(&store, "one");
    assert_eq!(told(), ["to 1", "at 1"]);
    let other = rusqlite::Connection::open(&path).unwrap();
    let write = || other.execute("INSERT OR REPLACE INTO settings (key, value) VALUES ('x', 'y')", []).unwrap();
    write();
    append(&store, "two");
    append(&store, "three");
    assert_eq!(told(), Vec::<String>::new());
    let failed: Result<(), StoreError> = store.write_noticing(|_| Err(StoreError::Io(std::io::Error::other("no"))));
    assert!(failed.is_err() && store.foreign_write_waits().unwrap(), "it was not recorded");
    let record = || store.write_noticing::<_, StoreError>(|tx| tx.append(draft("noticed"), Timestamp(1)).map(drop));
    write();
    record().unwrap();
    assert_eq!(
        (told(), store.foreign_write_waits().unwrap()),
        (vec![], true),
        "more was written since it was looked at"
    );
    record().unwrap();
    assert_eq!((told(), store.foreign_write_waits().unwrap()), (vec!["to 5".to_owned(), "at 5".to_owned()], false));
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

fn action(command: &str) -> Action {
    Action {
        runtime: "claude-code".into(),
        session: "s".into(),
        agent: None,
        tool: "Bash".into(),
        cwd: "/p".into(),
        mode: "default".into(),
        project: None,
        branch: Some("main".into()),
        remote: None,
        sandboxed: None,
        depth: 0,
        effect: Effect::Shell { command: command.into(), dialect: Dialect::Posix, description: None },
    }
}

fn facts(span: &str) -> ActionFacts {
    ActionFacts { span: span.into(), outcome: "defer".into(), alike: "a".into(), ..ActionFacts::default() }
}

fn page(store: &Store) -> Vec<ActionRow> {
    store.read(|read| read.actions_page(Timestamp(0), i64::MAX, 10)).unwrap()
}

#[test]
fn a_database_of_the_first_schema_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(include_str!("../src/schema/0001.sql")).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    old.execute_batch(
        r#"INSERT INTO grants VALUES ('g', '{"covers":"file_read","path":"/x"}',
            '{"in":"project","runtime":"claude-code","folder":"/p"}', 5, 1, 1, 3, NULL);
        INSERT INTO approvals (id, revision, state, state_json, key, runtime, session, correlation, digest, action,
            verdict, trace, span, relay, created_at, expires_at) VALUES ('a', 1, 'pending',
            '{"state":"pending","expires_at":9}', 'k', 'claude-code', 's', 'c', 'd',
            '{"runtime":"claude-code","session":"s","tool":"Read","cwd":"/p","effect":{"kind":"file_read","path":"/x"}}',
            '{"decision":"ask","matches":[],"assessment":{"level":"low","summary":"","signals":[]},"rules_version":"v"}',
            't', 's', 0, 1, 9);"#,
    )
    .unwrap();
    drop(old);
    let store = Store::open(&path).unwrap();
    let row = store.read(|read| read.approval("a")).unwrap().unwrap();
    assert_eq!((row.alike.as_str(), row.facts), ("", serde_json::json!({})));
    let grants = store.read(|read| read.grants()).unwrap();
    assert_eq!((grants.len(), grants[0].uses), (1, 3));
    assert!(page(&store).is_empty());
}

#[test]
fn actions_are_remembered_bounded_and_forgotten_by_age_and_number() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("x.db")).unwrap();
    let long = "x".repeat(HISTORY_ACTION_BYTES);
    store
        .write::<_, StoreError>(Durability::Process, |tx| {
            for (at, command) in [(1, "old"), (5, "ls"), (6, long.as_str()), (7, "last")] {
                tx.action_insert(Timestamp(at), &action(command), &facts(command))?;
            }
            tx.action_asked("last", "q")?;
            tx.action_settled("q", "approved")
        })
        .unwrap();
    let rows = page(&store);
    let kept: Vec<_> = rows.iter().map(|row| row.action.clone()).collect();
    assert_eq!(kept, [Some(action("last")), None, Some(action("ls")), Some(action("old"))]);
    assert_eq!((rows[0].approval.as_deref(), rows[0].outcome.as_str()), (Some("q"), "approved"));
    let alike = store.read(|read| read.actions_alike("a", Timestamp(0))).unwrap();
    assert_eq!(alike, [AlikeOutcome { outcome: "approved".into(), count: 1, last_at: 7 }]);
    let forgotten = store.write::<_, StoreError>(Durability::Process, |tx| tx.actions_prune(Timestamp(5), 2)).unwrap();
    assert_eq!(forgotten, 2);
    assert_eq!(page(&store).iter().map(|row| row.at.0).collect::<Vec<_>>(), [7, 6]);
}

#[test]
fn accepted_rules_come_back_as_they_were_put() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("x.db")).unwrap();
    let row = |name: &str, held| RuleFileRow {
        name: name.into(),
        text: "# rules".into(),
        imported: held,
        held,
        at: Timestamp(1),
    };
    store.write::<_, StoreError>(Durability::Power, |tx| tx.rule_files_put(&[row("old.toml", false)])).unwrap();
    let rows = [row("a.toml", false), row("b.toml", true)];
    store.write::<_, StoreError>(Durability::Power, |tx| tx.rule_files_put(&rows)).unwrap();
    assert_eq!(store.read(|read| read.rule_files()).unwrap(), rows);
}

#[test]
fn steps_are_forgotten_by_age_and_those_without_a_time_with_their_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let (store, _) = clawbutler_store::sessions::SessionStore::open(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    for (session, last_at) in [(1, 50), (2, 500)] {
        let sql = "INSERT INTO sessions (key, id, home, runtime, session, last_at, steps) VALUES (?1, ?1, 'h', 'r', ?1, ?2, 4)";
        other.execute(sql, [session, last_at]).unwrap();
        for (seq, place) in [0, 20, 40, last_at].into_iter().enumerate() {
            let sql = "INSERT INTO steps (session, place, seq, kind, body) VALUES (?, ?, ?, 'prompt', '{}')";
            other.execute(sql, rusqlite::params![session, place, seq]).unwrap();
        }
    }
    let older = clawbutler_store::sessions::SessionStore::steps_older(&path, 100).unwrap();
    let mut gone = Vec::new();
    while let Some(count) = Some(store.write(|tx| tx.forget_older(100, 3)).unwrap()).filter(|&count| count > 0) {
        gone.push(count);
    }
    assert_eq!((older, gone), (6, vec![3, 1, 2]), "the silent session first, in small steps");
    let left = |sql: &str| other.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(left("SELECT group_concat(session || ':' || place) FROM steps"), "2:0,2:500");
    assert_eq!(left("SELECT group_concat(forgotten) FROM sessions"), "4,2");
}
