//! Keeping the audit log by keyboard: limits, what would go, a run, a backup, and an evidence pack that holds.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use clawbutler_testkit::given;
use clawbutler_testkit::machine::Machine;
use serde_json::json;

use crate::audit::{lived, shots};
use crate::keyboard::{Browser, ENTER, ESCAPE, SPACE};

/// Lets the programs of a machine live so many seconds ahead, since nothing of the last day is ever removed.
const AHEAD: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, now);
    char *ahead = getenv("CLAWBUTLER_TEST_AHEAD");
    if (code == 0 && id == CLOCK_REALTIME && ahead) now->tv_sec += atol(ahead);
    return code;
}
"#;

/// Makes the machine forty days older, by a library in this folder: the loader knows no path with spaces. Whether that
/// could be done.
fn forty_days_on(machine: &mut Machine, folder: &Path) -> bool {
    let (source, library) = (folder.join("ahead.c"), folder.join("ahead.so"));
    fs::write(&source, AHEAD).unwrap();
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").status();
    if !(cfg!(target_os = "linux") && made.is_ok_and(|status| status.success())) {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "SKIPPED: no C compiler for a clock that runs ahead");
        return false;
    }
    machine.extra.insert("LD_PRELOAD".to_owned(), library.display().to_string());
    machine.extra.insert("CLAWBUTLER_TEST_AHEAD".to_owned(), (40 * 24 * 60 * 60).to_string());
    machine.quit();
    machine.start();
    true
}

fn cli(machine: &Machine, args: &[&str]) -> Output {
    Command::new(given("CLAWBUTLER_CLI_BIN").unwrap()).env_clear().envs(machine.env()).args(args).output().unwrap()
}

#[test]
fn old_facts_are_removed_copies_made_and_packs_handed_out() {
    let Some(mut machine) = Machine::with_claude(&json!({ "permissions": { "allow": ["Bash"] } })) else { return };
    if given("CLAWBUTLER_CLI_BIN").is_none() {
        return;
    }
    lived(&machine);
    let plain = tempfile::tempdir().unwrap();
    if !forty_days_on(&mut machine, plain.path()) {
        return;
    }
    let Some(browser) = Browser::open(&machine) else { return };
    browser.size(1280, 800);
    retention(&browser);
    backup(&machine, &browser);
    pruned(&browser);
    pack(&machine, &browser);
    let kinds = machine.kinds();
    assert!(!kinds.iter().any(|kind| kind == "tampering.noticed"), "what we do ourselves is no tampering: {kinds:?}");
}

fn to_section(browser: &Browser, selector: &str) {
    let show = format!("document.querySelector('{selector}').scrollIntoView({{ block: 'start' }})");
    browser.script(&show);
}

fn retention(browser: &Browser) {
    browser.tab_to("[data-testid=nav-settings]").press(ENTER);
    browser.wait_text("[data-testid=keep-state]", "No run has removed anything yet");
    assert_eq!(browser.count("[data-testid=keep-on]:checked"), 0, "it is off until the user switches it on");
    to_section(browser, "[data-testid=keeping]");
    shots(browser, "80-keeping");

    // Limits: a tick, a number; one out of bounds is refused, and the dry run is of what is on the screen.
    for class in ["actions", "decisions"] {
        browser.tab_to(&format!("[data-testid=keep-{class}] td:nth-child(2) input[type=checkbox]")).press(SPACE);
        browser.wait_for_element(&format!("[data-testid=keep-{class}] input[type=number]"));
    }
    let number = "[data-testid=keep-actions] td:nth-child(2) input[type=number]";
    let type_days = |days: &str| {
        browser.tab_to(number);
        browser.script("document.activeElement.select()");
        browser.press(days);
        browser.press("\u{e004}");
    };
    type_days("0");
    browser.wait_text("[data-testid=keep-actions]", "from 1 to 3,650");
    type_days("30");
    browser.wait_gone("[data-testid=keep-actions] [role=alert]");
    browser.tab_to("[data-testid=keep-preview]").press(ENTER);
    browser.wait_text("[data-testid=goes]", "Actions");
    assert!(!browser.text("[data-testid=goes]").contains("Your decisions"), "90 days are not over");
    browser.wait_text("[data-testid=keep-changed]", "Not saved yet");
    shots(browser, "81-dry-run");
    browser.tab_to("[data-testid=keep-save]").press(ENTER);
    browser.wait_gone("[data-testid=keep-changed]");

    // A run: asked about first, with the same figures; leaving changes nothing.
    browser.tab_to("[data-testid=keep-run]").press(ENTER);
    browser.wait_text("[data-testid=keep-confirm]", "cannot be undone");
    browser.wait_text("[data-testid=keep-confirm] [data-testid=goes]", "Actions");
    browser.focus_stays_in("[data-testid=keep-confirm]");
    shots(browser, "82-consent");
    browser.press(ESCAPE);
    browser.wait_gone("[data-testid=keep-confirm]");
    browser.wait_text("[data-testid=keep-state]", "No run has removed anything yet");
    browser.tab_to("[data-testid=keep-run]").press(ENTER);
    browser.tab_to("[data-testid=keep-confirm-run]:not([disabled])").press(ENTER);
    browser.wait_text("[data-testid=keep-last]", "It removed the facts of");
    browser.wait_gone("[data-testid=keep-dry] table");
    to_section(browser, "[data-testid=keep-on]");
    shots(browser, "83-ran");
}

fn backup(machine: &Machine, browser: &Browser) {
    let out = machine.at("copy.db.age").display().to_string();
    browser.tab_to("[data-testid=backup-open]").press(ENTER);
    browser.wait_text("[data-testid=backup-sheet]", "at least 12 characters");
    browser.tab_to("[data-testid=backup-out]");
    assert!(browser.script("return document.activeElement.value").as_str().unwrap().ends_with(".db.age"));
    browser.script("document.activeElement.select()");
    browser.press(&out);
    browser.tab_to("[data-testid=passphrase]").press("correct horse battery");
    browser.tab_to("[data-testid=passphrase-again]").press("correct horse");
    browser.wait_text("[data-testid=backup-sheet]", "are not the same");
    shots(browser, "84-backup");
    browser.press(" battery");
    browser.tab_to("[data-testid=backup-start]:not([disabled])").press(ENTER);
    browser.wait_text("[data-testid=backup-progress]", "Backed up");
    let file = fs::read(&out).unwrap();
    assert!(file.starts_with(b"age-encryption.org/v1"));
    assert_eq!(browser.text("[data-testid=backup-digest]"), clawbutler_core::digest::sha256(&file));
    assert!(browser.text("[data-testid=backup-progress]").contains("clawbutler audit restore"));
    shots(browser, "85-backed-up");
    browser.tab_to("[data-testid=backup-close]").press(ENTER);
    browser.wait_gone("[data-testid=backup-sheet]");

    // Before it is put back one looks into it; an encrypted one tells how, and gives the command.
    browser.tab_to("[data-testid=restore-open]").press(ENTER);
    browser.tab_to("[data-testid=restore-file]").press(&out);
    browser.press(ENTER);
    browser.wait_text("[data-testid=restore-result]", "Encrypted with a passphrase");
    assert!(browser.text("[data-testid=restore-result]").contains("clawbutler audit restore"));
    shots(browser, "85-restore");
    browser.press(ESCAPE);
    browser.wait_gone("[data-testid=restore-sheet]");
}

fn pruned(browser: &Browser) {
    browser.tab_to("[data-testid=nav-audit]").press(ENTER);
    browser.wait_text("[data-testid=row-pruned]", "facts removed");
    let row = "[data-testid=entry-row]:has([data-testid=row-pruned]) a";
    browser.script(&format!("document.querySelector('{row}').click()"));
    browser.wait_text("[data-testid=pruned]", "Retention removed the facts");
    browser.wait_text("[data-testid=pruned]", "Announced by entry");
    browser.wait_text("[data-testid=proof]", "checkpoint");
    shots(browser, "86-pruned");
    browser.tab_to("[data-testid=close-entry]").press(ENTER);
}

fn pack(machine: &Machine, browser: &Browser) {
    let out = machine.at("evidence.zip").display().to_string();
    browser.tab_to("[data-testid=export]").press(ENTER);
    browser.wait_for_element("[data-testid=export-preview]");
    browser.script("document.querySelector('[data-testid=format-1]').click()");
    browser.wait_text("[data-testid=pack-hint]", "--key KEY");
    shots(browser, "87-pack");
    browser.tab_to("[data-testid=pack-key]").press(ENTER);
    browser.wait_text("[data-testid=checkpoints-sheet]", "Copies outside");
    browser.wait_for_element("[data-testid=copy-key]");
    let key = browser.text("[data-testid=checkpoints-sheet] .key-line code");
    browser.press(ESCAPE);
    browser.wait_gone("[data-testid=checkpoints-sheet]");
    browser.tab_to("[data-testid=export]").press(ENTER);
    browser.wait_for_element("[data-testid=export-preview]");
    browser.script("document.querySelector('[data-testid=format-1]').click()");
    browser.tab_to("[data-testid=export-out]");
    browser.script("document.activeElement.select()");
    browser.press(&out);
    browser.tab_to("[data-testid=export-start]").press(ENTER);
    browser.wait_text("[data-testid=export-progress]", "Exported");
    shots(browser, "88-packed");

    // Somebody else checks it with the key that the sheet showed, and with another.
    let held = cli(machine, &["audit", "verify", &out, "--key", &key]);
    assert!(held.status.success(), "{held:?}");
    let bytes = fs::read(&out).unwrap();
    let at = bytes.len() / 3;
    let forged = machine.at("forged.zip");
    fs::write(&forged, [&bytes[..at], &[bytes[at] ^ 1], &bytes[at + 1..]].concat()).unwrap();
    let refused = cli(machine, &["audit", "verify", &forged.display().to_string(), "--key", &key]);
    assert!(!refused.status.success(), "{refused:?}");
    browser.tab_to("[data-testid=export-close]").press(ENTER);
    checked(browser, &out, &forged.display().to_string());
}

/// A window checks packs too; a browser has no dialog to choose them in.
fn checked(browser: &Browser, good: &str, forged: &str) {
    browser.tab_to("[data-testid=check-pack]").press(ENTER);
    browser.tab_to("[data-testid=check-file]").press(good);
    assert_eq!(browser.count("[data-testid=check-file-choose]"), 0, "no button without a dialog");
    browser.press(ENTER);
    browser.wait_text("[data-testid=check-result]", "Nothing was changed");
    assert!(browser.text("[data-testid=check-result]").contains("Signed by this machine's own log."));
    shots(browser, "88-checked");
    browser.tab_to("[data-testid=check-file]");
    browser.script("document.activeElement.select()");
    browser.press(forged);
    assert!(!browser.text("[data-testid=check-result]").contains("Nothing was changed"), "it was of another file");
    browser.tab_to("[data-testid=check-start]").press(ENTER);
    browser.wait_text("[data-testid=check-result]", "It does not hold");
    shots(browser, "88-refused");
    browser.press(ESCAPE);
    browser.wait_gone("[data-testid=check-sheet]");
}

#[test]
fn long_runs_and_failures_are_shown() {
    let Some(machine) = Machine::new() else { return };
    let Some(browser) = Browser::open(&machine) else { return };
    browser.size(1280, 800);
    browser.script(include_str!("scripted_keeping.js"));
    let state = |retention: &str, backup: &str| {
        browser.visit("audit");
        browser.script(&format!(
            "window.scriptedKeeping.retention = {retention}; window.scriptedKeeping.backup = {backup}"
        ));
        browser.visit("settings");
        browser.wait_for_element("[data-testid=keep-table]");
    };
    state("{ running: { done: '412000', total: '1908994' } }", "null");
    browser.wait_text("[data-testid=keep-running]", "412,000 of 1,908,994 entries");
    assert_eq!(browser.count("[data-testid=keep-run][disabled]"), 1, "one run at a time");
    to_section(&browser, "[data-testid=keep-on]");
    shots(&browser, "89-running");

    state(
        "{ gives_back: false, trouble: 'The disk is full.' }",
        "{ state: 'running', out: '/home/ann/copy.db.age', done: '1204000000', total: '3100000000' }",
    );
    browser.wait_text("[data-testid=keep-trouble]", "The disk is full.");
    browser.wait_text("[data-testid=keep-no-return]", "does not get smaller");
    browser.wait_text("[data-testid=keep-last]", "It removed the facts of 1,908,994 entries (2.9 GB)");
    to_section(&browser, "[data-testid=keep-on]");
    shots(&browser, "90-trouble");
    browser.tab_to("[data-testid=keep-run]").press(ENTER);
    browser.wait_text("[data-testid=keep-confirm] tfoot", "1,908,994");
    shots(&browser, "91-large-consent");
    browser.press(ESCAPE);

    browser.tab_to("[data-testid=backup-open]").press(ENTER);
    browser.wait_text("[data-testid=backup-progress]", "1.2 GB of 3.1 GB");
    shots(&browser, "92-copying");
    browser.script("window.scriptedKeeping.backup = { state: 'failed', out: '/home/ann/copy.db.age', done: '0', total: '0', says: 'No space left on device.' }");
    browser.wait_text("[data-testid=backup-progress] [role=alert]", "No space left on device.");
    shots(&browser, "93-backup-failed");
    browser.tab_to("[data-testid=backup-again]").press(ENTER);
    browser.wait_for_element("[data-testid=backup-start]");
}
