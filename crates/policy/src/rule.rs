//! One rule: a closed set of conditions, all of which must hold.

use clawbutler_core::action::{Action, Effect};
use clawbutler_core::grant::host_of;
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::Decision;
use serde::{Deserialize, Serialize};

use crate::looked::Looked;
use crate::paths::glob;

/// A rule as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, unique in the set.
    pub id: String,
    /// What it asks for.
    pub decision: Decision,
    /// Its justification, read by the person and by the agent.
    pub because: String,
    /// Its conditions.
    #[serde(default)]
    pub when: When,
    /// Actions it must match, checked at load.
    #[serde(default)]
    pub matches: Vec<String>,
    /// Actions it must not match, checked at load.
    #[serde(default)]
    pub ignores: Vec<String>,
}

/// Conditions; absent ones hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Kinds of action (`shell`, `file_write`, …).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Least risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_at_least: Option<RiskLevel>,
    /// Connector ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runtimes: Vec<String>,
    /// Globs over the tool's name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// A program and its first arguments (`git push`); one command of the line is enough.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<String>,
    /// Names of risk signals; one is enough.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
    /// Globs over absolute paths touched; one is enough.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Globs over `server/tool`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mcp: Vec<String>,
    /// Globs over the host of a network action.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The runtime's permission modes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<String>,
    /// Globs over the project folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<String>,
    /// Inside a sub-agent, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_subagent: Option<bool>,
}

fn any_glob(patterns: &[String], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| glob(pattern, text))
}

fn any_equal(words: &[String], text: &str) -> bool {
    words.is_empty() || words.iter().any(|word| word == text)
}

impl Rule {
    /// Whether every condition holds.
    pub(crate) fn holds(&self, action: &Action, looked: &Looked) -> bool {
        let When {
            kinds,
            risk_at_least,
            runtimes,
            tools,
            programs,
            signals,
            paths,
            mcp,
            hosts,
            modes,
            projects,
            in_subagent,
        } = &self.when;
        let program_runs = |text: &String| {
            let wanted: Vec<&str> = text.split_whitespace().collect();
            looked.parts.iter().any(|part| {
                let mut words = std::iter::once(&part.program).chain(&part.args);
                wanted.iter().all(|want| words.next().is_some_and(|have| glob(want, have)))
            })
        };
        let mcp_name = match &action.effect {
            Effect::Mcp { server, tool, .. } => Some(format!("{server}/{tool}")),
            _ => None,
        };
        let host = match &action.effect {
            Effect::Network { url, .. } => host_of(url),
            _ => None,
        };
        any_equal(kinds, action.effect.kind())
            && risk_at_least.is_none_or(|least| looked.assessment.level >= least)
            && any_equal(runtimes, &action.runtime)
            && any_glob(tools, &action.tool)
            && (programs.is_empty() || programs.iter().any(program_runs))
            && (signals.is_empty() || looked.assessment.signals.iter().any(|signal| signals.contains(&signal.name)))
            && (paths.is_empty() || looked.touches.iter().any(|touch| any_glob(paths, &touch.path)))
            && (mcp.is_empty() || mcp_name.is_some_and(|name| any_glob(mcp, &name)))
            && (hosts.is_empty() || host.is_some_and(|host| any_glob(hosts, &host)))
            && any_equal(modes, &action.mode)
            && any_glob(projects, &action.cwd)
            && in_subagent.is_none_or(|inside| inside == action.agent.is_some())
    }

    /// The conditions in words.
    pub fn describe(&self) -> String {
        let When {
            kinds,
            risk_at_least,
            runtimes,
            tools,
            programs,
            signals,
            paths,
            mcp,
            hosts,
            modes,
            projects,
            in_subagent,
        } = &self.when;
        let mut words = Vec::new();
        let mut list = |what: &str, items: &[String]| {
            if !items.is_empty() {
                words.push(format!("{what} {}", items.join(" or ")));
            }
        };
        list("kind is", kinds);
        list("runtime is", runtimes);
        list("tool is", tools);
        list("runs", programs);
        list("shows", signals);
        list("touches", paths);
        list("MCP tool is", mcp);
        list("host is", hosts);
        list("permission mode is", modes);
        list("project is", projects);
        if let Some(level) = risk_at_least {
            words.push(format!("risk is {} or more", level.word()));
        }
        if let Some(inside) = in_subagent {
            words.push(if *inside { "inside a sub-agent" } else { "in the main conversation" }.to_owned());
        }
        if words.is_empty() { "any action".to_owned() } else { words.join(", and ") }
    }
}
