//! Databases that could not be read because their owner is just making them: when they are tried again.

use clawbutler_connectors::record::Recording;
use clawbutler_store::StoreError;

use super::tail::{Hand, Place};
use crate::Butler;

/// How long after the first failure a database is tried again (ms); after each further one twice as long.
const FIRST_MS: u64 = 500;
/// How often it is tried again without a change of its file: for about half a minute.
const TRIES: u32 = 6;

/// One database that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Unready {
    tries: u32,
    /// When it is tried again (steady ms); `None` when it is not before its file changes.
    due: Option<u64>,
    /// Whether all its sessions are wanted.
    pub(super) whole: bool,
}

impl Unready {
    /// Notes a failure. Gives whether it is the one that a person is to be told of: once, when it stays so.
    pub(super) fn tell(&mut self, now: u64, whole: bool) -> bool {
        self.whole |= whole;
        // A change of the file before it is due is no further try.
        if self.due.is_some_and(|due| now < due) {
            return false;
        }
        self.tries = self.tries.saturating_add(1);
        self.due = (self.tries <= TRIES).then(|| now.saturating_add(FIRST_MS << (self.tries - 1)));
        self.tries == TRIES + 1
    }

    /// How long it is until the next try (ms).
    pub(super) fn waits(&self, now: u64) -> Option<u64> {
        self.due.map(|due| due.saturating_sub(now))
    }
}

impl Butler {
    /// A database cannot be read: its owner is just making it, or has it for itself. With `whole`, all its sessions are
    /// wanted.
    pub(super) fn unready(
        &self,
        hand: &mut Hand,
        place: &Place,
        recording: &Recording,
        whole: bool,
        error: &StoreError,
    ) {
        let path = recording.path.display();
        let now = self.0.ports.clock.steady_ms();
        let known = hand.unready.entry((place.id.clone(), recording.path.clone())).or_default();
        if known.tell(now, whole) {
            tracing::warn!(%path, %error, "a runtime's database cannot be read");
        } else {
            tracing::debug!(%path, %error, "a runtime's database cannot be read yet");
        }
    }

    /// Those whose time it is are read again.
    pub(super) fn read_unready(&self, hand: &mut Hand, places: &[Place], now: u64) {
        hand.unready.retain(|(home, _), _| places.iter().any(|place| place.id == *home));
        for ((home, path), _) in hand.unready.iter().filter(|(_, one)| one.waits(now) == Some(0)) {
            self.0.sessions.changed_file(home, path.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST_MS, TRIES, Unready};

    #[test]
    fn a_database_that_stays_unreadable_is_told_of_once_and_then_left_alone() {
        let (mut one, mut now, mut told) = (Unready::default(), 7, 0);
        for tried in 0..TRIES {
            assert!(!one.tell(now, tried == 2));
            // Its file changes meanwhile.
            assert!(!one.tell(now + 1, false));
            assert_eq!(one.waits(now), Some(FIRST_MS << tried));
            now += one.waits(now).unwrap();
        }
        for _ in 0..3 {
            told += u32::from(one.tell(now, false));
            assert_eq!(one.waits(now), None);
        }
        assert_eq!((told, one.whole), (1, true));
        assert!((20_000..60_000).contains(&(now - 7)), "it is over before the next comparison: {now}");
    }
}
