//! Puts our entries into the text of a settings file and takes them out again.
//!
//! Works on text alone. Must never know where the file is or who may write it.

use jsonc_parser::ast;
use serde_json::Value;

use super::entries::{self, EMPTY_EVENT, EMPTY_FILE, EMPTY_HOOKS, FOUND_KEY, Form, NO_FILE, WANTED, Wanted};
use crate::disk;
use crate::jsonc::{self, Container, Tree};

/// What an entry can tell about the file as it was before us.
const FACTS_OF_FILE: [&str; 3] = [NO_FILE, EMPTY_FILE, EMPTY_HOOKS];

/// Whether an empty `hooks` stays, because it was there before us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeepHooks {
    /// It stays.
    Yes,
    /// It goes with the last event.
    No,
}

/// Why a text is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TextError {
    /// Not JSON, not even with comments.
    NotParsable(String),
    /// A part is of the wrong kind.
    Shape(String),
}

/// One of our handlers in a text.
#[derive(Debug, Clone)]
pub(super) struct Ours {
    /// Event name.
    pub(super) event: String,
    /// The group's matcher.
    pub(super) matcher: Option<Value>,
    /// The handler itself.
    pub(super) handler: Value,
    removal: Removal,
}

impl Ours {
    fn found(&self, what: &str) -> bool {
        self.handler.get(FOUND_KEY).and_then(Value::as_str) == Some(what)
    }
}

/// The outermost thing that goes when a handler goes.
#[derive(Debug, Clone)]
struct Removal {
    container: Container,
    index: usize,
}

/// The text with our entries complete and right; the same text when they are.
pub(super) fn install(text: Option<&str>, program: &str, form: Form) -> Result<String, TextError> {
    let Some(text) = text else { return fill("{}\n", Some(NO_FILE), program, form) };
    let (bom, body) = disk::split_bom(text);
    let filled = if body.trim().is_empty() {
        fill(&format!("{{}}{body}"), Some(EMPTY_FILE), program, form)?
    } else {
        fill(body, None, program, form)?
    };
    Ok(format!("{bom}{filled}"))
}

fn fill(text: &str, found: Option<&'static str>, program: &str, form: Form) -> Result<String, TextError> {
    let mut text = text.to_owned();
    let known = ours(&text, KeepHooks::No)?;
    let found = found.or_else(|| FACTS_OF_FILE.into_iter().find(|what| known.iter().any(|own| own.found(what))));
    let keep = if found == Some(EMPTY_HOOKS) { KeepHooks::Yes } else { KeepHooks::No };
    loop {
        let present = ours(&text, keep)?;
        let wrong = present.iter().enumerate().rev().find(|(index, own)| {
            let right = WANTED.iter().any(|want| {
                want.event == own.event && want.is_right(own.matcher.as_ref(), &own.handler, program, form)
            });
            !right || present[..*index].iter().any(|other| other.event == own.event)
        });
        let Some((_, wrong)) = wrong else { break };
        text = jsonc::remove(&text, &wrong.removal.container, wrong.removal.index);
    }
    let present = ours(&text, keep)?;
    let mut found = found.filter(|what| !present.iter().any(|own| own.found(what)));
    for want in WANTED {
        if !present.iter().any(|own| own.event == want.event) {
            text = add(&text, want, program, form, found.take())?;
        }
    }
    Ok(text)
}

fn add(text: &str, want: &Wanted, program: &str, form: Form, found: Option<&str>) -> Result<String, TextError> {
    let root = root_of(text)?;
    if let Some(hooks) = hooks_of(&root)? {
        let found = found.or_else(|| hooks.properties.is_empty().then_some(EMPTY_HOOKS));
        return add_event(text, want, program, form, found);
    }
    let with_hooks = jsonc::append(text, &Container::object(&root), Some("hooks"), &Tree::Map(Vec::new()));
    add_event(&with_hooks, want, program, form, found)
}

fn add_event(text: &str, want: &Wanted, program: &str, form: Form, found: Option<&str>) -> Result<String, TextError> {
    let root = root_of(text)?;
    let hooks = hooks_of(&root)?.ok_or_else(|| shape("`hooks` is missing"))?;
    let Some((_, event)) = jsonc::property(hooks, want.event) else {
        let groups = Tree::List(vec![want.group(program, form, found)]);
        return Ok(jsonc::append(text, &Container::object(hooks), Some(want.event), &groups));
    };
    let groups = event.value.as_array().ok_or_else(|| shape(&format!("`hooks.{}` is not a list", want.event)))?;
    let found = found.or_else(|| groups.elements.is_empty().then_some(EMPTY_EVENT));
    Ok(jsonc::append(text, &Container::array(groups), None, &want.group(program, form, found)))
}

/// The text without our entries; `None` when there was no file before and nothing else is left.
pub(super) fn uninstall(text: &str) -> Result<Option<String>, TextError> {
    let (bom, body) = disk::split_bom(text);
    let mut body = body.to_owned();
    let known = ours(&body, KeepHooks::No)?;
    let was = |what| known.iter().any(|own| own.found(what));
    let keep = if was(EMPTY_HOOKS) { KeepHooks::Yes } else { KeepHooks::No };
    while let Some(own) = ours(&body, keep)?.pop() {
        body = jsonc::remove(&body, &own.removal.container, own.removal.index);
    }
    let bare =
        body.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).is_some_and(|i| i.trim().is_empty());
    if bare && was(NO_FILE) {
        return Ok(None);
    }
    if bare && was(EMPTY_FILE) {
        let object = body.find('{').unwrap_or(0)..body.rfind('}').map_or(0, |at| at + 1);
        body.replace_range(object, "");
    }
    Ok(Some(format!("{bom}{body}")))
}

/// Our handlers in the text, in the order of the file.
pub(super) fn ours(text: &str, keep_hooks: KeepHooks) -> Result<Vec<Ours>, TextError> {
    let root = root_of(text)?;
    let mut all = Vec::new();
    let Some((hooks_index, _)) = jsonc::property(&root, "hooks") else { return Ok(all) };
    let Some(hooks) = hooks_of(&root)? else { return Ok(all) };
    for (event_index, event) in hooks.properties.iter().enumerate() {
        let Some(groups) = event.value.as_array() else { continue };
        for (group_index, group) in groups.elements.iter().enumerate() {
            let Some(group) = group.as_object() else { continue };
            let Some(handlers) = jsonc::property(group, "hooks").and_then(|(_, own)| own.value.as_array()) else {
                continue;
            };
            for (index, handler) in handlers.elements.iter().enumerate() {
                let Some(handler) = value_of(text, handler).filter(entries::is_ours) else { continue };
                let keep_event = handler.get(FOUND_KEY).and_then(Value::as_str) == Some(EMPTY_EVENT);
                let removal = if handlers.elements.len() > 1 {
                    Removal { container: Container::array(handlers), index }
                } else if groups.elements.len() > 1 || keep_event {
                    Removal { container: Container::array(groups), index: group_index }
                } else if hooks.properties.len() > 1 || keep_hooks == KeepHooks::Yes {
                    Removal { container: Container::object(hooks), index: event_index }
                } else {
                    Removal { container: Container::object(&root), index: hooks_index }
                };
                let matcher = jsonc::property(group, "matcher").and_then(|(_, own)| value_of(text, &own.value));
                all.push(Ours { event: event.name.as_str().to_owned(), matcher, handler, removal });
            }
        }
    }
    Ok(all)
}

fn value_of(text: &str, value: &ast::Value<'_>) -> Option<Value> {
    use jsonc_parser::common::Ranged as _;
    jsonc_parser::parse_to_serde_value(value.text(text), &jsonc_parser::ParseOptions::default()).ok()
}

fn shape(what: &str) -> TextError {
    TextError::Shape(what.to_owned())
}

fn root_of(text: &str) -> Result<ast::Object<'_>, TextError> {
    match jsonc::parse(text).map_err(TextError::NotParsable)? {
        Some(ast::Value::Object(root)) => Ok(root),
        Some(_) => Err(shape("the whole is not an object (`{ … }`)")),
        None => Err(TextError::NotParsable("it holds only comments".to_owned())),
    }
}

fn hooks_of<'a, 'b>(root: &'b ast::Object<'a>) -> Result<Option<&'b ast::Object<'a>>, TextError> {
    match jsonc::property(root, "hooks") {
        None => Ok(None),
        Some((_, hooks)) => {
            hooks.value.as_object().map(Some).ok_or_else(|| shape("`hooks` is not an object (`{ … }`)"))
        }
    }
}
