//! Doing something: one command at a time, with what is under way and what went wrong.

use clawbutler_wire::{ApiError, Command};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;

/// One kind of deed on a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    /// Under way now.
    pub(crate) busy: RwSignal<bool>,
    /// Why the last try failed; gone with the next.
    pub(crate) error: RwSignal<Option<ApiError>>,
}

impl Act {
    pub(crate) fn new() -> Self {
        Self { busy: RwSignal::new(false), error: RwSignal::new(None) }
    }

    /// Sends a command; `done` gets the reply. Ignored while another is under way.
    pub(crate) fn run<C: Command>(self, request: C, done: impl FnOnce(C::Reply) + 'static) {
        self.run_or(request, done, |_| {});
    }

    /// As [`Act::run`], and `failed` gets to look at the error, which is shown anyway.
    pub(crate) fn run_or<C: Command>(
        self,
        request: C,
        done: impl FnOnce(C::Reply) + 'static,
        failed: impl FnOnce(&ApiError) + 'static,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            let result = api::call(&request).await;
            // The page may be gone by now: what is left of it is not touched.
            self.busy.try_set(false);
            match result {
                Ok(reply) => done(reply),
                Err(error) => {
                    failed(&error);
                    self.error.try_set(Some(error));
                }
            }
        });
    }
}
