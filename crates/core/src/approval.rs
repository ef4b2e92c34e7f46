//! The state machine of a question to a human.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::clock::Timestamp;

/// Where an approval stands. Each variant holds exactly what is true in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ApprovalState {
    /// Waits for a human until the deadline.
    Pending { expires_at: Timestamp },
    /// Allowed; `grant` names the standing grant given with it.
    Allowed { by: Actor, at: Timestamp, grant: Option<String> },
    /// Denied, with the words the agent is told.
    Denied { by: Actor, at: Timestamp, reason: Option<String> },
    /// Nobody answered in time.
    Expired { at: Timestamp },
    /// The question went away.
    Withdrawn { at: Timestamp, cause: WithdrawCause },
}

/// Why a question went away unanswered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawCause {
    /// The client closed the connection: Esc, the end of the session, or the process died.
    ClientGone,
    /// The person answered in the runtime's own prompt first, and the call ran.
    AnsweredInClient,
    /// The turn or the session ended.
    SessionEnded,
    /// The app restarted and the hook never came back.
    NotReclaimed,
    /// The app was asked to quit.
    AppQuit,
}

/// What a human can say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Verb {
    /// This once.
    AllowOnce,
    /// And from now on; the grant's id.
    AllowAlways { grant: String },
    /// No, with words for the agent.
    Deny { reason: Option<String> },
}

/// A transition that the present state does not permit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this request is already {0}")]
pub struct InvalidTransition(pub &'static str);

impl ApprovalState {
    /// The state's word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Allowed { .. } => "approved",
            Self::Denied { .. } => "rejected",
            Self::Expired { .. } => "expired",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }

    fn pending(self) -> Result<Timestamp, InvalidTransition> {
        match self {
            Self::Pending { expires_at } => Ok(expires_at),
            Self::Allowed { .. } | Self::Denied { .. } | Self::Expired { .. } | Self::Withdrawn { .. } => {
                Err(InvalidTransition(self.word()))
            }
        }
    }

    /// Settles a pending approval before its deadline; every other state refuses.
    pub fn decide(self, verb: Verb, by: Actor, at: Timestamp) -> Result<Self, InvalidTransition> {
        let expires_at = self.pending()?;
        if at >= expires_at {
            return Err(InvalidTransition("expired"));
        }
        Ok(match verb {
            Verb::AllowOnce => Self::Allowed { by, at, grant: None },
            Verb::AllowAlways { grant } => Self::Allowed { by, at, grant: Some(grant) },
            Verb::Deny { reason } => Self::Denied { by, at, reason },
        })
    }

    /// Ends a pending approval that nobody answered.
    pub fn expire(self, at: Timestamp) -> Result<Self, InvalidTransition> {
        self.pending().map(|_| Self::Expired { at })
    }

    /// Ends a pending approval whose question went away.
    pub fn withdraw(self, cause: WithdrawCause, at: Timestamp) -> Result<Self, InvalidTransition> {
        self.pending().map(|_| Self::Withdrawn { at, cause })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_state() -> Vec<ApprovalState> {
        let (by, at) = (Actor::LocalUser, Timestamp(5));
        vec![
            ApprovalState::Pending { expires_at: Timestamp(10) },
            ApprovalState::Allowed { by: by.clone(), at, grant: None },
            ApprovalState::Denied { by, at, reason: None },
            ApprovalState::Expired { at },
            ApprovalState::Withdrawn { at, cause: WithdrawCause::ClientGone },
        ]
    }

    #[test]
    fn only_pending_moves_and_only_before_its_deadline() {
        let verbs =
            [Verb::AllowOnce, Verb::AllowAlways { grant: "g".into() }, Verb::Deny { reason: Some("no".into()) }];
        for state in every_state() {
            let pending = matches!(state, ApprovalState::Pending { .. });
            for verb in &verbs {
                let in_time = state.clone().decide(verb.clone(), Actor::LocalUser, Timestamp(9));
                assert_eq!(in_time.is_ok(), pending, "{} {verb:?}", state.word());
                let late = state.clone().decide(verb.clone(), Actor::LocalUser, Timestamp(10));
                assert!(late.is_err(), "{} {verb:?} at the deadline", state.word());
            }
            assert_eq!(state.clone().expire(Timestamp(10)).is_ok(), pending);
            assert_eq!(state.clone().withdraw(WithdrawCause::AppQuit, Timestamp(9)).is_ok(), pending);
        }
    }
}
