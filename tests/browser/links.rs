//! A trace with the session that one of its actions began, by keyboard: on the axis and as a tree.

use clawbutler_testkit::codex;
use clawbutler_testkit::machine::wait_for;
use serde_json::json;

use crate::audit::shots;
use crate::client;
use crate::keyboard::{Browser, ENTER};

const FOCUSED: &str = "return document.activeElement?.getAttribute('aria-label') ?? ''";

#[test]
fn a_session_is_shown_below_the_action_that_began_it() {
    let settings = json!({ "permissions": { "allow": ["Bash"] } });
    let Some(machine) = codex::machine_below_claude(&settings) else { return };
    let turn = |command: &str| json!([{ "tool": "exec_command", "input": { "cmd": command } }]);
    let inner = codex::nested(&machine, &json!([turn("touch inner.txt"), turn("git push --force origin main")]));
    let outer = client(&machine, &inner);
    wait_for("the inner question", || {
        for seen in machine.pending().items {
            let verb = if seen.runtime_name == "Codex" { "deny" } else { "allow_once" };
            machine.decide(&seen, verb, None).unwrap();
            if verb == "deny" {
                return Some(());
            }
        }
        None
    });
    outer.finish();
    let ledger = machine.ledger();
    let of = |runtime: &str| {
        let begun =
            ledger.iter().find(|entry| entry["kind"] == "session.started" && entry["actor"]["runtime"] == runtime);
        begun.unwrap()["trace"].as_str().unwrap().to_owned()
    };
    let Some(browser) = Browser::open(&machine) else { return };
    browser.visit(&format!("audit/trace/{}", of("claude-code")));
    browser.wait_text("[data-testid=trace-summary]", "in 2 sessions");
    browser.wait_text("[data-testid=waterfall]", "Session of Codex");
    browser.tab_to(".lane.begun button").press(ENTER);
    browser.wait_text("[data-testid=joined]", "table of processes");
    shots(&browser, "67-linked");
    browser.tab_to("[data-testid=as-tree]").press(ENTER);
    browser.wait_text("[data-testid=span-tree]", "Session of Codex");
    shots(&browser, "68-linked-tree");
    // The keys of a tree.
    browser.tab_to("[data-testid=span-tree] > li");
    let at =
        |words: &str| wait_for(words, || browser.script(FOCUSED).as_str().unwrap().starts_with(words).then_some(()));
    at("Session of Claude Code");
    browser.press("\u{e015}");
    at("Bash");
    browser.press("\u{e015}");
    at("Session of Codex");
    browser.press("\u{e012}");
    assert_eq!(browser.script("return document.activeElement.getAttribute('aria-expanded')"), "false");
    browser.press("\u{e012}");
    at("Bash");
    browser.press("\u{e010}");
    at("Session of Codex");
    browser.press("\u{e014}");
    browser.press("\u{e014}");
    at("Bash");
    // The other way, from the inner session.
    browser.visit(&format!("audit/trace/{}", of("codex")));
    browser.wait_text("[data-testid=begun-by]", "a session of Claude Code");
    shots(&browser, "69-begun-by");
}
