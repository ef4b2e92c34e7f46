//! A runtime's name stands in its connector, its connection and the lists only.
//!
//! The names are those of the folders of `connectors`; a literal is one when it has the name as a word in it.

use std::path::Path;

use anyhow::{Context, Result};

use super::Findings;

/// Where names stand by need; `docs/adding-a-connector.md` says of each why.
const ALLOWED: &[&str] = &[
    "crates/connectors/",
    "crates/attach/src/",
    "crates/testkit/",
    "crates/core/src/redact/look.rs",
    "crates/policy/src/paths/tables.rs",
    "crates/policy/src/shell/tables/mod.rs",
    "crates/policy/src/shell/judge/agents.rs",
    "crates/policy/src/windows/judge/programs.rs",
    "crates/policy/src/windows/judge/environment.rs",
];
/// Development only.
const TESTS: &[&str] = &["tests/", "benches/", "fuzz/", "xtask/"];

/// The ids of the runtimes, by the folders of their connectors.
pub(crate) fn ids(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("crates/connectors/src");
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.path().join("discover.rs").is_file() {
            ids.push(entry.file_name().to_string_lossy().replace('_', "-"));
        }
    }
    ids.sort();
    Ok(ids)
}

/// Judges one file by its path in the checkout.
pub(crate) fn check(name: &str, text: &str, ids: &[String], found: &mut Findings) {
    let rust = name.rsplit_once('.').is_some_and(|(_, extension)| extension == "rs");
    let apart = ALLOWED.iter().chain(TESTS).any(|place| name.starts_with(place));
    let beside = ["/tests/", "/benches/", "/examples/"].iter().any(|folder| name.contains(folder));
    if !rust || apart || beside || name.ends_with("tests.rs") {
        return;
    }
    let shipped = text.lines().enumerate().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    for (index, line) in shipped.filter(|(_, line)| !line.trim_start().starts_with("//")) {
        if let Some(id) = ids.iter().find(|id| literals(line).any(|text| has_word(text, id))) {
            found.problems.push(format!(
                "{name}:{} names the runtime {id}; let its connector say it, or see docs/adding-a-connector.md",
                index + 1
            ));
        }
    }
}

/// The texts between quotation marks of a line, as far as one line tells.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split(|c: char| !part(c)).any(|one| one == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(name: &str, line: &str) -> usize {
        let mut found = Findings::default();
        let ids = ["codex", "claude-code"].map(str::to_owned);
        check(name, &format!("//! A.\n{line}"), &ids, &mut found);
        found.problems.len()
    }

    #[test]
    fn a_name_stands_in_the_lists_only() {
        assert_eq!(problems("crates/butler/src/a.rs", r#"const A: &str = "codex";"#), 1);
        assert_eq!(problems("crates/butler/src/a.rs", r#"says("run `codex approve` there")"#), 1);
        assert_eq!(problems("ui/src/a.rs", r#"matches!(id, "claude-code")"#), 1);
        assert_eq!(problems("crates/butler/src/a.rs", "use clawbutler_attach::codex::Daemon;"), 0);
        assert_eq!(problems("crates/butler/src/a.rs", r#"f("codexes", "claude-code-router")"#), 0);
        assert_eq!(problems("crates/butler/src/a.rs", "// \"codex\""), 0);
        assert_eq!(problems("crates/butler/src/a.rs", "#[cfg(test)]\nconst A: &str = \"codex\";"), 0);
        assert_eq!(problems("crates/connectors/src/a.rs", r#""codex""#), 0);
        assert_eq!(problems("tests/browser/a.rs", r#""codex""#), 0);
        assert_eq!(problems("crates/butler/tests/it/a.rs", r#""codex""#), 0);
    }

    #[test]
    fn the_names_are_those_of_the_connectors() {
        let ids = ids(crate::place::root()).unwrap();
        assert!(["claude-code", "openclaw"].iter().all(|id| ids.iter().any(|one| one == id)), "{ids:?}");
    }
}
