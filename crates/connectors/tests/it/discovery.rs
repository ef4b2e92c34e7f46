//! Installs and homes on scratch trees.

use std::path::{Path, PathBuf};

use crate::scratch::{Machine, claude};

/// `(path below the root, how, version, whether it warns)`.
fn installs(machine: &Machine) -> Vec<(String, String, Option<String>, bool)> {
    let found = claude().discover(&machine.env, &[]);
    let below = |path: &Path| path.strip_prefix(&machine.env.root).unwrap_or(path).display().to_string();
    found.installs.iter().map(|i| (below(&i.path), i.how.clone(), i.version.clone(), i.warning.is_some())).collect()
}

fn one(path: &str, how: &str, version: Option<&str>, warns: bool) -> Vec<(String, String, Option<String>, bool)> {
    vec![(path.to_owned(), how.to_owned(), version.map(str::to_owned), warns)]
}

fn npm(machine: &Machine, modules: &str, version: &str) {
    let package = format!("{modules}/@anthropic-ai/claude-code");
    machine.file(&format!("{package}/package.json"), &format!("{{\"version\":\"{version}\"}}"));
    machine.file(&format!("{package}/bin/claude.exe"), &"x".repeat(70_000));
}

#[test]
fn nothing_installed_says_where_it_looked() {
    let mut machine = Machine::new();
    machine.env.vars.insert("PATH".into(), machine.path("bin").display().to_string());
    let found = claude().discover(&machine.env, &[]);
    assert_eq!((found.installs.len(), found.homes.len()), (0, 0));
    assert!(found.looked_at.contains(&machine.path("bin")), "{:?}", found.looked_at);
    assert!(found.looked_at.contains(&machine.claude_home()));
}

#[test]
fn native_installer_tells_its_version_by_its_link() {
    let machine = Machine::with_client("2.1.330");
    assert_eq!(installs(&machine), one("home/ada/.local/bin/claude", "native installer", Some("2.1.330"), false));
}

#[test]
fn an_old_client_is_warned_about() {
    let machine = Machine::with_client("2.1.240");
    let found = claude().discover(&machine.env, &[]);
    let warning = found.installs[0].warning.clone().expect("a warning");
    assert!(warning.contains("2.1.240 is older than 2.1.295"), "{warning}");
}

#[test]
fn npm_prefixes_are_found_without_path() {
    for modules in [
        "usr/local/lib/node_modules",
        "usr/lib/node_modules",
        "home/ada/.npm-global/lib/node_modules",
        "home/ada/.nvm/versions/node/v22.1.0/lib/node_modules",
        "home/ada/.claude/local/node_modules",
    ] {
        let machine = Machine::new();
        npm(&machine, modules, "2.1.330");
        let program = format!("{modules}/@anthropic-ai/claude-code/bin/claude.exe");
        assert_eq!(installs(&machine), one(&program, "npm", Some("2.1.330"), false));
    }
}

#[test]
fn a_scratch_install_on_path_is_found_once() {
    let mut machine = Machine::new();
    npm(&machine, "scratch/node_modules", "2.1.330");
    let bin = machine.path("scratch/node_modules/.bin");
    std::fs::create_dir_all(&bin).expect("created");
    std::os::unix::fs::symlink("../@anthropic-ai/claude-code/bin/claude.exe", bin.join("claude")).expect("linked");
    machine.env.vars.insert("PATH".into(), format!("/nowhere:{}", bin.display()));
    assert_eq!(installs(&machine), one("scratch/node_modules/.bin/claude", "npm", Some("2.1.330"), false));
}

#[test]
fn the_stub_before_postinstall_does_not_hide_the_real_program() {
    let machine = Machine::new();
    let scope = "usr/lib/node_modules/@anthropic-ai";
    machine.file(&format!("{scope}/claude-code/package.json"), r#"{"version":"2.1.330"}"#);
    machine.file(&format!("{scope}/claude-code/bin/claude.exe"), "stub");
    machine.file(&format!("{scope}/claude-code-linux-x64/package.json"), r#"{"version":"2.1.330"}"#);
    machine.file(&format!("{scope}/claude-code-linux-x64/claude"), "binary");
    let paths: Vec<_> = installs(&machine).into_iter().map(|(path, ..)| path).collect();
    assert_eq!(paths, [format!("{scope}/claude-code/bin/claude.exe"), format!("{scope}/claude-code-linux-x64/claude")]);
}

#[test]
fn the_sdk_in_a_venv_is_found() {
    let mut machine = Machine::new();
    let site = "proj/.venv/lib/python3.12/site-packages";
    machine.file(&format!("{site}/claude_agent_sdk/_bundled/claude"), "binary");
    machine.file(&format!("{site}/claude_agent_sdk-0.2.187.dist-info/METADATA"), "Version: 0.2.187");
    machine.env.vars.insert("VIRTUAL_ENV".into(), machine.path("proj/.venv").display().to_string());
    let program = format!("{site}/claude_agent_sdk/_bundled/claude");
    assert_eq!(installs(&machine), one(&program, "Python Agent SDK", None, false));
    let source = claude().discover(&machine.env, &[]).installs[0].version_source.clone();
    assert_eq!(source.as_deref(), Some("the Agent SDK is 0.2.187; the client inside it does not tell its own version"));

    machine.file(&format!("{site}/claude_agent_sdk/_cli_version.py"), "__cli_version__ = \"2.1.330\"\n");
    assert_eq!(installs(&machine), one(&program, "Python Agent SDK", Some("2.1.330"), false));
}

#[test]
fn editors_and_homebrew_are_found() {
    let machine = Machine::new();
    let extension = "home/ada/.vscode/extensions/anthropic.claude-code-2.1.200-linux-x64";
    machine.file(&format!("{extension}/package.json"), r#"{"version":"2.1.200"}"#);
    machine.file(&format!("{extension}/resources/native-binary/claude"), "binary");
    machine.file("opt/homebrew/Caskroom/claude-code/2.1.330/claude", "binary");
    let program = format!("{extension}/resources/native-binary/claude");
    let mut both = one(&program, "editor extension", Some("2.1.200"), true);
    both.extend(one("opt/homebrew/Caskroom/claude-code/2.1.330/claude", "Homebrew", Some("2.1.330"), false));
    assert_eq!(installs(&machine), both);
}

#[test]
fn homes_come_from_the_variable_the_default_siblings_and_the_person() {
    let mut machine = Machine::with_client("2.1.330");
    machine.file("home/ada/.claude-work/settings.json", "{}");
    machine.file("home/ada/.claude-old/projects/x/y.jsonl", "");
    machine.file("home/ada/.claude-unused/note.txt", "");
    let elsewhere = machine.path("elsewhere");
    machine.env.vars.insert("CLAUDE_CONFIG_DIR".into(), elsewhere.display().to_string());
    let extra = [machine.path("extra"), machine.path("home/ada/.claude-work")];
    let found = claude().discover(&machine.env, &extra);
    let homes: Vec<(PathBuf, &str)> =
        found.homes.iter().map(|home| (home.path.clone(), home.source.as_str())).collect();
    let expected = [
        (elsewhere, "CLAUDE_CONFIG_DIR"),
        (machine.claude_home(), "default"),
        (machine.path("home/ada/.claude-old"), "beside the default home"),
        (machine.path("home/ada/.claude-work"), "beside the default home"),
        (machine.path("extra"), "added by hand"),
    ];
    assert_eq!(homes, expected);
}
