//! Commands that move, copy and write files.

use clawbutler_core::risk::RiskLevel::{High, Medium};

use super::deletes::delete_one;
use super::{has, joined, operands};
use crate::assess::signal;
use crate::paths::{self, Class};
use crate::shell::tables::{CALM, FETCHERS, NAMERS, PRINTERS, READERS, WRITERS};
use crate::shell::walk::Walk;
use crate::shell::words::Word;

/// Paths among the arguments.
pub(super) fn files(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let own_ways = [
        "git", "rm", "rmdir", "unlink", "cd", "pushd", "dd", "gh", "alias", "docker", "podman", "nerdctl",
        "docker-compose", "kubectl", "aws", "gcloud", "ssh", "scp", "npm", "yarn", "pnpm", "find", "truncate", "psql",
        "mysql", "export", "declare", "kill", "test", "[",
    ];
    if PRINTERS.contains(&name) || FETCHERS.contains(&name) || own_ways.contains(&name) {
        return;
    }
    let folder = match name {
        "tar" | "bsdtar" | "make" => Some(["-C", "--directory"]),
        "unzip" => Some(["-d", "-d"]),
        "sort" | "gcc" | "clang" | "cc" | "pandoc" | "7z" => Some(["-o", "--output"]),
        _ => None,
    };
    for (option, target) in args.iter().zip(args.iter().skip(1)) {
        if folder.is_some_and(|options| options.contains(&option.text.as_str())) {
            walk.wrote(target, "Writes to");
        }
    }
    if name == "sed" {
        sed_programs(walk, args);
    }
    if name == "openssl" {
        for (option, value) in args.iter().zip(args.iter().skip(1)) {
            match option.text.as_str() {
                "-out" | "-keyout" => walk.wrote(value, "Writes to"),
                "-in" | "-key" | "-inkey" | "-CAkey" | "-kfile" => walk.read(value),
                _ => {}
            }
        }
        return;
    }
    if name == "sqlite3"
        && let Some(file) = operands(args).next().cloned()
    {
        walk.read(&file);
    }
    let written = walk.written.len();
    walk.in_place = has(args, "-i|--in-place");
    let names: Vec<Word> = operands(args).cloned().collect();
    let writer = WRITERS.contains(&name);
    let spaced = |word: &Word| {
        word.text.contains(char::is_whitespace)
            && !word.text.starts_with(['/', '~', '.'])
            && !word.text.contains(".ssh/")
    };
    for (index, word) in names.iter().enumerate().filter(|(_, word)| !spaced(word)) {
        operand(walk, name, index, names.len(), word, writer);
    }
    // Changing a file's rights or making a folder writes nothing that could be run.
    if matches!(name, "chmod" | "chown" | "chgrp" | "touch" | "mkdir" | "mktemp") {
        walk.written.truncate(written);
    }
}

fn operand(walk: &mut Walk<'_>, name: &str, index: usize, count: usize, word: &Word, writer: bool) {
    let text = word.text.split_once('=').map_or(word.text.as_str(), |(_, value)| value);
    let word = Word { text: text.trim_start_matches('@').to_owned(), ..word.clone() };
    // The pattern of a search is no file.
    let pattern = matches!(
        name,
        "grep"
            | "egrep"
            | "fgrep"
            | "rg"
            | "ag"
            | "ack"
            | "sed"
            | "awk"
            | "gawk"
            | "jq"
            | "yq"
            | "fd"
            | "chmod"
            | "chown"
            | "chgrp"
            | "setfacl"
            | "chattr"
            | "pgrep"
            | "zgrep"
    );
    let rights_only =
        matches!(name, "chmod" | "chown" | "chgrp") && word.text.contains(['/', '.']) && !word.text.contains(':');
    if index == 0 && pattern && !rights_only || NAMERS.contains(&name) {
        return own(walk, name, &word, writer);
    }
    let source = matches!(name, "cp" | "mv" | "ln" | "install" | "rsync" | "scp" | "gcp" | "gmv") && index + 1 < count;
    let reads_only = matches!(name, "tar" | "bsdtar" | "zip" | "unzip" | "7z" | "patch") && index > 0;
    if writer && name == "mv" && source {
        walk.moved(&word);
    } else if writer && !source && !reads_only {
        walk.wrote(&word, "Changes");
    }
    let in_place = name == "sed" && walk.in_place;
    if !in_place && (!writer || source && name != "mv" || reads_only || name == "rsync") {
        walk.read(&word);
    }
    own(walk, name, &word, writer);
}

/// A file of ours in the hands of a program that is not known to read only.
fn own(walk: &mut Walk<'_>, name: &str, word: &Word, writer: bool) {
    let own = walk.path(word).is_some_and(|path| paths::class(&path, &walk.project, walk.around) == Class::Own);
    if own && !READERS.contains(&name) && !writer && !CALM.contains(&name) {
        walk.wrote(word, "May change");
    }
}

/// Other programs that delete what they are given: archives that take their sources along, `cmake -E rm`.
pub(super) fn takes_along(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let (skip, words): (usize, &[Word]) = match name {
        "tar" | "bsdtar" if has(args, "--remove-files") => (0, args),
        "zip"
            if args.iter().any(|arg| {
                arg.text == "--move"
                    || arg.text.starts_with('-') && !arg.text.starts_with("--") && arg.text.contains('m')
            }) =>
        {
            (1, args)
        }
        "7z" | "7za" | "7zz" if has(args, "-sdel") => (2, args),
        "cmake"
            if args.first().is_some_and(|arg| arg.text == "-E")
                && args.get(1).is_some_and(|arg| matches!(arg.text.as_str(), "rm" | "remove" | "remove_directory")) =>
        {
            (0, &args[2..])
        }
        "gzip" | "bzip2" | "xz" | "zstd" => return,
        _ => return,
    };
    let part = joined(name, args);
    let targets: Vec<Word> = super::tools::operands_without(words, &["-f", "-C", "-cf", "-czf"])
        .iter()
        .skip(skip)
        .map(|text| Word { opaque: text.contains('$'), ..Word::plain(*text) })
        .collect();
    for word in targets {
        let shown = word.text.clone();
        delete_one(walk, name, &word, true, &shown, &part);
    }
}

/// Emptying a file: `truncate`, `: > file`, `cp /dev/null file`.
pub(super) fn empty(walk: &mut Walk<'_>, word: &Word, part: &str) {
    let path = walk.path(word);
    let calm = path.as_ref().is_some_and(|path| {
        let class = paths::class(path, &walk.project, walk.around);
        class == Class::Scratch
            || paths::generated(&word.text)
            || paths::generated_below(path, &walk.project)
            || walk.written.contains(path)
    });
    if !calm {
        walk.say(signal("overwrites", High, format!("Empties {}", word.text), Some(part)));
    }
}

/// truncate, shred by size: `-s 0`.
pub(super) fn truncate(walk: &mut Walk<'_>, args: &[Word]) {
    let part = joined("truncate", args);
    let names = super::tools::operands_without(args, &["-s", "--size", "-r", "--reference"]);
    let grows = args.iter().any(|arg| arg.text.starts_with("-s+") || arg.text.starts_with('+'));
    let words: Vec<Word> =
        names.iter().map(|name| Word { opaque: name.starts_with('$'), ..Word::plain(*name) }).collect();
    for word in words {
        walk.wrote(&word, "Changes");
        if !grows {
            walk.written.pop();
            empty(walk, &word, &part);
        }
    }
}

/// Copies over: an empty source empties the target; a link takes a secret elsewhere.
pub(super) fn copies(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let names: Vec<Word> = operands(args).cloned().collect();
    let part = joined(name, args);
    if names.first().is_some_and(|word| word.text == "/dev/null")
        && name == "cp"
        && let Some(target) = names.get(1)
    {
        walk.written.retain(|path| !path.ends_with(&target.text));
        empty(walk, target, &part);
    }
    if name == "mv" && names.last().is_some_and(|word| word.text == "/dev/null") {
        walk.say(signal("delete", High, "Moves files to nowhere; cannot be undone", Some(&part)));
    }
    if name == "install" && names.first().is_some_and(|word| word.text == "/dev/null") {
        walk.say(signal("overwrites", High, "Empties files", Some(&part)));
    }
    if name == "mv"
        && names.first().is_some_and(|word| word.opaque && word.text == "$")
        && names.last().is_some_and(|word| word.text.starts_with("/tmp"))
    {
        walk.say(signal("delete", High, "Takes files away to a place that is cleared", Some(&part)));
    }
    if name == "mv"
        && names.len() > 1
        && names.last().is_some_and(|word| word.text.starts_with("/tmp") || word.text.starts_with("/var/tmp"))
    {
        let sources: Vec<Word> = names[..names.len() - 1].to_vec();
        for word in sources.iter().filter(|word| {
            word.text == "."
                || word.text == "*"
                || word.text == "src"
                || word.text.ends_with("/*") && !paths::generated(&word.text)
        }) {
            walk.say(signal(
                "delete",
                High,
                format!("Takes {} out of the project to a place that is cleared", word.text),
                Some(&part),
            ));
        }
    }
    let binaries = ["/.local/bin/", "/bin/"];
    if matches!(name, "cp" | "mv" | "ln" | "install")
        && let Some(path) = names.last().and_then(|word| walk.path(word))
    {
        let inside_home = path.starts_with(&format!("{}/.local/bin", walk.around.home))
            || path.starts_with(&format!("{}/bin", walk.around.home));
        if inside_home
            && binaries.iter().any(|folder| format!("{path}/").contains(folder))
            && !walk.around.home.is_empty()
        {
            walk.say(signal(
                "search_path_write",
                Medium,
                "Puts a program where programs are found by name",
                Some(&part),
            ));
        }
    }
}

/// chmod and chown of whole folders: fine in the project, not outside.
pub(super) fn rights(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    if !has(args, "-R|--recursive") {
        return;
    }
    let part = joined(name, args);
    for word in operands(args).skip(1).cloned().collect::<Vec<_>>() {
        let inside = walk.path(&word).is_some_and(|path| {
            let class = paths::class(&path, &walk.project, walk.around);
            matches!(class, Class::Project | Class::Scratch) && !word.opaque
        });
        let level = if inside { Medium } else { High };
        walk.say(signal("rights", level, "Changes the rights or the owner of a whole folder", Some(&part)));
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
        let flags = substitutes.unwrap_or_default();
        let flags = flags.split([';', '\n', ' ']).next().unwrap_or_default();
        if has(args, "-i|--in-place") && matches!(arg.text.as_str(), "d" | "1,$d" | "$!d" | "1,$ d") {
            walk.say(signal("overwrites", High, "Empties files", Some(&arg.text)));
        }
        if script.starts_with("e ") || script == "e" || flags.contains('e') {
            walk.say(signal("inline_code_reach", High, "Runs commands from inside sed", Some(&arg.text)));
        }
        let file = ["w /", "w ~", "w ."]
            .iter()
            .find_map(|mark| arg.text.split_once(mark).map(|(_, file)| format!("{}{file}", &mark[2..])));
        if let Some(file) = file {
            walk.wrote(&Word::plain(file), "Writes to");
        }
    }
}
