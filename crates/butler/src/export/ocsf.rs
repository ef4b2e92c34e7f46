//! Entries as events of OCSF 1.8: each kind in the class that says best what happened.
//!
//! What an agent wants to do is activity of a file, a process, a script or a job, or API Activity; changes of what is
//! governed are Entity Management, our own starts and stops Application Lifecycle, and what should not be is a
//! Detection Finding. `docs/AUDIT-SEARCH.md` has the table.

use clawbutler_ledger::Kind;
use serde_json::{Map, Value, json};

use super::form::{VERSION, actor, says, weight};
use crate::search::parts::{GONE, Parts};

/// Version of the schema.
const SCHEMA: &str = "1.8.0";

/// A class: its number, its caption, and the caption of its category, whose number is the thousands of its own.
type Class = (i64, &'static str, &'static str);

const FILE: Class = (1_001, "File System Activity", "System Activity");
const JOB: Class = (1_006, "Scheduled Job Activity", "System Activity");
const PROCESS: Class = (1_007, "Process Activity", "System Activity");
const SCRIPT: Class = (1_009, "Script Activity", "System Activity");
const FINDING: Class = (2_004, "Detection Finding", "Findings");
const ENTITY: Class = (3_004, "Entity Management", "Identity & Access Management");
const LIFECYCLE: Class = (6_002, "Application Lifecycle", "Application Activity");
const API: Class = (6_003, "API Activity", "Application Activity");

/// An activity that its class has no number for.
const OTHER: (i64, &str) = (99, "Other");
const CREATE: (i64, &str) = (1, "Create");
const READ: (i64, &str) = (2, "Read");
const UPDATE: (i64, &str) = (3, "Update");
const DELETE: (i64, &str) = (4, "Delete");

/// What an entry becomes: class, activity, and the attributes that are the class's own.
struct Shape {
    class: Class,
    activity: (i64, &'static str),
    own: Value,
}

impl Shape {
    fn of(parts: &Parts) -> Self {
        let known = Kind::ALL.iter().find(|(_, text)| *text == parts.kind);
        known.map_or_else(|| api(parts, OTHER), |(kind, _)| of_kind(*kind, parts))
    }
}

fn of_kind(kind: Kind, parts: &Parts) -> Shape {
    match kind {
        Kind::ActionRequested => of_effect(parts),
        Kind::ActionDecided
        | Kind::ActionCompleted
        | Kind::ActionFailed
        | Kind::ActionUnknown
        | Kind::ApprovalRequested
        | Kind::ApprovalDecided
        | Kind::ApprovalExpired
        | Kind::ApprovalWithdrawn
        | Kind::ApprovalReclaimed
        | Kind::DecisionDelivered
        | Kind::DecisionLate
        | Kind::OfflineRecorded
        | Kind::BoundReached
        | Kind::GatewayUp
        | Kind::GatewayLost => api(parts, OTHER),
        Kind::GatewayChat | Kind::BackupMade => api(parts, CREATE),
        Kind::AuditExported => api(parts, READ),
        Kind::ConfigChanged | Kind::BackupRestored => api(parts, UPDATE),
        Kind::AuditPruned | Kind::RetentionRan => api(parts, DELETE),
        Kind::GrantCreated | Kind::HomeNamed | Kind::HomeFound => entity(parts, CREATE),
        Kind::GrantRevoked | Kind::GrantEnded | Kind::HomeForgotten => entity(parts, DELETE),
        Kind::RulesChanged
        | Kind::RulesBroken
        | Kind::SettingsChanged
        | Kind::DriftAccepted
        | Kind::GatewayFloor
        | Kind::GatewayConfig => entity(parts, UPDATE),
        Kind::RulesHeld | Kind::RulesRejected | Kind::LogAcknowledged => entity(parts, OTHER),
        Kind::HomeGoverned | Kind::GatewayAttached => entity(parts, (6, "Enroll")),
        Kind::HomeReleased | Kind::GatewayDetached => entity(parts, (7, "Unenroll")),
        Kind::AgentEnabled => entity(parts, (8, "Enable")),
        Kind::AgentDisabled => entity(parts, (9, "Disable")),
        Kind::KillRequested | Kind::KillReported => entity(parts, (12, "Suspend")),
        Kind::AgentRevived => entity(parts, (13, "Resume")),
        Kind::GatewayAct => entity(
            parts,
            match parts.data["act"].as_str() {
                Some("enable_agent") => (8, "Enable"),
                Some("disable_agent") => (9, "Disable"),
                _ => OTHER,
            },
        ),
        Kind::GuardInstalled => lifecycle((1, "Install"), "ClawButler guard"),
        Kind::GuardTrusted => lifecycle((6, "Enable"), "ClawButler guard"),
        Kind::GuardRemoved => lifecycle((2, "Remove"), "ClawButler guard"),
        Kind::GuardTested => lifecycle(OTHER, "ClawButler guard"),
        Kind::EngineStarted => lifecycle((3, "Start"), "ClawButler Desktop"),
        Kind::EngineStopped => lifecycle((4, "Stop"), "ClawButler Desktop"),
        Kind::SessionStarted => lifecycle((3, "Start"), named(&parts.runtime)),
        Kind::SessionEnded => lifecycle((4, "Stop"), named(&parts.runtime)),
        Kind::SubagentStarted => lifecycle((3, "Start"), subagent(parts)),
        Kind::SubagentEnded => lifecycle((4, "Stop"), subagent(parts)),
        Kind::GuardDrift
        | Kind::TamperingNoticed
        | Kind::LogDamaged
        | Kind::LogSetAside
        | Kind::LogTailUnproven
        | Kind::BudgetCrossed
        | Kind::OfflineDamaged => finding(parts, CREATE, parts.hash.clone()),
        Kind::ConfigDrift => {
            let uid = format!("config.drift {}", parts.data["home"].as_str().unwrap_or_default());
            let uid = parts.data["session"].as_str().map_or(uid.clone(), |session| format!("{uid} {session}"));
            finding(parts, if parts.data["count"] == 0 { (3, "Close") } else { CREATE }, uid)
        }
    }
}

/// What an agent wants to do.
fn of_effect(parts: &Parts) -> Shape {
    let effect = &parts.data["effect"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match effect["kind"].as_str() {
        Some("shell") => Shape {
            class: PROCESS,
            activity: (1, "Launch"),
            own: json!({ "process": {
                "uid": parts.span, "cmd_line": text(&effect["command"]), "working_directory": parts.project(),
            } }),
        },
        Some("code") => Shape {
            class: SCRIPT,
            activity: (1, "Execute"),
            own: json!({ "script": script(&text(&effect["language"]), &text(&effect["text"])) }),
        },
        Some("schedule") => {
            let change = text(&effect["change"]);
            let activity = match change.as_str() {
                "create" | "add" => CREATE,
                "update" | "edit" | "change" => (2, "Update"),
                "delete" | "remove" => (3, "Delete"),
                "run" | "start" => (6, "Start"),
                _ => OTHER,
            };
            Shape { class: JOB, activity, own: json!({ "job": { "name": text(&effect["what"]), "desc": change } }) }
        }
        Some("file_read") => file(READ, &text(&effect["path"])),
        Some("file_write") => file(UPDATE, &text(&effect["path"])),
        Some("file_delete") => match effect["paths"].as_array().map(Vec::as_slice) {
            Some([one]) => file(DELETE, &text(one)),
            many => files(parts, DELETE, many.unwrap_or_default().iter().map(text)),
        },
        Some("patch") => match effect["files"].as_array().map(Vec::as_slice) {
            Some([one]) => patched(one),
            many => files(parts, UPDATE, many.unwrap_or_default().iter().map(|file| text(&file["path"]))),
        },
        Some("network") => {
            let activity = match effect["method"].as_str() {
                None | Some("GET" | "HEAD") => READ,
                Some("POST") => CREATE,
                Some("PUT" | "PATCH") => UPDATE,
                Some("DELETE") => DELETE,
                Some(_) => OTHER,
            };
            resources(api(parts, activity), "url", std::iter::once(text(&effect["url"])))
        }
        Some("mcp") => {
            let mut shape = api(parts, OTHER);
            shape.own["api"]["operation"] = json!(text(&effect["tool"]));
            shape.own["api"]["service"] = json!({ "name": text(&effect["server"]) });
            shape
        }
        Some("config_change") => api(parts, UPDATE),
        Some("agent_spawn" | "message") => api(parts, CREATE),
        _ => api(parts, OTHER),
    }
}

fn script(language: &str, text: &str) -> Value {
    let (kind, name) = match language {
        "cmd" => (1, "Windows Command Prompt"),
        "powershell" => (2, "PowerShell"),
        "python" => (3, "Python"),
        "javascript" => (4, "JavaScript"),
        "sh" | "bash" => (6, "Unix Shell"),
        "" => (0, "Unknown"),
        other => (99, other),
    };
    json!({ "type_id": kind, "type": name, "script_content": { "value": text } })
}

/// A file as OCSF has it; its type is not looked at.
fn place(path: &str) -> Value {
    let end = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default();
    let name = if end.is_empty() { path } else { end };
    json!({ "name": name, "path": path, "type_id": 0, "type": "Unknown" })
}

fn file(activity: (i64, &'static str), path: &str) -> Shape {
    Shape { class: FILE, activity, own: json!({ "file": place(path) }) }
}

fn patched(one: &Value) -> Shape {
    let path = one["path"].as_str().unwrap_or_default();
    let op = &one["op"];
    match op["op"].as_str() {
        Some("add") => file(CREATE, path),
        Some("delete") => file(DELETE, path),
        Some("move") => {
            let mut shape = file((5, "Rename"), path);
            shape.own["file_result"] = place(op["to"].as_str().unwrap_or_default());
            shape
        }
        _ => file(UPDATE, path),
    }
}

/// Several files at once: an event of a file has only one.
fn files(parts: &Parts, activity: (i64, &'static str), paths: impl Iterator<Item = String>) -> Shape {
    resources(api(parts, activity), "file", paths)
}

fn resources(mut shape: Shape, kind: &str, names: impl Iterator<Item = String>) -> Shape {
    shape.own["resources"] = names.map(|name| json!({ "name": name, "type": kind })).collect();
    shape
}

fn api(parts: &Parts, activity: (i64, &'static str)) -> Shape {
    let operation = if parts.tool().is_empty() { parts.kind.as_str() } else { parts.tool() };
    let own = json!({
        "api": { "operation": operation, "request": { "uid": parts.span } },
        "src_endpoint": { "hostname": "localhost", "ip": "127.0.0.1" },
        "trace": { "uid": parts.trace },
    });
    Shape { class: API, activity, own }
}

/// A grant, the rules, the settings, a home or an agent of one.
fn entity(parts: &Parts, activity: (i64, &'static str)) -> Shape {
    let topic = parts.kind.split('.').next().unwrap_or_default();
    let given = |names: &[&str]| names.iter().find_map(|name| parts.data[*name].as_str()).map(str::to_owned);
    let (kind, word) = match topic {
        "grant" | "rules" => (5, "Policy"),
        _ => (99, topic),
    };
    let mut made = json!({ "type_id": kind, "type": word });
    made["name"] = json!(given(&["name", "path", "file", "pack"]).unwrap_or_else(|| topic.to_owned()));
    if let Some(uid) = given(&["grant", "home", "id"]) {
        made["uid"] = json!(uid);
    }
    Shape { class: ENTITY, activity, own: json!({ "entity": made }) }
}

fn lifecycle(activity: (i64, &'static str), app: &str) -> Shape {
    Shape { class: LIFECYCLE, activity, own: json!({ "app": { "name": app } }) }
}

/// The runtime as the name of an application.
fn named(runtime: &str) -> &str {
    if runtime.is_empty() { "unknown" } else { runtime }
}

/// A sub-agent by its name, or the runtime of one without.
fn subagent(parts: &Parts) -> &str {
    let name = parts.data["subagent"]["name"].as_str().unwrap_or_default();
    named(if name.is_empty() { &parts.runtime } else { name })
}

fn finding(parts: &Parts, activity: (i64, &'static str), uid: String) -> Shape {
    let info = json!({ "uid": uid, "title": says(parts), "types": [parts.kind], "created_time": parts.at });
    let own = json!({ "finding_info": info, "is_alert": activity == CREATE });
    Shape { class: FINDING, activity, own }
}

/// The event of an entry.
pub(super) fn event(parts: &Parts) -> Value {
    let Shape { class, activity, own } = Shape::of(parts);
    let (uid, name, category) = class;
    let (activity, caption) = activity;
    let (severity, severity_name) = match weight(parts) {
        "low" => (2, "Low"),
        "medium" => (3, "Medium"),
        "high" => (4, "High"),
        "critical" => (5, "Critical"),
        _ => (1, "Informational"),
    };
    let (status, status_name) = status(class, activity, parts);
    let mut made = json!({
        // What has no number is named in our own words.
        "activity_id": activity, "activity_name": if activity == OTHER.0 { parts.kind.as_str() } else { caption },
        "category_uid": uid / 1_000, "category_name": category,
        "class_uid": uid, "class_name": name,
        "type_uid": uid * 100 + activity, "type_name": format!("{name}: {caption}"),
        "severity_id": severity, "severity": severity_name,
        "status_id": status, "status": status_name,
        "time": parts.at, "message": says(parts),
        "metadata": {
            "version": SCHEMA, "uid": parts.hash, "sequence": parts.seq, "event_code": parts.kind,
            "correlation_uid": parts.trace, "log_name": "audit",
            "product": { "vendor_name": "ClawButler", "name": "ClawButler Desktop", "version": VERSION },
        },
        "actor": by(parts),
        "unmapped": { "span": parts.span, "data": if parts.pruned { json!(GONE) } else { parts.data.clone() } },
    });
    if matches!(uid, 1_000..2_000) {
        made["device"] = json!({ "type_id": 0, "type": "Unknown", "hostname": "localhost" });
    }
    put(&mut made, &own);
    let control = control(parts);
    put(&mut made, &control);
    let mut profiles = Vec::new();
    if class == FINDING || class == LIFECYCLE {
        profiles.push("host");
    }
    // A finding has the level of risk by itself.
    if control
        .as_object()
        .is_some_and(|control| control.keys().any(|key| class != FINDING || !key.starts_with("risk_")))
    {
        profiles.push("security_control");
    }
    if made["trace"].is_object() {
        profiles.push("trace");
    }
    if !profiles.is_empty() {
        made["metadata"]["profiles"] = json!(profiles);
    }
    made
}

fn put(made: &mut Value, more: &Value) {
    if let (Some(made), Some(more)) = (made.as_object_mut(), more.as_object()) {
        made.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
}

fn status(class: Class, activity: i64, parts: &Parts) -> (i64, &'static str) {
    if class == FINDING {
        return if activity == CREATE.0 { (1, "New") } else { (4, "Resolved") };
    }
    match parts.kind.as_str() {
        "action.completed" => (1, "Success"),
        "action.failed" | "rules.broken" => (2, "Failure"),
        _ if parts.data["failed"].is_string() => (2, "Failure"),
        _ => (0, "Unknown"),
    }
}

/// What was decided and how risky it is: the profile `security_control`.
fn control(parts: &Parts) -> Value {
    let mut made = Map::new();
    let human = parts.kind == "approval.decided";
    let outcome = match parts.decision() {
        "allow" if !human => Some((1, "Allowed", 1, "Allowed")),
        "allow" | "allow_once" | "allow_always" => Some((1, "Allowed", 8, "Approved")),
        "deny" if !human => Some((2, "Denied", 2, "Blocked")),
        "deny" => Some((2, "Denied", 25, "Rejected")),
        // The client decides by its own rules, or asks in its own prompt.
        "defer" | "ask" => Some((3, "Observed", 17, "Logged")),
        _ if matches!(parts.kind.as_str(), "approval.expired" | "bound.reached") => Some((2, "Denied", 2, "Blocked")),
        _ => None,
    };
    if let Some((action, action_name, disposition, name)) = outcome {
        made.insert("action_id".to_owned(), json!(action));
        made.insert("action".to_owned(), json!(action_name));
        made.insert("disposition_id".to_owned(), json!(disposition));
        made.insert("disposition".to_owned(), json!(name));
    }
    let rule = parts.actor["id"].as_str().filter(|_| matches!(parts.actor_kind(), "rule" | "grant"));
    if let (Some(rule), Some(_)) = (rule, outcome) {
        made.insert("policy".to_owned(), json!({ "uid": rule, "type": parts.actor_kind() }));
    }
    let risk = match parts.risk() {
        "low" => Some((1, "Low")),
        "medium" => Some((2, "Medium")),
        "high" => Some((3, "High")),
        "critical" => Some((4, "Critical")),
        _ => None,
    };
    if let Some((level, name)) = risk {
        made.insert("risk_level_id".to_owned(), json!(level));
        made.insert("risk_level".to_owned(), json!(name));
    }
    Value::Object(made)
}

fn by(parts: &Parts) -> Value {
    let kind = parts.actor_kind();
    let mut found = json!({ "app_name": if parts.runtime.is_empty() { "ClawButler" } else { parts.runtime.as_str() } });
    if !parts.session.is_empty() {
        found["session"] = json!({ "uid": parts.session });
    }
    if kind == "local_user" {
        found["user"] = json!({ "name": "local_user", "type_id": 1, "type": "User" });
    } else if kind != "agent" {
        found["user"] = json!({ "name": actor(parts), "type_id": 3, "type": "System" });
    }
    found
}
