//! The packs that come with the app: one base, any number for a field. Every switch shows first what it
//! would have changed.

use clawbutler_wire::command::SetPack;
use clawbutler_wire::rules::{PackKind, PackView, RulesView};
use leptos::prelude::*;

use super::simulation::{Asked, Change};
use super::{Desk, model};
use crate::model as words;

/// Asks for a switch; the sheet shows what it would change.
fn switch(desk: Desk, pack: &PackView, active: bool) {
    let packs =
        desk.view.value.with_untracked(|view| view.as_ref().map(|view| model::packs_after(view, &pack.id, active)));
    let title = match (pack.kind, active) {
        (PackKind::Base, _) => format!("Change the base to {}", pack.title),
        (PackKind::Domain, true) => format!("Switch {} on", pack.title),
        (PackKind::Domain, false) => format!("Switch {} off", pack.title),
    };
    desk.asked.set(Some(Asked {
        title,
        packs,
        draft: None,
        change: Change::Pack(SetPack { id: pack.id.clone(), active }),
    }));
}

#[component]
pub(super) fn Packs(desk: Desk) -> impl IntoView {
    let packs = Memo::new(move |_| {
        desk.view.value.with(|view| view.as_ref().map(|view| view.packs.clone()).unwrap_or_default())
    });
    let of = move |kind: PackKind| packs.get().into_iter().filter(|pack| pack.kind == kind).collect::<Vec<_>>();
    view! {
        <section class="packs" role="radiogroup" aria-label="Base">
            <h2>"Base "<span class="quiet">"Exactly one is in force."</span></h2>
            <div class="pack-grid"><For each=move || of(PackKind::Base) key=|pack| pack.id.clone() let:pack><Base desk=desk pack=pack/></For></div>
        </section>
        <section class="packs" aria-label="For a field">
            <h2>"For a field "<span class="quiet">"Each adds sharper rules on top of the base."</span></h2>
            <div class="pack-grid"><For each=move || of(PackKind::Domain) key=|pack| pack.id.clone() let:pack><Domain desk=desk pack=pack/></For></div>
        </section>
    }
}

/// Whether a pack is in force now. The card stays while this changes, and the focus on it.
fn active(desk: Desk, id: &str) -> Memo<bool> {
    let id = id.to_owned();
    Memo::new(move |_| {
        let of = |view: &RulesView| view.packs.iter().any(|pack| pack.id == id && pack.active);
        desk.view.value.with(|view| view.as_ref().is_some_and(of))
    })
}

#[component]
fn Base(desk: Desk, pack: PackView) -> impl IntoView {
    let active = active(desk, &pack.id);
    let (words, test) = (pack.clone(), format!("pack-{}", pack.id));
    let press = move |_| {
        if !active.get_untracked() {
            switch(desk, &pack, true);
        }
    };
    view! {
        // A button, not a radio: arrow keys must not switch rules in passing.
        <button type="button" class="pack" role="radio" data-testid=test aria-checked=move || active.get().to_string() on:click=press>
            <Words pack=words/>
            <span class="state">{move || if active.get() { "In force" } else { "See what it would change…" }}</span>
        </button>
    }
}

#[component]
fn Domain(desk: Desk, pack: PackView) -> impl IntoView {
    let active = active(desk, &pack.id);
    let (words, test) = (pack.clone(), format!("pack-{}", pack.id));
    view! {
        <button type="button" class="pack" role="switch" data-testid=test aria-checked=move || active.get().to_string() on:click=move |_| switch(desk, &pack, !active.get_untracked())>
            <Words pack=words/>
            <span class="state">{move || if active.get() { "On" } else { "Off" }}<span class="toggle" aria-hidden="true"></span></span>
        </button>
    }
}

#[component]
fn Words(pack: PackView) -> impl IntoView {
    view! {
        <span class="words"><strong>{pack.title}</strong><span class="quiet">{pack.summary}</span><span class="quiet number">{words::count(pack.rules, "rule", "rules")}</span></span>
    }
}
