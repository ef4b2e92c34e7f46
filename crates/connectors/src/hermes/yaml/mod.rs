//! The part of YAML that Hermes' settings are written in, read with the place of everything, so that an
//! edit can leave every other byte alone.
//!
//! Anchors, tags, several documents, complex keys and tabs for indentation are not understood, and what is not
//! understood is an error, never a guess.

mod block;
mod flow;

use std::ops::Range;

/// Deepest nesting that is followed.
const DEPTH: usize = 48;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// What it is.
    pub(super) kind: Kind,
    /// Its bytes, without the line's end; empty for a value that is absent.
    pub(super) span: Range<usize>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// Text; `plain` says that it stood without quotes.
    Scalar {
        /// Its text.
        text: String,
        /// Whether it may mean a number or a truth value.
        plain: bool,
    },
    /// A list.
    List {
        /// Its items.
        items: Vec<Node>,
        /// Whether it stands in brackets.
        flow: bool,
    },
    /// A mapping.
    Map {
        /// Its entries, in order, each key once.
        entries: Vec<Entry>,
        /// Whether it stands in braces.
        flow: bool,
    },
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its key.
    pub(super) key: String,
    /// Where the key stands.
    pub(super) at: usize,
    /// Columns before it.
    pub(super) indent: usize,
    /// Its value.
    pub(super) value: Node,
}

/// Where and what is not understood; never quotes the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotUnderstood {
    /// From 1.
    pub(super) line: usize,
    /// What stands there.
    pub(super) what: &'static str,
}

impl std::fmt::Display for NotUnderstood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {} has {}", self.line, self.what)
    }
}

/// Reads a document; an empty one is null.
pub(super) fn parse(text: &str) -> Result<Node, NotUnderstood> {
    block::parse(text)
}

impl Node {
    fn null(at: usize) -> Self {
        Self { kind: Kind::Null, span: at..at }
    }

    /// No value.
    pub(super) fn nothing() -> Self {
        Self::null(0)
    }

    /// These settings under others that win, value by value; lists are values. Places in the text have no meaning in it.
    pub(super) fn under(mut self, others: Self) -> Self {
        match (&mut self.kind, others.kind) {
            (Kind::Map { entries, .. }, Kind::Map { entries: others, .. }) => {
                for other in others {
                    match entries.iter().position(|own| own.key == other.key) {
                        Some(at) => {
                            let own = std::mem::replace(&mut entries[at].value, Self::nothing());
                            entries[at].value = own.under(other.value);
                        }
                        None => entries.push(other),
                    }
                }
                self
            }
            (_, Kind::Null) => self,
            (_, kind) => Self { kind, span: others.span },
        }
    }

    /// An entry of a mapping.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The entries of a mapping; none of anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map { entries, .. } => entries,
            Kind::Null | Kind::Scalar { .. } | Kind::List { .. } => &[],
        }
    }

    /// The value under a path of keys.
    pub(super) fn get(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.entry(key).map(|entry| &entry.value))
    }

    /// Its text, where it has one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            Kind::Null | Kind::List { .. } | Kind::Map { .. } => None,
        }
    }

    /// Whether it is true, in any of YAML's spellings.
    pub(super) fn truth(&self) -> Option<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List { items, .. } => items,
            Kind::Null | Kind::Scalar { .. } | Kind::Map { .. } => &[],
        }
    }

    /// Whether it is a list that holds this text.
    pub(super) fn has_item(&self, name: &str) -> bool {
        self.items().iter().any(|item| item.text() == Some(name))
    }

    /// The same values, wherever they stand.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Null, Kind::Null) => true,
            (Kind::Scalar { text, plain }, Kind::Scalar { text: other, plain: other_plain }) => {
                text == other && plain == other_plain
            }
            (Kind::List { items, .. }, Kind::List { items: others, .. }) => {
                items.len() == others.len() && items.iter().zip(others).all(|(one, other)| one.same(other))
            }
            (Kind::Map { entries, .. }, Kind::Map { entries: others, .. }) => {
                entries.len() == others.len()
                    && entries.iter().all(|entry| {
                        others.iter().any(|other| other.key == entry.key && other.value.same(&entry.value))
                    })
            }
            (Kind::Null | Kind::Scalar { .. } | Kind::List { .. } | Kind::Map { .. }, _) => false,
        }
    }
}

/// A plain scalar, or null.
fn plain(text: String) -> Kind {
    if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
        Kind::Null
    } else {
        Kind::Scalar { text, plain: true }
    }
}
