//! One file per table: its row and its queries, as methods of [`crate::Read`] and [`crate::Write`].

pub mod actions;
pub mod approvals;
pub mod backups;
pub mod baselines;
pub mod checkpoints;
pub mod grants;
pub mod homes;
pub mod ledger;
pub mod retention;
pub mod rules;
pub mod settings;
pub mod tree;
pub mod verify;

use crate::StoreError;

fn from_json<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Damaged { what, source })
}

fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("BUG: domain values are plain data")
}
