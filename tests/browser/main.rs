//! The whole slice in a real browser by keyboard alone, with the real client: connect, be asked, decide
//! alone and in a batch, read the log, disconnect.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should stop and say where")]

mod agents;
mod attached;
mod audit;
mod budget;
mod gateway;
mod guard;
mod keeping;
mod keyboard;
mod links;
mod rules;
mod sessions;
mod standing;

use std::fs;
use std::time::Duration;

use clawbutler_testkit::machine::{Machine, Running, wait_for};
use clawbutler_testkit::model::script;
use keyboard::{Browser, ENTER, ESCAPE, SPACE};
use serde_json::{Value, json};

pub(crate) fn calls(commands: &[&str]) -> String {
    let turn = |command: &&str| json!([{ "tool": "Bash", "input": { "command": command, "description": "a step" } }]);
    script(&Value::Array(commands.iter().map(turn).collect()))
}

/// Several calls at once, so that several questions wait.
pub(crate) fn client(machine: &Machine, command: &str) -> Running {
    machine.claude(&calls(&[command]), &[])
}

const SETTINGS: &str =
    "{\n  // kept as it is\n  \"model\": \"opus\",\n  \"permissions\": { \"allow\": [\"Bash\"] }\n}\n";

#[test]
fn the_slice_by_keyboard_alone() {
    let Some(machine) = Machine::with_client(&json!({})) else { return };
    let path = machine.at("home/.claude/settings.json");
    let before = SETTINGS.replace("  // kept as it is\n", "");
    fs::write(&path, &before).unwrap();
    let Some(browser) = Browser::open(&machine) else { return };
    // The empty state says what to do.
    browser.wait_text("main", "Nothing governed yet");
    browser.shot("01-empty");

    // Connect: the exact change is shown, and nothing is written before consent.
    browser.tab_to("[data-testid=nav-agents]").press(ENTER);
    // Clients that others run on this machine may be found too.
    let row = format!("[data-testid=agent-row][data-id='{}']", machine.home_id());
    let connect = format!("{row} [data-testid=connect]");
    browser.tab_to(&connect).press(ENTER);
    browser.wait_for_element("[data-testid=guard-plan]");
    assert!(browser.text("[data-testid=guard-plan]").contains("clawbutler-hook"));
    browser.focus_stays_in("[data-testid=guard-plan]");
    browser.press(ESCAPE);
    wait_for("the plan to close", || browser.find("[data-testid=guard-plan]").is_none().then_some(()));
    assert_eq!(fs::read_to_string(&path).unwrap(), before, "looking changes nothing");
    assert!(browser.is_focused(&connect), "the focus goes back where it was");
    browser.press(ENTER);
    browser.shot("02-plan");
    browser.tab_to("[data-testid=guard-consent]").press(ENTER);
    browser.wait_gone(&connect);
    assert!(fs::read_to_string(&path).unwrap().contains("clawbutler-hook"));

    // Allow: the card appears without a reload, and its buttons arm after half a second.
    browser.tab_to("[data-testid=nav-approvals]").press(ENTER);
    let asked = client(&machine, "touch allowed.txt && rm -rf victim");
    browser.wait_for_element("[data-testid=approval-row]");
    browser.press("j");
    browser.wait_for_element("[data-testid=approval-card]");
    browser.press("a");
    assert!(!machine.project().join("allowed.txt").exists());
    assert_eq!(machine.pending().items.len(), 1, "a key in the first half second decides nothing");
    browser.wait_for_element("[data-testid=btn-allow]:not([disabled])");
    browser.shot("03-card");
    browser.tab_to("[data-testid=btn-allow]").press(ENTER);
    asked.finish();
    assert!(machine.project().join("allowed.txt").exists());

    // Deny, with a reason the model reads.
    let asked = client(&machine, "touch denied.txt && rm -rf other");
    browser.choose("denied.txt");
    browser.tab_to(".reason summary").press(ENTER);
    browser.tab_to("[data-testid=deny-reason]").press("not before lunch");
    browser.tab_to("[data-testid=btn-deny]").press(SPACE);
    asked.finish();
    assert!(!machine.project().join("denied.txt").exists());
    assert!(machine.transcripts().contains("not before lunch"));

    // Always: the same call passes the second time.
    let asked = machine.claude(&calls(&["rm -rf cache", "rm -rf cache && touch second.txt", "rm -rf cache"]), &[]);
    browser.choose("rm -rf cache");
    browser.press("A");
    browser.tab_to("[data-testid=grant-give]:not([disabled])").press(ENTER);
    // Another call is asked about, the first one again is not.
    browser.choose("second.txt");
    browser.press("d");
    asked.finish();
    assert!(!machine.project().join("second.txt").exists());

    // A batch: two questions that are not alike, one decision.
    let pair = [client(&machine, "rm -rf one"), client(&machine, "git reset --hard HEAD~3")];
    wait_for("two questions", || (machine.pending().items.len() == 2).then_some(()));
    wait_for("two rows", || (browser.count("[data-testid=approval-row]") == 2).then_some(()));
    browser.tab_to("[data-testid=approval-row] input").press(SPACE);
    browser.tab_to("[data-testid=approval-row]:nth-child(2) input").press(SPACE);
    assert!(browser.text("[data-testid=batch-bar]").contains("2 picked"));
    browser.shot("04-batch");
    browser.tab_to("[data-testid=batch-deny]").press(ENTER);
    pair.into_iter().for_each(|client| drop(client.finish()));
    wait_for("an empty inbox", || machine.pending().items.is_empty().then_some(()));

    // The log has it all, and holds.
    browser.tab_to("[data-testid=nav-audit]").press(ENTER);
    wait_for("the log", || browser.text(".log").contains("Denied: not before lunch").then_some(()));
    browser.tab_to("[data-testid=verify-audit]").press(ENTER);
    wait_for("the check", || browser.text("[data-testid=verify-result]").contains("Nothing was changed").then_some(()));
    browser.shot("05-audit");

    // Disconnect: the file is as it was, byte for byte.
    browser.tab_to("[data-testid=nav-agents]").press(ENTER);
    browser.tab_to(&format!("{row} a")).press(ENTER);
    browser.tab_to("[data-testid=disconnect]").press(ENTER);
    browser.wait_for_element("[data-testid=guard-plan]");
    browser.tab_to("[data-testid=guard-consent]").press(ENTER);
    browser.wait_for_element("[data-testid=install]");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn every_page_can_be_read_and_reached_in_both_themes_and_sizes() {
    let Some(machine) = Machine::new() else { return };
    let Some(browser) = Browser::open(&machine) else { return };
    for theme in ["light", "dark"] {
        browser.prefer(theme);
        for (width, height) in [(1240, 820), (960, 640)] {
            browser.size(width, height);
            for page in [
                "", "approvals", "agents", "sessions", "rules", "rules/packs", "rules/edit", "rules/try", "grants",
                "audit", "settings",
            ] {
                browser.visit(page);
                assert_eq!(browser.nameless(), json!([]), "controls without a name on {page:?}");
                assert!(!browser.overflows(), "{page:?} is wider than {width}");
                browser.shot(&format!(
                    "page-{}-{theme}-{width}",
                    if page.is_empty() { "now".to_owned() } else { page.replace('/', "-") }
                ));
            }
        }
        browser.size(440, 600);
        browser.visit("popup");
        assert_eq!(browser.nameless(), json!([]));
        assert!(!browser.overflows(), "the pop-up fits its window");
    }
    std::thread::sleep(Duration::from_millis(1));
}
