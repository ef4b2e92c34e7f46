//! Asked about sessions, their steps and their history.

use serde::{Deserialize, Serialize};

use crate::Seq;
use crate::sessions::{BackfillVerb, SessionState};

/// A page of sessions, latest activity first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListSessions {
    #[serde(default)]
    pub runtime: Option<String>,
    #[serde(default)]
    pub home_id: Option<String>,
    /// Only those in one of these states; empty: all.
    #[serde(default)]
    pub states: Vec<SessionState>,
    /// Only those whose title, folder or id contains this, in any case; at most 200 characters.
    #[serde(default)]
    pub search: String,
    /// `older` of another page: what comes after it.
    #[serde(default)]
    pub before: Option<String>,
    /// `newer` of another page: what comes before it. Not together with `before`.
    #[serde(default)]
    pub after: Option<String>,
    /// At most 500; absent: 100.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// One session with its sub-agents, files and troubles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowSession {
    pub id: String,
}

/// A page of what happened in a session, in the order of time; without a place: the latest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListSteps {
    /// `id` of the session.
    pub session: String,
    /// Only this sub-agent; empty: only the main conversation; absent: all.
    #[serde(default)]
    pub agent: Option<String>,
    /// Only steps of these kinds (`prompt`, `tool_call`, …); empty: all.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Steps before this place.
    #[serde(default)]
    pub before: Option<String>,
    /// Steps after this place. Not together with `before`.
    #[serde(default)]
    pub after: Option<String>,
    /// Instead of a place: what was read after this `seq`, in the order of reading.
    #[serde(default)]
    pub since: Option<Seq>,
    /// At most 500; absent: 200.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Starts or stops the reading of a governed home's history. Starting again is allowed and reads only what is new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackfillSessions {
    pub home_id: String,
    #[serde(default)]
    pub verb: BackfillVerb,
}
