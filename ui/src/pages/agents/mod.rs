//! The registry: every agent on this machine, found, chosen, guarded after showing exactly what changes,
//! disabled, stopped.

mod add;
mod changes;
mod detail;
mod facts;
mod gateway;
mod guard;
mod kill;
mod limits;
mod list;
mod matrix;
mod model;
mod overview;

use std::collections::BTreeSet;

use clawbutler_wire::attached::ConnectionList;
use clawbutler_wire::command::{Discover, GovernMany, ListAgents, ListConnections, PlanGuard, ShowAgent};
use clawbutler_wire::registry::{AgentDetail, AgentList, AgentView, KillReport};
use clawbutler_wire::runtimes::{Discovery, GuardVariant};
use clawbutler_wire::topic::Topic;
use clawbutler_wire::{ApiError, Command};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::fetched::Fetched;
use crate::live::Live;
use crate::route::{Route, go};
use crate::{api, kit};
use guard::Shown;

/// Between two looks for sessions that began or ended (ms).
const AGAIN_MS: f64 = 8_000.0;

/// What all parts of the page work on.
#[derive(Debug, Clone, Copy)]
struct Desk {
    live: Live,
    route: Route,
    list: Fetched<AgentList>,
    detail: Fetched<AgentDetail>,
    found: Fetched<Discovery>,
    connections: Fetched<ConnectionList>,
    typed: RwSignal<String>,
    picked: RwSignal<BTreeSet<String>>,
    /// A guard plan on the screen, waiting for consent.
    shown: RwSignal<Option<Shown>>,
    /// The kill switch is asked about.
    killing: RwSignal<Option<AgentView>>,
    /// What the kill switch did last.
    report: RwSignal<Option<KillReport>>,
    help: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    /// What the last change did.
    said: RwSignal<String>,
    busy: RwSignal<bool>,
}

impl Desk {
    fn look(self) {
        self.list.ask(ListAgents {});
        let home_id = self.route.item();
        if !home_id.is_empty() {
            self.detail.ask(ShowAgent { home_id });
            self.connections.ask(ListConnections {});
        }
    }

    fn plan(self, home_id: String, variant: GuardVariant, uninstall: bool) {
        self.error.set(None);
        spawn_local(async move {
            match api::call(&PlanGuard { home_id, variant, uninstall }).await {
                Ok(plan) => drop(self.shown.try_set(Some(Shown { plan, variant, uninstall }))),
                Err(error) => drop(self.error.try_set(Some(error))),
            }
        });
    }

    /// Sends a change; `done` runs with the reply, then everything is looked at again.
    fn send<C: Command>(self, request: C, said: &'static str, done: impl FnOnce(C::Reply) + 'static) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let reply = api::call(&request).await;
            // Gone when the page was left meanwhile.
            if self.busy.try_set(false).is_some() {
                return;
            }
            match reply {
                Ok(reply) => {
                    self.error.set(None);
                    self.said.set(said.to_owned());
                    done(reply);
                }
                Err(failed) => self.error.set(Some(failed)),
            }
            untrack(|| self.look());
            self.live.fetch(Topic::Alerts);
        });
    }

    fn agents(self) -> Vec<AgentView> {
        let typed = self.typed.get();
        self.list.value.with(|list| {
            let all = list.iter().flat_map(|list| &list.agents);
            all.filter(|agent| model::found(agent, &typed)).cloned().collect()
        })
    }

    /// Governs the picked, or leaves them alone.
    fn govern_picked(self, home_ids: Vec<String>, governed: bool) {
        let said = if governed { "They are governed now." } else { "They are left alone now." };
        self.send(GovernMany { home_ids, governed }, said, move |result| {
            self.error.set(result.outcomes.into_iter().find_map(|outcome| outcome.error));
            self.picked.set(BTreeSet::new());
        });
    }

    fn key(self, event: &web_sys::KeyboardEvent) {
        if kit::keys_are_taken() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let listed = untrack(|| self.route.item()).is_empty();
        match event.key().as_str() {
            "Escape" if !listed => go("agents"),
            "ArrowDown" | "j" if listed => kit::step("[data-testid=agent-row] a", 1),
            "ArrowUp" | "k" if listed => kit::step("[data-testid=agent-row] a", -1),
            " " if listed && kit::pick("[data-testid=agent-row]") => {}
            "/" => kit::focus("#search"),
            "?" => self.help.set(true),
            _ => return,
        }
        event.prevent_default();
    }
}

#[component]
pub(crate) fn Agents(live: Live, route: Route) -> impl IntoView {
    let desk = Desk {
        live,
        route,
        list: Fetched::new(),
        detail: Fetched::new(),
        found: Fetched::new(),
        connections: Fetched::new(),
        typed: RwSignal::new(String::new()),
        picked: RwSignal::new(BTreeSet::new()),
        shown: RwSignal::new(None),
        killing: RwSignal::new(None),
        report: RwSignal::new(None),
        help: RwSignal::new(false),
        error: RwSignal::new(None),
        said: RwSignal::new(String::new()),
        busy: RwSignal::new(false),
    };
    let item = Memo::new(move |_| route.item());
    Effect::new(move |before: Option<String>| {
        let item = item.get();
        if before.is_some_and(|before| before != item) {
            desk.detail.clear();
            desk.error.set(None);
            desk.typed.set(String::new());
        }
        live.runtimes.track();
        untrack(|| desk.look());
        item
    });
    desk.found.ask(Discover {});
    // Sessions come and go without a word of the registry; looking costs, so it is done now and then.
    let looked = StoredValue::new(js_sys::Date::now());
    Effect::new(move || {
        live.sessions.track();
        let now = js_sys::Date::now();
        if now - looked.get_value() >= AGAIN_MS {
            looked.set_value(now);
            untrack(|| desk.look());
        }
    });
    let handle = window_event_listener(leptos::ev::keydown, move |event| desk.key(&event));
    on_cleanup(move || handle.remove());
    view! {
        <main class="page wide agents-page">
            <p class="hidden" role="status">{move || desk.said.get()}</p>
            {move || if item.with(String::is_empty) {
                view! { <list::List desk=desk/> }.into_any()
            } else {
                view! { <detail::Detail desk=desk/> }.into_any()
            }}
            {move || desk.shown.get().map(|shown| view! { <guard::Consent desk=desk shown=shown/> })}
            {move || desk.killing.get().map(|agent| view! { <kill::Confirm desk=desk agent=agent/> })}
            {move || desk.report.get().map(|report| view! { <kill::Report desk=desk report=report/> })}
            {move || desk.help.get().then(|| view! { <kit::Keys keys=KEYS close=Callback::new(move |()| desk.help.set(false))/> })}
        </main>
    }
}

const KEYS: &[(&str, &str)] = &[
    ("↑ ↓ j k", "move in the list"),
    ("Enter", "open the agent"),
    ("space", "pick for several at once"),
    ("Esc", "back to the list"),
    ("/", "search"),
    ("?", "this sheet"),
];
