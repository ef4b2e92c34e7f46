//! Records that Codex packed, and packs or unpacks while they are read.

use std::fs;
use std::path::PathBuf;

use clawbutler_wire::command::{Govern, ListSessions, ListSteps, ShowSession};
use clawbutler_wire::sessions::{SessionDetail, StepBody};
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::desk::Desk;

/// A captured session.
const RECORD: &str = include_str!("../../../connectors/fixtures/codex/rollouts/exec-then-resume.jsonl");
const NAME: &str = "rollout-2026-11-22T11-12-48-0199c0de-0000-7000-8000-000000000001.jsonl";

struct Place {
    desk: Desk,
}

impl Place {
    fn new() -> Self {
        let desk = Desk::new();
        fs::create_dir_all(desk.home().join(".codex/sessions/2026/11/22")).unwrap();
        fs::write(desk.home().join(".codex/config.toml"), "").unwrap();
        let home_id = desk.home_of("codex");
        desk.butler().govern(Govern { home_id, governed: true }).unwrap();
        Self { desk }
    }

    fn plain(&self) -> PathBuf {
        self.desk.home().join(".codex/sessions/2026/11/22").join(NAME)
    }

    fn packed(&self) -> PathBuf {
        self.plain().with_extension("jsonl.zst")
    }

    fn read(&self) -> Option<SessionDetail> {
        self.desk.butler().read_sessions();
        let mut rows = self.desk.butler().list_sessions(ListSessions::default()).unwrap().items;
        assert!(rows.len() <= 1, "{rows:?}");
        self.desk.butler().show_session(ShowSession { id: rows.pop()?.id }).ok()
    }

    fn steps(&self) -> Vec<StepBody> {
        let Some(detail) = self.read() else { return Vec::new() };
        let request = ListSteps { session: detail.row.id, limit: Some(500), ..ListSteps::default() };
        self.desk.butler().list_steps(request).unwrap().items.into_iter().map(|step| step.what).collect()
    }
}

fn packed(text: &[u8]) -> Vec<u8> {
    compress_to_vec(text, CompressionLevel::Fastest)
}

/// The record in many small frames, so that a cut leaves some of them.
fn in_frames() -> Vec<u8> {
    RECORD.as_bytes().chunks(2_000).flat_map(packed).collect()
}

/// What the plain record gives.
fn whole() -> Vec<StepBody> {
    let place = Place::new();
    fs::write(place.plain(), RECORD).unwrap();
    let steps = place.steps();
    assert!(steps.len() > 10);
    steps
}

#[test]
fn a_packed_record_is_told_like_the_plain_one() {
    let place = Place::new();
    let (first, second) = RECORD.split_at(RECORD.len() / 2);
    // Two frames, and one that holds no text between them.
    let mut text = packed(first.as_bytes());
    text.extend([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    text.extend(packed(second.as_bytes()));
    fs::write(place.packed(), text).unwrap();
    assert_eq!(place.steps(), whole());
    let detail = place.read().unwrap();
    assert_eq!((detail.row.malformed, detail.row.generation), (0, 0));
    let recordings: Vec<_> = detail.recordings.iter().map(|one| (one.path.as_str(), &one.trouble)).collect();
    assert_eq!(recordings, [(place.packed().to_str().unwrap(), &None)]);
}

#[test]
fn packing_and_unpacking_tell_nothing_twice() {
    let place = Place::new();
    let lines: Vec<&str> = RECORD.split_inclusive('\n').collect();
    let (first, rest) = lines.split_at(lines.len() / 2);
    let (first, rest) = (first.concat(), rest.concat());
    fs::write(place.plain(), &first).unwrap();
    let told = place.steps();
    fs::write(place.packed(), packed(first.as_bytes())).unwrap();
    assert_eq!(place.steps(), told, "both lie there");
    fs::remove_file(place.plain()).unwrap();
    assert_eq!(place.steps(), told, "only the packed one");
    assert_eq!(place.read().unwrap().recordings[0].path, place.packed().to_str().unwrap());
    fs::write(place.plain(), &first).unwrap();
    assert_eq!(place.steps(), told, "both again");
    fs::remove_file(place.packed()).unwrap();
    fs::write(place.plain(), format!("{first}{rest}")).unwrap();
    assert_eq!(place.steps(), whole(), "it went on");
    let detail = place.read().unwrap();
    assert_eq!((detail.row.generation, detail.recordings.len()), (0, 1));
}

#[test]
fn a_packed_record_that_is_damaged_afterwards_keeps_what_was_read() {
    let place = Place::new();
    let text = in_frames();
    fs::write(place.packed(), &text).unwrap();
    assert_eq!(place.steps(), whole());
    fs::write(place.packed(), &text[..text.len() / 2]).unwrap();
    assert_eq!(place.steps(), whole());
    let trouble = place.read().unwrap().recordings.remove(0).trouble.unwrap();
    assert!(trouble.contains("cannot be unpacked"), "{trouble}");
    fs::write(place.packed(), &text).unwrap();
    assert_eq!(place.steps(), whole());
    assert_eq!(place.read().unwrap().recordings.remove(0).trouble, None, "it is whole again");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A file cut anywhere gives a prefix of the timeline, and says that something is missing.
    #[test]
    fn a_cut_one_gives_a_prefix(cut in any::<prop::sample::Index>()) {
        let text = in_frames();
        let place = Place::new();
        let cut = cut.index(text.len());
        fs::write(place.packed(), &text[..cut]).unwrap();
        let (steps, whole) = (place.steps(), whole());
        prop_assert!(whole.starts_with(&steps), "{} steps, cut at {}", steps.len(), cut);
        if let Some(detail) = place.read() {
            let trouble = detail.recordings[0].trouble.is_some();
            let whole_frames = steps.len() == whole.len() || !trouble;
            prop_assert!(whole_frames || detail.row.malformed == 1, "{:?}", detail.row);
        }
    }
}
