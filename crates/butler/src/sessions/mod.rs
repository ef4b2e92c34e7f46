//! Sessions of governed homes: read as they grow, kept as one timeline.
//!
//! Start reading at `tail` (the thread), then `reading` (one recording), `lines` and `gather`.

mod check;
mod gather;
mod lines;
mod loosened;
mod packed;
mod prints;
mod queue;
mod reading;
mod state;
mod tail;
mod unguarded;
mod unready;
mod view;
mod watch;

use clawbutler_core::limits::RECORDINGS;
use clawbutler_store::StoreError;
use clawbutler_store::sessions::{SessionFilter, SessionRow, StepFilter, StepsFrom};
use clawbutler_wire::Seq;
use clawbutler_wire::command::{BackfillSessions, ListSessions, ListSteps, ShowSession};
use clawbutler_wire::sessions::{BackfillState, BackfillVerb, BackfillView, SessionDetail, SessionPage, StepPage};
use clawbutler_wire::topic::Topic;

use crate::{Butler, Error};

pub(crate) use loosened::FIX as LOOSENED_FIX;
pub(crate) use queue::Sessions;
pub(crate) use unguarded::{FIX as UNGUARDED_FIX, Unguarded};

/// Sessions of a page that are given, and given at most.
const SESSIONS: (u32, u32) = (100, 500);
/// Steps of a page that are given, and given at most.
const STEPS: (u32, u32) = (200, 500);
/// Longest text that is searched for (characters).
const SEARCH_CHARS: usize = 200;
/// Sessions read at once while those in a state are looked for.
const BATCH: u32 = 500;

impl Butler {
    /// A page of sessions, latest activity first.
    pub fn list_sessions(&self, request: ListSessions) -> Result<SessionPage, Error> {
        if request.before.is_some() && request.after.is_some() {
            return Err(Error::bad("A page goes before a place or after one, not both."));
        }
        if request.search.chars().count() > SEARCH_CHARS {
            return Err(Error::bad(format!("At most {SEARCH_CHARS} characters are searched for.")));
        }
        let later = request.after.is_some();
        let place = request.before.as_deref().or(request.after.as_deref()).map(view::session_place).transpose()?;
        let limit = request.limit.unwrap_or(SESSIONS.0).clamp(1, SESSIONS.1);
        let filter = SessionFilter { runtime: request.runtime, home: request.home_id, search: request.search };
        let signs = self.signs()?;
        let fits = |row: &SessionRow| request.states.is_empty() || request.states.contains(&signs.state(row).0);
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let read = |read: &clawbutler_store::sessions::SessionRead<'_>| -> Result<_, StoreError> {
            let mut found: Vec<SessionRow> = Vec::new();
            let mut from = place;
            loop {
                let size = if request.states.is_empty() { limit + 1 } else { BATCH };
                let rows = read.sessions(&filter, from, later, size)?;
                let last = rows.len() < usize::try_from(size).unwrap_or(usize::MAX);
                from = rows.last().map(|row| (row.last_at, row.key));
                found.extend(rows.into_iter().filter(&fits));
                if last || found.len() > wanted {
                    break;
                }
            }
            let total =
                if request.states.is_empty() { read.session_count(&filter)? } else { count(read, &filter, &fits)? };
            Ok((found, total))
        };
        let (mut found, total) = self.0.sessions.store.read(read)?;
        let more = found.len() > wanted;
        found.truncate(wanted);
        if later {
            found.reverse();
        }
        let edge = |row: Option<&SessionRow>| row.map(view::session_token);
        let (earlier, newer) = if later { (!found.is_empty(), more) } else { (more, place.is_some()) };
        Ok(SessionPage {
            older: edge(found.last()).filter(|_| earlier),
            newer: edge(found.first()).filter(|_| newer),
            total,
            backfill: self.0.sessions.backfill_views(),
            now: self.now().0,
            items: found.into_iter().map(|row| self.session_view(row, &signs)).collect(),
        })
    }

    /// One session with its sub-agents, files and troubles.
    pub fn show_session(&self, request: ShowSession) -> Result<SessionDetail, Error> {
        let signs = self.signs()?;
        self.0.sessions.store.read(|read| {
            let row = read.session(&request.id)?.ok_or_else(|| Error::not_found("session"))?;
            Ok(SessionDetail {
                agents: view::agents(read.agents(row.key)?),
                children: read.children(&row.id)?.into_iter().map(|row| self.session_view(row, &signs)).collect(),
                recordings: read.recordings(row.key)?.into_iter().map(view::recording).collect(),
                malformed: read.malformed(row.key)?.into_iter().map(view::malformed).collect(),
                row: self.session_view(row, &signs),
            })
        })
    }

    /// A page of what happened in a session.
    pub fn list_steps(&self, request: ListSteps) -> Result<StepPage, Error> {
        let limit = request.limit.unwrap_or(STEPS.0).clamp(1, STEPS.1);
        let from = match (&request.before, &request.after, request.since) {
            (None, None, None) => StepsFrom::End,
            (Some(place), None, None) => StepsFrom::Before(view::step_place(place)?),
            (None, Some(place), None) => StepsFrom::After(view::step_place(place)?),
            (None, None, Some(Seq(seq))) => StepsFrom::Since(seq),
            _ => return Err(Error::bad("A page of steps goes from one place only.")),
        };
        let filter = StepFilter { agent: request.agent, kinds: request.kinds };
        self.0.sessions.store.read(|read| {
            let row = read.session(&request.session)?.ok_or_else(|| Error::not_found("session"))?;
            let mut found = read.steps(row.key, &filter, from, limit + 1)?;
            let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
            let more = found.len() > wanted;
            let backwards = matches!(from, StepsFrom::End | StepsFrom::Before(_));
            if more && backwards {
                found.remove(0);
            } else {
                found.truncate(wanted);
            }
            let items: Vec<_> = found.into_iter().map(view::step).collect();
            let first = items.first().map(|step| step.place.clone());
            let last = items.last().map(|step| step.place.clone());
            let (older, newer) = match from {
                StepsFrom::End => (more, false),
                StepsFrom::Before(_) => (more, true),
                StepsFrom::After(_) => (true, more),
                StepsFrom::Since(_) => (false, false),
            };
            Ok(StepPage {
                older: first.filter(|_| older),
                newer: last.filter(|_| newer),
                last: Seq(row.seq),
                generation: row.generation,
                items,
            })
        })
    }

    /// Starts or stops the reading of a home's history.
    pub fn backfill_sessions(&self, request: BackfillSessions) -> Result<BackfillView, Error> {
        if !self.governed_homes().iter().any(|home| home.id == request.home_id) {
            return Err(Error::precondition(
                "This home is not governed, so nothing of it is read.",
                "Choose it first.",
            ));
        }
        let view = match request.verb {
            BackfillVerb::Start => {
                self.0.sessions.store.write(|write| write.backfill(&request.home_id, "running"))?;
                self.0.sessions.start_backfill(&request.home_id)
            }
            BackfillVerb::Cancel => {
                let view = self.0.sessions.cancel_backfill(&request.home_id);
                if view.state == BackfillState::Cancelled {
                    self.end_backfill(&request.home_id, BackfillState::Cancelled);
                }
                view
            }
        };
        self.changed(Topic::Sessions);
        Ok(view)
    }

    /// Forgets what was read of a home's sessions; the runtime's own records stay.
    pub(crate) fn forget_sessions(&self, home: &str) -> Result<(), Error> {
        self.0.sessions.drop_home(home);
        self.0.sessions.store.write(|write| write.forget_home(home))?;
        self.changed(Topic::Sessions);
        Ok(())
    }
}

/// How many sessions fit, their states too.
fn count(
    read: &clawbutler_store::sessions::SessionRead<'_>,
    filter: &SessionFilter,
    fits: &impl Fn(&SessionRow) -> bool,
) -> Result<u32, StoreError> {
    let (mut total, mut from) = (0_u32, None);
    for _ in 0..=RECORDINGS / 500 {
        let rows = read.sessions(filter, from, false, BATCH)?;
        from = rows.last().map(|row| (row.last_at, row.key));
        let last = rows.len() < 500;
        total += u32::try_from(rows.into_iter().filter(|row| fits(row)).count()).unwrap_or(0);
        if last {
            break;
        }
    }
    Ok(total)
}
