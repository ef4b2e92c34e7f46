//! The guard is tried from its page by keyboard, with the real client's own Python; one that was changed is offered for
//! repair at once.

use std::fs;

use clawbutler_testkit::hermes::Hermes;
use clawbutler_testkit::machine::wait_for;

use crate::agents::both;
use crate::keyboard::{Browser, ENTER};

#[test]
fn the_guard_is_tried_and_a_changed_one_is_offered_for_repair() {
    let Some(hermes) = Hermes::guarded("off") else { return };
    let machine = &hermes.machine;
    let Some(browser) = Browser::open(machine) else { return };
    browser.visit(&format!("agents/{}", machine.home_id()));
    browser.wait_text("[data-testid=guard-tested]", "Tried");
    assert!(browser.find("[data-testid=guard-tested].trouble").is_none());
    both(&browser, "38-guard-tried");
    let tried = || machine.kinds().iter().filter(|kind| *kind == "guard.tested").count();
    assert_eq!(tried(), 1, "when it was installed");
    browser.tab_to("[data-testid=test-guard]").press(ENTER);
    wait_for("the second trial", || (tried() == 2).then_some(()));
    browser.wait_for_element("[data-testid=test-guard]:not([disabled])");

    let file = hermes.home("plugins/clawbutler/__init__.py");
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, whole.replace("def register(ctx):", "def register_not(ctx):")).unwrap();
    browser.wait_text("[data-testid=guard] [data-testid=install]", "Repair");
    assert!(browser.find("[data-testid=test-guard]").is_none(), "what is not ours is not tried");
    both(&browser, "38-guard-changed");
}
