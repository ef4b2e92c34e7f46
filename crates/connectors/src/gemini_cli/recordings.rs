//! Where the session files lie.
//!
//! `tmp/<project>/chats/session-<minute>-<start of the id>.jsonl` for a conversation and
//! `tmp/<project>/chats/<session>/<agent>.jsonl` for a sub-agent of it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clawbutler_core::limits::RECORDINGS;
use serde_json::Value;

use super::paths;
use crate::disk;
use crate::record::{Form, Recording};

/// Longest first line that is read for the session's id (bytes).
const HEADER_BYTES: u64 = 64 * 1024;
/// Longest path of a project that is read (bytes).
const ROOT_BYTES: u64 = 16 * 1024;

/// Everything recorded, newest first.
pub(super) fn all(home: &Path) -> Vec<Recording> {
    let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
    for chats in chats(home) {
        for path in paths::entries(&chats) {
            let inner = if path.is_dir() { paths::entries(&path) } else { vec![path] };
            for file in inner.into_iter().filter(|file| paths::has_extension(file, "jsonl")) {
                files.push((changed(&file), file));
            }
        }
    }
    files.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    files.truncate(RECORDINGS);
    files.iter().filter_map(|(_, file)| of(home, file)).collect()
}

/// The recording a file holds.
pub(super) fn of(home: &Path, file: &Path) -> Option<Recording> {
    let inside: Vec<String> = file
        .strip_prefix(home)
        .ok()?
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = inside.iter().map(String::as_str).collect();
    paths::has_extension(file, "jsonl").then_some(())?;
    let (project, session, agent) = match parts[..] {
        ["tmp", project, "chats", name] if name.starts_with("session-") => (project, header(file)?, None),
        ["tmp", project, "chats", session, _] => {
            // The file's name is the agent's id; the folder's is the session that started it.
            (project, session.to_owned(), Some(file.file_stem()?.to_str()?.to_owned()))
        }
        _ => return None,
    };
    let root = home.join("tmp").join(project).join(".project_root");
    let cwd = disk::small_text(&root, ROOT_BYTES).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    Some(Recording { session, agent, parent: None, path: file.to_owned(), form: Form::Lines, cwd, title: None })
}

/// Folders that hold records.
pub(super) fn folders(home: &Path) -> Vec<PathBuf> {
    let mut all = vec![home.join("tmp")];
    for chats in chats(home) {
        let agents = paths::entries(&chats).into_iter().filter(|path| path.is_dir());
        all.extend(agents);
        all.push(chats);
    }
    all.sort();
    all
}

/// The newest conversation of a project and when it last grew.
pub(super) fn newest(home: &Path, project: &str) -> Option<(SystemTime, Recording)> {
    let chats = home.join("tmp").join(project).join("chats");
    let (at, file) = paths::entries(&chats)
        .into_iter()
        .filter(|file| file.is_file() && paths::has_extension(file, "jsonl"))
        .map(|file| (changed(&file), file))
        .max()?;
    Some((at, of(home, &file)?))
}

fn chats(home: &Path) -> Vec<PathBuf> {
    let projects = paths::entries(&home.join("tmp"));
    projects.into_iter().map(|project| project.join("chats")).filter(|chats| chats.is_dir()).collect()
}

fn changed(file: &Path) -> SystemTime {
    std::fs::metadata(file).and_then(|facts| facts.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The session's id from the first line; nothing while that line is not written whole.
fn header(file: &Path) -> Option<String> {
    let mut line = Vec::new();
    BufReader::new(File::open(file).ok()?.take(HEADER_BYTES)).read_until(b'\n', &mut line).ok()?;
    let value: Value = serde_json::from_slice(&line).ok()?;
    value.get("sessionId")?.as_str().filter(|id| !id.is_empty()).map(str::to_owned)
}
