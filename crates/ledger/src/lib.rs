//! The audit log's format: what an entry is, how it is encoded, chained, signed and verified.
//!
//! Pure by rule: it never sees a database, a clock or a file. `docs/AUDIT-FORMAT.md` describes the
//! format for other languages; `tests/verifier/verify.py` is written from that page alone. Start
//! reading at [`entry`], then [`merkle`], [`note`] and [`verify`].

pub mod canonical;
pub mod class;
pub mod entry;
mod header;
mod known;
pub mod line;
pub mod merkle;
pub mod note;
pub mod pack;
pub mod proof;
pub mod retention;
pub mod seal;
pub mod trust;
pub mod verify;

pub use class::Class;
pub use entry::{Draft, Entry, GENESIS, Kind};
pub use merkle::{Frontier, Hash};
pub use retention::Retention;
pub use seal::{SealKey, Sealed};
pub use trust::{CheckpointState, End, Found, HeadNote, Source, Trust};
pub use verify::{BLOCK_LEVEL, Block, Broken, Columns, Reason, Report, Stored, Verifier};
