//! The handshake: what we say about ourselves, and what the gateway says about itself.

use std::collections::BTreeSet;

use clawbutler_core::id::{IdSource, hex};
use serde_json::{Value, json};

use super::target::Target;
use crate::{Secret, json as read};

/// The oldest and newest protocol spoken: 2026.5.7 speaks 3, later ones 4.
const PROTOCOLS: (u32, u32) = (3, 4);
/// The gateway knows a closed list of clients; this one is for programs like ours.
const CLIENT: &str = "gateway-client";
const MODE: &str = "ui";
const ROLE: &str = "operator";
const FAMILY: &str = "desktop";
const NAME: &str = "ClawButler Desktop";

/// What a gateway said about itself when it let us in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hello {
    /// The protocol in force.
    pub protocol: u64,
    /// The gateway's release.
    pub version: String,
    /// This run of the gateway: another value is a restart.
    pub boot: String,
    /// The methods it advertises; a few more may be callable.
    pub methods: BTreeSet<String>,
    /// The events it advertises.
    pub events: BTreeSet<String>,
    /// The scopes we were given; fewer than asked for means we are not known.
    pub scopes: Vec<String>,
    /// How we proved ourselves, where it says so.
    pub auth_method: Option<String>,
    /// How the gateway is guarded (`token`, `password`, …).
    pub auth_mode: Option<String>,
    /// How often it says that it lives (ms).
    pub tick_ms: u64,
    /// Largest payload it takes (bytes).
    pub max_payload: u64,
    /// How long it runs (ms).
    pub uptime_ms: Option<u64>,
    /// Its configuration file.
    pub config_path: Option<String>,
    /// Its state folder.
    pub state_dir: Option<String>,
    /// The configuration in force.
    pub applied_config: Option<String>,
    /// The agent that is used when none is named.
    pub default_agent: Option<String>,
}

impl Hello {
    /// Reads `hello-ok`; the device token it may carry comes apart, so that it is nowhere else.
    pub(crate) fn read(payload: &Value) -> Option<(Self, Option<Secret>)> {
        if read::text(payload, "/type").as_deref() != Some("hello-ok") {
            return None;
        }
        let hello = Self {
            protocol: read::number(payload, "/protocol")?,
            version: read::word(payload, "/server/version"),
            boot: read::word(payload, "/server/bootId"),
            methods: read::texts(payload, "/features/methods").into_iter().collect(),
            events: read::texts(payload, "/features/events").into_iter().collect(),
            scopes: read::texts(payload, "/auth/scopes"),
            auth_method: read::text(payload, "/auth/method"),
            auth_mode: read::text(payload, "/snapshot/authMode"),
            tick_ms: read::number(payload, "/policy/tickIntervalMs").unwrap_or(30_000).clamp(250, 300_000),
            max_payload: read::number(payload, "/policy/maxPayload").unwrap_or(0),
            uptime_ms: read::number(payload, "/snapshot/uptimeMs"),
            config_path: read::text(payload, "/snapshot/configPath"),
            state_dir: read::text(payload, "/snapshot/stateDir"),
            applied_config: read::text(payload, "/snapshot/appliedConfigHash"),
            default_agent: read::text(payload, "/snapshot/sessionDefaults/defaultAgentId"),
        };
        Some((hello, read::text(payload, "/auth/deviceToken").map(|token| Secret::new(&token))))
    }

    /// Whether it advertises a method.
    pub fn has(&self, method: &str) -> bool {
        self.methods.contains(method)
    }

    /// Whether we were given a scope.
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|given| given == scope)
    }

    /// Whether its allow-always is bound to the arguments. Releases without `approval.resolve` remember the
    /// program only: allowing `uname -r` once lets every `uname` run, so there it is never offered.
    pub fn binds_always(&self) -> bool {
        self.has("approval.resolve")
    }
}

/// The `connect` call that answers a challenge.
pub(crate) fn connect(target: &Target, token: Option<&Secret>, challenge: &Value, instance: &str) -> Option<Value> {
    let nonce = read::text(challenge, "/nonce")?;
    let at = read::number(challenge, "/ts").unwrap_or_default();
    let scopes = target.reach.scopes();
    let platform = std::env::consts::OS;
    let device = &target.device;
    let sent = token.map_or("", Secret::expose);
    let said =
        ["v3", device.id(), CLIENT, MODE, ROLE, &scopes.join(","), &at.to_string(), sent, &nonce, platform, FAMILY]
            .join("|");
    let version = env!("CARGO_PKG_VERSION");
    Some(json!({
        "minProtocol": PROTOCOLS.0,
        "maxProtocol": PROTOCOLS.1,
        "client": {
            "id": CLIENT, "displayName": NAME, "version": version, "platform": platform,
            "deviceFamily": FAMILY, "mode": MODE, "instanceId": instance,
        },
        "role": ROLE,
        "scopes": scopes,
        "caps": target.reach.caps(),
        "auth": token.map_or_else(|| json!({}), |token| json!({ "token": token.expose() })),
        "locale": "en-US",
        "userAgent": format!("clawbutler/{version}"),
        "device": {
            "id": device.id(), "publicKey": device.public(), "signature": device.sign(&said),
            "signedAt": at, "nonce": nonce,
        },
    }))
}

/// A fresh id in the form the gateway's own clients use.
pub(crate) fn fresh(ids: &dyn IdSource) -> String {
    let mut bytes = ids.bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_captured_hello_is_read_and_its_token_comes_apart() {
        let text = include_str!("../../tests/fixtures/openclaw/hello.json");
        let (hello, token) = Hello::read(&serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!((hello.protocol, hello.version.as_str()), (4, "2026.9.6"));
        assert!(hello.binds_always() && hello.has("sessions.subscribe") && hello.may("operator.admin"));
        assert_eq!((hello.tick_ms, hello.max_payload), (30_000, 26_214_400));
        assert_eq!(hello.default_agent.as_deref(), Some("main"));
        let token = token.expect("the capture has one, replaced");
        assert!(!format!("{hello:?}").contains(token.expose()));
        assert_eq!(Hello::read(&json!({ "type": "other" })), None);
    }

    #[test]
    fn fresh_ids_have_the_form_of_a_uuid() {
        struct Fixed;
        impl IdSource for Fixed {
            fn bytes(&self) -> [u8; 16] {
                [0xff; 16]
            }
        }
        assert_eq!(fresh(&Fixed), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
