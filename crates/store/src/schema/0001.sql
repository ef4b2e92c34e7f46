-- The audit log. `body` is the canonical text that is hashed; the other columns repeat parts of it for
-- queries and are never trusted. Triggers keep honest programs honest; the chain notices the others.
CREATE TABLE ledger (
    seq   INTEGER PRIMARY KEY CHECK (seq > 0),
    at    INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    trace TEXT NOT NULL,
    span  TEXT NOT NULL,
    body  TEXT NOT NULL,
    prev  TEXT NOT NULL CHECK (length(prev) = 64),
    hash  TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX ledger_span ON ledger (span);
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE approvals (
    id          TEXT PRIMARY KEY,
    revision    INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'expired', 'withdrawn')),
    state_json  TEXT NOT NULL,
    key         TEXT NOT NULL,
    runtime     TEXT NOT NULL,
    session     TEXT NOT NULL,
    correlation TEXT NOT NULL,
    digest      TEXT NOT NULL,
    action      TEXT NOT NULL,
    verdict     TEXT NOT NULL,
    trace       TEXT NOT NULL,
    span        TEXT NOT NULL,
    relay       INTEGER NOT NULL CHECK (relay IN (0, 1)),
    branch      TEXT,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    settled_at  INTEGER,
    delivered   INTEGER NOT NULL DEFAULT 0 CHECK (delivered IN (0, 1))
) STRICT;
CREATE INDEX approvals_pending ON approvals (expires_at) WHERE state = 'pending';
CREATE INDEX approvals_settled ON approvals (settled_at) WHERE state <> 'pending';
CREATE INDEX approvals_key ON approvals (key, created_at);

CREATE TABLE grants (
    id         TEXT PRIMARY KEY,
    cover      TEXT NOT NULL,
    reach      TEXT NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    ledger_seq INTEGER NOT NULL,
    uses       INTEGER NOT NULL DEFAULT 0,
    ended_at   INTEGER
) STRICT;

CREATE TABLE homes (
    id           TEXT PRIMARY KEY,
    runtime      TEXT NOT NULL,
    path         TEXT NOT NULL,
    source       TEXT NOT NULL,
    governed     INTEGER NOT NULL CHECK (governed IN (0, 1)),
    guard        TEXT,
    last_contact INTEGER
) STRICT;

CREATE TABLE backups (
    id       INTEGER PRIMARY KEY,
    home     TEXT NOT NULL,
    path     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    existed  INTEGER NOT NULL CHECK (existed IN (0, 1)),
    content  BLOB NOT NULL,
    before   TEXT NOT NULL,
    after    TEXT NOT NULL
) STRICT;
CREATE INDEX backups_path ON backups (path, id);

-- Records of hooks that decided alone, taken in once each.
CREATE TABLE intake (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT;

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
