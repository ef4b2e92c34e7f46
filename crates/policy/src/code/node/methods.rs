//! Members and methods of values.

use super::{network, texts};
use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{Made, Value};
use crate::code::{Deed, Language};

/// Modules of which a member only known at run time may be anything.
const TELLING: &[&str] = &["child_process", "fs", "process", "globalThis", "global", "module", "vm", "Deno", "Bun"];

/// A module that must not be handed around as a whole.
pub(super) fn is_telling(value: &Value) -> bool {
    matches!(value, Value::Item(path) if TELLING.contains(&path.as_str()))
}

pub(in crate::code) fn attribute(f: &mut Follower<'_, '_, '_>, receiver: &Value, name: &str) -> Option<Value> {
    if name == "constructor" && !matches!(receiver, Value::OneOf(_)) {
        let again = matches!(receiver, Value::Item(path) if path == "constructor" || path == "Function");
        return Some(Value::Item(if again { "Function" } else { "constructor" }.into()));
    }
    let Value::Item(path) = receiver else {
        return match (receiver, name) {
            (Value::Text(_) | Value::Made(Made::Path, _), "href" | "pathname") => Some(receiver.clone()),
            (Value::Map(pairs), name) if !pairs.iter().any(|(key, _)| key == name) => Some(f.member(name)),
            _ => None,
        };
    };
    Some(match (path.as_str(), name) {
        ("process.env" | "Bun.env", name) => {
            f.work.environment(&Value::text(name));
            Value::any_text()
        }
        ("globalThis" | "global" | "window" | "self", name) => super::library::global(name),
        (_, "default") => receiver.clone(),
        ("fs" | "fs-extra", "promises") => Value::Item("fs".into()),
        ("process", "argv" | "execArgv") => Value::Each(Box::new(Value::any_text())),
        ("process", "execPath") => Value::text("node"),
        ("process", "mainModule") | ("module", "parent") => Value::Item("module".into()),
        ("path" | "path.posix", "sep") => Value::text("/"),
        ("os", "EOL") => Value::text("\n"),
        ("import", "meta") => Value::Item("import.meta".into()),
        ("import.meta", "dirname" | "dir") => Value::text("."),
        ("import.meta", "url" | "filename") => Value::text("./x"),
        ("import.meta", "env") => Value::Item("import.meta.env".into()),
        ("require" | "import.meta", "main" | "cache" | "resolve") => Value::Unknown,
        _ => return None,
    })
}

pub(in crate::code) fn index(f: &mut Follower<'_, '_, '_>, value: &Value, key: &Value) -> Option<Value> {
    if let Some(name) = key.known() {
        let name = name.to_owned();
        return match value {
            Value::Item(_) => Some(f.attribute(value.clone(), &name)),
            Value::Unknown | Value::Made(..) | Value::Local(..) if f.is("(") => {
                Some(Value::Bound(Box::new(value.clone()), name))
            }
            Value::List(_) | Value::Text(_) | Value::Each(_) if name.parse::<u32>().is_err() => {
                if name == "constructor" {
                    return Some(f.attribute(value.clone(), &name));
                }
                Some(Value::Bound(Box::new(value.clone()), name))
            }
            _ => None,
        };
    }
    match value {
        Value::Item(path) if path == "process.env" || path == "Bun.env" => {
            f.work.environment(&Value::Unknown);
            Some(Value::any_text())
        }
        Value::Item(path) if !matches!(key, Value::Number(_)) && TELLING.contains(&path.as_str()) => {
            f.work.dynamic(path);
            Some(Value::Unknown)
        }
        Value::Item(_) => Some(Value::Unknown),
        _ => None,
    }
}

pub(in crate::code) fn method(
    f: &mut Follower<'_, '_, '_>,
    receiver: &Value,
    name: &str,
    args: &Args,
) -> Option<Value> {
    let first = args.first().clone();
    match (receiver, name) {
        (Value::Local(..) | Value::Bound(..), "call") => {
            return Some(f.call(receiver.clone(), &Args::of(args.rest(1))));
        }
        (Value::Local(..) | Value::Bound(..), "apply") => {
            let given = match args.get(1, "") {
                Value::List(values) => Args::of(values.clone()),
                _ => Args::unknown(),
            };
            return Some(f.call(receiver.clone(), &given));
        }
        (Value::Local(..) | Value::Bound(..), "bind") => return Some(receiver.clone()),
        (_, "then" | "catch" | "finally") if first.is_callable() => {
            let given = if name == "then" { receiver.clone() } else { Value::Unknown };
            let result = f.call(first, &Args { list: vec![given], named: Vec::new(), open: true });
            f.escape(&Args::of(args.rest(1)), &Value::Unknown);
            return Some(result);
        }
        (Value::Made(made, text), _) => {
            if let Some(value) = of_made(f, *made, text, name, args) {
                return Some(value);
            }
        }
        (Value::Text(text), _) => {
            if let Some(value) = texts::method(text, name, args) {
                return Some(value);
            }
        }
        (Value::List(values), _) => {
            if let Some(value) = texts::list(f, values, name, args) {
                return Some(value);
            }
        }
        _ => {}
    }
    if name == "constructor" {
        if matches!(first, Value::Text(_)) {
            let code = args.list.last().cloned().unwrap_or_default();
            f.work.code(Language::Node, "constructor", &code);
        }
        return Some(Value::Unknown);
    }
    if matches!(name, "map" | "forEach" | "filter" | "flatMap" | "for" | "some" | "every" | "reduce" | "sort")
        && first.is_callable()
    {
        let given = Args { list: vec![receiver.element()], named: Vec::new(), open: true };
        let result = f.call(first, &given);
        return Some(Value::Each(Box::new(if matches!(name, "filter" | "sort") {
            receiver.element()
        } else {
            result
        })));
    }
    unknown(f, receiver, name, args)
}

/// A method of something that is not known: told by its name only where the name says enough.
fn unknown(f: &mut Follower<'_, '_, '_>, receiver: &Value, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    if matches!(receiver, Value::Made(Made::Pattern, _) | Value::Text(_) | Value::Number(_)) {
        return None;
    }
    match name {
        "query" | "execute" | "exec" | "run" | "all" | "prepare" | "raw" | "$executeRawUnsafe" | "$queryRawUnsafe"
        | "$executeRaw" | "$queryRaw" | "unsafe" | "each" | "sql"
            if first.each().iter().any(|text| matches!(text, Value::Text(text) if text::is_sql(text))) =>
        {
            f.work.sql(&first);
            f.escape(args, &Value::Unknown);
        }
        "listen" => {
            f.escape(args, &Value::Unknown);
            f.work.say(Deed::Listens);
        }
        "execSync" | "execFileSync" | "spawnSync" => return Some(f.library(&format!("child_process.{name}"), args)),
        "unlink" | "rmdir" | "rm" if !args.list.is_empty() => f.work.delete(&first, args.is_set("recursive")),
        "get" | "post" | "put" | "patch" | "delete" | "request" | "fetch" | "goto" if matches!(&first, Value::Text(text) if text.starts_with("http://") || text.starts_with("https://")) =>
        {
            network::request(
                f,
                if name == "fetch" || name == "goto" || name == "request" { "get" } else { name },
                args,
            );
            f.escape(args, &Value::Unknown);
        }
        "delete" | "unlink" if args.list.is_empty() && matches!(receiver, Value::Made(Made::Path, _)) => {
            f.work.delete(receiver, false);
        }
        _ if name.ends_with("Sync") && name.len() > 6 => {
            return super::files::call(f, &format!("fs.{}", &name[..name.len() - 4]), args);
        }
        _ => return None,
    }
    Some(Value::Unknown)
}

fn of_made(f: &mut Follower<'_, '_, '_>, made: Made, text: &str, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match (made, name) {
        (Made::Path, "text" | "json" | "arrayBuffer" | "bytes" | "stream") => {
            f.work.read(&Value::text(text));
            return Some(Value::any_text());
        }
        (Made::Path, "delete" | "unlink") => f.work.delete(&Value::text(text), false),
        (Made::Path, "writer" | "write") => f.work.write(&Value::text(text)),
        (Made::Database, "exec" | "prepare" | "run" | "all" | "get" | "each" | "query" | "execute") => {
            f.escape(&Args::of(args.rest(1)), &Value::Unknown);
            if !matches!(first, Value::Text(_) | Value::OneOf(_)) {
                return Some(Value::Made(Made::Database, text.to_owned()));
            }
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
        (Made::Database, "loadExtension") => f.work.native(name),
        (Made::Socket, "connect") => network::connect(f, args),
        (Made::Socket, "bind") => f.work.say(Deed::Listens),
        (Made::Socket, "send") => {
            let host = args.list.iter().skip(1).find(|value| matches!(value, Value::Text(_))).cloned();
            f.work.socket(&host.unwrap_or_default(), &Value::Nothing);
        }
        (Made::Http, "open") => {
            let sends = first.known().is_none_or(|method| !method.eq_ignore_ascii_case("get"));
            f.work.network(args.get(1, ""), sends);
        }
        (Made::Http, "get" | "head" | "post" | "put" | "patch" | "delete" | "request") => {
            let mut args = args.clone();
            if let Some(Value::Text(path)) = args.list.first_mut()
                && !path.contains("://")
                && !text.is_empty()
            {
                *path = format!("{}/{}", text.trim_end_matches('/'), path.trim_start_matches('/'));
            }
            network::request(f, if name == "request" { "get" } else { name }, &args);
        }
        (Made::Server, "listen") => {
            f.escape(args, &Value::Unknown);
            f.work.say(Deed::Listens);
        }
        _ => return None,
    }
    Some(Value::Unknown)
}
