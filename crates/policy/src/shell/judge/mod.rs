//! One simple command: what it is once its wrappers are taken off, and what it would do.

mod agents;
mod carried;
mod code;
mod files;
mod network;
mod variables;

use clawbutler_core::limits::SHELL_DEPTH;
use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};

use super::tables::{
    AGENTS, BUILDERS, CALM, CLOUD_WORDS, CLOUDS, DECODERS, FETCHERS, INTERPRETERS, PRINTERS, READERS, ROWS, SHELLS,
    SQL, WRAPPERS, WRITERS,
};
use super::walk::{Input, Walk};
use super::words::Word;
use crate::assess::{OWN, signal};
use crate::paths;

pub(crate) use variables::variable;

/// Judges a command and tells what its output is to the next one in the pipe.
pub(crate) fn command(walk: &mut Walk<'_>, argv: &[Word], input: &Input, depth: usize) -> Input {
    let bytes = argv.iter().map(|word| word.text.len() + 1).sum();
    if depth > SHELL_DEPTH * 2 || !walk.spend(bytes) {
        return Input::Output;
    }
    let Some(argv) = unwrap(walk, argv, input, depth) else { return Input::Output };
    let Some((head, args)) = argv.split_first() else { return Input::None };
    if head.opaque {
        walk.note_command(&argv);
        walk.say(signal(
            "hidden_program",
            High,
            "Runs a program whose name is only known when it runs",
            Some(&head.text),
        ));
        return Input::Output;
    }
    let name = program(&head.text);
    let mut named = vec![Word { text: name.clone(), ..Word::default() }];
    named.extend(args.iter().cloned());
    walk.note_command(&named);
    if head.text.contains('/')
        && let Some(path) = walk.path(head)
        && paths::inside(&path, &walk.around.data_dir)
    {
        walk.say(signal(OWN, Critical, "Starts one of ClawButler's own programs", Some(&head.text)));
    }
    rows(walk, &name, args);
    special(walk, &name, args, input, depth);
    code::interpreters(walk, &name, args, input, depth);
    files::files(walk, &name, args);
    let known = unknown(walk, &name, head, args);
    carried::look(walk, &name, args, known, depth);
    runs_what_was_written(walk, head);
    if walk.functions.contains(&name) && matches!(input, Input::Download | Input::Decoded) {
        walk.say(signal("stdin_script", High, "Hands a download to a function of its own", Some(&name)));
    }
    output(&name, args, input)
}

/// Last part of the program's path, without the ending that Windows adds.
fn program(text: &str) -> String {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    name.strip_suffix(".exe").unwrap_or(name).to_owned()
}

/// Takes wrappers off; texts and commands that wrappers carry are looked at on the way.
fn unwrap(walk: &mut Walk<'_>, argv: &[Word], input: &Input, depth: usize) -> Option<Vec<Word>> {
    let mut argv = argv.to_vec();
    // Each turn takes at least one word away.
    loop {
        let head = argv.first()?;
        if head.opaque {
            return Some(argv);
        }
        let name = program(&head.text);
        if matches!(name.as_str(), "sudo" | "doas" | "pkexec" | "runuser") {
            walk.say(signal("privileged", High, "Acts as administrator", Some(&head.text)));
        }
        let Some((_, valued, operands)) = WRAPPERS.iter().find(|(wrapper, _, _)| *wrapper == name) else {
            return Some(argv);
        };
        if name == "command" && argv.get(1).is_some_and(|word| word.text == "-v" || word.text == "-V") {
            return Some(argv);
        }
        let mut at = 1;
        let mut operands = *operands;
        while let Some(word) = argv.get(at) {
            let text = word.text.as_str();
            if text == "--" {
                at += 1;
                break;
            } else if name == "env"
                && let Some(first) = text.strip_prefix("-S").or_else(|| text.strip_prefix("--split-string"))
            {
                let first = first.trim_start_matches('=');
                let rest = argv.iter().skip(at + 1).map(|word| word.text.as_str());
                let rest: Vec<&str> = std::iter::once(first).chain(rest).collect();
                walk.text(&rest.join(" "), depth + 1);
                return None;
            } else if matches!(name.as_str(), "script" | "flock" | "runuser") && is_bundle_with(text, 'c') {
                let rest = argv.get(at + 1).map(|word| word.text.clone()).unwrap_or_default();
                walk.text(&rest, depth + 1);
                return None;
            } else if valued.contains(&text) {
                at += 2;
            } else if name == "env" && !text.starts_with('-') && text.contains('=') {
                let (variable_name, value) = text.split_once('=').unwrap_or((text, ""));
                let value = Word { text: value.to_owned(), opaque: word.opaque, ..Word::default() };
                variable(walk, variable_name, &value, depth);
                at += 1;
            } else if text.starts_with('-') && text.len() > 1 {
                at += 1;
            } else if operands > 0 {
                operands -= 1;
                at += 1;
            } else {
                break;
            }
        }
        if at >= argv.len() {
            // `env` and `sudo -l` alone only tell something; `xargs` alone prints.
            return (name == "env" || name == "xargs" || name == "exec" || name == "command").then_some(argv);
        }
        if name == "xargs" || name == "parallel" {
            argv.push(Word::unknown());
            if *input == Input::Download {
                walk.say(signal("downloaded_arguments", High, "Runs a command on what it downloads", None));
            }
        }
        if name == "watch" || name == "parallel" {
            let rest: Vec<&str> = argv[at..].iter().map(|word| word.text.as_str()).collect();
            walk.text(&rest.join(" "), depth + 1);
            return None;
        }
        argv.drain(..at);
    }
}

/// Whether one of the arguments is one of the alternatives.
fn has(args: &[Word], alternatives: &str) -> bool {
    alternatives.split('|').any(|wanted| {
        args.iter().any(|arg| {
            let text = arg.text.as_str();
            if wanted.starts_with("--") && wanted.len() > 2 {
                // An unmistakable beginning of a long option is that option to most programs.
                text == wanted
                    || text.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('='))
                    || text.len() >= 3 && wanted.starts_with(text) && text != "--f"
            } else if wanted.len() == 2 && wanted.starts_with('-') && wanted != "--" {
                let letter = wanted.chars().nth(1).unwrap_or('-');
                text == wanted
                    || (text.starts_with('-')
                        && !text.starts_with("--")
                        && text[1..].chars().all(|c| c.is_ascii_alphanumeric())
                        && text.contains(letter))
            } else {
                text == wanted
            }
        })
    })
}

/// Arguments that are not options.
fn operands(args: &[Word]) -> impl Iterator<Item = &Word> {
    let end = args.iter().position(|arg| arg.text == "--").unwrap_or(args.len());
    let options_end = args.len().min(end);
    let before = args[..options_end].iter().filter(|arg| !arg.text.starts_with('-') || arg.text == "-");
    before.chain(args.iter().skip(end + 1))
}

fn joined(name: &str, args: &[Word]) -> String {
    let mut text = name.to_owned();
    for arg in args {
        text.push(' ');
        text.push_str(&arg.text);
    }
    text
}

fn rows(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let args = if name == "git" { after_git_options(args) } else { args };
    for row in ROWS.iter().filter(|row| row.0 == name || (row.0 == "mkfs" && name.starts_with("mkfs."))) {
        if row.1.iter().all(|wanted| has(args, wanted)) {
            // For git the first word must be the subcommand itself, not a branch of that name.
            if name == "git" && !row.1.first().is_some_and(|sub| has(&args[..args.len().min(1)], sub)) {
                continue;
            }
            walk.say(signal(row.3, row.2, row.4, Some(&joined(name, args))));
            if matches!(row.3, "remote" | "upload" | "network" | "publish" | "git_push") {
                walk.network = true;
            }
            if row.2 == Low {
                return;
            }
        }
    }
    if name == "git" {
        git_overwrites(walk, args);
    }
    if name == "git"
        && has(&args[..args.len().min(1)], "push")
        && args.iter().any(|arg| arg.text.starts_with('+') || arg.text.starts_with(':'))
    {
        walk.say(signal(
            "git_destroys",
            High,
            "Overwrites or deletes what others have pushed",
            Some(&joined(name, args)),
        ));
    }
}

/// `git checkout tree path` and `git restore path` write over files that may hold work not committed.
fn git_overwrites(walk: &mut Walk<'_>, args: &[Word]) {
    let Some((sub, rest)) = args.split_first() else { return };
    let named = operands(rest).count();
    let overwrites = match sub.text.as_str() {
        "checkout" => named >= 2 && !has(rest, "-b|-B|-t|--track|--orphan"),
        "restore" => named >= 1 && (!has(rest, "--staged|-S") || has(rest, "--worktree|-W")),
        _ => false,
    };
    if overwrites {
        walk.say(signal("git_destroys", High, "Throws away changes to files", Some(&joined("git", args))));
    }
}

/// Skips `-C dir`, `-c key=value` and their kin before the subcommand.
fn after_git_options(args: &[Word]) -> &[Word] {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        match arg.text.as_str() {
            "-C" | "-c" | "--git-dir" | "--work-tree" | "--namespace" => at += 2,
            text if text.starts_with('-') => at += 1,
            _ => break,
        }
    }
    args.get(at..).unwrap_or_default()
}

/// Programs that need more than a row.
#[expect(clippy::too_many_lines, reason = "one arm a program, each short")]
fn special(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input, depth: usize) {
    match name {
        "rm" | "rmdir" | "unlink" | "trash" => files::delete(walk, name, args),
        "find" => files::find(walk, args, depth),
        "dd" => {
            for arg in args {
                if let Some(target) = arg.text.strip_prefix("of=") {
                    walk.wrote(&Word { text: target.to_owned(), ..arg.clone() }, "Overwrites");
                } else if let Some(source) = arg.text.strip_prefix("if=") {
                    walk.read(&Word { text: source.to_owned(), ..arg.clone() });
                }
            }
        }
        "cd" | "pushd" => {
            let target = operands(args).next().cloned();
            walk.cwd = match target {
                Some(word) if word.opaque => None,
                Some(word) => walk.path(&word),
                None => Some(walk.around.home.clone()),
            };
        }
        "eval" => {
            let text: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
            for arg in args.iter().filter(|arg| arg.opaque) {
                code::hidden_text(walk, arg);
            }
            walk.text(&text.join(" "), depth + 1);
        }
        "alias" | "trap" => {
            for text in args.iter().map(|arg| arg.text.split_once('=').map_or(arg.text.as_str(), |(_, text)| text)) {
                walk.text(text, depth + 1);
            }
        }
        "kill" | "pkill" | "killall" => {
            let names_us = |arg: &Word| {
                std::iter::once(&arg.text)
                    .chain(&arg.inner)
                    .any(|text| text.to_ascii_lowercase().contains("clawbutler"))
            };
            if args.iter().any(names_us) {
                walk.say(signal(OWN, Critical, "Stops ClawButler", Some(&joined(name, args))));
            } else if name == "kill" && args.last().is_some_and(|arg| arg.text == "-1") {
                walk.say(signal("kills", Critical, "Ends every process of the user", Some(&joined(name, args))));
            } else if !has(args, "-l|-L|-0") {
                walk.say(signal("kills", Medium, "Ends a process", Some(&joined(name, args))));
            }
        }
        _ if AGENTS.contains(&name) => agents::start(walk, name, args),
        _ if FETCHERS.contains(&name) => network::fetch(walk, name, args),
        _ if SQL.contains(&name) => code::sql(walk, name, args, input),
        _ if CLOUDS.contains(&name) => {
            walk.network = true;
            let changes = args.iter().any(|arg| arg.text.split(['-', ':']).any(|word| CLOUD_WORDS.contains(&word)));
            if changes {
                walk.say(signal(
                    "cloud_destroys",
                    High,
                    "Changes or deletes things in the cloud",
                    Some(&joined(name, args)),
                ));
            } else {
                walk.say(signal("network", Medium, "Asks a cloud", None));
            }
        }
        "ssh" => {
            let rest: Vec<&str> = operands(args).skip(1).map(|arg| arg.text.as_str()).collect();
            walk.text(&rest.join(" "), depth + 1);
        }
        "su" => {
            walk.say(signal("privileged", High, "Acts as another user", Some(&joined(name, args))));
            code::texts_after(walk, args, &["-c", "--command"], depth);
        }
        "docker" | "podman" | "kubectl" => {
            let host = ["/:", "src=/,", "source=/,", "docker.sock", "--pid=host", "--net=host", "--network=host"];
            if args.iter().any(|arg| {
                host.iter().any(|part| arg.text.starts_with(part) || arg.text.contains(part) && *part != "/:")
            }) {
                walk.say(signal(
                    "machine",
                    High,
                    "Starts a container that reaches the machine itself",
                    Some(&joined(name, args)),
                ));
            }
            // What runs inside starts after the container's name; every tail is looked at.
            if let Some(at) = args.iter().position(|arg| ["exec", "run"].contains(&arg.text.as_str())) {
                let tail: Vec<Word> = args[at + 1..]
                    .iter()
                    .skip_while(|arg| arg.text.starts_with('-'))
                    .skip(1)
                    .filter(|arg| arg.text != "--")
                    .cloned()
                    .collect();
                if !tail.is_empty() {
                    command(walk, &tail, &Input::None, depth + 1);
                }
            }
        }
        "rsync" if args.iter().any(|arg| arg.text.contains(':')) => {
            walk.network = true;
            walk.say(signal("upload", High, "Copies files to or from another machine", Some(&joined(name, args))));
        }
        "rsync" if has(args, "--delete|--delete-after|--delete-before|--remove-source-files") => {
            walk.say(signal("delete", High, "Deletes files that the source does not have", Some(&joined(name, args))));
        }
        "sed" if has(args, "-i|--in-place") => {
            let names: Vec<Word> = operands(args).skip(1).cloned().collect();
            names.iter().for_each(|word| walk.wrote(word, "Changes"));
        }
        "let" | "declare" | "typeset" | "local" | "readonly" | "export" | "test" | "[" | "unset" | "read" => {
            for arg in args.iter().filter(|arg| arg.text.contains("$(") || arg.text.contains('`')) {
                walk.hidden_in(&arg.text.clone(), depth);
            }
            for arg in args {
                if let Some((variable_name, value)) = arg.text.split_once('=') {
                    variable(walk, variable_name, &Word { text: value.to_owned(), ..arg.clone() }, depth);
                }
            }
        }
        "bundle" | "poetry" | "uv" | "pipenv" | "pnpm" | "yarn" | "npm" | "npx" | "bunx" | "pipx" | "uvx" => {
            runner(walk, name, args, depth);
        }
        "truncate" | "shred" => walk.say(signal("overwrites", High, "Empties files", Some(&joined(name, args)))),
        _ => {}
    }
}

/// Says what is not known about a program; whether it is known.
fn unknown(walk: &mut Walk<'_>, name: &str, head: &Word, args: &[Word]) -> bool {
    let lists = matches!(name, "env" | "printenv" | "set" | "export" | "declare");
    if lists && args.iter().all(|arg| arg.text == "-p" || arg.text == "-x") {
        walk.secrets = true;
        walk.say(signal("environment", Medium, "Shows the environment, where tokens are often kept", None));
    }
    if name == "clawbutler" || name == "clawbutler-hook" {
        walk.say(signal("own_program", Medium, "Runs ClawButler's own command line, which decides nothing", None));
        return true;
    }
    let known = READERS.contains(&name)
        || CALM.contains(&name)
        || BUILDERS.contains(&name)
        || WRITERS.contains(&name)
        || PRINTERS.contains(&name)
        || SHELLS.contains(&name)
        || FETCHERS.contains(&name)
        || DECODERS.contains(&name)
        || SQL.contains(&name)
        || AGENTS.contains(&name)
        || walk.functions.iter().any(|function| function == name)
        || CLOUDS.contains(&name)
        || INTERPRETERS.iter().any(|(interpreter, _)| *interpreter == name)
        || ROWS.iter().any(|row| row.0 == name)
        || WRAPPERS.iter().any(|(wrapper, _, _)| *wrapper == name)
        || matches!(name, "rm" | "rmdir" | "unlink" | "eval" | "kill" | "su" | "podman" | "source" | ".");
    if !known {
        let says = if head.text.contains('/') {
            format!("Runs the program {}", head.text)
        } else {
            format!("Runs {name}, which ClawButler does not know")
        };
        walk.say(signal("unknown_program", Medium, says, Some(&head.text)));
    } else if BUILDERS.contains(&name) && name != "git" {
        walk.say(signal("builds", Low, "Builds or tests the project", None));
    }
    known
}

/// `npx tool …`, `bundle exec tool …`: the tool is what counts.
fn runner(walk: &mut Walk<'_>, name: &str, args: &[Word], depth: usize) {
    if name == "npx" && code::texts_after(walk, args, &["-c", "--call"], depth) {
        return;
    }
    let skip = if matches!(name, "npx" | "bunx" | "uvx") {
        0
    } else {
        let Some(at) = args.iter().position(|arg| ["exec", "dlx", "x"].contains(&arg.text.as_str())).or_else(|| {
            let first = args.first().filter(|_| !matches!(name, "npm" | "pnpm" | "yarn"));
            first.filter(|arg| arg.text == "run").map(|_| 0)
        }) else {
            return;
        };
        at + 1
    };
    let tail: Vec<Word> = args.iter().skip(skip).skip_while(|arg| arg.text.starts_with('-')).cloned().collect();
    if !tail.is_empty() {
        command(walk, &tail, &Input::None, depth + 1);
    }
}

/// What the next command in the pipe is fed.
fn output(name: &str, args: &[Word], input: &Input) -> Input {
    if FETCHERS.contains(&name) || name == "nc" || name == "ssh" {
        return Input::Download;
    }
    if *input == Input::Download {
        return Input::Download;
    }
    if PRINTERS.contains(&name) {
        return printed(name, args);
    }
    if DECODERS.contains(&name) {
        return Input::Decoded;
    }
    match (name, input) {
        ("cat" | "tee" | "head" | "tail", Input::Text(text)) if operands(args).next().is_none() => {
            Input::Text(text.clone())
        }
        (_, Input::Decoded) => Input::Decoded,
        _ => Input::Output,
    }
}

/// What `echo` and `printf` put out, as far as it can be told.
fn printed(name: &str, args: &[Word]) -> Input {
    if args.iter().any(|arg| arg.opaque) {
        return Input::Output;
    }
    let texts: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
    if name == "printf" {
        return match texts.as_slice() {
            ["%s" | "%s\\n" | "%s\n", rest @ ..] => Input::Text(rest.join("\n")),
            [format, ..] if format.contains('%') || format.replace("\\n", "").contains('\\') => Input::Decoded,
            [format, ..] => Input::Text(format.replace("\\n", "\n")),
            [] => Input::None,
        };
    }
    let is_option = |text: &&str| {
        text.len() > 1 && text.strip_prefix('-').is_some_and(|rest| rest.chars().all(|c| matches!(c, 'n' | 'e' | 'E')))
    };
    let options = texts.iter().take_while(|text| is_option(text)).count();
    let escapes = texts[..options].iter().any(|text| text.contains('e'));
    let text = texts[options..].join(" ");
    if escapes && text.contains('\\') { Input::Decoded } else { Input::Text(text) }
}

/// A bundle of short options with this letter in it.
fn is_bundle_with(text: &str, letter: char) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_alphabetic()) && rest.contains(letter))
}

/// A program that the same text wrote before starting it has been seen by nobody.
fn runs_what_was_written(walk: &mut Walk<'_>, program: &Word) {
    if !program.text.contains('/') {
        return;
    }
    let Some(path) = walk.path(program) else { return };
    if walk.written.contains(&path) {
        let (name, level) = if walk.network { ("runs_download", Critical) } else { ("runs_written", High) };
        walk.say(signal(name, level, "Runs a program that the same command wrote", Some(&program.text)));
    }
}
