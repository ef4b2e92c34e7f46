//! Agents started by agents.

use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};

use super::joined;
use crate::assess::{OWN, signal};
use crate::shell::walk::Walk;
use crate::shell::words::Word;

/// Options by which an agent is let loose, as parts of an argument.
const LOOSE: &[&str] = &[
    "dangerously", "bypass", "yolo", "disableallhooks", "--settings", "--setting-sources", "--bare", "full-auto",
    "never", "--ignore-user-config", "--ignore-rules", "features.hooks", "features.codex_hooks", "hooks.state",
];
/// Subcommands that serve an agent's own interface, over which its guard is trusted and switched off, with what of
/// them only tells something.
const INTERFACES: &[(&str, &str, &[&str])] =
    &[("codex", "app-server", &["--help", "-h", "generate-json-schema", "generate-ts", "version"])];
/// Subcommands that change what an agent may do.
const CHANGES: &[&str] =
    &["config", "mcp", "plugin", "plugins", "hooks", "settings", "approvals", "gateway", "install", "uninstall"];
const ASKS: &[&str] = &["--version", "-v", "-V", "--help", "-h", "help", "doctor", "status", "version"];

/// Another agent; its own calls are asked about in turn as long as its guard is in force.
pub(super) fn start(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let part = joined(name, args);
    let first = args.first().map_or("", |arg| arg.text.as_str());
    let disables = args.iter().any(|arg| arg.text == "--disable");
    let loose = args.iter().any(|arg| {
        let text = arg.text.to_ascii_lowercase();
        // What is switched off by name.
        let off = matches!(text.as_str(), "hooks" | "codex_hooks") && disables || text.starts_with("--disable=");
        off || !text.contains(' ') && LOOSE.iter().any(|word| text.contains(word)) || text.contains("disableallhooks")
    });
    let sends =
        args.iter().take(2).any(|arg| matches!(arg.text.as_str(), "message" | "send" | "msg" | "cron" | "pairing"));
    if sends && matches!(name, "openclaw" | "hermes") {
        walk.network = true;
        return walk.say(signal(
            "message",
            High,
            format!("Makes {name} send a message or run something later"),
            Some(&part),
        ));
    }
    let speaks = INTERFACES.iter().any(|(agent, serves, tells)| {
        let word = |words: &[&str]| args.iter().any(|arg| words.contains(&arg.text.as_str()));
        *agent == name && word(&[serves]) && !word(tells)
    });
    if speaks {
        let says = format!("Speaks to {name}'s own interface, over which its guard is trusted or switched off");
        return walk.say(signal(OWN, Critical, says, Some(&part)));
    }
    let one = if loose || walk.moved_home {
        signal("agent_unguarded", High, format!("Starts {name} in a way that goes around its guard"), Some(&part))
    } else if CHANGES.contains(&first) {
        signal("agent_config_write", High, format!("Changes what {name} may do"), Some(&part))
    } else if ASKS.contains(&first) {
        signal("agent_asked", Low, format!("Asks {name} about itself"), Some(&part))
    } else {
        signal("agent_spawn", Medium, format!("Starts another agent ({name})"), Some(&part))
    };
    walk.say(one);
}
