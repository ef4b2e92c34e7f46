//! Statements, pipelines and commands, followed in the order they would run.

use std::collections::HashMap;
use std::rc::Rc;

use clawbutler_core::risk::RiskLevel::Medium;

use super::super::judge::{self, environment, hidden};
use super::super::look::Look;
use super::super::value::{Block, Kind, Value};
use super::ast::{Body, Element, Expr, Redirect, Script, Statement};
use super::texts::assigned;

/// Elements a loop's body is followed with one by one.
const MOST_EACH: usize = 12;

impl Look<'_> {
    /// Statements in order; what they give.
    pub(crate) fn script(&mut self, script: &Script) -> Value {
        self.step(|look| {
            let mut out = Vec::new();
            for statement in script {
                out.extend(look.statement(statement).items());
            }
            Value::of(out)
        })
        .unwrap_or_default()
    }

    pub(super) fn statement(&mut self, statement: &Statement) -> Value {
        self.step(|look| look.one_statement(statement)).unwrap_or_default()
    }

    fn one_statement(&mut self, statement: &Statement) -> Value {
        match statement {
            Statement::Pipeline(elements) => self.pipeline(elements),
            Statement::Assign { to, op, value } => {
                let value = self.statement(value);
                self.assign(to, op, value);
                Value::nothing()
            }
            Statement::Branch(arms) => self.branch(arms),
            Statement::Loop { each: Some((name, source)), body } => {
                let source = self.statement(source);
                self.for_each(name, &source, body)
            }
            Statement::Loop { each: None, body } => {
                let changing = changing(&body.text);
                self.forget(&changing);
                let out = self.script(&body.script);
                self.forget(&changing);
                out.blurred()
            }
            Statement::Group(script) => self.script(script),
            Statement::Define { name, block } => {
                if !self.blocks.iter().any(|known| Rc::ptr_eq(known, block)) {
                    self.blocks.push(block.clone());
                }
                self.functions.insert(name.clone(), block.clone());
                Value::nothing()
            }
            Statement::Params(params) => {
                self.params(params);
                Value::nothing()
            }
        }
    }

    /// Makes variables unknown, and keeps where their values came from.
    pub(crate) fn forget(&mut self, names: &[String]) {
        for name in names {
            if name == "*" {
                for value in self.vars.values_mut() {
                    *value = value.blurred();
                }
            } else {
                let value = self.vars.get(name).map(Value::blurred).unwrap_or_default();
                self.set(name, value);
            }
        }
    }

    /// One of the arms runs, or several after each other: what they leave behind is only known if all agree.
    fn branch(&mut self, arms: &[Body]) -> Value {
        let mut names: Vec<String> = arms.iter().flat_map(|arm| changing(&arm.text)).collect();
        names.sort();
        names.dedup();
        let keep =
            |look: &Self| -> Vec<Option<Value>> { names.iter().map(|name| look.vars.get(name).cloned()).collect() };
        let before = keep(self);
        let cwd = self.cwd.clone();
        let mut ends = vec![before.clone()];
        let mut places = Vec::new();
        let mut out = Vec::new();
        for arm in arms {
            for (name, value) in names.iter().zip(&before) {
                match value {
                    Some(value) => self.set(name, value.clone()),
                    None => drop(self.vars.remove(name)),
                }
            }
            self.cwd.clone_from(&cwd);
            out.extend(self.script(&arm.script).items());
            ends.push(keep(self));
            places.push(self.cwd.clone());
        }
        for (at, name) in names.iter().enumerate() {
            let values: Vec<&Value> = ends.iter().filter_map(|end| end.get(at)?.as_ref()).collect();
            let from = values
                .iter()
                .fold(Default::default(), |from: super::super::value::Origin, value| from.or(value.origin()));
            let first = values.first().and_then(|value| value.known());
            let same =
                first.is_some() && values.len() == ends.len() && values.iter().all(|value| value.known() == first);
            if !same {
                self.set(name, Value::unknown().and_from(from));
            }
        }
        if places.iter().any(|place| *place != cwd) {
            self.cwd = None;
        }
        Value::of(out).blurred()
    }

    fn for_each(&mut self, name: &str, source: &Value, body: &Body) -> Value {
        let items = source.items();
        let known = !items.is_empty()
            && items.len() <= MOST_EACH
            && items.iter().all(|item| item.known().is_some() || matches!(item.kind, Kind::Files(_)));
        let mut out = Vec::new();
        if known {
            for item in items {
                self.set(name, item);
                out.extend(self.script(&body.script).items());
            }
        } else {
            let changing = changing(&body.text);
            self.forget(&changing);
            self.set(name, source.blurred());
            out.extend(self.script(&body.script).items());
            self.forget(&changing);
        }
        self.set(name, source.blurred());
        Value::of(out)
    }

    fn params(&mut self, params: &[(String, Option<Expr>)]) {
        let Some((named, rest)) = self.given.take() else {
            return params.iter().for_each(|(name, _)| self.set(name, Value::unknown()));
        };
        let mut rest = rest.into_iter();
        for (name, default) in params {
            let by_name = named.iter().find(|(given, _)| name.starts_with(given.as_str()) && !given.is_empty());
            let value = by_name.map(|(_, value)| value.clone()).or_else(|| rest.next());
            let value = match (value, default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.eval(default),
                (None, None) => Value::nothing(),
            };
            self.set(name, value);
        }
    }

    /// Runs a block; with variables of its own where `scoped`.
    pub(crate) fn block(&mut self, block: &Rc<Block>, item: Option<Value>, args: Vec<Value>, scoped: bool) -> Value {
        block.seen.set(true);
        if !self.spend(block.text.len()) {
            return Value::unknown();
        }
        let names = if scoped { changing(&block.text) } else { Vec::new() };
        let outside = block.text.to_ascii_lowercase();
        let leaves = outside.contains("global:") || outside.contains("script:") || outside.contains("-scope");
        let before: Vec<Option<Value>> = names.iter().map(|name| self.vars.get(name).cloned()).collect();
        let outer = item.map(|item| {
            self.set("psitem", item.clone());
            (self.vars.insert("_".to_owned(), item.clone()), self.vars.insert("input".to_owned(), item))
        });
        if !args.is_empty() {
            self.set("args", Kind::List(args.clone()).into());
            self.given = Some((self.given.take().map(|given| given.0).unwrap_or_default(), args));
        }
        let out = self.script(&block.script);
        self.given = None;
        if let Some((Some(item), _)) = outer {
            self.set("_", item);
        }
        for (name, value) in names.iter().zip(before) {
            match value {
                _ if leaves => self.forget(std::slice::from_ref(name)),
                Some(value) => self.set(name, value),
                None => drop(self.vars.remove(name)),
            }
        }
        out
    }

    fn assign(&mut self, to: &Expr, op: &str, value: Value) {
        match to {
            Expr::Var(name) => {
                let value = if op == "=" {
                    value
                } else {
                    let old = self.vars.get(name).cloned().unwrap_or_default();
                    match op {
                        "??=" => Value::unknown().and_from(old.origin()).and_from(value.origin()),
                        op => super::ops::binary(self, op.trim_end_matches('='), &old, &value),
                    }
                };
                self.defaults |= name == "psdefaultparametervalues";
                if let Some(variable) = name.strip_prefix("env:") {
                    environment::set(self, variable, &value);
                }
                if let Some(function) = name.strip_prefix("function:")
                    && let Kind::Block(block) = &value.kind
                {
                    self.functions.insert(function.to_owned(), block.clone());
                }
                if let Some(alias) = name.strip_prefix("alias:") {
                    self.aliases.insert(alias.to_owned(), value.shown());
                }
                self.set(name, value);
            }
            Expr::Before(_, inner) => self.assign(inner, op, value),
            Expr::List(items) => {
                let values = value.items();
                for (at, item) in items.iter().enumerate() {
                    let one = values.get(at).filter(|_| values.len() >= items.len()).cloned();
                    self.assign(item, op, one.unwrap_or_else(|| value.blurred()));
                }
            }
            Expr::Steps(base, _) => {
                let base_value = self.eval(to);
                if let Expr::Var(name) = base.as_ref() {
                    self.defaults |= name == "psdefaultparametervalues";
                    let old = self.vars.get(name).cloned().unwrap_or_default();
                    // An object keeps what it is; what it holds is not known any more.
                    let kept = if matches!(old.kind, Kind::Object(_)) { old.clone() } else { old.blurred() };
                    self.set(name, kept.and_from(value.origin()).and_from(base_value.origin()));
                }
                if let Kind::Block(block) = &value.kind {
                    self.block(block, Some(Value::unknown()), Vec::new(), true);
                }
            }
            other => drop(self.eval(other)),
        }
    }

    fn pipeline(&mut self, elements: &[Element]) -> Value {
        let mut input = Value::nothing();
        for element in elements {
            input = self.step(|look| look.element(element, input.clone())).unwrap_or_default();
        }
        input
    }

    fn element(&mut self, element: &Element, input: Value) -> Value {
        match element {
            Element::Command(command) => {
                let out = self.command(command, input);
                self.redirects(&command.redirects, &out)
            }
            Element::Expression { value, redirects } => {
                let value = self.eval(value);
                self.redirects(redirects, &value)
            }
        }
    }

    fn redirects(&mut self, redirects: &[Redirect], out: &Value) -> Value {
        let mut taken = false;
        for target in redirects.iter().filter_map(|redirect| redirect.0.as_ref()) {
            let target = self.eval(target);
            taken = true;
            if !matches!(target.kind, Kind::Nothing) {
                judge::files::writes(self, &target, out);
            }
        }
        if taken { Value::nothing() } else { out.clone() }
    }

    /// Looks up a variable.
    pub(super) fn variable(&mut self, name: &str) -> Value {
        if let Some(value) = self.vars.get(name).cloned() {
            return if self.spend(value.weight()) { value } else { Value::unknown() };
        }
        if let Some(variable) = name.strip_prefix("env:") {
            environment::asked(self, variable);
            return environment::known(self, variable).map_or_else(Value::unknown, Value::text);
        }
        let home = environment::native_form(&self.around.home);
        let text = match name {
            "home" => home,
            "pwd" => {
                return self
                    .cwd
                    .as_deref()
                    .map_or_else(Value::unknown, |cwd| Value::text(environment::native_form(cwd)));
            }
            "null" => return Value::nothing(),
            "true" => "True".to_owned(),
            "false" => "False".to_owned(),
            "profile" if self.unix() => format!("{home}/.config/powershell/Microsoft.PowerShell_profile.ps1"),
            "profile" => format!(r"{home}\Documents\PowerShell\Microsoft.PowerShell_profile.ps1"),
            "pshome" => r"C:\Windows\System32\WindowsPowerShell\v1.0".to_owned(),
            "shellid" => "Microsoft.PowerShell".to_owned(),
            "verbosepreference" | "debugpreference" | "warningpreference" => "SilentlyContinue".to_owned(),
            "executioncontext" => return Value::object("executioncontext"),
            "host" => return Value::object("host"),
            _ => return Value::unknown(),
        };
        Value::text(text)
    }

    /// Reads a method's or a program's name that is only known when it runs.
    pub(super) fn dynamic(&mut self, value: &Value, part: &str) {
        hidden(self, value, part);
    }

    /// Says that code of the platform is called that is not in the tables.
    pub(super) fn platform(&mut self, what: &str) {
        self.tell("inline_code", Medium, format!("Calls {what} of .NET"), what);
    }
}

/// Variables that a text changes; `*` when some are changed by name.
fn changing(text: &str) -> Vec<String> {
    let mut names = assigned(text);
    let lower = text.to_ascii_lowercase();
    if lower.contains("-variable") || lower.contains("sv ") || lower.contains("variable:") {
        names.push("*".to_owned());
    }
    names
}

/// A hash table's entries by key; the last of a name counts.
pub(super) fn entries(items: Vec<(Value, Value)>) -> Vec<(String, Value)> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut out: Vec<(String, Value)> = Vec::new();
    for (key, value) in items {
        let key = key.shown();
        match seen.get(&key.to_lowercase()) {
            Some(at) => out[*at].1 = value,
            None => {
                seen.insert(key.to_lowercase(), out.len());
                out.push((key, value));
            }
        }
    }
    out
}
