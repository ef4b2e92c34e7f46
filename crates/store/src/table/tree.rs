//! The Merkle tree over the audit log: its edge for appending, its nodes for proofs.

use std::collections::HashMap;

use clawbutler_ledger::GENESIS;
use clawbutler_ledger::merkle::{self, Frontier, Hash};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::tx::Head;
use crate::{Read, StoreError};

/// Lowest level that is stored: a node over 256 entries.
pub(crate) const STORED: u32 = 8;

/// Leaves of one block and the nodes over them.
type Block = Vec<Vec<Hash>>;

/// Where the log stands. Makes stored nodes anew where they are not those of a log of this length.
pub(crate) fn head(connection: &Connection) -> Result<Head, StoreError> {
    let newest = connection
        .prepare_cached("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((seq, hash)) = newest else {
        connection.execute("DELETE FROM tree", [])?;
        return Ok(Head { seq: 0, hash: GENESIS, tree: Frontier::default() });
    };
    let blocks: u64 = seq >> STORED;
    let (count, most): (u64, i64) = connection
        .prepare_cached("SELECT count(*), coalesce(max(idx), -1) FROM tree WHERE level = ?")?
        .query_row([STORED], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if count != blocks || u64::try_from(most + 1) != Ok(blocks) {
        return rebuilt(connection, seq, hash);
    }
    let mut nodes = Nodes::new(connection);
    let peaks = merkle::peaks_of(seq).into_iter().map(|(level, index)| nodes.get(level, index));
    match peaks.collect::<Result<Vec<_>, _>>() {
        Ok(peaks) => {
            let tree = Frontier::of(seq, peaks).expect("BUG: one subtree for each bit of the size");
            Ok(Head { seq, hash, tree })
        }
        Err(StoreError::NoNode { .. }) => rebuilt(connection, seq, hash),
        Err(error) => Err(error),
    }
}

/// Reads every entry and stores the nodes anew. An entry that is missing counts as zeros: appending goes on, and
/// verification tells.
fn rebuilt(connection: &Connection, seq: u64, hash: Hash) -> Result<Head, StoreError> {
    let nested = !connection.is_autocommit();
    if !nested {
        connection.execute_batch("BEGIN IMMEDIATE")?;
    }
    let done = rebuild(connection, seq);
    if !nested {
        connection.execute_batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    }
    Ok(Head { seq, hash, tree: done? })
}

fn rebuild(connection: &Connection, seq: u64) -> Result<Frontier, StoreError> {
    connection.execute("DELETE FROM tree", [])?;
    let mut tree = Frontier::default();
    let mut completed = Vec::new();
    let mut statement = connection.prepare("SELECT seq, body FROM ledger ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let at: u64 = row.get(0)?;
        let leaf = merkle::leaf(row.get_ref(1)?.as_bytes().unwrap_or_default());
        while tree.size() + 1 < at {
            tree.push([0; 32], |level, index, node| completed.push((level, index, *node)));
        }
        tree.push(leaf, |level, index, node| completed.push((level, index, *node)));
        for (level, index, node) in completed.drain(..) {
            put(connection, level, index, &node)?;
        }
    }
    debug_assert_eq!(tree.size(), seq);
    Ok(tree)
}

/// Stores a node that is complete, if its level is stored.
pub(crate) fn put(connection: &Connection, level: u32, index: u64, node: &Hash) -> Result<(), StoreError> {
    if level >= STORED {
        let sql = "INSERT INTO tree (level, idx, hash) VALUES (?, ?, ?) \
                   ON CONFLICT (level, idx) DO UPDATE SET hash = excluded.hash";
        connection.prepare_cached(sql)?.execute(params![level, index, node])?;
    }
    Ok(())
}

/// The stored node, if it is there.
pub(crate) fn stored(connection: &Connection, level: u32, index: u64) -> Result<Option<Hash>, StoreError> {
    let sql = "SELECT hash FROM tree WHERE level = ? AND idx = ?";
    Ok(connection.prepare_cached(sql)?.query_row(params![level, index], |row| row.get(0)).optional()?)
}

/// Named nodes: stored ones, and below them what follows from a block of entries.
struct Nodes<'a> {
    connection: &'a Connection,
    blocks: HashMap<u64, Block>,
}

impl<'a> Nodes<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self { connection, blocks: HashMap::new() }
    }

    fn get(&mut self, level: u32, index: u64) -> Result<Hash, StoreError> {
        let none = StoreError::NoNode { level, index };
        if level >= STORED {
            return stored(self.connection, level, index)?.ok_or(none);
        }
        let number = index >> (STORED - level);
        if !self.blocks.contains_key(&number) {
            let block = self.read(number)?;
            self.blocks.insert(number, block);
        }
        let inside = usize::try_from(index - (number << (STORED - level))).unwrap_or(usize::MAX);
        let rows = self.blocks.get(&number).and_then(|block| block.get(level as usize));
        rows.and_then(|row| row.get(inside)).copied().ok_or(none)
    }

    fn read(&self, number: u64) -> Result<Block, StoreError> {
        let first = (number << STORED) + 1;
        let mut statement =
            self.connection.prepare_cached("SELECT seq, body FROM ledger WHERE seq BETWEEN ? AND ? ORDER BY seq")?;
        let mut rows = statement.query(params![first, first + (1 << STORED) - 1])?;
        let mut leaves = Vec::new();
        while let Some(row) = rows.next()? {
            let at = usize::try_from(row.get::<_, u64>(0)? - first).unwrap_or(usize::MAX);
            leaves.resize(at, [0; 32]);
            leaves.push(merkle::leaf(row.get_ref(1)?.as_bytes().unwrap_or_default()));
        }
        let mut block = vec![leaves];
        for level in 1..=STORED as usize {
            let above = block[level - 1].chunks_exact(2).map(|pair| merkle::node(&pair[0], &pair[1])).collect();
            block.push(above);
        }
        Ok(block)
    }
}

impl Read<'_> {
    /// Hashes that make the root over the first `size` entries together with the chosen ones (`seq`, ascending): see
    /// [`merkle::partial`].
    pub fn ledger_partial<E: From<StoreError>>(
        &self,
        chosen: &[u64],
        size: u64,
        mut put: impl FnMut(&Hash) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut nodes = Nodes::new(self.0);
        let indexes: Vec<u64> = chosen.iter().map(|seq| seq.saturating_sub(1)).collect();
        let mut get = |level, index| {
            // From left to right, so that only the last blocks are asked for again.
            if nodes.blocks.len() > 64 {
                nodes.blocks.clear();
            }
            Ok(nodes.get(level, index)?)
        };
        merkle::partial(&indexes, size, &mut get, &mut put)
    }

    /// Root of the tree over the first `size` entries.
    pub fn ledger_root(&self, size: u64) -> Result<Hash, StoreError> {
        let mut nodes = Nodes::new(self.0);
        merkle::root_of(size, &mut |level, index| nodes.get(level, index))
    }

    /// Proof that entry `seq` is in the tree over the first `size` entries.
    pub fn ledger_inclusion(&self, seq: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        let mut nodes = Nodes::new(self.0);
        merkle::inclusion(seq.saturating_sub(1), size, &mut |level, index| nodes.get(level, index))
    }

    /// Proof that the first `old` entries are the beginning of the first `size`.
    pub fn ledger_consistency(&self, old: u64, size: u64) -> Result<Vec<Hash>, StoreError> {
        let mut nodes = Nodes::new(self.0);
        merkle::consistency(old, size, &mut |level, index| nodes.get(level, index))
    }
}
