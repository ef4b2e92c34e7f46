//! Recomputes the log from its bytes; the same function for the app, the CLI and a server.

use clawbutler_core::id::hex;
use sha2::{Digest as _, Sha256};

use crate::canonical;
use crate::entry::{GENESIS, chain, chain_v1};
use crate::header::{Header, header};
use crate::known::Known;
pub use crate::known::STRETCHES;
use crate::merkle::{self, Frontier, Hash};
use crate::retention::Retention;
use crate::trust::{CheckpointState, Checks, Trust};

/// Why a log does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A gap in the sequence.
    #[error("it is missing: the next entry is {next}")]
    Missing { next: u64 },
    /// A sequence number a second time, or a smaller one.
    #[error("an entry out of order: its number is {seq}")]
    OutOfOrder { seq: u64 },
    /// Only in an export: `prev` is not the hash before.
    #[error("it does not follow the entry before it")]
    NotFollowing,
    /// Header or hash changed.
    #[error("its content was changed: the hash does not fit")]
    Changed,
    /// The header is not in canonical form or lacks a member.
    #[error("its content is not in canonical form")]
    NotCanonical,
    /// The header names another number than its place.
    #[error("its content carries another sequence number")]
    OtherNumber,
    /// A version we do not know, or an older one after a newer.
    #[error("it has version {0}, which cannot stand there")]
    Version(u64),
    /// The columns for queries say something else.
    #[error("its columns differ from its content")]
    Columns,
    /// The payload is not what the header's digest says.
    #[error("its payload was changed: the digest does not fit")]
    Payload,
    /// The payload is gone and no retention run removed it.
    #[error("its payload is missing and no retention run removed it")]
    PayloadMissing,
    /// A line of an export that has not the form.
    #[error("its line cannot be read")]
    Line,
    /// A stored node of the tree is not what the entries give.
    #[error("a stored node of the tree differs from the entries")]
    Node,
    /// The entries give another root or head than a checkpoint.
    #[error("the entries up to {upto} are not those of the checkpoint: the log was rewritten")]
    Rewritten { upto: u64 },
    /// The checkpoints are of a log with another first entry.
    #[error("the log was begun anew or swapped: the checkpoints are of another one")]
    OtherLog,
    /// Fewer entries than are known to have been there.
    #[error("it is missing: the log had {upto} entries")]
    CutOff { upto: u64 },
    /// The newest entry is not as last seen.
    #[error("the entries up to {seq} are not those ClawButler last saw")]
    OtherHead { seq: u64 },
    /// The log is longer than at its orderly end.
    #[error("it was added while ClawButler was closed")]
    AddedWhileClosed,
    /// Entries behind the newest one that is covered.
    #[error("it and those up to {upto} are proven by nothing: no checkpoint, note or seal of ours covers them")]
    Unproven { upto: u64 },
    /// Entries that were sealed and never said to be on the disk.
    #[error("it is missing: entries up to {upto} were sealed; the power was lost, or they were cut off")]
    Lost { upto: u64 },
    /// The note or seal of the newest entry does not count.
    #[error("the note of the newest entry is damaged or not signed by the log's key")]
    HeadBad,
    /// A signature by a key that is not the log's.
    #[error("a checkpoint is signed by another key, or two places name different keys")]
    KeyReplaced,
    /// A signature that does not fit.
    #[error("a checkpoint is damaged or its signature does not fit")]
    SignatureBad,
    /// Nothing outside the database tells of it any more.
    #[error("the copy of key and checkpoints outside the database is gone")]
    OutsideGone,
}

/// The first thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// First entry that is known not to hold; `None` where no entry is meant.
    pub seq: Option<u64>,
    pub reason: Reason,
}

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Entries that hold.
    pub entries: u64,
    /// Of these, entries whose payload was pruned.
    pub pruned: u64,
    /// Chain hash of the last entry that holds.
    pub head: Hash,
    /// Root of the tree over the entries that hold.
    pub root: Hash,
    pub broken: Option<Broken>,
    pub checkpoint: CheckpointState,
    /// Largest checkpoint that holds.
    pub checkpoint_size: Option<u64>,
    /// Number of the newest entry that a checkpoint, note or seal covers.
    pub proven: u64,
    /// Stretches (first and last entry) that the log itself says nothing covered when the engine began behind them; at
    /// most [`STRETCHES`], the oldest first. Those a person acknowledged are not among them.
    pub unproven: Vec<(u64, u64)>,
    /// Such stretches that a person said to know of, in an entry that is itself covered.
    pub acknowledged: Vec<(u64, u64)>,
    /// When the first entry was made (ms since the epoch, by the machine's clock).
    pub began: Option<i64>,
}

impl Report {
    /// Whether nothing at all was found.
    pub fn holds(&self) -> bool {
        self.broken.is_none()
    }
}

/// What columns for queries say of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    pub at: i64,
    pub kind: &'a str,
    pub trace: &'a str,
    pub span: &'a str,
}

/// An entry as it is stored or exported.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    pub seq: u64,
    /// What it says of the entry before; `None` where that is not stored.
    pub prev: Option<Hash>,
    pub hash: Hash,
    pub body: &'a str,
    /// `None`: pruned, or of version 1.
    pub payload: Option<&'a str>,
    pub columns: Option<Columns<'a>>,
}

/// Entries of a block, as a level of the tree.
pub const BLOCK_LEVEL: u32 = 10;

/// A block of entries that holds by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Entries before it.
    before: u64,
    prev: Hash,
    head: Hash,
    /// Hash of its first entry.
    first: Option<Hash>,
    versions: (u64, u64),
    pruned: u64,
    known: Known,
    began_at: Option<i64>,
    root: Hash,
}

/// Takes entries one after the other, in order, with bounded memory.
#[derive(Debug)]
pub struct Verifier {
    seq: u64,
    version: u64,
    first_version: u64,
    pruned: u64,
    head: Hash,
    /// The entry it began behind, and its hash.
    began: (u64, Hash),
    first: Option<Hash>,
    began_at: Option<i64>,
    known: Known,
    tree: Frontier,
    retention: Retention,
    checks: Checks,
    broken: Option<Broken>,
    aside: Option<Reason>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new(&Trust::default(), Retention::default())
    }
}

impl Verifier {
    /// Begins at the first entry.
    pub fn new(trust: &Trust, retention: Retention) -> Self {
        let (checks, aside) = Checks::new(trust);
        Self { retention, checks, aside, ..Self::empty() }
    }

    fn empty() -> Self {
        let (checks, aside) = Checks::new(&Trust::default());
        Self {
            seq: 0,
            version: 0,
            first_version: 0,
            pruned: 0,
            head: GENESIS,
            began: (0, GENESIS),
            first: None,
            began_at: None,
            known: Known::default(),
            tree: Frontier::default(),
            retention: Retention::default(),
            checks,
            broken: None,
            aside,
        }
    }

    /// Checks the next entry. `false`: it or one before does not hold, and the rest need not be looked at.
    /// `complete` is told of every node of the tree that the entry completes and says whether it is as stored.
    pub fn push(&mut self, stored: &Stored<'_>, mut complete: impl FnMut(u32, u64, &Hash) -> bool) -> bool {
        if self.broken.is_some() {
            return false;
        }
        let next = self.seq + 1;
        match self.check(stored) {
            Ok((leaf, version)) => {
                let mut whole = true;
                self.tree.push(leaf, |level, index, hash| whole &= complete(level, index, hash));
                if self.first_version == 0 {
                    self.first_version = version;
                }
                (self.seq, self.head, self.version) = (next, stored.hash, version);
                let first = *self.first.get_or_insert(stored.hash);
                if !whole {
                    self.broken = Some(Broken { seq: Some(next), reason: Reason::Node });
                } else if self.checks.due(next) {
                    let found = self.checks.compare(next, &stored.hash, &first, &self.tree);
                    self.broken = found.map(|(seq, reason)| Broken { seq: Some(seq), reason });
                }
            }
            Err(reason) => self.broken = Some(Broken { seq: Some(next), reason }),
        }
        self.broken.is_none()
    }

    /// Begins in the middle: a block of entries behind entry `before`, whose stored hash is `prev`. Whether that hash is
    /// right is for [`Self::join`] to see.
    pub fn block(before: u64, prev: Hash, retention: Retention) -> Self {
        let (checks, aside) = Checks::new(&Trust::default());
        Self { seq: before, head: prev, began: (before, prev), retention, checks, aside, ..Self::empty() }
    }

    /// What a block comes to; `None` when it does not hold.
    pub fn into_block(self) -> Option<Block> {
        let root = self.tree.root();
        let (before, prev) = self.began;
        let whole = self.broken.is_none() && self.seq - before == 1 << BLOCK_LEVEL;
        let versions = (self.first_version, self.version);
        let (first, pruned, known, began_at) = (self.first, self.pruned, self.known, self.began_at);
        whole.then_some(Block { before, prev, head: self.head, first, versions, pruned, known, began_at, root })
    }

    /// Whether the block behind entry `before` has to be taken entry by entry, because something is known of one.
    pub fn is_due(&self, before: u64) -> bool {
        self.checks.due_in(before + 1..=before + (1 << BLOCK_LEVEL))
    }

    /// Takes in a whole block at once. `false`: it does not follow, and has to be taken entry by entry to see why.
    pub fn join(&mut self, block: &Block, mut complete: impl FnMut(u32, u64, &Hash) -> bool) -> bool {
        let follows = self.broken.is_none()
            && block.before == self.seq
            && block.prev == self.head
            && block.versions.0 >= self.version
            && !self.is_due(block.before);
        let mut tree = self.tree.clone();
        let mut whole = true;
        let added = follows
            && tree.push_subtree(BLOCK_LEVEL, block.root, |level, index, hash| whole &= complete(level, index, hash));
        if !added || !whole {
            return false;
        }
        self.tree = tree;
        self.seq += 1 << BLOCK_LEVEL;
        (self.head, self.version) = (block.head, block.versions.1);
        self.first = self.first.or(block.first);
        self.pruned += block.pruned;
        self.began_at = self.began_at.or(block.began_at);
        self.known.join(&block.known);
        true
    }

    /// Ends the check at something that is no entry at all.
    pub fn unreadable(&mut self) {
        if self.broken.is_none() {
            self.broken = Some(Broken { seq: Some(self.seq + 1), reason: Reason::Line });
        }
    }

    /// Entries so far.
    pub fn entries(&self) -> u64 {
        self.seq
    }

    fn check(&mut self, stored: &Stored<'_>) -> Result<(Hash, u64), Reason> {
        let expected = self.seq + 1;
        if stored.seq > expected {
            return Err(Reason::Missing { next: stored.seq });
        }
        if stored.prev.is_some_and(|prev| prev != self.head) {
            return Err(Reason::NotFollowing);
        }
        let (header, canonical) = header(stored.body);
        let version = header.version.unwrap_or(0);
        let leaf = merkle::leaf(stored.body.as_bytes());
        let hash = if version == 1 { chain_v1(&self.head, stored.body) } else { chain(&self.head, &leaf) };
        if hash != stored.hash {
            return Err(if stored.seq == expected { Reason::Changed } else { Reason::OutOfOrder { seq: stored.seq } });
        }
        if !canonical {
            return Err(Reason::NotCanonical);
        }
        if !matches!(version, 1 | 2) || version < self.version {
            return Err(Reason::Version(version));
        }
        if header.seq != Some(expected) || stored.seq != expected {
            return Err(Reason::OtherNumber);
        }
        if let Some(columns) = &stored.columns
            && (header.at != Some(columns.at)
                || header.kind != columns.kind
                || header.trace != columns.trace
                || header.span != columns.span)
        {
            return Err(Reason::Columns);
        }
        if self.seq == 0 {
            self.began_at = header.at;
        }
        if version == 2 {
            self.check_payload(&header, stored)?;
        } else if stored.payload.is_some() {
            return Err(Reason::Payload);
        }
        Ok((leaf, version))
    }

    fn check_payload(&mut self, header: &Header<'_>, stored: &Stored<'_>) -> Result<(), Reason> {
        let Some(payload) = stored.payload else {
            if !self.retention.covers(header.kind, stored.seq, header.at.unwrap_or(i64::MAX)) {
                return Err(Reason::PayloadMissing);
            }
            if !is_digest(header.data) {
                return Err(Reason::NotCanonical);
            }
            self.pruned += 1;
            return Ok(());
        };
        if !is_hex_of(&Sha256::digest(payload).into(), header.data) {
            return Err(Reason::Payload);
        }
        if !canonical::is_canonical(payload) {
            return Err(Reason::NotCanonical);
        }
        self.known.see(header.kind, header.actor, stored.seq, &stored.hash, payload);
        Ok(())
    }

    /// The result once the log has ended.
    pub fn report(mut self) -> Report {
        if self.broken.is_none() {
            // What is wrong with the copies outside tells more than that nothing is left to cover the end.
            let other = self.aside.as_ref().is_some_and(|reason| *reason != Reason::HeadBad);
            let left = self.checks.end(self.seq, self.first.as_ref());
            let left = left.filter(|(_, reason)| !(other && matches!(reason, Reason::Unproven { .. })));
            self.broken = left.map(|(seq, reason)| Broken { seq: Some(seq), reason });
        }
        // A log without an entry has nothing outside to be gone.
        let nothing = self.seq == 0 && self.checks.state() == CheckpointState::None;
        let aside = self.aside.filter(|reason| !(nothing && *reason == Reason::OutsideGone));
        let aside = aside.map(|reason| Broken { seq: None, reason });
        let proven = self.checks.proven().min(self.seq);
        let (unproven, acknowledged) = self.known.told(proven);
        Report {
            entries: self.seq,
            pruned: self.pruned,
            head: self.head,
            root: self.tree.root(),
            broken: self.broken.or(aside),
            checkpoint: self.checks.state(),
            checkpoint_size: self.checks.holds,
            proven,
            unproven,
            acknowledged,
            began: self.began_at,
        }
    }
}

/// Whether a text is a digest as headers carry one.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
}

pub(crate) fn is_hex_of(hash: &Hash, text: &str) -> bool {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [[0; 2]; 32];
    for (pair, byte) in digits.iter_mut().zip(hash) {
        *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    }
    text.as_bytes() == digits.as_flattened()
}

/// A report for people: hex of what is bytes.
impl Report {
    /// Head as hex.
    pub fn head_hex(&self) -> String {
        hex(&self.head)
    }
}
