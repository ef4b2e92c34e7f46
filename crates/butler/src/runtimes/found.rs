//! Homes that appear beside those that are governed: raised once, until a person chooses, forgets or dismisses.
//!
//! Which homes were seen is kept in the database, so a restart raises nothing anew; what nobody answered is shown again
//! after it. Homes of the very first look are nothing new, nor are those that came while nothing was governed. Of a new
//! home is read what discovery reads: where it lies, and whether a guard of the whole machine covers it.

use std::collections::BTreeMap;

use clawbutler_connectors::connector;
use clawbutler_core::actor::Actor;
use clawbutler_core::limits::{FOUND_HOMES, SEEN_HOMES};
use clawbutler_core::redact;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_wire::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::home_id;
use super::scan::Known;
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// Where it is remembered which homes were seen.
const KEY: &str = "homes.seen";
/// Shortest pause between two looks (ms): each discovers everything.
const PAUSE_MS: u64 = 10_000;
/// What is said where there are more homes than are told apart.
const FULL: &str = "There are more homes of agents than ClawButler tells apart: those that come now are only listed.";
const FIX: &str = "Choose it on the Agents page if it is to be governed; else dismiss this.";

/// A home that nobody answered for yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    home: String,
    /// The alert.
    says: String,
}

/// Homes that were seen, by id, the earliest first; and those of them that a person has still to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    homes: Vec<String>,
    open: Vec<Open>,
    /// There are more homes than are told apart.
    #[serde(default)]
    full: bool,
    /// When it is looked again (steady clock, ms).
    #[serde(skip)]
    next: u64,
}

impl Seen {
    fn holds(&self, home: &str) -> bool {
        self.homes.iter().any(|seen| seen == home)
    }

    /// Whether a home is held now; over the bound those that are gone are let go of.
    fn take(&mut self, home: &str, there: &BTreeMap<String, Known>) -> bool {
        if self.homes.len() >= SEEN_HOMES {
            self.homes.retain(|home| there.contains_key(home));
        }
        let fits = self.homes.len() < SEEN_HOMES;
        if fits && !self.holds(home) {
            self.homes.push(home.to_owned());
        }
        fits
    }
}

impl Butler {
    /// Takes up what was seen before this start, and shows what nobody answered.
    pub(super) fn load_seen(&self) -> Result<(), Error> {
        let text = self.0.store.read(|read| read.setting(KEY))?;
        let seen: Option<Seen> = text.and_then(|text| serde_json::from_str(&text).ok());
        let open = seen.as_ref().map(|seen| seen.open.clone()).unwrap_or_default();
        lock(&self.0.registry).seen = seen;
        open.iter().for_each(|open| self.alert(&open.says, FIX));
        Ok(())
    }

    /// Raises homes that were not there at the last look.
    pub(crate) fn look_for_homes(&self) -> Result<(), Error> {
        let _one_at_a_time = lock(&self.0.homes_turn);
        let steady = self.0.ports.clock.steady_ms();
        let (before, rows, governs) = {
            let registry = lock(&self.0.registry);
            let rows: Vec<String> = registry.homes.keys().cloned().collect();
            (registry.seen.clone(), rows, registry.homes.values().any(|home| home.governed))
        };
        if before.as_ref().is_some_and(|seen| steady < seen.next) {
            return Ok(());
        }
        let there = self.homes_there();
        let mut seen = before.clone().unwrap_or_default();
        seen.next = steady.saturating_add(PAUSE_MS);
        let mut full = false;
        for row in rows {
            full |= !seen.take(&row, &there);
        }
        let mut raised: Vec<&Known> = Vec::new();
        for known in there.values() {
            if seen.holds(&known.id) {
                continue;
            }
            let tell = before.is_some() && governs && !self.is_covered(known);
            if tell && raised.len() >= FOUND_HOMES {
                // The next look raises them.
                break;
            }
            if !seen.take(&known.id, &there) {
                full = true;
                break;
            }
            raised.extend(tell.then_some(known));
        }
        let overflows = full && !std::mem::replace(&mut seen.full, full);
        let (stay, mut shown): (Vec<Open>, Vec<Open>) =
            std::mem::take(&mut seen.open).into_iter().partition(|open| there.contains_key(&open.home));
        seen.open = stay;
        seen.open.extend(raised.iter().map(|known| Open { home: known.id.clone(), says: self.says_of(known) }));
        // What is no longer shown stays in the log and in the list of agents.
        let over = seen.open.len().saturating_sub(FOUND_HOMES);
        shown.extend(seen.open.drain(..over));
        self.keep_seen(&seen, before.as_ref(), &raised, overflows)?;
        shown.iter().for_each(|open| self.clear_alert(&open.says));
        if overflows {
            self.alert(FULL, "Remove homes that nobody uses.");
        }
        if !raised.is_empty() {
            seen.open.iter().for_each(|open| self.alert(&open.says, FIX));
            for topic in [Topic::Agents, Topic::Runtimes, Topic::Audit] {
                self.changed(topic);
            }
        }
        Ok(())
    }

    /// Stores what was seen together with the entries of what is raised.
    fn keep_seen(&self, seen: &Seen, before: Option<&Seen>, raised: &[&Known], overflows: bool) -> Result<(), Error> {
        let same = before
            .is_some_and(|before| (&before.homes, &before.open, before.full) == (&seen.homes, &seen.open, seen.full));
        if !same {
            let text = serde_json::to_string(seen).map_err(|error| Error::bad(error.to_string()))?;
            let at = self.now();
            let quiet = raised.is_empty() && !overflows;
            let durability = if quiet { Durability::Process } else { Durability::Power };
            self.0.store.write::<_, Error>(durability, |tx| {
                for known in raised {
                    let data = json!({
                        "home": known.id, "runtime": known.connector.id(), "path": known.path.display().to_string(),
                        "source": known.source,
                    });
                    audit::append(tx, at, self.entry(Kind::HomeFound, Actor::Engine, data))?;
                }
                if overflows {
                    audit::append(tx, at, self.entry(Kind::BoundReached, Actor::Engine, json!({ "says": FULL })))?;
                }
                tx.setting_put(KEY, &text)?;
                Ok(())
            })?;
        }
        lock(&self.0.registry).seen = Some(seen.clone());
        Ok(())
    }

    /// Every home that discovery finds by itself, by id.
    fn homes_there(&self) -> BTreeMap<String, Known> {
        let mut there = BTreeMap::new();
        for connector in connector::ALL {
            for home in connector.discover(&self.0.ports.env, &[]).homes {
                let id = home_id(connector.id(), &home.path.display().to_string());
                let known = Known { id: id.clone(), connector: *connector, path: home.path, source: home.source };
                there.insert(id, known);
            }
        }
        there
    }

    /// Whether the guard of the whole machine asks about its agents already.
    fn is_covered(&self, known: &Known) -> bool {
        let status = known.connector.guard_status(&self.0.ports.env, &known.path, &self.0.ports.data.hook(), &[]);
        status.state == connector::GuardState::Managed
    }

    fn says_of(&self, known: &Known) -> String {
        let (name, path) = (known.connector.name(), known.path.display());
        let says = format!("A new home of {name} appeared: {path}. What agents do in it is not governed.");
        redact::mask_text(&says, &self.0.mask)
    }

    /// A person chose a home or forgot it: nothing is left to be told of it.
    pub(super) fn home_answered(&self, home: &str) -> Result<(), Error> {
        self.close_found(|open| open.home == home)
    }

    /// A person dismissed an alert; where it was that of a new home it does not come back.
    pub(crate) fn home_dismissed(&self, says: &str) -> Result<(), Error> {
        self.close_found(|open| open.says == says)
    }

    fn close_found(&self, of: impl Fn(&Open) -> bool) -> Result<(), Error> {
        let _one_at_a_time = lock(&self.0.homes_turn);
        let (says, text) = {
            let mut registry = lock(&self.0.registry);
            let Some(seen) = registry.seen.as_mut() else { return Ok(()) };
            let says: Vec<String> = seen.open.iter().filter(|open| of(open)).map(|open| open.says.clone()).collect();
            if says.is_empty() {
                return Ok(());
            }
            seen.open.retain(|open| !of(open));
            (says, serde_json::to_string(seen).map_err(|error| Error::bad(error.to_string()))?)
        };
        self.0.store.write::<_, Error>(Durability::Process, |tx| Ok(tx.setting_put(KEY, &text)?))?;
        says.iter().for_each(|says| self.clear_alert(says));
        Ok(())
    }
}
