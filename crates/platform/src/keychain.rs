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
    data.is_usual().then(|| std::sync::Arc::new(system::System::default()) as std::sync::Arc<dyn Keychain>)
}

#[cfg(feature = "keychain")]
mod system {
    use std::io;
    use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
    use std::time::{Duration, Instant};

    use clawbutler_core::limits::KEYCHAIN_MS;
    use keyring::v1::{Entry, Error};

    use super::Keychain;

    /// The service all our items stand under.
    const SERVICE: &str = "ClawButler";
    /// How long a keychain that refused is not asked again: one that is locked asks the person each time.
    const REFUSED: Duration = Duration::from_secs(30);

    /// How the last call went.
    #[derive(Debug, Clone, Copy, Default)]
    enum Last {
        #[default]
        Answered,
        /// It has not ended.
        Asking,
        /// Nor did it in time: it waits for a person, who may still answer.
        Waiting,
        Refused(Instant),
    }

    /// What all threads that ask know of it: one asks at a time.
    #[derive(Debug, Default)]
    struct Turn {
        last: Mutex<Last>,
        over: Condvar,
    }

    impl Turn {
        fn last(&self) -> MutexGuard<'_, Last> {
            self.last.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// Waits for whoever asks now; an error where that takes too long or it refused a moment ago.
        fn take(&self) -> io::Result<()> {
            let asking = |last: &mut Last| matches!(last, Last::Asking);
            let wait = Duration::from_millis(KEYCHAIN_MS);
            let waited = self.over.wait_timeout_while(self.last(), wait, asking);
            let (mut last, _) = waited.unwrap_or_else(PoisonError::into_inner);
            match *last {
                Last::Asking | Last::Waiting => return Err(io::Error::other("the keychain still waits for a person")),
                Last::Refused(at) if at.elapsed() < REFUSED => {
                    return Err(io::Error::other("the keychain refused a moment ago"));
                }
                Last::Answered | Last::Refused(_) => *last = Last::Asking,
            }
            Ok(())
        }

        /// Those who come now need not wait as well.
        fn is_late(&self) {
            let mut last = self.last();
            if matches!(*last, Last::Asking) {
                *last = Last::Waiting;
            }
            self.over.notify_all();
        }

        fn give(&self, went: Last) {
            *self.last() = went;
            self.over.notify_all();
        }
    }

    #[derive(Debug, Default)]
    pub(super) struct System(Arc<Turn>);

    impl Keychain for System {
        fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
            let name = name.to_owned();
            bounded(&self.0, move || match Entry::new(SERVICE, &name).and_then(|entry| entry.get_secret()) {
                Ok(value) => Ok(Some(value)),
                Err(Error::NoEntry) => Ok(None),
                Err(error) => Err(told(&error)),
            })
        }

        fn set(&self, name: &str, value: &[u8]) -> io::Result<()> {
            let (name, value) = (name.to_owned(), value.to_vec());
            bounded(&self.0, move || {
                let set = Entry::new(SERVICE, &name).and_then(|entry| entry.set_secret(&value));
                set.map_err(|error| told(&error))
            })
        }
    }

    /// An error of what was asked for is an answer: only a keychain that cannot be reached, or does not let us in, is
    /// left alone for a while.
    fn told(error: &Error) -> io::Error {
        let kind = match error {
            Error::TooLong(..) | Error::Invalid(..) => io::ErrorKind::InvalidInput,
            Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => io::ErrorKind::InvalidData,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error.to_string())
    }

    fn is_refusal(error: &io::Error) -> bool {
        !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
    }

    /// Runs a call that may wait for a person; when it takes too long its thread is left to end by itself. Until then,
    /// and for a while after a refusal, nothing else is asked.
    fn bounded<T: Send + 'static>(
        turn: &Arc<Turn>,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        turn.take()?;
        let (sender, receiver) = mpsc::channel();
        let ours = turn.clone();
        #[expect(clippy::disallowed_methods, reason = "how long ago a person said no is measured, and told to nobody")]
        let now = Instant::now;
        let started = std::thread::Builder::new().name("keychain".into()).spawn(move || {
            let done = work();
            ours.give(if done.as_ref().is_err_and(is_refusal) { Last::Refused(now()) } else { Last::Answered });
            let _ = sender.send(done);
        });
        if let Err(error) = started {
            turn.give(Last::Answered);
            return Err(error);
        }
        receiver.recv_timeout(Duration::from_millis(KEYCHAIN_MS)).unwrap_or_else(|_| {
            turn.is_late();
            Err(io::Error::new(io::ErrorKind::TimedOut, "the keychain did not answer in time"))
        })
    }

    #[cfg(test)]
    mod tests {
        use std::sync::atomic::{AtomicU32, Ordering};

        use super::*;

        #[test]
        fn who_refuses_or_has_not_answered_is_not_asked_again() {
            let (turn, asked) = (Arc::new(Turn::default()), Arc::new(AtomicU32::new(0)));
            let ask = |done: fn() -> io::Result<u8>| {
                let asked = asked.clone();
                bounded(&turn, move || {
                    asked.fetch_add(1, Ordering::Relaxed);
                    done()
                })
            };
            assert_eq!(ask(|| Ok(7)).ok(), Some(7));
            assert!(ask(|| Err(told(&Error::TooLong("secret".to_owned(), 2_560)))).is_err());
            assert_eq!(ask(|| Ok(7)).ok(), Some(7), "only that value was refused");
            assert!(ask(|| Err(told(&Error::NoStorageAccess("locked".into())))).is_err());
            assert!(ask(|| Ok(7)).is_err(), "a moment ago it was no");
            assert_eq!(asked.load(Ordering::Relaxed), 4);

            turn.give(Last::Asking);
            turn.is_late();
            assert!(ask(|| Ok(7)).is_err(), "a person is being asked");
            turn.give(Last::Answered);
            assert_eq!((ask(|| Ok(7)).ok(), asked.load(Ordering::Relaxed)), (Some(7), 5));
        }

        #[test]
        fn those_who_ask_at_once_are_answered_one_after_the_other() {
            let turn = Arc::new(Turn::default());
            let slow = || {
                std::thread::sleep(Duration::from_millis(30));
                Ok(7)
            };
            let answers: Vec<_> = std::thread::scope(|scope| {
                let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| bounded(&turn, slow).ok())).collect();
                asking.into_iter().map(|one| one.join().expect("answered")).collect()
            });
            assert_eq!(answers, [Some(7); 8]);
        }
    }
}
