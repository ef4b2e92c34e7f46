//! The two ways to a compiler for `wasm32-unknown-unknown`: rustup's target, or Debian's packages.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run::{output, program, say, succeeds};
use crate::{packages, place};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// How the pages are compiled on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// The toolchain has the target.
    Rustup,
    /// Debian's compiler with the sources of its standard library, linked by the toolchain's linker.
    Debian { rustc: PathBuf, linker: PathBuf },
}

/// Finds a way and installs what it takes. Rustup's is tried first, quietly: it may have no network.
pub(crate) fn way() -> Result<Way> {
    if has_target() || (succeeds(program("rustup").args(["target", "add", TARGET])) && has_target()) {
        return Ok(Way::Rustup);
    }
    if !packages::has_apt() {
        bail!("rustup cannot add {TARGET} here; add it (`rustup target add {TARGET}`) and run this again");
    }
    say(format!("rustup cannot download {TARGET}; taking Debian's {}", packages::WEB.join(" and ")));
    packages::ensure(packages::WEB);
    let rustc = PathBuf::from("/usr/bin/rustc");
    if !packages::WEB.iter().all(|name| packages::installed(name)) || !rustc.exists() {
        bail!("no compiler for {TARGET}: neither rustup's target nor Debian's packages could be installed");
    }
    let sysroot = output(program("rustc").args(["--print", "sysroot"])).context("no rustc on PATH")?;
    let linker = PathBuf::from(sysroot).join("lib/rustlib").join(place::host()?).join("bin/rust-lld");
    if !linker.exists() {
        bail!("the toolchain has no rust-lld at {}", linker.display());
    }
    Ok(Way::Debian { rustc, linker })
}

fn has_target() -> bool {
    let listed = output(program("rustup").args(["target", "list", "--installed"]));
    listed.is_ok_and(|said| said.lines().any(|line| line == TARGET))
}

impl Way {
    /// Sets what this way needs; only the build of the pages gets it.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        match self {
            Self::Rustup => {}
            Self::Debian { rustc, linker } => {
                cargo.env("RUSTC", rustc);
                cargo.env("RUSTC_BOOTSTRAP", "1");
                cargo.env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
                cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
            }
        }
    }

    /// For people, and for telling one way's results from the other's.
    pub(crate) fn describe(&self) -> Result<String> {
        let rustc = match self {
            Self::Rustup => PathBuf::from("rustc"),
            Self::Debian { rustc, .. } => rustc.clone(),
        };
        let version = output(program(rustc).arg("--version"))?;
        Ok(match self {
            Self::Rustup => format!("{version}, rustup's target"),
            Self::Debian { .. } => format!("{version}, Debian's packages"),
        })
    }
}
