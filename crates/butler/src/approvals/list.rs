//! Approvals as windows see them.

use clawbutler_core::limits::{BATCH_ITEMS, PAGE_ROWS};
use clawbutler_policy::cost::Estimate;
use clawbutler_store::table::approvals::ApprovalRow;
use clawbutler_wire::approvals::{ApprovalList, ApprovalView, State, Which};
use clawbutler_wire::command::{GetApproval, ListApprovals};

use crate::engine::lock;
use crate::{Butler, Error, cost, view};

impl Butler {
    /// Lists approvals.
    pub fn list_approvals(&self, request: ListApprovals) -> Result<ApprovalList, Error> {
        let limit = request.limit.unwrap_or(200).clamp(1, u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX));
        let (mut rows, pending) = self.0.store.read(|read| {
            let rows = match request.which {
                Which::Pending => read.approvals_pending(limit)?,
                Which::Settled => read.approvals_settled(limit)?,
            };
            Ok::<_, Error>((rows, read.approvals_count("", "")?.0))
        })?;
        if request.which == Which::Pending {
            rows.sort_by_key(|row| (std::cmp::Reverse(row.verdict.assessment.level), row.expires_at));
        }
        let mut items: Vec<ApprovalView> = rows.iter().map(|row| self.approval_view(row)).collect();
        if request.which == Which::Pending {
            group(&mut items);
        }
        Ok(ApprovalList { items, pending: u32::try_from(pending).unwrap_or(u32::MAX), now: self.now().0 })
    }

    /// One approval.
    pub fn get_approval(&self, request: GetApproval) -> Result<ApprovalView, Error> {
        self.view_of(&request.id)
    }

    pub(super) fn view_of(&self, id: &str) -> Result<ApprovalView, Error> {
        let row = self.0.store.read(|read| read.approval(id))?.ok_or_else(|| Error::not_found("request"))?;
        Ok(self.approval_view(&row))
    }

    fn approval_view(&self, row: &ApprovalRow) -> ApprovalView {
        let mut view = view::approval(row, &self.runtime_name(&row.action.runtime), self.waiting_clients(&row.id));
        view.home = {
            let registry = lock(&self.0.registry);
            let home = row.facts["home"].as_str().and_then(|id| registry.homes.get(id));
            home.map(|home| home.path.clone())
        };
        if let Ok(estimate) = serde_json::from_value::<Estimate>(row.facts["cost"].clone()) {
            view.cost = cost::view(&estimate);
        }
        // What is only of use while it can be decided is not worked out for the past.
        if view.state == State::Pending {
            view.proposals = self.proposal_views(row);
            view.always_covers = view.proposals.first().map(|proposal| proposal.title.clone());
            view.similar = self.similar(row).unwrap_or_else(|Error(error)| {
                tracing::warn!(message = %error.message, "what was decided before could not be read");
                None
            });
        }
        view
    }
}

/// Tells each of the others of its group.
fn group(items: &mut [ApprovalView]) {
    let groups: Vec<(String, String)> = items.iter().map(|item| (item.group.clone(), item.id.clone())).collect();
    for item in items.iter_mut().filter(|item| !item.group.is_empty()) {
        let others = groups.iter().filter(|(group, id)| *group == item.group && *id != item.id);
        item.alike_ids = others.map(|(_, id)| id.clone()).collect();
        item.alike = u32::try_from(item.alike_ids.len()).unwrap_or(u32::MAX);
        item.alike_ids.truncate(BATCH_ITEMS - 1);
    }
}
