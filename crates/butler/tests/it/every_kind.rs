//! A log with an entry of every kind, in the shapes its facts can have.

use std::path::Path;

use clawbutler_butler::{Butler, ExportPlan};
use clawbutler_core::action::Effect;
use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::id::{SpanId, TraceId};
use clawbutler_ledger::{Draft, Kind};
use clawbutler_store::{Durability, Store, StoreError};
use clawbutler_wire::audit_search::{AuditFilter, ExportFormat};
use serde_json::{Value, json};

use crate::desk::Desk;

/// What an agent can want, one of each kind and of each shape that a class is chosen by.
fn effects() -> Vec<Value> {
    let write = json!({ "how": "content", "text": "x" });
    let patch = |op: Value| json!({ "path": "/p/a.rs", "op": op, "change": write });
    let made = vec![
        json!({ "kind": "shell", "command": "ls | wc -l\necho \"=\\|\"", "dialect": "posix" }),
        json!({ "kind": "file_read", "path": "/p/a.rs" }),
        json!({ "kind": "file_read", "path": "C:\\p\\a.rs" }),
        json!({ "kind": "file_read", "path": "/" }),
        json!({ "kind": "file_write", "path": "a.rs", "change": write }),
        json!({ "kind": "file_delete", "paths": ["/p/a/"] }),
        json!({ "kind": "file_delete", "paths": ["/p/a", "/p/b"] }),
        json!({ "kind": "file_delete", "paths": [] }),
        json!({ "kind": "patch", "files": [patch(json!({ "op": "add" }))] }),
        json!({ "kind": "patch", "files": [patch(json!({ "op": "update" }))] }),
        json!({ "kind": "patch", "files": [patch(json!({ "op": "delete" }))] }),
        json!({ "kind": "patch", "files": [patch(json!({ "op": "move", "to": "/p/b.rs" }))] }),
        json!({ "kind": "patch", "files": [patch(json!({ "op": "add" })), patch(json!({ "op": "delete" }))] }),
        json!({ "kind": "network", "url": "https://example.com/a?b=c" }),
        json!({ "kind": "network", "url": "https://example.com", "method": "DELETE" }),
        json!({ "kind": "network", "url": "https://example.com", "method": "BREW" }),
        json!({ "kind": "mcp", "server": "files", "tool": "read", "arguments": {} }),
        json!({ "kind": "agent_spawn", "agent": "helper", "prompt": "look" }),
        json!({ "kind": "code", "language": "python", "text": "print(1)" }),
        json!({ "kind": "code", "language": "cobol", "text": "STOP RUN." }),
        json!({ "kind": "code", "language": "", "text": "1" }),
        json!({ "kind": "terminal_input", "terminal": "1", "text": "y\n" }),
        json!({ "kind": "config_change", "what": "mode", "arguments": {} }),
        json!({ "kind": "schedule", "change": "create", "what": "every day" }),
        json!({ "kind": "schedule", "change": "delete", "what": "job 1" }),
        json!({ "kind": "schedule", "change": "wakeup", "what": "soon" }),
        json!({ "kind": "message", "channel": "mail", "to": "someone", "text": "hello" }),
        json!({ "kind": "account", "operation": "pay", "arguments": {} }),
        json!({ "kind": "internal", "arguments": {} }),
        json!({ "kind": "other", "arguments": {} }),
    ];
    for kind in Effect::KINDS {
        assert!(made.iter().any(|one| one["kind"] == *kind), "no effect of kind {kind} is made here");
    }
    for one in &made {
        serde_json::from_value::<Effect>(one.clone()).unwrap_or_else(|error| panic!("{one}: {error}"));
    }
    made
}

/// Facts as an entry of any kind may have them.
fn facts(kind: Kind) -> Vec<Value> {
    let mut all = vec![
        json!({}),
        json!({ "path": "/home/me/.claude", "home": "0f", "count": 1, "says": "It is | \\ = so.\nSecond line." }),
        json!({ "path": "/home/me/.claude", "home": "0f", "count": 0, "failed": "no" }),
        json!({ "grant": "1a", "file": "mine.toml", "name": "work", "act": "disable_agent" }),
        json!({ "act": "enable_agent", "pack": "careful" }),
    ];
    for verdict in ["allow", "deny", "ask", "defer"] {
        all.push(json!({ "verdict": verdict, "tool": "Bash", "matches": [], "rules": 1, "grant": null }));
    }
    for verb in ["allow_once", "allow_always", "deny"] {
        all.push(json!({ "decision": { "verb": verb }, "approval": "7", "digest": "d" }));
    }
    for level in ["low", "medium", "high", "critical"] {
        all.push(json!({ "risk": { "level": level, "summary": "because" }, "approval": "7" }));
        all.push(json!({ "risk": level, "tool": "", "client_trace": { "trace": CLIENT.0, "span": CLIENT.1, "from": "environment" } }));
    }
    if kind == Kind::ActionRequested {
        all.extend(effects().into_iter().map(|effect| {
            json!({
                "tool": "=Tool|1", "effect": effect, "digest": "d", "cwd": "/p", "project": "/p", "mode": "", "risk": "medium",
                "summary": "s".repeat(3_000), "subagent": { "id": "a1", "name": "helper" }, "call_id": "call-1",
            })
        }));
    }
    all
}

/// The trace and span that clients claim here.
pub(crate) const CLIENT: (&str, &str) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");

/// Appends entries of every kind to a desk's log, by every actor. Returns how many there are in all.
pub(crate) fn fill(desk: &mut Desk) -> usize {
    desk.ask("s", "ls");
    let (_, asked) = desk.queue("s", "git push --force origin main");
    desk.butler().client_gone(&asked.id);
    desk.close();
    let actors = [
        Actor::LocalUser,
        Actor::Rule { id: "no-force".to_owned() },
        Actor::Grant { id: "1a".to_owned() },
        Actor::Agent { runtime: "claude-code".to_owned(), session: "s|=1".to_owned() },
        Actor::Engine,
        Actor::Hook,
    ];
    let store = Store::open(&desk.data().join("clawbutler.db")).unwrap();
    let len = store
        .write::<_, StoreError>(Durability::Process, |tx| {
            let mut number = 0_u64;
            for (kind, _) in Kind::ALL {
                for (place, data) in facts(*kind).into_iter().enumerate() {
                    number += 1;
                    let span = if place % 5 == 4 { 0 } else { number };
                    tx.append(
                        Draft {
                            kind: *kind,
                            actor: actors[place % actors.len()].clone(),
                            trace: TraceId(format!("{:032x}", number + 1)),
                            span: SpanId(format!("{span:016x}")),
                            parent: (place % 2 == 0).then(|| SpanId(format!("{:016x}", number + 7))),
                            data,
                        },
                        Timestamp(desk.now() + i64::try_from(number).unwrap()),
                    )?;
                }
            }
            Ok(())
        })
        .map(|()| Butler::count_file(&desk.data().join("clawbutler.db")).unwrap())
        .unwrap();
    usize::try_from(len).unwrap()
}

/// The log in a format, as it would be written.
pub(crate) fn export(data: &Path, format: ExportFormat) -> String {
    let plan = ExportPlan { filter: AuditFilter::default(), format, out: "unused".into(), after: None };
    let mut out = Vec::new();
    plan.stream(&data.join("clawbutler.db"), &data.join("search.db"), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
