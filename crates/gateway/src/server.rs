//! Listening: one thread accepts, one thread serves each connection, bounded.

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
        // Wakes the accepting thread, which then sees that it should end.
        if let Ok(name) = self.path.as_path().to_fs_name::<GenericFilePath>() {
            let _ = Stream::connect(name);
        }
        if cfg!(unix) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn listen(data: &Path, path: &Path) -> Result<Listener, GatewayError> {
    let refused = |source| GatewayError::Socket { path: path.to_owned(), source };
    if cfg!(unix) {
        let folder = path.parent().unwrap_or(data);
        if !path.starts_with(data) {
            clawbutler_platform::files::create_private_dir(folder).map_err(refused)?;
        }
        #[cfg(unix)]
        if !os::is_private_to_us(folder) {
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

fn accept(butler: Butler, listener: Listener, stop: Arc<AtomicBool>, connections: Arc<AtomicUsize>) {
    thread::spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok(stream) => spawn(&butler, stream, &connections),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    thread::sleep(Duration::from_millis(20));
                }
            }
        }
    });
}

fn spawn(butler: &Butler, stream: Stream, connections: &Arc<AtomicUsize>) {
    if connections.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
        connections.fetch_sub(1, Ordering::Relaxed);
        tracing::warn!("too many connections: one was closed unanswered");
        return;
    }
    let (butler, count) = (butler.clone(), Arc::clone(connections));
    let served = thread::Builder::new().name("hook".into()).stack_size(1024 * 1024 * 4).spawn(move || {
        if let Err(error) = connection::serve(&butler, stream) {
            tracing::debug!(%error, "a connection ended early");
        }
        count.fetch_sub(1, Ordering::Relaxed);
    });
    if served.is_err() {
        connections.fetch_sub(1, Ordering::Relaxed);
    }
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
