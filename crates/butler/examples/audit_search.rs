//! Fills a log with made-up entries and measures search and export on it:
//! `audit_search FOLDER ENTRIES [no-export]`. The folder is made, and kept; a filled one is measured again.
#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "measuring is reading the clock")]
#![expect(clippy::cast_precision_loss, reason = "figures are rounded")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on should stop and say where")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clawbutler_butler::{Butler, Env, ExportPlan, Ports};
use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::digest::sha256;
use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_ledger::{Draft, Kind, Trust};
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::paths::DataDir;
use clawbutler_platform::random::SystemIds;
use clawbutler_store::{Durability, Store, StoreError};
use clawbutler_wire::audit_search::{AuditFilter, ExportFormat, SearchAudit};
use serde_json::json;

const START: i64 = 1_795_598_450_000;
/// Measured this often.
const ROUNDS: usize = 40;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (folder, count) = (PathBuf::from(&args[1]), args[2].parse::<u64>().unwrap());
    fs::create_dir_all(&folder).unwrap();
    let data = DataDir::at(&folder);
    fill(&data.database(), count);
    let butler = Butler::open(Ports {
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds),
        env: Env::new(BTreeMap::new(), folder.join("home")),
        data: data.clone(),
        keychain: None,
        hook_source: None,
    })
    .unwrap();
    let begun = Instant::now();
    let added = butler.index_audit().unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    let size = |path: PathBuf| fs::metadata(path).map_or(0, |meta| meta.len()) as f64 / count as f64;
    println!("indexed {added} in {seconds:.1} s: {:.0}/s", added as f64 / seconds);
    println!("bytes an entry: log {:.0}, index {:.0}", size(data.database()), size(data.search()));
    measure(&butler, count);
    verify(&data.database());
    if args.get(3).is_none() {
        export(&data, &folder);
    }
    butler.shutdown();
}

/// Groups of three entries of one action; of a thousand actions one is denied, of a million one is “unicorn”.
fn fill(database: &Path, count: u64) {
    let store = Store::open(database).unwrap();
    let mut at = store.read::<_, StoreError>(|read| read.ledger_len()).unwrap();
    let begun = Instant::now();
    while at + 10 < count {
        let end = (at + 10_000).min(count);
        store
            .write::<_, StoreError>(Durability::Process, |tx| {
                for number in at..end {
                    tx.append(draft(number), Timestamp(START + i64::try_from(number).unwrap() * 100))?;
                }
                Ok(())
            })
            .unwrap();
        at = end;
        store.tidy().unwrap();
    }
    println!("filled in {:.1} s", begun.elapsed().as_secs_f64());
}

fn draft(number: u64) -> Draft {
    let action = number / 3;
    let session = format!("session-{}", action / 200);
    let runtime = ["claude-code", "codex", "openclaw", "hermes"][usize::try_from(action / 200 % 4).unwrap()];
    let trace = TraceId(sha256(format!("{runtime}\n{session}").as_bytes())[..32].to_owned());
    let span = SpanId(sha256(&action.to_be_bytes())[..16].to_owned());
    let agent = Actor::Agent { runtime: runtime.to_owned(), session };
    let word = if action.is_multiple_of(2) { "even" } else { "odd" };
    let rare = if action % 333_333 == 7 { "unicorn" } else { "horse" };
    let risk = ["low", "low", "low", "medium", "high"][usize::try_from(action % 5).unwrap()];
    let (kind, actor, data) = match number % 3 {
        0 => (
            Kind::ActionRequested,
            agent,
            json!({
                "tool": "Bash", "cwd": format!("/home/me/project-{}", action / 200 % 50), "risk": risk,
                "digest": sha256(&number.to_be_bytes()), "mode": "default", "summary": "Runs a command",
                "effect": { "kind": "shell", "command": format!("cargo test {word} {rare} --package part-{}", action % 5_000) },
            }),
        ),
        1 => (
            Kind::ActionDecided,
            Actor::Rule { id: "base/tests".to_owned() },
            json!({ "verdict": if action % 1_000 == 3 { "deny" } else { "allow" }, "rules": "r", "grant": null }),
        ),
        _ => (Kind::ActionCompleted, agent, json!({ "tool": "Bash", "facts": { "ms": action % 9_973, "word": word } })),
    };
    Draft { kind, actor, trace, span, parent: None, data }
}

fn measure(butler: &Butler, count: u64) {
    let text = |text: &str| AuditFilter { text: text.to_owned(), ..AuditFilter::default() };
    let middle = START + i64::try_from(count / 2).unwrap() * 100;
    let classes = [
        ("everything", text("")),
        ("rare word", text("unicorn")),
        ("frequent word", text("horse")),
        ("absent word", text("nowhere")),
        ("frequent and rare", text("cargo unicorn")),
        ("frequent and rare, no entry has both", text("horse unicorn")),
        ("frequent and absent", text("horse nowhere")),
        ("two frequent, no entry has both", text("even odd")),
        ("prefix", text("unic*")),
        ("phrase", text("\"test odd unicorn\"")),
        ("phrase that never is", text("\"horse test\"")),
        ("four words, no entry has all", text("cargo even package odd")),
        ("exclusion", text("horse -even")),
        ("exclusion of all there is", text("-cargo -word -allow -deny")),
        ("a session's word that is not in it", text("session:session-7 unicorn")),
        ("prefix and word, no entry has both", text("eve* odd")),
        ("frequent filter", text("kind:action.completed")),
        ("rare filter", text("decision:deny")),
        ("two filters, no entry has both", text("kind:action.completed decision:allow")),
        ("word and filter, no entry has both", text("horse kind:action.completed")),
        ("session", text("session:session-7")),
        ("runtime and risk", text("runtime:codex risk:high")),
        ("project", text("project:/home/me/project-7")),
        (
            "hour in the middle",
            AuditFilter { from: Some(middle), until: Some(middle + 3_600_000), ..AuditFilter::default() },
        ),
        (
            "word within an hour",
            AuditFilter { from: Some(middle), until: Some(middle + 3_600_000), ..text("part odd") },
        ),
        ("time without entries", AuditFilter { from: Some(i64::MAX - 1), ..text("horse") }),
    ];
    println!("{:36} {:>9} {:>9} {:>9} {:>6} {:>9}", "first page of 100", "p50 ms", "max ms", "count ms", "rows", "cut");
    for (name, filter) in classes {
        let request = SearchAudit { filter, limit: Some(100), ..SearchAudit::default() };
        let mut took: Vec<f64> = Vec::new();
        let (mut rows, mut cut) = (0, None);
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            let page = butler.search_audit(request.clone()).unwrap();
            took.push(begun.elapsed().as_secs_f64() * 1e3);
            (rows, cut) = (page.items.len(), page.searched_to);
        }
        took.sort_by(f64::total_cmp);
        let begun = Instant::now();
        butler.search_audit(SearchAudit { count: true, limit: Some(1), ..request }).unwrap();
        let counted = begun.elapsed().as_secs_f64() * 1e3;
        let cut = cut.map_or_else(String::new, |seq| seq.to_string());
        println!("{name:36} {:9.2} {:9.2} {counted:9.2} {rows:6} {cut:>9}", took[ROUNDS / 2], took[ROUNDS - 1]);
    }
}

fn verify(database: &Path) {
    let begun = Instant::now();
    let report =
        Store::read_only::<_, StoreError>(database, |read| read.ledger_verify(&Trust::default(), |_, _| ())).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!("verified {}: {:.0}/s, peak memory {}", report.entries, report.entries as f64 / seconds, peak());
}

fn export(data: &DataDir, folder: &Path) {
    use ExportFormat::{Cef, Csv, Jsonl, Ocsf, OtlpLogs, OtlpTraces};
    // Beside the data folder: in it none is written.
    let out = std::path::absolute(folder).unwrap().with_extension("export");
    for format in [Jsonl, Csv, Cef, Ocsf, OtlpLogs, OtlpTraces] {
        let plan = ExportPlan { filter: AuditFilter::default(), format, out: out.clone(), after: None };
        let begun = Instant::now();
        let done = plan.run(data, |_| true).unwrap().unwrap();
        done.publish().unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        fs::remove_file(&plan.out).unwrap();
        println!(
            "export {format:?}: {:.0} entries/s, {} bytes, peak memory {}",
            done.step.written as f64 / seconds,
            done.bytes,
            peak()
        );
    }
}

/// Largest resident size of this process so far, as Linux tells it.
fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned()
}
