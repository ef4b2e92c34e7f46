//! One reply on the screen: loading, there, or failed; only the newest request counts.

use clawbutler_wire::{ApiError, Command};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;

/// What a part of a page fetched for itself.
#[derive(Debug)]
pub(crate) struct Fetched<T: Send + Sync + 'static> {
    /// The newest reply.
    pub(crate) value: RwSignal<Option<T>>,
    /// Why the newest request failed.
    pub(crate) error: RwSignal<Option<ApiError>>,
    /// Whether a reply is awaited.
    pub(crate) busy: RwSignal<bool>,
    /// Number of the newest request.
    asked: StoredValue<u32>,
}

impl<T: Send + Sync + 'static> Clone for Fetched<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Fetched<T> {}

impl<T: PartialEq + Send + Sync + 'static> Fetched<T> {
    pub(crate) fn new() -> Self {
        Self {
            value: RwSignal::new(None),
            error: RwSignal::new(None),
            busy: RwSignal::new(false),
            asked: StoredValue::new(0),
        }
    }

    /// Asks; a reply to an older question is dropped. What did not change is not drawn again.
    pub(crate) fn ask<C: Command<Reply = T>>(self, request: C) {
        let number = self.number();
        self.busy.set(true);
        spawn_local(async move {
            let reply = api::call(&request).await;
            // Gone when the page was left meanwhile.
            if self.asked.try_get_value() != Some(number) {
                return;
            }
            self.busy.set(false);
            match reply {
                Ok(fresh) => self.put(fresh),
                Err(error) => self.error.set(Some(error)),
            }
        });
    }

    /// Takes in a reply that came with another request.
    pub(crate) fn put(self, fresh: T) {
        if self.error.with_untracked(Option::is_some) {
            self.error.set(None);
        }
        if self.value.with_untracked(|old| old.as_ref() != Some(&fresh)) {
            self.value.set(Some(fresh));
        }
    }

    /// Forgets the reply, and any that is under way.
    pub(crate) fn clear(self) {
        self.number();
        self.busy.set(false);
        self.error.set(None);
        self.value.set(None);
    }

    fn number(self) -> u32 {
        let number = self.asked.get_value().wrapping_add(1);
        self.asked.set_value(number);
        number
    }
}
