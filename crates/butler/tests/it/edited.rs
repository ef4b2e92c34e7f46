//! Logs that were changed after they were made: both verifiers say the same of each.

use std::fs;
use std::path::Path;
use std::process::Command;

use clawbutler_butler::Butler;
use serde_json::{Value, json};

/// Changed logs; the seed is one at which they named other first entries once.
const CASES: &str = "400";
const SEED: &str = "2";

/// What the verifier of the app and the command line says: exit status and first entry that does not hold.
fn ours(folder: &Path, case: usize, key: &str) -> (u64, Option<u64>) {
    let notes = fs::read_to_string(folder.join(format!("{case}.notes"))).unwrap();
    let report = Butler::verify_export(&folder.join(format!("{case}.jsonl")), &notes, Some(key)).unwrap();
    let proven = report.checkpoint_entries.is_some() && report.unproven.is_empty();
    let status = match (report.intact, proven) {
        (false, _) => 1,
        (true, false) => 3,
        (true, true) => 0,
    };
    (status, report.first_bad.map(|seq| seq.0))
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
