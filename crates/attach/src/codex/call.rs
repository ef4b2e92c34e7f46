//! The call that a question is about, in the words in which Codex's hooks tell it.

use serde_json::{Value, json};

use super::approval::{Approval, Asking, FileChange};

impl Approval {
    /// The tool and its arguments, as a hook names them: a command without the shell around it.
    pub fn call(&self) -> (String, Value) {
        match &self.asking {
            Asking::Command { command, .. } => {
                let inner = in_shell(command).unwrap_or_else(|| command.clone());
                // Codex asks when a command wants to leave the sandbox, and does not say when it does not.
                let mut arguments = json!({ "command": inner, "sandbox_permissions": "require_escalated" });
                if let Some(why) = &self.reason {
                    arguments["description"] = json!(why);
                }
                ("Bash".to_owned(), arguments)
            }
            Asking::Input { command } => ("write_stdin".to_owned(), typed(command)),
            Asking::Files { changes, root: Some(root) } => {
                let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
                ("request_permissions".to_owned(), json!({ "writable_root": root, "paths": paths }))
            }
            Asking::Files { changes, root: None } => ("apply_patch".to_owned(), json!({ "command": patch(changes) })),
            Asking::Tool { server, tool, arguments } => (format!("mcp__{server}__{tool}"), arguments.clone()),
        }
    }

    /// Names the call as hooks do; what is typed, and a part of a call that is asked about by itself, has a name of
    /// its own. Absent for MCP tools.
    pub fn call_id(&self) -> Option<String> {
        let part = self.key.strip_prefix(&self.thread).and_then(|rest| rest.strip_prefix('/'));
        self.item.as_ref().and(part).map(str::to_owned)
    }

    /// Where it would run, where that is told.
    pub fn cwd(&self) -> Option<&str> {
        match &self.asking {
            Asking::Command { cwd, .. } => cwd.as_deref(),
            Asking::Input { .. } | Asking::Files { .. } | Asking::Tool { .. } => None,
        }
    }
}

/// `/bin/bash -lc '…'` without the shell.
fn in_shell(command: &str) -> Option<String> {
    let (program, rest) = command.split_once(' ')?;
    let name = program.rsplit('/').next()?;
    let rest = rest.strip_prefix("-lc ").or_else(|| rest.strip_prefix("-c "))?;
    if !["bash", "sh", "zsh"].contains(&name) {
        return None;
    }
    word(rest)
}

/// `write_stdin --session-id 5 '…'`. What cannot be read is shown as it stands.
fn typed(command: &str) -> Value {
    let parts = command.strip_prefix("write_stdin --session-id ").and_then(|rest| rest.split_once(' '));
    let read = parts.and_then(|(session, text)| Some((session, word(text)?)));
    match read {
        Some((session, chars)) => json!({ "session_id": session, "chars": chars }),
        None => json!({ "session_id": "unknown", "chars": command }),
    }
}

/// A text that is one word of a POSIX shell, without its quotes. Nothing where a shell would do more than that.
fn word(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => loop {
                match letters.next()? {
                    '\'' => break,
                    inside => out.push(inside),
                }
            },
            '"' => loop {
                match letters.next()? {
                    '"' => break,
                    '\\' => match letters.next()? {
                        escaped @ ('$' | '`' | '"' | '\\') => out.push(escaped),
                        other => out.extend(['\\', other]),
                    },
                    '$' | '`' => return None,
                    inside => out.push(inside),
                }
            },
            '\\' => out.push(letters.next().filter(|escaped| *escaped != '\n')?),
            plain if plain.is_ascii_alphanumeric() || "_-./+@%=:,".contains(plain) => out.push(plain),
            _ => return None,
        }
    }
    (!text.is_empty()).then_some(out)
}

/// The patch that makes these changes. Without changes, or with a kind that is not known, it is not one: what cannot
/// be read is never harmless.
fn patch(changes: &[FileChange]) -> String {
    let mut out = "*** Begin Patch\n".to_owned();
    for change in changes {
        let FileChange { path, kind, diff, moved } = change;
        let kind = if [Some(path), moved.as_ref()].iter().flatten().any(|path| path.contains(['\n', '\r'])) {
            "unreadable"
        } else {
            kind.as_str()
        };
        match kind {
            "add" => {
                out.push_str(&format!("*** Add File: {path}\n"));
                out.extend(diff.lines().map(|line| format!("+{line}\n")));
            }
            "delete" => out.push_str(&format!("*** Delete File: {path}\n")),
            "update" => {
                out.push_str(&format!("*** Update File: {path}\n"));
                out.extend(moved.iter().map(|to| format!("*** Move to: {to}\n")));
                out.extend(diff.lines().map(|line| format!("{line}\n")));
            }
            other => out.push_str(&format!("{other} {path}\n")),
        }
    }
    out.push_str("*** End Patch");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(asking: Asking) -> Approval {
        Approval {
            thread: "t".to_owned(),
            turn: None,
            item: Some("i".to_owned()),
            key: "t/i".to_owned(),
            asking,
            reason: None,
            offered: Vec::new(),
            asked_at: None,
        }
    }

    #[test]
    fn a_command_is_told_without_its_shell() {
        let told = |command: &str| {
            let asked = asked(Asking::Command { command: command.to_owned(), cwd: None });
            asked.call().1["command"].as_str().unwrap().to_owned()
        };
        for (command, inner) in [
            ("/bin/bash -lc 'echo a > ../b'", "echo a > ../b"),
            ("/bin/bash -lc ls", "ls"),
            (r#"/usr/bin/zsh -c "echo 'x' \"\$Y\"""#, r#"echo 'x' "$Y""#),
            (r"bash -lc 'a'\''b'", "a'b"),
        ] {
            assert_eq!(told(command), inner);
        }
        for whole in ["/bin/bash -lc 'a' && b", "rm -rf x", r#"bash -lc "$(x)""#, "bash -lc 'a", "python -c 'x'"] {
            assert_eq!(told(whole), whole);
        }
    }

    #[test]
    fn input_files_and_tools_are_told_as_hooks_tell_them() {
        let input = asked(Asking::Input { command: "write_stdin --session-id 9 'id -u\n'".to_owned() });
        assert_eq!(input.call(), ("write_stdin".to_owned(), json!({ "session_id": "9", "chars": "id -u\n" })));
        let change = |path: &str, kind: &str, diff: &str, moved: Option<&str>| FileChange {
            path: path.to_owned(),
            kind: kind.to_owned(),
            diff: diff.to_owned(),
            moved: moved.map(str::to_owned),
        };
        let changes = vec![
            change("/p/a", "add", "one\ntwo\n", None),
            change("/p/b", "delete", "", None),
            change("/p/c", "update", "@@ -1 +1 @@\n-x\n+y\n", Some("/p/d")),
        ];
        let text = "*** Begin Patch\n*** Add File: /p/a\n+one\n+two\n*** Delete File: /p/b\n*** Update File: /p/c\n\
                    *** Move to: /p/d\n@@ -1 +1 @@\n-x\n+y\n*** End Patch";
        let files = asked(Asking::Files { changes: changes.clone(), root: None });
        assert_eq!(files.call(), ("apply_patch".to_owned(), json!({ "command": text })));
        let root = asked(Asking::Files { changes, root: Some("/p".to_owned()) });
        let more = json!({ "writable_root": "/p", "paths": ["/p/a", "/p/b", "/p/c"] });
        assert_eq!(root.call(), ("request_permissions".to_owned(), more));
        let mut tool =
            asked(Asking::Tool { server: "s".to_owned(), tool: "del".to_owned(), arguments: json!({ "id": 1 }) });
        assert_eq!(tool.call(), ("mcp__s__del".to_owned(), json!({ "id": 1 })));
        assert_eq!(tool.call_id().as_deref(), Some("i"));
        tool.item = None;
        assert_eq!(tool.call_id(), None);
    }

    proptest! {
        #[test]
        fn a_quoted_word_is_read_back(text in "\\PC{0,60}") {
            let quoted = format!("'{}'", text.replace('\'', "'\\''"));
            prop_assert_eq!(word(&quoted), Some(text));
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,120}") {
            let _ = (word(&text), in_shell(&text), typed(&text));
        }
    }
}
