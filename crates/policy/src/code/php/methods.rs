//! Classes and methods of PHP.

use crate::code::Deed;
use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{Made, Value};

/// What `new` makes of a class.
pub(super) fn made(f: &mut Follower<'_, '_, '_>, class: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    Some(match class.rsplit('\\').next().unwrap_or(class) {
        "PDO" | "mysqli" => Value::Made(Made::Database, String::new()),
        "SQLite3" => {
            f.work.read(&first);
            Value::Made(Made::Database, first.to_text())
        }
        "ZipArchive" | "PharData" | "Phar" => Value::Made(Made::Archive, String::new()),
        "ReflectionFunction" => match first.known() {
            Some(name) => Value::Item(name.to_owned()),
            None => {
                f.work.dynamic("ReflectionFunction");
                Value::Unknown
            }
        },
        "RecursiveDirectoryIterator" | "DirectoryIterator" | "FilesystemIterator" => {
            Value::Each(Box::new(Value::Text(format!("{}/**", first.to_text()))))
        }
        "RecursiveIteratorIterator" => first,
        "SplFileObject" => {
            let mode = match args.get(1, "") {
                Value::Nothing => Value::text("r"),
                mode => mode.clone(),
            };
            super::library::opened(f, &first, &mode);
            Value::Made(Made::File, first.to_text())
        }
        "Process" => match &first {
            Value::List(_) => {
                f.work.argv(&[first]);
                Value::Made(Made::Process, String::new())
            }
            _ => return None,
        },
        "Client" | "GuzzleClient" => {
            Value::Made(Made::Http, args.option("base_uri").map_or(String::new(), Value::to_text))
        }
        "SoapClient" => {
            f.work.network(&first, true);
            Value::Unknown
        }
        _ => return None,
    })
}

/// A static method.
pub(super) fn of_class(f: &mut Follower<'_, '_, '_>, class: &str, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match (class.rsplit('\\').next().unwrap_or(class), name) {
        (function, "invoke" | "__invoke" | "call") if function == class => return Some(f.library(function, args)),
        (function, "invokeArgs") if function == class => {
            let given = match first {
                Value::List(values) => Args::of(values),
                _ => Args::unknown(),
            };
            return Some(f.library(function, &given));
        }
        ("FFI", "cdef" | "load" | "scope") => f.work.native("FFI"),
        ("Closure", "fromCallable") => {
            return Some(match first.known() {
                Some(name) => Value::Item(name.to_owned()),
                None => first,
            });
        }
        ("Process", "fromShellCommandline" | "run") => f.work.shell(name, &first),
        ("File" | "Storage", "delete") => f.work.delete(&first, false),
        ("File" | "Storage", "deleteDirectory" | "cleanDirectory") => f.work.delete(&first, true),
        ("File" | "Storage", "put") => f.work.write(&first),
        ("File" | "Storage", "get") => f.work.read(&first),
        ("DB", "statement" | "select" | "delete" | "update" | "insert" | "unprepared" | "raw") => f.work.sql(&first),
        ("Http", "get") => f.work.network(&first, false),
        ("Http", "post" | "put" | "patch" | "delete") => f.work.network(&first, true),
        _ => return None,
    }
    Some(Value::Unknown)
}

pub(in crate::code) fn method(
    f: &mut Follower<'_, '_, '_>,
    receiver: &Value,
    name: &str,
    args: &Args,
) -> Option<Value> {
    let first = args.first().clone();
    match (receiver, name) {
        (
            Value::Made(Made::Database, _),
            "query" | "exec" | "prepare" | "multi_query" | "querySingle" | "real_query",
        ) => {
            f.work.sql(&first);
        }
        (_, "query" | "exec" | "prepare" | "execute" | "statement" | "executeStatement" | "executeQuery") if matches!(&first, Value::Text(text) if text::is_sql(text)) =>
        {
            f.work.sql(&first);
        }
        (Value::Made(Made::Archive, _), "extractTo") => f.work.write(&first),
        (Value::Made(Made::Archive, _), "open") => f.work.read(&first),
        (Value::Made(Made::Http, base), "get" | "head" | "post" | "put" | "patch" | "delete" | "request") => {
            let explicit = name == "request";
            let path = args.get(usize::from(explicit), "").to_text();
            let url = if path.contains("://") || base.is_empty() { path } else { format!("{base}{path}") };
            let sends = if explicit { first.known() != Some("GET") } else { !matches!(name, "get" | "head") };
            f.work.network(&Value::Text(url), sends);
        }
        (Value::Local(..), "call" | "__invoke" | "bindTo") => return Some(f.call(receiver.clone(), args)),
        (Value::Text(path), "getPathname" | "getRealPath" | "__toString") => return Some(Value::text(path)),
        (Value::Unknown, "listen") => f.work.say(Deed::Listens),
        _ => return None,
    }
    Some(Value::Unknown)
}
