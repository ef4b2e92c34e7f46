//! The packaged window under a virtual display, with a real notification daemon and a window manager: the
//! request is announced, the pop-up shows it without taking the focus and decides it, and no window can
//! do more than its capability says.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]
#![expect(clippy::disallowed_methods, reason = "tests read their own environment and clock")]

mod desk;

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clawbutler_testkit::given;
use clawbutler_testkit::machine::wait_for;
use clawbutler_testkit::webdriver::Session;
use desk::{Desk, switch_to};
use serde_json::{Value, json};

/// The hook as the client starts it for one call.
fn call(desk: &Desk, id: &str, command: &str) -> Child {
    let input = json!({
        "session_id": "38e9e2dd-0000-4000-8000-000000000001", "transcript_path": desk.at("none.jsonl"), "cwd": desk.at("project"),
        "permission_mode": "default", "hook_event_name": "PreToolUse", "tool_name": "Bash",
        "tool_input": { "command": command }, "tool_use_id": id,
    });
    let mut hook = Command::new(given("CLAWBUTLER_HOOK_BIN").unwrap());
    hook.args(["claude-code", "gate"]).env_clear().envs(desk.env()).env("CLAUDE_CODE_ENTRYPOINT", "sdk-cli");
    let mut child = hook.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    child
}

fn answer(hook: Child) -> Value {
    let output = hook.wait_with_output().unwrap();
    serde_json::from_slice::<Value>(&output.stdout).unwrap()["hookSpecificOutput"].clone()
}

/// Calls a command as a page does; the reply or the error.
fn invoke(driver: &Session, command: &str, request: &Value) -> Value {
    driver.script_async(
        "const [command, request, done] = arguments; \
         window.__TAURI_INTERNALS__.invoke(command, { request }).then(value => done({ value }), error => done({ error }))",
        &json!([command, request]),
    )
}

#[test]
fn a_request_is_announced_and_the_popup_decides_it() {
    let Some(desk) = Desk::new() else { return };
    let driver = desk.open();
    driver.wait_for_element("[data-testid=nav-approvals]");
    let main = desk.window("ClawButler").unwrap();
    desk.focus(&main);

    let hook = call(&desk, "toolu_1", "touch ran.txt && rm -rf victim # token=hunter2hunter2");
    let popup = wait_for("the pop-up", || desk.window("ClawButler asks"));
    assert_eq!(desk.focused(), main, "the pop-up leaves the focus where it was");

    let told = wait_for("a notification", || desk.notifications().into_iter().next());
    assert_eq!(told, ("Claude Code asks".to_owned(), "Bash, high risk".to_owned()), "no argument and no secret in it");

    switch_to(&driver, true);
    driver.wait_for_element("[data-testid=approval-card]");
    let card = driver.text("[data-testid=approval-card]");
    assert!(card.contains("rm -rf victim") && !card.contains("hunter2hunter2"), "{card}");
    desk.shot("popup");
    std::thread::sleep(Duration::from_millis(700));
    driver.click("[data-testid=btn-allow]");
    let answered = answer(hook);
    assert_eq!(answered["permissionDecision"], "allow", "{answered}");
    wait_for("the pop-up to go", || desk.window("ClawButler asks").is_none().then_some(()));
    assert_ne!(popup, main);

    let hook = call(&desk, "toolu_2", "rm -rf other");
    wait_for("the pop-up again", || desk.window("ClawButler asks"));
    driver.wait_for_element("[data-testid=btn-deny]:not([disabled])");
    driver.click("[data-testid=btn-deny]");
    assert_eq!(answer(hook)["permissionDecision"], "deny");

    let log = driver_log(&desk, &driver);
    assert_eq!(log.iter().filter(|says| *says == "Allowed once.").count(), 1, "{log:?}");
    assert_eq!(log.iter().filter(|says| *says == "Denied.").count(), 1, "{log:?}");
}

/// What the log says, asked from the main window.
fn driver_log(desk: &Desk, driver: &Session) -> Vec<String> {
    switch_to(driver, false);
    let page = invoke(driver, "list_audit", &json!({}));
    desk.shot("main");
    page["value"]["items"].as_array().unwrap().iter().map(|entry| entry["says"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_window_can_do_what_its_capability_says_and_no_more() {
    let Some(desk) = Desk::new() else { return };
    let driver = desk.open();
    driver.wait_for_element("[data-testid=nav-approvals]");
    assert!(invoke(&driver, "status", &json!({}))["value"].is_object());
    for undeclared in
        ["plugin:fs|read_file", "plugin:shell|execute", "plugin:notification|notify", "plugin:autostart|enable"]
    {
        let refused = invoke(&driver, undeclared, &json!({}));
        assert!(
            refused["error"].as_str().is_some_and(|text| text.contains("not allowed") || text.contains("not found")),
            "{undeclared}: {refused}"
        );
    }
    switch_to(&driver, true);
    assert!(invoke(&driver, "list_approvals", &json!({}))["value"].is_object());
    for forbidden in
        ["update_settings", "install_guard", "revoke_grant", "decide_batch", "list_audit", "govern", "choose_path"]
    {
        let refused = invoke(&driver, forbidden, &json!({}));
        assert!(refused["error"].as_str().is_some_and(|text| text.contains("not allowed")), "{forbidden}: {refused}");
    }
    let loaded = driver.script_async(
        "const done = arguments[0]; const script = document.createElement('script'); script.textContent = 'window.injected = 1'; \
         document.head.append(script); const far = document.createElement('img'); far.onerror = () => done({ injected: window.injected ?? null, far: 'refused' }); \
         far.onload = () => done({ far: 'loaded' }); far.src = 'http://127.0.0.1:9/x.png'",
        &json!([]),
    );
    assert_eq!(loaded, json!({ "injected": null, "far": "refused" }), "the content security policy holds");
}

#[test]
fn closing_hides_it_by_choice_and_a_second_start_brings_it_back() {
    let Some(desk) = Desk::new() else { return };
    let driver = desk.open();
    driver.wait_for_element("[data-testid=nav-approvals]");
    let settings = invoke(&driver, "get_settings", &json!({}))["value"].clone();
    let mut wanted = settings;
    wanted["close_to_tray"] = json!(true);
    let changed = invoke(&driver, "update_settings", &json!({ "settings": wanted }));
    assert!(changed["error"].is_null(), "{changed}");
    wait_for("the window", || desk.window("ClawButler"));
    desk.close("ClawButler");
    wait_for("the window to hide", || desk.window("ClawButler").is_none().then_some(()));
    assert!(invoke(&driver, "status", &json!({}))["value"].is_object(), "the engine still answers");

    let second = Command::new(given("CLAWBUTLER_DESKTOP_BIN").unwrap()).env_clear().envs(desk.env()).status().unwrap();
    assert!(second.success(), "a second start hands over to the first");
    wait_for("the window to come back", || desk.window("ClawButler"));

    // Starting with the session, by choice: the entry comes and goes.
    let entry = || std::fs::read_dir(desk.at("home/.config/autostart")).into_iter().flatten().count();
    for (choice, entries) in [(true, 1), (false, 0)] {
        wanted["autostart"] = json!(choice);
        assert!(invoke(&driver, "update_settings", &json!({ "settings": wanted }))["error"].is_null());
        wait_for("the entry of the session", || (entry() == entries).then_some(()));
    }

    wanted["close_to_tray"] = json!(false);
    assert!(invoke(&driver, "update_settings", &json!({ "settings": wanted }))["error"].is_null());
    desk.close("ClawButler");
    wait_for("the app to end", || desk.socket_is_dead().then_some(()));
}

/// How long the app takes from the start of its process to the first painted page, and what it costs to
/// have it open. Printed, not judged: `docs/PERFORMANCE.md` says how to repeat it on a release build.
#[test]
fn the_first_page_is_painted_and_the_engine_rests() {
    let Some(desk) = Desk::new() else { return };
    let driver = desk.open();
    driver.wait_for_element("[data-testid=nav-approvals]");
    let painted = wait_for("the first paint", || {
        driver.script("const paint = performance.getEntriesByName('first-contentful-paint')[0]; return paint ? performance.timeOrigin + paint.startTime : null").as_f64()
    });
    let process = desk.app().unwrap();
    let before = process.ticks();
    std::thread::sleep(Duration::from_secs(5));
    let spent = process.ticks() - before;
    println!(
        "cold start to first painted page: {:.0} ms; idle: {:.2} % of a core, {} MB resident without the web view",
        painted - process.started_ms(),
        spent / 5.0 * 100.0,
        process.resident_kb() / 1024,
    );
    assert!(painted > process.started_ms());
}

#[test]
fn a_file_is_chosen_in_the_systems_own_dialog_which_no_page_can_open_itself() {
    let Some(desk) = Desk::new() else { return };
    let driver = desk.open();
    driver.wait_for_element("[data-testid=nav-settings]");
    driver.click("[data-testid=nav-settings]");
    driver.wait_for_element("[data-testid=backup-open]");
    driver.click("[data-testid=backup-open]");
    driver.wait_for_element("[data-testid=backup-out-choose]");
    driver.click("[data-testid=backup-out-choose]");
    let dialog = wait_for("the dialog", || desk.window("Back up to"));
    desk.focus(&dialog);
    std::thread::sleep(Duration::from_millis(500));
    desk.shot("dialog");
    let second = invoke(&driver, "choose_path", &json!({ "purpose": "pack" }));
    assert_eq!(second["error"]["message"], "Another dialog is open.", "{second}");
    assert!(invoke(&driver, "status", &json!({}))["value"].is_object(), "the app goes on meanwhile");

    let wanted = desk.at("home/chosen.db.age");
    desk.type_and_enter(&wanted.display().to_string());
    wait_for("the dialog to go", || desk.window("Back up to").is_none().then_some(()));
    let typed = "return document.querySelector('[data-testid=backup-out]').value";
    wait_for("the path in the field", || {
        (driver.script(typed).as_str() == wanted.to_str() && !wanted.exists()).then_some(())
    });
    desk.shot("chosen");

    // Closed without an answer: the field stays as it is.
    driver.click("[data-testid=backup-out-choose]");
    wait_for("the dialog again", || desk.window("Back up to"));
    desk.close("Back up to");
    wait_for("the dialog to go again", || desk.window("Back up to").is_none().then_some(()));
    assert_eq!(driver.script(typed).as_str(), wanted.to_str());

    // The plugin's own commands are not for pages.
    for command in ["plugin:dialog|open", "plugin:dialog|save", "plugin:dialog|message"] {
        let refused = invoke(&driver, command, &json!({}));
        assert!(refused["error"].as_str().is_some_and(|says| says.contains("not allowed")), "{command}: {refused}");
    }
}
