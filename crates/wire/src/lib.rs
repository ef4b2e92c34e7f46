//! What crosses a process boundary: commands and their replies, views, hook frames, errors.
//!
//! Plain data without behaviour, compiled for the host and for wasm. It must never know the domain
//! crates, a clock or a host. Start reading at [`command`]: the one list of everything a window can
//! ask for.

pub mod approvals;
pub mod attached;
pub mod audit;
pub mod audit_proof;
pub mod audit_search;
pub mod budget;
pub mod command;
pub mod error;
pub mod files;
pub mod gateway;
pub mod grants;
pub mod registry;
pub mod retention;
pub mod rules;
pub mod runtimes;
pub mod sessions;
pub mod settings;
pub mod topic;

pub use command::Command;
pub use error::{ApiError, Code};

use serde::{Deserialize, Serialize};

/// A sequence number. Text on the wire: JavaScript loses integers above 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

impl Serialize for Seq {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl std::fmt::Display for Seq {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Four levels of risk, as words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Low,
    Medium,
    High,
    Critical,
}
