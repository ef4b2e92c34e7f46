//! A headless Chromium whose user has no mouse.

use std::net::TcpListener;
use std::ops::Deref;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clawbutler_testkit::http;
use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::webdriver::Session;
use serde_json::{Value, json};

const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";
pub(crate) const DOWN: &str = "\u{e015}";
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const SPACE: &str = " ";
const CONTROL: &str = "\u{e009}";
/// Tab stops on one page.
const MOST_STOPS: usize = 120;

/// The browser, at the dev host's page. Fields end in this order.
#[derive(Debug)]
pub(crate) struct Browser {
    session: Session,
    _driver: Driver,
}

#[derive(Debug)]
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

impl Deref for Browser {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Browser {
    /// `None` when there is no browser; the reason is printed.
    pub(crate) fn open(machine: &Machine) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}")).env("HOME", machine.at("home")).process_group(0);
        let Ok(driver) = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
            use std::io::Write as _;
            let _ =
                writeln!(std::io::stderr(), "SKIPPED: chromedriver is not installed; `cargo xtask test` installs it");
            return None;
        };
        let driver = Driver(driver);
        wait_for("chromedriver", || http::send(port, "GET", "/status", &[], "").ok());
        // The page keeps a stream of events open, so it never counts as loaded.
        let options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1240,820"];
        let wanted = json!({ "pageLoadStrategy": "none", "goog:chromeOptions": { "args": options } });
        let browser = Self { session: Session::open(port, &wanted), _driver: driver };
        let host = machine.host.as_ref().unwrap();
        browser.go(&format!("http://127.0.0.1:{}/?token={}", host.port, host.token));
        browser.wait_for_element("[data-testid=nav-now]");
        Some(browser)
    }

    pub(crate) fn is_focused(&self, selector: &str) -> bool {
        self.script(&format!("return document.activeElement?.matches({}) ?? false", json!(selector))) == true
    }

    /// Presses Tab until the element has the focus, which has to be seen at every stop.
    pub(crate) fn tab_to(&self, selector: &str) -> &Self {
        self.wait_for_element(selector);
        for _ in 0..MOST_STOPS {
            if self.is_focused(selector) {
                let seen = "const style = getComputedStyle(document.activeElement); \
                            return style.outlineStyle !== 'none' || style.boxShadow !== 'none'";
                assert_eq!(self.script(seen), true, "the focus on {selector} is not to be seen");
                return self;
            }
            self.press(TAB);
        }
        panic!("{selector} cannot be reached with Tab");
    }

    /// Types text with line breaks.
    pub(crate) fn write(&self, text: &str) {
        self.press(&text.replace('\n', ENTER));
    }

    /// A letter with Control held down.
    pub(crate) fn control(&self, letter: &str) {
        let key = |kind: &str, value: &str| json!({ "type": kind, "value": value });
        let keys = [key("keyDown", CONTROL), key("keyDown", letter), key("keyUp", letter), key("keyUp", CONTROL)];
        let source = json!({ "type": "key", "id": "keyboard", "actions": keys });
        self.command("POST", "/actions", &json!({ "actions": [source] }));
    }

    pub(crate) fn wait_gone(&self, selector: &str) {
        wait_for(&format!("{selector} to go"), || self.find(selector).is_none().then_some(()));
    }

    pub(crate) fn wait_text(&self, selector: &str, text: &str) {
        wait_for(&format!("{text:?} in {selector}"), || self.text(selector).contains(text).then_some(()));
    }

    /// Waits for the request with this text, moves to it and waits until its buttons are armed.
    pub(crate) fn choose(&self, text: &str) {
        wait_for(&format!("a card on {text:?} that can be decided"), || {
            self.find("[data-testid=approval-row]")?;
            self.script("document.activeElement?.blur()");
            self.press("j");
            let card = "return document.querySelector('[data-testid=approval-card]')?.textContent ?? ''";
            let shown = self.script(card).as_str().is_some_and(|card| card.contains(text));
            self.find("[data-testid=btn-deny]:not([disabled])").filter(|_| shown)
        });
    }

    /// Walks around with Tab: the focus does not leave the element for the page behind it.
    pub(crate) fn focus_stays_in(&self, selector: &str) {
        for _ in 0..12 {
            self.press(TAB);
            let inside = self.script(&format!(
                "const at = document.activeElement; return at === document.body || at.closest({}) !== null",
                json!(selector)
            ));
            assert_eq!(inside, true, "the focus left {selector}");
        }
    }

    pub(crate) fn count(&self, selector: &str) -> u64 {
        let script = format!("return document.querySelectorAll({}).length", json!(selector));
        self.script(&script).as_u64().unwrap()
    }

    fn devtools(&self, cmd: &str, params: &Value) {
        self.command("POST", "/goog/cdp/execute", &json!({ "cmd": cmd, "params": params }));
    }

    pub(crate) fn prefer(&self, theme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": theme }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    pub(crate) fn size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    pub(crate) fn visit(&self, page: &str) {
        self.script(&format!("location.hash = '#/{page}'"));
        self.wait_for_element(if page == "popup" { "main.popup" } else { "main" });
        std::thread::sleep(Duration::from_millis(150));
    }

    /// Controls that a screen reader has no name for.
    pub(crate) fn nameless(&self) -> Value {
        self.script(
            "return [...document.querySelectorAll('a, button, input, select, textarea, dialog, nav')].filter(e => \
             !(e.textContent.trim() || e.getAttribute('aria-label') || e.title || (e.labels?.length ?? 0) > 0)).map(e => e.outerHTML)",
        )
    }

    pub(crate) fn overflows(&self) -> bool {
        self.script("return document.documentElement.scrollWidth > innerWidth") == true
    }
}
