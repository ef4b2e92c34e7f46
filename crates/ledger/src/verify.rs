//! Recomputes the chain from bytes; the same function for the app, the CLI and a server.

use clawbutler_core::digest;
use serde_json::Value;

use crate::entry::{GENESIS, chain};

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries that hold.
    pub entries: u64,
    /// Hash of the last entry that holds.
    pub head: String,
    /// First entry that does not hold, and why.
    pub broken: Option<(u64, String)>,
}

/// Takes entries one after the other, in order, with bounded memory.
#[derive(Debug)]
pub struct Verifier {
    seq: u64,
    head: String,
    broken: Option<(u64, String)>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { seq: 0, head: GENESIS.to_owned(), broken: None }
    }
}

impl Verifier {
    /// Checks the next entry; after the first bad one the rest is not looked at.
    pub fn push(&mut self, seq: u64, prev: &str, hash: &str, body: &str) {
        if self.broken.is_some() {
            return;
        }
        match self.check(seq, prev, hash, body) {
            Ok(()) => {
                self.seq = seq;
                hash.clone_into(&mut self.head);
            }
            Err(reason) => self.broken = Some((seq.min(self.seq + 1), reason)),
        }
    }

    fn check(&self, seq: u64, prev: &str, hash: &str, body: &str) -> Result<(), String> {
        let expected = self.seq + 1;
        if seq != expected {
            return Err(format!("entry {expected} is missing: the next one is {seq}"));
        }
        if prev != self.head {
            return Err("it does not follow the entry before it".to_owned());
        }
        if chain(prev, body) != hash {
            return Err("its content was changed: the hash does not fit".to_owned());
        }
        let tree: Value = serde_json::from_str(body).map_err(|_| "its content is not JSON".to_owned())?;
        if tree.get("seq").and_then(Value::as_u64) != Some(seq) {
            return Err("its content carries another sequence number".to_owned());
        }
        if digest::canonical(&tree) != body {
            return Err("its content is not in canonical form".to_owned());
        }
        Ok(())
    }

    /// The result so far.
    pub fn report(self) -> Report {
        Report { entries: self.seq, head: self.head, broken: self.broken }
    }
}
