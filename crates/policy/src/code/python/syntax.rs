//! Statements, imports, comprehensions, functions.

use crate::code::follow::{Args, Follower, Param};
use crate::code::lex::Kind;
use crate::code::value::Value;

/// Elements of a literal list that a comprehension is worked out for.
const MOST_ELEMENTS: usize = 128;

pub(in crate::code) fn statement(f: &mut Follower<'_, '_, '_>) {
    let Some(token) = f.peek() else { return };
    if token.line {
        // Indented: in a branch, a loop or a body; which one does not matter here.
        f.work.set_nest(usize::from(token.column > base_column(f)));
    }
    let word = f.word();
    match word {
        "import" => import(f),
        "from" if !f.word_at(1).is_empty() || f.op_at(1).starts_with('.') => from_import(f),
        "def" => define(f),
        "class" => {
            f.at += 2;
            f.assign(f.word_before(), Value::Unknown, true);
            if f.is("(") {
                f.arguments();
            }
        }
        "for" => {
            f.at += 1;
            f.work.set_nest(1);
            for_clause(f);
        }
        "async" | "await" | "else" | "try" | "finally" | "pass" | "break" | "continue" | "nonlocal" => {
            f.at += 1;
        }
        "global" => {
            f.at += 1;
            while !f.at_line() && f.peek().is_some() {
                f.global(f.word());
                f.at += 1;
            }
        }
        "with" => with(f),
        "except" => {
            f.at += 1;
            if !f.is(":") {
                f.expression();
            }
            if f.eat_word("as") {
                f.bind(f.word(), Value::Unknown);
                f.at += 1;
            }
        }
        "return" | "yield" => {
            f.at += 1;
            f.eat_word("from");
            if !f.at_line() {
                let value = tuple(f);
                f.gives(value);
            }
        }
        "if" | "elif" | "while" => {
            f.at += 1;
            f.work.set_nest(1);
            f.expression();
        }
        "assert" | "raise" | "del" => {
            f.at += 1;
            f.expression();
        }
        "print" if !matches!(f.op_at(1), "(" | "." | "=") && f.token(1).is_some_and(|token| !token.line) => {
            f.at += 1;
            f.work.say(crate::code::Deed::Prints);
            tuple(f);
        }
        "exec" if matches!(f.token(1).map(|token| &token.kind), Some(Kind::Text(_))) => {
            f.at += 1;
            let value = f.expression();
            f.call(Value::Item("exec".into()), &Args::of(vec![value]));
        }
        _ if f.is("@") => {
            // What decorates is called with what it decorates.
            f.at += 1;
            let decorator = f.expression();
            if matches!(decorator, Value::Item(_)) {
                f.call(decorator, &Args::unknown());
            }
        }
        _ if f.is(";") || f.is(":") || f.is(",") => f.at += 1,
        _ => assignment(f),
    }
}

/// The column at which the statements of the present body stand.
fn base_column(f: &Follower<'_, '_, '_>) -> usize {
    f.body_column()
}

/// An expression, or targets and what they are given.
fn assignment(f: &mut Follower<'_, '_, '_>) {
    let start = f.at;
    if let Some(names) = f.targets() {
        let value = tuple(f);
        f.unpack(&names, &value);
        return;
    }
    f.at = start;
    // `x: int = 5`.
    if !f.word().is_empty() && f.op_at(1) == ":" && f.token(2).is_some_and(|token| !token.line) {
        let name = f.word();
        f.at += 2;
        f.binary(2);
        if f.eat("=") {
            let value = tuple(f);
            f.assign(name, value, true);
        }
        return;
    }
    if !f.word().is_empty() && f.op_at(1) == "=" {
        let name = f.word();
        f.at += 2;
        let value = tuple(f);
        f.assign(name, value, true);
        return;
    }
    tuple(f);
}

/// Values with commas between them, without parentheses.
fn tuple(f: &mut Follower<'_, '_, '_>) -> Value {
    let first = f.expression();
    if !f.is(",") {
        return first;
    }
    let mut values = vec![first];
    while f.eat(",") && !f.at_line() {
        values.push(f.expression());
    }
    Value::List(values)
}

/// `import a.b as c, d`.
fn import(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    loop {
        let path = dotted(f);
        if path.is_empty() {
            return;
        }
        if f.eat_word("as") {
            f.assign(f.word(), Value::Item(path), true);
            f.at += 1;
        } else {
            let root = path.split('.').next().unwrap_or_default().to_owned();
            f.assign(&root, Value::Item(root.clone()), true);
        }
        if !f.eat(",") {
            return;
        }
    }
}

/// `from a import b as c, (d)`.
fn from_import(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    let own = f.op().starts_with('.');
    while f.op().starts_with('.') {
        f.at += 1;
    }
    let module = if own && f.word() == "import" { String::new() } else { dotted(f) };
    if !f.eat_word("import") {
        return;
    }
    f.eat("(");
    loop {
        if f.eat("*") {
            f.work.stars.push(module);
            return;
        }
        let name = f.word();
        if name.is_empty() {
            break;
        }
        f.at += 1;
        let alias = if f.eat_word("as") {
            f.at += 1;
            f.word_before()
        } else {
            name
        };
        // The project's own modules are its own affair.
        let value =
            if own { Value::Item(format!(".{module}.{name}")) } else { Value::Item(format!("{module}.{name}")) };
        f.assign(alias, value, true);
        if !f.eat(",") {
            break;
        }
    }
    f.eat(")");
}

fn dotted(f: &mut Follower<'_, '_, '_>) -> String {
    let mut path = String::new();
    while !f.word().is_empty() && path.len() < 200 {
        path.push_str(f.word());
        f.at += 1;
        if !f.is(".") {
            break;
        }
        path.push('.');
        f.at += 1;
    }
    path
}

/// `for a, b in …`: the names get what the row holds.
fn for_clause(f: &mut Follower<'_, '_, '_>) -> Value {
    let mut names = Vec::new();
    while let Some(token) = f.peek() {
        match &token.kind {
            Kind::Name("in") => break,
            Kind::Name(name) => names.push(*name),
            Kind::Op("," | "(" | ")" | "*" | "[" | "]" | ".") => {}
            _ => break,
        }
        f.at += 1;
    }
    if !f.eat_word("in") {
        return Value::Unknown;
    }
    let row = f.binary(3);
    if f.is_environment(&row) {
        f.work.environment(&Value::Unknown);
    }
    let element = row.element();
    bind_all(f, &names, element);
    row
}

fn bind_all(f: &mut Follower<'_, '_, '_>, names: &[&str], element: Value) {
    if let [name] = names {
        return f.bind(name, element);
    }
    for (index, name) in names.iter().enumerate() {
        let pick = |value: &Value| match value {
            Value::List(values) => values.get(index).cloned().unwrap_or_default(),
            _ => Value::Unknown,
        };
        let value = element.each().iter().map(pick).fold(Value::Nothing, Value::or);
        f.bind(name, value);
    }
}

/// `with a as b, c as d:`.
fn with(f: &mut Follower<'_, '_, '_>) {
    f.at += 1;
    let bracketed = f.is("(") && f.tokens.get(f.close() + 1).is_some_and(|token| token.kind == Kind::Op(":"));
    f.at += usize::from(bracketed);
    loop {
        let value = f.expression();
        if f.eat_word("as") {
            let name = f.word();
            if !name.is_empty() && f.op_at(1) != "." {
                f.bind(name, value);
            }
            f.at += 1;
        }
        if !f.eat(",") {
            return;
        }
    }
}

fn define(f: &mut Follower<'_, '_, '_>) {
    let column = f.peek().map_or(0, |token| if token.line { token.column } else { 0 });
    f.at += 1;
    let name = f.word();
    f.at += 1;
    if !f.is("(") {
        return;
    }
    let close = f.close();
    f.at += 1;
    let params = f.within(close, close + 1, params);
    while !f.is(":") && !f.at_line() {
        f.at += 1;
    }
    f.eat(":");
    let start = f.at;
    let end = body_end(f, column);
    let function = f.function(params, start, end, false);
    f.assign(name, function, true);
    f.at = end;
}

/// Where a body ends: at the first line that is not further in than its head.
fn body_end(f: &mut Follower<'_, '_, '_>, column: usize) -> usize {
    let one_line = !f.at_line();
    let mut at = f.at;
    while at < f.until {
        let token = &f.tokens[at];
        if token.line && (token.column <= column || one_line && at > f.at) {
            break;
        }
        at += 1;
    }
    f.work.spend((at - f.at) / 8);
    at
}

/// Parameters up to the end of view.
fn params(f: &mut Follower<'_, '_, '_>) -> Vec<Param> {
    let mut params = Vec::new();
    while f.at < f.until && f.work.spend(1) {
        let before = f.at;
        let rest = f.is("*");
        while f.is("*") || f.is("**") || f.is("/") {
            f.at += 1;
        }
        let name = f.word().to_owned();
        f.at += usize::from(!name.is_empty());
        if f.eat(":") {
            f.binary(2);
        }
        let default = if f.eat("=") { f.expression().or(Value::Unknown) } else { Value::Unknown };
        if !name.is_empty() {
            params.push(Param { name, default, rest, inner: Vec::new() });
        }
        if !f.eat(",") && f.at == before {
            f.at += 1;
        }
    }
    params
}

/// A name in an expression.
pub(in crate::code) fn name(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    f.at += 1;
    match name {
        "None" => return Value::Nothing,
        "True" => return Value::Flag(true),
        "False" => return Value::Flag(false),
        "not" => {
            f.binary(5);
            return Value::Unknown;
        }
        "await" | "yield" => {
            f.eat_word("from");
            return f.binary(9);
        }
        "lambda" => {
            let mut colon = f.at;
            while colon < f.until && f.tokens[colon].kind != Kind::Op(":") {
                // A default may be a literal with a colon in it.
                colon = if f.tokens[colon].pair < f.until { f.tokens[colon].pair.max(colon) } else { colon };
                colon += 1;
            }
            let params = f.within(colon, colon + 1, params);
            let start = f.at;
            let end = lambda_end(f);
            let function = f.function(params, start, end, true);
            f.at = end;
            return function;
        }
        _ => {}
    }
    if let Some(value) = f.lookup(name) {
        let grows = matches!(f.word_at(1), "append" | "extend" | "insert" | "add");
        if grows && f.is(".") && f.op_at(2) == "(" && matches!(value, Value::List(_) | Value::OneOf(_)) {
            f.at += 2;
            let inserts = f.word_before() == "insert";
            let spreads = f.word_before() == "extend";
            let args = f.arguments();
            f.grow(name, value, args.rest(usize::from(inserts)), spreads);
            return Value::Nothing;
        }
        return value;
    }
    for module in f.work.stars.clone() {
        if matches!(
            module.as_str(),
            "os" | "shutil" | "subprocess" | "pathlib" | "socket" | "ctypes" | "urllib.request"
        ) {
            let full = format!("{module}.{name}");
            if super::library::is_known(&full) {
                return Value::Item(full);
            }
        }
    }
    Value::Item(name.to_owned())
}

/// Where the body of a lambda ends: at a comma or a bracket of those around it.
fn lambda_end(f: &Follower<'_, '_, '_>) -> usize {
    let mut at = f.at;
    while at < f.until {
        let token = &f.tokens[at];
        match token.kind {
            Kind::Op("," | ")" | "]" | "}" | ":" | ";" | "=") => break,
            Kind::Name("for") => break,
            Kind::Op("(" | "[" | "{") => at = token.pair.max(at),
            _ if token.line && at > f.at => break,
            _ => {}
        }
        at += 1;
    }
    at.min(f.until)
}

/// A comprehension up to the end of view; none when there is no `for` in it.
pub(in crate::code) fn comprehension(f: &mut Follower<'_, '_, '_>) -> Option<Value> {
    let start = f.at;
    let mut at = start;
    while at < f.until {
        match f.tokens[at].kind {
            Kind::Name("for") if at > start => break,
            Kind::Name("lambda") => return None,
            Kind::Op("(" | "[" | "{") => at = f.tokens[at].pair.max(at),
            _ => {}
        }
        at += 1;
    }
    if at >= f.until {
        return None;
    }
    let clause = at;
    let clause = clause - usize::from(f.tokens[clause - 1].kind == Kind::Name("async"));
    f.at = at;
    let mut rows = Vec::new();
    let mut names = Vec::new();
    while f.at < f.until && f.work.spend(1) {
        let before = f.at;
        if f.eat_word("for") {
            names.push(f.word());
            rows.push(for_clause(f));
        } else if f.eat_word("if") {
            f.binary(3);
        }
        if f.at == before {
            f.at += 1;
        }
    }
    let filtered = (clause..f.until).any(|at| f.tokens[at].kind == Kind::Name("if"));
    let end = f.until;
    // One row of literals: worked out for each of them.
    if let ([Value::List(elements)], [name], false) = (rows.as_slice(), names.as_slice(), filtered)
        && elements.len() <= MOST_ELEMENTS
        && f.tokens.get(clause + 2).is_some_and(|token| token.kind == Kind::Name("in"))
    {
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            f.bind(name, element.clone());
            values.push(element_of(f, start, clause));
        }
        f.at = end;
        return Some(Value::List(values));
    }
    let value = element_of(f, start, clause);
    f.at = end;
    Some(Value::Each(Box::new(value)))
}

/// The value of a comprehension's element.
fn element_of(f: &mut Follower<'_, '_, '_>, start: usize, clause: usize) -> Value {
    f.at = start;
    f.within(clause, clause, |f| {
        let value = f.expression();
        if f.eat(":") { f.expression() } else { value }
    })
}
