//! What homes are configured to do, compared with what a person accepted: drift.
//!
//! The baseline of a home is taken when the user chooses it, that of a project when a session of the home is first
//! seen in it. A difference is recorded once, raised, and shown until it is accepted or gone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clawbutler_connectors::connector::Connector;
use clawbutler_connectors::facts::{Fact, Tab, Watch};
use clawbutler_connectors::places::connector_of;
use clawbutler_core::actor::Actor;
use clawbutler_core::digest;
use clawbutler_core::limits::{BASELINE_PROJECTS, DRIFT_RECORDED, FACT_CHARS, FACTS, FACTS_MS, FACTS_PAUSE_MS};
use clawbutler_core::redact;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::baselines::BaselineRow;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_wire::command::AcceptDrift;
use clawbutler_wire::registry::{AgentDetail, DriftChange, DriftKind, DriftView, FactTab, FactView};
use clawbutler_wire::topic::Topic;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::attached::GATEWAY_SOURCE;
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// The scope of what the gateway of a home tells; no folder of a project is called so.
const GATEWAY: &str = "gateway:";

/// When facts were compared last, and whether something called for it since.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    last: Option<i64>,
    wanted: bool,
}

/// The open changes of one home, with the alert they raised.
#[derive(Debug, Clone)]
pub(crate) struct Drifted {
    pub(crate) view: DriftView,
    alert: Option<String>,
}

/// A watched fact as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    tab: FactTab,
    name: String,
    value: String,
    source: String,
    /// Present where a higher one is looser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rank: Option<u8>,
}

/// Watched facts of a home (under the empty name) and of the projects in which it works.
pub(crate) type Scopes = BTreeMap<String, Vec<Kept>>;

pub(super) fn tab(tab: Tab) -> FactTab {
    match tab {
        Tab::Overview => FactTab::Overview,
        Tab::Tools => FactTab::Tools,
        Tab::Skills => FactTab::Skills,
        Tab::Channels => FactTab::Channels,
        Tab::Files => FactTab::Files,
        Tab::Schedules => FactTab::Schedules,
        Tab::Permissions => FactTab::Permissions,
    }
}

fn kept(fact: &Fact) -> Option<Kept> {
    let rank = match fact.watch {
        Watch::No => return None,
        Watch::Change => None,
        Watch::Rank(rank) => Some(rank),
    };
    let Fact { name, value, source, .. } = fact.clone();
    Some(Kept { tab: tab(fact.tab), name, value, source, rank })
}

/// Everything that differs, in the order of tab and name.
fn compare(project: &str, before: &[Kept], now: &[Kept], at: i64) -> Vec<DriftChange> {
    let by_name = |facts: &[Kept]| -> BTreeMap<(FactTab, String), Kept> {
        facts.iter().map(|fact| ((fact.tab, fact.name.clone()), fact.clone())).collect()
    };
    let (before, now) = (by_name(before), by_name(now));
    let names: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let (was, is) = (before.get(name), now.get(name));
            let rank = |fact: Option<&Kept>| fact.and_then(|fact| fact.rank);
            let kind = match (was, is) {
                _ if rank(was).is_some() || rank(is).is_some() => {
                    (rank(is).unwrap_or(0) > rank(was).unwrap_or(0)).then_some(DriftKind::Loosened)?
                }
                (None, Some(_)) => DriftKind::Appeared,
                (Some(_), None) => DriftKind::Gone,
                (Some(was), Some(is)) => (was.value != is.value).then_some(DriftKind::Changed)?,
                (None, None) => return None,
            };
            Some(DriftChange {
                tab: name.0,
                name: name.1.clone(),
                project: (!project.is_empty() && project != GATEWAY).then(|| project.to_owned()),
                kind,
                from: was.map(|fact| fact.value.clone()),
                to: is.map(|fact| fact.value.clone()),
                source: is.or(was).map(|fact| fact.source.clone()).unwrap_or_default(),
                since: at,
            })
        })
        .collect()
}

fn same(one: &DriftChange, other: &DriftChange) -> bool {
    let of = |change: &DriftChange| DriftChange { since: 0, ..change.clone() };
    of(one) == of(other)
}

/// Puts changes in the order they are shown and names them.
fn view(home: &str, baseline_at: i64, mut changes: Vec<DriftChange>) -> DriftView {
    changes.sort_by_key(|change| change.kind != DriftKind::Loosened);
    let named: Vec<_> = changes.iter().map(|change| DriftChange { since: 0, ..change.clone() }).collect();
    DriftView { home_id: home.to_owned(), digest: digest::of(&(home, named)), baseline_at, changes }
}

fn raised(home: &HomeRow, changes: &[DriftChange]) -> Option<(String, String)> {
    let first = changes.first()?;
    let word = match first.kind {
        DriftKind::Loosened => "is looser than it was",
        DriftKind::Appeared => "appeared",
        DriftKind::Changed => "changed",
        DriftKind::Gone => "is gone",
    };
    let more = match changes.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let critical = if first.kind == DriftKind::Loosened { "Critical: " } else { "" };
    let says = format!("{critical}The configuration of {} changed: {} {word}{more}.", home.path, first.name);
    Some((says, "Look at the changes on the Agents page; accept them, or take them back.".to_owned()))
}

impl Butler {
    /// Facts with secrets masked and lengths bounded.
    fn masked_facts(&self, runtime: &dyn Connector, home: &Path, projects: &[PathBuf]) -> Vec<Fact> {
        let mut facts = runtime.facts(&self.0.ports.env, home, projects);
        facts.truncate(FACTS);
        for fact in &mut facts {
            let masked =
                |text: &str| -> String { redact::mask_text(text, &self.0.mask).chars().take(FACT_CHARS).collect() };
            fact.value = masked(&fact.value);
            fact.name = masked(&fact.name);
        }
        facts
    }

    pub(super) fn fact_views(
        &self,
        id: &str,
        runtime: &dyn Connector,
        home: &Path,
        projects: &[PathBuf],
    ) -> Vec<FactView> {
        let mut facts = self.masked_facts(runtime, home, projects);
        facts.extend(self.gateway_facts(id).unwrap_or_default());
        facts.extend(self.run_facts(runtime, home));
        let mut views: Vec<FactView> = facts
            .into_iter()
            .map(|fact| FactView {
                tab: tab(fact.tab),
                name: fact.name,
                value: fact.value,
                source: fact.source,
                watched: fact.watch != Watch::No,
            })
            .collect();
        views.sort_by(|one, other| (one.tab, &one.name).cmp(&(other.tab, &other.name)));
        views
    }

    /// What is compared: the home alone, and what each project adds to it. Projects of live sessions come first,
    /// then those of `known` that still exist, up to a bound.
    pub(super) fn scopes(&self, runtime: &dyn Connector, home: &Path, known: &[String]) -> Scopes {
        let own = self.masked_facts(runtime, home, &[]);
        let live =
            self.live_sessions(runtime, home).into_iter().map(|session| session.cwd).filter(|cwd| !cwd.is_empty());
        let mut scopes = Scopes::from([(String::new(), own.iter().filter_map(kept).collect())]);
        for project in live.chain(known.iter().filter(|project| !project.is_empty()).cloned()) {
            if scopes.len() > BASELINE_PROJECTS || scopes.contains_key(&project) || !Path::new(&project).is_dir() {
                continue;
            }
            let with = self.masked_facts(runtime, home, &[PathBuf::from(&project)]);
            let added = with.iter().filter(|fact| !own.contains(fact)).filter_map(kept).collect();
            scopes.insert(project, added);
        }
        scopes
    }

    pub(super) fn put_baselines(
        tx: &mut clawbutler_store::Write<'_>,
        home: &str,
        scopes: &Scopes,
        at: i64,
    ) -> Result<(), Error> {
        for (project, facts) in scopes {
            let facts = serde_json::to_string(facts).map_err(|error| Error::bad(error.to_string()))?;
            tx.baseline_put(&BaselineRow { home: home.to_owned(), project: project.clone(), at, facts })?;
        }
        tx.drift_put(home, None)?;
        Ok(())
    }

    /// What a person changed through us is no drift: the fact takes its place in the home's baseline.
    pub(super) fn rebase_fact(
        &self,
        tx: &mut clawbutler_store::Write<'_>,
        runtime: &dyn Connector,
        home: &HomeRow,
        name: &str,
    ) -> Result<(), Error> {
        let rows = tx.read().baselines(&home.id)?;
        let Some(row) = rows.into_iter().find(|row| row.project.is_empty()) else { return Ok(()) };
        let now = self.masked_facts(runtime, Path::new(&home.path), &[]);
        let mut facts: Vec<Kept> = serde_json::from_str(&row.facts).unwrap_or_default();
        facts.retain(|fact| fact.name != name);
        facts.extend(now.iter().filter(|fact| fact.name == name).filter_map(kept));
        let facts = serde_json::to_string(&facts).map_err(|error| Error::bad(error.to_string()))?;
        Ok(tx.baseline_put(&BaselineRow { facts, ..row })?)
    }

    /// What a person changed at a home's gateway through us is no drift: those facts take their place in the baseline.
    pub(crate) fn rebase_gateway(&self, home: &HomeRow, ours: impl Fn(&str) -> bool) -> Result<(), Error> {
        let Some(now) = self.gateway_facts(&home.id) else { return Ok(()) };
        let _one_at_a_time = lock(&self.0.facts_turn);
        let rows = self.0.store.read(|read| read.baselines(&home.id))?;
        let Some(row) = rows.into_iter().find(|row| row.project == GATEWAY) else { return Ok(()) };
        let mut facts: Vec<Kept> = serde_json::from_str(&row.facts).unwrap_or_default();
        facts.retain(|fact| !ours(&fact.name));
        facts.extend(now.iter().filter(|fact| ours(&fact.name)).filter_map(kept));
        let facts = serde_json::to_string(&facts).map_err(|error| Error::bad(error.to_string()))?;
        self.0.store.write::<_, Error>(Durability::Power, |tx| Ok(tx.baseline_put(&BaselineRow { facts, ..row })?))
    }

    /// Drops what is remembered of a home's drift, and its alert.
    pub(super) fn forget_drift(&self, home: &str) {
        let drifted = lock(&self.0.registry).drifts.remove(home);
        if let Some(alert) = drifted.and_then(|drifted| drifted.alert) {
            self.clear_alert(&alert);
        }
    }

    /// What was recorded in earlier runs is shown again.
    pub(crate) fn load_drifts(&self) -> Result<(), Error> {
        for home in self.governed_homes() {
            let (changes, baselines) =
                self.0.store.read(|read| Ok::<_, Error>((read.drift(&home.id)?, read.baselines(&home.id)?)))?;
            let changes: Vec<DriftChange> =
                changes.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            let at = baselines.first().map_or(0, |row| row.at);
            self.show_drift(&home, view(&home.id, at, changes));
        }
        Ok(())
    }

    /// Compares all governed homes when something called for it or it is time again.
    pub(crate) fn look_at_facts(&self, wanted: bool) -> Result<(), Error> {
        let now = self.now().0;
        {
            let mut pace = lock(&self.0.pace);
            pace.wanted |= wanted;
            let since = pace.last.map_or(i64::MAX, |last| now.saturating_sub(last).abs());
            let pause = if pace.wanted { FACTS_PAUSE_MS } else { FACTS_MS };
            if since < pause {
                return Ok(());
            }
            *pace = Pace { last: Some(now), wanted: false };
        }
        self.governed_homes().iter().try_for_each(|home| self.look_at_facts_of(home).map(drop))
    }

    /// Compares one home now; gives what was compared.
    pub(crate) fn look_at_facts_of(&self, home: &HomeRow) -> Result<Scopes, Error> {
        let Some(connector) = connector_of(&home.runtime, &home.path) else { return Ok(Scopes::new()) };
        let _one_at_a_time = lock(&self.0.facts_turn);
        self.compare_home(home, connector)
    }

    fn compare_home(&self, home: &HomeRow, connector: &dyn Connector) -> Result<Scopes, Error> {
        let rows = self.0.store.read(|read| read.baselines(&home.id))?;
        let known: Vec<String> = rows.iter().map(|row| row.project.clone()).collect();
        let mut scopes = self.scopes(connector, Path::new(&home.path), &known);
        let told = self.gateway_facts(&home.id);
        if let Some(facts) = &told {
            scopes.insert(GATEWAY.to_owned(), facts.iter().filter_map(kept).collect());
        }
        // A gateway that was not heard since the start said what it said before.
        let unheard = told.is_none() && self.has_gateway(&home.id);
        let now = self.now();
        let at = rows.first().map_or(now.0, |row| row.at);
        let before = lock(&self.0.registry).drifts.get(&home.id).map(|drifted| drifted.view.clone());
        let before = before.map(|view| view.changes).unwrap_or_default();
        let (mut changes, mut fresh) = (Vec::new(), Scopes::new());
        for (project, facts) in &scopes {
            match rows.iter().find(|row| row.project == *project) {
                Some(row) => {
                    let accepted: Vec<Kept> = serde_json::from_str(&row.facts).unwrap_or_default();
                    changes.extend(compare(project, &accepted, facts, now.0));
                }
                None => drop(fresh.insert(project.clone(), facts.clone())),
            }
        }
        if unheard {
            changes.extend(before.iter().filter(|change| change.source == GATEWAY_SOURCE).cloned());
        }
        for change in &mut changes {
            if let Some(known) = before.iter().find(|known| same(known, change)) {
                change.since = known.since;
            }
        }
        let stays = |project: &String| scopes.contains_key(project) || (unheard && project == GATEWAY);
        let gone = |project: &&String| !stays(project);
        let lost: Vec<&String> = known.iter().filter(gone).collect();
        let view = view(&home.id, at, changes);
        let differs = view.changes.len() != before.len() || !view.changes.iter().zip(&before).all(|(a, b)| same(a, b));
        if differs || !fresh.is_empty() || !lost.is_empty() {
            self.0.store.write::<_, Error>(Durability::Power, |tx| {
                for (project, facts) in &fresh {
                    let one = Scopes::from([(project.clone(), facts.clone())]);
                    let open = tx.read().drift(&home.id)?;
                    Self::put_baselines(tx, &home.id, &one, now.0)?;
                    tx.drift_put(&home.id, open.as_deref())?;
                }
                for project in &lost {
                    tx.baseline_remove(&home.id, project)?;
                }
                if differs {
                    let text = serde_json::to_string(&view.changes).map_err(|error| Error::bad(error.to_string()))?;
                    tx.drift_put(&home.id, (!view.changes.is_empty()).then_some(text.as_str()))?;
                    let data = drift_data(home, &view);
                    audit::append(tx, now, self.entry(Kind::ConfigDrift, Actor::Engine, data))?;
                }
                Ok(())
            })?;
        }
        if differs {
            self.show_drift(home, view);
        }
        Ok(scopes)
    }

    fn show_drift(&self, home: &HomeRow, view: DriftView) {
        self.forget_drift(&home.id);
        if let Some((says, fix)) = raised(home, &view.changes) {
            self.alert(&says, &fix);
            let drifted = Drifted { view, alert: Some(says) };
            lock(&self.0.registry).drifts.insert(home.id.clone(), drifted);
        }
        self.changed(Topic::Agents);
        self.changed(Topic::Audit);
    }

    /// Accepts the configuration as it was shown as the new baseline.
    pub fn accept_drift(&self, request: AcceptDrift) -> Result<AgentDetail, Error> {
        let home = self.chosen(&request.home_id)?;
        let connector = connector_of(&home.runtime, &home.path).ok_or_else(|| Error::not_found("runtime"))?;
        {
            let _one_at_a_time = lock(&self.0.facts_turn);
            let scopes = self.compare_home(&home, connector)?;
            let shown = lock(&self.0.registry).drifts.get(&home.id).map(|drifted| drifted.view.clone());
            let Some(view) = shown.filter(|view| view.digest == request.digest) else {
                let present = lock(&self.0.registry).drifts.get(&home.id).map(|drifted| drifted.view.clone());
                let present = present.and_then(|view| serde_json::to_value(view).ok());
                return Err(Error::stale("The configuration is not the one that was shown.", present));
            };
            let at = self.now();
            self.0.store.write::<_, Error>(Durability::Power, |tx| {
                Self::put_baselines(tx, &home.id, &scopes, at.0)?;
                let data = drift_data(&home, &view);
                audit::append(tx, at, self.entry(Kind::DriftAccepted, Actor::LocalUser, data)).map(drop)
            })?;
            self.forget_drift(&home.id);
        }
        self.changed(Topic::Agents);
        self.changed(Topic::Audit);
        self.agent_detail(&home.id)
    }
}

fn drift_data(home: &HomeRow, view: &DriftView) -> serde_json::Value {
    json!({
        "home": home.id, "path": home.path, "digest": view.digest, "count": view.changes.len(),
        "critical": view.changes.iter().any(|change| change.kind == DriftKind::Loosened),
        "changes": view.changes.iter().take(DRIFT_RECORDED).collect::<Vec<_>>(),
    })
}
