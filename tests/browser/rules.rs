//! Rules by keyboard alone: written with a live check, tried on history, saved, in force for the real
//! client; a change on the disk that waits; a pack; a command to try.

use std::fs;

use clawbutler_testkit::machine::Machine;
use clawbutler_wire::command::{ListRules, Status};
use serde_json::json;

use crate::client;
use crate::keyboard::{Browser, ENTER};

fn rule(matches: &str) -> String {
    format!(
        "[[rule]]\nid = \"no-touch\"\ndecision = \"deny\"\nbecause = \"Nothing is touched here.\"\n\
         when = {{ programs = [\"touch\"] }}\nmatches = [\"{matches}\"]\nignores = [\"shell: ls\"]\n"
    )
}

#[test]
fn rules_are_written_tried_and_saved_by_keyboard_alone() {
    let Some(machine) = Machine::with_claude(&json!({ "permissions": { "allow": ["Bash"] } })) else { return };
    client(&machine, "touch first.txt").finish();
    assert!(machine.project().join("first.txt").exists(), "nothing speaks of it yet");
    let Some(browser) = Browser::open(&machine) else { return };

    // Written with a live check: an example that does not hold is shown at its rule.
    browser.tab_to("[data-testid=nav-rules]").press(ENTER);
    browser.tab_to("[data-testid=rules-edit]").press(ENTER);
    browser.tab_to("[data-testid=editor-text]").control("a");
    browser.write(&rule("shell: ls -l"));
    browser.wait_text("[data-testid=rule-error]", "no-touch");
    assert!(browser.find("[data-testid=editor-review][disabled]").is_some(), "what does not load is not saved");
    browser.shot("11-editor-error");
    browser.tab_to("[data-testid=editor-text]").control("a");
    browser.write(&rule("shell: touch x"));
    browser.wait_text("[data-testid=check-words]", "It loads: 1 rule");
    browser.wait_text("[data-testid=matches]", "touch first.txt");
    browser.shot("12-editor");

    // Another page and back: what was written is still there.
    browser.tab_to("[data-testid=nav-grants]").press(ENTER);
    browser.tab_to("[data-testid=nav-rules]").press(ENTER);
    browser.tab_to("[data-testid=rules-edit]").press(ENTER);
    browser.wait_text("[data-testid=matches]", "touch first.txt");

    // Tried on history, then saved and in force.
    browser.tab_to("[data-testid=editor-text]").control("s");
    browser.wait_text("[data-testid=simulation]", "1 would be judged more strictly and none more loosely");
    browser.focus_stays_in("[data-testid=what-if]");
    browser.shot("13-simulation");
    browser.tab_to("[data-testid=what-if-yes]:not([disabled])").press(ENTER);
    browser.wait_gone("[data-testid=what-if]");
    let rules = machine.ask(&ListRules {}).unwrap();
    assert!(rules.rules.iter().any(|rule| rule.id == "no-touch" && rule.file == "rules"));
    client(&machine, "touch second.txt").finish();
    assert!(!machine.project().join("second.txt").exists(), "the rule is in force");

    // A change on the disk that loosens waits, on every page, and is thrown away.
    fs::write(machine.data().join("rules/rules.toml"), "# nothing\n").unwrap();
    browser.wait_for_element("[data-testid=rules-held]");
    assert!(machine.ask(&Status {}).unwrap().rules_held);
    browser.tab_to("[data-testid=rules-list]").press(ENTER);
    browser.wait_text("[data-testid=rules-held-change]", "no-touch");
    browser.shot("14-held");
    browser.tab_to("[data-testid=held-reject]").press(ENTER);
    browser.wait_gone("[data-testid=rules-held-change]");
    assert!(fs::read_to_string(machine.data().join("rules/rules.toml")).unwrap().contains("no-touch"));

    // A pack: what it would change first.
    browser.tab_to("[data-testid=rules-packs]").press(ENTER);
    browser.tab_to("[data-testid=pack-git]").press(ENTER);
    browser.wait_for_element("[data-testid=simulation]");
    browser.tab_to("[data-testid=what-if-yes]:not([disabled])").press(ENTER);
    browser.wait_for_element("[data-testid=pack-git][aria-checked=true]");
    browser.shot("15-packs");

    // A command to try: judged, not run.
    browser.tab_to("[data-testid=rules-try]").press(ENTER);
    browser.tab_to("[data-testid=try-text]").press("git push --force && touch third.txt");
    browser.press(ENTER);
    browser.wait_text("[data-testid=explanation]", "Denied");
    browser.shot("16-try");

    // Rules from elsewhere: taken in without effect, then in force.
    browser.tab_to("[data-testid=rules-import]").press(ENTER);
    browser.tab_to("[data-testid=import-text]").write(&rule("shell: touch x").replace("no-touch", "no-touch-either"));
    browser.tab_to("[data-testid=import-look]:not([disabled])").press(ENTER);
    browser.wait_for_element("[data-testid=import-accept]");
    let imported = |file: &str| machine.ask(&ListRules {}).unwrap().rules.iter().any(|rule| rule.file == file);
    assert!(!imported("imported"), "looking at it puts nothing in force");
    browser.tab_to("[data-testid=import-accept]").press(ENTER);
    browser.wait_gone("[data-testid=import-sheet]");
    assert!(imported("imported"));
}
