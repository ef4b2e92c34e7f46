-- What runtimes recorded, as one timeline. Everything here can be read again from the runtimes' own records, so a
-- change of this schema makes the file anew instead of migrating it.
CREATE TABLE sessions (
    key         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    home        TEXT NOT NULL,
    runtime     TEXT NOT NULL,
    session     TEXT NOT NULL,
    -- What started it, or (forked) whose history it goes on with.
    parent      TEXT,
    forked      INTEGER NOT NULL DEFAULT 0,
    title       TEXT,
    cwd         TEXT,
    branch      TEXT,
    model       TEXT,
    mode        TEXT,
    state       TEXT,
    started_at  INTEGER,
    last_at     INTEGER NOT NULL,
    input       INTEGER NOT NULL DEFAULT 0,
    cache_read  INTEGER NOT NULL DEFAULT 0,
    cache_write INTEGER NOT NULL DEFAULT 0,
    output      INTEGER NOT NULL DEFAULT 0,
    reasoning   INTEGER NOT NULL DEFAULT 0,
    -- Millionths of a US dollar: recorded for single answers, recorded for the whole, estimated by list prices.
    recorded    INTEGER NOT NULL DEFAULT 0,
    total       INTEGER NOT NULL DEFAULT 0,
    estimated   INTEGER NOT NULL DEFAULT 0,
    -- What was recorded for the whole beyond its answers, as far as it stands in `spent`.
    beside      INTEGER NOT NULL DEFAULT 0,
    -- Answers with a recorded cost, with an estimate, and without either.
    costed      INTEGER NOT NULL DEFAULT 0,
    priced      INTEGER NOT NULL DEFAULT 0,
    unpriced    INTEGER NOT NULL DEFAULT 0,
    steps       INTEGER NOT NULL DEFAULT 0,
    forgotten   INTEGER NOT NULL DEFAULT 0,
    prompts     INTEGER NOT NULL DEFAULT 0,
    tool_calls  INTEGER NOT NULL DEFAULT 0,
    errors      INTEGER NOT NULL DEFAULT 0,
    malformed   INTEGER NOT NULL DEFAULT 0,
    seq         INTEGER NOT NULL DEFAULT 0,
    generation  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sessions_last ON sessions (last_at, key);
CREATE INDEX sessions_home ON sessions (home, session);
CREATE INDEX sessions_parent ON sessions (parent) WHERE parent IS NOT NULL;

CREATE TABLE steps (
    session INTEGER NOT NULL,
    -- Time by which it is sorted (ms): its own, or the one before it in its recording.
    place   INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    at      INTEGER,
    agent   TEXT,
    kind    TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (session, place, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX steps_seq ON steps (session, seq);
CREATE INDEX steps_quota ON steps (session, place) WHERE kind = 'quota';

CREATE TABLE usages (
    session     INTEGER NOT NULL,
    response    TEXT NOT NULL,
    input       INTEGER NOT NULL,
    cache_read  INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    output      INTEGER NOT NULL,
    reasoning   INTEGER NOT NULL,
    recorded    INTEGER,
    estimated   INTEGER,
    -- When it was given (ms), and whether it stands in `spent`: a copy of another session's answer does not.
    at          INTEGER NOT NULL,
    counted     INTEGER NOT NULL,
    PRIMARY KEY (session, response)
) STRICT, WITHOUT ROWID;
CREATE INDEX usages_copies ON usages (response, at) WHERE counted;

-- What a session cost in each quarter of an hour: a day begins at a quarter in every time zone.
CREATE TABLE spent (
    quarter  INTEGER NOT NULL,
    session  INTEGER NOT NULL,
    -- Millionths of a US dollar; a corrected answer may take away what an earlier quarter has.
    micro    INTEGER NOT NULL,
    -- Answers whose cost is not known.
    unpriced INTEGER NOT NULL,
    PRIMARY KEY (quarter, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_session ON spent (session);

CREATE TABLE agents (
    session INTEGER NOT NULL,
    agent   TEXT NOT NULL,
    name    TEXT,
    parent  TEXT,
    call    TEXT,
    outcome TEXT,
    steps   INTEGER NOT NULL DEFAULT 0,
    last_at INTEGER,
    PRIMARY KEY (session, agent)
) STRICT, WITHOUT ROWID;

CREATE TABLE recordings (
    key       INTEGER PRIMARY KEY,
    session   INTEGER NOT NULL,
    home      TEXT NOT NULL,
    path      TEXT NOT NULL,
    agent     TEXT,
    -- Bytes read of a file; cursor of the last row of a database.
    position  INTEGER NOT NULL DEFAULT 0,
    size      INTEGER NOT NULL DEFAULT 0,
    modified  INTEGER NOT NULL DEFAULT 0,
    -- Which file it is, and digests of its first bytes and of the block before `position`: a rewritten file differs.
    identity  TEXT NOT NULL DEFAULT '',
    head      TEXT NOT NULL DEFAULT '',
    tail      TEXT NOT NULL DEFAULT '',
    place     INTEGER NOT NULL DEFAULT 0,
    saved     TEXT NOT NULL DEFAULT 'null',
    records   INTEGER NOT NULL DEFAULT 0,
    malformed INTEGER NOT NULL DEFAULT 0,
    rewritten INTEGER NOT NULL DEFAULT 0,
    trouble   TEXT,
    present   INTEGER NOT NULL DEFAULT 1,
    -- `modified` of the file when all its blocks were compared last.
    checked   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX recordings_place ON recordings (path, session, ifnull(agent, ''));
CREATE INDEX recordings_session ON recordings (session);

-- Digests of the full blocks of a file that was read.
CREATE TABLE prints (
    recording INTEGER NOT NULL,
    block     INTEGER NOT NULL,
    digest    TEXT NOT NULL,
    PRIMARY KEY (recording, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE malformed (
    key       INTEGER PRIMARY KEY,
    session   INTEGER NOT NULL,
    recording INTEGER NOT NULL,
    offset    INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    why       TEXT NOT NULL
) STRICT;
CREATE INDEX malformed_session ON malformed (session, key);

CREATE TABLE backfills (
    home TEXT PRIMARY KEY,
    -- `running`, `done` or `cancelled`.
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
