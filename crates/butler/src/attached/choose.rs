//! What the user chose: which gateways, where, with which token; and the views of it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use clawbutler_attach::Secret;
use clawbutler_attach::codex::Place as Socket;
use clawbutler_attach::openclaw::{Address, Link, Reach as Rights, Trouble, with_floor, without_floor};
use clawbutler_connectors::connector;
use clawbutler_connectors::places::is_address;
use clawbutler_core::actor::Actor;
use clawbutler_core::limits::BATCH_ITEMS;
use clawbutler_ledger::Kind;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_store::{Durability, Write};
use clawbutler_wire::attached::{ConnectionList, ConnectionView, FloorView, GapView, LinkState, PartMoved, Reach};
use clawbutler_wire::command::{AttachHome, DetachHome, Done, ListConnections};
use clawbutler_wire::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use similar::TextDiff;

use super::act::Back;
use super::asked::Asked;
use super::policy::{masked_document, pretty};
use super::run::Place;
use super::secrets::TOKEN_BYTES;
use super::state::fix;
use super::{End, Held, end};
use crate::engine::lock;
use crate::{Butler, Error, audit};

const KEY: &str = "attached";
/// Looks at a line that should fall, and the time between two (ms).
const FALL_LOOKS: u32 = 40;
const FALL_LOOK_MS: u64 = 25;

/// One gateway the user chose to be connected to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Choice {
    /// Where it listens; found by itself when absent.
    #[serde(default)]
    pub(super) url: Option<String>,
    /// What the connection may do there; all that answering takes when absent.
    #[serde(default)]
    pub(super) reach: Option<Reach>,
    /// The widest it was let in for: what it was issued opens no more.
    #[serde(default)]
    pub(super) granted: Option<Reach>,
    /// Its policy document before we raised it; absent while we did not.
    #[serde(default)]
    pub(super) before: Option<Value>,
    /// Its agents that we disabled, with the way back.
    #[serde(default)]
    pub(super) off: BTreeMap<String, Back>,
}

impl Choice {
    /// The rights that the connection asks for.
    fn asks_for(&self) -> Rights {
        match self.reach.unwrap_or_default() {
            Reach::Watch => Rights::Watch,
            Reach::Talk => Rights::Talk,
            Reach::Govern => Rights::Govern,
            Reach::Devices => Rights::Devices,
        }
    }

    /// Whether questions come over it.
    pub(super) fn answers(&self) -> bool {
        self.reach.unwrap_or_default() >= Reach::Govern
    }
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
            audit::append(tx, at, self.entry(kind, Actor::LocalUser, data)).map(drop)
        })?;
        lock(&self.0.attached).chosen = chosen;
        self.changed(Topic::Agents);
        self.changed(Topic::Audit);
        Ok(())
    }

    /// A governed home whose runtime has a gateway we speak to.
    pub(super) fn attachable(&self, id: &str) -> Result<HomeRow, Error> {
        let home = self.chosen(id)?;
        if end(&home.runtime).is_some() {
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
            Address::parse(url).map_err(|error| Error::bad(format!("{}.", sentence(&error.to_string()))))?;
        }
        if is_address(&home.path) && url.as_ref().is_some_and(|url| *url != home.path) {
            let hint = "Add the other address as an agent of its own.";
            return Err(Error::precondition("This agent is the gateway at its address.", hint));
        }
        let token = request.token.as_deref().map(Secret::new).filter(|token| !token.is_empty());
        if token.is_some() && end(&home.runtime) == Some(End::Daemon) {
            let says = format!("{} takes no token: its socket is open to you alone.", self.runtime_name(&home.runtime));
            return Err(Error::bad(says));
        }
        if token.as_ref().is_some_and(|token| token.expose().len() > TOKEN_BYTES) {
            return Err(Error::bad(format!("A token has at most {TOKEN_BYTES} characters.")));
        }
        let known = {
            let attached = lock(&self.0.attached);
            if attached.chosen.len() >= BATCH_ITEMS && !attached.chosen.contains_key(&home.id) {
                return Err(Error::bad(format!("At most {BATCH_ITEMS} gateways are connected at once.")));
            }
            attached.chosen.get(&home.id).cloned().unwrap_or_default()
        };
        let given = token.is_some();
        let (reach, granted) = self.wanted_reach(&home, request.reach, &known, given)?;
        if let Some(token) = token {
            let tokens = super::secrets::Tokens { shared: Some(token), device: None };
            self.put_tokens(&home.id, &tokens)?;
        }
        let data = json!({ "url": url, "token_given": given, "reach": reach });
        self.put_choice(&home, Some(Choice { url, reach, granted, ..known }), Kind::GatewayAttached, data)?;
        self.drop_line(&home.id);
        self.connect_chosen();
        self.connection_view(&home)
    }

    /// What a connection is to be for, and the widest it was let in for.
    fn wanted_reach(
        &self,
        home: &HomeRow,
        asked: Option<Reach>,
        known: &Choice,
        given: bool,
    ) -> Result<(Option<Reach>, Option<Reach>), Error> {
        if end(&home.runtime) != Some(End::Gateway) {
            if asked.is_some() {
                let says = format!("A connection to {} knows no reach.", self.runtime_name(&home.runtime));
                return Err(Error::bad(says));
            }
            return Ok((None, None));
        }
        let reach = asked.or(known.reach).unwrap_or_default();
        if reach < Reach::Govern && (known.before.is_some() || !known.off.is_empty()) {
            return Err(Error::precondition(
                "With less reach we could not give the gateway back what we changed.",
                "Give it its own policy back and enable its agents first.",
            ));
        }
        let tokens = self.tokens(&home.id);
        let had = known.granted.unwrap_or_default();
        if !given && tokens.device.is_some() && reach > had {
            return Err(Error::precondition(
                "What the gateway issued for this device opens less than that.",
                "Give the gateway's shared token once more.",
            ));
        }
        let fresh = given || tokens.device.is_none();
        Ok((Some(reach), Some(if fresh { reach } else { had })))
    }

    /// Ends the connection and forgets its tokens.
    pub fn detach_home(&self, request: DetachHome) -> Result<Done, Error> {
        let choice = lock(&self.0.attached).chosen.get(&request.home_id).cloned();
        let choice = choice.ok_or_else(|| Error::not_found("connection"))?;
        let up = lock(&self.0.attached).held.get(&request.home_id).is_some_and(Held::is_up);
        let gone = request.anyway && !up;
        if choice.before.is_some() && !gone {
            let says = "The gateway still asks about everything because of us, and without us nobody would answer.";
            return Err(Error::precondition(says, "Give it its own policy back first."));
        }
        if !choice.off.is_empty() && !gone {
            let says = "Some of its agents are disabled, and without us nobody knows what they had.";
            return Err(Error::precondition(says, "Enable them first."));
        }
        let home = lock(&self.0.registry).homes.get(&request.home_id).cloned();
        let home = home.ok_or_else(|| Error::not_found("home"))?;
        let agents: Vec<&String> = choice.off.keys().collect();
        let left = json!({ "floor_raised": choice.before.is_some(), "agents_disabled": agents });
        let data = if gone { json!({ "left": left }) } else { json!({}) };
        self.put_choice(&home, None, Kind::GatewayDetached, data)?;
        self.drop_line(&home.id);
        self.forget_tokens(&home.id)?;
        self.forget_configs(&home.id)?;
        lock(&self.0.attached).facts.remove(&home.id);
        self.compare_gateway(&home.id);
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
        let names = |wanted: &dyn Fn(End) -> bool| {
            let ends = connector::ALL.iter().filter(|one| one.served_by().is_some_and(wanted));
            ends.map(|one| one.id().to_owned()).collect()
        };
        Ok(ConnectionList {
            items,
            attachable: names(&|_| true),
            gateways: names(&|end| end == End::Gateway),
            daemons: names(&|end| end == End::Daemon),
        })
    }

    /// Where a home's gateway or daemon listens: as the user gave it, or as it tells itself.
    fn place_of(&self, home: &HomeRow, choice: &Choice) -> Option<Place> {
        let end = end(&home.runtime)?;
        let known = choice.url.as_ref().or(is_address(&home.path).then_some(&home.path));
        if let Some(url) = known {
            let address = Address::parse(url).ok()?;
            return Some(match end {
                End::Gateway => Place::Gateway(address, choice.asks_for()),
                End::Daemon => Place::Daemon(Socket::Port(address.port())),
                End::Server => Place::Server(address),
            });
        }
        let connector = connector::by_id(&home.runtime)?;
        let (env, path) = (&self.0.ports.env, Path::new(&home.path));
        match end {
            End::Daemon => return connector.control_socket(env, path).map(|at| Place::Daemon(Socket::Socket(at))),
            // It needs the token of whoever started it, who then knows its address.
            End::Server => return None,
            End::Gateway => {}
        }
        let sessions = self.live_sessions(connector, path);
        let port = |session: &str| session.strip_prefix("gateway:")?.parse().ok();
        let mut ports = sessions.iter().filter(|session| session.kind == "gateway" && session.name.is_some());
        let found = ports.find_map(|session| port(&session.session));
        found.map(|port| Place::Gateway(Address::local(port), choice.asks_for()))
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
            let Some(place) = self.place_of(&home, &choice) else { continue };
            if held.is_some_and(|(_, known)| known == place.to_string()) {
                continue;
            }
            if let Err(Error(error)) = self.connect(&id, place) {
                tracing::error!(message = %error.message, "a gateway could not be connected to");
            }
        }
    }

    /// What the user chose to be connected to in a home, in words; whether or not the connection stands.
    pub(crate) fn connected_to(&self, home: &str) -> Option<String> {
        let attached = lock(&self.0.attached);
        let choice = attached.chosen.get(home)?;
        let address = attached.held.get(home).map(|held| held.line.address()).or_else(|| choice.url.clone());
        Some(address.map_or_else(|| "its connection".to_owned(), |address| format!("the connection to {address}")))
    }

    /// Whether the line of a home led to a daemon and fell, or falls within a moment: the end of a process shows there a
    /// little later than in the table of processes.
    pub(crate) fn daemon_is_gone(&self, home: &str) -> bool {
        for _ in 0..FALL_LOOKS {
            {
                let attached = lock(&self.0.attached);
                let Some(held) = attached.held.get(home).filter(|held| held.line.end() == End::Daemon) else {
                    return false;
                };
                if !held.is_up() {
                    return true;
                }
            }
            std::thread::sleep(Duration::from_millis(FALL_LOOK_MS));
        }
        false
    }

    /// The place of the home whose connection goes to this address.
    pub(crate) fn connected_at(&self, address: &str) -> Option<String> {
        let home = {
            let attached = lock(&self.0.attached);
            attached.held.iter().find(|(_, held)| held.line.address() == address).map(|(home, _)| home.clone())?
        };
        lock(&self.0.registry).homes.get(&home).map(|home| home.path.clone())
    }

    pub(super) fn connection_view(&self, home: &HomeRow) -> Result<ConnectionView, Error> {
        let attached = lock(&self.0.attached);
        let choice = attached.chosen.get(&home.id).ok_or_else(|| Error::not_found("connection"))?;
        let held = attached.held.get(&home.id);
        let end = end(&home.runtime);
        let (link, says, fix) = held.map_or_else(|| absent(end), |held| link_view(&held.link, &home.runtime));
        let waiting = held.map_or(0, |held| held.asked.values().filter(|asked| Asked::is_waiting(asked)).count());
        Ok(ConnectionView {
            home_id: home.id.clone(),
            runtime_name: self.runtime_name(&home.runtime),
            link,
            says,
            fix,
            address: held.map(|held| held.line.address()),
            url: choice.url.clone(),
            reach: (end == Some(End::Gateway)).then(|| choice.reach.unwrap_or_default()),
            going: held.and_then(|held| held.going.clone()),
            moved: held
                .into_iter()
                .flat_map(|held| &held.moved)
                .map(|(part, times)| PartMoved { part: *part, times: *times })
                .collect(),
            version: held.and_then(|held| match &held.link {
                Link::Up(hello) => Some(hello.version.clone()).filter(|version| !version.is_empty()),
                Link::Connecting | Link::Waiting { .. } | Link::Refused(_) | Link::Closed => None,
            }),
            disabled: choice.off.keys().cloned().collect(),
            waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
            floor: held.and_then(|held| self.floor_view(held, choice)),
        })
    }
}

fn absent(end: Option<End>) -> (LinkState, String, Option<String>) {
    let (says, fix) = match end {
        Some(End::Daemon) => {
            ("No running background server of this home was found: it comes with the runtime's own window.", None)
        }
        Some(End::Server) => ("The server is not known yet.", Some("Give its address and its token.")),
        Some(End::Gateway) | None => {
            ("No running gateway of this home was found.", Some("Start the gateway, or give its address."))
        }
    };
    (LinkState::Absent, says.to_owned(), fix.map(str::to_owned))
}

/// Words as a sentence: a capital letter first.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn link_view(link: &Link, runtime: &str) -> (LinkState, String, Option<String>) {
    let trouble = |trouble: &Trouble| (format!("{}.", sentence(&trouble.to_string())), fix(trouble, runtime));
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
        Link::Closed => absent(end(runtime)),
    }
}

impl Butler {
    fn floor_view(&self, held: &Held, choice: &Choice) -> Option<FloorView> {
        let standing = held.standing.as_ref()?;
        let (policy, drift) = (&standing.policy, &standing.drift);
        let then = match &choice.before {
            Some(before) => without_floor(&policy.file, before),
            None => with_floor(&policy.file),
        };
        let text = |document: &Value| pretty(&masked_document(document, &self.0.mask));
        let (now, then) = (text(&policy.file), text(&then));
        let gap = |drift: &clawbutler_attach::openclaw::Drift| GapView {
            place: drift.place.clone(),
            found: drift.found.clone(),
            wanted: drift.wanted.clone(),
        };
        Some(FloorView {
            hash: policy.hash.clone(),
            raised: choice.before.is_some(),
            gaps: drift.iter().map(gap).collect(),
            rules: self.policy_rows(standing),
            diff: TextDiff::from_lines(&now, &then).unified_diff().missing_newline_hint(false).to_string(),
            now,
            then,
        })
    }
}
