//! Texts handed to shells, interpreters of other languages and databases.

use clawbutler_core::action::Dialect;
use clawbutler_core::risk::RiskLevel::{self, Critical, High, Low, Medium};

use super::{has, is_bundle_with, operands, program, runs_what_was_written};
use crate::assess::signal;
use crate::paths::{self, Class};
use crate::shell::tables::{CALM_MODULES, FETCHERS, INTERPRETERS, REACHES, SHELLS};
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;
use crate::windows::Place;

/// Risk of database statements by themselves.
pub(crate) fn sql_level(text: &str) -> RiskLevel {
    program::level(text)
}

/// Whether a word names something in production.
pub(super) fn far_production(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|piece| matches!(piece, "prod" | "production" | "live" | "prd"))
        && !lower.contains("select ")
}

/// A text to run that is only known when it runs; worse when it is a download.
pub(super) fn hidden_text(walk: &mut Walk<'_>, text: &Word) {
    let behind = text.from.iter().filter_map(|name| walk.vars.get(name)).flat_map(|word| &word.inner);
    let downloads = text
        .inner
        .iter()
        .chain(behind)
        .any(|inner| inner.split(|c: char| !c.is_alphanumeric()).any(|word| FETCHERS.contains(&word)));
    if downloads {
        walk.say(signal("runs_download", Critical, "Runs whatever a download contains", Some(&text.text)));
    } else {
        walk.say(signal("hidden_program", High, "Runs a text that is only known when it runs", Some(&text.text)));
    }
}

/// Looks at the text after an option such as `-c`, also inside a bundle (`-lc`); what follows it are its
/// parameters.
pub(super) fn texts_after(walk: &mut Walk<'_>, args: &[Word], options: &[&str], depth: usize) -> bool {
    let at = args.iter().position(|option| {
        options.contains(&option.text.as_str()) || options.contains(&"-c") && is_bundle_with(&option.text, 'c')
    });
    let Some(at) = at.filter(|at| at + 1 < args.len()) else { return false };
    let skip = args[at + 1..]
        .iter()
        .take_while(|word| word.text == "--" || word.text.starts_with(['-', '+']) && word.text.len() == 2)
        .count();
    let Some(text) = args.get(at + 1 + skip).or_else(|| args.last()) else { return false };
    if text.opaque {
        hidden_text(walk, text);
    }
    let parameters = args.get(at + 2 + skip..).unwrap_or_default();
    let (zero, rest) = parameters.split_first().map_or(("sh", parameters), |(zero, rest)| (zero.text.as_str(), rest));
    let outer = walk.positional(zero, rest);
    walk.text_by("sh -c", &text.text.clone(), depth + 1);
    walk.restore(outer);
    true
}

/// PowerShell and cmd, started from a POSIX shell.
fn windows(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input, depth: usize) {
    let cmd = name == "cmd";
    let mut rest = args.iter();
    let mut text: Option<String> = None;
    let join =
        |words: &mut dyn Iterator<Item = &Word>| words.map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    while let Some(arg) = rest.next() {
        let lower = arg.text.to_ascii_lowercase().replace('/', "-");
        let option = lower.trim_start_matches('-');
        if cmd && (lower.starts_with("-c") || lower.starts_with("-k")) {
            let attached = arg.text.get(2..).unwrap_or_default().to_owned();
            text = Some(format!("{attached} {}", join(&mut rest.by_ref())));
        } else if !cmd && lower.starts_with('-') && !option.is_empty() && "encodedcommand".starts_with(option)
            || option == "ec"
        {
            text = Some(format!("powershell -EncodedCommand {}", join(&mut rest.by_ref())));
        } else if !cmd && lower.starts_with('-') && !option.is_empty() && "command".starts_with(option) {
            text = Some(join(&mut rest.by_ref()));
        } else if !cmd && lower.starts_with('-') && !option.is_empty() && "file".starts_with(option) {
            if let Some(script) = rest.next() {
                walk.read(&script.clone());
                walk.say(signal("runs_script", Medium, format!("Runs the script {}", script.text), Some(&script.text)));
            }
            return;
        } else if !cmd
            && matches!(
                option,
                "executionpolicy"
                    | "ep"
                    | "ex"
                    | "version"
                    | "workingdirectory"
                    | "wd"
                    | "outputformat"
                    | "inputformat"
                    | "windowstyle"
                    | "w"
            )
        {
            rest.next();
        } else if !arg.text.starts_with('-') && !cmd {
            text = Some(format!("{} {}", arg.text, join(&mut rest.by_ref())));
        }
    }
    let fed = match input {
        Input::Text(fed) if text.is_none() || text.as_deref() == Some("-") => Some(fed.clone()),
        Input::Download if text.is_none() || text.as_deref().is_some_and(|text| text.trim() == "-") => {
            return walk.say(signal("runs_download", Critical, "Runs whatever a download contains", Some(name)));
        }
        Input::Decoded if text.is_none() => {
            return walk.say(signal("runs_hidden", Critical, "Runs a text that was encoded to hide it", Some(name)));
        }
        _ => None,
    };
    let Some(text) = fed.or(text) else { return };
    if args.iter().any(|arg| arg.opaque) && text.trim() == "$" {
        return walk.say(signal("hidden_program", High, "Runs a text that is only known when it runs", Some(name)));
    }
    let dialect = if cmd { Dialect::Cmd } else { Dialect::Powershell };
    let cwd = walk.cwd.clone().unwrap_or_else(|| "/".to_owned());
    if !walk.spend(text.len() * 2) {
        return;
    }
    let project = walk.project.clone();
    let place = Place { cwd: &cwd, project: &project, depth: depth + 1 };
    let seen = crate::windows::seen(dialect, &text, place, walk.around);
    walk.take(seen, name);
}

#[expect(clippy::too_many_lines, reason = "one arm a case, each short")]
pub(super) fn interpreters(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input, depth: usize) {
    if matches!(name, "powershell" | "pwsh" | "cmd") {
        return windows(walk, name, args, input, depth);
    }
    let shell = SHELLS.contains(&name) || name == "source" || name == ".";
    let language = INTERPRETERS
        .iter()
        .find(|(interpreter, _)| *interpreter == name || name.starts_with("python3.") && *interpreter == "python3");
    if !shell && language.is_none() {
        return;
    }
    if has(args, "-n") && SHELLS.contains(&name) && !has(args, "-c|-s") {
        return walk.say(signal("reads", Low, "Checks a script without running it", None));
    }
    if SHELLS.contains(&name) && texts_after(walk, args, &["-c"], depth) {
        return;
    }
    if let Some((_, options)) = language {
        let valued =
            ["-W", "-X", "-r", "--require", "--import", "--loader", "-C", "-I", "-M", "--conditions", "-d", "-l", "-s"];
        let script = args.iter().enumerate().position(|(at, arg)| {
            !arg.text.starts_with('-')
                && !(at > 0
                    && (valued.contains(&args[at - 1].text.as_str()) || options.contains(&args[at - 1].text.as_str())))
        });
        let before = &args[..script.map_or(args.len(), |at| (at + 1).min(args.len()))];
        let before = if name == "deno" { args } else { before };
        let silent = matches!(name, "perl" | "ruby") && has(args, "-i") && has(args, "-n") && !has(args, "-p");
        if silent && !args.iter().any(|arg| arg.text.contains("print") || arg.text.contains("puts")) {
            walk.say(signal("overwrites", High, "Empties files", args.last().map(|arg| arg.text.as_str())));
        }
        for (option, text) in before.iter().zip(before.iter().skip(1)) {
            if options.contains(&option.text.as_str()) {
                return inline(walk, name, &text.text, text.opaque, depth);
            }
        }
        let attached = args
            .iter()
            .find_map(|arg| options.iter().find_map(|option| arg.text.strip_prefix(option)?.strip_prefix('=')));
        if let Some(text) = attached {
            return inline(walk, name, text, false, depth);
        }
        if name.ends_with("awk")
            && args.iter().any(|arg| arg.text == "inplace")
            && !args.iter().any(|arg| arg.text.contains("print"))
        {
            walk.say(signal("overwrites", High, "Empties files", args.last().map(|arg| arg.text.as_str())));
        }
        if name.ends_with("awk") && !has(args, "-f") {
            if let Some(text) = operands(args).next().filter(|text| text.text.contains(['(', '|', '>', '"'])).cloned() {
                inline(walk, name, &text.text, text.opaque, depth);
            }
            return;
        }
    }
    if matches!(name, "deno" | "bun") && args.first().is_some_and(|arg| arg.text == "run") {
        return interpreters(walk, name, &args[1..], input, depth);
    }
    if has(args, "-m") && args.iter().any(|arg| arg.text == "timeit") {
        if let Some(text) = args.iter().rfind(|arg| !arg.text.starts_with('-') && arg.text != "timeit") {
            inline(walk, name, &text.text.clone(), text.opaque, depth);
        }
        return;
    }
    if name.ends_with("awk") && has(args, "-f") {
        return fed(walk, name, shell, input, depth);
    }
    // With `-s` the words behind it are arguments, not a script.
    if shell && has(args, "-s") {
        return fed(walk, name, shell, input, depth);
    }
    let script = operands(args).next().filter(|word| word.text != "-").cloned();
    match (script, input) {
        (Some(word), _) if word.text.starts_with("/dev/fd/") || word.text == "/dev/stdin" => {
            fed(walk, name, shell, input, depth);
        }
        (Some(word), _) if !has(args, "-m|--version|-V|-h|--help") => {
            walk.read(&word);
            walk.say(signal("runs_script", Medium, format!("Runs the script {}", word.text), Some(&word.text)));
            let rest: Vec<Word> = args.iter().skip_while(|arg| arg.text != word.text).skip(1).cloned().collect();
            named_script(walk, name, &word, &rest, input);
            let named = if word.text.contains('/') { word } else { Word { text: format!("./{}", word.text), ..word } };
            runs_what_was_written(walk, &named, depth);
        }
        (Some(word), _) if has(args, "-m") => {
            let home =
                walk.cwd.as_ref().is_some_and(|cwd| paths::class(cwd, &walk.project, walk.around) == Class::Root);
            if word.text == "http.server" && home {
                walk.say(signal("remote", High, "Serves a whole home or disk to the network", Some(&word.text)));
            }
            walk.say(signal("runs_script", Medium, format!("Runs the module {}", word.text), Some(&word.text)));
        }
        (Some(_), _) => {}
        (None, _) if !has(args, "--version|-V|-v|-h|--help") => fed(walk, name, shell, input, depth),
        (None, _) => {}
    }
}

/// Scripts that are command lines of their own (`manage.py flush`), addresses, and files written just before.
fn named_script(walk: &mut Walk<'_>, name: &str, word: &Word, rest: &[Word], input: &Input) {
    if word.text.contains("://") {
        walk.network = true;
        return walk.say(signal("runs_download", Critical, "Runs whatever a download contains", Some(&word.text)));
    }
    let base = word.text.rsplit('/').next().unwrap_or(&word.text).to_owned();
    super::tools::rows(walk, &base, rest);
    if base == "manage.py" && rest.iter().any(|arg| matches!(arg.text.as_str(), "shell" | "shell_plus" | "dbshell")) {
        match input {
            Input::Text(text) => other_language(walk, "manage.py", &Word::plain(text.clone())),
            Input::None => {}
            _ => walk.say(signal(
                "stdin_script",
                High,
                "Runs a program inside the app that comes from elsewhere",
                Some(&base),
            )),
        }
    }
    if name != "source" && name != "." {
        super::tools::task(walk, name, base.split('.').next().unwrap_or(&base), &word.text);
    }
}

/// An interpreter that runs what arrives on its input.
pub(super) fn fed(walk: &mut Walk<'_>, name: &str, shell: bool, input: &Input, depth: usize) {
    match input {
        Input::Text(text) if shell => walk.text(text, depth + 1),
        Input::Text(text) => inline(walk, name, text, false, depth),
        Input::Download => walk.say(signal("runs_download", Critical, "Runs whatever a download contains", Some(name))),
        Input::Decoded => {
            walk.say(signal("runs_hidden", Critical, "Runs a text that was encoded to hide it", Some(name)));
        }
        Input::Names(_) | Input::Processes | Input::Output => {
            walk.say(signal("stdin_script", High, "Runs whatever another command prints", Some(name)));
        }
        Input::None => {}
    }
}

pub(crate) fn inline(walk: &mut Walk<'_>, name: &str, text: &str, opaque: bool, depth: usize) {
    if !opaque && program::look(walk, name, text, depth) {
        return;
    }
    if opaque {
        return walk.say(signal(
            "hidden_program",
            High,
            format!("Runs a {name} program that is only known when it runs"),
            None,
        ));
    }
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let mut words = words.peekable();
    let mut reach = None;
    while let Some(word) = words.next() {
        let imports = matches!(word, "import" | "from" | "require" | "use");
        let module = words.peek().copied().filter(|module| imports && !CALM_MODULES.contains(module));
        let hidden = word.starts_with("__") && word.ends_with("__");
        if REACHES.contains(&word) || hidden {
            reach = Some(word);
            break;
        }
        if module.is_some() && !name.ends_with("awk") {
            reach = module;
            break;
        }
    }
    if reach.is_none() && matches!(name, "ruby" | "perl" | "php") && text.contains('`') {
        reach = Some("`");
    }
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

/// A file that the same text wrote and then runs.
pub(super) fn written(walk: &mut Walk<'_>, path: &str, text: &str, depth: usize) {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ending)| ending);
    let first = text.lines().next().unwrap_or_default();
    let shell = matches!(ending, "sh" | "bash" | "zsh" | "")
        && !first.contains("python")
        && !first.contains("node")
        && !first.contains("perl")
        && !first.contains("ruby");
    if shell {
        return walk.text_by("a file written before", text, depth + 1);
    }
    written_quietly(walk, path, text, depth);
}

/// A file that the same text wrote and that a build, a test or another program may run: its commands and
/// the texts in it count where they are high risk.
pub(super) fn written_quietly(walk: &mut Walk<'_>, path: &str, text: &str, depth: usize) {
    if walk.inside > 0 {
        return;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let language = match ending {
        "py" => Some("python3"),
        "js" | "mjs" | "cjs" | "ts" => Some("node"),
        "rb" => Some("ruby"),
        "pl" | "pm" => Some("perl"),
        "php" => Some("php"),
        "lua" => Some("lua"),
        _ => None,
    };
    if let Some(language) = language {
        return walk
            .quietly(|walk| walk.by("a file written before", |walk| inline(walk, language, text, false, depth)));
    }
    if ending == "sql" {
        if sql_level(text) >= High {
            walk.say(signal("database_destroys", High, "Runs statements written before that delete data", Some(name)));
        }
        return;
    }
    if matches!(
        ending,
        "md" | "mdx"
            | "txt"
            | "rst"
            | "adoc"
            | "html"
            | "css"
            | "scss"
            | "csv"
            | "svg"
            | "tex"
            | "po"
            | "snap"
            | "lock"
    ) {
        return;
    }
    for line in text.lines().take(400) {
        let line = line.trim_start_matches(['\t', ' ', '@', '-', '+']);
        let line = ["RUN ", "CMD ", "ENTRYPOINT ", "command: ", "run: ", "//go:generate ", "!", ":!", "script: "]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
            .unwrap_or(line);
        if line.len() > 2 && line.len() < 400 && !line.starts_with(['#', '/', '<']) {
            let line = line.to_owned();
            walk.quietly(|walk| walk.by("a file written before", |walk| walk.text(&line, depth + 1)));
        }
    }
    let compiled = matches!(
        ending,
        "go" | "rs" | "java" | "kt" | "cs" | "c" | "cpp" | "cc" | "ex" | "exs" | "scala" | "swift" | "zig" | "nim"
    );
    let reach = [
        "RemoveAll", "remove_dir_all", "remove_file", "deleteRecursively", "FileUtils.delete", "Runtime.getRuntime",
        "ProcessBuilder", "system(", "File.rm_rf", "removeItem", "Process.Start", "Directory.Delete",
        "Command::new(\"rm", "Command::new(\"sh", "Command::new(\"bash", "Command::new(\"git", "exec.Command(\"rm",
        "exec.Command(\"sh", "exec.Command(\"bash", "exec.Command(\"git",
    ];
    if let Some(word) = reach.iter().find(|word| compiled && text.contains(**word)) {
        walk.say(signal(
            "inline_code_reach",
            High,
            format!("Builds and runs a program written just before that reaches files or programs ({word})"),
            Some(name),
        ));
    }
    literals(walk, text, depth);
}

/// Every text in quotes, looked at as a command; a list of texts as one, too.
pub(super) fn literals(walk: &mut Walk<'_>, text: &str, depth: usize) {
    let mut found: Vec<String> = Vec::new();
    for quote in ['"', '\'', '`'] {
        found.extend(
            text.split(quote)
                .skip(1)
                .filter(|piece| piece.len() > 1 && piece.len() < 400)
                .take(60)
                .map(ToOwned::to_owned),
        );
    }
    let quoted: Vec<String> = text.split('"').skip(1).step_by(2).take(60).map(ToOwned::to_owned).collect();
    let list =
        quoted.iter().filter(|piece| !piece.contains(char::is_whitespace)).cloned().collect::<Vec<_>>().join(" ");
    for piece in found.iter().filter(|piece| piece.contains(' ')).chain(std::iter::once(&list)) {
        let piece = piece.clone();
        walk.quietly(|walk| walk.by("a text inside", |walk| walk.text(&piece, depth + 1)));
    }
}

/// Words by which programs of languages that are not taken apart destroy, start or send something.
const DESTRUCTIVE: &[&str] = &[
    "rm_rf", "rm_r", "rm", "delete_all", "destroy_all", "delete", "destroy", "drop", "truncate", "removeall",
    "remove_all", "remove", "rmtree", "deletedirectory", "delete_directory", "delete-directory", "delete-file",
    "unlink", "system", "shell", "shell-command", "call-process", "cmd", "exec", "execute", "spawn", "popen", "run",
    "processbuilder", "runtime", "os", "system2", "syscmd", "esyscmd", "write18", "remove_recurse", "execute_process",
    "execute_command", "jobstart", "termopen", "credentials", "secrets", "env", "connection", "update_all", "eval",
    "instance_eval", "send", "httpc", "gen_tcp", "url-retrieve", "net", "socket", "http", "curl", "wget", "py3",
    "python3", "perl", "lua", "ruby", "%d", "bwipeout",
];

/// A program in a language that is not taken apart: told by its words, in small letters.
pub(super) fn other_language(walk: &mut Walk<'_>, name: &str, text: &Word) {
    let lower = text.text.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '%'));
    let calm = matches!(name, "vim" | "vi" | "nvim" | "ex" | "view" | "ed");
    let debugger = matches!(name, "gdb" | "lldb")
        && !["shell", "python", "system", "!", "script", "pipe"].iter().any(|word| lower.contains(word));
    let reach = words.filter(|_| !debugger).filter(|word| !word.is_empty()).find(|word| {
        DESTRUCTIVE.contains(word) && !(calm && matches!(*word, "delete" | "run" | "os" | "net" | "env" | "remove"))
    });
    let editor = [
        "system(", "py3", "python", "perl ", "ruby ", "os.execute", "io.popen", "fn.delete", "delete(", "%d",
        "jobstart", "termopen", "writefile(",
    ];
    let reach = if calm { editor.iter().copied().find(|word| lower.contains(word)) } else { reach };
    let shell = calm
        && (lower.starts_with('!') || lower.contains(":!") || lower.contains(" !") || lower.contains("%!"))
        || text.text.contains('`') && matches!(name, "rails" | "julia");
    if let Some(text) = Some(&text.text).filter(|_| text.opaque || reach.is_some() || shell) {
        walk.say(signal(
            "inline_code_reach",
            High,
            format!(
                "Runs a program given to {name} that reaches files, programs or the network ({})",
                reach.unwrap_or("a shell")
            ),
            Some(text),
        ));
    } else {
        walk.say(signal("inline_code", Medium, format!("Runs a program given to {name}"), Some(&text.text)));
    }
}
