//! The packs that come with the app, by id.

use clawbutler_policy::{LoadError, PackHead, PackKind, RuleSet, Source, pack_head};

use super::book::Files;

/// One pack: what it says about itself, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pack {
    pub(crate) head: PackHead,
    pub(crate) text: &'static str,
}

/// The base pack every installation starts with.
pub(crate) const DEFAULT: &str = "balanced";
/// The base pack that stands in where the one chosen cannot be trusted.
pub(crate) const STRICT: &str = "strict";

const TEXTS: &[&str] = &[include_str!("../../../policy/rules/balanced.toml")];

/// Every pack.
pub(crate) fn all() -> Vec<Pack> {
    let read = |text: &&'static str| {
        let head = pack_head(&Source { name: "pack", text }).ok()??;
        Some(Pack { head, text })
    };
    TEXTS.iter().filter_map(read).collect()
}

pub(crate) fn by_id(id: &str) -> Option<Pack> {
    all().into_iter().find(|pack| pack.head.id == id)
}

/// Puts the base pack first and leaves out what is not known; without a base pack the default one is taken.
pub(crate) fn in_order(ids: &[String]) -> Vec<String> {
    let known: Vec<Pack> = all().into_iter().filter(|pack| ids.contains(&pack.head.id)).collect();
    let base = known.iter().find(|pack| pack.head.kind == PackKind::Base).map_or(DEFAULT, |pack| &pack.head.id);
    let domains = known.iter().filter(|pack| pack.head.kind == PackKind::Domain).map(|pack| pack.head.id.clone());
    std::iter::once(base.to_owned()).chain(domains).collect()
}

/// The packs and files as one set.
pub(crate) fn build(packs: &[String], files: &Files) -> Result<RuleSet, LoadError> {
    let known = all();
    let packs = packs.iter().filter_map(|id| known.iter().find(|pack| pack.head.id == *id));
    let packs = packs.map(|pack| Source { name: &pack.head.id, text: pack.text });
    let files = files.iter().map(|(name, file)| Source { name, text: &file.text });
    let sources: Vec<Source<'_>> = packs.chain(files).collect();
    RuleSet::from_sources(&sources)
}
