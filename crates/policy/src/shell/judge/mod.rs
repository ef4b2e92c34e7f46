//! One simple command: what it is once its wrappers are taken off, and what it would do.

mod agents;
mod carried;
pub(crate) mod code;
mod containers;
mod files;
mod git;
mod network;
mod packages;
mod program;
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
        && !READERS.contains(&name.as_str()) && !PRINTERS.contains(&name.as_str()) && !CALM.contains(&name.as_str())
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

/// Builds and tests run files that the same text wrote: their commands are looked at.
fn reaches_written(walk: &mut Walk<'_>, name: &str, args: &[Word], depth: usize) {
    let runs = BUILDERS.contains(&name) && !matches!(name, "git" | "gh" | "tar" | "code")
        || INTERPRETERS.iter().any(|(interpreter, _)| *interpreter == name)
        || SQL.contains(&name) || matches!(name, "vim" | "ex" | "ed" | "nvim");
    if !runs || walk.contents.is_empty() || walk.inside > 0 || name == "git" {
        return;
    }
    let _ = args;
    let texts: Vec<(String, String)> = walk.contents.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
    for (path, text) in texts {
        code::written_quietly(walk, &path, &text, depth);
    }
}

/// What `tee` and `sed -i` put into files, links that are made, what was downloaded and unpacked.
fn kept(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input) {
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
            let texts: Vec<String> = args.iter().filter(|arg| arg.text.contains(char::is_whitespace)).map(|arg| arg.text.clone()).collect();
            let files: Vec<Word> = operands(args).skip(1).cloned().collect();
            for path in files.iter().filter_map(|word| walk.path(word)).collect::<Vec<_>>() {
                texts.iter().for_each(|text| walk.keep(path.clone(), text));
            }
        }
        ("ln", _) if has(args, "-s|--symbolic") => {
            if let [target, link] = operands(args).cloned().collect::<Vec<_>>().as_slice()
                && let (Some(target), Some(link)) = (walk.path(target), walk.path(link))
            {
                if walk.links.len() < 32 {
                    walk.links.push((link, target));
                }
            }
        }
        ("tar" | "bsdtar" | "unzip" | "gunzip" | "7z", _) => {
            let fed = *input == Input::Download
                || operands(args).any(|word| walk.path(word).is_some_and(|path| walk.downloaded.contains(&path) || walk.network && walk.written.contains(&path)));
            if fed {
                let folder = args.iter().zip(args.iter().skip(1)).find(|(option, _)| matches!(option.text.as_str(), "-C" | "-d" | "--directory"));
                let folder = folder.map_or_else(|| walk.cwd.clone(), |(_, folder)| walk.path(folder));
                walk.downloaded.extend(folder);
            }
        }
        ("git", _) if args.iter().any(|arg| arg.text == "clone") => {
            let names: Vec<Word> = operands(args).skip(1).cloned().collect();
            let folder = match names.as_slice() {
                [_, folder, ..] => walk.path(folder),
                [url] => walk.path(&Word::plain(url.text.trim_end_matches(".git").rsplit(['/', ':']).next().unwrap_or_default())),
                [] => None,
            };
            walk.downloaded.extend(folder);
        }
        ("gcc" | "g++" | "cc" | "c++" | "clang" | "clang++" | "rustc" | "go" | "javac" | "ghc" | "zig" | "swiftc" | "ld" | "nim", _) => {
            let outputs: Vec<String> =
                args.iter().zip(args.iter().skip(1)).filter(|(option, _)| option.text == "-o").filter_map(|(_, file)| walk.path(file)).collect();
            if !walk.network {
                walk.written.retain(|path| !outputs.contains(path));
            }
        }
        _ => {}
    }
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
        if matches!(name.as_str(), "sudo" | "doas" | "pkexec" | "runuser" | "run0" | "gosu" | "su-exec" | "sg" | "dzdo") {
            let reads = name == "sudo" && sudo_reads(&argv[1..]);
            let (level, says) = if reads { (Medium, "Looks at something as administrator") } else { (High, "Acts as administrator") };
            walk.say(signal("privileged", level, says, Some(&head.text)));
        }
        if matches!(name.as_str(), "systemd-run" | "chroot" | "unshare" | "nsenter") {
            let args = argv[1..].to_vec();
            tools::rows(walk, &name, &args);
        }
        let Some((_, valued, operands)) = WRAPPERS.iter().find(|(wrapper, _, _)| *wrapper == name) else {
            return Some(argv);
        };
        if name == "command" && argv.get(1).is_some_and(|word| word.text == "-v" || word.text == "-V") {
            return Some(argv);
        }
        let mut at = 1;
        let mut operands = if name == "taskset" && has(&argv[1..], "-c|--cpu-list") { 1 } else { *operands };
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
        if name == "parallel" && let Some(marks) = argv[at..].iter().position(|word| word.text.starts_with(":::")) {
            let template: Vec<&str> = argv[at..at + marks].iter().map(|word| word.text.as_str()).collect();
            let template = template.join(" ");
            for word in argv[at + marks..].iter().filter(|word| !word.text.starts_with(":::") && word.text != "$").take(32).cloned().collect::<Vec<_>>() {
                let line = if template.contains("{}") { template.replace("{}", &word.text) } else { format!("{template} {}", word.text) };
                walk.text_by("parallel", &line, depth + 1);
            }
            return None;
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

/// Programs that only look, also when an administrator starts them.
const LOOKS: &[&str] = &[
    "journalctl", "dmesg", "lsof", "ss", "netstat", "df", "du", "ls", "ps", "top", "htop", "iotop", "lsblk", "blkid", "lshw", "lspci", "lsusb", "dmidecode", "smartctl", "uptime", "free",
    "nethogs", "iftop", "docker", "systemctl", "service", "ufw", "iptables", "nginx", "apachectl", "whoami", "id", "stat", "lsmod", "fdisk", "vmstat", "last", "lastb", "true", "-v", "-n", "-l",
];

/// `sudo` before something that only looks; `sudo -l`, `-v`, `-k`.
fn sudo_reads(args: &[Word]) -> bool {
    let Some(at) = args.iter().position(|arg| !arg.text.starts_with('-')) else {
        return args.iter().all(|arg| matches!(arg.text.as_str(), "-l" | "-v" | "-k" | "-K" | "-n" | "-V" | "--list" | "--validate" | "--version" | "-h" | "--help"));
    };
    if args[..at].iter().any(|arg| !matches!(arg.text.as_str(), "-n" | "-E" | "-H" | "--")) {
        return false;
    }
    let name = program(&args[at].text);
    let rest: Vec<&str> = operands(&args[at + 1..]).map(|word| word.text.as_str()).collect();
    let verb = rest.first().copied().unwrap_or_default();
    LOOKS.contains(&name.as_str())
        && match name.as_str() {
            "docker" => matches!(verb, "ps" | "images" | "logs" | "inspect" | "stats" | "version" | "info" | "top" | "port"),
            "systemctl" => matches!(verb, "status" | "show" | "cat" | "is-active" | "is-enabled" | "is-failed") || verb.starts_with("list-"),
            "service" => rest.last() == Some(&"status"),
            "ufw" => verb == "status",
            "iptables" => has(&args[at + 1..], "-L|-S|--list"),
            "nginx" | "apachectl" => has(&args[at + 1..], "-t|-T|-v|-V") || verb == "configtest",
            "fdisk" => has(&args[at + 1..], "-l"),
            "journalctl" => !args[at + 1..].iter().any(|arg| arg.text.starts_with("--vacuum") || arg.text == "--rotate" || arg.text == "--flush"),
            "dmesg" => !has(&args[at + 1..], "-C|-c|--clear"),
            _ => true,
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
                    if paths::data(target) {
                        walk.say(signal("overwrites", High, format!("Overwrites {target}, which holds data"), Some(target)));
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
            let known = args.len() == 1 && args[0].text == "$" && !args[0].inner.is_empty() && args[0].inner.iter().all(|text| initialises(text));
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
                let plain = args[2].text.chars().filter(|c| *c == '%').count() == text.len() && args[2].text.replace("%s", "").is_empty();
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
        "docker" | "podman" | "nerdctl" | "docker-compose" | "podman-compose" => containers::docker(walk, name, args, depth),
        "ssh" => network::ssh(walk, args, depth),
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
        "dig" | "host" | "nslookup" | "ping" | "ping6" | "whois" | "drill" | "kdig" | "traceroute" | "getent" | "resolvectl" => {
            network::asks(walk, name, args);
        }
        _ => {}
    }
}

/// Programs whose output is meant to be evaluated by the shell, with the words that make them print it.
const INITIALISERS: &[(&str, &str)] = &[
    ("ssh-agent", ""), ("direnv", "hook|export"), ("fnm", "env"), ("pyenv", "init|virtualenv-init"), ("rbenv", "init"), ("nodenv", "init"), ("jenv", "init"), ("goenv", "init"),
    ("brew", "shellenv"), ("starship", "init"), ("zoxide", "init"), ("mise", "activate|env|hook-env"), ("rtx", "activate"), ("asdf", ""), ("opam", "env|config"),
    ("conda", "shell.bash|shell.zsh|shell.posix|hook"), ("micromamba", "shell"), ("mamba", "shell"), ("minikube", "docker-env|podman-env"), ("docker-machine", "env"), ("dircolors", ""), ("luarocks", "path"),
    ("thefuck", ""), ("fzf", ""), ("gh", "completion"), ("kubectl", "completion"), ("helm", "completion"), ("npm", "completion"), ("register-python-argcomplete", ""), ("perl", "-I"),
    ("nvm", ""), ("volta", ""), ("atuin", "init"), ("keychain", ""), ("lesspipe", ""), ("lesspipe.sh", ""), ("resize", ""), ("gpg-agent", "--daemon"), ("poetry", "env"), ("uv", "generate-shell-completion"), ("pipx", ""), ("devbox", "shellenv"), ("guix", "package"),
];

/// Whether a substitution starts one of them and nothing else.
fn initialises(text: &str) -> bool {
    if text.contains(['|', ';', '&', '`', '$', '<', '\n']) && !text.contains("2>/dev/null") {
        return false;
    }
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else { return false };
    let first = first.rsplit('/').next().unwrap_or(first);
    let rest: Vec<&str> = words.collect();
    INITIALISERS.iter().any(|(name, verbs)| *name == first && (verbs.is_empty() || rest.iter().any(|word| verbs.split('|').any(|verb| verb == *word))))
}

/// `read name <<< text`: what is read is known where the text is.
fn reads_into(walk: &mut Walk<'_>, args: &[Word], input: &Input) {
    let names: Vec<String> = tools::operands_without(args, &["-p", "-t", "-n", "-N", "-d", "-u", "-i", "-O", "-s", "-c", "-C"]).iter().map(|name| (*name).to_owned()).collect();
    for arg in args.iter().filter(|arg| arg.text.contains("$(") || arg.text.contains('`')) {
        walk.quietly(|walk| walk.hidden_in(&arg.text.clone(), 1));
    }
    let known: Option<String> = match input {
        Input::Text(text) if !has(args, "-d") => text.lines().next().map(ToOwned::to_owned),
        _ => None,
    };
    let separators = walk.vars.get("IFS").map(|word| word.text.clone());
    let split = |text: &str| -> Vec<String> {
        let separates = |c: char| separators.as_ref().map_or(c.is_whitespace(), |set| set.contains(c));
        text.split(separates).filter(|piece| !piece.is_empty()).map(ToOwned::to_owned).collect()
    };
    if matches!(walk.seen.parts.last().map(|part| part.program.as_str()), Some("mapfile" | "readarray"))
        && let Some(at) = args.iter().position(|arg| arg.text == "-C")
        && let Some(callback) = args.get(at + 1).cloned()
    {
        walk.text_by("mapfile -C", &callback.text, 1);
    }
    if has(args, "-a") && let (Some(name), Some(text)) = (names.first(), &known) {
        let items = split(text).into_iter().map(Word::plain).collect();
        walk.vars.insert(name.clone(), Word { items, ..Word::unknown() });
        return;
    }
    let mut words = known.as_deref().map(&split);
    for (at, name) in names.iter().enumerate() {
        let value = match (&mut words, input) {
            (Some(words), _) if at + 1 == names.len() => Word::plain(words.get(at..).unwrap_or_default().join(" ")),
            (Some(words), _) => Word::plain(words.get(at).cloned().unwrap_or_default()),
            (None, Input::Names(patterns)) if patterns.len() == 1 => Word { pattern: true, ..Word::plain(&patterns[0]) },
            (None, _) => Word::unknown(),
        };
        walk.vars.insert(name.clone(), value);
    }
}

/// A patch handed to the shell's form of the tool: the files it names.
fn patch(walk: &mut Walk<'_>, args: &[Word], input: &Input) {
    let text = match (args.first(), input) {
        (Some(word), _) => word.text.clone(),
        (None, Input::Text(text)) => text.clone(),
        (None, _) => return walk.say(signal("hidden_program", High, "Applies a patch that is only known when it runs", None)),
    };
    for line in text.lines() {
        let file = ["*** Add File: ", "*** Update File: ", "*** Move to: "].iter().find_map(|mark| line.strip_prefix(mark));
        if let Some(file) = file {
            walk.wrote(&Word::plain(file.trim()), "Changes");
        } else if let Some(file) = line.strip_prefix("*** Delete File: ") {
            files::delete_one(walk, "rm", &Word::plain(file.trim()), false, file, line);
        }
    }
}

/// Says what is not known about a program; whether it is known.
fn unknown(walk: &mut Walk<'_>, name: &str, head: &Word, args: &[Word], input: &Input) -> bool {
    secret_variables(walk, name, args);
    inline_options(walk, name, args, input);
    let lists = matches!(name, "env" | "printenv" | "set" | "export" | "declare");
    if lists && args.iter().all(|arg| arg.text == "-p" || arg.text == "-x") {
        walk.secrets = true;
        if walk.via.iter().any(|how| matches!(how.as_str(), "doppler" | "op-run" | "chamber" | "aws-vault" | "infisical")) {
            walk.say(signal("secret_read", High, "Shows an environment that a store of secrets has filled", None));
        }
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
        || matches!(name, "rm" | "rmdir" | "unlink" | "eval" | "kill" | "su" | "source" | "." | "ssh" | "scp" | "truncate" | "sftp" | "fuser" | "redis-cli" | "valkey-cli" | "mongosh" | "mongo");
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

/// Programs of other languages by option, where no analysis of the language is at hand.
fn inline_options(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input) {
    if let Input::Text(text) = input
        && matches!(name, "ed" | "ex" | "vim" | "vi" | "m4" | "jshell" | "gnuplot" | "cmake" | "octave" | "groovy" | "erl" | "iex" | "ghci" | "ocaml" | "maxima" | "R" | "scala" | "gdb" | "bc" | "julia")
    {
        code::other_language(walk, name, &Word::plain(text.clone()));
    }
    if name.ends_with("latex") || name == "latexmk" {
        for arg in args.iter().filter(|arg| arg.text.contains("write18")).cloned().collect::<Vec<_>>() {
            code::other_language(walk, name, &arg);
        }
    }
    if args.iter().any(|arg| arg.text == "-wrapper") {
        walk.say(signal("loads_code", High, "Makes a compiler start another program", Some(&joined(name, args))));
    }
    if matches!(name, "terraform" | "tofu" | "pulumi") && args.iter().any(|arg| arg.text == "output" || arg.text == "--show-secrets") && args.iter().any(|arg| secret_name(&arg.text) || arg.text == "--show-secrets") {
        walk.say(signal("secret_read", High, "Shows a secret", Some(&joined(name, args))));
    }
    if name == "docker" && args.iter().any(|arg| arg.text.contains(".Config.Env")) {
        walk.say(signal("secret_read", High, "Shows the environment of a container, where secrets are kept", Some(&joined(name, args))));
    }
    let options: &[&str] = match name {
        "rails" => &["runner", "r", "-e", "production", "development", "staging"],
        "elixir" | "julia" | "groovy" | "scala" | "iex" => &["-e", "--eval", "-E"],
        "erl" => &["-eval"],
        "gnuplot" | "m4" | "octave" | "maxima" | "R" => &["-e", "--eval"],
        "gdb" | "lldb" => &["-ex", "--eval-command", "-o"],
        "emacs" => &["--eval", "-eval", "--execute", "-f"],
        "vim" | "vi" | "nvim" | "ex" | "view" => &["-c", "--cmd", "+"],
        "ipython" => &["-c"],
        "ghc" => &["-e"],
        _ => return,
    };
    let texts: Vec<Word> = args
        .iter()
        .zip(args.iter().skip(1))
        .filter(|(option, _)| options.contains(&option.text.as_str()))
        .map(|(_, text)| text.clone())
        .chain(args.iter().filter(|arg| arg.text.len() > 1 && arg.text.starts_with('+') && matches!(name, "vim" | "vi" | "nvim" | "ex")).cloned())
        .collect();
    for text in texts {
        code::other_language(walk, name, &text);
    }
}

/// Whether a variable's name says that it holds a secret.
fn secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY", "CREDENTIAL", "AUTH_KEY", "PASSPHRASE", "DATABASE_URL", "_PAT", "ENCRYPTION_KEY", "SIGNING_KEY"]
        .iter()
        .any(|piece| upper.contains(piece))
        && !upper.contains("TOKENS") && !upper.contains("TOKENIZ") && !upper.contains("MAX_TOKEN")
}

/// Secrets of the environment that are printed, or searched for in what the environment shows.
fn secret_variables(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let printed = PRINTERS.contains(&name) && args.iter().any(|arg| arg.from.iter().any(|name| (secret_name(name) || name == super::words::INDIRECT) && !walk.vars.contains_key(name)) && !arg.text.contains(":+"))
        || name == "printenv" && args.iter().any(|arg| secret_name(&arg.text))
        || name == "jq" && args.iter().any(|arg| arg.text.contains("env.") && secret_name(&arg.text) || arg.text.contains("$ENV") && !arg.text.contains("$ENV.") || arg.text.trim() == "env");
    let indirect = PRINTERS.contains(&name) && args.iter().any(|arg| arg.from.iter().any(|name| walk.vars.get(name).is_some_and(|value| secret_name(&value.text))));
    if printed || indirect {
        walk.secrets = true;
        if !walk.piped {
            walk.say(signal("secret_read", High, "Shows a secret of the environment", Some(&joined(name, args))));
        }
    }
    let told = walk.seen.parts.iter().any(|part| matches!(part.program.as_str(), "terraform" | "tofu" | "pulumi" | "terragrunt") && part.args.iter().any(|arg| matches!(arg.as_str(), "output" | "state" | "show")));
    if told && matches!(name, "jq" | "grep" | "yq") && args.iter().any(|arg| secret_name(&arg.text)) {
        walk.say(signal("secret_read", High, "Shows a secret out of the state of infrastructure", Some(&joined(name, args))));
    }
    let keys = matches!(name, "grep" | "egrep" | "rg" | "ag") && has(args, "-r|-R|--recursive") || matches!(name, "rg" | "ag");
    let whole = args.iter().any(|arg| walk.path(arg).is_some_and(|path| !arg.opaque && paths::class(&path, &walk.project, walk.around) == paths::Class::Root));
    if keys && whole && !has(args, "-l|--files-with-matches|-c|--count") {
        walk.say(signal("secret_read", High, "Searches a whole home or disk and shows what it finds", Some(&joined(name, args))));
    }
    let searches = matches!(name, "grep" | "egrep" | "rg" | "awk" | "sed") && walk.seen.signals.iter().any(|one| one.name == "environment")
        && args.iter().any(|arg| ["key", "token", "secret", "pass", "cred", "aws_", "auth"].iter().any(|word| arg.text.to_ascii_lowercase().contains(word)));
    if searches && !has(args, "-v|-c") {
        walk.say(signal("secret_read", High, "Looks for secrets in the environment", Some(&joined(name, args))));
    }
}

/// Signals to processes.
fn kill(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input) {
    let names_us = |arg: &Word| {
        std::iter::once(&arg.text).chain(&arg.inner).any(|text| text.to_ascii_lowercase().replace(['[', ']'], "").contains("clawbutler"))
            || name != "kill" && arg.text.len() > 3 && ["clawbutler-desktop", "clawbutler-hook"].iter().any(|own| own.contains(&arg.text))
    };
    let everything = *input == Input::Processes || args.iter().any(|arg| arg.pattern && arg.text.starts_with("/proc") || arg.text.starts_with("[0-9]"))
        || args.iter().any(|arg| arg.opaque && arg.from.iter().any(|name| walk.vars.get(name).is_some_and(|value| value.pattern)));
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
        && let Some(names) = files::found_names(args)
    {
        return Input::Names(names);
    }
    if name == "ps" && !has(args, "-p|--pid|-C") || name == "lsof" && args.iter().any(|arg| arg.text == "/") {
        return Input::Processes;
    }
    if *input == Input::Processes && !args.iter().any(|arg| arg.text.contains('/')) && matches!(name, "awk" | "tail" | "sed" | "cut" | "tr" | "sort" | "xargs" | "head" | "column") {
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

/// What `echo` and `printf` put out, as far as it can be told.
fn printed(name: &str, args: &[Word]) -> Input {
    if args.iter().any(|arg| arg.opaque) {
        return Input::Output;
    }
    let texts: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
    if name == "printf" {
        return match texts.as_slice() {
            ["%s" | "%s\\n" | "%s\n", rest @ ..] => Input::Text(rest.join("\n")),
            [format, ..] if format.contains('%') || format.replace("\\n", "").replace("\\t", "").contains('\\') => Input::Decoded,
            [format, ..] => Input::Text(format.replace("\\n", "\n").replace("\\t", "\t")),
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

/// A program that the same text wrote or downloaded before starting it has been seen by nobody.
fn runs_what_was_written(walk: &mut Walk<'_>, program: &Word, depth: usize) {
    if program.opaque && let Some(text) = program.from.first().and_then(|name| walk.contents.get(&format!("${name}")).cloned()) {
        return code::written(walk, &program.text, &text, depth);
    }
    if !program.text.contains('/') {
        return;
    }
    let Some(path) = walk.path(program) else { return };
    if walk.downloaded.iter().any(|file| paths::inside(&path, file)) {
        return walk.say(signal("runs_download", Critical, "Runs what the same command downloaded", Some(&program.text)));
    }
    if let Some(text) = walk.contents.get(&path).cloned() {
        return code::written(walk, &path, &text, depth);
    }
    if walk.written.contains(&path) {
        let (name, level) = if walk.network { ("runs_download", Critical) } else { ("runs_written", High) };
        walk.say(signal(name, level, "Runs a program that the same command wrote", Some(&program.text)));
    }
}
