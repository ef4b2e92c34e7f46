//! The system's own dialogs to choose a file. Only Rust opens them: no window has a permission of the plugin.

use std::path::{Path, PathBuf};

use clawbutler_butler::Butler;
use clawbutler_wire::files::{ChoosePath, Purpose};
use tauri::{AppHandle, Manager as _};
use tauri_plugin_dialog::{DialogExt as _, FileDialogBuilder};

use crate::windows;

/// Lets the engine ask for a path.
pub(crate) fn offer(app: &AppHandle, butler: &Butler) {
    let app = app.clone();
    // A person may take minutes: the other tasks of this thread go elsewhere meanwhile.
    butler.offer_dialogs(move |request| tokio::task::block_in_place(|| choose(&app, request)));
}

fn choose(app: &AppHandle, request: &ChoosePath) -> Option<PathBuf> {
    let near = request.near.as_deref().map(Path::new);
    let dialog = prepared(app, request.purpose, near);
    let chosen = match request.purpose {
        Purpose::Export | Purpose::Backup => dialog.blocking_save_file(),
        Purpose::Pack | Purpose::Restore => dialog.blocking_pick_file(),
    };
    chosen?.into_path().inspect_err(|error| tracing::warn!(%error, "what was chosen is no file")).ok()
}

fn prepared(app: &AppHandle, purpose: Purpose, near: Option<&Path>) -> FileDialogBuilder<tauri::Wry> {
    let (title, kinds): (_, &[&str]) = match purpose {
        Purpose::Export => ("Export the audit log to", &[]),
        Purpose::Backup => ("Back up to", &[]),
        Purpose::Pack => ("Choose an evidence pack", &["zip"]),
        Purpose::Restore => ("Choose a backup", &["db", "age"]),
    };
    let mut dialog = app.dialog().file().set_title(title).set_can_create_directories(true);
    if let Some(window) = app.get_webview_window(windows::MAIN) {
        dialog = dialog.set_parent(&window);
    }
    if !kinds.is_empty() {
        dialog = dialog.add_filter("ClawButler", kinds);
    }
    let Some(near) = near else { return dialog };
    let saves = matches!(purpose, Purpose::Export | Purpose::Backup);
    let folder = if near.is_dir() { Some(near) } else { near.parent().filter(|folder| folder.is_dir()) };
    if let Some(folder) = folder {
        dialog = dialog.set_directory(folder);
    }
    match near.file_name().filter(|_| saves && !near.is_dir()) {
        Some(name) => dialog.set_file_name(name.to_string_lossy()),
        None => dialog,
    }
}
