//! The gateway of an agent, live: connected to, made to ask, looked at part by part, disconnected; by keyboard alone.

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::openclaw::{self, Gateway, TOKEN};
use clawbutler_wire::attached::{ConnectionView, LinkState};
use clawbutler_wire::command::{Govern, ListAudit, ListConnections};

use serde_json::json;

use crate::agents::both;
use crate::keyboard::{Browser, DOWN, ENTER, ESCAPE};

/// Parts that the page shows, each with words it has on this machine.
const PARTS: &[(&str, &str)] = &[
    ("health", "Says that it is well"),
    ("agents", "main"),
    ("sessions", ""),
    ("usage", "In all"),
    ("channels", ""),
    ("cron", "Jobs"),
    ("models", "loop"),
    ("tools", "exec"),
    ("skills", "Skill"),
    ("presence", "Rights"),
    ("devices", "ClawButler"),
    ("logs", "gateway"),
];

fn connection(machine: &Machine) -> Option<ConnectionView> {
    machine.ask(&ListConnections {}).unwrap().items.pop()
}

/// One agent may run less than the others: chosen, looked at, then done.
fn one_agent_may_run_less(machine: &Machine, browser: &Browser) {
    browser.tab_to("[data-testid=policy-main-security]").press("deny");
    browser.tab_to("[data-testid=policy-try]").press(ENTER);
    browser.wait_text("[data-testid=policy-trial]", "deny");
    both(browser, "63-gateway-policy");
    browser.tab_to("[data-testid=policy-make]").press(ENTER);
    browser.press(ENTER);
    wait_for("the policy", || {
        let rules = connection(machine)?.floor?.rules;
        rules.into_iter().find(|row| row.agent.as_deref() == Some("main") && row.security.as_deref() == Some("deny"))
    });
    browser.wait_gone("[data-testid=policy-trial]");
}

#[test]
fn a_gateway_is_connected_to_made_to_ask_and_looked_at() {
    let Some(machine) = openclaw::machine() else { return };
    let Some(browser) = Browser::open(&machine) else { return };
    let gateway = Gateway::start(&machine);
    let home_id = machine.home_id();
    browser.visit(&format!("agents/{home_id}"));
    browser.tab_to("[data-testid=tab-gateway]").press(ENTER);
    browser.wait_for_element("[data-testid=gateway-ungoverned]");
    machine.ask(&Govern { home_id, governed: true }).unwrap();

    // An address that is none is told at the form; without one the running gateway is found.
    browser.tab_to("[data-testid=gateway-url]").press("ws://192.168.0.1:1");
    browser.press(ENTER);
    browser.wait_text(".trouble", "this machine");
    both(&browser, "61-gateway-connect");
    browser.script("document.querySelector('[data-testid=gateway-url]').select()");
    browser.press("\u{e003}");
    browser.tab_to("[data-testid=gateway-token]").press(TOKEN);
    // The least is chosen at first; one wants all of it.
    browser.tab_to("[data-testid=gateway-reach-watch]");
    (0..3).for_each(|_| browser.press(DOWN));
    browser.press(ENTER);
    browser.wait_text("[data-testid=gateway-link]", "connected");
    wait_for("the connection", || connection(&machine).filter(|one| one.link == LinkState::Up));
    assert!(!browser.text("main").contains(TOKEN));

    // What lets commands run unasked is named; the change is shown before it is made.
    browser.wait_for_element("[data-testid=gateway-gaps]");
    both(&browser, "62-gateway-gaps");
    browser.tab_to("[data-testid=floor-raise]").press(ENTER);
    browser.wait_text("[data-testid=gateway-floor]", "because ClawButler raised");
    assert!(connection(&machine).unwrap().floor.unwrap().raised);
    both(&browser, "63-gateway-raised");

    one_agent_may_run_less(&machine, &browser);

    // A turn of the real agent, so that there is something to tell.
    gateway.turn("one", &script(&json!([]))).join().unwrap();
    for (part, words) in PARTS {
        browser.tab_to(&format!("[data-testid=part-{part}]")).press(ENTER);
        browser.wait_text("[data-testid=gateway-part]", "Told");
        browser.wait_text("[data-testid=gateway-part]", words);
        assert!(browser.find("[data-testid=gateway-part] .trouble").is_none(), "{part} fails");
        both(&browser, &format!("64-gateway-{part}"));
    }

    // Said in a session that is there, answered by the agent, and in the log.
    browser.tab_to("[data-testid=part-chat]").press(ENTER);
    browser.wait_for_element("[data-testid=chat-log] li");
    browser.tab_to("[data-testid=chat-message]").press(&script(&json!([])));
    browser.tab_to("[data-testid=chat-send]").press(ENTER);
    wait_for("the answer", || {
        let done = browser.text("[data-testid=chat-state]").contains("waits for you");
        (done && browser.text("[data-testid=chat-log]").matches("SCRIPT-END").count() > 1).then_some(())
    });
    both(&browser, "65-gateway-chat");
    let entries = machine.ask(&ListAudit::default()).unwrap().items;
    assert!(entries.iter().any(|entry| entry.kind == "gateway.chat"));

    // An agent off and on: its configuration changed twice, so there is something to go back to.
    browser.tab_to("[data-testid=part-agents]").press(ENTER);
    browser.tab_to("[data-testid=agent-off]").press(ENTER);
    browser.press(ENTER);
    browser.wait_for_element("[data-testid=agent-on]");
    both(&browser, "66-gateway-agent-off");
    browser.tab_to("[data-testid=agent-on]").press(ENTER);
    browser.wait_for_element("[data-testid=agent-off]");
    browser.tab_to("[data-testid=part-config]").press(ENTER);
    browser.wait_for_element("[data-testid=go-back]");
    browser.tab_to("[data-testid=compare]").press(ENTER);
    browser.wait_for_element("[data-testid=config-changes]");
    both(&browser, "67-gateway-config");
    browser.tab_to("[data-testid=go-back]").press(ENTER);
    browser.wait_for_element("[data-testid=config-trial]");
    both(&browser, "68-gateway-trial");
    browser.press(ESCAPE);
    browser.wait_gone("[data-testid=config-trial]");

    browser.tab_to("[data-testid=part-connection]").press(ENTER);
    browser.tab_to("[data-testid=floor-lower]").press(ENTER);
    browser.wait_for_element("[data-testid=gateway-disconnect]");
    browser.tab_to("[data-testid=gateway-disconnect]").press(ENTER);
    browser.press(ENTER);
    browser.wait_for_element("[data-testid=gateway-connect]");
    assert_eq!(connection(&machine), None);
}
