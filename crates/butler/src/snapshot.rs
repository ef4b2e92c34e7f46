//! What the hook needs to decide alone while the engine is away.
//!
//! The hook can only be stricter because of it, never laxer: the built-in floor of `policy` holds
//! whatever a snapshot says, and the hook never answers `allow` by itself.

use clawbutler_core::digest::sha256;
use clawbutler_platform::files;
use serde_json::json;

use crate::{Butler, Error};

impl Butler {
    /// Writes rules, surroundings and the homes that may not act: a line with the digest, then the body.
    pub(crate) fn write_snapshot(&self) -> Result<(), Error> {
        let around = self.around();
        let stopped = self.stopped_homes();
        let addresses = self.settings().mask_addresses;
        let rules = self.rules().to_snapshot();
        let body = json!({ "around": around, "rules": rules, "stopped": stopped, "addresses": addresses }).to_string();
        let text = format!("{}\n{body}", sha256(body.as_bytes()));
        Ok(files::write_atomic(&self.0.ports.data.snapshot(), text.as_bytes(), Some(0o600))?)
    }
}
