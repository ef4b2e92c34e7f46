//! Statements, pipelines and commands, followed in the order they would run.

use std::collections::HashMap;
use std::rc::Rc;

use clawbutler_core::risk::RiskLevel::Medium;

use super::super::WinCommand;
use super::super::judge::{self, environment, hidden, programs};
use super::super::look::Look;
use super::super::value::{Block, HOLE, Kind, Value};
use super::ast::{Arg, Body, Command, Element, Expr, Redirect, Script, Statement};
use super::expr::assigned;
use super::names;

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

    fn command(&mut self, command: &Command, input: Value) -> Value {
        let head = self.eval(&command.head);
        let args: Vec<(Option<String>, Option<Value>)> = self.arguments(&command.args);
        if let Kind::Block(block) = &head.kind {
            let positional = args.into_iter().filter_map(|(_, value)| value).collect();
            let scoped = command.call != Some('.');
            let how = if scoped { "& { }" } else { ". { }" };
            return self.by(how, |look| look.block(block, Some(input), positional, scoped));
        }
        let mut name = head.shown();
        let mut aliased = 0;
        while let Some(other) = self.aliases.get(&name.to_lowercase()).cloned()
            && aliased < 8
        {
            name = other;
            aliased += 1;
        }
        if name.contains(HOLE) && !name.ends_with(HOLE) && command.call.is_some() && name.contains(['/', '\\']) {
            // Its folder is not known, but its name is.
            return self.run_program(&head, args, &input, &command.text);
        }
        if name.contains(HOLE) {
            let positional: Vec<Value> = args.into_iter().filter_map(|(_, value)| value).collect();
            self.run_blocks(&positional, &input);
            return programs::program(self, &head, &positional, &input, &command.text);
        }
        if let Some(block) = self.functions.get(&name.to_lowercase()).cloned() {
            return self.call_function(&name.to_lowercase(), &block, args, input);
        }
        let unix = self.unix();
        if name.eq_ignore_ascii_case("sc") && args.first().is_some_and(|(_, value)| is_service_verb(value.as_ref())) {
            return self.run_program(&Value::text("sc.exe"), args, &input, &command.text);
        }
        if matches!(name.to_ascii_lowercase().as_str(), "curl" | "wget") && native_style(&args) {
            return self.run_program(&Value::text(name.to_ascii_lowercase()), args, &input, &command.text);
        }
        let cmdlet = names::canonical(&name, unix).map(ToOwned::to_owned);
        let cmdlet = cmdlet.or_else(|| names::is_cmdlet(&name).then(|| name.clone()));
        if let Some(cmdlet) = cmdlet {
            let mut bound = bind(&cmdlet, args);
            (bound.input, bound.text) = (input, command.text.clone());
            if let "md" | "mkdir" = name.to_ascii_lowercase().as_str() {
                bound.params.push(("ItemType".to_owned(), Some(Value::text("Directory"))));
            }
            if matches!(name.to_ascii_lowercase().as_str(), "rd" | "rmdir") {
                let slash = |arg: &Value| arg.known().is_some_and(|text| text.eq_ignore_ascii_case("/s"));
                let recursive = bound.args.iter().any(slash);
                bound.args.retain(|arg| !arg.known().is_some_and(|text| text.len() == 2 && text.starts_with('/')));
                if recursive {
                    bound.params.push(("Recurse".to_owned(), None));
                }
            }
            return judge::cmdlet(self, &bound);
        }
        let head = Value { kind: Kind::Text(name), from: head.from };
        self.run_program(&head, args, &input, &command.text)
    }

    fn run_blocks(&mut self, values: &[Value], input: &Value) {
        for value in values {
            if let Kind::Block(block) = &value.kind {
                self.block(block, Some(input.blurred()), Vec::new(), true);
            }
        }
    }

    fn run_program(
        &mut self,
        head: &Value,
        args: Vec<(Option<String>, Option<Value>)>,
        input: &Value,
        text: &str,
    ) -> Value {
        let mut argv = Vec::new();
        for (name, value) in args {
            match (name, value) {
                (Some(name), Some(value)) => argv.push(Value::text(format!("-{name}:{}", value.shown()))),
                (Some(name), None) => argv.push(Value::text(format!("-{name}"))),
                (None, Some(value)) => argv.push(value),
                (None, None) => argv.push(Value::unknown()),
            }
        }
        let nested = matches!(programs::base(&head.shown()).as_str(), "powershell" | "pwsh");
        for value in &argv {
            if let (Kind::Block(block), true) = (&value.kind, nested) {
                block.seen.set(true);
            }
        }
        if !nested {
            self.run_blocks(&argv, input);
        }
        programs::program(self, head, &argv, input, text)
    }

    fn call_function(
        &mut self,
        name: &str,
        block: &Rc<Block>,
        args: Vec<(Option<String>, Option<Value>)>,
        input: Value,
    ) -> Value {
        if self.calling.iter().any(|calling| calling == name) {
            return Value::unknown();
        }
        let (mut named, mut rest) = (Vec::new(), Vec::new());
        let mut args = args.into_iter().peekable();
        while let Some((name, value)) = args.next() {
            match (name, value) {
                (Some(name), Some(value)) => named.push((name.to_lowercase(), value)),
                (Some(name), None) => {
                    // A switch or a value: what follows is taken as both.
                    let value = args.peek().filter(|(name, _)| name.is_none()).and_then(|(_, value)| value.clone());
                    let value = value.map_or_else(
                        || Value::text("True"),
                        |value| {
                            args.next();
                            value
                        },
                    );
                    named.push((name.to_lowercase(), value));
                }
                (None, value) => rest.push(value.unwrap_or_default()),
            }
        }
        self.run_blocks(&rest, &input);
        self.calling.push(name.to_owned());
        self.given = Some((named, rest.clone()));
        let outer = self.vars.insert("args".to_owned(), Value::of(rest.clone()));
        let out = self.by(&format!("{name}()"), |look| look.block(block, Some(input), Vec::new(), true));
        self.vars.extend(outer.map(|outer| ("args".to_owned(), outer)));
        self.calling.pop();
        out
    }

    /// Evaluates arguments: parameters with what is attached to them, values, and what a splat holds.
    fn arguments(&mut self, args: &[Arg]) -> Vec<(Option<String>, Option<Value>)> {
        let mut out = Vec::new();
        for arg in args {
            match arg {
                Arg::Param(name, value) => {
                    let value = value.as_ref().map(|value| self.eval(value));
                    out.push((Some(name.clone()), value));
                }
                Arg::Value(value) => out.push((None, Some(self.eval(value)))),
                Arg::Splat(name) => {
                    let value = self.vars.get(name).cloned().unwrap_or_default();
                    match value.kind {
                        Kind::Map(items) => {
                            for (key, value) in items {
                                let off = value.known().is_some_and(|text| text.eq_ignore_ascii_case("false"));
                                let on = value.known().is_some_and(|text| text.eq_ignore_ascii_case("true"));
                                if !off {
                                    out.push((Some(key), (!on).then_some(value)));
                                }
                            }
                        }
                        Kind::List(items) => out.extend(items.into_iter().map(|item| (None, Some(item)))),
                        Kind::Nothing => {}
                        Kind::Text(_) | Kind::Number(_) => out.push((None, Some(value))),
                        _ => out.push((None, None)),
                    }
                }
            }
        }
        out
    }

    /// Looks up a variable.
    pub(super) fn variable(&mut self, name: &str) -> Value {
        if let Some(value) = self.vars.get(name).cloned() {
            return if self.spend(value.weight()) { value } else { Value::unknown() };
        }
        if let Some(variable) = name.strip_prefix("env:") {
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

/// Whether `sc` is the program for services and not the alias for `Set-Content`.
fn is_service_verb(value: Option<&Value>) -> bool {
    let verbs = [
        "query", "queryex", "qc", "create", "delete", "config", "stop", "start", "pause", "failure", "sdset", "control",
    ];
    value.and_then(Value::known).is_some_and(|text| verbs.contains(&text.to_ascii_lowercase().as_str()))
}

/// Whether the arguments of `curl` are those of the program, not of the cmdlet behind the alias.
fn native_style(args: &[(Option<String>, Option<Value>)]) -> bool {
    args.iter().any(|(name, value)| match name {
        Some(name) => name.len() <= 2 || names::parameter("Invoke-WebRequest", name).is_none(),
        None => value.as_ref().is_some_and(|value| value.shown().starts_with('-')),
    })
}

/// Gives arguments to a cmdlet's parameters.
fn bind(cmdlet: &str, args: Vec<(Option<String>, Option<Value>)>) -> WinCommand {
    let mut out = WinCommand { name: cmdlet.to_owned(), ..WinCommand::default() };
    let known = names::canonical(cmdlet, false).is_some();
    let mut args = args.into_iter().peekable();
    while let Some((name, value)) = args.next() {
        match (name, value) {
            (None, Some(value)) => out.args.push(value),
            (None, None) => out.opaque = true,
            (Some(name), value) => {
                let (full, valued) = names::parameter(cmdlet, &name)
                    .map_or_else(|| (name.clone(), !known), |(full, valued)| (full.to_owned(), valued));
                let mut value = value;
                if valued
                    && value.is_none()
                    && let Some((None, Some(_))) = args.peek()
                {
                    value = args.next().and_then(|(_, value)| value);
                    // Of a cmdlet that is not known it may be an argument just as well.
                    if !known {
                        out.args.extend(value.clone());
                    }
                }
                if full == "Recurse" && name.to_ascii_lowercase().contains('f') && name.len() == 2 {
                    out.params.push(("Force".to_owned(), None));
                }
                out.params.push((full, value));
            }
        }
    }
    out
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
