//! Shell commands as patterns: what is proposed for them, and what a pattern covers.

use clawbutler_core::grant::{Link, Operands, Pattern};

use super::plain::{Join, Lit, Simple};
use super::tables::{CALM, CALM_GIT, FILES, HARMLESS, Row, SUBCOMMANDS, TWO_WORDS};
use crate::paths;

/// How far beyond the very words a pattern may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Width {
    /// These words.
    Words,
    /// Other paths inside the project where the operands are paths.
    Paths,
    /// Any use where the command is harmless.
    Use,
}

/// The commands that count, with how each follows the one before; `None` when that has no plain form.
///
/// Commands that only look around do not count, unless there are no others.
pub(super) fn counting(all: &[Simple]) -> Option<Vec<(Option<Link>, &Simple)>> {
    let every = all.iter().all(is_calm);
    let mut found = Vec::new();
    let mut between = Vec::new();
    for one in all {
        between.push(one.join);
        if is_calm(one) && !(every && one.program != "cd") {
            continue;
        }
        // What is fed to a program can be what it does; `tee` only writes it down.
        let feeds = one.reads || one.fed && one.program != "tee";
        if one.folder.is_none() || feeds && !is_calm(one) {
            return None;
        }
        let link = if found.is_empty() { None } else { Some(link(&between)?) };
        between.clear();
        found.push((link, one));
    }
    (!found.is_empty()).then_some(found)
}

/// The weakest tie on the way from one command that counts to the next.
fn link(joins: &[Join]) -> Option<Link> {
    let has = |join| joins.contains(&join);
    match joins.last()? {
        _ if has(Join::Loose) => None,
        Join::Pipe => joins.iter().all(|join| *join == Join::Pipe).then_some(Link::Pipe),
        _ if has(Join::Then) || has(Join::Pipe) => Some(Link::Then),
        _ => Some(Link::And),
    }
}

/// Whether a command only looks around: nothing changes whether it runs or not.
pub(super) fn is_calm(one: &Simple) -> bool {
    if !one.env.is_empty() || !one.writes.is_empty() {
        return false;
    }
    let flags = || flags(&one.args);
    match one.program.as_str() {
        "git" => one.args.split_first().is_some_and(|(sub, rest)| {
            let row = HARMLESS.iter().find(|row| row.0 == "git" && row.1 == [sub.text.as_str()]);
            CALM_GIT.contains(&sub.text.as_str())
                && row.is_some_and(|row| self::flags(rest).all(|flag| row.2.contains(&flag)))
        }),
        // `sed -n 1,20p`: lines printed, nothing run.
        "sed" => match one.args.as_slice() {
            [n, script, files @ ..] => {
                let prints = script.text.strip_suffix('p').is_some_and(|lines| {
                    !lines.is_empty() && lines.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '$'))
                });
                n.text == "-n" && prints && self::flags(files).next().is_none()
            }
            _ => false,
        },
        name => CALM.iter().find(|(calm, _)| *calm == name).is_some_and(|(_, more)| {
            !flags().any(|flag| {
                more.iter().any(|bad| {
                    let bundled = bad.len() == 2 && !flag.starts_with("--") && flag.contains(&bad[1..]);
                    bundled || flag.starts_with(bad)
                })
            })
        }),
    }
}

fn flags(args: &[Lit]) -> impl Iterator<Item = &str> {
    args.iter().map(|arg| arg.text.as_str()).filter(|text| text.len() > 1 && text.starts_with('-'))
}

/// The pattern of a command, as wide as asked for and allowed; `None` when not even its words can be one.
pub(super) fn pattern(one: &Simple, width: Width, project: &str) -> Option<Pattern> {
    let wider = [(Width::Use, HARMLESS), (Width::Paths, FILES)];
    for (_, rows) in wider.into_iter().filter(|(least, _)| width >= *least) {
        for row in rows.iter().filter(|row| row.0 == one.program) {
            let found = widened(one, row, std::ptr::eq(rows, HARMLESS));
            if covers(&found, one, project) {
                return Some(found);
            }
        }
    }
    let subcommand = subcommand(one);
    let rest = &one.args[subcommand.len()..];
    let found = Pattern {
        program: one.program.clone(),
        flags: flags(rest).map(ToOwned::to_owned).collect(),
        operands: Operands::Exactly(rest.iter().map(|arg| arg.text.clone()).collect()),
        subcommand,
        env: one.env.clone(),
        writes: one.writes.clone(),
        folder: one.folder.clone(),
    };
    covers(&found, one, project).then_some(found)
}

fn widened(one: &Simple, row: &Row, any: bool) -> Pattern {
    let rest = one.args.get(row.1.len()..).unwrap_or_default();
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (flags, operands) = if any {
        (owned(row.2), Operands::Any)
    } else {
        (flags(rest).filter(|flag| row.2.contains(flag)).map(ToOwned::to_owned).collect(), Operands::InProject)
    };
    Pattern {
        program: one.program.clone(),
        subcommand: owned(row.1),
        flags,
        operands,
        env: one.env.clone(),
        writes: one.writes.clone(),
        folder: None,
    }
}

/// The words that choose what a program does, when they stand first.
fn subcommand(one: &Simple) -> Vec<String> {
    let name = one.program.as_str();
    let texts = words_before_flags(&one.args);
    subcommand_of(name, &texts).iter().map(|word| (*word).to_owned()).collect()
}

fn words_before_flags(args: &[Lit]) -> Vec<&str> {
    args.iter().take_while(|arg| !arg.glob && !arg.text.starts_with('-')).map(|arg| arg.text.as_str()).collect()
}

/// As many of the first words as belong to the subcommand of this program.
pub(super) fn subcommand_of<'a>(program: &str, words: &'a [&'a str]) -> &'a [&'a str] {
    let Some((_, count)) = SUBCOMMANDS.iter().find(|(name, _)| *name == program) else { return &[] };
    let longer = words
        .first()
        .is_some_and(|first| TWO_WORDS.iter().any(|(name, firsts)| *name == program && firsts.contains(first)));
    &words[..words.len().min(count + usize::from(longer))]
}

/// Whether the pattern covers the command.
pub(super) fn covers(pattern: &Pattern, one: &Simple, project: &str) -> bool {
    let Some(folder) = &one.folder else { return false };
    let subcommand = one.args.iter().take(pattern.subcommand.len());
    let same_start = pattern.program == one.program
        && one.args.len() >= pattern.subcommand.len()
        && subcommand.zip(&pattern.subcommand).all(|(have, want)| !have.glob && have.text == *want);
    let here = pattern.folder.as_ref().map_or_else(|| paths::inside(folder, project), |wanted| wanted == folder);
    if !same_start || !here || pattern.env != one.env || pattern.writes != one.writes {
        return false;
    }
    let rest = &one.args[pattern.subcommand.len()..];
    // What `*` stands for can be a file whose name is an option.
    let strange = rest.iter().any(|arg| arg.glob && arg.text.starts_with(['*', '?', '[']));
    match &pattern.operands {
        // Without its folder, the same words could mean other files.
        Operands::Exactly(words) => {
            pattern.folder.is_some()
                && words.len() == rest.len()
                && rest.iter().zip(words).all(|(have, want)| !have.glob && have.text == *want)
        }
        Operands::InProject => {
            let operands = rest.iter().filter(|arg| arg.text.len() < 2 || !arg.text.starts_with('-'));
            !strange
                && flags(rest).eq(pattern.flags.iter().map(String::as_str))
                && operands.into_iter().all(|arg| is_inside(&arg.text, folder, project))
        }
        Operands::Any => {
            !strange
                && !reads_secrets(one)
                && flags(rest).all(|flag| pattern.flags.iter().any(|allowed| allowed == flag))
        }
    }
}

/// `kubectl get secret`: harmless by its subcommand, not by what it shows.
fn reads_secrets(one: &Simple) -> bool {
    one.program == "kubectl" && one.args.iter().any(|arg| arg.text.to_ascii_lowercase().contains("secret"))
}

/// Whether a word can only name something inside the project.
fn is_inside(word: &str, folder: &str, project: &str) -> bool {
    let odd = word.is_empty()
        || word.starts_with(['~', ':', '@'])
        || word.contains("://")
        || word.split(['/', '\\']).any(|part| part == "..");
    !odd && paths::inside(&paths::absolute(word, folder, ""), project)
}
