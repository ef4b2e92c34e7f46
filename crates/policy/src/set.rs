//! A set of rules: versioned, indexed, handed to hooks as a snapshot.

use clawbutler_core::digest;
use clawbutler_core::verdict::Decision;
use serde::{Deserialize, Serialize};

use crate::Rule;
use crate::rule::When;
use crate::scene::{Gate, Scene};
use crate::tuning::{self, Tuning};

/// Rules with the version that pins every verdict to them.
#[derive(Debug, Clone)]
pub struct RuleSet {
    version: String,
    entries: Vec<(String, Rule)>,
    tunings: Vec<Tuning>,
    index: Index,
}

/// Two sets are the same when their versions are: the digest is over everything in them.
impl PartialEq for RuleSet {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version
    }
}

impl Eq for RuleSet {}

/// Why a snapshot is not used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Not in the form of a snapshot.
    #[error("the snapshot cannot be read")]
    Form,
    /// It was changed.
    #[error("the snapshot does not fit its digest")]
    Changed,
}

#[derive(Serialize)]
struct Written<'a> {
    version: &'a str,
    tunings: &'a [Tuning],
    rules: Vec<(&'a str, Rule)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    version: String,
    tunings: Vec<Tuning>,
    rules: Vec<(String, Rule)>,
}

impl RuleSet {
    /// A set of rules under their full names.
    pub(crate) fn of(entries: Vec<(String, Rule)>, tunings: Vec<Tuning>) -> Self {
        let version = digest::of(&(&entries, &tunings));
        Self::with_version(version, entries, tunings)
    }

    fn with_version(version: String, entries: Vec<(String, Rule)>, tunings: Vec<Tuning>) -> Self {
        let index = Index::of(&entries);
        Self { version, entries, tunings, index }
    }

    /// The balanced pack. Where rule files cannot be read (in the hook) there are no rules, and the floor
    /// holds.
    pub fn builtin() -> Self {
        #[cfg(feature = "load")]
        return Self::from_toml(include_str!("../rules/balanced.toml"))
            .expect("BUG: the balanced pack loads; a test says so");
        #[cfg(not(feature = "load"))]
        Self::of(Vec::new(), Vec::new())
    }

    /// Digest (hex) of the rules' canonical form, tuning included.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The rules in their order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.entries.iter().map(|(_, rule)| rule)
    }

    /// The rules under the names that verdicts use: `file/id`, or the id alone for rules of no file.
    pub fn named(&self) -> impl ExactSizeIterator<Item = (&str, &Rule)> {
        self.entries.iter().map(|(name, rule)| (name.as_str(), rule))
    }

    /// How signals are tuned, sorted by name.
    pub fn tunings(&self) -> &[Tuning] {
        &self.tunings
    }

    pub(crate) fn at(&self, index: usize) -> (&str, &Rule) {
        let (name, rule) = &self.entries[index];
        (name, rule)
    }

    pub(crate) fn gate(&self, index: usize) -> &Gate {
        &self.index.gates[index]
    }

    /// Rules that could match the scene, in their order; every rule that does match is among them.
    pub(crate) fn candidates(&self, scene: &Scene<'_>) -> Vec<u64> {
        self.index.candidates(scene)
    }

    /// The set as text with its digest inside, without the examples.
    pub fn to_snapshot(&self) -> String {
        let lean = |rule: &Rule| Rule { matches: Vec::new(), ignores: Vec::new(), ..rule.clone() };
        let written = Written {
            version: &self.version,
            tunings: &self.tunings,
            rules: self.entries.iter().map(|(name, rule)| (name.as_str(), lean(rule))).collect(),
        };
        let body = serde_json::to_string(&written).expect("BUG: rules are plain data");
        format!("{}\n{body}", digest::sha256(body.as_bytes()))
    }

    /// Reads a snapshot; one that does not fit its digest is refused. Its rules have no examples.
    pub fn from_snapshot(text: &str) -> Result<Self, SnapshotError> {
        let (expected, body) = text.split_once('\n').ok_or(SnapshotError::Form)?;
        if digest::sha256(body.as_bytes()) != expected {
            return Err(SnapshotError::Changed);
        }
        let read: Read = serde_json::from_str(body).map_err(|_| SnapshotError::Form)?;
        Ok(Self::with_version(read.version, read.rules, read.tunings))
    }

    /// Whether `new` can never be laxer than `old`, whatever the action, the moment and what is known: every
    /// rule that asks or denies is still there or has become stricter, what is new only asks or denies, and
    /// signals are only raised. True only when it is certain; a set that is only reworded can come out false.
    pub fn is_tightening(old: &Self, new: &Self) -> bool {
        let in_force = |set: &Self| -> Vec<Rule> { set.rules().filter(|rule| rule.counts()).cloned().collect() };
        let (before, after) = (in_force(old), in_force(new));
        let kept = before.iter().filter(|rule| !rule.permits()).all(|rule| {
            after.iter().any(|other| {
                let lasts = other.expires.is_none() || other.expires == rule.expires;
                other.when == rule.when && other.decision >= rule.decision && lasts
            })
        });
        // What permissions cover depends on each other: they may only become fewer.
        let has = |rules: &[Rule], wanted: &Rule| {
            rules.iter().any(|rule| {
                rule.when == wanted.when && rule.decision == wanted.decision && rule.expires == wanted.expires
            })
        };
        let none_new = after.iter().filter(|rule| rule.permits()).all(|rule| has(&before, rule));
        // A `defer` that goes, or no longer holds, may leave the field to an `allow`.
        let allows = after.iter().any(|rule| rule.decision == Decision::Allow);
        let defers: Vec<&Rule> = before.iter().filter(|rule| rule.decision == Decision::Defer).collect();
        let defers_stay = !allows || defers.iter().all(|rule| has(&after, rule));
        // A raised signal takes an action out of a rule for low risk, and out of a `defer`.
        let capped = before.iter().any(|rule| !rule.permits() && rule.when.risk_at_most.is_some());
        let sensitive = capped || (allows && !defers.is_empty());
        kept && none_new
            && defers_stay
            && tuning::is_raised(&old.tunings, &new.tunings)
            && (old.tunings == new.tunings || !sensitive)
    }
}

/// Which rules are worth a look, by the programs and signals they name.
#[derive(Debug, Clone)]
struct Index {
    gates: Vec<Gate>,
    /// Rules that name neither, one bit each.
    always: Vec<u64>,
    /// Sorted hashes of words with the rule that names them; a clash costs a look and nothing else.
    words: Vec<(u64, u32)>,
}

/// How a program and a signal of the same name stay apart.
#[derive(Clone, Copy)]
enum Kind {
    Program = 1,
    Signal = 2,
}

fn hash(kind: Kind, word: &str) -> u64 {
    // FNV-1a: short words, no attacker gains anything by a clash.
    let start = 0xcbf2_9ce4_8422_2325 ^ kind as u64;
    word.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// The literal word an entry of `programs` begins with.
fn literal(entry: &str) -> Option<&str> {
    entry.split_whitespace().next().filter(|word| !word.contains(['*', '?']))
}

impl Index {
    fn of(entries: &[(String, Rule)]) -> Self {
        let mut index = Self {
            gates: Vec::with_capacity(entries.len()),
            always: vec![0; entries.len().div_ceil(64)],
            words: Vec::with_capacity(entries.len()),
        };
        for (at, (_, rule)) in entries.iter().enumerate() {
            index.gates.push(Gate::of(rule));
            if rule.enabled {
                index.add(at, &rule.when);
            }
        }
        index.words.sort_unstable();
        index
    }

    fn add(&mut self, at: usize, when: &When) {
        let number = u32::try_from(at).expect("BUG: limits::RULES is far below");
        if !when.programs.is_empty() && when.programs.iter().all(|entry| literal(entry).is_some()) {
            let words = when.programs.iter().filter_map(|entry| literal(entry));
            self.words.extend(words.map(|word| (hash(Kind::Program, word), number)));
        } else if !when.signals.is_empty() {
            self.words.extend(when.signals.iter().map(|name| (hash(Kind::Signal, name), number)));
        } else {
            self.always[at / 64] |= 1 << (at % 64);
        }
    }

    fn candidates(&self, scene: &Scene<'_>) -> Vec<u64> {
        let mut bits = self.always.clone();
        let mut mark = |wanted: u64| {
            let start = self.words.partition_point(|(hash, _)| *hash < wanted);
            for (_, rule) in self.words[start..].iter().take_while(|(hash, _)| *hash == wanted) {
                let at = *rule as usize;
                bits[at / 64] |= 1 << (at % 64);
            }
        };
        for part in &scene.looked.parts {
            mark(hash(Kind::Program, &part.program));
        }
        for signal in &scene.looked.assessment.signals {
            mark(hash(Kind::Signal, &signal.name));
        }
        bits
    }
}

/// The positions of the bits that are set.
pub(crate) fn positions(bits: &[u64]) -> impl Iterator<Item = usize> + '_ {
    bits.iter().enumerate().flat_map(|(word, bits)| {
        let mut left = *bits;
        std::iter::from_fn(move || {
            (left != 0).then(|| {
                let at = left.trailing_zeros() as usize;
                left &= left - 1;
                word * 64 + at
            })
        })
    })
}
