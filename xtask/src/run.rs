//! Running other programs: printed first, output passed through, failures with the program's name.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::place;

/// Prints one line of what happens now.
pub(crate) fn say(text: impl AsRef<str>) {
    println!("  · {}", text.as_ref());
}

/// A cargo of the same toolchain, without what `cargo run` added to our own environment.
pub(crate) fn cargo() -> Command {
    clean(Command::new("cargo"))
}

/// Any program, in the root of the checkout.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    clean(Command::new(name))
}

/// `cargo run` describes xtask to its child; a nested build that saw it would take it for its own.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let described = name.to_str().is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_"));
        if described || name == "CARGO" || name == "CARGO_CRATE_NAME" || name == "CARGO_BIN_NAME" {
            command.env_remove(name);
        }
    }
    if let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") {
        let kept = std::env::split_paths(&paths).filter(|p| !added_by_cargo(p));
        match std::env::join_paths(kept) {
            Ok(kept) if !kept.is_empty() => command.env("LD_LIBRARY_PATH", kept),
            _ => command.env_remove("LD_LIBRARY_PATH"),
        };
    }
    command.current_dir(place::root());
    command
}

/// Whether `cargo run` put this library folder in front: the toolchain's own, or a build folder's.
fn added_by_cargo(path: &Path) -> bool {
    let parts: Vec<_> = path.components().map(std::path::Component::as_os_str).collect();
    parts.contains(&OsStr::new("toolchains")) || parts.ends_with(&[OsStr::new("debug")]) || path.ends_with("debug/deps")
}

/// Prints the command and runs it; an exit code other than zero is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("  $ {}", shown(command));
    let status = command.status().with_context(|| format!("cannot start {}", name(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", name(command));
    }
    Ok(())
}

/// Runs without a word and returns standard output, trimmed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = name(command);
    let output = command.stderr(Stdio::piped()).output().with_context(|| format!("cannot start {name}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed ({}): {}", output.status, said.lines().last().unwrap_or_default());
    }
    Ok(String::from_utf8(output.stdout).with_context(|| format!("{name} did not write UTF-8"))?.trim().to_owned())
}

/// Whether it starts and succeeds, without a word.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

fn name(command: &Command) -> String {
    Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn shown(command: &Command) -> String {
    let mut text = name(command);
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_name_the_program() {
        let error = output(program("cargo").arg("no-such-subcommand-of-cargo")).unwrap_err().to_string();
        assert!(error.starts_with("cargo failed"), "{error}");
        assert!(!succeeds(&mut program("no-such-program-anywhere")));
    }

    #[test]
    fn library_folders_of_cargo_are_dropped() {
        assert!(added_by_cargo(Path::new("/h/.rustup/toolchains/stable/lib")));
        assert!(added_by_cargo(Path::new("/t/debug/deps")));
        assert!(!added_by_cargo(Path::new("/usr/local/lib")));
    }
}
