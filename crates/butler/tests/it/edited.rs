//! Logs, packs, proofs and checkpoints that were changed after they were made: both verifiers say the same of each.

use std::fs;
use std::path::Path;
use std::process::Command;

use clawbutler_butler::Butler;
use clawbutler_wire::audit::VerifyReport;
use serde_json::{Value, json};

/// Changed logs; the seed is one at which they named other first entries once.
const CASES: &str = "400";
const SEED: &str = "2";
/// Changed packs and proofs.
const PACK_CASES: &str = "900";
const PACK_SEED: &str = "1";

/// What the verifier of the app and the command line says: exit status and first entry that does not hold.
fn ours(folder: &Path, case: usize, key: &str) -> (u64, Option<u64>) {
    let notes = fs::read_to_string(folder.join(format!("{case}.notes"))).unwrap();
    let report = Butler::verify_export(&folder.join(format!("{case}.jsonl")), &notes, Some(key)).unwrap();
    (status_of(&report), report.first_bad.map(|seq| seq.0))
}

fn status_of(report: &VerifyReport) -> u64 {
    let proven = report.checkpoint_entries.is_some() && report.unproven.is_empty();
    match (report.intact, proven) {
        (false, _) => 1,
        (true, false) => 3,
        (true, true) => 0,
    }
}

/// What the verifier of the app and the command line says of a pack or of the proof of one entry: its exit status.
fn of_file(path: &Path, key: &str) -> (u64, String) {
    if path.extension().is_some_and(|end| end == "json") {
        let proof = serde_json::from_slice(&fs::read(path).unwrap()).unwrap_or_default();
        return match Butler::check_proof(&proof, key) {
            Ok(seq) => (0, format!("entry {seq}")),
            Err(error) => (1, error.0.message),
        };
    }
    if path.extension().is_some_and(|end| end == "jsonl") {
        let notes = fs::read_to_string(path.with_extension("notes")).unwrap();
        return match Butler::verify_export(path, &notes, Some(key)) {
            Ok(report) => (status_of(&report), report.reason.unwrap_or_else(|| "intact".to_owned())),
            Err(error) => (2, error.0.message),
        };
    }
    let check = Butler::check_pack(path, Some(key)).unwrap();
    match check.report {
        Some(report) if report.unproven.is_empty() => (0, format!("{report:?}")),
        Some(report) => (3, format!("{report:?}")),
        None => (1, check.reason.unwrap()),
    }
}

#[test]
fn both_verifiers_say_the_same_of_changed_packs_and_proofs() {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/edited_packs.py");
    let made = Command::new("python3").arg(script).arg(folder.path()).args([PACK_SEED, PACK_CASES]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said: Value = serde_json::from_slice(&fs::read(folder.path().join("said.json")).unwrap()).unwrap();
    let key = said["key"].as_str().unwrap();
    let mut seen = std::collections::BTreeMap::<u64, usize>::new();
    for theirs in said["cases"].as_array().unwrap() {
        let (status, words) = of_file(&folder.path().join(theirs["file"].as_str().unwrap()), key);
        assert_eq!(json!(status), theirs["status"], "{theirs}: {words}");
        assert!(!words.is_empty() && theirs["words"].as_str().is_some_and(|words| !words.is_empty()));
        *seen.entry(status).or_default() += 1;
        // Whoever does not have the key cannot change a byte, but for the hash before the seal's entry where more
        // entries came behind it: those are not what the pack is about.
        let alone = ["byte", "cut", "order", "tool", "content"].iter().any(|done| theirs["done"] == *done);
        assert!(!alone || status == 1 || theirs["same"] == true, "{theirs}");
    }
    assert!([0, 1, 3].iter().all(|status| seen.get(status).is_some_and(|count| *count >= 3)), "{seen:?}");
}

#[test]
fn both_verifiers_name_the_same_first_entry() {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/edited.py");
    let made = Command::new("python3").arg(script).arg(folder.path()).args([SEED, CASES]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said: Value = serde_json::from_slice(&fs::read(folder.path().join("said.json")).unwrap()).unwrap();
    let key = said["key"].as_str().unwrap();
    let mut seen = std::collections::BTreeMap::<u64, usize>::new();
    for (case, theirs) in said["cases"].as_array().unwrap().iter().enumerate() {
        let (status, first) = ours(folder.path(), case, key);
        assert_eq!(json!([status, first]), json!([theirs["status"], theirs["first_bad"]]), "case {case}: {theirs}");
        *seen.entry(status).or_default() += 1;
    }
    // Changed ones, untouched ones with their end proven, and without.
    assert!([0, 1, 3].iter().all(|status| seen.get(status).is_some_and(|count| *count >= 5)), "{seen:?}");
}
