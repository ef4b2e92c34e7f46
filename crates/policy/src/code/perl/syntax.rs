//! Statements, variables, calls without parentheses.

use crate::code::Deed;
use crate::code::follow::{Args, Follower, Param};
use crate::code::lex::Kind;
use crate::code::value::Value;

/// Elements of a literal list that a block is worked out for.
const MOST_ELEMENTS: usize = 128;
/// Words between two values, and words that end a statement.
const BETWEEN: &[&str] = &[
    "x", "eq", "ne", "lt", "gt", "le", "ge", "cmp", "and", "or", "xor", "isa", "if", "unless", "while", "until", "for",
    "foreach",
];
/// Take one argument without parentheses.
const UNARY: &[&str] = &[
    "shift",
    "pop",
    "defined",
    "ref",
    "scalar",
    "lc",
    "uc",
    "lcfirst",
    "ucfirst",
    "length",
    "chr",
    "ord",
    "hex",
    "oct",
    "int",
    "abs",
    "rmdir",
    "readlink",
    "chdir",
    "exists",
    "delete",
    "each",
    "keys",
    "values",
    "quotemeta",
    "rand",
    "undef",
    "chroot",
    "close",
    "exit",
    "sleep",
    "localtime",
    "require",
    "stat",
    "chomp",
    "umask",
    "fc",
    "readline",
];

pub(in crate::code) fn statement(f: &mut Follower<'_, '_, '_>) {
    match f.op() {
        "{" => {
            f.at += 1;
            f.work.set_nest(f.work.nest() + 1);
            return;
        }
        "}" => {
            f.at += 1;
            f.work.set_nest(f.work.nest().saturating_sub(1));
            return;
        }
        ";" | "," | ")" | "]" | ":" => {
            f.at += 1;
            return;
        }
        _ => {}
    }
    match f.word() {
        "use" | "no" => import(f),
        "package" => f.at += 2,
        "sub" if !f.word_at(1).is_empty() => {
            f.at += 1;
            let name = f.word();
            f.at += 1;
            let value = function(f);
            f.assign(name, value, true);
        }
        "BEGIN" | "END" | "INIT" | "CHECK" | "UNITCHECK" | "else" | "continue" | "last" | "next" | "redo" => f.at += 1,
        "if" | "elsif" | "unless" | "while" | "until" | "when" | "given" => {
            f.at += 1;
            f.expression();
        }
        "for" | "foreach" => for_loop(f),
        "return" => {
            f.at += 1;
            if !f.is(";") && !f.is("}") && !BETWEEN.contains(&f.word()) {
                let value = f.expression();
                f.gives(value);
            }
        }
        _ => modified(f),
    }
}

/// An expression and what may stand behind it: `… for …`, `… if …`.
fn modified(f: &mut Follower<'_, '_, '_>) {
    let start = f.at;
    let modifier = modifier(f);
    let nest = f.work.nest();
    if let Some((at, word)) = modifier {
        f.at = at + 1;
        let value = f.expression();
        if matches!(word, "for" | "foreach") {
            f.bind("$_", value.element_or_self());
        }
        let behind = f.at;
        f.at = start;
        f.work.set_nest(nest + 1);
        f.within(at, behind, |f| {
            while f.at < f.until && f.work.spend(1) {
                let before = f.at;
                expression_or_targets(f);
                if f.at == before {
                    f.at += 1;
                }
            }
        });
        f.work.set_nest(nest);
    } else {
        expression_or_targets(f);
    }
}

fn expression_or_targets(f: &mut Follower<'_, '_, '_>) {
    if f.is("(")
        && let Some(names) = f.targets()
    {
        let value = f.expression();
        f.unpack(&names, &value);
        return;
    }
    let value = f.expression();
    // The value of the last statement is the value of the block.
    if f.at >= f.until || f.is("}") {
        f.gives(value);
    }
}

/// Where the statement here goes on with a modifier.
fn modifier<'a>(f: &Follower<'_, '_, 'a>) -> Option<(usize, &'a str)> {
    let mut at = f.at;
    while at < f.until {
        match f.tokens[at].kind {
            Kind::Op(";" | "}" | ")" | "]") => return None,
            Kind::Op("(" | "[" | "{") => at = f.tokens[at].pair.max(at),
            Kind::Name(word @ ("for" | "foreach" | "if" | "unless" | "while" | "until")) if at > f.at => {
                return Some((at, word));
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn import(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    if f.word() == "constant" {
        f.at += 1;
        let bare = f.word();
        if !bare.is_empty() && f.op_at(1) == "=>" {
            f.at += 2;
            let value = f.expression();
            f.assign(bare, value, true);
        } else if let Value::Map(pairs) = f.expression() {
            for (name, value) in pairs {
                f.assign(&name, value, true);
            }
        }
    }
    if matches!(f.word(), "FFI::Platypus" | "Inline" | "DynaLoader" | "Win32::API") {
        f.work.native(f.word());
    }
    while f.peek().is_some() && !f.is(";") {
        f.at = if f.is("{") || f.is("(") { f.close() + 1 } else { f.at + 1 };
    }
}

fn for_loop(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    if matches!(f.word(), "my" | "our" | "state") {
        f.at += 1;
    }
    let name = f.word();
    f.at += usize::from(!name.is_empty());
    if f.is("(") {
        let close = f.close();
        f.at += 1;
        f.work.set_nest(f.work.nest() + 1);
        let (values, _) = f.within(close, close + 1, |f| f.row());
        f.work.set_nest(f.work.nest().saturating_sub(1));
        let row = match values.as_slice() {
            [one @ (Value::Each(_) | Value::Map(_))] => one.element(),
            _ => Value::List(values).element(),
        };
        let row = row.map(|value| value.element_or_self());
        f.bind(if name.is_empty() { "$_" } else { name }, row);
    }
}

/// A function; its brace, or its parenthesis, is here.
fn function(f: &mut Follower<'_, '_, '_>) -> Value {
    while f.is("(") || f.is(":") || !f.word().is_empty() {
        f.at = if f.is("(") { f.close() + 1 } else { f.at + 1 };
    }
    if !f.is("{") {
        return Value::Unknown;
    }
    let close = f.close();
    let start = f.at + 1;
    f.at = (close + 1).min(f.until);
    let args = Param { name: "@_".into(), default: Value::List(Vec::new()), rest: true, inner: Vec::new() };
    f.function(vec![args], start, close, false)
}

/// A name in an expression.
pub(in crate::code) fn name(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    f.at += 1;
    if name.starts_with(['$', '@', '%', '&']) {
        return variable(f, name);
    }
    if f.is("=>") || f.is("}") && f.tokens.get(f.at - 2).is_some_and(|token| token.kind == Kind::Op("{")) {
        return Value::text(name);
    }
    match name {
        "my" | "our" | "local" | "state" => return declared(f),
        "sub" => return function(f),
        "undef" if !f.is("(") => return Value::Nothing,
        "return" => {
            let value = if f.is(";") || BETWEEN.contains(&f.word()) { Value::Nothing } else { f.expression() };
            f.gives(value.clone());
            return value;
        }
        "not" => {
            f.binary(3);
            return Value::Unknown;
        }
        "do" if f.is("{") => return block(f),
        "eval" if f.is("{") => return block(f),
        "map" | "grep" | "sort" | "first" | "any" => return over_list(f, name),
        "print" | "say" | "printf" => return print(f),
        "shift" if !f.is("(") || f.op_at(1) == ")" => return shift(f),
        _ => {}
    }
    if let Some(value) = f.lookup(name).filter(|_| !f.is("->") && !f.is("::")) {
        if !value.is_callable() {
            return value;
        }
        let args = call_args(f, name);
        return f.call(value, &args);
    }
    if f.is("->") || f.is("::") {
        return Value::Item(name.to_owned());
    }
    let follows = f.is("(") || begins_term(f, name);
    if !follows && !super::library::takes_default(name) {
        return Value::Item(name.to_owned());
    }
    let mut args = call_args(f, name);
    if args.list.is_empty() && super::library::takes_default(name) {
        args.list.push(f.lookup("$_").unwrap_or_default());
    }
    f.library(name, &args)
}

/// Whether an argument follows a name without parentheses.
fn begins_term(f: &Follower<'_, '_, '_>, name: &str) -> bool {
    let Some(token) = f.peek() else { return false };
    match &token.kind {
        Kind::Text(_) | Kind::Shell(_) | Kind::Words(_) | Kind::Glob(_) => true,
        Kind::Number(_) | Kind::Regex => super::library::is_known(name) || UNARY.contains(&name),
        Kind::Name(word) => !BETWEEN.contains(word),
        Kind::Op("\\" | "@" | "$") => true,
        Kind::Op("[" | "-" | "%" | "&") => super::library::is_known(name),
        _ => false,
    }
}

/// Arguments in parentheses or behind the name.
fn call_args(f: &mut Follower<'_, '_, '_>, name: &str) -> Args {
    if f.is("(") {
        return f.arguments();
    }
    let mut args = Args::default();
    if UNARY.contains(&name) {
        if begins_term(f, name) {
            match f.binary(9) {
                Value::List(values) => args.list.extend(values),
                value => args.list.push(value),
            }
        }
        return args;
    }
    let mut more = begins_term(f, name) || f.op() == "{";
    while more && f.work.spend(1) {
        let before = f.at;
        let value = f.binary(2);
        if f.is("=>") {
            f.at += 1;
            let given = f.binary(2);
            args.named.push((value.to_text(), given.clone()));
            args.list.extend([value, given]);
        } else {
            match value {
                Value::List(values) => args.list.extend(values),
                value => args.list.push(value),
            }
        }
        more = f.eat(",") && f.at > before && !f.is(")") && !f.is(";");
    }
    args
}

/// A variable and its element: `$x`, `$x[0]`, `$x{key}`, `$_[0]`, `&f(…)`.
fn variable(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    let spaced = f.peek().is_some_and(|token| token.space);
    if name.starts_with('&') {
        let function = name.trim_start_matches('&');
        return f.lookup(function).unwrap_or_else(|| Value::Item(function.to_owned()));
    }
    let kept = if name == "$_" && f.is("[") { "@_" } else { name };
    let value = f.lookup(kept);
    if f.is("{") && !spaced && (name.starts_with('$') || name.starts_with('@')) {
        let table = value.unwrap_or_else(|| Value::Item(name.trim_start_matches(['$', '@']).to_owned()));
        return braced(f, table);
    }
    match (value, name) {
        (Some(value), _) => value,
        (None, "%ENV" | "$ENV") => Value::Item("ENV".into()),
        (None, "$0") => Value::any_text(),
        (None, _) => Value::Unknown,
    }
}

/// `{key}` behind a table.
pub(in crate::code) fn braced(f: &mut Follower<'_, '_, '_>, table: Value) -> Value {
    let close = f.close();
    f.at += 1;
    let key = f.within(close, close + 1, |f| {
        let bare = f.word();
        if !bare.is_empty() && f.at + 1 >= f.until && !bare.starts_with(['$', '@']) {
            Value::text(bare)
        } else {
            f.expression()
        }
    });
    if f.is("=") {
        f.at += 1;
        let stored = f.binary(1);
        if stored.is_callable() {
            f.store(&key.to_text(), stored.clone());
        }
        return stored;
    }
    if f.is_environment(&table) {
        f.work.environment(&key);
        return Value::any_text();
    }
    f.index(table, &key)
}

/// `my $x`, `my ($a, $b) = …`.
fn declared(f: &mut Follower<'_, '_, '_>) -> Value {
    if f.is("(") {
        return match f.targets() {
            Some(names) => {
                let value = f.expression();
                f.unpack(&names, &value);
                value
            }
            None => f.expression(),
        };
    }
    let name = f.word();
    if f.op_at(1) == "=" && name.starts_with(['$', '@', '%']) {
        f.at += 2;
        let value = f.binary(1);
        let value = match (value, name.starts_with('$')) {
            // A list in a plain variable is its last value; one of one is that one.
            (Value::List(mut values), true) if values.len() == 1 => values.remove(0),
            (value, _) => value,
        };
        if name == "@ARGV" {
            f.work.read(&value);
        }
        f.assign(name, value.clone(), true);
        return value;
    }
    if !name.is_empty() {
        f.at += 1;
        if f.is("{") || f.is("[") {
            // `local $ENV{X} = …`.
            f.at = f.close() + 1;
            return if f.eat("=") { f.binary(1) } else { Value::Unknown };
        }
        f.bind(name, Value::Unknown);
    }
    Value::Unknown
}

/// A block that is run where it stands.
fn block(f: &mut Follower<'_, '_, '_>) -> Value {
    let close = f.close();
    f.at += 1;
    if !f.enter() {
        f.at = close;
        return Value::Unknown;
    }
    f.run(close);
    f.leave();
    f.at = (close + 1).min(f.until);
    Value::Unknown
}

/// `map { … } list`, `grep expression, list`.
fn over_list(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    let group = f.is("(");
    let close = if group { f.close() } else { f.until };
    f.at += usize::from(group);
    let value = f.within(close, f.at, |f| {
        let start = f.at;
        let body = if f.is("{") { Some((f.at + 1, f.close())) } else { None };
        match body {
            Some((_, end)) => f.at = end + 1,
            None => drop(f.binary(2)),
        }
        f.eat(",");
        let list = call_args(f, "map");
        let behind = f.at;
        let elements = list.list;
        let known = elements.len() <= MOST_ELEMENTS
            && !elements.iter().any(|value| matches!(value, Value::Unknown | Value::Each(_)));
        let mut results = Vec::new();
        let rounds =
            if known { elements.clone() } else { vec![Value::List(elements.clone()).element().element_or_self()] };
        for element in rounds {
            f.bind("$_", element);
            f.at = start;
            results.push(match body {
                Some((start, end)) => {
                    let mut value = Value::Nothing;
                    f.at = start;
                    while f.at < end.min(f.until) && f.work.spend(1) {
                        let before = f.at;
                        f.within(end, before, |f| value = f.expression());
                        if f.at == before || f.is(";") {
                            f.at += 1;
                        }
                    }
                    value
                }
                None => f.binary(2),
            });
        }
        f.at = behind;
        match name {
            "map" if known => Value::List(results),
            "map" => Value::Each(Box::new(results.pop().unwrap_or_default())),
            _ if known => Value::List(elements),
            _ => Value::Each(Box::new(Value::List(elements).element().element_or_self())),
        }
    });
    if group {
        f.at = (close + 1).min(f.until);
    }
    value
}

/// `print HANDLE list`.
fn print(f: &mut Follower<'_, '_, '_>) -> Value {
    f.work.say(Deed::Prints);
    let group = f.is("(");
    let close = if group { f.close() } else { f.until };
    f.at += usize::from(group);
    f.within(close, f.at, |f| {
        let handle = !f.word().is_empty()
            && (f.word().starts_with('$') || f.word().chars().all(|c| c.is_ascii_uppercase() || c == '_'))
            && f.token(1).is_some_and(|token| match &token.kind {
                Kind::Text(_) => true,
                Kind::Name(word) => !BETWEEN.contains(word),
                _ => false,
            });
        f.at += usize::from(handle);
        if f.is("{") {
            f.at = f.close() + 1;
        }
        let args = call_args(f, "print");
        f.escape(&args, &Value::Unknown);
    });
    if group {
        f.at = (close + 1).min(f.until);
    }
    Value::Unknown
}

/// `shift`: the first argument of the function.
fn shift(f: &mut Follower<'_, '_, '_>) -> Value {
    if f.is("(") {
        f.at += 2;
    } else if f.word().starts_with('@') {
        return f.expression().element();
    }
    match f.lookup("@_") {
        Some(Value::List(mut values)) if !values.is_empty() => {
            let first = values.remove(0);
            f.bind("@_", Value::List(values));
            first
        }
        _ => Value::Unknown,
    }
}
