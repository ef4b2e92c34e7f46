//! Programs that cargo and npm install into the cache, at pinned versions.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::place;
use crate::run::{cargo, output, program, run, say};

const NEXTEST: &str = "0.9.151";
const DENY: &str = "0.20.2";
const TAURI_DRIVER: &str = "2.1.0";
const CLAUDE_CODE: &str = "2.1.332";
/// See [`claude_code_old`].
const CLAUDE_CODE_OLD: &str = "2.1.240";
const CODEX: &str = "0.171.0";
/// See [`codex_old`].
const CODEX_OLD: &str = "0.130.0";
const GEMINI_CLI: &str = "0.61.0";
const OPENCLAW: &str = "2026.9.6";
/// The Node.js that OpenClaw gets: it needs a newer one than most systems have.
const OPENCLAW_NODE: &str = "24.21.0";
const HERMES_AGENT: &str = "0.19.0";
/// What Hermes' gateway needs to serve HTTP.
const AIOHTTP: &str = "3.14.1";
const BINARYEN: &str = "131.0.0";

pub(crate) fn nextest() -> Result<PathBuf> {
    // Any recent one will do: a developer's own is not installed again.
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(own) =
        std::env::split_paths(&path).map(|folder| folder.join(place::exe("cargo-nextest"))).find(|file| file.is_file())
    {
        return Ok(own);
    }
    installed("cargo-nextest", NEXTEST, "cargo-nextest", Lock::Published)
}

pub(crate) fn deny() -> Result<PathBuf> {
    installed("cargo-deny", DENY, "cargo-deny", Lock::Published)
}

pub(crate) fn tauri_driver() -> Result<PathBuf> {
    installed("tauri-driver", TAURI_DRIVER, "tauri-driver", Lock::Published)
}

/// The one that speaks the same schema as the library in our lock file.
pub(crate) fn wasm_bindgen() -> Result<PathBuf> {
    let lock = std::fs::read_to_string(place::root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let version = locked_version(&lock, "wasm-bindgen").context("Cargo.lock has no wasm-bindgen")?;
    // Its published lock file names a pre-release that no longer resolves.
    installed("wasm-bindgen-cli", version, "wasm-bindgen", Lock::Resolve)
}

/// Which lock file an installation obeys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lock {
    Published,
    Resolve,
}

fn installed(package: &str, version: &str, binary: &str, lock: Lock) -> Result<PathBuf> {
    let tools = place::cache()?.join("tools");
    let path = tools.join("bin").join(place::exe(binary));
    if path.exists() && recorded(&tools, package, version) {
        return Ok(path);
    }
    say(format!("installing {package} {version} into {}", tools.display()));
    let mut command = cargo();
    command.args(["install", package, "--version", version, "--root"]).arg(&tools);
    if lock == Lock::Published {
        command.arg("--locked");
    }
    command.env("CARGO_TARGET_DIR", place::cache()?.join("target-tools"));
    run(&mut command)?;
    Ok(path)
}

/// Whether cargo's own record of that folder names the package at the version.
fn recorded(tools: &Path, package: &str, version: &str) -> bool {
    let record = std::fs::read_to_string(tools.join(".crates.toml")).unwrap_or_default();
    record.contains(&format!("\"{package} {version} ("))
}

fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let head = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != head);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// The real Claude Code client, without running any script of its package.
pub(crate) fn claude_code() -> Result<PathBuf> {
    claude_code_of(CLAUDE_CODE)
}

/// A client from before `onFailure` and before it told its hooks whether somebody attends.
pub(crate) fn claude_code_old() -> Result<PathBuf> {
    claude_code_of(CLAUDE_CODE_OLD)
}

fn claude_code_of(version: &str) -> Result<PathBuf> {
    let folder = place::cache()?.join("clients").join(format!("claude-code-{version}"));
    let (os, arch) = npm_system();
    let libc = if cfg!(target_env = "musl") { "-musl" } else { "" };
    let package = format!("@anthropic-ai/claude-code-{os}-{arch}{libc}");
    let binary = folder.join("node_modules").join(package).join(place::exe("claude"));
    if !binary.exists() {
        say(format!("installing Claude Code {version} into {}", folder.display()));
        npm_install(&folder, &[&format!("@anthropic-ai/claude-code@{version}")])?;
    }
    if !binary.exists() {
        bail!("the npm package holds no program for this system at {}", binary.display());
    }
    Ok(binary)
}

/// The real Codex: the program in the companion package for this system, without running any script of it.
pub(crate) fn codex() -> Result<PathBuf> {
    codex_of(CODEX)
}

/// The oldest client whose hooks are on without a flag.
pub(crate) fn codex_old() -> Result<PathBuf> {
    codex_of(CODEX_OLD)
}

fn codex_of(version: &str) -> Result<PathBuf> {
    let folder = place::cache()?.join("clients").join(format!("codex-{version}"));
    let inside = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let found = || {
        let packages = inside(&folder.join("node_modules/@openai"));
        let triples = packages.iter().flat_map(|package| inside(&package.join("vendor")));
        // `bin` in new packages, `codex` in old ones.
        let programs =
            triples.flat_map(|triple| ["bin", "codex"].map(|part| triple.join(part).join(place::exe("codex"))));
        programs.into_iter().find(|program| program.is_file())
    };
    if found().is_none() {
        say(format!("installing Codex {version} into {}", folder.display()));
        npm_install(&folder, &[&format!("@openai/codex@{version}")])?;
    }
    found().with_context(|| format!("the npm package holds no program for this system in {}", folder.display()))
}

/// The real Gemini CLI: a script for Node.js, without running any script of its package.
pub(crate) fn gemini_cli() -> Result<PathBuf> {
    let folder = place::cache()?.join("clients").join(format!("gemini-cli-{GEMINI_CLI}"));
    let script = folder.join("node_modules/@google/gemini-cli/bundle/gemini.js");
    if !script.exists() {
        say(format!("installing Gemini CLI {GEMINI_CLI} into {}", folder.display()));
        npm_install(&folder, &[&format!("@google/gemini-cli@{GEMINI_CLI}")])?;
    }
    if !script.exists() {
        bail!("the npm package holds no program at {}", script.display());
    }
    Ok(script)
}

/// The real OpenClaw with a Node.js beside it, without running any script of its packages.
pub(crate) fn openclaw() -> Result<PathBuf> {
    let folder = place::cache()?.join("clients").join(format!("openclaw-{OPENCLAW}"));
    let script = folder.join("node_modules/openclaw/openclaw.mjs");
    if !script.exists() {
        say(format!("installing OpenClaw {OPENCLAW} into {}", folder.display()));
        let (os, arch) = npm_system();
        let os = os.trim_end_matches("32");
        npm_install(&folder, &[&format!("node-{os}-{arch}@{OPENCLAW_NODE}"), &format!("openclaw@{OPENCLAW}")])?;
    }
    if !script.exists() {
        bail!("the npm package holds no program at {}", script.display());
    }
    Ok(script)
}

/// The real Hermes Agent, in a Python environment of its own.
pub(crate) fn hermes_agent() -> Result<PathBuf> {
    let folder = place::cache()?.join("clients").join(format!("hermes-agent-{HERMES_AGENT}"));
    let scripts = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let binary = scripts.join(place::exe("hermes"));
    // Without its extra it does not speak to MCP servers.
    let packages = [format!("aiohttp=={AIOHTTP}"), format!("hermes-agent[mcp]=={HERMES_AGENT}")];
    let (stamp, wanted) = (folder.join("packages.txt"), packages.join("\n"));
    if !binary.exists() || std::fs::read_to_string(&stamp).ok().as_deref() != Some(wanted.as_str()) {
        say(format!("installing Hermes Agent {HERMES_AGENT} into {}", folder.display()));
        run(program(python_for_hermes()?).args(["-m", "venv"]).arg(&folder))?;
        run(program(scripts.join(place::exe("python")).as_os_str())
            .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
            .args(packages))?;
        std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    if !binary.exists() {
        bail!("the package holds no program at {}", binary.display());
    }
    Ok(binary)
}

/// A Python that this release of Hermes runs with: 3.11 to 3.13.
fn python_for_hermes() -> Result<&'static str> {
    const CHECK: &str = "import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))";
    ["python3", "python", "python3.13", "python3.12", "python3.11"]
        .into_iter()
        .find(|name| output(program(name).args(["-c", CHECK])).is_ok())
        .context("no Python from 3.11 to 3.13 with its venv module is installed")
}

/// A current `wasm-opt`.
pub(crate) fn wasm_opt() -> Result<PathBuf> {
    let folder = place::cache()?.join("clients").join(format!("binaryen-{BINARYEN}"));
    let script = folder.join("node_modules/binaryen/bin/wasm-opt");
    if !script.exists() {
        say(format!("installing binaryen {BINARYEN} into {}", folder.display()));
        npm_install(&folder, &[&format!("binaryen@{BINARYEN}")])?;
    }
    Ok(script)
}

/// This system in the words of npm packages.
fn npm_system() -> (&'static str, &'static str) {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    (os, if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" })
}

fn npm_install(folder: &Path, packages: &[&str]) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    output(program(npm).arg("--version")).context("npm is not installed (it comes with Node.js)")?;
    run(program(npm)
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"])
        .arg(folder)
        .args(packages))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locked_version_is_the_named_packages_own() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(lock, "leptos"), None);
    }
}
