//! What is shown of the proof of one entry, of checkpoints and their copies.

use clawbutler_wire::Seq;
use clawbutler_wire::audit_proof::{CopyState, EntryProof, ProofState};
use clawbutler_wire::audit_search::{AuditFilter, SearchAudit};
use clawbutler_wire::command::{ListCheckpoints, ProveEntry, ShowVerify, VerifyAudit};
use serde_json::json;

use crate::desk::{Desk, code};

fn prove(desk: &Desk, seq: u64) -> EntryProof {
    desk.butler().prove_entry(ProveEntry { seq: Seq(seq) }).unwrap()
}

#[test]
fn an_entry_is_chained_first_and_proven_once_a_checkpoint_covers_it() {
    let mut desk = Desk::new();
    desk.verdict("ls");
    let last = desk.butler().verify_audit(VerifyAudit {}).unwrap().entries.0;
    let fresh = prove(&desk, last);
    assert_eq!((fresh.state, fresh.checkpoint, fresh.hashes, fresh.pruned), (ProofState::Chained, None, 0, false));
    assert_eq!(fresh.prev, prove(&desk, last - 1).hash, "it chains to the one before");
    desk.close();
    desk.open();
    let proven = prove(&desk, last);
    assert_eq!((proven.state, proven.says), (ProofState::Proven, None));
    let checkpoint = proven.checkpoint.unwrap();
    assert!(checkpoint.signed && checkpoint.entries.0 >= last);
    assert!(proven.hashes > 0);
    let missing = desk.butler().prove_entry(ProveEntry { seq: Seq(9_999) });
    assert_eq!(code(missing), clawbutler_wire::Code::NotFound);

    let list = desk.butler().list_checkpoints(ListCheckpoints {}).unwrap();
    assert!(list.items.contains(&checkpoint));
    assert!(list.items.is_sorted_by(|newer, older| newer.entries > older.entries));
    let states: Vec<_> = list.copies.iter().map(|copy| copy.state).collect();
    assert_eq!(states, [CopyState::Agrees], "the file beside the data folder");
    assert!(list.copies[0].place.ends_with("checkpoints.txt"));

    let other = Desk::new();
    let state = |desk: &Desk| desk.data().with_file_name("data-state").join("checkpoints.txt");
    std::fs::copy(state(&other), state(&desk)).unwrap();
    let list = desk.butler().list_checkpoints(ListCheckpoints {}).unwrap();
    assert_eq!(list.copies[0].state, CopyState::Differs);
    std::fs::write(state(&desk), "").unwrap();
    let list = desk.butler().list_checkpoints(ListCheckpoints {}).unwrap();
    assert_eq!((list.copies[0].state, list.copies[0].entries), (CopyState::Nothing, None));
}

#[test]
fn a_verification_leaves_how_far_it_came() {
    let desk = Desk::new();
    desk.verdict("ls");
    let entries = desk.butler().verify_audit(VerifyAudit {}).unwrap().entries;
    let progress = desk.butler().show_verify(ShowVerify {}).unwrap();
    assert!(!progress.running);
    assert!(progress.at <= entries && progress.total <= entries, "{progress:?}");
}

#[test]
fn an_error_in_a_query_has_a_place() {
    let desk = Desk::new();
    let at = |text: &str| {
        let filter = AuditFilter { text: text.to_owned(), ..AuditFilter::default() };
        let request = SearchAudit { filter, ..SearchAudit::default() };
        desk.butler().search_audit(request).unwrap_err().0.details
    };
    assert_eq!(at("ü kind: x"), Some(json!({ "at": 7 })));
    assert_eq!(at(&"a ".repeat(17)), Some(json!({ "at": 32 })));
    assert_eq!(at(&"a".repeat(501)), Some(json!({ "at": 500 })));
}
