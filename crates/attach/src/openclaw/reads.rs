//! What a gateway tells when asked.

use clawbutler_core::timeline::Step;
use serde_json::{Value, json};

use super::gateway::Gateway;
use super::rows::{Agents, Health, Model, Plugin, Presence, Session, Skill, Status, Tool};
use super::timeline::of_message;
use crate::{CallError, json as read};

/// A part of a session's transcript.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// The conversation; another one than before means the session was reset.
    pub session_id: Option<String>,
    /// What happened, oldest first.
    pub steps: Vec<Step>,
    /// Messages in all, where the release tells.
    pub total: Option<u64>,
    /// Whether there is more before it.
    pub more: bool,
}

/// The end of the gateway's log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogTail {
    /// The file.
    pub file: Option<String>,
    /// Where to go on.
    pub cursor: Option<u64>,
    /// The lines, as they stand in it.
    pub lines: Vec<String>,
    /// Whether earlier lines were left out.
    pub truncated: bool,
    /// Whether the file began anew since the cursor.
    pub reset: bool,
}

/// One line of its log, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogLine {
    /// When, as it stands in it.
    pub at: Option<String>,
    /// `INFO`, `WARN`, `ERROR`, …
    pub level: Option<String>,
    /// The part of the gateway that wrote it.
    pub source: Option<String>,
    /// What it says; the whole line where it is not of the form we know.
    pub text: String,
}

impl LogLine {
    /// Takes a line apart; never fails.
    pub fn read(line: &str) -> Self {
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            return Self { text: line.to_owned(), ..Self::default() };
        };
        let source = read::text(&value, "/_meta/name").map(|name| {
            let named = serde_json::from_str::<Value>(&name).ok();
            named.and_then(|named| read::text(&named, "/subsystem")).unwrap_or(name)
        });
        let said =
            read::text(&value, "/message").or_else(|| read::text(&value, "/1")).or_else(|| read::text(&value, "/0"));
        Self {
            at: read::text(&value, "/time").or_else(|| read::text(&value, "/_meta/date")),
            level: read::text(&value, "/_meta/logLevelName"),
            source,
            text: said.unwrap_or_else(|| line.to_owned()),
        }
    }
}

impl Gateway {
    /// How it is.
    pub async fn health(&self) -> Result<Health, CallError> {
        Ok(Health::read(&self.call("health", json!({})).await?))
    }

    /// What it does.
    pub async fn status(&self) -> Result<Status, CallError> {
        Ok(Status::read(&self.call("status", json!({})).await?))
    }

    /// Its agents.
    pub async fn agents(&self) -> Result<Agents, CallError> {
        Ok(Agents::read(&self.call("agents.list", json!({})).await?))
    }

    /// Its sessions, last used first.
    pub async fn sessions(&self, limit: u32) -> Result<Vec<Session>, CallError> {
        let answer = self.call("sessions.list", json!({ "limit": limit.clamp(1, 1_000) })).await?;
        Ok(read::list(&answer, "/sessions").filter_map(Session::read).collect())
    }

    /// The last messages of a session.
    pub async fn history(&self, session: &str, limit: u32) -> Result<History, CallError> {
        let params = json!({ "sessionKey": session, "limit": limit.clamp(1, 1_000) });
        let answer = self.call("chat.history", params).await?;
        Ok(History {
            session_id: read::text(&answer, "/sessionId"),
            steps: read::list(&answer, "/messages").flat_map(of_message).collect(),
            total: read::number(&answer, "/totalMessages"),
            more: read::flag(&answer, "/hasMore").unwrap_or(false),
        })
    }

    /// The models set up.
    pub async fn models(&self) -> Result<Vec<Model>, CallError> {
        let answer = self.call("models.list", json!({ "view": "configured" })).await?;
        Ok(read::list(&answer, "/models").filter_map(Model::read).collect())
    }

    /// Every tool an agent could have.
    pub async fn tools(&self, agent: Option<&str>) -> Result<Vec<Tool>, CallError> {
        let params = agent.map_or_else(|| json!({}), |agent| json!({ "agentId": agent }));
        Ok(Tool::all(&self.call("tools.catalog", params).await?))
    }

    /// The tools a session really has. Fails for a session that was never used.
    pub async fn tools_of(&self, session: &str) -> Result<Vec<Tool>, CallError> {
        Ok(Tool::all(&self.call("tools.effective", json!({ "sessionKey": session })).await?))
    }

    /// The skills of an agent.
    pub async fn skills(&self, agent: Option<&str>) -> Result<Vec<Skill>, CallError> {
        let params = agent.map_or_else(|| json!({}), |agent| json!({ "agentId": agent }));
        let answer = self.call("skills.status", params).await?;
        Ok(read::list(&answer, "/skills").filter_map(Skill::read).collect())
    }

    /// The plugins.
    pub async fn plugins(&self) -> Result<Vec<Plugin>, CallError> {
        let answer = self.call("plugins.list", json!({})).await?;
        Ok(read::list(&answer, "/plugins").filter_map(Plugin::read).collect())
    }

    /// Who is connected.
    pub async fn presence(&self) -> Result<Vec<Presence>, CallError> {
        Ok(Presence::all(&self.call("system-presence", json!({})).await?, ""))
    }

    /// The end of its log, or what came after a cursor.
    pub async fn logs(&self, cursor: Option<u64>, limit: u32) -> Result<LogTail, CallError> {
        let mut params = json!({ "limit": limit.clamp(1, 5_000) });
        if let Some(cursor) = cursor {
            params["cursor"] = Value::from(cursor);
        }
        let answer = self.call("logs.tail", params).await?;
        Ok(LogTail {
            file: read::text(&answer, "/file"),
            cursor: read::number(&answer, "/cursor"),
            lines: read::texts(&answer, "/lines"),
            truncated: read::flag(&answer, "/truncated").unwrap_or(false),
            reset: read::flag(&answer, "/reset").unwrap_or(false),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_is_taken_apart_or_kept_whole() {
        let line = json!({ "0": "{\"subsystem\":\"gateway/ws\"}", "message": "res ✓", "time": "2026-11-22T11:51:50.785+00:00",
            "_meta": { "logLevelName": "INFO", "name": "{\"subsystem\":\"gateway/ws\"}" } });
        let known = LogLine {
            at: Some("2026-11-22T11:51:50.785+00:00".to_owned()),
            level: Some("INFO".to_owned()),
            source: Some("gateway/ws".to_owned()),
            text: "res ✓".to_owned(),
        };
        assert_eq!(LogLine::read(&line.to_string()), known);
        assert_eq!(LogLine::read("plain"), LogLine { text: "plain".to_owned(), ..LogLine::default() });
        assert_eq!(LogLine::read("{}").text, "{}");
    }
}
