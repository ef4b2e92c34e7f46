//! What the section about keeping the audit log says, as plain functions.

use clawbutler_wire::retention::{Keep, RetentionReport, RetentionSettings};

use crate::model::count;
use crate::pages::audit::{entries, grouped};

/// Longest a class is kept by days; the engine refuses more.
pub(super) const MOST_DAYS: u32 = 3_650;
/// Most of a class that is kept by size (megabytes); the engine refuses more.
pub(super) const MOST_MEGABYTES: u32 = 1_000_000;
/// Shortest passphrase the engine takes (characters).
const PASSPHRASE_CHARS: usize = 12;

/// What is kept by choice, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Actions,
    Decisions,
    Sessions,
    Housekeeping,
    /// Not entries: the timelines of sessions.
    Steps,
}

impl Class {
    pub(super) const ALL: [Self; 5] = [Self::Actions, Self::Decisions, Self::Sessions, Self::Housekeeping, Self::Steps];

    /// As the wire names it.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::Decisions => "decisions",
            Self::Sessions => "sessions",
            Self::Housekeeping => "housekeeping",
            Self::Steps => "steps",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Actions => "Actions",
            Self::Decisions => "Your decisions",
            Self::Sessions => "Sessions and agents",
            Self::Housekeeping => "ClawButler itself",
            Self::Steps => "Session timelines",
        }
    }

    /// What is in it.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Actions => "What agents wanted to do, what the rules said, how it ended: commands, paths, arguments.",
            Self::Decisions => "What you were asked and answered, grants, changes of the rules.",
            Self::Sessions => "Sessions that began and ended, guards, configurations, drift, gateways.",
            Self::Housekeeping => "Starts and ends, changed settings, limits reached, exports.",
            Self::Steps => "Copies of the runtimes' own records; what a runtime still has comes back.",
        }
    }

    /// Days and megabytes.
    pub(super) fn of(self, settings: &RetentionSettings) -> Keep {
        match self {
            Self::Actions => settings.actions,
            Self::Decisions => settings.decisions,
            Self::Sessions => settings.sessions,
            Self::Housekeeping => settings.housekeeping,
            Self::Steps => Keep { days: settings.steps_days, megabytes: None },
        }
    }

    pub(super) fn set(self, settings: &mut RetentionSettings, keep: Keep) {
        match self {
            Self::Actions => settings.actions = keep,
            Self::Decisions => settings.decisions = keep,
            Self::Sessions => settings.sessions = keep,
            Self::Housekeeping => settings.housekeeping = keep,
            Self::Steps => settings.steps_days = keep.days,
        }
    }
}

/// A bound as it was typed; nothing when it is no whole number from 1 to `most`.
pub(super) fn bound(typed: &str, most: u32) -> Option<u32> {
    typed.trim().parse().ok().filter(|number| (1..=most).contains(number))
}

/// Whether these settings ever remove anything.
pub(super) fn limits_something(settings: &RetentionSettings) -> bool {
    Class::ALL.iter().any(|class| class.of(settings) != Keep::default())
}

/// The name of a class a report names; one that is not known here, as it stands.
pub(super) fn class_name(key: &str) -> String {
    let known = Class::ALL.into_iter().find(|class| class.key() == key);
    known.map_or_else(|| key.to_owned(), |class| class.name().to_owned())
}

/// Bytes in the unit one would say: `812 bytes`, `4.2 kB`, `1.3 MB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.into_iter().find(|(_, unit)| bytes >= *unit) {
        // Cut, not rounded: never more than there is.
        Some((name, unit)) => format!("{}.{} {name}", grouped(bytes / unit), bytes % unit * 10 / unit),
        None => count(bytes, "byte", "bytes"),
    }
}

/// Entries and bytes of all classes.
pub(super) fn sums(report: &RetentionReport) -> (u64, u64) {
    report.classes.iter().fold((0, 0), |(entries, bytes), class| (entries + class.entries.0, bytes + class.bytes.0))
}

/// Whether a run would do nothing.
pub(super) fn is_empty(report: &RetentionReport) -> bool {
    sums(report).0 == 0 && report.steps.0 == 0
}

/// What goes: `the facts of 400 entries (1.2 MB) and 12 steps`.
pub(super) fn what_goes(report: &RetentionReport) -> String {
    let (number, bytes) = sums(report);
    let facts = format!("the facts of {} ({})", entries(number), size(bytes));
    let steps = format!("{} {}", grouped(report.steps.0), if report.steps.0 == 1 { "step" } else { "steps" });
    match (number, report.steps.0) {
        (0, 0) => "nothing".to_owned(),
        (_, 0) => facts,
        (0, _) => format!("{steps} of session timelines"),
        _ => format!("{facts} and {steps} of session timelines"),
    }
}

/// The button that begins a run; the table above it has the rest.
pub(super) fn remove(report: &RetentionReport) -> String {
    match (sums(report).0, report.steps.0) {
        (0, 0) => "Nothing to remove".to_owned(),
        (0, _) => "Remove these steps".to_owned(),
        (number, 0) => format!("Remove the facts of {}", entries(number)),
        (number, _) => format!("Remove the facts of {} and the steps", entries(number)),
    }
}

/// How the last run ended.
pub(super) fn last_words(report: &RetentionReport, gives_back: bool) -> String {
    let returned = match report.returned {
        Some(bytes) if bytes.0 == 0 => " Too little came free for the file to get smaller.".to_owned(),
        Some(bytes) => format!(" {} went back to the disk.", size(bytes.0)),
        None if gives_back => String::new(),
        None => " The freed space is used again by what is recorded later.".to_owned(),
    };
    format!("It removed {}.{returned}", what_goes(report))
}

/// How a backup is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Passphrase,
    Recipient,
    None,
}

/// Why a backup cannot begin with what was typed.
pub(super) fn refusal(lock: Lock, out: &str, recipient: &str, once: &str, twice: &str) -> Option<&'static str> {
    if out.trim().is_empty() {
        return Some("Say where the file goes.");
    }
    match lock {
        Lock::Recipient if !recipient.trim().starts_with("age1") => Some("A recipient's key begins with “age1”."),
        Lock::Passphrase if once.chars().count() < PASSPHRASE_CHARS => Some("A passphrase has at least 12 characters."),
        Lock::Passphrase if once != twice => Some("The two passphrases are not the same."),
        Lock::Passphrase | Lock::Recipient | Lock::None => None,
    }
}

/// Name of the file that is suggested, from a time as a field has it (`2026-11-25T14:20`).
pub(super) fn file_name(time: &str, lock: Lock) -> String {
    let time = time.replace(':', "").replace('T', "-");
    format!("clawbutler-backup-{time}.db{}", if lock == Lock::None { "" } else { ".age" })
}

/// The command that puts a backup back.
pub(super) fn restore(file: &str, encryption: &str) -> String {
    let quoted = if file.contains(char::is_whitespace) { format!("\"{file}\"") } else { file.to_owned() };
    let key = match encryption {
        "recipient" => " --age-identity KEYS.txt",
        "passphrase" => " --passphrase-file PASSPHRASE.txt",
        _ => "",
    };
    format!("clawbutler audit restore {quoted}{key}")
}

#[cfg(test)]
mod tests {
    use clawbutler_wire::Seq;
    use clawbutler_wire::retention::{ClassReport, EntryPlace};

    use super::*;

    fn report(entries: u64, steps: u64, returned: Option<u64>) -> RetentionReport {
        let place = EntryPlace { seq: Seq(1), at: 0 };
        let class = |entries| ClassReport {
            class: "actions".to_owned(),
            entries: Seq(entries),
            bytes: Seq(entries * 3_100),
            oldest: place,
            newest: place,
        };
        let classes = if entries == 0 { Vec::new() } else { vec![class(entries - 1), class(1)] };
        RetentionReport { at: 0, classes, steps: Seq(steps), returned: returned.map(Seq) }
    }

    #[test]
    fn every_class_is_read_and_written_where_the_wire_has_it() {
        for class in Class::ALL {
            let keep = Keep { days: Some(30), megabytes: (class != Class::Steps).then_some(5) };
            let mut settings = RetentionSettings::default();
            assert!(!limits_something(&settings));
            class.set(&mut settings, keep);
            assert!(limits_something(&settings));
            for other in Class::ALL {
                let expected = if other == class { keep } else { Keep::default() };
                assert_eq!(other.of(&settings), expected, "{class:?} leaves {other:?}");
            }
            assert_eq!(class_name(class.key()), class.name());
        }
        assert_eq!(class_name("later"), "later");
    }

    #[test]
    fn bounds_are_whole_numbers_within_what_the_engine_takes() {
        assert_eq!(["1", " 90 ", "3650"].map(|typed| bound(typed, MOST_DAYS)), [Some(1), Some(90), Some(3_650)]);
        for typed in ["", "0", "-1", "1.5", "3651", "9999999999", "ten"] {
            assert_eq!(bound(typed, MOST_DAYS), None, "{typed:?}");
        }
        assert_eq!(bound("1000000", MOST_MEGABYTES), Some(1_000_000));
    }

    #[test]
    fn sizes_never_say_more_than_there_is() {
        let said = [0, 1, 999, 1_000, 4_290, 999_999, 1_000_000, 1_299_999, 1_234_500_000_000].map(size);
        let expected =
            ["0 bytes", "1 byte", "999 bytes", "1.0 kB", "4.2 kB", "999.9 kB", "1.0 MB", "1.2 MB", "1,234.5 GB"];
        assert_eq!(said, expected.map(str::to_owned));
    }

    #[test]
    fn what_goes_and_went_is_one_sentence() {
        assert_eq!(what_goes(&report(0, 0, None)), "nothing");
        assert!(is_empty(&report(0, 0, None)) && !is_empty(&report(0, 1, None)) && !is_empty(&report(2, 0, None)));
        let labels = [(0, 0), (0, 5), (7, 0), (1, 5)].map(|(entries, steps)| remove(&report(entries, steps, None)));
        let expected = [
            "Nothing to remove",
            "Remove these steps",
            "Remove the facts of 7 entries",
            "Remove the facts of 1 entry and the steps",
        ];
        assert_eq!(labels, expected);
        assert_eq!(what_goes(&report(0, 1, None)), "1 step of session timelines");
        assert_eq!(
            last_words(&report(400, 1_200, Some(1_000_000)), true),
            "It removed the facts of 400 entries (1.2 MB) and 1,200 steps of session timelines. 1.0 MB went back to the disk."
        );
        assert_eq!(
            last_words(&report(1, 0, Some(0)), true),
            "It removed the facts of 1 entry (3.1 kB). Too little came free for the file to get smaller."
        );
        assert_eq!(
            last_words(&report(1, 0, None), false),
            "It removed the facts of 1 entry (3.1 kB). The freed space is used again by what is recorded later."
        );
    }

    #[test]
    fn a_backup_begins_only_with_what_the_engine_takes() {
        let long = "correct horse battery";
        assert_eq!(refusal(Lock::None, "/a.db", "", "", ""), None);
        assert_eq!(refusal(Lock::None, " ", "", "", ""), Some("Say where the file goes."));
        assert_eq!(refusal(Lock::Recipient, "/a", " age1qq", "", ""), None);
        assert!(refusal(Lock::Recipient, "/a", "AGE-SECRET-KEY-1", "", "").is_some());
        assert_eq!(refusal(Lock::Passphrase, "/a", "", long, long), None);
        assert!(refusal(Lock::Passphrase, "/a", "", "short", "short").is_some());
        assert!(refusal(Lock::Passphrase, "/a", "", long, "correct horse batterie").is_some());
    }

    #[test]
    fn a_backup_has_a_name_and_a_way_back() {
        assert_eq!(file_name("2026-11-25T14:20", Lock::None), "clawbutler-backup-2026-11-25-1420.db");
        assert_eq!(file_name("2026-11-25T14:20", Lock::Passphrase), "clawbutler-backup-2026-11-25-1420.db.age");
        assert_eq!(restore("/b.db", "none"), "clawbutler audit restore /b.db");
        assert_eq!(restore("/b.age", "recipient"), "clawbutler audit restore /b.age --age-identity KEYS.txt");
        assert_eq!(
            restore("/my b.age", "passphrase"),
            "clawbutler audit restore \"/my b.age\" --passphrase-file PASSPHRASE.txt"
        );
    }
}
