//! Sessions of governed agents: what each one does now, what happened in it, what it used.

mod detail;
mod entry;
mod history;
mod list;
mod model;
mod records;
mod timeline;
mod tree;
mod usage;
mod window;

pub(crate) use model::visible;

use clawbutler_wire::ApiError;
use clawbutler_wire::command::{ListAgents, ListSessions, ShowSession};
use clawbutler_wire::registry::AgentList;
use clawbutler_wire::sessions::{SessionDetail, SessionPage};
use leptos::prelude::*;

use crate::fetched::Fetched;
use crate::kit;
use crate::live::Live;
use crate::model as words;
use crate::route::{Route, go};

/// Sessions on one page of the list.
const PAGE: u32 = 100;

/// The link of the session that is open.
const CURRENT: &str = "[data-testid=session-row][aria-current] a";

/// Where in the list of sessions the page stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Turn {
    #[default]
    Newest,
    /// What comes after this in the list: earlier activity.
    Before(String),
    After(String),
}

/// What all parts of the page work on.
#[derive(Debug, Clone, Copy)]
struct Desk {
    live: Live,
    route: Route,
    page: Fetched<SessionPage>,
    detail: Fetched<SessionDetail>,
    agents: Fetched<AgentList>,
    typed: RwSignal<String>,
    /// Index in [`model::WHICH`].
    which: RwSignal<usize>,
    turn: RwSignal<Turn>,
    /// The sub-agent whose steps are shown: absent for all, empty for the main conversation.
    agent: RwSignal<Option<String>>,
    help: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
}

impl Desk {
    fn list(self) {
        let (before, after) = match self.turn.get() {
            Turn::Newest => (None, None),
            Turn::Before(place) => (Some(place), None),
            Turn::After(place) => (None, Some(place)),
        };
        let states = model::WHICH.get(self.which.get()).map(|which| which.1.to_vec()).unwrap_or_default();
        let search = self.typed.get().trim().chars().take(200).collect();
        self.page.ask(ListSessions { states, search, before, after, limit: Some(PAGE), ..ListSessions::default() });
    }

    fn show(self) {
        let id = self.route.item();
        if !id.is_empty() {
            self.detail.ask(ShowSession { id });
        }
    }

    fn step(self, by: isize) {
        let ids = self.page.value.with_untracked(|page| {
            page.iter().flat_map(|page| &page.items).map(|row| row.id.clone()).collect::<Vec<_>>()
        });
        if let Some(id) = words::neighbour(&ids, &untrack(|| self.route.item()), by) {
            go(&format!("sessions/{id}"));
            kit::focus(&format!("[data-testid=session-row][data-id='{id}'] a"));
        }
    }

    fn key(self, event: &web_sys::KeyboardEvent) {
        if kit::keys_are_taken() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let inside = kit::within(".timeline");
        match event.key().as_str() {
            "ArrowDown" | "j" if inside => kit::step_in_view(".timeline", "[data-entry]", 1),
            "ArrowUp" | "k" if inside => kit::step_in_view(".timeline", "[data-entry]", -1),
            "ArrowDown" | "j" => self.step(1),
            "ArrowUp" | "k" => self.step(-1),
            "Enter" if kit::within(CURRENT) => kit::focus(".timeline"),
            "Enter" if kit::within("[data-entry]") && !kit::uses("Enter") => kit::toggle_details(),
            "Enter" if !kit::uses("Enter") => kit::focus(".timeline"),
            "Escape" if inside => kit::focus(CURRENT),
            "/" => kit::focus("#search"),
            "?" => self.help.set(true),
            "f" => kit::press("[data-testid=follow]"),
            "t" => kit::press("[data-testid=as-table]"),
            _ => return,
        }
        event.prevent_default();
    }
}

#[component]
pub(crate) fn Sessions(live: Live, route: Route) -> impl IntoView {
    let desk = Desk {
        live,
        route,
        page: Fetched::new(),
        detail: Fetched::new(),
        agents: Fetched::new(),
        typed: RwSignal::new(String::new()),
        which: RwSignal::new(0),
        turn: RwSignal::new(Turn::Newest),
        agent: RwSignal::new(None),
        help: RwSignal::new(false),
        error: RwSignal::new(None),
    };
    desk.agents.ask(ListAgents {});
    Effect::new(move || {
        live.sessions.track();
        desk.list();
    });
    let item = Memo::new(move |_| route.item());
    Effect::new(move |before: Option<String>| {
        let item = item.get();
        if before.is_some_and(|before| before != item) {
            desk.detail.clear();
            desk.agent.set(None);
        }
        live.sessions.track();
        untrack(|| desk.show());
        item
    });
    let handle = window_event_listener(leptos::ev::keydown, move |event| desk.key(&event));
    on_cleanup(move || handle.remove());
    view! {
        <main class="split sessions-page">
            <list::List desk=desk/>
            <section class="detail session" aria-label="Session">
                {move || if item.with(String::is_empty) {
                    view! { <p class="calm">"Choose a session to see what happens in it."</p> }.into_any()
                } else {
                    view! { <detail::Detail desk=desk id=item.get()/> }.into_any()
                }}
            </section>
            {move || desk.help.get().then(|| view! { <kit::Keys keys=KEYS close=Callback::new(move |()| desk.help.set(false))/> })}
        </main>
    }
}

const KEYS: &[(&str, &str)] = &[
    ("↑ ↓ j k", "move in the list; in the timeline, from step to step"),
    ("Enter", "go to the timeline; on a step, fold it out"),
    ("Esc", "back to the list"),
    ("f", "follow, or stop following"),
    ("t", "charts as tables"),
    ("/", "search"),
    ("?", "this sheet"),
];
