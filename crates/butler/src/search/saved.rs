//! Searches kept under a name.

use clawbutler_core::actor::Actor;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_wire::audit_search::{AuditFilter, DeleteSearch, ListSearches, SaveSearch, SavedSearch, SavedSearches};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use super::query::Query;
use crate::{Butler, Error, audit};

const KEY: &str = "audit.searches";
/// Saved searches in all.
const SEARCHES: usize = 100;
/// Longest name (characters).
const NAME_CHARS: usize = 80;

impl Butler {
    /// Every saved search, by name.
    pub fn list_searches(&self, _: ListSearches) -> Result<SavedSearches, Error> {
        let text = self.0.store.read(|read| read.setting(KEY))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Saves a search, or replaces the one of that name. Like all that is kept it is masked before: what is masked in it
    /// is found by it, since entries carry the same mask.
    pub fn save_search(&self, request: SaveSearch) -> Result<SavedSearches, Error> {
        let SavedSearch { name, filter } = self.masked_search(request.search)?;
        let search = SavedSearch { name: name.trim().to_owned(), filter };
        if search.name.is_empty() || search.name.chars().count() > NAME_CHARS {
            return Err(Error::bad(format!("A name has 1 to {NAME_CHARS} characters.")));
        }
        Query::of(&search.filter)?;
        let name = search.name.clone();
        self.change_searches(&name, |items| {
            items.retain(|item| item.name != search.name);
            if items.len() >= SEARCHES {
                return Err(Error::bad(format!("At most {SEARCHES} searches are kept. Delete one first.")));
            }
            items.push(search);
            items.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(())
        })
    }

    /// Forgets a saved search.
    pub fn delete_search(&self, request: DeleteSearch) -> Result<SavedSearches, Error> {
        self.change_searches(&request.name, |items| {
            let before = items.len();
            items.retain(|item| item.name != request.name);
            if items.len() == before { Err(Error::not_found("search")) } else { Ok(()) }
        })
    }

    fn masked_search(&self, search: SavedSearch) -> Result<SavedSearch, Error> {
        let broken = |error: serde_json::Error| Error::bad(error.to_string());
        let mut value = serde_json::to_value(search).map_err(broken)?;
        audit::mask_texts(&mut value, &self.0.mask);
        serde_json::from_value(value).map_err(broken)
    }

    /// Changes the search of that name, with its entry.
    fn change_searches(
        &self,
        name: &str,
        change: impl FnOnce(&mut Vec<SavedSearch>) -> Result<(), Error>,
    ) -> Result<SavedSearches, Error> {
        let at = self.now();
        let saved = self.0.store.write::<_, Error>(Durability::Power, |tx| {
            let text = tx.read().setting(KEY)?;
            let mut saved: SavedSearches = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            let before = named(&saved, name);
            change(&mut saved.items)?;
            let data = json!({ "search": { "name": name, "before": before, "after": named(&saved, name) } });
            audit::append(tx, at, self.entry(Kind::SettingsChanged, Actor::LocalUser, data))?;
            let text = serde_json::to_string(&saved).map_err(|error| Error::bad(error.to_string()))?;
            tx.setting_put(KEY, &text)?;
            Ok(saved)
        })?;
        self.changed(Topic::Audit);
        Ok(saved)
    }
}

/// What the search of that name looks for.
fn named(saved: &SavedSearches, name: &str) -> Option<AuditFilter> {
    saved.items.iter().find(|item| item.name == name).map(|item| item.filter.clone())
}
