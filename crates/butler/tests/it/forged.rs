//! Grants that another program writes together with the entry that would vouch for them, and those it revives or widens.
#![expect(clippy::disallowed_methods, reason = "an attacker opens the database as a foreign program would")]

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::{Durability, Store, StoreError};
use clawbutler_wire::approvals::Scope;
use clawbutler_wire::command::{ListGrants, RevokeGrant};
use clawbutler_wire::gateway::Verdict;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::copy::Copy;
use crate::desk::Desk;
use crate::grants::allow_always;

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

/// A desk whose closed database another program changes; what counts when it is opened again.
fn changed(desk: &mut Desk, statement: &str) -> usize {
    desk.close();
    let sql = Connection::open(desk.data().join("clawbutler.db")).unwrap();
    let rows = sql.execute(statement, []).unwrap();
    assert_eq!(rows, 1, "{statement}");
    drop(sql);
    desk.open();
    grants(desk)
}

const REVIVE: &str = "UPDATE grants SET ended_at = NULL";

/// What ends a grant.
type End = fn(&Desk);

#[test]
fn a_grant_that_ended_stays_ended_whatever_its_row_says() {
    let endings: [(&str, End); 4] = [
        ("revoked", |desk| {
            let id = desk.butler().list_grants(ListGrants::default()).unwrap().items.remove(0).id;
            desk.butler().revoke_grant(RevokeGrant { id }).unwrap();
        }),
        ("uses", |desk| {
            for _ in 0..2 {
                assert_eq!(desk.verdict("rm -rf src"), Verdict::Allow);
            }
        }),
        ("time", |desk| desk.pass_ms(31 * 24 * 3_600_000)),
        ("session", |desk| {
            let mut request = desk.request("s", "");
            request.event = clawbutler_wire::gateway::Event::SessionEnded;
            desk.butler().submit(&request);
        }),
    ];
    for (cause, end) in endings {
        let mut desk = Desk::new();
        let scope = if cause == "session" { Scope::Session } else { Scope::Project };
        allow_always(&desk, "rm -rf src", 0, scope, Some(2));
        end(&desk);
        assert_eq!((grants(&desk), desk.entries("grant.created").len()), (0, 1), "{cause}");
        assert_eq!(changed(&mut desk, &format!("{REVIVE}, uses = 0, uses_left = 2")), 0, "{cause}");
        let told = desk.entries("grant.ended").remove(0);
        assert_eq!(told.data["cause"], "not_vouched", "{cause}");
        assert!(desk.alerts().iter().any(|says| says.contains("set aside")), "{cause}");
        assert_ne!(desk.verdict("rm -rf src"), Verdict::Allow, "{cause}");
        desk.close();
        desk.open();
        assert_eq!(grants(&desk), 0, "{cause}");
    }
}

/// A desk where a grant was given and revoked.
fn given_and_ended() -> Desk {
    let desk = Desk::new();
    allow_always(&desk, "rm -rf src", 0, Scope::Project, None);
    let id = desk.butler().list_grants(ListGrants::default()).unwrap().items.remove(0).id;
    desk.butler().revoke_grant(RevokeGrant { id }).unwrap();
    desk
}

#[test]
fn an_end_whose_facts_were_pruned_is_an_end_still() {
    let mut desk = given_and_ended();
    let pruned = "UPDATE ledger SET payload = NULL WHERE kind = 'grant.revoked'";
    assert_eq!(changed(&mut desk, pruned), 0);
    assert_eq!(changed(&mut desk, REVIVE), 0);
}

#[test]
fn no_term_of_a_grant_is_another_than_its_entry_tells() {
    let wider = [
        "UPDATE grants SET reach = '{\"in\":\"machine\",\"runtime\":\"claude-code\"}'",
        "UPDATE grants SET cover = replace(cover, 'src', 'lib')",
        "UPDATE grants SET expires_at = expires_at + 1",
        "UPDATE grants SET uses_left = 3",
        "UPDATE grants SET uses_left = NULL",
        "UPDATE grants SET created_at = created_at - 1",
        "UPDATE grants SET note = 'the user wanted it'",
        "UPDATE grants SET id = 'g'",
        "UPDATE grants SET ledger_seq = ledger_seq + 1",
        "UPDATE grants SET ledger_seq = 9223372036854775807",
        // Another grant by the entry of this one.
        "INSERT INTO grants (id, cover, reach, expires_at, created_at, ledger_seq, uses, uses_left) \
         SELECT 'g', cover, reach, expires_at, created_at, ledger_seq, uses, uses_left FROM grants",
    ];
    for statement in wider {
        let mut desk = Desk::new();
        allow_always(&desk, "rm -rf src", 0, Scope::Project, Some(2));
        let kept = usize::from(statement.starts_with("INSERT"));
        assert_eq!(changed(&mut desk, statement), kept, "{statement}");
        assert_eq!(desk.entries("grant.ended")[0].data["cause"], "not_vouched", "{statement}");
    }
}

#[test]
fn uses_that_were_made_are_not_taken_back() {
    let used = |desk: &Desk, times: u32| {
        allow_always(desk, "rm -rf src", 0, Scope::Project, Some(5));
        for _ in 0..times {
            assert_eq!(desk.verdict("rm -rf src"), Verdict::Allow);
        }
    };
    let back = "UPDATE grants SET uses = uses - 1, uses_left = uses_left + 1";
    let mut desk = Desk::new();
    used(&desk, 3);
    assert_eq!(changed(&mut desk, back), 0);
    assert_eq!(desk.entries("grant.ended")[0].data["cause"], "not_vouched");

    // The same after a kill: what the background thread noted is what counts.
    let desk = Desk::new();
    used(&desk, 3);
    desk.pass_ms(2_000);
    let copy = Copy::of(&desk);
    let sql = Connection::open(copy.data().database()).unwrap();
    sql.execute(back, []).unwrap();
    drop(sql);
    assert_eq!(grants(&Desk::at(copy.0.path())), 0);
    let whole = Copy::of(&desk);
    let mut desk = Desk::at(whole.0.path());
    assert_eq!(grants(&desk), 1, "nobody touched this one");
    // Nor after starts that ended before they came to their grants: what was noted stays noted.
    assert_eq!(changed(&mut desk, back), 0);
}

#[test]
fn a_grant_is_not_older_than_the_note_that_does_not_tell_of_it() {
    // Given and ended; another program removes the entry of the end, and everything behind it, from the log's columns.
    let mut desk = given_and_ended();
    desk.close();
    let sql = Connection::open(desk.data().join("clawbutler.db")).unwrap();
    sql.execute_batch(
        "DROP TRIGGER ledger_no_update; UPDATE ledger SET span = 'x', kind = 'x' WHERE kind = 'grant.revoked'",
    )
    .unwrap();
    sql.execute(REVIVE, []).unwrap();
    drop(sql);
    desk.open();
    assert_eq!(grants(&desk), 0);
}

#[test]
fn without_a_signed_note_no_counted_grant_counts_and_the_others_do() {
    let mut desk = Desk::new();
    allow_always(&desk, "rm -rf src", 0, Scope::Project, Some(2));
    allow_always(&desk, "rm -rf lib", 0, Scope::Project, None);
    desk.close();
    let state = desk.data().with_file_name("data-state");
    let note = std::fs::read_to_string(state.join("head.json")).unwrap();
    // As a run leaves it whose keychain did not answer: unsigned, and nothing sealed.
    let unsigned = format!("{}\"\"}}", &note[..note.find("\"signature\":").unwrap() + 12]);
    std::fs::write(state.join("head.json"), unsigned).unwrap();
    std::fs::remove_file(state.join("head.seal")).unwrap();
    desk.open();
    assert_eq!(grants(&desk), 1);
    assert_eq!(desk.verdict("rm -rf lib"), Verdict::Allow);
    assert_eq!(desk.verdict("rm -rf src"), Verdict::Waiting);
}
