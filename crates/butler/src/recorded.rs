//! What agents wanted to do, read from a database that no engine needs to run for.

use std::path::Path;

use clawbutler_core::action::Action;
use clawbutler_core::clock::Timestamp;
use clawbutler_core::limits::PAGE_ROWS;
use clawbutler_store::{Store, StoreError};

use crate::{Butler, Error};

/// One recorded action.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// When it was asked about.
    pub at: Timestamp,
    /// Connector id.
    pub runtime: String,
    /// The runtime's session id.
    pub session: String,
    /// One line for lists.
    pub headline: String,
    /// Masked; `None` where it was too large to keep whole and so cannot be judged again.
    pub action: Option<Action>,
    /// Minute of the user's day then, 0 to 1439.
    pub minute: Option<u16>,
    /// Day of the user's week then, 0 is Monday.
    pub weekday: Option<u8>,
}

impl Butler {
    /// Hands over the recorded actions since a time, newest first, until `each` says `false`. Reads only, one
    /// page in memory at a time. An error where there is no database or it is of an older version.
    pub fn history_file(
        database: &Path,
        since: Timestamp,
        mut each: impl FnMut(Recorded) -> bool,
    ) -> Result<(), Error> {
        let page = u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX);
        Store::read_only::<_, StoreError>(database, |read| {
            let mut before = i64::MAX;
            loop {
                let rows = read.actions_page(since, before, page)?;
                let Some(oldest) = rows.last() else { return Ok(()) };
                before = oldest.id;
                for row in rows {
                    let recorded = Recorded {
                        at: row.at,
                        runtime: row.runtime,
                        session: row.session,
                        headline: row.headline,
                        action: row.action,
                        minute: row.minute,
                        weekday: row.weekday,
                    };
                    if !each(recorded) {
                        return Ok(());
                    }
                }
            }
        })?;
        Ok(())
    }
}
