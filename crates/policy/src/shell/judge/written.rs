//! Files that one text writes, downloads, copies or links, and then runs.

use clawbutler_core::risk::RiskLevel::{Critical, High};

use super::{code, files, has, joined, operands};
use crate::assess::signal;
use crate::paths;
use crate::shell::tables::{BUILDERS, INTERPRETERS, SQL};
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;

/// Builds and tests run files that the same text wrote: their commands are looked at.
pub(super) fn reaches_written(walk: &mut Walk<'_>, name: &str, args: &[Word], depth: usize) {
    let runs = BUILDERS.contains(&name) && !matches!(name, "git" | "gh" | "tar" | "code")
        || INTERPRETERS.iter().any(|(interpreter, _)| *interpreter == name)
        || SQL.contains(&name)
        || matches!(name, "vim" | "ex" | "ed" | "nvim");
    let folder = args
        .iter()
        .zip(args.iter().skip(1))
        .find(|(option, _)| matches!(option.text.as_str(), "-C" | "--directory" | "--prefix"));
    let folder = folder.map_or_else(|| walk.cwd.clone(), |(_, folder)| walk.path(folder));
    let project = walk.project.clone();
    let foreign = folder
        .is_some_and(|folder| walk.downloaded.iter().any(|file| paths::inside(&folder, file) && *file != project));
    if runs && foreign && !matches!(name, "tar" | "unzip") {
        walk.say(signal(
            "runs_download",
            Critical,
            "Builds or runs what the same command downloaded",
            Some(&joined(name, args)),
        ));
    }
    if !runs || walk.contents.is_empty() || walk.inside > 0 || name == "git" {
        return;
    }
    let texts: Vec<(String, String)> = walk.contents.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    for (path, text) in texts {
        code::written_quietly(walk, &path, &text, depth);
    }
}

/// What `tee` and `sed -i` put into files, links that are made, what was downloaded and unpacked.
#[expect(clippy::too_many_lines, reason = "one arm a case, each short")]
pub(super) fn kept(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input) {
    match (name, input) {
        ("tee", Input::Text(text)) => {
            for word in operands(args).cloned().collect::<Vec<_>>() {
                if let Some(path) = walk.path(&word) {
                    walk.keep(path, text);
                }
            }
        }
        ("tee", Input::None) if !has(args, "-a") => {
            for word in operands(args).filter(|word| word.pattern || word.opaque).cloned().collect::<Vec<_>>() {
                let now = std::mem::take(&mut walk.written);
                files::empty(walk, &word, &joined(name, args));
                walk.written = now;
            }
        }
        ("sed", _) if has(args, "-i|--in-place") => {
            let texts: Vec<String> =
                args.iter().filter(|arg| arg.text.contains(char::is_whitespace)).map(|arg| arg.text.clone()).collect();
            let files: Vec<Word> = operands(args).skip(1).cloned().collect();
            for path in files.iter().filter_map(|word| walk.path(word)).collect::<Vec<_>>() {
                texts.iter().for_each(|text| walk.keep(path.clone(), text));
            }
        }
        ("cp" | "mv" | "install", _) => copied(walk, args),
        ("tar" | "bsdtar", _)
            if args.first().is_some_and(|arg| arg.text.contains('x'))
                && !has(args, "-C")
                && walk.piped_from("git", "archive") =>
        {
            walk.say(signal(
                "git_destroys",
                High,
                "Writes a state of the history over files",
                Some(&joined(name, args)),
            ));
        }
        ("ln", _) if has(args, "-s|--symbolic") => {
            if let [target, link] = operands(args).cloned().collect::<Vec<_>>().as_slice()
                && let (Some(target), Some(link)) = (walk.path(target), walk.path(link))
                && walk.links.len() < 32
            {
                walk.links.push((link, target));
            }
        }
        ("tar" | "bsdtar" | "unzip" | "gunzip" | "7z", _) => {
            let fed = *input == Input::Download
                || operands(args).any(|word| {
                    walk.path(word).is_some_and(|path| {
                        walk.downloaded.contains(&path) || walk.network && walk.written.contains(&path)
                    })
                });
            if fed {
                let folder = args
                    .iter()
                    .zip(args.iter().skip(1))
                    .find(|(option, _)| matches!(option.text.as_str(), "-C" | "-d" | "--directory"));
                let folder = folder.map_or_else(|| walk.cwd.clone(), |(_, folder)| walk.path(folder));
                walk.downloaded.extend(folder);
            }
        }
        ("git", _) if args.iter().any(|arg| arg.text == "clone") => {
            let names: Vec<Word> = operands(args).skip(1).cloned().collect();
            let folder = match names.as_slice() {
                [_, folder, ..] => walk.path(folder),
                [url] => walk.path(&Word::plain(
                    url.text.trim_end_matches(".git").rsplit(['/', ':']).next().unwrap_or_default(),
                )),
                [] => None,
            };
            walk.cloned.extend(folder);
        }
        (
            "gcc" | "g++" | "cc" | "c++" | "clang" | "clang++" | "rustc" | "go" | "javac" | "ghc" | "zig" | "swiftc"
            | "ld" | "nim",
            _,
        ) => {
            let outputs: Vec<String> = args
                .iter()
                .zip(args.iter().skip(1))
                .filter(|(option, _)| option.text == "-o")
                .filter_map(|(_, file)| walk.path(file))
                .collect();
            if !walk.network {
                walk.written.retain(|path| !outputs.contains(path));
            }
        }
        _ => {}
    }
}

/// A copy of a file that was there before is nothing new; one of a download is a download.
pub(super) fn copied(walk: &mut Walk<'_>, args: &[Word]) {
    let names: Vec<Word> = operands(args).cloned().collect();
    let Some((target, sources)) = names.split_last() else { return };
    let sources: Vec<String> = sources.iter().filter_map(|word| walk.path(word)).collect();
    let Some(target) = walk.path(target) else { return };
    let foreign = sources.iter().any(|path| walk.downloaded.contains(path));
    let known = sources.iter().find_map(|path| walk.contents.get(path).cloned());
    let written = sources.iter().any(|path| walk.written.iter().filter(|one| *one == path).count() > 0 && !foreign);
    if foreign {
        walk.downloaded.push(target);
    } else if let Some(text) = known {
        walk.keep(target, &text);
    } else if !written
        && !sources
            .iter()
            .any(|path| ["/bin/", "/usr/", "/sbin/", "/opt/"].iter().any(|folder| path.starts_with(folder)))
    {
        walk.written.retain(|path| *path != target);
    }
}

/// A program that the same text wrote or downloaded before starting it has been seen by nobody.
pub(super) fn runs_what_was_written(walk: &mut Walk<'_>, program: &Word, depth: usize) {
    if program.opaque
        && let Some(text) = program.from.first().and_then(|name| walk.contents.get(&format!("${name}")).cloned())
    {
        return code::written(walk, &program.text, &text, depth);
    }
    if !program.text.contains('/') {
        return;
    }
    let Some(path) = walk.path(program) else { return };
    if walk.downloaded.iter().chain(&walk.cloned).any(|file| paths::inside(&path, file)) {
        return walk.say(signal(
            "runs_download",
            Critical,
            "Runs what the same command downloaded",
            Some(&program.text),
        ));
    }
    if let Some(text) = walk.contents.get(&path).cloned() {
        return code::written(walk, &path, &text, depth);
    }
    if walk.written.contains(&path) {
        let (name, level) = if walk.network { ("runs_download", Critical) } else { ("runs_written", High) };
        walk.say(signal(name, level, "Runs a program that the same command wrote", Some(&program.text)));
    }
}
