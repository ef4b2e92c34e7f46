//! A command inside another construct is at least as risky as it is alone.

use crate::rows::{Failure, Known, Row, rows, settle};

/// Rows left out of a property, with the reason.
const KNOWN: &[Known] = &[];

/// A way to put a command into something that runs it.
type Wrapper = (&'static str, fn(&str) -> String);

/// Around one plain command; anything else goes through `bash -c` first.
const PREFIXES: &[Wrapper] = &[
    ("sudo", |line| format!("sudo {line}")),
    ("env", |line| format!("env A=b {line}")),
    ("nohup", |line| format!("nohup {line}")),
    ("timeout", |line| format!("timeout 5 {line}")),
    ("command", |line| format!("command {line}")),
    ("nice", |line| format!("nice -n 5 {line}")),
    ("time", |line| format!("time {line}")),
    ("assignment", |line| format!("A=b {line}")),
];

/// A text handed to something that reads it as a program.
const TEXTS: &[Wrapper] = &[
    ("bash -c", |line| format!("bash -c {}", quoted(line))),
    ("bash -lc", |line| format!("bash -lc {}", quoted(line))),
    ("sh -c echo", |line| format!("sh -c \"$(echo {})\"", quoted(line))),
    ("sh -c printf", |line| format!("sh -c \"$(printf %s {})\"", quoted(line))),
    ("eval", |line| format!("eval {}", quoted(line))),
    ("xargs", |line| format!("echo x | xargs -I{} sh -c {}", mark(line), quoted(line))),
    ("here-string", |line| format!("bash <<< {}", quoted(line))),
    ("here-document", |line| format!("bash <<'END_OF_WRAPPED'\n{line}\nEND_OF_WRAPPED")),
    ("piped", |line| format!("printf '%s\\n' {} | sh", quoted(line))),
    ("variable", |line| format!("LINE={}; eval \"$LINE\"", quoted(line))),
];

/// Syntax around a command.
const SYNTAX: &[Wrapper] = &[
    ("( )", |line| format!("(\n{line}\n)")),
    ("{ }", |line| format!("{{\n{line}\n}}")),
    ("if", |line| format!("if true; then {line}\nfi")),
    ("while", |line| format!("while {line}\ndo break; done")),
    ("for", |line| format!("for i in 1; do {line}\ndone")),
    ("case", |line| format!("case x in x) {line}\n;; esac")),
    ("&&", |line| format!("true && {line}")),
    ("||", |line| format!("{{ {line}\n}} || true")),
    ("not", |line| format!("! {{ {line}\n}}")),
    ("background", |line| format!("{{ {line}\n}} &")),
    ("| cat", |line| format!("{{ {line}\n}} | cat")),
    ("true |", |line| format!("true | {{ {line}\n}}")),
    ("x=$()", |line| format!("x=$({line}\n)")),
    ("echo $()", |line| format!("echo \"$({line}\n)\"")),
    ("<()", |line| format!("cat <({line}\n)")),
    ("function", |line| format!("work() {{\n{line}\n}}\nwork")),
    ("function with words", |line| format!("work() {{\n{line}\n}}\nwork a b")),
    ("> file", |line| format!("{{ {line}\n}} > out.log 2>&1")),
];

/// Single-quoted, so that a shell reads it as one word.
fn quoted(line: &str) -> String {
    format!("'{}'", line.replace('\'', r"'\''"))
}

/// What `xargs` replaces; it must not stand in the line.
fn mark(line: &str) -> &'static str {
    if line.contains("{}") { "@@" } else { "{}" }
}

/// Whether a word before the line makes it that word's arguments: one plain command that is a program.
fn takes_prefix(line: &str) -> bool {
    const BUILTINS: &[&str] = &[
        "cd", "eval", "export", "alias", "unset", "source", ".", "exec", "set", "declare", "typeset", "readonly",
        "local", "trap", "if", "for", "while", "until", "case", "function", "select", "time", "coproc", "!", "[[",
        "let", "history", "umask", "ulimit", "pushd", "popd", "hash", "enable", "shopt", "builtin", "command", "read",
        "mapfile", "printf", "true", ":",
    ];
    let first = line.split_whitespace().next().unwrap_or_default();
    !line.contains(['\n', ';', '|', '&', '(', '{', '`', '#'])
        && !BUILTINS.contains(&first)
        && !first.contains(['=', '<', '>', '\'', '"', '\\', '$'])
}

/// Every failure of these wrappers over every row.
fn failures(wrappers: &[Wrapper], line_of: impl Fn(&Row) -> String) -> Vec<Failure> {
    let mut found = Vec::new();
    for row in rows() {
        let line = line_of(row);
        for (name, wrap) in wrappers {
            let text = wrap(&line);
            let after = row.level_of(&text);
            if after < row.level {
                let says = format!("{:?} then {after:?}\t{text:?}", row.level);
                found.push(Failure { property: name, row: row.id.clone(), says });
            }
        }
    }
    found
}

fn of(property: &[Wrapper]) -> Vec<Known> {
    KNOWN.iter().filter(|known| property.iter().any(|(name, _)| *name == known.0)).copied().collect()
}

#[test]
fn a_word_before_a_command_never_calms() {
    let line = |row: &Row| {
        if takes_prefix(&row.command) { row.command.clone() } else { format!("bash -c {}", quoted(&row.command)) }
    };
    settle(&failures(PREFIXES, line), &of(PREFIXES));
}

#[test]
fn a_text_handed_to_a_shell_is_as_risky_as_typed() {
    settle(&failures(TEXTS, |row| row.command.clone()), &of(TEXTS));
}

#[test]
fn syntax_around_a_command_never_calms() {
    settle(&failures(SYNTAX, |row| row.command.clone()), &of(SYNTAX));
}

/// Two wrappers, one in the other.
#[test]
fn wrappers_in_wrappers_never_calm() {
    let mut found = Vec::new();
    let wrappers: Vec<&Wrapper> = TEXTS.iter().chain(SYNTAX).collect();
    for (at, row) in rows().iter().enumerate() {
        for turn in 0..4 {
            let (inner, outer) =
                (wrappers[(at + turn * 7) % wrappers.len()], wrappers[(at * 3 + turn * 11 + 1) % wrappers.len()]);
            let text = outer.1(&inner.1(&row.command));
            let after = row.level_of(&text);
            if after < row.level {
                let says = format!("{} in {}: {:?} then {after:?}\t{text:?}", inner.0, outer.0, row.level);
                found.push(Failure { property: "twice", row: row.id.clone(), says });
            }
        }
    }
    settle(&found, &KNOWN.iter().filter(|known| known.0 == "twice").copied().collect::<Vec<_>>());
}

/// Lines that leave nothing behind for the next: no folder, variable, function, option.
fn independent(line: &str) -> bool {
    const STATE: &[&str] = &[
        "cd", "pushd", "popd", "export", "alias", "unset", "set", "exec", "exit", "trap", "source", ".", "shopt",
        "enable", "declare", "readonly", "return", "hash", "eval", "ln", "cat", "tee", "mkdir", "touch", "git",
    ];
    let quiet = !line.contains(['\n', '=', '(', '#', '<', '>', '`']) && !line.ends_with('&');
    quiet && line.split(|c: char| c.is_whitespace() || c == ';').all(|word| !STATE.contains(&word))
}

#[test]
fn the_order_of_independent_parts_does_not_calm() {
    let lines: Vec<&Row> = rows().iter().filter(|row| independent(&row.command)).collect();
    let mut found = Vec::new();
    for (at, one) in lines.iter().enumerate() {
        for turn in 1..4 {
            let two = lines[(at * 5 + turn * 37) % lines.len()];
            let two_level = one.level_of(&two.command);
            let text = format!("{} ; {}", one.command, two.command);
            let after = one.level_of(&text);
            if after < one.level.max(two_level) {
                let says = format!("{:?} and {two_level:?} then {after:?}\t{text:?}", one.level);
                found.push(Failure { property: "order", row: format!("{}+{}", one.id, two.id), says });
            }
        }
    }
    settle(&found, &KNOWN.iter().filter(|known| known.0 == "order").copied().collect::<Vec<_>>());
}
