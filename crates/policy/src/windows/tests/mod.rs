//! Tables of commands with the level they must come out at, and the properties that hold for every text.

use crate::windows::Place;
use clawbutler_core::action::Dialect;
use clawbutler_core::risk::{RiskLevel, Signal};
use proptest::prelude::*;

use super::{WinLook, look};
use crate::Surroundings;

const CWD: &str = r"C:\Users\dev\shop";

fn around() -> Surroundings {
    Surroundings {
        home: r"C:\Users\dev".into(),
        data_dir: r"C:\Users\dev\AppData\Local\ClawButler".into(),
        guarded: vec![r"C:\Users\dev\.claude\settings.json".into()],
    }
}

fn seen(dialect: Dialect, text: &str) -> WinLook {
    look(dialect, text, Place { cwd: CWD, project: CWD, depth: 0 }, &around())
}

fn highest(signals: &[Signal]) -> RiskLevel {
    signals.iter().map(|one| one.level).max().unwrap_or(RiskLevel::Low)
}

fn level(dialect: Dialect, text: &str) -> RiskLevel {
    highest(&seen(dialect, text).signals)
}

/// Level, signal that must be among those found, command.
fn rows(table: &'static str) -> Vec<(&'static str, Option<&'static str>, String)> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (label, command) = line.split_once('\t').expect("a label and a command");
            let (level, name) = label.split_once(' ').map_or((label, None), |(level, name)| (level, Some(name)));
            (level, name, command.replace('⏎', "\n"))
        })
        .collect()
}

fn check(dialect: Dialect, table: &'static str) {
    let mut wrong = Vec::new();
    for (label, name, command) in rows(table) {
        let wanted: RiskLevel = serde_json::from_value(label.trim_end_matches(['+', '-']).into()).expect("a level");
        let found = seen(dialect, &command).signals;
        let level = highest(&found);
        let fits = match label.chars().last() {
            Some('+') => level >= wanted,
            Some('-') => level <= wanted,
            _ => level == wanted,
        };
        let named = name.is_none_or(|name| found.iter().any(|one| one.name == name));
        if !fits || !named {
            let told: Vec<String> =
                found.iter().map(|one| format!("{} {:?}: {}", one.name, one.level, one.says)).collect();
            wrong.push(format!("{label} {name:?}\t{level:?}\t{command}\n      {}", told.join("\n      ")));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

const POWERSHELL: &str = include_str!("powershell.txt");
const CMD: &str = include_str!("cmd.txt");

#[test]
fn powershell_comes_out_as_labelled() {
    assert!(rows(POWERSHELL).len() >= 240);
    check(Dialect::Powershell, POWERSHELL);
}

#[test]
fn cmd_comes_out_as_labelled() {
    assert!(rows(CMD).len() >= 120);
    check(Dialect::Cmd, CMD);
}

#[test]
fn wrapping_never_lowers_the_level() {
    let mut wrong = Vec::new();
    for (_, _, command) in rows(POWERSHELL) {
        let bare = level(Dialect::Powershell, &command);
        let quoted = command.replace('\'', "''").replace('‘', "‘‘").replace('’', "’’");
        let wrappers = [
            format!("& {{ {command}\n }}"),
            format!("if ($x) {{ {command}\n }}"),
            format!("powershell -NoProfile -Command '{quoted}'"),
            format!("Start-Job {{ {command}\n }}"),
            format!("function f {{ {command}\n }}; f"),
            format!("Invoke-Expression '{quoted}'"),
            format!("Write-Host 1; {command}"),
            format!("$r = $({command}\n)"),
        ];
        for wrapped in wrappers {
            let found = level(Dialect::Powershell, &wrapped);
            if found < bare {
                wrong.push(format!("{found:?} < {bare:?}\t{wrapped}"));
            }
        }
    }
    for (_, _, command) in rows(CMD).into_iter().filter(|(_, _, command)| !command.contains(['\n', '"'])) {
        let bare = level(Dialect::Cmd, &command);
        // Once more expanded, a variable may be another; then it is unknown.
        let again = command.contains("%%") || command.contains('%') && command.contains("for ");
        for wrapped in [
            format!("({command}\n)"),
            format!("cmd /c \"{command}\""),
            format!("if 1==1 ({command}\n)"),
            format!("echo a&{command}"),
        ] {
            let found = level(Dialect::Cmd, &wrapped);
            if found < bare && !again {
                wrong.push(format!("{found:?} < {bare:?}\t{wrapped}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_session_outside_windows_has_its_own_programs_and_paths() {
    let around = Surroundings {
        home: "/home/u".into(),
        data_dir: "/home/u/.local/share/clawbutler".into(),
        guarded: vec!["/home/u/.claude/settings.json".into()],
    };
    for (text, wanted) in [
        ("Get-ChildItem ./src", RiskLevel::Low),
        ("ls -la", RiskLevel::Low),
        ("Remove-Item ./dist -Recurse -Force", RiskLevel::Medium),
        ("rm -rf /", RiskLevel::Critical),
        ("Remove-Item / -Recurse", RiskLevel::Critical),
        ("Remove-Item ~ -Recurse", RiskLevel::Critical),
        ("Get-Content ~/.ssh/id_rsa", RiskLevel::High),
        ("Set-Content $HOME/.bashrc x", RiskLevel::High),
        ("Set-Content $PROFILE x", RiskLevel::High),
        ("Set-Content ~/.claude/settings.json '{}'", RiskLevel::Critical),
    ] {
        let found =
            look(Dialect::Powershell, text, Place { cwd: "/home/u/p", project: "/home/u/p", depth: 0 }, &around)
                .signals;
        assert_eq!(highest(&found), wanted, "{text}: {found:?}");
    }
}

#[test]
fn parts_say_what_they_are_and_how_they_are_reached() {
    let found = seen(Dialect::Powershell, "powershell -c \"ri -rec -fo src; git status\"");
    let part = found.parts.iter().find(|part| part.program == "Remove-Item").expect("a part");
    assert_eq!(part.args, ["-Recurse", "-Force", "src"]);
    assert_eq!(part.via, ["powershell", "Invoke-Expression"]);
    assert_eq!(part.level, RiskLevel::High);
    let named: Vec<&str> = part.signals.iter().map(|at| found.signals[*at].name.as_str()).collect();
    assert_eq!(named, ["recursive_delete"]);
    let git = found.parts.iter().find(|part| part.program == "git").expect("a part");
    assert_eq!((git.args.as_slice(), git.level), (["status".to_owned()].as_slice(), RiskLevel::Low));
    let touch = &found.touches[0];
    assert_eq!((touch.path.as_str(), touch.how), ("/C:/Users/dev/shop/src", crate::looked::How::Delete));
    let hosts = seen(Dialect::Powershell, "irm https://api.github.com/x").hosts;
    assert_eq!(hosts, ["api.github.com"]);
}

/// Texts of PowerShell and of `cmd` that cost a careless parser time or stack.
fn hostile() -> (Vec<String>, Vec<String>) {
    let long = |piece: &str| piece.repeat(60_000 / piece.len());
    let shapes = vec![
        long("("),
        long("{"),
        long("$("),
        long("@("),
        long("\"$("),
        long("[int]"),
        long("!"),
        long("-not "),
        long(","),
        long("a|"),
        long("if("),
        long("if(1){"),
        long("& {"),
        long("1+"),
        long("$a."),
        long("$a["),
        long("'"),
        long("`"),
        long("@{a="),
        long("function f{"),
        long("foreach($a in 1..9){"),
        long("1..9|%{"),
        long("try{"),
        long("switch(1){1{"),
        long("$a=1;"),
        long("if(1){$a=1};"),
        long("iex '"),
        long("& "),
        long(". "),
        long("-"),
        long("<#"),
        long("#\n"),
        format!("$a='aaaaaaaa';{}iex $a", "$a=$a+$a;".repeat(60)),
        format!("$a='x'*60000;{}", "$b=$a+'y';".repeat(5_000)),
        format!("$a=1..500;{}", "$a=$a+$a;".repeat(60)),
        format!("{}ri x{}", "1..9|%{".repeat(12), "}".repeat(12)),
        format!("function f{{ f; f; g }} function g {{ f; f }} {}", "f;".repeat(2_000)),
        format!("powershell -c \"{}\"", "powershell -c ".repeat(2_000)),
        // As deep as is followed, by every way down.
        (0..200).map(|at| format!("function f{at} {{ f{} }}; ", at + 1)).collect::<String>() + "f0",
        (0..200)
            .map(|at| format!("function f{at} {{ if (1) {{ $x = \"$(1..2 | % {{ f{} }})\" }} }}; ", at + 1))
            .collect::<String>()
            + "f0",
        (0..200).map(|at| format!("$f{} = {{ & $f{at} }}; ", at + 1)).collect::<String>() + "& $f200",
        "(".repeat(45) + "1" + &")".repeat(45),
        "if (1) { ".repeat(30) + "1" + &"}".repeat(30),
        "& { ".repeat(45) + "1" + &"}".repeat(45),
        "\"$(".repeat(20) + "1" + &")\"".repeat(20),
        "$x.a(".repeat(45) + "1" + &")".repeat(45),
    ];
    let cmd = vec![
        long("("),
        long("(\n"),
        long("if 1==1 "),
        long("for %i in (a b) do "),
        long("&"),
        long("|"),
        long("^"),
        long("\""),
        long("%A%"),
        long("!A!"),
        long("cmd /c "),
        long("call "),
        long("a|"),
        long("echo a>"),
        long("start "),
        format!("set A=aaaaaaaa\n{}", "set A=%A%%A%\n".repeat(60)),
        format!("{}del x", "for %%i in (1 2 3 4 5 6 7 8 9) do ".repeat(12)),
    ];
    (shapes, cmd)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a generous bound on time is what is tested")]
fn hostile_shapes_are_bounded_in_time() {
    let (shapes, cmd) = hostile();
    let all = shapes.iter().map(|text| (Dialect::Powershell, text)).chain(cmd.iter().map(|text| (Dialect::Cmd, text)));
    for (dialect, text) in all {
        // An exponential shape would take for ever; a debug build on a busy machine takes seconds.
        let start = std::time::Instant::now();
        let found = level(dialect, text);
        let name = &text[..text.len().min(24)];
        assert!(start.elapsed().as_secs() < 60, "{name} took {:?}", start.elapsed());
        assert!(found <= RiskLevel::Critical, "{name}");
    }
    let size = format!("Write-Host '{}'", "x".repeat(80_000));
    assert_eq!(level(Dialect::Powershell, &size), RiskLevel::High, "over the bound it is not understood");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_looked_at(text in "\\PC{0,120}") {
        seen(Dialect::Powershell, &text);
        seen(Dialect::Cmd, &text);
    }

    #[test]
    fn text_like_powershell_is_looked_at(parts in prop::collection::vec(prop::sample::select(vec![
        "ri", "-Recurse", "C:\\", "$(", ")", "`", "'", "\"", "|", "&&", ";", "{", "}", "$x", "${a", "@'", "\n", "'@", ">", "@(", "@{",
        "if", "else", "foreach", "in", "function f", "=", "+=", "[char]", "[", "]", "::", ".Invoke(", "-join", "-f", "-replace", ",",
        "% {", "iex", "&", ".", "1..3", "é", "#", "<#", "-enc", "powershell", "cmd /c", "*", "'a'", "\"$a\"", "param(", "try", "catch"]), 0..25),
        joint in prop::sample::select(vec![" ", ""])) {
        seen(Dialect::Powershell, &parts.join(joint));
    }

    #[test]
    fn text_like_cmd_is_looked_at(parts in prop::collection::vec(prop::sample::select(vec![
        "del", "/s", "C:\\", "(", ")", "^", "\"", "|", "&&", "&", "%", "%%i", "!", "set A=", "%A%", "%A:~1,2%", "%A:a=b%", "!A!", "\n", ">", "2>&1",
        "if", "not", "exist", "else", "for", "/f", "in", "do", "call", "start", "cmd /c", "echo", ":l", "rem", "é", "=", ",", "1==1"]), 0..25),
        joint in prop::sample::select(vec![" ", ""])) {
        seen(Dialect::Cmd, &parts.join(joint));
    }

    #[test]
    fn a_line_with_something_wrong_in_it_is_looked_at(row in 0_usize..1_000, at in any::<prop::sample::Index>(), cut in 0_usize..4,
        piece in prop::sample::select(vec!["", "é", "İ", "\u{2019}", "\"", "'", "%", "$", "(", ")", "{", "`", "^", "\\", "/", "~", "\u{1f600}", ":", "*", "..", "[", "!"])) {
        for (dialect, table) in [(Dialect::Powershell, POWERSHELL), (Dialect::Cmd, CMD)] {
            let rows = rows(table);
            let mut line: Vec<char> = rows[row % rows.len()].2.chars().collect();
            let at = at.index(line.len() + 1);
            let end = (at + cut).min(line.len());
            line.splice(at..end, piece.chars());
            let text: String = line.into_iter().collect();
            prop_assert!(!seen(dialect, &text).signals.iter().any(|one| one.says.contains("taken apart")), "{text}");
        }
    }

    #[test]
    fn a_compound_is_as_risky_as_its_parts(one in 0_usize..400, two in 0_usize..400) {
        let rows = rows(POWERSHELL);
        let plain: Vec<&String> = rows.iter().map(|(_, _, command)| command)
            .filter(|command| !["unclosed", "Set-Alias", "cd ", "class ", "sal "].iter().any(|word| command.contains(word)) && *command != "if (")
            .collect();
        let (one, two) = (plain[one % plain.len()], plain[two % plain.len()]);
        let both = level(Dialect::Powershell, &format!("{one}\n{two}"));
        prop_assert!(both >= level(Dialect::Powershell, one), "{one} | {two}");
        prop_assert!(both >= level(Dialect::Powershell, two), "{one} | {two}");
    }
}
