//! The real Gemini CLI against a loopback model: what the connector finds and tells is what the client says
//! of itself and what the model was sent.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop and say where")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clawbutler_connectors::connector::{Connector, by_id};
use clawbutler_connectors::env::Env;
use clawbutler_connectors::record::Recording;
use clawbutler_core::timeline::{Outcome, Step, Usage, What};
use clawbutler_testkit::gemini::Gemini;
use clawbutler_testkit::given;
use clawbutler_testkit::machine::{Machine, Running, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{GEMINI, tried};
use clawbutler_wire::command::{Govern, KillAgent, SetAgentState, ShowAgent};
use clawbutler_wire::error::Code;
use clawbutler_wire::registry::{AgentState, KillOutcome};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::shared::{alive, assert_listed_alike};

struct Bench {
    folder: PathBuf,
    /// Ends with the bench, unless the folder is a machine's.
    _own: Option<TempDir>,
    client: PathBuf,
    model: Gemini,
}

impl Bench {
    /// A scratch home and project for the client. `None` when it is not given.
    fn new() -> Option<Self> {
        let own = tempfile::tempdir().unwrap();
        let bench = Self::at(own.path())?;
        Some(Self { _own: Some(own), ..bench })
    }

    /// The same in the folder of a machine.
    fn at(folder: &Path) -> Option<Self> {
        let client = given("CLAWBUTLER_GEMINI_BIN")?;
        let bench = Self { folder: folder.to_owned(), _own: None, client, model: Gemini::start() };
        for folder in [bench.home(), bench.home().join("agents"), bench.project()] {
            fs::create_dir_all(folder).unwrap();
        }
        let settings = json!({
            "security": { "auth": { "selectedType": "gemini-api-key" } }, "model": { "name": "gemini-2.5-flash" },
        });
        fs::write(bench.home().join("settings.json"), settings.to_string()).unwrap();
        let looker = "---\nname: looker\ndescription: looks at one file\ntools: [read_file]\n---\nLook.\n";
        fs::write(bench.home().join("agents/looker.md"), looker).unwrap();
        fs::write(bench.project().join("a.txt"), "hello\n").unwrap();
        Some(bench)
    }

    fn home(&self) -> PathBuf {
        self.folder.join("home/.gemini")
    }

    /// As the system spells it: the client records the real path.
    fn project(&self) -> PathBuf {
        self.folder.canonicalize().unwrap().join("project")
    }

    fn env(&self) -> Env {
        let bin = self.client.ancestors().nth(4).unwrap().join(".bin");
        let vars = BTreeMap::from([("PATH".to_owned(), bin.display().to_string())]);
        Env::new(vars, self.folder.join("home"))
    }

    fn start(&self, mode: &str, prompt: &str, more: &[&str]) -> Running {
        let mut command = Command::new("node");
        command
            .arg(&self.client)
            .args(["--approval-mode", mode, "--skip-trust", "-o", "json", "-p", prompt])
            .args(more);
        command.env_clear().env("PATH", given("PATH").unwrap()).env("HOME", self.folder.join("home"));
        command.env("GEMINI_API_KEY", "loopback").env("GEMINI_TELEMETRY_ENABLED", "false");
        command.env("GOOGLE_GEMINI_BASE_URL", format!("http://127.0.0.1:{}", self.model.port));
        command.current_dir(self.project()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    /// What the client says of the session at its end.
    fn run(&self, mode: &str, prompt: &str, more: &[&str]) -> Value {
        let output = self.start(mode, prompt, more).finish();
        let text = String::from_utf8_lossy(&output.stdout);
        let from = text.find('{').unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&output.stderr)));
        serde_json::from_str(&text[from..]).unwrap()
    }

    fn recordings(&self) -> Vec<Recording> {
        gemini().recordings(&self.env(), &self.home())
    }

    fn recording(&self, session: &str, agent: bool) -> Recording {
        let mut all = self.recordings().into_iter();
        all.find(|one| one.session == session && one.agent.is_some() == agent).unwrap()
    }
}

fn gemini() -> &'static dyn Connector {
    by_id("gemini-cli").unwrap()
}

fn steps(recording: &Recording) -> Vec<Step> {
    let mut reader = gemini().reader(recording, None).unwrap();
    let text = fs::read_to_string(&recording.path).unwrap();
    text.lines().flat_map(|line| reader.record(line.as_bytes()).unwrap()).collect()
}

fn usages(steps: &[Step]) -> Vec<Usage> {
    let usage = |step: &Step| if let What::Usage(usage) = &step.what { Some(usage.clone()) } else { None };
    let all: Vec<Usage> = steps.iter().filter_map(usage).collect();
    let mut ids: Vec<_> = all.iter().map(|usage| usage.response.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all.len(), "each answer is counted once");
    all
}

/// Calls with how they ended and what the model was told, by tool.
fn results(steps: &[Step]) -> Vec<(String, Value, Outcome, String)> {
    let mut open = BTreeMap::new();
    let mut done = Vec::new();
    for step in steps {
        match &step.what {
            What::ToolCall { call, tool, input } => {
                assert!(open.insert(call.clone(), (tool.clone(), input.clone())).is_none(), "told once");
            }
            What::ToolResult { call, outcome, text } => {
                let (tool, input) = open.remove(call).unwrap();
                done.push((tool, input, *outcome, text.clone()));
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
    done
}

/// What the model was sent about calls, in the order in which it was first sent.
fn sent(model: &Gemini) -> Vec<String> {
    let mut seen = Vec::new();
    let mut texts = Vec::new();
    for request in model.asked() {
        for content in request["contents"].as_array().into_iter().flatten() {
            for part in content["parts"].as_array().into_iter().flatten() {
                let response = &part["functionResponse"];
                if response.is_object() && !seen.contains(response) {
                    seen.push(response.clone());
                    let told = &response["response"];
                    texts.push(told["output"].as_str().or(told["error"].as_str()).unwrap().to_owned());
                }
            }
        }
    }
    texts
}

fn prompts(steps: &[Step]) -> Vec<&str> {
    steps
        .iter()
        .filter_map(|step| if let What::Prompt { text } = &step.what { Some(text.as_str()) } else { None })
        .collect()
}

#[test]
fn what_is_told_is_what_happened() {
    let Some(bench) = Bench::new() else { return };
    let _row = tried(GEMINI, "records: what is told is what the client recorded");
    let inner = script(&json!([[{ "tool": "read_file", "input": { "file_path": "a.txt" } }],
        [{ "tool": "complete_task", "input": { "result": "it says hello" } }]]));
    let calls = [
        ("run_shell_command", json!({ "command": "touch ran.txt && ls", "description": "list" })),
        ("read_file", json!({ "file_path": "/etc/no-such" })),
        ("write_file", json!({ "file_path": "b.txt", "content": "bee" })),
        ("invoke_agent", json!({ "agent_name": "looker", "prompt": inner })),
    ];
    let block = |at: usize| json!({ "tool": calls[at].0, "input": calls[at].1 });
    let first = json!([{ "thought": "**Plan** first look" }, { "text": "I look" }, block(0)]);
    let prompt = script(&json!([first, [block(1), block(2)], [block(3)]]));
    let said = bench.run("yolo", &prompt, &[]);
    assert!(bench.project().join("ran.txt").exists());

    let session = said["session_id"].as_str().unwrap();
    let main = bench.recording(session, false);
    assert_eq!(main.cwd.as_deref(), bench.project().to_str());
    let told = steps(&main);
    assert!(!told.iter().any(|step| matches!(step.what, What::Unknown { .. })), "{told:?}");
    assert!(told.iter().all(|step| step.at.is_some()));
    assert_eq!(prompts(&told), [prompt.as_str()]);
    let answers: Vec<&str> = told
        .iter()
        .filter_map(|step| if let What::Answer { text } = &step.what { Some(text.as_str()) } else { None })
        .collect();
    assert_eq!(answers, ["I look", said["response"].as_str().unwrap()]);
    assert!(told.iter().any(|step| step.what == What::Thinking { text: "Plan: first look".to_owned() }));

    let ended = results(&told);
    let seen: Vec<_> = ended.iter().map(|(tool, input, outcome, _)| (tool.as_str(), input.clone(), *outcome)).collect();
    let outcomes = [Outcome::Ok, Outcome::Failed, Outcome::Ok, Outcome::Ok];
    let expected: Vec<_> =
        calls.iter().zip(outcomes).map(|((tool, input), outcome)| (*tool, input.clone(), outcome)).collect();
    assert_eq!(seen, expected);

    let agent = bench.recording(session, true);
    let inside = steps(&agent);
    assert!(inside.iter().all(|step| step.agent == agent.agent));
    let started = What::AgentStarted {
        agent: agent.agent.clone().unwrap(),
        name: Some("looker".to_owned()),
        call: told.iter().find_map(|step| match &step.what {
            What::ToolCall { call, tool, .. } if tool == "invoke_agent" => call.clone(),
            _ => None,
        }),
    };
    assert!(told.iter().any(|step| step.what == started), "{told:?}");

    // What the model was sent of each call, word for word; the agent's last result goes to nobody.
    let mut texts: Vec<String> = ended.into_iter().chain(results(&inside)).map(|result| result.3).collect();
    texts.retain(|text| text != "Result submitted and task completed.");
    let mut sent = sent(&bench.model);
    texts.sort();
    sent.sort();
    assert_eq!(texts, sent);

    // Tokens, against the client's own sums.
    let tokens = &said["stats"]["models"]["gemini-2.5-flash"]["tokens"];
    let all: Vec<Usage> = usages(&told).into_iter().chain(usages(&inside)).collect();
    let sum = |count: fn(&Usage) -> u64| all.iter().map(count).sum::<u64>();
    let count = |name: &str| tokens[name].as_u64().unwrap();
    assert_eq!(sum(|usage| usage.cache_read), count("cached"));
    assert_eq!(sum(|usage| usage.input), count("input") + count("tool"), "{tokens}");
    assert_eq!(sum(|usage| usage.output), count("candidates") + count("thoughts"));
    assert!(all.iter().all(|usage| usage.model.as_deref() == Some("gemini-2.5-flash")));
}

#[test]
fn a_refused_call_and_a_session_opened_again() {
    let Some(bench) = Bench::new() else { return };
    let _row = tried(GEMINI, "records: a refusal, a session opened again");
    // Without an allowed command the tool is not offered at all; with one, any other command is refused.
    let settings = json!({
        "security": { "auth": { "selectedType": "gemini-api-key" } }, "model": { "name": "gemini-2.5-flash" },
        "tools": { "allowed": ["run_shell_command(git status)"] },
    });
    fs::write(bench.home().join("settings.json"), settings.to_string()).unwrap();
    let shell = json!([[{ "tool": "run_shell_command", "input": { "command": "touch ran.txt" } }]]);
    let said = bench.run("default", &script(&shell), &[]);
    assert!(!bench.project().join("ran.txt").exists());
    let session = said["session_id"].as_str().unwrap().to_owned();
    let before = steps(&bench.recording(&session, false));
    let ended = results(&before);
    assert_eq!(ended[0].2, Outcome::Refused, "{ended:?}");
    let again = bench.run("default", &script(&json!([])), &["-r", "latest"]);
    assert_eq!(again["session_id"], session.as_str());
    let after = steps(&bench.recording(&session, false));
    assert!(after.starts_with(&before), "nothing that was told is told otherwise");
    assert_eq!(prompts(&after), [script(&shell), script(&json!([]))]);
    assert_eq!(results(&after), results(&before), "and nothing twice");
}

#[test]
fn the_install_its_home_and_its_running_session_are_found() {
    let Some(bench) = Bench::new() else { return };
    let _row = tried(GEMINI, "found: install, home, running session");
    let found = gemini().discover(&bench.env(), &[]);
    let facts: Value =
        serde_json::from_slice(&fs::read(bench.client.ancestors().nth(2).unwrap().join("package.json")).unwrap())
            .unwrap();
    assert_eq!(found.installs.len(), 1, "{found:?}");
    assert_eq!(found.installs[0].version.as_deref(), facts["version"].as_str());
    assert_eq!(found.homes.iter().map(|home| home.path.clone()).collect::<Vec<_>>(), [bench.home()]);
    assert!(gemini().facts(&bench.env(), &bench.home(), &[]).iter().any(|fact| fact.name == "agent:looker"));
    if !cfg!(target_os = "linux") {
        return;
    }
    let client = bench.start(
        "yolo",
        &script(
            &json!([[{ "tool": "run_shell_command", "input": { "command": "until [ -e go ]; do sleep 0.1; done" } }]]),
        ),
        &[],
    );
    let outer = client.0.id();
    let named = |session: &str| !session.starts_with("process ");
    let live = wait_for("a live session", || {
        gemini().sessions(&bench.env(), &bench.home()).into_iter().find(|live| named(&live.session))
    });
    assert_eq!((live.cwd.as_str(), live.kind.as_str()), (bench.project().to_str().unwrap(), "print"));
    assert_ne!(live.pid, outer, "the inner process");
    assert!(Path::new("/proc").join(live.pid.to_string()).exists());
    let recorded = bench.recordings();
    assert_eq!(recorded.iter().map(|one| one.session.as_str()).collect::<Vec<_>>(), [live.session.as_str()]);
    let env = bench.env();
    assert_listed_alike("gemini-cli", &env.vars, &env.home, &bench.home());
    fs::write(bench.project().join("go"), "").unwrap();
    client.finish();
    assert_eq!(gemini().sessions(&bench.env(), &bench.home()), []);
}

#[test]
fn the_kill_switch_ends_what_runs_and_promises_no_more() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let Some(mut machine) = Machine::new() else { return };
    machine.governed = "home/.gemini";
    let Some(bench) = Bench::at(machine.project().parent().unwrap()) else { return };
    let _row = tried(GEMINI, "state: kill switch without a guard");
    let home_id = machine.home_id();
    machine.ask(&Govern { home_id: home_id.clone(), governed: true }).unwrap();
    let refused = machine.ask(&SetAgentState { home_id: home_id.clone(), enabled: false }).unwrap_err();
    assert_eq!(refused.code, Code::Precondition, "nothing would hold it");

    let wait = "echo $$ > pid.txt; until [ -e go ]; do sleep 0.1; done";
    let shell = |command: &str| script(&json!([[{ "tool": "run_shell_command", "input": { "command": command } }]]));
    let client = bench.start("yolo", &shell(wait), &[]);
    let outer = client.0.id();
    let pid: u32 =
        wait_for("the command", || fs::read_to_string(bench.project().join("pid.txt")).ok()?.trim().parse().ok());
    let seen = wait_for("a live session", || {
        let seen = machine.ask(&ShowAgent { home_id: home_id.clone() }).unwrap();
        (seen.sessions.len() == 1).then_some(seen)
    });
    assert_eq!(seen.sessions[0].guarded, None);
    let report = machine.ask(&KillAgent { home_id: home_id.clone() }).unwrap();
    assert!(report.complete, "{report:?}");
    let [first, more @ ..] = &report.items[..] else { panic!("{report:?}") };
    assert_eq!((first.pid, first.outcome), (Some(seen.sessions[0].pid), KillOutcome::Stopped));
    // The outer process ends with the inner one, and may still be seen on its way.
    assert!(more.iter().all(|item| item.pid == Some(outer)), "{report:?}");
    assert_eq!(report.agent.state, AgentState::Online, "a state that nothing enforces is not claimed");
    assert!(report.beyond.iter().any(|says| says.starts_with("Nothing holds a session")), "{:?}", report.beyond);
    client.finish();
    assert!(!alive(pid), "the command was ended too");

    bench.run("yolo", &shell("touch ran.txt"), &[]);
    assert!(bench.project().join("ran.txt").exists(), "what the report says is so");
}
