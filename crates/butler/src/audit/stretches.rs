//! Stretches of the log that nothing of ours covered, as its own later entries name them.

use clawbutler_ledger::Kind;
use clawbutler_ledger::verify::STRETCHES;
use clawbutler_store::Read;

use crate::Error;

/// The stretches a log tells of.
#[derive(Debug)]
pub(crate) struct Stretches {
    ends: Vec<(u64, u64)>,
    /// There are more than are looked at: every entry may stand in one.
    uncounted: bool,
}

impl Stretches {
    pub(crate) fn of(read: &Read<'_>) -> Result<Self, Error> {
        let rows = read.ledger_sought(&[Kind::LogTailUnproven], STRETCHES)?;
        let facts = rows.iter().filter_map(|row| row.data());
        // Where sealed entries were lost, the numbers were given anew.
        let ends = facts
            .filter(|data| data["lost"] != true)
            .filter_map(|data| Some((data["from"].as_u64()?, data["to"].as_u64()?)))
            .collect();
        Ok(Self { ends, uncounted: rows.len() >= STRETCHES })
    }

    /// Whether an entry stands in one, or may.
    pub(crate) fn has(&self, seq: u64) -> bool {
        self.uncounted || self.ends.iter().any(|(from, to)| (*from..=*to).contains(&seq))
    }
}
