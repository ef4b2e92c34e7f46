//! Parameters, destructuring, members of objects and classes.

use crate::code::follow::{Follower, Param};
use crate::code::lex::Kind;
use crate::code::value::Value;

/// `{a: b, c}` and `[a, b]`: which member goes to which name.
pub(super) struct Pattern {
    members: Vec<(String, String)>,
    listed: bool,
}

/// Reads a pattern whose bracket is here.
pub(super) fn pattern(f: &mut Follower<'_, '_, '_>) -> Pattern {
    let listed = f.is("[");
    let close = f.close();
    if !f.enter() {
        f.at = close;
        return Pattern { members: Vec::new(), listed };
    }
    f.at += 1;
    let pattern = f.within(close, close + 1, |f| {
        let mut members = Vec::new();
        while f.at < f.until && f.work.spend(1) {
            let before = f.at;
            f.eat("...");
            let key = match f.peek().map(|token| &token.kind) {
                Some(Kind::Name(name)) => (*name).to_owned(),
                Some(Kind::Text(pieces)) => f.text(pieces).to_text(),
                _ => String::new(),
            };
            if f.is("[") || f.is("{") {
                let inner = pattern(f);
                members.extend(inner.members.into_iter().map(|(_, name)| (String::new(), name)));
            } else if f.at < f.until {
                f.at += 1;
                if f.eat(":") && (f.is("{") || f.is("[")) {
                    let inner = pattern(f);
                    members.extend(inner.members.into_iter().map(|(_, name)| (String::new(), name)));
                } else if f.tokens[f.at - 1].kind == Kind::Op(":") {
                    members.push((key, f.word().to_owned()));
                    f.at += 1;
                } else if !key.is_empty() {
                    members.push((key.clone(), key));
                }
            }
            if f.eat("=") {
                f.expression();
            }
            if !f.eat(",") && f.at == before {
                f.at += 1;
            }
        }
        Pattern { members, listed }
    });
    f.leave();
    pattern
}

impl Pattern {
    pub(super) fn names(self) -> Vec<String> {
        self.members.into_iter().map(|(_, name)| name).collect()
    }

    /// Gives each name its member of `value`.
    pub(super) fn assign(self, f: &mut Follower<'_, '_, '_>, value: &Value) {
        for (index, (key, name)) in self.members.into_iter().enumerate() {
            let member = if self.listed {
                match value {
                    Value::List(values) => values.get(index).cloned().unwrap_or_default(),
                    Value::Each(value) => (**value).clone(),
                    _ => Value::Unknown,
                }
            } else if key.is_empty() {
                Value::Unknown
            } else {
                f.attribute(value.clone(), &key)
            };
            if !name.is_empty() {
                f.assign(&name, member, true);
            }
        }
    }
}

/// Parameters up to the end of view.
pub(super) fn params(f: &mut Follower<'_, '_, '_>) -> Vec<Param> {
    let mut params = Vec::new();
    while f.at < f.until && f.work.spend(1) {
        let before = f.at;
        let rest = f.eat("...");
        while matches!(f.word(), "private" | "public" | "protected" | "readonly") && !f.word_at(1).is_empty() {
            f.at += 1;
        }
        let (name, inner) = if f.is("{") || f.is("[") {
            (String::new(), pattern(f).names())
        } else {
            let name = f.word().to_owned();
            f.at += usize::from(!name.is_empty());
            (name, Vec::new())
        };
        f.eat("?");
        if f.eat(":") {
            type_of(f);
        }
        let default = if f.eat("=") { f.expression().or(Value::Unknown) } else { Value::Unknown };
        if !name.is_empty() || !inner.is_empty() {
            params.push(Param { name, default, rest, inner });
        }
        if !f.eat(",") && f.at == before {
            f.at += 1;
        }
    }
    params
}

/// Moves over a type, up to what ends it.
pub(super) fn type_of(f: &mut Follower<'_, '_, '_>) {
    let mut angles = 0_usize;
    while let Some(token) = f.peek() {
        match token.kind {
            Kind::Op("<") => angles += 1,
            Kind::Op(">") => angles = angles.saturating_sub(1),
            Kind::Op(">>") => angles = angles.saturating_sub(2),
            Kind::Op("=" | "," | ";" | ")") if angles == 0 => return,
            _ if token.line
                && angles == 0
                && !matches!(token.kind, Kind::Op("|" | "&" | "=>" | "?" | ":" | "." | "}" | "]")) =>
            {
                return;
            }
            Kind::Op("(" | "[" | "{") => f.at = token.pair.min(f.until.saturating_sub(1)).max(f.at),
            Kind::Op("}" | "]") => return,
            _ => {}
        }
        f.at += 1;
    }
}

/// A method in an object or class: its name and its function; none when something else stands here.
pub(super) fn member(f: &mut Follower<'_, '_, '_>) -> Option<(String, Value)> {
    let start = f.at;
    while f.is("*")
        || matches!(f.word(), "async" | "get" | "set" | "static" | "private" | "public" | "protected" | "override")
            && (!f.word_at(1).is_empty()
                || f.op_at(1) == "*"
                || matches!(f.token(1).map(|token| &token.kind), Some(Kind::Text(_))))
    {
        f.at += 1;
    }
    let name = match f.peek().map(|token| &token.kind) {
        Some(Kind::Name(name)) => (*name).to_owned(),
        Some(Kind::Text(pieces)) => f.text(pieces).to_text(),
        _ => {
            f.at = start;
            return None;
        }
    };
    let method = f.op_at(1) == "(" && {
        let close = f.token(1).map_or(f.until, |token| token.pair);
        matches!(f.tokens.get(close + 1).map(|token| &token.kind), Some(Kind::Op("{" | ":")))
    };
    if !method {
        f.at = start;
        return None;
    }
    f.at += 1;
    Some((name, super::syntax::function(f)))
}

/// An entry of an object that only this language has; false when it is an ordinary one.
pub(in crate::code) fn entry(f: &mut Follower<'_, '_, '_>, entries: &mut Vec<(String, Value)>) -> bool {
    if f.is("[") {
        let close = f.close();
        f.at += 1;
        let key = f.within(close, close + 1, |f| f.expression());
        let value = if f.eat(":") { f.expression() } else { Value::Unknown };
        entries.push((key.to_text(), value));
        f.eat(",");
        return true;
    }
    match member(f) {
        Some(found) => {
            entries.push(found);
            f.eat(",");
            true
        }
        None => false,
    }
}

/// A value is spread: all members of a module may go anywhere.
pub(in crate::code) fn spread(f: &mut Follower<'_, '_, '_>, value: &Value) {
    if super::methods::is_telling(value)
        && let Value::Item(path) = value
        && path != "process"
    {
        f.work.dynamic(path);
    }
}

/// The body of a class whose brace is here: functions in it are found again by their names.
pub(super) fn class_body(f: &mut Follower<'_, '_, '_>) {
    let close = f.close();
    f.at += 1;
    f.within(close, close + 1, |f| {
        while f.at < f.until && f.work.spend(1) {
            let before = f.at;
            if let Some((name, function)) = member(f) {
                f.store(&name, function);
                continue;
            }
            if f.word() == "static" && f.op_at(1) == "{" {
                f.at += 1;
                let close = f.close();
                f.at += 1;
                f.run(close);
                f.at = close + 1;
                continue;
            }
            while matches!(f.word(), "static" | "private" | "public" | "protected" | "readonly" | "declare") {
                f.at += 1;
            }
            let name = f.word();
            if !name.is_empty() {
                f.at += 1;
                f.eat("?");
                f.eat("!");
                if f.eat(":") {
                    type_of(f);
                }
                if f.eat("=") {
                    let value = f.expression();
                    f.store(name, value);
                }
            } else if f.is("@") {
                f.at += 1;
                f.expression();
            }
            if f.at == before {
                f.at += 1;
            }
        }
    });
}
