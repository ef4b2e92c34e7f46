//! Puts every command behind the access control list, and names our own place for capabilities.

use tauri_build::{AppManifest, Attributes};

fn main() {
    // Not emitted by tauri-build for a pattern of our own.
    println!("cargo:rerun-if-changed=../capabilities");
    // `generate_context!` wants the folder of the pages; a fresh clone has not built them yet.
    let dist = std::path::Path::new("../ui/dist");
    if !dist.join("index.html").exists() {
        std::fs::create_dir_all(dist).expect("ui/dist can be created");
        std::fs::write(
            dist.join("index.html"),
            "<!doctype html><title>ClawButler</title>Build the pages: cargo xtask ui",
        )
        .expect("ui/dist can be written");
    }
    let attributes = Attributes::new()
        .app_manifest(AppManifest::new().commands(clawbutler_wire::command::COMMANDS))
        .capabilities_path_pattern("../capabilities/**/*");
    tauri_build::try_build(attributes).expect("the access control list is consistent");
}
