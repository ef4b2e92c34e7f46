//! Editing a gateway's exec policy: tried out, looked at, then done; by agent and member, or a row of an allowlist.

use clawbutler_attach::openclaw::{AllowRow, Edit, InForce, MEMBERS, Policy, Standing, diff, edited};
use clawbutler_core::digest::{self, sha256};
use clawbutler_core::limits::{ATTACH_VIEW_ROWS, BATCH_ITEMS};
use clawbutler_core::redact::{self, MaskKey};
use clawbutler_ledger::Kind;
use clawbutler_wire::attached::{AllowView, PolicyAnswer, PolicyEdit, PolicyMember, PolicyRow, PolicyTrial};
use clawbutler_wire::command::EditPolicy;
use serde_json::{Value, json};
use similar::TextDiff;

use super::config::shown;
use super::floor::not_taken;
use super::watch::{rank, words};
use super::{End, end};
use crate::{Butler, Error};

/// Longest id of an agent (bytes).
const NAME_BYTES: usize = 512;

/// As it stands in the document, and the words it may have, the strictest first.
fn spelled(member: PolicyMember) -> (&'static str, [&'static str; 3]) {
    let [security, ask, fallback] = MEMBERS;
    match member {
        PolicyMember::Security => (security, ["deny", "allowlist", "full"]),
        PolicyMember::Ask => (ask, ["always", "on-miss", "off"]),
        PolicyMember::AskFallback => (fallback, ["deny", "allowlist", "full"]),
    }
}

/// Names a row of an agent's allowlist.
fn row_id(row: &AllowRow) -> String {
    digest::of(&(&row.pattern, &row.args))[..16].to_owned()
}

impl Butler {
    /// What the policy comes to for each agent, as it is shown.
    pub(super) fn policy_rows(&self, standing: &Standing) -> Vec<PolicyRow> {
        let masked = |text: &String| redact::mask_text(text, &self.0.mask);
        let member = |name: &&'static str| match *name {
            "security" => PolicyMember::Security,
            "ask" => PolicyMember::Ask,
            _ => PolicyMember::AskFallback,
        };
        let allowed = |row: &AllowRow| AllowView {
            id: row_id(row),
            pattern: masked(&row.pattern),
            args: row.args.as_ref().map(masked),
            source: row.source.as_ref().map(masked),
        };
        let row = |one: InForce| PolicyRow {
            security: one.security,
            ask: one.ask,
            ask_fallback: one.ask_fallback,
            own: one.own.iter().map(member).collect(),
            allowlist: one.allowlist.iter().take(ATTACH_VIEW_ROWS).map(allowed).collect(),
            agent: one.agent,
        };
        standing.in_force().into_iter().take(ATTACH_VIEW_ROWS).map(row).collect()
    }

    /// Tries changes of a connected gateway's exec policy, or makes those that were tried.
    pub fn edit_policy(&self, request: EditPolicy) -> Result<PolicyAnswer, Error> {
        let home = self.attachable(&request.home_id)?;
        if end(&home.runtime) != Some(End::Gateway) {
            let says = format!("{} has no policy that is changed from here.", self.runtime_name(&home.runtime));
            return Err(Error::precondition(says, "Its own settings say when it asks."));
        }
        if request.edits.is_empty() || request.edits.len() > BATCH_ITEMS {
            return Err(Error::bad(format!("Give 1 to {BATCH_ITEMS} changes.")));
        }
        let (line, standing) = self.seen_policy(&home, &request.seen_hash)?;
        let edits = request.edits.iter().map(|edit| meant(&standing, edit)).collect::<Result<Vec<_>, _>>()?;
        let after = edited(&standing.policy.file, &edits);
        let trial = trial(&standing, &after, &self.0.mask);
        let Some(seen) = request.seen else {
            return Ok(PolicyAnswer { trial: Some(trial), connection: self.connection_view(&home)? });
        };
        if seen != trial.seen {
            return Err(Error::stale("This is not the change you looked at.", None));
        }
        if trial.changes.is_empty() {
            return Err(Error::precondition("There is nothing to change.", "It is as you want it."));
        }
        let data = json!({ "edited": true, "before": standing.policy.file, "after": after, "loosens": trial.loosens });
        self.note_at_gateway(&home.id, Kind::GatewayFloor, data)?;
        if let Err(failed) = self.put_policy(&home, &line, &after, &standing.policy) {
            self.note_at_gateway(&home.id, Kind::GatewayFloor, json!({ "edited": true, "failed": failed }))?;
            self.read_policy(&home.id);
            return Err(not_taken(&failed));
        }
        Ok(PolicyAnswer { trial: None, connection: self.connection_view(&home)? })
    }
}

/// A change in the words of the document.
fn meant(standing: &Standing, edit: &PolicyEdit) -> Result<Edit, Error> {
    match edit {
        PolicyEdit::Set { agent, member, value } => {
            let (name, known) = spelled(*member);
            if value.as_ref().is_some_and(|value| !known.contains(&value.as_str())) {
                return Err(Error::bad(format!("{name} is one of {}.", known.join(", "))));
            }
            if agent.as_ref().is_some_and(|agent| agent.is_empty() || agent.len() > NAME_BYTES) {
                return Err(Error::bad(format!("An agent has an id of at most {NAME_BYTES} bytes.")));
            }
            Ok(Edit::Set { agent: agent.clone(), member: name, value: value.clone() })
        }
        PolicyEdit::Remove { agent, id } => {
            let row =
                standing.policy.in_force(Some(agent.clone())).allowlist.into_iter().find(|row| row_id(row) == *id);
            let row = row.ok_or_else(|| Error::not_found("row of the allowlist"))?;
            Ok(Edit::Remove { agent: agent.clone(), pattern: row.pattern, args: row.args })
        }
    }
}

fn trial(standing: &Standing, after: &Value, key: &MaskKey) -> PolicyTrial {
    let policy = &standing.policy;
    let (old, new) = (masked_document(&policy.file, key), masked_document(after, key));
    let lines = (pretty(&old), pretty(&new));
    PolicyTrial {
        seen: sha256(json!([policy.hash, after]).to_string().as_bytes()),
        diff: TextDiff::from_lines(&lines.0, &lines.1).unified_diff().missing_newline_hint(false).to_string(),
        changes: shown(&diff(&old, &new)),
        loosens: loosens(standing, after),
    }
}

/// A gateway's document as it may be shown: it has room for tokens. Equal secrets stay equal, so a change shows.
pub(super) fn masked_document(document: &Value, key: &MaskKey) -> Value {
    let mut masked = document.clone();
    redact::mask_value(&mut masked, key);
    masked
}

pub(super) fn pretty(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}

/// What would run with less asking than now, in words.
fn loosens(standing: &Standing, after: &Value) -> Vec<String> {
    let default = |name: &str, was: &Option<String>| {
        let at = |file: &Value| file["defaults"][name].as_str().map(str::to_owned);
        match (at(&standing.policy.file), at(after)) {
            (_, Some(now)) => Some(now),
            (None, None) => was.clone(),
            // What the gateway takes where nothing is set is its own affair; it may be the loosest.
            (Some(_), None) => None,
        }
    };
    let policy = &standing.policy;
    let then = Policy {
        file: after.clone(),
        security: default("security", &policy.security),
        ask: default("ask", &policy.ask),
        ask_fallback: default("askFallback", &policy.ask_fallback),
        ..policy.clone()
    };
    let then = Standing { policy: then, agents: standing.agents.clone(), ..Standing::default() };
    let mut found = Vec::new();
    for (was, is) in standing
        .in_force()
        .iter()
        .filter_map(|was| then.in_force().into_iter().find(|is| is.agent == was.agent).map(|is| (was.clone(), is)))
    {
        let who = was.agent.clone().unwrap_or_else(|| "agents without settings of their own".to_owned());
        for ((member, before), (_, now)) in words(&was).into_iter().zip(words(&is)) {
            let loose = |word: Option<&String>| rank(member, word.map_or("not set", String::as_str));
            if loose(now) > loose(before) {
                let word = now.map_or("the gateway's own choice", String::as_str);
                found.push(format!("{member} of {who} would be {word}"));
            }
        }
    }
    found
}
