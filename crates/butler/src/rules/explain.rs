//! Why a verdict is what it is, as a tree.

use clawbutler_connectors::connector;
use clawbutler_core::action::{Action, Dialect, Effect};
use clawbutler_core::limits::SHELL_TEXT_BYTES;
use clawbutler_core::verdict::Match;
use clawbutler_policy::{Facts, judge, look};
use clawbutler_wire::command::{ExplainAction, ExplainApproval};
use clawbutler_wire::rules::{ExplanationNode, ExplanationView};

use super::simulate::because;
use super::view::decision_word;
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
                &format!(
                    "When it was asked, they said “{}”: {}",
                    decision_word(row.verdict.decision),
                    because(&row.verdict)
                ),
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
        let around = self.around();
        let looked = look(action, &around);
        let verdict = judge(&self.rules(), action, looked.clone(), &around, facts);
        let signals = &verdict.assessment.signals;
        let mut children: Vec<ExplanationNode> = looked
            .parts
            .iter()
            .map(|part| ExplanationNode {
                label: std::iter::once(&part.program).chain(&part.args).cloned().collect::<Vec<_>>().join(" "),
                detail: part.via.join(", "),
                risk: Some(view::level(part.level)),
                children: Vec::new(),
            })
            .collect();
        children.extend(signals.iter().map(|signal| ExplanationNode {
            label: signal.says.clone(),
            detail: signal.part.clone().unwrap_or_default(),
            risk: Some(view::level(signal.level)),
            children: Vec::new(),
        }));
        children.extend(verdict.matches.iter().map(|one| matched(one, "")));
        children.extend(verdict.observed.iter().map(|one| matched(one, " (only watches)")));
        ExplanationView {
            decision: decision_word(verdict.decision).to_owned(),
            risk: view::level(verdict.assessment.level),
            because: because(&verdict),
            rules_version: verdict.rules_version.clone(),
            root: ExplanationNode {
                label: view::headline(action),
                detail: verdict.assessment.summary,
                risk: Some(view::level(verdict.assessment.level)),
                children,
            },
        }
    }
}

fn matched(one: &Match, more: &str) -> ExplanationNode {
    node(&format!("Rule {} says {}{more}", one.rule, decision_word(one.decision)), &one.because)
}

fn node(label: &str, detail: &str) -> ExplanationNode {
    ExplanationNode { label: label.to_owned(), detail: detail.to_owned(), risk: None, children: Vec::new() }
}
