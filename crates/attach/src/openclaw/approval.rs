//! Approvals: what an agent of the gateway wants to run, and the answer.

use std::fmt;

use clawbutler_core::clock::Timestamp;
use serde_json::{Value, json};

use super::gateway::Gateway;
use crate::CallError;
use crate::json as read;

/// Which queue of the gateway it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A shell command.
    Exec,
    /// A plugin asks about another tool.
    Plugin,
}

impl Kind {
    /// As the gateway says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Plugin => "plugin",
        }
    }
}

/// An answer the gateway knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// Run it this once.
    AllowOnce,
    /// Run it, and the same again without asking.
    AllowAlways,
    /// Do not run it.
    Deny,
}

impl Decision {
    const ALL: [Self; 3] = [Self::AllowOnce, Self::AllowAlways, Self::Deny];

    /// As the gateway says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::AllowOnce => "allow-once",
            Self::AllowAlways => "allow-always",
            Self::Deny => "deny",
        }
    }

    fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.word() == word)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A request that stands in the gateway's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Which queue.
    pub kind: Kind,
    /// The gateway's id.
    pub id: String,
    /// The command, or what the plugin says it is about.
    pub command: String,
    /// More words of a plugin.
    pub description: Option<String>,
    /// The tool: `exec`, or what the plugin names.
    pub tool: String,
    /// Where it would run.
    pub cwd: Option<String>,
    /// The program the gateway found for it.
    pub program: Option<String>,
    /// The agent.
    pub agent: Option<String>,
    /// The key of the session.
    pub session: Option<String>,
    /// The run, where the release tells.
    pub run: Option<String>,
    /// The model's id of the call, where the release tells.
    pub call: Option<String>,
    /// Where it would run: `gateway`, or a node.
    pub host: Option<String>,
    /// Shapes the gateway noticed; a hint, no measure of risk.
    pub shapes: Vec<String>,
    /// What the gateway warns of.
    pub warning: Option<String>,
    /// What may be answered. Nothing else is ever sent.
    pub offered: Vec<Decision>,
    /// Since when it stands.
    pub asked_at: Option<Timestamp>,
    /// When the gateway decides by itself.
    pub expires_at: Option<Timestamp>,
}

impl Approval {
    /// From the payload of a `requested` event or a row of a list.
    pub fn read(kind: Kind, value: &Value) -> Option<Self> {
        let request = |path: &str| read::text(value, &format!("/request{path}"));
        let offered = value.pointer("/request/allowedDecisions").and_then(Value::as_array);
        Some(Self {
            kind,
            id: read::text(value, "/id")?,
            command: request("/command").or_else(|| request("/title")).unwrap_or_default(),
            description: request("/description"),
            tool: request("/toolName").unwrap_or_else(|| kind.word().to_owned()),
            cwd: request("/cwd"),
            program: request("/resolvedPath"),
            agent: request("/agentId"),
            session: request("/sessionKey"),
            run: request("/runId"),
            call: request("/toolCallId"),
            host: request("/host"),
            shapes: read::texts(value, "/request/commandAnalysis/riskKinds"),
            warning: request("/warningText"),
            // A release that does not say offers what every release has.
            offered: offered.map_or_else(
                || vec![Decision::AllowOnce, Decision::Deny],
                |words| words.iter().filter_map(Value::as_str).filter_map(Decision::read).collect(),
            ),
            asked_at: read::time(value, "/createdAtMs"),
            expires_at: read::time(value, "/expiresAtMs"),
        })
    }
}

/// A request that no longer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Which queue.
    pub kind: Kind,
    /// The gateway's id.
    pub id: String,
    /// What was decided; absent where it is a word we do not know.
    pub decision: Option<Decision>,
    /// Who decided; absent when nobody did and time ran out.
    pub by: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
}

impl Settled {
    /// From the payload of a `resolved` event.
    pub fn read(kind: Kind, value: &Value) -> Option<Self> {
        Some(Self {
            kind,
            id: read::text(value, "/id")?,
            decision: read::text(value, "/decision").and_then(|word| Decision::read(&word)),
            by: read::text(value, "/resolvedBy"),
            at: read::time(value, "/ts"),
        })
    }
}

/// What became of an answer. The first one wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Ours counts.
    Applied,
    /// Somebody was faster, or time ran out; this is what stands.
    Late {
        /// The gateway's status (`allowed`, `denied`, `expired`, `cancelled`), where it tells.
        status: Option<String>,
        /// What stands, where it tells.
        decision: Option<Decision>,
        /// Why (`user`, `timeout`, `run-aborted`, …), where it tells.
        reason: Option<String>,
    },
    /// The gateway does not know the request (any more).
    Gone,
}

impl Gateway {
    /// The requests that stand, of both queues. Without `operator.admin` those of other clients' runs are missing.
    pub async fn approvals(&self) -> Result<Vec<Approval>, CallError> {
        let hello = self.hello();
        let mut all = Vec::new();
        for kind in [Kind::Exec, Kind::Plugin] {
            let method = format!("{}.approval.list", kind.word());
            if kind == Kind::Plugin && hello.as_ref().is_some_and(|hello| !hello.has(&method)) {
                continue;
            }
            all.extend(listed(kind, &self.call(&method, json!({})).await?));
        }
        if !hello.is_some_and(|hello| hello.binds_always()) {
            all.iter_mut().for_each(never_always);
        }
        Ok(all)
    }

    /// Answers a request, but only with what it offers: the gateway takes anything else as a denial.
    pub async fn resolve(&self, approval: &Approval, decision: Decision) -> Result<Resolution, CallError> {
        let hello = self.hello().ok_or(CallError::Down)?;
        let mut offered = approval.offered.clone();
        if !hello.binds_always() {
            offered.retain(|one| *one != Decision::AllowAlways);
        }
        if !offered.contains(&decision) {
            let offered: Vec<&str> = offered.iter().map(|one| one.word()).collect();
            return Err(CallError::NotOffered { decision: decision.to_string(), offered: offered.join(", ") });
        }
        let kind = approval.kind.word();
        let answer = if hello.has("approval.resolve") {
            let params = json!({ "id": approval.id, "kind": kind, "decision": decision.word() });
            self.call("approval.resolve", params).await
        } else {
            let params = json!({ "id": approval.id, "decision": decision.word() });
            self.call(&format!("{kind}.approval.resolve"), params).await
        };
        resolution(answer)
    }

    /// The requests that ended, newest first, as far as the gateway remembers. Releases without it say so.
    pub async fn approval_history(&self, limit: u32) -> Result<Vec<Value>, CallError> {
        let answer = self.call("approval.history", json!({ "limit": limit.clamp(1, 200) })).await?;
        Ok(read::list(&answer, "/items").cloned().collect())
    }
}

/// The rows of a list; some releases wrap them.
pub(crate) fn listed(kind: Kind, answer: &Value) -> Vec<Approval> {
    let rows = if answer.is_array() { "" } else { "/items" };
    read::list(answer, rows).filter_map(|row| Approval::read(kind, row)).collect()
}

/// Takes allow-always away where the gateway would remember the program only.
pub(crate) fn never_always(approval: &mut Approval) {
    approval.offered.retain(|one| *one != Decision::AllowAlways);
}

fn resolution(answer: Result<Value, CallError>) -> Result<Resolution, CallError> {
    match answer {
        // The older method says `ok` and nothing else.
        Ok(payload) if read::flag(&payload, "/applied").unwrap_or(true) => Ok(Resolution::Applied),
        Ok(payload) => Ok(Resolution::Late {
            status: read::text(&payload, "/approval/status"),
            decision: read::text(&payload, "/approval/decision").and_then(|word| Decision::read(&word)),
            reason: read::text(&payload, "/approval/reason"),
        }),
        Err(error) => {
            let Some(refusal) = error.refusal() else { return Err(error) };
            match refusal.reason.as_str() {
                "APPROVAL_ALREADY_RESOLVED" => Ok(Resolution::Late { status: None, decision: None, reason: None }),
                "APPROVAL_NOT_FOUND" => Ok(Resolution::Gone),
                _ if refusal.message.contains("unknown or expired approval") => Ok(Resolution::Gone),
                _ => Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refusal;

    fn refused(reason: &str, message: &str) -> Result<Value, CallError> {
        let refusal = Refusal { reason: reason.to_owned(), message: message.to_owned(), ..Refusal::default() };
        Err(CallError::Refused { method: "m".to_owned(), refusal: Box::new(refusal) })
    }

    #[test]
    fn every_form_of_the_answer_is_understood() {
        assert_eq!(resolution(Ok(json!({ "ok": true }))), Ok(Resolution::Applied));
        assert_eq!(resolution(Ok(json!({ "applied": true }))), Ok(Resolution::Applied));
        let late =
            json!({ "applied": false, "approval": { "status": "denied", "decision": "deny", "reason": "user" } });
        assert_eq!(
            resolution(Ok(late)),
            Ok(Resolution::Late {
                status: Some("denied".to_owned()),
                decision: Some(Decision::Deny),
                reason: Some("user".to_owned()),
            })
        );
        assert!(matches!(resolution(refused("APPROVAL_ALREADY_RESOLVED", "")), Ok(Resolution::Late { .. })));
        assert_eq!(resolution(refused("APPROVAL_NOT_FOUND", "")), Ok(Resolution::Gone));
        assert_eq!(resolution(refused("", "unknown or expired approval id")), Ok(Resolution::Gone));
        assert!(resolution(refused("MISSING_SCOPE", "no")).is_err());
        assert_eq!(resolution(Err(CallError::Down)), Err(CallError::Down));
    }

    #[test]
    fn words_we_do_not_know_are_not_offered() {
        let row = json!({ "id": "a", "request": { "command": "ls", "allowedDecisions": ["deny", "allow-forever"] } });
        let approval = Approval::read(Kind::Exec, &row).unwrap();
        assert_eq!(approval.offered, [Decision::Deny]);
        let silent = Approval::read(Kind::Exec, &json!({ "id": "a", "request": { "command": "ls" } })).unwrap();
        assert_eq!(silent.offered, [Decision::AllowOnce, Decision::Deny]);
        assert_eq!(Approval::read(Kind::Exec, &json!({ "request": {} })), None);
    }
}
