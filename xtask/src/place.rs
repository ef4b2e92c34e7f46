//! Where things are: the checkout, the cache, build folders, the host's name.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::run::{cargo, output, program};

/// The checkout. `cargo run` says where it is; what was true when this was compiled may be another
/// checkout that shares the build folder.
pub(crate) fn root() -> &'static Path {
    static HERE: OnceLock<PathBuf> = OnceLock::new();
    let here = HERE.get_or_init(|| {
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
    });
    here.parent().unwrap_or(here)
}

/// What outlives a checkout: tools, clients, the UI's and the hook's build folders.
pub(crate) fn cache() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CLAWBUTLER_CACHE").filter(|p| !p.is_empty()) {
        return Ok(std::path::absolute(path)?);
    }
    let variable = |name: &str| std::env::var_os(name).filter(|p| !p.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Caches"))
    } else {
        variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")))
    };
    Ok(base.context("no home folder: set CLAWBUTLER_CACHE")?.join("clawbutler"))
}

/// `cargo metadata --no-deps`.
pub(crate) fn metadata() -> Result<Value> {
    let text = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    serde_json::from_str(&text).context("cargo metadata did not write JSON")
}

/// Cargo's build folder for the host, wherever it is configured.
pub(crate) fn target() -> Result<PathBuf> {
    let path = metadata()?["target_directory"].as_str().map(PathBuf::from);
    path.context("cargo metadata names no target directory")
}

/// The host's target triple, as the compiler says it.
pub(crate) fn host() -> Result<&'static str> {
    static HOST: OnceLock<String> = OnceLock::new();
    if let Some(host) = HOST.get() {
        return Ok(host);
    }
    let said = output(program("rustc").arg("-vV"))?;
    let Some(host) = said.lines().find_map(|line| line.strip_prefix("host: ")) else {
        bail!("rustc -vV names no host");
    };
    Ok(HOST.get_or_init(|| host.to_owned()))
}

/// A program's file name on this system.
pub(crate) fn exe(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
