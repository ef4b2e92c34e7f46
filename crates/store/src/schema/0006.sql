-- Kinds that are rare and looked for over the whole log. Nothing else is in the index, so appending costs nothing more.
-- The words are those of `SOUGHT` in table/ledger.rs.
CREATE INDEX ledger_sought ON ledger (kind)
WHERE kind IN ('backup.restored', 'engine.started', 'log.acknowledged', 'log.set_aside', 'log.tail_unproven', 'rules.changed');
