//! What the database of sessions is asked.

use rusqlite::{OptionalExtension as _, Row, ToSql, params};

use super::{
    AgentRow, MalformedRow, RecordingRow, SessionFilter, SessionRead, SessionRow, StepFilter, StepRow, StepsFrom,
    Tokens,
};
use crate::StoreError;

const SESSION: &str = "key, id, home, runtime, session, parent, title, cwd, branch, model, mode, state, started_at, \
    last_at, input, cache_read, cache_write, output, reasoning, recorded, total, estimated, costed, priced, unpriced, \
    steps, forgotten, prompts, tool_calls, errors, malformed, seq, generation, \
    (SELECT count(*) FROM agents WHERE agents.session = sessions.key), forked";

pub(super) const RECORDING: &str = "key, session, path, agent, position, size, modified, identity, head, tail, place, \
    saved, records, malformed, rewritten, trouble, present, checked";

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        key: row.get(0)?,
        id: row.get(1)?,
        home: row.get(2)?,
        runtime: row.get(3)?,
        session: row.get(4)?,
        parent: row.get(5)?,
        title: row.get(6)?,
        cwd: row.get(7)?,
        branch: row.get(8)?,
        model: row.get(9)?,
        mode: row.get(10)?,
        state: row.get(11)?,
        started_at: row.get(12)?,
        last_at: row.get(13)?,
        tokens: tokens(row, 14)?,
        recorded: row.get(19)?,
        total: row.get(20)?,
        estimated: row.get(21)?,
        answers: [row.get(22)?, row.get(23)?, row.get(24)?],
        steps: row.get(25)?,
        forgotten: row.get(26)?,
        prompts: row.get(27)?,
        tool_calls: row.get(28)?,
        errors: row.get(29)?,
        malformed: row.get(30)?,
        seq: row.get(31)?,
        generation: row.get(32)?,
        agents: row.get(33)?,
        forked: row.get(34)?,
    })
}

pub(super) fn tokens(row: &Row<'_>, from: usize) -> rusqlite::Result<Tokens> {
    Ok(Tokens {
        input: row.get(from)?,
        cache_read: row.get(from + 1)?,
        cache_write: row.get(from + 2)?,
        output: row.get(from + 3)?,
        reasoning: row.get(from + 4)?,
    })
}

pub(super) fn recording(row: &Row<'_>) -> rusqlite::Result<RecordingRow> {
    Ok(RecordingRow {
        key: row.get(0)?,
        session: row.get(1)?,
        path: row.get(2)?,
        agent: row.get(3)?,
        position: row.get(4)?,
        size: row.get(5)?,
        modified: row.get(6)?,
        identity: row.get(7)?,
        head: row.get(8)?,
        tail: row.get(9)?,
        place: row.get(10)?,
        saved: row.get(11)?,
        records: row.get(12)?,
        malformed: row.get(13)?,
        rewritten: row.get(14)?,
        trouble: row.get(15)?,
        present: row.get(16)?,
        checked: row.get(17)?,
    })
}

/// A filter as SQL; every condition is always there, so that one statement serves all.
const FITS: &str = "(?1 IS NULL OR runtime = ?1) AND (?2 IS NULL OR home = ?2) AND (?3 = '' OR \
    ifnull(title, '') LIKE ?3 ESCAPE '\\' OR ifnull(cwd, '') LIKE ?3 ESCAPE '\\' OR session LIKE ?3 ESCAPE '\\' \
    OR id LIKE ?3 ESCAPE '\\')";

fn pattern(search: &str) -> String {
    if search.is_empty() {
        return String::new();
    }
    let escaped = search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

impl SessionRead<'_> {
    /// Steps older than `before` (ms since the epoch).
    pub fn steps_older(&self, before: i64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM sessions JOIN steps ON steps.session = sessions.key AND steps.place < ?1 \
                   AND (steps.place > 0 OR sessions.last_at < ?1)";
        Ok(self.0.prepare_cached(sql)?.query_row([before], |row| row.get(0))?)
    }

    /// Sessions in the order of their last activity: those before a place (latest first), or those after one
    /// (earliest first). A place is the time and the key of a session.
    pub fn sessions(
        &self,
        filter: &SessionFilter,
        place: Option<(i64, i64)>,
        later: bool,
        limit: u32,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let (sign, order) = if later { (">", "ASC") } else { ("<", "DESC") };
        let (at, key) = place.unwrap_or(if later { (i64::MIN, i64::MIN) } else { (i64::MAX, i64::MAX) });
        let sql = format!(
            "SELECT {SESSION} FROM sessions WHERE (last_at, key) {sign} (?4, ?5) AND {FITS} \
             ORDER BY last_at {order}, key {order} LIMIT ?6"
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement
            .query_map(params![filter.runtime, filter.home, pattern(&filter.search), at, key, limit], session)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many sessions fit.
    pub fn session_count(&self, filter: &SessionFilter) -> Result<u32, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!("SELECT count(*) FROM sessions WHERE {FITS}"))?
            .query_row(params![filter.runtime, filter.home, pattern(&filter.search)], |row| row.get(0))?)
    }

    /// One session by its id.
    pub fn session(&self, id: &str) -> Result<Option<SessionRow>, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!("SELECT {SESSION} FROM sessions WHERE id = ?"))?
            .query_row([id], session)
            .optional()?)
    }

    /// Sessions that this one started; at most 200, earliest first.
    pub fn children(&self, id: &str) -> Result<Vec<SessionRow>, StoreError> {
        let sql = format!("SELECT {SESSION} FROM sessions WHERE parent = ? ORDER BY started_at, key LIMIT 200");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([id], session)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Sub-agents of a session, in the order of their ids; at most 1,000.
    pub fn agents(&self, key: i64) -> Result<Vec<AgentRow>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT agent, name, parent, call, outcome, steps, last_at FROM agents WHERE session = ? \
             ORDER BY agent LIMIT 1000",
        )?;
        let rows = statement.query_map([key], |row| {
            Ok(AgentRow {
                agent: row.get(0)?,
                name: row.get(1)?,
                parent: row.get(2)?,
                call: row.get(3)?,
                outcome: row.get(4)?,
                steps: row.get(5)?,
                last_at: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Recordings of a session; at most 1,000.
    pub fn recordings(&self, key: i64) -> Result<Vec<RecordingRow>, StoreError> {
        let sql = format!("SELECT {RECORDING} FROM recordings WHERE session = ? ORDER BY path LIMIT 1000");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map([key], recording)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Size and time (ms) of every file of a home when it was last looked at; -1 where it could not be read.
    pub fn known_files(&self, home: &str) -> Result<Vec<(String, u64, i64)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT path, max(size), max(CASE WHEN trouble IS NULL THEN modified ELSE -1 END) FROM recordings \
             WHERE home = ? GROUP BY path",
        )?;
        let rows = statement.query_map([home], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keys of a home's files that changed since everything read of them was compared; at most `limit`.
    pub fn unchecked(&self, home: &str, limit: u32) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT key FROM recordings WHERE home = ? AND checked <> modified AND modified > 0 AND head <> '' \
             AND present AND trouble IS NULL LIMIT ?",
        )?;
        let rows = statement.query_map(params![home, limit], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One recording by its key.
    pub fn recording(&self, key: i64) -> Result<Option<RecordingRow>, StoreError> {
        let sql = format!("SELECT {RECORDING} FROM recordings WHERE key = ?");
        Ok(self.0.prepare_cached(&sql)?.query_row([key], recording).optional()?)
    }

    /// Number and digest of a file's blocks, from a number on; at most `limit`.
    pub fn prints(&self, recording: i64, from: u64, limit: u64) -> Result<Vec<(u64, String)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT block, digest FROM prints WHERE recording = ? AND block >= ? ORDER BY block LIMIT ?",
        )?;
        let rows = statement.query_map(params![recording, from, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Malformed records of a session, latest first.
    pub fn malformed(&self, key: i64) -> Result<Vec<MalformedRow>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT path, offset, line, why FROM malformed JOIN recordings ON recordings.key = malformed.recording \
             WHERE malformed.session = ? ORDER BY malformed.key DESC LIMIT 100",
        )?;
        let rows = statement.query_map([key], |row| {
            Ok(MalformedRow { path: row.get(0)?, offset: row.get(1)?, line: row.get(2)?, why: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A page of steps, always in the order of places (of numbers for [`StepsFrom::Since`]).
    pub fn steps(
        &self,
        key: i64,
        filter: &StepFilter,
        from: StepsFrom,
        limit: u32,
    ) -> Result<Vec<StepRow>, StoreError> {
        let (bound, order, turned) = match from {
            StepsFrom::End => ("1", "place DESC, seq DESC", true),
            StepsFrom::Before(_) => ("(place, seq) < (?4, ?5)", "place DESC, seq DESC", true),
            StepsFrom::After(_) => ("(place, seq) > (?4, ?5)", "place, seq", false),
            StepsFrom::Since(_) => ("seq > ?5", "seq", false),
        };
        let (place, seq) = match from {
            StepsFrom::End => (0, 0),
            StepsFrom::Before(at) | StepsFrom::After(at) => at,
            StepsFrom::Since(seq) => (0, seq),
        };
        let sql = format!(
            "SELECT place, seq, at, agent, body FROM steps WHERE session = ?1 AND {bound} AND (?4 = ?4 AND ?5 = ?5) \
             AND (?2 IS NULL OR ifnull(agent, '') = ?2) \
             AND (?3 = '[]' OR kind IN (SELECT value FROM json_each(?3))) ORDER BY {order} LIMIT ?6"
        );
        let kinds = serde_json::to_string(&filter.kinds).unwrap_or_else(|_| "[]".to_owned());
        let mut statement = self.0.prepare_cached(&sql)?;
        let args: [&dyn ToSql; 6] = [&key, &filter.agent, &kinds, &place, &seq, &limit];
        let rows = statement.query_map(args, |row| {
            Ok(StepRow { place: row.get(0)?, seq: row.get(1)?, at: row.get(2)?, agent: row.get(3)?, body: row.get(4)? })
        })?;
        let mut found: Vec<StepRow> = rows.collect::<Result<_, _>>()?;
        if turned {
            found.reverse();
        }
        Ok(found)
    }

    /// The newest steps that tell a limit, in the sessions of a home that were active last: when, and the step's body;
    /// latest first, at most `limit`.
    pub fn quotas(&self, home: &str, limit: u32) -> Result<Vec<(Option<i64>, String)>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT steps.at, steps.body FROM (SELECT key FROM sessions WHERE home = ?1 ORDER BY last_at DESC LIMIT 50) \
             AS recent JOIN steps ON steps.session = recent.key AND steps.kind = 'quota' \
             ORDER BY steps.place DESC, steps.seq DESC LIMIT ?2",
        )?;
        let rows = statement.query_map(params![home, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Where the reading of a home's history stands, as it was noted.
    pub fn backfill(&self, home: &str) -> Result<Option<String>, StoreError> {
        let found = self.0.query_row("SELECT state FROM backfills WHERE home = ?", [home], |row| row.get(0));
        Ok(found.optional()?)
    }
}
