//! Conversations through a gateway: recorded before they are sent, followed live, bounded, masked.

use clawbutler_attach::openclaw::{ChatPart, ChatState as Far, Event as Said, Origin, Steps};
use clawbutler_butler::Error;
use clawbutler_core::timeline::{Step, What};
use clawbutler_wire::Code;
use clawbutler_wire::attached::{ChatAct, ChatState, ChatView};
use clawbutler_wire::command::{GatewayChat, SetAgentState};
use clawbutler_wire::sessions::StepBody;
use serde_json::json;

use crate::attached::Place;
use crate::desk::code;

const SESSION: &str = "agent:main:main";
const SECRET: &str = "sk-ant-api03-0123456789abcdefghijABCDEFGHIJ0123456789abcdefghijABCDEFGHIJ0123456789abcd-AbCdEfAA";

fn chat(place: &Place, act: ChatAct) -> Result<ChatView, Error> {
    let request = GatewayChat { home_id: place.home.clone(), session: SESSION.to_owned(), act };
    place.desk.butler().gateway_chat(request)
}

fn look(place: &Place) -> ChatView {
    chat(place, ChatAct::Look).unwrap()
}

fn send(place: &Place, message: &str) -> Result<ChatView, Error> {
    chat(place, ChatAct::Send { message: message.to_owned() })
}

fn step(what: What) -> Step {
    Step { at: None, id: None, agent: None, what }
}

fn prompt(text: &str) -> Step {
    step(What::Prompt { text: text.to_owned() })
}

fn answer(text: &str) -> Step {
    step(What::Answer { text: text.to_owned() })
}

fn part(place: &Place, state: Far, text: &str) {
    let (session, run) = (Some(SESSION.to_owned()), Some("run-1".to_owned()));
    place.said(Said::Chat(ChatPart { session, run, state, text: text.to_owned(), stopped: None }));
}

fn happens(place: &Place, origin: Origin, steps: Vec<Step>) {
    let (session, run) = (Some(SESSION.to_owned()), Some("run-1".to_owned()));
    place.said(Said::Steps(Steps { session, run, origin, steps }));
}

/// The steps as words.
fn words(view: &ChatView) -> Vec<String> {
    let word = |what: &StepBody| match what {
        StepBody::Prompt { text } => format!("you: {text}"),
        StepBody::Answer { text } => format!("agent: {text}"),
        StepBody::ToolCall { tool, .. } => format!("uses {tool}"),
        other => format!("{other:?}"),
    };
    view.steps.iter().map(|step| word(&step.what)).collect()
}

fn entries(place: &Place) -> Vec<String> {
    place.desk.entries("gateway.chat").into_iter().rev().map(|entry| entry.says).collect()
}

#[test]
fn what_is_said_is_recorded_sent_and_followed_to_its_end() {
    let place = Place::new();
    place.line.recorded(vec![prompt("before"), answer("yes")]);
    assert_eq!(words(&look(&place)), ["you: before", "agent: yes"]);
    let view = send(&place, " list the files ").unwrap();
    assert_eq!((view.state, place.line.said()), (ChatState::Running, vec![format!("{SESSION}: list the files")]));
    part(&place, Far::Delta, "I lo");
    let call = What::ToolCall { call: None, tool: "exec".to_owned(), input: json!({ "command": "ls" }) };
    happens(&place, Origin::Live, vec![step(call)]);
    let view = look(&place);
    assert_eq!(words(&view), ["you: before", "agent: yes", "you: list the files", "uses exec"]);
    assert_eq!((view.state, view.answer.as_deref()), (ChatState::Running, Some("I lo")));

    // The record may come after the end: the answer is not lost in between.
    part(&place, Far::Final, "I looked.");
    let view = look(&place);
    assert_eq!((view.state, view.answer.as_deref()), (ChatState::Idle, Some("I looked.")));
    place.line.recorded(vec![prompt("list the files"), answer("I looked.")]);
    happens(&place, Origin::Recorded, vec![answer("I looked.")]);
    let view = look(&place);
    assert_eq!(
        (words(&view), view.answer),
        (vec!["you: list the files".to_owned(), "agent: I looked.".to_owned()], None)
    );
    assert_eq!(entries(&place).len(), 1);
    assert!(entries(&place)[0].ends_with("“list the files”."), "{:?}", entries(&place));
}

#[test]
fn an_answer_is_stopped_and_a_failure_says_why() {
    let place = Place::new();
    send(&place, "go").unwrap();
    place.line.said();
    assert_eq!(chat(&place, ChatAct::Stop).unwrap().state, ChatState::Stopped);
    assert_eq!(place.line.said(), [format!("{SESSION}: stop run-1")]);
    part(&place, Far::Failed("no credit".to_owned()), "");
    let view = look(&place);
    assert_eq!((view.state, view.says.as_deref()), (ChatState::Failed, Some("no credit")));
}

#[test]
fn secrets_are_masked_in_the_log_and_on_the_screen_but_sent_as_they_are() {
    let place = Place::new();
    let view = send(&place, &format!("use {SECRET}")).unwrap();
    assert!(place.line.said()[0].contains(SECRET), "the agent gets what was typed");
    part(&place, Far::Delta, &format!("using {SECRET}"));
    place.line.recorded(vec![answer(SECRET)]);
    let shown = format!("{view:?}{:?}", look(&place));
    assert!(!shown.contains(SECRET) && shown.contains("masked"), "{shown}");
    assert!(!entries(&place)[0].contains(SECRET));
}

#[test]
fn what_cannot_be_sent_is_told_and_recorded() {
    let place = Place::new();
    assert_eq!(code(send(&place, "  ")), Code::BadRequest);
    assert_eq!(code(send(&place, &"x".repeat(20_000))), Code::BadRequest);
    assert_eq!(entries(&place).len(), 0, "nothing was tried");
    place.line.refuse();
    assert_eq!(code(send(&place, "go")), Code::Unavailable);
    assert_eq!(look(&place).state, ChatState::Idle);
    assert!(entries(&place).iter().any(|says| says.ends_with("did not take it.")), "{:?}", entries(&place));
    place.desk.butler().set_agent_state(SetAgentState { home_id: place.home.clone(), enabled: false }).unwrap();
    assert_eq!(code(send(&place, "go")), Code::Precondition, "a disabled agent is not spoken to");
}

#[test]
fn a_chat_is_bounded_and_only_what_is_looked_at_is_kept() {
    let place = Place::new();
    happens(&place, Origin::Live, vec![answer("nobody looks")]);
    place.line.recorded((0..300).map(|at| answer(&at.to_string())).collect());
    let view = look(&place);
    assert_eq!((view.steps.len(), view.more), (200, true));
    for _ in 0..300 {
        happens(&place, Origin::Live, vec![answer("more")]);
    }
    assert_eq!(look(&place).steps.len(), 400);
    let mut numbers: Vec<_> = look(&place).steps.iter().map(|step| step.seq.0).collect();
    numbers.dedup();
    assert!(numbers.is_sorted() && numbers.len() == 400);
}
