//! What people do with Claude Code beside a plain prompt: each recorded session is told whole, and counts what the client
//! counted.

use std::fs;

use clawbutler_testkit::machine::{Machine, wait_for};
use clawbutler_testkit::model::script;
use clawbutler_testkit::results::{CLAUDE, tried};
use clawbutler_wire::command::{ListSessions, ListSteps, ShowAgent, ShowSession};
use clawbutler_wire::sessions::{SessionDetail, SessionState, StepBody, StepOutcome};
use serde_json::{Value, json};

use super::super::shared::changes;
use super::super::{bash, lax};

/// A session that ended, with every step of it.
struct Told {
    detail: SessionDetail,
    steps: Vec<StepBody>,
}

impl Told {
    fn notes(&self) -> Vec<&str> {
        let text = self.steps.iter().filter_map(|what| match what {
            StepBody::Note { text } => Some(text.as_str()),
            _ => None,
        });
        text.collect()
    }

    fn setting(&self, wanted: &str) -> Option<&str> {
        self.steps.iter().find_map(|what| match what {
            StepBody::Setting { name, value } if name == wanted => Some(value.as_str()),
            _ => None,
        })
    }

    fn errors(&self) -> Vec<&str> {
        let text = self.steps.iter().filter_map(|what| match what {
            StepBody::Error { text } => Some(text.as_str()),
            _ => None,
        });
        text.collect()
    }
}

/// Runs a prompt to its end; the session is told without a record that is not understood, and its tokens are those that
/// the client counted.
#[track_caller]
fn told(machine: &Machine, turns: &Value, args: &[&str]) -> Told {
    let args = [args, &["--dangerously-skip-permissions", "--output-format", "json"]].concat();
    let output = machine.claude(&script(turns), &args).finish();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let said: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    let session = said["session_id"].as_str().unwrap().to_owned();
    let all = || machine.ask(&ListSessions::default()).unwrap().items;
    let row = wait_for("the end in its record", || {
        let row = all().into_iter().find(|row| row.session == session)?;
        let steps = steps(machine, &row.id);
        let ends = |what: &StepBody| matches!(what, StepBody::State { state: SessionState::Ended });
        steps.iter().any(ends).then_some(row)
    });
    let counted = |name: &str| -> u64 {
        let models = said["modelUsage"].as_object().unwrap();
        models.values().filter_map(|model| model[name].as_u64()).sum()
    };
    let counts = wait_for("what its sub-agents used", || {
        let row = all().into_iter().find(|one| one.id == row.id)?;
        (row.tokens.input >= counted("inputTokens")).then_some((row.tokens.input, row.tokens.output))
    });
    assert_eq!(counts, (counted("inputTokens"), counted("outputTokens")), "{said}");
    let detail = machine.ask(&ShowSession { id: row.id.clone() }).unwrap();
    let steps = steps(machine, &row.id);
    let unknown: Vec<&StepBody> = steps.iter().filter(|what| matches!(what, StepBody::Unknown { .. })).collect();
    assert!(unknown.is_empty() && detail.row.malformed == 0, "{unknown:?} {:?}", detail.malformed);
    Told { detail, steps }
}

fn steps(machine: &Machine, id: &str) -> Vec<StepBody> {
    let request = ListSteps { session: id.to_owned(), limit: Some(500), ..ListSteps::default() };
    machine.ask(&request).unwrap().items.into_iter().map(|step| step.what).collect()
}

fn machine() -> Option<Machine> {
    let machine = Machine::with_claude(&lax())?;
    let commit = ["-c", "user.email=a@b.c", "-c", "user.name=a", "commit", "--quiet", "--allow-empty", "-m", "first"];
    let done = std::process::Command::new("git").arg("-C").arg(machine.project()).args(commit).status().unwrap();
    assert!(done.success());
    Some(machine)
}

#[test]
fn a_session_in_a_worktree_is_told_where_it_works() {
    let Some(machine) = machine() else { return };
    let _row = tried(CLAUDE, "records: worktrees, commands in the background, notebooks, pictures");
    let seen = told(&machine, &json!([bash("pwd")]), &["--worktree", "feature"]);
    let place = seen.setting("worktree").unwrap_or_default();
    assert!(place.ends_with("/worktrees/feature"), "{:?}", seen.steps);
    assert!(
        seen.detail.row.cwd.as_deref().is_some_and(|cwd| cwd.ends_with("/worktrees/feature")),
        "{:?}",
        seen.detail.row
    );
    assert_eq!(seen.detail.row.branch.as_deref(), Some("worktree-feature"));

    let background = json!([
        [{ "tool": "Bash", "input": { "command": "echo behind", "description": "in the background", "run_in_background": true } }],
        [{ "tool": "Bash", "input": { "command": "sleep 2; echo before", "description": "a step" } }],
    ]);
    let seen = told(&machine, &background, &[]);
    assert!(seen.notes().iter().any(|note| note.contains("Background command")), "{:?}", seen.steps);
    assert_eq!(seen.detail.agents, [], "a command is no sub-agent");

    fs::write(
        machine.project().join("n.ipynb"),
        json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{ "cell_type": "code", "id": "a1",
                "metadata": {}, "outputs": [], "execution_count": null, "source": ["1+1"] }] })
        .to_string(),
    )
    .unwrap();
    let notebook = machine.project().join("n.ipynb").display().to_string();
    let turns = json!([
        [{ "tool": "Read", "input": { "file_path": notebook } }],
        [{ "tool": "NotebookEdit", "input": { "notebook_path": notebook, "cell_id": "a1", "new_source": "2+2" } }],
        [{ "tool": "Bash", "input": { "command": "seq 1 100000", "description": "a long answer" } }],
    ]);
    let seen = told(&machine, &turns, &["--add-dir", &machine.at("home").display().to_string()]);
    let ok = |what: &&StepBody| matches!(what, StepBody::ToolResult { outcome: StepOutcome::Ok, .. });
    assert_eq!(seen.steps.iter().filter(ok).count(), 3, "{:?}", seen.steps);
}

#[test]
fn refused_requests_and_a_limit_that_is_used_up_are_told() {
    let Some(machine) = machine() else { return };
    let _row = tried(CLAUDE, "records: refused requests and used up limits");
    let turns = json!([
        [{ "fail": 529, "times": 2 }, { "tool": "Bash", "input": { "command": "echo one", "description": "a step" } }],
        [{ "fail": 429, "times": 1 }, { "tool": "Bash", "input": { "command": "echo two", "description": "a step" } }],
    ]);
    let seen = told(&machine, &turns, &[]);
    let errors = seen.errors();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors.iter().all(|error| error.contains("Refused by the script") && !error.contains('{')), "{errors:?}");
    assert!(errors[0].contains("(tried again, 1 of "), "{errors:?}");
    let limits = machine.ask(&ShowAgent { home_id: machine.home_id() }).unwrap().limits;
    let window = limits.iter().find(|limit| limit.window == "5h").unwrap_or_else(|| panic!("{limits:?}"));
    assert!((window.used_percent - 100.0).abs() < 0.1 && window.resets_at == Some(1_900_000_000_000), "{window:?}");
}

#[test]
fn a_sub_agent_of_a_sub_agent_hangs_below_it() {
    let Some(machine) = machine() else { return };
    let _row = tried(CLAUDE, "records: a sub-agent of a sub-agent");
    let agent = |name: &str, turns: &Value| {
        json!([{ "tool": "Agent", "input": { "description": name, "prompt": script(turns), "subagent_type": "general-purpose",
                 "run_in_background": false } }])
    };
    let inner = agent("inner", &json!([bash("echo inside")]));
    let seen = told(&machine, &json!([agent("outer", &json!([inner]))]), &[]);
    let agents = &seen.detail.agents;
    assert_eq!(agents.len(), 2, "{agents:?}");
    let (outer, inner) = (&agents[0], &agents[1]);
    assert_eq!((outer.parent.as_ref(), inner.parent.as_ref()), (None, Some(&outer.agent)), "{agents:?}");
    assert!(inner.call.is_some() && outer.call.is_some(), "{agents:?}");
}

/// What the client loads from deeper folders, and from where a plugin really lies, is drift when it changes.
#[test]
fn what_is_loaded_from_elsewhere_is_noticed() {
    let Some(machine) = machine() else { return };
    let _row = tried(CLAUDE, "drift: plugins of a folder with hooks of their own, commands in folders, rules");
    let home = |path: &str| machine.at("home/.claude").join(path);
    let write = |path: &std::path::Path, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(&home("commands/team/push.md"), "---\ndescription: pushes\n---\nPush.\n");
    write(&home("agents/team/deep.md"), "---\nname: deep\ndescription: digs\n---\nDig.\n");
    write(&home("rules/mine.md"), "Say hi.\n");
    let market = machine.at("market");
    let listed = json!({ "name": "mk", "owner": { "name": "me" }, "plugins": [{ "name": "plug", "source": "./plug", "description": "x" }] });
    write(&market.join(".claude-plugin/marketplace.json"), &listed.to_string());
    let plugin = |word: &str| {
        let handler = json!({ "type": "command", "command": format!("touch {word}.hooked") });
        let manifest = json!({ "name": "plug", "version": "1.0.0", "description": "x",
                               "hooks": { "PreToolUse": [{ "matcher": "Bash", "hooks": [handler] }] } });
        write(&market.join("plug/.claude-plugin/plugin.json"), &manifest.to_string());
    };
    plugin("first");
    machine.claude_cli(&["plugin", "marketplace", "add", &market.display().to_string()]);
    machine.claude_cli(&["plugin", "install", "plug@mk"]);
    let turns = json!([bash("echo one")]);
    let output = machine.claude(&script(&turns), &["--output-format", "stream-json", "--verbose"]).finish();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("team:push") && said.contains("\"deep\""), "the client knows them: {said}");
    assert!(machine.project().join("first.hooked").exists(), "the client runs the plugin's hook");
    let names = || changes(&machine).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
    let found = names();
    let rule = home("rules/mine.md").display().to_string();
    let hook = |word: &str| format!("hook: PreToolUse Bash touch {word}.hooked (plugin plug@mk)");
    for name in ["command:team:push", "agent:team:deep", &rule, "plugin:plug@mk", "marketplace:mk", &hook("first")] {
        assert!(found.iter().any(|own| own == name), "{name} is not in {found:?}");
    }
    plugin("second");
    machine.claude(&script(&turns), &[]).finish();
    assert!(machine.project().join("second.hooked").exists(), "the client loads it from where it lies");
    let found = names();
    assert!(found.contains(&hook("second")) && !found.contains(&hook("first")), "{found:?}");
}
