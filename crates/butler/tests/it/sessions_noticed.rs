//! Notices of a watcher come late, twice, in another order or never, while files grow in pieces: at any time a prefix of
//! the same timeline is told, and in the end all of it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use clawbutler_wire::command::{Govern, ListSessions, ListSteps};
use clawbutler_wire::sessions::{StepBody, StepView};
use proptest::prelude::*;

use crate::desk::Desk;
use crate::sessions::{AGENT, MAIN};

/// A chosen home with the files of one session and of its sub-agent, which grow.
struct Place {
    desk: Desk,
    id: String,
    files: [PathBuf; 2],
    written: [usize; 2],
}

const TEXTS: [&str; 2] = [MAIN, AGENT];

impl Place {
    fn new() -> Self {
        let desk = Desk::new();
        let project = desk.home().join(".claude/projects/p");
        fs::create_dir_all(project.join("s1/subagents")).unwrap();
        let id = desk.home_of("claude-code");
        desk.butler().govern(Govern { home_id: id.clone(), governed: true }).unwrap();
        desk.butler().read_sessions();
        let files = [project.join("s1.jsonl"), project.join("s1/subagents/agent-a1.jsonl")];
        Self { desk, id, files, written: [0, 0] }
    }

    /// Writes the next bytes, wherever that cuts a line or a character.
    fn grow(&mut self, which: usize, bytes: usize) {
        let from = self.written[which];
        let upto = (from + bytes).min(TEXTS[which].len());
        let mut file = OpenOptions::new().append(true).create(true).open(&self.files[which]).unwrap();
        file.write_all(&TEXTS[which].as_bytes()[from..upto]).unwrap();
        self.written[which] = upto;
    }

    fn notice(&self, which: &[usize]) {
        let files: Vec<PathBuf> = which.iter().map(|which| self.files[*which].clone()).collect();
        self.desk.butler().read_noticed(&self.id, &files);
    }

    /// What is told of the session itself and of its sub-agent.
    fn told(&self) -> [Vec<StepBody>; 2] {
        let rows = self.desk.butler().list_sessions(ListSessions::default()).unwrap().items;
        let Some(row) = rows.first() else { return [Vec::new(), Vec::new()] };
        assert_eq!((rows.len(), row.malformed, row.generation), (1, 0, 0));
        let request = ListSteps { session: row.id.clone(), limit: Some(500), ..ListSteps::default() };
        let steps = self.desk.butler().list_steps(request).unwrap().items;
        let of = |agent: bool| {
            let steps = steps.iter().filter(|step: &&StepView| step.agent.is_some() == agent);
            steps.map(|step| step.what.clone()).collect()
        };
        [of(false), of(true)]
    }
}

fn whole() -> [Vec<StepBody>; 2] {
    let mut place = Place::new();
    for which in [0, 1] {
        place.grow(which, usize::MAX - TEXTS[which].len());
    }
    place.desk.butler().read_sessions();
    place.told()
}

/// What happens next: a file grows by so many bytes, and then these notices come, of whichever file.
fn event() -> impl Strategy<Value = (usize, usize, Vec<usize>)> {
    let bytes = prop_oneof![1..40_usize, 40..3_000_usize, Just(20_000)];
    (0..2_usize, bytes, prop::collection::vec(0..2_usize, 0..4))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn notices_in_any_order_give_a_prefix_and_in_the_end_the_whole(
        events in prop::collection::vec(event(), 1..25),
        compared in any::<bool>(),
    ) {
        let whole = whole();
        prop_assert!(whole.iter().all(|steps| steps.len() > 3));
        let mut place = Place::new();
        for (which, bytes, notices) in events {
            place.grow(which, bytes);
            if !notices.is_empty() {
                place.notice(&notices);
            }
            for (told, whole) in place.told().iter().zip(&whole) {
                prop_assert!(whole.starts_with(told), "{} steps are no prefix", told.len());
            }
        }
        // The rest comes; a notice of it, or the slow look at all files when the watcher lost it.
        for which in [1, 0] {
            place.grow(which, usize::MAX - TEXTS[which].len());
        }
        if compared {
            place.desk.butler().read_sessions();
        } else {
            place.notice(&[1, 0, 1]);
        }
        prop_assert_eq!(place.told(), whole);
    }
}
