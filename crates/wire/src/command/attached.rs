//! Asked of the gateways and servers that the app is connected to.

use serde::{Deserialize, Serialize};

use crate::attached::{ChatAct, ConfigAct, GatewayPart, GatewayVerb, PolicyEdit, Reach};

/// Every gateway the user chose to be connected to, and how each connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListConnections {}

/// Connects to the gateway of a governed home and takes its questions into the queue; again, with another address or
/// token. The token is kept in a file only the user can read, until the gateway issued one for this device.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachHome {
    pub home_id: String,
    /// Where it listens, on this machine; found by itself when absent.
    #[serde(default)]
    pub url: Option<String>,
    /// The gateway's shared token; the one given before when absent.
    #[serde(default)]
    pub token: Option<String>,
    /// What the connection may do; as before when absent, and at first all that answering its questions takes. Of
    /// gateways only. More than before needs the shared token once again.
    #[serde(default)]
    pub reach: Option<Reach>,
}

impl std::fmt::Debug for AttachHome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttachHome")
            .field("home_id", &self.home_id)
            .field("url", &self.url)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

/// Ends the connection and forgets its tokens. `precondition` while the floor is raised or an agent of it is disabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachHome {
    pub home_id: String,
    /// Also when something of ours stays behind at a gateway that cannot be reached any more; the entry says what.
    #[serde(default)]
    pub anyway: bool,
}

/// Raises the gateway's exec policy so that every command asks, or gives back what was there before. May take a
/// minute. `stale` when the policy is not the one that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFloor {
    pub home_id: String,
    pub raised: bool,
    /// The `hash` of the policy that was seen.
    pub seen_hash: String,
}

/// Tries changes of a connected gateway's exec policy, or makes those that were tried. Making them may take a minute.
/// `stale` when the policy, or the change, is not the one that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditPolicy {
    pub home_id: String,
    /// The `hash` of the policy that was seen.
    pub seen_hash: String,
    /// 1 to 100, made in this order.
    pub edits: Vec<PolicyEdit>,
    /// The `seen` of the trial that was looked at; without it they are only tried.
    #[serde(default)]
    pub seen: Option<String>,
}

/// Asks a connected gateway about a part of itself. May take half a minute. `precondition` while it is not connected or
/// when it refuses, `unavailable` when it does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayView {
    pub home_id: String,
    pub part: GatewayPart,
    /// Whose tools or skills; the default agent's when absent.
    #[serde(default)]
    pub agent: Option<String>,
    /// Of the log: only what came after this place, the `cursor` of an earlier answer.
    #[serde(default)]
    pub after: Option<u64>,
}

/// Looks at a conversation with an agent of a connected gateway, says something in it or stops the answer. What is said
/// is recorded, masked, before it is sent; how it goes on is told by the topic `sessions`. May take half a minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayChat {
    pub home_id: String,
    /// The gateway's key of the session; at most 512 bytes.
    pub session: String,
    pub act: ChatAct,
}

/// Reads a connected gateway's configuration, compares what it was, or goes back to a snapshot that was tried out first.
/// May take two minutes. `stale` when the trial was of another configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayConfig {
    pub home_id: String,
    pub act: ConfigAct,
}

/// Switches an agent of a connected gateway off or on, ends what runs in a session, lets a device in, turns it away or
/// puts it out. May take two minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayAct {
    pub home_id: String,
    pub act: GatewayVerb,
}
