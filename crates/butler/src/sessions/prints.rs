//! Digests of what was read of a file, block by block: an overwritten byte is noticed.
//!
//! The first bytes and the block that is not full yet are compared at every look; full blocks when the file changed
//! without growing, and now and then while it grows.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};

use clawbutler_core::id::hex;
use clawbutler_store::sessions::RecordingRow;
use sha2::{Digest as _, Sha256};

use super::lines::{Growth, Look};

/// Bytes of a block that has one digest.
pub(super) const BLOCK_BYTES: u64 = 64 * 1024;
/// Bytes at the start of a file by which another one in its place is recognised at once.
const HEAD_BYTES: u64 = 512;
/// Bytes of a digest that are kept.
const KEPT: usize = 16;

/// Takes the digest of each block while a file is read on.
#[derive(Debug)]
pub(super) struct Prints {
    hasher: Sha256,
    position: u64,
    /// Blocks that became full, by number.
    full: Vec<(u64, String)>,
}

impl Prints {
    /// At the start of a file.
    pub(super) fn new() -> Self {
        Self { hasher: Sha256::new(), position: 0, full: Vec::new() }
    }

    /// At `position`: the bytes of the block around it are read again.
    fn at(file: &mut File, position: u64) -> io::Result<Self> {
        let start = position - position % BLOCK_BYTES;
        let mut prints = Self { position: start, ..Self::new() };
        prints.take(&bytes(file, start, position - start)?);
        Ok(prints)
    }

    /// The next bytes of the file.
    pub(super) fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = usize::try_from(BLOCK_BYTES - self.position % BLOCK_BYTES).unwrap_or(usize::MAX);
            let (part, rest) = bytes.split_at(bytes.len().min(room));
            self.hasher.update(part);
            self.position += part.len() as u64;
            if self.position.is_multiple_of(BLOCK_BYTES) {
                let digest = short(std::mem::take(&mut self.hasher));
                self.full.push((self.position / BLOCK_BYTES - 1, digest));
            }
            bytes = rest;
        }
    }

    /// Digest of the block that is not full.
    fn open(&self) -> String {
        short(self.hasher.clone())
    }

    /// Notes in the row what was read, and gives the blocks that became full.
    pub(super) fn note(self, file: &mut File, row: &mut RecordingRow) -> io::Result<Vec<(u64, String)>> {
        row.tail = self.open();
        row.head = head(file, self.position)?;
        Ok(self.full)
    }
}

/// Compares a file with what was read of it, as far as one look goes; reading goes on with the prints.
pub(super) fn growth(file: &mut File, now: Look, row: &RecordingRow) -> io::Result<(Growth, Prints)> {
    let position = read_to(row);
    if position == 0 {
        return Ok((if now.size == 0 { Growth::Same } else { Growth::More }, Prints::new()));
    }
    if now.size < position {
        return Ok((Growth::Rewritten, Prints::new()));
    }
    let prints = Prints::at(file, position)?;
    if prints.position != position || prints.open() != row.tail || head(file, position)? != row.head {
        return Ok((Growth::Rewritten, prints));
    }
    Ok((if now.size == position { Growth::Same } else { Growth::More }, prints))
}

/// Whether one look compares everything that was read.
pub(super) fn seen_at_once(row: &RecordingRow) -> bool {
    read_to(row) < BLOCK_BYTES
}

/// Full blocks of what was read.
pub(super) fn blocks(row: &RecordingRow) -> u64 {
    read_to(row) / BLOCK_BYTES
}

/// Whether a full block lies in the file as it was read.
pub(super) fn same(file: &mut File, (block, digest): &(u64, String)) -> io::Result<bool> {
    let found = bytes(file, block * BLOCK_BYTES, BLOCK_BYTES)?;
    Ok(found.len() as u64 == BLOCK_BYTES && short(Sha256::new_with_prefix(found)) == *digest)
}

fn read_to(row: &RecordingRow) -> u64 {
    u64::try_from(row.position).unwrap_or(0)
}

fn head(file: &mut File, position: u64) -> io::Result<String> {
    Ok(short(Sha256::new_with_prefix(bytes(file, 0, position.min(HEAD_BYTES))?)))
}

fn bytes(file: &mut File, from: u64, count: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    Read::take(file, count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn short(hasher: Sha256) -> String {
    hex(&hasher.finalize()[..KEPT])
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::super::lines::{Saved, read_on};
    use super::*;

    /// Reads all whole lines of a file from where the row stands.
    fn read(file: &mut File, row: &mut RecordingRow, known: &mut Vec<(u64, String)>, budget: usize) -> Growth {
        let mut saved = Saved::default();
        loop {
            let look = Look { size: file.metadata().unwrap().len(), modified: 0 };
            let (grown, mut prints) = growth(file, look, row).unwrap();
            if grown == Growth::Rewritten {
                return grown;
            }
            let (position, more) =
                read_on(file, read_to(row), &mut saved, budget, None, &mut prints, |_, _, _| ()).unwrap();
            row.position = i64::try_from(position).unwrap();
            known.extend(prints.note(file, row).unwrap());
            if !more {
                return grown;
            }
        }
    }

    /// Whether everything that was read lies there as it was.
    fn check(file: &mut File, row: &RecordingRow, known: &[(u64, String)]) -> bool {
        let look = Look { size: file.metadata().unwrap().len(), modified: 0 };
        let blocks: Vec<u64> = known.iter().map(|(block, _)| *block).collect();
        assert_eq!(blocks, (0..super::blocks(row)).collect::<Vec<_>>(), "each full block once");
        growth(file, look, row).unwrap().0 != Growth::Rewritten && known.iter().all(|one| same(file, one).unwrap())
    }

    #[test]
    fn a_rewritten_file_is_noticed() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"one\ntwo\n").unwrap();
        let mut row = RecordingRow::default();
        assert_eq!(read(&mut file, &mut row, &mut Vec::new(), 100), Growth::More);
        let grown = |file: &mut File, size| growth(file, Look { size, modified: 0 }, &row).unwrap().0;
        assert_eq!(grown(&mut file, 8), Growth::Same);
        assert_eq!(grown(&mut file, 9), Growth::More);
        assert_eq!(grown(&mut file, 7), Growth::Rewritten);
        file.seek(SeekFrom::Start(5)).unwrap();
        file.write_all(b"W").unwrap();
        assert_eq!(grown(&mut file, 9), Growth::Rewritten);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        /// Any line that was read and is overwritten by another of the same length is noticed, however the file grew;
        /// a half line that waits may become any other.
        #[test]
        fn an_overwritten_line_is_noticed(
            lengths in prop::collection::vec(0_usize..6_000, 1..90),
            cut in 0_usize..300_000,
            budget in prop::sample::select(vec![1, 5_000, 200_000]),
            which in any::<prop::sample::Index>(),
            place in any::<prop::sample::Index>(),
            bit in 0_u8..7,
        ) {
            let mut text = Vec::new();
            let mut lines = Vec::new();
            for (number, length) in lengths.iter().enumerate() {
                let line = format!("{number}{}\n", "x".repeat(*length));
                lines.push((text.len(), line.len() - 1));
                text.extend_from_slice(line.as_bytes());
            }
            text.extend_from_slice(b"half");
            let mut file = tempfile::tempfile().unwrap();
            let (mut row, mut known) = (RecordingRow::default(), Vec::new());
            let cut = cut.min(text.len());
            file.write_all(&text[..cut]).unwrap();
            read(&mut file, &mut row, &mut known, budget);
            file.seek(SeekFrom::End(0)).unwrap();
            file.write_all(&text[cut..]).unwrap();
            prop_assert_eq!(read(&mut file, &mut row, &mut known, budget), Growth::More);
            prop_assert_eq!(read_to(&row), text.len() as u64 - 4);
            prop_assert!(check(&mut file, &row, &known));
            file.seek(SeekFrom::End(-4)).unwrap();
            file.write_all(b"more").unwrap();
            prop_assert!(check(&mut file, &row, &known), "what was not read may change");

            let (start, length) = *which.get(&lines);
            let at = start + place.index(length);
            file.seek(SeekFrom::Start(at as u64)).unwrap();
            file.write_all(&[text[at] ^ (1 << bit)]).unwrap();
            prop_assert!(!check(&mut file, &row, &known), "byte {} of {}", at, text.len());
        }
    }
}
