//! Classes of entries, by which retention is chosen: every kind has one.

use serde::{Deserialize, Serialize};

use crate::Kind;

/// What an entry is about, as far as retention asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// What agents wanted to do and did.
    Actions,
    /// Approvals, grants and rules: why it was let through or stopped.
    Decisions,
    /// Sessions, the registry of agents, guards and gateways.
    Sessions,
    /// The app itself: start and stop, settings, exports, bounds.
    Housekeeping,
    /// Never pruned: retention, backups, damage and tampering.
    Kept,
}

impl Class {
    /// Those that can be pruned.
    pub const PRUNABLE: [Self; 4] = [Self::Actions, Self::Decisions, Self::Sessions, Self::Housekeeping];

    /// As settings and entries name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Actions => "actions",
            Self::Decisions => "decisions",
            Self::Sessions => "sessions",
            Self::Housekeeping => "housekeeping",
            Self::Kept => "kept",
        }
    }

    /// Its kinds, as entries name them.
    pub fn kinds(self) -> impl Iterator<Item = &'static str> {
        Kind::ALL.iter().filter(move |(kind, _)| kind.class() == self).map(|(_, text)| *text)
    }
}

impl Kind {
    /// The class of the kind.
    pub fn class(self) -> Class {
        match self {
            Self::ActionRequested
            | Self::ActionDecided
            | Self::ActionCompleted
            | Self::ActionFailed
            | Self::ActionUnknown
            | Self::DecisionDelivered
            | Self::DecisionLate
            | Self::OfflineRecorded
            | Self::OfflineDamaged => Class::Actions,
            Self::ApprovalRequested
            | Self::ApprovalDecided
            | Self::ApprovalExpired
            | Self::ApprovalWithdrawn
            | Self::ApprovalReclaimed
            | Self::GrantCreated
            | Self::GrantRevoked
            | Self::GrantEnded
            | Self::RulesChanged
            | Self::RulesHeld
            | Self::RulesRejected
            | Self::RulesBroken
            | Self::BudgetCrossed => Class::Decisions,
            Self::HomeGoverned
            | Self::HomeReleased
            | Self::HomeNamed
            | Self::HomeFound
            | Self::HomeForgotten
            | Self::GuardInstalled
            | Self::GuardRemoved
            | Self::GuardTrusted
            | Self::GuardTested
            | Self::GuardDrift
            | Self::SessionStarted
            | Self::SessionEnded
            | Self::SubagentStarted
            | Self::SubagentEnded
            | Self::ConfigChanged
            | Self::ConfigDrift
            | Self::DriftAccepted
            | Self::AgentDisabled
            | Self::AgentEnabled
            | Self::KillRequested
            | Self::KillReported
            | Self::AgentRevived
            | Self::GatewayAttached
            | Self::GatewayDetached
            | Self::GatewayUp
            | Self::GatewayLost
            | Self::GatewayFloor
            | Self::GatewayChat
            | Self::GatewayConfig
            | Self::GatewayAct => Class::Sessions,
            Self::EngineStarted
            | Self::EngineStopped
            | Self::SettingsChanged
            | Self::BoundReached
            | Self::AuditExported => Class::Housekeeping,
            // A key that was replaced is told by an entry of tampering.
            Self::AuditPruned
            | Self::RetentionRan
            | Self::BackupMade
            | Self::BackupRestored
            | Self::LogDamaged
            | Self::LogSetAside
            | Self::LogTailUnproven
            | Self::LogAcknowledged
            | Self::TamperingNoticed => Class::Kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_never_names_a_kind_that_is_kept() {
        let pruned: Vec<_> = Class::PRUNABLE.into_iter().flat_map(Class::kinds).collect();
        let kept: Vec<_> = Class::Kept.kinds().collect();
        assert_eq!(
            kept,
            [
                "tampering.noticed", "audit.pruned", "retention.ran", "backup.made", "backup.restored", "log.damaged",
                "log.set_aside", "log.tail_unproven", "log.acknowledged"
            ]
        );
        assert_eq!(pruned.len() + kept.len(), Kind::ALL.len(), "every kind has one class");
    }
}
