//! Records that their runtime packed: zstd frames one after the other (RFC 8878).

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// What a packed file's name has behind the name it had before.
const END: &str = "zst";

/// The name a packed file had before; `None` where it is none.
pub fn unpacked_name(file: &Path) -> Option<PathBuf> {
    file.extension().is_some_and(|end| end == END).then(|| file.with_extension(""))
}

/// The name a file gets when it is packed.
pub fn packed_name(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(END);
    PathBuf::from(name)
}

/// Whether one of two files is the other one, packed.
pub fn is_packed_of(one: &Path, other: &Path) -> bool {
    unpacked_name(one).as_deref() == Some(other) || unpacked_name(other).as_deref() == Some(one)
}

/// The text in a packed file, from its start. What cannot be unpacked is an error behind all that could be; a frame that
/// needs a window of over 100 MB in memory is one too.
pub struct Unpacked {
    packed: BufReader<File>,
    decoder: FrameDecoder,
    /// Whether a frame was begun.
    inside: bool,
}

impl std::fmt::Debug for Unpacked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacked").field("packed", &self.packed).finish_non_exhaustive()
    }
}

impl Unpacked {
    /// Opens a packed file.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { packed: BufReader::new(File::open(path)?), decoder: FrameDecoder::new(), inside: false })
    }

    /// Begins the next frame; passes over one that holds no text.
    fn begin(&mut self) -> io::Result<()> {
        match self.decoder.init(&mut self.packed) {
            Ok(()) => self.inside = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let length = u64::from(length);
                if io::copy(&mut self.packed.by_ref().take(length), &mut io::sink())? < length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Err(error) => return Err(io::Error::other(error)),
        }
        Ok(())
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            if !self.inside {
                if self.packed.fill_buf()?.is_empty() {
                    break;
                }
                self.begin()?;
            } else if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            } else if self.decoder.is_finished() {
                self.inside = false;
            } else {
                let some = BlockDecodingStrategy::UptoBytes(buffer.len());
                self.decoder.decode_blocks(&mut self.packed, some).map_err(io::Error::other)?;
            }
        }
        Ok(0)
    }
}
