//! Compares whole files with what was read of them: something inside may have been overwritten.
//!
//! A file that was written to without growing is compared at once, one that grows with the next look at all files. Little
//! is read at a time, so that a large file is compared slowly and costs nobody anything.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use clawbutler_store::StoreError;
use clawbutler_store::sessions::RecordingRow;

use super::lines::{self, Growth};
use super::prints;
use super::tail::{Hand, Place};
use crate::Butler;

/// Pause between two rounds (ms), and blocks of one round: 4 MB a second.
pub(super) const CHECK_MS: u64 = 1_000;
const ROUND_BLOCKS: u64 = 4 * 1024 * 1024 / prints::BLOCK_BYTES;
/// Files of one home that are taken up at once.
const FILES: u32 = 1_000;

/// Files that are to be compared.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// By the key of the recording.
    waiting: BTreeMap<i64, Check>,
    /// When something was compared last (steady clock, ms).
    at: Option<u64>,
}

#[derive(Debug, Clone)]
struct Check {
    home: String,
    /// The next block.
    next: u64,
    /// When the file had changed last, when the first block was compared (ms).
    modified: i64,
}

/// How far one round came with a file.
enum Came {
    /// To its end, or it cannot be compared now.
    End,
    /// There are more blocks.
    On(Check),
}

impl Checks {
    /// A file that is compared already goes on.
    pub(super) fn add(&mut self, home: &str, recording: i64) {
        let check = || Check { home: home.to_owned(), next: 0, modified: 0 };
        self.waiting.entry(recording).or_insert_with(check);
    }

    pub(super) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl Butler {
    /// Takes up a home's files that changed since they were compared.
    pub(super) fn add_checks(&self, hand: &mut Hand, place: &Place) {
        match self.0.sessions.store.read::<_, StoreError>(|read| read.unchecked(&place.id, FILES)) {
            Ok(keys) => keys.into_iter().for_each(|key| hand.checks.add(&place.id, key)),
            Err(error) => tracing::warn!(%error, "files that changed could not be listed"),
        }
    }

    /// Compares some blocks of files that wait for it; with `at_once`, without a pause. Gives whether there was
    /// something and no pause is wanted.
    pub(super) fn check_older(&self, hand: &mut Hand, places: &[Place], at_once: bool) -> bool {
        let now = self.0.ports.clock.steady_ms();
        if !hand.checks.waits() || (!at_once && hand.checks.at.is_some_and(|at| now.saturating_sub(at) < CHECK_MS)) {
            return false;
        }
        hand.checks.at = Some(now);
        let mut budget = ROUND_BLOCKS;
        while budget > 0
            && let Some((key, check)) = hand.checks.waiting.pop_first()
        {
            // A file costs at least one block: its last one is compared too.
            budget -= 1;
            let place = places.iter().find(|place| place.id == check.home);
            match place.map(|place| self.check(hand, place, key, check, &mut budget)) {
                Some(Ok(Came::On(check))) => drop(hand.checks.waiting.insert(key, check)),
                Some(Ok(Came::End)) | None => {}
                Some(Err(error)) => tracing::warn!(%error, "a file could not be compared with what was read of it"),
            }
        }
        at_once
    }

    fn check(
        &self,
        hand: &mut Hand,
        place: &Place,
        key: i64,
        mut check: Check,
        budget: &mut u64,
    ) -> Result<Came, StoreError> {
        let store = &self.0.sessions.store;
        let Some(row) = store.read::<_, StoreError>(|read| read.recording(key))? else { return Ok(Came::End) };
        let path = Path::new(&row.path);
        let look = lines::look(path)?;
        let mut file = File::open(path)?;
        if check.next == 0 {
            check.modified = look.modified;
        }
        if prints::growth(&mut file, look, &row)?.0 == Growth::Rewritten {
            return self.noticed(hand, place, &row);
        }
        let known = store.read::<_, StoreError>(|read| read.prints(key, check.next, *budget))?;
        for one in &known {
            if one.0 != check.next || !prints::same(&mut file, one)? {
                return self.noticed(hand, place, &row);
            }
            check.next += 1;
            *budget = budget.saturating_sub(1);
        }
        if check.next < prints::blocks(&row) {
            // Blocks without a digest were never read by us.
            let all = known.is_empty() && *budget > 0;
            return if all { self.noticed(hand, place, &row) } else { Ok(Came::On(check)) };
        }
        store.write(|write| write.checked(key, check.modified))?;
        hand.rows.values_mut().filter(|row| row.key == key).for_each(|row| row.checked = check.modified);
        Ok(Came::End)
    }

    fn noticed(&self, hand: &mut Hand, place: &Place, row: &RecordingRow) -> Result<Came, StoreError> {
        tracing::info!(path = %row.path, "something inside a file that was read is another; it is read anew");
        self.read_anew(hand, place, row)?;
        Ok(Came::End)
    }
}
