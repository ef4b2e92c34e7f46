//! What the inbox holds and does: picking, folding, deciding several at once, keys.

use std::collections::BTreeSet;

use clawbutler_wire::ApiError;
use clawbutler_wire::approvals::{ApprovalView, Seen, Verb};
use clawbutler_wire::command::DecideBatch;
use clawbutler_wire::topic::Topic;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::model::{self, Row, Selection};
use crate::always::Terms;
use crate::card::Deciding;
use crate::live::Live;
use crate::route::{Route, go};
use crate::{api, kit, model as words};

/// What the list works on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inbox {
    pub(super) live: Live,
    pub(super) route: Route,
    pub(super) settled: RwSignal<bool>,
    pub(super) typed: RwSignal<String>,
    pub(super) picked: RwSignal<BTreeSet<String>>,
    /// Groups that are folded out.
    pub(super) open: RwSignal<BTreeSet<String>>,
    /// “Allow the next N like these” for the selection.
    pub(super) next: RwSignal<Option<Selection>>,
    pub(super) controls: RwSignal<Option<(Deciding, ApprovalView)>>,
    pub(super) help: RwSignal<bool>,
    pub(super) error: RwSignal<Option<ApiError>>,
}

impl Inbox {
    pub(super) fn items(self) -> Vec<ApprovalView> {
        let list = if self.settled.get() { self.live.settled.get() } else { self.live.pending.get() };
        let typed = self.typed.get();
        list.map(|list| list.items).unwrap_or_default().into_iter().filter(|item| words::found(item, &typed)).collect()
    }

    pub(super) fn rows(self) -> Vec<Row> {
        self.open.with(|open| model::rows(self.items(), open))
    }

    pub(super) fn selection(self) -> Selection {
        self.picked.with(|picked| Selection::of(self.items(), picked))
    }

    /// Picks all of these, or none when all are picked.
    pub(super) fn toggle(self, ids: &[String]) {
        self.picked.update(|picked| {
            if model::picked(ids, picked) == model::Picked::All {
                picked.retain(|id| !ids.contains(id));
            } else {
                picked.extend(ids.iter().cloned());
            }
        });
    }

    pub(super) fn fold(self, group: &str, open: bool) {
        self.open.update(|groups| {
            if open {
                groups.insert(group.to_owned());
            } else {
                groups.remove(group);
            }
        });
    }

    pub(super) fn decide_picked(self, verb: Verb) {
        let chosen = untrack(|| self.selection());
        if verb == Verb::Deny || chosen.critical() == 0 {
            spawn_local(self.send(chosen.items, verb, None));
        }
    }

    /// Gives what was chosen on the sheet to the first, and allows the others once.
    pub(super) fn give(self, chosen: Selection, terms: Terms) {
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
    pub(super) fn key(self, event: &web_sys::KeyboardEvent) {
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
