//! Work that the engine does on a thread of its own and that a sheet looks at from outside.

use clawbutler_wire::{ApiError, Command};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;

/// How far a piece of work is, as the engine told last.
#[derive(Debug)]
pub(crate) struct Job<P: Send + Sync + 'static> {
    pub(crate) progress: RwSignal<P>,
    pub(crate) error: RwSignal<Option<ApiError>>,
    /// Whether the sheet shows this piece: it began it, or it was under way.
    pub(crate) ours: RwSignal<bool>,
}

impl<P: Send + Sync + 'static> Clone for Job<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Send + Sync + 'static> Copy for Job<P> {}

impl<P: Default + Send + Sync + 'static> Job<P> {
    pub(crate) fn new() -> Self {
        Self { progress: RwSignal::new(P::default()), error: RwSignal::new(None), ours: RwSignal::new(false) }
    }

    /// Takes in what the engine says. The sheet may be gone meanwhile.
    pub(crate) fn took(self, reply: Result<P, ApiError>) {
        match reply {
            Ok(progress) => {
                self.error.try_set(None);
                self.progress.try_set(progress);
            }
            Err(error) => drop(self.error.try_set(Some(error))),
        }
    }

    /// Asks by a command that tells how far it is.
    pub(crate) fn ask<C: Command<Reply = P> + 'static>(self, request: C) {
        spawn_local(async move { self.took(api::call(&request).await) });
    }
}
