//! Building the parts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use crate::setup::{self, Wasm};
use crate::{dirs, sh};

/// Sets up, builds and starts the app.
pub fn app(args: &[&str]) -> anyhow::Result<()> {
    setup::build_packages()?;
    setup::wasm()?;
    ui()?;
    let hook = hook()?;
    let desktop = desktop(&[])?;
    if args.contains(&"--no-start") {
        sh::say(&format!("ready: {}", desktop.display()));
        return Ok(());
    }
    sh::say("starting ClawButler");
    let rest = args.iter().skip_while(|arg| **arg != "--").skip(1);
    sh::run(Command::new(&desktop).args(rest).env("CLAWBUTLER_HOOK_BIN", hook))
}

/// The desktop app with its pages inside.
pub fn desktop(features: &[&str]) -> anyhow::Result<PathBuf> {
    sh::say("building the desktop app");
    let mut list = vec!["custom-protocol"];
    list.extend(features);
    sh::run(sh::cargo(&dirs::root()).args(["build", "--package", "clawbutler-desktop", "--features", &list.join(",")]))?;
    Ok(dirs::target().join("debug").join(dirs::exe("clawbutler-desktop")))
}

/// The hook: static where that is possible, small. Its own target folder, because of its flags.
pub fn hook() -> anyhow::Result<PathBuf> {
    let host = sh::output(Command::new("rustc").args(["--print", "host-tuple"])).context("rustc is not there")?;
    sh::say("building the hook");
    let target = dirs::target_for("hook");
    let mut command = sh::cargo(&dirs::root());
    command.args(["build", "--package", "clawbutler-hook", "--profile", "hook", "--target", &host]);
    command.env("CARGO_TARGET_DIR", &target);
    if host.contains("linux") {
        command.env("RUSTFLAGS", "-C target-feature=+crt-static");
    }
    sh::run(&mut command)?;
    let path = target.join(&host).join("hook").join(dirs::exe("clawbutler-hook"));
    sh::say(&format!("hook: {} bytes at {}", fs::metadata(&path)?.len(), path.display()));
    Ok(path)
}

/// The pages, into `ui/dist`. Does nothing when no input changed.
pub fn ui() -> anyhow::Result<PathBuf> {
    let root = dirs::root();
    let dist = root.join("ui/dist");
    let stamp = inputs(&root)?;
    if fs::read_to_string(dist.join(".stamp")).is_ok_and(|text| text == stamp) {
        return Ok(dist);
    }
    let bindgen = setup::wasm_bindgen()?;
    sh::say("building the pages");
    let target = dirs::target_for("ui");
    let mut command = sh::cargo(&root);
    command.args(["build", "--package", "clawbutler-ui", "--target", "wasm32-unknown-unknown", "--profile", "ui"]);
    command.env("CARGO_TARGET_DIR", &target);
    if matches!(setup::wasm_way(), Some(Wasm::Debian)) {
        let sysroot = sh::output(Command::new("rustc").args(["--print", "sysroot"])).context("rustc is not there")?;
        let linker = format!("{sysroot}/lib/rustlib/{}-unknown-linux-gnu/bin/rust-lld", std::env::consts::ARCH);
        command
            .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", "/usr/bin/rustc")
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
            .env_remove("RUSTUP_TOOLCHAIN");
    }
    sh::run(&mut command)?;
    let wasm = target.join("wasm32-unknown-unknown/ui/clawbutler-ui.wasm");
    let _ = fs::remove_dir_all(&dist);
    fs::create_dir_all(&dist)?;
    sh::run(
        Command::new(bindgen)
            .args(["--target", "web", "--no-typescript", "--out-name", "clawbutler", "--out-dir"])
            .arg(&dist)
            .arg(wasm),
    )?;
    copy(&root.join("ui/static"), &dist)?;
    copy(&root.join("ui/styles"), &dist.join("styles"))?;
    fs::write(dist.join(".stamp"), stamp)?;
    Ok(dist)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{} is missing", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Digest over everything the pages are made of.
fn inputs(root: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for folder in ["ui/src", "ui/static", "ui/styles", "crates/wire/src"] {
        crate::tidy::files_below(&root.join(folder), &mut files);
    }
    files.extend(["ui/Cargo.toml", "crates/wire/Cargo.toml", "Cargo.toml", "Cargo.lock"].map(|name| root.join(name)));
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.strip_prefix(root)?.to_string_lossy().as_bytes());
        hash.update(fs::read(&file)?);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The release programs and the ratios between them and their baselines.
pub fn bench() -> anyhow::Result<()> {
    let hook = hook()?;
    sh::say("building the engine for release");
    let root = dirs::root();
    sh::run(sh::cargo(&root).args(["build", "--release", "--package", "clawbutler-devhost", "--package", "clawbutler-benches"]))?;
    let release = dirs::target().join("release");
    sh::run(
        Command::new(release.join(dirs::exe("clawbutler-benches")))
            .env("CLAWBUTLER_HOOK_BIN", hook)
            .env("CLAWBUTLER_DEVHOST_BIN", release.join(dirs::exe("clawbutler-devhost"))),
    )
}
