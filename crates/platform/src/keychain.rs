//! The keychain of the operating system: Keychain Services, Credential Manager, or the Secret Service.
//!
//! Whoever holds one asks it within a bound (`core::limits::KEYCHAIN_MS`): a locked keychain asks a person, and a start without
//! anyone at the screen must not wait for that.

use std::io;

/// Where secrets are kept that no file should hold. Values are a few kilobytes of text or bytes.
pub trait Keychain: Send + Sync + std::fmt::Debug {
    /// The value of a name; `None` when there is none. An error: it cannot be asked now.
    fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>>;
    /// Sets the value of a name.
    fn set(&self, name: &str, value: &[u8]) -> io::Result<()>;
}

/// The machine's keychain for a data folder. `None` for a folder that is not this user's usual one: it keeps its
/// key in a file, so that folders made for a trial leave nothing in the keychain.
#[cfg(feature = "keychain")]
pub fn of(data: &crate::paths::DataDir) -> Option<std::sync::Arc<dyn Keychain>> {
    data.is_usual().then(|| std::sync::Arc::new(system::System) as std::sync::Arc<dyn Keychain>)
}

#[cfg(feature = "keychain")]
mod system {
    use std::io;
    use std::sync::mpsc;
    use std::time::Duration;

    use clawbutler_core::limits::KEYCHAIN_MS;
    use keyring::v1::{Entry, Error};

    use super::Keychain;

    /// The service all our items stand under.
    const SERVICE: &str = "ClawButler";

    #[derive(Debug)]
    pub(super) struct System;

    impl Keychain for System {
        fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
            let name = name.to_owned();
            bounded(move || match Entry::new(SERVICE, &name).and_then(|entry| entry.get_secret()) {
                Ok(value) => Ok(Some(value)),
                Err(Error::NoEntry) => Ok(None),
                Err(error) => Err(io::Error::other(error.to_string())),
            })
        }

        fn set(&self, name: &str, value: &[u8]) -> io::Result<()> {
            let (name, value) = (name.to_owned(), value.to_vec());
            bounded(move || {
                let set = Entry::new(SERVICE, &name).and_then(|entry| entry.set_secret(&value));
                set.map_err(|error| io::Error::other(error.to_string()))
            })
        }
    }

    /// Runs a call that may wait for a person; when it takes too long its thread is left to end by itself.
    fn bounded<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        let (sender, receiver) = mpsc::channel();
        std::thread::Builder::new().name("keychain".into()).spawn(move || {
            let _ = sender.send(work());
        })?;
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the keychain did not answer in time");
        receiver.recv_timeout(Duration::from_millis(KEYCHAIN_MS)).map_err(late)?
    }
}
