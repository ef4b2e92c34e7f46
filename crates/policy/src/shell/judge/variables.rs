//! Environment variables by which other programs are changed.

use clawbutler_core::risk::RiskLevel::{High, Medium};

use crate::assess::signal;
use crate::shell::walk::Walk;
use crate::shell::words::Word;

/// Code that is loaded into whatever starts next.
const LOADED: &[&str] = &[
    "LD_PRELOAD",
    "LD_AUDIT",
    "DYLD_INSERT_LIBRARIES",
    "BASH_ENV",
    "ENV",
    "PERL5OPT",
    "PERL5DB",
    "RUBYOPT",
    "PYTHONSTARTUP",
    "PROMPT_COMMAND",
    "JAVA_TOOL_OPTIONS",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
];
/// A command that another program starts.
const COMMANDS: &[&str] = &[
    "GIT_SSH_COMMAND",
    "GIT_SSH",
    "GIT_EXTERNAL_DIFF",
    "GIT_EDITOR",
    "GIT_SEQUENCE_EDITOR",
    "GIT_PAGER",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "MANPAGER",
    "LESSOPEN",
    "BROWSER",
    "SHELL",
    "MAKEFLAGS",
];
/// Where programs are looked for.
const SEARCHED: &[&str] = &["PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "NODE_PATH", "PERL5LIB", "RUBYLIB", "HOME"];
/// Where an agent keeps the settings that carry its guard.
const AGENT_HOMES: &[&str] =
    &["CLAUDE_CONFIG_DIR", "CODEX_HOME", "HERMES_HOME", "OPENCLAW_HOME", "OPENCLAW_STATE_DIR", "CLAWBUTLER_HOME"];

/// Looks at a variable that is set.
pub(crate) fn variable(walk: &mut Walk<'_>, name: &str, value: &Word, depth: usize) {
    walk.moved_home |= name == "HOME";
    let node = name == "NODE_OPTIONS" && ["require", "import", "loader"].iter().any(|word| value.text.contains(word));
    if LOADED.contains(&name) || node {
        walk.say(signal("loads_code", High, format!("Sets {name}, which loads code into other programs"), Some(name)));
    } else if AGENT_HOMES.contains(&name) {
        walk.say(signal(
            "agent_unguarded",
            High,
            format!("Sets {name}: an agent would run with other settings, where its guard may be missing"),
            Some(name),
        ));
    } else if COMMANDS.contains(&name) {
        walk.say(signal(
            "search_path",
            Medium,
            format!("Sets {name}, a command that other programs start"),
            Some(name),
        ));
        let text = value.text.clone();
        walk.quietly(|walk| walk.text(&text, depth + 1));
    } else if SEARCHED.contains(&name) {
        walk.say(signal(
            "search_path",
            Medium,
            format!("Changes {name}, by which other programs are found or started"),
            Some(name),
        ));
    }
}
