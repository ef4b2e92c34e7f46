//! Questions to a human.

use clawbutler_core::action::Action;
use clawbutler_core::approval::ApprovalState;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::verdict::Verdict;
use rusqlite::{OptionalExtension as _, params};
use serde_json::Value;

use super::{from_json, to_json};
use crate::{Read, StoreError, Write};

/// One approval as stored. The action is masked.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalRow {
    pub id: String,
    pub revision: u32,
    pub state: ApprovalState,
    /// Idempotency key of the request.
    pub key: String,
    /// Same session, tool and input: joins the events of one call.
    pub correlation: String,
    /// Digest of the (masked) action: what is shown is what is decided.
    pub digest: String,
    pub action: Action,
    pub verdict: Verdict,
    pub trace: String,
    pub span: String,
    /// Whether the runtime's own prompt is on the screen as well.
    pub relay: bool,
    pub branch: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub settled_at: Option<Timestamp>,
    /// Whether the answer reached the runtime.
    pub delivered: bool,
    /// Near-duplicates share it; empty for rows of older versions.
    pub alike: String,
    /// What was known beside the action when it was judged; an object, for the engine alone.
    pub facts: Value,
}

const COLUMNS: &str = "id, revision, state_json, key, correlation, digest, action, verdict, trace, span, relay, branch, \
                       created_at, expires_at, settled_at, delivered, alike, facts";

type Raw = (ApprovalRaw, ApprovalRest);
type ApprovalRaw = (String, u32, String, String, String, String, String, String);
type ApprovalRest = (String, String, bool, Option<String>, i64, i64, Option<i64>, bool, String, String);

fn raw(row: &rusqlite::Row<'_>) -> rusqlite::Result<Raw> {
    Ok((
        (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?),
        (
            row.get(8)?,
            row.get(9)?,
            row.get(10)?,
            row.get(11)?,
            row.get(12)?,
            row.get(13)?,
            row.get(14)?,
            row.get(15)?,
            row.get(16)?,
            row.get(17)?,
        ),
    ))
}

fn cooked(raw: Raw) -> Result<ApprovalRow, StoreError> {
    let ((id, revision, state, key, correlation, digest, action, verdict), rest) = raw;
    let (trace, span, relay, branch, created_at, expires_at, settled_at, delivered, alike, facts) = rest;
    Ok(ApprovalRow {
        id,
        revision,
        state: from_json("approval state", &state)?,
        key,
        correlation,
        digest,
        action: from_json("action", &action)?,
        verdict: from_json("verdict", &verdict)?,
        trace,
        span,
        relay,
        branch,
        created_at: Timestamp(created_at),
        expires_at: Timestamp(expires_at),
        settled_at: settled_at.map(Timestamp),
        delivered,
        alike,
        facts: from_json("facts", &facts)?,
    })
}

impl Read<'_> {
    fn approvals(&self, tail: &str, args: impl rusqlite::Params) -> Result<Vec<ApprovalRow>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!("SELECT {COLUMNS} FROM approvals {tail}"))?;
        let rows = statement.query_map(args, raw)?;
        rows.map(|row| cooked(row?)).collect()
    }

    /// One approval.
    pub fn approval(&self, id: &str) -> Result<Option<ApprovalRow>, StoreError> {
        Ok(self.approvals("WHERE id = ?", params![id])?.pop())
    }

    /// The newest approval of an idempotency key.
    pub fn approval_of_key(&self, key: &str) -> Result<Option<ApprovalRow>, StoreError> {
        Ok(self.approvals("WHERE key = ? ORDER BY created_at DESC, rowid DESC LIMIT 1", params![key])?.pop())
    }

    /// Pending ones, nearest deadline first.
    pub fn approvals_pending(&self, limit: u32) -> Result<Vec<ApprovalRow>, StoreError> {
        self.approvals("WHERE state = 'pending' ORDER BY expires_at, created_at LIMIT ?", params![limit])
    }

    /// Settled ones, newest first.
    pub fn approvals_settled(&self, limit: u32) -> Result<Vec<ApprovalRow>, StoreError> {
        self.approvals("WHERE state <> 'pending' ORDER BY settled_at DESC, rowid DESC LIMIT ?", params![limit])
    }

    /// How many are pending: in all, and of one session.
    pub fn approvals_count(&self, runtime: &str, session: &str) -> Result<(usize, usize), StoreError> {
        let sql =
            "SELECT count(*), coalesce(sum(runtime = ?1 AND session = ?2), 0) FROM approvals WHERE state = 'pending'";
        Ok(self.0.prepare_cached(sql)?.query_row(params![runtime, session], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// The nearest deadline of a pending approval.
    pub fn approvals_next_deadline(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT min(expires_at) FROM approvals WHERE state = 'pending'";
        let next: Option<Option<i64>> = self.0.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
        Ok(next.flatten().map(Timestamp))
    }
}

impl Write<'_> {
    /// Forgets at most `limit` settled approvals that were settled before a time. Tells how many.
    pub fn approvals_forget(&mut self, older_than: Timestamp, limit: u64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM approvals WHERE id IN \
                   (SELECT id FROM approvals WHERE state <> 'pending' AND settled_at < ? LIMIT ?)";
        Ok(self.transaction.prepare_cached(sql)?.execute(params![older_than.0, limit])?)
    }

    /// Stores a new approval.
    pub fn approval_insert(&mut self, row: &ApprovalRow) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO approvals (id, revision, state, state_json, key, runtime, session, correlation, digest, \
                 action, verdict, trace, span, relay, branch, created_at, expires_at, alike, facts) \
                 VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)",
            )?
            .execute(params![
                row.id,
                row.revision,
                row.state.word(),
                to_json(&row.state),
                row.key,
                row.action.runtime,
                row.action.session,
                row.correlation,
                row.digest,
                to_json(&row.action),
                to_json(&row.verdict),
                row.trace,
                row.span,
                row.relay,
                row.branch,
                row.created_at.0,
                row.expires_at.0,
                row.alike,
                row.facts.to_string()
            ])?;
        Ok(())
    }

    /// Moves an approval from the revision seen to its next state. `false`: somebody was faster.
    pub fn approval_settle(
        &mut self,
        id: &str,
        revision: u32,
        state: &ApprovalState,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let changed = self
            .transaction
            .prepare_cached(
                "UPDATE approvals SET state = ?3, state_json = ?4, settled_at = ?5, revision = revision + 1 \
                 WHERE id = ?1 AND revision = ?2 AND state = 'pending'",
            )?
            .execute(params![id, revision, state.word(), to_json(state), at.0])?;
        Ok(changed == 1)
    }

    /// Notes that the answer reached the runtime.
    pub fn approval_delivered(&mut self, id: &str) -> Result<(), StoreError> {
        self.transaction.prepare_cached("UPDATE approvals SET delivered = 1 WHERE id = ?")?.execute([id])?;
        Ok(())
    }
}
