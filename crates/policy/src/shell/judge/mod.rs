//! One simple command: what it is once its wrappers are taken off, and what it would do.

mod agents;
mod carried;
pub(crate) mod code;
mod containers;
mod files;
mod git;
mod network;
mod packages;
mod tools;
mod variables;

use clawbutler_core::limits::SHELL_DEPTH;
use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};

use super::tables::{
    AGENTS, BUILDERS, CALM, DECODERS, FAMILIES, FETCHERS, INTERPRETERS, PRINTERS, READERS, SHELLS, SQL, WRAPPERS, WRITERS, rows_of,
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
    if head.text.contains('/')
        && let Some(path) = walk.path(head)
        && paths::inside(&path, &walk.around.data_dir)
    {
        walk.say(signal(OWN, Critical, "Starts one of ClawButler's own programs", Some(&head.text)));
    }
    let only_reads = tools::rows(walk, &name, args);
    let mut known = tools::family(walk, &name, args, depth);
    known |= packages::look(walk, &name, args, depth);
    special(walk, &name, args, input, depth);
    code::interpreters(walk, &name, args, input, depth);
    files::files(walk, &name, args);
    known |= unknown(walk, &name, head, args);
    if !only_reads {
        carried::look(walk, &name, args, known, depth);
    }
    runs_what_was_written(walk, head);
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

/// Programs that tell where other programs or folders are.
const LOCATORS: &[&str] = &[
    "pwd", "which", "command", "git", "npm", "yarn", "pnpm", "go", "brew", "dirname", "realpath", "readlink", "xcrun", "poetry", "pipenv", "python", "python3",
    "ruby", "gem", "rustc", "cargo", "nproc", "llvm-config", "pyenv", "rbenv", "nvm", "mise", "asdf", "bundle", "composer", "stack", "opam", "type",
];
/// Variables by which developers choose a tool.
const TOOL_VARIABLES: &[&str] = &[
    "PYTHON", "PYTHON3", "PIP", "NODE", "NPM", "CC", "CXX", "LD", "AR", "MAKE", "CMAKE", "CARGO", "RUSTC", "GO", "GOBIN", "JAVA", "JAVA_HOME", "MVN", "GRADLE", "RUBY",
    "BUNDLE", "PHP", "COMPOSER", "DOCKER", "COMPOSE", "KUBECTL", "HELM", "TERRAFORM", "GOPATH", "GOROOT", "VIRTUAL_ENV", "CONDA_PREFIX", "ANDROID_HOME",
    "ANDROID_SDK_ROOT", "FLUTTER_ROOT", "NVM_DIR", "PYENV_ROOT", "HOMEBREW_PREFIX", "CARGO_HOME", "PNPM_HOME", "BUN_INSTALL", "DENO_DIR", "PWD", "OLDPWD", "PROJECT_ROOT", "ROOT", "DIR",
];

/// The program's plain name, where it is known although a part of the word is not: `$(npm bin)/eslint`.
fn known_name(walk: &Walk<'_>, head: &Word) -> Option<String> {
    if !head.opaque {
        return Some(program(&head.text));
    }
    let last = head.text.rsplit('/').next().unwrap_or_default();
    let locators = head.inner.iter().all(|text| {
        text.split_whitespace().next().is_some_and(|first| LOCATORS.contains(&first)) && !text.contains(['|', ';', '&', '`', '>'])
    });
    let variables = head.from.iter().all(|name| TOOL_VARIABLES.contains(&name.as_str()) && !walk.vars.contains_key(name));
    let told = !head.inner.is_empty() || !head.from.is_empty();
    if head.text.contains('/') && !last.is_empty() && !last.contains('$') && locators && told && !head.pattern {
        return Some(program(last));
    }
    // `$(which python3) …`, `$PYTHON …`.
    if head.text == "$" && head.inner.len() == 1 && head.from.is_empty() {
        let mut words = head.inner[0].split_whitespace();
        let which = words.next().is_some_and(|first| matches!(first, "which" | "command" | "type"));
        let name = words.rfind(|word| !word.starts_with('-'))?;
        return (which && locators && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).then(|| name.to_owned());
    }
    if head.text == "$" && head.inner.is_empty() && head.from.len() == 1 && variables {
        return Some(head.from[0].to_ascii_lowercase().trim_end_matches("_home").to_owned());
    }
    None
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
        walk.via.push(name);
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

/// Programs that need more than a row.
#[expect(clippy::too_many_lines, reason = "one arm a program, each short")]
fn special(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input, depth: usize) {
    match name {
        "rm" | "rmdir" | "unlink" => files::delete(walk, name, args, input),
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
        "alias" => {
            for (alias_name, text) in args.iter().filter_map(|arg| arg.text.split_once('=')) {
                let (alias_name, text) = (alias_name.to_owned(), text.to_owned());
                walk.quietly(|walk| walk.text_by("alias", &text, depth + 1));
                walk.aliases.insert(alias_name, text);
            }
        }
        "trap" => {
            for text in args.iter().map(|arg| arg.text.split_once('=').map_or(arg.text.as_str(), |(_, text)| text)) {
                walk.text(text, depth + 1);
            }
        }
        "kill" | "pkill" | "killall" => kill(walk, name, args),
        "git" => git::git(walk, args, depth),
        "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => containers::docker(walk, name, args, depth),
        "ssh" => network::ssh(walk, args, depth),
        "scp" | "rsync" => network::copy(walk, name, args, depth),
        "nc" | "ncat" | "netcat" | "socat" => network::raw(walk, name, args, input, depth),
        "truncate" => files::truncate(walk, args),
        "cp" | "mv" | "ln" | "install" => files::copies(walk, name, args),
        "chmod" | "chown" | "chgrp" => files::rights(walk, name, args),
        _ if AGENTS.contains(&name) => agents::start(walk, name, args),
        _ if FETCHERS.contains(&name) => network::fetch(walk, name, args, input),
        _ if SQL.contains(&name) => code::sql(walk, name, args, input),
        "su" => {
            walk.say(signal("privileged", High, "Acts as another user", Some(&joined(name, args))));
            code::texts_after(walk, args, &["-c", "--command"], depth);
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
        "dig" | "host" | "nslookup" | "ping" | "ping6" | "whois" | "drill" | "kdig" | "traceroute" | "getent" | "resolvectl" => {
            network::asks(walk, name, args);
        }
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
        || walk.functions.contains_key(name)
        || FAMILIES.iter().any(|family| family.0 == name)
        || INTERPRETERS.iter().any(|(interpreter, _)| *interpreter == name)
        || !rows_of(name).is_empty()
        || WRAPPERS.iter().any(|(wrapper, _, _)| *wrapper == name)
        || matches!(name, "rm" | "rmdir" | "unlink" | "eval" | "kill" | "su" | "source" | ".");
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
fn kill(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let names_us = |arg: &Word| {
        std::iter::once(&arg.text).chain(&arg.inner).any(|text| text.to_ascii_lowercase().contains("clawbutler"))
    };
    if args.iter().any(names_us) {
        walk.say(signal(OWN, Critical, "Stops ClawButler", Some(&joined(name, args))));
    } else if name == "kill" && args.last().is_some_and(|arg| arg.text == "-1") && args.len() > 1 {
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
        && let Some(names) = files::found_names(args)
    {
        return Input::Names(names);
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
