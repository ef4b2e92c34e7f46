//! Edits JSON text (comments and trailing commas included) without touching a byte of the rest.
//!
//! The parser tells where things are; the edits are splices of the text. Every [`append`] has an exact
//! inverse in [`remove`], whatever the formatting: that is what makes an uninstall byte for byte.

use std::fmt::Write as _;

use jsonc_parser::ast;
use jsonc_parser::common::Range;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

/// A value to write, with its keys in the order given.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    /// A string.
    Text(String),
    /// A whole number.
    Number(u64),
    /// `true` or `false`.
    Flag(bool),
    /// An array.
    List(Vec<Tree>),
    /// An object.
    Map(Vec<(&'static str, Tree)>),
}

impl Tree {
    /// Shorthand for a string.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The same as a value to compare with.
    pub(crate) fn to_value(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Number(number) => (*number).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::List(items) => items.iter().map(Self::to_value).collect(),
            Self::Map(entries) => entries.iter().map(|(key, item)| ((*key).to_owned(), item.to_value())).collect(),
        }
    }

    fn write(&self, out: &mut String, style: Option<&Style>) {
        match self {
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Number(number) => {
                let _ = write!(out, "{number}");
            }
            Self::Flag(flag) => {
                let _ = write!(out, "{flag}");
            }
            Self::List(items) => {
                let deeper = style.map(Style::deeper);
                surround(out, '[', ']', style, items, |out, item| item.write(out, deeper.as_ref()));
            }
            Self::Map(entries) => {
                let deeper = style.map(Style::deeper);
                surround(out, '{', '}', style, entries, |out, (key, item)| {
                    out.push_str(&quoted(key));
                    out.push_str(if style.is_some() { ": " } else { ":" });
                    item.write(out, deeper.as_ref());
                });
            }
        }
    }
}

fn surround<T>(
    out: &mut String,
    open: char,
    close: char,
    style: Option<&Style>,
    items: &[T],
    mut each: impl FnMut(&mut String, &T),
) {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        if let Some(style) = style {
            let deeper = style.deeper();
            out.push_str(deeper.newline);
            out.push_str(&deeper.indent);
        }
        each(out, item);
    }
    if let Some(style) = style.filter(|_| !items.is_empty()) {
        out.push_str(style.newline);
        out.push_str(&style.indent);
    }
    out.push(close);
}

/// JSON text of a string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Where a line starts and how deep.
#[derive(Debug, Clone)]
struct Style {
    newline: &'static str,
    unit: String,
    indent: String,
}

impl Style {
    fn deeper(&self) -> Self {
        Self { indent: format!("{}{}", self.indent, self.unit), ..self.clone() }
    }
}

/// Parses JSON with comments and trailing commas, and nothing looser.
pub(crate) fn parse(text: &str) -> Result<Option<ast::Value<'_>>, String> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    parse_to_ast(text, &CollectOptions::default(), &options)
        .map(|result| result.value)
        .map_err(|error| error.to_string())
}

/// What JSON5 adds to JSON: comments, loose names, single quotes, more spellings of numbers and texts.
fn json5() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: true,
        allow_missing_commas: false,
        allow_single_quoted_strings: true,
        allow_hexadecimal_numbers: true,
        allow_unary_plus_numbers: true,
        allow_bare_decimal_point_numbers: true,
        allow_non_finite_numbers: true,
        allow_extended_string_escapes: true,
    }
}

/// Parses JSON5.
pub(crate) fn parse5(text: &str) -> Result<Option<ast::Value<'_>>, String> {
    parse_to_ast(text, &CollectOptions::default(), &json5())
        .map(|result| result.value)
        .map_err(|error| error.to_string())
}

/// The value of JSON5 text; `None` when it holds only comments.
pub(crate) fn value5(text: &str) -> Result<Option<serde_json::Value>, String> {
    let nothing = parse5(text)?.is_none();
    if nothing {
        return Ok(None);
    }
    jsonc_parser::parse_to_serde_value(text, &json5()).map(Some).map_err(|error| error.to_string())
}

/// The property in force: with duplicate names, readers take the last one.
pub(crate) fn property<'a, 'b>(object: &'b ast::Object<'a>, name: &str) -> Option<(usize, &'b ast::ObjectProp<'a>)> {
    object.properties.iter().enumerate().rev().find(|(_, property)| property.name.as_str() == name)
}

/// An object or array and what is in it.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    start: usize,
    close: usize,
    children: Vec<(usize, usize)>,
}

impl Container {
    /// Of an object.
    pub(crate) fn object(object: &ast::Object<'_>) -> Self {
        Self::of(object.range, object.properties.iter().map(|property| property.range))
    }

    /// Of an array.
    pub(crate) fn array(array: &ast::Array<'_>) -> Self {
        use jsonc_parser::common::Ranged as _;
        Self::of(array.range, array.elements.iter().map(ast::Value::range))
    }

    fn of(range: Range, children: impl Iterator<Item = Range>) -> Self {
        Self { start: range.start, close: range.end - 1, children: children.map(|r| (r.start, r.end)).collect() }
    }
}

/// Appends a named value to an object, or an unnamed one to an array, in the style found there.
pub(crate) fn append(text: &str, container: &Container, name: Option<&str>, value: &Tree) -> String {
    let style = style_in(text, container);
    let mut item = String::new();
    if let Some(name) = name {
        item.push_str(&quoted(name));
        item.push_str(if style.is_some() { ": " } else { ":" });
    }
    value.write(&mut item, style.as_ref());
    let lead = style.as_ref().map_or_else(String::new, |style| format!("{}{}", style.newline, style.indent));

    let Some(&(_, last)) = container.children.last() else {
        let tail = style
            .as_ref()
            .map_or_else(String::new, |style| format!("{}{}", style.newline, line_indent(text, container.start)));
        return splice(text, container.close, container.close, &format!("{lead}{item}{tail}"));
    };
    let comma = find_comma(text, last, container.close);
    let from = comma.map_or(last, |at| at + 1);
    let point = if style.is_some() { end_of_line_comments(text, from) } else { from };
    match comma {
        Some(_) => splice(text, point, point, &format!("{lead}{item},")),
        None => splice(&splice(text, point, point, &format!("{lead}{item}")), last, last, ","),
    }
}

/// Writes another text in place of a range.
pub(crate) fn replace(text: &str, range: Range, with: &str) -> String {
    splice(text, range.start, range.end, with)
}

/// Removes one child with the comma and the white space that came with it.
pub(crate) fn remove(text: &str, container: &Container, index: usize) -> String {
    let (start, end) = container.children[index];
    let (before, own_line) = lead_of(text, start);
    let comma = find_comma(text, end, container.close);
    if container.children.len() == 1 {
        let from = if own_line { before } else { start };
        let mut to = comma.map_or(end, |at| at + 1);
        if own_line && text[to..container.close].chars().all(char::is_whitespace) {
            to = container.close;
        }
        return splice(text, from, to, "");
    }
    match (comma, index) {
        (Some(comma), 0) if !own_line => {
            let mut to = comma + 1;
            to += text[to..].len() - text[to..].trim_start_matches([' ', '\t']).len();
            splice(text, start, to, "")
        }
        (Some(comma), _) => splice(text, before, comma + 1, ""),
        (None, _) => {
            let (_, previous) = container.children[index - 1];
            let comma = find_comma(text, previous, start).unwrap_or(previous);
            splice(&splice(text, before, end, ""), comma, comma + 1, "")
        }
    }
}

fn splice(text: &str, from: usize, to: usize, with: &str) -> String {
    let mut out = String::with_capacity(text.len() + with.len());
    out.push_str(&text[..from]);
    out.push_str(with);
    out.push_str(&text[to..]);
    out
}

/// Start of the blanks (and of one line break) directly before `at`, and whether there is a line break.
fn lead_of(text: &str, at: usize) -> (usize, bool) {
    let blank = text[..at].trim_end_matches([' ', '\t']);
    match blank.strip_suffix('\n') {
        Some(line) => (line.strip_suffix('\r').unwrap_or(line).len(), true),
        None => (blank.len(), false),
    }
}

/// `None` means: on one line, without blanks.
fn style_in(text: &str, container: &Container) -> Option<Style> {
    let newline = if text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" };
    let outer = line_indent(text, container.start);
    if let (Some(&(first, _)), Some(&(last, _))) = (container.children.first(), container.children.last()) {
        if !text[container.start..first].contains('\n') {
            return None;
        }
        let indent = [last, first].into_iter().find(|at| lead_of(text, *at).1).map(|at| line_indent(text, at))?;
        let unit =
            indent.strip_prefix(outer).filter(|unit| !unit.is_empty()).map_or_else(|| unit_of(text), str::to_owned);
        return Some(Style { newline, unit, indent: indent.to_owned() });
    }
    let one_line = !text.trim().contains('\n') && text.trim().len() > container.close + 1 - container.start;
    if one_line {
        return None;
    }
    let unit = unit_of(text);
    Some(Style { newline, indent: format!("{outer}{unit}"), unit })
}

/// The first indentation in the text; two blanks when there is none.
fn unit_of(text: &str) -> String {
    text.lines()
        .map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()])
        .find(|indent| !indent.is_empty())
        .unwrap_or("  ")
        .to_owned()
}

/// Blanks at the start of the line that holds `at`.
fn line_indent(text: &str, at: usize) -> &str {
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let rest = &text[line..at];
    &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()]
}

/// The comma between `from` and `to`, looking past comments.
fn find_comma(text: &str, from: usize, to: usize) -> Option<usize> {
    let mut at = from;
    while at < to {
        let rest = &text[at..to];
        if rest.starts_with(',') {
            return Some(at);
        }
        at += comment_len(rest).unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
    }
    None
}

/// Length of the comment that `rest` starts with, without the line break of a line comment.
fn comment_len(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        let line = rest.find('\n').map_or(rest, |at| &rest[..at]);
        return Some(line.strip_suffix('\r').unwrap_or(line).len());
    }
    rest.strip_prefix("/*").map(|body| body.find("*/").map_or(rest.len(), |at| at + 4))
}

/// End of the comments that follow on the same line; `from` itself when there are none.
fn end_of_line_comments(text: &str, from: usize) -> usize {
    let mut end = from;
    let mut at = from;
    loop {
        let rest = &text[at..];
        if let Some(len) = comment_len(rest) {
            at += len;
            end = at;
        } else if rest.starts_with([' ', '\t']) {
            at += 1;
        } else {
            return end;
        }
    }
}
