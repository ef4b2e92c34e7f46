//! Everything durable, in one SQLite database; the only crate that names rusqlite.
//!
//! One writer, one reader. The row is the truth: whoever waits in memory only waits to be told to look
//! again. It must never know a rule, a runtime or a window. Start reading at [`Store`], then one file
//! per table under [`table`].

pub mod backup;
pub mod damage;
mod error;
pub mod foreign;
mod open;
mod schema;
pub mod search;
pub mod sessions;
pub mod table;
mod tx;

pub use error::StoreError;
pub use open::{Durability, Step, Store, Witness};
pub use tx::{Read, Write};
