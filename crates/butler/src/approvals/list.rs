//! Approvals as windows see them.

use clawbutler_core::limits::PAGE_ROWS;
use clawbutler_store::table::approvals::ApprovalRow;
use clawbutler_wire::approvals::{ApprovalList, ApprovalView, Which};
use clawbutler_wire::command::{GetApproval, ListApprovals};

use crate::{Butler, Error, view};

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
            let same = |a: &ApprovalRow, b: &ApprovalRow| {
                a.action.tool == b.action.tool && a.action.effect == b.action.effect && a.action.cwd == b.action.cwd
            };
            for (item, row) in items.iter_mut().zip(&rows) {
                let alike = rows.iter().filter(|other| other.id != row.id && same(other, row)).count();
                item.alike = u32::try_from(alike).unwrap_or(u32::MAX);
            }
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
        view::approval(row, &self.runtime_name(&row.action.runtime), self.waiting_clients(&row.id))
    }
}
