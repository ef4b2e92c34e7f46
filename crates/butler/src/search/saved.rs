//! Searches kept under a name.

use clawbutler_store::Durability;
use clawbutler_wire::audit_search::{DeleteSearch, ListSearches, SaveSearch, SavedSearch, SavedSearches};
use clawbutler_wire::topic::Topic;

use super::query::Query;
use crate::{Butler, Error};

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

    /// Saves a search, or replaces the one of that name.
    pub fn save_search(&self, request: SaveSearch) -> Result<SavedSearches, Error> {
        let SavedSearch { name, filter } = request.search;
        let search = SavedSearch { name: name.trim().to_owned(), filter };
        if search.name.is_empty() || search.name.chars().count() > NAME_CHARS {
            return Err(Error::bad(format!("A name has 1 to {NAME_CHARS} characters.")));
        }
        Query::of(&search.filter)?;
        self.change_searches(|items| {
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
        self.change_searches(|items| {
            let before = items.len();
            items.retain(|item| item.name != request.name);
            if items.len() == before { Err(Error::not_found("search")) } else { Ok(()) }
        })
    }

    fn change_searches(
        &self,
        change: impl FnOnce(&mut Vec<SavedSearch>) -> Result<(), Error>,
    ) -> Result<SavedSearches, Error> {
        let saved = self.0.store.write::<_, Error>(Durability::Process, |tx| {
            let text = tx.read().setting(KEY)?;
            let mut saved: SavedSearches = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            change(&mut saved.items)?;
            let text = serde_json::to_string(&saved).map_err(|error| Error::bad(error.to_string()))?;
            tx.setting_put(KEY, &text)?;
            Ok(saved)
        })?;
        self.changed(Topic::Audit);
        Ok(saved)
    }
}
