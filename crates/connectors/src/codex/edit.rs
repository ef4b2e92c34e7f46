//! Puts our entries into the text of a configuration and takes them out again, every other byte kept.
//!
//! Works on text alone. Must never know where the file is or who may write it. What comes out is read
//! again and compared: an edit that would change anything of somebody else's is refused.

use serde_json::Value;
use toml_edit::Item;

use super::entries::{self, MARK, WANTED, Wanted};
use super::managed;
use super::tables::{self, Handler};
use crate::env::Os;

/// Stands before the first of our groups.
const COMMENT: &str = "# ClawButler's guard (guard-v1): it asks before a tool runs. Remove it in ClawButler.";
/// Behind it, what an uninstall could not tell otherwise.
const NO_FILE: &str = " There was no file.";
const EMPTY_FILE: &str = " The file was empty.";
const NO_LINE_END: &str = " The last line had no end.";

/// Why a text is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextError {
    /// Not TOML.
    NotParsable(String),
    /// A part is written in a way we do not edit.
    Shape(String),
}

/// Whose configuration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// The user's.
    User,
    /// The machine's requirements, with the folder that has to be named in them.
    Machine(&'a str),
}

/// The text with our entries complete and right; the same text when they are.
pub(super) fn install(text: Option<&str>, os: Os, program: &str, place: Place<'_>) -> Result<String, TextError> {
    let before = text.unwrap_or_default();
    let mut after = before.to_owned();
    let right = |handler: &Handler| {
        WANTED.iter().any(|want| {
            want.event == handler.event && want.is_right(handler.matcher.as_ref(), &handler.value, os, program)
        })
    };
    loop {
        let ours = ours(&after)?;
        let wrong = ours.iter().enumerate().rev().find(|(index, handler)| {
            !right(handler) || ours[..*index].iter().any(|other| other.event == handler.event)
        });
        let Some((index, wrong)) = wrong else { break };
        let second = ours[..index].iter().any(|other| other.event == wrong.event);
        let want = WANTED.iter().find(|want| want.event == wrong.event).filter(|_| !second);
        after = match (want, &wrong.spot) {
            // In its place, so that the entries after it keep their numbers and with them their trust.
            (Some(want), Some(spot)) if spot.alone => {
                let mut text = after.clone();
                text.replace_range(spot.group.clone(), &block(want, os, program, eol(&after)));
                text
            }
            _ => remove(&after, wrong)?,
        };
    }
    if let Place::Machine(folder) = place {
        after = managed::add(&after, folder)?;
    }
    let present = ours(&after)?;
    let missing: Vec<&Wanted> =
        WANTED.iter().filter(|want| !present.iter().any(|own| own.event == want.event)).collect();
    if !missing.is_empty() {
        let found = match text {
            None => NO_FILE,
            Some("") => EMPTY_FILE,
            Some(_) if !before.is_empty() && !before.ends_with('\n') => NO_LINE_END,
            Some(_) => "",
        };
        after = append(after, &missing, os, program, found);
    }
    let complete = ours(&after)?.iter().filter(|handler| right(handler)).count() == WANTED.len();
    if !complete || others(before)? != others(&after)? {
        return Err(shape("the hooks are written in a way that we do not edit"));
    }
    Ok(after)
}

fn append(mut text: String, missing: &[&Wanted], os: Os, program: &str, found: &str) -> String {
    let eol = eol(&text);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(eol);
    }
    let mut comment = !text.contains(COMMENT);
    for want in missing {
        if !text.is_empty() {
            text.push_str(eol);
        }
        if std::mem::take(&mut comment) {
            text.push_str(&format!("{COMMENT}{found}{eol}"));
        }
        text.push_str(&block(want, os, program, eol));
    }
    text
}

fn block(want: &Wanted, os: Os, program: &str, eol: &str) -> String {
    want.lines(os, program).into_iter().map(|line| line + eol).collect()
}

fn eol(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The text without our entries; `None` when there was no file before and nothing else is left. `source` is
/// the path by which the client's record of trust calls the file.
pub(super) fn uninstall(text: &str, sources: &[String], place: Place<'_>) -> Result<Option<String>, TextError> {
    let mut after = text.to_owned();
    let keys: Vec<String> =
        ours(text)?.iter().flat_map(|handler| sources.iter().map(|source| handler.key(source))).collect();
    let (no_file, empty_file) = (text.contains(&format!("{COMMENT}{NO_FILE}")), has(text, EMPTY_FILE));
    // The record first: it stands behind our groups, and whether those end the file decides about its last line.
    for key in &keys {
        after = forget(&after, key)?;
    }
    if after != text {
        after = without_empty_state(&after)?;
    }
    // Only when nobody wrote behind us the missing line end is the one we added.
    let last = ours(&after)?.pop().and_then(|own| own.spot).map(|spot| spot.group.end);
    let cut_line_end = has(text, NO_LINE_END) && last == Some(after.len());
    while let Some(own) = ours(&after)?.pop() {
        after = remove(&after, &own)?;
    }
    if let Place::Machine(_) = place {
        after = managed::remove(&after);
    }
    if cut_line_end {
        let kept = after.strip_suffix("\r\n").or_else(|| after.strip_suffix('\n')).unwrap_or(&after).len();
        after.truncate(kept);
    }
    if others(text)? != others(&after)? {
        return Err(shape("the hooks are written in a way that we do not edit"));
    }
    if after.trim().is_empty() && (no_file || empty_file) {
        return Ok((!no_file).then(String::new));
    }
    Ok(Some(after))
}

fn has(text: &str, found: &str) -> bool {
    text.contains(&format!("{COMMENT}{found}"))
}

/// Our handlers in the text, in the order of the file.
pub(super) fn ours(text: &str) -> Result<Vec<Handler>, TextError> {
    Ok(all(text)?.into_iter().filter(Handler::is_ours).collect())
}

/// Every hook handler in the text.
pub(super) fn all(text: &str) -> Result<Vec<Handler>, TextError> {
    let parsed = tables::parse(text).map_err(TextError::NotParsable)?;
    Ok(tables::handlers(text, &parsed))
}

fn remove(text: &str, handler: &Handler) -> Result<String, TextError> {
    let spot = handler.spot.as_ref().ok_or_else(|| shape("our hook is written inline"))?;
    if !spot.alone {
        let mut text = text.to_owned();
        text.replace_range(spot.own.clone(), "");
        return Ok(text);
    }
    let (mut start, end) = (spot.group.start, spot.group.end);
    let line_before = |at: usize| {
        let end = text[..at].strip_suffix('\n')?.len();
        Some(text[..end].rfind('\n').map_or(0, |at| at + 1))
    };
    if let Some(line) = line_before(start).filter(|line| text[*line..].starts_with(COMMENT)) {
        start = line;
    }
    if let Some(line) = line_before(start).filter(|line| text[*line..start].trim().is_empty()) {
        start = line;
    }
    let mut text = text.to_owned();
    text.replace_range(start..end, "");
    Ok(text)
}

/// Takes the client's record of trust in one of our hooks out.
fn forget(text: &str, key: &str) -> Result<String, TextError> {
    let parsed = tables::parse(text).map_err(TextError::NotParsable)?;
    let state = parsed.as_table().get("hooks").and_then(|hooks| hooks.get("state"));
    let Some(Item::Table(own)) = state.and_then(|state| state.get(key)) else { return Ok(text.to_owned()) };
    let Some(lines) = tables::lines(text, own) else { return Ok(text.to_owned()) };
    Ok(cut(text, lines))
}

/// Cuts lines out, with the blank line before them.
fn cut(text: &str, lines: std::ops::Range<usize>) -> String {
    let before = &text[..lines.start];
    let blank = ["\r\n\r\n", "\n\n"].iter().find(|blank| before.ends_with(*blank)).map_or(0, |blank| blank.len() / 2);
    format!("{}{}", &text[..lines.start - blank], &text[lines.end..])
}

/// The client makes the table for its record; without an entry nobody needs it.
fn without_empty_state(text: &str) -> Result<String, TextError> {
    let parsed = tables::parse(text).map_err(TextError::NotParsable)?;
    let state = parsed.as_table().get("hooks").and_then(|hooks| hooks.get("state"));
    let Some(Item::Table(state)) = state else { return Ok(text.to_owned()) };
    match tables::lines(text, state) {
        Some(lines) if state.is_empty() && !state.is_implicit() => Ok(cut(text, lines)),
        _ => Ok(text.to_owned()),
    }
}

/// Everything in the text that is not ours, without what became empty: it has to be the same before and
/// after an edit.
fn others(text: &str) -> Result<Value, TextError> {
    let mut value = super::config::parse(text).map_err(TextError::NotParsable)?;
    if let Some(hooks) = value.get_mut("hooks").and_then(Value::as_object_mut) {
        // Whose trust goes is decided by our own keys; the rest of the record is compared by its text.
        hooks.remove("state");
        for groups in hooks.values_mut().filter_map(Value::as_array_mut) {
            for group in groups.iter_mut() {
                if let Some(own) = group.get_mut("hooks").and_then(Value::as_array_mut) {
                    own.retain(|handler| !entries::is_ours(handler));
                }
            }
            groups.retain(|group| group.get("hooks").and_then(Value::as_array).is_none_or(|own| !own.is_empty()));
        }
        hooks.retain(|_, groups| groups.as_array().is_none_or(|groups| !groups.is_empty()));
    }
    managed::strip(&mut value);
    if let Some(root) = value.as_object_mut() {
        root.retain(|key, value| {
            !matches!(key.as_str(), "hooks" | "features") || value.as_object().is_none_or(|own| !own.is_empty())
        });
    }
    Ok(value)
}

/// Whether a broken text holds something of ours.
pub(super) fn is_marked(text: &str) -> bool {
    text.contains(MARK)
}

pub(super) fn shape(what: &str) -> TextError {
    TextError::Shape(what.to_owned())
}
