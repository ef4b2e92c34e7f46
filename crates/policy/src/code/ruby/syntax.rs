//! Statements, blocks, calls without parentheses.

use crate::code::follow::{Args, Follower, Param};
use crate::code::lex::Kind;
use crate::code::value::Value;

/// Words that begin no argument.
const BETWEEN: &[&str] = &[
    "if", "unless", "while", "until", "and", "or", "do", "then", "rescue", "end", "in", "ensure", "else", "elsif",
    "when",
];

pub(in crate::code) fn statement(f: &mut Follower<'_, '_, '_>) {
    let Some(token) = f.peek() else { return };
    if token.line {
        let nested = token.column > f.body_column() || modified(f);
        f.work.set_nest(usize::from(nested));
    }
    match f.word() {
        "def" => define(f),
        "class" | "module" => {
            f.at += 1;
            while f.peek().is_some() && !f.at_line() && !f.is(";") {
                f.at += 1;
            }
        }
        "end" | "begin" | "ensure" | "else" | "then" | "do" | "retry" | "next" | "break" | "redo" | "BEGIN" | "END" => {
            f.at += 1;
            block_params(f, &Value::Unknown);
        }
        "rescue" => {
            f.at += 1;
            while f.peek().is_some() && !f.at_line() && !f.is(";") {
                if f.eat("=>") {
                    f.bind(f.word(), Value::Unknown);
                }
                f.at += 1;
            }
        }
        "if" | "elsif" | "unless" | "while" | "until" | "case" | "when" | "in" => {
            f.at += 1;
            f.work.set_nest(1);
            f.expression();
        }
        "for" => {
            f.at += 1;
            let name = f.word();
            f.at += 1;
            if f.eat_word("in") {
                let row = f.expression();
                f.bind(name, row.element());
            }
        }
        "return" | "yield" => {
            f.at += 1;
            if !f.at_line() && !f.is(";") && !BETWEEN.contains(&f.word()) {
                let value = f.expression();
                f.gives(value);
            }
        }
        _ if f.is(";") || f.is(",") || f.is("}") || f.is("|") => f.at += 1,
        _ => {
            if let Some(names) = f.targets() {
                let mut values = vec![f.expression()];
                while f.eat(",") {
                    values.push(f.expression());
                }
                let row = if values.len() == 1 { values.remove(0) } else { Value::List(values) };
                f.unpack(&names, &row);
                return;
            }
            let value = f.expression();
            if f.at >= f.until {
                f.gives(value);
            }
        }
    }
}

/// The line here ends with a condition.
fn modified(f: &Follower<'_, '_, '_>) -> bool {
    (f.at + 1..f.until)
        .take(200)
        .map_while(|at| Some(&f.tokens[at]).filter(|token| !token.line))
        .any(|token| matches!(token.kind, Kind::Name("if" | "unless" | "while" | "until" | "rescue")))
}

fn define(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    if f.op_at(1) == "." {
        f.at += 2;
    }
    let name = f.word();
    f.at += 1;
    let params = if f.is("(") {
        let close = f.close();
        f.at += 1;
        f.within(close, close + 1, params)
    } else {
        let mut end = f.at;
        while end < f.until
            && !f.tokens[end].line
            && f.tokens[end].kind != Kind::Op(";")
            && f.tokens[end].kind != Kind::Op("=")
        {
            end += 1;
        }
        f.within(end, end, params)
    };
    let endless = f.eat("=");
    let start = f.at;
    let end = if endless { line_end(f) } else { body_end(f) };
    let function = f.function(params, start, end, false);
    f.assign(name, function, true);
    f.at = end + usize::from(!endless);
}

fn line_end(f: &Follower<'_, '_, '_>) -> usize {
    (f.at + 1..f.until).find(|at| f.tokens[*at].line).unwrap_or(f.until)
}

/// Where the `end` of the body here stands.
fn body_end(f: &mut Follower<'_, '_, '_>) -> usize {
    if !f.work.spend((f.until - f.at.min(f.until)) / 16) {
        return f.until;
    }
    let (mut depth, mut loops) = (1_usize, false);
    for at in f.at..f.until {
        let token = &f.tokens[at];
        let before = at.checked_sub(1).map(|before| &f.tokens[before].kind);
        if token.line {
            loops = false;
        }
        let Kind::Name(word) = token.kind else { continue };
        if matches!(before, Some(Kind::Op("." | "&." | "::"))) || before == Some(&Kind::Name("def")) {
            continue;
        }
        let opens = token.line
            || matches!(before, Some(Kind::Op(";" | "=" | "(" | "[" | "{" | "," | "|" | "||" | "&&" | "<<")))
            || matches!(before, Some(Kind::Name("then" | "do" | "else" | "return" | "begin" | "and" | "or")));
        match word {
            "def" | "class" | "module" | "begin" | "case" => depth += 1,
            "if" | "unless" if opens => depth += 1,
            "while" | "until" | "for" if opens => {
                depth += 1;
                loops = true;
            }
            "do" if loops => loops = false,
            "do" => depth += 1,
            "end" => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    f.until
}

/// Parameters up to the end of view.
fn params(f: &mut Follower<'_, '_, '_>) -> Vec<Param> {
    let mut params = Vec::new();
    while f.at < f.until && f.work.spend(1) {
        let before = f.at;
        let rest = f.is("*");
        while f.is("*") || f.is("**") || f.is("&") || f.is("(") || f.is(")") {
            f.at += 1;
        }
        let name = f.word().to_owned();
        f.at += usize::from(!name.is_empty());
        let default = if f.eat("=") || f.eat(":") && !f.is(",") && f.at < f.until {
            f.binary(7).or(Value::Unknown)
        } else {
            Value::Unknown
        };
        if !name.is_empty() {
            params.push(Param { name, default, rest, inner: Vec::new() });
        }
        if !f.eat(",") && f.at == before {
            f.at += 1;
        }
    }
    params
}

/// `|a, b|` behind the opening of a block that is followed in place.
fn block_params(f: &mut Follower<'_, '_, '_>, element: &Value) {
    if !f.is("|") {
        return;
    }
    f.at += 1;
    let mut first = true;
    while f.peek().is_some() && !f.is("|") && f.work.spend(1) {
        let name = f.word();
        if !name.is_empty() {
            f.bind(name, if first { element.clone() } else { Value::Unknown });
            first = false;
        }
        f.at += 1;
    }
    f.eat("|");
}

/// `{ |x| … }` behind a call.
fn brace_block(f: &mut Follower<'_, '_, '_>) -> Value {
    let close = f.close();
    f.at += 1;
    let mut names = Vec::new();
    if f.is("|") {
        let end = (f.at + 1..close.min(f.until)).find(|at| f.tokens[*at].kind == Kind::Op("|")).unwrap_or(close);
        f.at += 1;
        names = f.within(end, end + 1, params);
    } else {
        for name in ["_1", "it"] {
            names.push(Param { name: name.into(), default: Value::Unknown, rest: false, inner: Vec::new() });
        }
    }
    let start = f.at;
    f.at = (close + 1).min(f.until);
    f.function(names, start, close, false)
}

/// `->(x) { … }`.
pub(in crate::code) fn lambda(f: &mut Follower<'_, '_, '_>) -> Value {
    f.at += 1;
    let mut given = Vec::new();
    if f.is("(") {
        let close = f.close();
        f.at += 1;
        given = f.within(close, close + 1, params);
    } else if !f.word().is_empty() && f.word() != "do" {
        given.push(Param { name: f.word().into(), default: Value::Unknown, rest: false, inner: Vec::new() });
        f.at += 1;
    }
    if f.is("{") {
        let close = f.close();
        let start = f.at + 1;
        f.at = (close + 1).min(f.until);
        return f.function(given, start, close, false);
    }
    Value::Unknown
}

/// A name in an expression.
pub(in crate::code) fn name(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    f.at += 1;
    match name {
        "nil" => return Value::Nothing,
        "true" => return Value::Flag(true),
        "false" => return Value::Flag(false),
        "self" | "super" | "__method__" => return Value::Unknown,
        "__dir__" => return Value::text("."),
        "__FILE__" => return Value::any_text(),
        "not" | "defined?" => {
            f.binary(5);
            return Value::Unknown;
        }
        "if" | "unless" | "case" | "while" | "begin" => {
            f.expression();
            return Value::Unknown;
        }
        "lambda" | "proc" if f.is("{") => return brace_block(f),
        "do" | "then" | "end" | "else" => {
            block_params(f, &Value::Unknown);
            return Value::Unknown;
        }
        _ => {}
    }
    let known = f.lookup(name);
    if let Some(value) = known.clone().filter(|value| !matches!(value, Value::Local(..))) {
        return value;
    }
    let constant = name.starts_with(|c: char| c.is_uppercase()) || name.starts_with(['$', '@']);
    let args = if f.is("(") && f.peek().is_some_and(|token| !token.space) {
        Some(f.arguments())
    } else if begins_argument(f) && !name.starts_with(['$', '@']) {
        Some(command_args(f))
    } else {
        None
    };
    if constant && args.is_none() {
        return match name {
            "ENV" => Value::Item("ENV".into()),
            "ARGV" => Value::Each(Box::new(Value::any_text())),
            _ if name.starts_with(['$', '@']) => Value::Unknown,
            _ => Value::Item(name.to_owned()),
        };
    }
    let mut args = args.unwrap_or_default();
    with_block(f, &mut args, &Value::Unknown);
    match known {
        Some(function) => f.call(function, &args),
        None => f.library(name, &args),
    }
}

/// Whether an argument follows without parentheses.
fn begins_argument(f: &Follower<'_, '_, '_>) -> bool {
    let Some(token) = f.peek() else { return false };
    if token.line || !token.space {
        return false;
    }
    let next_spaced = f.token(1).is_none_or(|next| next.space || next.line);
    match &token.kind {
        Kind::Text(_) | Kind::Words(_) | Kind::Number(_) | Kind::Shell(_) | Kind::Regex => true,
        Kind::Name(word) => !BETWEEN.contains(word) && f.op_at(1) != "=",
        Kind::Op("[" | "->" | "(") => true,
        Kind::Op("*" | "&" | "-" | "::" | "!" | "**") => !next_spaced,
        _ => false,
    }
}

/// Arguments without parentheses.
fn command_args(f: &mut Follower<'_, '_, '_>) -> Args {
    let mut args = Args::default();
    while f.work.spend(1) {
        let name = f.word();
        if !name.is_empty() && f.op_at(1) == ":" {
            f.at += 2;
            let value = f.binary(2);
            args.named.push((name.to_owned(), value));
        } else {
            let spread = matches!(f.op(), "*" | "&" | "**");
            let value = f.binary(2);
            if f.eat("=>") {
                let given = f.binary(2);
                args.named.push((value.to_text(), given));
            } else {
                match value {
                    Value::List(values) if spread => args.list.extend(values),
                    Value::Each(value) if spread => args.list.push(*value),
                    value => args.list.push(value),
                }
            }
        }
        if !f.eat(",") {
            break;
        }
    }
    args
}

/// A block behind a call becomes its last argument; one in words is followed where it stands.
fn with_block(f: &mut Follower<'_, '_, '_>, args: &mut Args, receiver: &Value) {
    if f.is("{") && !f.at_line() {
        let block = brace_block(f);
        args.named.push(("&".into(), block));
    } else if f.word() == "do" && !f.at_line() {
        f.at += 1;
        block_params(f, &receiver.element());
    }
}

/// A method behind its point.
pub(in crate::code) fn dotted(f: &mut Follower<'_, '_, '_>, value: Value, name: &str) -> Value {
    let constant = name.starts_with(|c: char| c.is_uppercase());
    let mut args = if f.is("(") && f.peek().is_some_and(|token| !token.space) {
        f.arguments()
    } else if begins_argument(f) {
        command_args(f)
    } else if f.is("=") {
        f.at += 1;
        let stored = f.binary(1);
        f.store(name, stored.clone());
        return stored;
    } else if constant {
        return f.attribute(value, name);
    } else {
        Args::default()
    };
    // A block that is followed in place sees what the call hands to it.
    let given = super::library::handed(&value, name, &args);
    with_block(f, &mut args, &given);
    f.method(value, name, &args)
}
