//! Changing the configuration, with a guard against changing what somebody else changed meanwhile.

use serde_json::{Value, json};

use super::config::{Config, DryRun, Rollback};
use super::gateway::Gateway;
use crate::{CallError, json as read};

/// What a change did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Applied {
    /// The places that changed, in the gateway's words.
    pub changed: Vec<String>,
    /// Names the state after it.
    pub hash: Option<String>,
    /// Whether it is in force only after a restart.
    pub restart_due: bool,
}

/// An agent that was switched off, and what is needed to switch it on again. Keep it.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentLock {
    /// The agent.
    pub agent: String,
    /// The way back.
    pub rollback: Rollback,
    /// The sessions whose runs were killed.
    pub killed: Vec<String>,
    /// The sessions whose runs could not be killed.
    pub still_running: Vec<String>,
}

impl Gateway {
    /// The configuration as its file has it, without secrets.
    pub async fn config(&self) -> Result<Config, CallError> {
        let answer = self.call("config.get", json!({})).await?;
        Config::read(&answer).ok_or_else(|| CallError::unreadable("config.get", "the configuration or its hash"))
    }

    /// What a merge patch would do to the configuration as it is now, and the state it was tried on. Changes nothing.
    pub async fn try_patch(&self, patch: &Value) -> Result<(Config, DryRun), CallError> {
        let config = self.config().await?;
        let dry = DryRun::new(&config.value, patch);
        Ok((config, dry))
    }

    /// Makes a change, if the configuration is still the one with `base_hash`. The gateway may cut every connection
    /// when it concerns who may connect; we come back.
    pub async fn patch(&self, patch: &Value, replaces: &[String], base_hash: &str) -> Result<Applied, CallError> {
        let mut params = json!({ "raw": patch.to_string(), "baseHash": base_hash });
        if !replaces.is_empty() {
            params["replacePaths"] = json!(replaces);
        }
        let answer = self.change("config.patch", params).await?;
        Ok(Applied {
            changed: read::texts(&answer, "/changedPaths"),
            hash: read::text(&answer, "/hash"),
            restart_due: read::flag(&answer, "/sentinel/payload/stats/requiresRestart").unwrap_or(false),
        })
    }

    /// Takes a change back. What others changed since stays, unless it is in the same place.
    pub async fn roll_back(&self, back: &Rollback) -> Result<Applied, CallError> {
        if back.patch.as_object().is_none_or(serde_json::Map::is_empty) {
            return Ok(Applied::default());
        }
        let config = self.config().await?;
        self.patch(&back.patch, &back.replaces, &config.hash).await
    }

    /// Switches an agent off: every tool is taken away and its runs are killed. The gateway has no switch of its
    /// own, so it can still be spoken to, but can do nothing.
    pub async fn disable_agent(&self, agent: &str) -> Result<AgentLock, CallError> {
        if agent.is_empty() || agent.contains(['.', '[', ']']) {
            return Err(CallError::NotPossible(format!("{agent:?} is not the id of an agent")));
        }
        let patch = json!({ "agents": { "entries": { agent: { "tools": { "deny": ["*"] } } } } });
        let (config, dry) = self.try_patch(&patch).await?;
        self.patch(&patch, &dry.replaces, &config.hash).await?;
        let mut lock = AgentLock {
            agent: agent.to_owned(),
            rollback: dry.rollback,
            killed: Vec::new(),
            still_running: Vec::new(),
        };
        for session in self.sessions(1_000).await? {
            if session.active && session.agent.as_deref() == Some(agent) {
                let dead = self.kill(&session.key, None).await.is_ok();
                if dead { &mut lock.killed } else { &mut lock.still_running }.push(session.key);
            }
        }
        Ok(lock)
    }

    /// Switches an agent on again.
    pub async fn enable_agent(&self, lock: &AgentLock) -> Result<Applied, CallError> {
        self.roll_back(&lock.rollback).await
    }
}
