//! A person's word on what verification found: it takes the alarm away, never the statement, and nobody else's counts.

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::{Durability, Store, StoreError};
use clawbutler_wire::audit::{AcknowledgeLog, Stretch};
use clawbutler_wire::command::VerifyAudit;
use clawbutler_wire::{Code, Seq};
use serde_json::{Value, json};

use crate::copy::{Copy, forge};
use crate::desk::{Desk, code};

/// A log with a stretch that nothing covered, its engine open; and the stretch.
fn unproven() -> (Copy, Desk, Stretch) {
    let desk = Desk::new();
    desk.verdict("ls");
    // Everything lies as a kill leaves it.
    let copy = Copy::of(&desk);
    forge(&copy, Kind::RulesChanged);
    let opened = Desk::at(copy.0.path());
    let mut report = opened.butler().verify_audit(VerifyAudit {}).unwrap();
    assert_eq!((report.unproven.len(), report.acknowledged.len()), (1, 0));
    (copy, opened, report.unproven.remove(0))
}

fn of(stretch: &Stretch) -> AcknowledgeLog {
    AcknowledgeLog { stretches: vec![stretch.clone()], replaced: None }
}

#[test]
fn a_stretch_that_a_person_knows_of_is_told_as_known_by_both_verifiers() {
    let (copy, mut opened, stretch) = unproven();
    let butler = opened.butler();
    let other = Stretch { from: stretch.from, to: Seq(stretch.to.0 + 1) };
    assert_eq!(code(butler.acknowledge_log(of(&other))), Code::Stale);
    assert_eq!(code(butler.acknowledge_log(AcknowledgeLog::default())), Code::BadRequest);
    assert_eq!(
        code(butler.acknowledge_log(AcknowledgeLog { stretches: Vec::new(), replaced: Some(Seq(1)) })),
        Code::Stale,
        "this log took the place of none"
    );
    assert_eq!(opened.entries("log.acknowledged").len(), 0);
    butler.acknowledge_log(of(&stretch)).unwrap();
    let entry = opened.entries("log.acknowledged").remove(0);
    let named = opened.entries("log.tail_unproven").remove(0);
    let facts = json!({
        "of": "unproven", "entry": named.seq.0, "hash": named.hash, "from": stretch.from.0, "to": stretch.to.0,
    });
    assert_eq!((entry.actor.as_str(), &entry.data), ("you", &facts));
    let report = opened.butler().verify_audit(VerifyAudit {}).unwrap();
    assert!(report.intact);
    assert_eq!((&report.unproven, &report.acknowledged), (&vec![], &vec![stretch.clone()]), "covered at once");
    opened.close();
    let (ours, theirs) = copy.verify_export();
    assert_eq!((ours.intact, ours.unproven, ours.acknowledged, theirs), (true, vec![], vec![stretch], true));
}

#[test]
fn an_acknowledgement_that_nobody_of_ours_wrote_counts_for_nothing() {
    let (copy, mut opened, stretch) = unproven();
    let named = opened.entries("log.tail_unproven").remove(0);
    let facts = json!({
        "of": "unproven", "entry": named.seq.0, "hash": named.hash, "from": stretch.from.0, "to": stretch.to.0,
    });
    // Killed again; a program that knows the format writes what a person would have said.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["data", "data-state"] {
        let to = crashed.path().join(name);
        std::fs::create_dir_all(&to).unwrap();
        for file in std::fs::read_dir(copy.0.path().join(name)).unwrap().map(Result::unwrap) {
            if file.path().is_file() {
                std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        }
    }
    opened.close();
    append(&crashed.path().join("data/clawbutler.db"), facts);
    let mut opened = Desk::at(crashed.path());
    let report = opened.butler().verify_audit(VerifyAudit {}).unwrap();
    assert_eq!((report.unproven.len(), report.acknowledged), (2, vec![]), "{:?}", report.unproven);
    assert_eq!(report.unproven[0], stretch);
    opened.close();
}

fn append(database: &std::path::Path, data: Value) {
    let store = Store::open(database).unwrap();
    store
        .write::<_, StoreError>(Durability::Power, |tx| {
            let draft = Draft {
                kind: Kind::LogAcknowledged,
                actor: Actor::LocalUser,
                trace: "t".into(),
                span: "s".into(),
                parent: None,
                data,
            };
            tx.append(draft, Timestamp(1)).map(drop)
        })
        .unwrap();
}
