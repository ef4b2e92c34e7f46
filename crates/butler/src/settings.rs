//! What the user chose.

use std::sync::PoisonError;

use clawbutler_core::actor::Actor;
use clawbutler_core::limits::{APPROVAL_MS_MAX, APPROVAL_MS_MIN};
use clawbutler_core::redact::Choice;
use clawbutler_ledger::Kind;
use clawbutler_store::{Durability, Store, StoreError};
use clawbutler_wire::command::{GetSettings, UpdateSettings};
use clawbutler_wire::settings::Settings;
use clawbutler_wire::topic::Topic;
use serde_json::json;

use crate::engine::lock;
use crate::{Butler, Error, audit, budget};

const KEY: &str = "settings";

/// Reads the settings; a damaged value gives the defaults.
pub(crate) fn load(store: &Store) -> Result<Settings, StoreError> {
    let text = store.read(|read| read.setting(KEY))?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// What is masked by choice.
pub(crate) fn choice(settings: &Settings) -> Choice {
    Choice { addresses: settings.mask_addresses }
}

impl Butler {
    /// The settings in force.
    pub fn get_settings(&self, _: GetSettings) -> Result<Settings, Error> {
        Ok(self.settings())
    }

    pub(crate) fn settings(&self) -> Settings {
        self.0.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the settings.
    pub fn update_settings(&self, request: UpdateSettings) -> Result<Settings, Error> {
        let settings = request.settings;
        if !(APPROVAL_MS_MIN..=APPROVAL_MS_MAX).contains(&settings.approval_ms) {
            return Err(Error::bad("The time to answer must be between 2 seconds and 55 minutes."));
        }
        budget::check(&settings.budget)?;
        audit::check_anchors(&settings, &self.0.ports.data)?;
        let _one_at_a_time = lock(&self.0.settings_turn);
        let at = self.now();
        let before = self.settings();
        let text = serde_json::to_string(&settings).map_err(|error| Error::bad(error.to_string()))?;
        self.0.store.write(Durability::Power, |tx| {
            tx.setting_put(KEY, &text)?;
            let data = json!({ "before": before, "after": settings });
            audit::append(tx, at, self.entry(Kind::SettingsChanged, Actor::LocalUser, data))
        })?;
        *self.0.settings.write().unwrap_or_else(PoisonError::into_inner) = settings.clone();
        self.0.mask.choose(choice(&settings));
        if before.mask_addresses != settings.mask_addresses {
            // The hook masks what it records while the app is closed.
            self.write_snapshot()?;
        }
        self.look_at_budgets()?;
        self.changed(Topic::Settings);
        Ok(settings)
    }
}
