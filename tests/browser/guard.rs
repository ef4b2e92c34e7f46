//! The guard is tried from its page by keyboard, with the real client's own Python: while it works, and broken.

use std::fs;

use clawbutler_testkit::hermes::Hermes;

use crate::agents::both;
use crate::keyboard::{Browser, ENTER};

#[test]
fn a_guard_that_does_not_work_is_told_where_it_was_tried() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let machine = &hermes.machine;
    let Some(browser) = Browser::open(machine) else { return };
    browser.visit(&format!("agents/{}", machine.home_id()));
    browser.wait_text("[data-testid=guard-tested]", "Tried");
    assert!(browser.find("[data-testid=guard-tested].trouble").is_none());
    both(&browser, "38-guard-tried");

    let file = hermes.home("plugins/clawbutler/__init__.py");
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, whole.replace("def register(ctx):", "def register_not(ctx):")).unwrap();
    browser.tab_to("[data-testid=test-guard]").press(ENTER);
    browser.wait_text("[data-testid=guard-tested].trouble", "register");
    browser.wait_text("[data-testid=health]", "register");
    both(&browser, "38-guard-broken");

    fs::write(&file, whole).unwrap();
    browser.tab_to("[data-testid=test-guard]:not([disabled])").press(ENTER);
    browser.wait_gone("[data-testid=guard-tested].trouble");
    both(&browser, "38-guard-mended");
}
