//! Other programs' databases, read only: nothing is created, migrated or locked for long.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, ToSql};
use serde_json::{Map, Value};

use crate::StoreError;
use crate::open::connect;

/// Byte of a database's header that tells the kind of its journal, and the value that means a write-ahead log.
const JOURNAL_BYTE: usize = 18;
const LOG: u8 = 2;

/// Largest text of one column that is read (bytes); a longer one is cut.
const COLUMN_BYTES: usize = 8 * 1024 * 1024;

/// Text of one answer after which no further row is taken (bytes).
pub const ANSWER_BYTES: u64 = 8 * 1024 * 1024;

/// A database that belongs to another program.
#[derive(Debug)]
pub struct Foreign {
    connection: Connection,
    path: PathBuf,
    /// Size and time of change when it was opened as one that nobody writes.
    still: Option<(u64, Option<SystemTime>)>,
}

/// One row: its cursor and its columns by name.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignRow {
    pub cursor: i64,
    pub columns: Map<String, Value>,
}

impl Foreign {
    /// Opens it for reading; its owner may be writing it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // With a write-ahead log but without its files nobody has it open, and to join, SQLite would create them in
        // a folder that is not ours. It is read as a file that stands still; [`Self::sound`] tells whether it did.
        let alone = uses_log(path)? && !log_of(path).exists();
        let still = if alone { Some(look(path)?) } else { None };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection =
            if alone { connect(&immutable(path), flags | OpenFlags::SQLITE_OPEN_URI)? } else { connect(path, flags)? };
        connection.pragma_update(None, "query_only", true)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
        Ok(Self { connection, path: path.to_owned(), still })
    }

    /// Whether what was read is of one piece. If not, it has to be forgotten and read again.
    pub fn sound(&self) -> bool {
        self.still.is_none_or(|before| !log_of(&self.path).exists() && look(&self.path).is_ok_and(|now| now == before))
    }

    /// Rows of the first query that fits the schema, at most about [`ANSWER_BYTES`] of them. Blobs become null.
    pub fn rows(&self, queries: &[&str], args: &[&dyn ToSql]) -> Result<Vec<ForeignRow>, StoreError> {
        let mut last = None;
        for query in queries {
            let mut statement = match self.connection.prepare_cached(query) {
                Ok(statement) => statement,
                Err(error) => {
                    last = Some(error);
                    continue;
                }
            };
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let wanted = statement.parameter_count();
            let mut rows = statement.query(&args[..wanted.min(args.len())])?;
            let (mut found, mut bytes) = (Vec::new(), 0);
            while let Some(row) = rows.next()? {
                let mut columns = Map::new();
                for (index, name) in names.iter().enumerate() {
                    let value = value(row.get_ref(index)?);
                    bytes += value.as_str().map_or(8, str::len) as u64;
                    columns.insert(name.clone(), value);
                }
                let cursor = row.get_ref(0)?.as_i64().unwrap_or_default();
                found.push(ForeignRow { cursor, columns });
                if bytes >= ANSWER_BYTES {
                    break;
                }
            }
            return Ok(found);
        }
        Err(last.map_or_else(|| StoreError::Io(std::io::Error::other("there is no query")), StoreError::from))
    }
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn look(path: &Path) -> std::io::Result<(u64, Option<SystemTime>)> {
    let facts = std::fs::metadata(path)?;
    Ok((facts.len(), facts.modified().ok()))
}

fn uses_log(path: &Path) -> std::io::Result<bool> {
    let mut header = Vec::new();
    File::open(path)?.take(JOURNAL_BYTE as u64 + 1).read_to_end(&mut header)?;
    Ok(header.get(JOURNAL_BYTE) == Some(&LOG))
}

/// The name by which SQLite takes no locks and creates nothing.
fn immutable(path: &Path) -> PathBuf {
    let mut name = "file:".to_owned();
    let text = path.to_string_lossy().replace('\\', "/");
    if !text.starts_with('/') {
        name.push('/');
    }
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b':' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    name.push_str("?immutable=1");
    name.into()
}

fn value(column: ValueRef<'_>) -> Value {
    match column {
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(bytes) => {
            let cut = &bytes[..bytes.len().min(COLUMN_BYTES)];
            Value::String(String::from_utf8_lossy(cut).into_owned())
        }
    }
}
