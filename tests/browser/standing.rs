//! Grants, groups and passes by keyboard alone, with the real client.

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_wire::command::{ListGrants, Status};
use serde_json::json;

use crate::keyboard::{Browser, ENTER, SPACE};
use crate::{calls, client};

fn desk() -> Option<(Machine, Browser)> {
    let machine = Machine::with_claude(&json!({ "permissions": { "allow": ["Bash"] } }))?;
    let browser = Browser::open(&machine)?;
    browser.tab_to("[data-testid=nav-approvals]").press(ENTER);
    Some((machine, browser))
}

#[test]
fn a_grant_is_given_after_its_preview_and_ended() {
    let Some((machine, browser)) = desk() else { return };
    // One that was allowed before is what the preview finds.
    let asked = client(&machine, "rm -rf cache");
    browser.choose("rm -rf cache");
    browser.press("a");
    asked.finish();

    let asked = machine.claude(&calls(&["rm -rf cache", "rm -rf cache"]), &[]);
    browser.choose("rm -rf cache");
    browser.press("A");
    browser.wait_text("[data-testid=grant-preview]", "Would have covered");
    browser.focus_stays_in("[data-testid=always-sheet]");
    browser.shot("21-always");
    assert_eq!(machine.ask(&ListGrants::default()).unwrap().items.len(), 0, "looking gives nothing");
    browser.tab_to("[data-testid=grant-give]:not([disabled])").press(ENTER);
    asked.finish();
    let given = machine.ask(&ListGrants::default()).unwrap().items;
    assert_eq!((given.len(), given[0].uses), (1, 1), "the second call passed on the grant");

    // Its entry, and its end.
    browser.tab_to("[data-testid=nav-grants]").press(ENTER);
    browser.tab_to("[data-testid=grant-row] a").press(ENTER);
    browser.wait_for_element("[data-testid=entry]");
    browser.visit("grants");
    browser.tab_to("[data-testid=grant-row] input").press(SPACE);
    browser.shot("22-grants");
    browser.tab_to("[data-testid=grants-end]:not([disabled])").press(ENTER);
    browser.wait_gone("[data-testid=grant-row]");
    assert_eq!(machine.ask(&ListGrants::default()).unwrap().items.len(), 0);
    browser.tab_to("[data-testid=grant-ended]").press(SPACE);
    browser.wait_text("[data-testid=grant-row]", "ended");
}

#[test]
fn a_group_is_decided_at_once() {
    let Some((machine, browser)) = desk() else { return };
    let pair = [client(&machine, "rm -rf one"), client(&machine, "rm -rf two")];
    wait_for("two questions", || (machine.pending().items.len() == 2).then_some(()));
    browser.wait_for_element("[data-testid=group-fold]");
    assert_eq!(browser.count("[data-testid=approval-row]"), 1, "near-duplicates are one row");
    browser.shot("23-group");
    browser.tab_to("[data-testid=group-fold]").press(ENTER);
    wait_for("both rows", || (browser.count("[data-testid=approval-row]") == 2).then_some(()));
    browser.tab_to("[data-testid=group-fold]").press(ENTER);
    wait_for("one row", || (browser.count("[data-testid=approval-row]") == 1).then_some(()));
    browser.tab_to("[data-testid=approval-row] input").press(SPACE);
    browser.wait_text("[data-testid=batch-bar]", "2 picked");
    browser.tab_to("[data-testid=batch-deny]").press(ENTER);
    pair.into_iter().for_each(|client| drop(client.finish()));
    let denied = machine.kinds().into_iter().filter(|kind| kind == "approval.decided").count();
    assert_eq!(denied, 2, "one entry each");
}

#[test]
fn a_pass_shows_on_every_page_until_it_is_stopped() {
    let Some((machine, browser)) = desk() else { return };
    let asked = machine.claude(&calls(&["rm -rf p1", "rm -rf p2", "cat ~/.aws/credentials"]), &[]);
    browser.choose("rm -rf p1");
    browser.press("s");
    browser.tab_to("[data-testid=pass-start]:not([disabled])").press(ENTER);
    browser.wait_gone("[data-testid=pass-sheet]");
    browser.wait_text("[data-testid=pass-banner]", "20 left");
    browser.choose("rm -rf p1");
    browser.press("a");
    // The second call passed; what touches secrets is asked about all the same.
    browser.choose("credentials");
    for page in ["", "approvals", "agents", "rules", "grants", "audit", "settings", "popup"] {
        browser.visit(page);
        browser.wait_text("[data-testid=pass-banner]", "19 left");
    }
    browser.shot("24-pass");
    browser.visit("rules");
    browser.tab_to("[data-testid=pass-stop]").press(ENTER);
    browser.wait_gone("[data-testid=pass-banner]");
    assert_eq!(machine.ask(&Status {}).unwrap().passes, []);
    browser.visit("approvals");
    browser.choose("credentials");
    browser.press("d");
    asked.finish();
}
