//! No command changes something in silence: each is named here with the entries it leaves, or with why it leaves none.

use std::fs;

use clawbutler_core::digest::sha256;
use clawbutler_core::limits::PENDING_PER_SESSION;
use clawbutler_ledger::Kind;
use clawbutler_wire::approvals::{Scope, Seen, Verb};
use clawbutler_wire::audit_search::{AuditFilter, DeleteSearch, ListSearches, SaveSearch, SavedSearch, SearchAudit};
use clawbutler_wire::command::{
    AcceptRules, AddHome, COMMANDS, DecideBatch, DeleteRules, Discover, DismissAlert, ExplainAction, GetBudget,
    GetRetention, GetSettings, GovernMany, ImportRules, ListAgents, ListApprovals, ListAudit, ListCheckpoints,
    ListConnections, ListGrants, ListRules, ListSessions, PreviewExport, RejectRules, RetentionPreview, RetentionRun,
    RevokeGrant, RevokeGrants, SaveRules, SetPack, SetRetention, ShowBackup, ShowExport, ShowVerify, SimulateRules,
    StartPass, Status, TestGuard, UpdateSettings, VerifyAudit,
};
use clawbutler_wire::gateway::Event;
use clawbutler_wire::retention::{Keep, RetentionSettings};
use serde_json::{Value, json};

use crate::desk::{Desk, decide, read};
use crate::everything::{ASKED, DENY, Row, governed, missing, until};

/// What each command leaves in the log. Nothing: it looks, or says how far something is.
const LEAVES: &[(&str, &[&str])] = &[
    ("status", &[]),
    ("discover", &[]),
    ("govern", &["home.governed", "home.released"]),
    ("plan_guard", &[]),
    ("install_guard", &["guard.installed"]),
    ("uninstall_guard", &["guard.removed"]),
    ("test_guard", &["guard.tested"]),
    ("list_agents", &[]),
    ("show_agent", &[]),
    ("govern_many", &["home.governed", "home.released"]),
    ("add_home", &["home.named"]),
    ("forget_home", &["home.forgotten"]),
    ("set_agent_state", &["agent.disabled", "agent.enabled"]),
    ("kill_agent", &["agent.kill_requested", "agent.killed"]),
    ("list_connections", &[]),
    ("attach_home", &["gateway.attached", "gateway.up"]),
    ("detach_home", &["gateway.detached"]),
    ("set_floor", &["gateway.floor"]),
    ("edit_policy", &["gateway.floor"]),
    ("gateway_view", &[]),
    ("gateway_chat", &["gateway.chat"]),
    ("gateway_config", &["gateway.config"]),
    ("gateway_act", &["gateway.act"]),
    ("revive_agent", &["agent.revived"]),
    ("accept_drift", &["drift.accepted"]),
    ("list_approvals", &[]),
    ("get_approval", &[]),
    ("decide_approval", &["approval.decided", "grant.created"]),
    ("decide_batch", &["approval.decided"]),
    ("explain_approval", &[]),
    ("preview_grant", &[]),
    ("list_grants", &[]),
    ("revoke_grant", &["grant.revoked"]),
    ("revoke_grants", &["grant.revoked"]),
    ("start_pass", &["grant.created"]),
    ("list_rules", &[]),
    ("set_pack", &["rules.changed"]),
    ("check_rules", &[]),
    ("save_rules", &["rules.changed"]),
    ("delete_rules", &["rules.changed"]),
    ("import_rules", &["rules.held"]),
    ("accept_rules", &["rules.changed"]),
    ("reject_rules", &["rules.rejected"]),
    ("simulate_rules", &[]),
    ("explain_action", &[]),
    ("list_sessions", &[]),
    ("show_session", &[]),
    ("list_steps", &[]),
    // Reads records that are the runtimes' own into a database that can be made anew; what is governed does not change.
    ("backfill_sessions", &[]),
    ("list_audit", &[]),
    ("verify_audit", &[]),
    ("show_verify", &[]),
    ("acknowledge_log", &["log.acknowledged"]),
    ("prove_entry", &[]),
    ("list_checkpoints", &[]),
    ("search_audit", &[]),
    ("show_trace", &[]),
    ("list_searches", &[]),
    ("save_search", &["settings.changed"]),
    ("delete_search", &["settings.changed"]),
    ("preview_export", &[]),
    ("export_audit", &["audit.exported"]),
    ("show_export", &[]),
    ("stop_export", &[]),
    ("check_pack_file", &[]),
    ("get_retention", &[]),
    ("set_retention", &["settings.changed"]),
    ("retention_preview", &[]),
    ("retention_run", &["audit.pruned", "retention.ran"]),
    ("make_backup", &["backup.made"]),
    ("show_backup", &[]),
    ("check_backup", &[]),
    ("choose_path", &[]),
    ("get_budget", &[]),
    ("get_settings", &[]),
    ("update_settings", &["settings.changed"]),
    // The alert is gone from the screen; the entry that raised it stays.
    ("dismiss_alert", &[]),
    ("open_window", &[]),
];

/// Kinds that no command leaves, but agents, clients, time and other hands.
const BY_THEMSELVES: &[&str] = &[
    "action.requested", "action.decided", "action.completed", "action.failed", "action.unknown", "approval.requested",
    "approval.expired", "approval.withdrawn", "approval.reclaimed", "decision.delivered", "decision.late",
    "grant.ended", "rules.broken", "guard.trusted", "guard.drift", "session.started", "session.ended",
    "subagent.started", "subagent.ended", "config.changed", "config.drift", "engine.started", "engine.stopped",
    "offline.recorded", "offline.damaged", "tampering.noticed", "bound.reached", "gateway.lost", "home.found",
    "backup.restored", "log.damaged", "log.set_aside", "log.tail_unproven", "budget.crossed",
];

/// What the other table of happenings does not make.
const ROWS: &[Row] = &[
    (
        "several homes are chosen, one is named",
        |desk| {
            let home_id = governed(&desk);
            for on in [false, true] {
                desk.butler().govern_many(GovernMany { home_ids: vec![home_id.clone()], governed: on }).unwrap();
            }
            let place = desk.home().join("elsewhere");
            fs::create_dir_all(place.join(".claude.json").parent().unwrap()).unwrap();
            fs::write(place.join("settings.json"), "{}").unwrap();
            let place = place.display().to_string();
            desk.butler().add_home(AddHome { runtime: "claude-code".to_owned(), place }).unwrap();
            desk
        },
        &[("home.governed", "/baseline"), ("home.released", "/path"), ("home.named", "/path")],
    ),
    (
        "a plugin that guards is tried",
        |desk| {
            let folder = desk.home().join(".hermes");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("config.yaml"), "model: x\n").unwrap();
            let home_id = desk.home_of("hermes");
            desk.butler().govern_many(GovernMany { home_ids: vec![home_id.clone()], governed: true }).unwrap();
            desk.butler().test_guard(TestGuard { home_id }).unwrap();
            desk
        },
        &[("guard.tested", "/says")],
    ),
    (
        "several questions are answered at once",
        |desk| {
            let items = ["one", "two"].map(|session| {
                let (_, view) = desk.queue(session, ASKED);
                Seen { id: view.id, revision: view.revision, seen_digest: view.seen_digest }
            });
            let batch = DecideBatch {
                items: items.into(),
                verb: Verb::Deny,
                reason: None,
                scope: Scope::default(),
                proposal: 0,
                expires_ms: None,
                uses: None,
            };
            desk.butler().decide_batch(batch).unwrap();
            assert_eq!(desk.entries("approval.decided").len(), 2);
            desk
        },
        &[("approval.decided", "/revision")],
    ),
    (
        "a session gets a pass, and several grants end at once",
        |desk| {
            let pass = |session: &str| {
                let (runtime, session) = ("claude-code".to_owned(), session.to_owned());
                desk.butler().start_pass(StartPass { runtime, session, uses: 2, minutes: 5 }).unwrap().grant
            };
            let ids = ["one", "two"].map(pass).into();
            desk.butler().revoke_grants(RevokeGrants { ids }).unwrap();
            assert_eq!(desk.entries("grant.revoked").len(), 2);
            desk
        },
        &[("grant.created", "/uses_left"), ("grant.revoked", "/grant")],
    ),
    (
        "a grant is used until it is used up",
        |desk| {
            let (_, seen) = desk.queue("s", ASKED);
            let mut always = decide(&seen, Verb::AllowAlways);
            always.uses = Some(1);
            desk.butler().decide_approval(always).unwrap();
            desk.verdict(ASKED);
            desk.pass_ms(1);
            let used = &desk.entries("action.decided")[0];
            assert_eq!(used.data["grant"], desk.entries("grant.created")[0].data["grant"], "which one let it through");
            assert_eq!(desk.entries("grant.ended")[0].data["cause"], "uses");
            desk
        },
        &[("grant.ended", "/grant")],
    ),
    (
        "rules are chosen, saved, taken in, thrown away and deleted",
        |desk| {
            let butler = desk.butler();
            let held = || desk.rules().held.unwrap().digest;
            let sources = || -> Vec<Value> {
                desk.entries("rules.changed").into_iter().map(|entry| entry.data["source"].clone()).collect()
            };
            butler.set_pack(SetPack { id: "strict".to_owned(), active: true }).unwrap();
            let save = SaveRules { name: "mine.toml".to_owned(), text: DENY.to_owned(), digest: None };
            butler.save_rules(save).unwrap();
            let text = DENY.replace("\"no\"", "\"other\"");
            let import = |name: &str| ImportRules { name: name.to_owned(), text: text.clone() };
            butler.import_rules(import("theirs.toml")).unwrap();
            butler.accept_rules(AcceptRules { digest: held() }).unwrap();
            butler
                .delete_rules(DeleteRules { name: "theirs.toml".to_owned(), digest: sha256(text.as_bytes()) })
                .unwrap();
            butler.import_rules(import("more.toml")).unwrap();
            butler.reject_rules(RejectRules { digest: held() }).unwrap();
            assert_eq!(sources().len(), 4, "{:?}", sources());
            assert!(desk.entries("rules.changed").iter().all(|entry| entry.actor == "you"));
            desk
        },
        &[("rules.changed", "/after"), ("rules.held", "/files"), ("rules.rejected", "/files")],
    ),
    (
        "a search is saved, changed and forgotten",
        |desk| {
            let name = "Pushes".to_owned();
            for text in ["push", "pull"] {
                let filter = AuditFilter { text: text.to_owned(), ..AuditFilter::default() };
                desk.butler().save_search(SaveSearch { search: SavedSearch { name: name.clone(), filter } }).unwrap();
            }
            desk.butler().delete_search(DeleteSearch { name }).unwrap();
            let told: Vec<Value> =
                desk.entries("settings.changed").into_iter().map(|entry| entry.data["search"].clone()).collect();
            let told = |place: usize| (&told[place]["before"]["text"], &told[place]["after"]["text"]);
            let (push, pull, none) = (&json!("push"), &json!("pull"), &Value::Null);
            assert_eq!([told(0), told(1), told(2)], [(pull, none), (push, pull), (none, push)], "newest first");
            desk
        },
        &[("settings.changed", "/search/name")],
    ),
    (
        "retention is set and begun by hand",
        |desk| {
            desk.verdict("ls");
            let keep = Keep { days: Some(1), megabytes: None };
            let settings = RetentionSettings { actions: keep, ..RetentionSettings::default() };
            desk.butler().set_retention(SetRetention { settings }).unwrap();
            desk.pass_ms(4 * 86_400_000);
            desk.butler().retention_run(RetentionRun {}).unwrap();
            until(|| !desk.entries("retention.ran").is_empty());
            desk
        },
        &[("settings.changed", "/retention/after"), ("retention.ran", "/policy"), ("audit.pruned", "/below")],
    ),
    (
        "calls end, fail and are never heard of again",
        |desk| {
            for (number, event) in [Event::Completed, Event::Failed].into_iter().enumerate() {
                let mut request = desk.request("s", "ls");
                desk.butler().submit(&request);
                request.idempotency_key = format!("end-{number}");
                request.event = event;
                desk.butler().submit(&request);
            }
            let (_, seen) = desk.queue("s", ASKED);
            desk.butler().decide_approval(decide(&seen, Verb::AllowOnce)).unwrap();
            let mut end = desk.request("s", "");
            end.event = Event::SessionEnded;
            desk.butler().submit(&end);
            desk
        },
        &[
            ("action.completed", "/tool"),
            ("action.failed", "/tool"),
            ("action.unknown", ""),
            ("session.ended", "/process"),
        ],
    ),
    (
        "more is asked than can wait",
        |desk| {
            for number in 0..=PENDING_PER_SESSION {
                desk.butler().submit(&desk.request("s", &format!("git push --force origin main-{number}")));
            }
            desk
        },
        &[("bound.reached", "/says")],
    ),
];

#[test]
fn every_command_says_what_it_leaves() {
    let named: Vec<&str> = LEAVES.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, COMMANDS, "a new command is named here, with what it leaves");
    let mut left: Vec<&str> = LEAVES.iter().flat_map(|(_, kinds)| *kinds).chain(BY_THEMSELVES).copied().collect();
    left.sort_unstable();
    left.dedup();
    let mut kinds: Vec<&str> = Kind::ALL.iter().map(|(_, text)| *text).collect();
    kinds.sort_unstable();
    assert_eq!(left, kinds, "a new kind of entry is named here, with who leaves it");
}

/// Where a kind's entry is looked for: the tests of this crate, but those that write entries of every kind themselves.
#[test]
fn every_kind_of_entry_is_looked_for_by_a_test() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let texts: String = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| !path.ends_with("every_kind.rs"))
        .map(|path| read(&path).unwrap())
        // What is only listed here is not looked for.
        .map(|text| {
            text.rsplit_once("\nconst BY_THEMSELVES")
                .map_or(text.clone(), |(_, after)| after.split_once("];").map_or(after, |(_, rows)| rows).to_owned())
        })
        .collect();
    let unseen: Vec<&str> =
        Kind::ALL.iter().map(|(_, text)| *text).filter(|kind| !texts.contains(&format!("\"{kind}\""))).collect();
    assert_eq!(unseen, Vec::<&str>::new());
}

#[test]
fn each_command_leaves_its_entry() {
    assert_eq!(missing(ROWS), Vec::<String>::new());
}

#[test]
fn each_single_setting_leaves_an_entry_that_names_it() {
    let desk = Desk::new();
    let others = json!({
        "approval_ms": 60_000, "popup": false, "popup_corner": "bottom_left", "notifications": false,
        "close_to_tray": true, "autostart": true, "theme": "dark",
        "anchor_file": desk.home().join("anchor.txt").display().to_string(),
        "anchor_repository": desk.project().display().to_string(), "mask_addresses": true,
        "budget": { "day_cents": 500, "month_cents": null },
    });
    let before = serde_json::to_value(desk.butler().get_settings(GetSettings {}).unwrap()).unwrap();
    for name in before.as_object().unwrap().keys() {
        let mut value = serde_json::to_value(desk.butler().get_settings(GetSettings {}).unwrap()).unwrap();
        value[name] = others.get(name).unwrap_or_else(|| panic!("{name} is a new setting: name another value")).clone();
        let settings = serde_json::from_value(value).unwrap();
        desk.butler().update_settings(UpdateSettings { settings }).unwrap();
        let told = desk.entries("settings.changed").remove(0);
        let (was, is) = (told.data["before"].as_object().unwrap(), told.data["after"].as_object().unwrap());
        let changed: Vec<&String> = is.keys().filter(|key| was.get(*key) != is.get(*key)).collect();
        assert_eq!((changed, told.actor.as_str()), (vec![name], "you"), "{:?}", told.data);
        assert_eq!(is[name], others[name]);
    }
}

#[test]
fn settings_that_two_windows_change_at_once_are_told_one_after_the_other() {
    let desk = Desk::new();
    let change = |most: u64| {
        for number in 0..10 {
            let mut settings = desk.butler().get_settings(GetSettings {}).unwrap();
            settings.approval_ms = most + number;
            desk.butler().update_settings(UpdateSettings { settings }).unwrap();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| change(10_000));
        change(20_000);
    });
    let told = desk.entries("settings.changed");
    for pair in told.windows(2) {
        assert_eq!(pair[0].data["before"], pair[1].data["after"], "newest first");
    }
    let now = serde_json::to_value(desk.butler().get_settings(GetSettings {}).unwrap()).unwrap();
    assert_eq!((told.len(), &told[0].data["after"]), (20, &now));
}

#[test]
fn a_search_that_is_saved_keeps_no_secret_and_finds_what_is_masked() {
    let desk = Desk::new();
    desk.verdict("curl -d joan.plain@example.com https://example.com");
    let filter = AuditFilter { text: "joan.plain@example.com".to_owned(), ..AuditFilter::default() };
    let search = SavedSearch { name: "by joan.plain@example.com".to_owned(), filter };
    let kept = desk.butler().save_search(SaveSearch { search }).unwrap().items.remove(0);
    assert!(kept.name.starts_with("by [masked:") && kept.filter.text.starts_with("[masked:"), "{kept:?}");
    let found =
        desk.butler().search_audit(SearchAudit { filter: kept.filter.clone(), ..SearchAudit::default() }).unwrap();
    assert!(found.items.iter().any(|entry| entry.kind == "action.requested"), "equal values have equal masks");
    assert!(!serde_json::to_string(&desk.entries("settings.changed")).unwrap().contains("joan.plain"));
}

#[test]
fn what_only_looks_leaves_nothing() {
    let desk = Desk::new();
    governed(&desk);
    desk.queue("s", ASKED);
    let (butler, before) = (desk.butler(), desk.butler().list_audit(ListAudit::default()).unwrap().total);
    butler.status(Status {}).unwrap();
    butler.discover(Discover {}).unwrap();
    butler.list_agents(ListAgents {}).unwrap();
    butler.list_connections(ListConnections {}).unwrap();
    butler.list_approvals(ListApprovals::default()).unwrap();
    butler.list_grants(ListGrants::default()).unwrap();
    butler.list_rules(ListRules {}).unwrap();
    butler.simulate_rules(SimulateRules::default()).unwrap();
    butler.explain_action(ExplainAction { text: "ls".to_owned(), cwd: None, runtime: None }).unwrap();
    butler.list_sessions(ListSessions::default()).unwrap();
    butler.verify_audit(VerifyAudit {}).unwrap();
    butler.show_verify(ShowVerify {}).unwrap();
    butler.list_checkpoints(ListCheckpoints::default()).unwrap();
    butler.search_audit(SearchAudit::default()).unwrap();
    butler.list_searches(ListSearches {}).unwrap();
    butler.preview_export(PreviewExport::default()).unwrap();
    butler.show_export(ShowExport {}).unwrap();
    butler.get_retention(GetRetention {}).unwrap();
    butler.retention_preview(RetentionPreview::default()).unwrap();
    butler.show_backup(ShowBackup {}).unwrap();
    butler.get_budget(GetBudget {}).unwrap();
    butler.get_settings(GetSettings {}).unwrap();
    butler.dismiss_alert(DismissAlert { id: "none".to_owned() }).unwrap();
    assert!(butler.revoke_grant(RevokeGrant { id: "none".to_owned() }).is_err(), "what is refused leaves nothing too");
    assert_eq!(butler.list_audit(ListAudit::default()).unwrap().total, before);
}
