-- The audit log, second form: `body` is the canonical header and `payload` the canonical facts, whose digest the
-- header carries, so that facts can be pruned. Entries of version 1 have everything in `body`. The hash before
-- is that of the row before.
CREATE TABLE ledger_2 (
    seq     INTEGER PRIMARY KEY CHECK (seq > 0),
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    trace   TEXT NOT NULL,
    span    TEXT NOT NULL,
    hash    BLOB NOT NULL CHECK (length(hash) = 32),
    body    TEXT NOT NULL,
    payload TEXT
) STRICT;
INSERT INTO ledger_2 SELECT seq, at, kind, trace, span, coalesce(unhex(hash), zeroblob(32)), body, NULL FROM ledger ORDER BY seq;
DROP TABLE ledger;
ALTER TABLE ledger_2 RENAME TO ledger;
CREATE INDEX ledger_span ON ledger (span);
CREATE INDEX ledger_pruned ON ledger (seq) WHERE kind = 'audit.pruned';
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
WHEN NOT (NEW.payload IS NULL AND OLD.payload IS NOT NULL AND OLD.kind <> 'audit.pruned' AND NEW.seq = OLD.seq AND NEW.at = OLD.at
    AND NEW.kind = OLD.kind AND NEW.trace = OLD.trace AND NEW.span = OLD.span AND NEW.hash = OLD.hash AND NEW.body = OLD.body)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Nodes of the Merkle tree over the entries from level 8 upwards, for proofs. They follow from the entries and are
-- made anew when they are missing.
CREATE TABLE tree (
    level INTEGER NOT NULL,
    idx   INTEGER NOT NULL,
    hash  BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;

-- Signed checkpoints by the number of entries they cover.
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY CHECK (size > 0),
    note TEXT NOT NULL
) STRICT;
CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
