//! A rule's examples: actions written in a line, tried when the rule loads.
//!
//! `shell: git push`, or with what is around it: `[branch=main, attended=false] shell: git push`.

use clawbutler_core::action::{Action, Change, Dialect, Effect, Subagent};
use clawbutler_core::clock::Timestamp;
use serde_json::Value;

use crate::evaluate::Hits;
use crate::facts::{self, DAYS, Facts};
use crate::scene::Scene;
use crate::{Rule, RuleSet, Surroundings, look};

/// The example, what is wrong with it, and what to do.
type Fault = (String, String, String);

/// Where examples take place.
fn around() -> Surroundings {
    Surroundings {
        home: "/home/user".to_owned(),
        data_dir: "/home/user/.local/share/clawbutler".to_owned(),
        guarded: Vec::new(),
    }
}

/// Tries a rule on its own examples. Expiry, `enabled` and tuning are left out of account: an example says
/// what the conditions mean, not whether they are in force.
pub(crate) fn check(rule: &Rule) -> Result<(), Fault> {
    if rule.matches.is_empty() && rule.ignores.is_empty() {
        return Ok(());
    }
    let bare = Rule { expires: None, enabled: true, observe: false, ..rule.clone() };
    let set = RuleSet::of(vec![(rule.id.clone(), bare)], Vec::new());
    let around = around();
    let holds = |example: &String| {
        let (action, facts) = read(example).map_err(|problem| (example.clone(), problem, FORMS.to_owned()))?;
        let looked = look(&action, &around);
        let hits = Hits::of(&set, &Scene::new(&action, &looked, &around.home, &facts));
        Ok::<_, Fault>((!hits.in_force.is_empty(), looked.assessment.level))
    };
    for example in &rule.matches {
        let (hit, level) = holds(example)?;
        if !hit {
            let hint = if rule.permits() && crate::evaluate::is_high(level) {
                "Its risk is high, and no rule permits that; take the example out.".to_owned()
            } else {
                format!("The rule is for: {}. Correct the condition or the example.", rule.describe())
            };
            return Err((example.clone(), "it should match and does not".to_owned(), hint));
        }
    }
    for example in &rule.ignores {
        if holds(example)?.0 {
            let hint = format!("The rule is for: {}. Narrow it, or take the example out.", rule.describe());
            return Err((example.clone(), "it should not match and does".to_owned(), hint));
        }
    }
    Ok(())
}

const FORMS: &str = "Examples are `shell: …`, `powershell: …`, `cmd: …`, `read: path`, `write: path`, `delete: path`, \
                     `fetch: url`, `post: url`, `mcp: server/tool {\"a\": 1}`, `spawn: agent`, `code: language text`, \
                     `type: text`, `message: channel`, `schedule: what`, `account: what`, `config: what` and \
                     `tool: name`, with `[branch=main, hour=03:00]` before it where that matters.";

/// Reads an example.
fn read(example: &str) -> Result<(Action, Facts), String> {
    let (context, body) = match example.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or("the `[` is not closed")?,
        None => ("", example),
    };
    let (kind, rest) = body.trim_start().split_once(": ").ok_or("it does not say what kind of action it is")?;
    let mut action = Action {
        runtime: "example".to_owned(),
        session: String::new(),
        agent: None,
        tool: "Example".to_owned(),
        cwd: "/home/user/project".to_owned(),
        mode: "default".to_owned(),
        project: None,
        branch: None,
        remote: None,
        sandboxed: None,
        depth: 0,
        effect: effect(kind, rest)?,
    };
    if kind == "tool" {
        rest.clone_into(&mut action.tool);
    }
    let mut facts = Facts::unknown();
    for item in context.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let (name, value) = item.split_once('=').ok_or_else(|| format!("`{item}` is not of the form name=value"))?;
        set(&mut action, &mut facts, name.trim(), value.trim())
            .ok_or_else(|| format!("`{item}` is not known or has no such value"))?;
    }
    Ok((action, facts))
}

fn effect(kind: &str, rest: &str) -> Result<Effect, String> {
    let text = rest.to_owned();
    let shell = |dialect| Effect::Shell { command: rest.to_owned(), dialect, description: None };
    Ok(match kind {
        "shell" => shell(Dialect::Posix),
        "powershell" => shell(Dialect::Powershell),
        "cmd" => shell(Dialect::Cmd),
        "read" => Effect::FileRead { path: text },
        "write" => Effect::FileWrite { path: text, change: Change::Content { text: String::new() } },
        "delete" => Effect::FileDelete { paths: vec![text] },
        "fetch" => Effect::Network { url: text, method: None },
        "post" => Effect::Network { url: text, method: Some("POST".to_owned()) },
        "mcp" => {
            let (name, arguments) = match rest.split_once(' ') {
                Some((name, json)) => {
                    (name, serde_json::from_str(json).map_err(|_| "the tool's arguments are not JSON".to_owned())?)
                }
                None => (rest, Value::Null),
            };
            let (server, tool) = name.split_once('/').ok_or("`mcp:` needs server/tool")?;
            Effect::Mcp { server: server.to_owned(), tool: tool.to_owned(), arguments }
        }
        "spawn" => Effect::AgentSpawn { agent: text, prompt: String::new() },
        "code" => {
            let (language, text) = rest.split_once(' ').ok_or("`code:` needs a language and a text")?;
            Effect::Code { language: language.to_owned(), text: text.to_owned() }
        }
        "type" => Effect::TerminalInput { terminal: String::new(), text },
        "message" => Effect::Message { channel: text, to: String::new(), text: String::new() },
        "schedule" => Effect::Schedule { change: "add".to_owned(), what: text },
        "account" => Effect::Account { operation: text, arguments: Value::Null },
        "config" => Effect::ConfigChange { what: text, arguments: Value::Null },
        "tool" => Effect::Other { arguments: Value::Null },
        _ => return Err(format!("`{kind}` is no kind of action")),
    })
}

/// Sets what is around an example; `None` when there is no such thing or value.
fn set(action: &mut Action, facts: &mut Facts, name: &str, value: &str) -> Option<()> {
    let text = value.to_owned();
    match name {
        "runtime" => action.runtime = text,
        "tool" => action.tool = text,
        "agent" => action.agent = Some(Subagent { id: String::new(), name: text }),
        "mode" => action.mode = text,
        "cwd" => action.cwd = text,
        "project" => action.project = Some(text),
        "branch" => action.branch = Some(text),
        "remote" => action.remote = Some(text),
        "sandboxed" => action.sandboxed = Some(value.parse().ok()?),
        "depth" => action.depth = value.parse().ok()?,
        "at" => facts.at = Some(Timestamp(facts::expiry(value)?.0)),
        "hour" => facts.minute_of_day = Some(facts::hours(&format!("{value}-24:00"))?.0),
        "day" => {
            let day = DAYS.iter().position(|known| *known == value)?;
            facts.weekday = Some(u8::try_from(day).ok()?);
        }
        "cost" => facts.cost_usd = Some(value.parse().ok()?),
        "budget" => facts.budget_percent = Some(value.parse().ok()?),
        "attended" => facts.attended = Some(value.parse().ok()?),
        _ => return None,
    }
    Some(())
}
