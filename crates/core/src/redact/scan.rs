//! One pass over a text that finds every place worth a look.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

use super::shapes::SHAPES;
use super::words;
use super::{Choice, Finding, named, personal, providers};

/// Prefixes of keys, exactly as they are written.
static PREFIXES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasickBuilder::new().kind(Some(AhoCorasickKind::DFA)).build(SHAPES.iter().map(|shape| shape.prefix)).ok()
});

/// Words that announce a secret, a URL or a key block, in any case.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        .build(words::WORDS.iter().map(|word| word.0))
        .ok()
});

/// Every finding, unordered, overlaps included.
pub(super) fn scan(text: &str, choice: Choice) -> Vec<Finding> {
    let mut found = Vec::new();
    // Patterns are constant; should they ever not build, the tests say so before a release does.
    if let Some(prefixes) = PREFIXES.as_ref() {
        for hit in prefixes.find_overlapping_iter(text) {
            found.extend(providers::look(text, hit.start(), hit.pattern().as_usize()));
        }
    }
    if let Some(words) = WORDS.as_ref() {
        for hit in words.find_iter(text) {
            named::look(text, hit.start(), hit.end(), hit.pattern().as_usize(), &mut found);
        }
    }
    personal::scan(text, choice, &mut found);
    found
}
