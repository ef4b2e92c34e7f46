//! What the user chose for retention.

use clawbutler_core::actor::Actor;
use clawbutler_core::limits::{RETENTION_DAYS, RETENTION_MEGABYTES};
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_wire::command::{GetRetention, RetentionPreview, SetRetention};
use clawbutler_wire::retention::{RetentionReport, RetentionSettings, RetentionView};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::plan::keeps;
use super::{LAST, SETTINGS};
use crate::{Butler, Error, audit};

fn check(settings: &RetentionSettings) -> Result<(), Error> {
    let days = keeps(settings).into_iter().filter_map(|(_, keep)| keep.days).chain(settings.steps_days);
    if !days.into_iter().all(|days| (1..=RETENTION_DAYS).contains(&days)) {
        return Err(Error::bad(format!("Payloads are kept for 1 to {RETENTION_DAYS} days, or for good.")));
    }
    let megabytes = keeps(settings).into_iter().filter_map(|(_, keep)| keep.megabytes);
    if !megabytes.into_iter().all(|size| (1..=RETENTION_MEGABYTES).contains(&size)) {
        return Err(Error::bad(format!("A class is kept up to 1 to {RETENTION_MEGABYTES} megabytes, or whole.")));
    }
    Ok(())
}

impl Butler {
    pub(super) fn retention_settings(&self) -> Result<RetentionSettings, Error> {
        let text = self.0.store.read::<_, Error>(|read| Ok(read.setting(SETTINGS)?))?;
        // A damaged value switches retention off: what is not removed can be removed later.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// The settings of retention and how the last run went.
    pub fn get_retention(&self, _: GetRetention) -> Result<RetentionView, Error> {
        let settings = self.retention_settings()?;
        let last = self.0.store.read::<_, Error>(|read| Ok(read.setting(LAST)?))?;
        let (running, trouble) = self.retention_progress();
        Ok(RetentionView {
            settings,
            gives_back: self.0.store.gives_back()?,
            running,
            last: last.and_then(|text| serde_json::from_str(&text).ok()),
            trouble,
        })
    }

    /// Changes them.
    pub fn set_retention(&self, request: SetRetention) -> Result<RetentionView, Error> {
        let settings = request.settings;
        check(&settings)?;
        let _one_at_a_time = crate::engine::lock(&self.0.settings_turn);
        let before = self.retention_settings()?;
        let text = serde_json::to_string(&settings).map_err(|error| Error::bad(error.to_string()))?;
        let at = self.now();
        self.0.store.write::<_, Error>(Durability::Power, |tx| {
            tx.setting_put(SETTINGS, &text)?;
            let data = json!({ "retention": { "before": before, "after": settings } });
            audit::append(tx, at, self.entry(Kind::SettingsChanged, Actor::LocalUser, data))
        })?;
        self.changed(Topic::Settings);
        self.get_retention(GetRetention {})
    }

    /// What a run would remove now.
    pub fn retention_preview(&self, request: RetentionPreview) -> Result<RetentionReport, Error> {
        let settings = match request.settings {
            Some(settings) => settings,
            None => self.retention_settings()?,
        };
        check(&settings)?;
        self.preview(&settings)
    }
}
