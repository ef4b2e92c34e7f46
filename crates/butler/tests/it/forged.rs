//! Grants that another program writes together with the entry that would vouch for them.
#![expect(clippy::disallowed_methods, reason = "an attacker opens the database as a foreign program would")]

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::{Durability, Store, StoreError};
use clawbutler_wire::command::ListGrants;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::audit::Copy;
use crate::desk::Desk;

/// Appends entries as a program does that knows the format and has no key; gives the number of the last one.
fn append(copy: &Copy, entries: &[(Kind, Value)]) -> u64 {
    let store = Store::open(&copy.data().database()).unwrap();
    let draft = |(kind, data): &(Kind, Value)| Draft {
        kind: *kind,
        actor: Actor::LocalUser,
        trace: "t".into(),
        span: "s".into(),
        parent: None,
        data: data.clone(),
    };
    let appended = store.write::<_, StoreError>(Durability::Power, |tx| {
        entries.iter().map(|entry| Ok(tx.append(draft(entry), Timestamp(1))?.seq)).collect::<Result<Vec<_>, _>>()
    });
    *appended.unwrap().last().unwrap()
}

/// A grant with its entry, as ours are written.
fn forge_grant(copy: &Copy) {
    let cover = json!({ "covers": "host", "host": "x" });
    let reach = json!({ "in": "session", "runtime": "claude-code", "session": "s" });
    let facts = json!({ "grant": "g", "cover": cover, "reach": reach, "expires_at": null, "uses_left": null });
    let seq = append(copy, &[(Kind::GrantCreated, facts)]);
    let sql = Connection::open(copy.data().database()).unwrap();
    sql.execute(
        "INSERT INTO grants (id, cover, reach, expires_at, created_at, ledger_seq, uses, ended_at) VALUES ('g', ?, ?, NULL, 1, ?, 0, NULL)",
        params![cover.to_string(), reach.to_string(), seq],
    )
    .unwrap();
}

fn grants(desk: &Desk) -> usize {
    desk.butler().list_grants(ListGrants::default()).unwrap().items.len()
}

/// A folder as a kill leaves it.
fn killed() -> Copy {
    let desk = Desk::new();
    desk.verdict("ls");
    Copy::of(&desk)
}

#[test]
fn a_forged_grant_never_counts_at_whichever_start() {
    let copy = killed();
    forge_grant(&copy);
    for start in 0..3 {
        let mut desk = Desk::at(copy.0.path());
        assert_eq!(grants(&desk), 0, "start {start}");
        desk.close();
    }
}

#[test]
fn many_harmless_entries_behind_it_hide_no_forged_grant() {
    let copy = killed();
    let mut said = Desk::at(copy.0.path());
    let accepted = said.entries("engine.started").pop().unwrap().data["accepted"].clone();
    said.close();
    let copy = killed();
    forge_grant(&copy);
    let again = (Kind::EngineStarted, json!({ "accepted": accepted }));
    append(&copy, &vec![again; 1_200]);
    let desk = Desk::at(copy.0.path());
    assert_eq!(grants(&desk), 0);
}
