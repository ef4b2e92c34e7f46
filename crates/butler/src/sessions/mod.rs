//! Sessions of governed homes: read as they grow, kept as one timeline.

use clawbutler_wire::command::{BackfillSessions, ListSessions, ListSteps, ShowSession};
use clawbutler_wire::sessions::{BackfillView, SessionDetail, SessionPage, StepPage};

use crate::{Butler, Error};

impl Butler {
    /// A page of sessions, latest activity first.
    pub fn list_sessions(&self, _: ListSessions) -> Result<SessionPage, Error> {
        Ok(SessionPage { now: self.now().0, ..SessionPage::default() })
    }

    /// One session with its sub-agents, files and troubles.
    pub fn show_session(&self, _: ShowSession) -> Result<SessionDetail, Error> {
        Err(Error::not_found("session"))
    }

    /// A page of what happened in a session.
    pub fn list_steps(&self, _: ListSteps) -> Result<StepPage, Error> {
        Err(Error::not_found("session"))
    }

    /// Starts or stops the reading of a home's history.
    pub fn backfill_sessions(&self, _: BackfillSessions) -> Result<BackfillView, Error> {
        Err(Error::not_found("home"))
    }
}
