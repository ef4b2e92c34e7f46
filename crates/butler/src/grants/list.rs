//! Grants as the window lists them.

use std::sync::PoisonError;

use clawbutler_core::clock::Timestamp;
use clawbutler_core::grant::{Cover, Grant, Reach};
use clawbutler_core::limits::PAGE_ROWS;
use clawbutler_store::table::grants::GrantRow;
use clawbutler_wire::Seq;
use clawbutler_wire::command::ListGrants;
use clawbutler_wire::grants::{GrantKind, GrantList, GrantView};

use crate::{Butler, Error};

/// Longest title (characters).
const TITLE_CHARS: usize = 80;

impl Butler {
    /// Lists grants, newest first.
    pub fn list_grants(&self, request: ListGrants) -> Result<GrantList, Error> {
        let now = self.now();
        let limit = u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX);
        let rows = if request.include_ended {
            self.0.store.read(|read| read.grants_ever(limit))?
        } else {
            self.0.store.read(|read| read.grants())?
        };
        let in_force: Vec<Grant> = self.0.grants.read().unwrap_or_else(PoisonError::into_inner).clone();
        let wanted = request.search.trim().to_lowercase();
        let items = rows
            .iter()
            // A row that was set aside at start is in force nowhere, whatever it says.
            .filter(|row| request.include_ended || in_force.iter().any(|grant| grant.id == row.grant.id))
            .map(|row| view(row, now))
            .filter(|view| request.include_ended || view.ended_at.is_none())
            .filter(|view| wanted.is_empty() || fits(view, &wanted))
            .take(PAGE_ROWS);
        Ok(GrantList { items: items.collect() })
    }
}

fn fits(view: &GrantView, wanted: &str) -> bool {
    let texts = [&view.covers, &view.reach, &view.runtime, view.note.as_ref().unwrap_or(&view.title)];
    texts.iter().any(|text| text.to_lowercase().contains(wanted))
}

fn view(row: &GrantRow, now: Timestamp) -> GrantView {
    let grant = &row.grant;
    let covers = grant.cover.words();
    let over = grant.expires_at.filter(|end| *end <= now);
    GrantView {
        id: grant.id.0.clone(),
        kind: kind(grant),
        title: title(grant, &covers),
        covers,
        reach: reach_words(&grant.reach),
        runtime: runtime(&grant.reach).to_owned(),
        expires_at: grant.expires_at.map(|at| at.0),
        created_at: grant.created_at.0,
        ledger_seq: Seq(grant.ledger_seq),
        uses: row.uses,
        uses_left: grant.uses_left,
        last_used_at: row.last_used.map(|at| at.0),
        ended_at: row.ended_at.or(over).map(|at| at.0),
        note: grant.note.clone(),
    }
}

fn kind(grant: &Grant) -> GrantKind {
    match (&grant.cover, grant.uses_left) {
        (Cover::Session, _) => GrantKind::SessionPass,
        (_, Some(_)) => GrantKind::Counted,
        (_, None) => GrantKind::Standing,
    }
}

fn title(grant: &Grant, covers: &str) -> String {
    if grant.cover == Cover::Session {
        return "All in one session".to_owned();
    }
    let mut short: String = covers.chars().take(TITLE_CHARS).collect();
    if short.len() < covers.len() {
        short.push('…');
    }
    short
}

pub(super) fn reach_words(reach: &Reach) -> String {
    match reach {
        Reach::Session { session, .. } => format!("in session {session}, until it ends"),
        Reach::Project { folder, .. } => format!("in {folder}"),
        Reach::Machine { .. } => "everywhere on this machine".to_owned(),
    }
}

fn runtime(reach: &Reach) -> &str {
    match reach {
        Reach::Session { runtime, .. } | Reach::Project { runtime, .. } | Reach::Machine { runtime } => runtime,
    }
}
