//! What a connection counts because it shows it to nobody.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

/// What went by without being shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Connections that stood.
    pub connects: u64,
    /// Texts that were no frame.
    pub garbled: u64,
    /// Frames and events of kinds this version does not know.
    pub unknown: u64,
    /// Events dropped because nobody took them.
    pub missed: u64,
}

/// See [`Counts`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) connects: AtomicU64,
    pub(crate) garbled: AtomicU64,
    pub(crate) unknown: AtomicU64,
    pub(crate) missed: AtomicU64,
}

impl Counters {
    /// Hands an event over, or counts it: whoever is slow must not stop the connection.
    pub(crate) fn told<E>(&self, events: &mpsc::Sender<E>, event: E) -> bool {
        let told = events.try_send(event).is_ok();
        if !told {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
        told
    }

    pub(crate) fn snapshot(&self) -> Counts {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            connects: count(&self.connects),
            garbled: count(&self.garbled),
            unknown: count(&self.unknown),
            missed: count(&self.missed),
        }
    }
}
