//! What a connection counts because it shows it to nobody.

use std::sync::atomic::{AtomicU64, Ordering};

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
