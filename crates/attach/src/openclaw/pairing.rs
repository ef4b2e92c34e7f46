//! Devices that want in, and those that are in.

use clawbutler_core::clock::Timestamp;
use serde_json::{Value, json};

use super::gateway::Gateway;
use crate::{CallError, json as read};

/// A device that asks to be let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PairingRequest {
    /// The request.
    pub id: String,
    /// The device.
    pub device: String,
    /// What it calls itself: its own words.
    pub name: Option<String>,
    /// The kind of client.
    pub client: Option<String>,
    /// The scopes it asks for.
    pub scopes: Vec<String>,
    /// Where it comes from.
    pub address: Option<String>,
    /// Since when.
    pub at: Option<Timestamp>,
}

/// A device that is let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PairedDevice {
    /// The device.
    pub device: String,
    /// What it calls itself.
    pub name: Option<String>,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// How it was let in (`silent`, `owner`, …).
    pub via: Option<String>,
    /// Since when.
    pub at: Option<Timestamp>,
    /// When it was last there.
    pub seen_at: Option<Timestamp>,
    /// Whether it is there now.
    pub connected: Option<bool>,
}

impl PairingRequest {
    /// From an event or a row of the list.
    pub(crate) fn read(row: &Value) -> Option<Self> {
        Some(Self {
            id: read::text(row, "/requestId")?,
            device: read::word(row, "/deviceId"),
            name: read::text(row, "/displayName"),
            client: read::text(row, "/clientId"),
            scopes: read::texts(row, "/scopes"),
            address: read::text(row, "/remoteIp"),
            at: read::time(row, "/ts"),
        })
    }
}

impl Gateway {
    /// Who asks to be let in, and who is. Needs the reach over devices.
    pub async fn devices(&self) -> Result<(Vec<PairingRequest>, Vec<PairedDevice>), CallError> {
        let answer = self.call("device.pair.list", json!({})).await?;
        let paired = |row: &Value| {
            Some(PairedDevice {
                device: read::text(row, "/deviceId")?,
                name: read::text(row, "/displayName"),
                scopes: read::texts(row, "/scopes"),
                via: read::text(row, "/approvedVia"),
                at: read::time(row, "/approvedAtMs"),
                seen_at: read::time(row, "/lastSeenAtMs"),
                connected: read::flag(row, "/connected"),
            })
        };
        let pending = read::list(&answer, "/pending").filter_map(PairingRequest::read).collect();
        Ok((pending, read::list(&answer, "/paired").filter_map(paired).collect()))
    }

    /// Lets a device in, or turns it away.
    pub async fn answer_pairing(&self, request: &str, let_in: bool) -> Result<(), CallError> {
        let method = if let_in { "device.pair.approve" } else { "device.pair.reject" };
        self.call(method, json!({ "requestId": request })).await.map(drop)
    }

    /// Puts a device out; its token is dead at once.
    pub async fn remove_device(&self, device: &str) -> Result<(), CallError> {
        self.call("device.pair.remove", json!({ "deviceId": device })).await.map(drop)
    }
}
