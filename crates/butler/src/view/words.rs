//! Ledger entries and actors in words.

use clawbutler_core::actor::Actor;
use clawbutler_core::clock::Timestamp;
use serde_json::Value;

/// Who, in words.
pub(crate) fn actor(actor: &Actor) -> String {
    match actor {
        Actor::LocalUser => "you".to_owned(),
        Actor::Rule { id } => format!("rule {id}"),
        Actor::Grant { .. } => "an always-allow".to_owned(),
        Actor::Agent { runtime, .. } => format!("agent ({runtime})"),
        Actor::Engine => "ClawButler".to_owned(),
        Actor::Hook => "the guard, alone".to_owned(),
    }
}

/// The date of a time where the user is, as `2026-11-25`.
pub(crate) fn day(at: Timestamp, offset_minutes: i32) -> String {
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let days = at.0.saturating_add(i64::from(offset_minutes) * 60_000).div_euclid(DAY_MS);
    // Counted in years that start in March, so that the leap day comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// One sentence on an entry about the registry of agents.
fn registry_says(kind: &str, data: &Value) -> Option<String> {
    let path = data["path"].as_str().unwrap_or_default();
    Some(match kind {
        "config.drift" if data["session"].is_string() => data["says"].as_str().unwrap_or_default().to_owned(),
        "config.drift" if data["count"] == 0 => format!("The configuration of {path} is again as it was accepted."),
        "config.drift" => format!("The configuration of {path} differs from its baseline."),
        "drift.accepted" => format!("The changed configuration of {path} was accepted."),
        "home.named" if data["origin"] == "window" => format!("You named {path}; it is listed."),
        "home.named" => format!("{path} was named on the command line; it is listed."),
        "home.found" => format!("A new home appeared: {path}. It is not governed."),
        "home.forgotten" => format!("The home {path} was forgotten."),
        "agent.disabled" => format!("The agent in {path} was disabled."),
        "agent.enabled" => format!("The agent in {path} was enabled."),
        "agent.kill_requested" => format!("The kill switch was used on the agent in {path}."),
        "agent.killed" if data["complete"] == false => format!("The kill switch could not stop everything of {path}."),
        "agent.killed" => format!("The kill switch stopped what ran of {path}."),
        "agent.revived" => format!("The agent in {path} was revived."),
        "gateway.attached" => format!("Connects to the gateway of {path}."),
        "gateway.detached" => format!("The connection to the gateway of {path} was ended."),
        "gateway.up" => format!("The gateway of {path} is connected."),
        "gateway.lost" => format!("The gateway of {path} is not connected."),
        "gateway.chat" if data["failed"].is_string() => format!("The gateway of {path} did not take it."),
        "gateway.chat" if data["act"] == "stop" => format!("An answer of an agent in {path} was stopped."),
        "gateway.chat" => {
            format!("Said to an agent in {path}: “{}”.", data["text"].as_str().unwrap_or_default())
        }
        "gateway.config" if data["failed"].is_string() => format!("The gateway of {path} was not taken back."),
        "gateway.config" => format!("The configuration of the gateway of {path} is taken back."),
        "gateway.act" => gateway_act_says(path, data),
        "gateway.floor" if data["edited"] == true && data["failed"].is_null() => {
            format!("The policy of the gateway of {path} is edited.")
        }
        "gateway.floor" if data["failed"].is_string() => format!("The policy of the gateway of {path} did not change."),
        "gateway.floor" if data["raised"] == true => format!("The gateway of {path} was told to ask about everything."),
        "gateway.floor" => format!("The gateway of {path} got its own policy back."),
        _ => return None,
    })
}

/// One sentence on what a person did at a gateway.
fn gateway_act_says(path: &str, data: &Value) -> String {
    let name = data["name"].as_str().unwrap_or_default();
    let what = match data["act"].as_str() {
        Some("disable_agent") => format!("The agent {name} of the gateway of {path} is disabled"),
        Some("enable_agent") => format!("The agent {name} of the gateway of {path} is enabled"),
        Some("let_in") => format!("The device {name} is let in at the gateway of {path}"),
        Some("turn_away") => format!("The device {name} is turned away at the gateway of {path}"),
        Some("put_out") => format!("The device {name} is put out at the gateway of {path}"),
        _ => format!("What runs in {name} at the gateway of {path} is ended"),
    };
    match (data["failed"].as_str(), data["done"] == true) {
        (Some(_), _) => format!("{what}: the gateway did not take it."),
        (None, true) => format!("{what}: done."),
        (None, false) => format!("{what}."),
    }
}

/// A sub-agent by its name, or its id where it has none.
fn subagent(data: &Value) -> &str {
    let text = |name: &str| data["subagent"][name].as_str().filter(|text| !text.is_empty());
    text("name").or_else(|| text("id")).unwrap_or("unknown")
}

/// One sentence on an entry.
pub(crate) fn entry_says(kind: &str, data: &Value) -> String {
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    match kind {
        "action.requested" => format!("Wants to use {}: {}", text("tool"), text("summary")),
        "action.decided" => match text("verdict").as_str() {
            "defer" => "Left to the client's own rules.".to_owned(),
            "allow" => "Let through.".to_owned(),
            "deny" => "Stopped.".to_owned(),
            "ask" => "Handed to the client's own prompt.".to_owned(),
            other => format!("Answered “{other}”."),
        },
        "action.completed" => format!("{} ran.", text("tool")),
        "action.failed" => format!("{} failed.", text("tool")),
        "action.unknown" | "tampering.noticed" | "bound.reached" => text("says"),
        "approval.requested" => "Asked you.".to_owned(),
        "approval.decided" => match data["decision"]["verb"].as_str() {
            Some("allow_once") => "Allowed once.".to_owned(),
            Some("allow_always") => "Allowed for good.".to_owned(),
            Some("deny") => match data["decision"]["reason"].as_str() {
                Some(reason) => format!("Denied: {reason}"),
                None => "Denied.".to_owned(),
            },
            _ => "Decided.".to_owned(),
        },
        "approval.expired" => "Nobody answered in time.".to_owned(),
        "approval.withdrawn" => format!("The question went away ({}).", text("cause").replace('_', " ")),
        "approval.reclaimed" => "The client came back for its answer.".to_owned(),
        "decision.delivered" => format!("The client was told “{}”.", text("verdict")),
        "decision.late" => format!("The gateway did not take our answer: {}", text("says")),
        "grant.created" => "A standing always-allow was given.".to_owned(),
        "grant.revoked" => "A standing always-allow ended.".to_owned(),
        "grant.ended" => match text("cause").as_str() {
            "uses" => "An always-allow was used up.".to_owned(),
            "not_vouched" => "An always-allow was ended: the audit log cannot vouch for it.".to_owned(),
            _ => "An always-allow reached its end.".to_owned(),
        },
        "rules.changed" => match text("source").as_str() {
            "pack" => {
                format!("Rules: pack {} was {}.", text("pack"), if data["active"] == true { "chosen" } else { "left" })
            }
            "file" => "Rules: a file changed on the disk and tightened them.".to_owned(),
            "accepted" => "Rules: a change that waited was accepted.".to_owned(),
            "delete" => format!("Rules: {} was deleted.", text("file")),
            _ => format!("Rules: {} was saved.", text("file")),
        },
        "rules.held" => "Rules: a change waits for you.".to_owned(),
        "rules.rejected" => "Rules: a change was discarded.".to_owned(),
        "rules.broken" => format!("Rules: a file does not load. {}", text("says")),
        "home.governed" => format!("Governs {}.", text("path")),
        "home.released" => format!("Leaves {} alone.", text("path")),
        "guard.installed" => format!("The guard was installed in {}.", text("path")),
        "guard.removed" => format!("The guard was removed from {}.", text("path")),
        "guard.trusted" => format!("The runtime was asked to trust the guard in {}.", text("path")),
        "guard.tested" => format!("The guard in {} was tried. {}", text("path"), text("says")),
        "guard.drift" => format!("The guard changed without us: {}", text("says")),
        "session.started" => format!("A session started in {}.", text("cwd")),
        "subagent.started" => format!("A sub-agent began: {}.", subagent(data)),
        "subagent.ended" => format!("A sub-agent ended: {}.", subagent(data)),
        "session.ended" => "A session ended.".to_owned(),
        "config.changed" => "A runtime's configuration changed while it ran.".to_owned(),
        "engine.started" => format!("ClawButler {} started.", text("version")),
        "engine.stopped" => "ClawButler was closed.".to_owned(),
        "offline.recorded" => format!("While ClawButler was away: {} answered “{}”.", text("tool"), text("verdict")),
        "offline.damaged" => "Some offline records could not be read.".to_owned(),
        "settings.changed" => "Settings were changed.".to_owned(),
        other => log_says(other, data).or_else(|| registry_says(other, data)).unwrap_or_else(|| other.to_owned()),
    }
}

/// One sentence on an entry that is about the log itself, what is kept, or money.
fn log_says(kind: &str, data: &Value) -> Option<String> {
    let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
    Some(match kind {
        "audit.exported" => format!("{} entries were exported as {}.", data["count"], text("format").replace('_', " ")),
        "audit.pruned" => format!("Retention prunes {} in entries before {}.", text("class"), data["below"]),
        "retention.ran" => format!("Retention pruned {} payloads ({} bytes).", data["entries"], data["bytes"]),
        "backup.made" => format!("A backup was made: {}", text("file")),
        "backup.restored" => match data["earlier"].as_array().map(Vec::len) {
            Some(count) => {
                let count = count as u64 + data["earlier_more"].as_u64().unwrap_or(0) + 1;
                format!("{count} backups were put back, one after the other; the last has {} entries.", data["entries"])
            }
            None => format!("A backup with {} entries was put back.", data["entries"]),
        },
        "log.damaged" => format!("The database is damaged: {}", text("reason")),
        "log.tail_unproven" if data["lost"] == true => {
            format!("Sealed entries {} to {} were missing at the start", data["from"], data["to"])
        }
        "log.tail_unproven" => {
            format!("At the start nothing of ours covered the entries {} to {}", data["from"], data["to"])
        }
        "log.acknowledged" if data["of"] == "replaced" => {
            format!("You know that this log took the place of another, as entry {} says.", data["entry"])
        }
        "log.acknowledged" => {
            format!("You know that nothing proves the entries {} to {}.", data["from"], data["to"])
        }
        "budget.crossed" => format!("{} % of the budget of {} was spent.", data["threshold"], text("period")),
        "log.set_aside" => format!("A new log, because the database was damaged. It is kept as {}.", text("file")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (at, offset, expected) in [
            (0, 0, "1970-01-01"),
            (951_827_400_000, 0, "2000-02-29"),
            (1_795_573_250_000, 60, "2026-11-25"),
            (1_795_573_250_000, -180, "2026-11-24"),
            (-1, 0, "1969-12-31"),
        ] {
            assert_eq!(day(Timestamp(at), offset), expected);
        }
    }
}
