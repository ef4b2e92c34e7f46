//! Reading a tool's input: texts, paths and addresses out of arguments that may be anything.
//!
//! A field of the wrong type, and two spellings of one field that disagree, are never guessed about.

use std::borrow::Cow;

use clawbutler_core::action::{Edit, Effect};
use clawbutler_core::grant::host_of;
use clawbutler_core::limits::HOOK_INPUT_BYTES;
use serde_json::Value;

use crate::call::ToolCall;

/// A tool's input and the folder its paths start from.
#[derive(Debug, Clone)]
pub(crate) struct Input<'a> {
    value: Cow<'a, Value>,
    cwd: &'a str,
}

impl<'a> Input<'a> {
    /// The call's arguments as they are.
    pub(crate) fn of(call: &'a ToolCall) -> Self {
        Self { value: Cow::Borrowed(&call.arguments), cwd: &call.cwd }
    }

    /// The call's arguments, which transcripts keep as JSON in a text.
    pub(crate) fn of_text_or_object(call: &'a ToolCall) -> Self {
        let parsed = call
            .arguments
            .as_str()
            .filter(|text| text.len() <= HOOK_INPUT_BYTES && text.trim_start().starts_with('{'))
            .and_then(|text| serde_json::from_str::<Value>(text).ok());
        match parsed {
            Some(value) => Self { value: Cow::Owned(value), cwd: &call.cwd },
            None => Self::of(call),
        }
    }

    /// A part of an input, with the same folder.
    pub(crate) fn part<'b>(&self, value: &'b Value) -> Input<'b>
    where
        'a: 'b,
    {
        Input { value: Cow::Borrowed(value), cwd: self.cwd }
    }

    /// The folder paths start from.
    pub(crate) fn cwd(&self) -> &'a str {
        self.cwd
    }

    /// Everything given.
    pub(crate) fn all(&self) -> Value {
        self.value.clone().into_owned()
    }

    /// The input itself, where it is a text and not an object.
    pub(crate) fn bare(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// One field; an explicit null counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    /// A text that must be there.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    /// A text that may be absent; `None` when it is there and no text.
    #[expect(clippy::option_option, reason = "the outer one says malformed, the inner one absent")]
    pub(crate) fn maybe(&self, name: &str) -> Option<Option<String>> {
        match self.get(name) {
            None => Some(None),
            Some(value) => value.as_str().map(|text| Some(text.to_owned())),
        }
    }

    /// A text under any of several spellings; `None` when two are there and differ.
    pub(crate) fn any(&self, names: &[&str]) -> Option<String> {
        let mut found: Option<String> = None;
        for name in names {
            let Some(text) = self.maybe(name)? else { continue };
            if found.as_ref().is_some_and(|before| *before != text) {
                return None;
            }
            found = Some(text);
        }
        found
    }

    /// Whether none of these fields is there.
    pub(crate) fn lacks(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.get(name).is_none())
    }

    /// A path under any of several spellings, absolute.
    pub(crate) fn path(&self, names: &[&str]) -> Option<String> {
        self.any(names).filter(|path| !path.is_empty()).map(|path| absolute(self.cwd, &path))
    }

    /// Like [`Self::path`], the working folder when absent or empty; `None` when malformed.
    pub(crate) fn folder(&self, names: &[&str]) -> Option<String> {
        if self.lacks(names) {
            return Some(self.cwd.to_owned());
        }
        let path = self.any(names)?;
        Some(if path.is_empty() { self.cwd.to_owned() } else { absolute(self.cwd, &path) })
    }

    /// Whether a flag is set; anything that is not plainly off counts as set.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            None | Some(Value::Bool(false)) => false,
            Some(Value::String(text)) => !["", "0", "false", "no", "off"].contains(&text.to_ascii_lowercase().trim()),
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(_) => true,
        }
    }

    /// Texts of a list that must be there, have only texts and not be empty.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let list: Vec<String> =
            self.get(name)?.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<_>>()?;
        (!list.is_empty()).then_some(list)
    }

    /// An id that some versions give as a number.
    pub(crate) fn id(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The fields that are there, one a line, for people.
    pub(crate) fn facts(&self, names: &[&str]) -> String {
        let lines: Vec<String> = names
            .iter()
            .filter_map(|name| {
                let value = self.get(name)?;
                Some(format!("{name}: {}", shown(value)))
            })
            .collect();
        lines.join("\n")
    }

    /// Nothing outside the conversation.
    pub(crate) fn internal(&self) -> Effect {
        Effect::Internal { arguments: self.all() }
    }

    /// Changes settings.
    pub(crate) fn config(&self, what: impl Into<String>) -> Effect {
        Effect::ConfigChange { what: what.into(), arguments: self.all() }
    }

    /// Reads what a text names: an address, a file, or data given in place.
    pub(crate) fn reference(&self, text: &str) -> Option<Effect> {
        let lower = text.to_ascii_lowercase();
        match lower.split_once(':').map(|(scheme, _)| scheme) {
            Some("http" | "https" | "ws" | "wss") => Some(fetches(text)),
            Some("data") => Some(self.internal()),
            Some("javascript") => Some(Effect::Code { language: "javascript".to_owned(), text: text.to_owned() }),
            Some("file") => {
                let plain = |path: &&str| path.starts_with('/') && !path.contains('%');
                let path = text.get("file://".len()..).filter(plain)?;
                Some(Effect::FileRead { path: absolute(self.cwd, path) })
            }
            _ if text.is_empty() => None,
            _ if text.contains("://") => Some(fetches(text)),
            _ => Some(Effect::FileRead { path: absolute(self.cwd, text) }),
        }
    }

    /// Opens an address in a browser, where some addresses are no network's.
    pub(crate) fn page(&self, url: &str) -> Option<Effect> {
        match url.trim().to_ascii_lowercase().split_once(':').map(|(scheme, _)| scheme) {
            Some("file" | "javascript") => self.reference(url.trim()),
            _ => Some(fetches(url)),
        }
    }
}

/// A value for people: a text as it is, anything else as JSON.
pub(crate) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Fetches an address.
pub(crate) fn fetches(url: impl Into<String>) -> Effect {
    Effect::Network { url: url.into(), method: None }
}

/// Fetches several addresses, where they are all on one host.
pub(crate) fn fetches_all(urls: &[String]) -> Option<Effect> {
    let host = host_of(urls.first()?)?;
    urls.iter().all(|url| host_of(url).as_deref() == Some(host.as_str())).then(|| fetches(urls.join(" ")))
}

/// Asks a service that the runtime knows and we see only by its name.
pub(crate) fn asks(service: &str, question: &str) -> Effect {
    fetches(format!("{service}://{service}/?q={}", question.replace('\n', " ")))
}

/// Has such a service make or change something.
pub(crate) fn posts(service: &str, what: &str) -> Effect {
    Effect::Network { url: format!("{service}://{service}/{what}"), method: Some("POST".to_owned()) }
}

/// `mcp__<server>__<tool>`; a plugin's server may be `plugin_<plugin>_<server>`.
pub(crate) fn mcp(tool: &str, input: &Input<'_>) -> Option<Effect> {
    mcp_parts(tool.strip_prefix("mcp__")?, "__", input)
}

/// A server's and a tool's name with something between them.
pub(crate) fn mcp_parts(name: &str, between: &str, input: &Input<'_>) -> Option<Effect> {
    let (server, tool) = name.split_once(between)?;
    (!server.is_empty() && !tool.is_empty()).then(|| Effect::Mcp {
        server: server.to_owned(),
        tool: tool.to_owned(),
        arguments: input.all(),
    })
}

/// One replacement, in each spelling seen.
pub(crate) fn edit(input: &Input<'_>) -> Option<Edit> {
    Some(Edit {
        old: input.any(&["old_string", "oldText", "old_text", "oldString"])?,
        new: input.any(&["new_string", "newText", "new_text", "newString"])?,
        all: input.flag("replace_all") || input.flag("replaceAll"),
    })
}

/// The folder a pattern starts from: everything before the first part with a wildcard.
pub(crate) fn fixed_part(pattern: &str) -> &str {
    let wild = pattern.find(['*', '?', '[', '{']).unwrap_or(pattern.len());
    if wild == pattern.len() {
        return pattern;
    }
    pattern[..wild].rfind('/').map_or("", |slash| if slash == 0 { "/" } else { &pattern[..slash] })
}

/// Whether a path is spelled as Windows spells absolute ones.
pub(crate) fn is_windows(path: &str) -> bool {
    let bytes = path.as_bytes();
    path.starts_with('\\') || (bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':')
}

/// Makes a path absolute against the working folder and folds `.` and `..`, without asking the disk.
pub(crate) fn absolute(cwd: &str, path: &str) -> String {
    if is_windows(path) || path.starts_with('~') {
        return path.to_owned();
    }
    if cwd.starts_with('~') && !path.starts_with('/') {
        return format!("{}/{path}", cwd.trim_end_matches('/'));
    }
    if !(path.starts_with('/') || cwd.starts_with('/')) {
        return path.to_owned();
    }
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{cwd}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
