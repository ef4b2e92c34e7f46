//! Methods of Ruby's values.

use super::library::send;
use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{Made, PART, Value};
use crate::code::{Deed, Language};

pub(in crate::code) fn method(
    f: &mut Follower<'_, '_, '_>,
    receiver: &Value,
    name: &str,
    args: &Args,
) -> Option<Value> {
    let first = args.first().clone();
    match name {
        "send" | "__send__" | "public_send" => {
            let to = match receiver {
                Value::Item(path) if matches!(path.as_str(), "Kernel" | "Object" | "self") => None,
                receiver => Some(receiver),
            };
            return Some(send(f, to, args));
        }
        "call" | "()" | "yield" if matches!(receiver, Value::Item(_) | Value::Local(..) | Value::Bound(..)) => {
            return Some(f.call(receiver.clone(), args));
        }
        "method" | "public_method" => {
            return Some(match (receiver, first.known()) {
                (Value::Item(path), Some(name)) => Value::Item(format!("{path}.{name}")),
                (_, Some(name)) => Value::Item(name.to_owned()),
                _ => Value::Unknown,
            });
        }
        "const_get" => return Some(f.library("const_get", args)),
        "instance_eval" | "class_eval" | "eval" | "module_eval" | "instance_exec" => {
            if matches!(first, Value::Text(_)) || name == "eval" && args.list.len() == 1 {
                f.work.code(Language::Ruby, name, &first);
            }
            f.escape(args, receiver);
            return Some(Value::Unknown);
        }
        "tap" | "then" | "yield_self" => {
            f.escape(args, &Value::Each(Box::new(receiver.clone())));
            return Some(receiver.clone());
        }
        "freeze" | "dup" | "to_s" | "to_str" | "clone" | "to_path" | "to_a" if !matches!(receiver, Value::Item(_)) => {
            return Some(receiver.clone());
        }
        _ => {}
    }
    let found = match receiver {
        Value::Text(text) => of_text(text, name, args),
        Value::Number(number) if name == "chr" => Some(Value::Text(text::characters(&[Value::Number(*number)]))),
        Value::List(values) => of_list(f, values, name, args),
        Value::Made(made, text) => of_made(f, *made, text, name, args),
        Value::Each(_)
            if matches!(
                name,
                "map"
                    | "each"
                    | "select"
                    | "reject"
                    | "sort"
                    | "each_with_index"
                    | "grep"
                    | "first"
                    | "to_a"
                    | "sort_by"
                    | "flatten"
            ) =>
        {
            f.escape(args, receiver);
            Some(receiver.clone())
        }
        _ => None,
    };
    found.or_else(|| unknown(f, receiver, name, args))
}

fn unknown(f: &mut Follower<'_, '_, '_>, receiver: &Value, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    if !matches!(receiver, Value::Unknown | Value::Item(_) | Value::Made(Made::Database, _)) {
        return None;
    }
    match name {
        "rmtree" => f.work.delete(&Value::Unknown, true),
        "execute" | "exec_query" | "query" | "exec" | "select_all" | "exec_params" | "run" | "execute_batch"
        | "prepare" | "select_value"
            if first.each().iter().any(|text| matches!(text, Value::Text(text) if text::is_sql(text))) =>
        {
            f.work.sql(&first);
        }
        "request" | "post" | "put" if matches!(receiver, Value::Made(..)) => f.work.network(&Value::Unknown, true),
        _ => return None,
    }
    Some(Value::Unknown)
}

fn of_made(f: &mut Follower<'_, '_, '_>, made: Made, text: &str, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let this = Value::Made(made, text.to_owned());
    match (made, name) {
        (Made::Path, "delete" | "unlink" | "rmdir") => f.work.delete(&this, false),
        (Made::Path, "rmtree") => f.work.delete(&this, true),
        (Made::Path, "read" | "readlines" | "binread" | "each_line") => {
            f.work.read(&this);
            return Some(Value::any_text());
        }
        (Made::Path, "write" | "mkpath" | "mkdir" | "binwrite") => f.work.write(&this),
        (Made::Path, "rename") => {
            f.work.write(&this);
            f.work.write(&first);
        }
        (Made::Path, "chmod") => f.work.rights(&this),
        (Made::Path, "join" | "+" | "/") => {
            let mut parts = vec![text.to_owned()];
            parts.extend(args.list.iter().map(Value::to_text));
            return Some(Value::Made(Made::Path, text::join_paths(&parts)));
        }
        (Made::Path, "parent" | "dirname") => return Some(Value::Made(Made::Path, text::parent(text))),
        (Made::Path, "children" | "each_child" | "glob") => {
            let tail = if name == "glob" { first.to_text() } else { PART.to_string() };
            let row = Value::Each(Box::new(Value::Made(Made::Path, text::join_paths(&[text.to_owned(), tail]))));
            f.escape(args, &row);
            return Some(row);
        }
        (Made::Path, "expand_path" | "realpath" | "cleanpath") => return Some(this),
        (Made::File, "read" | "gets" | "readlines" | "each_line") => {
            f.escape(args, &Value::Unknown);
            return Some(Value::any_text());
        }
        (Made::Database, "execute" | "query" | "exec" | "execute_batch" | "prepare" | "run" | "exec_params") => {
            f.work.sql(&first);
        }
        (Made::Socket, "connect") => f.work.socket(&first, &Value::Nothing),
        (Made::Socket, "bind" | "listen") => f.work.say(Deed::Listens),
        (Made::Remote, "exec!" | "exec") => f.work.shell(name, &first),
        _ => return None,
    }
    Some(Value::Unknown)
}

fn of_text(text: &str, name: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    Some(match name {
        "reverse" => Value::Text(text.chars().rev().collect()),
        "strip" | "chomp" | "squeeze" => Value::text(text.trim()),
        "downcase" => Value::Text(text.to_lowercase()),
        "upcase" => Value::Text(text.to_uppercase()),
        "swapcase" | "tr" | "succ" | "next" => Value::any_text(),
        "force_encoding" | "encode" | "b" | "to_sym" | "unicode_normalize" | "shellescape" => Value::text(text),
        "+" | "concat" | "<<" => Value::Text(format!("{text}{}", first.to_text())),
        "gsub" | "sub" => match (first.known(), args.get(1, "").known()) {
            (Some(from), Some(to)) if !from.is_empty() && to.len() < 256 => Value::Text(text.replace(from, to)),
            _ if args.named.is_empty() => Value::any_text(),
            _ => return None,
        },
        "split" => match first.known() {
            Some("") => Value::List(text.chars().take(512).map(|c| Value::Text(c.into())).collect()),
            Some(mark) => Value::List(text.split(mark).take(512).map(Value::text).collect()),
            None => Value::List(text.split_whitespace().take(512).map(Value::text).collect()),
        },
        "chars" => Value::List(text.chars().take(512).map(|c| Value::Text(c.into())).collect()),
        "lines" => Value::List(text.lines().take(512).map(Value::text).collect()),
        "unpack1" | "unpack" => match first.known() {
            Some("m" | "m0") => text::base64(text).map_or(Value::any_text(), Value::Text),
            _ => Value::any_text(),
        },
        "hex" | "to_i" | "ord" | "length" | "size" => Value::Text(PART.into()),
        "format" | "%" => Value::Text(text::percent(text, &args.list, &[])),
        _ => return None,
    })
}

fn of_list(f: &mut Follower<'_, '_, '_>, values: &[Value], name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let block = args.named.iter().find(|(key, _)| key == "&").map(|(_, value)| value.clone()).or_else(|| {
        // `&:name`, `&method(:name)`.
        args.list.first().filter(|value| value.is_callable()).cloned()
    });
    Some(match name {
        "join" | "*" => {
            let mark = if first == Value::Nothing { String::new() } else { first.to_text() };
            Value::Text(values.iter().map(Value::to_text).collect::<Vec<_>>().join(&mark))
        }
        "reverse" => Value::List(values.iter().rev().cloned().collect()),
        "pack" => match (first.known(), values.first()) {
            (Some(format), Some(value)) if format.starts_with('H') => {
                value.known().and_then(text::hex).map_or(Value::any_text(), Value::Text)
            }
            (Some(format), _) if format.starts_with(['c', 'C', 'U']) => Value::Text(text::characters(values)),
            _ => Value::any_text(),
        },
        "map" | "each" | "collect" | "each_with_index" | "flat_map" | "each_slice" | "select" | "reject"
        | "filter_map" => {
            let results: Vec<Value> = match (block, &first) {
                (Some(block), _) if values.len() <= 128 => {
                    values.iter().map(|value| f.call(block.clone(), &Args::of(vec![value.clone()]))).collect()
                }
                (None, Value::Text(name)) => {
                    let name = name.clone();
                    values.iter().map(|value| f.method(value.clone(), &name, &Args::default())).collect()
                }
                _ => vec![Value::Unknown],
            };
            if matches!(name, "map" | "collect" | "flat_map" | "filter_map") {
                Value::List(results)
            } else {
                Value::List(values.to_vec())
            }
        }
        "first" | "last" | "sample" | "pop" | "shift" => Value::List(values.to_vec()).element(),
        "sort" | "uniq" | "compact" | "flatten" | "to_a" => Value::List(values.to_vec()),
        "push" | "<<" | "append" => {
            let mut all = values.to_vec();
            all.extend(args.list.iter().cloned());
            Value::List(all)
        }
        "shelljoin" => Value::Text(values.iter().map(Value::to_text).collect::<Vec<_>>().join(" ")),
        _ => return None,
    })
}
