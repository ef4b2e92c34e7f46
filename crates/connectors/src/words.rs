//! What a hook says to a client, and what it keeps of a client's words: cut, and shown as it is.
//!
//! Linked into the hook program; must stay free of files and parsers.

/// Longest fact kept (characters).
pub(crate) const FACT_CHARS: usize = 1024;
/// Longest reason said (characters); Claude Code moves texts over 10,000 into a file.
const REASON_CHARS: usize = 4_000;
/// What every refusal tells the model to do next.
const ADVICE: &str = "Do not retry this call or reach the same effect another way. Tell the user what you wanted to do \
                      and why, and wait for their answer or go on with what does not need it.";

/// At most so many characters of a text.
pub(crate) fn cut(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or(text, |(at, _)| &text[..at])
}

/// A reason as it is said: cut, and with what would steer a terminal spelt out. An empty one is replaced.
pub(crate) fn said(reason: &str, otherwise: &str) -> String {
    let reason = reason.trim();
    visible(cut(if reason.is_empty() { otherwise } else { reason }, REASON_CHARS))
}

/// A refusal: the reason, and what the model is to do next.
pub(crate) fn refusal(reason: &str, otherwise: &str) -> String {
    let reason = said(reason, otherwise);
    let stop = if reason.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{reason}{stop} {ADVICE}")
}

/// A reason may quote the call: what would steer a terminal or turn the reading direction is spelt out.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns =
            matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns || (c.is_control() && !matches!(c, '\n' | '\t')) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Where and how JSON breaks, never what stands there: it may hold secrets.
pub(crate) fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax | serde_json::error::Category::Data => {
            "it breaks"
        }
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

/// Scheme and host of an address only: the rest may carry a key.
pub(crate) fn address(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "an address".to_owned() };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

/// The words of a command that cannot be secrets; the others become dots.
pub(crate) fn safe_words(command: &str) -> String {
    let safe = |word: &str| {
        let letters = word.chars().all(|c| c.is_ascii_alphanumeric() || "@/._:-+~".contains(c));
        let mixed = |run: &str| run.len() > 20 && run.contains(|c: char| c.is_ascii_digit());
        let runs = word.split(|c: char| !c.is_ascii_alphanumeric()).any(mixed);
        letters && word.len() <= 120 && !word.contains(":/") && !runs
    };
    let mut hide_next = false;
    let words = command.split_whitespace().map(|word| {
        let names = names_a_secret(word) && word.starts_with('-');
        let hidden = std::mem::replace(&mut hide_next, names);
        if !hidden && safe(word) { word } else { "…" }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn names_a_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ["key", "token", "secret", "password", "auth", "header"].iter().any(|part| word.contains(part))
}

/// Words as a sentence begins: a capital letter first.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}", first.to_uppercase(), chars.as_str()))
}
