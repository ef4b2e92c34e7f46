//! The labelled shell commands of `tests/corpus`, and how a property over all of them is reported.

use std::fmt::Write as _;
use std::sync::OnceLock;

use clawbutler_core::action::{Action, Dialect, Effect};
use clawbutler_core::risk::RiskLevel;
use clawbutler_policy::{Surroundings, assess};
use serde_json::Value;

/// One labelled command.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) command: String,
    /// Level of the command as it stands.
    pub(crate) level: RiskLevel,
    cwd: String,
    project: String,
}

/// The home folder in the rows.
const HOME: &str = "/home/dev";

pub(crate) fn around() -> Surroundings {
    around_in(HOME)
}

fn around_in(home: &str) -> Surroundings {
    Surroundings {
        home: home.into(),
        data_dir: format!("{home}/.local/share/clawbutler"),
        guarded: vec![format!("{home}/.claude/settings.json")],
    }
}

impl Row {
    /// A command in the place of this one.
    pub(crate) fn action(&self, command: &str) -> Action {
        Action {
            runtime: "claude-code".into(),
            session: "s".into(),
            agent: None,
            tool: "Bash".into(),
            cwd: self.cwd.clone(),
            mode: "default".into(),
            project: Some(self.project.clone()),
            branch: None,
            remote: None,
            sandboxed: None,
            depth: 0,
            effect: Effect::Shell { command: command.into(), dialect: Dialect::Posix, description: None },
        }
    }

    /// Level of the same on a machine where the user's home is somewhere else.
    pub(crate) fn level_in(&self, home: &str) -> RiskLevel {
        let moved = |text: &str| text.replace(HOME, home);
        let action = self.action(&moved(&self.command));
        let project = action.project.as_deref().map(moved);
        assess(&Action { cwd: moved(&action.cwd), project, ..action }, &around_in(home)).level
    }

    /// Level of a command in the place of this one.
    pub(crate) fn level_of(&self, command: &str) -> RiskLevel {
        assess(&self.action(command), &around()).level
    }
}

/// Every labelled command of the tool `Bash`.
pub(crate) fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let texts = [
            include_str!("../../../../tests/corpus/benign.jsonl"),
            include_str!("../../../../tests/corpus/dangerous.jsonl"),
            include_str!("../../../../tests/corpus/disguised.jsonl"),
        ];
        let found: Vec<Row> = texts.iter().flat_map(|text| text.lines()).filter_map(row).collect();
        assert!(found.len() > 1_500, "only {} rows", found.len());
        found
    })
}

fn row(line: &str) -> Option<Row> {
    let value: Value = serde_json::from_str(line).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    if value["tool"] != "Bash" {
        return None;
    }
    let mut row = Row {
        id: text(&value["id"]),
        command: text(&value["input"]["command"]),
        level: RiskLevel::Low,
        cwd: text(&value["cwd"]),
        project: text(&value["project"]),
    };
    row.level = row.level_of(&row.command);
    Some(row)
}

/// A case in which a property does not hold.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) property: &'static str,
    pub(crate) row: String,
    pub(crate) says: String,
}

/// A property and a row known to fail it (`*`: some rows), with the reason. What holds again has to go from the list.
pub(crate) type Known = (&'static str, &'static str, &'static str);

/// Fails with every case that is not known.
pub(crate) fn settle(failures: &[Failure], known: &[Known]) {
    let is = |one: &Failure, known: &Known| one.property == known.0 && (known.1 == "*" || one.row == known.1);
    let mut said = String::new();
    let fresh = failures.iter().filter(|one| !known.iter().any(|known| is(one, known)));
    let fresh: usize = fresh.map(|one| writeln!(said, "{}\t{}\t{}", one.property, one.row, one.says).unwrap()).count();
    for stale in known.iter().filter(|known| !failures.iter().any(|one| is(one, known))) {
        writeln!(said, "{} holds for {} again: take it off the list", stale.0, stale.1).unwrap();
    }
    assert!(said.is_empty(), "{fresh} cases:\n{said}");
}
