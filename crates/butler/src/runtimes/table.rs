//! The process table for connectors, where none lies in the file system (macOS, Windows): what they read of Linux'
//! own, asked from the system.

use std::fmt;
use std::sync::{Arc, Mutex};

use clawbutler_connectors::env::{Env, Os};
use clawbutler_connectors::processes::ProcessTable;
use clawbutler_core::clock::Clock;
use clawbutler_core::process::Row;
use clawbutler_platform::process;

use crate::engine::lock;

/// How long a list is good for (ms): a look at every home asks many times, and the words of every process are read.
const GOOD_MS: u64 = 1_000;

/// These surroundings, with a list of processes where the system keeps no table of them in its files.
pub fn with_processes(mut env: Env, clock: &Arc<dyn Clock>) -> Env {
    if env.os != Os::Linux && env.processes.is_none() {
        env.processes = Some(Arc::new(Processes::new(Arc::clone(clock))));
    }
    env
}

/// Lists every process, not more often than needed.
struct Processes {
    clock: Arc<dyn Clock>,
    /// The newest list, and when it was made (steady ms).
    newest: Mutex<Option<(u64, Arc<Vec<Row>>)>>,
}

impl fmt::Debug for Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processes").finish_non_exhaustive()
    }
}

impl Processes {
    /// Nothing is listed until somebody asks.
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, newest: Mutex::default() }
    }
}

impl ProcessTable for Processes {
    fn rows(&self) -> Arc<Vec<Row>> {
        let now = self.clock.steady_ms();
        let mut newest = lock(&self.newest);
        if let Some((at, rows)) = newest.as_ref()
            && now.saturating_sub(*at) < GOOD_MS
        {
            return Arc::clone(rows);
        }
        let rows: Arc<Vec<Row>> = Arc::new(process::list());
        *newest = Some((now, Arc::clone(&rows)));
        rows
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.wall().0 / 1000).unwrap_or_default()
    }
}
