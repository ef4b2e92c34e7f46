//! What is proven of one entry, the checkpoints and their copies outside, and how far a verification is.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clawbutler_core::digest::sha256;
use clawbutler_core::id::hex;
use clawbutler_ledger::note::{self, Checkpoint, PublicKey};
use clawbutler_ledger::{Found, Source, Trust, entry, merkle};
use clawbutler_store::Read;
use clawbutler_store::table::ledger::LedgerRow;
use clawbutler_wire::Seq;
use clawbutler_wire::audit_proof::{
    CheckpointList, CheckpointView, CopyState, CopyView, EntryProof, ListCheckpoints, ProofState, ProveEntry,
    ShowVerify, VerifyProgress,
};
use clawbutler_wire::settings::KeyPlace;

use super::{anchors, outside};
use crate::{Butler, Error};

/// Checkpoints that are listed.
const LISTED: usize = 50;

/// How far the verification under way is.
#[derive(Debug, Default)]
pub(crate) struct Verifying {
    running: AtomicBool,
    at: AtomicU64,
    total: AtomicU64,
}

impl Verifying {
    pub(super) fn begin(&self) {
        self.note(0, 0);
        self.running.store(true, Ordering::Relaxed);
    }

    pub(super) fn note(&self, at: u64, total: u64) {
        self.at.store(at, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.running.store(false, Ordering::Relaxed);
    }
}

impl Butler {
    /// How far the verification under way is.
    pub fn show_verify(&self, _: ShowVerify) -> Result<VerifyProgress, Error> {
        let state = &self.0.verifying;
        Ok(VerifyProgress {
            running: state.running.load(Ordering::Relaxed),
            at: Seq(state.at.load(Ordering::Relaxed)),
            total: Seq(state.total.load(Ordering::Relaxed)),
        })
    }

    /// Verifies one entry.
    pub fn prove_entry(&self, request: ProveEntry) -> Result<EntryProof, Error> {
        let (trust, _) = self.gathered(true);
        self.0.store.read(|read| {
            let row = read.ledger_row(request.seq.0)?.ok_or_else(|| Error::not_found("entry"))?;
            prove(read, &row, &trust.keys)
        })
    }

    /// The checkpoints in the database, and how the copies outside stand to them.
    pub fn list_checkpoints(&self, _: ListCheckpoints) -> Result<CheckpointList, Error> {
        let (trust, place) = self.gathered(true);
        let data = &self.0.ports.data;
        let anchors = anchors::files(&self.settings());
        self.0.store.read(|read| {
            let notes = read.checkpoints()?;
            let items = notes.iter().take(LISTED).filter_map(|note| view(note, &trust.keys)).collect();
            let of = |source| trust.notes.iter().filter(move |found| found.source == source).cloned().collect();
            let mut copies = Vec::new();
            if place == KeyPlace::Keychain || place == KeyPlace::Unreachable {
                copies.push(copy(read, "The keychain".to_owned(), of(Source::Keychain), &trust)?);
            }
            let state = outside::notes_path(data);
            copies.push(copy(read, shown(&state), of(Source::StateFile), &trust)?);
            for path in anchors {
                copies.push(copy(read, shown(&path), outside::notes_of(&path, Source::Anchor), &trust)?);
            }
            Ok(CheckpointList { items, copies })
        })
    }
}

fn shown(path: &Path) -> String {
    PathBuf::from(path).display().to_string()
}

/// The checkpoint of a note, if any of the keys signed it.
fn opened(note: &str, keys: &[PublicKey]) -> Option<Checkpoint> {
    keys.iter().rev().find_map(|key| note::open(note, key).ok())
}

fn view(note: &str, keys: &[PublicKey]) -> Option<CheckpointView> {
    let checkpoint = note::read(note).ok()?;
    Some(CheckpointView {
        entries: Seq(checkpoint.size),
        at: checkpoint.at,
        root: hex(&checkpoint.root),
        signed: opened(note, keys).is_some(),
    })
}

/// How the newest note of a place stands to the log.
fn copy(read: &Read<'_>, place: String, notes: Vec<Found>, trust: &Trust) -> Result<CopyView, Error> {
    let Some(newest) = notes.last() else {
        return Ok(CopyView { place, state: CopyState::Nothing, entries: None });
    };
    let entries = note::read(&newest.note).ok().map(|checkpoint| Seq(checkpoint.size));
    let agrees = match opened(&newest.note, &trust.keys) {
        Some(checkpoint) if checkpoint.size <= read.ledger_len()? => {
            read.ledger_root(checkpoint.size).ok() == Some(checkpoint.root)
                && read.ledger_hash(checkpoint.size)? == Some(checkpoint.head)
        }
        _ => false,
    };
    Ok(CopyView { place, state: if agrees { CopyState::Agrees } else { CopyState::Differs }, entries })
}

/// Recomputes one entry: its facts against their digest, its hash against the one before, and its inclusion in the
/// checkpoint that covers it.
fn prove(read: &Read<'_>, row: &LedgerRow, keys: &[PublicKey]) -> Result<EntryProof, Error> {
    let header = row.header();
    let leaf = merkle::leaf(row.body.as_bytes());
    let first_version = header["v"] == 1;
    let hash = if first_version { entry::chain_v1(&row.prev, &row.body) } else { entry::chain(&row.prev, &leaf) };
    let data_digest = header["data"].as_str().map(str::to_owned);
    let covering = read.checkpoint_covering(row.seq)?;
    let path = match &covering {
        Some((size, _)) => read.ledger_inclusion(row.seq, *size)?,
        None => Vec::new(),
    };
    let included = covering.as_ref().map(|(_, note)| {
        opened(note, keys).map(|checkpoint| {
            merkle::holds_inclusion(&leaf, row.seq.saturating_sub(1), checkpoint.size, &path, &checkpoint.root)
        })
    });
    let facts = row.payload.as_ref().is_none_or(|payload| Some(sha256(payload.as_bytes())) == data_digest);
    let columns = header["seq"] == row.seq && header["kind"] == row.kind.as_str() && header["at"] == row.at;
    let broken = if !facts {
        Some("Its facts were changed: they do not fit the digest in its header.")
    } else if !columns {
        Some("Its columns are not those of its header.")
    } else if hash != row.hash {
        Some("Its hash does not follow from the entry before.")
    } else {
        match included {
            Some(None) => Some("No known key signed the checkpoint that covers it."),
            Some(Some(false)) => Some("It is not the entry that its checkpoint covers."),
            Some(Some(true)) | None => None,
        }
    };
    let state = match (broken, included) {
        (Some(_), _) => ProofState::Broken,
        (None, Some(_)) => ProofState::Proven,
        (None, None) => ProofState::Chained,
    };
    Ok(EntryProof {
        seq: Seq(row.seq),
        state,
        says: broken.map(str::to_owned),
        prev: hex(&row.prev),
        hash: row.hash_hex(),
        data_digest,
        leaf: hex(&leaf),
        parent: header["parent"].as_str().map(str::to_owned),
        pruned: row.payload.is_none() && !first_version,
        checkpoint: covering.as_ref().and_then(|(_, note)| view(note, keys)),
        hashes: u32::try_from(path.len()).unwrap_or(u32::MAX),
    })
}
