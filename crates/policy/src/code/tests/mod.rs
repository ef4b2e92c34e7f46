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
