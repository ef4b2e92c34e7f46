//! One line that describes an action, read leniently where nothing hangs on it and strictly where a
//! misreading could make the action look harmless.

use clawbutler_connectors::call::ToolCall;
use clawbutler_connectors::normalise;
use clawbutler_core::action::Effect;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

/// A line as written. Fields of hook payloads (`tool_name`, `tool_input`, `session_id`) are taken too.
#[derive(Debug, Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(default)]
    runtime: Value,
    #[serde(default, alias = "tool_name")]
    tool: Value,
    #[serde(default, alias = "tool_input")]
    input: Value,
    #[serde(default)]
    cwd: Value,
    #[serde(default)]
    project: Value,
    #[serde(default, alias = "session_id")]
    session: Value,
    #[serde(default, alias = "permission_mode")]
    mode: Value,
    #[serde(default)]
    expect: Value,
    #[serde(default)]
    class: Value,
}

/// A line, understood.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    /// What the line calls itself, as JSON text.
    pub(super) id: String,
    /// The call.
    pub(super) call: ToolCall,
    /// Label of a corpus: `allow`, `ask` or `deny`.
    pub(super) expect: Option<String>,
    /// Label of a corpus.
    pub(super) class: Option<String>,
}

/// What a line leaves out.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    pub(super) runtime: String,
    /// Absolute.
    pub(super) cwd: String,
    pub(super) project: Option<String>,
    /// The user's home folder.
    pub(super) home: String,
}

/// A line that cannot be judged.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    /// As far as it could be read; else `null`.
    pub(super) id: String,
    /// Why, in one sentence without the full stop.
    pub(super) error: String,
}

/// Reads a whole line.
pub(super) fn read(line: &[u8], defaults: &Defaults) -> Result<Request, BadLine> {
    let bad = |error: String| BadLine { id: id_in(line), error };
    let first = line.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        None => return Err(bad("the line is empty".to_owned())),
        Some(b'{') => {}
        Some(_) => return Err(bad("the line is not a JSON object".to_owned())),
    }
    let text = std::str::from_utf8(line).map_err(|error| bad(format!("the line is not UTF-8: {error}")))?;
    let fields: Fields<'_> =
        serde_json::from_str(text).map_err(|error| bad(format!("the line is not JSON: {error}")))?;
    understand(fields, defaults).map_err(bad)
}

/// How runtimes call the tool that runs a shell command.
const SHELL_TOOLS: &[&str] = &["Bash", "terminal", "exec"];

/// A shell command as the default runtime spells it; an error where that runtime has no such tool.
pub(super) fn shell(command: &str, defaults: &Defaults) -> Result<ToolCall, String> {
    let call = |tool: &&str| ToolCall {
        runtime: defaults.runtime.clone(),
        tool: (*tool).to_owned(),
        arguments: serde_json::json!({ "command": command }),
        cwd: defaults.cwd.clone(),
        project: defaults.project.clone(),
        ..ToolCall::default()
    };
    let runs = |call: &ToolCall| matches!(normalise::action(call).effect, Effect::Shell { .. } | Effect::Patch { .. });
    SHELL_TOOLS
        .iter()
        .map(call)
        .find(runs)
        .ok_or_else(|| format!("how {:?} runs a command is not known", defaults.runtime))
}

/// Answers a line over the bound, of which only the beginning is here.
pub(super) fn too_long(beginning: &[u8]) -> BadLine {
    BadLine { id: id_in(beginning), error: format!("the line is over {} bytes", super::lines::LINE_BYTES) }
}

fn understand(fields: Fields<'_>, defaults: &Defaults) -> Result<Request, String> {
    let text = |name: &str, value: Value| match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(format!("the field {name:?} is not text")),
    };
    let id = fields
        .id
        .map_or_else(|| Ok("null".to_owned()), |id| plain_id(id.get()).ok_or("the field \"id\" nests too deep"))?;
    let tool = text("tool", fields.tool)?.filter(|tool| !tool.is_empty()).ok_or("the field \"tool\" is missing")?;
    let folder = |name: &str, value: Value| {
        let folder = text(name, value)?.filter(|folder| !folder.is_empty());
        Ok::<_, String>(folder.map(|folder| absolute(&folder, defaults)))
    };
    let project = folder("project", fields.project)?.or_else(|| defaults.project.clone());
    let cwd = folder("cwd", fields.cwd)?;
    let cwd = cwd.or_else(|| project.clone()).unwrap_or_else(|| defaults.cwd.clone());
    Ok(Request {
        id,
        call: ToolCall {
            runtime: text("runtime", fields.runtime)?.unwrap_or_else(|| defaults.runtime.clone()),
            session: text("session", fields.session)?.unwrap_or_default(),
            tool,
            arguments: arguments(fields.input),
            cwd,
            mode: text("mode", fields.mode)?.unwrap_or_default(),
            project,
            ..ToolCall::default()
        },
        expect: text("expect", fields.expect)?,
        class: text("class", fields.class)?,
    })
}

/// Some runtimes hand arguments over as JSON text; other text stays as it is.
fn arguments(input: Value) -> Value {
    match input {
        Value::String(text) if text.trim_start().starts_with('{') => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        other => other,
    }
}

/// Folders are absolute to the judge: `~` is the user's home, the rest hangs on the default folder.
pub(super) fn absolute(folder: &str, defaults: &Defaults) -> String {
    let drive = folder.get(1..2) == Some(":") && folder.starts_with(|c: char| c.is_ascii_alphabetic());
    if folder.starts_with(['/', '\\']) || drive {
        folder.to_owned()
    } else if folder == "~" {
        defaults.home.clone()
    } else if let Some(rest) = folder.strip_prefix("~/") {
        format!("{}/{rest}", defaults.home.trim_end_matches('/'))
    } else {
        format!("{}/{folder}", defaults.cwd.trim_end_matches('/'))
    }
}

/// The id as it was written, when a JSON reader of ordinary depth could read it back.
fn plain_id(raw: &str) -> Option<String> {
    serde_json::from_str::<Value>(raw).is_ok().then(|| raw.to_owned())
}

/// The id of a line that is broken elsewhere, `null` when it cannot be found before the damage.
fn id_in(line: &[u8]) -> String {
    find_id(line).unwrap_or_else(|| "null".to_owned())
}

fn find_id(line: &[u8]) -> Option<String> {
    let mut rest = line.trim_ascii_start().strip_prefix(b"{")?;
    loop {
        let key: String = take(&mut rest)?;
        rest = rest.trim_ascii_start().strip_prefix(b":")?;
        if key == "id" {
            let mut after = rest;
            let _: IgnoredAny = take(&mut after)?;
            let raw = std::str::from_utf8(&rest[..rest.len() - after.len()]).ok()?;
            return plain_id(raw.trim());
        }
        let _: IgnoredAny = take(&mut rest)?;
        rest = rest.trim_ascii_start().strip_prefix(b",")?;
    }
}

/// Takes one JSON value from the front. A number that the end cuts off is not taken: it could go on.
fn take<'a, T: Deserialize<'a>>(rest: &mut &'a [u8]) -> Option<T> {
    let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<T>();
    let value = values.next()?.ok()?;
    let used = values.byte_offset();
    (used < rest.len()).then(|| {
        *rest = &rest[used..];
        value
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Defaults {
        Defaults { runtime: "claude-code".into(), cwd: "/work/here".into(), project: None, home: "/home/u".into() }
    }

    fn call(line: &str) -> Result<ToolCall, String> {
        read(line.as_bytes(), &defaults()).map(|read| read.call).map_err(|bad| bad.error)
    }

    #[test]
    fn fields_may_be_missing() {
        let bare = ToolCall {
            runtime: "claude-code".into(),
            tool: "Bash".into(),
            cwd: "/work/here".into(),
            ..ToolCall::default()
        };
        assert_eq!(call(r#"{"tool":"Bash"}"#), Ok(bare.clone()));
        assert_eq!(call(r#"{"tool":"Bash","cwd":null,"input":null,"project":"","more":[1]}"#), Ok(bare.clone()));
        let full = ToolCall {
            cwd: "/home/u/p".into(),
            project: Some("/home/u/p".into()),
            mode: "plan".into(),
            arguments: serde_json::json!({ "command": "ls" }),
            ..bare
        };
        let line = r#"{"tool_name":"Bash","tool_input":{"command":"ls"},"project":"~/p","permission_mode":"plan"}"#;
        assert_eq!(call(line), Ok(full));
        let text = call(r#"{"tool":"Bash","input":"{\"command\":\"ls\"}","cwd":"sub"}"#).unwrap();
        assert_eq!((text.arguments["command"].as_str(), text.cwd.as_str()), (Some("ls"), "/work/here/sub"));
        let patch = call(r#"{"tool":"apply_patch","input":"*** Begin Patch"}"#).unwrap();
        assert_eq!(patch.arguments, Value::String("*** Begin Patch".into()));
    }

    #[test]
    fn what_cannot_be_read_says_why_and_keeps_its_id() {
        let deep = format!(r#"{{"id":7,"tool":"Bash","input":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
        let deep_id = format!(r#"{{"id":{}1{},"tool":"Bash"}}"#, "[".repeat(200), "]".repeat(200));
        for (line, id, error) in [
            ("", "null", "the line is empty"),
            ("  \t", "null", "the line is empty"),
            ("[1]", "null", "the line is not a JSON object"),
            (r#""id""#, "null", "the line is not a JSON object"),
            (r#"{"id":1"#, "null", "the line is not JSON: "),
            (r#"{"id":1,"tool":"Bash""#, "1", "the line is not JSON: "),
            (r#"{"tool":"Bash","input":{"command":"ls"},"id":"x","cwd":}"#, r#""x""#, "the line is not JSON: "),
            (r#"{"tool":{"id":3},"id":[1, {"a":null}]}"#, r#"[1, {"a":null}]"#, r#"the field "tool" is not text"#),
            (r#"{"id":4,"id":5,"tool":"Bash"}"#, "4", "the line is not JSON: duplicate field"),
            (r#"{"id":1}"#, "1", r#"the field "tool" is missing"#),
            (r#"{"id":1,"tool":""}"#, "1", r#"the field "tool" is missing"#),
            (r#"{"id":1,"tool":"Bash","cwd":["/"]}"#, "1", r#"the field "cwd" is not text"#),
            (r#"{"id":1e999,"tool":5}"#, "null", r#"the field "id""#),
            (deep.as_str(), "7", "the line is not JSON: recursion limit"),
            (deep_id.as_str(), "null", r#"the field "id" nests too deep"#),
        ] {
            let bad = read(line.as_bytes(), &defaults()).unwrap_err();
            assert_eq!(bad.id, id, "{line}");
            assert!(bad.error.starts_with(error), "{line}: {}", bad.error);
        }
        let bad = read(b"{\"id\":9,\"tool\":\"Ba\xffsh\"}", &defaults()).unwrap_err();
        assert_eq!((bad.id.as_str(), bad.error.starts_with("the line is not UTF-8")), ("9", true));
    }

    #[test]
    fn ids_come_back_as_written() {
        for id in
            ["1", "1.0", "-0", "123456789012345678901234567890", "\"a\\u00e9\"", "null", "true", "[1,2]", "{\"a\": 1}"]
        {
            let line = format!(r#"{{"id":{id},"tool":"Bash"}}"#);
            assert_eq!(read(line.as_bytes(), &defaults()).map(|request| request.id), Ok(id.to_owned()));
            let broken = format!(r#"{{"runtime":"x","id":{id},"tool":"Bash"#);
            assert_eq!(read(broken.as_bytes(), &defaults()).map_err(|bad| bad.id), Err(id.to_owned()));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(line in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            if let Err(bad) = read(&line, &defaults()) {
                proptest::prop_assert!(serde_json::from_str::<Value>(&bad.id).is_ok());
            }
        }

        #[test]
        fn a_cut_line_never_gets_another_id(id in 0_u64.., cut in 0_usize..60) {
            let line = format!(r#"{{"runtime":"codex","id":{id},"tool":"exec_command"}}"#);
            let found = id_in(&line.as_bytes()[..cut.min(line.len())]);
            proptest::prop_assert!(found == "null" || found == id.to_string());
        }
    }
}
