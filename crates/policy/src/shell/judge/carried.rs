//! Commands that another program carries among its arguments: `git -c alias.x='!…'`, `tmux new '…'`,
//! `unshare rm -rf …`. What is no command after all is not held against it.

use super::{command, program};
use crate::shell::tables::{BUILDERS, CALM, CARRIERS, INTERPRETERS, PRINTERS, READERS, SHELLS, SQL, WRAPPERS, rows_of};
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;
use clawbutler_core::risk::RiskLevel;

/// Arguments looked at in one command.
const MOST: usize = 64;

pub(super) fn look(walk: &mut Walk<'_>, name: &str, args: &[Word], known: bool, depth: usize) {
    let carrier = CARRIERS.contains(&name);
    let textual = PRINTERS.contains(&name) || READERS.contains(&name) || CALM.contains(&name) || SQL.contains(&name);
    let runs = SHELLS.contains(&name) || INTERPRETERS.iter().any(|(interpreter, _)| *interpreter == name);
    let plain_git = name == "git" && !git_carries(args);
    if walk.inside > 0 || plain_git || runs || known && !carrier || textual && !carrier {
        return;
    }
    for (at, arg) in args.iter().enumerate().take(MOST) {
        let text = carried_text(&arg.text);
        if text.contains(char::is_whitespace) {
            let text = text.to_owned();
            walk.quietly(|walk| walk.text(&text, depth + 1));
        } else if (!BUILDERS.contains(&name) || name == "git") && starts_something(text) {
            let mut tail = args[at..].to_vec();
            text.clone_into(&mut tail[0].text);
            if tail.len() == 1 || name == "fd" {
                // `fd -x rm`: what it is run on comes later.
                tail.push(Word::unknown());
            }
            walk.quietly(|walk| drop(command(walk, &tail, &Input::None, depth + 1)));
        }
    }
}

/// Only some of git's options carry commands; a commit message never does.
fn git_carries(args: &[Word]) -> bool {
    args.iter().any(|arg| {
        matches!(
            arg.text.as_str(),
            "-c" | "config" | "foreach" | "-x" | "--exec" | "bisect" | "difftool" | "mergetool" | "--config-env"
        ) || arg.text.starts_with("--exec=")
            || arg.text.starts_with("--upload-pack")
            || arg.text.starts_with("ext::")
    }) && !args.iter().any(|arg| arg.text == "commit" || arg.text == "tag")
}

/// Strips what stands before a command inside an argument: `--to-command=`, `core.pager=`, `!`, `1e `.
fn carried_text(arg: &str) -> &str {
    let value =
        arg.split_once('=').filter(|(key, _)| !key.contains(char::is_whitespace)).map_or(arg, |(_, value)| value);
    let value = value.strip_prefix("exec=").unwrap_or(value);
    let value = value.trim_start_matches(['!', '%', ':', '+', '$']);
    for word in ["shell ", "system ", "exec ", "e ", "1e ", "!"] {
        if let Some(rest) = value.strip_prefix(word) {
            return rest;
        }
    }
    value
}

fn starts_something(text: &str) -> bool {
    let name = program(text);
    matches!(name.as_str(), "rm" | "dd" | "find" | "eval" | "xargs" | "unlink")
        || SHELLS.contains(&name.as_str())
        || WRAPPERS.iter().any(|(wrapper, _, _)| *wrapper == name)
        || INTERPRETERS.iter().any(|(interpreter, _)| *interpreter == name)
        || rows_of(&name).iter().any(|row| row.level >= RiskLevel::High)
}
