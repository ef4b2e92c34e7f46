//! One simple command: what it is once its wrappers are taken off, and what it would do.

use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};

use super::tables::{
    BUILDERS, CALM, CLOUD_WORDS, CLOUDS, DECODERS, FETCHERS, INTERPRETERS, PRINTERS, REACHES, READERS, ROWS, SHELLS,
    SQL, WRAPPERS, WRITERS,
};
use super::walk::{Input, Walk};
use super::words::Word;
use crate::assess::{OWN, network_signals, signal};
use crate::paths::{self, Class};

/// Judges a command and tells what its output is to the next one in the pipe.
pub(crate) fn command(walk: &mut Walk<'_>, argv: &[Word], input: &Input, depth: usize) -> Input {
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
    special(walk, &name, args, depth);
    interpreters(walk, &name, args, input, depth);
    files(walk, &name, args);
    unknown(walk, &name, head, args);
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
        if name == "sudo" || name == "doas" {
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
            } else if name == "env" && (text == "-S" || text.starts_with("--split-string")) {
                let rest: Vec<&str> = argv[at + 1..].iter().map(|word| word.text.as_str()).collect();
                walk.text(&rest.join(" "), depth + 1);
                return None;
            } else if valued.contains(&text) {
                at += 2;
            } else if text.starts_with('-') && text.len() > 1 || (name == "env" && text.contains('=')) {
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
            argv.push(Word { text: "$".to_owned(), opaque: true, inner: Vec::new() });
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
                text == wanted || text.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('='))
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
    args.iter().filter(|arg| !arg.text.starts_with('-') || arg.text == "-")
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
fn special(walk: &mut Walk<'_>, name: &str, args: &[Word], depth: usize) {
    match name {
        "rm" | "rmdir" | "unlink" | "trash" => delete(walk, name, args),
        "find" => find(walk, args, depth),
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
                hidden_text(walk, arg);
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
            }
        }
        _ if FETCHERS.contains(&name) => fetch(walk, name, args),
        _ if SQL.contains(&name) => sql(walk, name, args),
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
            texts_after(walk, args, &["-c", "--command"], depth);
        }
        "docker" | "podman" | "kubectl" => {
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
        "truncate" | "shred" => walk.say(signal("overwrites", High, "Empties files", Some(&joined(name, args)))),
        _ => {}
    }
}

fn delete(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
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

fn find(walk: &mut Walk<'_>, args: &[Word], depth: usize) {
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

fn fetch(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    walk.network = true;
    let method = args.iter().zip(args.iter().skip(1)).any(|(option, value)| {
        (option.text == "-X" || option.text == "--request")
            && !["GET", "HEAD", "OPTIONS"].contains(&value.text.to_ascii_uppercase().as_str())
    }) || args.iter().any(|arg| ["-XPOST", "-XPUT", "-XDELETE", "-XPATCH"].contains(&arg.text.as_str()));
    let body = has(
        args,
        "--data|--data-raw|--data-binary|--data-urlencode|--json|--form|--form-string|--upload-file|--post-data|--post-file|--body-data|--body-file|--method",
    ) || (name == "curl" && has(args, "-d|-F|-T"));
    if method || body {
        walk.say(signal("upload", High, "Sends data over the network", Some(&joined(name, args))));
    }
    for arg in args {
        let url = arg.text.contains("://") || (!arg.text.starts_with('-') && arg.text.contains('.'));
        if url {
            network_signals(&arg.text).into_iter().for_each(|one| walk.say(one));
        }
        if let Some(file) = arg.text.split_once('@').map(|(_, file)| file).filter(|_| body) {
            walk.read(&Word { text: file.to_owned(), ..Word::default() });
        }
    }
    walk.say(signal("network", Medium, "Uses the network", None));
    for (option, target) in args.iter().zip(args.iter().skip(1)) {
        if ["-o", "--output", "-O", "--output-document"].contains(&option.text.as_str())
            && !target.text.starts_with('-')
            && !target.text.contains("://")
        {
            walk.wrote(&target.clone(), "Writes to");
        }
    }
}

fn sql(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let text = joined("", args).to_ascii_uppercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let says = |word: &str| words.contains(&word);
    let unbounded = says("DELETE") && !says("WHERE") || says("UPDATE") && says("SET") && !says("WHERE");
    if says("DROP") || says("TRUNCATE") || unbounded {
        walk.say(signal(
            "database_destroys",
            High,
            "Deletes or overwrites data in a database",
            Some(&joined(name, args)),
        ));
    } else if says("DELETE") || says("UPDATE") || says("INSERT") || says("ALTER") || says("CREATE") || says("GRANT") {
        walk.say(signal("database_changes", Medium, "Changes data in a database", Some(&joined(name, args))));
    }
}

/// A text to run that is only known when it runs; worse when it is a download.
fn hidden_text(walk: &mut Walk<'_>, text: &Word) {
    let downloads =
        text.inner.iter().any(|inner| inner.split(|c: char| !c.is_alphanumeric()).any(|word| FETCHERS.contains(&word)));
    if downloads {
        walk.say(signal("runs_download", Critical, "Runs whatever a download contains", Some(&text.text)));
    } else {
        walk.say(signal("hidden_program", High, "Runs a text that is only known when it runs", Some(&text.text)));
    }
}

/// Looks at the text after an option such as `-c`, also inside a bundle (`-lc`).
fn texts_after(walk: &mut Walk<'_>, args: &[Word], options: &[&str], depth: usize) -> bool {
    let mut found = false;
    for (option, text) in args.iter().zip(args.iter().skip(1)) {
        let bundle = option.text.starts_with('-') && !option.text.starts_with("--") && option.text.ends_with('c');
        if options.contains(&option.text.as_str()) || bundle {
            found = true;
            if text.opaque {
                hidden_text(walk, text);
            }
            walk.text(&text.text, depth + 1);
        }
    }
    found
}

fn interpreters(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input, depth: usize) {
    let shell = SHELLS.contains(&name);
    let language = INTERPRETERS
        .iter()
        .find(|(interpreter, _)| *interpreter == name || name.starts_with("python3.") && *interpreter == "python3");
    if !shell && language.is_none() && name != "source" && name != "." {
        return;
    }
    if shell && texts_after(walk, args, &["-c"], depth) {
        return;
    }
    if let Some((_, options)) = language {
        for (option, text) in args.iter().zip(args.iter().skip(1)) {
            if options.contains(&option.text.as_str()) {
                return inline(walk, name, &text.text, text.opaque);
            }
        }
        if name.ends_with("awk") {
            if let Some(text) = operands(args)
                .next()
                .filter(|text| ["system(", "getline", "|", ">"].iter().any(|hole| text.text.contains(hole)))
            {
                inline(walk, name, &format!("system {}", text.text), text.opaque);
            }
            return;
        }
    }
    let script = operands(args).next().filter(|word| word.text != "-").cloned();
    match (script, input) {
        (Some(word), _) if word.text == "/dev/fd/63" || word.text == "/dev/stdin" => {
            fed(walk, name, shell, input, depth);
        }
        (Some(word), _) if !has(args, "-m|--version|-V|-h|--help") => {
            walk.read(&word);
            walk.say(signal("runs_script", Medium, format!("Runs the script {}", word.text), Some(&word.text)));
        }
        (Some(_), _) => {}
        (None, _) if has(args, "-s") || !has(args, "--version|-V|-v|-h|--help") => fed(walk, name, shell, input, depth),
        (None, _) => {}
    }
}

/// An interpreter that runs what arrives on its input.
fn fed(walk: &mut Walk<'_>, name: &str, shell: bool, input: &Input, depth: usize) {
    match input {
        Input::Text(text) if shell => walk.text(text, depth + 1),
        Input::Text(text) => inline(walk, name, text, false),
        Input::Download => walk.say(signal("runs_download", Critical, "Runs whatever a download contains", Some(name))),
        Input::Decoded => {
            walk.say(signal("runs_hidden", Critical, "Runs a text that was encoded to hide it", Some(name)));
        }
        Input::Output => walk.say(signal("stdin_script", High, "Runs whatever another command prints", Some(name))),
        Input::None => {}
    }
}

fn inline(walk: &mut Walk<'_>, name: &str, text: &str, opaque: bool) {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let reach = words.into_iter().find(|word| REACHES.contains(word));
    match reach {
        _ if opaque => walk.say(signal(
            "hidden_program",
            High,
            format!("Runs a {name} program that is only known when it runs"),
            None,
        )),
        Some(word) => walk.say(signal(
            "inline_code_reach",
            High,
            format!("Runs a {name} program that reaches files, programs or the network ({word})"),
            Some(text),
        )),
        None => walk.say(signal("inline_code", Medium, format!("Runs a {name} program given on the line"), Some(text))),
    }
    if ["http", "https", "urllib", "requests", "socket", "fetch", "fsockopen"].iter().any(|word| text.contains(word)) {
        walk.network = true;
    }
    // Paths named in it are touched in ways that cannot be told.
    for piece in text.split(['"', '\'', '`']).filter(|piece| piece.contains('/') || piece.starts_with('.')).take(50) {
        if piece.starts_with(['/', '~', '.']) && !piece.contains(char::is_whitespace) {
            let word = Word { text: piece.to_owned(), ..Word::default() };
            walk.read(&word);
            if walk.path(&word).is_some_and(|path| paths::class(&path, &walk.project, walk.around) == Class::Own) {
                walk.wrote(&word, "May change");
            }
        }
    }
}

/// Paths among the arguments.
fn files(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    if PRINTERS.contains(&name)
        || FETCHERS.contains(&name)
        || matches!(name, "git" | "rm" | "rmdir" | "unlink" | "cd" | "dd" | "gh" | "alias")
    {
        return;
    }
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
}

fn unknown(walk: &mut Walk<'_>, name: &str, head: &Word, args: &[Word]) {
    if matches!(name, "env" | "printenv" | "set" | "export") && args.is_empty() {
        walk.secrets = true;
    }
    if name == "clawbutler" || name == "clawbutler-hook" {
        return walk.say(signal(
            "own_program",
            Medium,
            "Runs ClawButler's own command line, which decides nothing",
            None,
        ));
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
        let texts: Vec<&str> =
            args.iter().filter(|arg| !arg.text.starts_with('-')).map(|arg| arg.text.as_str()).collect();
        return if args.iter().any(|arg| arg.opaque) { Input::Output } else { Input::Text(texts.join(" ")) };
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
