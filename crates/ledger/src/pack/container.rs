//! The file around a pack: a zip archive that can be written in one way only, so that every changed byte shows.
//!
//! Nothing is compressed, nothing is encrypted, times are 1980-01-01, there are no comments and no extra fields
//! (APPNOTE.TXT 6.3.10 of the zip format). Programs that open zip archives open it.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crc32fast::Hasher;
use sha2::{Digest as _, Sha256};

use crate::merkle::Hash;

/// Largest archive (bytes): what the format can hold without its 64-bit form, with room to spare.
pub const PACK_BYTES: u64 = 3 * 1024 * 1024 * 1024;
/// Version needed: 2.0. Version made by: the same, MS-DOS.
const VERSION: u16 = 20;
/// 1980-01-01, the earliest date of the format.
const DATE: u16 = 0x21;

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub bytes: u64,
    pub sha256: Hash,
    crc: u32,
    /// Where its header begins.
    header: u64,
}

impl Member {
    /// Where its content begins.
    pub fn start(&self) -> u64 {
        self.header + 30 + self.name.len() as u64
    }

    fn local(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&VERSION.to_le_bytes());
        self.common(&mut out);
        out.extend_from_slice(self.name.as_bytes());
        out
    }

    fn central(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        out.extend_from_slice(b"PK\x01\x02");
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&VERSION.to_le_bytes());
        self.common(&mut out);
        // Comment, disk, attributes inside and outside.
        out.extend_from_slice(&[0; 10]);
        out.extend_from_slice(&low(self.header).to_le_bytes());
        out.extend_from_slice(self.name.as_bytes());
        out
    }

    /// Flags, method, time, date, checksum, both sizes, length of the name, no extra field.
    fn common(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[0; 6]);
        out.extend_from_slice(&DATE.to_le_bytes());
        out.extend_from_slice(&self.crc.to_le_bytes());
        out.extend_from_slice(&low(self.bytes).to_le_bytes());
        out.extend_from_slice(&low(self.bytes).to_le_bytes());
        out.extend_from_slice(&u16::try_from(self.name.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend_from_slice(&[0; 2]);
    }
}

/// Positions and sizes are below [`PACK_BYTES`].
fn low(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn end(members: &[Member], directory: u64, bytes: u64) -> Vec<u8> {
    let count = u16::try_from(members.len()).unwrap_or(u16::MAX);
    let mut out = b"PK\x05\x06\0\0\0\0".to_vec();
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&low(bytes).to_le_bytes());
    out.extend_from_slice(&low(directory).to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}

/// Writes an archive, one member after the other.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    at: u64,
    members: Vec<Member>,
}

/// The member that is being written.
#[derive(Debug)]
pub struct Open<'a, W> {
    writer: &'a mut Writer<W>,
    member: Member,
    crc: Hasher,
    sha: Sha256,
}

impl<W: Write + Seek> Writer<W> {
    /// An archive at the beginning of `out`.
    pub fn new(out: W) -> Self {
        Self { out, at: 0, members: Vec::new() }
    }

    /// Begins a member; [`Open::close`] ends it.
    pub fn open(&mut self, name: &str) -> io::Result<Open<'_, W>> {
        let member = Member { name: name.to_owned(), bytes: 0, sha256: [0; 32], crc: 0, header: self.at };
        self.out.write_all(&member.local())?;
        self.at = member.start();
        Ok(Open { writer: self, member, crc: Hasher::new(), sha: Sha256::new() })
    }

    /// A whole member.
    pub fn put(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut open = self.open(name)?;
        open.write_all(content)?;
        open.close()
    }

    /// The members so far.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What is written to, with everything of the closed members in it.
    pub fn inner(&mut self) -> &mut W {
        &mut self.out
    }

    /// Writes the directory. Nothing is left to do then but to flush.
    pub fn finish(mut self) -> io::Result<W> {
        let directory = self.at;
        let mut bytes = 0;
        for member in &self.members {
            let entry = member.central();
            bytes += entry.len() as u64;
            self.out.write_all(&entry)?;
        }
        self.out.write_all(&end(&self.members, directory, bytes))?;
        Ok(self.out)
    }
}

impl<W: Write + Seek> Write for Open<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.writer.at + bytes.len() as u64 > PACK_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "a pack holds at most 3 GB"));
        }
        let count = self.writer.out.write(bytes)?;
        self.crc.update(&bytes[..count]);
        self.sha.update(&bytes[..count]);
        self.member.bytes += count as u64;
        self.writer.at += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.out.flush()
    }
}

impl<W: Write + Seek> Open<'_, W> {
    /// Ends the member: its header gets checksum and size.
    pub fn close(mut self) -> io::Result<()> {
        self.member.crc = self.crc.finalize();
        self.member.sha256 = self.sha.finalize().into();
        self.writer.out.seek(SeekFrom::Start(self.member.header))?;
        self.writer.out.write_all(&self.member.local())?;
        self.writer.out.seek(SeekFrom::Start(self.writer.at))?;
        self.writer.members.push(self.member);
        Ok(())
    }
}

/// Reads the members of an archive, whose names must be these in this order. `None`: it is not byte for byte what
/// [`Writer`] makes of their content.
pub(super) fn read(file: &mut (impl Read + Seek), names: &[&str]) -> io::Result<Option<Vec<Member>>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    if length > PACK_BYTES + 64 * 1024 {
        return Ok(None);
    }
    let mut members = Vec::with_capacity(names.len());
    let mut at = 0;
    for name in names {
        let mut header = vec![0; 30 + name.len()];
        if !filled(file, &mut header)? {
            return Ok(None);
        }
        let bytes = u64::from(u32::from_le_bytes([header[22], header[23], header[24], header[25]]));
        if at + header.len() as u64 + bytes > length {
            return Ok(None);
        }
        let (crc, sha256) = digests(&mut file.by_ref().take(bytes))?;
        let member = Member { name: (*name).to_owned(), bytes, sha256, crc, header: at };
        if member.local() != header {
            return Ok(None);
        }
        at = member.start() + bytes;
        members.push(member);
    }
    let mut rest: Vec<u8> = members.iter().flat_map(Member::central).collect();
    rest.extend(end(&members, at, rest.len() as u64));
    let mut found = Vec::new();
    file.take(rest.len() as u64 + 1).read_to_end(&mut found)?;
    Ok((found == rest).then_some(members))
}

fn digests(content: &mut impl Read) -> io::Result<(u32, Hash)> {
    let (mut crc, mut sha) = (Hasher::new(), Sha256::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = content.read(&mut buffer)?;
        if count == 0 {
            return Ok((crc.finalize(), sha.finalize().into()));
        }
        crc.update(&buffer[..count]);
        sha.update(&buffer[..count]);
    }
}

/// Whether there was enough to fill it.
fn filled(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
