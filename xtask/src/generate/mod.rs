//! `docs/API.md`, written from the sources of `crates/wire`, so that it cannot say anything else.

mod model;
mod render;

use anyhow::{Context, Result};

use crate::run::say;
use crate::{inputs, place};

const PATH: &str = "docs/API.md";

/// Writes the document.
pub(crate) fn write() -> Result<()> {
    let path = place::root().join(PATH);
    std::fs::write(&path, text()?).with_context(|| format!("cannot write {}", path.display()))?;
    say(format!("{PATH} written"));
    Ok(())
}

/// Whether the document is what it would be if written now.
pub(crate) fn check() -> Result<bool> {
    let written = std::fs::read_to_string(place::root().join(PATH)).unwrap_or_default();
    let same = written.replace("\r\n", "\n") == text()?;
    say(if same {
        format!("{PATH} is up to date")
    } else {
        format!("{PATH} is out of date: run `cargo xtask generate`")
    });
    Ok(same)
}

fn text() -> Result<String> {
    let wire = place::root().join("crates/wire/src");
    let command = std::fs::read_to_string(wire.join("command.rs")).context("cannot read crates/wire/src/command.rs")?;
    let mut items = Vec::new();
    for file in inputs::files(&wire)? {
        let module = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let source = std::fs::read_to_string(&file)?;
        items.extend(model::read(&module, &source).with_context(|| format!("cannot read {}", file.display()))?);
    }
    let digest = inputs::sha256(command.replace("\r\n", "\n").as_bytes());
    render::document(&items, clawbutler_wire::command::SIGNATURES, &digest)
}
