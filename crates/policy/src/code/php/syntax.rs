//! Statements, functions, classes.

use crate::code::Deed;
use crate::code::Language;
use crate::code::follow::{Args, Follower, Param};
use crate::code::lex::Kind;
use crate::code::value::Value;

pub(in crate::code) fn statement(f: &mut Follower<'_, '_, '_>) {
    if f.between_statements() {
        return;
    }
    if f.eat("#") {
        return;
    }
    match f.word() {
        "use" | "namespace" | "declare" | "goto" => {
            while f.peek().is_some() && !f.is(";") && !f.is("{") {
                f.at += 1;
            }
        }
        "echo" | "print" => echo(f),
        "function" if !f.word_at(1).is_empty() || f.op_at(1) == "&" && !f.word_at(2).is_empty() => {
            f.at += 1;
            f.eat("&");
            let name = f.word().to_ascii_lowercase();
            f.at += 1;
            if f.declared_before(&name) {
                return;
            }
            let function = function(f);
            f.assign(&name, function.clone(), true);
            f.store(&name, function);
        }
        "class" | "interface" | "trait" | "enum" if !f.word_at(1).is_empty() => {
            while f.peek().is_some() && !f.is("{") && !f.is(";") {
                f.at += 1;
            }
            f.eat("{");
        }
        "public" | "private" | "protected" | "static" | "final" | "abstract" | "const" | "var" | "readonly"
        | "else" | "try" | "do" | "finally" | "default" | "break" | "continue"
            if f.op_at(1) != "::" =>
        {
            f.at += 1;
        }
        "if" | "elseif" | "while" | "switch" | "for" | "case" | "match" => {
            f.at += 1;
            if f.is("(") {
                let close = f.close();
                f.at += 1;
                f.within(close, close + 1, |f| drop(f.row()));
            }
            if !f.is("{") && !f.is(":") && f.enter() {
                let nest = f.work.nest();
                f.work.set_nest(nest + 1);
                statement(f);
                f.work.set_nest(nest);
                f.leave();
            }
        }
        "foreach" => foreach(f),
        "catch" => {
            f.at += 1;
            f.at = if f.is("(") { f.close() + 1 } else { f.at };
        }
        "return" | "throw" | "yield" => {
            f.at += 1;
            if !f.is(";") {
                let value = f.expression();
                f.gives(value);
            }
        }
        "global" => f.at += 1,
        "list" if f.op_at(1) == "(" => {
            f.at += 1;
            targets(f);
        }
        _ if f.is("[") && targets(f) => {}
        _ => drop(f.expression()),
    }
}

fn echo(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    f.work.say(Deed::Prints);
    loop {
        let value = f.expression();
        f.escape(&Args::of(vec![value]), &Value::Unknown);
        if !f.eat(",") {
            break;
        }
    }
}

fn targets(f: &mut Follower<'_, '_, '_>) -> bool {
    match f.targets() {
        Some(names) => {
            let value = f.expression();
            f.unpack(&names, &value);
            true
        }
        None => false,
    }
}

fn foreach(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    if !f.is("(") {
        return;
    }
    let close = f.close();
    f.at += 1;
    f.within(close, close + 1, |f| {
        let row = f.expression();
        if f.is_environment(&row) {
            f.work.environment(&Value::Unknown);
        }
        if f.eat_word("as") {
            f.eat("&");
            let mut name = f.word();
            f.at += 1;
            if f.eat("=>") {
                f.bind(name, Value::Unknown);
                f.eat("&");
                name = f.word();
            }
            let element = match &row {
                Value::Map(pairs) => pairs.iter().map(|(_, value)| value.clone()).fold(Value::Nothing, Value::or),
                row => row.element(),
            };
            f.bind(name, element);
        }
    });
}

/// Parameters and body; the parenthesis is here.
fn function(f: &mut Follower<'_, '_, '_>) -> Value {
    if !f.is("(") {
        return Value::Unknown;
    }
    let close = f.close();
    f.at += 1;
    let params = f.within(close, close + 1, params);
    while f.peek().is_some() && !f.is("{") && !f.is(";") && !f.is("=>") {
        f.at = if f.is("(") { f.close() + 1 } else { f.at + 1 };
    }
    if f.eat("=>") {
        let start = f.at;
        let mut end = start;
        while end < f.until && !matches!(f.tokens[end].kind, Kind::Op("," | ";" | ")" | "]" | "}")) {
            let token = &f.tokens[end];
            end = if matches!(token.kind, Kind::Op("(" | "[" | "{")) { token.pair.max(end) + 1 } else { end + 1 };
        }
        let end = end.min(f.until);
        f.at = end;
        return f.function(params, start, end, true);
    }
    if !f.is("{") {
        return Value::Unknown;
    }
    let close = f.close();
    let start = f.at + 1;
    f.at = (close + 1).min(f.until);
    f.function(params, start, close, false)
}

fn params(f: &mut Follower<'_, '_, '_>) -> Vec<Param> {
    let mut params = Vec::new();
    while f.at < f.until && f.work.spend(1) {
        let mut rest = false;
        while f.peek().is_some() && !f.word().starts_with('$') && !f.is(",") {
            rest |= f.is("...");
            f.at += 1;
        }
        let name = f.word().to_owned();
        f.at += usize::from(!name.is_empty());
        let default = if f.eat("=") { f.expression().or(Value::Unknown) } else { Value::Unknown };
        if !name.is_empty() {
            params.push(Param { name, default, rest, inner: Vec::new() });
        }
        if !f.eat(",") {
            f.at += 1;
        }
    }
    params
}

/// A name in an expression.
pub(in crate::code) fn name(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    f.at += 1;
    if name.starts_with('$') {
        return match (f.lookup(name), name) {
            (Some(value), _) => value,
            (None, "$_ENV" | "$_SERVER") => Value::Item("$_ENV".into()),
            (None, "$argv" | "$_GET" | "$_POST" | "$_REQUEST" | "$_COOKIE") => Value::Each(Box::new(Value::any_text())),
            (None, _) => Value::Unknown,
        };
    }
    match name.to_ascii_lowercase().as_str() {
        "null" => return Value::Nothing,
        "true" => return Value::Flag(true),
        "false" => return Value::Flag(false),
        "__dir__" => return Value::text("."),
        "__file__" => return Value::any_text(),
        "php_eol" => return Value::text("\n"),
        "directory_separator" => return Value::text("/"),
        "function" | "fn" => {
            f.eat("&");
            return function(f);
        }
        "static" if matches!(f.word(), "function" | "fn") => {
            f.at += 1;
            return function(f);
        }
        "new" => return construct(f),
        "clone" | "print" | "yield" | "throw" => return f.binary(2),
        "eval" => {
            let args = f.arguments_or_one();
            f.work.code(Language::Php, "eval", args.first());
            return Value::Unknown;
        }
        "include" | "include_once" | "require" | "require_once" => {
            let file = f.binary(2);
            super::library::include(f, &file);
            return Value::Unknown;
        }
        "isset" | "empty" | "unset" | "exit" | "die" => {
            if f.is("(") {
                f.arguments();
            }
            return Value::Unknown;
        }
        "array" | "list" if f.is("(") => {
            let args = f.arguments();
            return if args.named.is_empty() { Value::List(args.list) } else { Value::Map(args.named) };
        }
        _ => {}
    }
    let key = name.to_ascii_lowercase();
    match f.lookup(&key) {
        Some(value) if f.is("(") => value,
        _ if f.is("(") => hoist(f, &key).unwrap_or_else(|| Value::Item(name.to_owned())),
        _ => Value::Item(name.to_owned()),
    }
}

/// A function called before its declaration.
fn hoist(f: &mut Follower<'_, '_, '_>, name: &str) -> Option<Value> {
    let declared = f.declared_later("function", name)?;
    let (at, until) = (f.at, f.until);
    f.until = f.tokens.len();
    f.at = declared + 2;
    let value = function(f);
    f.at = at;
    f.until = until;
    f.assign(name, value.clone(), true);
    Some(value)
}

fn construct(f: &mut Follower<'_, '_, '_>) -> Value {
    let name = f.word();
    if name == "class" {
        while f.peek().is_some() && !f.is("{") {
            f.at = if f.is("(") { f.close() + 1 } else { f.at + 1 };
        }
        if f.is("{") && f.enter() {
            let close = f.close();
            f.at += 1;
            f.run(close);
            f.at = close + 1;
            f.leave();
        }
        return Value::Unknown;
    }
    f.at += usize::from(!name.is_empty());
    let class = if name.starts_with('$') { f.lookup(name).unwrap_or_default().to_text() } else { name.to_owned() };
    let args = if f.is("(") { f.arguments() } else { Args::default() };
    f.library(&format!("new {class}"), &args)
}
