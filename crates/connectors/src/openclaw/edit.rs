//! Puts our plugin into the text of `openclaw.json` and takes it out again, touching nothing else.
//!
//! What an uninstall could not tell (which containers were there but empty, whether plugins were switched
//! off) is remembered in our own entry: OpenClaw refuses keys it does not know everywhere else.
//! Works on text alone. Must never know where the file is or who may write it.

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use serde_json::Value;

use super::plugin::PLUGIN_ID;
use crate::disk;
use crate::jsonc::{self, Container, Tree};

/// Value of `config.guard` in our entry.
const MARK: &str = "guard-v1";
/// There was no file.
const NO_FILE: &str = "no file";
/// The file held nothing.
const EMPTY_FILE: &str = "an empty file";
/// `plugins.enabled` was `false`.
const DISABLED: &str = "disabled";
/// What may have been there without anything in it, under the word that says so.
const CONTAINERS: [(&str, &[&str]); 5] = [
    ("empty plugins", &["plugins"]),
    ("empty load", &["plugins", "load"]),
    ("empty paths", PATHS),
    ("empty allow", ALLOW),
    ("empty entries", ENTRIES),
];
const PATHS: &[&str] = &["plugins", "load", "paths"];
const ALLOW: &[&str] = &["plugins", "allow"];
const ENTRIES: &[&str] = &["plugins", "entries"];
const ENABLED: &[&str] = &["plugins", "enabled"];

/// Why a text is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextError {
    /// Not JSON5.
    NotParsable(String),
    /// A part is of the wrong kind.
    Shape(String),
}

/// What we want to stand in the file.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Our plugin's folder.
    pub(super) folder: String,
    /// The hook program.
    pub(super) hook: String,
    /// The home, as the hook reports it.
    pub(super) home: String,
}

impl Wanted {
    fn entry(&self, found: &[String]) -> Tree {
        let mut config =
            vec![("guard", Tree::text(MARK)), ("hook", Tree::text(&self.hook)), ("home", Tree::text(&self.home))];
        if !found.is_empty() {
            config.push(("found", Tree::List(found.iter().map(|what| Tree::text(what)).collect())));
        }
        Tree::Map(vec![("enabled", Tree::Flag(true)), ("config", Tree::Map(config))])
    }

    /// Whether an entry does what it should, whatever it remembers.
    pub(super) fn is_right(&self, entry: &Value) -> bool {
        let mut entry = entry.clone();
        if let Some(config) = entry.get_mut("config").and_then(Value::as_object_mut) {
            config.remove("found");
        }
        entry == self.entry(&[]).to_value()
    }
}

/// The text with our parts complete and right; the same text when they are.
pub(super) fn install(text: Option<&str>, wanted: &Wanted) -> Result<String, TextError> {
    let Some(text) = text else { return fill("{}\n", wanted, vec![NO_FILE.to_owned()]) };
    let (bom, body) = disk::split_bom(text);
    let filled = if body.trim().is_empty() {
        fill(&format!("{{}}{body}"), wanted, vec![EMPTY_FILE.to_owned()])?
    } else {
        fill(body, wanted, Vec::new())?
    };
    Ok(format!("{bom}{filled}"))
}

fn fill(text: &str, wanted: &Wanted, mut found: Vec<String>) -> Result<String, TextError> {
    let mut text = text.to_owned();
    check(&text)?;
    let present = entry(&text)?;
    if let Some(present) = &present {
        found.extend(remembered(present));
    } else {
        for (word, path) in CONTAINERS {
            if child_count(&text, path)? == Some(0) {
                found.push(word.to_owned());
            }
        }
    }
    let disabled = flag(&text, ENABLED)? == Some(false);
    if disabled && !found.iter().any(|word| word == DISABLED) {
        found.push(DISABLED.to_owned());
    }
    let keep = present.as_ref().is_some_and(|entry| wanted.is_right(entry) && remembered(entry) == found);
    if present.is_some() && !keep {
        text = remove(&text, ENTRIES, &found, |name, _| name == Some(PLUGIN_ID))?;
    }
    if disabled {
        text = set_flag(&text, ENABLED, true)?;
    }
    let is_folder = |_: Option<&str>, value: &Value| value.as_str() == Some(wanted.folder.as_str());
    if !any(&text, PATHS, is_folder)? {
        text = remove_all(&text, PATHS, &found, is_ours)?;
        text = append(&text, PATHS, None, Tree::text(&wanted.folder))?;
    }
    let listed = any(&text, ALLOW, |_, value| value == PLUGIN_ID)?;
    // A list that is empty or absent allows everything; one we start keeps what was off from starting.
    if !listed && (disabled || child_count(&text, ALLOW)?.is_some_and(|count| count > 0)) {
        text = append(&text, ALLOW, None, Tree::text(PLUGIN_ID))?;
    }
    if !keep {
        text = append(&text, ENTRIES, Some(PLUGIN_ID), wanted.entry(&found))?;
    }
    Ok(text)
}

/// The text without our parts; `None` when there was no file before and nothing else is left.
pub(super) fn uninstall(text: &str) -> Result<Option<String>, TextError> {
    let (bom, body) = disk::split_bom(text);
    check(body)?;
    let found = entry(body)?.as_ref().map(remembered).unwrap_or_default();
    let was = |what: &str| found.iter().any(|word| word == what);
    let mut body = remove_all(body, ENTRIES, &found, |name, _| name == Some(PLUGIN_ID))?;
    body = remove_all(&body, ALLOW, &found, |_, value| value == PLUGIN_ID)?;
    body = remove_all(&body, PATHS, &found, is_ours)?;
    if was(DISABLED) && flag(&body, ENABLED)? == Some(true) {
        body = set_flag(&body, ENABLED, false)?;
    }
    let bare = body.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let bare = bare.is_some_and(|inside| inside.trim().is_empty());
    if bare && was(NO_FILE) {
        return Ok(None);
    }
    if bare && was(EMPTY_FILE) {
        let object = body.find('{').unwrap_or(0)..body.rfind('}').map_or(0, |at| at + 1);
        body.replace_range(object, "");
    }
    Ok(Some(format!("{bom}{body}")))
}

/// A load path that leads to a folder of our plugin, whatever home it was in.
pub(super) fn is_ours(_: Option<&str>, value: &Value) -> bool {
    value.as_str().and_then(|path| path.rsplit(['/', '\\']).next()) == Some(super::paths::PLUGIN)
}

/// Our entry.
fn entry(text: &str) -> Result<Option<Value>, TextError> {
    let mut entry = None;
    any(text, ENTRIES, |name, value| {
        if name == Some(PLUGIN_ID) {
            entry = Some(value.clone());
        }
        false
    })?;
    Ok(entry)
}

fn remembered(entry: &Value) -> Vec<String> {
    let found = entry.get("config").and_then(|config| config.get("found")).and_then(Value::as_array);
    found.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn shape(path: &[&str], what: &str) -> TextError {
    TextError::Shape(format!("`{}` is not {what}", path.join(".")))
}

fn root(text: &str) -> Result<ast::Object<'_>, TextError> {
    match jsonc::parse5(text).map_err(TextError::NotParsable)? {
        Some(ast::Value::Object(root)) => Ok(root),
        Some(_) => Err(TextError::Shape("the whole is not an object (`{ … }`)".to_owned())),
        None => Err(TextError::NotParsable("it holds only comments".to_owned())),
    }
}

/// Everything we would touch is of the right kind, where it is there at all.
fn check(text: &str) -> Result<(), TextError> {
    let root = root(text)?;
    for path in [&["plugins"][..], &["plugins", "load"], ENTRIES] {
        if !matches!(find(&root, path)?, None | Some(ast::Value::Object(_))) {
            return Err(shape(path, "an object (`{ … }`)"));
        }
    }
    for path in [PATHS, ALLOW] {
        if !matches!(find(&root, path)?, None | Some(ast::Value::Array(_))) {
            return Err(shape(path, "a list (`[ … ]`)"));
        }
    }
    if !matches!(find(&root, ENABLED)?, None | Some(ast::Value::BooleanLit(_))) {
        return Err(shape(ENABLED, "`true` or `false`"));
    }
    Ok(())
}

/// The value at a path; of duplicate names the last one, as readers take it.
fn find<'a, 'b>(root: &'b ast::Object<'a>, path: &[&str]) -> Result<Option<&'b ast::Value<'a>>, TextError> {
    let mut object = root;
    let mut value = None;
    for (depth, name) in path.iter().enumerate() {
        let Some((_, property)) = jsonc::property(object, name) else { return Ok(None) };
        value = Some(&property.value);
        if depth + 1 < path.len() {
            object = property.value.as_object().ok_or_else(|| shape(&path[..=depth], "an object (`{ … }`)"))?;
        }
    }
    Ok(value)
}

/// The named (or unnamed) values in a container.
type Children<'a> = Vec<(Option<&'a str>, Value)>;

/// What a container holds; `None` for a value that is none.
fn children<'a>(text: &str, value: &'a ast::Value<'_>) -> Option<(Container, Children<'a>)> {
    let read = |value: &ast::Value<'_>| jsonc::value5(value.text(text)).ok().flatten().unwrap_or(Value::Null);
    if let Some(array) = value.as_array() {
        return Some((Container::array(array), array.elements.iter().map(|item| (None, read(item))).collect()));
    }
    let object = value.as_object()?;
    let named = object.properties.iter().map(|own| (Some(own.name.as_str()), read(&own.value)));
    Some((Container::object(object), named.collect()))
}

fn any(text: &str, path: &[&str], mut is: impl FnMut(Option<&str>, &Value) -> bool) -> Result<bool, TextError> {
    let root = root(text)?;
    let inside = find(&root, path)?.and_then(|value| children(text, value));
    Ok(inside.is_some_and(|(_, children)| children.iter().any(|(name, value)| is(*name, value))))
}

fn child_count(text: &str, path: &[&str]) -> Result<Option<usize>, TextError> {
    let root = root(text)?;
    Ok(find(&root, path)?.and_then(|value| children(text, value)).map(|(_, children)| children.len()))
}

fn flag(text: &str, path: &[&str]) -> Result<Option<bool>, TextError> {
    let root = root(text)?;
    Ok(match find(&root, path)? {
        Some(ast::Value::BooleanLit(flag)) => Some(flag.value),
        Some(_) | None => None,
    })
}

fn set_flag(text: &str, path: &[&str], to: bool) -> Result<String, TextError> {
    let root = root(text)?;
    let range = find(&root, path)?.map(|value| value.range());
    Ok(range.map_or_else(|| text.to_owned(), |range| jsonc::replace(text, range, if to { "true" } else { "false" })))
}

/// Adds a child to a container, together with whatever of the way to it is not there yet.
fn append(text: &str, path: &[&'static str], name: Option<&'static str>, value: Tree) -> Result<String, TextError> {
    let whole = root(text)?;
    let mut depth = path.len();
    let mut added = (name, value);
    while depth > 0 && find(&whole, &path[..depth])?.is_none() {
        let (name, value) = added;
        let around = match name {
            Some(name) => Tree::Map(vec![(name, value)]),
            None => Tree::List(vec![value]),
        };
        depth -= 1;
        added = (Some(path[depth]), around);
    }
    let (name, value) = added;
    Ok(jsonc::append(text, &container(text, &path[..depth])?, name, &value))
}

/// The container at a path; the whole at none.
fn container(text: &str, path: &[&str]) -> Result<Container, TextError> {
    let root = root(text)?;
    if path.is_empty() {
        return Ok(Container::object(&root));
    }
    let inside = find(&root, path)?.and_then(|value| children(text, value));
    inside.map(|(container, _)| container).ok_or_else(|| shape(path, "an object or a list"))
}

/// Removes every child that is meant, one after the other.
fn remove_all(
    text: &str,
    path: &[&str],
    found: &[String],
    is: impl Fn(Option<&str>, &Value) -> bool + Copy,
) -> Result<String, TextError> {
    let mut text = text.to_owned();
    while any(&text, path, is)? {
        text = remove(&text, path, found, is)?;
    }
    Ok(text)
}

/// Removes the last child that is meant, and the containers around it that then hold nothing and were not
/// there empty before.
fn remove(
    text: &str,
    path: &[&str],
    found: &[String],
    is: impl Fn(Option<&str>, &Value) -> bool,
) -> Result<String, TextError> {
    let root = root(text)?;
    let inside = find(&root, path)?.and_then(|value| children(text, value));
    let Some((mut container, here)) = inside else { return Ok(text.to_owned()) };
    let Some(mut index) = here.iter().rposition(|(name, value)| is(*name, value)) else { return Ok(text.to_owned()) };
    let mut count = here.len();
    for depth in (1..=path.len()).rev() {
        let was_empty =
            CONTAINERS.iter().any(|(word, known)| *known == &path[..depth] && found.iter().any(|own| own == word));
        if count > 1 || was_empty {
            break;
        }
        let object =
            if depth == 1 { Some(&root) } else { find(&root, &path[..depth - 1])?.and_then(|v| v.as_object()) };
        let Some(object) = object else { break };
        let Some((at, _)) = jsonc::property(object, path[depth - 1]) else { break };
        container = Container::object(object);
        index = at;
        count = object.properties.len();
    }
    Ok(jsonc::remove(text, &container, index))
}
