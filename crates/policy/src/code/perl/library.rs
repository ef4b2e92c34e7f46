//! What Perl's functions and widely used modules do.

use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{ANY, Made, PART, Value};
use crate::code::{Deed, Language};

/// Functions that take arguments without parentheses.
const KNOWN: &[&str] = &[
    "system", "exec", "unlink", "rmdir", "mkdir", "rename", "open", "close", "chmod", "chown", "kill", "eval", "do",
    "require", "join", "push", "unshift", "reverse", "sprintf", "die", "warn", "glob", "opendir", "symlink", "link",
    "utime", "truncate", "pack", "unpack", "split", "return", "rmtree", "remove_tree", "make_path", "mkpath", "copy",
    "move", "readpipe", "syscall", "sysopen", "connect", "bind", "chdir", "get", "getprint", "getstore", "printf",
    "print", "map", "splice", "lc", "uc", "chr", "ord", "decode_base64",
];

pub(super) fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
}

/// Functions that take `$_` when nothing is given.
pub(super) fn takes_default(name: &str) -> bool {
    matches!(
        name,
        "unlink" | "rmdir" | "mkdir" | "eval" | "require" | "glob" | "chomp" | "lc" | "uc" | "chr" | "ord" | "readpipe"
    )
}

/// Calls a function by its full name; a class's method stands behind a point.
pub(in crate::code) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let path = path.trim_start_matches('&');
    if let Some((class, method)) = path.split_once('.') {
        return super::methods::of_class(f, class, method, args);
    }
    if path.starts_with("CORE::GLOBAL") {
        f.work.dynamic(path);
        return Some(Value::Unknown);
    }
    let name = path.rsplit("::").next().unwrap_or(path);
    running(f, name, args)
        .or_else(|| files(f, name, args))
        .or_else(|| network(f, name, args))
        .or_else(|| texts(name, args))
}

fn running(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match name {
        "system" | "exec" => match args.list.as_slice() {
            [] => {}
            [one] if !args.open => f.work.shell(name, one),
            more => {
                let mut argv = more.to_vec();
                if args.open {
                    argv.push(Value::Unknown);
                }
                f.work.argv(&argv);
            }
        },
        "readpipe" | "qx" | "capture" | "capturex" | "backtick" => f.work.shell(name, &first),
        "open2" | "open3" => {
            let command = args.rest(if name == "open2" { 2 } else { 3 });
            match command.as_slice() {
                [one] => f.work.shell(name, one),
                more => f.work.argv(more),
            }
        }
        // IPC::Run takes lists of words.
        "run" | "start" | "harness" if matches!(first, Value::List(_)) => f.work.argv(&[first]),
        "eval" => f.work.code(Language::Perl, "eval", &first),
        "do" => f.work.argv(&[Value::text("perl"), first]),
        "require" => match first.known() {
            Some(file) if !file.starts_with(['/', '~']) => {}
            Some(_) => f.work.argv(&[Value::text("perl"), first]),
            None if matches!(first, Value::Item(_) | Value::Number(_)) => {}
            None => f.work.dynamic("require"),
        },
        "kill" => f.work.say(Deed::Kill),
        "syscall" | "dl_load_file" | "XSLoader" => f.work.native(name),
        "die" | "warn" | "carp" | "croak" | "confess" | "exit" => f.escape(args, &Value::Unknown),
        "thaw" | "retrieve" if args.list.len() == 1 => f.work.dynamic(name),
        "keys" | "values" | "each" => {
            if f.is_environment(&first) {
                f.work.environment(&Value::Unknown);
            }
            return Some(match (name, first) {
                ("keys", Value::Map(pairs)) => Value::List(pairs.iter().map(|(key, _)| Value::text(key)).collect()),
                (_, Value::Map(pairs)) => Value::List(pairs.into_iter().map(|(_, value)| value).collect()),
                _ => Value::Each(Box::new(Value::Unknown)),
            });
        }
        _ => return None,
    }
    Some(Value::Unknown)
}

fn files(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let second = args.get(1, "").clone();
    let all = Value::List(args.list.iter().map(Value::element_or_self).collect());
    match name {
        "open" => open(f, args),
        "sysopen" => {
            f.work.read(&second);
            f.work.write(&second);
        }
        "unlink" | "rmdir" => f.work.delete(&all, false),
        "rmtree" | "remove_tree" | "pathrmdir" | "pathempty" | "rm_rf" => f.work.delete(&plain(&all), true),
        "mkdir" | "make_path" | "mkpath" | "touch" => f.work.write(&plain(&all)),
        "truncate" => f.work.write(&first),
        "rename" | "move" | "mv" | "fmove" | "dirmove" => {
            f.work.write(&first);
            f.work.write(&second);
        }
        "copy" | "cp" | "fcopy" | "dircopy" | "symlink" | "link" => {
            f.work.read(&first);
            f.work.write(&second);
        }
        "chmod" => f.work.rights(&Value::List(args.rest(1))),
        "chown" => f.work.rights(&Value::List(args.rest(2))),
        "utime" => f.work.write(&Value::List(args.rest(2))),
        "read_file" | "slurp" | "read_text" | "read_binary" | "read_lines" => {
            f.work.read(&first);
            return Some(Value::any_text());
        }
        "write_file" | "spurt" | "write_text" | "edit_file" | "overwrite_file" => f.work.write(&first),
        "append_file" | "append_text" => f.work.append(&first),
        "opendir" | "readdir" => return Some(Value::Each(Box::new(Value::Text(PART.into())))),
        "glob" | "bsd_glob" => return Some(Value::Each(Box::new(first.map(|value| Value::Text(value.to_text()))))),
        "find" | "finddepth" => {
            let folder = second.to_text();
            let here = Value::Text(format!("{folder}/**"));
            f.store("name", here.clone());
            f.bind("$File::Find::name", here);
            f.bind("$_", Value::Text(format!("{folder}/**")));
            f.escape(args, &Value::Unknown);
        }
        "path" => return Some(Value::Made(Made::Path, first.to_text())),
        "catfile" | "catdir" => {
            let parts: Vec<String> = args.list.iter().map(Value::to_text).collect();
            return Some(Value::Text(text::join_paths(&parts)));
        }
        "dirname" => return Some(Value::Text(text::parent(&first.to_text()))),
        "basename" => return Some(Value::text(text::file_name(&first.to_text()))),
        "getcwd" | "cwd" => return Some(Value::text(".")),
        "tempfile" | "tempdir" => return Some(Value::Text(format!("/tmp/{PART}"))),
        _ => return None,
    }
    Some(Value::Unknown)
}

/// Options among paths are no paths.
fn plain(all: &Value) -> Value {
    match all {
        Value::List(values) => Value::List(
            values.iter().filter(|value| !matches!(value, Value::Map(_) | Value::Number(_))).cloned().collect(),
        ),
        value => value.clone(),
    }
}

/// `open` with two or three arguments.
fn open(f: &mut Follower<'_, '_, '_>, args: &Args) {
    let mode = args.get(1, "").to_text();
    if args.list.len() <= 2 {
        let path = mode.trim();
        if let Some(command) = path.strip_prefix('|') {
            return f.work.shell("open", &Value::text(command));
        }
        if let Some(command) = path.strip_suffix('|') {
            return f.work.shell("open", &Value::text(command));
        }
        if path.starts_with(ANY) {
            // What it names may be a command.
            f.work.dynamic("open");
            return f.work.read(&Value::Unknown);
        }
        return opened(f, path);
    }
    let target = args.get(2, "").clone();
    match mode.as_str() {
        "-|" | "|-" => match args.rest(2).as_slice() {
            [one] => f.work.shell("open", one),
            more => f.work.argv(more),
        },
        _ if matches!(target, Value::Text(_)) => {
            let sign: String = mode.chars().take_while(|c| matches!(c, '+' | '<' | '>')).collect();
            opened(f, &format!("{sign}{}", target.to_text()));
        }
        _ if mode.contains(ANY) || mode.contains('>') => {
            f.work.write(&Value::Unknown);
            if mode.contains(ANY) {
                f.work.read(&Value::Unknown);
            }
        }
        _ if matches!(target, Value::Unknown | Value::Nothing) => f.work.read(&Value::Unknown),
        _ => {}
    }
}

fn opened(f: &mut Follower<'_, '_, '_>, path: &str) {
    let name = Value::text(path.trim_start_matches(['<', '>', '+', ' ']));
    if path.starts_with("+<") || path.starts_with("+>") {
        f.work.read(&name);
        f.work.write(&name);
    } else if path.starts_with(">>") {
        f.work.append(&name);
    } else if path.starts_with('>') {
        f.work.write(&name);
    } else if !matches!(name.known(), Some("-")) {
        f.work.read(&name);
    }
}

fn network(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let web = first.to_text().contains("://");
    match name {
        "get" | "getprint" | "head" if web || args.list.len() == 1 && matches!(first, Value::Unknown) => {
            f.work.network(&first, false);
        }
        "getstore" | "mirror" => {
            f.work.network(&first, false);
            f.work.write(args.get(1, ""));
        }
        "connect" => f.work.socket(args.get(1, ""), &Value::Nothing),
        "bind" | "listen" => f.work.say(Deed::Listens),
        "inet_aton" | "inet_pton" => return Some(args.list.last().cloned().unwrap_or_default()),
        "sockaddr_in" | "pack_sockaddr_in" => return Some(Value::List(vec![args.get(1, "").clone(), first])),
        _ => return None,
    }
    Some(Value::Unknown)
}

fn texts(name: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    let known = |decode: fn(&str) -> Option<String>, value: &Value| match value.known() {
        Some(text) => decode(text).map_or(Value::any_text(), Value::Text),
        None => Value::any_text(),
    };
    Some(match name {
        "join" => {
            let parts: Vec<String> = args.list.iter().skip(1).map(Value::to_text).collect();
            let text = parts.join(&first.to_text());
            Value::Text(if args.open { ANY.to_string() } else { text })
        }
        "reverse" => match args.list.as_slice() {
            [Value::Text(text)] => Value::Text(text.chars().rev().collect()),
            more => Value::List(more.iter().rev().cloned().collect()),
        },
        "scalar" => first.clone(),
        "chr" => Value::Text(text::characters(std::slice::from_ref(first))),
        "ord" => first
            .known()
            .and_then(|text| text.chars().next())
            .map_or(Value::Unknown, |letter| Value::Number(i64::from(u32::from(letter)))),
        "lc" | "lcfirst" => Value::Text(first.to_text().to_lowercase()),
        "uc" | "ucfirst" => Value::Text(first.to_text().to_uppercase()),
        "hex" => {
            first.known().and_then(|text| i64::from_str_radix(text, 16).ok()).map_or(Value::Unknown, Value::Number)
        }
        "sprintf" => Value::Text(text::percent(&first.to_text(), args.list.get(1..).unwrap_or_default(), &[])),
        "pack" => match (first.known(), args.get(1, "")) {
            (Some(format), value) if format.starts_with('H') => known(text::hex, value),
            (Some(format), _) if format.starts_with(['C', 'c', 'U', 'W']) => {
                Value::Text(text::characters(&args.rest(1)))
            }
            (Some(format), value) if format.starts_with(['A', 'a']) && args.list.len() == 2 => value.clone(),
            _ => Value::any_text(),
        },
        "unpack" => match (first.known(), args.get(1, "")) {
            (Some("u"), _) => Value::any_text(),
            (Some(format), value) if format.starts_with(['A', 'a']) => value.clone(),
            _ => Value::Unknown,
        },
        "decode_base64" => known(text::base64, first),
        "uri_unescape" => first.known().map_or(Value::any_text(), |text| Value::Text(text::unquote(text))),
        "substr" => match (first.known(), args.get(1, ""), args.get(2, "")) {
            (Some(text), Value::Number(from), length) => {
                let from = usize::try_from(*from).unwrap_or_default();
                let length = match length {
                    Value::Number(length) => usize::try_from(*length).unwrap_or_default(),
                    _ => text.len(),
                };
                Value::Text(text.chars().skip(from).take(length).collect())
            }
            _ => Value::any_text(),
        },
        "split" => match (first, args.get(1, "")) {
            (Value::Text(mark), Value::Text(text)) if !mark.is_empty() => {
                Value::List(text.split(mark.as_str()).take(512).map(Value::text).collect())
            }
            _ => Value::Each(Box::new(Value::any_text())),
        },
        "length" | "int" | "time" | "localtime" | "index" | "rindex" => Value::Text(PART.into()),
        "chomp" | "push" | "unshift" | "defined" | "exists" | "ref" | "bless" | "wantarray" | "close" | "local"
        | "binmode" => Value::Unknown,
        _ => return None,
    })
}
