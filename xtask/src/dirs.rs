//! Where things are.

use std::path::{Path, PathBuf};

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// What outlives a checkout: tools, clients, target folders. `CLAWBUTLER_CACHE` moves it.
pub fn cache() -> PathBuf {
    if let Some(path) = std::env::var_os("CLAWBUTLER_CACHE") {
        return path.into();
    }
    let home = PathBuf::from(std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).unwrap_or_default());
    if cfg!(target_os = "macos") {
        home.join("Library/Caches/clawbutler")
    } else if cfg!(windows) {
        std::env::var_os("LOCALAPPDATA").map_or_else(|| home.join("AppData/Local"), PathBuf::from).join("clawbutler")
    } else {
        std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from).join("clawbutler")
    }
}

/// Cargo's target folder: the configured one, else the checkout's.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A target folder of its own: builds with other flags or another compiler must not share one.
pub fn target_for(what: &str) -> PathBuf {
    let target = target();
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    target.with_file_name(format!("{name}-{what}"))
}

/// Programs installed for this project only.
pub fn tools() -> PathBuf {
    cache().join("tools")
}

/// Adds `.exe` where programs carry it.
pub fn exe(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}
