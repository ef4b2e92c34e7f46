//! The registry by keyboard alone, on real files and with the real client: several homes chosen at once, every
//! tab, a change of the configuration accepted, disabled and enabled, killed with its report, revived, forgotten.

use std::fs;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_wire::command::{ListAgents, ShowAgent};
use clawbutler_wire::registry::{AgentState, AgentView};
use serde_json::{Value, json};

use crate::keyboard::{Browser, ENTER, ESCAPE, SPACE};
use crate::{calls, client};

const ROW: &str = "[data-testid=agent-row]";

/// Puts a configuration worth looking at into the home, and two other runtimes beside it.
fn furnish(machine: &Machine) {
    let write = |path: &str, text: &str| {
        let path = machine.at("home").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(".claude/settings.json", &settings("default").to_string());
    write(".claude/CLAUDE.md", "Write tests first.\n");
    write(".claude/skills/review/SKILL.md", "---\nname: review\ndescription: Reviews a change\n---\nLook twice.\n");
    write(".claude/agents/scout.md", "---\nname: scout\ndescription: Looks around\n---\nLook.\n");
    write(".claude/commands/ship.md", "Ship it.\n");
    let servers = json!({ "mcpServers": { "files": { "command": "npx", "args": ["-y", "server-files"] }, "tickets": { "type": "http", "url": "https://tickets.example/mcp" } } });
    write(".claude.json", &servers.to_string());
    let gateway = json!({ "gateway": { "mode": "local", "port": 18789 }, "channels": { "telegram": { "enabled": true } }, "cron": { "enabled": true } });
    write(".openclaw/openclaw.json", &gateway.to_string());
    write(".gemini/settings.json", "{ \"mcpServers\": { \"search\": { \"command\": \"search-server\" } } }\n");
}

fn settings(mode: &str) -> Value {
    json!({
        "model": "opus",
        "permissions": { "allow": ["Bash"], "deny": ["Read(./.env)"], "defaultMode": mode },
        "hooks": { "Stop": [{ "hooks": [{ "type": "command", "command": "notify-send done" }] }] },
    })
}

fn claude(machine: &Machine) -> AgentView {
    let home = machine.at("home/.claude").display().to_string();
    machine.ask(&ListAgents {}).unwrap().agents.into_iter().find(|agent| agent.home == home).unwrap()
}

/// Pictures in both themes, each checked for names and width.
pub(crate) fn both(browser: &Browser, name: &str) {
    for theme in ["dark", "light"] {
        browser.prefer(theme);
        // Colours take their time to change.
        std::thread::sleep(std::time::Duration::from_millis(250));
        assert_eq!(browser.nameless(), json!([]), "controls without a name on {name}");
        assert!(!browser.overflows(), "{name} is wider than the window");
        browser.shot(&format!("{name}-{theme}"));
    }
}

#[test]
fn agents_are_chosen_together_looked_at_and_accepted() {
    let Some(machine) = Machine::new() else { return };
    furnish(&machine);
    let Some(browser) = Browser::open(&machine) else { return };
    browser.tab_to("[data-testid=nav-agents]").press(ENTER);
    // Clients that others run on this machine may be found too.
    wait_for("the agents", || (browser.count(ROW) >= 3).then_some(()));
    browser.wait_for_element("[data-testid=matrix]");
    assert!(machine.ask(&ListAgents {}).unwrap().agents.iter().all(|agent| !agent.governed), "found is not chosen");
    both(&browser, "31-agents");

    // The keys of a list: j moves, space picks, Enter opens, ? says so.
    browser.press("j");
    browser.press(SPACE);
    browser.press("j");
    browser.press(SPACE);
    browser.wait_text("[aria-label='Picked agents']", "2 picked");
    browser.press("?");
    browser.wait_for_element("[data-testid=keys]");
    browser.press(ESCAPE);
    browser.wait_gone("[data-testid=keys]");
    let all = browser.count(ROW);
    for _ in 2..all {
        browser.press("j");
        browser.press(SPACE);
    }
    browser.tab_to("[data-testid=govern-picked]").press(ENTER);
    browser.wait_text("[data-testid=tally]", &format!("{all} of {all} governed"));
    assert!(machine.ask(&ListAgents {}).unwrap().agents.iter().all(|agent| agent.governed));

    // Every tab that exists, each fact with where it was read.
    let agent = claude(&machine);
    let detail = machine.ask(&ShowAgent { home_id: agent.id.clone() }).unwrap();
    browser.tab_to(&format!("[data-testid=agent-row][data-id='{}'] a", agent.id)).press(ENTER);
    browser.wait_text("[data-testid=health]", "Guard");
    browser.wait_text("[data-testid=capabilities]", "Ask you before a call");
    both(&browser, "32-agent");
    for (tab, part) in [("tools", "mcp"), ("skills", "review"), ("files", "CLAUDE.md"), ("permissions", "notify-send")]
    {
        browser.tab_to(&format!("[data-testid=tab-{tab}]")).press(ENTER);
        browser.wait_text("[data-testid=facts]", part);
        both(&browser, &format!("33-agent-{tab}"));
    }
    for tab in ["channels", "schedules"] {
        let facts = detail.facts.iter().filter(|fact| json!(fact.tab) == tab).count();
        assert_eq!(browser.find(&format!("[data-testid=tab-{tab}]")).is_some(), facts > 0, "only tabs that exist");
    }
    browser.press("/");
    browser.press("notify-send");
    wait_for("one fact", || (browser.count("[data-testid=facts] tbody tr") == 1).then_some(()));

    // A looser mode and a new server on the disk: shown with both values, then accepted as shown.
    fs::write(machine.at("home/.claude/settings.json"), settings("bypassPermissions").to_string()).unwrap();
    browser.visit("agents");
    browser.visit(&format!("agents/{}", agent.id));
    browser.tab_to("[data-testid=tab-changes]").press(ENTER);
    browser.wait_text("[data-testid=changes]", "loosened");
    browser.wait_text("[data-testid=changes]", "bypassPermissions");
    both(&browser, "34-agent-changes");
    browser.tab_to("[data-testid=accept-drift]").press(ENTER);
    browser.wait_gone("[data-testid=changes]");
    assert_eq!(claude(&machine).drift, 0);

    // Forgotten: asked twice, and it is found anew, not chosen.
    browser.tab_to("[data-testid=forget]").press(ENTER);
    browser.wait_text("[data-testid=forget]", "baseline");
    browser.press(ENTER);
    browser.wait_for_element(ROW);
    wait_for("it to be free", || (!claude(&machine).governed).then_some(()));
}

#[test]
fn the_kill_switch_says_what_it_stopped_and_what_it_could_not() {
    let Some(machine) = Machine::with_claude(&json!({ "permissions": { "allow": ["Bash"] } })) else { return };
    let Some(browser) = Browser::open(&machine) else { return };
    let agent = claude(&machine);
    browser.visit(&format!("agents/{}", agent.id));

    // Disabled: every call is denied. Enabled: it may act again.
    browser.tab_to("[data-testid=disable]").press(ENTER);
    browser.wait_for_element("[data-testid=stopped]");
    assert_eq!(claude(&machine).state, AgentState::Disabled);
    client(&machine, "touch disabled.txt").finish();
    assert!(!machine.project().join("disabled.txt").exists());
    browser.tab_to("[data-testid=enable]").press(ENTER);
    browser.wait_gone("[data-testid=stopped]");

    // Killed while a call waits: Escape and the first button leave it running.
    let asked = machine.claude(&calls(&["touch killed.txt && rm -rf victim"]), &[]);
    machine.wait_pending();
    browser.tab_to("[data-testid=kill]").press(ENTER);
    browser.wait_for_element("[data-testid=kill-confirm][role=alertdialog]");
    assert!(browser.is_focused("[data-testid=kill-cancel]"), "the first focus does no harm");
    browser.wait_text("[data-testid=kill-confirm]", "The session that runs now is ended");
    both(&browser, "35-kill");
    browser.press(ESCAPE);
    browser.wait_gone("[data-testid=kill-confirm]");
    assert_eq!(claude(&machine).state, AgentState::Online);
    browser.tab_to("[data-testid=kill]").press(ENTER);
    browser.tab_to("[data-testid=kill-yes]").press(ENTER);
    browser.wait_text("[data-testid=kill-report]", "1 waiting request denied");
    browser.wait_text("[data-testid=kill-report]", "stopped");
    both(&browser, "36-killed");
    asked.finish();
    assert!(!machine.project().join("killed.txt").exists());
    browser.tab_to("[data-testid=kill-done]").press(ENTER);
    browser.wait_text("[data-testid=stopped]", "killed");
    both(&browser, "37-agent-killed");
    browser.tab_to("[data-testid=revive]").press(ENTER);
    browser.wait_gone("[data-testid=stopped]");
    assert_eq!(claude(&machine).state, AgentState::Online);
    client(&machine, "touch revived.txt").finish();
    assert!(machine.project().join("revived.txt").exists());
}

#[test]
fn a_home_that_nothing_tells_of_is_added_by_its_folder() {
    let Some(machine) = Machine::new() else { return };
    furnish(&machine);
    let folder = machine.at("elsewhere/agent");
    fs::create_dir_all(folder.join("sessions")).unwrap();
    fs::write(folder.join("config.toml"), "model = \"one\"\n").unwrap();
    let Some(browser) = Browser::open(&machine) else { return };
    browser.tab_to("[data-testid=nav-agents]").press(ENTER);
    browser.wait_for_element("[data-testid=matrix]");
    browser.tab_to("[data-testid=add-home] summary").press(ENTER);
    browser.tab_to("[data-testid=add-home-runtime]");
    browser.write("Codex");
    browser.tab_to("[data-testid=add-home-place]");
    browser.write("agent");
    browser.press(ENTER);
    browser.wait_text(".trouble", "is not an absolute path");
    both(&browser, "39-agents-add");
    browser.tab_to("[data-testid=add-home-place]");
    browser.control("a");
    browser.write(&folder.display().to_string());
    browser.press(ENTER);
    browser.wait_text("h1", "Codex");
    let home = folder.display().to_string();
    let agent = machine.ask(&ListAgents {}).unwrap().agents.into_iter().find(|agent| agent.home == home).unwrap();
    assert!(!agent.governed, "listed, not chosen");
    browser.tab_to("[data-testid=forget]").press(ENTER);
    browser.press(ENTER);
    wait_for("it to be forgotten", || {
        machine.ask(&ListAgents {}).unwrap().agents.iter().all(|agent| agent.home != home).then_some(())
    });
}
