//! The registry: what starts by itself, what guards the machine, and the rest.

use clawbutler_core::risk::RiskLevel::{Critical, High, Medium};

use crate::windows::look::Look;

/// Parts of keys whose values start programs by themselves.
const STARTS: &[&str] = &[
    "/currentversion/run", "/currentversion/runonce", "/currentversion/policies/explorer/run", "/winlogon",
    "/image file execution options", "/appinit_dlls", "/shell/open/command", "/shell folders", "/user shell folders",
    "/command processor", "/silentprocessexit", "/active setup", "/inprocserver32", "/localserver32",
    "/userinitmprlogonscript", "/session manager", "/scrnsave", "/powershell/1/shellids",
];

/// Says what writing a key (`hklm/…`, lower case) means.
pub(crate) fn write(look: &mut Look<'_>, key: &str, part: &str) {
    let slashed = key.replace('\\', "/");
    if STARTS.iter().any(|start| slashed.contains(start)) {
        look.tell("startup_write", High, "Changes what Windows starts by itself", part);
    } else if slashed.contains("/policies/") || slashed.contains("windows defender") {
        look.tell("machine", High, "Changes the policies of the machine", part);
    } else if slashed.starts_with("hkcu") {
        look.tell("outside_write", Medium, "Changes the user's part of the registry", part);
    } else {
        look.tell("machine", High, "Changes the machine's part of the registry", part);
    }
}

/// Says what deleting a key means.
pub(crate) fn delete(look: &mut Look<'_>, key: &str, recursive: bool, part: &str) {
    let depth = key.trim_end_matches('*').split('/').filter(|piece| !piece.is_empty()).count();
    if depth <= 2 && recursive {
        look.tell("recursive_delete", Critical, "Deletes whole parts of the registry; cannot be undone", part);
    } else {
        look.tell("delete", High, "Deletes keys of the registry; cannot be undone", part);
    }
}
