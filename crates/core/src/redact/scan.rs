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

/// Longest word that is told without a search (bytes). No shape of a key is as short without digits.
const PLAIN: usize = 16;

/// Whether a text is one short word of letters, in which nothing can be found: most names and values of fields are.
pub(super) fn is_plain_word(text: &str) -> bool {
    text.len() <= PLAIN && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

/// Whether any of the words that announce something is in a text.
pub(super) fn announces(text: &str) -> bool {
    WORDS.as_ref().is_none_or(|words| words.is_match(text))
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn nothing_is_found_in_a_plain_word(
            prefix in prop::sample::select(SHAPES.iter().map(|shape| shape.prefix).chain(words::WORDS.iter().map(|word| word.0)).collect::<Vec<_>>()),
            rest in "[A-Za-z_]{0,16}",
            addresses in any::<bool>(),
        ) {
            let text: String = format!("{prefix}{rest}").chars().take(PLAIN).collect();
            if is_plain_word(&text) {
                prop_assert_eq!(scan(&text, Choice { addresses }), [], "{}", text);
            }
        }
    }
}
