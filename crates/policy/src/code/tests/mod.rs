//! Programs come out as labelled, in every language; no text brings the look down.

mod node;
mod others;
mod python;

use proptest::prelude::*;

use super::{Deed, Language, look};

/// Everything a deed says, in one line.
fn show(deed: &Deed) -> String {
    let or = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".into());
    match deed {
        Deed::Shell { text } => format!("shell {text}"),
        Deed::Argv { argv } => format!("argv {}", argv.iter().map(or).collect::<Vec<_>>().join("|")),
        Deed::Read { path } => format!("read {}", or(path)),
        Deed::Write { path, appends: false } => format!("write {}", or(path)),
        Deed::Write { path, appends: true } => format!("append {}", or(path)),
        Deed::Delete { path, recursive: false } => format!("delete {}", or(path)),
        Deed::Delete { path, recursive: true } => format!("delete all {}", or(path)),
        Deed::Network { url, sends: false } => format!("fetch {}", or(url)),
        Deed::Network { url, sends: true } => format!("send {}", or(url)),
        Deed::Listens => "listens".into(),
        Deed::RawSocket { to } => format!("socket {}", or(to)),
        Deed::Environment { name } => format!("env {}", name.as_deref().unwrap_or("*")),
        Deed::Prints => "prints".into(),
        Deed::Sql { text } => format!("sql {text}"),
        Deed::Kill => "kill".into(),
        Deed::Dynamic { what } => format!("dynamic {what}"),
        Deed::LoadsNative { what } => format!("native {what}"),
        Deed::Rights { path } => format!("rights {}", or(path)),
    }
}

/// Each row: a program, and what it does; `!` first when it cannot be understood.
#[track_caller]
fn check(language: Language, rows: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    for (text, wanted) in rows {
        let program = look(language, text);
        let mut found: Vec<String> = program.deeds.iter().map(show).collect();
        if !program.understood {
            found.insert(0, "!".into());
        }
        if found != *wanted {
            wrong.push(format!("{text}\n   found {found:?}\n  wanted {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

const ALL: &[Language] = &[
    Language::Python,
    Language::Node,
    Language::Perl,
    Language::Ruby,
    Language::Php,
    Language::Awk,
    Language::Lua,
    Language::R,
    Language::AppleScript,
    Language::Tcl,
];

#[test]
fn deep_and_long_programs_have_an_end() {
    const LONG: usize = 12_000;
    let deep = [
        "(".repeat(20_000),
        "[".repeat(20_000) + &"]".repeat(20_000),
        "f(".repeat(10_000) + &")".repeat(10_000),
        "{".repeat(30_000),
        "x = ".repeat(10_000),
        "not ".repeat(10_000),
        "!".repeat(40_000),
        "if (a) ".repeat(8_000),
        "lambda: ".repeat(8_000),
        "x => ".repeat(10_000),
        "a.".repeat(20_000),
        "'a' + ".repeat(8_000),
        "`${".repeat(10_000),
        "f\"{".repeat(8_000),
        "f'{f\"{".repeat(8_000),
        "#{\"".repeat(8_000),
        "new ".repeat(10_000),
        "def f(): ".repeat(6_000),
        "function f(){".repeat(4_000),
        "x=x+x;".repeat(8_000),
        "x = [x]\n".repeat(6_000),
        "x = [x, x]\n".repeat(6_000),
        "x = {'a': x}\n".repeat(5_000),
        "$x = [$x];".repeat(6_000),
        "def f(x): return f([x])\nf(1)\n".repeat(1_500),
        "x = 'aaaaaaaaaaaaaaaaaaaa' * 4000\n".repeat(1_500),
        "f();function f(){f();f()}".repeat(2_000),
        "exec('exec(\\'".repeat(3_000),
        "eval \"".repeat(6_000),
        "<<A\n".repeat(8_000),
        "<<A ".repeat(8_000),
        "/".repeat(40_000),
        "$".repeat(40_000),
        "a ? ".repeat(10_000),
        "class A { ".repeat(5_000),
        "((x) => ".repeat(6_000),
        "[x for x in ".repeat(4_000),
        "const {".repeat(8_000),
        "end ".repeat(10_000),
        "\n".repeat(60_000),
        "é".repeat(30_000),
    ];
    for language in ALL {
        for text in deep.iter().map(|text| text.get(..LONG.min(text.len())).unwrap_or(text)) {
            assert!(look(*language, text).deeds.len() <= 256, "{language:?} {}", &text[..4]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_brings_it_down(text in "\\PC{0,160}") {
        for language in ALL {
            prop_assert!(look(*language, &text).deeds.len() <= 256);
        }
    }

    #[test]
    fn no_row_of_words_brings_it_down(words in prop::collection::vec(prop::sample::select(vec![
        "import os", "os", ".", "system", "(", ")", "[", "]", "{", "}", "'", "\"", "`", "${", "#{", "f'", "/", "\\", "\n", " ",
        "$x", "@", "%", "q{", "qw(", "s{", "}{", "<<A", "<<~A", "A\n", "def f", "function f", "sub f", "lambda", "=>", "->",
        ":", "::", ";", ",", "=", "+", "..", "for", "in", "x", "if", "else", "end", "do", "|x|", "eval", "exec", "é", "#", "//",
        "/*", "*/", "--", "--[[", "]]", "<?php", "?>", "<", ">", "|", "&", "getline", "print", "-1", "0x", "[::-1]", "import",
        "from", "*", "class A", "return", "await", "new", "=begin", "=cut", "__END__", "{*}", "set", "¬", "\u{f8f0}", "\0",
    ]), 0..40)) {
        let text = words.concat();
        for language in ALL {
            prop_assert!(look(*language, &text).deeds.len() <= 256);
        }
    }
}
