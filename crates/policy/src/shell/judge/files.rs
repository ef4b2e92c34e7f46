//! Commands that delete, find and write files.

use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};

use super::{command, has, joined, operands};
use crate::assess::{OWN, signal};
use crate::paths::{self, Class};
use crate::shell::tables::{CALM, FETCHERS, PRINTERS, READERS, WRITERS};
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;

pub(super) fn delete(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let part = joined(name, args);
    let recursive = has(args, "-r|-R|--recursive");
    let forced = has(args, "-f|--force");
    let names: Vec<&str> = operands(args).map(|arg| arg.text.as_str()).collect();
    let shown = match names.as_slice() {
        [one] => (*one).to_owned(),
        [] => "nothing named".to_owned(),
        many => format!("{} things ({}…)", many.len(), many[0]),
    };
    for word in operands(args).cloned().collect::<Vec<_>>() {
        let trimmed = word.text.trim_end_matches(['*', '/']);
        let trimmed = if trimmed.is_empty() && word.text.starts_with('/') { "/" } else { trimmed };
        let Some(path) =
            walk.path(&Word { text: trimmed.to_owned(), ..word.clone() }).filter(|_| !word.text.is_empty())
        else {
            walk.say(signal("unknown_target", High, "Deletes something only known when it runs", Some(&part)));
            continue;
        };
        let star = word.text.ends_with('*');
        let path = if path == "/" && star && !word.text.starts_with('/') { walk.project.clone() } else { path };
        let class = paths::class(&path, &walk.project.clone(), walk.around);
        let holds_project = paths::inside(walk.project.trim_end_matches('/'), &path);
        let git = path.ends_with("/.git") || path.contains("/.git/");
        let one = match class {
            Class::Own => {
                signal(OWN, Critical, "Deletes files that belong to ClawButler or carry its guard", Some(&part))
            }
            Class::Root | Class::Device => {
                signal("recursive_delete", Critical, format!("Deletes {path}; cannot be undone"), Some(&part))
            }
            Class::System if recursive => signal(
                "recursive_delete",
                Critical,
                format!("Deletes {path}, which belongs to the system; cannot be undone"),
                Some(&part),
            ),
            _ if holds_project && recursive && !star => {
                signal("recursive_delete", Critical, "Deletes the whole project; cannot be undone", Some(&part))
            }
            _ if git && recursive => {
                signal("recursive_delete", Critical, "Deletes the project's history; cannot be undone", Some(&part))
            }
            _ if walk.around.data_dir.starts_with(&format!("{}/", path.trim_end_matches('/'))) && recursive => {
                signal(OWN, Critical, "Deletes a folder that holds ClawButler", Some(&part))
            }
            Class::Secret | Class::Startup | Class::AgentConfig | Class::System => {
                signal("delete", High, format!("Deletes {path}"), Some(&part))
            }
            _ if recursive => signal(
                "recursive_delete",
                High,
                format!("Deletes {shown} and everything in it; cannot be undone"),
                Some(&part),
            ),
            _ if star || forced => {
                signal("delete", High, format!("Deletes {shown} without asking; cannot be undone"), Some(&part))
            }
            Class::Outside => {
                signal("delete", High, format!("Deletes {shown}, outside the project; cannot be undone"), Some(&part))
            }
            Class::Project | Class::Scratch if name == "rmdir" => {
                signal("delete_one", Low, "Removes an empty folder", Some(&part))
            }
            Class::Project | Class::Scratch => signal("delete_one", Medium, format!("Deletes {shown}"), Some(&part)),
        };
        walk.say(one);
    }
}

pub(super) fn find(walk: &mut Walk<'_>, args: &[Word], depth: usize) {
    if has(args, "-delete") {
        walk.say(signal(
            "recursive_delete",
            High,
            "Deletes every file it finds; cannot be undone",
            Some(&joined("find", args)),
        ));
    }
    for (at, _) in
        args.iter().enumerate().filter(|(_, arg)| ["-exec", "-execdir", "-ok", "-okdir"].contains(&arg.text.as_str()))
    {
        let mut inner: Vec<Word> =
            args[at + 1..].iter().take_while(|arg| arg.text != ";" && arg.text != "+").cloned().collect();
        for word in inner.iter_mut().filter(|word| word.text.contains("{}")) {
            word.opaque = true;
            word.text = word.text.replace("{}", "$");
        }
        command(walk, &inner, &Input::None, depth + 1);
    }
    for option in ["-fprint", "-fls", "-fprintf"] {
        if let Some(at) = args.iter().position(|arg| arg.text == option)
            && let Some(target) = args.get(at + 1).cloned()
        {
            walk.wrote(&target, "Writes to");
        }
    }
}

/// Paths among the arguments.
pub(super) fn files(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    if PRINTERS.contains(&name)
        || FETCHERS.contains(&name)
        || matches!(name, "git" | "rm" | "rmdir" | "unlink" | "cd" | "dd" | "gh" | "alias")
    {
        return;
    }
    let folder = match name {
        "tar" | "make" => Some(["-C", "--directory"]),
        "unzip" => Some(["-d", "-d"]),
        "sort" => Some(["-o", "--output"]),
        _ => None,
    };
    if let Some(options) = folder {
        for (option, target) in args.iter().zip(args.iter().skip(1)) {
            if options.contains(&option.text.as_str()) {
                walk.wrote(target, "Writes to");
            }
        }
    }
    if matches!(name, "docker" | "podman" | "kubectl")
        && has(args, "cp")
        && let Some(target) = args.last().filter(|target| !target.text.contains(':'))
    {
        walk.wrote(target, "Writes to");
    }
    if name == "sed" {
        sed_programs(walk, args);
    }
    let written = walk.written.len();
    let names: Vec<Word> = operands(args).filter(|word| !word.text.contains(char::is_whitespace)).cloned().collect();
    let writer = WRITERS.contains(&name);
    for (index, word) in names.iter().enumerate() {
        let text = word.text.split_once('=').map_or(word.text.as_str(), |(_, value)| value);
        let word = Word { text: text.to_owned(), ..word.clone() };
        // The pattern of a search is no file.
        if index == 0 && matches!(name, "grep" | "egrep" | "fgrep" | "rg" | "ag" | "sed" | "awk" | "gawk" | "jq" | "yq")
        {
            continue;
        }
        let source = matches!(name, "cp" | "mv" | "ln" | "install" | "rsync") && index + 1 < names.len();
        let reads_only = matches!(name, "tar" | "zip" | "unzip") && index > 0;
        if writer && !(source && name != "mv") && !reads_only {
            walk.wrote(&word, if name == "mv" && source { "Moves" } else { "Changes" });
        }
        if !writer || source || reads_only || name == "rsync" {
            walk.read(&word);
        }
        let own = walk.path(&word).is_some_and(|path| paths::class(&path, &walk.project, walk.around) == Class::Own);
        if own && !READERS.contains(&name) && !writer && !CALM.contains(&name) {
            walk.wrote(&word, "May change");
        }
    }
    // Changing a file's rights or making a folder writes nothing that could be run.
    if matches!(name, "chmod" | "chown" | "chgrp" | "touch" | "mkdir" | "mktemp") {
        walk.written.truncate(written);
    }
}

/// sed can run commands (`e`, `s///e`) and write files (`w`).
fn sed_programs(walk: &mut Walk<'_>, args: &[Word]) {
    for arg in args {
        let script = arg.text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '$' | ',' | ' '));
        let substitutes = script
            .strip_prefix('s')
            .and_then(|rest| rest.chars().next().map(|delimiter| (rest, delimiter)))
            .filter(|(_, delimiter)| !delimiter.is_alphanumeric())
            .and_then(|(rest, delimiter)| rest.split(delimiter).nth(3).map(ToOwned::to_owned));
        if script.starts_with("e ") || substitutes.is_some_and(|flags| flags.contains('e')) {
            walk.say(signal("inline_code_reach", High, "Runs commands from inside sed", Some(&arg.text)));
        }
        if let Some((_, file)) = arg.text.split_once("w /").or_else(|| arg.text.split_once("w ~")) {
            walk.wrote(&Word::plain(format!("/{file}")), "Writes to");
        }
    }
}
