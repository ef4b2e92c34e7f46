//! What agents wanted to do: the history that other rules and grants are tried on.

use clawbutler_core::action::Action;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::HISTORY_ACTION_BYTES;
use rusqlite::params;

use super::{from_json, to_json};
use crate::{Read, StoreError, Write};

/// One action as it is remembered.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionRow {
    /// Grows with every action; 0 before it is stored.
    pub id: i64,
    pub at: Timestamp,
    pub span: String,
    /// One line for lists.
    pub headline: String,
    pub runtime: String,
    pub session: String,
    /// Masked; `None` where it is larger than [`HISTORY_ACTION_BYTES`] and so cannot be judged again.
    pub action: Option<Action>,
    /// Risk level, as its word.
    pub level: String,
    /// What the rules said: `allow`, `defer`, `ask`, `deny`.
    pub decision: String,
    /// How it ended: what the client was told, and for a question the word of its state.
    pub outcome: String,
    /// The strictest rule that matched; empty when none did.
    pub rule: String,
    /// Rules that only watched and matched, separated by spaces.
    pub observed: String,
    /// Near-duplicates share it.
    pub alike: String,
    /// The question that was asked about it.
    pub approval: Option<String>,
    /// Minute of the user's day, 0 to 1439.
    pub minute: Option<u16>,
    /// Day of the user's week, 0 is Monday.
    pub weekday: Option<u8>,
}

/// What a new row takes from an action, beside the action itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActionFacts {
    pub span: String,
    pub headline: String,
    pub level: String,
    pub decision: String,
    pub outcome: String,
    pub rule: String,
    pub observed: String,
    pub alike: String,
    pub approval: Option<String>,
    pub minute: Option<u16>,
    pub weekday: Option<u8>,
}

/// How often a rule was the strictest match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleUse {
    pub rule: String,
    pub count: u32,
    pub last_at: i64,
}

/// What became of the actions of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlikeOutcome {
    pub outcome: String,
    pub count: u32,
    pub last_at: i64,
}

const COLUMNS: &str = "id, at, span, headline, runtime, session, action, level, decision, outcome, rule, observed, alike, \
                       approval, minute, weekday";

fn row(row: &rusqlite::Row<'_>) -> Result<ActionRow, StoreError> {
    let action: Option<String> = row.get(6)?;
    Ok(ActionRow {
        id: row.get(0)?,
        at: Timestamp(row.get(1)?),
        span: row.get(2)?,
        headline: row.get(3)?,
        runtime: row.get(4)?,
        session: row.get(5)?,
        action: action.map(|text| from_json("action", &text)).transpose()?,
        level: row.get(7)?,
        decision: row.get(8)?,
        outcome: row.get(9)?,
        rule: row.get(10)?,
        observed: row.get(11)?,
        alike: row.get(12)?,
        approval: row.get(13)?,
        minute: row.get(14)?,
        weekday: row.get(15)?,
    })
}

impl Read<'_> {
    /// Actions since a time with an id below `before`, newest first. Read it in pages: nobody else reads
    /// meanwhile.
    pub fn actions_page(&self, since: Timestamp, before: i64, limit: u32) -> Result<Vec<ActionRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM actions WHERE id < ?1 AND at >= ?2 ORDER BY id DESC LIMIT ?3");
        let mut statement = self.0.prepare_cached(&sql)?;
        let mut rows = statement.query(params![before, since.0, limit])?;
        let mut found = Vec::new();
        while let Some(next) = rows.next()? {
            found.push(row(next)?);
        }
        Ok(found)
    }

    /// How often each rule was the strictest match since a time.
    pub fn actions_by_rule(&self, since: Timestamp) -> Result<Vec<RuleUse>, StoreError> {
        let sql = "SELECT rule, count(*), max(at) FROM actions WHERE at >= ? AND rule <> '' GROUP BY rule";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement
            .query_map([since.0], |row| Ok(RuleUse { rule: row.get(0)?, count: row.get(1)?, last_at: row.get(2)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The actions that rules only watched since a time, as the rules' ids and the time; newest first.
    pub fn actions_observed(&self, since: Timestamp, limit: u32) -> Result<Vec<(String, i64)>, StoreError> {
        let sql = "SELECT observed, at FROM actions WHERE at >= ? AND observed <> '' ORDER BY at DESC LIMIT ?";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(params![since.0, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What became of the actions of a group since a time, by outcome. Only those a person was asked about.
    pub fn actions_alike(&self, alike: &str, since: Timestamp) -> Result<Vec<AlikeOutcome>, StoreError> {
        let sql = "SELECT outcome, count(*), max(at) FROM actions WHERE alike = ? AND at >= ? AND approval IS NOT NULL \
                   GROUP BY outcome ORDER BY max(at) DESC";
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map(params![alike, since.0], |row| {
            Ok(AlikeOutcome { outcome: row.get(0)?, count: row.get(1)?, last_at: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Actions remembered in all.
    pub fn actions_len(&self) -> Result<u64, StoreError> {
        Ok(self.0.prepare_cached("SELECT count(*) FROM actions")?.query_row([], |row| row.get(0))?)
    }
}

impl Write<'_> {
    /// Remembers an action.
    pub fn action_insert(&mut self, at: Timestamp, action: &Action, facts: &ActionFacts) -> Result<(), StoreError> {
        let text = to_json(action);
        let text = (text.len() <= HISTORY_ACTION_BYTES).then_some(text);
        self.transaction
            .prepare_cached(
                "INSERT INTO actions (at, runtime, session, project, span, kind, headline, action, mode, level, \
                 decision, outcome, rule, observed, alike, approval, minute, weekday) \
                 VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            )?
            .execute(params![
                at.0,
                action.runtime,
                action.session,
                action.project(),
                facts.span,
                action.effect.kind(),
                facts.headline,
                text,
                action.mode,
                facts.level,
                facts.decision,
                facts.outcome,
                facts.rule,
                facts.observed,
                facts.alike,
                facts.approval,
                facts.minute,
                facts.weekday
            ])?;
        Ok(())
    }

    /// Ties the newest action of a span to the question that is asked about it.
    pub fn action_asked(&mut self, span: &str, approval: &str) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "UPDATE actions SET approval = ?2, outcome = 'pending' \
                 WHERE id = (SELECT max(id) FROM actions WHERE span = ?1)",
            )?
            .execute(params![span, approval])?;
        Ok(())
    }

    /// Notes how the question about an action ended.
    pub fn action_settled(&mut self, approval: &str, outcome: &str) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("UPDATE actions SET outcome = ?2 WHERE approval = ?1")?
            .execute(params![approval, outcome])?;
        Ok(())
    }

    /// Forgets at most `limit` actions older than a time. Tells how many.
    pub fn actions_forget(&mut self, older_than: Timestamp, limit: u64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM actions WHERE id IN (SELECT id FROM actions WHERE at < ? LIMIT ?)";
        Ok(self.transaction.prepare_cached(sql)?.execute(params![older_than.0, limit])?)
    }

    /// Forgets actions older than a time and all but the newest `keep`. Tells how many were forgotten.
    pub fn actions_prune(&mut self, older_than: Timestamp, keep: u64) -> Result<usize, StoreError> {
        let old = self.transaction.execute("DELETE FROM actions WHERE at < ?", [older_than.0])?;
        let many = self.transaction.execute(
            "DELETE FROM actions WHERE id <= (SELECT id FROM actions ORDER BY id DESC LIMIT 1 OFFSET ?)",
            [i64::try_from(keep).unwrap_or(i64::MAX)],
        )?;
        Ok(old + many)
    }
}
