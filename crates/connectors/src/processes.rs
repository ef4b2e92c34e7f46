//! When a process started, from the system's process table (Linux).

use std::path::Path;

use crate::env::Env;

/// When the process of this folder of the table started (ticks since boot; the kernel fixes 100 a second for every program).
pub(crate) fn started(folder: &Path) -> Option<u64> {
    let facts = std::fs::read_to_string(folder.join("stat")).ok()?;
    // The second field is the name in parentheses and may hold anything; count from its end.
    facts.rsplit_once(')')?.1.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

/// Whether a process with this id, and this start where one is known, runs: ids are used again.
pub(crate) fn runs(env: &Env, pid: u32, start: Option<u64>) -> bool {
    let folder = env.root.join("proc").join(pid.to_string());
    match start {
        None => folder.join("stat").is_file(),
        Some(_) => started(&folder) == start,
    }
}
