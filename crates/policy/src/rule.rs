//! One rule as written: a closed set of conditions, all of which must hold.

use std::collections::BTreeMap;

use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::Decision;
use serde::{Deserialize, Serialize};

use crate::looked::{Class, How};

/// A rule as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, unique in its file.
    pub id: String,
    /// What it asks for.
    pub decision: Decision,
    /// Its justification, read by the person and by the agent.
    pub because: String,
    /// Its conditions.
    #[serde(default, skip_serializing_if = "When::is_empty")]
    pub when: When,
    /// Actions it must match, checked at load. A snapshot leaves them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<String>,
    /// Actions it must not match, checked at load. A snapshot leaves them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignores: Vec<String>,
    /// When it goes out of force: `2026-12-31` (at the end of that day, UTC) or `2026-12-31T18:00:00Z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// Switched off rules count for nothing.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    /// Only noted in the verdict, counts for nothing.
    #[serde(default, skip_serializing_if = "is_no")]
    pub observe: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_yes(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_no(value: &bool) -> bool {
    !*value
}

/// Conditions; absent ones hold, and of a list one entry is enough unless it says otherwise.
///
/// `ask` and `deny` hold when **one** part, path or host of the action fits. `programs`, `flags`,
/// `without_flags` and `args` speak of one and the same part; `paths`, `touches` and `sensitivity` of one
/// and the same path.
///
/// `allow` and `defer` hold only when **every** part of the action that is not calm by itself (low risk and
/// wholly known beforehand, like `cd` or `echo`) fits one of the `allow` and `defer` rules in force, not
/// necessarily the same; and a rule that names paths or hosts holds only when it fits every path or host of
/// the action. So a rule for one part never covers a compound. A rule that names paths or hosts but no program covers no compound of
/// more than one part that is not calm. `signals` names all signals above low, and `args` fits all operands
/// after the subcommand.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// Kinds of action (`shell`, `file_write`, …).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Least risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_at_least: Option<RiskLevel>,
    /// Most risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_at_most: Option<RiskLevel>,
    /// Connector ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runtimes: Vec<String>,
    /// Globs over the tool's name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Globs over the sub-agent's name; the main conversation has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<String>,
    /// A program and the subcommands that follow it (`git push`), as globs; options in between are skipped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<String>,
    /// Options, each of which must be there. `-f|--force` is either; `-f` is also found in `-rf`, and `--x`
    /// in `--x=y`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Options, none of which may be there; spelled like `flags`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without_flags: Vec<String>,
    /// Globs over the arguments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Names of risk signals.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
    /// What happens to a path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub touches: Vec<How>,
    /// What a path is to us.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sensitivity: Vec<Class>,
    /// Path globs: `/etc/*`, `~/.ssh/**`, or relative to the project. `*` stays in one folder, `**` does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Globs over `server/tool`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mcp: Vec<String>,
    /// Globs over arguments of an MCP tool by name (`filter.owner`); every one must fit.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub mcp_args: BTreeMap<String, String>,
    /// Globs over the hosts talked to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The runtime's permission modes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<String>,
    /// Path globs over the project folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<String>,
    /// Globs over the git branch checked out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<String>,
    /// Globs over the URL of the git remote.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remotes: Vec<String>,
    /// Time of day where the user is (`09:00-18:00`); past midnight it wraps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Days of the week where the user is (`mon` to `sun`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<String>,
    /// Least estimated cost of the action (US dollars).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_at_least: Option<f64>,
    /// Least use of the tightest budget (percent).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_at_least: Option<u32>,
    /// Inside a sub-agent, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_subagent: Option<bool>,
    /// Least number of agents between the main conversation and the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth_at_least: Option<u32>,
    /// In a sandbox of the runtime, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandboxed: Option<bool>,
    /// Somebody is there to answer, or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attended: Option<bool>,
}

impl Rule {
    /// The conditions in words.
    pub fn describe(&self) -> String {
        self.when.describe()
    }

    /// Whether the rule takes part in judging, expiry aside.
    pub fn counts(&self) -> bool {
        self.enabled && !self.observe
    }

    /// Whether it permits, so that it must cover the whole action.
    pub(crate) fn permits(&self) -> bool {
        matches!(self.decision, Decision::Allow | Decision::Defer)
    }
}

impl When {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a condition speaks of parts of a command.
    pub(crate) fn speaks_of_parts(&self) -> bool {
        !(self.programs.is_empty() && self.flags.is_empty() && self.without_flags.is_empty() && self.args.is_empty())
    }

    /// Whether a condition speaks of paths.
    pub(crate) fn speaks_of_paths(&self) -> bool {
        !(self.paths.is_empty() && self.touches.is_empty() && self.sensitivity.is_empty())
    }

    /// The names of the conditions that are set, as written in a rule.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        NAMES.iter().copied().filter(|name| self.without(name) != *self).collect()
    }

    /// The same conditions less one.
    pub(crate) fn without(&self, name: &str) -> Self {
        let mut less = self.clone();
        match name {
            "kinds" => less.kinds.clear(),
            "risk_at_least" => less.risk_at_least = None,
            "risk_at_most" => less.risk_at_most = None,
            "runtimes" => less.runtimes.clear(),
            "tools" => less.tools.clear(),
            "agents" => less.agents.clear(),
            "programs" => less.programs.clear(),
            "flags" => less.flags.clear(),
            "without_flags" => less.without_flags.clear(),
            "args" => less.args.clear(),
            "signals" => less.signals.clear(),
            "touches" => less.touches.clear(),
            "sensitivity" => less.sensitivity.clear(),
            "paths" => less.paths.clear(),
            "mcp" => less.mcp.clear(),
            "mcp_args" => less.mcp_args.clear(),
            "hosts" => less.hosts.clear(),
            "modes" => less.modes.clear(),
            "projects" => less.projects.clear(),
            "branches" => less.branches.clear(),
            "remotes" => less.remotes.clear(),
            "hours" => less.hours = None,
            "days" => less.days.clear(),
            "cost_at_least" => less.cost_at_least = None,
            "budget_at_least" => less.budget_at_least = None,
            "in_subagent" => less.in_subagent = None,
            "depth_at_least" => less.depth_at_least = None,
            "sandboxed" => less.sandboxed = None,
            "attended" => less.attended = None,
            _ => {}
        }
        less
    }

    /// The conditions in words.
    fn describe(&self) -> String {
        let mut words = Vec::new();
        let mut list = |what: &str, items: &[String], by: &str| {
            if !items.is_empty() {
                words.push(format!("{what} {}", items.join(by)));
            }
        };
        let touches: Vec<String> = self.touches.iter().map(|how| how.word().to_owned()).collect();
        let classes: Vec<String> = self.sensitivity.iter().map(|class| class.word().to_owned()).collect();
        // Names are written with underscores in rules; people read words.
        let spoken = |names: &[String]| names.iter().map(|name| name.replace('_', " ")).collect::<Vec<_>>();
        let mcp_args: Vec<String> = self.mcp_args.iter().map(|(name, glob)| format!("{name} = {glob}")).collect();
        list("kind is", &spoken(&self.kinds), " or ");
        list("runtime is", &self.runtimes, " or ");
        list("tool is", &self.tools, " or ");
        list("sub-agent is", &self.agents, " or ");
        list("runs", &self.programs, " or ");
        list("with the options", &self.flags, " and ");
        list("without the options", &self.without_flags, " or ");
        list("with an argument like", &self.args, " or ");
        list("shows", &spoken(&self.signals), " or ");
        list("a path is", &touches, " or ");
        list("the path is", &classes, " or ");
        list("touches", &self.paths, " or ");
        list("MCP tool is", &self.mcp, " or ");
        list("its arguments have", &mcp_args, " and ");
        list("host is", &self.hosts, " or ");
        list("permission mode is", &self.modes, " or ");
        list("project is", &self.projects, " or ");
        list("branch is", &self.branches, " or ");
        list("remote is", &self.remotes, " or ");
        list("day is", &self.days, " or ");
        self.describe_numbers(&mut words);
        if words.is_empty() { "any action".to_owned() } else { words.join(", and ") }
    }

    fn describe_numbers(&self, words: &mut Vec<String>) {
        if let Some(level) = self.risk_at_least {
            words.push(format!("risk is {} or more", level.word()));
        }
        if let Some(level) = self.risk_at_most {
            words.push(format!("risk is {} or less", level.word()));
        }
        if let Some(hours) = &self.hours {
            words.push(format!("the time is {hours}"));
        }
        if let Some(usd) = self.cost_at_least {
            words.push(format!("it costs {usd} US dollars or more"));
        }
        if let Some(percent) = self.budget_at_least {
            words.push(format!("{percent} % or more of a budget is used"));
        }
        if let Some(depth) = self.depth_at_least {
            words.push(format!("{depth} or more agents stand in between"));
        }
        let either = |fact: Option<bool>, yes: &str, no: &str| fact.map(|fact| if fact { yes } else { no }.to_owned());
        words.extend(either(self.in_subagent, "inside a sub-agent", "in the main conversation"));
        words.extend(either(self.sandboxed, "in a sandbox", "outside a sandbox"));
        words.extend(either(self.attended, "somebody is there", "nobody is there"));
    }
}

/// Every condition's name, in the order of the fields.
pub(crate) const NAMES: &[&str] = &[
    "kinds", "risk_at_least", "risk_at_most", "runtimes", "tools", "agents", "programs", "flags", "without_flags",
    "args", "signals", "touches", "sensitivity", "paths", "mcp", "mcp_args", "hosts", "modes", "projects", "branches",
    "remotes", "hours", "days", "cost_at_least", "budget_at_least", "in_subagent", "depth_at_least", "sandboxed",
    "attended",
];
