//! `agents`, `doctor` and `capabilities`: what the registry knows, read without an engine. `agents add` has the running
//! engine list a home; nothing here changes anything else, and nothing is governed by it.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use clawbutler_butler::{Butler, Env, with_processes};
use clawbutler_connectors::{connector, matrix};
use clawbutler_core::clock::Clock;
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::paths::{self, DataDir};
use clawbutler_wire::gateway::NamedHome;
use clawbutler_wire::registry::{AgentList, AgentState, AgentView, Can, HealthLevel};

use crate::Told;

/// What is done with agents.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Lists a home that discovery cannot see (set by a variable of one shell only), or a gateway by its address. It is
    /// governed only once you choose that in the window.
    Add(Place),
}

/// A place that is named.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The runtime, as `clawbutler agents --json` names it.
    runtime: String,
    /// Absolute path of the home, or `ws://127.0.0.1:PORT` of a gateway on this machine.
    place: String,
}

/// Has the running engine list a home. Exit status 1 when it refuses, or does not run.
pub(crate) fn add(place: Place, data: &DataDir, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let Place { runtime, place } = place;
    let Some(answer) = Butler::tell_home(data, NamedHome { runtime, place: place.clone() }) else {
        writeln!(out, "ClawButler does not run. Start it, or `clawbutler serve`, and try again.")?;
        return Ok(ExitCode::FAILURE);
    };
    match answer.refused {
        None => {
            writeln!(out, "{place} is listed. Choose on the Agents page whether it is governed.")?;
            Ok(ExitCode::SUCCESS)
        }
        Some(why) => {
            writeln!(out, "{why}")?;
            if let Some(hint) = answer.hint {
                writeln!(out, "{hint}")?;
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

fn look(vars: &BTreeMap<String, String>, data: &DataDir) -> anyhow::Result<AgentList> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let env = with_processes(Env::new(vars.clone(), paths::home(vars)), &clock);
    let now = clock.wall().0;
    Ok(Butler::list_agents_from(data, &env, now).map_err(Told::from)?)
}

fn state(agent: &AgentView) -> &'static str {
    match (agent.governed, agent.state) {
        (false, _) => "not governed",
        (true, AgentState::Online) => "online",
        (true, AgentState::Disabled) => "disabled",
        (true, AgentState::Killed) => "killed",
    }
}

fn health(level: HealthLevel) -> &'static str {
    match level {
        HealthLevel::Healthy => "healthy",
        HealthLevel::Degraded => "degraded",
        HealthLevel::Critical => "critical",
    }
}

/// Lists every agent.
pub(crate) fn list(
    vars: &BTreeMap<String, String>,
    data: &DataDir,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let list = look(vars, data)?;
    if json {
        writeln!(out, "{}", serde_json::to_string(&list)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if list.agents.is_empty() {
        writeln!(out, "No runtime was found. Looked at {} places.", list.looked_at.len())?;
    }
    for agent in &list.agents {
        let version = agent.version.as_deref().unwrap_or("version not known");
        writeln!(out, "{}  {} ({version})", agent.home, agent.runtime_name)?;
        writeln!(
            out,
            "    {}, {}, sessions: {}, changes to accept: {}",
            state(agent),
            health(agent.health.level),
            agent.live_sessions,
            agent.drift
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells how every home is and what to do; exit status 0 only when no governed one is critical.
pub(crate) fn doctor(
    vars: &BTreeMap<String, String>,
    data: &DataDir,
    json: bool,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let list = look(vars, data)?;
    if json {
        writeln!(out, "{}", serde_json::to_string(&list.agents)?)?;
    } else {
        for agent in &list.agents {
            writeln!(out, "{}  {}: {}", agent.home, state(agent), health(agent.health.level))?;
            for check in &agent.health.checks {
                writeln!(out, "    {:<8}  {}: {}", health(check.level), check.name, check.says)?;
                if let Some(fix) = &check.fix {
                    writeln!(out, "              to do: {fix}")?;
                }
            }
        }
        if list.agents.is_empty() {
            writeln!(out, "No runtime was found. Looked at {} places.", list.looked_at.len())?;
        }
    }
    let critical = |agent: &AgentView| agent.governed && agent.health.level == HealthLevel::Critical;
    Ok(if list.agents.iter().any(critical) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Tells what can be done with each runtime.
pub(crate) fn capabilities(markdown: bool, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    if markdown {
        write!(out, "{}", matrix::markdown(connector::ALL))?;
        return Ok(ExitCode::SUCCESS);
    }
    for runtime in Butler::runtimes() {
        writeln!(out, "{}", runtime.runtime_name)?;
        for capability in runtime.capabilities {
            let word = match capability.can {
                Can::Yes => "yes",
                Can::Partly => "partly",
                Can::No => "no",
            };
            writeln!(out, "    {:<10} {word:<7} {}", capability.name, capability.says)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
