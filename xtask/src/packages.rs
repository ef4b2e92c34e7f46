//! What the operating system has to provide. Debian and its relatives are set up; others are told.

use std::path::Path;

use anyhow::Result;

use crate::run::{output, program, run, say, succeeds};

/// What the desktop app needs to compile.
pub(crate) const BUILD: &[&str] = &[
    "build-essential", "pkg-config", "libwebkit2gtk-4.1-dev", "librsvg2-dev", "libayatana-appindicator3-dev",
    "libxdo-dev", "libssl-dev",
];

/// What the tests of the window, the notifications and the pages need on top.
pub(crate) const TEST: &[&str] = &[
    "xvfb", "dbus", "dbus-x11", "dunst", "webkit2gtk-driver", "imagemagick", "xdotool", "wmctrl", "openbox", "tmux",
    "chromium", "chromium-driver", "python3", "gnome-keyring", "strace",
];

/// Debian's compiler for the web, where rustup cannot download.
pub(crate) const WEB: &[&str] = &["rustc-web", "rust-web-src"];

/// Whether this system installs with apt.
pub(crate) fn has_apt() -> bool {
    cfg!(target_os = "linux") && Path::new("/usr/bin/dpkg-query").exists() && Path::new("/usr/bin/apt-get").exists()
}

/// Installs what is missing; says so and goes on where that cannot be done.
pub(crate) fn ensure(wanted: &[&str]) {
    if !has_apt() {
        if cfg!(target_os = "linux") {
            say(format!("not a Debian: please have your system's packages for {}", wanted.join(", ")));
        } else {
            say("system packages: nothing to install here but the platform's own developer tools");
        }
        return;
    }
    let missing: Vec<&str> = wanted.iter().copied().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        say(format!("system packages: all {} are installed", wanted.len()));
        return;
    }
    say(format!("system packages missing: {}", missing.join(" ")));
    if let Err(error) = install(&missing) {
        say(format!("could not install them ({error:#}); going on, install them yourself if a build fails"));
    }
}

/// Whether dpkg has it.
pub(crate) fn installed(package: &str) -> bool {
    output(program("dpkg-query").args(["-W", "-f", "${db:Status-Status}", package]))
        .is_ok_and(|said| said == "installed")
}

fn install(packages: &[&str]) -> Result<()> {
    run(apt().args(["update", "-q"]))?;
    run(apt().args(["install", "-y", "-q", "--no-install-recommends"]).args(packages))
}

fn apt() -> std::process::Command {
    let root = output(program("id").arg("-u")).is_ok_and(|id| id == "0");
    let mut command = if root || !succeeds(program("sudo").arg("-V")) {
        program("apt-get")
    } else {
        let mut sudo = program("sudo");
        sudo.args(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
