//! Programs with the words among their arguments that make them risky, as data.

mod outside;
mod system;

use std::collections::HashMap;
use std::sync::LazyLock;

use clawbutler_core::risk::RiskLevel;

/// What a program with certain arguments means.
#[derive(Debug)]
pub(crate) struct Row {
    /// Names of the program (`a|b`).
    pub(crate) programs: &'static str,
    /// Words that must be its first operands, in order (`volume rm|prune`); `~word`: anywhere among them.
    pub(crate) words: &'static str,
    /// Options that must all be there (`-f|--force`).
    pub(crate) flags: &'static str,
    /// Options or words with which the row does not apply (`--dry-run`).
    pub(crate) unless: &'static str,
    pub(crate) level: RiskLevel,
    /// Name of the signal.
    pub(crate) name: &'static str,
    pub(crate) says: &'static str,
}

const fn row(
    programs: &'static str,
    words: &'static str,
    flags: &'static str,
    unless: &'static str,
    level: RiskLevel,
    name: &'static str,
    says: &'static str,
) -> Row {
    Row { programs, words, flags, unless, level, name, says }
}

static BY_PROGRAM: LazyLock<HashMap<&'static str, Vec<&'static Row>>> = LazyLock::new(|| {
    let mut map: HashMap<&'static str, Vec<&'static Row>> = HashMap::new();
    for row in system::ROWS.iter().chain(outside::ROWS) {
        for program in row.programs.split('|') {
            map.entry(program).or_default().push(row);
        }
    }
    map
});

/// Rows of a program; `mkfs.ext4` and its kin are `mkfs`.
pub(crate) fn of(program: &str) -> &'static [&'static Row] {
    let name = if program.starts_with("mkfs.") { "mkfs" } else { program };
    BY_PROGRAM.get(name).map_or(&[], Vec::as_slice)
}
