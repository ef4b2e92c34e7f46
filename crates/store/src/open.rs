//! Opening, and the two ways in: [`Store::write`] and [`Store::read`].

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clawbutler_ledger::Hash;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::table::tree::head;
use crate::tx::Head;
use crate::{Read, StoreError, Write, schema};

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of this process, however violent. No wait for the disk.
    Process,
    /// Loss of power too.
    Power,
}

/// One database, one writer, one reader.
#[derive(Debug)]
pub struct Store {
    writer: Mutex<Writer>,
    reader: Mutex<Connection>,
    path: PathBuf,
}

#[derive(Debug)]
struct Writer {
    connection: Connection,
    head: Head,
    /// `PRAGMA data_version` after our last look: it moves only when another connection commits.
    version: i64,
    foreign: bool,
    /// Told of every commit that appends.
    witness: Option<Witness>,
}

/// A commit that appends, as a [`Witness`] is told of it. `seq` and `hash`: number and chain hash of its newest entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// It is about to happen.
    Begun { seq: u64, hash: &'a Hash },
    /// It happened, and survives this.
    Done { seq: u64, hash: &'a Hash, durability: Durability },
    /// It was begun and did not happen.
    Undone,
}

/// Told of every commit that appends, before and after it. Called while nobody else can write, so it must be quick.
pub struct Witness(Box<Told>);

type Told = dyn FnMut(Step<'_>) + Send;

impl Witness {
    /// Wraps what is called.
    pub fn new(told: impl FnMut(Step<'_>) + Send + 'static) -> Self {
        Self(Box::new(told))
    }
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Witness(…)")
    }
}

/// What `PRAGMA auto_vacuum` says of a database that can give space back.
const INCREMENTAL: i64 = 2;

/// How long a statement waits for another process's lock.
const BUSY: Duration = Duration::from_millis(1_500);

impl Store {
    /// Opens or creates the database of the engine.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        // Only a database that is made now takes it: space that pruning frees can be given back later.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // Checkpoints wait for the disk; they run in `tidy`, never inside a hook's round trip.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        schema::migrate(&mut connection)?;
        let head = head(&connection)?;
        let version = data_version(&connection)?;
        let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(Self {
            writer: Mutex::new(Writer { connection, head, version, foreign: false, witness: None }),
            reader: Mutex::new(reader),
            path: path.to_owned(),
        })
    }

    /// Runs `work` in one transaction and commits it. An error rolls everything back.
    pub fn write<T, E: From<StoreError>>(
        &self,
        durability: Durability,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_as(durability, false, work)
    }

    /// As [`Self::write`], surviving loss of power, for work that records what another program wrote: with its commit,
    /// and not before, that is noticed. What is written meanwhile by another program waits to be noticed again.
    pub fn write_noticing<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_as(Durability::Power, true, work)
    }

    fn write_as<T, E: From<StoreError>>(
        &self,
        durability: Durability,
        notices: bool,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut guard = lock(&self.writer);
        let writer = &mut *guard;
        if durability == Durability::Power {
            writer.connection.pragma_update(None, "synchronous", "FULL").map_err(StoreError::from)?;
        }
        let waits = writer.foreign && !notices;
        let result = writer.transact(durability, waits, work);
        if durability == Durability::Power {
            writer.connection.pragma_update(None, "synchronous", "NORMAL").map_err(StoreError::from)?;
        }
        result
    }

    /// As [`Self::write`], for work that removes: what it removes is overwritten in the database.
    pub fn write_erasing<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut guard = lock(&self.writer);
        let writer = &mut *guard;
        // The statement answers with a row, which an update of a pragma does not expect.
        let erase = |connection: &Connection, value: &str| {
            connection.query_row(&format!("PRAGMA secure_delete = {value}"), [], |_| Ok(())).map_err(StoreError::from)
        };
        erase(&writer.connection, "ON")?;
        let result = writer.transact(Durability::Process, writer.foreign, work);
        erase(&writer.connection, "OFF")?;
        result
    }

    /// Moves the whole write-ahead log into the database and cuts it off: what was overwritten is in neither. Another
    /// reader can prevent the second; the next call does it.
    pub fn put_away(&self) -> Result<(), StoreError> {
        // Nearly everything is moved while others write; little is left to do for what keeps them waiting.
        let connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        drop(connection);
        // To the writer, a log that another connection cuts off looks like a commit of another program.
        lock(&self.writer).connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Whether the database can give free space back to the disk.
    pub fn gives_back(&self) -> Result<bool, StoreError> {
        let mode: i64 = lock(&self.reader).query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?;
        Ok(mode == INCREMENTAL)
    }

    /// Gives at most so many free pages back to the disk. `None`: the database was made by a version that had not
    /// prepared it for that; free pages are used again. Otherwise bytes that are free still.
    pub fn give_back(&self, pages: u32) -> Result<Option<u64>, StoreError> {
        let writer = lock(&self.writer);
        let mode: i64 = writer.connection.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?;
        if mode != INCREMENTAL {
            return Ok(None);
        }
        let mut statement = writer.connection.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
        drop(rows);
        drop(statement);
        Ok(Some(Read(&writer.connection).pages()?.1))
    }

    /// Runs `work` on one consistent state.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Read<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut reader = lock(&self.reader);
        let transaction = reader.transaction().map_err(StoreError::from)?;
        work(&Read(&transaction))
    }

    /// Where the log stands after the last commit: entries, chain hash, root of the tree.
    pub fn head(&self) -> Result<(u64, Hash, Hash), StoreError> {
        let mut writer = lock(&self.writer);
        writer.look_for_foreign_writes()?;
        Ok((writer.head.seq, writer.head.hash, writer.head.tree.root()))
    }

    /// Has every commit told that appends from now on.
    pub fn watch(&self, witness: Witness) {
        lock(&self.writer).witness = Some(witness);
    }

    /// Whether another program wrote, and nobody noticed by [`Self::write_noticing`] yet.
    pub fn foreign_write_waits(&self) -> Result<bool, StoreError> {
        let mut writer = lock(&self.writer);
        writer.look_for_foreign_writes()?;
        Ok(writer.foreign)
    }

    /// Waits until everything committed so far survives loss of power.
    pub fn sync(&self) -> Result<(), StoreError> {
        // Commits without a wait of their own are in the write-ahead log; once moved into the database, which the
        // checkpoint syncs, they are nowhere else.
        match std::fs::OpenOptions::new().read(true).write(true).open(self.path.with_extension("db-wal")) {
            Ok(wal) => Ok(wal.sync_data()?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Runs `work` on one consistent state through a connection of its own: a long look keeps nobody waiting.
    pub fn read_aside<T, E: From<StoreError>>(&self, work: impl FnOnce(&Read<'_>) -> Result<T, E>) -> Result<T, E> {
        Self::read_only(&self.path, work)
    }

    /// Opens a database for reading only: never creates, never migrates. For the CLI.
    pub fn read_only<T, E: From<StoreError>>(
        path: &Path,
        work: impl FnOnce(&Read<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::same(&connection)?;
        let transaction = connection.transaction().map_err(StoreError::from)?;
        work(&Read(&transaction))
    }

    /// Moves the write-ahead log into the database when it has grown; call now and then, off the hot path.
    pub fn tidy(&self) -> Result<(), StoreError> {
        let wal = self.path.with_extension("db-wal");
        if std::fs::metadata(wal).is_ok_and(|meta| meta.len() > 1024 * 1024) {
            // A connection of its own: the writer is free while the disk works.
            let connection = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        }
        Ok(())
    }
}

impl Writer {
    fn look_for_foreign_writes(&mut self) -> Result<(), StoreError> {
        let version = data_version(&self.connection)?;
        if version != self.version {
            self.head = head(&self.connection)?;
            self.version = version;
            self.foreign = true;
        }
        Ok(())
    }

    /// `waits`: what another program wrote before is still to be noticed after this commit.
    fn transact<T, E: From<StoreError>>(
        &mut self,
        durability: Durability,
        waits: bool,
        work: impl FnOnce(&mut Write<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        // Only now nobody else can write: what another process appended before is what we chain to.
        let version = data_version(&transaction)?;
        let mut present = if version == self.version { self.head.clone() } else { head(&transaction)? };
        let value = work(&mut Write { transaction: &transaction, head: &mut present })?;
        let foreign = waits || version != self.version;
        let appended = present.seq > self.head.seq;
        // What another program wrote is not vouched for before it has been looked at.
        let mut witness = self.witness.as_mut().filter(|_| appended && !foreign);
        let (seq, hash) = (present.seq, present.hash);
        let mut tell = |step| {
            if let Some(witness) = &mut witness {
                (witness.0)(step);
            }
        };
        tell(Step::Begun { seq, hash: &hash });
        if let Err(error) = transaction.commit() {
            tell(Step::Undone);
            return Err(StoreError::from(error).into());
        }
        tell(Step::Done { seq, hash: &hash, durability });
        (self.foreign, self.version, self.head) = (foreign, version, present);
        Ok(value)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that opens connections")]
pub(crate) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn data_version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

/// A panic in a closure rolled its transaction back, so the state behind a poisoned lock is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
