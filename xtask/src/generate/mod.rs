//! Pages that are written from something else, so that they cannot say anything else: `docs/API.md` from the
//! sources of `crates/wire`, `docs/REAL-CLIENTS.md` from the record of what was tried with real clients.

mod model;
mod render;

use anyhow::{Context, Result};

use crate::run::say;
use crate::{clients, inputs, place};

/// A page and what writes it.
type Page = (&'static str, fn() -> Result<String>);

const PAGES: [Page; 2] = [("docs/API.md", api), ("docs/REAL-CLIENTS.md", clients::page)];

/// Writes the pages.
pub(crate) fn write() -> Result<()> {
    for (name, text) in PAGES {
        let path = place::root().join(name);
        std::fs::write(&path, text()?).with_context(|| format!("cannot write {}", path.display()))?;
        say(format!("{name} written"));
    }
    Ok(())
}

/// Whether each page is what it would be if written now.
pub(crate) fn check() -> Result<bool> {
    let mut all = true;
    for (name, text) in PAGES {
        let written = std::fs::read_to_string(place::root().join(name)).unwrap_or_default();
        let same = written.replace("\r\n", "\n") == text()?;
        say(if same {
            format!("{name} is up to date")
        } else {
            format!("{name} is out of date: run `cargo xtask generate`")
        });
        all &= same;
    }
    Ok(all)
}

fn api() -> Result<String> {
    let wire = place::root().join("crates/wire/src");
    let command =
        std::fs::read_to_string(wire.join("command/mod.rs")).context("cannot read crates/wire/src/command/mod.rs")?;
    let mut items = Vec::new();
    for file in inputs::files(&wire)? {
        let module = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let source = std::fs::read_to_string(&file)?;
        items.extend(model::read(&module, &source).with_context(|| format!("cannot read {}", file.display()))?);
    }
    let digest = inputs::sha256(command.replace("\r\n", "\n").as_bytes());
    render::document(&items, clawbutler_wire::command::SIGNATURES, &digest)
}
