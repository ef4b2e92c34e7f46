-- Whether an agent may act, chosen by a person. `governed` says whether we look at it at all.
ALTER TABLE homes ADD COLUMN state TEXT NOT NULL DEFAULT 'online' CHECK (state IN ('online', 'disabled', 'killed'));
ALTER TABLE homes ADD COLUMN state_since INTEGER;

-- What a home was configured to do when a person last accepted it; `project` is empty for the home itself.
CREATE TABLE baselines (
    home    TEXT NOT NULL,
    project TEXT NOT NULL,
    at      INTEGER NOT NULL,
    facts   TEXT NOT NULL,
    PRIMARY KEY (home, project)
) STRICT, WITHOUT ROWID;

-- Changes since the baseline that are recorded and wait for a person, one text a home.
CREATE TABLE drifts (
    home    TEXT PRIMARY KEY,
    changes TEXT NOT NULL
) STRICT;
