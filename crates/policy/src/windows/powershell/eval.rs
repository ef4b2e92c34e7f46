//! Expressions: what is known of their values, and whatever runs inside them.

use super::super::look::Look;
use super::super::value::{HOLE, Kind, MOST_ITEMS, Value, whole};
use super::ast::{Expr, Piece, Step};
use super::{ops, run};

impl Look<'_> {
    /// Evaluates an expression as far as it can be told.
    pub(super) fn eval(&mut self, expr: &Expr) -> Value {
        self.step(|look| look.one(expr)).unwrap_or_default()
    }

    fn one(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Text(pieces) => self.text(pieces),
            Expr::Number(number) => Kind::Number(*number).into(),
            Expr::Var(name) => self.variable(name),
            Expr::List(items) => {
                let items: Vec<Value> = items.iter().map(|item| self.eval(item)).collect();
                if items.len() > MOST_ITEMS { Value::unknown() } else { Kind::List(items).into() }
            }
            Expr::Map(items) => {
                let mut out = Vec::new();
                for (key, value) in items {
                    let key = self.eval(key);
                    let value = self.statement(value);
                    out.push((key, value));
                }
                Kind::Map(run::entries(out)).into()
            }
            Expr::Sub(script) => self.script(script),
            Expr::Block(block) => {
                if !block.seen.get() && !self.blocks.iter().any(|known| std::rc::Rc::ptr_eq(known, block)) {
                    self.blocks.push(block.clone());
                }
                Kind::Block(block.clone()).into()
            }
            Expr::Type(name) => Kind::Type(name.clone()).into(),
            Expr::Steps(base, steps) => {
                let base = self.eval(base);
                self.steps_of(base, steps)
            }
            Expr::Chain(first, rest) => {
                let mut left = self.eval(first);
                for (op, right) in rest {
                    let right = self.eval(right);
                    left = ops::binary(self, op, &left, &right);
                    if !self.spend(left.weight()) {
                        return Value::unknown();
                    }
                }
                left
            }
            Expr::Before(before, inner) => {
                let mut value = self.eval(inner);
                for op in before.iter().rev() {
                    value = if op == "++" {
                        if let Expr::Var(name) = inner.as_ref() {
                            self.forget(std::slice::from_ref(name));
                        }
                        Value::unknown()
                    } else {
                        ops::unary(self, op, &value)
                    };
                }
                value
            }
            Expr::Either(parts) => {
                let values: Vec<Value> = parts.iter().map(|part| self.eval(part)).collect();
                Value::of(values).blurred()
            }
        }
    }

    fn text(&mut self, pieces: &[Piece]) -> Value {
        let mut out = String::new();
        let mut from = super::super::value::Origin::default();
        for piece in pieces {
            match piece {
                Piece::Plain(text) => out.push_str(text),
                Piece::Value(value) => {
                    let value = self.eval(value);
                    from = from.or(value.origin());
                    // A lone variable keeps what is known beyond its text.
                    if pieces.len() == 1 && matches!(value.kind, Kind::Files(_) | Kind::Number(_)) {
                        return value;
                    }
                    out.push_str(&value.shown());
                }
            }
            if !self.spend(out.len() / 16) {
                return Value::unknown();
            }
        }
        Value::text(out).and_from(from)
    }

    fn steps_of(&mut self, base: Value, steps: &[Step]) -> Value {
        let mut value = base;
        for step in steps {
            value = match step {
                Step::Member(name) => {
                    let name = self.eval(name).shown();
                    self.member(&value, &name)
                }
                Step::Call(name, args) => {
                    let name = self.eval(name);
                    let args: Vec<Value> = args.iter().map(|arg| self.eval(arg)).collect();
                    let method = name.shown();
                    if method.contains(HOLE) {
                        self.dynamic(&value, &method);
                    }
                    let part = self.shown_call(&value, &method);
                    self.call(&value, &method, &args, &part)
                }
                Step::Index(index) => {
                    let index = self.eval(index);
                    indexed(&value, &index)
                }
            };
            if !self.spend(value.weight() / 4) {
                return Value::unknown();
            }
        }
        value
    }

    fn shown_call(&self, base: &Value, method: &str) -> String {
        let of = match &base.kind {
            Kind::Type(name) => format!("[{name}]::"),
            Kind::Object(name) => format!("[{name}]."),
            _ => ".".to_owned(),
        };
        format!("{of}{method}()").replace(HOLE, "…")
    }
}

/// One element, several, or an entry of a table.
fn indexed(value: &Value, index: &Value) -> Value {
    if let Kind::Map(items) = &value.kind
        && let Some(key) = index.known()
    {
        let found = items.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key));
        return found.map_or_else(Value::nothing, |(_, item)| item.clone()).and_from(value.from);
    }
    let elements: Vec<Value> = match &value.kind {
        Kind::List(items) => items.clone(),
        Kind::Text(text) if !text.contains(HOLE) => text.chars().map(Value::text).collect(),
        Kind::Files(_) | Kind::Object(_) => return value.clone(),
        _ => return value.blurred(),
    };
    let mut out = Vec::new();
    for at in index.items() {
        let Some(at) = at.number().and_then(whole) else { return value.blurred() };
        let at = if at < 0 { at + i64::try_from(elements.len()).unwrap_or(i64::MAX) } else { at };
        out.extend(usize::try_from(at).ok().and_then(|at| elements.get(at)).cloned());
    }
    Value::of(out).and_from(value.from)
}
