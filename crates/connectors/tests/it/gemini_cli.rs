//! Gemini CLI over captures of the real client (0.61.0).

use std::path::{Path, PathBuf};

use clawbutler_connectors::connector::{ALL, Connector, GuardError, GuardState, Variant, by_id};
use clawbutler_connectors::env::Os;
use clawbutler_connectors::facts::{Can, Health, Watch};
use clawbutler_connectors::record::{Form, Reader, Recording};
use clawbutler_core::clock::Timestamp;
use clawbutler_core::timeline::{Step, What};
use proptest::prelude::*;
use serde_json::Value;

use crate::scratch::Machine;

const SESSION: &str = "70d8f59f-dd7f-4ed0-bab2-8c7af175ab37";
const AGENT: &str = "ba52ecc2-f34c-40e9-9193-773cded69f5f";
const CAPTURES: [&str; 5] =
    ["tools.jsonl", "subagent.jsonl", "denied_resumed.jsonl", "thoughts.jsonl", "compacted.jsonl"];

fn gemini() -> &'static dyn Connector {
    by_id("gemini-cli").expect("in the list")
}

fn capture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gemini_cli").join(name);
    std::fs::read_to_string(path).expect("a capture")
}

/// Captures of a home with two sessions and a sub-agent.
fn home(machine: &Machine) -> PathBuf {
    for name in ["settings.json", "projects.json", "trustedFolders.json", "GEMINI.md"] {
        machine.file(&format!("home/ada/.gemini/{name}"), &capture(name));
    }
    machine.file("home/ada/.gemini/tmp/proj/.project_root", "/work/proj");
    let chats = "home/ada/.gemini/tmp/proj/chats";
    machine.file(&format!("{chats}/session-2026-11-25T07-08-a2489f6f.jsonl"), &capture("denied_resumed.jsonl"));
    machine.file(&format!("{chats}/session-2026-11-25T07-08-70d8f59f.jsonl"), &capture("tools.jsonl"));
    machine.file(&format!("{chats}/{SESSION}/{AGENT}.jsonl"), &capture("subagent.jsonl"));
    machine.env.home.join(".gemini")
}

fn package(machine: &Machine, modules: &str) -> PathBuf {
    let folder = format!("{modules}/@google/gemini-cli");
    machine.file(&format!("{folder}/package.json"), r#"{"name":"@google/gemini-cli","version":"0.61.0"}"#);
    machine.file(&format!("{folder}/bundle/gemini.js"), "program")
}

fn recording(agent: Option<&str>) -> Recording {
    Recording {
        session: SESSION.to_owned(),
        agent: agent.map(str::to_owned),
        parent: None,
        path: PathBuf::new(),
        form: Form::Lines,
        cwd: None,
        title: None,
    }
}

fn reader(agent: Option<&str>, saved: Option<&Value>) -> Box<dyn Reader> {
    gemini().reader(&recording(agent), saved).expect("it records")
}

fn steps(text: &str) -> Vec<Step> {
    let mut reader = reader(None, None);
    text.lines().flat_map(|line| reader.record(line.as_bytes()).expect("understood")).collect()
}

/// One line a step, times from the first one on, for snapshots.
fn shown(steps: &[Step]) -> String {
    let start = steps.iter().find_map(|step| step.at).map_or(0, |at| at.0);
    let line = |step: &Step| {
        let at = step.at.map_or("?".to_owned(), |Timestamp(at)| (at - start).to_string());
        format!("{at} {}\n", serde_json::to_string(&step.what).expect("data"))
    };
    steps.iter().map(line).collect()
}

#[test]
fn every_kind_of_tool_call_is_told_once() {
    insta::assert_snapshot!(shown(&steps(&capture("tools.jsonl"))));
}

#[test]
fn a_refusal_and_a_session_opened_again() {
    insta::assert_snapshot!(shown(&steps(&capture("denied_resumed.jsonl"))));
}

#[test]
fn thoughts_answers_and_tokens() {
    insta::assert_snapshot!(shown(&steps(&capture("thoughts.jsonl"))));
}

#[test]
fn a_summarised_history_is_a_compaction_and_tells_nothing_twice() {
    insta::assert_snapshot!(shown(&steps(&capture("compacted.jsonl"))));
}

#[test]
fn steps_of_a_sub_agent_carry_its_id() {
    let mut reader = reader(Some(AGENT), None);
    let text = capture("subagent.jsonl");
    let steps: Vec<Step> = text.lines().flat_map(|line| reader.record(line.as_bytes()).expect("understood")).collect();
    assert!(steps.iter().all(|step| step.agent.as_deref() == Some(AGENT)));
    insta::assert_snapshot!(shown(&steps));
}

#[test]
fn what_this_version_does_not_know_is_said_and_what_is_broken_is_refused() {
    let given = r#"{"id":"1","timestamp":"2026-11-25T07:07:59.081Z","type":"hologram","content":"x"}
{"$set":{"mood":"calm","lastUpdated":"2026-11-25T07:07:59.081Z"}}
{"$rewindTo":"1"}
{"id":"2","type":"error","content":"quota"}
{"id":"3","type":"info","content":[{"text":"hint"},{"inlineData":{"mimeType":"image/png","data":"AA"}}]}
{"id":"4","type":"gemini","content":"","toolCalls":[{"id":"c","name":"glob","args":{},"status":"awaiting_approval"}]}
{"id":"4","type":"gemini","content":"","toolCalls":[{"id":"c","name":"glob","args":{},"status":"cancelled"}]}
{"sub":1}
{}"#;
    insta::assert_snapshot!(shown(&steps(given)));
    let mut reader = reader(None, None);
    for broken in ["", "{", "[]", "7", "\"a\"", "{\"id\":\"1\",\"type\":\"user\",\"content\":\"secr"] {
        let error = reader.record(broken.as_bytes()).expect_err(broken);
        assert!(!error.to_string().contains("secr"), "{error}");
    }
}

/// The steps of every whole line of the first bytes, with the reader saved and restored after each piece.
fn read_pieces(text: &str, ends: &[usize]) -> Vec<Step> {
    let bytes = text.as_bytes();
    let (mut out, mut from) = (Vec::new(), 0);
    let mut saved: Option<Value> = None;
    for end in ends {
        let mut reader = reader(None, saved.as_ref());
        while let Some(length) = bytes[from..*end].iter().position(|byte| *byte == b'\n') {
            out.extend(reader.record(&bytes[from..from + length]).expect("understood"));
            from += length + 1;
        }
        saved = Some(reader.save());
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_truncation_and_any_pieces_give_a_prefix(name in prop::sample::select(&CAPTURES[..]),
        cuts in prop::collection::vec(0.0..=1.0_f64, 1..8)) {
        let text = capture(name);
        let whole = steps(&text);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
            reason = "a place in a small text")]
        let mut ends: Vec<usize> = cuts.iter().map(|cut| (cut * text.len() as f64) as usize).collect();
        ends.sort_unstable();
        let part = read_pieces(&text, &ends);
        prop_assert!(whole.starts_with(&part));
        ends.push(text.len());
        prop_assert_eq!(read_pieces(&text, &ends), whole);
    }

    #[test]
    fn any_bytes_are_refused_or_understood(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut reader = reader(None, None);
        let first = reader.record(&line);
        let again = self::reader(None, None).record(&line);
        prop_assert_eq!(first, again);
    }

    #[test]
    fn a_torn_line_is_refused_whole(name in prop::sample::select(&CAPTURES[..]), at in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>()) {
        let text = capture(name);
        let lines: Vec<&str> = text.lines().collect();
        let line = lines[at.index(lines.len())].as_bytes();
        let torn = &line[..cut.index(line.len())];
        let mut reader = reader(None, None);
        let before = reader.save();
        prop_assert!(reader.record(torn).is_err());
        prop_assert_eq!(reader.save(), before);
    }
}

#[test]
fn recordings_name_their_session_their_agent_and_their_folder() {
    let machine = Machine::new();
    let home = home(&machine);
    machine.file("home/ada/.gemini/tmp/proj/chats/session-2026-11-25T09-00-0000.jsonl", "{\"sessionId\":\"torn");
    machine.file("home/ada/.gemini/tmp/proj/chats/session-2025-01-01T09-00-0000.json", "{\"sessionId\":\"old\"}");
    let mut found = gemini().recordings(&machine.env, &home);
    found.sort_by(|one, other| one.path.cmp(&other.path));
    let short: Vec<_> = found.iter().map(|r| (r.session.as_str(), r.agent.as_deref(), r.cwd.as_deref())).collect();
    let cwd = Some("/work/proj");
    let denied = "a2489f6f-1f31-4a81-826e-d0976232dce2";
    assert_eq!(short, [(SESSION, Some(AGENT), cwd), (SESSION, None, cwd), (denied, None, cwd)]);
    for one in &found {
        assert_eq!(gemini().recordings_in(&machine.env, &home, &one.path), std::slice::from_ref(one));
    }
    assert_eq!(gemini().recordings_in(&machine.env, &home, &home.join("settings.json")), []);
    let chats = home.join("tmp/proj/chats");
    assert_eq!(gemini().recording_folders(&machine.env, &home), [home.join("tmp"), chats.clone(), chats.join(SESSION)]);
}

#[test]
fn installs_are_found_with_their_version_and_each_once() {
    let mut machine = Machine::new();
    let program = package(&machine, "home/ada/.npm-global/lib/node_modules");
    let bin = machine.env.home.join(".npm-global/bin");
    std::fs::create_dir_all(&bin).expect("created");
    std::os::unix::fs::symlink(&program, bin.join("gemini")).expect("linked");
    machine.env.vars.insert("PATH".to_owned(), bin.display().to_string());
    let found = gemini().discover(&machine.env, &[]);
    let short: Vec<_> = found.installs.iter().map(|i| (i.path.clone(), i.how.as_str(), i.version.as_deref())).collect();
    assert_eq!(short, [(bin.join("gemini"), "npm", Some("0.61.0"))]);
    assert_eq!(found.homes.iter().map(|home| home.source.as_str()).collect::<Vec<_>>(), ["default"]);
    assert!(found.looked_at.contains(&machine.env.home.join(".gemini")));
}

#[test]
fn installs_of_the_other_systems() {
    let mut machine = Machine::new();
    machine.env.os = Os::MacOs;
    package(&machine, "opt/homebrew/Cellar/gemini-cli/0.61.0/libexec/lib/node_modules");
    assert_eq!(gemini().discover(&machine.env, &[]).installs[0].how, "Homebrew");
    let mut machine = Machine::new();
    machine.env.os = Os::Windows;
    let data = machine.path("home/ada/AppData/Roaming");
    package(&machine, "home/ada/AppData/Roaming/npm/node_modules");
    let link = machine.file("home/ada/AppData/Roaming/npm/gemini.cmd", "@node");
    machine.env.vars.insert("APPDATA".to_owned(), data.display().to_string());
    // A path of this machine holds no `;`, so it can stand for one of Windows.
    machine.env.vars.insert("PATH".to_owned(), data.join("npm").display().to_string());
    let installs = gemini().discover(&machine.env, &[]).installs;
    assert_eq!(installs.iter().map(|install| install.path.clone()).collect::<Vec<_>>(), [link]);
    assert_eq!(installs[0].version.as_deref(), Some("0.61.0"));
    assert!(
        gemini()
            .guarded_files(&machine.env, Path::new("/h"))
            .contains(&machine.path("ProgramData/gemini-cli/settings.json"))
    );
}

#[test]
fn homes_come_from_the_variable_the_default_and_by_hand() {
    let mut machine = Machine::new();
    assert_eq!(gemini().discover(&machine.env, &[]).homes, [], "nothing installed, nothing used");
    machine.file("home/ada/.gemini/other/settings.json", "{}");
    assert_eq!(gemini().discover(&machine.env, &[]).homes, [], "a folder of another program");
    home(&machine);
    machine.env.vars.insert("GEMINI_CLI_HOME".to_owned(), "/srv/bot".to_owned());
    let homes = gemini().discover(&machine.env, &["/x/.gemini".into()]).homes;
    let short: Vec<_> = homes.iter().map(|home| (home.path.clone(), home.source.as_str())).collect();
    let expected = [
        (PathBuf::from("/srv/bot/.gemini"), "GEMINI_CLI_HOME"),
        (machine.env.home.join(".gemini"), "default"),
        (PathBuf::from("/x/.gemini"), "added by hand"),
    ];
    assert_eq!(short, expected);
}

fn process(machine: &Machine, pid: u32, parent: u32, capture_of: &str, cwd: &str) {
    machine.file(&format!("proc/{pid}/cmdline"), &capture(capture_of));
    let zeros = ["0"; 17].join(" ");
    machine.file(&format!("proc/{pid}/stat"), &format!("{pid} (no) de) S {parent} {zeros} 5000 1 2\n"));
    std::os::unix::fs::symlink(cwd, machine.path(&format!("proc/{pid}/cwd"))).expect("linked");
}

#[test]
fn the_inner_process_is_the_session_its_newest_file_tells() {
    let mut machine = Machine::new();
    let home = home(&machine);
    machine.file("proc/stat", "cpu 1 2\nbtime 1000\n");
    process(&machine, 10, 1, "process_outer.cmdline", "/work/proj");
    process(&machine, 11, 10, "process_inner.cmdline", "/work/proj");
    process(&machine, 12, 1, "process_inner.cmdline", "/elsewhere");
    machine.file("proc/13/cmdline", "node\0/usr/bin/other\0");
    let newest = home.join("tmp/proj/chats/session-2026-11-25T07-08-70d8f59f.jsonl");
    let file = std::fs::File::options().append(true).open(&newest).expect("opened");
    file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_hours(24 * 365 * 100))
        .expect("set");
    let found = gemini().sessions(&machine.env, &home);
    insta::assert_debug_snapshot!(found);
    process(&machine, 14, 1, "process_inner.cmdline", "/work/proj");
    let found: Vec<_> = gemini().sessions(&machine.env, &home).into_iter().map(|s| s.session).collect();
    assert_eq!(found, ["process 11", "process 14"], "nothing tells which file is whose");
    machine.env.os = Os::MacOs;
    assert_eq!(gemini().sessions(&machine.env, &home), []);
}

#[test]
fn a_file_from_before_the_process_is_not_its_session() {
    let machine = Machine::new();
    let home = home(&machine);
    machine.file("proc/stat", "btime 99999999999\n");
    process(&machine, 11, 1, "process_inner.cmdline", "/work/proj");
    assert_eq!(gemini().sessions(&machine.env, &home)[0].session, "process 11");
}

#[test]
fn facts_tell_what_may_drift_and_no_secret() {
    let machine = Machine::new();
    let home = home(&machine);
    machine.file(
        "home/ada/.gemini/extensions/acme/gemini-extension.json",
        r#"{"version":"1.2.0","mcpServers":{"a":{"url":"https://u:secret-value@h.example/sse?key=secret-value"}}}"#,
    );
    machine.file("home/ada/.gemini/agents/looker.md", "---\nname: looker\n---\n");
    machine.file("home/ada/.gemini/skills/greet/SKILL.md", "greet");
    machine.file("home/ada/.gemini/policies/mine.toml", "[[rule]]");
    machine.file("home/ada/.gemini/oauth_creds.json", "secret-value");
    machine.file("etc/gemini-cli/settings.json", r#"{"security":{"disableYoloMode":true}}"#);
    let project = machine.path("work/proj");
    machine.file("work/proj/.gemini/settings.json", r#"{"mcpServers":{"p":{"command":"x"}}}"#);
    let facts = gemini().facts(&machine.env, &home, &[project]);
    let root = machine.path("").display().to_string();
    let lines: String = facts
        .iter()
        .map(|f| format!("{:?} | {} | {} | {:?} | {}\n", f.tab, f.name, f.value, f.watch, f.source))
        .collect();
    assert!(!lines.contains("secret-value"), "{lines}");
    insta::assert_snapshot!(lines.replace(&root, "/"));
    let mut names: Vec<_> = facts.iter().map(|fact| (fact.tab, fact.name.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), facts.len(), "names are unique in their tab");
    assert!(facts.iter().any(|fact| fact.name == "approval mode" && fact.watch == Watch::Rank(2)));
}

#[test]
fn checks_name_what_is_wrong_and_how_to_repair_it() {
    let machine = Machine::new();
    let home = home(&machine);
    let health = |name: &str| {
        let checks = gemini().checks(&machine.env, &home);
        let check = checks.into_iter().find(|check| check.name == name).expect("a check");
        assert_eq!(check.fix.is_none(), check.health == Health::Healthy);
        check.health
    };
    assert_eq!(health("client"), Health::Degraded);
    package(&machine, "usr/lib/node_modules");
    assert_eq!(health("client"), Health::Healthy);
    assert_eq!(health("settings"), Health::Healthy);
    for broken in ["{ \"security\": ", "{ \"security\": {}, }", "[]", "{ security: {} }"] {
        machine.file("home/ada/.gemini/settings.json", broken);
        assert_eq!(health("settings"), Health::Critical, "{broken}");
    }
    assert_eq!(health("recordings"), Health::Healthy);
}

#[test]
fn it_says_that_it_only_observes() {
    let machine = Machine::new();
    let home = home(&machine);
    let status = gemini().guard_status(&machine.env, &home, &machine.hook(), &[]);
    assert_eq!(status.state, GuardState::Missing);
    assert!(status.says.contains("only observes"), "{}", status.says);
    for variant in [Variant::User, Variant::Managed] {
        let error = gemini().plan_install(&machine.env, &home, &machine.hook(), variant).expect_err("no guard");
        assert_eq!(error.to_string(), "ClawButler only observes Gemini CLI: there is no guard to install");
        let plan = gemini().plan_uninstall(&machine.env, &home, &machine.hook(), variant).expect("a plan");
        assert!(plan.files.is_empty() && plan.command.is_none());
    }
    let can = gemini().capabilities();
    assert!(matches!(can.observe, Can::Partly(_)) && matches!(can.price, Can::Partly(_)));
    for (name, can) in can.all() {
        let (Can::Yes(says) | Can::Partly(says) | Can::No(says)) = can;
        assert!(says.ends_with('.'), "{name}: {says}");
    }
    assert!(matches!(can.ask, Can::No(_)) && matches!(can.block, Can::No(_)) && matches!(can.kill, Can::Partly(_)));
}

#[test]
fn a_recorded_call_is_understood() {
    let calls: Vec<String> = steps(&capture("tools.jsonl"))
        .into_iter()
        .filter_map(|step| match step.what {
            What::ToolCall { tool, input, .. } => {
                let call = clawbutler_connectors::call::ToolCall {
                    runtime: "gemini-cli".to_owned(),
                    tool: tool.clone(),
                    arguments: input,
                    cwd: "/work/proj".to_owned(),
                    ..Default::default()
                };
                let effect = serde_json::to_value(gemini().action(&call).effect).expect("data");
                Some(format!("{tool}: {}", effect["kind"].as_str().unwrap_or("?")))
            }
            _ => None,
        })
        .collect();
    insta::assert_debug_snapshot!(calls);
}

#[test]
fn without_a_guard_nothing_is_asked_or_blocked() {
    for connector in ALL.iter().filter(|connector| !connector.has_guard()) {
        let can = connector.capabilities();
        assert!(matches!((can.ask, can.block), (Can::No(_), Can::No(_))), "{}", connector.id());
        let machine = Machine::new();
        let planned = connector.plan_install(&machine.env, &machine.env.home, &machine.hook(), Variant::User);
        assert!(matches!(planned, Err(GuardError::ObservedOnly { .. })), "{}", connector.id());
    }
    assert!(!gemini().has_guard() && crate::scratch::claude().has_guard());
}
