//! A copy of a database that is in use, by SQLite's own online backup.

use std::path::Path;
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::backup::{Backup, StepResult};

use crate::StoreError;
use crate::open::connect;

/// Pages copied between two reports of progress.
const PAGES: i32 = 512;
/// Tries of a step while another program holds the source, and the wait between two.
const TRIES: u32 = 200;
const WAIT: Duration = Duration::from_millis(25);

/// Copies the database at `from`, as it is at one moment and while others write, to the new or empty file `to`, which
/// is one file afterwards. `progress` is told bytes copied and bytes in all, and ends the copy with `false`. Whether the
/// copy is whole.
pub fn copy(from: &Path, to: &Path, mut progress: impl FnMut(u64, u64) -> bool) -> Result<bool, StoreError> {
    let source = connect(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // Held open over all steps: what others write meanwhile does not start the copy anew.
    source.execute_batch("BEGIN")?;
    let page: u64 = source.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let mut target = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    {
        let backup = Backup::new(&source, &mut target)?;
        let mut tries = 0;
        loop {
            let step = backup.step(PAGES)?;
            let at = backup.progress();
            let bytes = |pages: i32| u64::try_from(pages).unwrap_or(0) * page;
            let go_on = progress(bytes(at.pagecount - at.remaining), bytes(at.pagecount));
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ if tries >= TRIES => {
                    return Err(StoreError::Io(std::io::Error::other("another program holds the database")));
                }
                _ => {
                    tries += 1;
                    std::thread::sleep(WAIT);
                }
            }
            if !go_on {
                return Ok(false);
            }
        }
    }
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    drop(target);
    std::fs::File::open(to)?.sync_all()?;
    Ok(true)
}

/// Makes a database that nobody else has open one file, without a write-ahead log beside it.
pub fn as_one_file(path: &Path) -> Result<(), StoreError> {
    let database = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    database.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    drop(database);
    Ok(std::fs::File::open(path)?.sync_all()?)
}
