//! What a hook is not told of a call but the record of its session holds already: where it runs, and whether
//! it wants to leave the sandbox.
//!
//! A call is recorded before its hook starts. Calls from inside a code mode program are not: of them only the
//! program is recorded, so for them nothing is found and the session's folder is all that is known.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path};

use serde_json::{Map, Value};

use super::{paths, recordings};

/// How much of the record's end is read (bytes). Parallel calls stand close together.
const TAIL_BYTES: u64 = 256 * 1024;
/// What is taken over from the recorded call.
const TAKEN: [&str; 4] = ["workdir", "sandbox_permissions", "with_escalated_permissions", "tty"];

/// Adds what the record knows to the arguments of a command. Whether it knows the call.
pub(super) fn complete(home: &Path, record: &str, call: Option<&str>, arguments: &mut Value) -> bool {
    let Some(command) = arguments.get("command").and_then(Value::as_str).map(str::to_owned) else { return false };
    let Some(recorded) = tail(home, Path::new(record)).and_then(|text| find(&text, call, &command)) else {
        return false;
    };
    let Some(arguments) = arguments.as_object_mut() else { return false };
    for name in TAKEN {
        if let Some(value) = recorded.get(name).filter(|value| !value.is_null()) {
            arguments.entry(name).or_insert_with(|| value.clone());
        }
    }
    // The later question for leave calls it so, and both are to look alike.
    if let Some(why) = recorded.get("justification").filter(|why| why.is_string()) {
        arguments.entry("description").or_insert_with(|| why.clone());
    }
    true
}

/// The end of a record, when it lies where records lie.
fn tail(home: &Path, record: &Path) -> Option<String> {
    let plain = record.components().all(|part| !matches!(part, Component::ParentDir));
    let inside = [paths::sessions(home), paths::archived(home)].iter().any(|folder| record.starts_with(folder));
    let named = record.extension().is_some_and(|extension| extension == "jsonl");
    if !(plain && inside && named) {
        return None;
    }
    end(record)
}

/// The call by which the record of a session, or of one of its sub-agents, says that it started another thread.
pub(super) fn spawned_by(record: &Path, thread: &str) -> Option<String> {
    named_in(record, thread).or_else(|| named_in(&recordings::parent_of(record, thread)?, thread))
}

/// The same in one record. `multi_agent_v1` tells it with the call's end.
fn named_in(record: &Path, thread: &str) -> Option<String> {
    let text = end(record)?;
    text.lines().rev().filter(|line| line.contains(thread)).find_map(|line| {
        let value: Value = serde_json::from_str(line).ok()?;
        let item = value.get("payload")?.get("item")?;
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let started = text("type") == Some("SubAgentActivity")
            && text("kind") == Some("started")
            && text("agent_thread_id") == Some(thread);
        let receivers = item.get("receiver_thread_ids").and_then(Value::as_array);
        let spawned = text("tool") == Some("spawn_agent")
            && receivers.is_some_and(|threads| threads.iter().any(|one| one.as_str() == Some(thread)));
        text("id").filter(|_| started || spawned).map(str::to_owned)
    })
}

fn end(record: &Path) -> Option<String> {
    let mut file = File::open(record).ok()?;
    let length = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The newest call with this id, or without an id the newest one of the same command.
fn find(text: &str, call: Option<&str>, command: &str) -> Option<Map<String, Value>> {
    text.lines().rev().filter(|line| line.contains("\"function_call\"")).find_map(|line| {
        let value: Value = serde_json::from_str(line).ok()?;
        let payload = value.get("payload")?;
        if payload.get("type")?.as_str()? != "function_call" {
            return None;
        }
        if let Some(call) = call
            && payload.get("call_id")?.as_str()? != call
        {
            return None;
        }
        let arguments: Value = serde_json::from_str(payload.get("arguments")?.as_str()?).ok()?;
        let Value::Object(arguments) = arguments else { return None };
        let same = ["cmd", "command"].iter().any(|name| arguments.get(*name).and_then(Value::as_str) == Some(command));
        same.then_some(arguments)
    })
}
