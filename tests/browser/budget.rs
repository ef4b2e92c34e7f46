//! A budget by keyboard: chosen in the settings, its meter where costs are shown, and the alert when it is used up.

use std::fs;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_wire::budget::GetBudget;
use clawbutler_wire::command::{Discover, Govern};
use serde_json::json;

use crate::audit::shots;
use crate::keyboard::{Browser, ENTER};

/// Goes on to the next field, which changes the one before.
const TAB: &str = "\u{e004}";

/// An answer in a transcript of a governed home, now, with so much output.
fn answer(machine: &Machine, number: u32, model: &str, output: u64) {
    let file = machine.at("home/.claude/projects/p/s.jsonl");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let now = machine.ask(&GetBudget {}).unwrap().day;
    // Noon of the day the engine counts, whatever its zone.
    let at = format!("{}T12:00:00.000Z", now.period);
    let line = json!({
        "type": "assistant", "uuid": format!("u{number}"), "parentUuid": null, "sessionId": "s", "timestamp": at,
        "requestId": format!("r{number}"), "cwd": "/p", "version": "2.1.330",
        "message": {
            "id": format!("m{number}"), "type": "message", "role": "assistant", "model": model,
            "content": [{ "type": "text", "text": "Done." }], "usage": { "input_tokens": 0, "output_tokens": output },
        },
    });
    let before = fs::read_to_string(&file).unwrap_or_default();
    fs::write(&file, format!("{before}{line}\n")).unwrap();
}

#[test]
fn a_budget_is_chosen_watched_and_used_up() {
    let Some(machine) = Machine::new() else { return };
    fs::create_dir_all(machine.at("home/.claude/projects/p")).unwrap();
    let here = machine.at("home/.claude").display().to_string();
    let found = machine.ask(&Discover {}).unwrap().homes;
    let home_id = found.into_iter().find(|home| home.path == here).unwrap().id;
    machine.ask(&Govern { home_id, governed: true }).unwrap();
    let Some(browser) = Browser::open(&machine) else { return };
    browser.size(1280, 800);

    browser.tab_to("[data-testid=nav-settings]").press(ENTER);
    browser.wait_text("[data-testid=spent-day]", "$0.00");
    browser.tab_to("[data-testid=budget-day]").press("five");
    browser.press(TAB);
    browser.wait_text(".trouble", "Type an amount in US dollars");
    browser.tab_to("[data-testid=budget-day]");
    browser.script("document.activeElement.select()");
    browser.press("5");
    browser.press(TAB);
    browser.wait_text("[data-testid=spent-day]", "$0.00 of $5.00 (0 %)");
    assert_eq!(browser.count(".trouble"), 0, "the words go with the mistake");

    // 4.10 dollars by list price, and an answer nobody knows the price of.
    answer(&machine, 1, "claude-opus-4-5", 164_000);
    answer(&machine, 2, "model-of-nobody", 1_000);
    browser.wait_text("[data-testid=spent-day]", "$4.10 of $5.00 (82 %)");
    browser.wait_text("[data-testid=spent-day]", "1 answer of models without a known price not counted");
    browser.wait_text(".banner", "Agents used 80 % of the day's budget");
    shots(&browser, "90-budget-settings");

    browser.visit("");
    browser.wait_text("[data-testid=spent]", "$4.10 of $5.00 (82 %)");
    answer(&machine, 3, "claude-opus-4-5", 40_000);
    browser.wait_text("[data-testid=spent-day]", "$5.10 of $5.00 (102 %, used up)");
    wait_for("one alert", || (browser.count(".banner") == 1).then_some(()));
    browser.wait_text(".banner", "Agents used up the day's budget");
    shots(&browser, "91-budget-used-up");
    browser.visit("sessions");
    browser.wait_text(".list [data-testid=spent-month]", "$5.10");
    shots(&browser, "92-budget-sessions");
    browser.visit("audit");
    browser.wait_text(".log", "100 % of the budget of");
}
