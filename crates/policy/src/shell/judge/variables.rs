//! Environment variables by which other programs are changed.

use clawbutler_core::risk::RiskLevel::{High, Medium};

use crate::assess::signal;
use crate::shell::walk::Walk;
use crate::shell::words::Word;

/// Code that is loaded into whatever starts next.
const LOADED: &[&str] = &[
    "LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "PERL5OPT", "PERL5DB", "RUBYOPT",
    "PYTHONSTARTUP", "PROMPT_COMMAND", "JAVA_TOOL_OPTIONS", "GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL",
];
/// A command that another program starts.
const COMMANDS: &[&str] = &[
    "GIT_SSH_COMMAND", "GIT_SSH", "GIT_EXTERNAL_DIFF", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR", "GIT_PAGER", "GIT_ASKPASS",
    "SSH_ASKPASS", "EDITOR", "VISUAL", "PAGER", "MANPAGER", "LESSOPEN", "BROWSER", "SHELL", "MAKEFLAGS",
];
/// Where programs are looked for.
const SEARCHED: &[&str] = &["PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "NODE_PATH", "PERL5LIB", "RUBYLIB", "HOME"];
/// Where an agent keeps the settings that carry its guard.
const AGENT_HOMES: &[&str] =
    &["CLAUDE_CONFIG_DIR", "CODEX_HOME", "HERMES_HOME", "OPENCLAW_HOME", "OPENCLAW_STATE_DIR", "CLAWBUTLER_HOME"];

/// Looks at a variable that is set.
pub(crate) fn variable(walk: &mut Walk<'_>, name: &str, value: &Word, depth: usize) {
    walk.moved_home |= name == "HOME";
    if sources(name, &value.text) {
        return walk.say(signal(
            "supply_chain",
            High,
            format!("Sets {name}: packages would come from another place"),
            Some(name),
        ));
    }
    if name.starts_with("BASH_FUNC_") || name == "PS4" || name == "PS1" || name == "PROMPT" {
        let text = value.text.trim_start_matches("()").to_owned();
        walk.quietly(|walk| {
            if name.starts_with('B') { walk.text(&text, depth + 1) } else { walk.hidden_in(&text, depth + 1) }
        });
    }
    let cargo = name.starts_with("CARGO_") && (name.ends_with("_RUNNER") || name.ends_with("_LINKER"))
        || matches!(name, "RUSTC_WRAPPER" | "RUSTC" | "RUSTC_WORKSPACE_WRAPPER");
    if cargo && !matches!(value.text.as_str(), "sccache" | "clang" | "lld" | "mold" | "") {
        walk.say(signal("loads_code", High, format!("Sets {name}, a program that cargo starts"), Some(name)));
    }
    if name == "PATH" && hijacks(&value.text) {
        return walk.say(signal(
            "loads_code",
            High,
            "Puts a folder that anybody can write to before the programs of the system",
            Some(name),
        ));
    }
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
        let text = value.text.trim_start_matches('|').to_owned();
        let first = text.split_whitespace().next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        if name.starts_with("GIT_SSH") && !first.is_empty() && first != "ssh" && first != "$" {
            walk.say(signal("loads_code", High, format!("Sets {name}, a program that git starts"), Some(name)));
        }
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

/// Whether a variable names another source of packages than the usual ones.
fn sources(name: &str, value: &str) -> bool {
    let usual = [
        "https://pypi.org", "https://registry.npmjs.org", "https://registry.yarnpkg.com", "https://proxy.golang.org",
        "https://download.pytorch.org", "http://localhost", "http://127.0.0.1", "https://index.crates.io",
        "https://rubygems.org", "https://repo.maven.apache.org", "direct", "off",
    ];
    let lower = name.to_ascii_lowercase();
    let registry = matches!(
        lower.as_str(),
        "pip_index_url"
            | "pip_extra_index_url"
            | "uv_index_url"
            | "uv_extra_index_url"
            | "uv_default_index"
            | "npm_config_registry"
            | "yarn_registry"
            | "yarn_npm_registry_server"
            | "goproxy"
            | "pip_trusted_host"
            | "gem_source"
            | "bundle_mirror__all"
            | "cargo_registries_crates_io_protocol_url"
    );
    registry && !value.is_empty() && !usual.iter().any(|known| value.starts_with(known))
        || matches!(lower.as_str(), "goinsecure" | "gonosumcheck" | "gonosumdb" | "goflags")
            && (value.contains('*') || value.contains("insecure"))
        || lower == "gosumdb" && value == "off"
        || lower == "node_tls_reject_unauthorized" && value == "0"
        || lower == "git_ssl_no_verify"
        || lower == "npm_config_strict_ssl" && value == "false"
}

/// Whether the first folders of a search path can be written by anybody, or by whoever writes the project.
fn hijacks(value: &str) -> bool {
    let first = value.split(':').next().unwrap_or_default();
    ["/tmp", "/var/tmp", "/dev/shm", "/private/tmp"].iter().any(|folder| first.starts_with(folder)) || first == "."
}
