//! What an entry says, taken apart for filters, words and exports.

use clawbutler_store::table::ledger::LedgerRow;
use serde_json::Value;

use super::words;
use crate::audit::CLIENT_TRACE;
use crate::links::BEGUN_BY;

/// Words of one entry that are searched.
const WORDS: usize = 4_000;

/// Stands before the id of a client's trace, where a filter names one.
pub(crate) const CLAIMED: &str = "client:";

/// Stands before the id of the trace that began an entry's session, where a filter names one.
pub(crate) const BEGUN: &str = "begun:";

/// What exports have in place of facts that were pruned.
pub(crate) const GONE: &str = "[pruned]";

/// An entry taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parts {
    pub(crate) seq: u64,
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) trace: String,
    pub(crate) span: String,
    pub(crate) parent: Option<String>,
    pub(crate) hash: String,
    /// As it stands in the entry.
    pub(crate) actor: Value,
    pub(crate) data: Value,
    /// Whether retention removed the facts; `data` is null then.
    pub(crate) pruned: bool,
    /// Empty where it is not known.
    pub(crate) runtime: String,
    pub(crate) session: String,
}

impl Parts {
    /// Takes an entry apart; `whose` knows the traces whose agent another entry told.
    pub(crate) fn of(row: &LedgerRow, whose: impl FnOnce(&str) -> Option<(String, String)>) -> Self {
        let mut header = row.header();
        let actor = header["actor"].take();
        let data = row.data().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let own = [&actor, &data].map(|from| (text(&from["runtime"]), text(&from["session"])));
        let (runtime, session) = own
            .into_iter()
            .find(|(runtime, session)| !runtime.is_empty() && !session.is_empty())
            .or_else(|| whose(&row.trace))
            .unwrap_or_else(|| (text(&data["runtime"]), text(&data["session"])));
        Self {
            seq: row.seq,
            at: row.at,
            kind: row.kind.clone(),
            trace: row.trace.clone(),
            span: row.span.clone(),
            parent: header["parent"].as_str().map(str::to_owned),
            hash: row.hash_hex(),
            actor,
            data,
            pruned: row.is_pruned(),
            runtime,
            session,
        }
    }

    /// The facts as one text.
    pub(crate) fn data_text(&self) -> String {
        if self.pruned { GONE.to_owned() } else { self.data.to_string() }
    }

    /// `local_user`, `agent`, `rule`, …
    pub(crate) fn actor_kind(&self) -> &str {
        self.actor["kind"].as_str().unwrap_or_default()
    }

    /// The level of risk as a word; empty where the entry has none.
    pub(crate) fn risk(&self) -> &str {
        let risk = &self.data["risk"];
        risk.as_str().or_else(|| risk["level"].as_str()).unwrap_or_default()
    }

    /// The verdict or what a person decided; empty where the entry has none.
    pub(crate) fn decision(&self) -> &str {
        let verdict = self.data["verdict"].as_str();
        verdict.or_else(|| self.data["decision"]["verb"].as_str()).unwrap_or_default()
    }

    /// Project folder, or the working directory where no other is known.
    pub(crate) fn project(&self) -> &str {
        self.data["project"].as_str().or_else(|| self.data["cwd"].as_str()).unwrap_or_default()
    }

    /// Tool of the action, where the entry names it.
    pub(crate) fn tool(&self) -> &str {
        self.data["tool"].as_str().unwrap_or_default()
    }

    /// Trace and span that a client said the action belongs to, in its own spans.
    pub(crate) fn claimed(&self) -> Option<(&str, &str)> {
        let claim = &self.data[CLIENT_TRACE];
        Some((claim["trace"].as_str()?, claim["span"].as_str()?))
    }

    /// Trace and span that began the entry's session, and how that is known.
    pub(crate) fn begun_by(&self) -> Option<(&str, &str, &str)> {
        let begun = &self.data[BEGUN_BY];
        Some((begun["trace"].as_str()?, begun["span"].as_str()?, begun["how"].as_str()?))
    }

    /// Values by which the members of a filter find the entry.
    pub(crate) fn values(&self, member: Member) -> Vec<String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let some = |value: &str| (!value.is_empty()).then(|| value.to_owned()).into_iter().collect();
        match member {
            Member::Kind => some(&self.kind),
            Member::Actor => {
                let kind = self.actor_kind();
                let named = self.actor["id"].as_str().map(|id| format!("{kind}:{id}"));
                std::iter::once(kind.to_owned()).chain(named).collect()
            }
            Member::Runtime => some(&self.runtime),
            Member::Agent => {
                let data = &self.data;
                let process = &data["process"]["home"];
                let named = [&data["subagent"]["id"], &data["subagent"]["name"], &data["home"], process];
                named.into_iter().filter_map(text).filter(|value| !value.is_empty()).collect()
            }
            Member::Session => some(&self.session),
            // What a client claims is found by another name: no session's own trace has entries of others.
            Member::Trace => {
                let claimed = self.claimed().map(|(trace, _)| format!("{CLAIMED}{trace}"));
                let begun = self.begun_by().map(|(trace, ..)| format!("{BEGUN}{trace}"));
                std::iter::once(self.trace.clone()).chain(claimed).chain(begun).collect()
            }
            Member::Project => some(self.project()),
            Member::Risk => some(self.risk()),
            Member::Decision => some(self.decision()),
        }
    }

    /// See [`words_in`].
    pub(crate) fn words(&self) -> Vec<String> {
        words_in(&self.data)
    }
}

/// Every word of an entry's facts, in their order; bounded. An empty one ends each text: no phrase goes on from one text
/// to the next.
pub(super) fn words_in(facts: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(facts, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    if found.len() >= WORDS {
        return;
    }
    match value {
        Value::String(text) => {
            found.extend(words::of(text).take(WORDS - found.len()));
            found.push(String::new());
        }
        Value::Number(number) => {
            found.extend(words::of(&number.to_string()));
            found.push(String::new());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => members.values().for_each(|item| collect(item, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// What a filter can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    Kind,
    Actor,
    Runtime,
    Agent,
    Session,
    Trace,
    Project,
    Risk,
    Decision,
}

impl Member {
    /// Each with its letter in the index and its name in queries.
    pub(crate) const ALL: [(Self, char, &'static str); 9] = [
        (Self::Kind, 'k', "kind"),
        (Self::Actor, 'a', "actor"),
        (Self::Runtime, 'r', "runtime"),
        (Self::Agent, 'g', "agent"),
        (Self::Session, 's', "session"),
        (Self::Trace, 't', "trace"),
        (Self::Project, 'p', "project"),
        (Self::Risk, 'l', "risk"),
        (Self::Decision, 'd', "decision"),
    ];
    /// Members with few values, both of which in one entry are also kept as one word: two filters that each match
    /// millions of entries and none together are answered at once.
    pub(crate) const PAIRED: [Self; 5] = [Self::Kind, Self::Actor, Self::Runtime, Self::Risk, Self::Decision];

    pub(crate) fn letter(self) -> char {
        Self::ALL.iter().find(|(member, ..)| *member == self).map_or('?', |(_, letter, _)| *letter)
    }
}
