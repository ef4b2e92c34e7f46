//! The audit log: search it, open an entry, follow a trace, export it, and check that it holds.

mod acknowledge;
mod address;
mod check;
mod detail;
mod entry;
mod export;
mod facts;
mod filters;
mod lanes;
mod list;
mod model;
mod rows;
mod saved;
mod spans;
mod trace;
mod verify;

pub(crate) use address::escaped;
pub(crate) use list::Copy;
pub(crate) use model::{entries, grouped};

use clawbutler_wire::ApiError;
use clawbutler_wire::audit_search::{AuditFilter, SavedSearches};
use clawbutler_wire::command::{ListAgents, ListSearches, SearchAudit};
use clawbutler_wire::registry::AgentList;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::fetched::Fetched;
use crate::live::Live;
use crate::route::{Route, go};
use crate::{api, kit};
use rows::{PAGE, Rows};

/// What lies over the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Check,
    Export,
    Checkpoints,
    Save,
    Keys,
}

/// What all parts of the page work on.
#[derive(Debug, Clone, Copy)]
struct Desk {
    live: Live,
    route: Route,
    /// What is asked for, from the address.
    filter: Memo<AuditFilter>,
    /// Number of the entry that is open.
    open: Memo<Option<u64>>,
    /// Absent while the first page is fetched.
    rows: RwSignal<Option<Rows>>,
    busy: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
    /// Whether a search that its time stopped goes on by itself.
    looking: RwSignal<bool>,
    /// Whether there are newer entries than those shown.
    fresh: RwSignal<bool>,
    /// Whether the list stands at its top.
    at_top: StoredValue<bool>,
    asked: StoredValue<u32>,
    over: RwSignal<Option<Over>>,
    saved: Fetched<SavedSearches>,
    agents: Fetched<AgentList>,
    verify: verify::Verify,
}

/// Which page of the list is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    First,
    Older,
    Newer,
}

impl Desk {
    fn new(live: Live, route: Route) -> Self {
        // A trace keeps the filter of the list it was opened from.
        let filter = Memo::new(move |old: Option<&AuditFilter>| match route.item().as_str() {
            "trace" | "session" => old.cloned().unwrap_or_default(),
            _ => address::from_address(&route.part()),
        });
        let open = Memo::new(move |_| route.item().parse().ok());
        Self {
            live,
            route,
            filter,
            open,
            rows: RwSignal::new(None),
            busy: RwSignal::new(false),
            error: RwSignal::new(None),
            looking: RwSignal::new(true),
            fresh: RwSignal::new(false),
            at_top: StoredValue::new(true),
            asked: StoredValue::new(0),
            over: RwSignal::new(None),
            saved: Fetched::new(),
            agents: Fetched::new(),
            verify: verify::Verify::new(),
        }
    }

    /// Fetches a page; a reply to an older question is dropped.
    fn turn(self, turn: Turn) {
        let number = self.asked.get_value().wrapping_add(1);
        self.asked.set_value(number);
        let filter = self.filter.get_untracked();
        let (before, after) = self.rows.with_untracked(|rows| match (turn, rows) {
            (Turn::Older, Some(rows)) => (rows.older, None),
            (Turn::Newer, Some(rows)) => (None, rows.top().or(Some(rows.seen))),
            _ => (None, None),
        });
        let count = turn == Turn::First;
        let request = SearchAudit { filter, before, after, limit: Some(PAGE), count };
        self.busy.set(true);
        spawn_local(async move {
            let reply = api::call(&request).await;
            if self.asked.try_get_value() != Some(number) {
                return;
            }
            self.busy.set(false);
            match reply {
                Ok(page) => {
                    self.error.set(None);
                    self.rows.update(|rows| match (turn, rows.as_mut()) {
                        (Turn::Older, Some(rows)) => rows.add_older(page),
                        (Turn::Newer, Some(rows)) => rows.add_newer(page),
                        _ => *rows = Some(Rows::first(page)),
                    });
                    if turn != Turn::Older {
                        self.fresh.set(false);
                    }
                }
                Err(error) => {
                    // A query that is not whole yet leaves what is there; anything else would be another answer.
                    if turn == Turn::First && error.details.is_none() {
                        self.rows.set(None);
                    }
                    self.error.set(Some(error));
                }
            }
        });
    }

    /// The log may have grown: what is newer is taken in at the top, and announced elsewhere.
    fn grown(self) {
        let state = self.rows.with_untracked(|rows| rows.as_ref().map(|rows| (rows.top(), rows.newer.is_some())));
        match state {
            None if !self.busy.get_untracked() => self.turn(Turn::First),
            Some((None, _)) if !self.busy.get_untracked() => self.turn(Turn::Newer),
            Some((Some(_), false)) if !self.busy.get_untracked() && self.at_top.get_value() => self.turn(Turn::Newer),
            Some((Some(top), false)) => {
                let filter = self.filter.get_untracked();
                spawn_local(async move {
                    let request = SearchAudit { filter, after: Some(top), limit: Some(1), ..SearchAudit::default() };
                    if let Ok(page) = api::call(&request).await
                        && !page.items.is_empty()
                    {
                        self.fresh.try_set(true);
                    }
                });
            }
            _ => {}
        }
    }

    /// Goes on with a search that its time stopped before there was enough to look at.
    fn look_on(self) {
        let short = self.rows.with(|rows| rows.as_ref().is_some_and(Rows::is_short));
        if short && self.looking.get() && !self.busy.get() && self.error.with(Option::is_none) {
            untrack(|| self.turn(Turn::Older));
        }
    }

    fn close(self) {
        go(&address::place(None, &self.filter.get_untracked()));
    }

    fn step(self, by: isize) {
        let Some(open) = self.open.get_untracked() else { return kit::step(ROW, by) };
        let ids: Vec<String> = self.rows.with_untracked(|rows| {
            rows.iter().flat_map(|rows| &rows.items).map(|entry| entry.seq.to_string()).collect()
        });
        let next = crate::model::neighbour(&ids, &open.to_string(), by);
        if let Some(seq) = next.and_then(|id| id.parse().ok()) {
            go(&address::place(Some(seq), &self.filter.get_untracked()));
            kit::focus(&format!("[data-testid=entry-row][data-seq='{seq}'] a"));
        }
    }

    fn key(self, event: &web_sys::KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let there = self.route.item();
        if matches!(there.as_str(), "trace" | "session") {
            return;
        }
        if kit::keys_are_taken() {
            if event.key() == "Escape" && kit::within("#search") {
                kit::focus(ROW);
            }
            return;
        }
        match event.key().as_str() {
            "ArrowDown" | "j" if !kit::within(".entry-panel") => self.step(1),
            "ArrowUp" | "k" if !kit::within(".entry-panel") => self.step(-1),
            "Escape" if self.open.get_untracked().is_some() => {
                let seq = self.open.get_untracked().unwrap_or_default();
                self.close();
                kit::focus(&format!("[data-testid=entry-row][data-seq='{seq}'] a"));
            }
            "/" => kit::focus("#search"),
            "e" => self.over.set(Some(Over::Export)),
            "v" => self.verify.begin(),
            "?" => self.over.set(Some(Over::Keys)),
            _ => return,
        }
        event.prevent_default();
    }
}

/// Links of the rows.
const ROW: &str = "[data-testid=entry-row] a";

#[component]
pub(crate) fn Audit(live: Live, route: Route) -> impl IntoView {
    let desk = Desk::new(live, route);
    desk.saved.ask(ListSearches {});
    desk.agents.ask(ListAgents {});
    Effect::new(move |_| {
        desk.filter.track();
        desk.looking.set(true);
        untrack(|| desk.turn(Turn::First));
    });
    Effect::new(move |_| desk.look_on());
    Effect::new(move |before: Option<()>| {
        live.log.track();
        if before.is_some() {
            untrack(|| desk.grown());
        }
    });
    let handle = window_event_listener(leptos::ev::keydown, move |event| desk.key(&event));
    let pressed = window_event_listener(leptos::ev::pointerdown, |event| filters::pressed(&event));
    on_cleanup(move || {
        handle.remove();
        pressed.remove();
    });
    let what = Memo::new(move |_| match route.item().as_str() {
        "trace" => Shown::Trace,
        "session" => Shown::Session,
        _ => Shown::Log,
    });
    view! {
        {move || match what.get() {
            Shown::Log => view! { <list::Log desk=desk/> }.into_any(),
            Shown::Trace => view! { <trace::Page desk=desk/> }.into_any(),
            Shown::Session => view! { <trace::OfSession route=route/> }.into_any(),
        }}
        {move || desk.over.get().map(|over| {
            let close = Callback::new(move |()| desk.over.set(None));
            match over {
                Over::Export => view! { <export::Export desk=desk close=close/> }.into_any(),
                Over::Check => view! { <check::Check desk=desk close=close/> }.into_any(),
                Over::Checkpoints => view! { <verify::Checkpoints desk=desk close=close/> }.into_any(),
                Over::Save => view! { <saved::Save desk=desk close=close/> }.into_any(),
                Over::Keys => view! { <kit::Keys keys=KEYS close=close/> }.into_any(),
            }
        })}
    }
}

/// Which of the page's faces is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Log,
    Trace,
    Session,
}

const KEYS: &[(&str, &str)] = &[
    ("↑ ↓ j k", "move in the list; with an entry open, to the next one"),
    ("Enter", "open the entry"),
    ("Esc", "close the entry; from the search, to the list"),
    ("/", "search"),
    ("v", "verify the whole log"),
    ("e", "export"),
    ("?", "this sheet"),
];
