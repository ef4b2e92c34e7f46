//! The pages: wasm, its JavaScript glue, static files and styles, into `ui/dist`.

use std::path::Path;

use anyhow::{Context, Result};

use crate::run::{cargo, program, run, say};
use crate::{inputs, place, tools, wasm};

/// What the pages are made from.
const INPUTS: &[&str] = &["ui", "crates/wire", "Cargo.toml", "Cargo.lock"];
/// What rustc assumes of every current web view, so that the optimiser adds nothing beyond it.
const WASM_FEATURES: &[&str] = &[
    "--enable-bulk-memory", "--enable-multivalue", "--enable-mutable-globals", "--enable-nontrapping-float-to-int",
    "--enable-reference-types", "--enable-sign-ext",
];

/// Builds `ui/dist`, unless nothing changed since it was built.
pub(crate) fn build() -> Result<()> {
    let root = place::root();
    let way = wasm::way()?;
    let described = way.describe()?;
    let digest = inputs::digest(root, INPUTS, &format!("{described} {}", env!("CARGO_PKG_VERSION")))?;
    let dist = root.join("ui/dist");
    let stamp = place::cache()?.join("stamps").join(inputs::sha256(dist.to_string_lossy().as_bytes()));
    let complete = dist.join("clawbutler_bg.wasm").exists() && dist.join("clawbutler.js").exists();
    if complete && std::fs::read_to_string(&stamp).is_ok_and(|old| old == digest) {
        say("the pages are up to date in ui/dist");
        return Ok(());
    }
    say(format!("building the pages with {described} (the first time takes minutes)"));
    let bindgen = tools::wasm_bindgen()?;
    let target = place::cache()?.join("target-ui");
    let mut command = cargo();
    command.args(["build", "-p", "clawbutler-ui", "--profile", "ui", "--target", wasm::TARGET]);
    command.env("CARGO_TARGET_DIR", &target);
    way.apply(&mut command);
    run(&mut command)?;

    if dist.exists() {
        std::fs::remove_dir_all(&dist).context("cannot empty ui/dist")?;
    }
    std::fs::create_dir_all(&dist)?;
    let built = target.join(wasm::TARGET).join("ui/clawbutler-ui.wasm");
    let mut glue = program(bindgen);
    glue.args(["--target", "web", "--no-typescript", "--out-name", "clawbutler", "--out-dir"]).arg(&dist).arg(&built);
    run(&mut glue)?;
    shrink(&dist.join("clawbutler_bg.wasm"));
    let files = inputs::copy(&root.join("ui/static"), &dist)?;
    let styles = inputs::copy(&root.join("ui/styles"), &dist.join("styles"))?;
    if let Some(folder) = stamp.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&stamp, digest)?;
    let size = std::fs::metadata(dist.join("clawbutler_bg.wasm"))?.len();
    say(format!("ui/dist: {} kB of wasm, {files} static files, {styles} style sheets", size / 1000));
    Ok(())
}

/// Makes the wasm smaller where `wasm-opt` can be had; the page works without.
fn shrink(wasm: &Path) {
    let attempt = || -> Result<()> {
        let script = tools::wasm_opt()?;
        let small = wasm.with_extension("small");
        run(program("node").arg(script).args(WASM_FEATURES).arg("-Oz").arg(wasm).arg("-o").arg(&small))?;
        std::fs::rename(&small, wasm)?;
        Ok(())
    };
    if let Err(error) = attempt() {
        say(format!("not shrinking the wasm: {error:#}"));
    }
}
