//! Reads a growing file of one record a line, from where it was left: whole lines only, memory bounded.
//!
//! A line that has not ended waits; one that is too long is passed over and counted. What was passed goes through
//! [`Prints`], so that a rewritten file is recognised.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;
use std::time::UNIX_EPOCH;

use clawbutler_core::limits::RECORD_BYTES;
use clawbutler_store::sessions::RecordingRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::prints::Prints;

/// Bytes read at once.
const PIECE_BYTES: usize = 128 * 1024;

/// What has to be known to go on, beside the position.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Saved {
    /// Lines passed so far.
    #[serde(default)]
    pub(super) line: u64,
    /// Inside a line that is too long.
    #[serde(default)]
    pub(super) skipping: bool,
    /// The reader's own.
    #[serde(default)]
    pub(super) reader: Value,
}

impl Saved {
    pub(super) fn of(row: &RecordingRow) -> Self {
        serde_json::from_str(&row.saved).unwrap_or_default()
    }
}

/// Size and time of a file when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) size: u64,
    /// Milliseconds since the epoch.
    pub(super) modified: i64,
}

/// How a file differs from what was read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// Nothing new.
    Same,
    /// There is more, or something was not read yet.
    More,
    /// It is not what it was.
    Rewritten,
}

/// One thing found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// A whole line without its end.
    Line(&'a [u8]),
    /// A line over the bound.
    TooLong,
}

pub(super) fn look(path: &Path) -> io::Result<Look> {
    let facts = std::fs::metadata(path)?;
    let modified = facts.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Ok(Look { size: facts.len(), modified: i64::try_from(modified).unwrap_or(i64::MAX) })
}

/// Device and inode of a file, where the system has them; else nothing.
pub(super) fn identity(path: &Path) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata(path).map(|facts| format!("{}:{}", facts.dev(), facts.ino())).unwrap_or_default()
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        String::new()
    }
}

/// Says whether bytes without a line's end are a whole record.
pub(super) type Whole<'a> = &'a dyn Fn(&[u8]) -> bool;

/// Reads on from `position` until `budget` bytes were taken in or the file ends, and gives each line with the
/// place where it begins and its number. Gives the new position, and whether there is more.
///
/// With `rest`, bytes behind the last line's end count as a line too, when `whole` says that they are one. `prints`
/// takes exactly the bytes before the new position.
pub(super) fn read_on(
    file: &mut File,
    position: u64,
    saved: &mut Saved,
    budget: usize,
    rest: Option<Whole<'_>>,
    prints: &mut Prints,
    mut each: impl FnMut(Found<'_>, u64, u64),
) -> io::Result<(u64, bool)> {
    file.seek(SeekFrom::Start(position))?;
    let (mut start, mut taken) = (position, 0_usize);
    let mut held: Vec<u8> = Vec::new();
    let mut piece = vec![0_u8; PIECE_BYTES];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        taken += count;
        let mut bytes = &piece[..count];
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, after) = (&bytes[..end], &bytes[end + 1..]);
            let length = (held.len() + line.len() + 1) as u64;
            prints.take(&held);
            saved.line += 1;
            if saved.skipping {
                saved.skipping = false;
            } else if held.is_empty() {
                give(line, start, saved.line, &mut each);
            } else {
                held.extend_from_slice(line);
                give(&held, start, saved.line, &mut each);
            }
            held.clear();
            start += length;
            bytes = after;
        }
        prints.take(&piece[..count - bytes.len()]);
        if saved.skipping {
            prints.take(bytes);
            start += bytes.len() as u64;
        } else {
            held.extend_from_slice(bytes);
            if held.len() > RECORD_BYTES {
                each(Found::TooLong, start, saved.line + 1);
                prints.take(&held);
                start += held.len() as u64;
                held = Vec::new();
                saved.skipping = true;
            }
        }
        // A line that began is finished however long it is: else a budget below its length would never pass it.
        if taken >= budget && (held.is_empty() || start > position) {
            return Ok((start, true));
        }
    }
    if !held.is_empty() && rest.is_some_and(|whole| whole(&held)) {
        saved.line += 1;
        give(&held, start, saved.line, &mut each);
        prints.take(&held);
        start += held.len() as u64;
    }
    Ok((start, false))
}

fn give(line: &[u8], start: u64, number: u64, each: &mut impl FnMut(Found<'_>, u64, u64)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > RECORD_BYTES {
        each(Found::TooLong, start, number);
    } else if !line.iter().all(u8::is_ascii_whitespace) {
        each(Found::Line(line), start, number);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn all(file: &mut File, position: &mut u64, saved: &mut Saved, budget: usize) -> Vec<(String, u64, u64)> {
        let mut found = Vec::new();
        loop {
            let (next, more) = read_on(file, *position, saved, budget, None, &mut Prints::new(), |one, at, line| {
                let text = match one {
                    Found::Line(line) => String::from_utf8_lossy(line).into_owned(),
                    Found::TooLong => "too long".to_owned(),
                };
                found.push((text, at, line));
            })
            .unwrap();
            *position = next;
            if !more {
                return found;
            }
        }
    }

    #[test]
    fn whatever_the_pieces_the_lines_are_the_same() {
        let text = "one\n\ntwo\r\n\u{fffd}three\nhalf";
        for cut in 0..=text.len() {
            for budget in [1, 3, 1_000] {
                let mut file = tempfile::tempfile().unwrap();
                let (mut position, mut saved) = (0, Saved::default());
                file.write_all(&text.as_bytes()[..cut]).unwrap();
                let mut found = all(&mut file, &mut position, &mut saved, budget);
                file.seek(SeekFrom::End(0)).unwrap();
                file.write_all(&text.as_bytes()[cut..]).unwrap();
                found.extend(all(&mut file, &mut position, &mut saved, budget));
                let want = [("one", 0, 1), ("two", 5, 3), ("\u{fffd}three", 10, 4)];
                let want: Vec<_> = want.map(|(text, at, line)| (text.to_owned(), at, line)).into();
                assert_eq!((found, position), (want, 19), "cut at {cut}");
            }
        }
    }

    #[test]
    fn a_line_that_never_ends_takes_no_memory_and_is_counted_once() {
        let mut file = tempfile::tempfile().unwrap();
        let (mut position, mut saved) = (0, Saved::default());
        let mut found = Vec::new();
        for _ in 0..20 {
            file.seek(SeekFrom::End(0)).unwrap();
            file.write_all(&vec![b'x'; 1024 * 1024]).unwrap();
            found.extend(all(&mut file, &mut position, &mut saved, 1024 * 1024));
        }
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(b"y\nnext\n").unwrap();
        found.extend(all(&mut file, &mut position, &mut saved, 1024 * 1024));
        assert_eq!(found, [("too long".to_owned(), 0, 1), ("next".to_owned(), 20 * 1024 * 1024 + 2, 2)]);
    }
}
