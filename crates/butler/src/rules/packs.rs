//! The packs that come with the app, by id.

use std::sync::LazyLock;

use clawbutler_policy::packs::Pack;
use clawbutler_policy::{LoadError, PackKind, RuleSet, Source};

use super::book::Files;

/// The base pack every installation starts with.
pub(crate) const DEFAULT: &str = "balanced";
/// The base pack that stands in where the one chosen cannot be trusted.
pub(crate) const STRICT: &str = "strict";

/// Every pack with the number of its rules; read once, for reading one tries its examples.
static ALL: LazyLock<Vec<(Pack, usize)>> = LazyLock::new(|| {
    let count = |pack: &Pack| RuleSet::from_toml(pack.text).map_or(0, |set| set.named().len());
    clawbutler_policy::packs::all().into_iter().map(|pack| (pack.clone(), count(&pack))).collect()
});

/// Every pack with the number of its rules.
pub(crate) fn counted() -> &'static [(Pack, usize)] {
    &ALL
}

fn all() -> impl Iterator<Item = &'static Pack> {
    ALL.iter().map(|(pack, _)| pack)
}

pub(crate) fn by_id(id: &str) -> Option<&'static Pack> {
    all().find(|pack| pack.head.id == id)
}

/// Puts the base pack first and leaves out what is not known; without a base pack the default one is taken.
pub(crate) fn in_order(ids: &[String]) -> Vec<String> {
    let known: Vec<&Pack> = all().filter(|pack| ids.contains(&pack.head.id)).collect();
    let base = known.iter().find(|pack| pack.head.kind == PackKind::Base).map_or(DEFAULT, |pack| &pack.head.id);
    let domains = known.iter().filter(|pack| pack.head.kind == PackKind::Domain).map(|pack| pack.head.id.clone());
    std::iter::once(base.to_owned()).chain(domains).collect()
}

/// The packs and files as one set.
pub(crate) fn build(packs: &[String], files: &Files) -> Result<RuleSet, LoadError> {
    let packs = packs.iter().filter_map(|id| by_id(id)).map(|pack| Source { name: &pack.head.id, text: pack.text });
    let files = files.iter().map(|(name, file)| Source { name, text: &file.text });
    let sources: Vec<Source<'_>> = packs.chain(files).collect();
    RuleSet::from_sources(&sources)
}
