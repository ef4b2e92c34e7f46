//! git: what destroys work, what publishes it, what makes git run something.

use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};

use super::{has, joined, operands};
use crate::assess::signal;
use crate::shell::walk::Walk;
use crate::shell::words::Word;

/// Settings by which git runs programs or believes others.
const SETTINGS: &[&str] = &[
    "core.hookspath", "core.sshcommand", "core.pager", "core.editor", "core.fsmonitor", "core.askpass",
    "core.gitproxy", "core.attributesfile", "core.excludesfile", "sequence.editor", "credential.helper",
    "diff.external", "gpg.program", "http.proxy", "http.sslverify", "init.templatedir", "protocol.ext.allow",
    "include.path", "uploadpack.packobjectshook", "receive.denynonfastforwards", "safe.directory", "core.worktree",
    "gpg.ssh.program", "http.extraheader", "pager.",
];
/// Parts of settings by which git runs programs or pushes elsewhere.
const SETTING_PARTS: &[&str] = &[
    "alias.", "filter.", ".textconv", ".cmd", ".insteadof", ".pushinsteadof", "pager.", ".helper", ".command",
    ".driver", ".pushurl", "includeif.", ".mirror", "gc.reflogexpire", "gc.pruneexpire", "receive.deny",
];

/// Looks at a git command.
pub(super) fn git(walk: &mut Walk<'_>, args: &[Word], depth: usize) {
    let part = joined("git", args);
    let (sub, rest) = subcommand(walk, args, depth);
    let Some(sub) = sub else { return };
    if sub.opaque {
        return walk.say(signal(
            "hidden_program",
            High,
            "Runs a git command that is only known when it runs",
            Some(&part),
        ));
    }
    for (option, value) in rest.iter().zip(rest.iter().skip(1).map(Some).chain([None])) {
        carried_option(walk, &option.text, value, depth);
    }
    let destroys = |walk: &mut Walk<'_>, says: &str| walk.say(signal("git_destroys", High, says, Some(&part)));
    let first = operands(rest).next().map_or("", |word| word.text.as_str());
    let dry = has(rest, "--dry-run");
    match sub.text.as_str() {
        "push" => push(walk, rest, &part),
        "send-pack" | "http-push" => {
            walk.say(signal("git_push_elsewhere", High, "Pushes in an unusual way", Some(&part)))
        }
        "reset" if has(rest, "--hard|--merge|--keep") => destroys(walk, "Throws away changes that are not committed"),
        "clean" if !dry && !has(rest, "-n|-i|--interactive") => destroys(walk, "Deletes files that git does not know"),
        "checkout" if checkout_overwrites(rest) => destroys(walk, "Throws away changes to files"),
        "restore" if restore_overwrites(rest) => destroys(walk, "Throws away changes to files"),
        "switch" if has(rest, "-f|--force|--discard-changes|-C|--force-create") => {
            destroys(walk, "Throws away changes to files");
        }
        "branch" if has(rest, "-D|-M") || has(rest, "-d|--delete|-m|--move|-C|--copy") && has(rest, "-f|--force") => {
            destroys(walk, "Deletes a branch that may hold the only copy of work");
        }
        "branch" if has(rest, "-f|--force") => destroys(walk, "Moves a branch away from its work"),
        "stash" if matches!(first, "drop" | "clear") => destroys(walk, "Throws away stashed work"),
        "filter-branch" | "filter-repo" | "bfg" | "replace" if !has(rest, "--analyze|-l|--list") => {
            destroys(walk, "Rewrites the history");
        }
        "reflog" if matches!(first, "expire" | "delete") && !dry => {
            destroys(walk, "Removes the way back to lost commits")
        }
        "gc" if has(rest, "--prune|--aggressive") && part.contains("prune") => {
            destroys(walk, "Removes commits that nothing points to");
        }
        "prune" if !has(rest, "-n") && !dry => destroys(walk, "Removes commits that nothing points to"),
        "update-ref" if has(rest, "-d|--stdin") => destroys(walk, "Deletes a reference"),
        "symbolic-ref" if has(rest, "-d|--delete") => destroys(walk, "Deletes a reference"),
        "update-ref" => destroys(walk, "Moves a reference away from its work"),
        "read-tree" if has(rest, "-u|--reset") => destroys(walk, "Throws away changes to files"),
        "checkout-index" if has(rest, "-f|--force") => destroys(walk, "Throws away changes to files"),
        "worktree" if first == "remove" && has(rest, "-f|--force") => {
            destroys(walk, "Deletes a work tree with its changes")
        }
        "submodule" if first == "deinit" && has(rest, "-f|--force|--all") => {
            destroys(walk, "Deletes work trees with their changes")
        }
        "rm" if has(rest, "-f|--force") && !has(rest, "--cached") && !dry => {
            destroys(walk, "Deletes files with their changes")
        }
        "rm" if !has(rest, "--cached")
            && !dry
            && operands(rest).any(|word| matches!(word.text.as_str(), "." | "*" | "/" | ":/")) =>
        {
            destroys(walk, "Deletes every file of the project");
        }
        "tag" if has(rest, "-d|--delete") => walk.say(signal("git_deletes", Medium, "Deletes a tag", Some(&part))),
        "tag" if has(rest, "-f|--force") => walk.say(signal("git_deletes", Medium, "Moves a tag", Some(&part))),
        "rebase" | "am" | "bisect" | "submodule" => carried_commands(walk, &sub.text, rest, depth),
        "config" => config(walk, rest, &part, depth),
        "remote" => remote(walk, rest, &part),
        "credential" | "credential-store" | "credential-cache" if matches!(first, "fill" | "get") => {
            walk.say(signal("secret_read", High, "Takes passwords out of git's store", Some(&part)));
        }
        "credential" if matches!(first, "approve" | "reject" | "erase" | "store") => {
            walk.say(signal("secret_write", High, "Changes git's store of passwords", Some(&part)));
        }
        "send-email" | "request-pull" if !dry => {
            walk.network = true;
            walk.say(signal("message", High, "Sends mail", Some(&part)));
        }
        "daemon" | "instaweb" | "http-backend" => {
            walk.say(signal("remote", High, "Opens the repository to others", Some(&part)))
        }
        "fetch" | "pull" | "clone" | "ls-remote" | "archive" | "fetch-pack" => network(walk, &sub.text, rest, &part),
        "lfs" | "svn" | "p4" | "cvs" if matches!(first, "push" | "dcommit" | "submit" | "prune") && !dry => {
            walk.network = true;
            let level = if first == "prune" || sub.text == "lfs" { Medium } else { High };
            walk.say(signal("git_push", level, "Publishes commits", Some(&part)));
        }
        "apply" if has(rest, "-R|--reverse") && !has(rest, "--check|--stat|--cached") => {
            destroys(walk, "Takes changes back")
        }
        "apply" => {}
        "show" | "diff" | "cat-file" | "log" | "grep" | "blame" | "hash-object" => {
            for file in
                rest.iter().filter_map(|arg| arg.text.strip_prefix("--output=")).map(Word::plain).collect::<Vec<_>>()
            {
                walk.wrote(&file, "Writes to");
            }
            shown(walk, rest);
        }
        _ => {}
    }
}

/// Skips the options before the subcommand and looks at the programs they carry.
fn subcommand<'a>(walk: &mut Walk<'_>, args: &'a [Word], depth: usize) -> (Option<&'a Word>, &'a [Word]) {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        match arg.text.as_str() {
            "-c" | "--config-env" => {
                if let Some(setting) = args.get(at + 1) {
                    set(walk, setting.text.split_once('=').unwrap_or((&setting.text, "")), depth, true);
                }
                at += 2;
            }
            "-C" | "--git-dir" | "--work-tree" | "--namespace" | "--super-prefix" => at += 2,
            text if text.starts_with("--exec-path=") => {
                walk.say(signal("loads_code", High, "Runs git's commands from another place", Some(text)));
                at += 1;
            }
            text if text.starts_with('-') => at += 1,
            _ => break,
        }
    }
    (args.get(at), args.get(at + 1..).unwrap_or_default())
}

/// A setting given a value; a program in it is looked at.
fn set(walk: &mut Walk<'_>, (name, value): (&str, &str), depth: usize, once: bool) {
    let lower = name.to_ascii_lowercase();
    let forces = lower.starts_with("remote.") && lower.ends_with(".push") && value.starts_with('+');
    let runs = forces
        || SETTINGS.iter().any(|setting| lower == *setting || setting.ends_with('.') && lower.starts_with(setting))
        || SETTING_PARTS.iter().any(|piece| lower.contains(piece));
    if !runs {
        return;
    }
    let harmless = lower.ends_with(".mirror") && value == "false"
        || matches!(
            value,
            "" | "cat"
                | "less"
                | "true"
                | "false"
                | "vim"
                | "nano"
                | "code --wait"
                | "store"
                | "cache"
                | "osxkeychain"
                | "manager"
        ) && !lower.starts_with("http.sslverify")
            && !lower.ends_with(".mirror")
        || once && lower == "safe.directory"
        || lower == "core.excludesfile";
    let plain_alias = lower.starts_with("alias.") && !value.starts_with('!');
    if plain_alias {
        let words: Vec<Word> = value.split_whitespace().map(Word::plain).collect();
        walk.quietly(|walk| git(walk, &words, depth + 1));
    } else if !harmless {
        let text = value.trim_start_matches('!').to_owned();
        walk.say(signal("startup_write", High, format!("Makes git run or believe something by {name}"), Some(value)));
        walk.quietly(|walk| walk.text_by("git", &text, depth + 1));
    }
}

/// Options that carry a program, wherever they stand.
fn carried_option(walk: &mut Walk<'_>, option: &str, value: Option<&Word>, depth: usize) {
    for name in ["--upload-pack", "--receive-pack", "--exec", "--extcmd", "--open-files-in-pager", "--tool-command"] {
        let text = option.strip_prefix(name).and_then(|rest| rest.strip_prefix('='));
        let text = text.or_else(|| value.filter(|_| option == name).map(|word| word.text.as_str()));
        if let Some(text) = text.filter(|text| !matches!(*text, "git-upload-pack" | "git-receive-pack")) {
            let text = text.to_owned();
            walk.say(signal("inline_code", Medium, "Makes git start a program", Some(&text)));
            walk.text_by("git", &text, depth + 1);
        }
    }
    if option.starts_with("ext::") || value.is_some_and(|word| word.text.starts_with("ext::")) {
        walk.say(signal("inline_code_reach", High, "Makes git start a program in place of a connection", Some(option)));
    }
    if option == "--template" || option.starts_with("--template=") {
        walk.say(signal("startup_write", High, "Takes hooks from a template", Some(option)));
    }
}

fn push(walk: &mut Walk<'_>, args: &[Word], part: &str) {
    walk.network = true;
    if has(args, "-n|--dry-run") {
        return walk.say(signal("git_push", Medium, "Shows what a push would do", Some(part)));
    }
    let forced = has(args, "-f|--force|--force-with-lease|--mirror|--delete|-d|--prune|--force-if-includes");
    let mut names = operands(args);
    let place = names.next();
    let specs = names.any(|word| {
        word.text.starts_with(['+', ':']) || word.opaque && word.text.starts_with('$') && word.text.contains(':')
    });
    let colon = place.is_some_and(|word| word.text.starts_with(['+', ':']));
    if forced || specs || colon {
        walk.say(signal("git_destroys", High, "Overwrites or deletes what others have pushed", Some(part)));
    }
    let elsewhere = place.is_some_and(|word| {
        let text = word.text.as_str();
        text.contains("://")
            || text.contains('@') && text.contains(':')
            || text.starts_with(['/', '~'])
            || walk.remotes.iter().any(|name| name == text)
    });
    if elsewhere {
        walk.say(signal(
            "git_push_elsewhere",
            High,
            "Sends the project to another place than its own remote",
            Some(part),
        ));
    }
    walk.say(signal("git_push", Medium, "Publishes commits", Some(part)));
}

/// `git checkout tree path`, `-f`, `.`: writes over files that may hold work not committed.
fn checkout_overwrites(rest: &[Word]) -> bool {
    let creates = has(rest, "-b|-B|-t|--track|--orphan");
    let dashes = rest.iter().position(|word| word.text == "--");
    has(rest, "-f|--force|-B|--ours|--theirs|-p|--patch") && !has(rest, "-b")
        || dashes.is_some_and(|at| at + 1 < rest.len())
        || has(rest, "--pathspec-from-file")
        || !creates && operands(rest).count() >= 2
        || !creates && operands(rest).any(|word| matches!(word.text.as_str(), "." | "*" | ":/" | "./") || word.pattern)
        || !creates && operands(rest).next().is_some_and(|word| looks_like_file(&word.text))
}

/// A branch rarely ends in the ending of a source file.
fn looks_like_file(text: &str) -> bool {
    let ending = text.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    ending.is_some_and(|ending| {
        [
            "rs", "py", "js", "ts", "tsx", "jsx", "go", "c", "h", "cpp", "java", "rb", "php", "md", "json", "toml",
            "yaml", "yml", "txt", "css", "html", "sh", "lock", "sql", "kt", "swift", "cs",
        ]
        .contains(&ending)
    })
}

fn restore_overwrites(rest: &[Word]) -> bool {
    let named = operands(rest).next().is_some() || has(rest, "--pathspec-from-file|-p|--patch");
    named && (!has(rest, "--staged|-S") || has(rest, "--worktree|-W"))
}

/// Commands that `rebase --exec`, `bisect run` and `submodule foreach` run.
fn carried_commands(walk: &mut Walk<'_>, sub: &str, rest: &[Word], depth: usize) {
    if sub == "rebase" {
        for (option, text) in rest.iter().zip(rest.iter().skip(1)) {
            if matches!(option.text.as_str(), "-x" | "--exec") {
                walk.text_by("git rebase --exec", &text.text.clone(), depth + 1);
            }
        }
        return;
    }
    let Some(at) = rest.iter().position(|word| matches!(word.text.as_str(), "run" | "foreach")) else { return };
    let tail: Vec<&str> =
        rest[at + 1..].iter().map(|word| word.text.as_str()).filter(|text| *text != "--recursive").collect();
    if let [text] = tail.as_slice() {
        return walk.text_by(&format!("git {sub}"), text, depth + 1);
    }
    let words: Vec<Word> = rest[at + 1..].iter().filter(|word| word.text != "--recursive").cloned().collect();
    walk.by(&format!("git {sub}"), |walk| {
        drop(super::command(walk, &words, &crate::shell::walk::Input::None, depth + 1))
    });
}

fn config(walk: &mut Walk<'_>, rest: &[Word], part: &str, depth: usize) {
    let names: Vec<&Word> = operands(rest).collect();
    if has(
        rest,
        "--get|--get-all|--list|-l|--get-regexp|--unset|--unset-all|--show-origin|--remove-section|--get-urlmatch",
    ) || names.first().is_some_and(|word| matches!(word.text.as_str(), "get" | "list" | "unset"))
    {
        if part.contains("credential") || part.contains("extraheader") {
            walk.say(signal("secret_read", High, "Reads passwords out of git's settings", Some(part)));
        }
        return;
    }
    let names = if names.first().is_some_and(|word| word.text == "set") { &names[1..] } else { &names[..] };
    if let [name, value, ..] = names {
        set(walk, (&name.text, &value.text), depth, false);
        if has(rest, "--global|--system") {
            walk.say(signal("settings", Medium, "Changes settings of git for every project", Some(part)));
        }
    } else if has(rest, "-e|--edit") {
        walk.say(signal("settings", Medium, "Edits settings of git", Some(part)));
    }
}

fn remote(walk: &mut Walk<'_>, rest: &[Word], part: &str) {
    let names: Vec<String> = operands(rest).map(|word| word.text.clone()).collect();
    match names.first().map(String::as_str) {
        Some("add" | "set-url") => {
            walk.remotes.extend(names.get(1).cloned());
            let usual = [
                "github.com", "gitlab.com", "bitbucket.org", "dev.azure.com", "codeberg.org", "ssh.dev.azure.com",
                "git.sr.ht", "localhost",
            ];
            let address = names.get(2).map(String::as_str).unwrap_or_default();
            let known = usual
                .iter()
                .any(|host| address.contains(&format!("@{host}")) || address.contains(&format!("://{host}/")))
                || !address.contains([':', '@']);
            walk.say(signal(
                "git_remote",
                if known { Medium } else { High },
                "Changes where commits are pushed to",
                Some(part),
            ));
        }
        Some("rename" | "remove" | "rm" | "prune" | "set-head" | "set-branches") => {
            walk.say(signal("git_remote", Medium, "Changes the list of remotes", Some(part)));
        }
        _ => walk.say(signal("reads", Low, "Lists remotes", Some(part))),
    }
}

fn network(walk: &mut Walk<'_>, sub: &str, rest: &[Word], part: &str) {
    walk.network = true;
    if sub == "fetch"
        && operands(rest).any(|word| word.text.starts_with('+') && word.text.contains(':'))
        && has(rest, "-f|--force")
    {
        walk.say(signal("git_destroys", High, "Overwrites branches", Some(part)));
    }
    if has(rest, "--config|-c") && sub == "clone" {
        for (option, setting) in rest.iter().zip(rest.iter().skip(1)) {
            if matches!(option.text.as_str(), "-c" | "--config") {
                set(walk, setting.text.split_once('=').unwrap_or((&setting.text, "")), 1, true);
            }
        }
    }
    let opaque = operands(rest).any(|word| !word.inner.is_empty() && word.text.contains("://"));
    if opaque && walk.secrets {
        walk.say(signal("exfiltration", Critical, "Sends secrets in an address", Some(part)));
    }
    walk.say(signal("network", Medium, "Talks to a remote repository", Some(part)));
}

/// Files outside git's knowledge that are shown: `git diff --no-index /dev/null .env`.
fn shown(walk: &mut Walk<'_>, rest: &[Word]) {
    for word in operands(rest).cloned().collect::<Vec<_>>() {
        let text = word.text.rsplit_once(':').map_or(word.text.as_str(), |(_, path)| path).to_owned();
        walk.read(&Word { text, ..word });
    }
}
