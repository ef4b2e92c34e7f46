//! How long to wait before connecting again.

use std::time::Duration;

use clawbutler_core::limits::{ATTACH_BACKOFF_MAX_MS, ATTACH_BACKOFF_MS};

/// Doubling waits with a cap. Up to a quarter is taken off by chance, so that many connections do not come at once.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    failures: u32,
}

impl Pace {
    /// The connection stood: the next failure is the first again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after one more failure; `chance` is any byte.
    pub(crate) fn next(&mut self, chance: u8) -> Duration {
        let full = ATTACH_BACKOFF_MS.saturating_mul(1 << self.failures.min(16)).min(ATTACH_BACKOFF_MAX_MS);
        self.failures = self.failures.saturating_add(1);
        Duration::from_millis(full - full / 4 * u64::from(chance) / 255)
    }

    /// Failures in a row.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_cap_and_starts_again() {
        let mut pace = Pace::default();
        let waits: Vec<u128> = (0..9).map(|_| pace.next(0).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
        assert_eq!(pace.next(255).as_millis(), 11_250);
        pace.reset();
        assert_eq!(pace.next(0).as_millis(), 250);
    }
}
