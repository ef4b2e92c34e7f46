//! Handles inside a transaction.

use clawbutler_ledger::{Frontier, Hash};
use rusqlite::{Connection, Transaction};

/// Where the ledger stands: number and hash of the newest entry, and the right edge of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) seq: u64,
    pub(crate) hash: Hash,
    pub(crate) tree: Frontier,
}

/// One consistent state to read.
#[derive(Debug)]
pub struct Read<'a>(pub(crate) &'a Connection);

/// One transaction to read and write.
#[derive(Debug)]
pub struct Write<'a> {
    pub(crate) transaction: &'a Transaction<'a>,
    pub(crate) head: &'a mut Head,
}

impl Write<'_> {
    /// The same state, for the queries.
    pub fn read(&self) -> Read<'_> {
        Read(self.transaction)
    }
}
