//! Lua.

use crate::code::follow::{Args, Follower, Param};
use crate::code::lex::Kind;
use crate::code::text;
use crate::code::value::{ANY, Made, PART, Value};
use crate::code::{Deed, Language};

pub(super) fn statement(f: &mut Follower<'_, '_, '_>) {
    if f.peek().is_some_and(|token| token.line) {
        let column = f.peek().map_or(0, |token| token.column);
        f.work.set_nest(usize::from(column > f.body_column()));
    }
    match f.word() {
        "local" if f.word_at(1) != "function" => {
            f.at += 1;
            while f.is("<") {
                f.at += 3;
            }
            assignment(f);
        }
        "local" | "end" | "else" | "do" | "repeat" | "break" | "then" => f.at += 1,
        "goto" => f.at += 2,
        "function" if !f.word_at(1).is_empty() => {
            f.at += 1;
            let mut name = f.word();
            f.at += 1;
            while f.is(".") || f.is(":") {
                name = f.word_at(1);
                f.at += 2;
            }
            let function = function(f);
            f.assign(name, function.clone(), false);
            f.store(name, function);
        }
        "if" | "elseif" | "while" | "until" => {
            f.at += 1;
            f.work.set_nest(1);
            f.expression();
        }
        "for" => for_loop(f),
        "return" => {
            f.at += 1;
            if f.peek().is_some() && f.word() != "end" {
                let value = f.expression();
                f.gives(value);
            }
        }
        _ if f.is(";") || f.is(",") || f.is(":") => f.at += 1,
        _ => assignment(f),
    }
}

fn assignment(f: &mut Follower<'_, '_, '_>) {
    if let Some(names) = f.targets() {
        let mut values = vec![f.expression()];
        while f.eat(",") {
            values.push(f.expression());
        }
        f.unpack(&names, &Value::List(values));
        return;
    }
    f.expression();
}

fn for_loop(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    let mut names = Vec::new();
    while !f.word().is_empty() && f.word() != "in" {
        names.push(f.word());
        f.at += 1;
        f.eat(",");
    }
    f.work.set_nest(1);
    if f.eat_word("in") {
        let row = f.expression();
        let element = row.element();
        for (index, name) in names.iter().enumerate() {
            let last = index + 1 == names.len();
            f.bind(name, if last { element.clone() } else { Value::Text(PART.into()) });
        }
    } else if f.eat("=") {
        names.iter().for_each(|name| f.bind(name, Value::Text(PART.into())));
        f.expression();
        while f.eat(",") {
            f.expression();
        }
    }
}

/// Parameters and body; the parenthesis is here.
fn function(f: &mut Follower<'_, '_, '_>) -> Value {
    if !f.is("(") {
        return Value::Unknown;
    }
    let close = f.close();
    let params = (f.at + 1..close).filter_map(|at| match f.tokens[at].kind {
        Kind::Name(name) => Some(Param { name: name.into(), default: Value::Unknown, rest: false, inner: Vec::new() }),
        Kind::Op("...") => Some(Param { name: "...".into(), default: Value::Unknown, rest: true, inner: Vec::new() }),
        _ => None,
    });
    let params = params.collect();
    let start = (close + 1).min(f.until);
    let mut depth = 1_usize;
    let mut end = start;
    while end < f.until {
        match f.tokens[end].kind {
            Kind::Name("function" | "if" | "do" | "repeat") => depth += 1,
            Kind::Name("end" | "until") => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        end += 1;
    }
    f.at = (end + 1).min(f.until);
    f.work.spend((end - start) / 8);
    f.function(params, start, end, false)
}

/// A name in an expression.
pub(super) fn name(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    f.at += 1;
    match name {
        "nil" => return Value::Nothing,
        "true" => return Value::Flag(true),
        "false" => return Value::Flag(false),
        "function" => return function(f),
        "not" => {
            f.binary(10);
            return Value::Unknown;
        }
        "_G" | "_ENV" => return Value::Item("_G".into()),
        "arg" => return Value::Each(Box::new(Value::any_text())),
        _ => {}
    }
    f.lookup(name).unwrap_or_else(|| Value::Item(name.to_owned()))
}

pub(super) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let path = path.strip_prefix("_G.").unwrap_or(path);
    let first = args.first().clone();
    let second = args.get(1, "").clone();
    match path {
        "os.execute" | "io.popen" | "vim.fn.system" | "vim.fn.systemlist" | "awful.spawn" | "hs.execute" => {
            match &first {
                Value::List(_) => f.work.argv(&[first]),
                first => f.work.shell(path, first),
            }
        }
        "vim.system" | "vim.fn.jobstart" => f.work.argv(&[first]),
        "os.remove" | "lfs.rmdir" => f.work.delete(&first, false),
        "vim.fn.delete" => f.work.delete(&first, second.to_text().contains('r')),
        "os.rename" => {
            f.work.write(&first);
            f.work.write(&second);
        }
        "os.getenv" => {
            f.work.environment(&first);
            return Some(Value::any_text());
        }
        "os.tmpname" => return Some(Value::Text(format!("/tmp/{PART}"))),
        "io.open" => {
            opened(f, &first, &second);
            return Some(Value::Made(Made::File, first.to_text()));
        }
        "io.lines" | "io.input" => f.work.read(&first),
        "io.output" | "lfs.mkdir" | "vim.fn.mkdir" | "vim.fn.writefile" => {
            f.work.write(if path.ends_with("writefile") { &second } else { &first });
        }
        "load" | "loadstring" => {
            f.work.code(Language::Lua, path, &first);
            f.escape(args, &Value::Unknown);
        }
        "dofile" | "loadfile" => f.work.argv(&[Value::text("lua"), first]),
        "require" => {
            return Some(match first.known() {
                Some(name) => Value::Item(name.to_owned()),
                None => {
                    f.work.dynamic("require");
                    Value::Unknown
                }
            });
        }
        "package.loadlib" | "ffi.load" | "ffi.cdef" => f.work.native(path),
        "print" | "io.write" | "io.stdout.write" => {
            f.work.say(Deed::Prints);
            f.escape(args, &Value::Unknown);
        }
        "pcall" | "xpcall" | "coroutine.wrap" | "coroutine.create" | "select" if first.is_callable() => {
            return Some(f.call(first, &Args::of(args.rest(1))));
        }
        "ipairs" | "pairs" | "table.unpack" | "unpack" => return Some(first),
        "getfenv" => return Some(Value::Item("_G".into())),
        "rawget" => return Some(f.index(first, &second)),
        "socket.connect" | "socket.tcp.connect" => f.work.socket(&first, &second),
        "socket.bind" => f.work.say(Deed::Listens),
        "socket.tcp" | "socket.udp" => return Some(Value::Made(Made::Socket, String::new())),
        "socket.http.request" | "ssl.https.request" | "http.request" | "https.request" => {
            f.work.network(&first, args.list.len() > 1);
        }
        _ => return texts(path, args),
    }
    Some(Value::Unknown)
}

fn opened(f: &mut Follower<'_, '_, '_>, path: &Value, mode: &Value) {
    match mode.known() {
        Some(mode) if mode.starts_with('a') => f.work.append(path),
        Some(mode) => {
            if mode.contains(['w', '+']) {
                f.work.write(path);
            }
            if mode.contains(['r', '+']) {
                f.work.read(path);
            }
        }
        None if *mode == Value::Nothing => f.work.read(path),
        None => {
            f.work.read(path);
            f.work.write(path);
        }
    }
}

fn texts(path: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    Some(match path {
        "string.char" | "utf8.char" => Value::Text(text::characters(&args.rest(0))),
        "string.reverse" => Value::Text(first.to_text().chars().rev().collect()),
        "string.lower" => Value::Text(first.to_text().to_lowercase()),
        "string.upper" => Value::Text(first.to_text().to_uppercase()),
        "string.format" => Value::Text(text::percent(&first.to_text(), args.list.get(1..).unwrap_or_default(), &[])),
        "string.rep" => match (first.known(), args.get(1, "")) {
            (Some(text), Value::Number(times)) => {
                let times = usize::try_from(*times).unwrap_or_default();
                if times.saturating_mul(text.len()) > 4_096 {
                    Value::any_text()
                } else {
                    Value::Text(text.repeat(times))
                }
            }
            _ => Value::any_text(),
        },
        "table.concat" => match first {
            Value::List(values) => {
                let mark = if *args.get(1, "") == Value::Nothing { String::new() } else { args.get(1, "").to_text() };
                Value::Text(values.iter().map(Value::to_text).collect::<Vec<_>>().join(&mark))
            }
            _ => Value::any_text(),
        },
        "tostring" => first.clone(),
        "os.time" | "os.date" | "os.clock" | "math.random" => Value::Text(PART.into()),
        _ if path.starts_with("string.") => Value::Text(ANY.into()),
        _ => return None,
    })
}

pub(super) fn method(f: &mut Follower<'_, '_, '_>, receiver: &Value, name: &str, args: &Args) -> Option<Value> {
    match receiver {
        Value::Text(_) => {
            let mut list = vec![receiver.clone()];
            list.extend(args.rest(0));
            texts(&format!("string.{name}"), &Args::of(list))
        }
        Value::Made(Made::Socket, _) if name == "connect" => {
            f.work.socket(args.first(), args.get(1, ""));
            Some(Value::Unknown)
        }
        Value::Made(Made::Socket, _) if name == "bind" || name == "listen" => {
            f.work.say(Deed::Listens);
            Some(Value::Unknown)
        }
        Value::Made(Made::File, _) => Some(Value::any_text()),
        _ if name == "execute" && matches!(args.first(), Value::Text(text) if text::is_sql(text)) => {
            f.work.sql(args.first());
            Some(Value::Unknown)
        }
        _ => None,
    }
}
