//! What answers cost, added to their session's sums and to the quarter of an hour they were given in.

use rusqlite::{OptionalExtension as _, params};

use super::{SessionRead, SessionWrite, SpentRow, Tokens, UsageRow};
use crate::StoreError;

/// Length of a quarter of an hour (ms): every time zone is whole quarters away from UTC.
const QUARTER_MS: i64 = 900_000;

impl UsageRow {
    /// Without tokens it is what the whole session cost.
    pub(super) fn is_whole(&self) -> bool {
        self.tokens == Tokens::default()
    }

    /// Cost of the answer (millionths of a US dollar), and 1 where that is not known.
    fn cost(&self) -> (i64, i64) {
        match self.recorded.or(self.estimated) {
            _ if self.is_whole() => (0, 0),
            Some(micro) => (i64::try_from(micro).unwrap_or(i64::MAX), 0),
            None => (0, 1),
        }
    }
}

/// An answer as it stands, and whether it is counted.
type Known = (UsageRow, bool);

impl SessionWrite<'_> {
    /// Takes in an answer; a later one of the same response replaces it.
    pub(super) fn usage(&self, session: i64, usage: &UsageRow) -> Result<(), StoreError> {
        let before = match &usage.response {
            Some(response) => self.known(session, response)?,
            None => None,
        };
        let copied = !usage.is_whole() && self.is_copy(session, usage)?;
        if let Some(response) = &usage.response {
            let Tokens { input, cache_read, cache_write, output, reasoning } = usage.tokens;
            self.0.prepare_cached("INSERT OR REPLACE INTO usages VALUES (?,?,?,?,?,?,?,?,?,?,?)")?.execute(params![
                session, response, input, cache_read, cache_write, output, reasoning, usage.recorded, usage.estimated,
                usage.at, !copied
            ])?;
        }
        if let Some((before, counted)) = before {
            self.count(session, &before, -1)?;
            if counted {
                // What a total grows by is spent when it grows; an unknown one stands where it was told last.
                let (micro, unpriced) = before.cost();
                self.spend(session, if copied { before.at } else { usage.at }, (-micro, 0))?;
                self.spend(session, before.at, (0, -unpriced))?;
            }
        }
        self.count(session, usage, 1)?;
        if !copied {
            self.spend(session, usage.at, usage.cost())?;
        }
        Ok(())
    }

    fn known(&self, session: i64, response: &str) -> Result<Option<Known>, StoreError> {
        let sql = "SELECT input, cache_read, cache_write, output, reasoning, recorded, estimated, at, counted \
                   FROM usages WHERE session = ? AND response = ?";
        let known = self.0.prepare_cached(sql)?.query_row(params![session, response], |row| {
            let usage = UsageRow {
                response: None,
                tokens: super::read::tokens(row, 0)?,
                recorded: row.get(5)?,
                estimated: row.get(6)?,
                at: row.get(7)?,
            };
            Ok((usage, row.get(8)?))
        });
        Ok(known.optional()?)
    }

    /// Whether another session of the same home has the very answer: a fork begins with copies of its parent's.
    fn is_copy(&self, session: i64, usage: &UsageRow) -> Result<bool, StoreError> {
        let (Some(response), true) = (&usage.response, usage.at > 0) else { return Ok(false) };
        let sql = "SELECT EXISTS (SELECT 1 FROM usages JOIN sessions ON sessions.key = usages.session \
                   WHERE response = ?1 AND at = ?2 AND counted AND usages.session <> ?3 \
                   AND home = (SELECT home FROM sessions WHERE key = ?3))";
        Ok(self.0.prepare_cached(sql)?.query_row(params![response, usage.at, session], |row| row.get(0))?)
    }

    /// Adds millionths of a dollar and answers without a price to what was spent at a time (ms).
    fn spend(&self, session: i64, at: i64, (micro, unpriced): (i64, i64)) -> Result<(), StoreError> {
        if (micro, unpriced) == (0, 0) {
            return Ok(());
        }
        let sql = "INSERT INTO spent VALUES (?1, ?2, ?3, ?4) ON CONFLICT (quarter, session) DO UPDATE SET \
                   micro = micro + ?3, unpriced = unpriced + ?4";
        self.0.prepare_cached(sql)?.execute(params![at.div_euclid(QUARTER_MS), session, micro, unpriced])?;
        Ok(())
    }

    /// Counts what was recorded for the whole beyond its answers as spent at `at` (ms), when it was recorded.
    pub(super) fn count_whole(&self, session: i64, at: i64) -> Result<(), StoreError> {
        let sql = "SELECT max(total - recorded - estimated, 0), beside FROM sessions WHERE key = ?";
        let (now, counted): (i64, i64) =
            self.0.prepare_cached(sql)?.query_row([session], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.spend(session, at, (now - counted, 0))?;
        self.0.prepare_cached("UPDATE sessions SET beside = ? WHERE key = ?")?.execute(params![now, session])?;
        Ok(())
    }

    /// Adds one answer to the session's sums, or takes it out of them.
    fn count(&self, session: i64, usage: &UsageRow, sign: i64) -> Result<(), StoreError> {
        let Tokens { input, cache_read, cache_write, output, reasoning } = usage.tokens;
        let whole = usage.is_whole();
        let (single, total) = if whole { (0, usage.recorded) } else { (usage.recorded.unwrap_or(0), None) };
        let estimated = if usage.recorded.is_none() { usage.estimated } else { None };
        let place = match (whole, usage.recorded, estimated) {
            (true, ..) => [0, 0, 0],
            (false, Some(_), _) => [1, 0, 0],
            (false, None, Some(_)) => [0, 1, 0],
            (false, None, None) => [0, 0, 1],
        };
        self.0
            .prepare_cached(
                "UPDATE sessions SET input = input + ?2 * ?3, cache_read = cache_read + ?2 * ?4, \
                 cache_write = cache_write + ?2 * ?5, output = output + ?2 * ?6, reasoning = reasoning + ?2 * ?7, \
                 recorded = recorded + ?2 * ?8, total = total + ?2 * ?9, estimated = estimated + ?2 * ?10, \
                 costed = costed + ?2 * ?11, priced = priced + ?2 * ?12, unpriced = unpriced + ?2 * ?13 \
                 WHERE key = ?1",
            )?
            .execute(params![
                session,
                sign,
                input,
                cache_read,
                cache_write,
                output,
                reasoning,
                single,
                total.unwrap_or(0),
                estimated.unwrap_or(0),
                place[0],
                place[1],
                place[2]
            ])?;
        Ok(())
    }
}

impl SessionRead<'_> {
    /// What all sessions spent from `from` until before `until` (ms since the epoch, both cut to quarters of an hour).
    pub fn spent(&self, from: i64, until: i64) -> Result<SpentRow, StoreError> {
        let sql =
            "SELECT ifnull(sum(micro), 0), ifnull(sum(unpriced), 0) FROM spent WHERE quarter >= ? AND quarter < ?";
        let (micro, unpriced): (i64, i64) = self
            .0
            .prepare_cached(sql)?
            .query_row([from.div_euclid(QUARTER_MS), until.div_euclid(QUARTER_MS)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        Ok(SpentRow { micro: u64::try_from(micro).unwrap_or(0), unpriced: u64::try_from(unpriced).unwrap_or(0) })
    }
}
