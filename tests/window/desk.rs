//! A scratch desktop: display, window manager, session bus, notification daemon, WebDriver.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clawbutler_testkit::group::{Ended, says, start};
use clawbutler_testkit::machine::wait_for;
use clawbutler_testkit::webdriver::Session;
use clawbutler_testkit::{given, http};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The scratch desktop. Children end in the order they stand here.
pub(crate) struct Desk {
    driver_port: u16,
    _driver: Ended,
    _dunst: Ended,
    _manager: Ended,
    _bus: Ended,
    _display: Ended,
    env: BTreeMap<String, String>,
    folder: TempDir,
}

impl Desk {
    /// `None` when something of it is not there; the reason is printed.
    pub(crate) fn new() -> Option<Self> {
        given("CLAWBUTLER_DESKTOP_BIN")?;
        given("CLAWBUTLER_HOOK_BIN")?;
        let tauri_driver = given("CLAWBUTLER_TAURI_DRIVER")?;
        let folder = tempfile::Builder::new().prefix("Ann's é ").tempdir().unwrap();
        for name in ["home/.claude", "project/victim", "run"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        fs::set_permissions(folder.path().join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let mut env: BTreeMap<String, String> = [
            ("HOME", at("home")),
            ("XDG_RUNTIME_DIR", at("run")),
            ("CLAWBUTLER_HOME", at("data")),
            ("CLAWBUTLER_HOOK_BIN", given("CLAWBUTLER_HOOK_BIN")?.display().to_string()),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("LANG", "C.UTF-8".to_owned()),
            ("NO_AT_BRIDGE", "1".to_owned()),
            ("LIBGL_ALWAYS_SOFTWARE", "1".to_owned()),
            ("WEBKIT_DISABLE_DMABUF_RENDERER", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let (display, number) =
            says("Xvfb", &["-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp"], &env);
        env.insert("DISPLAY".to_owned(), format!(":{number}"));
        let (bus, address) = says("dbus-daemon", &["--session", "--nofork", "--print-address=1"], &env);
        env.insert("DBUS_SESSION_BUS_ADDRESS".to_owned(), address);
        let manager = start("openbox", &[], &env);
        let dunst = start("dunst", &[], &env);
        let (port, native) = (free_port(), free_port());
        let driver = start(
            &tauri_driver.display().to_string(),
            &[
                "--port",
                &port.to_string(),
                "--native-port",
                &native.to_string(),
                "--native-driver",
                "/usr/bin/WebKitWebDriver",
            ],
            &env,
        );
        let desk = Self {
            driver_port: port,
            _driver: driver,
            _dunst: dunst,
            _manager: manager,
            _bus: bus,
            _display: display,
            env,
            folder,
        };
        wait_for("the WebDriver", || http::send(port, "GET", "/status", &[], "").ok());
        wait_for("the notification daemon", || desk.run("dunstctl", &["count", "displayed"]));
        Some(desk)
    }

    pub(crate) fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the app under the driver.
    pub(crate) fn open(&self) -> Session {
        let app = given("CLAWBUTLER_DESKTOP_BIN").unwrap();
        Session::open(self.driver_port, &json!({ "tauri:options": { "application": app } }))
    }

    fn run(&self, name: &str, args: &[&str]) -> Option<String> {
        let done = Command::new(name).args(args).env_clear().envs(&self.env).stderr(Stdio::null()).output().unwrap();
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
    }

    /// The id of the window on the screen with exactly this title.
    pub(crate) fn window(&self, title: &str) -> Option<String> {
        let found = self.run("xdotool", &["search", "--onlyvisible", "--name", &format!("^{title}$")])?;
        found.lines().next().map(ToOwned::to_owned)
    }

    pub(crate) fn focus(&self, window: &str) {
        self.run("xdotool", &["windowactivate", "--sync", window]);
        wait_for("the focus", || (self.focused() == window).then_some(()));
    }

    pub(crate) fn focused(&self) -> String {
        self.run("xdotool", &["getactivewindow"]).unwrap_or_default()
    }

    /// Types in place of what stands in the field that has the focus, then presses Enter.
    pub(crate) fn type_and_enter(&self, text: &str) {
        self.run("xdotool", &["key", "ctrl+a"]);
        self.run("xdotool", &["type", "--delay", "20", text]);
        self.run("xdotool", &["key", "Return"]);
    }

    /// Closes a window as its title bar does.
    pub(crate) fn close(&self, title: &str) {
        let id = self.window(title).unwrap();
        self.run("wmctrl", &["-i", "-c", &id]);
    }

    /// Title and text of the notifications so far.
    pub(crate) fn notifications(&self) -> Vec<(String, String)> {
        if self.run("dunstctl", &["count", "displayed"]).is_none_or(|count| count == "0") {
            return Vec::new();
        }
        self.run("dunstctl", &["close-all"]);
        let history: Value = serde_json::from_str(&self.run("dunstctl", &["history"]).unwrap()).unwrap();
        let text = |entry: &Value, name: &str| entry[name]["data"].as_str().unwrap_or_default().to_owned();
        history["data"][0]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| (text(entry, "summary"), text(entry, "body")))
            .collect()
    }

    /// The app's own process, found by the data folder it was given.
    pub(crate) fn app(&self) -> Option<Process> {
        let ours = format!("CLAWBUTLER_HOME={}\0", self.at("data").display());
        let folders = fs::read_dir("/proc").ok()?.flatten();
        let found = folders.map(|entry| entry.path()).find(|folder| {
            let name = fs::read_to_string(folder.join("comm")).unwrap_or_default();
            // The kernel cuts names at 15 characters.
            name.trim() == "clawbutler-desk"
                && fs::read_to_string(folder.join("environ")).is_ok_and(|text| text.contains(&ours))
        });
        found.map(Process)
    }

    pub(crate) fn socket_is_dead(&self) -> bool {
        UnixStream::connect(self.at("data/hook.sock")).is_err()
    }

    /// A picture of the screen, where `CLAWBUTLER_SHOTS` names a folder for it.
    pub(crate) fn shot(&self, name: &str) {
        if let Some(folder) = std::env::var_os("CLAWBUTLER_SHOTS") {
            let file = PathBuf::from(folder).join(format!("window-{name}.png"));
            self.run("import", &["-window", "root", &file.display().to_string()]);
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The window whose page this is.
pub(crate) fn switch_to(driver: &Session, popup: bool) {
    wait_for("the window's page", || {
        let handles = driver.command("GET", "/window/handles", &json!({}));
        handles.as_array().unwrap().iter().find_map(|handle| {
            driver.command("POST", "/window", &json!({ "handle": handle }));
            let address = driver.command("GET", "/url", &json!({}));
            (address.as_str().unwrap().contains("#/popup") == popup).then_some(())
        })
    });
}

/// A process, as Linux tells about it.
pub(crate) struct Process(PathBuf);

/// Clock ticks a second, as Linux reports times (`USER_HZ`).
const TICKS: f64 = 100.0;

impl Process {
    /// A field of `stat`, counted as in proc(5) from 1; the name in brackets may hold anything.
    fn stat(&self, field: usize) -> f64 {
        let text = fs::read_to_string(self.0.join("stat")).unwrap();
        let (_, rest) = text.rsplit_once(") ").unwrap();
        rest.split(' ').nth(field - 3).unwrap().parse().unwrap()
    }

    /// Processor time so far (s).
    pub(crate) fn ticks(&self) -> f64 {
        (self.stat(14) + self.stat(15)) / TICKS
    }

    /// When it started (ms since 1970).
    pub(crate) fn started_ms(&self) -> f64 {
        let stat = fs::read_to_string("/proc/stat").unwrap();
        let boot: f64 = stat.lines().find_map(|line| line.strip_prefix("btime ")).unwrap().parse().unwrap();
        let uptime: f64 = fs::read_to_string("/proc/uptime").unwrap().split(' ').next().unwrap().parse().unwrap();
        // `btime` is in whole seconds; the clock and the uptime give the same to a hundredth.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        let exact = if (now - uptime - boot).abs() < 2.0 { now - uptime } else { boot };
        (exact + self.stat(22) / TICKS) * 1000.0
    }

    /// Resident memory (kB).
    pub(crate) fn resident_kb(&self) -> u64 {
        let text = fs::read_to_string(self.0.join("status")).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse().unwrap()
    }
}
