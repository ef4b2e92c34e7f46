//! What began a session or a sub-agent: by the system's processes, by the runtime's word, by a client's trace context.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use clawbutler_butler::Submission;
use clawbutler_wire::audit::EntryView;
use clawbutler_wire::audit_search::{ExportFormat, SpanView, TraceView};
use clawbutler_wire::command::{Discover, Govern, ShowTrace};
use clawbutler_wire::gateway::{ActionRequest, Event, Verdict};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::every_kind::export;

/// A client: a shell that starts other programs when it is told to.
struct Client(Child, BufReader<ChildStdout>);

impl Client {
    fn new() -> Self {
        let mut shell = Command::new("sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(shell.stdout.take().unwrap());
        Self(shell, out)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Starts a program below a shell of its own, as a tool call does; gives its process id.
    fn starts(&mut self) -> u32 {
        writeln!(self.0.stdin.as_mut().unwrap(), "sh -c 'sleep 60 & echo $!; wait' &").unwrap();
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        line.trim().parse().unwrap()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let below = clawbutler_platform::ending::is;
        let started = clawbutler_platform::os::started(self.pid()).unwrap_or_default();
        if below(self.pid(), started) {
            clawbutler_platform::ending::end(
                self.pid(),
                started,
                std::time::Duration::ZERO,
                clawbutler_platform::ending::Ask::Once,
            );
        }
        let _ = self.0.wait();
    }
}

/// A request of this runtime whose client is the process `pid`.
fn of(desk: &Desk, runtime: &str, session: &str, pid: u32, event: Event) -> ActionRequest {
    let mut request = desk.request(session, "ls");
    runtime.clone_into(&mut request.runtime);
    request.event = event;
    request.process.client_pid = Some(pid);
    request.process.home = desk.home().join(format!(".{runtime}")).display().to_string();
    request
}

fn begins(desk: &Desk, runtime: &str, session: &str, pid: u32) -> ActionRequest {
    let mut request = of(desk, runtime, session, pid, Event::SessionStarted);
    (request.tool, request.arguments, request.call_id) = (String::new(), Value::Null, None);
    request
}

fn submit(desk: &Desk, request: &ActionRequest) {
    let pid = request.process.client_pid;
    let Submission::Settled(reply) = desk.butler().submit_of(request, pid) else { panic!("somebody is asked") };
    assert_ne!(reply.verdict, Verdict::Unavailable, "{}", reply.reason);
}

/// A session of Claude Code that runs a command which is not over.
fn running(desk: &Desk, session: &str, pid: u32) -> EntryView {
    submit(desk, &begins(desk, "claude-code", session, pid));
    calls(desk, session, pid)
}

fn calls(desk: &Desk, session: &str, pid: u32) -> EntryView {
    submit(desk, &of(desk, "claude-code", session, pid, Event::Gate));
    desk.entries("action.requested").remove(0)
}

fn shown(desk: &Desk, trace: &str) -> TraceView {
    desk.butler().show_trace(ShowTrace { trace: trace.to_owned(), ..ShowTrace::default() }).unwrap()
}

fn span<'a>(view: &'a TraceView, id: &str) -> &'a SpanView {
    view.spans.iter().find(|span| span.id == id).unwrap()
}

fn newest(desk: &Desk, kind: &str) -> EntryView {
    desk.entries(kind).remove(0)
}

#[test]
fn a_session_hangs_below_the_action_whose_process_began_it() {
    let mut desk = Desk::new();
    let mut client = Client::new();
    let action = running(&desk, "outer", client.pid());
    let below = client.starts();
    submit(&desk, &begins(&desk, "codex", "inner", below));
    submit(&desk, &of(&desk, "codex", "inner", below, Event::Gate));
    let begun = newest(&desk, "session.started");
    assert_eq!(begun.data["begun_by"], json!({ "trace": action.trace, "span": action.span, "how": "process" }));
    assert_eq!(newest(&desk, "action.requested").data.get("begun_by"), None, "it is told once");

    for indexed in [false, true] {
        if indexed {
            desk.butler().index_audit().unwrap();
        }
        let view = shown(&desk, &action.trace);
        let order: Vec<_> = view.spans.iter().map(|span| (span.runtime.as_str(), span.name.as_str())).collect();
        let (outer, inner) = ("Claude Code", "Codex");
        assert_eq!(order, [(outer, "session.started"), (outer, "Bash"), (inner, "session.started"), (inner, "Bash")]);
        assert_eq!(span(&view, &begun.span).parent.as_deref(), Some(action.span.as_str()));
        assert_eq!(
            view.begun.iter().map(|one| (one.session.as_str(), one.how.as_str())).collect::<Vec<_>>(),
            [("inner", "process")]
        );
        let inner = shown(&desk, &begun.trace);
        let by = inner.begun_by.unwrap();
        assert_eq!((by.session.as_str(), &by.span, &by.trace), ("outer", &action.span, &action.trace));
        assert_eq!(inner.spans.len(), 2, "what began it is shown at its own place");
    }

    desk.close();
    let told = export(&desk.data(), ExportFormat::OtlpTraces);
    let all: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let spans: Vec<&Value> =
        all.iter().flat_map(|one| one["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap()).collect();
    let of = |id: &str| *spans.iter().find(|span| span["spanId"] == id).unwrap();
    let session = of(&begun.span);
    assert_eq!(
        (&session["links"][0]["traceId"], &session["links"][0]["spanId"]),
        (&json!(action.trace), &json!(action.span))
    );
    assert_eq!(session.get("parentSpanId"), None, "a parent is in the same trace");
    let inner =
        spans.iter().find(|span| span["traceId"] == begun.trace.as_str() && span["spanId"] != begun.span.as_str());
    assert_eq!(inner.unwrap()["parentSpanId"], begun.span.as_str());
}

#[test]
fn where_it_cannot_be_told_which_action_it_was_the_session_is_named() {
    let desk = Desk::new();
    let mut client = Client::new();
    let early = client.starts();
    let first = running(&desk, "outer", client.pid());
    let session = newest(&desk, "session.started").span;
    let found = |name: &str, pid: u32| {
        submit(&desk, &begins(&desk, "codex", name, pid));
        newest(&desk, "session.started").data["begun_by"]["span"].clone()
    };
    // It was there before the action was let through.
    std::thread::sleep(std::time::Duration::from_millis(30));
    submit(&desk, &of(&desk, "claude-code", "outer", client.pid(), Event::SessionEnded));
    let again = running(&desk, "outer", client.pid());
    assert_ne!(again.span, first.span);
    assert_eq!(found("early", early), session.as_str());
    // Two are under way.
    let mut second = of(&desk, "claude-code", "outer", client.pid(), Event::Gate);
    second.arguments = json!({ "command": "pwd" });
    submit(&desk, &second);
    assert_eq!(found("either", client.starts()), session.as_str());
    // One is over.
    second.event = Event::Completed;
    submit(&desk, &second);
    assert_eq!(found("the other", client.starts()), again.span.as_str());
    // One that a person is asked about runs nothing.
    let mut asked = of(&desk, "claude-code", "outer", client.pid(), Event::Gate);
    asked.arguments = json!({ "command": "git push --force origin main" });
    assert!(matches!(desk.butler().submit_of(&asked, asked.process.client_pid), Submission::Waiting(_)));
    assert_eq!(found("meanwhile", client.starts()), again.span.as_str());
}

#[test]
fn nothing_is_guessed_and_no_process_can_be_claimed() {
    let desk = Desk::new();
    let (mut client, other) = (Client::new(), Client::new());
    running(&desk, "outer", client.pid());
    let below = client.starts();
    let told = || newest(&desk, "session.started").data.get("begun_by").cloned();
    // Its hook does not descend from the process it names.
    let mut claims = begins(&desk, "codex", "claims", below);
    desk.butler().submit_of(&claims, Some(other.pid()));
    assert_eq!(told(), None);
    // Nobody knows who connected.
    claims.session = "unseen".to_owned();
    desk.butler().submit(&claims);
    assert_eq!(told(), None);
    // It names none.
    let mut silent = begins(&desk, "codex", "silent", below);
    silent.process.client_pid = None;
    desk.butler().submit_of(&silent, Some(below));
    assert_eq!(told(), None);
    // Another session in the same process was not begun by the first one.
    submit(&desk, &begins(&desk, "claude-code", "beside", client.pid()));
    assert_eq!(told(), None);
    // Two sessions run in the process above, and no action tells which it was.
    submit(&desk, &begins(&desk, "codex", "of two", client.starts()));
    let of_two = told().unwrap();
    assert_eq!(
        of_two["trace"],
        newest(&desk, "action.requested").trace.as_str(),
        "its action is the only one under way"
    );
    let mut over = of(&desk, "claude-code", "outer", client.pid(), Event::Completed);
    over.call_id = None;
    submit(&desk, &over);
    submit(&desk, &begins(&desk, "codex", "of either", client.starts()));
    assert_eq!(told(), None);
}

#[test]
fn a_session_whose_beginning_nobody_tells_hangs_there_by_its_first_action() {
    let desk = Desk::new();
    let mut client = Client::new();
    let action = running(&desk, "outer", client.pid());
    let below = client.starts();
    submit(&desk, &of(&desk, "codex", "inner", below, Event::Gate));
    let first = newest(&desk, "action.requested");
    assert_eq!(first.data["begun_by"]["span"], action.span.as_str());
    submit(&desk, &of(&desk, "codex", "inner", below, Event::Gate));
    assert_eq!(newest(&desk, "action.requested").data.get("begun_by"), None);
    let view = shown(&desk, &action.trace);
    let parent = span(&view, &first.span).parent.clone().unwrap();
    let session = span(&view, &parent);
    assert_eq!((session.name.as_str(), session.parent.as_deref()), ("session.started", Some(action.span.as_str())));
}

#[test]
fn a_subagent_has_a_span_below_the_call_that_began_it() {
    let mut desk = Desk::new();
    let spawn = ActionRequest {
        tool: "Agent".to_owned(),
        arguments: json!({ "description": "look", "prompt": "look", "subagent_type": "explore" }),
        ..desk.request("s", "")
    };
    desk.butler().submit(&spawn);
    let call = newest(&desk, "action.requested");
    let inside = |event: Event, outcome: &str| ActionRequest {
        event,
        agent_id: Some("a1".to_owned()),
        agent_name: Some("explore".to_owned()),
        extra: json!({ "outcome": outcome }),
        ..desk.request("s", "ls")
    };
    desk.butler().submit(&inside(Event::Subagent, "started"));
    let mut ls = inside(Event::Gate, "");
    desk.butler().submit(&ls);
    ls.event = Event::Completed;
    desk.butler().submit(&ls);
    desk.butler().submit(&inside(Event::Subagent, "ended"));
    let begun = newest(&desk, "subagent.started");
    assert_eq!(begun.data["call"], call.span.as_str());
    assert_eq!(
        (&begun.data["how"], &begun.data["subagent"]),
        (&json!("only"), &json!({ "id": "a1", "name": "explore" }))
    );
    let view = shown(&desk, &call.trace);
    let agent = span(&view, &begun.span);
    assert_eq!((agent.parent.as_deref(), agent.subagent.as_deref()), (Some(call.span.as_str()), Some("explore")));
    assert_eq!(agent.entries.len(), 2);
    let action = newest(&desk, "action.completed");
    assert_eq!(span(&view, &action.span).parent.as_deref(), Some(begun.span.as_str()));
    // A call that is over and has no agent to show yet could have begun it as well as one under way.
    for call in ["over", "under way"] {
        let mut spawn = ActionRequest { call_id: Some(call.to_owned()), ..spawn.clone() };
        spawn.arguments["prompt"] = json!(call);
        desk.butler().submit(&spawn);
        spawn.event = Event::Completed;
        if call == "over" {
            desk.butler().submit(&spawn);
        }
    }
    let unclear = |outcome: &str| ActionRequest { agent_id: Some("a3".to_owned()), ..inside(Event::Subagent, outcome) };
    desk.butler().submit(&unclear("started"));
    assert_eq!(desk.entries("subagent.started").len(), 1, "its first call may know more");
    desk.butler().submit(&unclear("ended"));
    assert_eq!(newest(&desk, "subagent.started").data["call"], Value::Null);
    assert_eq!(newest(&desk, "subagent.ended").span, newest(&desk, "subagent.started").span);
    // One that was not told to begin ends without a word.
    desk.butler().submit(&ActionRequest { agent_id: Some("internal".to_owned()), ..unclear("ended") });
    assert_eq!((desk.entries("subagent.started").len(), desk.entries("subagent.ended").len()), (2, 2));
    // Once, over a start of ours too.
    let again = inside(Event::Gate, "");
    desk.close();
    desk.open();
    desk.butler().submit(&again);
    assert_eq!(desk.entries("subagent.started").len(), 2);
    // One whose beginning is not told begins with its first call, and what began it is not known.
    let late = ActionRequest { agent_id: Some("a2".to_owned()), ..again };
    desk.butler().submit(&ActionRequest { call_id: Some("late".to_owned()), ..late });
    let begun = newest(&desk, "subagent.started");
    assert_eq!((&begun.data["call"], &begun.data["how"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_recorded_spawn_names_the_call_among_several() {
    let desk = Desk::new();
    let transcript = desk.home().join(".claude/projects/p/s.jsonl");
    let notes = transcript.with_extension("").join("subagents");
    std::fs::create_dir_all(&notes).unwrap();
    std::fs::write(&transcript, "{}\n").unwrap();
    std::fs::write(
        notes.join("agent-a1.meta.json"),
        json!({ "agentType": "explore", "toolUseId": "call-two" }).to_string(),
    )
    .unwrap();
    // Only what lies below a home that somebody chose is read.
    let found = desk.butler().discover(Discover {}).unwrap().homes;
    let home = desk.home().join(".claude").display().to_string();
    let home_id = found.iter().find(|known| known.path == home).unwrap().id.clone();
    desk.butler().govern(Govern { home_id, governed: true }).unwrap();
    let start = ActionRequest {
        event: Event::SessionStarted,
        extra: json!({ "transcript_path": transcript.display().to_string() }),
        ..desk.request("s", "")
    };
    desk.butler().submit(&start);
    for (call, prompt) in [("call-one", "one"), ("call-two", "two")] {
        let arguments = json!({ "description": prompt, "prompt": prompt, "subagent_type": "explore" });
        let call_id = Some(call.to_owned());
        desk.butler().submit(&ActionRequest { tool: "Agent".to_owned(), arguments, call_id, ..desk.request("s", "") });
    }
    let two = newest(&desk, "action.requested");
    desk.butler().submit(&ActionRequest { agent_id: Some("a1".to_owned()), ..desk.request("s", "ls") });
    let begun = newest(&desk, "subagent.started");
    assert_eq!((&begun.data["call"], &begun.data["how"]), (&json!(two.span), &json!("named")));
    // Two could have begun it, and no note names one.
    desk.butler().submit(&ActionRequest { agent_id: Some("a2".to_owned()), ..desk.request("s", "pwd") });
    assert_eq!(newest(&desk, "subagent.started").data["call"], Value::Null);
}

#[test]
fn subagents_that_are_sessions_hang_below_the_one_that_began_them() {
    let desk = Desk::new();
    let (server, other) = (Client::new(), Client::new());
    let told = |mut request: ActionRequest, extra: Value| {
        request.extra = extra;
        submit(&desk, &request);
    };
    // By the session that began it.
    told(begins(&desk, "hermes", "parent", server.pid()), Value::Null);
    let parent = newest(&desk, "session.started");
    let start = |session: &str, pid| {
        let mut request = begins(&desk, "hermes", session, pid);
        request.event = Event::Subagent;
        request.agent_id = Some(session.to_owned());
        request
    };
    told(start("child", server.pid()), json!({ "outcome": "started", "parent_session": "parent" }));
    told(begins(&desk, "hermes", "child", server.pid()), Value::Null);
    let begun = newest(&desk, "session.started");
    assert_eq!(begun.data["begun_by"], json!({ "trace": parent.trace, "span": parent.span, "how": "runtime" }));
    let view = shown(&desk, &parent.trace);
    assert_eq!(span(&view, &begun.span).parent.as_deref(), Some(parent.span.as_str()));
    // A process that is not the parent's says nothing of it.
    told(start("forged", other.pid()), json!({ "outcome": "started", "parent_session": "parent" }));
    told(begins(&desk, "hermes", "forged", other.pid()), Value::Null);
    assert_eq!(newest(&desk, "session.started").data.get("begun_by"), None);
    // By a key that the sub-agent has.
    told(begins(&desk, "openclaw", "main", server.pid()), json!({ "sessionKey": "agent:main:main" }));
    let parent = newest(&desk, "session.started");
    let mut spawned = begins(&desk, "openclaw", "agent:main:main", server.pid());
    spawned.event = Event::Subagent;
    let child = "agent:main:subagent:1";
    let main = "agent:main:main";
    let named = json!({ "outcome": "started", "sessionKey": main, "child": child, "label": "cleaner" });
    told(spawned.clone(), named);
    told(begins(&desk, "openclaw", "sub", server.pid()), json!({ "sessionKey": child }));
    assert_eq!(newest(&desk, "session.started").data["begun_by"]["span"], parent.span.as_str());
    // Its beginning and its end are told in the session that began it, whether it tells of itself or not.
    told(spawned.clone(), json!({ "outcome": "ended", "sessionKey": main, "child": child, "result": "timeout" }));
    let pair = ["subagent.started", "subagent.ended"].map(|kind| newest(&desk, kind));
    for entry in &pair {
        assert_eq!((&entry.trace, &entry.data["subagent"]["id"]), (&parent.trace, &json!(child)));
    }
    let view = shown(&desk, &parent.trace);
    assert_eq!(span(&view, &pair[0].span).parent.as_deref(), Some(parent.span.as_str()));
    assert_eq!(pair[0].span, pair[1].span);
    assert_eq!(
        (&pair[0].data["subagent"]["name"], &pair[1].data["facts"]["result"]),
        (&json!("cleaner"), &json!("timeout"))
    );
    // When it is removed its own session tells that.
    told(spawned, json!({ "outcome": "ended", "sessionKey": child, "child": child, "result": "deleted" }));
    assert_eq!(newest(&desk, "subagent.ended").span, pair[1].span);
    assert_eq!(newest(&desk, "subagent.ended").data["facts"]["result"], "timeout");
}

#[test]
fn a_trace_context_links_by_its_client_s_word_only() {
    let desk = Desk::new();
    let trace = "7".repeat(32);
    let within = |request: ActionRequest, span: &str| {
        let mut request = request;
        request.process.traceparent = Some(format!("00-{trace}-{span}-01"));
        desk.butler().submit(&request);
    };
    let (stood, made) = ("1".repeat(16), "2".repeat(16));
    let begins = |session: &str| ActionRequest {
        event: Event::SessionStarted,
        tool: String::new(),
        call_id: None,
        ..desk.request(session, "")
    };
    let told = || newest(&desk, "session.started").data.get("begun_by").cloned();
    within(begins("outer"), &stood);
    within(desk.request("outer", "ls"), &made);
    let action = newest(&desk, "action.requested");
    // Two that were started in one shell are beside each other.
    within(begins("beside"), &stood);
    assert_eq!(told(), None);
    within(begins("inner"), &made);
    assert_eq!(told(), Some(json!({ "trace": action.trace, "span": action.span, "how": "trace_context" })));
    // What a client says puts none of its entries among another session's.
    let view = shown(&desk, &action.trace);
    assert_eq!(
        view.begun.iter().map(|one| (one.session.as_str(), one.how.as_str())).collect::<Vec<_>>(),
        [("inner", "trace_context")]
    );
    assert!(view.entries.iter().all(|entry| entry.trace == action.trace));
    // A span that nobody knows names nothing.
    within(begins("lost"), &"3".repeat(16));
    assert_eq!(told(), None);
}
