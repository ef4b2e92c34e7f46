//! Text that is never shown.

use std::fmt;

/// A token. Its `Debug` shows nothing of it, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a token; blanks around it, as pasting leaves them, are dropped.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The token itself: for the wire and for the operating system's key store, nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` without this token, should somebody have repeated it.
    pub(crate) fn cut_from(&self, text: &str) -> String {
        if self.0.len() < 6 { text.to_owned() } else { text.replace(&self.0, "…") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_never_shown_and_cut_from_what_others_say() {
        let secret = Secret::new(" tok-123456\n");
        assert_eq!(secret.expose(), "tok-123456");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.cut_from("bad token tok-123456!"), "bad token …!");
        assert_eq!(Secret::new("").cut_from("nothing"), "nothing");
    }
}
