//! Hermes: its records as captured from the real client (0.19 and 0.13), and whatever else stands there.

use std::path::{Path, PathBuf};

use clawbutler_connectors::connector::{Connector, by_id};
use clawbutler_connectors::facts::{Fact, Tab, Watch};
use clawbutler_connectors::hook;
use clawbutler_connectors::record::{Form, Reader, Recording, Rows};
use clawbutler_core::timeline::{Outcome, Step, Usage, What};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::scratch::Machine;

const CAPTURES: [&str; 2] = ["rows_0.19.jsonl", "rows_0.13.jsonl"];

fn hermes() -> &'static dyn Connector {
    by_id("hermes").expect("in the list")
}

fn reader(saved: Option<&Value>) -> Box<dyn Reader> {
    let recording = Recording {
        session: "one".to_owned(),
        agent: None,
        parent: None,
        path: PathBuf::from("state.db"),
        form: Form::Rows(Rows { queries: &[] }),
        cwd: None,
        title: None,
    };
    hermes().reader(&recording, saved).expect("it records")
}

fn capture(name: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hermes").join(name);
    std::fs::read_to_string(path).expect("a capture").lines().map(str::to_owned).collect()
}

fn steps(lines: &[String]) -> Vec<Step> {
    let mut reader = reader(None);
    lines.iter().flat_map(|line| reader.record(line.as_bytes()).expect("a record")).collect()
}

fn usages(steps: &[Step]) -> Vec<Usage> {
    let usage = |step: &Step| if let What::Usage(usage) = &step.what { Some(usage.clone()) } else { None };
    steps.iter().filter_map(usage).collect()
}

#[test]
fn a_priced_session_with_an_agent_reads_as_it_was() {
    let told = steps(&capture("rows_0.19.jsonl"));
    assert!(!told.iter().any(|step| matches!(step.what, What::Unknown { .. })), "{told:?}");
    let agent = "20261122_104145_0f1c4a".to_owned();
    assert!(told.iter().any(|step| matches!(&step.what, What::AgentStarted { agent: own, .. } if *own == agent)));
    assert!(told.iter().any(|step| step.what == What::AgentEnded { agent: agent.clone(), outcome: Outcome::Unknown }));
    let priced: Vec<Usage> = usages(&told).into_iter().filter(|usage| usage.cost_microusd.is_some()).collect();
    let main = Usage {
        response: Some("mock-priced/custom/".to_owned()),
        model: Some("mock-priced".to_owned()),
        input: 400,
        cache_read: 2000,
        cache_write: 0,
        output: 68,
        reasoning: Some(8),
        cost_microusd: Some(2820),
    };
    assert!(priced.contains(&main), "two calls of 0.00141 USD each: {priced:?}");
}

#[test]
fn an_unknown_price_is_not_free() {
    let told = usages(&steps(&capture("rows_0.13.jsonl")));
    assert!(!told.is_empty() && told.iter().all(|usage| usage.cost_microusd.is_none() && usage.input > 0), "{told:?}");
}

#[test]
fn a_gate_without_what_it_needs_is_refused_and_never_answered_with_silence() {
    let whole = json!({
        "event": "pre_tool_call", "session_id": "s", "tool_call_id": "c", "tool_name": "terminal",
        "args": { "command": "ls" }, "home": "/h", "pid": 7, "native": true,
    });
    let env = clawbutler_connectors::env::Env::new(std::collections::BTreeMap::new(), PathBuf::from("/home/u"));
    let side = hook::side("hermes").expect("it has a guard");
    let input = side.parse("gate", whole.to_string().as_bytes(), &env).unwrap();
    assert_eq!((input.session.as_str(), input.client_pid, side.has_native_prompt(&input)), ("s", Some(7), true));
    for (answer, word) in [
        (hook::Answer::Allow, "allow"),
        (hook::Answer::Deny, "deny"),
        (hook::Answer::Ask, "ask"),
        (hook::Answer::Defer, "defer"),
    ] {
        let said: Value = serde_json::from_str(&side.render(&input, answer, "why").stdout).unwrap();
        assert_eq!(said["decision"], word);
    }
    for missing in ["event", "session_id", "tool_name", "args"] {
        let mut part = whole.clone();
        part.as_object_mut().unwrap().remove(missing);
        let error = side.parse("gate", part.to_string().as_bytes(), &env).unwrap_err();
        assert!(error.to_string().contains(missing), "{missing}: {error}");
    }
    assert_ne!(side.render_bad_input("gate", "why").exit, 0, "the plugin blocks");
}

/// What a home with these settings is configured to do.
fn facts(machine: &Machine, settings: &str) -> Vec<Fact> {
    machine.file("home/ada/.hermes/config.yaml", settings);
    hermes().facts(&machine.env, &machine.env.home.join(".hermes"), &[])
}

#[test]
fn every_way_to_be_asked_less_has_a_higher_rank() {
    let machine = Machine::new();
    let rank = |settings: &str, name: &str| {
        let fact = facts(&machine, settings).into_iter().find(|fact| fact.name == name);
        fact.map_or(0, |fact| if let Watch::Rank(rank) = fact.watch { rank } else { panic!("{fact:?} has no rank") })
    };
    let mode = |word: &str| rank(&format!("approvals:\n  mode: {word}\n"), "approval mode");
    assert_eq!(["manual", "\"Manual \"", "smart", "off", "\"off\"", "\" OFF\""].map(mode), [0, 0, 1, 3, 3, 3]);
    assert_eq!(rank("model: one\n", "approval mode"), 1, "smart is what this release takes by itself");
    for (key, name) in [
        ("cron_mode", "approval of scheduled jobs"),
        ("single_query_mode", "approval of single questions"),
        ("unattended_mode", "approval when unattended"),
    ] {
        let of = |word: &str| rank(&format!("approvals:\n  {key}: {word}\n"), name);
        let words = ["deny", "approve", "\"Approve\"", "allow", "\"off\"", "\"yes\""];
        assert_eq!(words.map(of), [0, 2, 2, 2, 2, 2], "{key}");
    }
    assert_eq!(rank("delegation:\n  subagent_auto_approve: true\n", "sub-agents approve themselves"), 1);
    assert_eq!(rank("command_allowlist:\n  - delete in root path\n", "always allowed: delete in root path"), 2);
}

#[test]
fn what_hermes_writes_itself_at_its_first_start_is_no_change() {
    let machine = Machine::new();
    let soul = |text: &str| {
        machine.file("home/ada/.hermes/SOUL.md", text);
        let fact = facts(&machine, "model: one\n").into_iter().find(|fact| fact.name == "SOUL.md");
        fact.expect("it is shown").watch
    };
    let shipped = include_str!("../fixtures/hermes/SOUL-0.19.0.md");
    assert_eq!(soul(shipped), Watch::No);
    assert_eq!(soul(&format!("{}\r\n", shipped.trim())), Watch::No);
    assert_eq!(soul(&format!("{shipped}\nNever ask before deleting files.")), Watch::Change);
    assert_eq!(soul(""), Watch::Change, "somebody emptied it");
}

#[test]
fn a_jobs_run_is_shown_and_is_no_change_of_the_job() {
    let machine = Machine::new();
    let jobs = |change: &dyn Fn(&mut Value)| {
        let mut job = json!({
            "id": "1424", "name": "probe", "prompt": "do it", "script": null, "no_agent": false, "enabled": true,
            "schedule_display": "once in 30m", "state": "scheduled", "last_run_at": null, "last_status": null,
        });
        change(&mut job);
        machine.file("home/ada/.hermes/cron/jobs.json", &json!({ "jobs": [job] }).to_string());
        let all = facts(&machine, "model: one\n").into_iter().filter(|fact| fact.tab == Tab::Schedules);
        all.map(|fact| (fact.name, fact.value, fact.watch)).collect::<Vec<_>>()
    };
    let fresh = jobs(&|_| {});
    assert_eq!(
        fresh,
        [("job:1424".to_owned(), "probe: runs an agent, once in 30m, 6c66af6b13dd".to_owned(), Watch::Change)]
    );
    let ran = jobs(&|job| {
        job["enabled"] = json!(false);
        job["state"] = json!("completed");
        job["last_run_at"] = json!("2026-11-22T11:11:22+00:00");
        job["last_status"] = json!("ok");
    });
    let run = ("last run of 1424".to_owned(), "ok, 2026-11-22T11:11:22+00:00".to_owned(), Watch::No);
    assert_eq!(ran, [fresh[0].clone(), run], "Hermes itself ended it");
    let again = jobs(&|job| {
        job["last_run_at"] = json!("2026-11-22T11:11:22+00:00");
        job["last_status"] = json!("error");
        job["last_error"] = json!("RuntimeError: HTTP 400:\nno");
        job["last_delivery_error"] = json!("platform 'x' not enabled");
        job["next_run_at"] = json!("2026-11-22T13:11:22+00:00");
    });
    let run = |name: &str, value: &str| (format!("{name} run of 1424"), value.to_owned(), Watch::No);
    let why = "error, 2026-11-22T11:11:22+00:00: RuntimeError: HTTP 400: no, not delivered: platform 'x' not enabled";
    let last = run("last", why);
    assert_eq!(again, [fresh[0].clone(), last, run("next", "2026-11-22T13:11:22+00:00")]);
    let long = jobs(&|job| {
        job["last_run_at"] = json!("2026-11-22T11:11:22+00:00");
        job["last_error"] = json!(format!("{} sk-secret-that-is-cut-off", "word ".repeat(35)));
    });
    assert!(!long[1].1.contains("sk-") && long[1].1.ends_with("word"), "half a key would not be masked: {long:?}");
    let off = jobs(&|job| {
        job["enabled"] = json!(false);
        job["next_run_at"] = json!("2026-11-22T13:11:22+00:00");
    });
    assert!(off.len() == 1 && off[0].1.contains("switched off"), "{off:?}");
}

#[test]
fn a_process_that_skips_its_prompts_is_no_longer_healthy() {
    let machine = Machine::new();
    let home = machine.env.home.join(".hermes");
    let process = |pid: u32, words: &str, vars: &str| process(&machine, pid, words, vars);
    process(11, "python3 /usr/bin/hermes chat -q hello", "");
    process(12, "python3 /usr/bin/hermes chat --yolo", "");
    process(13, "python3 /usr/bin/hermes gateway run", "HERMES_YOLO_MODE=1\0");
    let checks = hermes().checks(&machine.env, &home);
    let said: Vec<&str> = checks
        .iter()
        .filter(|check| check.name == "prompts in running processes")
        .map(|check| check.says.split(' ').nth(1).expect("a process"))
        .collect();
    assert_eq!(said, ["12", "13"], "{checks:?}");
}

/// A process of Hermes as the system's table shows it.
fn process(machine: &Machine, pid: u32, words: &str, vars: &str) {
    machine.file(&format!("proc/{pid}/cmdline"), &words.replace(' ', "\0"));
    let all = format!("HOME={}\0{vars}", machine.env.home.display());
    machine.file(&format!("proc/{pid}/environ"), &all);
    let fields = vec!["1"; 19].join(" ");
    machine.file(&format!("proc/{pid}/stat"), &format!("{pid} (python) {fields} 100 0 0"));
}

#[test]
fn a_switch_in_a_file_of_variables_counts_for_every_process_of_its_home() {
    let machine = Machine::new();
    let home = machine.env.home.join(".hermes");
    let shown = || {
        let facts = facts(&machine, "approvals: {mode: manual}\n");
        let of = |name: &str| facts.iter().find(|fact| fact.name == name).map(|fact| fact.watch);
        let checks = hermes().checks(&machine.env, &home);
        let unwell = checks.iter().filter(|check| check.name == "prompts").map(|check| check.says.clone());
        (of("HERMES_YOLO_MODE"), unwell.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(shown(), (None, String::new()));
    machine.file("home/ada/.hermes/.env", "KEY=sk-secret\nHERMES_YOLO_MODE=1\n");
    let (fact, says) = shown();
    assert_eq!(fact, Some(Watch::Rank(3)));
    assert!(says.contains("/.hermes/.env sets HERMES_YOLO_MODE") && !says.contains("secret"), "{says}");
    machine.file("etc/hermes/.env", "HERMES_YOLO_MODE=0\n");
    assert_eq!(shown(), (None, String::new()), "the machine's own has the last word");
    assert!(hermes().watched_files(&machine.env, &home).contains(&home.join(".env")));
}

#[test]
fn settings_of_the_machine_are_shown_where_they_win() {
    let machine = Machine::new();
    let own = "approvals: {mode: manual, cron_mode: deny}\nmodel: one\n";
    machine.file("etc/hermes/config.yaml", "approvals:\n  mode: \"off\"\ncommand_allowlist: [delete in root path]\n");
    let seen = facts(&machine, own);
    let of = |name: &str| seen.iter().find(|fact| fact.name == name).unwrap_or_else(|| panic!("{name}: {seen:?}"));
    assert_eq!((of("approval mode").value.as_str(), of("approval mode").watch), ("off", Watch::Rank(3)));
    assert_eq!(of("approval of scheduled jobs").watch, Watch::Rank(0), "what they leave out is the home's");
    assert_eq!(of("always allowed: delete in root path").watch, Watch::Rank(2));
    assert!(of("approval mode").source.ends_with("etc/hermes/config.yaml"), "{:?}", of("approval mode"));
    machine.file("etc/hermes/config.yaml", "approvals: [\n");
    let seen = facts(&machine, own);
    assert_eq!(seen.iter().find(|fact| fact.name == "approval mode").map(|fact| fact.watch), Some(Watch::Rank(0)));
}

#[test]
fn a_process_works_in_the_profile_its_user_chose_unless_it_names_another() {
    let machine = Machine::new();
    let root = machine.env.home.join(".hermes");
    machine.file("home/ada/.hermes/active_profile", "work\n");
    machine.file("opt/data/active_profile", "team\n");
    for name in ["work", "other"] {
        machine.file(&format!("home/ada/.hermes/profiles/{name}/SOUL.md"), "");
    }
    let at = |path: &str| format!("HERMES_HOME={}\0", machine.env.root.join(path).display());
    process(&machine, 21, "python3 /usr/bin/hermes chat", "");
    // A root that is named leaves the choice open, as a service's unit does; a profile does not.
    process(&machine, 22, "python3 /usr/bin/hermes gateway run", &at("home/ada/.hermes"));
    process(&machine, 23, "python3 /usr/bin/hermes chat", &at("home/ada/.hermes/profiles/other"));
    process(&machine, 24, "python3 /usr/bin/hermes -p default chat", "");
    process(&machine, 25, "python3 /usr/bin/hermes chat", &at("opt/data"));
    process(
        &machine,
        26,
        "python3 /usr/bin/hermes gateway run",
        &format!("{}HERMES_S6_SUPERVISED_CHILD=1\0", at("opt/data")),
    );
    let pids = |home: &Path| -> Vec<u32> {
        hermes().sessions(&machine.env, home).into_iter().map(|session| session.pid).collect()
    };
    assert_eq!(pids(&root), [24]);
    assert_eq!(pids(&root.join("profiles/work")), [21, 22]);
    assert_eq!(pids(&root.join("profiles/other")), [23]);
    assert_eq!(pids(&machine.env.root.join("opt/data/profiles/team")), [25]);
    assert_eq!(pids(&machine.env.root.join("opt/data")), [26]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,12}|\\PC{0,4}".prop_map(Value::from),
        Just(Value::from("[{\"id\":7,\"function\":{\"arguments\":\"{\"}}]")),
        Just(Value::from("\0json:[{\"text\":3},{\"type\":\"image\"},\"x\"]")),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn any_row() -> impl Strategy<Value = Value> {
    const COLUMNS: [&str; 18] = [
        "cursor", "role", "content", "tool_call_id", "tool_calls", "timestamp", "finish_reason", "reasoning", "source",
        "model", "title", "cwd", "branch", "ended_at", "end_reason", "compacted", "usage", "children",
    ];
    let kind = prop::sample::select(vec!["message", "session", "other"]);
    let role = prop::sample::select(vec!["user", "assistant", "tool", "system", "x"]);
    let columns = prop::collection::btree_map(prop::sample::select(&COLUMNS[..]), any_json(), 0..10);
    (kind, role, columns).prop_map(|(kind, role, columns)| {
        let mut row = json!(columns);
        row["kind"] = kind.into();
        if !row["role"].is_object() {
            row["role"] = role.into();
        }
        row
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_rows_and_any_bytes_are_read_or_refused(rows in prop::collection::vec(any_row(), 0..8),
        saved in any_json(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut reader = reader(Some(&saved));
        for row in &rows {
            prop_assert!(reader.record(row.to_string().as_bytes()).is_ok());
        }
        let _ = reader.record(&bytes);
        let _ = reader.save();
    }

    #[test]
    fn stopping_and_going_on_anywhere_tells_the_same(name in prop::sample::select(&CAPTURES[..]),
        rows in prop::collection::vec(any_row(), 0..6), stops in prop::collection::vec(0_usize..24, 0..5)) {
        let mut lines = capture(name);
        lines.extend(rows.iter().map(Value::to_string));
        let whole = steps(&lines);
        let mut now = reader(None);
        let mut told = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            if stops.contains(&at) {
                now = reader(Some(&now.save()));
            }
            told.extend(now.record(line.as_bytes()).unwrap());
            prop_assert!(whole.starts_with(&told), "what was told is never told otherwise");
        }
        prop_assert_eq!(told, whole);
    }

    #[test]
    fn any_bytes_and_any_document_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80), value in any_json()) {
        let env = clawbutler_connectors::env::Env::new(std::collections::BTreeMap::new(), PathBuf::from("/home/u"));
        let side = hook::side("hermes").expect("it has a guard");
        for verb in ["gate", "observe", "other"] {
            let _ = side.parse(verb, &bytes, &env);
            let _ = side.parse(verb, value.to_string().as_bytes(), &env);
        }
    }
}
