//! Lines of any input, one in memory at a time, never more of one than the bound.

use std::io::{self, BufRead, BufReader, Read};

use clawbutler_core::limits::HOOK_INPUT_BYTES;

/// Longest line that is read (bytes); as much as a hook may send.
pub(super) const LINE_BYTES: usize = HOOK_INPUT_BYTES;

/// Reads lines. Ends of line are `\n` and `\r\n`; the last line needs none.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    first: bool,
}

/// One line as read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// All of it, without its end.
    Whole(&'a [u8]),
    /// It is over the bound: its beginning. The rest has been skipped.
    Cut(&'a [u8]),
}

impl<R: Read> Lines<R> {
    pub(super) fn of(input: R) -> Self {
        Self { input: BufReader::with_capacity(64 * 1024, input), line: Vec::new(), first: true }
    }

    /// The next line; `None` at the end. `before_waiting` runs whenever more input has to be waited for, so
    /// that whoever feeds us line by line has had every answer by then.
    pub(super) fn next(&mut self, mut before_waiting: impl FnMut() -> io::Result<()>) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let (mut any, mut cut, mut ended) = (false, false, false);
        while !ended {
            if self.input.buffer().is_empty() {
                before_waiting()?;
            }
            let bytes = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if bytes.is_empty() {
                break;
            }
            any = true;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let room = LINE_BYTES - self.line.len();
            cut |= part.len() > room;
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            ended = end.is_some();
            let used = part.len() + usize::from(ended);
            self.input.consume(used);
        }
        if !any {
            return Ok(None);
        }
        let mut line = self.line.as_slice();
        // Some programs begin what they write with a mark of its encoding.
        if std::mem::take(&mut self.first) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        Ok(Some(if cut { Line::Cut(line) } else { Line::Whole(line.strip_suffix(b"\r").unwrap_or(line)) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8]) -> Vec<String> {
        let mut lines = Lines::of(input);
        let mut found = Vec::new();
        while let Some(line) = lines.next(|| Ok(())).unwrap() {
            found.push(match line {
                Line::Whole(line) => String::from_utf8_lossy(line).into_owned(),
                Line::Cut(line) => format!("cut at {}", line.len()),
            });
        }
        found
    }

    #[test]
    fn every_line_is_told_apart() {
        for (input, expected) in [
            (&b""[..], vec![]),
            (b"\n", vec![""]),
            (b"a", vec!["a"]),
            (b"a\n", vec!["a"]),
            (b"a\r\n\r\nb\r", vec!["a", "", "b"]),
            (b"\n\na", vec!["", "", "a"]),
            (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", vec!["a", "\u{feff}b"]),
        ] {
            assert_eq!(all(input), expected, "{input:?}");
        }
    }

    #[test]
    fn a_long_line_is_cut_and_its_rest_skipped() {
        let long = |length: usize| "x".repeat(length);
        let bound = LINE_BYTES;
        assert_eq!(all(format!("{}\nb", long(bound)).as_bytes()), [long(bound), "b".to_owned()]);
        assert_eq!(all(format!("{}\nb", long(bound + 1)).as_bytes()), [format!("cut at {bound}"), "b".to_owned()]);
        assert_eq!(all(long(3 * bound).as_bytes()), [format!("cut at {bound}")]);
    }

    #[test]
    fn waiting_is_told_before_it_happens() {
        struct Slow<'a>(std::slice::Iter<'a, &'static str>, &'a std::cell::Cell<usize>);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.1.set(self.1.get() + 1);
                let text = self.0.next().copied().unwrap_or_default();
                buffer[..text.len()].copy_from_slice(text.as_bytes());
                Ok(text.len())
            }
        }
        let reads = std::cell::Cell::new(0);
        let parts = ["a\nb\n", "c", "d\n"];
        let mut lines = Lines::of(Slow(parts.iter(), &reads));
        let mut told = Vec::new();
        while lines
            .next(|| {
                told.push(reads.get());
                Ok(())
            })
            .unwrap()
            .is_some()
        {}
        assert_eq!(told, [0, 1, 2, 3], "once before each read, never between lines already here");
    }
}
