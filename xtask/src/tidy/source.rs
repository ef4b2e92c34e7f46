//! Rules on single files: size, opening, words that must not stay.

use super::Findings;

const LINES_WARN: usize = 500;
const LINES_FAIL: usize = 800;
/// Written apart, so that this file does not break its own rule.
const MARKERS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
const SILENCED: &[&str] = &[concat!("#[all", "ow("), concat!("#![all", "ow(")];
/// What a pure crate never touches, whoever it would get it from.
const WORLD: &[&str] =
    &["std::fs", "std::env", "std::net", "std::process", "std::thread", "SystemTime", "Instant::now"];
const PURE: &[&str] = &["crates/core/src/", "crates/policy/src/", "crates/ledger/src/", "crates/wire/src/"];
const TEXT: &[&str] = &["rs", "toml", "md", "css", "html", "js", "json", "py", "sh", "sql"];

/// Judges one file by its path in the checkout.
pub(crate) fn check(name: &str, text: &str, found: &mut Findings) {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if TEXT.contains(&extension) || name == ".ci/run" {
        markers(name, text, found);
    }
    if extension != "rs" {
        return;
    }
    let lines = text.lines().count();
    if lines > LINES_FAIL {
        found.problems.push(format!("{name} has {lines} lines; {LINES_FAIL} is the end"));
    } else if lines > LINES_WARN {
        found.warnings.push(format!("{name} has {lines} lines; split it before {LINES_FAIL}"));
    }
    opening(name, text, found);
    for (number, line) in numbered(text) {
        if SILENCED.iter().any(|word| line.contains(word)) {
            found.problems.push(format!("{name}:{number} silences a lint; use #[expect(…, reason = \"…\")]"));
        }
    }
    pure(name, text, found);
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// A crate says its purpose first; other files should.
fn opening(name: &str, text: &str, found: &mut Findings) {
    if text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| line.starts_with("//!")) {
        return;
    }
    let says = format!("{name} does not open with `//!` and its purpose");
    if name.ends_with("src/lib.rs") || name.ends_with("src/main.rs") {
        found.problems.push(says);
    } else {
        found.warnings.push(says);
    }
}

fn markers(name: &str, text: &str, found: &mut Findings) {
    for (number, line) in numbered(text) {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(word) = words.find(|word| MARKERS.contains(word)) {
            found.problems.push(format!("{name}:{number} says {word}; do it, or open an issue"));
        }
    }
}

fn pure(name: &str, text: &str, found: &mut Findings) {
    if !PURE.iter().any(|folder| name.starts_with(folder)) || name.ends_with("tests.rs") || name.contains("/tests/") {
        return;
    }
    let shipped = numbered(text).take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    for (number, line) in shipped.filter(|(_, line)| !line.trim_start().starts_with("//")) {
        if let Some(word) = WORLD.iter().find(|word| line.contains(*word)) {
            found.problems.push(format!("{name}:{number} uses {word} in a pure crate; take it as an argument"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(name: &str, text: &str) -> Vec<String> {
        let mut found = Findings::default();
        check(name, text, &mut found);
        found.problems
    }

    #[test]
    fn long_files_warn_then_fail() {
        let long = |lines: usize| format!("//! Long.\n{}", "\n".repeat(lines - 1));
        let mut found = Findings::default();
        check("a/b.rs", &long(500), &mut found);
        assert!(found.warnings.is_empty());
        check("a/b.rs", &long(501), &mut found);
        assert_eq!((found.warnings.len(), found.problems.len()), (1, 0));
        assert_eq!(problems("a/b.rs", &long(801)).len(), 1);
    }

    #[test]
    fn crates_open_with_their_purpose() {
        assert_eq!(problems("crates/x/src/lib.rs", "fn main() {}").len(), 1);
        assert!(problems("crates/x/src/lib.rs", "\n//! Purpose.\n").is_empty());
        assert!(problems("crates/x/src/part.rs", "fn main() {}").is_empty());
    }

    #[test]
    fn markers_are_whole_words() {
        let line = format!("//! A. {}: later", MARKERS[0]);
        assert_eq!(problems("a/b.rs", &line), [format!("a/b.rs:1 says {}; do it, or open an issue", MARKERS[0])]);
        assert!(problems("a/b.md", &format!("{}LIST", MARKERS[0])).is_empty());
    }

    #[test]
    fn lints_are_expected_not_silenced() {
        assert_eq!(problems("a/b.rs", &format!("//! A.\n{}dead_code)]", SILENCED[0])).len(), 1);
        assert!(problems("a/b.rs", "//! A.\n#[expect(dead_code, reason = \"r\")]").is_empty());
    }

    #[test]
    fn pure_crates_do_not_touch_the_world_outside_tests() {
        let line = "//! A.\nuse std::fs;\n";
        assert_eq!(problems("crates/core/src/a.rs", line).len(), 1);
        assert!(problems("crates/store/src/a.rs", line).is_empty());
        assert!(problems("crates/core/src/a.rs", "//! A.\n#[cfg(test)]\nuse std::fs;\n").is_empty());
    }
}
