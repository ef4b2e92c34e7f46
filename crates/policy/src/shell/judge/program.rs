//! Programs in other languages and statements for databases, followed and judged.

use clawbutler_core::grant::host_of;
use clawbutler_core::risk::RiskLevel::{self, High, Low, Medium};

use super::{command, deletes, files, is_local, joined, secret_name};
use crate::assess::signal;
use crate::code::{self, Deed, Language};
use crate::nosql;
use crate::paths::{self, Class};
use crate::shell::tables::SHELLS;
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;
use crate::sql::{self, SqlDeed};

/// The language of an interpreter's name.
pub(super) fn language(name: &str) -> Option<Language> {
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    Some(match name {
        "python" | "pypy" | "ipython" => Language::Python,
        "node" | "nodejs" | "deno" | "bun" | "tsx" | "ts-node" | "javascript" | "typescript" => Language::Node,
        "perl" => Language::Perl,
        "ruby" => Language::Ruby,
        "php" => Language::Php,
        "awk" | "gawk" | "mawk" | "nawk" => Language::Awk,
        "lua" | "luajit" => Language::Lua,
        "Rscript" | "R" | "r" => Language::R,
        "osascript" | "applescript" => Language::AppleScript,
        "tclsh" | "tcl" | "expect" => Language::Tcl,
        _ => return None,
    })
}

/// Follows a program and judges what it would do. Whether its language is one that is followed.
pub(super) fn look(walk: &mut Walk<'_>, name: &str, text: &str, depth: usize) -> bool {
    let Some(language) = language(name) else { return false };
    if !walk.spend(text.len()) {
        return true;
    }
    let program = code::look(language, text);
    walk.say(signal("inline_code", Medium, format!("Runs a {name} program given on the line"), Some(text)));
    if !program.understood {
        walk.say(signal(
            "not_parsed",
            High,
            format!("The {name} program cannot be followed, so what it does cannot be told"),
            Some(text),
        ));
    }
    if let Some(word) = strong(language, text).filter(|_| !program.deeds.iter().any(serious)) {
        walk.say(signal(
            "inline_code_reach",
            High,
            format!("Runs a {name} program that may reach files, programs or the network ({word})"),
            Some(text),
        ));
    }
    for piece in
        text.split(['"', '\'']).filter(|piece| piece.starts_with("/.") && !piece.contains(char::is_whitespace)).take(8)
    {
        // What stands before it is only known when it runs; most often it is a home.
        let word = Word::plain(format!("~{piece}"));
        walk.read(&word);
        if program.deeds.contains(&Deed::Write { path: None, appends: false })
            || program.deeds.contains(&Deed::Write { path: None, appends: true })
        {
            walk.wrote(&word, "May change");
        }
    }
    if text.contains("hermes_tools") {
        // The runtime's own tools, called from a program of its.
        for piece in text.split(['"', '\'']).skip(1).step_by(2).filter(|piece| piece.len() > 1).take(32) {
            let piece = piece.to_owned();
            walk.quietly(|walk| walk.text_by("terminal", &piece, depth + 1));
        }
    }
    let prints = program.deeds.contains(&Deed::Prints);
    let talks = program.deeds.iter().any(|deed| {
        matches!(deed, Deed::Network { .. } | Deed::RawSocket { .. } | Deed::Argv { .. } | Deed::Shell { .. })
    });
    for deed in &program.deeds {
        judge(walk, name, deed, prints && !talks, text, depth);
    }
    true
}

/// A deed that is judged by itself.
fn serious(deed: &Deed) -> bool {
    matches!(
        deed,
        Deed::Shell { .. }
            | Deed::Argv { .. }
            | Deed::Delete { .. }
            | Deed::Dynamic { .. }
            | Deed::LoadsNative { .. }
            | Deed::RawSocket { .. }
            | Deed::Network { .. }
            | Deed::Sql { .. }
            | Deed::Write { .. }
    )
}

/// Words that are rarely there for nothing. Where the following of a language found no deed behind one of
/// them, it may have missed it.
const STRONG: &[&str] = &[
    "system", "popen", "execSync", "spawnSync", "execFileSync", "child_process", "rmSync", "unlinkSync", "rmdirSync",
    "truncateSync", "rmtree", "remove_tree", "unlink", "shell_exec", "passthru", "proc_open", "FileUtils", "execute",
    "delete_all", "pty", "decode_base64", "instance_eval", "class_eval", "dlopen", "binding",
];

/// A strong word of the language in a text.
fn strong(language: Language, text: &str) -> Option<&'static str> {
    if text.chars().any(|c| matches!(c, '\u{ff01}'..='\u{ff5e}')) {
        return Some("letters that only look like others");
    }
    if text.contains("data:text/javascript") {
        return Some("a program in an address");
    }
    let decodes = ["b64decode", "fromhex", "unhexlify", "base64", "atob", "unpack", "decode("]
        .iter()
        .any(|word| text.contains(word));
    if decodes && (text.contains("exec(") || text.contains("eval(") || text.contains("Function(")) {
        return Some("a program that is decoded first");
    }
    let has = |words: &[&'static str]| words.iter().copied().find(|word| text.contains(word));
    match language {
        Language::Python => has(&["pty.spawn", "__subclasses__", "os.truncate"]),
        Language::AppleScript => has(&[
            "do shell script", "System Events", "\"Messages\"", "\"Mail\"", "delete", "\"Terminal\"", "Application(",
            "administrator",
        ]),
        Language::Tcl => has(&["file delete", "exec ", "open |", "spawn "]),
        Language::Awk => has(&["system(", "getline", "| \"", "> \"", "|&"]),
        Language::R => has(&["unlink(", "system(", "system2(", "file.remove", "download.file", "source("]),
        Language::Lua => has(&["os.execute", "io.popen", "os.remove", "_G[", "load(", "loadstring", "os.rename"]),
        Language::Node | Language::Perl | Language::Ruby | Language::Php => {
            let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            let ticks = matches!(language, Language::Perl | Language::Ruby | Language::Php) && text.contains('`');
            words.find_map(|word| STRONG.iter().copied().find(|strong| *strong == word)).or(ticks.then_some("`"))
        }
    }
}

/// A path of a program; a `*` in it stands for any name.
fn place(path: &str) -> Word {
    Word { pattern: path.contains('*'), ..Word::plain(path) }
}

#[expect(clippy::too_many_lines, reason = "one arm a case, each short")]
fn judge(walk: &mut Walk<'_>, name: &str, deed: &Deed, shows: bool, text: &str, depth: usize) {
    let part = Some(text);
    match deed {
        Deed::Shell { text } if SHELLS.contains(&text.trim()) => {
            walk.say(signal("stdin_script", High, "Hands data to a shell", part));
        }
        Deed::Shell { text } => walk.text_by(name, text, depth + 1),
        Deed::Argv { argv } if matches!(argv.as_slice(), [Some(one)] if SHELLS.contains(&one.rsplit('/').next().unwrap_or_default())) =>
        {
            walk.say(signal("stdin_script", High, "Opens a shell inside a program", part));
        }
        Deed::Argv { argv } => {
            let words: Vec<Word> = argv
                .iter()
                .map(|word| word.as_ref().map_or_else(Word::unknown, |text| Word::plain(text.clone())))
                .collect();
            walk.by(name, |walk| drop(command(walk, &words, &Input::None, depth + 1)));
        }
        Deed::Read { path } => {
            if let Some(path) = path {
                walk.read(&place(path));
            }
        }
        Deed::Write { path: Some(path), appends } => {
            let word = place(path);
            let over = !appends
                && (crate::paths::data(path)
                    || word.pattern
                        && !walk.seen.touches.iter().any(|touch| touch.path.ends_with(path.trim_start_matches("./"))));
            if over {
                files::empty(walk, &word, text);
            }
            walk.wrote(&word, "Writes to");
        }
        Deed::Write { path: None, .. } => {
            walk.say(signal("unknown_target", Medium, "Writes to a place only known when it runs", part));
        }
        Deed::Delete { path: Some(path), recursive } => {
            deletes::delete_one(walk, "rm", &place(path), *recursive, path, text);
        }
        Deed::Delete { path: None, .. } => {
            walk.say(signal("unknown_target", High, "Deletes something only known when it runs", part));
        }
        Deed::Network { url, sends } => network(walk, url.as_deref(), *sends, text),
        Deed::Listens => walk.say(signal("serves", Medium, "Opens a server", part)),
        Deed::RawSocket { to } => {
            let host = to.as_deref().and_then(|to| to.rsplit_once(':')).map(|(host, _)| host.to_owned());
            if host.as_deref().is_some_and(is_local) {
                walk.say(signal("network", Low, "Connects to a program on this machine", part));
            } else {
                walk.network = true;
                walk.say(signal("remote", High, "Opens a raw connection to another machine", part));
            }
        }
        Deed::Environment { name: None } => {
            walk.secrets = true;
            walk.say(signal("environment", Medium, "Reads the whole environment, where tokens are often kept", part));
        }
        Deed::Environment { name: Some(name) } => {
            if secret_name(name) && shows && !walk.piped {
                walk.say(signal("secret_read", High, format!("Shows {name} of the environment"), part));
            }
        }
        Deed::Prints => {}
        Deed::Sql { text } => statements(walk, &sql::look(text), text, false),
        Deed::Kill => walk.say(signal("kills", Medium, "Ends a process", part)),
        Deed::Dynamic { what } => walk.say(signal(
            "hidden_program",
            High,
            format!("Runs code that is only known when it runs ({what})"),
            part,
        )),
        Deed::LoadsNative { what } => {
            walk.say(signal("inline_code_reach", High, format!("Calls into native code ({what})"), part));
        }
        Deed::Rights { path } => {
            let inside = path.as_ref().is_none_or(|path| {
                walk.path(&place(path)).is_some_and(|path| crate::paths::inside(&path, &walk.project))
            });
            walk.say(signal("rights", if inside { Medium } else { High }, "Changes rights of files", part));
        }
    }
}

fn network(walk: &mut Walk<'_>, url: Option<&str>, sends: bool, text: &str) {
    let host = url.and_then(host_of);
    if host.as_deref().is_some_and(is_local) {
        return walk.say(signal("network", Low, "Talks to a program on this machine", Some(text)));
    }
    walk.network = true;
    walk.seen.hosts.extend(host.clone());
    if sends {
        walk.say(signal("upload", High, "Sends data to another machine", Some(text)));
    }
    match url {
        Some(url) => crate::assess::network_signals(url).into_iter().for_each(|one| walk.say(one)),
        None => walk.say(signal("network", Medium, "Uses the network", Some(text))),
    }
}

/// Options of database clients that carry statements.
const STATEMENTS: &[&str] = &[
    "-c", "--command", "-e", "--execute", "-q", "-Q", "--query", "-s", "--sql", "-cmd", "--statement", "--eval", "-E",
    "--expression",
];

/// A client of a database: what its statements would do.
#[expect(clippy::too_many_lines, reason = "where the statements stand, then what they do")]
pub(super) fn database(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input) {
    let part = joined(name, args);
    let mut texts: Vec<Word> = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let attached = arg
            .text
            .split_once('=')
            .filter(|(option, _)| option.starts_with("--") && STATEMENTS.contains(option))
            .map(|(_, text)| text.to_owned());
        let short = ["-e", "-c", "-q", "-Q"]
            .iter()
            .find_map(|option| arg.text.strip_prefix(option))
            .filter(|text| text.contains(char::is_whitespace));
        if STATEMENTS.contains(&arg.text.as_str()) {
            texts.extend(rest.next().cloned());
        } else if let Some(text) = attached.or_else(|| short.map(ToOwned::to_owned)) {
            texts.push(Word { text, ..arg.clone() });
        } else if !arg.text.starts_with('-')
            && (arg.text.contains(char::is_whitespace) || arg.text.starts_with(['.', '\\']))
        {
            texts.push(arg.clone());
        }
    }
    match input {
        Input::Text(text) => texts.push(Word::plain(text.clone())),
        Input::Download | Input::Decoded => {
            walk.say(signal("stdin_script", High, "Runs statements that came from elsewhere", Some(&part)));
        }
        Input::Names(_) | Input::Processes | Input::Output => {
            walk.say(signal(
                "database_changes",
                Medium,
                "Runs statements that are only known when it runs",
                Some(&part),
            ));
        }
        Input::None => {}
    }
    let scratch = |arg: &Word| {
        walk.path(arg).is_some_and(|path| paths::class(&path, &walk.project, walk.around) == Class::Scratch)
            || arg.text.ends_with("_test")
            || arg.text.contains("test.db")
    };
    let memory = args
        .iter()
        .any(|arg| arg.text == ":memory:" || !arg.text.starts_with('-') && !arg.text.contains(' ') && scratch(arg));
    let production = !memory
        && args.iter().any(|arg| {
            super::code::far_production(&arg.text)
                || arg.from.iter().any(|name| super::code::far_production(&name.replace('_', " ")))
        });
    for text in texts {
        let deeds = match name {
            "mongosh" | "mongo" => nosql::mongo(&text.text),
            "cypher-shell" | "cbq" | "surreal" => graph(&text.text),
            _ => sql::look(&text.text),
        };
        let computed = matches!(name, "mongosh" | "mongo")
            && (text.text.contains("\"](") || text.text.contains("'](") || text.text.contains(")]("));
        if computed {
            walk.say(signal("hidden_program", High, "Calls something whose name is made when it runs", Some(&part)));
        }
        if memory {
            // Nothing is lost that was not made for this.
            let inside = |deed: &SqlDeed| {
                matches!(
                    deed,
                    SqlDeed::DeletesRows { .. }
                        | SqlDeed::Updates { .. }
                        | SqlDeed::Drops { .. }
                        | SqlDeed::Truncates
                        | SqlDeed::Alters { .. }
                )
            };
            let kept: Vec<SqlDeed> = deeds.into_iter().filter(|deed| !inside(deed)).collect();
            walk.say(signal("database_changes", Medium, "Changes a database made for tests", Some(&part)));
            statements(walk, &kept, &part, false);
            continue;
        }
        statements(walk, &deeds, &part, production);
        if text.opaque && matches!(name, "mongosh" | "mongo") {
            walk.say(signal(
                "database_changes",
                Medium,
                "Runs statements that are only known when it runs",
                Some(&part),
            ));
        }
    }
}

/// Statements of graph databases, which `sql` does not know.
fn graph(text: &str) -> Vec<SqlDeed> {
    let upper = text.to_ascii_uppercase();
    let says = |word: &str| upper.split(|c: char| !c.is_alphanumeric()).any(|have| have == word);
    if says("DROP") || says("DETACH") || says("DELETE") || says("REMOVE") {
        vec![SqlDeed::DeletesRows { bounded: false }]
    } else if says("CREATE") || says("MERGE") || says("SET") || says("INSERT") {
        vec![SqlDeed::Inserts]
    } else {
        vec![SqlDeed::Reads]
    }
}

/// `redis-cli`, by its arguments or by what it is fed.
pub(super) fn redis(walk: &mut Walk<'_>, args: &[Word], input: &Input) {
    let part = joined("redis-cli", args);
    let texts: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
    let mut deeds = nosql::redis(&texts);
    let has = |wanted: &[&str]| texts.iter().any(|text| wanted.iter().any(|word| text.eq_ignore_ascii_case(word)));
    if has(&["eval", "evalsha", "fcall", "script"]) {
        deeds.push(SqlDeed::Dynamic);
    }
    if has(&["del", "unlink"]) && args.iter().any(|arg| arg.opaque) {
        deeds.push(SqlDeed::DeletesRows { bounded: false });
    }
    if let Input::Text(text) = input {
        deeds.extend(nosql::redis_text(text));
    }
    let production = args.iter().any(|arg| super::code::far_production(&arg.text));
    statements(walk, &deeds, &part, production);
}

/// Risk of database statements by themselves.
pub(super) fn level(text: &str) -> RiskLevel {
    sql::look(text).iter().map(|deed| weigh(deed).0).max().unwrap_or(Low)
}

/// What a statement means: level, name of the signal, sentence.
fn weigh(deed: &SqlDeed) -> (RiskLevel, &'static str, &'static str) {
    let destroys = "database_destroys";
    match deed {
        SqlDeed::Reads | SqlDeed::Explains => (Low, "database_reads", "Reads from a database"),
        SqlDeed::CreatesThings => (Medium, "database_changes", "Creates things in a database"),
        SqlDeed::Inserts => (Medium, "database_changes", "Adds rows to a database"),
        SqlDeed::Updates { bounded: true } => (Medium, "database_changes", "Changes rows in a database"),
        SqlDeed::Updates { bounded: false } => (High, destroys, "Changes every row of a table; cannot be undone"),
        SqlDeed::DeletesRows { bounded: true } => (Medium, "database_changes", "Deletes rows from a database"),
        SqlDeed::DeletesRows { bounded: false } => (High, destroys, "Deletes every row or document; cannot be undone"),
        SqlDeed::Drops { what } if matches!(what.as_str(), "INDEX" | "VIEW") => {
            (Medium, "database_changes", "Removes an index or a view")
        }
        SqlDeed::Drops { .. } => (High, destroys, "Removes a part of a database with all in it; cannot be undone"),
        SqlDeed::Truncates => (High, destroys, "Empties a table; cannot be undone"),
        SqlDeed::Alters { drops: true } => {
            (High, destroys, "Removes a column or partition with its data; cannot be undone")
        }
        SqlDeed::Alters { drops: false } => (Medium, "database_changes", "Changes the shape of a table"),
        SqlDeed::Grants | SqlDeed::Roles => (High, "database_rights", "Changes who may do what in a database"),
        SqlDeed::RunsProgram => (High, "inline_code_reach", "Starts other programs from inside a database client"),
        SqlDeed::ReadsFile { .. } => (Medium, "database_reads", "Reads a file from inside a database"),
        SqlDeed::WritesFile { .. } => (Medium, "database_changes", "Writes a file from inside a database"),
        SqlDeed::Server => (High, destroys, "Changes or stops a database server"),
        SqlDeed::Dynamic => (High, "hidden_program", "Runs statements that are only known when they run"),
        SqlDeed::Unknown(_) => (Medium, "database_changes", "Runs a statement that is not known"),
    }
}

/// Judges what statements would do; what changes things that people use asks.
fn statements(walk: &mut Walk<'_>, deeds: &[SqlDeed], part: &str, production: bool) {
    for deed in deeds {
        let (level, name, says) = weigh(deed);
        let level = if production && level == Medium && name == "database_changes" { High } else { level };
        if level > Low {
            walk.say(signal(name, level, says, Some(part)));
        }
        match deed {
            SqlDeed::ReadsFile { path } if !path.is_empty() => walk.read(&Word::plain(path.clone())),
            SqlDeed::WritesFile { path } if !path.is_empty() => walk.wrote(&Word::plain(path.clone()), "Writes to"),
            _ => {}
        }
    }
}
