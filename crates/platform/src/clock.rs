//! The machine's clock and the only place that reads it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use clawbutler_core::clock::{Clock, Timestamp};

/// Wall clock and a monotonic one that starts at zero.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock everybody else is handed")]
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock everybody else is handed")]
    fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn steady_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn offset_minutes(&self, at: Timestamp) -> Option<i32> {
        crate::zone::offset_minutes(at)
    }
}
