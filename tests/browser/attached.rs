//! Attach mode on real files: a session of the real client as it is written, and one that grows under the reader,
//! with lines that cannot be read, a rewrite and its history.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_wire::command::{GovernMany, ListSessions};
use clawbutler_wire::sessions::{BackfillState, SessionRow};
use serde_json::{Value, json};

use crate::agents::both;
use crate::calls;
use crate::keyboard::{Browser, ENTER};

const TIMELINE: &str = "[data-testid=timeline]";

fn sessions(machine: &Machine) -> Vec<SessionRow> {
    machine.ask(&ListSessions::default()).unwrap().items
}

/// One line of a transcript as the client writes it.
fn line(number: usize, kind: &str, message: Value) -> String {
    let at = format!("2026-11-25T10:{:02}:{:02}.000Z", number / 60 % 60, number % 60);
    let parent = number.checked_sub(1).map(|before| format!("u{before}"));
    let line = json!({
        "type": kind, "uuid": format!("u{number}"), "parentUuid": parent, "sessionId": "grown", "timestamp": at,
        "cwd": "/work/shop", "gitBranch": "retries", "version": "2.1.330", "isSidechain": false, "userType": "external",
        "message": message,
    });
    format!("{line}\n")
}

fn prompt(number: usize, text: &str) -> String {
    line(number, "user", json!({ "role": "user", "content": text }))
}

fn answer(number: usize, text: &str) -> String {
    let usage = json!({ "input_tokens": 12, "cache_read_input_tokens": 9_000 + number * 50, "cache_creation_input_tokens": 40, "output_tokens": 80 + number % 300 });
    let content = json!([{ "type": "text", "text": text }]);
    line(
        number,
        "assistant",
        json!({ "id": format!("m{number}"), "role": "assistant", "type": "message", "model": "claude-opus-4-1", "content": content, "stop_reason": "end_turn", "usage": usage }),
    )
}

#[test]
fn the_real_client_is_followed_while_it_works() {
    let Some(machine) = Machine::with_claude(&json!({ "permissions": { "allow": ["Bash"] } })) else { return };
    let Some(browser) = Browser::open(&machine) else { return };
    let asked = machine.claude(&calls(&["echo first", "rm -rf victim", "echo third"]), &[]);
    machine.wait_pending();
    browser.tab_to("[data-testid=nav-sessions]").press(ENTER);
    browser.wait_text("[data-testid=session-row]", "waits for approval");
    browser.press("j");
    browser.wait_text("[data-testid=session-head]", "a request of it waits here");
    browser.wait_text(TIMELINE, "echo first");
    browser.wait_text("[data-testid=waits]", "rm -rf victim");
    both(&browser, "51-live");
    browser.tab_to("[data-testid=waits]").press(ENTER);
    browser.tab_to("[data-testid=btn-allow]:not([disabled])").press(ENTER);
    asked.finish();
}

#[test]
fn a_file_that_grows_is_followed_whatever_is_in_it() {
    let Some(machine) = Machine::new() else { return };
    let folder = machine.at("home/.claude/projects/-work-shop");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("grown.jsonl");
    let mut history = String::new();
    for turn in 0..600 {
        history.push_str(&prompt(turn * 2, &format!("Question {turn}")));
        history.push_str(&answer(turn * 2 + 1, &format!("Reply {turn}")));
    }
    fs::write(&path, &history).unwrap();
    let Some(browser) = Browser::open(&machine) else { return };
    browser.visit("sessions");
    browser.wait_text(".list", "only what you chose is read");
    assert_eq!(sessions(&machine), [], "nothing is read before it is chosen");

    let home_ids = vec![machine.home_id()];
    machine.ask(&GovernMany { home_ids, governed: true }).unwrap();
    wait_for("its history", || {
        let page = machine.ask(&ListSessions::default()).unwrap();
        page.backfill.iter().all(|view| view.state == BackfillState::Done).then_some(())?;
        page.items.first().filter(|row| row.prompts == 600).map(drop)
    });
    browser.wait_for_element("[data-testid=session-row]");
    browser.press("j");
    browser.wait_text(TIMELINE, "Reply 599");

    // Half a line waits for its other half; a whole one is shown at once; what is no record is counted and shown.
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    let late = prompt(1200, "Asked while you looked");
    let (first, second) = late.split_at(40);
    file.write_all(first.as_bytes()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(600));
    assert!(!browser.text(TIMELINE).contains("Asked while you looked"));
    file.write_all(second.as_bytes()).unwrap();
    browser.wait_text(TIMELINE, "Asked while you looked");
    file.write_all(b"{ this is no record\n").unwrap();
    file.write_all(answer(1201, "Said after it").as_bytes()).unwrap();
    browser.wait_text(TIMELINE, "Said after it");
    browser.wait_text("[data-testid=part-records]", "1 unread");
    browser.tab_to("[data-testid=part-records]").press(ENTER);
    browser.wait_text("[data-testid=malformed]", "grown.jsonl");
    both(&browser, "54-unread");

    // Far back: page by page to the beginning, and never more than the bound on the page.
    browser.tab_to("[data-testid=part-timeline]").press(ENTER);
    browser.wait_text(TIMELINE, "Said after it");
    wait_for("the beginning", || {
        browser.script("document.querySelector('.timeline').scrollTop = 0");
        assert!(browser.count("[data-testid=step]") <= 400, "more than the bound");
        browser.text(TIMELINE).contains("Question 0\n").then_some(())
    });
    browser.press("f");
    browser.wait_text(TIMELINE, "Said after it");

    // Rewritten: what was shown before is no longer true, and goes.
    fs::write(&path, prompt(0, "Another beginning")).unwrap();
    browser.wait_text(TIMELINE, "Another beginning");
    wait_for("the old steps to go", || (!browser.text(TIMELINE).contains("Said after it")).then_some(()));
}
