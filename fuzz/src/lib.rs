//! What both fuzz targets do with bytes: judge them as a shell text in every dialect, or as a line of
//! `clawbutler rules explain --json`, and check what must hold for any verdict.
#![expect(clippy::panic, reason = "a fuzzer looks for panics")]
#![expect(dead_code, reason = "the command line's own reader is compiled in as it is, whole")]

use std::sync::OnceLock;

use clawbutler_connectors::normalise;
use clawbutler_core::action::{Action, Dialect, Effect};
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::Decision;
use clawbutler_policy::{Facts, RuleSet, Surroundings, evaluate, explain};

#[path = "../../crates/cli/src/rules/lines.rs"]
mod lines;
#[path = "../../crates/cli/src/rules/request.rs"]
mod request;

fn around() -> Surroundings {
    Surroundings {
        home: "/home/dev".into(),
        data_dir: "/home/dev/.local/share/clawbutler".into(),
        guarded: vec!["/home/dev/.claude/settings.json".into()],
    }
}

/// Judges an action; panics when the verdict is below the floor.
fn judge(action: &Action) {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    let rules = RULES.get_or_init(RuleSet::builtin);
    let verdict = evaluate(rules, action, &around(), &Facts::unknown());
    let high = verdict.assessment.level >= RiskLevel::High;
    assert!(!high || verdict.decision >= Decision::Ask, "below the floor: {verdict:?}");
    drop(explain(rules, action, &around(), &Facts::unknown()));
}

/// Judges bytes as a shell text. Their first byte chooses the dialect.
pub fn shell(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let dialect = match first {
        b'#' => Dialect::Powershell,
        b'@' => Dialect::Cmd,
        _ => Dialect::Posix,
    };
    judge(&Action {
        runtime: "claude-code".into(),
        session: "s".into(),
        agent: None,
        tool: "Bash".into(),
        cwd: "/home/dev/shop".into(),
        mode: "default".into(),
        project: None,
        branch: None,
        remote: None,
        sandboxed: None,
        depth: 0,
        effect: Effect::Shell { command: String::from_utf8_lossy(text).into_owned(), dialect, description: None },
    });
}

/// Judges bytes as a line of `clawbutler rules explain --json`.
pub fn explain_line(bytes: &[u8]) {
    let defaults = request::Defaults {
        runtime: "claude-code".into(),
        cwd: "/home/dev/shop".into(),
        project: None,
        home: "/home/dev".into(),
    };
    let mut lines = lines::Lines::of(bytes);
    while let Ok(Some(line)) = lines.next(|| Ok(())) {
        let read = match line {
            lines::Line::Whole(line) => request::read(line, &defaults),
            lines::Line::Cut(beginning) => Err(request::too_long(beginning)),
        };
        let id = match read {
            Ok(read) => {
                judge(&normalise::action(&read.call));
                read.id
            }
            Err(bad) => bad.id,
        };
        // What a line calls itself goes into the answer as it is.
        let again = serde_json::from_str::<serde_json::Value>(&id);
        assert!(again.is_ok(), "the id {id:?} would break the answer");
    }
}
