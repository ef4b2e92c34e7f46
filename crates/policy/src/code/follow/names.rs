//! Names: what is assigned to them, and how sure that is.

use super::Follower;
use super::work::{Binding, Scope};
use crate::code::Language;
use crate::code::lex::Kind;
use crate::code::value::Value;

/// Signs that give a name a new value.
pub(in crate::code) const ASSIGNS: &[&str] = &[
    "=", "+=", "-=", "*=", "/=", "%=", ".=", "|=", "&=", "^=", ":=", "**=", "//=", "<<=", ">>=", "&&=", "||=", "??=",
    "<-", "<<-",
];

impl<'a> Follower<'_, '_, 'a> {
    /// Opens the view on names of the tokens from `start` to `end`; the outermost scope stays the same.
    pub(super) fn open_scope(&mut self, start: usize, end: usize) {
        let again = self.assigned_again(start, end);
        if let Some(scope) = self.work.scopes.last_mut() {
            scope.again.extend(again);
        }
    }

    pub(super) fn push_scope(&mut self, start: usize, end: usize) {
        let again = self.assigned_again(start, end);
        self.work.scopes.push(Scope { again, ..Scope::default() });
    }

    pub(super) fn pop_scope(&mut self) {
        if self.work.scopes.len() > 1 {
            self.work.scopes.pop();
        }
    }

    /// Names that are assigned more than once in a stretch of tokens.
    fn assigned_again(&mut self, start: usize, end: usize) -> Vec<(String, usize)> {
        if !self.work.spend(end.saturating_sub(start) / 8) {
            return Vec::new();
        }
        let mut found: Vec<&str> = Vec::new();
        let mut depth = 0_usize;
        let python = self.language() == Language::Python;
        let tokens = self.tokens.get(start..end.min(self.tokens.len())).unwrap_or_default();
        for pair in tokens.windows(2) {
            match &pair[0].kind {
                Kind::Op("(" | "[" | "{") => depth += 1,
                Kind::Op(")" | "]" | "}") => depth = depth.saturating_sub(1),
                Kind::Name(name) => {
                    if let Kind::Op(op) = &pair[1].kind
                        && ASSIGNS.contains(op)
                        && !(python && depth > 0 && *op == "=")
                    {
                        found.push(name);
                    }
                }
                _ => {}
            }
        }
        if found.len() < 2 {
            return Vec::new();
        }
        found.sort_unstable();
        found.chunk_by(|a, b| a == b).filter(|same| same.len() > 1).map(|same| (key(same[0]), same.len())).collect()
    }

    /// What a name stands for, when it was given a value.
    pub(in crate::code) fn lookup(&mut self, name: &str) -> Option<Value> {
        let current = self.work.scopes.len() - 1;
        let name = &key(name);
        for (index, scope) in self.work.scopes.iter().enumerate().rev() {
            let Some(binding) = scope.names.get(name) else { continue };
            let total = scope.again.iter().find(|(again, _)| again == name).map_or(1, |(_, count)| *count);
            // What comes later may already have happened, in a loop or before a call.
            let pending = total > binding.assigned && (self.work.nest > 0 || index != current);
            let value = binding.value.clone();
            self.work.spend(value.size());
            return Some(if pending { value.or(Value::Unknown) } else { value });
        }
        None
    }

    /// Gives a name a value in the present scope, or where it already is when `declares` is false.
    pub(in crate::code) fn assign(&mut self, name: &str, value: Value, declares: bool) {
        let name = key(name);
        let value = value.bounded();
        let current = self.work.scopes.len() - 1;
        let mut index = current;
        let python = self.language() == Language::Python;
        if python && self.work.scopes[current].global.contains(&name) {
            index = 0;
        } else if !declares && !python {
            index = (0..=current).rev().find(|at| self.work.scopes[*at].names.contains_key(&name)).unwrap_or(current);
        }
        let joins = self.work.nest > 0 || index != current;
        let binding = self.work.scopes[index].names.entry(name).or_default();
        let known = binding.assigned > 0 && joins;
        let old = std::mem::take(&mut binding.value);
        binding.value = if known { old.or(value) } else { value };
        binding.assigned += 1;
    }

    /// Gives a name a value whatever it had before: a parameter, the variable of a loop.
    pub(in crate::code) fn bind(&mut self, name: &str, value: Value) {
        let name = key(name);
        let Some(scope) = self.work.scopes.last_mut() else { return };
        let total = scope.again.iter().find(|(again, _)| *again == name).map_or(1, |(_, count)| *count);
        let assigned = scope.names.get(&name).map_or(0, |binding| binding.assigned).min(total);
        let value = value.bounded();
        scope.names.insert(name, Binding { value, assigned: assigned.max(1) });
    }

    /// Keeps what is stored as a member of something, so that a function stored there is found again.
    pub(in crate::code) fn store(&mut self, member: &str, value: Value) {
        if let Some(scope) = self.work.scopes.first_mut() {
            let value = value.bounded();
            let binding = scope.names.entry(format!(".{member}")).or_default();
            let old = std::mem::take(&mut binding.value);
            binding.value = if binding.assigned > 0 { old.or(value) } else { value };
            binding.assigned += 1;
        }
    }

    /// A member of something unknown: what was stored under that name anywhere.
    pub(in crate::code) fn member(&mut self, name: &str) -> Value {
        let stored = self.work.scopes.first().and_then(|scope| scope.names.get(&format!(".{name}")));
        if let Some(binding) = stored {
            return binding.value.clone();
        }
        self.lookup(name).filter(Value::is_callable).unwrap_or_default()
    }

    /// Adds values to the list a name stands for.
    pub(in crate::code) fn grow(&mut self, name: &str, list: Value, more: Vec<Value>, spreads: bool) {
        let grown = list.map(|list| match list {
            Value::List(mut values) if values.len() < 1_024 => {
                for value in more.clone() {
                    match value {
                        Value::List(inner) if spreads => values.extend(inner),
                        value => values.push(value),
                    }
                }
                Value::List(values)
            }
            other => other,
        });
        self.assign(name, grown, false);
    }

    /// `a, b =` and `(a, b) =`: the names, when that is what stands here; moves behind the sign.
    pub(in crate::code) fn targets(&mut self) -> Option<Vec<&'a str>> {
        let start = self.at;
        let bracketed = self.is("(") || self.is("[");
        if !bracketed && (self.word().is_empty() || self.op_at(1) != ",") {
            return None;
        }
        let mut names = Vec::new();
        let end = if bracketed { self.close() } else { usize::MAX };
        self.at += usize::from(bracketed);
        while let Some(token) = self.peek() {
            if self.at >= end {
                self.at += 1;
                break;
            }
            match &token.kind {
                Kind::Name("undef") => names.push(""),
                Kind::Name(name) if !token.line || names.is_empty() => names.push(*name),
                Kind::Op("," | "*" | "(" | ")") => {}
                _ => break,
            }
            self.at += 1;
        }
        if self.is("=") && !names.is_empty() {
            self.at += 1;
            return Some(names);
        }
        self.at = start;
        None
    }

    /// Gives each name its member of a row.
    pub(in crate::code) fn unpack(&mut self, names: &[&str], value: &Value) {
        for (index, name) in names.iter().enumerate() {
            let one = match value {
                Value::List(values) if name.starts_with('@') => {
                    Value::List(values.iter().skip(index).cloned().collect())
                }
                Value::List(values) => values.get(index).cloned().unwrap_or_default(),
                Value::Each(each) => (**each).clone(),
                value if names.len() == 1 => value.clone(),
                _ => Value::Unknown,
            };
            if !name.is_empty() {
                self.assign(name, one, true);
            }
        }
    }

    /// Says that a name belongs to the outermost scope.
    pub(in crate::code) fn global(&mut self, name: &str) {
        if let Some(scope) = self.work.scopes.last_mut() {
            scope.global.push(name.to_owned());
        }
    }
}

/// The name under which a variable is kept: `@x`, `%x` and `$x` are the same here.
fn key(name: &str) -> String {
    match name.as_bytes() {
        b"@_" => "@_".into(),
        [b'@' | b'%' | b'&', rest @ ..] if !rest.is_empty() && name.is_ascii() => {
            format!("${}", name[1..].trim_start_matches(['@', '%', '$', '#']))
        }
        _ => name.to_owned(),
    }
}
