//! Whatever an agent writes has a verdict: no panic, no overflow of a small stack, no wait.
#![expect(clippy::disallowed_methods, reason = "a bound on time is what is tested")]

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use clawbutler_core::action::{Action, Change, Dialect, Edit, Effect, FilePatch, PatchOp};
use clawbutler_core::risk::RiskLevel;
use clawbutler_core::verdict::{Decision, Verdict};
use clawbutler_policy::{Facts, RuleSet, evaluate, look};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::rows::{around, rows};

/// Longest one judgement may take, in a build without optimisation on a busy machine.
const BOUND: Duration = Duration::from_secs(2);
/// Stack of a thread as the standard library starts it.
const STACK: usize = 2 * 1024 * 1024;

/// Judges on a thread with a small stack, in time. One run of three has to be in time: the machine may be busy.
fn judged(action: &Action) -> Verdict {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    let rules = RULES.get_or_init(RuleSet::builtin);
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let action = action.clone();
        let judge = move || {
            let began = Instant::now();
            let verdict = evaluate(rules, &action, &around(), &Facts::unknown());
            (verdict, began.elapsed())
        };
        let thread = thread::Builder::new().stack_size(STACK).spawn(judge).unwrap();
        let (verdict, took) = thread.join().expect("a verdict without a panic");
        best = best.min(took);
        if best < BOUND {
            return verdict;
        }
    }
    panic!("took {best:?}: {action:?}");
}

fn action(effect: Effect) -> Action {
    Action { effect, ..rows()[0].action("") }
}

fn shell(command: &str, dialect: Dialect) -> Action {
    action(Effect::Shell { command: command.into(), dialect, description: None })
}

/// The floor, whatever the action.
fn assert_sound(verdict: &Verdict) {
    if verdict.assessment.level >= RiskLevel::High {
        assert!(verdict.decision >= Decision::Ask, "{verdict:?}");
    }
    let strongest = verdict.assessment.signals.iter().map(|signal| signal.level).max();
    assert_eq!(strongest.unwrap_or(RiskLevel::Low), verdict.assessment.level);
    assert!(!verdict.assessment.summary.is_empty(), "{verdict:?}");
}

const TOKENS: &[&str] = &[
    "rm", "-rf", "/", "~", "*", "$(", ")", "(", "`", "'", "\"", "|", "||", "&&", "&", ";", ";;", "{", "}", "$X",
    "${A:-", "${A//", "}", "<<EOF", "<<-'E'", "<<<", "\n", "EOF", "E", ">", ">>", "2>&1", ">|", "<(", ">(", "if",
    "then", "else", "fi", "for", "in", "do", "done", "while", "case", "esac", "x)", "function", "f()", "f", "\\",
    "\\\n", " ", "=", "A=", "[[", "]]", "[", "]", "((", "))", "$((", "x", "eval", "bash -c", "sh -c", "sudo", "env",
    "xargs", "find . -exec", "\\;", "{}", "ssh h", "docker exec c", "python3 -c", "node -e", "perl -e", "pwsh -c",
    "cmd /c", "wsl", "curl http://x", "| sh", "base64 -d", "time", "coproc", "!", "$'\\x72", "trap", "alias a=",
    "source", ".", "declare -n", "read", "set --", "exec", "git", "push", "--force", "\u{0}", "\u{202e}", "é", "$\"",
    "@(", "?(", "!(",
];

fn tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(TOKENS.to_vec());
    (prop::collection::vec((token, any::<bool>()), 0..60)).prop_map(|parts| {
        parts.into_iter().map(|(token, blank)| if blank { format!("{token} ") } else { token.to_owned() }).collect()
    })
}

/// Two labelled rows cut somewhere and put together, with a token between.
fn spliced() -> impl Strategy<Value = String> {
    let at = any::<prop::sample::Index>;
    (at(), at(), at(), at(), prop::sample::select(TOKENS.to_vec())).prop_map(|(one, two, cut, from, token)| {
        let all = rows();
        let piece = |row: prop::sample::Index| -> Vec<char> { all[row.index(all.len())].command.chars().collect() };
        let (one, two) = (piece(one), piece(two));
        let head: String = one[..cut.index(one.len() + 1)].iter().collect();
        let tail: String = two[from.index(two.len() + 1)..].iter().collect();
        format!("{head}{token}{tail}")
    })
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![Dialect::Posix, Dialect::Powershell, Dialect::Cmd])
}

/// A text of any sort, a path or a command among them.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~]{0,80}", tokens(), spliced(), "(/|~/|\\./|C:\\\\)?[a-z./\\\\*$ ~]{0,40}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(
                prop_oneof![
                    "[a-z_]{1,8}",
                    prop::sample::select(vec!["command", "path", "query", "url", "sql"]).prop_map(String::from)
                ],
                inner,
                0..5
            )
            .prop_map(|map| json!(map)),
        ]
    })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        text().prop_map(|text| Change::Content { text }),
        prop::collection::vec((text(), text(), any::<bool>()), 0..4).prop_map(|edits| Change::Edits {
            edits: edits.into_iter().map(|(old, new, all)| Edit { old, new, all }).collect()
        }),
    ]
}

fn file_patch() -> impl Strategy<Value = FilePatch> {
    let op = prop_oneof![
        Just(PatchOp::Add),
        Just(PatchOp::Update),
        Just(PatchOp::Delete),
        text().prop_map(|to| PatchOp::Move { to }),
    ];
    (text(), op, change()).prop_map(|(path, op, change)| FilePatch { path, op, change })
}

/// One effect of every kind, in the order of `Effect::KINDS`.
fn effects() -> impl Strategy<Value = Vec<Effect>> {
    let many = prop::collection::vec(text(), 0..4);
    let patch = prop::collection::vec(file_patch(), 0..4);
    let word = prop_oneof![
        prop::sample::select(vec![
            "python", "javascript", "bash", "sql", "GET", "POST", "delete_file", "execute_sql", "add"
        ])
        .prop_map(String::from),
        text()
    ];
    (text(), text(), word, value(), change(), many, patch, dialect()).prop_map(
        |(one, two, word, arguments, change, many, files, dialect)| {
            vec![
                Effect::Shell { command: one.clone(), dialect, description: Some(two.clone()) },
                Effect::FileRead { path: one.clone() },
                Effect::FileWrite { path: one.clone(), change },
                Effect::FileDelete { paths: many },
                Effect::Patch { files },
                Effect::Network { url: one.clone(), method: Some(word.clone()) },
                Effect::Mcp { server: one.clone(), tool: word.clone(), arguments: arguments.clone() },
                Effect::AgentSpawn { agent: one.clone(), prompt: two.clone() },
                Effect::Code { language: word.clone(), text: two.clone() },
                Effect::TerminalInput { terminal: one.clone(), text: two.clone() },
                Effect::ConfigChange { what: one.clone(), arguments: arguments.clone() },
                Effect::Schedule { change: word.clone(), what: one.clone() },
                Effect::Message { channel: word.clone(), to: one.clone(), text: two },
                Effect::Account { operation: one, arguments: arguments.clone() },
                Effect::Internal { arguments: arguments.clone() },
                Effect::Other { arguments },
            ]
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn any_text_is_judged_in_time(text in text(), dialect in dialect()) {
        assert_sound(&judged(&shell(&text, dialect)));
    }

    #[test]
    fn tokens_are_judged_in_time(text in tokens(), dialect in dialect()) {
        assert_sound(&judged(&shell(&text, dialect)));
    }

    #[test]
    fn torn_rows_are_judged_in_time(text in spliced(), dialect in dialect()) {
        assert_sound(&judged(&shell(&text, dialect)));
    }

    #[test]
    fn much_of_anything_is_judged_in_time(text in tokens(), times in 1_usize..30) {
        assert_sound(&judged(&shell(&text.repeat(times), Dialect::Posix)));
    }

    #[test]
    fn a_look_is_the_same_each_time(text in text(), dialect in dialect()) {
        let action = shell(&text, dialect);
        prop_assert_eq!(look(&action, &around()), look(&action, &around()));
    }

    #[test]
    fn every_kind_of_effect_has_a_verdict(effects in effects()) {
        let kinds: Vec<&str> = effects.iter().map(Effect::kind).collect();
        prop_assert_eq!(kinds, Effect::KINDS);
        for effect in effects {
            assert_sound(&judged(&action(effect)));
        }
    }
}

/// Every labelled row, whole and cut off at a third and two thirds, by every dialect.
#[test]
fn labelled_rows_and_their_beginnings_are_judged_in_time() {
    for row in rows() {
        let chars: Vec<char> = row.command.chars().collect();
        for end in [chars.len() / 3, chars.len() * 2 / 3, chars.len()] {
            let text: String = chars[..end].iter().collect();
            for dialect in [Dialect::Posix, Dialect::Powershell, Dialect::Cmd] {
                assert_sound(&judged(&shell(&text, dialect)));
            }
        }
    }
}
