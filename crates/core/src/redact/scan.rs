//! One pass over a text that finds every place worth a look.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};

use super::shapes::SHAPES;
use super::words;
use super::{Choice, Finding, named, personal, providers};

/// Prefixes of keys and, behind them, the words that announce a secret, a URL or a key block, in any case. One search
/// for all: a second pass over the text costs more than comparing a prefix again where it was found.
static PLACES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let prefixes = SHAPES.iter().map(|shape| shape.prefix);
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(prefixes.chain(words::WORDS.iter().map(|word| word.0)))
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
    let is_word = |hit: aho_corasick::Match| hit.pattern().as_usize() >= SHAPES.len();
    PLACES.as_ref().is_none_or(|places| places.find_overlapping_iter(text).any(is_word))
}

/// Every finding, unordered, overlaps included.
pub(super) fn scan(text: &str, choice: Choice) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut words: Vec<(usize, usize, usize)> = Vec::new();
    // Patterns are constant; should they ever not build, the tests say so before a release does.
    if let Some(places) = PLACES.as_ref() {
        for hit in places.find_overlapping_iter(text) {
            let (start, end, which) = (hit.start(), hit.end(), hit.pattern().as_usize());
            match SHAPES.get(which) {
                Some(shape) if text.as_bytes()[start..end] == *shape.prefix.as_bytes() => {
                    found.extend(providers::look(text, start, which));
                }
                Some(_) => {}
                None => words.push((start, end, which - SHAPES.len())),
            }
        }
    }
    // Of words that overlap the first counts, and of those that begin at one place the longest.
    words.sort_unstable_by_key(|&(start, end, _)| (start, std::cmp::Reverse(end)));
    let mut free = 0;
    for (start, end, which) in words {
        if start >= free {
            free = end;
            named::look(text, start, end, which, &mut found);
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
