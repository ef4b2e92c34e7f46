//! Reads a settings file: JSON with comments and nothing looser, as the client does.

use std::path::Path;

use clawbutler_core::limits::CONFIG_FILE_BYTES;
use jsonc_parser::ParseOptions;
use serde_json::Value;

use crate::disk;

const AS_THE_CLIENT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: false,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// A file's settings; nothing when there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Value>, String> {
    if !path.exists() {
        return Ok(None);
    }
    let text = disk::small_text(path, CONFIG_FILE_BYTES)
        .ok_or_else(|| format!("{} is no readable text file of a sensible size", path.display()))?;
    let parsed: Result<Value, _> = jsonc_parser::parse_to_serde_value(&text, &AS_THE_CLIENT);
    // The parser's words name a place and a kind of mistake, never a value.
    let value = parsed.map_err(|error| format!("{} is not valid JSON ({error})", path.display()))?;
    if value.is_object() { Ok(Some(value)) } else { Err(format!("{} is not a JSON object", path.display())) }
}

/// A value under names with dots between them, as the client's documentation spells them.
pub(super) fn at<'a>(settings: &'a Value, names: &str) -> Option<&'a Value> {
    names.split('.').try_fold(settings, |value, name| value.get(name))
}

/// A text under such names.
pub(super) fn text<'a>(settings: &'a Value, names: &str) -> Option<&'a str> {
    at(settings, names)?.as_str()
}
