//! What is offered for a request, and the grant that comes of it.

use std::sync::PoisonError;

use clawbutler_core::clock::Timestamp;
use clawbutler_core::grant::{Grant, Reach, ReachKind};
use clawbutler_core::id::GrantId;
use clawbutler_core::limits::{GRANT_USES, GRANTS, MACHINE_GRANT_MS};
use clawbutler_core::risk::RiskLevel;
use clawbutler_policy::Looked;
use clawbutler_policy::grants::{self, Proposal};
use clawbutler_store::table::approvals::ApprovalRow;
use clawbutler_wire::approvals::Scope;
use clawbutler_wire::command::DecideApproval;
use clawbutler_wire::grants::ProposalView;
use serde_json::{Value, json};

use crate::{Butler, Error};

/// How long a grant lasts when nothing is said (ms).
const DEFAULT_MS: u64 = MACHINE_GRANT_MS;
/// Shortest time a grant lasts (ms).
const SHORTEST_MS: u64 = 60_000;

/// Which always-allow the person wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish {
    pub(crate) proposal: u32,
    pub(crate) scope: Scope,
    pub(crate) expires_ms: Option<u64>,
    pub(crate) uses: Option<u32>,
}

impl Wish {
    pub(crate) fn of(request: &DecideApproval) -> Self {
        Self { proposal: request.proposal, scope: request.scope, expires_ms: request.expires_ms, uses: request.uses }
    }
}

/// A grant as its entry tells it; `load_grants` compares the row with it.
pub(crate) fn given(grant: &Grant, approval: Option<&str>) -> Value {
    json!({
        "grant": grant.id,
        "cover": grant.cover,
        "reach": grant.reach,
        "expires_at": grant.expires_at,
        "uses_left": grant.uses_left,
        "note": grant.note,
        "approval": approval,
    })
}

pub(super) fn scope_view(kind: ReachKind) -> Scope {
    match kind {
        ReachKind::Session => Scope::Session,
        ReachKind::Project => Scope::Project,
        ReachKind::Machine => Scope::Machine,
    }
}

impl Butler {
    /// What was found in a stored request: its parts as masked, its risk as it was judged.
    pub(crate) fn looked(&self, row: &ApprovalRow) -> Looked {
        let mut looked = clawbutler_policy::look(&row.action, &self.around());
        looked.assessment.clone_from(&row.verdict.assessment);
        looked
    }

    /// What could be granted for a request, narrow to wide.
    pub(crate) fn proposals(&self, row: &ApprovalRow) -> Vec<Proposal> {
        grants::propose_looked(&row.action, &self.looked(row))
    }

    /// The same as the card shows it.
    pub(crate) fn proposal_views(&self, row: &ApprovalRow) -> Vec<ProposalView> {
        let views = self.proposals(row).into_iter().zip(0_u32..).map(|(proposal, index)| ProposalView {
            index,
            title: proposal.title,
            warning: proposal.warning,
            scopes: proposal.scopes.into_iter().map(scope_view).collect(),
        });
        views.collect()
    }

    /// The proposal of this index, where it may hold as wanted.
    pub(super) fn proposal(&self, row: &ApprovalRow, index: u32, scope: Scope) -> Result<(Proposal, Reach), Error> {
        if row.verdict.assessment.level == RiskLevel::Critical {
            return Err(Error::precondition(
                "A request of critical risk cannot be allowed for good.",
                "Allow it once if you are sure.",
            ));
        }
        let mut proposals = self.proposals(row);
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        if index >= proposals.len() {
            return Err(Error::bad("That always-allow is not offered for this request."));
        }
        let proposal = proposals.swap_remove(index);
        if !proposal.scopes.iter().any(|kind| scope_view(*kind) == scope) {
            return Err(Error::precondition(
                "This always-allow cannot hold that widely.",
                "Choose a narrower place: the session, or the project.",
            ));
        }
        let runtime = row.action.runtime.clone();
        let reach = match scope {
            Scope::Session => Reach::Session { runtime, session: row.action.session.clone() },
            Scope::Project => Reach::Project { runtime, folder: row.action.project().to_owned() },
            Scope::Machine => Reach::Machine { runtime },
        };
        Ok((proposal, reach))
    }

    /// The grant a person wants; within every bound, not stored yet.
    pub(crate) fn new_grant(&self, row: &ApprovalRow, wish: &Wish, at: Timestamp) -> Result<Grant, Error> {
        let (proposal, reach) = self.proposal(row, wish.proposal, wish.scope)?;
        if wish.uses.is_some_and(|uses| !(1..=GRANT_USES).contains(&uses)) {
            return Err(Error::bad(format!("A counted always-allow has 1 to {GRANT_USES} uses.")));
        }
        if wish.expires_ms.is_some_and(|ms| ms < SHORTEST_MS) {
            return Err(Error::bad("An always-allow lasts at least a minute."));
        }
        let lasts = match (wish.expires_ms, wish.scope) {
            (Some(ms), _) => Some(ms),
            (None, Scope::Session) => None,
            (None, Scope::Project | Scope::Machine) => Some(DEFAULT_MS),
        };
        self.checked(Grant {
            id: GrantId::fresh(self.0.ports.ids.as_ref()),
            cover: proposal.cover,
            reach,
            expires_at: lasts.map(|ms| at.plus_ms(ms)),
            created_at: at,
            ledger_seq: 0,
            uses_left: wish.uses,
            note: None,
        })
    }

    /// Refuses a grant over a bound.
    pub(super) fn checked(&self, grant: Grant) -> Result<Grant, Error> {
        if self.0.grants.read().unwrap_or_else(PoisonError::into_inner).len() >= GRANTS {
            return Err(Error::precondition(
                format!("There are {GRANTS} standing grants."),
                "End some on the Rules page.",
            ));
        }
        grant.check().map_err(|fault| Error::bad(format!("This cannot be given: {fault}.")))?;
        Ok(grant)
    }
}
