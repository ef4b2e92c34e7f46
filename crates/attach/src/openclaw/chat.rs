//! Talking to an agent, and stopping it.

use clawbutler_core::timeline::clip;
use serde_json::{Value, json};

use super::gateway::Gateway;
use super::hello::fresh;
use super::timeline::said;
use crate::{CallError, json as read};

/// How far an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatState {
    /// The run gets ready; its own word for the phase.
    Preparing(String),
    /// More of the answer.
    Delta,
    /// The whole answer.
    Final,
    /// It was stopped.
    Aborted,
    /// It failed.
    Failed(String),
    /// A state this version does not know.
    Unknown(String),
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatPart {
    /// The key of the session.
    pub session: Option<String>,
    /// The run.
    pub run: Option<String>,
    /// How far it is.
    pub state: ChatState,
    /// The answer so far, whole: a part that was missed does no harm.
    pub text: String,
    /// Why it ended, in the gateway's word.
    pub stopped: Option<String>,
}

impl ChatPart {
    pub(crate) fn read(payload: &Value) -> Self {
        let state = match read::word(payload, "/state").as_str() {
            "status" => ChatState::Preparing(read::word(payload, "/phase")),
            "delta" => ChatState::Delta,
            "final" => ChatState::Final,
            "aborted" => ChatState::Aborted,
            "error" => ChatState::Failed(clip(&read::word(payload, "/errorMessage"))),
            other => ChatState::Unknown(clip(other)),
        };
        Self {
            session: read::text(payload, "/sessionKey"),
            run: read::text(payload, "/runId"),
            state,
            text: clip(&said(payload, "/message/content")),
            stopped: read::text(payload, "/stopReason"),
        }
    }

    /// Whether nothing more comes of this run.
    pub fn is_last(&self) -> bool {
        matches!(self.state, ChatState::Final | ChatState::Aborted | ChatState::Failed(_))
    }
}

/// What stopping did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stopped {
    /// The run that was stopped, where the gateway names it: what came in over HTTP it ends without a name.
    pub run: Option<String>,
    /// The gateway's word.
    pub status: Option<String>,
}

impl Stopped {
    /// Whether something was stopped.
    pub fn any(&self) -> bool {
        self.run.is_some() || self.status.as_deref() == Some("aborted")
    }
}

impl Gateway {
    /// Says something to an agent. The run's id; its answer comes as events.
    pub async fn send(&self, session: &str, message: &str) -> Result<String, CallError> {
        let key = fresh(self.ids());
        let params = json!({ "sessionKey": session, "message": message, "idempotencyKey": key });
        let answer = self.call("chat.send", params).await?;
        Ok(read::text(&answer, "/runId").unwrap_or(key))
    }

    /// Stops the answer to what was said here.
    pub async fn stop_answer(&self, session: &str, run: Option<&str>) -> Result<Stopped, CallError> {
        let mut params = json!({ "sessionKey": session });
        if let Some(run) = run {
            params["runId"] = Value::from(run);
        }
        let answer = self.call("chat.abort", params).await?;
        let aborted = read::flag(&answer, "/aborted").filter(|aborted| *aborted).map(|_| "aborted".to_owned());
        Ok(Stopped {
            run: read::text(&answer, "/runIds/0").or_else(|| read::text(&answer, "/abortedRunId")),
            status: read::text(&answer, "/status").or(aborted),
        })
    }

    /// Kills what runs in a session, whoever started it. Its pending approval is cancelled by the gateway.
    pub async fn kill(&self, session: &str, run: Option<&str>) -> Result<Stopped, CallError> {
        let mut params = json!({ "key": session });
        if let Some(run) = run {
            params["runId"] = Value::from(run);
        }
        let answer = self.call("sessions.abort", params).await?;
        Ok(Stopped { run: read::text(&answer, "/abortedRunId"), status: read::text(&answer, "/status") })
    }

    /// Gives a session a permission mode of its own, or takes it away. `full` is refused here: it skips the
    /// exec policy.
    pub async fn set_permission_mode(&self, session: &str, mode: Option<&str>) -> Result<(), CallError> {
        if mode == Some("full") {
            return Err(CallError::NotPossible("the mode full skips the exec policy and is not set here".to_owned()));
        }
        self.call("sessions.patch", json!({ "key": session, "permissionMode": mode })).await.map(drop)
    }
}
