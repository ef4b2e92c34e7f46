//! Nodes of `cmd`, followed in the order they would run.

use std::collections::HashMap;

use super::super::judge::{files, programs};
use super::super::look::Look;
use super::super::value::{HOLE, Kind, Value};
use super::builtins;
use super::parse::{Node, Redirect};

/// Elements a loop's body is followed with one by one.
const MOST_EACH: usize = 12;

impl Look<'_> {
    pub(super) fn nodes(&mut self, nodes: &[Node]) -> Value {
        let mut out = Value::nothing();
        for node in nodes {
            out = self.node(node, Value::nothing());
        }
        out
    }

    fn node(&mut self, node: &Node, input: Value) -> Value {
        self.step(|look| look.one_node(node, input)).unwrap_or_default()
    }

    fn one_node(&mut self, node: &Node, input: Value) -> Value {
        match node {
            Node::Simple { text, redirects } => {
                let text = self.late(text);
                let input = self.reads(redirects, input);
                let out = self.simple_command(&text, &input);
                self.redirected(redirects, &out)
            }
            Node::Pipe(nodes) => {
                let mut value = input;
                for node in nodes {
                    value = self.node(node, value);
                }
                value
            }
            Node::Group(nodes, redirects) => {
                let mut out = Value::nothing();
                for node in nodes {
                    let one = self.node(node, input.clone());
                    out = one.and_from(out.origin());
                }
                self.redirected(redirects, &out)
            }
            Node::If(then, other) => {
                let (before, cwd) = (self.vars.clone(), self.cwd.clone());
                if !self.spend(before.values().map(Value::weight).sum()) {
                    return Value::unknown();
                }
                self.node(then, input.clone());
                let (after, place) = (std::mem::replace(&mut self.vars, before.clone()), self.cwd.clone());
                self.cwd.clone_from(&cwd);
                if let Some(other) = other {
                    self.node(other, input);
                }
                self.merge(&before, after);
                if place != cwd || self.cwd != cwd {
                    self.cwd = None;
                }
                Value::unknown()
            }
            Node::For { name, kind, options, set, body } => {
                self.for_each_of(*name, *kind, options, set, body);
                Value::unknown()
            }
        }
    }

    /// What two ways leave behind is only known where they agree with each other.
    fn merge(&mut self, before: &HashMap<String, Value>, other: HashMap<String, Value>) {
        for (name, value) in other {
            let mine = self.vars.get(&name).and_then(Value::known);
            let same = mine.is_some() && mine == value.known() && before.contains_key(&name);
            if !same {
                let from = value.origin();
                self.set(&name, Value::unknown().and_from(from));
            }
        }
        let changed: Vec<String> = self
            .vars
            .iter()
            .filter(|(name, value)| before.get(*name).is_none_or(|old| old.known() != value.known()))
            .map(|(name, _)| name.clone())
            .collect();
        self.forget(&changed);
    }

    fn reads(&mut self, redirects: &[Redirect], input: Value) -> Value {
        let mut input = input;
        for one in redirects.iter().filter(|one| one.reads) {
            let target = self.late(&one.target);
            self.read_one(&target);
            input = Value::unknown();
        }
        input
    }

    fn redirected(&mut self, redirects: &[Redirect], out: &Value) -> Value {
        let mut taken = false;
        for one in redirects.iter().filter(|one| !one.reads) {
            let target = self.late(&one.target);
            taken = true;
            files::writes(self, &Value::text(target), out);
        }
        if taken { Value::nothing() } else { out.clone() }
    }

    fn for_each_of(&mut self, name: char, kind: char, options: &str, set: &str, body: &Node) {
        let set = self.late(set);
        let mut values: Vec<String> = Vec::new();
        match kind {
            'f' => {
                let text = set.trim();
                let command = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
                let back = text.strip_prefix('`').and_then(|text| text.strip_suffix('`'));
                if let Some(command) = command.or(back) {
                    self.by("for /f", |look| look.command_text(command));
                } else if !text.starts_with('"') || options.to_ascii_lowercase().contains("usebackq") {
                    for file in builtins::words(text) {
                        self.read_one(&file);
                    }
                }
            }
            'l' => {}
            'r' => {
                let root = options.trim().trim_matches('"');
                let root = if root.is_empty() { "." } else { root };
                values.extend(builtins::words(&set).into_iter().map(|word| format!("{root}\\{word}")));
            }
            _ => values.extend(builtins::words(&set)),
        }
        if values.is_empty() || values.len() > MOST_EACH {
            values = vec![HOLE.to_string()];
        }
        let mut changed = Vec::new();
        sets(body, &mut changed);
        self.forget(&changed);
        // `tokens=1,2` fills the letters that follow as well.
        let more: Vec<char> =
            if kind == 'f' { (1..8).filter_map(|by| following(name, by)).collect() } else { Vec::new() };
        for letter in more {
            self.set(&format!("for:{letter}"), Value::unknown());
        }
        for value in values {
            self.set(&format!("for:{name}"), Value::text(value));
            self.node(body, Value::nothing());
        }
        self.vars.remove(&format!("for:{name}"));
        self.forget(&changed);
    }

    /// One command: a builtin or a program.
    pub(super) fn simple_command(&mut self, text: &str, input: &Value) -> Value {
        let Some((head, rest)) = builtins::head(text) else { return Value::nothing() };
        let lower = head.to_lowercase();
        if let Some(out) = self.builtin(&lower, rest, input, text) {
            return out;
        }
        let base = programs::base(&head);
        if base == "cmd" {
            return self.nested(rest, input, text);
        }
        let args: Vec<Value> = programs::split(rest).into_iter().map(Value::text).collect();
        let head = if self.written_here(&head) { Value::text(format!(".\\{head}")) } else { Value::text(head) };
        programs::program(self, &head, &args, input, text)
    }

    /// Programs are looked for in the folder first.
    fn written_here(&self, head: &str) -> bool {
        !head.contains(['\\', '/', ':']) && self.made_here(&format!(".\\{head}")).is_some()
    }

    /// `cmd /c …`: everything behind the switch, one pair of quotes around it taken off.
    fn nested(&mut self, rest: &str, input: &Value, part: &str) -> Value {
        let lower = rest.to_ascii_lowercase();
        let Some(at) = ["/c", "/k", "/r"].iter().filter_map(|switch| lower.find(switch)).min() else {
            let args: Vec<Value> = programs::split(rest).into_iter().map(Value::text).collect();
            return programs::program(self, &Value::text("cmd"), &args, input, part);
        };
        let text = rest[at + 2..].trim();
        let text = match text.strip_prefix('"') {
            Some(inner) => {
                inner.rfind('"').map_or(inner.to_owned(), |end| format!("{}{}", &inner[..end], &inner[end + 1..]))
            }
            None => text.to_owned(),
        };
        self.note("cmd", ["/c".to_owned(), text.clone()].into_iter());
        let delayed = self.delayed || lower[..at].contains("/v");
        let outer = (self.cwd.clone(), std::mem::replace(&mut self.delayed, delayed), self.vars.clone());
        self.by("cmd /c", |look| look.command_text(&text));
        (self.cwd, self.delayed, self.vars) = outer;
        Value::unknown()
    }
}

fn following(letter: char, by: u32) -> Option<char> {
    char::from_u32(u32::from(letter) + by).filter(char::is_ascii_alphabetic)
}

/// Variables that a body sets.
fn sets(node: &Node, out: &mut Vec<String>) {
    match node {
        Node::Simple { text, .. } => {
            let Some((head, rest)) = builtins::head(text) else { return };
            if head.eq_ignore_ascii_case("set") {
                let rest = rest.trim_start_matches(['"', ' ']);
                let rest = rest.strip_prefix("/a ").or_else(|| rest.strip_prefix("/p ")).unwrap_or(rest);
                let name = rest.split('=').next().unwrap_or_default().trim_matches(['"', ' ']);
                out.push(format!("env:{}", name.to_lowercase()));
            }
        }
        Node::Pipe(nodes) | Node::Group(nodes, _) => nodes.iter().for_each(|node| sets(node, out)),
        Node::If(then, other) => {
            sets(then, out);
            other.iter().for_each(|node| sets(node, out));
        }
        Node::For { body, .. } => sets(body, out),
    }
}

/// Whether a value is nothing at all.
pub(super) fn is_nothing(value: &Value) -> bool {
    matches!(value.kind, Kind::Nothing)
}
