//! Installs what is missing, says so, and is instant when nothing is.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::{dirs, sh};

/// To build the app on Debian or Ubuntu.
const BUILD: &[&str] = &[
    "build-essential", "pkg-config", "libwebkit2gtk-4.1-dev", "librsvg2-dev", "libayatana-appindicator3-dev", "libxdo-dev", "libssl-dev",
];
/// To run every test there.
const TEST: &[&str] = &[
    "xvfb", "dbus", "dbus-x11", "dunst", "webkit2gtk-driver", "chromium", "chromium-driver", "tmux", "git", "python3", "npm", "xdotool",
];
/// For the pages, where rustup cannot fetch a target.
const WASM: &[&str] = &["rustc-web", "rust-web-src"];
/// Version of the driver of the app's own windows.
const TAURI_DRIVER: &str = "2.1.0";
/// Version of the real client in tests; see `tests/tests/real_clients`.
pub const CLAUDE_CODE: &str = "2.1.330";

pub fn build_packages() -> anyhow::Result<()> {
    apt(BUILD)
}

pub fn test_packages() -> anyhow::Result<()> {
    apt(TEST)
}

fn apt(packages: &[&str]) -> anyhow::Result<()> {
    if !sh::have("apt-get") {
        sh::say(&format!("this is not Debian or Ubuntu; if something is missing, install the equivalents of: {}", packages.join(" ")));
        return Ok(());
    }
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    sh::say(&format!("installing Debian packages: {}", missing.join(" ")));
    let root = sh::output(Command::new("id").arg("-u")).as_deref() == Some("0");
    let apt = || {
        let mut command = Command::new(if root { "apt-get" } else { "sudo" });
        if !root {
            command.arg("apt-get");
        }
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    sh::run(apt().args(["update", "-qq"]))?;
    sh::run(apt().args(["install", "-y", "--no-install-recommends"]).args(missing))
}

fn installed(package: &str) -> bool {
    // npm may have come with Node.js itself.
    if package == "npm" && sh::have("npm") {
        return true;
    }
    sh::output(Command::new("dpkg-query").args(["-W", "-f=${Status}", package])).is_some_and(|status| status.ends_with(" installed"))
}

/// How the pages are compiled on this machine.
pub enum Wasm {
    /// rustup's own standard library for wasm.
    Rustup,
    /// Debian's compiler, with the standard library built from its sources.
    Debian,
}

const TARGET: &str = "wasm32-unknown-unknown";

pub fn wasm_way() -> Option<Wasm> {
    let sysroot = PathBuf::from(sh::output(Command::new("rustc").args(["--print", "sysroot"]))?);
    if sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        return Some(Wasm::Rustup);
    }
    WASM.iter().all(|package| installed(package)).then_some(Wasm::Debian)
}

/// A compiler for the pages and `wasm-bindgen` at the locked version.
pub fn wasm() -> anyhow::Result<()> {
    if wasm_way().is_none() {
        sh::say("adding the wasm target (rustup first, Debian's compiler where rustup cannot fetch it)");
        let added = sh::have("rustup") && sh::run(Command::new("rustup").args(["target", "add", TARGET])).is_ok();
        if !added {
            apt(WASM)?;
        }
        if wasm_way().is_none() {
            bail!("there is no Rust compiler for wasm: run `rustup target add {TARGET}`");
        }
    }
    wasm_bindgen().map(drop)
}

/// The `wasm-bindgen` program that fits `Cargo.lock`.
pub fn wasm_bindgen() -> anyhow::Result<PathBuf> {
    let lock = std::fs::read_to_string(dirs::root().join("Cargo.lock"))?;
    let version = lock
        .split("[[package]]")
        .find(|part| part.contains("name = \"wasm-bindgen\"\n"))
        .and_then(|part| part.split("version = \"").nth(1)?.split('"').next())
        .context("Cargo.lock names no wasm-bindgen")?;
    // Not --locked: the lock file of some releases names a version that no longer resolves.
    tool("wasm-bindgen-cli", "wasm-bindgen", version, false)
}

pub fn tauri_driver() -> anyhow::Result<PathBuf> {
    tool("tauri-driver", "tauri-driver", TAURI_DRIVER, true)
}

pub fn cargo_deny() -> anyhow::Result<PathBuf> {
    tool("cargo-deny", "cargo-deny", "0.20.2", true)
}

pub fn nextest() -> anyhow::Result<()> {
    if sh::output(Command::new("cargo").args(["nextest", "--version"])).is_none() {
        sh::say("installing cargo-nextest");
        sh::run(Command::new("cargo").args(["install", "cargo-nextest", "--locked"]))?;
    }
    Ok(())
}

/// A program from crates.io at one version, in our own folder. A note beside it says which version.
fn tool(package: &str, program: &str, version: &str, locked: bool) -> anyhow::Result<PathBuf> {
    let path = dirs::tools().join("bin").join(dirs::exe(program));
    let note = dirs::tools().join(format!("{program}.version"));
    if path.is_file() && std::fs::read_to_string(&note).is_ok_and(|text| text == version) {
        return Ok(path);
    }
    sh::say(&format!("installing {package} {version}"));
    let mut command = Command::new("cargo");
    command.args(["install", package, "--version", version, "--root"]).arg(dirs::tools());
    command.env("CARGO_TARGET_DIR", dirs::target_for("tools"));
    if locked {
        command.arg("--locked");
    }
    sh::run(&mut command)?;
    std::fs::write(note, version)?;
    Ok(path)
}

/// The real Claude Code from npm, pinned; `Err` says why it cannot be had.
pub fn claude_code() -> anyhow::Result<PathBuf> {
    let folder = dirs::cache().join(format!("clients/claude-code-{CLAUDE_CODE}"));
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-x64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "aarch64") => "darwin-arm64",
        ("macos", "x86_64") => "darwin-x64",
        ("windows", "x86_64") => "win32-x64",
        (os, arch) => bail!("no package of Claude Code is known for {os} on {arch}"),
    };
    let path = folder.join(format!("node_modules/@anthropic-ai/claude-code-{platform}")).join(dirs::exe("claude"));
    if !path.is_file() {
        sh::say(&format!("installing Claude Code {CLAUDE_CODE} from npm into {}", folder.display()));
        std::fs::create_dir_all(&folder)?;
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        sh::run(
            Command::new(npm)
                .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"])
                .arg(&folder)
                .arg(format!("@anthropic-ai/claude-code@{CLAUDE_CODE}")),
        )?;
    }
    if !path.is_file() {
        bail!("npm did not bring {}", path.display());
    }
    Ok(path)
}
