//! Linux and macOS.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// There are no windows of consoles; what is sent to our terminal is not for a program of the background.
pub fn without_window(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt as _;
    command.process_group(0);
}

/// Sets the mode bits.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// The mode bits of an existing file.
pub fn mode(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|meta| meta.permissions().mode() & 0o7777)
}

/// Creates a file that must not exist yet.
pub fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// Whether an open file is the one of this name, and no link leads there.
pub fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let same = |(a, b): (fs::Metadata, fs::Metadata)| (a.dev(), a.ino()) == (b.dev(), b.ino());
    file.metadata().ok().zip(fs::symlink_metadata(path).ok()).is_some_and(same)
}

/// Makes a rename in the folder durable.
pub fn sync_dir(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Identity of a file: tells whether a path still is what it was. Numbers of files are used again, so the
/// time of the last change counts too.
pub fn identity(path: &Path) -> Option<(u64, i64)> {
    use std::os::unix::fs::MetadataExt as _;
    fs::symlink_metadata(path).ok().map(|meta| (meta.ino(), meta.ctime() * 1_000_000_000 + meta.ctime_nsec()))
}

/// Keeps other processes of the same user from reading or steering this one, where the system can.
pub fn harden() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// User id of the process at the other end.
#[cfg(target_os = "linux")]
pub fn peer_is_us(fd: impl std::os::fd::AsFd) -> bool {
    rustix::net::sockopt::socket_peercred(fd).is_ok_and(|peer| peer.uid == rustix::process::getuid())
}

/// The folder is private to the user, so whoever reached the socket is the user.
#[cfg(not(target_os = "linux"))]
pub fn peer_is_us(_fd: impl std::os::fd::AsFd) -> bool {
    true
}

/// Longest socket path every Unix takes (bytes).
const SOCKET_PATH: usize = 100;

/// Where the engine of a data folder listens: inside the folder, or in a private folder with a short
/// name when that path is too long for a socket.
pub fn socket_path(data: &Path) -> PathBuf {
    let inside = data.join("hook.sock");
    if inside.as_os_str().len() <= SOCKET_PATH {
        return inside;
    }
    let name = &clawbutler_core::digest::sha256(data.as_os_str().as_encoded_bytes())[..16];
    PathBuf::from(format!("/tmp/clawbutler-{}-{name}/hook.sock", rustix::process::getuid().as_raw()))
}

/// The hook's end of the local channel.
#[derive(Debug)]
pub struct Connection(UnixStream);

impl Connection {
    /// Connects to the engine of a data folder; fails at once when nobody listens.
    pub fn open(data: &Path, _wait: Duration) -> io::Result<Self> {
        let path = socket_path(data);
        // The folder of a short-named socket lies in a shared place: it must be ours alone.
        if !path.starts_with(data) && !is_private_to_us(path.parent().unwrap_or(&path)) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the socket's folder belongs to someone else"));
        }
        let stream = UnixStream::connect(path)?;
        if !peer_is_us(&stream) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "another user listens on our socket"));
        }
        Ok(Self(stream))
    }

    /// Longest wait of one read; `None` waits for ever.
    pub fn set_patience(&mut self, wait: Option<Duration>) -> io::Result<()> {
        self.0.set_read_timeout(wait)?;
        self.0.set_write_timeout(wait)
    }
}

/// Whether a folder is ours and closed to others.
pub fn is_private_to_us(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::symlink_metadata(folder).is_ok_and(|meta| {
        meta.is_dir() && meta.uid() == rustix::process::getuid().as_raw() && meta.permissions().mode() & 0o077 == 0
    })
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Process id of whoever started us, as it is now: it changes when that process is gone.
pub fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// Whether a process of this id exists.
pub fn alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// When a process started, in the units of the system's process table: clock ticks since boot on Linux, seconds
/// since the epoch elsewhere. `None`: it does not run (any more).
#[cfg(target_os = "linux")]
pub fn started(pid: u32) -> Option<u64> {
    row(pid).map(|row| row.started)
}

/// See the Linux one.
#[cfg(not(target_os = "linux"))]
pub fn started(pid: u32) -> Option<u64> {
    crate::process::started(pid)
}

/// What [`started`] would say of a process that starts now.
#[cfg(target_os = "linux")]
pub fn now() -> Option<u64> {
    // Both count hundredths of a second since boot.
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, rest) = text.split_ascii_whitespace().next()?.split_once('.')?;
    Some(seconds.parse::<u64>().ok()? * 100 + rest.get(..2)?.parse::<u64>().ok()?)
}

/// See the Linux one.
#[cfg(not(target_os = "linux"))]
pub fn now() -> Option<u64> {
    crate::process::now()
}

/// A process and those it descends from, nearest first; at most so many.
#[cfg(target_os = "linux")]
pub fn ancestors(pid: u32, most: usize) -> Vec<crate::ending::Row> {
    crate::ending::ancestors(pid, most, row)
}

/// See the Linux one.
#[cfg(not(target_os = "linux"))]
pub fn ancestors(pid: u32, most: usize) -> Vec<crate::ending::Row> {
    let table = crate::process::table();
    crate::ending::ancestors(pid, most, |pid| table.iter().find(|row| row.pid == pid).copied())
}

/// Every process that runs.
#[cfg(target_os = "linux")]
pub fn table() -> Vec<crate::ending::Row> {
    let names = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| row(name.to_str()?.parse().ok()?)).collect()
}

/// Every process that runs.
#[cfg(not(target_os = "linux"))]
pub fn table() -> Vec<crate::ending::Row> {
    crate::process::table()
}

#[cfg(target_os = "linux")]
fn row(pid: u32) -> Option<crate::ending::Row> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may hold anything; count from its end.
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    // What ended and was not collected by its parent yet does not run.
    fields.next().filter(|state| !matches!(*state, "Z" | "X" | "x"))?;
    let parent = fields.next()?.parse().ok()?;
    Some(crate::ending::Row { pid, parent, started: fields.nth(22 - 5)?.parse().ok()? })
}

/// Asks a process to end, or ends it by force. `false`: it is not the one that started then.
#[cfg(target_os = "linux")]
pub fn signal(pid: u32, began: u64, force: bool) -> io::Result<bool> {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    let Some(id) = id_of(pid) else { return Ok(false) };
    // The handle names one process for good: what is compared is what is signalled.
    let handle = match pidfd_open(id, PidfdFlags::empty()) {
        Ok(handle) => handle,
        Err(rustix::io::Errno::SRCH) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if started(pid) != Some(began) {
        return Ok(false);
    }
    match pidfd_send_signal(&handle, word_of(force)) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::SRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Asks a process to end, or ends it by force. `false`: it is not the one that started then.
#[cfg(not(target_os = "linux"))]
pub fn signal(pid: u32, began: u64, force: bool) -> io::Result<bool> {
    let Some(id) = id_of(pid).filter(|_| started(pid) == Some(began)) else { return Ok(false) };
    match rustix::process::kill_process(id, word_of(force)) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::SRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn id_of(pid: u32) -> Option<rustix::process::Pid> {
    i32::try_from(pid).ok().filter(|pid| *pid > 0).and_then(rustix::process::Pid::from_raw)
}

fn word_of(force: bool) -> rustix::process::Signal {
    if force { rustix::process::Signal::KILL } else { rustix::process::Signal::TERM }
}

/// Number of the account that owns a file or folder, and whether it is ours.
pub fn owner(path: &Path) -> Option<(String, bool)> {
    use std::os::unix::fs::MetadataExt as _;
    let uid = fs::metadata(path).ok()?.uid();
    Some((uid.to_string(), uid == rustix::process::getuid().as_raw()))
}
