//! Time as an argument.

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Adds milliseconds, saturating at the ends of the range.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)))
    }

    /// Milliseconds from `self` until `later`; zero when `later` has passed.
    pub fn until(self, later: Self) -> u64 {
        u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0)
    }
}

/// The host's clock. `wall` may jump, `steady` never goes back.
pub trait Clock: Send + Sync {
    /// Wall-clock time.
    fn wall(&self) -> Timestamp;
    /// Milliseconds since an arbitrary start, monotonic while the process runs.
    fn steady_ms(&self) -> u64;
    /// How far the user's clock is ahead of UTC at a time (minutes); `None` where it is not known.
    fn offset_minutes(&self, _at: Timestamp) -> Option<i32> {
        None
    }
}
