//! Which gateway, and as whom.

use std::fmt;
use std::sync::Arc;

use clawbutler_core::id::IdSource;

use crate::{Device, Secret};

/// Where a gateway listens. On this machine only: over a plain WebSocket a token is readable on the way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    host: String,
    port: u16,
}

/// Why a text is not the address of a gateway we connect to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddress {
    /// Another scheme than `ws`.
    #[error("only ws:// is spoken; for a gateway elsewhere forward its port to this machine")]
    Scheme,
    /// Not this machine.
    #[error("{0} is not this machine; forward the gateway's port and use 127.0.0.1")]
    Elsewhere(String),
    /// No such address.
    #[error("this is not an address such as ws://127.0.0.1:18789")]
    Form,
}

impl Address {
    /// The port a gateway takes by itself.
    pub const PORT: u16 = 18_789;

    /// A port of this machine.
    pub fn local(port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port }
    }

    /// Reads `ws://127.0.0.1:18789`, `127.0.0.1:18789` or `localhost`.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.trim();
        let rest = match text.split_once("://") {
            Some(("ws" | "http", rest)) => rest,
            Some(_) => return Err(NotAnAddress::Scheme),
            None => text,
        };
        let place = rest.trim_end_matches('/');
        if place.is_empty() || place.contains(['/', '@', '?', '#']) {
            return Err(NotAnAddress::Form);
        }
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or(NotAnAddress::Form)?)),
            None if place.matches(':').count() > 1 => (place, None),
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(Self::PORT), str::parse).map_err(|_| NotAnAddress::Form)?;
        let here = host.eq_ignore_ascii_case("localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if !here || port == 0 {
            return Err(NotAnAddress::Elsewhere(host.to_owned()));
        }
        Ok(Self { host: host.to_owned(), port })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port, for connecting.
    pub(crate) fn socket(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "ws://[{host}]:{port}") } else { write!(f, "ws://{host}:{port}") }
    }
}

/// What a connection is for, and so which scopes it asks for: the least that work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// See agents, sessions and events. Approvals stay invisible.
    Watch,
    /// Also talk to agents. A run started without the approvals scope cannot ask, so it is included.
    Talk,
    /// Also see and answer the approvals of everybody's runs and change policy and configuration: the gateway
    /// shows other people's approvals to `operator.admin` only.
    Govern,
    /// Also let other devices in and put them out.
    Devices,
}

impl Reach {
    /// The scopes, in the order in which they are signed.
    pub fn scopes(self) -> &'static [&'static str] {
        const ALL: &[&str] =
            &["operator.read", "operator.write", "operator.approvals", "operator.admin", "operator.pairing"];
        match self {
            Self::Watch => &ALL[..1],
            Self::Talk => &ALL[..3],
            Self::Govern => &ALL[..4],
            Self::Devices => ALL,
        }
    }

    /// What the client announces to understand. `approvals` makes it count as somebody to ask.
    pub(crate) fn caps(self) -> &'static [&'static str] {
        match self {
            Self::Watch | Self::Talk => &["tool-events"],
            Self::Govern | Self::Devices => &["approvals", "tool-events"],
        }
    }
}

/// A gateway to connect to. Its `Debug` shows no token.
#[derive(Clone)]
pub struct Target {
    /// Where.
    pub address: Address,
    /// The gateway's shared token; not needed once a device token is there.
    pub token: Option<Secret>,
    /// What an earlier connection was issued for this device and this reach.
    pub device_token: Option<Secret>,
    /// As whom.
    pub device: Device,
    /// What for.
    pub reach: Reach,
    /// Where idempotency keys and jitter come from.
    pub ids: Arc<dyn IdSource>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("address", &self.address)
            .field("device", &self.device)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_an_address() {
        let shown = |text: &str| Address::parse(text).map(|address| address.to_string());
        for (given, read) in [
            ("ws://127.0.0.1:18799", "ws://127.0.0.1:18799"),
            (" http://localhost:9/ ", "ws://localhost:9"),
            ("127.0.0.1", "ws://127.0.0.1:18789"),
            ("ws://[::1]:80", "ws://[::1]:80"),
            ("::1", "ws://[::1]:18789"),
        ] {
            assert_eq!(shown(given).as_deref(), Ok(read), "{given}");
        }
        assert_eq!(shown("wss://127.0.0.1"), Err(NotAnAddress::Scheme));
        for elsewhere in ["ws://192.168.0.4:1", "example.org", "ws://127.0.0.1.example.org", "ws://0.0.0.0:1"] {
            assert!(matches!(shown(elsewhere), Err(NotAnAddress::Elsewhere(_))), "{elsewhere}");
        }
        for wrong in ["", "ws://", "ws://a@127.0.0.1", "127.0.0.1:port", "127.0.0.1:99999", "ws://127.0.0.1/x"] {
            assert_eq!(shown(wrong), Err(NotAnAddress::Form), "{wrong}");
        }
    }

    #[test]
    fn scopes_grow_with_the_reach() {
        assert_eq!(Reach::Watch.scopes(), ["operator.read"]);
        assert!(Reach::Talk.scopes().contains(&"operator.approvals"));
        assert!(!Reach::Talk.scopes().contains(&"operator.admin"));
        assert!(!Reach::Govern.scopes().contains(&"operator.pairing"));
        assert_eq!(Reach::Devices.scopes().len(), 5);
    }
}
