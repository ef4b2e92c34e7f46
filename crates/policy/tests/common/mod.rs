//! What the tests of the rules share: actions in one place with one home.

use clawbutler_core::action::{Action, Dialect, Effect};
use clawbutler_core::verdict::Decision;
use clawbutler_policy::{Facts, RuleSet, Surroundings, evaluate};

pub(crate) fn around() -> Surroundings {
    Surroundings {
        home: "/home/u".into(),
        data_dir: "/home/u/.local/share/clawbutler".into(),
        guarded: vec!["/home/u/.claude/settings.json".into()],
    }
}

pub(crate) fn shell(command: &str) -> Action {
    action(Effect::Shell { command: command.into(), dialect: Dialect::Posix, description: None })
}

pub(crate) fn action(effect: Effect) -> Action {
    Action {
        runtime: "r".into(),
        session: "s".into(),
        agent: None,
        tool: "Bash".into(),
        cwd: "/home/u/p".into(),
        mode: "default".into(),
        project: None,
        branch: None,
        remote: None,
        sandboxed: None,
        depth: 0,
        effect,
    }
}

pub(crate) fn decision(set: &RuleSet, action: &Action) -> Decision {
    evaluate(set, action, &around(), &Facts::unknown()).decision
}

/// The labelled commands.
pub(crate) fn commands() -> Vec<&'static str> {
    include_str!("../corpus.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(_, command)| command)
        .collect()
}

/// Rules that share programs, signals and conditions, so that sets of them meet on the labelled commands.
/// `%` stands for the decision.
pub(crate) const POOL: &[&str] = &[
    "programs = ['git push']",
    "programs = ['git']",
    "programs = ['g*']\nargs = ['o*']",
    "programs = ['rm']\nflags = ['-r|-f']",
    "programs = ['rm', 'cp', 'ls', 'cat', 'echo', 'cd']",
    "programs = ['rm', 'cp', 'ls', 'cat', 'echo', 'cd', 'git *', 'npm', 'curl', 'python3']",
    "programs = ['npm *', 'cargo *']\nwithout_flags = ['--force|-g']",
    "programs = ['*']",
    "args = ['*main*']",
    "flags = ['--force|-f']",
    "signals = ['network']",
    "signals = ['network', 'git_push', 'installs']",
    "signals = ['secret_read', 'delete']",
    "paths = ['src/**']",
    "paths = ['**']",
    "paths = ['src/*', '*.txt']\ntouches = ['write', 'read']",
    "touches = ['write']",
    "sensitivity = ['project', 'scratch']",
    "hosts = ['*']",
    "hosts = ['example.*', '*.example']",
    "kinds = ['shell']",
    "risk_at_most = 'low'",
    "risk_at_most = 'medium'",
    "risk_at_least = 'medium'",
    "risk_at_least = 'critical'",
    "hours = '09:00-18:00'",
    "hours = '09:00-18:00'\nprograms = ['git']",
    "days = ['mon']",
    "branches = ['main']\nprograms = ['git push']",
    "cost_at_least = 1.0",
    "projects = ['~/p']",
    "projects = ['~/*']\nkinds = ['shell', 'mcp']",
    "",
];

/// A rule of the pool as TOML.
pub(crate) fn rule(id: usize, decision: &str, pool: usize) -> String {
    let when = POOL[pool % POOL.len()];
    format!("[[rule]]\nid = 'r{id}'\ndecision = '{decision}'\nbecause = 'x'\n[rule.when]\n{when}\n")
}
