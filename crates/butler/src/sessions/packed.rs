//! The text of a file of lines, which its runtime may have packed: what is packed is unpacked into a file without a name
//! and read from there. That file is kept for the rounds it takes to read it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use clawbutler_connectors::packed::Unpacked;
use clawbutler_connectors::record::{Form, Recording};
use clawbutler_core::limits::UNPACKED_BYTES;

use super::lines::{self, Look};
use super::tail::Hand;
use crate::Butler;

/// Bytes unpacked at once.
const PIECE_BYTES: usize = 128 * 1024;

/// A file of lines that can be read on.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    /// Size and time as it lies there.
    pub(super) lies: Look,
    /// Size of the text, and the same time.
    pub(super) holds: Look,
    /// What of it cannot be read (a sentence).
    pub(super) trouble: Option<String>,
}

/// An unpacked file.
#[derive(Debug)]
pub(super) struct Text {
    path: PathBuf,
    lies: Look,
    file: File,
    size: u64,
    trouble: Option<String>,
}

impl Butler {
    /// Opens a recording that is a file of lines, packed or not.
    pub(super) fn open_lines(&self, hand: &mut Hand, recording: &Recording) -> io::Result<Opened> {
        if !std::fs::metadata(&recording.path)?.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        if recording.form != Form::Packed {
            let file = File::open(&recording.path)?;
            let lies = lines::look(&recording.path)?;
            return Ok(Opened { file, lies, holds: lies, trouble: None });
        }
        let lies = lines::look(&recording.path)?;
        let kept = hand.unpacked.take().filter(|text| text.path == recording.path && text.lies == lies);
        let text = match kept {
            Some(text) => text,
            None => self.unpack(recording, lies)?,
        };
        let opened = Opened {
            file: text.file.try_clone()?,
            lies,
            holds: Look { size: text.size, ..lies },
            trouble: text.trouble.clone(),
        };
        hand.unpacked = Some(text);
        Ok(opened)
    }

    fn unpack(&self, recording: &Recording, lies: Look) -> io::Result<Text> {
        let mut packed = Unpacked::open(&recording.path)?;
        // Nobody else can open it, and it is gone with this process.
        let mut file = tempfile::tempfile_in(self.0.ports.data.path())?;
        let (size, trouble) = pour(&mut packed, &mut file, UNPACKED_BYTES, || self.0.sessions.stopping())?;
        Ok(Text { path: recording.path.clone(), lies, file, size, trouble })
    }
}

/// Unpacks at most so many bytes; gives how many there are and what is not (a sentence). Ends early, as interrupted, when
/// the engine stops.
fn pour(
    packed: &mut impl Read,
    file: &mut impl Write,
    most: u64,
    stopping: impl Fn() -> bool,
) -> io::Result<(u64, Option<String>)> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut size = 0;
    loop {
        let count = match packed.read(&mut piece) {
            Ok(0) => return Ok((size, None)),
            Ok(count) => count,
            Err(error) => {
                let says = format!("It is packed, and behind {size} bytes of its text it cannot be unpacked: {error}.");
                return Ok((size, Some(says)));
            }
        };
        if stopping() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let room = usize::try_from(most - size).unwrap_or(usize::MAX).min(count);
        file.write_all(&piece[..room])?;
        size += room as u64;
        if room < count {
            let says = format!("It is packed, and what lies behind {most} bytes of its text is not read.");
            return Ok((size, Some(says)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_unpacked_than_the_bound() {
        let unpacked = |most| {
            let mut out = Vec::new();
            let (size, trouble) = pour(&mut io::repeat(b'x').take(1_000_000), &mut out, most, || false).unwrap();
            assert_eq!(out.len() as u64, size);
            (size, trouble.is_some())
        };
        assert_eq!(unpacked(999_999), (999_999, true));
        assert_eq!(unpacked(1_000_000), (1_000_000, false));
        let stopped = pour(&mut io::repeat(b'x'), &mut io::sink(), u64::MAX, || true);
        assert_eq!(stopped.map_err(|error| error.kind()), Err(io::ErrorKind::Interrupted));
    }
}
