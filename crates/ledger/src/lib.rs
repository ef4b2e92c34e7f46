//! The audit log's format: what an entry is, how it is encoded, chained and verified.
//!
//! Pure by rule: it never sees a database, a clock or a file. `docs/AUDIT-FORMAT.md` describes the
//! format for other languages; `tests/verifier/verify.py` is written from that page alone. Start
//! reading at [`entry`], then [`verify`].

pub mod entry;
pub mod verify;

pub use entry::{Draft, Entry, GENESIS, Kind};
pub use verify::{Report, Verifier};
