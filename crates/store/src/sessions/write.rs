//! What changes the database of sessions.

use rusqlite::{OptionalExtension as _, params};

use super::{AgentRow, Batch, RecordingRow, SessionName, SessionWrite};
use crate::StoreError;

/// Malformed records of one session that are kept.
const MALFORMED_KEPT: i64 = 100;
/// Steps beyond the bound before the oldest are forgotten: forgetting one by one would cost more.
const SLACK: u64 = 500;

impl SessionWrite<'_> {
    /// The session's key; it is made when it is new. What is known of it by name fills what is absent.
    pub fn session(&self, name: &SessionName) -> Result<i64, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO sessions (id, home, runtime, session, parent, title, cwd, last_at) \
                 VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET parent = ifnull(parent, excluded.parent), \
                 title = ifnull(title, excluded.title), cwd = ifnull(cwd, excluded.cwd) RETURNING key",
            )?
            .query_row(
                params![
                    name.id, name.home, name.runtime, name.session, name.parent, name.title, name.cwd, name.seen_at
                ],
                |row| row.get(0),
            )
            .map_err(StoreError::from)
    }

    /// The recording of a session in a file; it is made when it is new.
    pub fn recording(
        &self,
        session: i64,
        home: &str,
        path: &str,
        agent: Option<&str>,
    ) -> Result<RecordingRow, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO recordings (session, home, path, agent) VALUES (?,?,?,?) \
                 ON CONFLICT (path, session, ifnull(agent, '')) DO UPDATE SET present = 1",
            )?
            .execute(params![session, home, path, agent])?;
        self.0
            .prepare_cached(&format!(
                "SELECT {} FROM recordings WHERE path = ? AND session = ? AND ifnull(agent, '') = ifnull(?, '')",
                super::read::RECORDING
            ))?
            .query_row(params![path, session, agent], super::read::recording)
            .map_err(StoreError::from)
    }

    /// The file of a recording lies at another path now; what was read of it stays read.
    pub fn moved(&self, recording: i64, path: &str) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE recordings SET path = ?, present = 1, trouble = NULL WHERE key = ?")?
            .execute(params![path, recording])?;
        Ok(())
    }

    /// Takes in what was read; at most `bound` steps of a session are kept.
    pub fn apply(&self, batch: &Batch, bound: u64) -> Result<(), StoreError> {
        let session = batch.recording.session;
        self.cursor(&batch.recording)?;
        if let Some(parent) = &batch.forked {
            self.forked(session, parent)?;
        }
        let seq: u64 =
            self.0.prepare_cached("SELECT seq FROM sessions WHERE key = ?")?.query_row([session], |row| row.get(0))?;
        let mut next = seq;
        {
            let mut insert = self.0.prepare_cached(
                "INSERT INTO steps (session, place, seq, at, agent, kind, body) VALUES (?,?,?,?,?,?,?)",
            )?;
            for step in &batch.steps {
                next += 1;
                insert.execute(params![session, step.place, next, step.at, step.agent, step.kind, step.body])?;
            }
        }
        self.prints(batch)?;
        for usage in &batch.usages {
            self.usage(session, usage)?;
        }
        if let Some(whole) = batch.usages.iter().rev().find(|usage| usage.is_whole()) {
            self.count_whole(session, whole.at)?;
        }
        for agent in &batch.agents {
            self.agent(session, agent)?;
        }
        {
            let mut insert = self
                .0
                .prepare_cached("INSERT INTO malformed (session, recording, offset, line, why) VALUES (?,?,?,?,?)")?;
            for one in &batch.malformed {
                insert.execute(params![session, batch.recording.key, one.offset, one.line, one.why])?;
            }
        }
        if !batch.malformed.is_empty() {
            self.0
                .prepare_cached(
                    "DELETE FROM malformed WHERE session = ?1 AND key NOT IN \
                     (SELECT key FROM malformed WHERE session = ?1 ORDER BY key DESC LIMIT ?2)",
                )?
                .execute(params![session, MALFORMED_KEPT])?;
        }
        self.totals(batch, next)?;
        self.forget_oldest(session, bound)
    }

    /// The session goes on with the history of `parent`: what of that was stored as its own is taken back.
    fn forked(&self, session: i64, parent: &str) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE sessions SET parent = ?2, forked = 1 WHERE key = ?1 AND id <> ?2")?
            .execute(params![session, parent])?;
        let of = "FROM steps WHERE session = ?1 AND agent IS NULL";
        let count = |kind: &str| format!("(SELECT count(*) {of} AND kind = '{kind}')");
        let sql = format!("SELECT count(*) {of}");
        let taken: u64 = self.0.prepare_cached(&sql)?.query_row([session], |row| row.get(0))?;
        if taken == 0 {
            return Ok(());
        }
        let sql = format!(
            "UPDATE sessions SET steps = max(steps - ?2, forgotten), prompts = max(prompts - {}, 0), \
             tool_calls = max(tool_calls - {}, 0), errors = max(errors - {}, 0), generation = generation + 1, \
             started_at = (SELECT min(at) FROM steps WHERE session = ?1 AND agent IS NOT NULL) WHERE key = ?1",
            count("prompt"),
            count("tool_call"),
            count("error")
        );
        self.0.prepare_cached(&sql)?.execute(params![session, taken])?;
        self.0.prepare_cached(&format!("DELETE {of}"))?.execute([session])?;
        // Those of its own have records of their own.
        self.0.prepare_cached("DELETE FROM agents WHERE session = ? AND steps = 0")?.execute([session])?;
        Ok(())
    }

    fn prints(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut insert = self.0.prepare_cached("INSERT OR REPLACE INTO prints VALUES (?,?,?)")?;
        for (block, digest) in &batch.prints {
            insert.execute(params![batch.recording.key, block, digest])?;
        }
        Ok(())
    }

    /// Notes that everything read of a file was compared when it had changed last at `modified` (ms).
    pub fn checked(&self, recording: i64, modified: i64) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE recordings SET checked = ? WHERE key = ?")?
            .execute(params![modified, recording])?;
        Ok(())
    }

    fn totals(&self, batch: &Batch, seq: u64) -> Result<(), StoreError> {
        let (first, last) = batch.times.unzip();
        self.0
            .prepare_cached(
                "UPDATE sessions SET title = ifnull(?2, title), cwd = ifnull(?3, cwd), branch = ifnull(?4, branch), \
                 model = ifnull(?5, model), mode = ifnull(?6, mode), state = ifnull(?7, state), \
                 prompts = prompts + ?8, tool_calls = tool_calls + ?9, errors = errors + ?10, \
                 malformed = malformed + ?11, \
                 started_at = CASE WHEN ?12 IS NULL THEN started_at ELSE min(ifnull(started_at, ?12), ?12) END, \
                 last_at = CASE WHEN ?13 IS NULL THEN last_at WHEN steps = 0 THEN ?13 ELSE max(last_at, ?13) END, \
                 steps = steps + (?14 - seq), seq = ?14 WHERE key = ?1",
            )?
            .execute(params![
                batch.recording.session,
                batch.title,
                batch.cwd,
                batch.branch,
                batch.model,
                batch.mode,
                batch.state,
                batch.prompts,
                batch.tool_calls,
                batch.errors,
                u32::try_from(batch.malformed.len()).unwrap_or(u32::MAX),
                first,
                last,
                seq
            ])?;
        Ok(())
    }

    /// Stores how far a recording was read.
    pub fn cursor(&self, recording: &RecordingRow) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE recordings SET position = ?, size = ?, modified = ?, identity = ?, head = ?, tail = ?, \
                 place = ?, saved = ?, records = ?, malformed = ?, rewritten = ?, trouble = ?, present = ?, \
                 checked = ? WHERE key = ?",
            )?
            .execute(params![
                recording.position, recording.size, recording.modified, recording.identity, recording.head,
                recording.tail, recording.place, recording.saved, recording.records, recording.malformed,
                recording.rewritten, recording.trouble, recording.present, recording.checked, recording.key
            ])?;
        Ok(())
    }

    fn agent(&self, session: i64, agent: &AgentRow) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO agents (session, agent, name, parent, call, outcome, steps, last_at) \
                 VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (session, agent) DO UPDATE SET \
                 name = ifnull(excluded.name, name), parent = ifnull(excluded.parent, parent), \
                 call = ifnull(excluded.call, call), outcome = ifnull(excluded.outcome, outcome), \
                 steps = steps + excluded.steps, \
                 last_at = CASE WHEN excluded.last_at IS NULL THEN last_at ELSE max(ifnull(last_at, 0), excluded.last_at) END",
            )?
            .execute(params![
                session,
                agent.agent,
                agent.name,
                agent.parent,
                agent.call,
                agent.outcome,
                agent.steps,
                agent.last_at
            ])?;
        Ok(())
    }

    fn forget_oldest(&self, session: i64, bound: u64) -> Result<(), StoreError> {
        let kept: u64 = self
            .0
            .prepare_cached("SELECT steps - forgotten FROM sessions WHERE key = ?")?
            .query_row([session], |row| row.get(0))?;
        if kept > bound + SLACK {
            self.forget(session, kept - bound)?;
        }
        Ok(())
    }

    fn forget(&self, session: i64, count: u64) -> Result<(), StoreError> {
        let gone = self
            .0
            .prepare_cached(
                "DELETE FROM steps WHERE session = ?1 AND (place, seq) IN \
                 (SELECT place, seq FROM steps WHERE session = ?1 ORDER BY place, seq LIMIT ?2)",
            )?
            .execute(params![session, count])?;
        self.0
            .prepare_cached("UPDATE sessions SET forgotten = forgotten + ? WHERE key = ?")?
            .execute(params![gone, session])?;
        Ok(())
    }

    /// Forgets the steps of the sessions that were silent longest until at most `bound` are kept in all.
    pub fn forget_silent(&self, bound: u64) -> Result<(), StoreError> {
        let mut over: u64 = self
            .0
            .query_row("SELECT ifnull(sum(steps - forgotten), 0) FROM sessions", [], |row| row.get::<_, u64>(0))?;
        while over > bound {
            let oldest: Option<(i64, u64)> = self
                .0
                .query_row(
                    "SELECT key, steps - forgotten FROM sessions WHERE steps > forgotten ORDER BY last_at, key LIMIT 1",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?;
            let Some((session, kept)) = oldest else { break };
            self.forget(session, kept)?;
            over -= kept;
        }
        Ok(())
    }

    /// Forgets steps older than `before` (ms since the epoch), at most `bound`, those of the sessions that were silent
    /// longest first. Steps without any time are as old as their session's end. Returns how many; 0: there are none.
    pub fn forget_older(&self, before: i64, bound: u64) -> Result<u64, StoreError> {
        let sql = "SELECT key FROM sessions WHERE steps > forgotten AND EXISTS (SELECT 1 FROM steps \
                   WHERE session = key AND place < ?1 AND (place > 0 OR last_at < ?1)) ORDER BY last_at, key LIMIT 1";
        let found: Option<i64> = self.0.prepare_cached(sql)?.query_row([before], |row| row.get(0)).optional()?;
        let Some(session) = found else { return Ok(0) };
        let sql = "DELETE FROM steps WHERE session = ?1 AND (place, seq) IN (SELECT place, seq FROM steps \
                   WHERE session = ?1 AND place < ?2 \
                   AND (place > 0 OR (SELECT last_at FROM sessions WHERE key = ?1) < ?2) \
                   ORDER BY place, seq LIMIT ?3)";
        let gone = self.0.prepare_cached(sql)?.execute(params![session, before, bound])?;
        self.0
            .prepare_cached("UPDATE sessions SET forgotten = forgotten + ? WHERE key = ?")?
            .execute(params![gone, session])?;
        Ok(gone as u64)
    }

    /// Everything read of a session is dropped, to be read anew: one of its recordings was rewritten.
    pub fn start_again(&self, session: i64, rewritten: i64) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM steps WHERE session = ?",
            "DELETE FROM usages WHERE session = ?",
            "DELETE FROM spent WHERE session = ?",
            "DELETE FROM agents WHERE session = ?",
            "DELETE FROM malformed WHERE session = ?",
            "DELETE FROM prints WHERE recording IN (SELECT key FROM recordings WHERE session = ?)",
            "UPDATE sessions SET state = NULL, title = NULL, forked = 0, started_at = NULL, input = 0, cache_read = 0, \
             cache_write = 0, output = 0, reasoning = 0, recorded = 0, total = 0, estimated = 0, beside = 0, costed = 0, \
             priced = 0, unpriced = 0, steps = 0, forgotten = 0, prompts = 0, tool_calls = 0, errors = 0, \
             malformed = 0, generation = generation + 1 WHERE key = ?",
            "UPDATE recordings SET position = 0, size = 0, modified = 0, identity = '', head = '', tail = '', \
             place = 0, saved = 'null', records = 0, malformed = 0, checked = 0 WHERE session = ?",
        ] {
            self.0.prepare_cached(sql)?.execute([session])?;
        }
        self.0.prepare_cached("UPDATE recordings SET rewritten = rewritten + 1 WHERE key = ?")?.execute([rewritten])?;
        Ok(())
    }

    /// Notes that a recording is gone, or that it cannot be read and why.
    pub fn trouble(&self, recording: i64, present: bool, why: Option<&str>) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE recordings SET present = ?, trouble = ? WHERE key = ?")?
            .execute(params![present, why, recording])?;
        Ok(())
    }

    /// Notes where the reading of a home's history stands: `running`, `done` or `cancelled`.
    pub fn backfill(&self, home: &str, state: &str) -> Result<(), StoreError> {
        self.0.execute("INSERT OR REPLACE INTO backfills (home, state) VALUES (?, ?)", params![home, state])?;
        Ok(())
    }

    /// Forgets everything of a home.
    pub fn forget_home(&self, home: &str) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM steps WHERE session IN (SELECT key FROM sessions WHERE home = ?)",
            "DELETE FROM usages WHERE session IN (SELECT key FROM sessions WHERE home = ?)",
            "DELETE FROM spent WHERE session IN (SELECT key FROM sessions WHERE home = ?)",
            "DELETE FROM agents WHERE session IN (SELECT key FROM sessions WHERE home = ?)",
            "DELETE FROM malformed WHERE session IN (SELECT key FROM sessions WHERE home = ?)",
            "DELETE FROM prints WHERE recording IN (SELECT key FROM recordings WHERE session IN \
             (SELECT key FROM sessions WHERE home = ?))",
            "DELETE FROM recordings WHERE session IN (SELECT key FROM sessions WHERE home = ?)",
            "DELETE FROM sessions WHERE home = ?",
            "DELETE FROM backfills WHERE home = ?",
        ] {
            self.0.execute(sql, [home])?;
        }
        Ok(())
    }
}
