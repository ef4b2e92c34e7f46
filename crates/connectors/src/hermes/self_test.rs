//! How the guard of a home is shown to work: loaded by the Python that Hermes itself runs on, it has to block.
//!
//! Only the file of the plugin and Python's standard library are loaded: no packages, no settings of the user's Python
//! (`-I`, `-S`), no Hermes, no network. What runs is therefore no more than what Hermes runs at its next start.

use std::path::{Path, PathBuf};

use super::{discover, paths, plugin};
use crate::connector::{GuardError, SelfTest};
use crate::disk;
use crate::env::{Env, Os};

const SCRIPT: &str = include_str!("plugin/self_test.py");
/// Start of a program that names its interpreter (bytes).
const HEAD_BYTES: u64 = 16 * 1024;

const NO_PYTHON: &str = "The Python that Hermes runs on was not found, so the guard was not tried.";

/// See [`crate::connector::Connector::self_test`].
pub(super) fn self_test(env: &Env, home: &Path, hook: &Path) -> Result<SelfTest, GuardError> {
    let edition = plugin::edition(&plugin::program(env, hook)?);
    let installs = discover::discover(env, &[]).installs;
    let program = installs.iter().find_map(|install| python(env, &install.path));
    let program = program.ok_or(GuardError::NotOffered(NO_PYTHON))?;
    let folder = paths::plugin(home);
    let files = ["__init__.py", "no-such-program"].map(|name| folder.join(name).into_os_string());
    let args = ["-I", "-S", "-B", "-c", SCRIPT].map(Into::into).into_iter().chain(files).collect();
    Ok(SelfTest { program, args, says: format!("{edition} works with ") })
}

/// The Python of an install: named in the first line of its program, or beside it.
fn python(env: &Env, program: &Path) -> Option<PathBuf> {
    let real = program.canonicalize().ok()?;
    let names: &[&str] = if env.os == Os::Windows { &["python.exe"] } else { &["python3", "python"] };
    let folders = [program, real.as_path()].into_iter().filter_map(Path::parent);
    let beside = folders.flat_map(|folder| names.iter().map(|name| folder.join(name)));
    let named = disk::small_text(&real, HEAD_BYTES).and_then(|text| interpreter(&text));
    named.into_iter().chain(beside).find(|path| path.is_file())
}

/// The interpreter a script names: in its first line, or in the shell script that stands there for a long path.
fn interpreter(text: &str) -> Option<PathBuf> {
    let words = text.strip_prefix("#!")?.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '='));
    let is_python = |path: &&Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let version = name.strip_prefix("python");
        path.is_absolute() && version.is_some_and(|rest| rest.bytes().all(|byte| !byte.is_ascii_alphabetic()))
    };
    words.take(40).map(Path::new).find(is_python).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interpreter_of_a_script() {
        let cases = [
            ("#!/opt/venv/bin/python3.11\nimport re\n", Some("/opt/venv/bin/python3.11")),
            ("#!/bin/sh\nexec \"/opt/my venv/bin/python\" -m hermes\n", None),
            ("#!/bin/sh\nexec /opt/v/bin/python \"$0\"\n", Some("/opt/v/bin/python")),
            ("#!/usr/bin/env python3\n", None),
            ("#!/usr/bin/pythonic\n", None),
            ("import re\n", None),
        ];
        for (text, expected) in cases {
            assert_eq!(interpreter(text), expected.map(PathBuf::from), "{text}");
        }
    }
}
