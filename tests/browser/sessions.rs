//! Sessions by keyboard alone: the list, a timeline that follows and stops following, long sessions with a bounded
//! page, charts with their tables, sub-agents, records that could not be read, history being read.

use clawbutler_testkit::machine::{Machine, wait_for};
use serde_json::json;

use crate::agents::both;
use crate::client;
use crate::keyboard::{Browser, ENTER, ESCAPE};

const STEP: &str = "[data-testid=step]";

/// Three sessions, one of them long, with answers from the page's own script.
const FURNISH: &str = r#"
    const row = (id, more) => ({
        id, runtime: "claude-code", runtime_name: "Claude Code", home_id: "h", home: "/home/ann/.claude", session: id + "-4f2a",
        state: "idle", state_source: "recorded", state_says: "Its last record ends a turn.", last_at: Date.now() - 60000,
        tokens: { input: 4200, cache_read: 812000, cache_write: 51000, output: 18400, reasoning: 0 },
        cost: { label: "estimated", usd: 1.24, basis: "List prices of claude-opus-4 times the recorded tokens." },
        steps: 0, forgotten: 0, prompts: 3, tool_calls: 20, errors: 1, malformed: 0, subagents: 0, generation: 1,
        cwd: "/home/ann/work/shop", branch: "checkout-retries", model: "claude-opus-4", mode: "acceptEdits", started_at: Date.now() - 3600000, ...more,
    });
    const it = window.scripted;
    it.rows = [
        row("run", { title: "Retry failed payments without charging twice", state: "running", state_source: "hook", state_says: "A tool call began.", pid: 4711, malformed: 2, subagents: 2, last_at: Date.now() - 2000 }),
        row("ask", { title: "Clean up the build folder", state: "waiting_approval", state_source: "queue", state_says: "A request of it waits in ClawButler.", last_at: Date.now() - 30000 }),
        row("old", { title: null, state: "ended", state_source: "process", state_says: "Its process is gone.", runtime_name: "Hermes", cost: { label: "recorded", usd: 0.31, basis: "" }, parent: "run", last_at: Date.now() - 7200000 }),
        row("fork", { title: "Retry failed payments, another way", state: "idle", state_source: "recorded", state_says: "The last of its records says so.", parent: "run", forked: true, last_at: Date.now() - 9000000 }),
    ];
    it.agents.run = [
        { agent: "a1", name: "Explore the payment code", parent: null, call: null, outcome: "ok", steps: 42, last_at: Date.now() - 400000 },
        { agent: "a2", name: "Read the tests", parent: "a1", call: null, outcome: "failed", steps: 11, last_at: Date.now() - 300000 },
        { agent: "a3", name: "Write the retry", parent: null, call: null, outcome: null, steps: 7, last_at: Date.now() - 3000 },
    ];
    it.malformed.run = [{ path: "/home/ann/.claude/projects/p/run-4f2a.jsonl", offset: 81920, line: 412, why: "The line is not JSON: it ends within a string." }, { path: "/home/ann/.claude/projects/p/run-4f2a.jsonl", offset: 99000, line: 533, why: "The line is longer than 16 MB." }];
    it.backfill = [{ home_id: "h", state: "running", files_done: 12, files_total: 40, bytes_done: 31000000, bytes_total: 90000000, started_at: Date.now() - 5000 }];
    for (let turn = 0; turn < 400; turn++) {
        it.add("run", { step: "prompt", text: "Turn " + turn + ": the webhook fires twice when the bank is slow. Find out why, and fix it." });
        it.add("run", { step: "thinking", text: "The handler is not idempotent.\nLook at the key first." });
        it.add("run", { step: "tool_call", call: "c" + turn, tool: "Bash", input: { command: "rg -n idempotency_key src/payments | head -20", description: "find the key" } });
        it.add("run", { step: "tool_result", call: "c" + turn, outcome: turn % 7 === 3 ? "failed" : "ok", text: "src/payments/retry.rs:41: let key = idempotency_key(&charge);" }, turn % 9 === 4 ? { agent: "a1" } : {});
        it.add("run", { step: "usage", response: "r" + turn, model: "claude-opus-4", input: 40 + turn, cache_read: 9000 + ((turn * 731) % 60000), cache_write: 900, output: 120 + ((turn * 97) % 900), cost_microusd: 3100 });
        it.add("run", { step: "answer", text: "The key is made from the time of the attempt, so a retry gets another one. I take the charge's own id\u202e instead." });
    }
    it.add("run", { step: "agent_started", agent: "a3", name: "Write the retry", call: null });
    it.add("run", { step: "compaction", before: 182000, after: 24100 });
    it.add("run", { step: "quota", window: "5 h", used_percent: 63, resets_at: null });
    it.add("run", { step: "setting", name: "mode", value: "acceptEdits" });
    it.add("run", { step: "approval", call: null, decision: "allowed", by: "the user" });
    it.add("run", { step: "error", text: "The model did not answer (529): overloaded." });
    it.add("run", { step: "unknown", kind: "file-history-snapshot" });
    it.add("run", { step: "tool_call", call: "open", tool: "Edit", input: { file_path: "src/payments/retry.rs", old_string: "now()", new_string: "charge.id" } });
    it.add("run", { step: "answer", text: "The end of it." });
    it.add("fork", { step: "forked", session: "run-4f2a" });
    it.add("fork", { step: "prompt", text: "Try it with a lock instead." });
    it.add("fork", { step: "answer", text: "A lock on the charge's row holds both attempts apart." });
"#;

fn desk() -> Option<(Machine, Browser)> {
    let machine = Machine::new()?;
    let browser = Browser::open(&machine)?;
    browser.script(include_str!("scripted_sessions.js"));
    Some((machine, browser))
}

fn add(browser: &Browser, text: &str) {
    let what = json!({ "step": "answer", "text": text });
    browser.script(&format!("window.scripted.add('run', {what})"));
}

fn number(browser: &Browser, script: &str) -> f64 {
    browser.script(&format!("const at = document.querySelector('.timeline'); return {script}")).as_f64().unwrap()
}

#[test]
fn nothing_is_read_before_an_agent_is_chosen() {
    let Some((_machine, browser)) = desk() else { return };
    browser.tab_to("[data-testid=nav-sessions]").press(ENTER);
    browser.wait_text(".list", "only what you chose is read");
    both(&browser, "41-sessions-empty");
    browser.visit("sessions/gone");
    browser.wait_text(".detail", "There is no such session");

    // A failure says what to do, stays on the page, and goes with the next answer.
    browser.script("window.scripted.failure = 'The database is full.'");
    browser.wait_text(".list .trouble", "Free some space");
    browser.script("window.scripted.failure = null");
    browser.wait_gone(".list .trouble");
}

#[test]
fn a_request_stands_in_the_timeline_of_its_session() {
    let Some(machine) = Machine::with_claude(&json!({ "permissions": { "allow": ["Bash"] } })) else { return };
    let Some(browser) = Browser::open(&machine) else { return };
    let asked = client(&machine, "rm -rf victim");
    let pending = machine.wait_pending();
    browser.script(include_str!("scripted_sessions.js"));
    browser.script(FURNISH);
    browser.script(&format!("window.scripted.rows[0].session = '{}'", pending.session));
    browser.visit("sessions/run");
    browser.wait_text("[data-testid=waits]", "rm -rf victim");
    both(&browser, "50-waits");
    browser.tab_to("[data-testid=waits]").press(ENTER);
    browser.wait_text("[data-testid=approval-card]", "rm -rf victim");
    browser.tab_to("[data-testid=btn-deny]:not([disabled])").press(ENTER);
    asked.finish();
    browser.visit("sessions/run");
    browser.wait_text("[data-testid=timeline] [data-kind=asked]", "rm -rf victim");
    browser.wait_gone("[data-testid=waits]");
}

#[test]
fn a_timeline_follows_until_the_user_scrolls_up() {
    let Some((_machine, browser)) = desk() else { return };
    browser.script(FURNISH);
    browser.tab_to("[data-testid=nav-sessions]").press(ENTER);
    wait_for("four sessions", || (browser.count("[data-testid=session-row]") == 4).then_some(()));
    browser.wait_text("[data-testid=history]", "34 %");
    both(&browser, "42-sessions");
    browser.press("j");
    browser.wait_text("[data-testid=session-head]", "Retry failed payments");
    browser.wait_text("[data-testid=session-head]", "told by a hook");
    browser.wait_text("[data-testid=timeline]", "The end of it.");
    wait_for("the end in view", || {
        (number(&browser, "at.scrollHeight - at.clientHeight - at.scrollTop") < 2.0).then_some(())
    });
    both(&browser, "43-timeline");
    assert!(browser.text("[data-testid=timeline]").contains("⟨U+202E⟩"), "what could hide is written out");

    // What comes is shown, and stays in view.
    add(&browser, "Another answer.");
    browser.wait_text("[data-testid=timeline]", "Another answer.");
    wait_for("the end in view", || {
        (number(&browser, "at.scrollHeight - at.clientHeight - at.scrollTop") < 2.0).then_some(())
    });

    // Scrolled up: nothing moves, what comes is counted, one key follows again.
    browser.script("document.querySelector('.timeline').scrollTop -= 900");
    browser.wait_for_element("[data-testid=follow][aria-pressed=false]");
    let before = number(&browser, "at.scrollTop");
    add(&browser, "Said meanwhile.");
    browser.wait_text("[data-testid=follow]", "1 new");
    assert!((number(&browser, "at.scrollTop") - before).abs() < 1.0, "nothing moves under the reader");
    assert!(!browser.text("[data-testid=timeline]").contains("Said meanwhile."));
    both(&browser, "44-not-following");
    browser.press("f");
    browser.wait_text("[data-testid=timeline]", "Said meanwhile.");
    browser.wait_for_element("[data-testid=follow][aria-pressed=true]");

    // A long session: earlier pages come as one scrolls, and the page never holds more than its bound.
    let mut seen = 0;
    for _ in 0..12 {
        browser.script("document.querySelector('.timeline').scrollTop = 60");
        std::thread::sleep(std::time::Duration::from_millis(250));
        seen = seen.max(browser.count(STEP));
    }
    assert!((200..=400).contains(&seen), "{seen} steps on the page");
    browser.wait_for_element("[data-testid=steps-later]");
    browser.press("f");
    browser.wait_text("[data-testid=timeline]", "Said meanwhile.");

    // Inside the timeline the arrows go from step to step, and Enter folds out.
    browser.press(ENTER);
    wait_for("the timeline to have the focus", || browser.is_focused(".timeline").then_some(()));
    browser.press("j");
    wait_for("a step to have the focus", || browser.is_focused(STEP).then_some(()));
    browser.script("[...document.querySelectorAll('[data-kind=call]')].pop().focus()");
    browser.press(ENTER);
    browser.wait_text("[data-kind=call] details[open]", "charge.id");
    both(&browser, "45-folded-out");
    browser.press(ESCAPE);
    wait_for("the list to have the focus", || browser.is_focused("[data-testid=session-row] a").then_some(()));
}

#[test]
fn usage_sub_agents_and_unread_records_are_shown() {
    let Some((_machine, browser)) = desk() else { return };
    browser.script(FURNISH);
    browser.visit("sessions/run/usage");
    browser.wait_text("[data-testid=usage]", "Cost so far");
    both(&browser, "46-usage");
    browser.press("t");
    browser.wait_for_element("[data-testid=usage-table]");
    both(&browser, "47-usage-table");

    browser.tab_to("[data-testid=part-agents]").press(ENTER);
    browser.wait_text("[data-testid=subagents]", "Read the tests");
    browser.wait_text("[data-testid=subagents]", "Its forks");
    both(&browser, "48-subagents");
    browser.tab_to("[data-testid=agent-steps]").press(ENTER);
    browser.wait_for_element("[data-testid=whose]");
    wait_for("only its steps", || {
        (browser.script("return document.querySelector('[data-testid=whose]').value") == "a1").then_some(())
    });

    browser.tab_to("[data-testid=part-records]").press(ENTER);
    browser.wait_text("[data-testid=records]", "2 records could not be understood");
    browser.wait_text("[data-testid=malformed]", "ends within a string");
    both(&browser, "49-records");

    browser.tab_to("[data-testid=backfill-cancel]").press(ENTER);
    browser.wait_text("[data-testid=history]", "what was read stays");
    browser.wait_for_element("[data-testid=backfill-start]");

    browser.visit("sessions/fork");
    browser.wait_text("[data-testid=session-head]", "forked from");
    browser.wait_text("[data-testid=timeline]", "Goes on with the history of the session run-4f2a");
    both(&browser, "49-fork");
    browser.tab_to("[data-testid=parent-session]").press(ENTER);
    browser.wait_text("[data-testid=session-head]", "without charging twice");
}
