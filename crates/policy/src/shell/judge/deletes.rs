//! Commands that delete files, and those that find what another deletes.

use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};

use super::{command, has, joined, operands};
use crate::assess::{OWN, signal};
use crate::paths::{self, Class};
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;

/// Looks at a deletion of the operands.
pub(super) fn delete(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input) {
    let part = joined(name, args);
    let recursive = name != "rmdir" && has(args, "-r|-R|--recursive");
    let mut targets: Vec<Word> = operands(args).cloned().collect();
    if let Input::Names(patterns) = input
        && targets.last().is_some_and(|word| word.opaque && word.text == "$")
    {
        targets.pop();
        targets.extend(patterns.iter().map(|pattern| Word { pattern: true, ..Word::plain(pattern) }));
    }
    let shown = match targets.as_slice() {
        [one] => one.text.clone(),
        [] => "nothing named".to_owned(),
        many => format!("{} things ({}…)", many.len(), many[0].text),
    };
    if has(args, "--no-preserve-root") {
        walk.say(signal("recursive_delete", Critical, "Deletes even the whole disk; cannot be undone", Some(&part)));
    }
    for word in &targets {
        delete_one(walk, name, word, recursive, &shown, &part);
    }
}

/// One target of a deletion.
#[expect(clippy::too_many_lines, reason = "one arm a case, each short")]
pub(super) fn delete_one(walk: &mut Walk<'_>, name: &str, word: &Word, recursive: bool, shown: &str, part: &str) {
    let trimmed = word.text.trim_end_matches(['*', '/']).trim_end_matches("/.");
    let trimmed = if trimmed.is_empty() && word.text.starts_with('/') { "/" } else { trimmed };
    let climbs = word.text.contains("..");
    let last = word.text.trim_end_matches(['/', '*']).rsplit('/').next().unwrap_or_default();
    let generated =
        !word.opaque && !climbs && paths::generated(if word.text.starts_with('/') { last } else { &word.text });
    let unknown =
        word.text.is_empty() || word.opaque && !paths::generated(word.text.rsplit('$').next().unwrap_or_default());
    let Some(path) = walk.path(&Word { text: trimmed.to_owned(), ..word.clone() }).filter(|_| !unknown) else {
        if word.opaque
            && word.text.contains("/$")
            && walk.path(word).is_some_and(|path| paths::generated_below(&path, &walk.project))
        {
            return walk.say(signal("delete_generated", Medium, "Deletes what can be made again", Some(part)));
        }
        if temporary(walk, word) {
            return walk.say(signal("delete_generated", Medium, "Deletes a temporary file", Some(part)));
        }
        return walk.say(signal("unknown_target", High, "Deletes something only known when it runs", Some(part)));
    };
    let star = word.text.ends_with('*') && !word.text.ends_with(".*");
    let path = if path == "/" && star && !word.text.starts_with('/') { walk.project.clone() } else { path };
    walk.touched_delete(&path);
    let project = walk.project.clone();
    let class = paths::class(&path, &project, walk.around);
    let holds_project = paths::inside(project.trim_end_matches('/'), &path);
    let git = path.ends_with("/.git") || path.contains("/.git/") && !path.ends_with(".lock");
    let whole_scratch = star && ["/tmp", "/var/tmp", "/private/tmp"].contains(&path.as_str());
    let again = generated && matches!(class, Class::Project | Class::Scratch)
        || generated && class == Class::Outside && paths::generated(last)
        || matches!(class, Class::Project) && paths::generated_below(&path, &project)
        || class == Class::Scratch && !whole_scratch
        || paths::cache(&path, &walk.around.home);
    let one = match class {
        Class::Own => signal(OWN, Critical, "Deletes files that belong to ClawButler or carry its guard", Some(part)),
        Class::Root | Class::Device if path != "/dev/null" => {
            signal("recursive_delete", Critical, format!("Deletes {path}; cannot be undone"), Some(part))
        }
        Class::System if recursive => signal(
            "recursive_delete",
            Critical,
            format!("Deletes {path}, which belongs to the system; cannot be undone"),
            Some(part),
        ),
        _ if holds_project && recursive && !star => {
            signal("recursive_delete", Critical, "Deletes the whole project; cannot be undone", Some(part))
        }
        _ if git && recursive => {
            signal("recursive_delete", Critical, "Deletes the project's history; cannot be undone", Some(part))
        }
        _ if recursive
            && !walk.around.data_dir.is_empty()
            && walk.around.data_dir.starts_with(&format!("{}/", path.trim_end_matches('/'))) =>
        {
            signal(OWN, Critical, "Deletes a folder that holds ClawButler", Some(part))
        }
        Class::Secret | Class::Startup | Class::AgentConfig | Class::System => {
            signal("delete", High, format!("Deletes {path}"), Some(part))
        }
        _ if git => signal("delete", High, format!("Deletes {path}, a part of the project's history"), Some(part)),
        _ if again => {
            signal("delete_generated", Medium, format!("Deletes {shown}, which can be made again"), Some(part))
        }
        _ if name == "rmdir" => signal("delete_one", Low, "Removes an empty folder", Some(part)),
        _ if recursive => signal(
            "recursive_delete",
            High,
            format!("Deletes {shown} and everything in it; cannot be undone"),
            Some(part),
        ),
        _ if star || word.pattern => {
            signal("delete", High, format!("Deletes every {}; cannot be undone", word.text), Some(part))
        }
        _ if paths::data(&path) => {
            signal("delete", High, format!("Deletes {shown}, which holds data; cannot be undone"), Some(part))
        }
        Class::Outside => {
            signal("delete", High, format!("Deletes {shown}, outside the project; cannot be undone"), Some(part))
        }
        Class::Project | Class::Scratch | Class::Root | Class::Device => {
            signal("delete_one", Medium, format!("Deletes {shown}"), Some(part))
        }
    };
    walk.say(one);
}

/// A name that `mktemp` gave in the same text.
fn temporary(walk: &Walk<'_>, word: &Word) -> bool {
    let made = |text: &String| text.trim_start().starts_with("mktemp");
    let known = |name: &String| {
        matches!(name.as_str(), "TMPDIR" | "TMP" | "TEMP") && word.text.contains('/')
            || walk
                .vars
                .get(name)
                .is_some_and(|value| !value.inner.is_empty() && value.inner.iter().all(made) && value.text == "$")
    };
    word.text.starts_with('$')
        && (!word.from.is_empty() && word.from.iter().all(known)
            || !word.inner.is_empty() && word.inner.iter().all(made))
}

/// find: what it does with what it finds.
#[expect(clippy::too_many_lines, reason = "each thing find can do with what it finds, in turn")]
pub(super) fn find(walk: &mut Walk<'_>, args: &[Word], depth: usize) {
    let part = joined("find", args);
    let names = found_names(args);
    let again =
        names.as_ref().is_some_and(|names| !names.is_empty() && names.iter().all(|name| paths::generated(name)))
            || !roots(args).is_empty()
                && roots(args).iter().all(|root| {
                    !root.opaque
                        && walk.path(root).is_some_and(|path| {
                            let class = paths::class(&path, &walk.project, walk.around);
                            class == Class::Project && paths::generated_below(&path, &walk.project)
                                || class == Class::Scratch && path.matches('/').count() > 1
                        })
                });
    if has(args, "-delete") {
        if again {
            walk.say(signal("delete_generated", Medium, "Deletes what can be made again", Some(&part)));
        } else {
            walk.say(signal("recursive_delete", High, "Deletes every file it finds; cannot be undone", Some(&part)));
        }
    }
    let secret = args.iter().zip(args.iter().skip(1)).any(|(option, value)| {
        matches!(option.text.as_str(), "-name" | "-iname" | "-path" | "-wholename" | "-ipath")
            && (paths::could_be_secret(
                &format!("/x/{}", value.text.trim_start_matches('*').trim_start_matches('/')),
                walk.around,
            ) || value.text.contains(".ssh/id")
                || value.text.contains("id_rsa")
                || paths::class(&format!("/x/{}", value.text.trim_start_matches(['*', '/'])), "/x", walk.around)
                    == Class::Secret)
    });
    if secret && (args.iter().any(|arg| matches!(arg.text.as_str(), "-exec" | "-execdir" | "-ok")) || walk.piped) {
        let shows = args.iter().any(|arg| {
            matches!(
                arg.text.as_str(),
                "cat"
                    | "head"
                    | "tail"
                    | "base64"
                    | "xxd"
                    | "cp"
                    | "tar"
                    | "grep"
                    | "strings"
                    | "less"
                    | "more"
                    | "sed"
                    | "awk"
                    | "curl"
                    | "od"
                    | "sh"
                    | "bash"
            )
        });
        if shows {
            walk.say(signal("secret_read", High, "Looks for files with secrets and reads them", Some(&part)));
        }
    }
    let exec = |arg: &Word| ["-exec", "-execdir", "-ok", "-okdir"].contains(&arg.text.as_str());
    let mut next = 0;
    for (at, _) in args.iter().enumerate().filter(|(_, arg)| exec(arg)) {
        // What stands inside another's command is looked at with it.
        if at < next {
            continue;
        }
        let mut inner: Vec<Word> =
            args[at + 1..].iter().take_while(|arg| arg.text != ";" && arg.text != "+").cloned().collect();
        next = at + 1 + inner.len();
        let mut input = Input::None;
        for word in inner.iter_mut().filter(|word| word.text.contains("{}")) {
            word.opaque = true;
            word.text = word.text.replace("{}", "$");
        }
        if again && let Some(names) = &names {
            input = Input::Names(names.clone());
        } else if again {
            input = Input::Names(vec!["node_modules".to_owned()]);
        }
        walk.by("find -exec", |walk| drop(command(walk, &inner, &input, depth + 1)));
    }
    for option in ["-fprint", "-fls", "-fprintf", "-fprint0"] {
        if let Some(at) = args.iter().position(|arg| arg.text == option)
            && let Some(target) = args.get(at + 1).cloned()
        {
            walk.wrote(&target, "Writes to");
        }
    }
}

fn roots(args: &[Word]) -> Vec<Word> {
    args.iter()
        .take_while(|arg| !arg.text.starts_with('-') && !matches!(arg.text.as_str(), "(" | "!"))
        .cloned()
        .collect()
}

/// Names that all of what is found has; `None` when something else may be found, too.
pub(super) fn found_names(args: &[Word]) -> Option<Vec<String>> {
    if args.iter().any(|arg| matches!(arg.text.as_str(), "!" | "-not")) && !has(args, "-path|-prune") {
        return None;
    }
    let mut names = Vec::new();
    for (option, value) in args.iter().zip(args.iter().skip(1)) {
        if matches!(option.text.as_str(), "-name" | "-iname") {
            names.push(value.text.clone());
        } else if matches!(option.text.as_str(), "-path" | "-wholename" | "-ipath") {
            let last = value.text.trim_end_matches("/*").rsplit('/').next().unwrap_or_default();
            if paths::generated(last) {
                names.push(last.to_owned());
            }
        }
    }
    (!names.is_empty()).then_some(names)
}
