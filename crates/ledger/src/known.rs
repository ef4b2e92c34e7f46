//! Stretches that the log itself says nothing covered, and whether a person said that they know of them.

use clawbutler_core::id::hex;
use serde_json::Value;

use crate::entry::Kind;
use crate::merkle::Hash;

/// Unproven stretches that are told at most. With as many or more, none counts as known.
pub const STRETCHES: usize = 100;
/// Acknowledgements that are looked at, the first ones.
const ACKNOWLEDGED: usize = 1_000;
/// The actor of an entry that a person made, in canonical form.
const PERSON: &str = "{\"kind\":\"local_user\"}";

/// What the entries of a part of a log tell, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    stretches: Vec<Stretch>,
    acts: Vec<Act>,
}

/// An entry that names a stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    seq: u64,
    hash: Hash,
    from: u64,
    to: u64,
}

/// An entry that says that a person knows of one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Act {
    seq: u64,
    /// The entry that names it, and its hash.
    entry: u64,
    hash: String,
}

/// First and last entry of stretches.
pub(crate) type Ends = Vec<(u64, u64)>;

impl Known {
    /// Looks at an entry that holds.
    pub(crate) fn see(&mut self, kind: &str, actor: &str, seq: u64, hash: &Hash, payload: &str) {
        let facts = || serde_json::from_str::<Value>(payload).unwrap_or_default();
        if kind == Kind::LogTailUnproven.text() && self.stretches.len() < STRETCHES {
            let facts = facts();
            if let (false, Some(from), Some(to)) = (facts["lost"] == true, facts["from"].as_u64(), facts["to"].as_u64())
            {
                self.stretches.push(Stretch { seq, hash: *hash, from, to });
            }
        } else if kind == Kind::LogAcknowledged.text() && actor == PERSON && self.acts.len() < ACKNOWLEDGED {
            let facts = facts();
            if let (true, Some(entry), Some(hash)) =
                (facts["of"] == "unproven", facts["entry"].as_u64(), facts["hash"].as_str())
            {
                self.acts.push(Act { seq, entry, hash: hash.to_owned() });
            }
        }
    }

    /// Takes in what the entries behind tell.
    pub(crate) fn join(&mut self, other: &Self) {
        self.stretches.extend_from_slice(&other.stretches);
        self.stretches.truncate(STRETCHES);
        self.acts.extend_from_slice(&other.acts);
        self.acts.truncate(ACKNOWLEDGED);
    }

    /// The stretches nobody knows of, and those that a person does. It counts when it stands behind the entry it names,
    /// itself covered (up to `proven`) and in no stretch of its own.
    pub(crate) fn told(&self, proven: u64) -> (Ends, Ends) {
        let few = self.stretches.len() < STRETCHES;
        let counts = |act: &&Act| {
            few && act.seq <= proven && !self.stretches.iter().any(|one| (one.from..=one.to).contains(&act.seq))
        };
        let is_known = |stretch: &&Stretch| {
            let of_it = |act: &Act| act.entry == stretch.seq && act.seq > stretch.seq && act.hash == hex(&stretch.hash);
            self.acts.iter().filter(counts).any(of_it)
        };
        let (known, unknown): (Vec<_>, Vec<_>) = self.stretches.iter().partition(is_known);
        let ends = |list: Vec<&Stretch>| list.into_iter().map(|one| (one.from, one.to)).collect();
        (ends(unknown), ends(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: Hash = [7; 32];

    fn of(entries: &[(&str, &str, u64, String)]) -> Known {
        let mut known = Known::default();
        for (kind, actor, seq, payload) in entries {
            known.see(kind, actor, *seq, &HASH, payload);
        }
        known
    }

    fn named(seq: u64, from: u64, to: u64) -> (&'static str, &'static str, u64, String) {
        ("log.tail_unproven", "{\"kind\":\"engine\"}", seq, format!("{{\"from\":{from},\"to\":{to}}}"))
    }

    fn act(seq: u64, actor: &'static str, entry: u64, hash: &str) -> (&'static str, &'static str, u64, String) {
        let payload = format!("{{\"entry\":{entry},\"hash\":\"{hash}\",\"of\":\"unproven\"}}");
        ("log.acknowledged", actor, seq, payload)
    }

    #[test]
    fn only_a_persons_covered_word_on_that_very_entry_counts() {
        let good = hex(&HASH);
        let unknown = (vec![(4, 5)], Vec::new());
        let known = (Vec::new(), vec![(4, 5)]);
        let told = |acts: &[_], proven| of(&[&[named(6, 4, 5)], acts].concat()).told(proven);
        assert_eq!(told(&[], 9), unknown);
        assert_eq!(told(&[act(7, PERSON, 6, &good)], 9), known);
        assert_eq!(told(&[act(7, PERSON, 6, &good)], 6), unknown, "not covered yet");
        assert_eq!(told(&[act(7, "{\"kind\":\"engine\"}", 6, &good)], 9), unknown, "not a person");
        assert_eq!(told(&[act(7, PERSON, 3, &good)], 9), unknown, "of another entry");
        assert_eq!(told(&[act(7, PERSON, 6, &hex(&[8; 32]))], 9), unknown, "of another log");
        let slipped = of(&[named(6, 4, 5), act(7, PERSON, 6, &good), named(9, 7, 8)]);
        assert_eq!(slipped.told(9), (vec![(4, 5), (7, 8)], Vec::new()), "written while nothing covered the end");
    }

    #[test]
    fn blocks_tell_the_same_as_one_after_the_other() {
        let entries = [named(6, 4, 5), act(7, PERSON, 6, &hex(&HASH)), named(9, 8, 8)];
        for at in 0..=entries.len() {
            let mut first = of(&entries[..at]);
            first.join(&of(&entries[at..]));
            assert_eq!(first, of(&entries), "split at {at}");
        }
    }
}
