//! Ending a process that is surely the one that is meant: id and start time have to fit, because process ids
//! are used again.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use crate::os;

/// What became of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It ended by itself after it was asked to.
    Asked,
    /// It had to be ended by force.
    Forced,
    /// No such process, or another one under that id.
    Gone,
    /// It may still run, for this reason (a sentence).
    CouldNot(String),
}

/// One process of the system's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Process id.
    pub pid: u32,
    /// Who started it, as it is now.
    pub parent: u32,
    /// When it started, in the units of [`os::started`].
    pub started: u64,
}

/// Between two looks at an ending process.
const LOOK: Duration = Duration::from_millis(50);
/// How long a process ended by force may take to be gone.
const FORCED: Duration = Duration::from_secs(2);
/// Descendants of one process that are ended with it.
const DESCENDANTS: usize = 512;

/// Whether the process of that id is the one that started then, and still runs.
pub fn is(pid: u32, started: u64) -> bool {
    os::started(pid) == Some(started)
}

/// Ends a process and then what it started: asked first, by force when it still runs after `grace`. The second
/// value holds its descendants that could not be ended, by process id with the reason.
///
/// Never ends this process, one of those that started it, or the system's first process.
pub fn end(pid: u32, started: u64, grace: Duration) -> (Ended, Vec<(u32, String)>) {
    if let Some(why) = untouchable(pid, &os::table()) {
        return (Ended::CouldNot(why.to_owned()), Vec::new());
    }
    let mut below = BTreeMap::new();
    let ended = end_one(pid, started, grace, |table| note_descendants(pid, table, &mut below));
    if ended == Ended::Gone {
        return (ended, Vec::new());
    }
    // What it started outlives it when it is ended by force. A short grace is enough: nobody reads its last words.
    let mut left = Vec::new();
    let table = os::table();
    for (&child, &began) in below.iter().filter(|(child, began)| is(**child, **began)) {
        if untouchable(child, &table).is_some() {
            continue;
        }
        if let Ended::CouldNot(why) = end_one(child, began, LOOK * 4, |_| ()) {
            left.push((child, why));
        }
    }
    (ended, left)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a process is waited for is measured on the machine's own clock"
)]
fn end_one(pid: u32, started: u64, grace: Duration, mut each: impl FnMut(&[Row])) -> Ended {
    if !is(pid, started) {
        return Ended::Gone;
    }
    each(&os::table());
    for (force, patience) in [(false, grace), (true, FORCED)] {
        match os::signal(pid, started, force) {
            Ok(true) => {}
            Ok(false) => return if force { Ended::Asked } else { Ended::Gone },
            Err(error) => return Ended::CouldNot(format!("The system refused to end it: {error}.")),
        }
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if !is(pid, started) {
                return if force { Ended::Forced } else { Ended::Asked };
            }
            each(&os::table());
            thread::sleep(LOOK);
        }
    }
    if is(pid, started) {
        Ended::CouldNot("It still runs although it was ended by force.".to_owned())
    } else {
        Ended::Forced
    }
}

/// Adds what descends from a process, with the start time each had when it was seen.
fn note_descendants(root: u32, table: &[Row], below: &mut BTreeMap<u32, u64>) {
    let mut parents: BTreeSet<u32> = below.keys().copied().chain([root]).collect();
    loop {
        let before = parents.len();
        for row in table {
            if parents.contains(&row.parent) && row.pid != root && below.len() < DESCENDANTS {
                parents.insert(row.pid);
                below.entry(row.pid).or_insert(row.started);
            }
        }
        if parents.len() == before {
            return;
        }
    }
}

fn untouchable(pid: u32, table: &[Row]) -> Option<&'static str> {
    if pid <= 1 {
        return Some("This is the system's own process.");
    }
    let mut own = std::process::id();
    for _ in 0..64 {
        if own == pid {
            return Some("ClawButler itself runs in it or was started by it.");
        }
        own = table.iter().find(|row| row.pid == own)?.parent;
    }
    None
}
