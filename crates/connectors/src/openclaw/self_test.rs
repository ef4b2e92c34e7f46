//! How the guard of a home is shown to work: loaded by a Node.js that could run OpenClaw, it has to block.
//!
//! Only the plugin's code is loaded: no OpenClaw, no packages, no settings, no network. What runs is therefore no more
//! than what OpenClaw runs at its next start.

use std::path::{Path, PathBuf};

use super::plugin::{CODE, PLUGIN_ID};
use super::{discover, gateways, paths};
use crate::connector::{GuardError, SelfTest};
use crate::env::{Env, Os};
use crate::{npm, processes};

const SCRIPT: &str = include_str!("plugin/self_test.mjs");
const NO_NODE: &str = "No Node.js that OpenClaw could run on was found, so the guard was not tried.";

/// See [`crate::connector::Connector::self_test`].
pub(super) fn self_test(env: &Env, home: &Path) -> Result<SelfTest, GuardError> {
    let program = node(env, home).ok_or(GuardError::NotOffered(NO_NODE))?;
    let folder = paths::plugin(home);
    let says = format!("{PLUGIN_ID} works with ");
    let files = [CODE, "no-such-program"].map(|name| folder.join(name).into_os_string());
    let args = ["--input-type=module", "-e", SCRIPT].map(Into::into).into_iter().chain(files);
    Ok(SelfTest { program, args: args.chain([says.clone().into()]).collect(), says })
}

/// The Node.js of a running gateway, the one installed with the package, or the first on `PATH`.
fn node(env: &Env, home: &Path) -> Option<PathBuf> {
    let name = if env.os == Os::Windows { "node.exe" } else { "node" };
    let running = gateways::running(env, home).into_iter();
    let running = running.filter_map(|gateway| processes::one(env, gateway.pid)?.program());
    let beside = discover::installs(env, &mut Vec::new()).into_iter().flat_map(|install| {
        let folder = install.path.parent().map(Path::to_owned).unwrap_or_default();
        // In a project's modules, or below a prefix: `lib/node_modules/openclaw`, on Windows without `lib`.
        ["../.bin", "../../../bin", "../.."].map(|at| folder.join(at).join(name))
    });
    let on_path = npm::path_entries(env).into_iter().map(|folder| folder.join(name));
    let is_node = |path: &PathBuf| path.file_name().is_some_and(|file| file == name) && path.is_file();
    running.chain(beside).chain(on_path).find(is_node)
}
