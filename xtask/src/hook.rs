//! The hook: small, and static where the system can, because it starts at every tool call.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::place;
use crate::run::{cargo, run, say};

/// Builds the hook and returns its path.
pub(crate) fn build() -> Result<PathBuf> {
    let host = place::host()?;
    let target = place::cache()?.join("target-hook");
    let mut command = cargo();
    command.args(["build", "-p", "clawbutler-hook", "--profile", "hook", "--target", host]);
    command.env("CARGO_TARGET_DIR", &target);
    if host.contains("linux-gnu") {
        let variable = format!("CARGO_TARGET_{}_RUSTFLAGS", host.to_uppercase().replace('-', "_"));
        // Static, and at a fixed place: no loader and no relocation at every tool call. See docs/decisions/0004.
        command.env(variable, "-C target-feature=+crt-static -C relocation-model=static");
    }
    run(&mut command)?;
    let path = target.join(host).join("hook").join(place::exe("clawbutler-hook"));
    let size = std::fs::metadata(&path).with_context(|| format!("no hook at {}", path.display()))?.len();
    say(format!("hook: {} ({} kB)", path.display(), size / 1000));
    Ok(path)
}

/// Puts the hook beside a program, where the installed app would find it.
pub(crate) fn place_beside(hook: &Path, program: &Path) -> Result<PathBuf> {
    let beside = program.with_file_name(place::exe("clawbutler-hook"));
    let same = std::fs::read(hook)? == std::fs::read(&beside).unwrap_or_default();
    if !same {
        // Moved into place: a copy over a hook that is running would fail or break it.
        let fresh = beside.with_extension("new");
        std::fs::copy(hook, &fresh).with_context(|| format!("cannot write {}", fresh.display()))?;
        std::fs::rename(&fresh, &beside).with_context(|| format!("cannot write {}", beside.display()))?;
    }
    Ok(beside)
}
