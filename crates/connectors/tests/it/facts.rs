//! What a home is configured to do, from what the real client wrote (2.1.330: `claude mcp add`, `plugin install`).

use std::path::PathBuf;

use clawbutler_connectors::connector::LiveSession;
use clawbutler_connectors::facts::{Fact, Health, Limit, Tab, Watch};
use clawbutler_core::clock::Timestamp;
use serde_json::json;

use crate::scratch::{Machine, claude, fixture};

fn project(machine: &Machine) -> PathBuf {
    machine.path("home/ada/proj")
}

/// The home as the client left it, with a plugin, servers of every scope, and what a person adds.
fn configured() -> Machine {
    let machine = Machine::with_client("2.1.330");
    let real = |name: &str| {
        let text = String::from_utf8(fixture(&format!("config/{name}"))).expect("text");
        let at = |path: &str| machine.path(path).display().to_string();
        text.replace("$PROJ", &at("home/ada/proj")).replace("$HOME", &at("home/ada")).replace("$MARKET", &at("market"))
    };
    machine.file("home/ada/.claude.json", &real("claude.json"));
    machine.file("home/ada/.claude/settings.json", &real("settings.json"));
    machine.file("home/ada/.claude/plugins/installed_plugins.json", &real("installed_plugins.json"));
    machine.file("home/ada/proj/.mcp.json", &real("mcp.json"));
    let plugin = "home/ada/.claude/plugins/cache/local-market/plug/1.2.0";
    machine.file(&format!("{plugin}/skills/hello/SKILL.md"), "---\nname: hello\ndescription: Says hello\n---\nx\n");
    machine.file(&format!("{plugin}/agents/helper.md"), "---\nname: helper\ndescription: Helps\n---\nx\n");
    machine.file(
        &format!("{plugin}/.mcp.json"),
        r#"{"mcpServers":{"pm":{"command":"pm-server","args":["--x"],"env":{"TOK":"S3CRET"}}}}"#,
    );
    machine.file(
        &format!("{plugin}/hooks/hooks.json"),
        r#"{"hooks":{"PreToolUse":[{"matcher":"Bash","hooks":[{"type":"command","command":"echo hi"}]}]}}"#,
    );
    machine
}

fn facts(machine: &Machine, projects: &[PathBuf]) -> Vec<Fact> {
    claude().facts(&machine.env, &machine.claude_home(), projects)
}

/// One line a fact, with the scratch folder taken out.
fn lines(machine: &Machine, facts: &[Fact]) -> String {
    let root = machine.path("").display().to_string();
    let line =
        |fact: &Fact| format!("{:?} | {} | {} | {} | {:?}", fact.tab, fact.name, fact.value, fact.source, fact.watch);
    facts.iter().map(line).collect::<Vec<_>>().join("\n").replace(&root, "/")
}

fn find<'a>(facts: &'a [Fact], name: &str) -> &'a Fact {
    facts.iter().find(|fact| fact.name == name).expect("a fact of that name")
}

#[test]
fn what_the_real_client_wrote_is_read_by_scope() {
    let machine = configured();
    let all = facts(&machine, &[project(&machine)]);
    insta::assert_snapshot!(lines(&machine, &all));
    for secret in ["secret123", "abcdef", "S3CRET"] {
        assert!(!format!("{all:?}").contains(secret), "{secret}");
    }
}

#[test]
fn without_projects_only_the_homes_own_counts_and_projects_only_add() {
    let machine = configured();
    let (own, with) = (facts(&machine, &[]), facts(&machine, &[project(&machine)]));
    let missing: Vec<&Fact> = own.iter().filter(|fact| !with.contains(fact)).collect();
    assert_eq!(missing, Vec::<&Fact>::new());
    let mut added: Vec<&str> =
        with.iter().filter(|fact| !own.contains(fact)).map(|fact| fact.name.split(' ').next().unwrap_or("")).collect();
    added.sort_unstable();
    assert_eq!(added, ["mcp:db", "mcp:sentry", "trust"]);
}

/// As 2.1.332 loads them: commands and sub-agents of folders in folders, rules, hooks in a plugin's manifest, and a plugin
/// of a folder of this machine from that folder.
#[test]
fn what_lies_deeper_or_elsewhere_is_read_too() {
    let machine = configured();
    let home = "home/ada/.claude";
    machine.file(&format!("{home}/commands/team/push.md"), "---\ndescription: pushes\n---\n");
    machine.file(&format!("{home}/agents/team/deep.md"), "---\nname: deep\ndescription: digs\n---\n");
    machine.file(&format!("{home}/rules/mine.md"), "say hi\n");
    machine.file(&format!("{home}/output-styles/loud.md"), "SAY HI\n");
    let market = machine.path("market").display().to_string();
    let known =
        json!({ "local-market": { "source": { "source": "directory", "path": market }, "installLocation": market } });
    machine.file(&format!("{home}/plugins/known_marketplaces.json"), &known.to_string());
    machine.file(
        "market/.claude-plugin/marketplace.json",
        r#"{"name":"local-market","plugins":[{"name":"plug","source":"./plug"}]}"#,
    );
    let hook = |command: &str| {
        let manifest = json!({ "name": "plug", "mcpServers": "./servers.json", "hooks": ["./more.json", "../out.json", { "Stop":
            [{ "hooks": [{ "type": "command", "command": command }] }] }] });
        machine.file("market/plug/.claude-plugin/plugin.json", &manifest.to_string());
    };
    let group = r#"[{"hooks":[{"type":"command","command":"echo more"}]}]"#;
    machine.file("market/plug/more.json", &format!(r#"{{"hooks":{{"SessionEnd":{group}}}}}"#));
    machine.file("market/out.json", &format!(r#"{{"hooks":{{"SessionStart":{group}}}}}"#));
    machine.file("market/plug/servers.json", r#"{"mcpServers":{"far":{"command":"far-server"}}}"#);
    hook("echo one");
    let all = facts(&machine, &[]);
    let rules = machine.path(&format!("{home}/rules/mine.md")).display().to_string();
    for name in [
        "command:team:push",
        "agent:team:deep",
        &rules,
        "mcp:far (plugin plug@local-market)",
        "hook: Stop * echo one (plugin plug@local-market)",
        "hook: SessionEnd * echo more (plugin plug@local-market)",
    ] {
        assert_eq!(find(&all, name).watch, Watch::Change, "{name}");
    }
    assert!(all.iter().any(|fact| fact.name.ends_with("output-styles/loud.md")));
    assert!(!all.iter().any(|fact| fact.name.contains("SessionStart")), "nothing outside of the plugin is read");
    assert!(!all.iter().any(|fact| fact.name == "agent:plug:helper"), "the copy is not what the client loads");
    hook("echo two");
    assert!(facts(&machine, &[]).iter().any(|fact| fact.name.contains("Stop * echo two")));
}

#[test]
fn modes_are_ranked_and_the_built_in_one_depends_on_the_version() {
    let machine = Machine::with_client("2.1.330");
    let mode = |machine: &Machine| {
        let all = facts(machine, &[]);
        let fact = find(&all, "permission mode");
        (fact.value.clone(), fact.watch)
    };
    assert_eq!(mode(&machine), ("auto (the client's own)".to_owned(), Watch::Rank(3)));
    assert_eq!(mode(&Machine::with_client("2.1.200")).1, Watch::Rank(1));
    for (word, rank) in [
        ("plan", 0),
        ("default", 1),
        ("dontAsk", 1),
        ("acceptEdits", 2),
        ("auto", 3),
        ("bypassPermissions", 4),
        ("new", 4),
    ] {
        machine.write_settings(&format!(r#"{{"permissions":{{"defaultMode":"{word}"}}}}"#));
        assert_eq!(mode(&machine), (word.to_owned(), Watch::Rank(rank)));
    }
}

#[test]
fn permissions_switches_hooks_and_variables_are_facts() {
    let machine = Machine::with_client("2.1.330");
    machine.write_settings(
        r#"{"permissions":{"allow":["Bash(npm *)"],"deny":["Read(./.env)"],"additionalDirectories":["/srv"]},
            "sandbox":{"enabled":false},"disableAllHooks":true,"env":{"API_TOKEN":"S3CRET"},"model":"opus",
            "hooks":{"Stop":[{"hooks":[{"type":"http","url":"http://u:S3CRET@127.0.0.1:1/x?k=S3CRET"}]}]}}"#,
    );
    machine
        .file("etc/claude-code/managed-settings.json", r#"{"permissions":{"disableBypassPermissionsMode":"disable"}}"#);
    machine.file("home/ada/.claude/CLAUDE.md", "Be kind.\n");
    machine.file("home/ada/.claude/skills/deploy/SKILL.md", "---\ndescription: Deploys\n---\n");
    let all = facts(&machine, &[]);
    insta::assert_snapshot!(lines(&machine, &all));
    assert!(!format!("{all:?}").contains("S3CRET"));
}

#[test]
fn our_own_hooks_are_no_facts() {
    let machine = Machine::with_client("2.1.330");
    machine.install(clawbutler_connectors::connector::Variant::User);
    assert!(facts(&machine, &[]).iter().all(|fact| !fact.name.starts_with("hook:")));
}

#[test]
fn limits_and_costs_the_client_wrote_down_are_shown_with_their_age() {
    let machine = Machine::new();
    let project = project(&machine).display().to_string();
    machine.file(
        "home/ada/.claude.json",
        &format!(
            r#"{{"oauthAccount":{{"accountUuid":"u","emailAddress":"ada@example.com","billingType":"stripe_subscription"}},
            "cachedUsageUtilization":{{"fetchedAtMs":5,"utilization":{{"five_hour":{{"utilization":42,"resets_at":"2026-11-25T10:00:00Z"}}}}}},
            "projects":{{"{project}":{{"lastCost":0.5,"lastTotalInputTokens":7,"lastTotalOutputTokens":8}}}}}}"#
        ),
    );
    let all = facts(&machine, &[PathBuf::from(&project)]);
    assert_eq!(find(&all, "account kind").value, "Claude account (stripe_subscription)");
    let limit = Limit {
        window: "5h".to_owned(),
        used_percent: 42.0,
        resets_at: Some(Timestamp(1_795_600_800_000)),
        as_of: Some(Timestamp(5)),
        source: machine.path("home/ada/.claude.json").display().to_string(),
    };
    assert_eq!(claude().limits(&machine.env, &machine.claude_home()), [limit]);
    let last = find(&all, &format!("last session ({project})"));
    assert_eq!(last.value, "0.5 USD by the client's own prices, 7 tokens in, 8 out");
    assert!(!format!("{all:?}").contains("ada@example.com"), "nobody is named");
}

#[test]
fn checks_say_what_is_wrong_and_what_to_do() {
    let machine = Machine::with_client("2.1.330");
    let worst = |machine: &Machine| {
        let checks = claude().checks(&machine.env, &machine.claude_home());
        let worst = checks.into_iter().max_by_key(|check| check.health).expect("a check");
        assert_eq!(worst.fix.is_none(), worst.health == Health::Healthy, "{worst:?}");
        (worst.name, worst.health)
    };
    assert_eq!(worst(&machine).1, Health::Healthy);
    assert_eq!(worst(&Machine::new()), ("client", Health::Degraded));
    assert_eq!(worst(&Machine::with_client("2.1.240")), ("client", Health::Degraded));
    machine.write_settings(r#"{"permissions":{"defaultMode":"bypassPermissions"}}"#);
    assert_eq!(worst(&machine), ("starting mode", Health::Degraded));
    machine.write_settings("{ // a comment\n}");
    assert_eq!(worst(&machine), ("settings", Health::Critical));
    machine.write_settings("{}");
    machine.file("home/ada/.claude.json", "{ broken");
    assert_eq!(worst(&machine), ("state", Health::Degraded));
}

#[test]
fn broken_and_odd_files_give_no_facts_and_no_panic() {
    let odd = [
        "",
        "[]",
        "{",
        "null",
        r#"{"mcpServers":[1],"projects":3,"permissions":{"allow":{"x":1},"defaultMode":7},"hooks":{"Stop":3}}"#,
    ];
    for text in odd {
        let machine = configured();
        for path in
            [".claude.json", ".claude/settings.json", ".claude/plugins/installed_plugins.json", "proj/.mcp.json"]
        {
            machine.file(&format!("home/ada/{path}"), text);
        }
        let all = facts(&machine, &[project(&machine)]);
        let tools: Vec<&Fact> = all.iter().filter(|fact| fact.tab == Tab::Tools).collect();
        assert_eq!(tools, Vec::<&Fact>::new(), "{text}");
    }
}

#[test]
fn the_version_of_a_running_session_comes_first() {
    let machine = Machine::with_client("2.1.300");
    let text = String::from_utf8(fixture("registry/terminal.json")).expect("text");
    machine.file("home/ada/.claude/sessions/17377.json", &text);
    let zeros = ["0"; 18].join(" ");
    machine.file("proc/17377/stat", &format!("17377 (claude) S {zeros} 130586 1 2 3\n"));
    let live: Vec<LiveSession> = claude().sessions(&machine.env, &machine.claude_home());
    assert_eq!(live.len(), 1);
    assert_eq!(Some(&find(&facts(&machine, &[]), "version").value), live[0].version.as_ref());
}
