//! Tokens and money, as the gateway counts them. It counts in the background: an answer may be of before.

use std::time::Duration;

use serde_json::{Value, json};

use super::gateway::Gateway;
use crate::{CallError, json as read};

/// A sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CostTotals {
    /// Tokens.
    pub input: u64,
    /// Tokens.
    pub output: u64,
    /// Tokens.
    pub cache_read: u64,
    /// Tokens.
    pub cache_write: u64,
    /// Millionths of a US dollar.
    pub microusd: u64,
    /// Answers whose model has no price in the configuration: the sum lacks them.
    pub unpriced: u64,
}

impl CostTotals {
    fn read(value: &Value, path: &str) -> Self {
        let count = |member: &str| read::number(value, &format!("{path}/{member}")).unwrap_or(0);
        Self {
            input: count("input"),
            output: count("output"),
            cache_read: count("cacheRead"),
            cache_write: count("cacheWrite"),
            microusd: read::microusd(value, &format!("{path}/totalCost")).unwrap_or(0),
            unpriced: count("missingCostEntries"),
        }
    }
}

/// What a time cost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cost {
    /// In all.
    pub totals: CostTotals,
    /// By day (`2026-11-22`).
    pub days: Vec<(String, CostTotals)>,
    /// Whether the gateway is done counting. While it is not, sums are too low.
    pub counted: bool,
}

/// What one session cost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SessionCost {
    /// The key of the session.
    pub key: String,
    /// The agent.
    pub agent: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The sum.
    pub totals: CostTotals,
}

/// The longest somebody waits for the gateway's counting.
const COUNTING: Duration = Duration::from_mins(1);
const LOOK_AGAIN: Duration = Duration::from_secs(3);

impl Gateway {
    /// What the last days cost, as counted so far.
    pub async fn cost(&self, days: u32) -> Result<Cost, CallError> {
        let answer = self.call("usage.cost", json!({ "days": days.clamp(1, 366) })).await?;
        let day = |row: &Value| (read::word(row, "/date"), CostTotals::read(row, ""));
        Ok(Cost {
            totals: CostTotals::read(&answer, "/totals"),
            days: read::list(&answer, "/daily").map(day).collect(),
            // Releases without the cache count at once.
            counted: read::text(&answer, "/cacheStatus/status").is_none_or(|status| status == "fresh"),
        })
    }

    /// What the last days cost, once the gateway is done counting; after a minute, what it has.
    pub async fn cost_counted(&self, days: u32) -> Result<Cost, CallError> {
        let until = tokio::time::Instant::now() + COUNTING;
        loop {
            let cost = self.cost(days).await?;
            if cost.counted || tokio::time::Instant::now() >= until {
                return Ok(cost);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What each session cost.
    pub async fn session_costs(&self) -> Result<Vec<SessionCost>, CallError> {
        let answer = self.call("sessions.usage", json!({})).await?;
        let row = |row: &Value| {
            Some(SessionCost {
                key: read::text(row, "/key")?,
                agent: read::text(row, "/agentId"),
                model: read::text(row, "/model"),
                totals: CostTotals::read(row, "/usage"),
            })
        };
        Ok(read::list(&answer, "/sessions").filter_map(row).collect())
    }

    /// How much of each provider's limits is used: provider, window, percent. Empty where no provider tells.
    pub async fn quotas(&self) -> Result<Vec<(String, String, f64)>, CallError> {
        let answer = self.call("usage.status", json!({})).await?;
        let of_provider = |provider: &Value| -> Vec<(String, String, f64)> {
            let name = read::word(provider, "/provider");
            read::list(provider, "/windows")
                .filter_map(|window| {
                    Some((name.clone(), read::word(window, "/label"), read::fraction(window, "/usedPercent")?))
                })
                .collect()
        };
        Ok(read::list(&answer, "/providers").flat_map(of_provider).collect())
    }
}
