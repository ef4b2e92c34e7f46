//! Daemons attached: their questions in the queue, our answers back, over a connection that is made up.

use std::fs;
use std::sync::{Arc, Mutex};

use clawbutler_attach::CallError;
use clawbutler_attach::codex::{Approval, Asking, Decision, Event as Said, FileChange, Hello, Link, Thread, Trouble};
use clawbutler_butler::{End, Line, LineNumber, Told};
use clawbutler_core::timeline::{Outcome, Step, What};
use clawbutler_wire::Code;
use clawbutler_wire::approvals::Verb;
use clawbutler_wire::attached::{ConnectionView, LinkState};
use clawbutler_wire::command::{AcceptRules, AttachHome, Discover, Govern, ListConnections, SetAgentState, SetFloor};
use clawbutler_wire::gateway::Verdict;
use serde_json::json;

use crate::desk::{Desk, code, decide};

const RISKY: &str = "rm -rf victim";

/// A daemon that takes answers as it is told to.
#[derive(Debug, Default)]
struct Made {
    told: Mutex<Vec<(String, Decision)>>,
    /// What becomes of answers; handed over when empty.
    next: Mutex<Vec<Result<bool, CallError>>>,
}

impl Made {
    fn told(&self) -> Vec<(String, Decision)> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    fn next(&self, result: Result<bool, CallError>) {
        self.next.lock().unwrap().push(result);
    }
}

impl Line for Made {
    fn answer(&self, approval: &Approval, decision: Decision, told: Told<bool>) {
        self.told.lock().unwrap().push((approval.key.clone(), decision));
        let next = self.next.lock().unwrap().pop();
        told(next.unwrap_or(Ok(true)));
    }

    fn end(&self) -> End {
        End::Daemon
    }

    fn address(&self) -> String {
        "/s".to_owned()
    }
}

/// A desk with a governed home whose daemon is attached and up.
struct Place {
    desk: Desk,
    home: String,
    line: Arc<Made>,
    number: LineNumber,
}

impl Place {
    fn new() -> Self {
        let desk = Desk::new();
        fs::create_dir_all(desk.home().join(".codex")).unwrap();
        fs::write(desk.home().join(".codex/config.toml"), "").unwrap();
        let found = desk.butler().discover(Discover {}).unwrap();
        let home = found.homes.into_iter().find(|home| home.runtime == "codex").unwrap().id;
        desk.butler().govern(Govern { home_id: home.clone(), governed: true }).unwrap();
        let attach = AttachHome { home_id: home.clone(), url: None, token: None, reach: None };
        let view = desk.butler().attach_home(attach).unwrap();
        assert_eq!(view.link, LinkState::Absent, "no daemon runs");
        let (line, number) = Self::line(&desk, &home);
        Self { desk, home, line, number }
    }

    fn line(desk: &Desk, home: &str) -> (Arc<Made>, LineNumber) {
        let line = Arc::new(Made::default());
        let number = desk.butler().attach_line(home, line.clone());
        desk.butler().daemon_said(home, number, up());
        let thread = |id: &str| Thread {
            id: id.to_owned(),
            session: Some("t".to_owned()),
            cwd: Some(desk.project().display().to_string()),
            ..Thread::default()
        };
        for id in ["t", "child"] {
            desk.butler().daemon_said(home, number, Said::Thread(thread(id)));
        }
        (line, number)
    }

    fn said(&self, event: Said) {
        self.desk.butler().daemon_said(&self.home, self.number, event);
    }

    fn asks(&self, item: &str, command: &str) -> Approval {
        let command = format!("/bin/bash -lc '{command}'");
        let approval = question("t", item, Asking::Command { command, cwd: Some(self.project()) });
        self.said(Said::Asked(approval.clone()));
        approval
    }

    fn asks_about(&self, thread: &str, item: &str, asking: Asking) {
        self.said(Said::Asked(question(thread, item, asking)));
    }

    fn project(&self) -> String {
        self.desk.project().display().to_string()
    }

    fn settled(&self, item: &str) {
        self.said(Said::Settled { thread: "t".to_owned(), key: format!("t/{item}") });
    }

    fn ends(&self, item: &str, outcome: Outcome) {
        let what = What::ToolResult { call: Some(item.to_owned()), outcome, text: String::new() };
        self.said(Said::Steps {
            thread: "t".to_owned(),
            steps: vec![Step { at: None, id: Some(item.to_owned()), agent: None, what }],
        });
    }

    fn decide(&self, verb: Verb) {
        let seen = self.desk.pending().pop().unwrap();
        self.desk.butler().decide_approval(decide(&seen, verb)).unwrap();
    }

    fn view(&self) -> ConnectionView {
        self.desk.butler().list_connections(ListConnections {}).unwrap().items.pop().unwrap()
    }

    fn rule(&self, decision: &str, program: &str, example: &str) {
        let rule = format!(
            "[[rule]]\nid = \"own\"\ndecision = \"{decision}\"\nbecause = \"Said before.\"\n\
             when = {{ programs = [\"{program}\"] }}\nmatches = [\"shell: {example}\"]\nignores = [\"shell: ls\"]\n"
        );
        self.desk.write_rules("own.toml", &rule);
        self.desk.butler().tick(false);
        // What loosens waits for a person.
        if let Some(held) = self.desk.rules().held {
            self.desk.butler().accept_rules(AcceptRules { digest: held.digest }).unwrap();
        }
    }

    fn says(&self, kind: &str) -> Vec<String> {
        self.desk.entries(kind).into_iter().map(|entry| entry.says).collect()
    }

    fn hook(&self, call: &str, arguments: serde_json::Value) {
        let mut gate = self.desk.request("t", RISKY);
        "codex".clone_into(&mut gate.runtime);
        "Bash".clone_into(&mut gate.tool);
        gate.process.home = self.desk.home().join(".codex").display().to_string();
        gate.call_id = Some(call.to_owned());
        gate.arguments = arguments;
        self.desk.butler().delivered(&gate, Verdict::Allow, None);
    }
}

fn question(thread: &str, item: &str, asking: Asking) -> Approval {
    Approval {
        thread: thread.to_owned(),
        turn: Some("u".to_owned()),
        item: Some(item.to_owned()),
        key: format!("{thread}/{item}"),
        asking,
        reason: Some("It has to write there.".to_owned()),
        offered: vec![Decision::Accept, Decision::Decline, Decision::Cancel],
        asked_at: None,
    }
}

fn up() -> Said {
    let version = Some("0.169.0".to_owned());
    Said::Link(Link::Up(Arc::new(Hello { agent: "codex/0.169.0".to_owned(), version, home: None })))
}

fn down() -> Said {
    let refused = Trouble::Refused(clawbutler_attach::Refusal::default());
    Said::Link(Link::Waiting { trouble: refused, again_in_ms: 250 })
}

fn one(item: &str, decision: Decision) -> Vec<(String, Decision)> {
    vec![(format!("t/{item}"), decision)]
}

#[test]
fn a_person_decides_and_the_daemon_is_told() {
    let place = Place::new();
    place.asks("a", RISKY);
    let seen = place.desk.pending().pop().unwrap();
    assert_eq!((seen.runtime.as_str(), seen.headline.as_str(), seen.client_waiting), ("codex", RISKY, true));
    assert_eq!((place.view().waiting, place.view().version.as_deref()), (1, Some("0.169.0")));
    assert_eq!(place.line.told(), [], "nothing is said before a person decides");
    place.decide(Verb::Deny);
    assert_eq!(place.line.told(), one("a", Decision::Decline));
    place.settled("a");
    place.ends("a", Outcome::Refused);
    place.asks("b", RISKY);
    place.decide(Verb::AllowAlways);
    assert_eq!(place.line.told(), one("b", Decision::Accept), "the daemon never hears more than this once");
    place.asks("c", RISKY);
    assert_eq!(place.line.told(), one("c", Decision::Accept), "our own memory answers the third");
    assert!(place.desk.pending().is_empty() && place.says("decision.late").is_empty());
    assert_eq!(place.says("approval.withdrawn").len(), 0);
}

#[test]
fn allowed_once_is_that_call_only() {
    let place = Place::new();
    place.asks("a", RISKY);
    place.decide(Verb::AllowOnce);
    assert_eq!(place.line.told(), one("a", Decision::Accept));
    place.asks("b", RISKY);
    assert_eq!((place.line.told(), place.desk.pending().len()), (vec![], 1), "the same command is another call");
    // A tool has no call of its own to name it: its next question has the same name.
    let tool = || Asking::Tool { server: "s".to_owned(), tool: "delete_all".to_owned(), arguments: json!({}) };
    let mut asked = question("t", "x", tool());
    (asked.item, asked.key) = (None, "t/s/delete_all/{}".to_owned());
    place.decide(Verb::Deny);
    place.line.told();
    place.said(Said::Asked(asked.clone()));
    place.decide(Verb::AllowOnce);
    assert_eq!(place.line.told(), [(asked.key.clone(), Decision::Accept)]);
    place.said(Said::Asked(asked.clone()));
    assert_eq!((place.line.told(), place.desk.pending().len()), (vec![], 1));
}

#[test]
fn rules_and_stopped_agents_answer_at_once() {
    let place = Place::new();
    place.rule("deny", "rm", "rm -rf x");
    place.asks("a", RISKY);
    assert_eq!(place.line.told(), one("a", Decision::Decline));
    place.rule("allow", "git", "git tag v1");
    place.asks("b", "git tag v1");
    assert_eq!(place.line.told(), one("b", Decision::Accept));
    place.asks("c", "ls");
    assert_eq!(
        (place.line.told(), place.desk.pending().len()),
        (vec![], 1),
        "no rule minds it, but Codex's user is asked"
    );
    place.desk.butler().set_agent_state(SetAgentState { home_id: place.home.clone(), enabled: false }).unwrap();
    place.line.told();
    place.asks("d", "ls");
    assert_eq!(place.line.told(), one("d", Decision::Decline));
}

#[test]
fn files_input_and_tools_are_judged_as_what_they_are() {
    let place = Place::new();
    let seen = || {
        let seen = place.desk.pending().pop().unwrap();
        place.decide(Verb::Deny);
        (seen.tool, seen.headline)
    };
    let change = FileChange {
        path: "/etc/passwd".to_owned(),
        kind: "update".to_owned(),
        diff: "@@ -1 +1 @@\n-a\n+b\n".to_owned(),
        moved: None,
    };
    place.asks_about("t", "p", Asking::Files { changes: vec![change], root: None });
    let (tool, headline) = seen();
    assert!(tool == "apply_patch" && headline.contains("/etc/passwd"), "{headline}");
    place.asks_about("t", "w", Asking::Input { command: "write_stdin --session-id 4 'id -u\n'".to_owned() });
    let (tool, headline) = seen();
    assert!(tool == "write_stdin" && headline.contains("id -u"), "{headline}");
    let tool = Asking::Tool { server: "records".to_owned(), tool: "delete".to_owned(), arguments: json!({ "n": 1 }) };
    place.asks_about("child", "m", tool);
    let (tool, headline) = seen();
    assert!(tool == "mcp__records__delete" && headline.contains("records"), "{headline}");
    place.asks_about("t", "r", Asking::Files { changes: Vec::new(), root: Some("/".to_owned()) });
    assert_eq!(seen().0, "request_permissions");
    assert_eq!(place.line.told().len(), 4);
}

#[test]
fn an_answer_in_the_clients_own_window_takes_the_question_away() {
    let place = Place::new();
    place.asks("a", RISKY);
    place.settled("a");
    assert!(place.desk.pending().is_empty());
    assert_eq!(place.line.told(), []);
    assert_eq!(place.says("approval.withdrawn"), ["The question went away (answered in client)."]);
}

#[test]
fn who_was_faster_is_recorded_and_raised_when_it_matters() {
    let place = Place::new();
    place.asks("a", RISKY);
    place.line.next(Ok(false));
    place.decide(Verb::Deny);
    assert_eq!(place.says("decision.late"), ["The gateway did not take our answer: another answer was there first."]);
    assert_eq!(place.desk.alerts().len(), 1, "{:?}", place.desk.alerts());
    assert!(place.says("decision.delivered").is_empty());

    // Both answers were on their way, and theirs was there first: only the end of the call tells.
    place.asks("b", RISKY);
    place.decide(Verb::Deny);
    place.settled("b");
    place.ends("b", Outcome::Ok);
    place.asks("c", RISKY);
    place.decide(Verb::AllowOnce);
    place.ends("c", Outcome::Refused);
    let late = place.says("decision.late");
    assert_eq!(late.len(), 3, "{late:?}");
    assert!(late[0].contains("“deny”") && late[1].contains("“allow-once”"), "{late:?}");
    assert_eq!(place.desk.alerts().len(), 2, "{:?}", place.desk.alerts());
}

#[test]
fn an_answer_given_while_the_daemon_is_away_waits_until_it_asks_again() {
    let place = Place::new();
    let asked = place.asks("a", RISKY);
    place.said(down());
    place.decide(Verb::Deny);
    place.said(up());
    place.desk.butler().tick(false);
    assert_eq!(place.line.told(), [], "it does not know the question yet");
    place.said(Said::Asked(asked.clone()));
    assert_eq!(place.line.told(), one("a", Decision::Decline));
    place.said(Said::Caught);
    // The connection was lost before the answer was heard.
    place.said(down());
    place.said(up());
    place.said(Said::Asked(asked));
    assert_eq!(place.line.told(), one("a", Decision::Decline));
    assert!(place.desk.pending().is_empty() && place.says("decision.late").is_empty(), "nobody is asked again");
}

#[test]
fn what_does_not_come_again_is_gone() {
    let place = Place::new();
    let stays = place.asks("stays", RISKY);
    place.asks("goes", "rm -rf other");
    let owed = place.asks("owed", "rm -rf third");
    place.said(Said::Caught);
    assert_eq!(place.desk.pending().len(), 3, "asked in this round");
    place.said(down());
    let seen = place.desk.pending().into_iter().find(|one| one.headline == "rm -rf third").unwrap();
    place.desk.butler().decide_approval(decide(&seen, Verb::Deny)).unwrap();
    place.said(up());
    place.said(Said::Asked(stays));
    place.said(Said::Caught);
    let left: Vec<String> = place.desk.pending().into_iter().map(|view| view.headline).collect();
    assert_eq!(left, [RISKY]);
    assert_eq!(place.line.told(), []);
    assert_eq!(place.says("decision.late").len(), 1, "{} was denied, and something else was done", owed.key);
    place.said(Said::Missed(3));
    place.said(Said::Caught);
    assert!(place.desk.pending().is_empty());
}

#[test]
fn a_restart_of_the_app_asks_about_what_still_stands() {
    let mut place = Place::new();
    let asked = place.asks("a", RISKY);
    place.desk.close();
    assert_eq!(place.line.told(), [], "the daemon goes on waiting");
    place.desk.open();
    (place.line, place.number) = Place::line(&place.desk, &place.home);
    assert!(place.desk.pending().is_empty());
    place.said(Said::Asked(asked));
    place.decide(Verb::AllowOnce);
    assert_eq!(place.line.told(), one("a", Decision::Accept));
}

#[test]
fn nobody_answers_and_it_is_left_to_the_client() {
    let place = Place::new();
    place.asks("a", RISKY);
    place.desk.pass_ms(i64::from(u32::MAX));
    place.desk.butler().tick(false);
    assert!(place.desk.pending().is_empty());
    assert_eq!(place.line.told(), [], "its own window still asks");
}

#[test]
fn what_the_guard_let_through_is_not_asked_again() {
    let place = Place::new();
    let outside = |command: &str| json!({ "command": command, "sandbox_permissions": "require_escalated" });
    place.hook("a", outside(RISKY));
    place.asks("a", RISKY);
    assert_eq!((place.line.told(), place.desk.pending().len()), (one("a", Decision::Accept), 0));
    place.settled("a");
    place.asks("a", RISKY);
    assert_eq!(place.desk.pending().len(), 1, "once");
    place.hook("b", outside(RISKY));
    place.asks("b", "rm -rf another");
    assert_eq!(place.desk.pending().len(), 2, "the same command only");
    place.hook("c", json!({ "command": RISKY }));
    place.asks("c", RISKY);
    assert_eq!(place.desk.pending().len(), 3, "it was let through inside of its sandbox");
    assert_eq!(place.line.told(), []);
}

#[test]
fn a_home_that_was_let_go_of_is_not_answered() {
    let place = Place::new();
    place.asks("a", RISKY);
    place.desk.butler().govern(Govern { home_id: place.home.clone(), governed: false }).unwrap();
    place.asks("b", "ls");
    place.desk.butler().tick(false);
    assert_eq!((place.line.told(), place.desk.pending().len()), (vec![], 0));
}

#[test]
fn a_daemon_that_is_away_is_recorded_and_alarms_nobody() {
    let place = Place::new();
    place.said(down());
    place.desk.pass_ms(20_000);
    assert_eq!((place.says("gateway.lost").len(), place.desk.alerts().len()), (1, 0));
    assert_eq!(place.view().link, LinkState::Waiting);
    place.said(up());
    assert_eq!(place.says("gateway.up").len(), 2);
}

#[test]
fn a_daemon_has_no_token_and_no_policy() {
    let place = Place::new();
    let attach = |url: Option<&str>, token: Option<&str>| {
        let (url, token) = (url.map(str::to_owned), token.map(str::to_owned));
        place.desk.butler().attach_home(AttachHome { home_id: place.home.clone(), url, token, reach: None })
    };
    assert_eq!(code(attach(None, Some("secret"))), Code::BadRequest);
    assert_eq!(code(attach(Some("ws://192.168.0.1:1"), None)), Code::BadRequest);
    let floor = SetFloor { home_id: place.home.clone(), raised: true, seen_hash: "h".to_owned() };
    assert_eq!(code(place.desk.butler().set_floor(floor)), Code::Precondition);
    assert_eq!(place.view().floor, None);
}
