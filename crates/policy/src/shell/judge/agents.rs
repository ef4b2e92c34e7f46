//! Agents started by agents.

use clawbutler_core::risk::RiskLevel::{High, Low, Medium};

use super::joined;
use crate::assess::signal;
use crate::shell::walk::Walk;
use crate::shell::words::Word;

/// Options by which an agent is let loose, as parts of an argument.
const LOOSE: &[&str] = &[
    "dangerously", "bypass", "yolo", "disableallhooks", "--settings", "--setting-sources", "--bare", "full-auto",
    "never",
];
/// Subcommands that change what an agent may do.
const CHANGES: &[&str] =
    &["config", "mcp", "plugin", "plugins", "hooks", "settings", "approvals", "gateway", "install", "uninstall"];
const ASKS: &[&str] = &["--version", "-v", "-V", "--help", "-h", "help", "doctor", "status", "version"];

/// Another agent; its own calls are asked about in turn as long as its guard is in force.
pub(super) fn start(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let part = joined(name, args);
    let first = args.first().map_or("", |arg| arg.text.as_str());
    let loose = args.iter().any(|arg| {
        let text = arg.text.to_ascii_lowercase();
        !text.contains(' ') && LOOSE.iter().any(|word| text.contains(word)) || text.contains("disableallhooks")
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
