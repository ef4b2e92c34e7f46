//! Newline-delimited frames over any byte stream, with a bound on each frame.

use std::io::{self, Read, Write};

/// Reads frames; keeps what came after the newline for the next one.
#[derive(Debug, Default)]
pub struct Frames {
    pending: Vec<u8>,
}

impl Frames {
    /// Reads up to the next newline. `Ok(None)` at the end of the stream; a frame cut by the end of the
    /// stream or over `limit` bytes is an error.
    pub fn read(&mut self, stream: &mut impl Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let mut chunk = [0; 8192];
        let mut searched = 0;
        loop {
            if let Some(at) = self.pending[searched..].iter().position(|&byte| byte == b'\n') {
                let rest = self.pending.split_off(searched + at + 1);
                let mut frame = std::mem::replace(&mut self.pending, rest);
                frame.pop();
                return Ok(Some(frame));
            }
            searched = self.pending.len();
            if searched > limit {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "frame over the limit"));
            }
            match stream.read(&mut chunk) {
                Ok(0) if self.pending.is_empty() => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.pending.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Writes one frame.
pub fn write_frame(stream: &mut impl Write, json: &str) -> io::Result<()> {
    let mut line = String::with_capacity(json.len() + 1);
    line.push_str(json);
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    stream.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut_at_newlines_and_bounded() {
        let mut frames = Frames::default();
        let mut stream: &[u8] = b"one\ntwo\nthr";
        assert_eq!(frames.read(&mut stream, 10).expect("frame"), Some(b"one".to_vec()));
        assert_eq!(frames.read(&mut stream, 10).expect("frame"), Some(b"two".to_vec()));
        assert!(frames.read(&mut stream, 10).is_err(), "a half frame is no frame");
        let long = [b'x'; 100];
        assert!(Frames::default().read(&mut &long[..], 10).is_err());
        assert_eq!(Frames::default().read(&mut &b""[..], 10).expect("end"), None);
    }
}
