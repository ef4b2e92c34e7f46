//! Everything is in the log: each happening that is named as recorded, made once, with the kind of entry it leaves.

use std::fs;

use clawbutler_butler::Submission;
use clawbutler_core::limits::RETENTION_DAY_MS;
use clawbutler_wire::approvals::Verb;
use clawbutler_wire::audit_search::{AuditFilter, ExportAudit, ExportFormat, ShowExport};
use clawbutler_wire::command::{
    AcceptDrift, ForgetHome, GetSettings, Govern, InstallGuard, KillAgent, MakeBackup, PlanGuard, ReviveAgent,
    RevokeGrant, SetAgentState, SetRetention, ShowAgent, ShowBackup, UninstallGuard, UpdateSettings,
};
use clawbutler_wire::gateway::{Event, SpoolRecord, VERSION, Verdict};
use clawbutler_wire::retention::{Keep, RetentionSettings};
use clawbutler_wire::runtimes::GuardVariant;
use serde_json::{Value, json};

use crate::budget::Till;
use crate::copy::Copy;
use crate::desk::{Desk, decide};

/// What happens, how it is made, and what is in the log afterwards: kinds, each with a fact its entry must have.
pub(crate) type Row = (&'static str, fn(Desk) -> Desk, &'static [(&'static str, &'static str)]);

pub(crate) const ASKED: &str = "git push --force origin main";

const ROWS: &[Row] = &[
    (
        "an action is seen",
        asked_and_allowed,
        &[("action.requested", "/effect/command"), ("action.requested", "/digest")],
    ),
    (
        "a verdict, with the rules it was made by and why",
        |desk| {
            desk.write_rules("rules.toml", DENY);
            desk.butler().tick(false);
            desk.verdict("ninja");
            desk
        },
        &[("action.decided", "/rules"), ("action.decided", "/matches/0"), ("action.requested", "/risk")],
    ),
    ("a question", asked_and_allowed, &[("approval.requested", "/approval"), ("approval.decided", "/decision/verb")]),
    (
        "a question nobody answers",
        |desk| {
            desk.queue("s", ASKED);
            desk.pass_ms(3_600_000);
            desk
        },
        &[("approval.expired", "/approval")],
    ),
    (
        "a question whose client went away",
        |desk| {
            let (_, seen) = desk.queue("s", ASKED);
            desk.butler().client_gone(&seen.id);
            desk
        },
        &[("approval.withdrawn", "/cause")],
    ),
    (
        "a question that is taken up again after the engine was killed",
        |desk| {
            let request = desk.request("s", ASKED);
            assert!(matches!(desk.butler().submit(&request), Submission::Waiting(_)));
            let copy = Copy::of(&desk);
            let after = Desk::at(copy.0.path());
            after.butler().submit(&request);
            assert!(!after.entries("approval.reclaimed").is_empty());
            // The folder goes with the copy; what was found there is what counts.
            desk
        },
        &[],
    ),
    (
        "grants given, used, revoked and ended",
        |desk| {
            let (_, seen) = desk.queue("s", ASKED);
            desk.butler().decide_approval(decide(&seen, Verb::AllowAlways)).unwrap();
            desk.verdict(ASKED);
            assert!(desk.entries("action.decided").iter().any(|entry| entry.actor == "an always-allow"));
            let id = desk.entries("grant.created")[0].data["grant"].as_str().unwrap().to_owned();
            desk.butler().revoke_grant(RevokeGrant { id }).unwrap();
            let (_, seen) = desk.queue("s", ASKED);
            let mut always = decide(&seen, Verb::AllowAlways);
            always.expires_ms = Some(120_000);
            desk.butler().decide_approval(always).unwrap();
            desk.pass_ms(240_000);
            desk
        },
        &[("grant.created", "/grant"), ("grant.revoked", "/grant"), ("grant.ended", "/cause")],
    ),
    (
        "rules change, wait and break",
        |desk| {
            desk.write_rules("rules.toml", DENY);
            desk.butler().tick(false);
            desk.write_rules("rules.toml", "");
            desk.butler().tick(false);
            desk.write_rules("rules.toml", "no rule at all");
            desk.butler().tick(false);
            desk
        },
        &[("rules.changed", "/source"), ("rules.held", "/files"), ("rules.broken", "/says")],
    ),
    (
        "a guard is installed, changes without us, and is removed",
        |desk| {
            let id = governed(&desk);
            hook(&desk);
            let plan = |uninstall| {
                let request = PlanGuard { home_id: id.clone(), variant: GuardVariant::User, uninstall };
                desk.butler().plan_guard(request).unwrap().plan_digest
            };
            let install =
                || InstallGuard { home_id: id.clone(), variant: GuardVariant::User, plan_digest: plan(false) };
            desk.butler().install_guard(install()).unwrap();
            fs::write(desk.home().join(".claude/settings.json"), "{}").unwrap();
            desk.butler().tick(true);
            desk.butler().install_guard(install()).unwrap();
            let remove = UninstallGuard { home_id: id.clone(), variant: GuardVariant::User, plan_digest: plan(true) };
            desk.butler().uninstall_guard(remove).unwrap();
            desk
        },
        &[("guard.installed", "/files"), ("guard.drift", "/says"), ("guard.removed", "/files")],
    ),
    (
        "the registry changes, and the kill switch is used",
        |desk| {
            let home_id = governed(&desk);
            for enabled in [false, true] {
                desk.butler().set_agent_state(SetAgentState { home_id: home_id.clone(), enabled }).unwrap();
            }
            desk.butler().kill_agent(KillAgent { home_id: home_id.clone() }).unwrap();
            desk.butler().revive_agent(ReviveAgent { home_id: home_id.clone() }).unwrap();
            desk.butler().govern(Govern { home_id: home_id.clone(), governed: false }).unwrap();
            desk.butler().forget_home(ForgetHome { home_id }).unwrap();
            desk
        },
        &[
            ("home.governed", "/path"),
            ("agent.disabled", "/path"),
            ("agent.enabled", "/path"),
            ("agent.kill_requested", "/path"),
            ("agent.killed", "/path"),
            ("agent.revived", "/path"),
            ("home.released", "/path"),
            ("home.forgotten", "/path"),
        ],
    ),
    (
        "a budget is crossed",
        |desk| {
            let till = Till::new(desk);
            till.limit(Some(1), None);
            till.spend(1, "2026-11-25T09:00:00Z", 1);
            till.desk
        },
        &[("budget.crossed", "/threshold"), ("settings.changed", "/after")],
    ),
    (
        "what a governed runtime is configured to do changes",
        |desk| {
            let home_id = governed(&desk);
            let look = || {
                desk.pass_ms(3_000);
                desk.butler().tick(true);
            };
            look();
            fs::write(desk.home().join(".claude.json"), r#"{"mcpServers":{"x":{"command":"npx"}}}"#).unwrap();
            look();
            let shown = desk.butler().show_agent(ShowAgent { home_id: home_id.clone() }).unwrap();
            let digest = shown.drift.unwrap().digest;
            desk.butler().accept_drift(AcceptDrift { home_id, digest }).unwrap();
            let mut told = desk.request("s", "");
            told.event = Event::ConfigChanged;
            told.extra = json!({ "source": "user_settings" });
            desk.butler().submit(&told);
            desk
        },
        &[("config.drift", "/changes"), ("drift.accepted", "/path"), ("config.changed", "/facts")],
    ),
    (
        "the log is exported and backed up",
        |desk| {
            let out = |name: &str| desk.data().with_file_name(name).display().to_string();
            let filter = AuditFilter::default();
            let request = ExportAudit { filter, format: ExportFormat::Jsonl, out: out("log.jsonl") };
            desk.butler().export_audit(request).unwrap();
            until(|| desk.butler().show_export(ShowExport {}).unwrap().state != "running");
            desk.butler().make_backup(MakeBackup { out: out("b.db"), recipient: None, passphrase: None }).unwrap();
            until(|| desk.butler().show_backup(ShowBackup {}).unwrap().state != "running");
            desk.pass_ms(1_000);
            desk
        },
        &[("audit.exported", "/digest"), ("backup.made", "/file")],
    ),
    (
        "retention runs",
        |desk| {
            desk.verdict("ls");
            let keep = Keep { days: Some(1), megabytes: None };
            let settings = RetentionSettings { on: true, actions: keep, ..RetentionSettings::default() };
            desk.butler().set_retention(SetRetention { settings }).unwrap();
            desk.pass_ms(4 * RETENTION_DAY_MS);
            until(|| {
                desk.pass_ms(RETENTION_DAY_MS);
                !desk.entries("retention.ran").is_empty()
            });
            desk
        },
        &[("audit.pruned", "/kinds"), ("retention.ran", "/entries")],
    ),
    (
        "settings change",
        |desk| {
            let mut settings = desk.butler().get_settings(GetSettings {}).unwrap();
            settings.popup = false;
            desk.butler().update_settings(UpdateSettings { settings }).unwrap();
            desk
        },
        &[("settings.changed", "/before"), ("settings.changed", "/after")],
    ),
    (
        "the app stops and starts",
        |mut desk| {
            desk.close();
            desk.open();
            desk
        },
        &[("engine.started", "/version"), ("engine.stopped", "")],
    ),
    (
        "what was recorded offline is taken in",
        |desk| {
            let record = SpoolRecord {
                v: VERSION,
                id: "1".to_owned(),
                at_ms: desk.now(),
                request: desk.request("s", "ls"),
                verdict: Verdict::Defer,
                reason: String::new(),
                cause: "the app is not running".to_owned(),
            };
            let text = serde_json::to_string(&record).unwrap();
            fs::write(desk.data().join("spool.jsonl"), format!("{text}\nno record\n")).unwrap();
            desk.pass_ms(1);
            desk
        },
        &[("offline.recorded", "/recorded_at"), ("offline.damaged", "")],
    ),
];

pub(crate) const DENY: &str =
    "[[rule]]\nid = \"no\"\ndecision = \"deny\"\nbecause = \"No.\"\nwhen = { programs = [\"ninja\"] }\n";

fn asked_and_allowed(desk: Desk) -> Desk {
    let (_, seen) = desk.queue("s", ASKED);
    desk.butler().decide_approval(decide(&seen, Verb::AllowOnce)).unwrap();
    desk
}

pub(crate) fn governed(desk: &Desk) -> String {
    fs::create_dir_all(desk.home().join(".claude")).unwrap();
    let home_id = desk.home_of("claude-code");
    desk.butler().govern(Govern { home_id: home_id.clone(), governed: true }).unwrap();
    home_id
}

fn hook(desk: &Desk) {
    let hook = desk.data().join("bin/clawbutler-hook");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "the hook").unwrap();
    clawbutler_platform::os::set_mode(&hook, 0o700).unwrap();
}

pub(crate) fn until(done: impl Fn() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it did not end");
}

#[test]
fn each_named_happening_leaves_its_entry() {
    assert_eq!(missing(ROWS), Vec::<String>::new());
}

/// Makes what happens in each row; gives the entries that should be there and are not.
pub(crate) fn missing(rows: &[Row]) -> Vec<String> {
    let mut missing = Vec::new();
    for (what, make, wanted) in rows {
        let desk = make(Desk::new());
        for (kind, fact) in *wanted {
            let entries = desk.entries(kind);
            let has = |data: &Value| data.pointer(fact).is_some_and(|value| *value != json!(null));
            if !entries.iter().any(|entry| has(&entry.data)) {
                missing.push(format!("{what}: {kind} {fact} {:?}", entries.first().map(|entry| &entry.data)));
            }
        }
    }
    missing
}
