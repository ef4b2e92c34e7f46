//! What the windows may call: exactly our commands, each named, nothing for remote pages.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use clawbutler_wire::command::COMMANDS;
use serde_json::Value;

use super::Findings;

/// Judges `capabilities/*.json` together.
pub(crate) fn check_folder(folder: &Path, found: &mut Findings) -> Result<()> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, std::fs::read_to_string(&path)?));
        }
    }
    files.sort();
    if files.is_empty() {
        found.warnings.push("capabilities/ holds no file yet: no window may call anything".to_owned());
        return Ok(());
    }
    found.problems.extend(check(&files, COMMANDS));
    Ok(())
}

fn check(files: &[(String, String)], commands: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut allowed = BTreeSet::new();
    for (name, text) in files {
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            problems.push(format!("capabilities/{name} is not JSON"));
            continue;
        };
        if text.contains('*') {
            problems.push(format!("capabilities/{name} uses `*`; name what is meant"));
        }
        if value.get("remote").is_some() {
            problems.push(format!("capabilities/{name} opens commands to remote pages"));
        }
        for permission in value["permissions"].as_array().into_iter().flatten() {
            let id = permission.as_str().or_else(|| permission["identifier"].as_str()).unwrap_or_default();
            // A colon names a plugin's permission; ours have none.
            if !id.contains(':') {
                allowed.insert(id.to_owned());
            }
        }
    }
    let wanted: BTreeSet<String> = commands.iter().map(|name| format!("allow-{}", name.replace('_', "-"))).collect();
    problems.extend(wanted.difference(&allowed).map(|id| format!("no capability has `{id}`")));
    problems.extend(allowed.difference(&wanted).map(|id| format!("a capability has `{id}`, which is no command")));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        check(&[("main.json".to_owned(), text.to_owned())], &["status", "list_audit"])
    }

    #[test]
    fn exactly_the_commands_are_allowed() {
        assert!(
            problems(r#"{"permissions":["core:default","allow-status",{"identifier":"allow-list-audit"}]}"#).is_empty()
        );
        assert_eq!(problems(r#"{"permissions":["allow-status"]}"#), ["no capability has `allow-list-audit`"]);
        assert_eq!(
            problems(r#"{"permissions":["allow-status","allow-list-audit","allow-format-disk"]}"#),
            ["a capability has `allow-format-disk`, which is no command"]
        );
    }

    #[test]
    fn wildcards_and_remote_pages_are_refused() {
        let all = r#""permissions":["allow-status","allow-list-audit"]"#;
        assert_eq!(problems(&format!(r#"{{"windows":["*"],{all}}}"#)).len(), 1);
        assert_eq!(problems(&format!(r#"{{"remote":{{"urls":["https://example.com"]}},{all}}}"#)).len(), 1);
        assert_eq!(problems("not json")[0], "capabilities/main.json is not JSON");
    }
}
