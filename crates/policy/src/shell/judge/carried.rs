//! Commands that another program carries among its arguments: `git -c alias.x='!…'`, `tmux new '…'`,
//! `unshare rm -rf …`. What is no command after all is not held against it.

use super::{command, program};
use crate::shell::tables::{BUILDERS, CALM, CARRIERS, INTERPRETERS, PRINTERS, READERS, SHELLS, SQL, WRAPPERS};
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;
use clawbutler_core::risk::RiskLevel;

/// Commands that unknown programs are likely to carry.
const COMMON: &[&str] = &[
    "git", "docker", "kubectl", "terraform", "dropdb", "systemctl", "crontab", "chmod", "chown", "curl", "wget", "ssh",
    "scp", "helm", "aws", "gcloud", "mkfs", "shred", "truncate", "psql", "mysql", "redis-cli", "rsync",
];
/// Arguments looked at in one command.
const MOST: usize = 64;

pub(super) fn look(walk: &mut Walk<'_>, name: &str, args: &[Word], known: bool, depth: usize) {
    let carrier = CARRIERS.contains(&name);
    let textual = PRINTERS.contains(&name) || READERS.contains(&name) || CALM.contains(&name) || SQL.contains(&name);
    let runs = SHELLS.contains(&name) || INTERPRETERS.iter().any(|(interpreter, _)| *interpreter == name);
    let plain_git = name == "git";
    if matches!(name, "rg" | "fd" | "man") {
        return option_programs(walk, name, args, depth);
    }
    if walk.inside > 0 || plain_git || runs || known && !carrier || textual && !carrier {
        return;
    }
    // Of a known program only what looks like a command counts; of an unknown one the rest of its line, too.
    for (at, arg) in args.iter().enumerate().take(MOST) {
        let text = carried_text(&arg.text);
        if text.contains(char::is_whitespace) {
            let text = text.to_owned();
            walk.quietly(|walk| walk.text(&text, depth + 1));
        } else if (carrier || !BUILDERS.contains(&name)) && starts_something(text) {
            let mut tail = args[at..].to_vec();
            text.clone_into(&mut tail[0].text);
            let shell_alone = tail.len() == 1 && SHELLS.contains(&text);
            if tail.len() == 1 || name == "fd" {
                // `fd -x rm`: what it is run on comes later.
                tail.push(Word::unknown());
            }
            if shell_alone {
                // A shell that something feeds.
                walk.say(crate::assess::signal("stdin_script", RiskLevel::High, "Hands data to a shell", Some(text)));
            }
            walk.quietly(|walk| drop(command(walk, &tail, &Input::None, depth + 1)));
        }
    }
}

/// Searchers that start a program by one of their options.
fn option_programs(walk: &mut Walk<'_>, name: &str, args: &[Word], depth: usize) {
    let options: &[&str] = match name {
        "rg" => &["--pre", "--hostname-bin"],
        "man" => &["-P", "--pager", "-H", "--html"],
        _ => &["-x", "-X", "--exec", "--exec-batch"],
    };
    for (at, arg) in args.iter().enumerate() {
        let attached = options.iter().find_map(|option| arg.text.strip_prefix(option)?.strip_prefix('='));
        if let Some(text) = attached {
            walk.text_by(name, &format!("{text} $UNKNOWN"), depth + 1);
        } else if options.contains(&arg.text.as_str()) && at + 1 < args.len() {
            let mut tail = if name == "fd" { args[at + 1..].to_vec() } else { vec![args[at + 1].clone()] };
            if tail.len() == 1 && tail[0].text.contains(' ') {
                return walk.text_by(name, &tail[0].text.clone(), depth + 1);
            }
            tail.push(Word::unknown());
            walk.by(name, |walk| drop(command(walk, &tail, &Input::None, depth + 1)));
        }
    }
}

/// Strips what stands before a command inside an argument: `--to-command=`, `core.pager=`, `!`, `1e `.
fn carried_text(arg: &str) -> &str {
    let value =
        arg.split_once('=').filter(|(key, _)| !key.contains(char::is_whitespace)).map_or(arg, |(_, value)| value);
    let value = value.strip_prefix("exec=").unwrap_or(value);
    let value = value.trim_start_matches(['!', '%', ':', '+', '$']);
    for word in ["shell ", "system ", "exec ", "spawn ", "e ", "1e ", "!"] {
        if let Some(rest) = value.strip_prefix(word) {
            return rest;
        }
    }
    value
}

fn starts_something(text: &str) -> bool {
    let name = program(text);
    if name.len() < 3 && !matches!(name.as_str(), "rm" | "dd" | "sh" | "su") {
        return false;
    }
    matches!(name.as_str(), "rm" | "dd" | "find" | "eval" | "xargs" | "unlink")
        || SHELLS.contains(&name.as_str())
        || WRAPPERS.iter().any(|(wrapper, _, _)| *wrapper == name)
        || INTERPRETERS.iter().any(|(interpreter, _)| *interpreter == name)
        || COMMON.contains(&name.as_str())
}
