//! Channels and scheduled work.

use clawbutler_core::clock::Timestamp;
use clawbutler_core::timeline::clip;
use serde_json::{Value, json};

use super::gateway::Gateway;
use crate::{CallError, json as read};

/// One account of a chat channel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Channel {
    /// The channel (`telegram`, `slack`, …).
    pub channel: String,
    /// Its name.
    pub label: Option<String>,
    /// The account.
    pub account: String,
    /// Whether it is set up.
    pub configured: Option<bool>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
    /// Whether it runs.
    pub running: Option<bool>,
    /// Whether it is connected.
    pub connected: Option<bool>,
    /// What went wrong last.
    pub error: Option<String>,
}

/// One scheduled job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CronJob {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The agent.
    pub agent: Option<String>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// When it runs, in one line.
    pub schedule: String,
    /// What it does (`agentTurn`, `heartbeat`, …).
    pub payload: Option<String>,
    /// What the agent is told.
    pub message: Option<String>,
    /// The next run.
    pub next_at: Option<Timestamp>,
    /// The last run.
    pub last_at: Option<Timestamp>,
    /// How it ended.
    pub last_status: Option<String>,
    /// What went wrong.
    pub last_error: Option<String>,
    /// Whether nothing went wrong but the delivery of the answer: the agent did its work.
    pub undelivered: bool,
}

/// One run of a job.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CronRun {
    /// The job.
    pub job: String,
    /// When.
    pub at: Option<Timestamp>,
    /// How it ended (`ok`, `error`, `skipped`).
    pub status: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// What came of it.
    pub summary: Option<String>,
    /// How long it took (ms).
    pub took_ms: Option<u64>,
    /// The session it ran in.
    pub session: Option<String>,
    /// Whether nothing went wrong but the delivery of the answer: the agent did its work, and the gateway says `error`.
    pub undelivered: bool,
}

impl Channel {
    fn all(answer: &Value) -> Vec<Self> {
        let label = |channel: &str| {
            answer
                .pointer("/channelLabels")
                .and_then(|labels| labels.get(channel))
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let of_channel = |(channel, accounts): (&String, &Value)| -> Vec<Self> {
            read::list(accounts, "")
                .map(|row| Self {
                    channel: channel.clone(),
                    label: label(channel),
                    account: read::word(row, "/accountId"),
                    configured: read::flag(row, "/configured"),
                    enabled: read::flag(row, "/enabled"),
                    running: read::flag(row, "/running"),
                    connected: read::flag(row, "/connected"),
                    error: read::text(row, "/lastError").map(|text| clip(&text)),
                })
                .collect()
        };
        read::members(answer, "/channelAccounts").flat_map(of_channel).collect()
    }
}

impl CronJob {
    /// From a row of the list or of an event.
    pub(crate) fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: read::text(row, "/id")?,
            name: read::text(row, "/displayName").or_else(|| read::text(row, "/name")).unwrap_or_default(),
            agent: read::text(row, "/agentId").or_else(|| read::text(row, "/effectiveAgentId")),
            enabled: read::flag(row, "/enabled").unwrap_or(true),
            schedule: schedule(row),
            payload: read::text(row, "/payload/kind"),
            message: read::text(row, "/payload/message").map(|text| clip(&text)),
            next_at: read::time(row, "/state/nextRunAtMs"),
            last_at: read::time(row, "/state/lastRunAtMs"),
            last_status: read::text(row, "/state/lastRunStatus").or_else(|| read::text(row, "/state/lastStatus")),
            last_error: read::text(row, "/state/lastError").map(|text| clip(&text)),
            undelivered: undelivered(row, "/state/lastRunStatus", "/state/lastDiagnostics/entries"),
        })
    }
}

fn schedule(row: &Value) -> String {
    match read::word(row, "/schedule/kind").as_str() {
        "cron" => read::word(row, "/schedule/expr"),
        "at" => format!("once at {}", read::word(row, "/schedule/at")),
        "every" => format!("every {} s", read::number(row, "/schedule/everyMs").unwrap_or(0) / 1_000),
        other => other.to_owned(),
    }
}

impl CronRun {
    fn read(row: &Value) -> Self {
        Self {
            job: read::word(row, "/jobId"),
            at: read::time(row, "/runAtMs").or_else(|| read::time(row, "/ts")),
            status: read::text(row, "/status"),
            error: read::text(row, "/error").map(|text| clip(&text)),
            summary: read::text(row, "/summary").map(|text| clip(&text)),
            took_ms: read::number(row, "/durationMs"),
            session: read::text(row, "/sessionKey"),
            undelivered: undelivered(row, "/status", "/diagnostics/entries"),
        }
    }
}

/// Whether a run that the gateway calls an error failed at nothing but handing its answer over: a job without a channel
/// that is started by hand ends so.
fn undelivered(row: &Value, status: &str, diagnostics: &str) -> bool {
    let mut errors = read::list(row, diagnostics).filter(|entry| read::word(entry, "/severity") == "error").peekable();
    let failed = read::word(row, status) == "error" && errors.peek().is_some();
    failed && errors.all(|entry| read::word(entry, "/source") == "delivery")
}

impl Gateway {
    /// The accounts of the chat channels.
    pub async fn channels(&self) -> Result<Vec<Channel>, CallError> {
        Ok(Channel::all(&self.call("channels.status", json!({})).await?))
    }

    /// The scheduled jobs, switched off ones included.
    pub async fn cron(&self) -> Result<Vec<CronJob>, CallError> {
        let answer = self.call("cron.list", json!({ "includeDisabled": true })).await?;
        Ok(read::list(&answer, "/jobs").filter_map(CronJob::read).collect())
    }

    /// The last runs: of one job, or of all.
    pub async fn cron_runs(&self, job: Option<&str>, limit: u32) -> Result<Vec<CronRun>, CallError> {
        let limit = limit.clamp(1, 200);
        let params = match job {
            Some(id) => json!({ "scope": "job", "id": id, "limit": limit }),
            None => json!({ "scope": "all", "limit": limit }),
        };
        let answer = self.call("cron.runs", params).await?;
        Ok(read::list(&answer, "/entries").map(CronRun::read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_channels_are_rows() {
        let answer = json!({ "channelLabels": { "telegram": "Telegram" }, "channelAccounts": {
            "telegram": [{ "accountId": "default", "configured": true, "running": false, "lastError": "401" }] } });
        assert_eq!(
            Channel::all(&answer),
            [Channel {
                channel: "telegram".to_owned(),
                label: Some("Telegram".to_owned()),
                account: "default".to_owned(),
                configured: Some(true),
                running: Some(false),
                error: Some("401".to_owned()),
                ..Channel::default()
            }]
        );
    }

    #[test]
    fn schedules_are_one_line() {
        let line = |schedule: Value| CronJob::read(&json!({ "id": "a", "schedule": schedule })).unwrap().schedule;
        assert_eq!(line(json!({ "kind": "cron", "expr": "0 3 * * *" })), "0 3 * * *");
        assert_eq!(line(json!({ "kind": "every", "everyMs": 1_800_000 })), "every 1800 s");
        assert_eq!(line(json!({ "kind": "at", "at": "2026-11-22" })), "once at 2026-11-22");
    }
}
