//! Statements, variables, calls without parentheses.

use super::blocks::{block, over_list, print, shift};
use crate::code::follow::{Args, Follower, Param};
use crate::code::lex::Kind;
use crate::code::value::Value;

/// Tokens of a statement looked through for what stands behind it.
const LONGEST_STATEMENT: usize = 400;
/// Words between two values, and words that end a statement.
pub(super) const BETWEEN: &[&str] = &[
    "x", "eq", "ne", "lt", "gt", "le", "ge", "cmp", "and", "or", "xor", "isa", "if", "unless", "while", "until", "for",
    "foreach",
];
/// Take one argument without parentheses.
const UNARY: &[&str] = &[
    "shift", "pop", "defined", "ref", "scalar", "lc", "uc", "lcfirst", "ucfirst", "length", "chr", "ord", "hex", "oct",
    "int", "abs", "rmdir", "readlink", "chdir", "exists", "delete", "each", "keys", "values", "quotemeta", "rand",
    "undef", "chroot", "close", "exit", "sleep", "localtime", "require", "stat", "chomp", "umask", "fc", "readline",
];

pub(in crate::code) fn statement(f: &mut Follower<'_, '_, '_>) {
    if f.between_statements() {
        return;
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
    let end = f.until.min(f.at + LONGEST_STATEMENT);
    while at < end {
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
    if f.is("=>")
        || f.is("}")
            && f.at.checked_sub(2).and_then(|at| f.tokens.get(at)).is_some_and(|token| token.kind == Kind::Op("{"))
    {
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
pub(super) fn call_args(f: &mut Follower<'_, '_, '_>, name: &str) -> Args {
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
