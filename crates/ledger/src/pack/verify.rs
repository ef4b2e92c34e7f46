//! Checks a pack from its bytes and a public key.

use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom};

use clawbutler_core::digest::sha256;
use clawbutler_core::id::unhex;
use serde_json::Value;

use super::container::{self, Member};
use super::{CHECKPOINT, ENTRIES, FORMAT, KEY, MANIFEST, Manifest, NAMED, PACK_ENTRIES, PROOF, SEAL, Seal};
use crate::canonical;
use crate::entry::{Kind, chain, chain_v1};
use crate::header::header;
use crate::known::{Ends, Known};
use crate::line::{self, LINE_BYTES};
use crate::merkle::{self, Hash, PROOF_HASHES};
use crate::note::{self, Checkpoint, NoteError, PublicKey};
use crate::verify::Stored;

/// Largest file that is read as a whole (bytes).
const SMALL: u64 = LINE_BYTES as u64 + 64 * 1024;

/// What holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackReport {
    /// Entries.
    pub entries: u64,
    /// Of these, entries whose payload was pruned before the pack was made.
    pub pruned: u64,
    /// Name of the log.
    pub log: String,
    /// Size of the tree they are proven in.
    pub checkpoint: u64,
    /// When it was made (ms since the epoch, by the maker's clock).
    pub made_at: i64,
    /// Number of the entry that names the manifest.
    pub seal: u64,
    /// First and last entry of stretches with entries of the pack that nothing covered when the app found them, as
    /// entries of the pack say.
    pub unproven: Vec<(u64, u64)>,
    /// The same that a person said to know of.
    pub acknowledged: Vec<(u64, u64)>,
}

/// Why a pack does not hold.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// It cannot be read.
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    /// Not byte for byte the archive of its files.
    #[error("it is not an evidence pack, or bytes of it were changed")]
    Container,
    /// A file of it has not its form.
    #[error("{0} has not the form it must have")]
    Form(&'static str),
    /// A file is not the one the manifest names.
    #[error("{0} is not the file the manifest names")]
    Named(String),
    /// A checkpoint does not hold.
    #[error("the checkpoint in {0} does not hold: {1}")]
    Note(&'static str, NoteError),
    /// An entry does not hold by itself.
    #[error("entry {0} was changed")]
    Entry(u64),
    /// The entries do not give the checkpoint's root.
    #[error("the entries are not those of the checkpoint")]
    Root,
    /// The log does not name this manifest.
    #[error("the seal does not hold: the log does not name this pack")]
    Seal,
}

/// Checks everything of a pack. `key` comes from the log's owner; the key inside says only who claims to be that.
pub fn verify(file: &mut (impl Read + Seek), key: &PublicKey) -> Result<PackReport, PackError> {
    let names: Vec<&str> = NAMED.into_iter().chain([MANIFEST, SEAL]).collect();
    let members = container::read(file, &names)?.ok_or(PackError::Container)?;
    let (named, last) = members.split_at(NAMED.len());
    let manifest_text = text(file, &last[0], MANIFEST)?;
    let manifest: Manifest = parsed(&manifest_text).ok_or(PackError::Form(MANIFEST))?;
    if manifest.format != FORMAT || manifest.files.len() != named.len() {
        return Err(PackError::Form(MANIFEST));
    }
    for (file, named) in named.iter().zip(&manifest.files) {
        if super::Named::from(file) != *named {
            return Err(PackError::Named(named.name.clone()));
        }
    }
    let shown = PublicKey::parse(text(file, of(named, KEY)?, KEY)?.trim()).ok_or(PackError::Form(KEY))?;
    if shown != *key {
        return Err(PackError::Note(CHECKPOINT, NoteError::OtherKey));
    }
    let note = text(file, of(named, CHECKPOINT)?, CHECKPOINT)?;
    let checkpoint = note::open_only(&note, key).map_err(|error| PackError::Note(CHECKPOINT, error))?;
    if checkpoint.size != manifest.checkpoint || checkpoint.origin != manifest.log {
        return Err(PackError::Form(MANIFEST));
    }
    let held = entries(file, named, &checkpoint)?;
    let entries = held.seqs.len() as u64;
    if entries != manifest.entries {
        return Err(PackError::Form(MANIFEST));
    }
    let seal = seal(&text(file, &last[1], SEAL)?, key, &checkpoint, &sha256(manifest_text.as_bytes()))?;
    let Manifest { log, made_at, .. } = manifest;
    let (unproven, acknowledged) = held.stretches(checkpoint.size);
    let (pruned, checkpoint) = (held.pruned, checkpoint.size);
    Ok(PackReport { entries, pruned, log, checkpoint, made_at, seal, unproven, acknowledged })
}

/// The key a pack claims to be signed with; `None` when it is no pack.
pub fn claimed_key(file: &mut (impl Read + Seek)) -> Result<Option<PublicKey>, PackError> {
    let names: Vec<&str> = NAMED.into_iter().chain([MANIFEST, SEAL]).collect();
    let Some(members) = container::read(file, &names)? else { return Ok(None) };
    let text = text(file, of(&members, KEY)?, KEY)?;
    Ok(PublicKey::parse(text.trim()))
}

fn of<'a>(members: &'a [Member], name: &'static str) -> Result<&'a Member, PackError> {
    members.iter().find(|member| member.name == name).ok_or(PackError::Form(name))
}

fn text(file: &mut (impl Read + Seek), member: &Member, name: &'static str) -> Result<String, PackError> {
    if member.bytes > SMALL {
        return Err(PackError::Form(name));
    }
    file.seek(SeekFrom::Start(member.start()))?;
    let mut bytes = Vec::new();
    file.take(member.bytes).read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| PackError::Form(name))
}

/// JSON in its one canonical form.
fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    canonical::is_canonical(text).then(|| serde_json::from_str(text).ok()).flatten()
}

/// A part of a file, read without moving the others' place in it.
struct Part<'a, F> {
    file: &'a std::cell::RefCell<F>,
    at: u64,
    left: u64,
}

impl<F: Read + Seek> Read for Part<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(self.at))?;
        let count = file.read(&mut buffer[..most])?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// The next line without its end, of at most so many bytes with it; `None` at the end.
fn next_line(lines: &mut impl io::BufRead, most: usize, name: &'static str) -> Result<Option<String>, PackError> {
    let mut bytes = Vec::new();
    lines.by_ref().take(most as u64).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(PackError::Form(name));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| PackError::Form(name))
}

/// The entries of a pack, which hold.
#[derive(Debug, Default)]
struct Held {
    seqs: Vec<u64>,
    /// How many were pruned.
    pruned: u64,
    known: Known,
}

impl Held {
    /// The stretches that some of them stand in: those nobody knows of, and the others.
    fn stretches(&self, proven: u64) -> (Ends, Ends) {
        let touched = |(from, to): &(u64, u64)| {
            let first = self.seqs.partition_point(|seq| seq < from);
            self.seqs.get(first).is_some_and(|seq| seq <= to)
        };
        let (mut unproven, mut acknowledged) = self.known.told(proven);
        unproven.retain(touched);
        acknowledged.retain(touched);
        (unproven, acknowledged)
    }
}

/// Holds every entry by itself, and all of them against the root.
fn entries(file: &mut (impl Read + Seek), members: &[Member], checkpoint: &Checkpoint) -> Result<Held, PackError> {
    let file = std::cell::RefCell::new(file);
    let part = |name| of(members, name).map(|member| Part { file: &file, at: member.start(), left: member.bytes });
    let mut lines = BufReader::with_capacity(256 * 1024, part(ENTRIES)?);
    let mut hashes = BufReader::with_capacity(16 * 1024, part(PROOF)?);
    let mut held = Held::default();
    let leaves = || {
        let Some(text) = next_line(&mut lines, LINE_BYTES, ENTRIES)? else { return Ok(None) };
        let stored = line::read(&text).ok_or(PackError::Form(ENTRIES))?;
        if stored.seq <= held.seqs.last().copied().unwrap_or(0) || held.seqs.len() >= PACK_ENTRIES {
            return Err(PackError::Form(ENTRIES));
        }
        let (leaf, pruned) = holds(&stored).ok_or(PackError::Entry(stored.seq))?;
        held.seqs.push(stored.seq);
        held.pruned += u64::from(pruned);
        if let Some(payload) = stored.payload {
            let (header, _) = header(stored.body);
            held.known.see(header.kind, header.actor, stored.seq, &stored.hash, payload);
        }
        Ok(Some((stored.seq - 1, leaf)))
    };
    let next_hash = || match next_line(&mut hashes, 65, PROOF)? {
        Some(text) => hash(&text).map(Some).ok_or(PackError::Form(PROOF)),
        None => Ok(None),
    };
    match merkle::partial_root(checkpoint.size, leaves, next_hash)? {
        Some(root) if root == checkpoint.root => Ok(held),
        Some(_) | None => Err(PackError::Root),
    }
}

/// An entry's leaf when it holds by itself, and whether its payload is gone.
pub(crate) fn holds(stored: &Stored<'_>) -> Option<(Hash, bool)> {
    let (header, whole) = header(stored.body);
    if !whole || header.seq != Some(stored.seq) {
        return None;
    }
    let (leaf, prev) = (merkle::leaf(stored.body.as_bytes()), stored.prev?);
    let (chained, payload) = match (header.version?, stored.payload) {
        (1, None) => (chain_v1(&prev, stored.body), true),
        (2, None) => (chain(&prev, &leaf), true),
        (2, Some(payload)) => {
            let fits = canonical::is_canonical(payload) && header.data == sha256(payload.as_bytes());
            (chain(&prev, &leaf), fits)
        }
        _ => return None,
    };
    let pruned = header.version == Some(2) && stored.payload.is_none();
    (chained == stored.hash && payload).then_some((leaf, pruned))
}

fn hash(text: &str) -> Option<Hash> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    unhex(text).filter(|_| lower)?.try_into().ok()
}

/// A list of hex hashes, no more than a proof has.
pub(crate) fn hashes(list: &[String]) -> Option<Vec<Hash>> {
    (list.len() <= PROOF_HASHES).then(|| list.iter().map(|text| hash(text)).collect()).flatten()
}

/// The number of the entry that names the manifest.
fn seal(text: &str, key: &PublicKey, of: &Checkpoint, manifest: &str) -> Result<u64, PackError> {
    let seal: Seal = parsed(text).ok_or(PackError::Form(SEAL))?;
    let over = note::open_only(&seal.checkpoint, key).map_err(|error| PackError::Note(SEAL, error))?;
    let (proof, steps) = hashes(&seal.proof).zip(hashes(&seal.consistency)).ok_or(PackError::Form(SEAL))?;
    let stored = line::read(&seal.line).filter(|stored| stored.seq > of.size).ok_or(PackError::Seal)?;
    let (leaf, pruned) = holds(&stored).ok_or(PackError::Entry(stored.seq))?;
    let (header, payload): (Value, Value) = serde_json::from_str(stored.body)
        .and_then(|header| Ok((header, serde_json::from_str(stored.payload.unwrap_or("null"))?)))
        .map_err(|_| PackError::Form(SEAL))?;
    let names = header["kind"] == Kind::AuditExported.text()
        && payload["format"] == "pack"
        && payload["manifest"] == manifest
        && !pruned
        && (stored.seq != over.size || stored.hash == over.head);
    let inside = merkle::holds_inclusion(&leaf, stored.seq - 1, over.size, &proof, &over.root)
        && merkle::holds_consistency(of.size, over.size, &of.root, &over.root, &steps)
        && over.origin == of.origin;
    if names && inside { Ok(stored.seq) } else { Err(PackError::Seal) }
}
