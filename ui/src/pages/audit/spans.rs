//! A trace as a tree: each span with its entries and the spans below it, with the keys of a tree.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use super::lanes::{self, Lane, Lanes};
use super::model;
use super::trace::{claimed, joined, link};
use crate::signs;

/// What can be moved to.
const ITEMS: &str = "[role=treeitem]";

/// The tree, and what belongs to no span.
pub(super) fn as_tree(all: Lanes) -> AnyView {
    let (mut rest, loose) = (all.lanes.into_iter().peekable(), all.loose);
    let mut roots = Vec::new();
    while let Some(lane) = rest.next() {
        let first = roots.is_empty();
        roots.push(branch(lane, &mut rest, first));
    }
    let loose = (!loose.is_empty()).then(|| {
        view! {
            <h2>"Of no span"</h2><ul class="related">{loose.iter().map(|entry| link(entry, None)).collect_view()}</ul>
        }
    });
    view! {
        <p class="quiet" id="tree-keys">"Arrow keys move, → opens, ← closes."</p>
        <ul class="span-tree" role="tree" aria-label="Spans of the trace" aria-describedby="tree-keys" data-testid="span-tree">{roots}</ul>{loose}
    }
    .into_any()
}

/// A span with those below it: the ones behind it that stand deeper.
fn branch(lane: Lane, rest: &mut std::iter::Peekable<std::vec::IntoIter<Lane>>, first: bool) -> AnyView {
    let mut below = Vec::new();
    while let Some(next) = rest.next_if(|next| next.depth > lane.depth) {
        below.push(branch(next, rest, false));
    }
    let open = RwSignal::new(true);
    let start = lane.entries.first().map_or(0, |entry| entry.at);
    let entries = lane.entries.iter().map(|entry| link(entry, Some(start))).collect_view();
    let below = (!below.is_empty()).then(|| view! { <ul role="group">{below}</ul> });
    let label = format!("{}, {}, {}", lane.name, lane.state, lanes::length(lane.length));
    view! {
        <li role="treeitem" class:begun=lane.how.is_some() aria-expanded=move || open.get().to_string() aria-label=label
            tabindex=if first { "0" } else { "-1" } data-testid="span" on:keydown=move |event| press(&event, open) on:focus=move |event| stop_here(&event)>
            <div class="span-row" on:click=move |_| open.update(|open| *open = !*open)>
                <span class="twist" aria-hidden="true">{move || if open.get() { "▾" } else { "▸" }}</span>
                <strong>{lane.name.clone()}</strong>" "{signs::span_state(&lane.state)}" "<span class="quiet number">{lanes::length(lane.length)}", "{model::entries(lane.entries.len() as u64)}</span>
            </div>
            <div class="span-body" class:none=move || !open.get()>
                {lane.how.clone().map(|how| joined(&how, &lane.trace))}
                {lane.client.clone().map(claimed)}
                <ul class="related">{entries}</ul>
                {below}
            </div>
        </li>
    }
    .into_any()
}

fn items(of: &web_sys::Element) -> Vec<web_sys::HtmlElement> {
    let Some(found) = of.closest("[role=tree]").ok().flatten().and_then(|tree| tree.query_selector_all(ITEMS).ok())
    else {
        return Vec::new();
    };
    let all = (0..found.length()).filter_map(|place| found.item(place)?.dyn_into::<web_sys::HtmlElement>().ok());
    // What is folded in has no place on the screen.
    all.filter(|item| item.offset_parent().is_some()).collect()
}

/// The one item that the Tab key comes to is the one that was focused last.
fn stop_here(event: &web_sys::FocusEvent) {
    let Some(item) = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok()) else { return };
    for other in items(&item) {
        other.set_tab_index(if other.is_same_node(Some(&item)) { 0 } else { -1 });
    }
}

fn press(event: &web_sys::KeyboardEvent, open: RwSignal<bool>) {
    let here = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    // Keys pressed on a link inside are the link's.
    let Some(here) = here.filter(|at| at.matches(ITEMS).unwrap_or(false) && event.target() == event.current_target())
    else {
        return;
    };
    let all = items(&here);
    let at = all.iter().position(|item| item.is_same_node(Some(&here))).unwrap_or(0);
    let to = match (event.key().as_str(), open.get_untracked()) {
        ("ArrowDown", _) => all.get(at + 1).cloned(),
        ("ArrowUp", _) => at.checked_sub(1).and_then(|above| all.get(above).cloned()),
        ("Home", _) => all.first().cloned(),
        ("End", _) => all.last().cloned(),
        ("ArrowRight", true) => all.get(at + 1).filter(|next| here.contains(Some(next))).cloned(),
        ("ArrowLeft", false) => {
            let above = here.parent_element().and_then(|at| at.closest(ITEMS).ok().flatten());
            above.and_then(|at| at.dyn_into().ok())
        }
        ("ArrowRight", false) | ("ArrowLeft", true) | ("Enter" | " ", _) => {
            open.update(|open| *open = !*open);
            None
        }
        _ => return,
    };
    if let Some(to) = to {
        let _ = to.focus();
    }
    event.prevent_default();
    event.stop_propagation();
}
