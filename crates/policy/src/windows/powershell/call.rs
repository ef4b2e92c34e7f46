//! Commands of PowerShell called: aliases, functions, cmdlets and programs, with their arguments.

use std::rc::Rc;

use super::super::WinCommand;
use super::super::judge::{self, programs};
use super::super::look::Look;
use super::super::value::{Block, HOLE, Kind, Value};
use super::ast::{Arg, Command};
use super::names;

/// An argument: a parameter's name, a value, or both; neither: only known when it runs.
type Given = (Option<String>, Option<Value>);

impl Look<'_> {
    pub(super) fn command(&mut self, command: &Command, input: Value) -> Value {
        let head = self.eval(&command.head);
        let args: Vec<Given> = self.arguments(&command.args);
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

    fn run_program(&mut self, head: &Value, args: Vec<Given>, input: &Value, text: &str) -> Value {
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

    fn call_function(&mut self, name: &str, block: &Rc<Block>, args: Vec<Given>, input: Value) -> Value {
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
    fn arguments(&mut self, args: &[Arg]) -> Vec<Given> {
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
}

/// Whether `sc` is the program for services and not the alias for `Set-Content`.
fn is_service_verb(value: Option<&Value>) -> bool {
    let verbs = [
        "query", "queryex", "qc", "create", "delete", "config", "stop", "start", "pause", "failure", "sdset", "control",
    ];
    value.and_then(Value::known).is_some_and(|text| verbs.contains(&text.to_ascii_lowercase().as_str()))
}

/// Whether the arguments of `curl` are those of the program, not of the cmdlet behind the alias.
fn native_style(args: &[Given]) -> bool {
    args.iter().any(|(name, value)| match name {
        Some(name) => name.len() <= 2 || names::parameter("Invoke-WebRequest", name).is_none(),
        None => value.as_ref().is_some_and(|value| value.shown().starts_with('-')),
    })
}

/// Gives arguments to a cmdlet's parameters.
fn bind(cmdlet: &str, args: Vec<Given>) -> WinCommand {
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
