//! An action looked at: every command, file and host in it, before any rule is asked.

use clawbutler_core::risk::{Assessment, RiskLevel};
use serde::{Deserialize, Serialize};

/// What a look at an action found; rules, grants and explanations work on this, never on text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// Risk and its reasons.
    pub assessment: Assessment,
    /// Every command that could run, in the order met, wrappers taken off.
    pub parts: Vec<Part>,
    /// Every path that would be touched.
    pub touches: Vec<Touch>,
    /// Hosts that would be talked to, lower case.
    pub hosts: Vec<String>,
}

/// One command of a compound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Last part of the program's path; `$` when it is only known at run time.
    pub program: String,
    /// Its arguments; what is only known at run time stands as `$`.
    pub args: Vec<String>,
    /// How the line comes to it, outermost first: `bash -c`, `sudo`, `$(…)`, `pipe`.
    pub via: Vec<String>,
    /// The strongest signal of this part alone.
    pub level: RiskLevel,
    /// Positions in the assessment's signals of what this part alone causes.
    pub signals: Vec<usize>,
    /// Part of it is only known at run time.
    pub opaque: bool,
}

/// What happens to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    Read,
    Write,
    Delete,
}

/// One path that would be touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// Absolute, cleaned.
    pub path: String,
    pub how: How,
    /// What the path is to us.
    pub class: Class,
}

/// What a path is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// ClawButler's own data, or a file that carries our guard.
    Own,
    /// Keys, tokens, passwords.
    Secret,
    /// What starts programs for the user: shell start-up files, scheduled jobs, git hooks.
    Startup,
    /// Settings by which an agent is held in check.
    AgentConfig,
    /// A block device.
    Device,
    /// The operating system's.
    System,
    /// The whole disk, a home folder or a system folder itself.
    Root,
    /// Inside the project.
    Project,
    /// A place for throw-away files.
    Scratch,
    /// Anywhere else.
    Outside,
}

impl Part {
    /// The words that are not options: subcommands and operands.
    pub fn operands(&self) -> impl Iterator<Item = &str> {
        self.args.iter().map(String::as_str).filter(|arg| !arg.starts_with('-') || *arg == "-")
    }

    /// The options as written.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.args.iter().map(String::as_str).filter(|arg| arg.starts_with('-') && *arg != "-" && *arg != "--")
    }
}

impl How {
    /// The word rules use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }
}

impl Class {
    /// The word rules use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Secret => "secret",
            Self::Startup => "startup",
            Self::AgentConfig => "agent_config",
            Self::Device => "device",
            Self::System => "system",
            Self::Root => "root",
            Self::Project => "project",
            Self::Scratch => "scratch",
            Self::Outside => "outside",
        }
    }
}
