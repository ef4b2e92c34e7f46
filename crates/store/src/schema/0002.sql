-- What agents wanted to do: for simulation, previews and what was decided before. Bounded in age and rows;
-- the ledger stays the record. `action` is the masked action, absent where it is over its bound.
CREATE TABLE actions (
    id       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    runtime  TEXT NOT NULL,
    session  TEXT NOT NULL,
    project  TEXT NOT NULL,
    span     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    headline TEXT NOT NULL,
    action   TEXT,
    mode     TEXT NOT NULL,
    level    TEXT NOT NULL,
    decision TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    rule     TEXT NOT NULL,
    observed TEXT NOT NULL,
    alike    TEXT NOT NULL,
    approval TEXT,
    minute   INTEGER,
    weekday  INTEGER
) STRICT;
CREATE INDEX actions_at ON actions (at, rule);
CREATE INDEX actions_alike ON actions (alike, at);
CREATE INDEX actions_span ON actions (span);
CREATE INDEX actions_approval ON actions (approval) WHERE approval IS NOT NULL;

ALTER TABLE approvals ADD COLUMN alike TEXT NOT NULL DEFAULT '';
ALTER TABLE approvals ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';

ALTER TABLE grants ADD COLUMN uses_left INTEGER;
ALTER TABLE grants ADD COLUMN note TEXT;
ALTER TABLE grants ADD COLUMN last_used INTEGER;

-- The files of rules a person accepted, so that a file changed while nobody looked is noticed. An import
-- waits here until it is accepted.
CREATE TABLE rule_files (
    name   TEXT PRIMARY KEY,
    text   TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('user', 'imported')),
    held   INTEGER NOT NULL CHECK (held IN (0, 1)),
    at     INTEGER NOT NULL
) STRICT;
