//! A set of rules: loaded with its examples checked, versioned, handed to hooks as a snapshot.

use clawbutler_core::digest;
#[cfg(feature = "load")]
use serde::{Deserialize, Serialize};

use crate::Rule;

/// Rules with the version that pins every verdict to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    version: String,
    rules: Vec<Rule>,
}

/// Why a rule set does not load.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not in the form of a rule set.
    #[error("the rules cannot be read: {0}")]
    Form(String),
    /// Two rules of one name.
    #[error("two rules are called {0}")]
    Twice(String),
    /// An example does not come out as its rule says.
    #[error("rule {rule}: the example `{example}` should {should}")]
    Example { rule: String, example: String, should: &'static str },
}

/// Why a snapshot is not used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Not in the form of a snapshot.
    #[error("the snapshot cannot be read")]
    Form,
    /// It was changed.
    #[error("the snapshot does not fit its digest")]
    Changed,
}

#[cfg(feature = "load")]
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
}

impl RuleSet {
    fn of(rules: Vec<Rule>) -> Self {
        Self { version: digest::of(&rules), rules }
    }

    /// The default rules. Where rule files cannot be read (in the hook) there are none, and the floor holds.
    pub fn builtin() -> Self {
        #[cfg(feature = "load")]
        return Self::from_toml(include_str!("../rules/default.toml"))
            .expect("BUG: the default rules load; a test says so");
        #[cfg(not(feature = "load"))]
        Self::of(Vec::new())
    }

    /// Reads a rule set and tries every rule's examples.
    #[cfg(feature = "load")]
    pub fn from_toml(text: &str) -> Result<Self, LoadError> {
        let file: File = toml::from_str(text).map_err(|error| LoadError::Form(error.to_string()))?;
        for (index, rule) in file.rules.iter().enumerate() {
            if file.rules[..index].iter().any(|other| other.id == rule.id) {
                return Err(LoadError::Twice(rule.id.clone()));
            }
            crate::evaluate::try_examples(rule)?;
        }
        Ok(Self::of(file.rules))
    }

    /// Digest (hex) of the rules' canonical form.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The rules in their order.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The set as text with its digest inside.
    pub fn to_snapshot(&self) -> String {
        format!("{}\n{}", self.version, digest::canonical(&self.rules))
    }

    /// Reads a snapshot; one that does not fit its digest is refused.
    pub fn from_snapshot(text: &str) -> Result<Self, SnapshotError> {
        let (version, body) = text.split_once('\n').ok_or(SnapshotError::Form)?;
        let rules: Vec<Rule> = serde_json::from_str(body).map_err(|_| SnapshotError::Form)?;
        let set = Self::of(rules);
        if set.version != version || digest::sha256(body.as_bytes()) != version {
            return Err(SnapshotError::Changed);
        }
        Ok(set)
    }
}
