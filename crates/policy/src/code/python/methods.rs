//! Methods of values: paths, files, texts, clients.

use super::members::WAYS_OUT;
use super::outside::request;
use crate::code::Deed;
use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{ANY, Made, PART, Value, joined};

pub(in crate::code) fn method(
    f: &mut Follower<'_, '_, '_>,
    receiver: &Value,
    name: &str,
    args: &Args,
) -> Option<Value> {
    if WAYS_OUT.contains(&name) {
        f.work.dynamic(name);
        return Some(Value::Unknown);
    }
    let found = match receiver {
        Value::Made(Made::Path, path) => of_path(f, path, name, args),
        Value::Made(made, text) => of_made(f, *made, text, name, args),
        Value::Text(text) => of_text(text, name, args),
        Value::List(values) if name != "methodcaller" => of_list(values, name, args),
        Value::Map(pairs) => of_map(pairs, name, args),
        _ => None,
    };
    if found.is_some() {
        return found;
    }
    if let ("methodcaller", Value::List(call)) = (name, receiver) {
        let method = call.first().map_or(String::new(), Value::to_text);
        return Some(f.method(args.first().clone(), &method, &Args::of(call[1.min(call.len())..].to_vec())));
    }
    if name == "__getattribute__" || name == "__getattr__" {
        return Some(match args.first().known() {
            Some(name) => {
                let name = name.to_owned();
                f.attribute(receiver.clone(), &name)
            }
            None => Value::Unknown,
        });
    }
    if name == "__call__" {
        return Some(f.call(receiver.clone(), args));
    }
    if name == "fromhex" {
        return Some(args.first().known().and_then(text::hex).map_or(Value::any_text(), Value::Text));
    }
    unknown(f, receiver, name, args)
}

/// A method of something that is not known: told by its name only where the name says enough.
fn unknown(f: &mut Follower<'_, '_, '_>, receiver: &Value, name: &str, args: &Args) -> Option<Value> {
    if matches!(
        receiver,
        Value::Text(_) | Value::List(_) | Value::Map(_) | Value::Number(_) | Value::Made(Made::Pattern, _)
    ) {
        return None;
    }
    let first = args.first().clone();
    let textual = matches!(first, Value::Text(_) | Value::Made(Made::Path, _));
    match name {
        "unlink" | "rmdir" if args.list.is_empty() => f.work.delete(&Value::Unknown, false),
        "rmtree" | "remove_tree" | "removedirs" => {
            f.work.delete(if args.list.is_empty() { &Value::Unknown } else { &first }, true);
        }
        "write_text" | "write_bytes" => f.work.write(&Value::Unknown),
        "read_text" | "read_bytes" if args.list.is_empty() => f.work.read(&Value::Unknown),
        "system" | "popen" if !args.list.is_empty() => f.work.shell(name, &first),
        "execute" | "executescript" | "executemany" | "execute_sql" | "raw" | "query" | "fetch" | "fetchrow"
        | "fetchval" | "sql" | "exec_driver_sql" | "scalar" | "scalars"
            if first.each().iter().any(|text| matches!(text, Value::Text(text) if text::is_sql(text))) =>
        {
            f.work.sql(&first);
        }
        "exec_command" => f.work.shell(name, &first),
        "to_csv" | "to_json" | "to_parquet" | "to_excel" | "to_pickle" | "to_feather" | "to_hdf" | "to_html"
        | "to_markdown" | "savefig" | "write_html" | "write_image" | "write_csv" | "write_parquet" | "save"
        | "tofile" | "write_json"
            if textual =>
        {
            f.work.write(&first);
        }
        "get" | "post" | "put" | "patch" | "delete" | "request" | "head" | "stream" | "urlopen"
            if args.list.iter().take(2).any(is_web) || args.option("url").is_some_and(is_web) =>
        {
            request(f, if name == "urlopen" { "request" } else { name }, args);
        }
        "serve_forever" | "run_forever" => f.work.say(Deed::Listens),
        "run_in_executor" | "run_sync" => {
            let function = args.list.iter().position(Value::is_callable)?;
            return Some(f.call(args.list[function].clone(), &Args::of(args.rest(function + 1))));
        }
        "map" | "imap" | "starmap" | "imap_unordered" if first.is_callable() => {
            let element = args.get(1, "").element();
            f.call(first, &Args { list: vec![element], named: Vec::new(), open: true });
        }
        "dlopen" | "LoadLibrary" => f.work.native(name),
        _ => return None,
    }
    Some(Value::Unknown)
}

fn is_web(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.starts_with("http://") || text.starts_with("https://"))
}

fn of_path(f: &mut Follower<'_, '_, '_>, path: &str, name: &str, args: &Args) -> Option<Value> {
    let this = Value::Made(Made::Path, path.to_owned());
    let first = args.first().clone();
    Some(match name {
        "unlink" | "rmdir" => {
            f.work.delete(&this, false);
            Value::Nothing
        }
        "rmtree" => {
            f.work.delete(&this, true);
            Value::Nothing
        }
        "read_text" | "read_bytes" => {
            f.work.read(&this);
            Value::any_text()
        }
        "write_text" | "write_bytes" | "touch" | "mkdir" => {
            f.work.write(&this);
            Value::Nothing
        }
        "symlink_to" | "hardlink_to" | "link_to" => {
            f.work.read(&first);
            f.work.write(&this);
            Value::Nothing
        }
        "rename" | "replace" | "move" => {
            f.work.write(&this);
            f.work.write(&first);
            first
        }
        "copy" | "copy_into" => {
            f.work.read(&this);
            f.work.write(&first);
            first
        }
        "chmod" | "lchmod" => {
            f.work.rights(&this);
            Value::Nothing
        }
        "open" => {
            let mut given = vec![this];
            given.extend(args.rest(0));
            let args = Args { list: given, named: args.named.clone(), open: args.open };
            f.library("open", &args)
        }
        "joinpath" | "__truediv__" => {
            let parts: Vec<String> =
                std::iter::once(path.to_owned()).chain(args.list.iter().map(Value::to_text)).collect();
            Value::Made(Made::Path, text::join_paths(&parts))
        }
        "glob" => Value::Each(Box::new(Value::Made(Made::Path, text::join_paths(&[path.to_owned(), first.to_text()])))),
        "rglob" => {
            let deep = text::join_paths(&[path.to_owned(), "**".into(), first.to_text()]);
            Value::Each(Box::new(Value::Made(Made::Path, deep)))
        }
        "iterdir" => Value::Each(Box::new(Value::Made(Made::Path, format!("{path}/{PART}")))),
        "walk" => {
            let names = Value::Each(Box::new(Value::Text(PART.into())));
            let folder = Value::Made(Made::Path, format!("{path}/**"));
            Value::Each(Box::new(Value::List(vec![folder, names.clone(), names])))
        }
        "with_suffix" => {
            let stem = path.rsplit_once('.').filter(|(_, end)| !end.contains('/')).map_or(path, |(stem, _)| stem);
            Value::Made(Made::Path, joined(stem.to_owned(), &first.to_text()))
        }
        "with_name" => Value::Made(Made::Path, text::join_paths(&[text::parent(path), first.to_text()])),
        "resolve" | "absolute" | "expanduser" => this,
        "as_posix" | "__str__" | "as_uri" | "__fspath__" => Value::text(path),
        "relative_to" => Value::Made(Made::Path, ANY.to_string()),
        "exists" | "is_file" | "is_dir" | "stat" | "is_symlink" | "samefile" | "match" | "lstat" => Value::Unknown,
        _ => return None,
    })
}

fn of_made(f: &mut Follower<'_, '_, '_>, made: Made, text: &str, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match (made, name) {
        (Made::File, "read" | "readlines" | "readline") => return Some(Value::any_text()),
        (Made::File, _) => f.escape(args, &Value::Unknown),
        (
            Made::Database,
            "execute" | "executescript" | "executemany" | "sql" | "query" | "exec_driver_sql" | "fetch",
        ) => {
            f.work.sql(&first);
            let changes = first.each().iter().any(|text| {
                crate::sql::look(&text::sql(&text.to_text()))
                    .iter()
                    .any(|deed| !matches!(deed, crate::sql::SqlDeed::Reads | crate::sql::SqlDeed::Explains))
            });
            if changes && !text.is_empty() && text != ":memory:" {
                f.work.write(&Value::text(text));
            }
            return Some(Value::Made(Made::Database, text.to_owned()));
        }
        (Made::Database, "cursor" | "connect" | "begin" | "raw_connection") => {
            return Some(Value::Made(Made::Database, text.to_owned()));
        }
        (Made::Database, "backup" | "iterdump") => f.escape(args, &Value::Unknown),
        (Made::Database, "load_extension" | "enable_load_extension") => f.work.native(name),
        (Made::Database, _) => return None,
        (Made::Socket, "connect" | "connect_ex") => f.work.socket(&first, &Value::Nothing),
        (Made::Socket, "bind" | "listen") => f.work.say(Deed::Listens),
        (Made::Socket, "sendto") => f.work.socket(args.list.last().unwrap_or(&Value::Unknown), &Value::Nothing),
        (
            Made::Http,
            "get" | "head" | "options" | "post" | "put" | "patch" | "delete" | "request" | "stream" | "open" | "send",
        ) => {
            of_client(f, text, name, args);
        }
        (Made::Server, "run" | "run_server" | "serve") => f.work.say(Deed::Listens),
        (Made::OtherProcess, "kill" | "terminate" | "send_signal" | "suspend") => f.work.say(Deed::Kill),
        (Made::Archive, "extractall" | "extract") => {
            let target = match args.get(usize::from(name == "extract"), "path") {
                Value::Nothing => Value::text("."),
                value => value.clone(),
            };
            f.work.write(&target);
        }
        (Made::Archive, "write" | "add") => f.work.read(&first),
        (Made::Environment, "get") => {
            f.work.environment(&first);
            return Some(Value::any_text());
        }
        (Made::Environment, "update" | "pop" | "setdefault") => {}
        (Made::Environment, "items" | "values" | "keys") => f.work.environment(&Value::Unknown),
        (Made::Remote, "exec_command" | "run") => f.work.shell(name, &first),
        _ => return None,
    }
    Some(Value::Unknown)
}

/// A request by a client that may have a base of its own.
fn of_client(f: &mut Follower<'_, '_, '_>, base: &str, name: &str, args: &Args) {
    let position = args.list.iter().position(|value| matches!(value, Value::Text(text) if text.contains('/')));
    if base.is_empty() || position.is_some_and(|at| is_web(&args.list[at])) {
        return request(f, if name == "open" { "get" } else { name }, args);
    }
    let path = position.map_or(String::new(), |at| args.list[at].to_text());
    let url = Value::Text(if path.starts_with('/') { format!("{base}{path}") } else { format!("{base}/{path}") });
    let mut given = args.clone();
    match position {
        Some(at) => given.list[at] = url,
        None => given.list.push(url),
    }
    request(f, name, &given);
}

fn of_text(text: &str, name: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    let both = (first.known(), args.get(1, "").known());
    let trimmed = |value: &Value| value.known().map_or(vec![' ', '\n', '\t', '\r'], |set| set.chars().collect());
    let words = |words: Vec<&str>| Value::List(words.into_iter().take(512).map(Value::text).collect());
    Some(match name {
        "format" => Value::Text(text::braces(text, &args.list, &args.named)),
        "format_map" => match first {
            Value::Map(pairs) => Value::Text(text::braces(text, &[], pairs)),
            _ => Value::any_text(),
        },
        "join" => match first {
            Value::List(values) => Value::Text(values.iter().map(Value::to_text).collect::<Vec<_>>().join(text)),
            Value::Text(letters) => Value::Text(letters.chars().map(String::from).collect::<Vec<_>>().join(text)),
            _ => Value::any_text(),
        },
        "encode" | "decode" => match first.known() {
            Some("hex") => text::hex(text).map_or(Value::any_text(), Value::Text),
            Some("base64") => text::base64(text).map_or(Value::any_text(), Value::Text),
            Some("rot13") => Value::Text(text::rot13(text)),
            _ => Value::text(text),
        },
        "strip" => Value::text(text.trim_matches(trimmed(first).as_slice())),
        "lstrip" => Value::text(text.trim_start_matches(trimmed(first).as_slice())),
        "rstrip" => Value::text(text.trim_end_matches(trimmed(first).as_slice())),
        "lower" | "casefold" => Value::Text(text.to_lowercase()),
        "upper" => Value::Text(text.to_uppercase()),
        "swapcase" => Value::Text(
            text.chars()
                .map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect(),
        ),
        "replace" => match both {
            (Some(from), Some(to)) if !from.is_empty() => {
                let count = text.matches(from).count();
                if count * to.len() > 65_536 { Value::any_text() } else { Value::Text(text.replace(from, to)) }
            }
            _ => Value::any_text(),
        },
        "removeprefix" => Value::text(first.known().and_then(|head| text.strip_prefix(head)).unwrap_or(text)),
        "removesuffix" => Value::text(first.known().and_then(|tail| text.strip_suffix(tail)).unwrap_or(text)),
        "split" | "rsplit" => match first.known() {
            Some(mark) if !mark.is_empty() => words(text.split(mark).collect()),
            _ => words(text.split_whitespace().collect()),
        },
        "splitlines" => words(text.lines().collect()),
        "partition" => match first.known().and_then(|mark| text.split_once(mark).map(|(a, b)| (a, mark, b))) {
            Some((head, mark, tail)) => words(vec![head, mark, tail]),
            None => words(vec![text, "", ""]),
        },
        "hex" | "zfill" | "ljust" | "rjust" | "center" | "translate" | "title" | "capitalize" | "expandtabs" => {
            Value::any_text()
        }
        "read" => Value::any_text(),
        _ => return None,
    })
}

fn of_list(values: &[Value], name: &str, args: &Args) -> Option<Value> {
    Some(match name {
        "pop" => Value::List(values.to_vec()).element(),
        "copy" => Value::List(values.to_vec()),
        "append" | "remove" | "insert" | "extend" | "index" | "count" | "reverse" | "clear" | "__contains__" => {
            Value::Unknown
        }
        "decode" => Value::Text(text::characters(values)),
        "sort" if !args.named.is_empty() => return None,
        "sort" => Value::Unknown,
        _ => return None,
    })
}

fn of_map(pairs: &[(String, Value)], name: &str, args: &Args) -> Option<Value> {
    Some(match name {
        "get" | "pop" | "setdefault" => match args.first().known() {
            Some(key) => {
                pairs.iter().find(|(name, _)| name == key).map_or(args.get(1, "").clone(), |(_, value)| value.clone())
            }
            None => pairs.iter().map(|(_, value)| value.clone()).fold(Value::Unknown, Value::or),
        },
        "items" => {
            Value::List(pairs.iter().map(|(key, value)| Value::List(vec![Value::text(key), value.clone()])).collect())
        }
        "values" => Value::List(pairs.iter().map(|(_, value)| value.clone()).collect()),
        "keys" => Value::List(pairs.iter().map(|(key, _)| Value::text(key)).collect()),
        "update" | "copy" => Value::Map(pairs.to_vec()),
        _ => return None,
    })
}
