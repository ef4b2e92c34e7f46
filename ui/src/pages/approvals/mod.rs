//! The inbox: a list to move in, a card to decide on, a bar for several at once.

mod list;
mod model;

use std::collections::BTreeSet;

use clawbutler_wire::ApiError;
use clawbutler_wire::approvals::{ApprovalView, Seen, Verb};
use clawbutler_wire::command::DecideBatch;
use clawbutler_wire::topic::Topic;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::always::{Always, Terms};
use crate::card::{Card, Deciding};
use crate::live::Live;
use crate::route::{Route, go};
use crate::{api, kit, model as words};
use list::List;
use model::{Row, Selection};

/// What the list works on.
#[derive(Debug, Clone, Copy)]
struct Inbox {
    live: Live,
    route: Route,
    settled: RwSignal<bool>,
    typed: RwSignal<String>,
    picked: RwSignal<BTreeSet<String>>,
    /// Groups that are folded out.
    open: RwSignal<BTreeSet<String>>,
    /// “Allow the next N like these” for the selection.
    next: RwSignal<Option<Selection>>,
    controls: RwSignal<Option<(Deciding, ApprovalView)>>,
    help: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
}

impl Inbox {
    fn items(self) -> Vec<ApprovalView> {
        let list = if self.settled.get() { self.live.settled.get() } else { self.live.pending.get() };
        let typed = self.typed.get();
        list.map(|list| list.items).unwrap_or_default().into_iter().filter(|item| words::found(item, &typed)).collect()
    }

    fn rows(self) -> Vec<Row> {
        self.open.with(|open| model::rows(self.items(), open))
    }

    fn selection(self) -> Selection {
        self.picked.with(|picked| Selection::of(self.items(), picked))
    }

    /// Picks all of these, or none when all are picked.
    fn toggle(self, ids: &[String]) {
        self.picked.update(|picked| {
            if model::picked(ids, picked) == model::Picked::All {
                picked.retain(|id| !ids.contains(id));
            } else {
                picked.extend(ids.iter().cloned());
            }
        });
    }

    fn fold(self, group: &str, open: bool) {
        self.open.update(|groups| {
            if open {
                groups.insert(group.to_owned());
            } else {
                groups.remove(group);
            }
        });
    }

    fn decide_picked(self, verb: Verb) {
        let chosen = untrack(|| self.selection());
        if verb == Verb::Deny || chosen.critical() == 0 {
            spawn_local(self.send(chosen.items, verb, None));
        }
    }

    /// Gives what was chosen on the sheet to the first, and allows the others once.
    fn give(self, chosen: Selection, terms: Terms) {
        self.next.set(None);
        spawn_local(async move {
            let mut items = chosen.items.into_iter();
            self.send(items.next().into_iter().collect(), Verb::AllowAlways, Some(terms)).await;
            let rest: Vec<ApprovalView> = items.collect();
            if !rest.is_empty() && self.error.try_with_untracked(Option::is_none) == Some(true) {
                self.send(rest, Verb::AllowOnce, None).await;
            }
        });
    }

    async fn send(self, items: Vec<ApprovalView>, verb: Verb, terms: Option<Terms>) {
        let seen = |item: ApprovalView| Seen { id: item.id, revision: item.revision, seen_digest: item.seen_digest };
        let request = DecideBatch {
            items: items.into_iter().map(seen).collect(),
            verb,
            reason: None,
            scope: terms.map(|terms| terms.scope).unwrap_or_default(),
            proposal: terms.map_or(0, |terms| terms.proposal),
            expires_ms: terms.and_then(|terms| terms.expires_ms),
            uses: terms.and_then(|terms| terms.uses),
        };
        let done = api::call(&request).await;
        let first = done.map(|result| result.outcomes.into_iter().find_map(|outcome| outcome.error));
        self.error.try_set(first.unwrap_or_else(Some));
        self.picked.try_set(BTreeSet::new());
        self.live.fetch(Topic::Approvals);
    }

    /// The one place for keys. Nothing approves from the list by Enter.
    fn key(self, event: &web_sys::KeyboardEvent) {
        if kit::keys_are_taken() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let chosen = self.route.item();
        let rows = untrack(|| self.rows());
        let ids: Vec<String> = rows.iter().map(|row| row.item.id.clone()).collect();
        let at = rows.iter().find(|row| row.item.id == chosen);
        let card = self.controls.get_untracked().filter(|(_, view)| view.id == chosen);
        match event.key().as_str() {
            key @ (" " | "Enter") if kit::uses(key) => return,
            "ArrowDown" | "j" => move_to(&ids, &chosen, 1),
            "ArrowUp" | "k" => move_to(&ids, &chosen, -1),
            key @ ("ArrowRight" | "ArrowLeft") if at.is_some_and(|row| row.others() > 0) => {
                let group = at.map(|row| row.item.group.clone()).unwrap_or_default();
                self.fold(&group, key == "ArrowRight");
            }
            " " if at.is_some() => self.toggle(at.map(Row::stands_for).unwrap_or_default()),
            "Enter" => kit::focus("[data-testid=approval-card]"),
            "/" => kit::focus("#search"),
            "?" => self.help.set(true),
            key => {
                if !card.is_some_and(|(deciding, view)| deciding.key(self.live, &view, key)) {
                    return;
                }
            }
        }
        event.prevent_default();
    }
}

fn move_to(ids: &[String], chosen: &str, step: isize) {
    if let Some(id) = words::neighbour(ids, chosen, step) {
        go(&format!("approvals/{id}"));
    }
}

#[component]
pub(crate) fn Approvals(live: Live, route: Route) -> impl IntoView {
    let inbox = Inbox {
        live,
        route,
        settled: RwSignal::new(false),
        typed: RwSignal::new(String::new()),
        picked: RwSignal::new(BTreeSet::new()),
        open: RwSignal::new(BTreeSet::new()),
        next: RwSignal::new(None),
        controls: RwSignal::new(None),
        help: RwSignal::new(false),
        error: RwSignal::new(None),
    };
    let handle = window_event_listener(leptos::ev::keydown, move |event| inbox.key(&event));
    on_cleanup(move || handle.remove());
    let chosen = Memo::new_with_compare(
        move |_| {
            let id = route.item();
            let both = [live.pending.get(), live.settled.get()];
            both.into_iter().flatten().flat_map(|list| list.items).find(|item| item.id == id)
        },
        words::is_another_card,
    );
    view! {
        <main class="split">
            <List inbox=inbox/>
            <section class="detail" aria-label="Request">
                {kit::trouble(inbox.error)}
                {move || match chosen.get() {
                    Some(view) => view! { <Card view=view live=live controls=inbox.controls/> }.into_any(),
                    None => view! { <p class="calm">"Choose a request to read it whole."</p> }.into_any(),
                }}
            </section>
            {move || inbox.next.get().map(|chosen| view! { <Next inbox=inbox chosen=chosen/> })}
            {move || inbox.help.get().then(|| view! { <Help inbox=inbox/> })}
        </main>
    }
}

#[component]
fn Help(inbox: Inbox) -> impl IntoView {
    let keys = [
        ("↑ ↓ j k", "move"),
        ("Enter", "read the card"),
        ("→ ←", "show and hide what is alike"),
        ("space", "pick for several at once"),
        ("a", "allow once"),
        ("A", "always allow, with limits"),
        ("n", "allow the next few like it"),
        ("s", "allow all in the session for a while"),
        ("d", "deny"),
        ("/", "search"),
        ("?", "this sheet"),
    ];
    view! {
        <kit::Sheet title="Keys" testid="keys" close=Callback::new(move |()| inbox.help.set(false))>
            <dl class="keys">{keys.map(|(key, does)| view! { <dt><kbd>{key}</kbd></dt><dd>{does}</dd> }).collect_view()}</dl>
            <button type="button" class="plain" on:click=move |_| inbox.help.set(false)>"Close"</button>
        </kit::Sheet>
    }
}

/// “Allow the next N like these”, from a selection.
#[component]
fn Next(inbox: Inbox, chosen: Selection) -> impl IntoView {
    let pattern = chosen.pattern().cloned();
    let others = chosen.items.len().saturating_sub(1);
    let give = Callback::new(move |terms| inbox.give(chosen.clone(), terms));
    let close = Callback::new(move |()| inbox.next.set(None));
    pattern.map(|view| view! { <Always view=view live=inbox.live counted=true others=others give=give close=close/> })
}
