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

/// How often a process is asked before it is ended by force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Once,
    /// For one that finishes its work when it is asked, and ends at once when it is asked again.
    Twice,
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
/// How long a process may take to begin its own ending before it is asked again.
const AGAIN: Duration = Duration::from_millis(300);
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
pub fn end(pid: u32, started: u64, grace: Duration, ask: Ask) -> (Ended, Vec<(u32, String)>) {
    if let Some(why) = untouchable(pid, &os::table()) {
        return (Ended::CouldNot(why.to_owned()), Vec::new());
    }
    let mut below = BTreeMap::new();
    let ended = end_one(pid, started, grace, ask, |table| note_descendants(pid, table, &mut below));
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
        if let Ended::CouldNot(why) = end_one(child, began, LOOK * 4, Ask::Once, |_| ()) {
            left.push((child, why));
        }
    }
    (ended, left)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a process is waited for is measured on the machine's own clock"
)]
fn end_one(pid: u32, started: u64, grace: Duration, ask: Ask, mut each: impl FnMut(&[Row])) -> Ended {
    if !is(pid, started) {
        return Ended::Gone;
    }
    each(&os::table());
    let again = (ask == Ask::Twice).then_some((false, AGAIN.min(grace)));
    for (force, patience) in again.into_iter().chain([(false, grace), (true, FORCED)]) {
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

/// A process and those it descends from, nearest first; at most so many. It ends where a parent began after its child:
/// ids are used again, and that one is another process.
pub(crate) fn ancestors(pid: u32, most: usize, row: impl Fn(u32) -> Option<Row>) -> Vec<Row> {
    let mut found: Vec<Row> = Vec::new();
    let mut next = Some(pid);
    while let Some(one) = next.filter(|_| found.len() < most).and_then(&row) {
        if found.iter().any(|known| known.pid == one.pid)
            || found.last().is_some_and(|below| below.started < one.started)
        {
            break;
        }
        found.push(one);
        next = Some(one.parent).filter(|parent| *parent > 0);
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_end_at_the_first_process_at_a_circle_and_at_an_id_that_is_used_again() {
        let row = |pid, parent, started| Row { pid, parent, started };
        let table = [
            row(9, 5, 40),
            row(5, 3, 30),
            row(3, 1, 20),
            row(1, 0, 0),
            row(7, 6, 50),
            row(6, 7, 50),
            row(8, 2, 10),
            row(2, 1, 11),
        ];
        let pids = |pid, most| {
            let found = ancestors(pid, most, |pid| table.iter().find(|row| row.pid == pid).copied());
            found.into_iter().map(|row| row.pid).collect::<Vec<_>>()
        };
        assert_eq!(pids(9, 64), [9, 5, 3, 1]);
        assert_eq!(pids(9, 2), [9, 5]);
        assert_eq!(pids(7, 64), [7, 6]);
        assert_eq!(pids(8, 64), [8]);
        assert_eq!(pids(4, 64), [0; 0]);
    }

    #[test]
    fn this_process_descends_from_its_parent_and_began_before_now() {
        let own = std::process::id();
        let found = os::ancestors(own, 64);
        assert_eq!(found.first().map(|row| (row.pid, Some(row.started))), Some((own, os::started(own))));
        #[cfg(unix)]
        assert_eq!(found.get(1).map(|row| row.pid), Some(os::parent()));
        assert!(os::started(own) <= os::now(), "the units are the same");
    }
}
