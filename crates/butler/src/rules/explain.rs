//! Why a verdict is what it is, as a tree.

use clawbutler_connectors::connector;
use clawbutler_core::action::{Action, Dialect, Effect};
use clawbutler_core::limits::SHELL_TEXT_BYTES;
use clawbutler_core::verdict::Match;
use clawbutler_policy::{Explanation, Facts, PartWhy, SignalWhy, explain};
use clawbutler_wire::command::{ExplainAction, ExplainApproval};
use clawbutler_wire::rules::{ExplanationNode, ExplanationView};

use super::simulate::because;
use crate::{Butler, Error, view};

impl Butler {
    /// Why a request was judged as it was, by the rules in force now.
    pub fn explain_approval(&self, request: ExplainApproval) -> Result<ExplanationView, Error> {
        let row = self.0.store.read(|read| read.approval(&request.id))?.ok_or_else(|| Error::not_found("request"))?;
        let facts = serde_json::from_value(row.facts["facts"].clone()).unwrap_or_else(|_| Facts::unknown());
        let mut view = self.explanation(&row.action, &facts);
        if row.verdict.rules_version != view.rules_version {
            view.root.children.push(node(
                "The rules changed since",
                &format!("When it was asked, they said “{}”: {}", row.verdict.decision.word(), because(&row.verdict)),
            ));
        }
        Ok(view)
    }

    /// Tries a shell command on the rules in force, without running it.
    pub fn explain_action(&self, request: ExplainAction) -> Result<ExplanationView, Error> {
        if request.text.len() > SHELL_TEXT_BYTES {
            return Err(Error::bad(format!("A command has at most {} KiB.", SHELL_TEXT_BYTES / 1024)));
        }
        let first = connector::ALL.first().map_or("", |connector| connector.id());
        let mut action = Action {
            runtime: request.runtime.unwrap_or_else(|| first.to_owned()),
            session: String::new(),
            agent: None,
            tool: "Bash".to_owned(),
            cwd: request.cwd.unwrap_or_else(|| self.0.ports.env.home.display().to_string()),
            mode: "default".to_owned(),
            project: None,
            branch: None,
            remote: None,
            sandboxed: None,
            depth: 0,
            effect: Effect::Shell { command: request.text, dialect: Dialect::Posix, description: None },
        };
        self.place(&mut action);
        let at = self.now();
        Ok(self.explanation(&action, &Facts::at(at, self.0.ports.clock.offset_minutes(at))))
    }

    fn explanation(&self, action: &Action, facts: &Facts) -> ExplanationView {
        let why = explain(&self.rules(), action, &self.around(), facts);
        let mut children: Vec<ExplanationNode> = why.parts.iter().map(part).collect();
        children.extend(why.signals.iter().map(signal));
        let touches = why.touches.iter().map(|touch| {
            node(&format!("{} {}", capital(touch.how.word()), view::drawn(&touch.path)), touch.class.word())
        });
        children.extend(touches);
        children.extend(why.hosts.iter().map(|host| node(&format!("Talks to {}", view::drawn(host)), "")));
        children.push(rules(&why));
        children.extend(why.floor.as_ref().map(|floor| node("The floor", floor)));
        ExplanationView {
            decision: why.decision.word().to_owned(),
            risk: view::level(why.risk),
            because: why.because.clone(),
            rules_version: why.rules_version,
            root: ExplanationNode {
                label: view::headline(action),
                detail: why.because,
                risk: Some(view::level(why.risk)),
                children,
            },
        }
    }
}

fn part(part: &PartWhy) -> ExplanationNode {
    let mut detail = Vec::new();
    if !part.via.is_empty() {
        detail.push(format!("by {}", part.via.join(", ")));
    }
    if part.opaque {
        detail.push("partly unknown before it runs".to_owned());
    }
    if !part.covered_by.is_empty() {
        detail.push(format!("permitted by {}", part.covered_by.join(", ")));
    }
    ExplanationNode {
        label: format!("Runs {}", view::drawn(&part.command)),
        detail: view::drawn(&detail.join("; ")),
        risk: Some(view::level(part.risk)),
        children: part.signals.iter().map(signal).collect(),
    }
}

fn signal(signal: &SignalWhy) -> ExplanationNode {
    ExplanationNode {
        label: view::drawn(&signal.says),
        detail: signal.name.clone(),
        risk: Some(view::level(signal.level)),
        children: Vec::new(),
    }
}

fn rules(why: &Explanation) -> ExplanationNode {
    let mut children: Vec<ExplanationNode> = why.matched.iter().map(|one| matched(one, "")).collect();
    children.extend(why.observed.iter().map(|one| matched(one, ", and only watches")));
    children.extend(why.partial.iter().map(|rule| {
        node(&format!("{rule} covers some parts"), "A rule for one part never covers the whole, so it permits nothing.")
    }));
    children.extend(why.nearly.iter().map(|near| {
        let label = format!("{} nearly says {}", near.rule, near.decision.word());
        node(&label, &format!("Missing: {}", near.condition))
    }));
    ExplanationNode { children, ..node(&format!("{} rules were tried", why.tried), "") }
}

fn matched(one: &Match, more: &str) -> ExplanationNode {
    node(&format!("{} says {}{more}", one.rule, one.decision.word()), &one.because)
}

fn node(label: &str, detail: &str) -> ExplanationNode {
    ExplanationNode { label: label.to_owned(), detail: detail.to_owned(), risk: None, children: Vec::new() }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
