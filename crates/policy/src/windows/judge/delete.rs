//! Deletions: how much, where, and whether it comes back by itself.

use clawbutler_core::risk::RiskLevel::{Critical, High, Medium};

use crate::assess::OWN;
use crate::looked::{Class, How};
use crate::paths;
use crate::windows::look::{Look, Target};
use crate::windows::places::shown;
use crate::windows::value::{HOLE, Kind, Value};

/// Folders that builds and tests make again.
const GENERATED: &[&str] = &[
    "node_modules", "dist", "build", "bin", "obj", "target", "out", ".next", "coverage", "__pycache__", ".nuxt",
    ".turbo", ".parcel-cache", ".vite", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".nyc_output", "testresults",
    ".gradle", ".angular", ".svelte-kit", "tmp", ".tox", "htmlcov", ".cache",
];
/// Files that programs make again.
const GENERATED_ENDS: &[&str] = &[".log", ".tmp", ".pyc", ".pyo", ".tsbuildinfo", ".obj", ".o", ".tlog", ".cache"];

/// What is deleted and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner<'a> {
    /// With all below.
    pub(crate) recursive: bool,
    /// Not all of what is named, but what a condition leaves.
    pub(crate) some: bool,
    /// Verbatim command.
    pub(crate) part: &'a str,
}

/// Judges the deletion of what a value names.
pub(crate) fn value(look: &mut Look<'_>, what: &Value, manner: Manner<'_>) {
    match &what.kind {
        Kind::List(items) => items.iter().for_each(|item| value(look, item, manner)),
        Kind::Nothing => {}
        Kind::Files(files) => {
            let recursive = manner.recursive || files.deep;
            let manner = Manner { recursive, some: files.some, ..manner };
            if files.names.is_empty() {
                let place = files.place.trim_end_matches(['\\', '/']);
                let listed = if last(place).contains(['*', '?']) { place.to_owned() } else { format!("{place}/*") };
                one(look, &listed, manner);
            } else {
                for name in &files.names {
                    one(look, &format!("{}/{name}", files.place), manner);
                }
            }
        }
        _ => one(look, &what.shown(), manner),
    }
}

fn last(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Judges the deletion of one written path.
pub(crate) fn one(look: &mut Look<'_>, written: &str, manner: Manner<'_>) {
    let written = written.trim();
    let everything = matches!(last(written), "*" | "*.*" | "?*");
    let bare =
        if everything { written[..written.len() - last(written).len()].trim_end_matches(['/', '\\']) } else { written };
    let bare = match bare {
        "" if written.starts_with(['/', '\\']) => "/",
        "" if everything => ".",
        bare => bare,
    };
    let path = match look.target(bare) {
        Target::File(path) => path,
        Target::Share(path) => {
            return look.tell("delete", High, format!("Deletes {path} on another machine"), manner.part);
        }
        Target::Registry(key) => return super::registry::delete(look, &key, manner.recursive, manner.part),
        Target::Other(provider, _) => return other(look, &provider, manner.part),
        Target::Partly(_) | Target::Unknown => {
            return look.tell("unknown_target", High, "Deletes something only known when it runs", manner.part);
        }
    };
    look.touch(&path, How::Delete);
    file(look, &path, everything, manner);
}

fn other(look: &mut Look<'_>, provider: &str, part: &str) {
    match provider {
        "env" | "variable" | "function" | "alias" => {
            look.tell("delete_one", Medium, "Forgets a variable or a name", part);
        }
        "cert" => look.tell("delete", High, "Deletes certificates and their keys", part),
        _ => look.tell("unknown_target", High, "Deletes something only known when it runs", part),
    }
}

/// Judges the deletion of an absolute path, or of `everything` in it.
fn file(look: &mut Look<'_>, path: &str, everything: bool, manner: Manner<'_>) {
    let Manner { recursive, part, .. } = manner;
    let class = look.class(path);
    let name = shown(path);
    let pattern = last(path).contains(['*', '?', '[']) || path.contains('*');
    let project = look.project.trim_end_matches('/').to_lowercase();
    let lower = path.to_lowercase();
    let holds_project = paths::inside(&project, &lower);
    let holds_us = paths::inside(&look.around.data_dir.to_lowercase(), &lower);
    let git = lower.ends_with("/.git") || lower.contains("/.git/");
    let made = generated(look, &lower) && !pattern || generated_names(&lower);
    match class {
        Class::Own => look.tell(OWN, Critical, "Deletes files that belong to ClawButler or carry its guard", part),
        Class::Root if everything && !recursive => {
            look.tell("delete", High, format!("Deletes the files in {name}; cannot be undone"), part);
        }
        Class::Root | Class::Device => {
            look.tell("recursive_delete", Critical, format!("Deletes {name}; cannot be undone"), part);
        }
        _ if holds_us && recursive => look.tell(OWN, Critical, "Deletes a folder that holds ClawButler", part),
        Class::System if recursive => {
            let says = format!("Deletes {name}, which belongs to the system; cannot be undone");
            look.tell("recursive_delete", Critical, says, part);
        }
        _ if holds_project && recursive && !(manner.some && everything) => {
            look.tell("recursive_delete", Critical, "Deletes the whole project; cannot be undone", part);
        }
        _ if git && recursive => {
            look.tell("recursive_delete", Critical, "Deletes the project's history; cannot be undone", part);
        }
        Class::Secret | Class::Startup | Class::AgentConfig | Class::System => {
            look.tell("delete", High, format!("Deletes {name}"), part);
        }
        Class::Scratch => look.tell("delete_generated", Medium, format!("Deletes {name}, which is temporary"), part),
        Class::Project if made => {
            look.tell("delete_generated", Medium, format!("Deletes {name}, which is made again by a build"), part);
        }
        _ if recursive => {
            let says = format!("Deletes {name} and everything in it; cannot be undone");
            look.tell("recursive_delete", High, says, part);
        }
        _ if everything || pattern => {
            look.tell("delete", High, format!("Deletes whatever fits {name}; cannot be undone"), part);
        }
        Class::Outside => {
            look.tell("delete", High, format!("Deletes {name}, outside the project; cannot be undone"), part);
        }
        Class::Project => look.tell("delete_one", Medium, format!("Deletes {name}"), part),
    }
}

/// Whether a path of the project lies in a folder that a build makes again.
fn generated(look: &Look<'_>, lower: &str) -> bool {
    let project = look.project.trim_end_matches('/').to_lowercase();
    let rest = lower.strip_prefix(&project).unwrap_or(lower);
    rest.split('/').any(|part| GENERATED.contains(&part)) || generated_names(lower)
}

/// Whether a path's last part, pattern or not, fits only what programs make again; or all before it does.
fn generated_names(lower: &str) -> bool {
    let name = last(lower);
    let (stem, star) = (name.trim_start_matches('*'), name.starts_with('*'));
    let plain = !stem.contains(['*', '?', '[']);
    let ends = plain && GENERATED_ENDS.iter().any(|end| name.ends_with(end) && (!star || stem == *end));
    let folder = lower.rsplit_once('/').is_some_and(|(folder, _)| {
        folder.split('/').rev().take(3).any(|part| GENERATED.contains(&part)) && !folder.contains(['*', HOLE])
    });
    ends || GENERATED.contains(&name) && plain || folder && name.contains('*')
}
