//! Evidence packs: made by the command a window uses, checked by both verifiers, refused after any change.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use clawbutler_butler::{Butler, PackCheck};
use clawbutler_ledger::Kind;
use clawbutler_ledger::note::PublicKey;
use clawbutler_ledger::pack::{self, Writer};
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::Seq;
use clawbutler_wire::audit::{AcknowledgeLog, Stretch};
use clawbutler_wire::audit_search::{AuditFilter, ExportAudit, ExportFormat, ShowExport};

use crate::copy::{Copy, forge};
use crate::desk::Desk;

/// A desk with a log, and the key of it.
fn filled() -> (Desk, String) {
    let desk = Desk::new();
    for number in 0..40 {
        desk.ask(&format!("session-{}", number % 3), &format!("ls 'folder-{number} <b>&'"));
    }
    desk.ask("other", "git push --force origin main");
    let key = Butler::checkpoint_file(&DataDir::at(desk.data())).unwrap().1.unwrap();
    (desk, key)
}

fn made(desk: &Desk, name: &str, filter: AuditFilter) -> PathBuf {
    fs::create_dir_all(desk.home()).unwrap();
    let out = desk.home().join(name);
    let request = ExportAudit { filter, format: ExportFormat::Pack, out: out.display().to_string() };
    desk.butler().export_audit(request).unwrap();
    for _ in 0..1_000 {
        let progress = desk.butler().show_export(ShowExport {}).unwrap();
        if progress.state != "running" {
            assert_eq!((progress.state.as_str(), progress.says), ("done", None));
            assert!(progress.written > Seq(0));
            return out;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the pack is not finished")
}

fn requested() -> AuditFilter {
    AuditFilter { kinds: vec!["action.requested".to_owned()], ..AuditFilter::default() }
}

/// What the other verifier says, and whether it accepts.
fn python(path: &Path, key: &str) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/verifier/verify.py");
    let output = Command::new("python3").arg(script).arg(path).args(["--key", key]).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn refused(check: PackCheck) -> String {
    assert!(check.report.is_none(), "{check:?}");
    check.reason.unwrap()
}

/// The files of a pack.
fn files(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut at = 0;
    let names = pack::NAMED.into_iter().chain([pack::MANIFEST, pack::SEAL]);
    let file = |name: &str| {
        let size = u32::from_le_bytes(bytes[at + 22..at + 26].try_into().unwrap()) as usize;
        let start = at + 30 + name.len();
        at = start + size;
        (name.to_owned(), bytes[start..at].to_vec())
    };
    names.map(file).collect()
}

fn written(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = Writer::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.put(name, content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn a_pack_holds_in_both_verifiers_and_the_log_names_it() {
    let (desk, key) = filled();
    for (name, filter, entries) in
        [("some.zip", requested(), 41), ("one.zip", AuditFilter { text: "push".to_owned(), ..requested() }, 1)]
    {
        let path = made(&desk, name, filter);
        let report = Butler::check_pack(&path, Some(&key)).unwrap().report.unwrap();
        assert_eq!((report.entries, report.pruned), (entries, 0));
        assert!(report.seal > report.checkpoint);
        let (holds, says) = python(&path, &key);
        assert!(holds, "{says}");
        let own = Butler::check_pack(&path, None).unwrap();
        assert_eq!(own.report.unwrap().entries, entries, "with the key it claims");
        let entry = desk.entries("audit.exported").into_iter().find(|entry| entry.seq == Seq(report.seal)).unwrap();
        assert_eq!((entry.data["format"].as_str(), entry.data["count"].as_u64()), (Some("pack"), Some(entries)));
    }
    let whole = made(&desk, "whole.zip", AuditFilter::default());
    assert!(Butler::check_pack(&whole, Some(&key)).unwrap().report.unwrap().entries > 80);
    assert!(python(&whole, &key).0);
    let unzip = Command::new("python3").args(["-m", "zipfile", "-t"]).arg(&whole).output().unwrap();
    assert!(unzip.status.success(), "other programs open it");
    let page = String::from_utf8(files(&fs::read(&whole).unwrap())[5].1.clone()).unwrap();
    assert!(page.contains("folder-3 &lt;b&gt;&amp;") && !page.contains("<b>"), "what agents said is text");
}

#[test]
fn a_pack_tells_that_nothing_covered_an_entry_of_it() {
    let killed = Desk::new();
    killed.verdict("ls");
    let copy = Copy::of(&killed);
    forge(&copy, Kind::ApprovalDecided);
    let mut desk = Desk::at(copy.0.path());
    let named = desk.entries("log.tail_unproven").remove(0);
    let at = (named.data["from"].as_u64().unwrap(), named.data["to"].as_u64().unwrap());
    let key = Butler::checkpoint_file(&copy.data()).unwrap().1.unwrap();
    let of = |kind: &str| AuditFilter { kinds: vec![kind.to_owned()], ..AuditFilter::default() };
    let told = |path: &Path| {
        let report = Butler::check_pack(path, Some(&key)).unwrap().report.unwrap();
        (report.entries, report.unproven, report.acknowledged, python(path, &key))
    };
    let (entries, unproven, acknowledged, (accepted, says)) = told(&made(&desk, "forged.zip", of("approval.decided")));
    assert_eq!((entries, unproven, acknowledged, accepted), (2, vec![at], vec![], false), "{says}");
    assert!(says.contains(&format!("UNPROVEN: nothing covered the entries {} to {}", at.0, at.1)), "{says}");
    let (entries, unproven, _, (accepted, _)) = told(&made(&desk, "others.zip", of("engine.started")));
    assert_eq!((entries, unproven, accepted), (2, vec![], true), "none of them stands there");

    let stretches = vec![Stretch { from: Seq(at.0), to: Seq(at.1) }];
    desk.butler().acknowledge_log(AcknowledgeLog { stretches, replaced: None }).unwrap();
    let (entries, unproven, acknowledged, (accepted, says)) = told(&made(&desk, "known.zip", of("approval.decided")));
    assert_eq!((entries, unproven, acknowledged, accepted), (3, vec![], vec![at], true), "{says}");
    desk.close();
}

#[test]
fn another_key_is_refused() {
    let (desk, _) = filled();
    let (_, other) = filled();
    let path = made(&desk, "pack.zip", requested());
    assert!(refused(Butler::check_pack(&path, Some(&other)).unwrap()).contains("another key"));
    assert!(!python(&path, &other).0);
}

#[test]
fn any_changed_byte_is_refused() {
    let (desk, key) = filled();
    let path = made(&desk, "pack.zip", requested());
    let whole = fs::read(&path).unwrap();
    let public = PublicKey::parse(&key).unwrap();
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x20;
        bytes
    };
    // Every byte around the files, and every 37th in them.
    let mut places: Vec<usize> = (0..whole.len()).step_by(37).chain(whole.len() - 600..whole.len()).collect();
    let mut start = 0;
    for (name, content) in files(&whole) {
        places.extend(start..start + 30 + name.len() + 4);
        start += 30 + name.len() + content.len();
    }
    for at in places.iter().copied().filter(|at| *at < whole.len()) {
        let check = pack::verify(&mut Cursor::new(changed(at)), &public);
        assert!(check.is_err(), "byte {at} of {}", whole.len());
    }
    for at in (0..whole.len()).step_by(whole.len() / 12) {
        fs::write(&path, changed(at)).unwrap();
        assert!(!python(&path, &key).0, "byte {at}");
    }
    for cut in [0, 1, 30, whole.len() / 2, whole.len() - 1] {
        assert!(pack::verify(&mut Cursor::new(&whole[..cut]), &public).is_err());
    }
    assert!(pack::verify(&mut Cursor::new([&whole[..], b"\0"].concat()), &public).is_err());
}

#[test]
fn a_pack_that_was_put_together_anew_is_refused() {
    let (desk, key) = filled();
    let path = made(&desk, "pack.zip", requested());
    let whole = fs::read(&path).unwrap();
    let original = files(&whole);
    assert_eq!(written(&original), whole);
    type Change = fn(&mut Vec<(String, Vec<u8>)>);
    let changes: [(&str, Change); 6] = [
        ("an entry is left out", |files| {
            let lines: Vec<&[u8]> = files[0].1.split_inclusive(|byte| *byte == b'\n').skip(1).collect();
            files[0].1 = lines.concat();
        }),
        ("two entries change places", |files| {
            let mut lines: Vec<&[u8]> = files[0].1.split_inclusive(|byte| *byte == b'\n').collect();
            lines.swap(0, 1);
            files[0].1 = lines.concat();
        }),
        ("the summary says something else", |files| files[5].1 = b"<p>nothing happened".to_vec()),
        ("the rules are others", |files| files[4].1 = b"{\"rule_sets\":[{}]}".to_vec()),
        ("the hashes beside are cut", |files| drop(files[1].1.drain(..65))),
        ("the seal is empty", |files| files[8].1 = b"{}".to_vec()),
    ];
    for (what, change) in changes {
        for honest_manifest in [false, true] {
            let mut files = original.clone();
            change(&mut files);
            if honest_manifest {
                let mut manifest: pack::Manifest = serde_json::from_slice(&files[7].1).unwrap();
                for (named, (_, content)) in manifest.files.iter_mut().zip(&files) {
                    named.bytes = content.len() as u64;
                    named.sha256 = clawbutler_core::digest::sha256(content);
                }
                manifest.entries = String::from_utf8_lossy(&files[0].1).lines().count() as u64;
                files[7].1 = clawbutler_core::digest::canonical(&manifest).into_bytes();
            }
            fs::write(&path, written(&files)).unwrap();
            refused(Butler::check_pack(&path, Some(&key)).unwrap());
            assert!(!python(&path, &key).0, "{what}");
        }
    }
}

#[test]
fn a_pack_needs_an_entry_and_a_free_name() {
    let (desk, _) = filled();
    let nothing = AuditFilter { kinds: vec!["budget.crossed".to_owned()], ..AuditFilter::default() };
    let out = desk.home().join("none.zip");
    assert!(desk.butler().pack_audit(&nothing, &out, |_| true).is_err());
    let stopped = desk.butler().pack_audit(&requested(), &out, |_| false);
    assert!(stopped.is_err());
    let left: Vec<_> = fs::read_dir(desk.home()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("none.zip")), "{left:?}");
    fs::write(&out, "mine").unwrap();
    assert!(desk.butler().pack_audit(&requested(), &out, |_| true).is_err());
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
}
