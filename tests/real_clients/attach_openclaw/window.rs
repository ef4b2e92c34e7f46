//! What the window does with the real gateway, through the app's own commands: its parts, chat, configuration, agents
//! off and on.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use clawbutler_testkit::in_shell;
use clawbutler_testkit::machine::Machine;
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway, TOKEN, cli};
use clawbutler_testkit::results::{OPENCLAW, tried};
use clawbutler_wire::Code;
use clawbutler_wire::attached::{
    CellView, ChatAct, ChatState, ChatView, ConfigAct, ConfigView, GatewayDone, GatewayPart, GatewayVerb, PartView,
    Reach,
};
use clawbutler_wire::command::{AttachHome, GatewayAct, GatewayChat, GatewayConfig, GatewayView, Govern};
use clawbutler_wire::sessions::StepBody;
use serde_json::json;

use super::{PATIENCE, SESSION, exec, stands};

/// A machine whose governed home is connected to its running gateway.
pub(crate) fn connected(reach: Reach) -> Option<(Machine, Gateway)> {
    let machine = openclaw::machine()?;
    let gateway = Gateway::start(&machine);
    attach(&machine, reach);
    Some((machine, gateway))
}

/// Governs the home and connects to its gateway.
pub(crate) fn attach(machine: &Machine, reach: Reach) {
    let home_id = machine.home_id();
    machine.ask(&Govern { home_id: home_id.clone(), governed: true }).unwrap();
    machine.ask(&AttachHome { home_id, url: None, token: Some(TOKEN.to_owned()), reach: Some(reach) }).unwrap();
    stands(machine);
}

/// Waits for something of the client's pace.
#[track_caller]
pub(crate) fn comes<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(200));
    }
}

pub(crate) fn part(machine: &Machine, part: GatewayPart) -> PartView {
    let view = machine.ask(&GatewayView { home_id: machine.home_id(), part, agent: None, after: None }).unwrap();
    assert_eq!(view.part, part);
    assert!(!serde_json::to_string(&view).unwrap().contains(TOKEN), "{part:?} shows the token");
    view
}

/// The texts of the cells of one table, a row at a time.
pub(crate) fn rows(view: &PartView, table: &str) -> Vec<Vec<String>> {
    let table = view.tables.iter().find(|one| one.title == table).unwrap_or_else(|| panic!("no {table}"));
    let text = |cell: &CellView| match cell {
        CellView::Text { text } => text.clone(),
        CellView::Unknown => String::new(),
        other => serde_json::to_string(other).unwrap(),
    };
    assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    table.rows.iter().map(|row| row.iter().map(text).collect()).collect()
}

#[track_caller]
fn has(rows: &[Vec<String>], words: &str) {
    assert!(rows.iter().flatten().any(|cell| cell.contains(words)), "no {words} in {rows:?}");
}

fn chat(machine: &Machine, act: ChatAct) -> ChatView {
    let request = GatewayChat { home_id: machine.home_id(), session: SESSION.to_owned(), act };
    machine.ask(&request).unwrap()
}

pub(crate) fn send(machine: &Machine, message: &str) -> ChatView {
    chat(machine, ChatAct::Send { message: message.to_owned() })
}

/// Looks until the answer is over.
fn answered(machine: &Machine) -> ChatView {
    comes("the end of the answer", || {
        Some(chat(machine, ChatAct::Look)).filter(|view| view.state != ChatState::Running && view.answer.is_none())
    })
}

pub(crate) fn act(machine: &Machine, act: GatewayVerb) -> GatewayDone {
    machine.ask(&GatewayAct { home_id: machine.home_id(), act }).unwrap()
}

fn config(machine: &Machine, act: ConfigAct) -> ConfigView {
    machine.ask(&GatewayConfig { home_id: machine.home_id(), act }).unwrap()
}

/// Whether a process with this in its command line runs.
fn runs(words: &str) -> bool {
    let has =
        |path: &Path| fs::read(path.join("cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(words));
    fs::read_dir("/proc").unwrap().flatten().any(|entry| has(&entry.path()))
}

/// What is said reaches the agent, what it does is shown while it happens, and it is stopped.
fn talks(machine: &Machine) {
    let _row = tried(OPENCLAW, "attached: gateway, chat is sent, streamed, stopped");
    let made = machine.project().join("by-chat");
    let sent = send(machine, &exec(&format!("touch {}", in_shell(&made))));
    assert_eq!((sent.state, sent.session.as_str()), (ChatState::Running, SESSION));
    let view = answered(machine);
    assert!(made.exists(), "{view:?}");
    let is = |wanted: fn(&StepBody) -> bool| view.steps.iter().filter(|step| wanted(&step.what)).count();
    let prompts = is(|step| matches!(step, StepBody::Prompt { text } if text.contains("by-chat")));
    let calls = is(|step| matches!(step, StepBody::ToolCall { .. }));
    let ends = is(|step| matches!(step, StepBody::Answer { text } if text.contains("SCRIPT-END")));
    assert_eq!((prompts, calls, ends, view.state), (1, 1, 1, ChatState::Idle), "{view:?}");

    send(machine, &exec("sleep 4731"));
    comes("the call under way", || {
        let seen = chat(machine, ChatAct::Look);
        let call = |step: &StepBody| matches!(step, StepBody::ToolCall { .. });
        let live = seen.steps.iter().filter(|step| call(&step.what)).count() > 1;
        (seen.state == ChatState::Running && live && runs("sleep\x004731")).then_some(())
    });
    let stopped = chat(machine, ChatAct::Stop);
    assert_eq!(stopped.state, ChatState::Stopped, "{stopped:?}");
    comes("the end of what ran", || (!runs("sleep\x004731")).then_some(()));
    let after = chat(machine, ChatAct::Look);
    assert_eq!(after.state, ChatState::Stopped, "{after:?}");
    let acts: Vec<_> = machine.ledger().into_iter().filter(|entry| entry["kind"] == "gateway.chat").collect();
    let said: Vec<&str> = acts.iter().filter_map(|entry| entry["data"]["act"].as_str()).collect();
    assert_eq!(said, ["send", "send", "stop"]);
}

/// Every part is asked about and shown with what is really there.
fn shows(machine: &Machine) {
    let _row = tried(OPENCLAW, "attached: gateway, every part is shown");
    cli(
        machine,
        &[
            "cron", "add", "--name", "nightly look", "--cron", "0 3 * * *", "--session", "isolated", "--message",
            "look", "--token", TOKEN,
        ],
    );
    let health = rows(&part(machine, GatewayPart::Health), "Health");
    has(&health, "2026.");
    has(&rows(&part(machine, GatewayPart::Agents), "Agents"), "main");
    let sessions = rows(&part(machine, GatewayPart::Sessions), "Sessions");
    has(&sessions, SESSION);
    assert_eq!(rows(&part(machine, GatewayPart::Channels), "Channels"), Vec::<Vec<String>>::new());
    let cron = part(machine, GatewayPart::Cron);
    has(&rows(&cron, "Jobs"), "nightly look");
    has(&rows(&cron, "Jobs"), "0 3 * * *");
    has(&rows(&part(machine, GatewayPart::Models), "Models"), "one");
    has(&rows(&part(machine, GatewayPart::Tools), "Tools"), "exec");
    assert!(!rows(&part(machine, GatewayPart::Skills), "Skills").is_empty());
    has(&rows(&part(machine, GatewayPart::Presence), "Connected"), "ClawButler");
    let log = |after| {
        let request = GatewayView { home_id: machine.home_id(), part: GatewayPart::Logs, agent: None, after };
        machine.ask(&request).unwrap()
    };
    let (end, lines) = (log(None), "The end of its log, newest first");
    assert!(!rows(&end, lines).is_empty() && !end.goes_on);
    cli(machine, &["cron", "list", "--token", TOKEN]);
    let more = comes("more of the log", || Some(log(end.cursor)).filter(|more| !rows(more, lines).is_empty()));
    assert!(more.goes_on && rows(&more, lines).len() < rows(&end, lines).len());
    has(&rows(&more, lines), "heartbeat:main");
    assert!(more.cursor > end.cursor);
    let tools = |agent: &str| {
        let agent = Some(agent.to_owned());
        let request = GatewayView { home_id: machine.home_id(), part: GatewayPart::Tools, agent, after: None };
        machine.ask(&request)
    };
    has(&rows(&tools("main").unwrap(), "Tools"), "exec");
    assert!(tools("nobody").unwrap_err().message.contains("refused"));
    // The gateway counts cost beside its work: at first it may say that it is not ready.
    let tokens = comes("the usage of what was said", || {
        let usage = part(machine, GatewayPart::Usage);
        let counted = |cell: &CellView| matches!(cell, CellView::Number { number } if *number >= 1_000);
        usage.tables.iter().flat_map(|table| &table.rows).flatten().any(counted).then_some(usage)
    });
    assert_eq!(tokens.tables[0].title, "The last 30 days");
}

/// The configuration is kept as it changes, compared by meaning, and brought back as it was tried out.
fn goes_back(machine: &Machine) {
    let _row = tried(OPENCLAW, "attached: gateway, configuration compared, brought back after a dry run");
    let file = machine.at("home/.openclaw/openclaw.json");
    let first = config(machine, ConfigAct::Look);
    assert!(first.valid && first.changes.is_none() && first.trial.is_none(), "{first:?}");
    let before = first.snapshots[0].clone();
    cli(machine, &["config", "set", "tools.exec.mode", "ask"]);
    let now = comes("the change", || {
        let view = config(machine, ConfigAct::Look);
        (view.snapshots[0].hash != before.hash).then_some(view)
    });
    let after = now.snapshots[0].clone();
    let compared = config(machine, ConfigAct::Compare { from: before.id.clone(), to: after.id.clone() });
    let changes = compared.changes.unwrap();
    let changed: Vec<_> =
        changes.iter().filter(|change| !change.path.starts_with("meta")).map(|change| change.path.as_str()).collect();
    assert_eq!(changed, ["tools.exec.mode"], "{changes:?}");

    let trial = config(machine, ConfigAct::Try { to: before.id.clone() }).trial.unwrap();
    let gone = trial.changes.iter().find(|change| change.path == "tools.exec.mode").unwrap();
    assert_eq!((gone.before.as_deref(), gone.after.as_deref()), (Some("\"ask\""), Some("\"full\"")));
    assert!(fs::read_to_string(&file).unwrap().contains("\"ask\""), "a trial changes nothing");
    let roll = |seen: &str| {
        let act = ConfigAct::RollBack { to: before.id.clone(), seen: seen.to_owned() };
        machine.ask(&GatewayConfig { home_id: machine.home_id(), act })
    };
    assert_eq!(roll("another").unwrap_err().code, Code::Stale);
    let back = roll(&trial.seen).unwrap();
    assert!(back.valid && back.snapshots[0].hash != after.hash, "{back:?}");
    assert!(!fs::read_to_string(&file).unwrap().contains("\"ask\""));
    let left = config(machine, ConfigAct::Compare { from: before.id, to: back.snapshots[0].id.clone() });
    let left: Vec<_> = left.changes.unwrap().into_iter().filter(|change| !change.path.starts_with("meta")).collect();
    assert_eq!(left, []);
    stands(machine);
}

/// An agent that is off can do nothing at all; what ran in a session is ended.
fn holds(machine: &Machine, gateway: &Gateway) {
    let _row = tried(OPENCLAW, "attached: gateway, an agent off and on, a session's run ended");
    let made = |name: &str| machine.project().join(name);
    let tries = |name: &str| {
        let write = json!({ "path": made(&format!("{name}-written")), "content": "x" });
        script(&json!([
            [{ "tool": "exec", "input": { "command": format!("touch {}", in_shell(&made(&format!("{name}-run")))) } }],
            [{ "tool": "write", "input": write }],
        ]))
    };
    let turn = |name: &str| {
        assert_eq!(gateway.turn(name, &tries(name)).join().unwrap().status, 200);
        ["run", "written"].map(|end| made(&format!("{name}-{end}")).exists())
    };
    assert_eq!(turn("before"), [true, true]);
    let done = act(machine, GatewayVerb::DisableAgent { agent: "main".to_owned() });
    assert_eq!(done.still_running, Vec::<String>::new());
    stands(machine);
    let view = super::connection(machine);
    assert_eq!(view.disabled, ["main"]);
    assert_eq!(turn("off"), [false, false], "an agent that is off does nothing");
    act(machine, GatewayVerb::EnableAgent { agent: "main".to_owned() });
    stands(machine);
    assert_eq!(turn("on"), [true, true]);
    assert!(super::connection(machine).disabled.is_empty());

    let long = gateway.turn("long", &exec("sleep 4732"));
    let session = comes("the session's run", || {
        let view = part(machine, GatewayPart::Sessions);
        let running = rows(&view, "Sessions").into_iter().find(|row| row[2] == "running")?;
        runs("sleep\x004732").then(|| running[0].clone())
    });
    let ended = act(machine, GatewayVerb::AbortSession { session });
    assert_eq!(ended.says, "What ran in it was ended.");
    long.join().unwrap();
    comes("the end of what ran", || (!runs("sleep\x004732")).then_some(()));
}

#[test]
fn a_gateway_is_worked_with_from_the_window() {
    let Some((machine, gateway)) = connected(Reach::Govern) else { return };
    talks(&machine);
    shows(&machine);
    goes_back(&machine);
    holds(&machine, &gateway);
}
