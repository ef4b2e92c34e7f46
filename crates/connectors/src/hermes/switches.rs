//! The two switches in `.env` that leave the guard or Hermes' own prompts out of every process of a home.
//!
//! Hermes lays `.env` over the environment a process was started with, and the machine's own over both. Nothing else of
//! these files is read: they hold the user's keys.

use std::path::{Path, PathBuf};

use super::paths;
use crate::disk;
use crate::env::Env;

/// Largest file that is read (bytes).
const FILE_BYTES: u64 = 256 * 1024;

/// No plugin is loaded.
pub(super) const SAFE_MODE: &str = "HERMES_SAFE_MODE";
/// No prompt of its own is shown.
pub(super) const YOLO: &str = "HERMES_YOLO_MODE";

/// The words Hermes takes for yes.
pub(super) fn is_on(word: &str) -> bool {
    ["1", "true", "yes", "on"].contains(&word.trim().to_lowercase().as_str())
}

/// The file that switches it on for a home; the machine's own has the last word.
pub(super) fn on_in(env: &Env, home: &Path, name: &str) -> Option<PathBuf> {
    let files = [paths::managed_dir(env).join(".env"), paths::dotenv(home)];
    let said = |file: PathBuf| {
        let text = disk::small_text(&file, FILE_BYTES)?;
        Some((value(&text, name)?, file))
    };
    files.into_iter().find_map(said).filter(|(word, _)| is_on(word)).map(|(_, file)| file)
}

/// What a file sets a variable to, the last time it does.
fn value(text: &str, name: &str) -> Option<String> {
    let of_line = |line: &str| {
        let line = line.trim_start_matches('\u{feff}').trim();
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        let (key, value) = line.split_once('=')?;
        let plain = key.trim().trim_matches('\'');
        (plain == name).then(|| unquoted(value.trim()).to_owned())
    };
    text.lines().filter_map(of_line).next_back()
}

/// A value without its quotes, or without the comment behind it.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inside) = value.strip_prefix(quote) {
            return inside.split(quote).next().unwrap_or_default();
        }
    }
    value.split(" #").next().unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_read_as_hermes_reads_it() {
        let on = |text: &str| value(text, YOLO).is_some_and(|word| is_on(&word));
        for text in [
            "HERMES_YOLO_MODE=1",
            "A=b\nexport HERMES_YOLO_MODE='true'\n",
            "HERMES_YOLO_MODE = on  # for now",
            "HERMES_YOLO_MODE=0\nHERMES_YOLO_MODE=\"YES\" # later",
            "\u{feff}HERMES_YOLO_MODE=1\r\n",
        ] {
            assert!(on(text), "{text:?}");
        }
        for text in [
            "",
            "# HERMES_YOLO_MODE=1",
            "HERMES_YOLO_MODE=",
            "HERMES_YOLO_MODE=0",
            "HERMES_YOLO_MODE=1\nHERMES_YOLO_MODE=off",
            "HERMES_YOLO_MODE_OLD=1",
            "KEY=\"HERMES_YOLO_MODE=1\"",
        ] {
            assert!(!on(text), "{text:?}");
        }
    }
}
