//! What a home is configured to do, without a secret in it.

use clawbutler_connectors::facts::{Health, Watch};

use super::{configured, home, openclaw};
use crate::scratch::Machine;

const CONFIG: &str = r#"{
  gateway: { port: 18789, bind: "lan", auth: { mode: "token", token: "SECRET-1" }, tools: { allow: ["exec"] } },
  models: { providers: { own: { baseUrl: "https://user:SECRET-2@models.example:8443/v1?key=SECRET-3", apiKey: "SECRET-4" } } },
  agents: {
    defaults: { model: { primary: "own/one" }, workspace: "~/ws", sandbox: { mode: "non-main" } },
    entries: { main: {}, ops: { model: "own/two", tools: { exec: { mode: "ask" }, deny: ["browser"] } } },
  },
  tools: { exec: { mode: "full" }, elevated: { allowFrom: { telegram: ["SECRET-5"] } } },
  mcp: { servers: {
    files: { command: "npx", args: ["server", "--token=SECRET-6"], env: { API_KEY: "SECRET-7" } },
    far: { url: "https://mcp.example/SECRET-8", headers: { Authorization: "SECRET-9" }, enabled: false },
  } },
  channels: { telegram: { botToken: "SECRET-10", dmPolicy: "pairing", groupPolicy: "open", allowFrom: ["*"] } },
  plugins: { entries: { other: { enabled: true, config: { key: "SECRET-11" } } }, load: { paths: ["/p"] } },
  hooks: { enabled: true, token: "SECRET-12", internal: { entries: { boot: { enabled: false } } } },
  skills: { entries: { notes: { enabled: true, apiKey: "SECRET-13" } } },
}"#;

#[test]
fn a_home_tells_what_it_does_and_no_secret() {
    let machine = Machine::new();
    configured(&machine, CONFIG);
    machine.file("home/ada/ws/AGENTS.md", "Be kind.");
    machine.file("home/ada/ws/skills/tidy/SKILL.md", "# tidy");
    machine.file("home/ada/.openclaw/extensions/extra/openclaw.plugin.json", "{}");
    let job = r#"{"version":1,"jobs":[{"id":"j1","name":"nightly","enabled":true,"schedule":{"kind":"cron","expr":"0 3 * * *"},"payload":{"message":"SECRET-14"}}]}"#;
    machine.file("home/ada/.openclaw/cron/jobs.json", job);
    let facts = openclaw().facts(&machine.env, &home(&machine), &[]);
    let root = machine.path("").display().to_string();
    let mut names: Vec<_> = facts.iter().map(|fact| (fact.tab, fact.name.clone())).collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "names are unique in their tab");
    let told: Vec<String> = facts
        .iter()
        .map(|fact| {
            let watch = match fact.watch {
                Watch::No => String::new(),
                Watch::Change => " !".to_owned(),
                Watch::Rank(rank) => format!(" !{rank}"),
            };
            format!("{:?} | {} | {} | {}{watch}", fact.tab, fact.name, fact.value, fact.source.replace(&root, "/"))
        })
        .collect();
    let told = told.join("\n");
    assert!(!told.contains("SECRET"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn looser_settings_rank_higher() {
    let machine = Machine::new();
    let mut ranks = Vec::new();
    for tools in [
        "exec: { mode: 'deny' }",
        "exec: { mode: 'allowlist' }",
        "exec: { mode: 'ask' }",
        "exec: { security: 'full', ask: 'on-miss' }",
        "",
    ] {
        configured(&machine, &format!("{{ tools: {{ {tools} }} }}"));
        let facts = openclaw().facts(&machine.env, &home(&machine), &[]);
        let fact = facts.into_iter().find(|fact| fact.name == "exec mode").expect("always told");
        let Watch::Rank(rank) = fact.watch else { panic!("{fact:?}") };
        ranks.push(rank);
    }
    assert_eq!(ranks, [0, 1, 2, 3, 4]);
}

#[test]
fn checks_say_what_is_wrong_and_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new();
    let path = configured(&machine, "{");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("set");
    let checks = openclaw().checks(&machine.env, &home(&machine));
    let seen: Vec<_> = checks.iter().map(|check| (check.name, check.health)).collect();
    assert_eq!(
        seen,
        [
            ("configuration", Health::Critical),
            ("private configuration", Health::Degraded),
            ("gateway", Health::Degraded),
            ("version", Health::Degraded),
        ]
    );
    assert!(checks[..3].iter().all(|check| check.fix.is_some()));
    std::fs::write(&path, "{}").expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
    let checks = openclaw().checks(&machine.env, &home(&machine));
    assert!(checks[..2].iter().all(|check| check.health == Health::Healthy), "{checks:?}");
}
