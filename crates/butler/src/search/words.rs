//! Words of a text, the same for entries and for queries.

/// Longest word (characters); what is longer is cut, in entries and queries alike.
const WORD_CHARS: usize = 64;

/// Letters and digits that stand together, in lower case.
pub(super) fn of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| {
        word.chars().take(WORD_CHARS).flat_map(char::to_lowercase).filter(|one| one.is_alphanumeric()).collect()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_letters_and_digits() {
        let found: Vec<String> = super::of("git push --force ../Größe_2 \"日本\"").collect();
        assert_eq!(found, ["git", "push", "force", "größe", "2", "日本"]);
    }
}
