//! One simple command: what it is once its wrappers are taken off, and what it would do.

mod agents;
mod builtins;
mod carried;
pub(crate) mod code;
mod containers;
mod deletes;
mod files;
mod git;
mod names;
mod network;
mod packages;
mod program;
mod secrets;
mod tools;
mod variables;
mod wrappers;
mod written;

use clawbutler_core::limits::SHELL_DEPTH;
use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};
use clawbutler_core::risk::Signal;

use super::tables::{
    AGENTS, BUILDERS, CALM, DECODERS, FAMILIES, FETCHERS, INTERPRETERS, PRINTERS, READERS, SHELLS, SQL, WRAPPERS,
    WRITERS, rows_of,
};
use super::walk::{Input, Walk};
use super::words::Word;
use crate::assess::{OWN, signal};
use crate::paths;

use builtins::{initialises, patch, printed, reads_into};
use names::{inline_options, known_name, program};
use secrets::{secret_name, secret_variables};
use wrappers::unwrap;
use written::{kept, reaches_written, runs_what_was_written};

pub(crate) use network::is_local;
pub(crate) use variables::variable;

/// A file emptied by a redirection of nothing.
pub(crate) fn emptied(walk: &mut Walk<'_>, word: &Word) {
    files::empty(walk, word, &word.text);
}

/// Judges a command and tells what its output is to the next one in the pipe.
pub(crate) fn command(walk: &mut Walk<'_>, argv: &[Word], input: &Input, depth: usize) -> Input {
    let bytes = argv.iter().map(|word| word.text.len() + 1).sum();
    if depth > SHELL_DEPTH * 2 || !walk.spend(bytes) {
        return Input::Output;
    }
    let via = walk.via.len();
    let Some(argv) = unwrap(walk, argv, input, depth) else {
        walk.via.truncate(via);
        return Input::Output;
    };
    let out = unwrapped(walk, &argv, input, depth);
    walk.via.truncate(via);
    out
}

fn unwrapped(walk: &mut Walk<'_>, argv: &[Word], input: &Input, depth: usize) -> Input {
    let Some((head, args)) = argv.split_first() else { return Input::None };
    let Some(name) = known_name(walk, head) else {
        walk.note_command(argv);
        if !walk.defining || !head.text.starts_with('$') || !head.inner.is_empty() {
            walk.say(signal(
                "hidden_program",
                High,
                "Runs a program whose name is only known when it runs",
                Some(&head.text),
            ));
        }
        return Input::Output;
    };
    let mut named = vec![Word::plain(name.clone())];
    named.extend(args.iter().cloned());
    walk.note_command(&named);
    if let Some(text) = walk.aliases.get(&name).cloned().filter(|_| walk.inside == 0) {
        let text = format!("{text} {}", quoted(args));
        walk.aliases.remove(&name);
        walk.text_by(&format!("alias {name}"), &text, depth + 1);
        walk.aliases.insert(name, text);
        return Input::Output;
    }
    walk.call(&name, args, depth);
    if args.iter().any(|arg| arg.inner.iter().any(|text| text.to_ascii_lowercase().contains("clawbutler")))
        && !READERS.contains(&name.as_str())
        && !PRINTERS.contains(&name.as_str())
        && !CALM.contains(&name.as_str())
    {
        walk.say(signal(OWN, Critical, "Does something to ClawButler's own programs", Some(&joined(&name, args))));
    }
    if head.text.contains('/')
        && let Some(path) = walk.path(head)
        && paths::inside(&path, &walk.around.data_dir)
    {
        walk.say(signal(OWN, Critical, "Starts one of ClawButler's own programs", Some(&head.text)));
    }
    let only_reads = tools::rows(walk, &name, args);
    let mut known = tools::family(walk, &name, args, depth);
    known |= packages::look(walk, &name, args, input, depth);
    special(walk, &name, args, input, depth);
    code::interpreters(walk, &name, args, input, depth);
    files::files(walk, &name, args);
    files::takes_along(walk, &name, args);
    known |= unknown(walk, &name, head, args, input);
    if !only_reads {
        carried::look(walk, &name, args, known, depth);
    }
    runs_what_was_written(walk, head, depth);
    reaches_written(walk, &name, args, depth);
    kept(walk, &name, args, input);
    if walk.functions.contains_key(&name) && matches!(input, Input::Download | Input::Decoded) {
        walk.say(signal("stdin_script", High, "Hands a download to a function of its own", Some(&name)));
    }
    output(&name, args, input)
}

/// Arguments as the shell would read them back.
fn quoted(args: &[Word]) -> String {
    let quote = |word: &Word| format!("'{}'", word.text.replace('\'', "'\\''"));
    args.iter().map(quote).collect::<Vec<_>>().join(" ")
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

/// Programs that need more than a row.
#[expect(clippy::too_many_lines, reason = "one arm a program, each short")]
fn special(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input, depth: usize) {
    match name {
        "rm" | "rmdir" | "unlink" => deletes::delete(walk, name, args, input),
        "find" => deletes::find(walk, args, depth),
        "dd" => {
            for arg in args {
                if let Some(target) = arg.text.strip_prefix("of=") {
                    if paths::data(target) {
                        walk.say(signal(
                            "overwrites",
                            High,
                            format!("Overwrites {target}, which holds data"),
                            Some(target),
                        ));
                    }
                    walk.wrote(&Word { text: target.to_owned(), ..arg.clone() }, "Overwrites");
                } else if let Some(source) = arg.text.strip_prefix("if=") {
                    walk.read(&Word { text: source.to_owned(), ..arg.clone() });
                }
            }
        }
        "cd" | "pushd" => {
            let target = operands(args).next().cloned();
            let before = walk.cwd.clone();
            walk.cwd = match target {
                Some(word) if word.text == "-" => walk.old_cwd.clone(),
                Some(word) if word.opaque => walk.path(&word),
                Some(word) => walk.path(&word),
                None => Some(walk.around.home.clone()),
            };
            walk.old_cwd = before;
            let here = walk.cwd.as_ref().map_or_else(Word::unknown, Word::plain);
            walk.vars.insert("PWD".to_owned(), here);
        }
        "eval" => {
            let text: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
            let known = args.len() == 1
                && args[0].text == "$"
                && !args[0].inner.is_empty()
                && args[0].inner.iter().all(|text| initialises(text));
            if !known {
                for arg in args.iter().filter(|arg| arg.opaque) {
                    code::hidden_text(walk, arg);
                }
                walk.text_by("eval", &text.join(" "), depth + 1);
            }
        }
        "alias" => {
            for (alias_name, text) in args.iter().filter_map(|arg| arg.text.split_once('=')) {
                let (alias_name, text) = (alias_name.to_owned(), text.to_owned());
                walk.quietly(|walk| walk.text_by("alias", &text, depth + 1));
                walk.aliases.insert(alias_name, text);
            }
        }
        "trap" => {
            if let Some(text) = args.first().map(|arg| arg.text.clone()) {
                walk.text_by("trap", &text, depth + 1);
            }
        }
        "apply_patch" | "applypatch" => patch(walk, args, input),
        "printf" if has(args, "-v") => {
            for arg in args.iter().filter(|arg| arg.text.contains("$(") || arg.text.contains('`')) {
                walk.hidden_in(&arg.text.clone(), depth);
            }
            if let [_, variable_name, _, rest @ ..] = args {
                let text = rest.iter().map(|word| word.text.as_str()).collect::<Vec<_>>();
                let plain = args[2].text.chars().filter(|c| *c == '%').count() == text.len()
                    && args[2].text.replace("%s", "").is_empty();
                let value = if plain { Word::plain(text.concat()) } else { Word::unknown() };
                walk.vars.insert(variable_name.text.clone(), value);
            }
        }
        "set" if args.first().is_some_and(|arg| arg.text == "--") => {
            let rest = args[1..].to_vec();
            drop(walk.positional("sh", &rest));
        }
        "read" | "mapfile" | "readarray" => reads_into(walk, args, input),
        "kill" | "pkill" | "killall" => kill(walk, name, args, input),
        "git" => git::git(walk, args, depth),
        "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => {
            containers::docker(walk, name, args, depth);
        }
        "ssh" => network::ssh(walk, args, input, depth),
        "tmux" | "screen" => typed(walk, name, args, depth),
        "scp" | "rsync" => network::copy(walk, name, args, depth),
        "nc" | "ncat" | "netcat" | "socat" => network::raw(walk, name, args, input, depth),
        "truncate" => files::truncate(walk, args),
        "cp" | "mv" | "ln" | "install" => files::copies(walk, name, args),
        "chmod" | "chown" | "chgrp" => files::rights(walk, name, args),
        _ if AGENTS.contains(&name) => agents::start(walk, name, args),
        _ if FETCHERS.contains(&name) => network::fetch(walk, name, args, input),
        "redis-cli" | "valkey-cli" | "keydb-cli" => program::redis(walk, args, input),
        "mongosh" | "mongo" => program::database(walk, name, args, input),
        _ if SQL.contains(&name) => program::database(walk, name, args, input),
        "su" => {
            walk.say(signal("privileged", High, "Acts as another user", Some(&joined(name, args))));
            code::texts_after(walk, args, &["-c", "--command"], depth);
        }
        "sed" if has(args, "-i|--in-place") => {
            let names: Vec<Word> = operands(args).skip(1).cloned().collect();
            names.iter().for_each(|word| walk.wrote(word, "Changes"));
        }
        "let" | "declare" | "typeset" | "local" | "readonly" | "export" | "test" | "[" | "unset" => {
            if matches!(name, "declare" | "typeset" | "local") && has(args, "-n") {
                for arg in args.iter().filter_map(|arg| arg.text.split_once('=').map(|(name, _)| name.to_owned())) {
                    walk.vars.insert(arg, Word::unknown());
                }
            }
            for arg in args.iter().filter(|arg| arg.text.contains("$(") || arg.text.contains('`')) {
                walk.hidden_in(&arg.text.clone(), depth);
            }
            for arg in args {
                if let Some((variable_name, value)) = arg.text.split_once('=') {
                    variable(walk, variable_name, &Word { text: value.to_owned(), ..arg.clone() }, depth);
                }
            }
        }
        "dig" | "host" | "nslookup" | "ping" | "ping6" | "whois" | "drill" | "kdig" | "traceroute" | "getent"
        | "resolvectl" => {
            network::asks(walk, name, args);
        }
        _ => {}
    }
}

/// What a terminal multiplexer types into another terminal.
fn typed(walk: &mut Walk<'_>, name: &str, args: &[Word], depth: usize) {
    let types = args
        .iter()
        .any(|arg| matches!(arg.text.as_str(), "send-keys" | "send" | "stuff" | "paste-buffer" | "set-buffer"));
    if !types {
        return;
    }
    walk.say(signal(
        "terminal_input",
        Medium,
        "Types into a program that is running already",
        Some(&joined(name, args)),
    ));
    for arg in args.iter().filter(|arg| arg.text.contains(char::is_whitespace)).cloned().collect::<Vec<_>>() {
        let text = arg.text.trim().to_owned();
        if code::sql_level(&text) >= High {
            walk.say(signal(
                "database_destroys",
                High,
                "Types a statement that deletes data in a database",
                Some(&text),
            ));
        }
        walk.quietly(|walk| walk.text_by(name, &text, depth + 1));
    }
}

/// Our own command line decides nothing, but it can put an older state in the place of today's, and copy everything.
fn own_program(name: &str, args: &[Word]) -> Signal {
    let mut words = args.iter();
    let mut verb = || {
        loop {
            let word = words.next()?;
            match word.text.as_str() {
                "--home" => drop(words.next()),
                text if text.starts_with('-') && !word.opaque => {}
                _ => return Some(word),
            }
        }
    };
    let (first, second) = (verb(), verb());
    let is = |word: Option<&Word>, wanted: &str| word.is_some_and(|word| word.opaque || word.text == wanted);
    let part = joined(name, args);
    if is(first, "audit") && is(second, "restore") {
        return signal(OWN, Critical, "May put an older state in the place of ClawButler's rules and log", Some(&part));
    }
    if is(first, "audit") && is(second, "backup") {
        return signal("own_read", High, "Copies all of ClawButler's data", Some(&part));
    }
    signal("own_program", Medium, "Runs ClawButler's own command line, which decides nothing", None)
}

/// Says what is not known about a program; whether it is known.
fn unknown(walk: &mut Walk<'_>, name: &str, head: &Word, args: &[Word], input: &Input) -> bool {
    secret_variables(walk, name, args);
    inline_options(walk, name, args, input);
    let lists = matches!(name, "env" | "printenv" | "set" | "export" | "declare");
    if lists && args.iter().all(|arg| arg.text == "-p" || arg.text == "-x") {
        walk.secrets = true;
        if walk
            .via
            .iter()
            .any(|how| matches!(how.as_str(), "doppler" | "op-run" | "chamber" | "aws-vault" | "infisical"))
        {
            walk.say(signal("secret_read", High, "Shows an environment that a store of secrets has filled", None));
        }
        walk.say(signal("environment", Medium, "Shows the environment, where tokens are often kept", None));
    }
    if name == "clawbutler" || name == "clawbutler-hook" {
        walk.say(own_program(name, args));
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
        || walk.functions.contains_key(name)
        || FAMILIES.iter().any(|family| family.0 == name)
        || INTERPRETERS.iter().any(|(interpreter, _)| *interpreter == name)
        || !rows_of(name).is_empty()
        || WRAPPERS.iter().any(|(wrapper, _, _)| *wrapper == name)
        || matches!(
            name,
            "rm" | "rmdir"
                | "unlink"
                | "eval"
                | "kill"
                | "su"
                | "source"
                | "."
                | "ssh"
                | "scp"
                | "truncate"
                | "sftp"
                | "fuser"
                | "redis-cli"
                | "valkey-cli"
                | "mongosh"
                | "mongo"
        );
    if !known {
        let says = if head.text.contains('/') {
            format!("Runs the program {}", head.text)
        } else {
            format!("Runs {name}, which ClawButler does not know")
        };
        walk.say(signal("unknown_program", Medium, says, Some(&head.text)));
        if head.text.contains('/') {
            tools::task(walk, "the shell", name, &joined(name, args));
        }
        tools::unknown_words(walk, name, args);
    } else if BUILDERS.contains(&name) && name != "git" {
        walk.say(signal("builds", Low, "Builds or tests the project", None));
    }
    known
}

/// Signals to processes.
fn kill(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input) {
    let names_us = |arg: &Word| {
        std::iter::once(&arg.text)
            .chain(&arg.inner)
            .any(|text| text.to_ascii_lowercase().replace(['[', ']'], "").contains("clawbutler"))
            || name != "kill"
                && arg.text.len() > 3
                && ["clawbutler-desktop", "clawbutler-hook"].iter().any(|own| own.contains(&arg.text))
    };
    let everything = *input == Input::Processes
        || args.iter().any(|arg| arg.pattern && arg.text.starts_with("/proc") || arg.text.starts_with("[0-9]"))
        || args.iter().any(|arg| {
            arg.opaque && arg.from.iter().any(|name| walk.vars.get(name).is_some_and(|value| value.pattern))
        });
    if args.iter().any(names_us) {
        walk.say(signal(OWN, Critical, "Stops ClawButler", Some(&joined(name, args))));
    } else if everything || name == "kill" && args.last().is_some_and(|arg| arg.text == "-1") && args.len() > 1 {
        walk.say(signal("kills", Critical, "Ends every process of the user", Some(&joined(name, args))));
    } else if !has(args, "-l|-L|-0") {
        walk.say(signal("kills", Medium, "Ends a process", Some(&joined(name, args))));
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
    if name == "find"
        && let Some(names) = deletes::found_names(args)
    {
        return Input::Names(names);
    }
    if name == "ps" && !has(args, "-p|--pid|-C") || name == "lsof" && args.iter().any(|arg| arg.text == "/") {
        return Input::Processes;
    }
    if *input == Input::Processes
        && !args.iter().any(|arg| arg.text.contains('/'))
        && matches!(name, "awk" | "tail" | "sed" | "cut" | "tr" | "sort" | "xargs" | "head" | "column")
    {
        return Input::Processes;
    }
    if DECODERS.contains(&name) {
        return Input::Decoded;
    }
    match (name, input) {
        ("xargs" | "sort" | "uniq" | "grep" | "head" | "tail", Input::Names(names)) => Input::Names(names.clone()),
        ("cat" | "tee" | "head" | "tail", Input::Text(text)) if operands(args).next().is_none() => {
            Input::Text(text.clone())
        }
        (_, Input::Decoded) => Input::Decoded,
        _ => Input::Output,
    }
}

/// A bundle of short options with this letter in it.
fn is_bundle_with(text: &str, letter: char) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_alphabetic()) && rest.contains(letter))
}
