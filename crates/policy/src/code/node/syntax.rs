//! Statements, imports, functions.

use super::patterns::{class_body, params, pattern, type_of};
use crate::code::follow::{Args, Follower, Param};
use crate::code::lex::Kind;
use crate::code::value::Value;

pub(in crate::code) fn statement(f: &mut Follower<'_, '_, '_>) {
    if f.between_statements() {
        return;
    }
    if f.eat("@") {
        f.expression();
        return;
    }
    match f.word() {
        "import" if !matches!(f.op_at(1), "(" | ".") => import(f),
        "export" | "default" | "declare" | "abstract" | "try" | "finally" | "do" => f.at += 1,
        "const" | "let" | "var" => {
            f.at += 1;
            declarations(f);
        }
        "function" => declare_function(f),
        "async" if f.word_at(1) == "function" => {
            f.at += 1;
            declare_function(f);
        }
        "for" => for_loop(f),
        "if" | "while" | "switch" | "with" => {
            let with = f.word() == "with";
            f.at += 1;
            if f.is("(") {
                let close = f.close();
                f.at += 1;
                let (values, _) = f.within(close, close + 1, |f| f.row());
                if with {
                    values.iter().for_each(|value| super::patterns::spread(f, value));
                }
            }
            branch(f);
        }
        "else" => {
            f.at += 1;
            branch(f);
        }
        "catch" => {
            f.at += 1;
            if f.is("(") {
                let close = f.close();
                f.at += 1;
                let names = f.within(close, close + 1, params);
                names.iter().for_each(|param| f.bind(&param.name, Value::Unknown));
            }
        }
        "return" | "throw" | "yield" => {
            f.at += 1;
            if !f.at_line() && !f.is(";") && !f.is("}") {
                let value = f.expression();
                f.gives(value);
            }
        }
        "case" => {
            f.at += 1;
            f.expression();
        }
        "interface" | "namespace" | "enum" | "module" | "type" if named_on_line(f) => typed(f),
        "break" | "continue" | "debugger" => f.at += 1,
        _ if !f.word().is_empty() && f.op_at(1) == ":" => f.at += 2,
        _ => drop(f.expression()),
    }
}

/// A name follows on the same line: only TypeScript reads it as one statement.
fn named_on_line(f: &Follower<'_, '_, '_>) -> bool {
    !f.word_at(1).is_empty() && f.token(1).is_some_and(|token| !token.line)
}

/// Declarations of TypeScript; those without code are passed over.
fn typed(f: &mut Follower<'_, '_, '_>) {
    let word = f.word();
    f.at += 2;
    if word == "type" {
        while f.peek().is_some() && !f.is("=") && !f.is(";") && !f.at_line() {
            f.at += 1;
        }
        f.eat("=");
        return type_of(f);
    }
    while f.peek().is_some() && !f.is("{") && !f.is(";") {
        f.at += 1;
    }
    match word {
        "interface" => f.at = (f.close() + 1).min(f.until),
        "enum" => drop(f.expression()),
        // The body of a namespace is code.
        _ => {}
    }
}

/// What follows a condition: one statement that may not happen.
fn branch(f: &mut Follower<'_, '_, '_>) {
    if f.is("{") || !f.enter() {
        return;
    }
    let nest = f.work.nest();
    f.work.set_nest(nest + 1);
    statement(f);
    f.work.set_nest(nest);
    f.leave();
}

fn for_loop(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    f.eat_word("await");
    if !f.is("(") {
        return;
    }
    let close = f.close();
    f.at += 1;
    let nest = f.work.nest();
    f.work.set_nest(nest + 1);
    f.within(close, close + 1, |f| {
        let declares = matches!(f.word(), "const" | "let" | "var");
        f.at += usize::from(declares);
        let of = (f.at..f.until.min(f.at + 64)).find(|at| matches!(f.tokens[*at].kind, Kind::Name("of" | "in")));
        match of {
            Some(of) => {
                let names = if f.is("{") || f.is("[") { Some(pattern(f)) } else { None };
                let name = f.word();
                f.at = of + 1;
                let row = f.expression();
                if f.is_environment(&row) {
                    f.work.environment(&Value::Unknown);
                }
                let element = row.element();
                match names {
                    Some(names) => names.assign(f, &element),
                    None => f.bind(name, element),
                }
            }
            None => {
                if declares {
                    declarations(f);
                }
                f.row();
            }
        }
    });
    f.work.set_nest(nest);
    branch(f);
}

/// `a = 1, {b} = c` behind `const`.
fn declarations(f: &mut Follower<'_, '_, '_>) {
    loop {
        if f.is("{") || f.is("[") {
            let names = pattern(f);
            if f.eat(":") {
                type_of(f);
            }
            let value = if f.eat("=") { f.expression() } else { Value::Unknown };
            names.assign(f, &value);
        } else {
            let name = f.word();
            if name.is_empty() {
                return;
            }
            f.at += 1;
            f.eat("!");
            if f.eat(":") {
                type_of(f);
            }
            if f.eat("=") {
                let value = f.expression();
                f.assign(name, value, true);
            } else {
                f.assign(name, Value::Nothing, true);
            }
        }
        if !f.eat(",") {
            return;
        }
    }
}

/// `import a, {b as c} from "m"`, `import * as a from "m"`, `import "m"`.
fn import(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    let mut names: Vec<(String, String)> = Vec::new();
    if f.word() == "type" && f.op_at(1) != "," && f.word_at(1) != "from" {
        f.at += 1;
    }
    while f.peek().is_some() && f.work.spend(1) {
        if f.eat("{") {
            while f.peek().is_some() && !f.is("}") {
                f.eat_word("type");
                let key = f.word();
                f.at += 1;
                let name = if f.eat_word("as") {
                    f.at += 1;
                    f.word_before()
                } else {
                    key
                };
                if !key.is_empty() {
                    names.push((key.to_owned(), name.to_owned()));
                }
                f.eat(",");
            }
            f.eat("}");
        } else if f.eat("*") {
            f.eat_word("as");
            names.push((String::new(), f.word().to_owned()));
            f.at += 1;
        } else if f.eat_word("from") || f.eat(",") || f.eat("=") {
        } else if matches!(f.peek().map(|token| &token.kind), Some(Kind::Text(_))) || f.word() == "require" {
            let value = f.expression();
            let module =
                if matches!(value, Value::Text(_)) { super::library::module(f, "import", &value) } else { value };
            for (key, name) in names {
                let member = if key.is_empty() { module.clone() } else { f.attribute(module.clone(), &key) };
                f.assign(&name, member, true);
            }
            return;
        } else if !f.word().is_empty() {
            names.push((String::new(), f.word().to_owned()));
            f.at += 1;
        } else {
            return;
        }
    }
}

fn declare_function(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    f.eat("*");
    let name = f.word();
    f.at += usize::from(!name.is_empty());
    if f.declared_before(name) {
        return;
    }
    let value = function(f);
    if !name.is_empty() {
        f.assign(name, value, true);
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

/// Parameters and body of a function; the parenthesis is here.
pub(super) fn function(f: &mut Follower<'_, '_, '_>) -> Value {
    if f.is("<") {
        while f.peek().is_some() && !f.is("(") {
            f.at += 1;
        }
    }
    if !f.is("(") {
        return Value::Unknown;
    }
    let close = f.close();
    f.at += 1;
    let params = f.within(close, close + 1, params);
    if f.eat(":") {
        return_type(f);
    }
    body(f, params)
}

/// Moves over the type of what a function gives back, up to its body.
fn return_type(f: &mut Follower<'_, '_, '_>) {
    if f.is("{") {
        f.at = f.close() + 1;
    }
    while let Some(token) = f.peek() {
        match token.kind {
            Kind::Op("{" | "=>" | ";") => return,
            Kind::Op("(" | "[") => f.at = token.pair.min(f.until.saturating_sub(1)).max(f.at),
            Kind::Op("<") if f.op_at(1) == "{" => f.at = f.token(1).map_or(f.at, |token| token.pair.min(f.until - 1)),
            _ => {}
        }
        f.at += 1;
    }
}

/// A body in braces, or an expression.
fn body(f: &mut Follower<'_, '_, '_>, params: Vec<Param>) -> Value {
    if f.is("{") {
        let close = f.close();
        let start = f.at + 1;
        f.at = (close + 1).min(f.until);
        return f.function(params, start, close, false);
    }
    let start = f.at;
    let end = expression_end(f);
    f.at = end;
    f.function(params, start, end, true)
}

/// Where the expression that is a body ends.
fn expression_end(f: &Follower<'_, '_, '_>) -> usize {
    let mut at = f.at;
    while at < f.until {
        let token = &f.tokens[at];
        let before = at.checked_sub(1).map(|before| &f.tokens[before].kind);
        let ended = !matches!(before, Some(Kind::Op(op)) if !matches!(*op, ")" | "]" | "}"));
        match token.kind {
            Kind::Op("," | ";" | ")" | "]" | "}") => break,
            Kind::Op("{" | "!" | "~" | "++" | "--" | "@") if token.line && at > f.at && ended => break,
            Kind::Op("(" | "[" | "{") => at = token.pair.max(at),
            Kind::Op(_) => {}
            _ if token.line && at > f.at && ended => break,
            _ => {}
        }
        at += 1;
    }
    at.min(f.until)
}

/// `(a, b) => …`, when that is what stands here.
pub(in crate::code) fn arrow(f: &mut Follower<'_, '_, '_>) -> Option<Value> {
    let close = f.close();
    let after =
        |offset: usize| f.tokens.get(close + offset).filter(|_| close + offset < f.until).map(|token| &token.kind);
    let typed = after(1) == Some(&Kind::Op(":"))
        && (2..24).map_while(after).find(|kind| matches!(kind, Kind::Op("=>" | "," | ";" | ")" | "=" | "?")))
            == Some(&Kind::Op("=>"));
    if after(1) != Some(&Kind::Op("=>")) && !typed {
        return None;
    }
    f.at += 1;
    let params = f.within(close, close + 1, params);
    if f.eat(":") {
        return_type(f);
    }
    f.eat("=>");
    Some(body(f, params))
}

/// A name in an expression.
pub(in crate::code) fn name(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    f.at += 1;
    match name {
        "null" | "undefined" => return Value::Nothing,
        "true" => return Value::Flag(true),
        "false" => return Value::Flag(false),
        "this" | "super" => return Value::Unknown,
        "function" => {
            f.eat("*");
            let own = f.word();
            f.at += usize::from(!own.is_empty());
            return function(f);
        }
        "async" if f.word() == "function" || f.is("(") || f.op_at(1) == "=>" => {
            if f.is("(") {
                return arrow(f).unwrap_or(Value::Unknown);
            }
            return f.binary(9);
        }
        "class" => {
            while f.peek().is_some() && !f.is("{") {
                if f.eat_word("extends") {
                    f.binary(9);
                } else {
                    f.assign(f.word(), Value::Unknown, true);
                    f.at += 1;
                }
            }
            class_body(f);
            return Value::Unknown;
        }
        "new" => return construct(f),
        "typeof" | "void" | "delete" => {
            f.binary(9);
            return Value::Unknown;
        }
        "await" | "yield" => {
            f.eat("*");
            return f.binary(9);
        }
        "import" => {
            if f.is("(") {
                let args = f.arguments();
                return super::library::module(f, "import", args.first());
            }
            return Value::Item("import".into());
        }
        _ => {}
    }
    if f.is("=>") {
        f.at += 1;
        let param = Param { name: name.to_owned(), default: Value::Unknown, rest: false, inner: Vec::new() };
        return body(f, vec![param]);
    }
    match f.lookup(name) {
        Some(value) => {
            let grows = matches!(f.word_at(1), "push" | "unshift") && f.is(".") && f.op_at(2) == "(";
            if grows && matches!(value, Value::List(_) | Value::OneOf(_)) {
                f.at += 2;
                let args = f.arguments();
                f.grow(name, value, args.rest(0), false);
                return Value::Nothing;
            }
            value
        }
        None if f.is("(") => hoist(f, name).unwrap_or_else(|| super::library::global(name)),
        None => super::library::global(name),
    }
}

/// `new a.b(…)`.
fn construct(f: &mut Follower<'_, '_, '_>) -> Value {
    if f.eat(".") {
        f.at += 1;
        return Value::Unknown;
    }
    let mut callee = if f.is("(") {
        let close = f.close();
        f.at += 1;
        f.within(close, close + 1, |f| f.expression())
    } else {
        let word = f.word();
        f.at += usize::from(!word.is_empty());
        match word {
            "" | "this" => Value::Unknown,
            "class" => {
                f.at -= 1;
                return f.expression();
            }
            _ => f.lookup(word).unwrap_or_else(|| super::library::global(word)),
        }
    };
    while f.is(".") && !f.word_at(1).is_empty() {
        let member = f.word_at(1);
        f.at += 2;
        callee = f.attribute(callee, member);
    }
    if f.is("<") {
        let mut at = f.at;
        while at < f.until && f.tokens[at].kind != Kind::Op("(") && !matches!(f.tokens[at].kind, Kind::Op(";")) {
            at += 1;
        }
        f.at = at;
    }
    let args = if f.is("(") { f.arguments() } else { Args::default() };
    match callee {
        Value::Item(path) => f.library(&format!("new {path}"), &args),
        callee => f.call(callee, &args),
    }
}
