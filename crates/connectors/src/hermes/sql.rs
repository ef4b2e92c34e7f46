//! Queries over `state.db`, for each of its schemas: 0.13 (11), 0.16 (14), 0.18 (19), 0.19 and later (22 to 30).
//!
//! Messages are only ever added, but titles, totals and ends of a session are changed in place. So each answer
//! ends with one row about the session itself. The cursor is `message id * 2^20` for a message, and for the
//! session's row the last message's cursor plus a number that grows with what changes: one row more is read
//! whenever there is something new, and never otherwise.

/// The records of one session; see [`crate::record::Rows`].
pub(super) const RECORDS: &[&str] = &[RECORDS_22, RECORDS_19, RECORDS_14, RECORDS_11];

const RECORDS_22: &str = include_str!("queries/schema_22.sql");
const RECORDS_19: &str = include_str!("queries/schema_19.sql");
const RECORDS_14: &str = include_str!("queries/schema_14.sql");
const RECORDS_11: &str = include_str!("queries/schema_11.sql");

/// The runs of scheduled jobs in `cron/executions.db` (0.19), newest first. `error` quotes anything: it is masked
/// before it is shown.
pub(super) const RUNS: &[&str] =
    &["SELECT id, job_id AS job, status, coalesce(started_at, claimed_at) AS began, finished_at AS ended, \
     source AS started_by, error FROM executions ORDER BY claimed_at DESC, id DESC LIMIT ?1"];

/// The sessions of a database, newest first; `last` is past every cursor of a session.
pub(super) const SESSIONS: &[&str] = &[
    "SELECT id AS session, parent_session_id AS parent, cwd, title, (SELECT COALESCE(MAX(m.id), 0) FROM messages m \
     WHERE m.session_id = sessions.id) * 1048576 + 1048575 AS last FROM sessions ORDER BY started_at DESC LIMIT ?1",
    "SELECT id AS session, parent_session_id AS parent, title, (SELECT COALESCE(MAX(m.id), 0) FROM messages m \
     WHERE m.session_id = sessions.id) * 1048576 + 1048575 AS last FROM sessions ORDER BY started_at DESC LIMIT ?1",
];
