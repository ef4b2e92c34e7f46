//! Windows: modes are access lists inherited from the user's profile, the channel is a named pipe.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A program of the background gets no console window.
pub fn without_window(command: &mut std::process::Command) {
    use std::os::windows::process::CommandExt as _;
    const NO_WINDOW: u32 = 0x0800_0000;
    command.creation_flags(NO_WINDOW);
}

/// Files under the user's profile are private by their inherited access list.
pub fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// There are no mode bits.
pub fn mode(_path: &Path) -> Option<u32> {
    None
}

/// Creates a file that must not exist yet.
pub fn create_new(path: &Path, _mode: u32) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Whether a file of this name is there, and no link.
pub fn is_at(_file: &File, path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

/// Renames are durable on NTFS without it.
pub fn sync_dir(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// A pipe has no file identity.
pub fn identity(_path: &Path) -> Option<(u64, i64)> {
    None
}

/// Nothing to switch off.
pub fn harden() -> io::Result<()> {
    Ok(())
}

/// Name of the pipe of a data folder.
pub fn socket_path(data: &Path) -> PathBuf {
    let name = &clawbutler_core::digest::sha256(data.as_os_str().as_encoded_bytes())[..16];
    PathBuf::from(format!(r"\\.\pipe\clawbutler-{name}"))
}

/// The hook's end of the local channel.
#[derive(Debug)]
pub struct Connection(File);

impl Connection {
    /// Connects to the engine of a data folder; retries while every instance of the pipe is busy.
    pub fn open(data: &Path, wait: Duration) -> io::Result<Self> {
        /// `ERROR_PIPE_BUSY`
        const BUSY: i32 = 231;
        let path = socket_path(data);
        let mut left = wait.as_millis();
        loop {
            match OpenOptions::new().read(true).write(true).open(&path) {
                Err(error) if error.raw_os_error() == Some(BUSY) && left > 0 => {
                    std::thread::sleep(Duration::from_millis(10));
                    left = left.saturating_sub(10);
                }
                other => return other.map(Self),
            }
        }
    }

    /// Reads of a pipe opened as a file cannot time out; the runtime's own timeout ends the hook, and
    /// its `onFailure: block` denies.
    pub fn set_patience(&mut self, _wait: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
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

/// Not told cheaply; the runtime ends its hooks with itself (job objects).
pub fn parent() -> u32 {
    0
}

/// Not told cheaply.
pub fn alive(_pid: u32) -> bool {
    true
}

/// When a process started (seconds since the epoch). `None`: it does not run (any more).
pub fn started(pid: u32) -> Option<u64> {
    crate::process::started(pid)
}

/// What [`started`] would say of a process that starts now.
pub fn now() -> Option<u64> {
    crate::process::now()
}

/// A process and those it descends from, nearest first; at most so many.
pub fn ancestors(pid: u32, most: usize) -> Vec<crate::ending::Row> {
    let table = crate::process::table();
    crate::ending::ancestors(pid, most, |pid| table.iter().find(|row| row.pid == pid).copied())
}

/// Every process that runs.
pub fn table() -> Vec<crate::ending::Row> {
    crate::process::table()
}

/// Ends a process by force: there is no other way here. `false`: it is not the one that started then.
pub fn signal(pid: u32, began: u64, _force: bool) -> io::Result<bool> {
    crate::process::end_hard(pid, began)
}

/// Not told cheaply; what lies in the user's profile is the user's.
pub fn owner(_path: &Path) -> Option<(String, bool)> {
    None
}
