//! Appending against inserting the same bytes, verifying against hashing the same bytes, in one run.
//!
//! `cargo bench -p clawbutler-store --bench ledger -- [ENTRIES]`; figures stand in docs/PERFORMANCE.md.
#![expect(clippy::cast_precision_loss, reason = "rates are shown with a few digits")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails has no result")]
#![expect(clippy::disallowed_methods, reason = "measuring is reading the clock, and the baseline is SQLite itself")]

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest::sha256;
use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_core::redact::{self, MaskKey};
use clawbutler_ledger::entry::chain;
use clawbutler_ledger::{Draft, Kind, SealKey, Sealed, Trust, merkle};
use clawbutler_store::{Durability, Step, Store, StoreError, Witness};
use rusqlite::{Connection, params};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// Entries of one transaction where they are grouped.
const GROUP: u64 = 500;
/// Entries committed one by one, each kind.
const SINGLE: u64 = 4_000;
/// Entries committed one by one with a wait for the disk.
const SYNCED: u64 = 300;

fn main() {
    let entries = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(200_000_u64);
    let folder =
        tempfile::tempdir_in(std::env::var_os("CLAWBUTLER_BENCH_DIR").unwrap_or_else(|| "/tmp".into())).unwrap();
    let ours = folder.path().join("ours.db");
    let store = Store::open(&ours).unwrap();
    let base = Base::open(&folder.path().join("base.db"));
    println!("{entries} entries, groups of {GROUP}");
    let mut next = 1;
    let mut turns = |name: &str, count: u64, group: u64, durability| {
        let (mut append, mut masking, mut insert) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let first = next;
        while next < first + count {
            let until = (next + group).min(first + count);
            let [took, masked] = appended(&store, next, until, durability);
            (append, masking) = (append + took, masking + masked);
            insert += base.inserted(&store, next, until, durability);
            next = until;
        }
        let rate = |took: Duration| count as f64 / took.as_secs_f64();
        println!(
            "{name:<28} ours {:>9.0}/s  base {:>9.0}/s  ratio {:.0} %  masking is {:.0} % of ours",
            rate(append),
            rate(insert),
            100.0 * insert.as_secs_f64() / append.as_secs_f64(),
            100.0 * masking.as_secs_f64() / append.as_secs_f64()
        );
    };
    turns("append, grouped", entries, GROUP, Durability::Process);
    turns("append, one by one", SINGLE, 1, Durability::Process);
    store.watch(sealing(&ours.with_file_name("head.seal")));
    turns("append, one by one, sealed", SINGLE, 1, Durability::Process);
    turns("append, one by one, synced", SYNCED, 1, Durability::Power);
    let total = next - 1;
    store.tidy().unwrap();
    println!("bytes per entry: {}", std::fs::metadata(&ours).unwrap().len() / total);
    verify(&store, &ours, total);
}

/// As the engine seals the newest entry.
fn sealing(path: &Path) -> Witness {
    let mut file = std::fs::File::create(path).unwrap();
    let key = SealKey::from_seed(&[7; 32]);
    let mut last = Sealed { seq: 1, durable: 0, hash: [0; 32], next: None };
    Witness::new(move |step| {
        let sealed = match step {
            Step::Begun { seq, hash } => Sealed { next: Some((seq, *hash)), ..last },
            Step::Done { seq, hash, .. } => {
                last = Sealed { seq, durable: 0, hash: *hash, next: None };
                last
            }
            Step::Undone => last,
        };
        file.seek(SeekFrom::Start(0)).unwrap();
        file.write_all(key.seal(&sealed).as_bytes()).unwrap();
    })
}

fn draft(at: u64) -> Draft {
    let trace = TraceId(sha256(format!("session {}", at / 400).as_bytes())[..32].to_owned());
    let span = SpanId(sha256(format!("call {}", at / 3).as_bytes())[..16].to_owned());
    let (kind, data) = match at % 3 {
        0 => (
            Kind::ActionRequested,
            json!({
                "tool": "Bash", "digest": sha256(&at.to_le_bytes()), "cwd": "/home/someone/work/project", "branch": "main",
                "project": "/home/someone/work/project", "mode": "default", "subagent": null, "risk": "low",
                "summary": "Runs the tests of one module and shows the last lines.", "event": "gate",
                "effect": { "kind": "shell", "command": format!("cargo test -p module-{at} --lib -- --nocapture 2>&1 | tail -n 40 && git status --short") },
                "process": { "pid": 4_000 + at % 1000, "started": 1_700_000_000 + at, "home": "/home/someone/.claude" },
            }),
        ),
        1 => (
            Kind::ActionDecided,
            json!({ "verdict": "allow", "rule": "balanced/tests", "because": "Tests of the project may run.", "set": sha256(b"set"), "level": "low" }),
        ),
        _ => (
            Kind::ActionCompleted,
            json!({ "tool": "Bash", "facts": { "duration_ms": at % 9_000, "output": "running 12 tests\ntest result: ok. 12 passed; 0 failed; 0 ignored\nM src/lib.rs\nM src/table.rs" } }),
        ),
    };
    let parent = Some(SpanId(trace.0[..16].to_owned()));
    Draft {
        kind,
        actor: Actor::Agent { runtime: "claude-code".into(), session: format!("session-{}", at / 400) },
        trace,
        span,
        parent,
        data,
    }
}

/// Masking, encoding, hashing, inserting, committing.
fn appended(store: &Store, from: u64, until: u64, durability: Durability) -> [Duration; 2] {
    let key = MaskKey::new([7; 32]);
    let mut drafts: Vec<Draft> = (from..until).map(draft).collect();
    let start = Instant::now();
    drafts.iter_mut().for_each(|draft| redact::mask_value(&mut draft.data, &key));
    let masked = start.elapsed();
    store
        .write::<_, StoreError>(durability, |tx| {
            for (at, draft) in (from..).zip(drafts) {
                tx.append(draft, Timestamp(1_795_598_450_000 + i64::try_from(at).unwrap()))?;
            }
            Ok(())
        })
        .unwrap();
    [start.elapsed(), masked]
}

/// The same table in the same settings, without chain and masking.
struct Base(Connection);

impl Base {
    fn open(path: &Path) -> Self {
        drop(Store::open(path).unwrap());
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "NORMAL").unwrap();
        connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        Self(connection)
    }

    fn inserted(&self, from: &Store, first: u64, until: u64, durability: Durability) -> Duration {
        let rows =
            from.read::<_, StoreError>(|read| read.ledger_page(until, u32::try_from(until - first).unwrap())).unwrap();
        let start = Instant::now();
        if durability == Durability::Power {
            self.0.pragma_update(None, "synchronous", "FULL").unwrap();
        }
        self.0.prepare_cached("BEGIN IMMEDIATE").unwrap().execute([]).unwrap();
        let sql = "INSERT INTO ledger (seq, at, kind, trace, span, hash, body, payload) VALUES (?,?,?,?,?,?,?,?)";
        for row in rows.iter().rev() {
            self.0
                .prepare_cached(sql)
                .unwrap()
                .execute(params![row.seq, row.at, row.kind, row.trace, row.span, row.hash, row.body, row.payload])
                .unwrap();
        }
        self.0.prepare_cached("COMMIT").unwrap().execute([]).unwrap();
        if durability == Durability::Power {
            self.0.pragma_update(None, "synchronous", "NORMAL").unwrap();
        }
        start.elapsed()
    }
}

fn verify(store: &Store, path: &Path, total: u64) {
    // A first round brings the file into memory.
    let report = store.read_aside::<_, StoreError>(|read| read.ledger_verify(&Trust::default(), |_, _| ())).unwrap();
    assert_eq!((report.entries, report.broken), (total, None));
    println!("peak resident memory with verifying: {} MB", peak() / 1024);
    let mut best = [Duration::MAX; 4];
    for _ in 0..3 {
        let start = Instant::now();
        store.read_aside::<_, StoreError>(|read| read.ledger_verify(&Trust::default(), |_, _| ())).unwrap();
        best[0] = best[0].min(start.elapsed());
        let (mut hashing, mut every, mut bytes) = (Duration::ZERO, Duration::ZERO, 0);
        let connection = Connection::open(path).unwrap();
        let begun = Instant::now();
        let mut statement = connection.prepare("SELECT body, payload FROM ledger ORDER BY seq").unwrap();
        let mut rows = statement.query([]).unwrap();
        let (mut block, mut places) = (Vec::with_capacity(2 << 20), Vec::new());
        let mut hashed = |block: &mut Vec<u8>, places: &mut Vec<usize>| {
            let start = Instant::now();
            let mut from = 0;
            for &until in places.iter() {
                std::hint::black_box(Sha256::digest(&block[from..until]));
                from = until;
            }
            hashing += start.elapsed();
            let start = Instant::now();
            whole(block, places);
            every += start.elapsed();
            bytes += from;
            block.clear();
            places.clear();
        };
        while let Some(row) = rows.next().unwrap() {
            for at in 0..2 {
                block.extend_from_slice(row.get_ref(at).unwrap().as_bytes().unwrap());
                places.push(block.len());
            }
            if block.len() > 1 << 20 {
                hashed(&mut block, &mut places);
            }
        }
        hashed(&mut block, &mut places);
        best[2] = best[2].min(begun.elapsed().saturating_sub(every));
        best[1] = best[1].min(hashing);
        best[3] = best[3].min(every);
        println!("  hashed {} MB in {hashing:.2?}", bytes >> 20);
    }
    let rate = |took: Duration| total as f64 / took.as_secs_f64();
    println!("verify                       {:>9.0}/s", rate(best[0]));
    let baselines = [
        ("texts hashed, from memory", best[1]),
        ("all that is hashed, the same", best[3]),
        ("texts read and hashed", best[2]),
    ];
    for (name, took) in baselines {
        println!(
            "{name:<28} {:>9.0}/s  verify is {:.0} % of it",
            rate(took),
            100.0 * took.as_secs_f64() / best[0].as_secs_f64()
        );
    }
}

/// All that a check hashes of a block, and nothing else: the leaf of each header, the chain, the payload, and a node of the
/// tree for each entry (a tree has one node less than leaves).
fn whole(block: &[u8], places: &[usize]) {
    let (mut from, mut head) = (0, [0; 32]);
    for ends in places.chunks_exact(2) {
        let leaf = merkle::leaf(&block[from..ends[0]]);
        head = chain(&head, &leaf);
        std::hint::black_box(Sha256::digest(&block[ends[0]..ends[1]]));
        std::hint::black_box(merkle::node(&leaf, &head));
        from = ends[1];
    }
    std::hint::black_box(head);
}

/// Peak resident memory of this process (kB); 0 where the system does not say.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
