//! The live timeline of a session: follows what is read, stops following when the user scrolls up, moves through
//! long sessions a page at a time and never holds more than a bounded part of them.

use clawbutler_wire::ApiError;
use clawbutler_wire::Seq;
use clawbutler_wire::command::ListSteps;
use clawbutler_wire::sessions::{StepPage, StepView};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast as _;

use super::entry::Line;
use super::window::{self, Drop, PAGE, entries};
use super::{Desk, model};
use crate::card::waiting;
use crate::{api, kit, model as words};

/// This near to an end of what is shown (pixels), more is fetched.
const NEAR: i32 = 160;
/// This near to the lower end (pixels) is at the end.
const END: i32 = 24;

/// What is shown, and where it stands in the session.
#[derive(Debug, Clone, Copy)]
struct View {
    desk: Desk,
    id: StoredValue<String>,
    steps: RwSignal<Vec<StepView>>,
    loaded: RwSignal<bool>,
    /// Whether there are steps before and after what is shown.
    earlier: RwSignal<bool>,
    later: RwSignal<bool>,
    /// Highest number taken in.
    last: StoredValue<u64>,
    generation: StoredValue<u32>,
    /// Steps read since following stopped.
    behind: RwSignal<u64>,
    following: RwSignal<bool>,
    /// Index in [`model::KINDS`].
    kind: RwSignal<usize>,
    error: RwSignal<Option<ApiError>>,
    busy: RwSignal<bool>,
    /// Counts up with every fresh start; replies to older questions are dropped.
    number: StoredValue<u32>,
    node: NodeRef<leptos::html::Div>,
}

impl View {
    fn request(self) -> ListSteps {
        let kinds = model::KINDS.get(self.kind.get_untracked()).map(|kind| kind.1).unwrap_or_default();
        ListSteps {
            session: self.id.get_value(),
            agent: self.desk.agent.get_untracked(),
            kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            limit: Some(PAGE),
            ..ListSteps::default()
        }
    }

    fn ask(self, request: ListSteps, done: impl FnOnce(StepPage) + 'static) {
        let number = self.number.get_value();
        self.busy.set(true);
        spawn_local(async move {
            let reply = api::call(&request).await;
            // Gone when the page was left, or asked anew meanwhile.
            if self.number.try_get_value() != Some(number) {
                return;
            }
            self.busy.set(false);
            self.error.set(reply.as_ref().err().cloned());
            if let Ok(page) = reply {
                done(page);
                // Whoever scrolled to an end meanwhile was not heard, and at the very end scrolls no more.
                request_animation_frame(move || {
                    self.near();
                });
            }
        });
    }

    /// The latest steps, and following.
    fn start(self) {
        self.number.update_value(|number| *number = number.wrapping_add(1));
        self.ask(self.request(), move |page| {
            self.last.set_value(page.last.0);
            self.generation.set_value(page.generation);
            self.earlier.set(page.older.is_some());
            self.later.set(false);
            self.behind.set(0);
            self.following.set(true);
            self.steps.set(page.items);
            self.loaded.set(true);
            self.to_end();
        });
    }

    /// Something was read: taken in while following, counted otherwise.
    fn news(self) {
        let following = self.following.get_untracked() && !self.later.get_untracked();
        let last = self.last.get_value();
        let limit = if following { PAGE } else { 1 };
        let request = ListSteps { since: Some(Seq(last)), limit: Some(limit), ..self.request() };
        self.ask(request, move |page| {
            if page.generation != self.generation.get_value() || (following && page.items.len() >= PAGE as usize) {
                self.start();
            } else if following {
                self.last.set_value(page.last.0);
                if !page.items.is_empty() {
                    self.take(page.items, Drop::Earliest);
                    self.to_end();
                }
            } else {
                self.behind.set(page.last.0.saturating_sub(last));
            }
        });
    }

    fn take(self, items: Vec<StepView>, drop: Drop) {
        let mut fell = false;
        self.steps.update(|steps| fell = window::merge(steps, items, drop));
        if fell {
            let end = if drop == Drop::Earliest { self.earlier } else { self.later };
            end.set(true);
        }
    }

    /// Moves the window towards one end.
    fn more(self, towards: Drop) {
        if self.busy.get_untracked() {
            return;
        }
        let back = towards == Drop::Earliest;
        let edge = self.steps.with_untracked(|steps| {
            let edge = if back { steps.first() } else { steps.last() };
            edge.map(|step| step.place.clone())
        });
        let (before, after) = if back { (edge, None) } else { (None, edge) };
        self.ask(ListSteps { before, after, ..self.request() }, move |page| {
            let hold = self.hold();
            // What is over the bound falls off at the other end.
            if back {
                self.earlier.set(page.older.is_some());
                self.take(page.items, Drop::Latest);
            } else {
                self.later.set(page.newer.is_some());
                self.take(page.items, Drop::Earliest);
            }
            request_animation_frame(hold);
        });
    }

    /// Keeps the step at the top of the view where it is, whatever comes before it.
    fn hold(self) -> impl FnOnce() + 'static {
        let anchor = self.node.get_untracked().and_then(|node| {
            let top = node.scroll_top();
            let list = node.query_selector_all("[data-entry]").ok()?;
            let found = (0..list.length()).filter_map(|at| list.item(at)?.dyn_into::<web_sys::HtmlElement>().ok());
            let first = found.into_iter().find(|entry| entry.offset_top() >= top)?;
            let at = first.offset_top();
            Some((node, first, at))
        });
        move || {
            if let Some((node, first, at)) = anchor.filter(|(_, first, _)| first.is_connected()) {
                node.set_scroll_top(node.scroll_top() + first.offset_top() - at);
            }
        }
    }

    fn to_end(self) {
        request_animation_frame(move || {
            if let Some(node) = self.node.try_get_untracked().flatten() {
                node.set_scroll_top(node.scroll_height());
            }
        });
    }

    fn follow(self, follow: bool) {
        if follow && (self.later.get_untracked() || self.behind.get_untracked() > 0) {
            self.start();
        } else if follow {
            self.following.set(true);
            self.to_end();
        } else {
            self.following.set(false);
        }
    }

    fn scrolled(self) {
        let Some(node) = self.node.get_untracked() else { return };
        let top = node.scroll_top();
        let below = node.scroll_height() - node.client_height() - top;
        if below > END && self.following.get_untracked() {
            self.following.set(false);
        }
        if !self.near() && below <= END && !self.following.get_untracked() && !self.later.get_untracked() {
            self.follow(true);
        }
    }

    /// Near an end of what is there, with more behind it: that is fetched.
    fn near(self) -> bool {
        let Some(node) = self.node.try_get_untracked().flatten() else { return false };
        let top = node.scroll_top();
        let below = node.scroll_height() - node.client_height() - top;
        if top < NEAR && self.earlier.get_untracked() && !self.following.get_untracked() {
            self.more(Drop::Earliest);
        } else if below < NEAR && self.later.get_untracked() {
            self.more(Drop::Latest);
        } else {
            return false;
        }
        true
    }
}

#[component]
pub(super) fn Timeline(desk: Desk, id: String) -> impl IntoView {
    let shown = View {
        desk,
        id: StoredValue::new(id),
        steps: RwSignal::new(Vec::new()),
        loaded: RwSignal::new(false),
        earlier: RwSignal::new(false),
        later: RwSignal::new(false),
        last: StoredValue::new(0),
        generation: StoredValue::new(0),
        behind: RwSignal::new(0),
        following: RwSignal::new(true),
        kind: RwSignal::new(0),
        error: RwSignal::new(None),
        busy: RwSignal::new(false),
        number: StoredValue::new(0),
        node: NodeRef::new(),
    };
    Effect::new(move || {
        shown.kind.track();
        desk.agent.track();
        untrack(|| shown.start());
    });
    Effect::new(move || {
        desk.live.sessions.track();
        if shown.loaded.get_untracked() {
            untrack(|| shown.news());
        }
    });
    let of_session = move |pending: bool| {
        let both = desk
            .detail
            .value
            .with(|detail| detail.as_ref().map(|detail| (detail.row.runtime.clone(), detail.row.session.clone())));
        let list = if pending { desk.live.pending.get() } else { desk.live.settled.get() };
        let items = list.map(|list| list.items).unwrap_or_default();
        items
            .into_iter()
            .filter(|item| both.as_ref() == Some(&(item.runtime.clone(), item.session.clone())))
            .collect::<Vec<_>>()
    };
    let lines = Memo::new(move |_| {
        let asked = desk.agent.with(Option::is_none) && matches!(shown.kind.get(), 0 | 3);
        let asked = if asked { of_session(false) } else { Vec::new() };
        shown.steps.with(|steps| entries(steps, asked, shown.earlier.get()))
    });
    let waits = Memo::new(move |_| of_session(true));
    view! {
        <Bar shown=shown/>
        {kit::trouble(shown.error)}
        <div class="timeline" node_ref=shown.node tabindex="0" role="region" aria-label="Timeline" data-testid="timeline" on:scroll=move |_| shown.scrolled()>
            {move || (!shown.loaded.get() && shown.error.with(Option::is_none)).then(|| view! { <p class="loading" role="status">"Reading the timeline…"</p> })}
            {move || (shown.loaded.get() && lines.with(Vec::is_empty)).then(|| view! { <p class="calm">{if shown.kind.get() == 0 { "Nothing is recorded yet." } else { "Nothing of this kind happened." }}</p> })}
            {move || shown.earlier.get().then(|| view! { <button type="button" class="plain edge" data-testid="steps-earlier" disabled=move || shown.busy.get() on:click=move |_| { shown.following.set(false); shown.more(Drop::Earliest); }>"Earlier steps"</button> })}
            <ol><For each=move || lines.get() key=window::Entry::key let:entry><Line desk=desk entry=entry/></For></ol>
            {move || shown.later.get().then(|| view! { <button type="button" class="plain edge" data-testid="steps-later" disabled=move || shown.busy.get() on:click=move |_| shown.more(Drop::Latest)>"Later steps"</button> })}
        </div>
        {move || (!waits.with(Vec::is_empty)).then(|| view! { <div class="waits-here" role="group" aria-label="Waits for you"><h2>"Waits for you"</h2>{waits.get().into_iter().map(|item| waiting(&item, desk.live)).collect_view()}</div> })}
    }
}

/// What is shown, and whether it follows.
#[component]
fn Bar(shown: View) -> impl IntoView {
    let desk = shown.desk;
    let kinds = model::KINDS
        .iter()
        .enumerate()
        .map(|(at, (word, _))| view! { <button type="button" aria-pressed=move || (shown.kind.get() == at).to_string() on:click=move |_| shown.kind.set(at)>{*word}</button> })
        .collect_view();
    let agents = Memo::new(move |_| {
        desk.detail.value.with(|detail| detail.as_ref().map(|detail| detail.agents.clone()).unwrap_or_default())
    });
    let choose = move |event| {
        desk.agent.set(match event_target_value(&event).as_str() {
            "*" => None,
            "" => Some(String::new()),
            id => Some(id.to_owned()),
        });
    };
    let chosen = move |one: &str| desk.agent.with(|agent| agent.as_deref().unwrap_or("*") == one);
    let state = move || match (shown.following.get(), shown.behind.get()) {
        (true, _) => "Following".to_owned(),
        (false, 0) => "Follow".to_owned(),
        (false, behind) => format!("Follow ({behind} new)"),
    };
    view! {
        <div class="tools timeline-tools">
            <div class="segments" role="group" aria-label="Which steps">{kinds}</div>
            {move || (!agents.with(Vec::is_empty)).then(|| view! {
                <select aria-label="Whose steps" data-testid="whose" on:change=choose>
                    <option value="*" selected=move || chosen("*")>"Everybody"</option><option value="" selected=move || chosen("")>"Main conversation"</option>
                    {agents.get().into_iter().map(|agent| view! { <option value=agent.agent.clone() selected=chosen(&agent.agent)>{agent.name.clone().unwrap_or_else(|| words::short_id(&agent.agent))}</option> }).collect_view()}
                </select> })}
            <button type="button" class="plain follow" data-testid="follow" aria-pressed=move || shown.following.get().to_string() on:click=move |_| shown.follow(!shown.following.get_untracked())>{state}<kbd>"f"</kbd></button>
        </div>
    }
}
