//! Budgets: what agents may spend, and what they spent.

use serde::{Deserialize, Serialize};

/// Limits for all governed agents together; off where absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// For a day where the user is (US cents). Bounds: 1 to 100,000,000.
    pub day_cents: Option<u32>,
    /// For a calendar month (US cents). The same bounds.
    pub month_cents: Option<u32>,
}

/// What was spent, beside what may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GetBudget {}

/// Both periods as they are now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BudgetView {
    pub day: Meter,
    pub month: Meter,
    /// How much of the tighter limit is used (percent; may pass 100); absent where none is set.
    #[serde(default)]
    pub percent: Option<u32>,
}

/// One period.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Meter {
    /// `2026-11-26` or `2026-11`, by the user's clock.
    pub period: String,
    /// Its beginning and its end (ms since the epoch).
    pub from: i64,
    pub until: i64,
    /// What was recorded or estimated (millionths of a US dollar).
    pub spent_micro: u64,
    /// Answers whose cost is not known; they are not in `spent_micro`.
    pub unpriced: u64,
    /// US cents; absent: no limit.
    #[serde(default)]
    pub limit_cents: Option<u32>,
    /// How much of the limit is used (percent, cut; may pass 100).
    #[serde(default)]
    pub percent: Option<u32>,
}
