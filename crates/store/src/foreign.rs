//! Other programs' databases, read only: nothing is created, migrated or locked for long.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, ToSql};
use serde_json::{Map, Value};

use crate::StoreError;
use crate::open::connect;

/// Largest text of one column that is read (bytes); a longer one is cut.
const COLUMN_BYTES: usize = 8 * 1024 * 1024;

/// A database that belongs to another program.
#[derive(Debug)]
pub struct Foreign(Connection);

/// One row: its cursor and its columns by name.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignRow {
    pub cursor: i64,
    pub columns: Map<String, Value>,
}

impl Foreign {
    /// Opens it for reading. A database whose write-ahead log cannot be joined is read as it lies there.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let opened = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        opened.pragma_update(None, "query_only", true)?;
        match opened.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)) {
            Ok(_) => Ok(Self(opened)),
            Err(error) => Err(error.into()),
        }
    }

    /// Rows of the first query that fits the schema. Blobs become null.
    pub fn rows(&self, queries: &[&str], args: &[&dyn ToSql]) -> Result<Vec<ForeignRow>, StoreError> {
        let mut last = None;
        for query in queries {
            let mut statement = match self.0.prepare_cached(query) {
                Ok(statement) => statement,
                Err(error) => {
                    last = Some(error);
                    continue;
                }
            };
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let wanted = statement.parameter_count();
            let mut rows = statement.query(&args[..wanted.min(args.len())])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let mut columns = Map::new();
                for (index, name) in names.iter().enumerate() {
                    columns.insert(name.clone(), value(row.get_ref(index)?));
                }
                let cursor = row.get_ref(0)?.as_i64().unwrap_or_default();
                found.push(ForeignRow { cursor, columns });
            }
            return Ok(found);
        }
        Err(last.map_or_else(|| StoreError::Io(std::io::Error::other("there is no query")), StoreError::from))
    }
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
