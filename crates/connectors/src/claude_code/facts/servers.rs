//! MCP servers by scope: managed, user, local, project, plugin.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::paths;
use super::{Facts, Settings, entries, folders, json, texts};
use crate::env::Env;
use crate::facts::{Tab, Watch};

pub(super) fn add(
    facts: &mut Facts,
    env: &Env,
    home: &Path,
    settings: &[Settings],
    (state, state_path): (&Value, &Path),
    projects: &[PathBuf],
) {
    let managed = paths::managed_dir(env).join("managed-mcp.json");
    list(facts, json(&managed).get("mcpServers"), " (managed)", &managed);
    list(facts, state.get("mcpServers"), "", state_path);
    for project in projects {
        let name = project.display().to_string();
        let known = state.get("projects").and_then(|known| known.get(&name));
        list(facts, known.and_then(|known| known.get("mcpServers")), &format!(" (local, {name})"), state_path);
        for folder in folders(project) {
            let path = folder.join(".mcp.json");
            list(facts, json(&path).get("mcpServers"), &format!(" (project, {name})"), &path);
        }
        for server in texts(known.and_then(|known| known.get("enabledMcpjsonServers"))) {
            let fact = format!("approved: {server} (project, {name})");
            facts.add(Tab::Tools, fact, "by a person", &state_path.display().to_string(), Watch::Change);
        }
        for tool in texts(known.and_then(|known| known.get("allowedTools"))) {
            let fact = format!("allow: {tool} (local, {name})");
            facts.add(Tab::Permissions, fact, "allow", &state_path.display().to_string(), Watch::Change);
        }
        if let Some(trusted) = known.and_then(|known| known.get("hasTrustDialogAccepted")).and_then(Value::as_bool) {
            let word = if trusted { "trusted" } else { "not trusted" };
            let fact = format!("trust ({name})");
            facts.add(Tab::Permissions, fact, word, &state_path.display().to_string(), Watch::No);
        }
    }
    for file in settings {
        for (scope, key) in [("approved", "/enabledMcpjsonServers"), ("refused", "/disabledMcpjsonServers")] {
            for server in texts(file.get(key)) {
                let fact = file.name(&format!("{scope}: {server}"));
                facts.add(Tab::Tools, fact, format!("in {} settings", file.scope), &file.source(), Watch::Change);
            }
        }
    }
    for plugin in super::skills::plugins(home, settings).into_iter().filter(|plugin| plugin.enabled) {
        let path = plugin.folder.join(".mcp.json");
        list(facts, json(&path).get("mcpServers"), &format!(" (plugin {})", plugin.id), &path);
        for (said, from) in super::skills::declared(&plugin, "mcpServers") {
            let servers = Some(said.get("mcpServers").unwrap_or(&said));
            list(facts, servers, &format!(" (plugin {})", plugin.id), &from);
        }
    }
}

fn list(facts: &mut Facts, servers: Option<&Value>, scope: &str, source: &Path) {
    for (name, server) in entries(servers) {
        facts.add(
            Tab::Tools,
            format!("mcp:{name}{scope}"),
            words(server),
            &source.display().to_string(),
            Watch::Change,
        );
    }
}

/// How a server is reached; of its variables and headers only the names.
fn words(server: &Value) -> String {
    let text = |key: &str| server.get(key).and_then(Value::as_str);
    let how = match (text("command"), text("url")) {
        (Some(command), _) => command_line(command, &texts(server.get("args")).collect::<Vec<_>>()),
        (None, Some(url)) => plain_url(url),
        (None, None) => "unknown".to_owned(),
    };
    let kind = text("type").unwrap_or(if server.get("url").is_some() { "http" } else { "stdio" });
    let names = |what: &str, key: &str| {
        let names: Vec<&str> = entries(server.get(key)).map(|(name, _)| name.as_str()).collect();
        if names.is_empty() { String::new() } else { format!(", {what} {}", names.join(" ")) }
    };
    let helper = if server.get("headersHelper").is_some() { ", headers from a program" } else { "" };
    format!("{kind}: {how}{}{}{helper}", names("with variables", "env"), names("with headers", "headers"))
}

/// Words that say that what follows them is a secret.
const SECRET: [&str; 9] =
    ["token", "secret", "password", "passwd", "api-key", "apikey", "api_key", "authorization", "credential"];

fn names_a_secret(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    SECRET.iter().any(|secret| word.contains(secret))
        || matches!(word.as_str(), "-h" | "-p" | "-u" | "--header" | "--user" | "--key" | "bearer" | "basic")
}

/// A program with its arguments; values of options and variables that name a secret are left out.
pub(super) fn command_line(program: &str, args: &[&str]) -> String {
    let mut words = vec![one_word(program)];
    let mut hide = false;
    for arg in args {
        let bare = arg.trim_matches(['"', '\'']);
        if std::mem::take(&mut hide) && !arg.starts_with("--") {
            words.push("…".to_owned());
            // `Authorization: Bearer …`, split at its blanks.
            hide = bare.ends_with(':') || names_a_secret(bare);
            continue;
        }
        hide = !arg.contains('=') && names_a_secret(bare);
        words.push(one_word(arg));
    }
    words.join(" ")
}

fn one_word(word: &str) -> String {
    if word.contains("://") {
        return match word.split_once('=') {
            Some((name, _)) if names_a_secret(name) => format!("{name}=…"),
            Some((name, url)) if !name.contains("://") => format!("{name}={}", plain_url(url)),
            Some(_) | None => plain_url(word),
        };
    }
    match word.split_once('=') {
        // Whatever is set by name for one command may be a secret.
        Some((name, _)) if names_a_secret(name) || !name.starts_with('-') => format!("{name}=…"),
        Some(_) | None => word.to_owned(),
    }
}

/// A URL without user, query and fragment.
pub(super) fn plain_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit('@').next().unwrap_or(host);
    if scheme.is_empty() { format!("{host}{path}") } else { format!("{scheme}://{host}{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out_of_commands_and_urls() {
        for (args, shown) in [
            (vec!["--api-key", "S3CRET", "--ro"], "srv --api-key … --ro"),
            (vec!["--token=S3CRET", "x"], "srv --token=… x"),
            (vec!["GITHUB_PAT=S3CRET", "run"], "srv GITHUB_PAT=… run"),
            (vec!["-H", "Authorization:", "Bearer", "S3CRET", "--x"], "srv -H … … … --x"),
            (vec!["--header", "Authorization: Bearer S3CRET"], "srv --header …"),
            (vec!["https://u:S3CRET@h.example/p?key=S3CRET#f"], "srv https://h.example/p"),
            (vec!["--url=https://h.example/p?key=S3CRET"], "srv --url=https://h.example/p"),
            (vec!["-y", "server-github"], "srv -y server-github"),
        ] {
            assert_eq!(command_line("srv", &args), shown);
        }
    }
}
