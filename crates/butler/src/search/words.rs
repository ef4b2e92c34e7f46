//! Words of a text, the same for entries and for queries.

/// Longest word (characters); what is longer is cut, in entries and queries alike.
const WORD_CHARS: usize = 64;

/// Letters and digits that stand together, in lower case.
pub(super) fn of(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|one: char| !one.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| {
        word.chars().take(WORD_CHARS).flat_map(char::to_lowercase).filter(|one| one.is_alphanumeric()).collect()
    })
}

/// The words of ASCII text as JSON holds it, escapes and all; names of members are among them.
#[derive(Debug, Clone)]
pub(super) struct Stored<'a>(&'a [u8]);

impl<'a> Stored<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text.as_bytes())
    }
}

impl<'a> Iterator for Stored<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let skipped = match self.0 {
                [] => return None,
                [b'\\', b'u', ..] => 6,
                [b'\\', ..] => 2,
                [one, ..] if one.is_ascii_alphanumeric() => break,
                [..] => 1,
            };
            self.0 = self.0.get(skipped..).unwrap_or_default();
        }
        let length = self.0.iter().take_while(|one| one.is_ascii_alphanumeric()).count();
        let (word, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(&word[..length.min(WORD_CHARS)])
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_letters_and_digits() {
        let found: Vec<String> = super::of("git push --force ../Größe_2 \"日本\"").collect();
        assert_eq!(found, ["git", "push", "force", "größe", "2", "日本"]);
    }
}
