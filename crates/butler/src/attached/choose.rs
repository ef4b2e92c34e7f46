//! What the user chose: which gateways, where, with which token; and the views of it.

use std::collections::HashMap;
use std::path::Path;

use clawbutler_attach::Secret;
use clawbutler_attach::openclaw::{Address, Link, Trouble, with_floor, without_floor};
use clawbutler_connectors::connector;
use clawbutler_core::actor::Actor;
use clawbutler_core::limits::BATCH_ITEMS;
use clawbutler_ledger::Kind;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_store::{Durability, Write};
use clawbutler_wire::attached::{ConnectionList, ConnectionView, FloorView, GapView, LinkState};
use clawbutler_wire::command::{AttachHome, DetachHome, Done, ListConnections};
use clawbutler_wire::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asked::Asked;
use super::secrets::TOKEN_BYTES;
use super::state::fix;
use super::{Held, speaks};
use crate::engine::lock;
use crate::{Butler, Error, audit};

const KEY: &str = "attached";

/// One gateway the user chose to be connected to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Choice {
    /// Where it listens; found by itself when absent.
    #[serde(default)]
    pub(super) url: Option<String>,
    /// Its policy document before we raised it; absent while we did not.
    #[serde(default)]
    pub(super) before: Option<Value>,
}

impl Butler {
    pub(crate) fn load_attached(&self) -> Result<(), Error> {
        let text = self.0.store.read(|read| read.setting(KEY))?;
        let chosen: HashMap<String, Choice> =
            text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        lock(&self.0.attached).chosen = chosen;
        Ok(())
    }

    /// Stores a choice with its entry; in memory only after that.
    pub(super) fn put_choice(
        &self,
        home: &HomeRow,
        choice: Option<Choice>,
        kind: Kind,
        mut data: Value,
    ) -> Result<(), Error> {
        let mut chosen = lock(&self.0.attached).chosen.clone();
        match choice {
            Some(choice) => chosen.insert(home.id.clone(), choice),
            None => chosen.remove(&home.id),
        };
        let text = serde_json::to_string(&chosen).map_err(|error| Error::bad(error.to_string()))?;
        data["home"] = json!(home.id);
        data["path"] = json!(home.path);
        let at = self.now();
        self.0.store.write(Durability::Power, |tx: &mut Write<'_>| {
            tx.setting_put(KEY, &text)?;
            audit::append(tx, at, audit::engine(kind, Actor::LocalUser, data)).map(drop)
        })?;
        lock(&self.0.attached).chosen = chosen;
        self.changed(Topic::Agents);
        self.changed(Topic::Audit);
        Ok(())
    }

    /// A governed home whose runtime has a gateway we speak to.
    pub(super) fn attachable(&self, id: &str) -> Result<HomeRow, Error> {
        let home = self.chosen(id)?;
        if speaks(&home.runtime).is_some() {
            return Ok(home);
        }
        let says = format!("{} has no gateway to connect to.", self.runtime_name(&home.runtime));
        Err(Error::precondition(says, "Its guard asks without one."))
    }

    /// Connects to the gateway of a home, or anew with another address or token.
    pub fn attach_home(&self, request: AttachHome) -> Result<ConnectionView, Error> {
        let home = self.attachable(&request.home_id)?;
        let url = request.url.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
        if let Some(url) = &url {
            Address::parse(url).map_err(|error| Error::bad(error.to_string()))?;
        }
        let token = request.token.as_deref().map(Secret::new).filter(|token| !token.is_empty());
        if token.as_ref().is_some_and(|token| token.expose().len() > TOKEN_BYTES) {
            return Err(Error::bad(format!("A token has at most {TOKEN_BYTES} characters.")));
        }
        let before = {
            let attached = lock(&self.0.attached);
            if attached.chosen.len() >= BATCH_ITEMS && !attached.chosen.contains_key(&home.id) {
                return Err(Error::bad(format!("At most {BATCH_ITEMS} gateways are connected at once.")));
            }
            attached.chosen.get(&home.id).and_then(|choice| choice.before.clone())
        };
        let given = token.is_some();
        if let Some(token) = token {
            let tokens = super::secrets::Tokens { shared: Some(token), device: None };
            self.put_tokens(&home.id, &tokens)?;
        }
        let data = json!({ "url": url, "token_given": given });
        self.put_choice(&home, Some(Choice { url, before }), Kind::GatewayAttached, data)?;
        self.drop_line(&home.id);
        self.connect_chosen();
        self.connection_view(&home)
    }

    /// Ends the connection and forgets its tokens.
    pub fn detach_home(&self, request: DetachHome) -> Result<Done, Error> {
        let choice = lock(&self.0.attached).chosen.get(&request.home_id).cloned();
        let choice = choice.ok_or_else(|| Error::not_found("connection"))?;
        if choice.before.is_some() {
            let says = "The gateway still asks about everything because of us, and without us nobody would answer.";
            return Err(Error::precondition(says, "Give it its own policy back first."));
        }
        let home = lock(&self.0.registry).homes.get(&request.home_id).cloned();
        let home = home.ok_or_else(|| Error::not_found("home"))?;
        self.put_choice(&home, None, Kind::GatewayDetached, json!({}))?;
        self.drop_line(&home.id);
        self.forget_tokens(&home.id)?;
        Ok(Done {})
    }

    /// Every gateway the user chose.
    pub fn list_connections(&self, _: ListConnections) -> Result<ConnectionList, Error> {
        let mut ids: Vec<String> = lock(&self.0.attached).chosen.keys().cloned().collect();
        ids.sort();
        let homes: Vec<HomeRow> = {
            let registry = lock(&self.0.registry);
            ids.iter().filter_map(|id| registry.homes.get(id).cloned()).collect()
        };
        let items = homes.iter().map(|home| self.connection_view(home)).collect::<Result<_, _>>()?;
        Ok(ConnectionList { items })
    }

    /// The address of a home's gateway: as the user gave it, or as its running gateway tells.
    fn address_of(&self, home: &HomeRow, choice: &Choice) -> Option<Address> {
        if let Some(url) = &choice.url {
            return Address::parse(url).ok();
        }
        let connector = connector::by_id(&home.runtime)?;
        let sessions = connector.sessions(&self.0.ports.env, Path::new(&home.path));
        let port = |session: &str| session.strip_prefix("gateway:")?.parse().ok();
        let mut ports = sessions.iter().filter(|session| session.kind == "gateway" && session.name.is_some());
        ports.find_map(|session| port(&session.session)).map(Address::local)
    }

    /// Connects whatever was chosen and is not connected, and what moved; lets go of homes that are not governed.
    pub(super) fn connect_chosen(&self) {
        let chosen: Vec<(String, Choice)> =
            lock(&self.0.attached).chosen.iter().map(|(id, choice)| (id.clone(), choice.clone())).collect();
        for (id, choice) in chosen {
            let held = {
                let attached = lock(&self.0.attached);
                attached.held.get(&id).map(|held| (held.is_up(), held.line.address()))
            };
            let home = lock(&self.0.registry).homes.get(&id).filter(|home| home.governed).cloned();
            let Some(home) = home else {
                self.drop_line(&id);
                continue;
            };
            if self.stopping() || matches!(held, Some((true, _))) {
                continue;
            }
            let Some(address) = self.address_of(&home, &choice) else { continue };
            if held.is_some_and(|(_, known)| known == address.to_string()) {
                continue;
            }
            if let Err(Error(error)) = self.connect(&home, address) {
                tracing::error!(message = %error.message, "a gateway could not be connected to");
            }
        }
    }

    pub(super) fn connection_view(&self, home: &HomeRow) -> Result<ConnectionView, Error> {
        let attached = lock(&self.0.attached);
        let choice = attached.chosen.get(&home.id).ok_or_else(|| Error::not_found("connection"))?;
        let held = attached.held.get(&home.id);
        let (link, says, fix) = held.map_or_else(absent, |held| link_view(&held.link));
        let waiting = held.map_or(0, |held| held.asked.values().filter(|asked| Asked::is_waiting(asked)).count());
        Ok(ConnectionView {
            home_id: home.id.clone(),
            runtime_name: self.runtime_name(&home.runtime),
            link,
            says,
            fix,
            address: held.map(|held| held.line.address()),
            url: choice.url.clone(),
            version: held.and_then(|held| match &held.link {
                Link::Up(hello) => Some(hello.version.clone()).filter(|version| !version.is_empty()),
                Link::Connecting | Link::Waiting { .. } | Link::Refused(_) | Link::Closed => None,
            }),
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            floor: held.and_then(|held| floor_view(held, choice)),
        })
    }
}

fn absent() -> (LinkState, String, Option<String>) {
    let fix = "Start the gateway, or give its address.".to_owned();
    (LinkState::Absent, "No running gateway of this home was found.".to_owned(), Some(fix))
}

fn link_view(link: &Link) -> (LinkState, String, Option<String>) {
    let trouble = |trouble: &Trouble| {
        let says = trouble.to_string();
        let mut letters = says.chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        (format!("{first}{}.", letters.as_str()), fix(trouble).map(str::to_owned))
    };
    match link {
        Link::Connecting => (LinkState::Connecting, "Connects.".to_owned(), None),
        Link::Up(_) => (LinkState::Up, "Connected.".to_owned(), None),
        Link::Waiting { trouble: why, .. } => {
            let (says, fix) = trouble(why);
            (LinkState::Waiting, says, fix)
        }
        Link::Refused(why) => {
            let (says, fix) = trouble(why);
            (LinkState::Refused, says, fix)
        }
        Link::Closed => absent(),
    }
}

fn floor_view(held: &Held, choice: &Choice) -> Option<FloorView> {
    let (policy, drift) = held.policy.as_ref()?;
    let then = match &choice.before {
        Some(before) => without_floor(&policy.file, before),
        None => with_floor(&policy.file),
    };
    let text = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let gap = |drift: &clawbutler_attach::openclaw::Drift| GapView {
        place: drift.place.clone(),
        found: drift.found.clone(),
        wanted: drift.wanted.clone(),
    };
    Some(FloorView {
        hash: policy.hash.clone(),
        raised: choice.before.is_some(),
        gaps: drift.iter().map(gap).collect(),
        now: text(&policy.file),
        then: text(&then),
    })
}
