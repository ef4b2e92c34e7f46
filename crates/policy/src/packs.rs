//! The packs that come with the product: bases to choose from, and sharper rules for single fields.

use crate::load::{PackHead, Source, pack_head};
use crate::{LoadError, RuleSet};

/// A pack that comes with the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// What it says about itself.
    pub head: PackHead,
    /// The file, to be shown, copied and changed.
    pub text: &'static str,
}

const TEXTS: &[(&str, &str)] = &[
    ("balanced.toml", include_str!("../rules/balanced.toml")),
    ("strict.toml", include_str!("../rules/strict.toml")),
    ("trusting.toml", include_str!("../rules/trusting.toml")),
    ("read-only.toml", include_str!("../rules/read-only.toml")),
    ("git.toml", include_str!("../rules/git.toml")),
    ("cloud.toml", include_str!("../rules/cloud.toml")),
    ("databases.toml", include_str!("../rules/databases.toml")),
    ("secrets.toml", include_str!("../rules/secrets.toml")),
];

/// Every pack, bases first, the default one before the others.
pub fn all() -> Vec<Pack> {
    TEXTS
        .iter()
        .map(|(name, text)| {
            let head = pack_head(&Source { name, text }).expect("BUG: the packs load; a test says so");
            Pack { head: head.expect("BUG: every pack has a head; a test says so"), text }
        })
        .collect()
}

/// The text of a pack by its id.
pub fn text(id: &str) -> Option<&'static str> {
    TEXTS.iter().find(|(name, _)| name.strip_suffix(".toml") == Some(id)).map(|(_, text)| *text)
}

/// Loads packs by their ids, then files of the user, as one set.
///
/// # Errors
///
/// A pack that does not exist, or whatever is wrong with a file.
pub fn with(ids: &[&str], files: &[Source<'_>]) -> Result<RuleSet, LoadError> {
    let mut sources = Vec::with_capacity(ids.len() + files.len());
    for id in ids {
        let text = text(id).ok_or_else(|| LoadError::no_pack(id, TEXTS.iter().map(|(name, _)| *name)))?;
        sources.push(Source { name: id, text });
    }
    sources.extend_from_slice(files);
    RuleSet::from_sources(&sources)
}
