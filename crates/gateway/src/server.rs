//! Listening: whoever accepts a connection serves it, and another thread takes its place. A call thus wakes
//! one thread and starts none, however long others wait for a human. Bounded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use clawbutler_butler::Butler;
use clawbutler_core::limits::CONNECTIONS;
use clawbutler_platform::os;
use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Listener, ListenerOptions, Stream};

use crate::connection;

/// Why the socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("the socket {path} cannot be used: {source}")]
    Socket { path: PathBuf, source: std::io::Error },
    #[error("the folder of the socket {0} belongs to someone else")]
    ForeignFolder(PathBuf),
}

/// The open socket. Dropping it stops accepting and removes the socket.
#[derive(Debug)]
pub struct Gateway {
    path: PathBuf,
    stop: Arc<AtomicBool>,
}

/// How often the socket's place in the file system is looked at.
const LOOK: Duration = Duration::from_millis(500);

impl Gateway {
    /// Listens for the hooks of the engine's data folder, and keeps listening there: a socket that was
    /// removed or replaced is reported and made anew.
    pub fn open(butler: &Butler) -> Result<Self, GatewayError> {
        let path = os::socket_path(butler.data().path());
        let stop = Arc::new(AtomicBool::new(false));
        let connections = Arc::new(AtomicUsize::new(0));
        let listener = listen(butler.data().path(), &path)?;
        accept(butler.clone(), listener, Arc::clone(&stop), Arc::clone(&connections));
        if cfg!(unix) {
            let (butler, path, stop) = (butler.clone(), path.clone(), Arc::clone(&stop));
            // Looked at before anybody else could have been here.
            let ours = os::identity(&path);
            thread::spawn(move || keep(&butler, &path, ours, &stop, &connections));
        }
        Ok(Self { path, stop })
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the accepting threads, which then see that they should end.
        for _ in 0..=SPARE {
            if let Ok(name) = self.path.as_path().to_fs_name::<GenericFilePath>() {
                let _ = Stream::connect(name);
            }
        }
        if cfg!(unix) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn listen(data: &Path, path: &Path) -> Result<Listener, GatewayError> {
    let refused = |source| GatewayError::Socket { path: path.to_owned(), source };
    if cfg!(unix) {
        let mut folder = path.parent().unwrap_or(data).to_owned();
        if path.starts_with(data) {
            // The user may have moved it to another disk and left a link; what the link leads to has to be private.
            folder = std::fs::canonicalize(&folder).map_err(refused)?;
        } else {
            clawbutler_platform::files::create_private_dir(&folder).map_err(refused)?;
        }
        #[cfg(unix)]
        if !os::is_private_to_us(&folder) {
            return Err(GatewayError::ForeignFolder(path.to_owned()));
        }
        // The engine lock is ours, so a socket that lies here is left over from a crash.
        let _ = std::fs::remove_file(path);
    }
    let name = path.to_fs_name::<GenericFilePath>().map_err(refused)?;
    let listener = ListenerOptions::new().name(name).reclaim_name(false).create_sync().map_err(refused)?;
    if cfg!(unix) {
        os::set_mode(path, 0o600).map_err(refused)?;
    }
    Ok(listener)
}

/// Threads that stay for the next connection.
const SPARE: usize = 4;
/// Stack of a thread (bytes); judging a nested text takes one of its own.
const STACK: usize = 4 * 1024 * 1024;

/// What the threads of one listener share.
struct Shared {
    butler: Butler,
    listener: Listener,
    stop: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
    /// Threads waiting for a connection, or about to.
    idle: AtomicUsize,
}

fn accept(butler: Butler, listener: Listener, stop: Arc<AtomicBool>, connections: Arc<AtomicUsize>) {
    spawn(Arc::new(Shared { butler, listener, stop, connections, idle: AtomicUsize::new(0) }));
}

fn spawn(shared: Arc<Shared>) {
    shared.idle.fetch_add(1, Ordering::Relaxed);
    let twin = Arc::clone(&shared);
    if thread::Builder::new().name("hook".into()).stack_size(STACK).spawn(move || attend(&twin)).is_err() {
        shared.idle.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Accepts and serves until enough others do.
fn attend(shared: &Arc<Shared>) {
    loop {
        let accepted = shared.listener.accept();
        let others = shared.idle.fetch_sub(1, Ordering::Relaxed) - 1;
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        if others == 0 {
            spawn(Arc::clone(shared));
        }
        match accepted {
            Ok(stream) => serve(shared, stream),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                thread::sleep(Duration::from_millis(20));
            }
        }
        if shared.idle.fetch_add(1, Ordering::Relaxed) >= SPARE {
            shared.idle.fetch_sub(1, Ordering::Relaxed);
            return;
        }
    }
}

fn serve(shared: &Shared, stream: Stream) {
    if shared.connections.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
        tracing::warn!("too many connections: one was closed unanswered");
    } else {
        // A fault in one answer must not take the thread, and with it the count, along.
        let served = catch_unwind(AssertUnwindSafe(|| connection::serve(&shared.butler, stream)));
        match served {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
            Err(_) => tracing::error!("BUG: a request could not be answered; the hook decides alone"),
        }
    }
    shared.connections.fetch_sub(1, Ordering::Relaxed);
}

/// Looks whether the socket at our path still is ours.
fn keep(
    butler: &Butler,
    path: &Path,
    mut ours: Option<(u64, i64)>,
    stop: &Arc<AtomicBool>,
    connections: &Arc<AtomicUsize>,
) {
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(LOOK);
        if os::identity(path) == ours || stop.load(Ordering::Relaxed) {
            continue;
        }
        butler.socket_was_replaced();
        match listen(butler.data().path(), path) {
            Ok(listener) => {
                ours = os::identity(path);
                accept(butler.clone(), listener, Arc::clone(stop), Arc::clone(connections));
            }
            Err(error) => tracing::error!(%error, "the socket could not be made anew"),
        }
    }
}
