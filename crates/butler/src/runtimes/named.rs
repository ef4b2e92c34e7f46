//! Homes that a person names because nothing on the machine tells of them, and gateways of which only the address is
//! known. Naming one lists it and nothing more: it is governed when a person chooses that.
//!
//! The command line may name one too. Any program of the user can start it, so the entry says `command_line`, nothing
//! is chosen by it, and how many are named and how often is bounded.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clawbutler_attach::openclaw::Address;
use clawbutler_connectors::connector::{self, Connector};
use clawbutler_connectors::places::{self, is_address};
use clawbutler_core::actor::Actor;
use clawbutler_core::limits::{CONNECT_MS, FRAME_BYTES, NAMED_HOMES, PACK_ANSWER_MS};
use clawbutler_ledger::Kind;
use clawbutler_platform::channel::{Frames, write_frame};
use clawbutler_platform::os::Connection;
use clawbutler_platform::paths::DataDir;
use clawbutler_store::Durability;
use clawbutler_store::table::homes::{HomeRow, HomeState};
use clawbutler_wire::command::AddHome;
use clawbutler_wire::gateway::{HomeAnswer, HomeRequest, NamedHome, VERSION};
use clawbutler_wire::registry::AgentView;
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::home_id;
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// Sources of homes that were named.
const BY_YOU: &str = "named by you";
const BY_COMMAND: &str = "named on the command line";

/// Whether two paths are one folder.
fn same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// An address as entries have it: one spelling for this machine.
fn address(text: &str) -> Result<String, Error> {
    let address = Address::parse(text).map_err(|error| {
        let says = format!("That is no address of a gateway on this machine: {error}.");
        Error::bad(says)
    })?;
    let local = address.to_string().to_ascii_lowercase().starts_with("ws://localhost");
    Ok(if local { Address::local(address.port()) } else { address }.to_string())
}

impl Butler {
    /// Lists a home that discovery cannot see, or a gateway of which only the address is known. One that is known
    /// already stays as it is.
    pub fn add_home(&self, request: AddHome) -> Result<AgentView, Error> {
        let id = self.name_home(&request.runtime, &request.place, Actor::LocalUser, BY_YOU)?;
        self.agent_view(&id)
    }

    /// Answers the command line.
    pub fn home_told(&self, request: &HomeRequest) -> HomeAnswer {
        let refused = |says: &str| HomeAnswer { refused: Some(says.to_owned()), ..HomeAnswer::default() };
        if request.v != VERSION {
            return refused("The command line and ClawButler are of different versions.");
        }
        if !self.told_in_time() {
            return refused("The command line asked too often within a minute. Try again later.");
        }
        let NamedHome { runtime, place } = &request.name_home;
        match self.name_home(runtime, place, Actor::Hook, BY_COMMAND) {
            Ok(home_id) => HomeAnswer { home_id, refused: None, hint: None },
            Err(Error(error)) => HomeAnswer { refused: Some(error.message), hint: error.hint, ..HomeAnswer::default() },
        }
    }

    /// Has the running engine list a home; `None` when none answers, or one of a version that does not know the
    /// question.
    pub fn tell_home(data: &DataDir, home: NamedHome) -> Option<HomeAnswer> {
        let asked = || -> std::io::Result<HomeAnswer> {
            let mut stream = Connection::open(data.path(), Duration::from_millis(CONNECT_MS))?;
            stream.set_patience(Some(Duration::from_millis(PACK_ANSWER_MS)))?;
            write_frame(&mut stream, &serde_json::to_string(&HomeRequest { v: VERSION, name_home: home })?)?;
            let frame = Frames::default().read(&mut stream, FRAME_BYTES)?.unwrap_or_default();
            Ok(serde_json::from_slice(&frame)?)
        };
        asked().ok()
    }

    /// The id of the home at a place; noted when it was not known.
    fn name_home(&self, runtime: &str, place: &str, by: Actor, source: &str) -> Result<String, Error> {
        let connector = connector::by_id(runtime).ok_or_else(|| {
            let known: Vec<&str> = connector::ALL.iter().map(|connector| connector.id()).collect();
            Error::bad(format!("There is no such runtime. Known are {}.", known.join(", ")))
        })?;
        let path = if is_address(place) {
            self.named_address(connector, place)?
        } else {
            let home = places::home_at(connector, &self.0.ports.env, place);
            let home = home.map_err(|error| Error::bad(format!("{error}.")))?;
            if let Some(known) = self.listed(connector, &home) {
                return Ok(known);
            }
            home.display().to_string()
        };
        let row = HomeRow {
            id: home_id(runtime, &path),
            runtime: runtime.to_owned(),
            path,
            source: source.to_owned(),
            governed: false,
            guard: None,
            last_contact: None,
            state: HomeState::Online,
            state_since: None,
        };
        {
            let registry = lock(&self.0.registry);
            if registry.homes.contains_key(&row.id) {
                return Ok(row.id);
            }
            let named = registry.homes.values().filter(|home| [BY_YOU, BY_COMMAND].contains(&home.source.as_str()));
            if named.count() >= NAMED_HOMES {
                let hint = "Forget one of them first.";
                return Err(Error::precondition(format!("At most {NAMED_HOMES} homes are named."), hint));
            }
        }
        let at = self.now();
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            tx.home_put(&row)?;
            let origin = if by == Actor::LocalUser { "window" } else { "command_line" };
            let data = json!({ "home": row.id, "runtime": row.runtime, "path": row.path, "origin": origin });
            audit::append(tx, at, self.entry(Kind::HomeNamed, by, data)).map(drop)
        })?;
        let id = row.id.clone();
        lock(&self.0.registry).homes.insert(id.clone(), row);
        for topic in [Topic::Agents, Topic::Runtimes, Topic::Audit] {
            self.changed(topic);
        }
        Ok(id)
    }

    /// The home at a folder that is chosen, named or found already.
    fn listed(&self, connector: &'static dyn Connector, path: &Path) -> Option<String> {
        let rows: Vec<(String, PathBuf)> = {
            let registry = lock(&self.0.registry);
            let own = registry.homes.values().filter(|home| home.runtime == connector.id() && !is_address(&home.path));
            own.map(|home| (home.id.clone(), PathBuf::from(&home.path))).collect()
        };
        let found = connector.discover(&self.0.ports.env, &[]).homes.into_iter();
        let found = found.map(|home| (home_id(connector.id(), &home.path.display().to_string()), home.path));
        rows.into_iter().chain(found).find(|(_, known)| same(known, path)).map(|(id, _)| id)
    }

    /// The address of a gateway that is to be an agent of its own.
    fn named_address(&self, connector: &dyn Connector, text: &str) -> Result<String, Error> {
        if connector.by_address().is_none() {
            let says = format!("{} is known by its home, not by an address.", connector.name());
            return Err(Error::precondition(says, "Give the folder of its home."));
        }
        let address = address(text)?;
        if let Some(home) = self.connected_at(&address).filter(|home| *home != address) {
            let says = format!("The gateway at {address} is connected already, as that of {home}.");
            return Err(Error::precondition(says, "Look at that agent; nothing more is needed."));
        }
        Ok(address)
    }
}
