//! awk: patterns and actions, redirections, pipes.

use crate::code::Deed;
use crate::code::follow::{Args, Follower, Param};
use crate::code::lex::Kind;
use crate::code::text;
use crate::code::value::{PART, Value};

pub(super) fn statement(f: &mut Follower<'_, '_, '_>) {
    if f.between_statements() {
        return;
    }
    if f.is("@") {
        return directive(f);
    }
    match f.word() {
        "BEGIN" | "END" | "BEGINFILE" | "ENDFILE" | "else" | "do" | "next" | "break" | "continue" => f.at += 1,
        "function" | "func" => {
            f.at += 1;
            let name = f.word();
            f.at += 1;
            if !f.is("(") {
                return;
            }
            let close = f.close();
            let params = (f.at + 1..close).filter_map(|at| match f.tokens[at].kind {
                Kind::Name(name) => {
                    Some(Param { name: name.into(), default: Value::Unknown, rest: false, inner: Vec::new() })
                }
                _ => None,
            });
            let params = params.collect();
            f.at = close + 1;
            if f.is("{") {
                let (start, end) = (f.at + 1, f.close());
                f.at = end + 1;
                let function = f.function(params, start, end, false);
                f.assign(name, function, true);
            }
        }
        "if" | "while" | "for" | "switch" => {
            f.at += 1;
            if f.is("(") {
                let close = f.close();
                f.at += 1;
                f.work.set_nest(f.work.nest() + 1);
                f.within(close, close + 1, |f| drop(f.row()));
                f.work.set_nest(f.work.nest().saturating_sub(1));
            }
        }
        "print" | "printf" => print(f),
        "return" | "exit" | "delete" => {
            f.at += 1;
            if !f.at_line() && !f.is(";") && !f.is("}") {
                let value = f.expression();
                f.gives(value);
            }
        }
        _ => drop(f.expression()),
    }
}

/// `@load "x"`, `@include "x"`, `@f(…)`.
fn directive(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    match f.word() {
        "load" => {
            f.at += 1;
            let name = f.expression().to_text();
            f.work.native(&name);
        }
        "include" => {
            f.at += 1;
            let file = f.expression();
            f.work.argv(&[Value::text("awk"), Value::text("-f"), file]);
        }
        _ => {
            f.work.dynamic("function by name");
            f.expression();
        }
    }
}

/// `print a, b > "file"`, `print | "command"`.
fn print(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    f.work.say(Deed::Prints);
    while f.peek().is_some() && !f.at_line() && f.work.spend(1) {
        let before = f.at;
        match f.op() {
            ";" | "}" => return,
            "," => f.at += 1,
            sign @ (">" | ">>") => {
                f.at += 1;
                let path = f.binary(7);
                if path.known().is_some_and(|path| path.starts_with("/dev/std") || path == "/dev/tty") {
                    continue;
                }
                if socket(f, &path) {
                    continue;
                }
                if sign == ">" { f.work.write(&path) } else { f.work.append(&path) }
            }
            "|" | "|&" => {
                f.at += 1;
                let command = f.binary(7);
                if !socket(f, &command) {
                    f.work.shell("print |", &command);
                }
            }
            _ => drop(f.binary(6)),
        }
        if f.at == before {
            f.at += 1;
        }
    }
}

/// `/inet/tcp/0/host/port`: a connection that looks like a file.
fn socket(f: &mut Follower<'_, '_, '_>, path: &Value) -> bool {
    let text = path.to_text();
    let Some(rest) = text.strip_prefix("/inet") else { return false };
    let mut parts = rest.split('/').skip(3);
    let (host, port) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    f.work.socket(&Value::text(host), &Value::text(port));
    true
}

/// `"command" | getline`.
pub(in crate::code) fn piped(f: &mut Follower<'_, '_, '_>, command: &Value) -> Value {
    if !socket(f, command) {
        f.work.shell("getline", command);
    }
    Value::any_text()
}

/// A name in an expression.
pub(super) fn name(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    f.at += 1;
    match name {
        "getline" => {
            let variable = f.word();
            if !variable.is_empty() && !f.at_line() {
                f.at += 1;
                f.assign(variable, Value::any_text(), false);
            }
            if f.eat("<") {
                let path = f.binary(8);
                if path.known() != Some("-") && !socket(f, &path) {
                    f.work.read(&path);
                }
            }
            return Value::any_text();
        }
        "ENVIRON" | "ARGV" => return Value::Item(name.to_owned()),
        _ => {}
    }
    if f.is("(") && !f.peek().is_some_and(|token| token.space) || super::awk::built_in(name) {
        let args = if f.is("(") { f.arguments() } else { Args::default() };
        return match f.lookup(name) {
            Some(function) => f.call(function, &args),
            None => f.library(name, &args),
        };
    }
    f.lookup(name).unwrap_or_default()
}

fn built_in(name: &str) -> bool {
    matches!(name, "system" | "length" | "sprintf" | "substr" | "toupper" | "tolower")
}

pub(super) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    Some(match path {
        "system" => {
            f.work.shell("system", &first.clone());
            Value::Unknown
        }
        "sprintf" => Value::Text(text::percent(&first.to_text(), args.list.get(1..).unwrap_or_default(), &[])),
        "tolower" => Value::Text(first.to_text().to_lowercase()),
        "toupper" => Value::Text(first.to_text().to_uppercase()),
        "length" | "index" | "match" | "int" | "systime" | "rand" | "strtonum" => Value::Text(PART.into()),
        "substr" => match (first.known(), args.get(1, ""), args.get(2, "")) {
            (Some(text), Value::Number(from), length) => {
                let from = usize::try_from(*from - 1).unwrap_or_default();
                let length = match length {
                    Value::Number(length) => usize::try_from(*length).unwrap_or_default(),
                    _ => text.len(),
                };
                Value::Text(text.chars().skip(from).take(length).collect())
            }
            _ => Value::any_text(),
        },
        _ => return None,
    })
}
