//! What a home is configured to do, and whether it is well.

use clawbutler_connectors::facts::{Health, Watch};

use super::{codex, configured, home};
use crate::scratch::Machine;

const CONFIG: &str = r#"
model = "gpt-6-sol"
model_provider = "corp"
approval_policy = "never"
sandbox_mode = "workspace-write"
notify = ["/usr/bin/say", "--token", "s3cr3t-value"]

[sandbox_workspace_write]
network_access = true
writable_roots = ["/data"]

[model_providers.corp]
base_url = "https://user:pass@models.example/v1?key=abc"

[mcp_servers.github]
command = "npx"
args = ["-y", "server", "--token", "ghp_0123456789abcdef0123456789abcdef"]
env = { GITHUB_TOKEN = "ghp_hidden" }

[mcp_servers.web]
url = "https://mcp.example/x?token=t0ken"
enabled = false

[features]
hooks = true
web = false

[profiles.loose]
approval_policy = "never"
sandbox_mode = "danger-full-access"

[[hooks.PreToolUse]]
[[hooks.PreToolUse.hooks]]
type = "command"
command = "/opt/rewrite --password hunter2secret"
"#;

fn trusted(machine: &Machine) -> String {
    format!("{CONFIG}\n[projects.\"{}\"]\ntrust_level = \"trusted\"\n", machine.path("work").display())
}

#[test]
fn facts_tell_what_may_drift_and_no_secret() {
    let machine = Machine::new();
    configured(&machine, &trusted(&machine));
    machine.file("home/ada/.codex/auth.json", "{\"OPENAI_API_KEY\":\"sk-never-read\"}");
    machine.file("home/ada/.codex/AGENTS.md", "Be kind.");
    machine.file("home/ada/.codex/skills/deploy/SKILL.md", "Deploy.");
    machine.file("home/ada/.codex/rules/default.rules", "prefix_rule(pattern=[\"touch\"], decision=\"allow\")\n");
    machine.file(
        "home/ada/.codex/hooks.json",
        "{\"hooks\":{\"Stop\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"bell\"}]}]}}",
    );
    machine.file("home/ada/.codex/fast.config.toml", "model = \"small\"\nsandbox_mode = \"read-only\"\n");
    machine.file("work/.git/HEAD", "");
    machine.file("work/.codex/config.toml", "sandbox_mode = \"danger-full-access\"\n");
    machine.file("work/sub/AGENTS.md", "Inner.");
    let facts = codex().facts(&machine.env, &home(&machine), &[machine.path("work/sub"), machine.path("other")]);
    let root = machine.path("").display().to_string();
    let lines: Vec<String> = facts
        .iter()
        .map(|fact| {
            format!("{:?} | {} | {} | {} | {:?}", fact.tab, fact.name, fact.value, fact.source, fact.watch)
                .replace(&root, "/")
        })
        .collect();
    let told = lines.join("\n");
    for secret in ["sk-never", "ghp_", "s3cr3t", "hunter2", "pass@", "key=abc", "t0ken"] {
        assert!(!told.contains(secret), "{secret}: {told}");
    }
    let mut names: Vec<_> = facts.iter().map(|fact| (fact.tab, fact.name.clone())).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "names are unique in their tab: {told}");
    insta::assert_snapshot!(told);
}

#[test]
fn looser_is_a_higher_rank() {
    let rank = |text: &str, name: &str| {
        let machine = Machine::new();
        configured(&machine, text);
        let facts = codex().facts(&machine.env, &home(&machine), &[]);
        match facts.iter().find(|fact| fact.name == name).expect("a fact").watch {
            Watch::Rank(rank) => rank,
            Watch::No | Watch::Change => panic!("{name} is ranked"),
        }
    };
    let policy = ["untrusted", "on-request", "on-failure", "never"];
    let ranks: Vec<u8> =
        policy.iter().map(|word| rank(&format!("approval_policy = \"{word}\""), "approval policy")).collect();
    assert_eq!(ranks, [0, 1, 2, 3]);
    let sandbox = [
        "\"read-only\"",
        "\"workspace-write\"",
        "\"workspace-write\"\n[sandbox_workspace_write]\nnetwork_access = true",
        "\"danger-full-access\"",
    ];
    let ranks: Vec<u8> = sandbox.iter().map(|word| rank(&format!("sandbox_mode = {word}"), "sandbox")).collect();
    assert_eq!(ranks, [0, 1, 2, 3]);
    assert!(rank("[features]\nhooks = false", "feature:hooks") > rank("[features]\nhooks = true", "feature:hooks"));
}

#[test]
fn checks_say_what_is_wrong() {
    let machine = Machine::new();
    let health = |machine: &Machine, name: &str| {
        let checks = codex().checks(&machine.env, &home(machine));
        checks.iter().find(|check| check.name == name).map(|check| (check.health, check.fix.is_some()))
    };
    assert_eq!(health(&machine, "settings"), Some((Health::Healthy, false)));
    assert_eq!(health(&machine, "client"), Some((Health::Degraded, true)));
    configured(&machine, "x = \n");
    assert_eq!(health(&machine, "settings"), Some((Health::Critical, true)));
    configured(&machine, CONFIG);
    assert_eq!(health(&machine, "other hooks"), Some((Health::Degraded, true)));
    assert_eq!(health(&machine, "hooks.json"), None);
    assert_eq!(health(&machine, "profiles"), None);
    let profile = machine.file("home/ada/.codex/bare.config.toml", "[features]\nhooks = false\n");
    assert_eq!(health(&machine, "profiles"), Some((Health::Degraded, true)));
    assert!(codex().guarded_files(&machine.env, &home(&machine)).contains(&profile));
    machine.file("home/ada/.codex/hooks.json", "{\"version\":1,\"hooks\":{}}");
    assert_eq!(health(&machine, "hooks.json"), Some((Health::Degraded, true)));
}

#[test]
fn what_a_trusted_project_loosens_is_told_before_a_session_runs_in_it() {
    let machine = Machine::new();
    let project = machine.path("work/proj");
    let told = |trust: &str, settings: &str| -> Option<String> {
        configured(&machine, &format!("[projects.\"{}\"]\ntrust_level = \"{trust}\"\n", project.display()));
        machine.file("work/proj/.codex/config.toml", settings);
        let checks = codex().checks(&machine.env, &home(&machine));
        let found = checks.into_iter().find(|check| check.name == "project settings")?;
        assert!(found.health == Health::Degraded && found.fix.is_some(), "{found:?}");
        Some(found.says)
    };
    let loose = "sandbox_mode = \"danger-full-access\"\napproval_policy = \"never\"\n";
    let says = told("trusted", loose).expect("it is told");
    assert!(says.contains("danger-full-access") && says.contains("never"), "{says}");
    assert_eq!(told("untrusted", loose), None, "its settings count for nothing");
    assert_eq!(told("trusted", "sandbox_mode = \"workspace-write\"\n"), None);
    assert_eq!(told("trusted", "sandbox_mode = \n"), None);
    assert!(told("trusted", "[features]\nhooks = false\n").is_some_and(|says| says.contains("without the guard")));
}

#[test]
fn what_sessions_are_set_to_is_compared_with_the_configuration() {
    use clawbutler_connectors::record::{Form, Recording};
    let machine = Machine::new();
    let of = |text: &str, source: &str| {
        configured(&machine, text);
        let home = home(&machine);
        let meta = serde_json::json!({ "type": "session_meta", "payload": { "id": "t1", "source": source } });
        let path = machine.file("home/ada/.codex/rollout-2026-11-22T11-12-48-t1.jsonl", &format!("{meta}\n"));
        let (session, form) = ("t1".to_owned(), Form::Lines);
        let recording = Recording { session, agent: None, parent: None, path, form, cwd: None, title: None };
        let all = codex().configured(&machine.env, &home, &recording);
        all.into_iter().map(|one| format!("{} {}", one.name, one.value)).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(of("", "cli"), "mode on-request; sandbox workspace-write");
    assert_eq!(
        of("approval_policy = \"untrusted\"\nsandbox_mode = \"read-only\"", "cli"),
        "mode untrusted; sandbox read-only"
    );
    assert_eq!(of("approval_policy = \"untrusted\"", "exec"), "mode never; sandbox workspace-write");
    let profile = "profile = \"p\"\n[profiles.p]\nsandbox_mode = \"danger-full-access\"\napproval_policy = \"never\"";
    assert_eq!(of(profile, "cli"), "mode never; sandbox danger-full-access");
    let network = "sandbox_mode = \"workspace-write\"\n[sandbox_workspace_write]\nnetwork_access = true";
    assert_eq!(of(network, "vscode"), "mode on-request; sandbox workspace-write, network");
    let mix = "[approval_policy.granular]\nrules = true";
    assert_eq!(of(mix, "cli"), "mode granular; sandbox workspace-write");
    for (name, from_strict_to_loose) in [
        ("mode", &["untrusted", "on-request", "on-failure", "never"][..]),
        ("sandbox", &["read-only", "workspace-write", "workspace-write, network", "danger-full-access"]),
    ] {
        let ranks: Vec<u8> = from_strict_to_loose.iter().map(|word| codex().looseness(name, word)).collect();
        assert!(ranks.is_sorted_by(|one, other| one < other), "{name}: {ranks:?}");
        assert_eq!(codex().looseness(name, "a word of tomorrow"), ranks[3]);
    }
}
