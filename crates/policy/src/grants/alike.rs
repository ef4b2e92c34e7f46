//! Which requests are near-duplicates of each other, for deciding a selection at once.

use clawbutler_core::action::{Action, Effect};
use clawbutler_core::digest;
use clawbutler_core::grant::effect_digest;
use serde_json::json;

use super::commands::subcommand_of;
use super::tables::{HIDDEN, NEVER_WHOLESALE};
use crate::looked::{Class, Looked, Part};
use crate::paths;

/// Programs of [`NEVER_WHOLESALE`] whose operands are plain files: other files make no other deed.
const FILES_ONLY: &[&str] = &["chmod", "chown", "rm", "rmdir", "shred", "truncate", "unlink"];
/// Subcommands that run what follows them.
const RUN: &[&str] = &["docker exec", "docker run", "kubectl exec", "podman exec", "podman run"];

/// A key that near-duplicates share: same runtime and tool, same programs with the same subcommands and
/// options, same risk signals at the same levels, operands only by what kind of place they are. Stable
/// between runs and versions of the same look; at most 64 characters.
///
/// What cannot be looked into is alike only to itself.
pub fn like(action: &Action, looked: &Looked) -> String {
    let mut signals: Vec<(&str, &str)> =
        looked.assessment.signals.iter().map(|one| (one.name.as_str(), one.level.word())).collect();
    signals.sort_unstable();
    signals.dedup();
    let hidden = looked.parts.iter().any(|part| part.opaque)
        || signals.iter().any(|(name, _)| HIDDEN.iter().any(|entry| name.starts_with(entry)));
    let what = match &action.effect {
        _ if hidden => json!(effect_digest(action)),
        Effect::Shell { .. } if looked.parts.is_empty() => json!(effect_digest(action)),
        Effect::Shell { .. } => {
            let parts: Vec<_> = looked.parts.iter().map(|part| part_key(part, action)).collect();
            json!(parts)
        }
        Effect::FileRead { .. } | Effect::FileWrite { .. } | Effect::FileDelete { .. } | Effect::Patch { .. } => {
            json!(null)
        }
        Effect::Network { method, .. } => json!(method),
        Effect::Mcp { server, tool, .. } => json!([server, tool]),
        Effect::AgentSpawn { agent, .. } => json!(agent),
        Effect::Message { channel, to, .. } => json!([channel, to]),
        Effect::Code { .. }
        | Effect::TerminalInput { .. }
        | Effect::ConfigChange { .. }
        | Effect::Schedule { .. }
        | Effect::Account { .. }
        | Effect::Internal { .. }
        | Effect::Other { .. } => json!(effect_digest(action)),
    };
    let mut places: Vec<_> = looked.touches.iter().map(|touch| json!([touch.how, touch.class]).to_string()).collect();
    places.sort_unstable();
    places.dedup();
    let mut hosts = looked.hosts.clone();
    hosts.sort_unstable();
    hosts.dedup();
    digest::of(&json!([action.runtime, action.tool, action.effect.kind(), what, signals, places, hosts]))
}

fn part_key(part: &Part, action: &Action) -> serde_json::Value {
    let leading: Vec<&str> = part.args.iter().map(String::as_str).take_while(|arg| !arg.starts_with('-')).collect();
    let subcommand = subcommand_of(&part.program, &leading);
    let rest = &part.args[subcommand.len()..];
    let program = part.program.as_str();
    let spelled = subcommand.first().map(|first| format!("{program} {first}"));
    let runs_them = NEVER_WHOLESALE.contains(&program) && !FILES_ONLY.contains(&program)
        || spelled.is_some_and(|spelled| RUN.contains(&spelled.as_str()));
    if runs_them {
        return json!([program, subcommand, part.via, rest]);
    }
    let mut flags: Vec<&str> = rest.iter().map(String::as_str).filter(|arg| arg.starts_with('-')).collect();
    flags.sort_unstable();
    flags.dedup();
    let mut kinds: Vec<&str> =
        rest.iter().filter(|arg| !arg.starts_with('-')).map(|arg| operand_kind(arg, action)).collect();
    kinds.sort_unstable();
    kinds.dedup();
    json!([program, subcommand, part.via, flags, kinds])
}

/// What kind of place a word names, without naming it.
fn operand_kind(word: &str, action: &Action) -> &'static str {
    if word.contains("://") {
        return "address";
    }
    if word.starts_with('~') {
        return "home";
    }
    let path = paths::absolute(word, &action.cwd, "");
    let around = crate::Surroundings::default();
    match paths::class(&path, action.project(), &around) {
        // The project itself is another matter than something in it.
        Class::Project if path == action.project().trim_end_matches('/') => "whole project",
        Class::Project => "project",
        Class::Scratch => "scratch",
        Class::Root => "root",
        Class::System => "system",
        Class::Device => "device",
        Class::Own | Class::Secret | Class::Startup | Class::AgentConfig => "kept",
        Class::Outside => "outside",
    }
}
