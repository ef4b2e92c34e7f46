//! One file per page.

pub(crate) mod agents;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod grants;
pub(crate) mod now;
pub(crate) mod popup;
pub(crate) mod rules;
pub(crate) mod sessions;
pub(crate) mod settings;
