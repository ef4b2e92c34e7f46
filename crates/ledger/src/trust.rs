//! What is known of a log from outside its database, and how that is held against the log.

use crate::merkle::{Frontier, Hash};
use crate::note::{self, Checkpoint, NoteError, PublicKey};
use crate::seal::Sealed;
use crate::verify::Reason;

/// Where a checkpoint was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// In the database itself.
    Database,
    /// In the file of checkpoints outside the data folder.
    StateFile,
    /// In the keychain of the operating system.
    Keychain,
    /// In a file or repository the user chose.
    Anchor,
    /// Given with the call.
    Given,
}

/// A checkpoint as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub source: Source,
    pub note: String,
}

/// The newest entry as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadNote {
    pub seq: u64,
    pub hash: Hash,
    /// Written at an orderly end, and the engine has not run since: nothing may have been added.
    pub closed: bool,
}

/// Everything known from outside the chain.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a finding of its own, and any of them can stand together")]
pub struct Trust {
    /// Public keys that signed this log, the present one last.
    pub keys: Vec<PublicKey>,
    /// Two places name different keys.
    pub keys_differ: bool,
    /// Checkpoints in any order.
    pub notes: Vec<Found>,
    /// The newest entry as it was last noted; its signature holds.
    pub head: Option<HeadNote>,
    /// The newest entry as it was last sealed.
    pub sealed: Option<Sealed>,
    /// The note or the seal of the newest entry is there, and is damaged or not by the log's key.
    pub head_bad: bool,
    /// Nothing may follow the newest entry that a checkpoint, note or seal covers: no engine is appending.
    pub ends: bool,
    /// Something outside should be there and is not.
    pub gone: bool,
}

/// How the checkpoints stand to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointState {
    /// All of them hold.
    Good,
    /// There are none.
    None,
    /// There are, and the log breaks before the first of them.
    NotReached,
    /// One has a signature that does not fit, or is damaged.
    SignatureBad,
    /// One is signed by a key that is not the log's, or two places name different keys.
    KeyReplaced,
    /// One covers more entries than there are.
    BeyondTheEnd,
    /// One has another root or head than the entries give.
    RootDiffers,
}

impl CheckpointState {
    /// As reports name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::None => "none",
            Self::NotReached => "not_reached",
            Self::SignatureBad => "signature_bad",
            Self::KeyReplaced => "key_replaced",
            Self::BeyondTheEnd => "beyond_the_end",
            Self::RootDiffers => "root_differs",
        }
    }
}

/// Checkpoints on their way along the log.
#[derive(Debug)]
pub(crate) struct Checks {
    /// Opened ones, largest first: the next to come is the last.
    waiting: Vec<Checkpoint>,
    head: Option<HeadNote>,
    sealed: Option<Sealed>,
    ends: bool,
    state: CheckpointState,
    /// Largest size that holds.
    pub(crate) holds: Option<u64>,
}

impl Checks {
    pub(crate) fn new(trust: &Trust) -> (Self, Option<Reason>) {
        let mut state = if trust.keys_differ { CheckpointState::KeyReplaced } else { CheckpointState::None };
        let mut waiting = Vec::new();
        for found in &trust.notes {
            match opened(&found.note, &trust.keys) {
                Ok(checkpoint) => waiting.push(checkpoint),
                Err(NoteError::OtherKey) => raise(&mut state, CheckpointState::KeyReplaced),
                Err(NoteError::BadSignature | NoteError::Malformed) => raise(&mut state, CheckpointState::SignatureBad),
            }
        }
        waiting.sort_unstable_by_key(|checkpoint| std::cmp::Reverse(checkpoint.size));
        let reason = match state {
            CheckpointState::KeyReplaced => Some(Reason::KeyReplaced),
            CheckpointState::SignatureBad => Some(Reason::SignatureBad),
            _ if trust.head_bad => Some(Reason::HeadBad),
            _ => trust.gone.then_some(Reason::OutsideGone),
        };
        let (head, sealed, ends) = (trust.head.clone(), trust.sealed, trust.ends);
        (Self { waiting, head, sealed, ends, state, holds: None }, reason)
    }

    /// Whether the entry just added is one that something is known of.
    pub(crate) fn due(&self, seq: u64) -> bool {
        self.waiting.last().is_some_and(|next| next.size <= seq) || self.told().any(|told| told == seq)
    }

    /// The newest entry as it was last seen, by each that tells.
    fn seen(&self) -> impl Iterator<Item = (u64, Hash)> {
        let head = self.head.as_ref().map(|head| (head.seq, head.hash));
        head.into_iter().chain(self.sealed.map(|sealed| (sealed.seq, sealed.hash)))
    }

    /// Entries that note and seal tell of, with the one that a commit was to lead to.
    fn told(&self) -> impl Iterator<Item = u64> {
        let next = self.sealed.and_then(|sealed| sealed.next).map(|(seq, _)| seq);
        self.seen().map(|(seq, _)| seq).chain(next)
    }

    /// Whether something is known of one of these entries.
    pub(crate) fn due_in(&self, entries: std::ops::RangeInclusive<u64>) -> bool {
        let head = self.told().any(|told| entries.contains(&told));
        // Largest first.
        let from = self.waiting.partition_point(|one| one.size > *entries.end());
        head || self.waiting.get(from).is_some_and(|one| one.size >= *entries.start())
    }

    /// Holds what is known against the log up to `seq`; the first entry that can be meant, and why.
    pub(crate) fn compare(&mut self, seq: u64, hash: &Hash, first: &Hash, tree: &Frontier) -> Option<(u64, Reason)> {
        while self.waiting.last().is_some_and(|next| next.size <= seq) {
            let Some(next) = self.waiting.pop() else { break };
            if next.origin != note::origin(first) {
                raise(&mut self.state, CheckpointState::RootDiffers);
                return Some((1, Reason::OtherLog));
            }
            if next.size != seq || next.root != tree.root() || next.head != *hash {
                raise(&mut self.state, CheckpointState::RootDiffers);
                return Some((self.holds.unwrap_or(0) + 1, Reason::Rewritten { upto: next.size }));
            }
            raise(&mut self.state, CheckpointState::Good);
            self.holds = Some(seq);
        }
        let other = self.seen().find(|(at, seen)| *at == seq && seen != hash);
        self.sealed = self.sealed.map(|sealed| sealed.met(seq, hash));
        let (at, _) = other?;
        Some((self.holds.map_or(1, |holds| (holds + 1).min(at)), Reason::OtherHead { seq: at }))
    }

    /// What is left when the log has ended at `entries`.
    pub(crate) fn end(&mut self, entries: u64, first: Option<&Hash>) -> Option<(u64, Reason)> {
        if let Some(beyond) = self.waiting.first() {
            if first.is_some_and(|first| beyond.origin != note::origin(first)) {
                raise(&mut self.state, CheckpointState::RootDiffers);
                return Some((1, Reason::OtherLog));
            }
            raise(&mut self.state, CheckpointState::BeyondTheEnd);
            return Some((entries + 1, Reason::CutOff { upto: beyond.size }));
        }
        let end = End { head: self.head.as_ref(), sealed: self.sealed, covered: self.holds.unwrap_or(0) };
        end.look(entries, self.ends)
    }

    /// Number of the newest entry that something outside the chain vouches for.
    pub(crate) fn proven(&self) -> u64 {
        self.seen().map(|(seq, _)| seq).max().unwrap_or(0).max(self.holds.unwrap_or(0))
    }

    pub(crate) fn state(&self) -> CheckpointState {
        if self.state == CheckpointState::None && !self.waiting.is_empty() {
            CheckpointState::NotReached
        } else {
            self.state
        }
    }
}

/// How far the newest notes reach.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    pub head: Option<&'a HeadNote>,
    pub sealed: Option<Sealed>,
    /// Entries under the largest checkpoint that holds.
    pub covered: u64,
}

impl End<'_> {
    /// What is missing behind the last of `entries`, or is there and proven by nothing: the first entry that is meant,
    /// and why. `ends`: no engine is appending.
    pub fn look(&self, entries: u64, ends: bool) -> Option<(u64, Reason)> {
        let (noted, closed) = self.head.map_or((0, false), |head| (head.seq, head.closed));
        let (sealed, durable) = self.sealed.map_or((0, 0), |sealed| (sealed.seq, sealed.durable));
        if noted.max(durable) > entries {
            return Some((entries + 1, Reason::CutOff { upto: noted.max(sealed) }));
        }
        if sealed > entries {
            return Some((entries + 1, Reason::Lost { upto: sealed }));
        }
        let proven = noted.max(sealed).max(self.covered);
        if closed && noted == proven && noted < entries {
            return Some((noted + 1, Reason::AddedWhileClosed));
        }
        (ends && proven < entries).then_some((proven + 1, Reason::Unproven { upto: entries }))
    }
}

/// The newest key first: most notes are its.
fn opened(text: &str, keys: &[PublicKey]) -> Result<Checkpoint, NoteError> {
    let mut seen = NoteError::OtherKey;
    for key in keys.iter().rev() {
        match note::open(text, key) {
            Ok(checkpoint) => return Ok(checkpoint),
            Err(NoteError::OtherKey) => {}
            Err(error) => seen = error,
        }
    }
    note::read(text)?;
    Err(seen)
}

/// A trouble stays; the first one is reported.
fn raise(state: &mut CheckpointState, to: CheckpointState) {
    if matches!(state, CheckpointState::Good | CheckpointState::None) {
        *state = to;
    }
}
