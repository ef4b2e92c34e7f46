//! The audit log's key in a real keychain: the Secret Service that GNOME's keyring provides, on a session bus of its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop and say where")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clawbutler_testkit::given;
use clawbutler_testkit::group::{Ended, says, start};
use clawbutler_testkit::machine::wait_for;
use serde_json::Value;
use tempfile::TempDir;

const KEYRING: &str = "/usr/bin/gnome-keyring-daemon";

/// A user's home with a keyring that is open, and the engine's own data in its usual place.
struct Place {
    cli: PathBuf,
    keyring: Option<Ended>,
    _bus: Ended,
    env: BTreeMap<String, String>,
    folder: TempDir,
}

impl Place {
    /// `None` where the keyring's program is not there; the reason is printed.
    fn new() -> Option<Self> {
        let cli = given("CLAWBUTLER_CLI_BIN")?;
        if !Path::new(KEYRING).exists() {
            let _ = writeln!(std::io::stderr(), "SKIPPED: {KEYRING} is not there; `cargo xtask test` installs it");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        for name in ["home", "run"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o700)).unwrap();
        }
        let mut env: BTreeMap<String, String> =
            [("HOME", at("home")), ("XDG_RUNTIME_DIR", at("run")), ("PATH", "/usr/bin:/bin".to_owned())]
                .map(|(name, value)| (name.to_owned(), value))
                .into();
        let (bus, address) = says("dbus-daemon", &["--session", "--nofork", "--print-address=1"], &env);
        env.insert("DBUS_SESSION_BUS_ADDRESS".to_owned(), address);
        let mut place = Self { cli, keyring: None, _bus: bus, env, folder };
        place.unlock();
        Some(place)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join("home").join(name)
    }

    /// Starts the keyring with its password, as a login does.
    fn unlock(&mut self) {
        let mut command = Command::new(KEYRING);
        command.args(["--foreground", "--unlock", "--components=secrets"]).env_clear().envs(&self.env);
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"of the keyring").unwrap();
        self.keyring = Some(Ended(child));
        self.wait_for_service();
    }

    /// Starts the keyring as the bus does by itself: nobody gave the password, and there is no screen to ask at.
    fn lock(&mut self) {
        self.keyring = None;
        self.keyring = Some(start(KEYRING, &["--start", "--foreground", "--components=secrets"], &self.env));
        self.wait_for_service();
    }

    fn wait_for_service(&self) {
        let ask = ["--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"];
        let owned = ["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"];
        wait_for("the keyring", || {
            let run = Command::new("dbus-send").args(ask).args(owned).env_clear().envs(&self.env).output().unwrap();
            String::from_utf8_lossy(&run.stdout).contains("true").then_some(())
        });
    }

    /// Runs the engine from its start to an orderly end.
    fn run_engine(&self) {
        let mut command = Command::new(&self.cli);
        command.arg("serve").env_clear().envs(&self.env).stdout(Stdio::null()).stderr(Stdio::null());
        let mut engine = command.spawn().unwrap();
        wait_for("the engine", || self.at(".local/share/clawbutler/hook.sock").exists().then_some(()));
        Command::new("kill").arg(engine.id().to_string()).status().unwrap();
        assert!(engine.wait().unwrap().success());
    }

    /// What `audit verify --json` says, and its exit status.
    fn verify(&self) -> (Value, i32) {
        let run =
            Command::new(&self.cli).args(["audit", "verify", "--json"]).env_clear().envs(&self.env).output().unwrap();
        (serde_json::from_slice(&run.stdout).unwrap(), run.status.code().unwrap())
    }

    fn keys(&self) -> String {
        fs::read_to_string(self.at(".local/state/clawbutler/keys.txt")).unwrap()
    }
}

#[test]
fn the_key_is_in_the_keyring_and_in_no_file() {
    let Some(mut place) = Place::new() else { return };
    place.run_engine();
    let (report, status) = place.verify();
    assert_eq!((&report["key"], &report["checkpoint"], status), (&"keychain".into(), &"good".into(), 0), "{report}");
    assert_eq!(report["outside"], serde_json::json!(["state_folder", "keychain"]));
    assert!(!place.at(".local/share/clawbutler/audit.key").exists());
    let key = place.keys();
    assert!(key.ends_with(" keychain\n") && key.lines().count() == 1, "{key}");

    // Logged out and in again: the same key goes on.
    place.keyring = None;
    place.unlock();
    place.run_engine();
    assert_eq!((place.keys(), place.verify().1), (key, 0));
}

#[test]
fn a_locked_keyring_stops_nothing_and_nothing_weaker_signs_in_its_place() {
    let Some(mut place) = Place::new() else { return };
    place.run_engine();
    let key = place.keys();
    place.lock();
    let (report, status) = place.verify();
    assert_eq!((&report["key"], &report["checkpoint"], status), (&"unreachable".into(), &"good".into(), 0), "{report}");
    place.run_engine();
    assert!(!place.at(".local/share/clawbutler/audit.key").exists());
    let (report, status) = place.verify();
    assert_eq!((&report["end"], &report["proven"], status), (&"not_proven".into(), &"2".into(), 1), "{report}");

    // With the password back, what was written meanwhile is named, and what comes is signed again.
    place.keyring = None;
    place.unlock();
    place.run_engine();
    let (report, _) = place.verify();
    assert_eq!(report["unproven"], serde_json::json!([{ "from": "3", "to": "4" }]), "{report}");
    assert_eq!((&report["intact"], &report["key"], place.keys()), (&true.into(), &"keychain".into(), key));
}

#[test]
fn a_log_begun_anew_is_known_by_the_keyring_alone() {
    let Some(place) = Place::new() else { return };
    place.run_engine();
    for folder in [".local/share/clawbutler", ".local/state/clawbutler"] {
        fs::remove_dir_all(place.at(folder)).unwrap();
    }
    assert_eq!(place.verify().0["reason"], "the log is gone; 2 entries were known");
    for _ in 0..2 {
        place.run_engine();
        let (report, status) = place.verify();
        assert_eq!((&report["checkpoint"], status), (&"root_differs".into(), 1), "{report}");
        assert_eq!(report["first_bad"], "1");
    }
}
