//! The audit log by keyboard: search, filter, open an entry, its trace, save a search, export, verify, and the alert
//! after somebody changed an entry.

use std::fs;
use std::process::Command;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_wire::audit_search::AuditFilter;
use clawbutler_wire::command::{SearchAudit, VerifyAudit};
use serde_json::json;

use crate::agents::both;
use crate::keyboard::{Browser, ENTER, ESCAPE, SPACE};

const ROWS: &str = "[data-testid=entry-row]";

/// Calls of the real client: one denied, one allowed, one that carries a secret. Gives the session of the last.
pub(crate) fn lived(machine: &Machine) -> String {
    let mut session = String::new();
    let secret = "git push https://ann:ghp_0123456789abcdefghijABCDEFGHIJ01234@example.com/x && rm -rf build";
    for (command, verb, reason) in [
        ("rm -rf victim", "deny", Some("not before lunch")),
        ("rm -rf cache", "allow_once", None),
        (secret, "deny", None),
    ] {
        let asked = crate::client(machine, command);
        let pending = machine.wait_pending();
        machine.decide(&pending, verb, reason).unwrap();
        asked.finish();
        session = pending.session;
    }
    session
}

/// Both themes, wide and narrow.
pub(crate) fn shots(browser: &Browser, name: &str) {
    for (width, height) in [(1280, 800), (800, 800)] {
        browser.size(width, height);
        both(browser, &format!("{name}-{width}"));
    }
    browser.size(1280, 800);
}

/// The query's errors have a place, its words find, and the address keeps it.
fn searched(browser: &Browser) {
    browser.script("document.activeElement.blur()");
    browser.press("/");
    assert!(browser.is_focused("[data-testid=audit-search]"));
    browser.press("victim kind:");
    browser.wait_text("[data-testid=query-error]", "A value is missing behind the colon");
    shots(browser, "61-bad-query");
    browser.press("approval.requested");
    wait_for("one row", || (browser.count(ROWS) == 1).then_some(()));
    browser.wait_text("[data-testid=count]", "1 entry found");
    assert!(
        browser.script("return location.hash").as_str().unwrap().contains("text=victim%20kind%3Aapproval.requested")
    );
    browser.tab_to("[data-testid=clear]").press(ENTER);
    wait_for("every row", || (browser.count(ROWS) > 10).then_some(()));
}

#[test]
fn the_log_is_searched_followed_exported_and_verified() {
    let Some(machine) = Machine::with_claude(&json!({ "permissions": { "allow": ["Bash"] } })) else { return };
    let session = lived(&machine);
    let Some(browser) = Browser::open(&machine) else { return };
    browser.size(1280, 800);
    browser.tab_to("[data-testid=nav-audit]").press(ENTER);
    browser.wait_text("[data-testid=count]", "entries");
    browser.wait_text(".log", "Denied: not before lunch");
    shots(&browser, "60-log");

    searched(&browser);

    // Filter: a menu, a chip, and back.
    browser.tab_to("[data-testid=menu-decision] summary").press(ENTER);
    shots(&browser, "62-menu");
    browser.tab_to("[data-testid=menu-decision] label:nth-of-type(3) input").press(SPACE);
    browser.wait_text("[data-testid=chip]", "denied");
    browser.press(ESCAPE);
    assert!(browser.is_focused("[data-testid=menu-decision] summary"), "the focus goes back to the menu");
    wait_for("only denials", || {
        let count = browser.count(ROWS);
        (count > 0 && count < 10 && count == browser.count(&format!("{ROWS} .denied"))).then_some(())
    });
    browser.script("history.back()");
    wait_for("every row again", || (browser.count(ROWS) > 10).then_some(()));
    browser.script("history.forward()");

    // A saved search is run again, under another name.
    browser.tab_to("[data-testid=save-search]").press(ENTER);
    browser.tab_to("[data-testid=save-name]").press("What I denied");
    browser.tab_to("[data-testid=save-confirm]").press(ENTER);
    browser.wait_gone("[data-testid=save-sheet]");
    browser.tab_to("[data-testid=clear]").press(ENTER);
    browser.tab_to("[data-testid=menu-saved] summary").press(ENTER);
    browser.wait_text("[data-testid=saved-search]", "What I denied");
    shots(&browser, "63-saved");
    browser.tab_to("[data-testid=run-search]").press(ENTER);
    browser.wait_text("[data-testid=chip]", "denied");

    // An entry: Enter opens it, the arrows go on, its facts carry the mask and not the secret.
    browser.script("location.hash = '#/audit'");
    wait_for("every row", || (browser.count(ROWS) > 10).then_some(()));
    browser.script("document.activeElement.blur()");
    browser.press("j");
    browser.press("j");
    assert!(browser.is_focused(&format!("{ROWS}:nth-child(2) a")));
    browser.press(ENTER);
    browser.wait_for_element("[data-testid=entry]");
    let request = format!("{ROWS}[data-kind='action.requested'].current");
    wait_for("a request", || {
        browser.press("j");
        std::thread::sleep(std::time::Duration::from_millis(80));
        browser.find(&request)
    });
    browser.wait_for_element("[data-testid=facts] .masked");
    assert!(!browser.text("[data-testid=entry]").contains("ghp_0123456789"), "the secret is nowhere");
    browser.wait_text("[data-testid=related]", "You decided");
    browser.wait_text("[data-testid=proof]", "checkpoint");
    shots(&browser, "64-entry");

    // Its trace, on an axis and as a tree.
    browser.tab_to("[data-testid=open-trace]").press(ENTER);
    browser.wait_for_element("[data-testid=lane]");
    browser.wait_text("[data-testid=trace-summary]", "denied");
    browser.tab_to("[data-testid=lane]:nth-child(2) button").press(ENTER);
    browser.wait_text(".lane-entries", "You decided");
    shots(&browser, "65-trace");
    browser.tab_to("[data-testid=as-tree]").press(ENTER);
    browser.wait_text("[data-testid=span-tree]", "You decided");
    shots(&browser, "66-tree");
    browser.tab_to("[data-testid=back]").press(ENTER);
    browser.wait_for_element(ROWS);
    // A session's page links here by the runtime's own id.
    browser.visit(&format!("audit/session/{session}"));
    browser.wait_text("[data-testid=trace-summary]", "2 spans, 6 entries, 1 denied");
    browser.visit("audit");
    browser.wait_for_element(ROWS);

    export(&machine, &browser);
    verify(&machine, &browser);
}

fn export(machine: &Machine, browser: &Browser) {
    let out = machine.at("out.jsonl").display().to_string();
    browser.tab_to("[data-testid=export]").press(ENTER);
    browser.wait_text("[data-testid=export-preview]", "would be written");
    shots(browser, "67-export");
    browser.script("document.querySelector('[data-testid=export-out]').select()");
    browser.tab_to("[data-testid=export-out]").press(&out);
    browser.tab_to("[data-testid=export-start]").press(ENTER);
    browser.wait_text("[data-testid=export-progress]", "Exported");
    let digest = browser.text("[data-testid=export-digest]");
    let file = fs::read(&out).unwrap();
    assert_eq!(digest, clawbutler_core::digest::sha256(&file), "the digest is the file's");
    assert!(!String::from_utf8_lossy(&file).contains("ghp_0123456789"));
    shots(browser, "68-exported");
    browser.tab_to("[data-testid=export-close]").press(ENTER);
    browser.wait_text(".log", "entries were exported as jsonl");
}

fn verify(machine: &Machine, browser: &Browser) {
    browser.tab_to("[data-testid=verify-audit]").press(ENTER);
    browser.wait_text("[data-testid=verify-result]", "Nothing was changed");
    shots(browser, "69-intact");
    browser.tab_to("[data-testid=checkpoints]").press(ENTER);
    browser.wait_text("[data-testid=copies]", "agrees with the log");
    shots(browser, "70-checkpoints");
    browser.press(ESCAPE);
    browser.wait_gone("[data-testid=checkpoints-sheet]");

    // Somebody changes an entry in the database.
    let forge = "import sqlite3,sys;c=sqlite3.connect(sys.argv[1]);c.execute('drop trigger ledger_no_update');\
        print(c.execute(\"update ledger set payload=replace(payload,'victim','harmle') where kind='action.requested' and payload like '%victim%'\").rowcount);\
        c.commit()";
    let forged =
        Command::new("python3").args(["-c", forge]).arg(machine.data().join("clawbutler.db")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&forged.stdout).trim(), "1", "{}", String::from_utf8_lossy(&forged.stderr));
    browser.tab_to("[data-testid=verify-audit]").press(ENTER);
    browser.wait_text("[data-testid=verdict][role=alert]", "does not hold");
    shots(browser, "71-tampered");
    browser.tab_to("[data-testid=verdict] a").press(ENTER);
    browser.wait_text("[data-testid=proof] [role=alert]", "This entry does not hold");
    browser.wait_text("[data-testid=facts]", "harmle");
    browser.script("document.querySelector('[data-testid=proof]').scrollIntoView({ block: 'center' })");
    shots(browser, "72-broken-entry");
}

#[test]
fn what_nothing_proves_alarms_until_a_person_says_that_they_know() {
    let Some(mut machine) = Machine::with_claude(&json!({ "permissions": { "allow": ["Bash"] } })) else { return };
    let asked = crate::client(&machine, "rm -rf one");
    machine.decide(&machine.wait_pending(), "deny", None).unwrap();
    asked.finish();
    // A program puts back an older seal while the app is gone, so nothing covers what came after it.
    let seal = machine.at("data-state/head.seal");
    let older = fs::read(&seal).unwrap();
    let asked = crate::client(&machine, "rm -rf two");
    machine.decide(&machine.wait_pending(), "deny", None).unwrap();
    asked.finish();
    machine.stop();
    fs::write(&seal, older).unwrap();
    machine.start();

    let Some(browser) = Browser::open(&machine) else { return };
    browser.size(1280, 800);
    browser.tab_to("[data-testid=nav-audit]").press(ENTER);
    browser.tab_to("[data-testid=verify-audit]").press(ENTER);
    browser.wait_text("[data-testid=verdict][role=alert]", "nothing proves who wrote some of them");
    shots(&browser, "78-unproven");

    // Looking at the sheet records nothing, whichever way it is left.
    browser.tab_to("[data-testid=acknowledge]").press(ENTER);
    browser.wait_text("[data-testid=acknowledge-sheet]", "Nothing proves the entries");
    browser.focus_stays_in("[data-testid=acknowledge-sheet]");
    assert_eq!(browser.nameless(), json!([]));
    shots(&browser, "79-acknowledge");
    browser.press(ESCAPE);
    browser.wait_gone("[data-testid=acknowledge-sheet]");
    assert!(browser.is_focused("[data-testid=acknowledge]"), "the focus goes back to the button");
    let acknowledged = || {
        let filter = AuditFilter { kinds: vec!["log.acknowledged".to_owned()], ..AuditFilter::default() };
        machine.ask(&SearchAudit { filter, ..SearchAudit::default() }).unwrap().items.len()
    };
    assert_eq!(acknowledged(), 0);

    browser.press(ENTER);
    browser.tab_to("[data-testid=acknowledge-confirm]").press(ENTER);
    browser.wait_gone("[data-testid=acknowledge-sheet]");
    browser.wait_text("[data-testid=verdict]", "You know that nothing proves the entries");
    assert!(browser.find("[data-testid=acknowledge]").is_none(), "what is known is not asked about again");
    assert!(browser.find("[data-testid=verdict][role=alert]").is_none());
    shots(&browser, "80-known");
    assert_eq!(acknowledged(), 1);
    let report = machine.ask(&VerifyAudit {}).unwrap();
    assert_eq!((report.intact, report.unproven.len(), report.acknowledged.len()), (true, 0, 1));
}

#[test]
fn long_work_and_failures_on_the_log_are_shown() {
    let Some(machine) = Machine::new() else { return };
    let Some(browser) = Browser::open(&machine) else { return };
    browser.size(1280, 800);
    browser.script(include_str!("scripted_audit.js"));
    // A search that its time stopped says how far it looked, and goes on by itself until it is told not to.
    browser.script("window.scriptedAudit.looked = '8120400'");
    browser.visit("audit/-/text=unfindable");
    browser.wait_text("[data-testid=looked-back]", "Looked back to entry 8,120,400; nothing found so far.");
    shots(&browser, "73-looking-back");
    browser.script("window.scriptedAudit.looked = '6000000'");
    browser.wait_text("[data-testid=looked-back]", "Looked back to entry 6,000,000; nothing found so far.");
    browser.tab_to("[data-testid=stop-looking]").press(ENTER);
    browser.wait_for_element("[data-testid=go-on]");
    assert!(browser.is_focused("[data-testid=go-on]"));
    browser.script("window.scriptedAudit.looked = '5000000'");
    shots(&browser, "73-looked-back");
    assert!(browser.text("[data-testid=looked-back]").contains("6,000,000"), "it stopped");
    browser.script("window.scriptedAudit.looked = null");
    browser.tab_to("[data-testid=go-on]").press(ENTER);
    browser.wait_text("[data-testid=audit-empty]", "No entry matches");
    shots(&browser, "74-empty");

    browser.script("window.scriptedAudit.busy = '2400000'");
    browser.tab_to("[data-testid=verify-audit]").press(ENTER);
    browser.wait_text("[data-testid=verify-result]", "2,400,000 of 9,000,000 entries");
    shots(&browser, "75-verifying");
    browser.tab_to("[data-testid=export]").press(ENTER);
    browser.wait_text("[data-testid=export-progress]", "312,044 written");
    shots(&browser, "76-exporting");
    browser.tab_to("[data-testid=export-cancel]").press(ENTER);
    browser.wait_for_element("[data-testid=export-start]");
    browser.press(ESCAPE);

    browser.script("window.scriptedAudit.fails = 'The database is locked.'");
    browser.visit("audit/-/risk=high");
    browser.wait_text(".audit-list .trouble", "The database is locked.");
    shots(&browser, "77-failed");
    // The list also tries again by itself when the log grows, so it fails until the button is reached.
    browser.tab_to(".audit-list .trouble button");
    browser.script("window.scriptedAudit.fails = null");
    browser.press(ENTER);
    browser.wait_gone(".audit-list .trouble");

    // A session without a trail, and an entry that does not exist.
    browser.visit("audit/session/gone");
    browser.wait_text("[data-testid=no-trail]", "The log has nothing of this session");
    browser.visit("audit/999999");
    browser.wait_text("[data-testid=entry]", "There is no");
}
