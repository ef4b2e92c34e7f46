//! `cargo xtask tidy`: the rules of the house as a test.

mod capabilities;
mod names;
mod pages;
mod source;
mod walls;

use anyhow::Result;

use crate::{generate, inputs, place};

/// What one rule found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

/// Checks everything and prints what is wrong; false when something is.
pub(crate) fn run() -> Result<bool> {
    let root = place::root();
    let mut found = Findings::default();
    found.problems.extend(walls::check(&walls::packages(&place::metadata()?)));
    let ids = names::ids(root)?;
    for file in inputs::files(root)? {
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        // Binary files have no lines to judge.
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        source::check(&name, &text, &mut found);
        pages::check(&name, &text, &mut found);
        names::check(&name, &text, &ids, &mut found);
    }
    capabilities::check_folder(&root.join("capabilities"), &mut found)?;
    for warning in &found.warnings {
        println!("  warning: {warning}");
    }
    for problem in &found.problems {
        println!("  problem: {problem}");
    }
    let api = generate::check()?;
    println!("  tidy: {} problems, {} warnings", found.problems.len(), found.warnings.len());
    Ok(api && found.problems.is_empty())
}
