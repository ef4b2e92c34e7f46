//! Writes what was read as Markdown.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};

use super::model::{Field, Item, Shape};

const HEAD: &str = "\
# The API

<!-- Written by `cargo xtask generate` from crates/wire. Do not edit. -->

Everything a window can ask for, as the desktop app's IPC and the development host serve it.
";

const CALLING: &str = r#"
## Calling it from outside

The development host runs the same engine on the same data directory as the app. It is never shipped.

```sh
cargo run -p clawbutler-devhost -- --home DIR --port 0
```

The first line on standard output is JSON: `{"url": "http://127.0.0.1:PORT", "token": "TOKEN"}`. Then:

- `POST /ipc/{command}` with `Authorization: Bearer TOKEN` and a JSON body, `{}` for a command without fields.
  The answer is `200` with the reply as JSON, or `4xx`/`5xx` with an [ApiError](#apierror) as JSON.
- `GET /events?token=TOKEN` streams server-sent events; see [Events](#events).

`CLAWBUTLER_HOME` selects the data directory everywhere; `HOME`, `CLAUDE_CONFIG_DIR` and the other variables of a
runtime select its own homes. Fields marked optional may be left out. Times are milliseconds since the epoch, UTC.

```sh
curl -s -X POST -H "Authorization: Bearer $TOKEN" -d '{"which":"pending"}' "$URL/ipc/list_approvals" \
  -H 'Content-Type: application/json'
```
"#;

/// The whole document.
pub(crate) fn document(items: &[Item], signatures: &[(&str, &str, &str)], digest: &str) -> Result<String> {
    unique(items)?;
    let mut text = format!("{HEAD}\nSHA-256 of `crates/wire/src/command/mod.rs`: `{digest}`\n{CALLING}");
    text.push_str("\n## Commands\n\n| Command | Request | Reply |\n| --- | --- | --- |\n");
    for (name, request, reply) in signatures {
        writeln!(text, "| [{name}](#{name}) | {} | {} |", summary(items, request)?, link(reply))?;
    }
    for (name, request, reply) in signatures {
        let item = find(items, request)?;
        write!(text, "\n### {name}\n\n{}\n", item.doc)?;
        match &item.shape {
            Shape::Object(fields) if !fields.is_empty() => text.push_str(&table(fields)),
            _ => text.push_str("\nNo fields: send `{}`.\n"),
        }
        writeln!(text, "\nReply: {}", link(reply))?;
    }
    text.push_str("\n## Errors\n\nA failed command answers with an [ApiError](#apierror). Its `code` is one of:\n");
    text.push_str(&body(find(items, "Code")?));
    events(&mut text, items)?;
    let requests: Vec<&str> = signatures.iter().map(|signature| signature.1).collect();
    text.push_str("\n## Types\n");
    for item in items.iter().filter(|item| item.module != "gateway" && !requests.contains(&item.name.as_str())) {
        if !matches!(item.name.as_str(), "Code" | "Changed" | "Topic") && !matches!(item.shape, Shape::Text(_)) {
            section(&mut text, item)?;
        }
    }
    frames(&mut text, items)?;
    Ok(text)
}

/// Headings are link targets: two types of one name would share theirs.
fn unique(items: &[Item]) -> Result<()> {
    for (index, item) in items.iter().enumerate() {
        let twin = |other: &&Item| other.name.eq_ignore_ascii_case(&item.name);
        if let Some(other) = items[..index].iter().find(twin) {
            bail!("`{}` is in wire::{} and in wire::{}; one needs another name", item.name, other.module, item.module);
        }
    }
    Ok(())
}

fn find<'a>(items: &'a [Item], name: &str) -> Result<&'a Item> {
    items.iter().find(|item| item.name == name).with_context(|| format!("wire has no `{name}`"))
}

fn link(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase())
}

fn summary(items: &[Item], request: &str) -> Result<String> {
    let Shape::Object(fields) = &find(items, request)?.shape else { return Ok("`{}`".to_owned()) };
    let names = fields.iter().map(|f| if f.required { f.name.clone() } else { format!("{}?", f.name) });
    Ok(format!("`{{{}}}`", names.collect::<Vec<_>>().join(", ")))
}

fn section(text: &mut String, item: &Item) -> Result<()> {
    write!(text, "\n### {}\n\n{}\n", item.name, item.doc)?;
    text.push_str(&body(item));
    Ok(())
}

fn body(item: &Item) -> String {
    match &item.shape {
        Shape::Object(fields) if fields.is_empty() => "\nAn empty object.\n".to_owned(),
        Shape::Object(fields) => table(fields),
        Shape::Words(words) => {
            let line = |word: &str, doc: &str| {
                if doc.is_empty() { format!("- `\"{word}\"`\n") } else { format!("- `\"{word}\"`: {doc}\n") }
            };
            format!("\n{}", words.iter().map(|w| line(&w.word, &w.doc)).collect::<String>())
        }
        Shape::Tagged { tag, variants } => {
            let one = |v: &super::model::Variant| {
                format!("\nWith `\"{tag}\": \"{}\"`: {}\n{}", v.word, v.doc, table(&v.fields))
            };
            variants.iter().map(one).collect()
        }
        Shape::Alias(kind) => format!("\nA {kind}.\n"),
        Shape::Text(value) => format!("\n`{value}`\n"),
        Shape::Opaque => "\nA string.\n".to_owned(),
    }
}

fn table(fields: &[Field]) -> String {
    let mut rows = String::from("\n| Field | Type | |\n| --- | --- | --- |\n");
    for field in fields {
        let need = if field.required { "" } else { ", optional" };
        let doc = field.doc.replace('|', "\\|");
        rows.push_str(format!("| `{}` | {}{need} | {doc}", field.name, field.kind).trim_end());
        rows.push_str(" |\n");
    }
    rows
}

fn events(text: &mut String, items: &[Item]) -> Result<()> {
    let Shape::Text(event) = &find(items, "CHANGED_EVENT")?.shape else { bail!("wire::topic::EVENT is not a text") };
    write!(text, "\n## Events\n\nA change is announced as `{event}`: the name of the window event and of the ")?;
    text.push_str("server-sent event. It carries no data; whoever shows the topic asks again.\n");
    section(text, find(items, "Changed")?)?;
    section(text, find(items, "Topic")?)
}

fn frames(text: &mut String, items: &[Item]) -> Result<()> {
    let Shape::Text(version) = &find(items, "VERSION")?.shape else { bail!("wire::gateway::VERSION is not a number") };
    write!(text, "\n## Frames on the local socket\n\nBetween a hook and the engine: one JSON object a line, UTF-8, ")?;
    writeln!(text, "version {version}. The hook sends [ActionRequest](#actionrequest), the engine answers with")?;
    text.push_str(
        "[ActionReply](#actionreply) (once more after `waiting`), the hook ends with [Delivered](#delivered).\n",
    );
    text.push_str("The channel only submits: no frame decides, edits a rule, reads the queue or removes a guard.\n");
    for item in items.iter().filter(|item| item.module == "gateway" && !matches!(item.shape, Shape::Text(_))) {
        section(text, item)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::model::read;

    const WIRE: &str = r#"
        /// Asks.
        pub struct Ask { /// Which one.
            pub id: String }
        /// Answers.
        pub struct Answer {}
        #[serde(rename_all = "snake_case")]
        pub enum Code { /// Gone.
            NotFound }
        pub struct Changed { pub topic: Topic }
        pub enum Topic { Audit }
        pub const CHANGED_EVENT: &str = "changed";
        pub const VERSION: u32 = 1;
    "#;

    #[test]
    fn a_command_is_listed_with_request_and_reply() {
        let text = document(&read("command", WIRE).unwrap(), &[("ask", "Ask", "Answer")], "abc").unwrap();
        assert!(text.contains("| [ask](#ask) | `{id}` | [Answer](#answer) |"), "{text}");
        assert!(text.contains("| `id` | string | Which one. |"), "{text}");
        assert!(text.contains("- `\"not_found\"`: Gone."), "{text}");
        assert!(text.contains("`abc`"), "{text}");
    }

    #[test]
    fn two_types_of_one_name_are_refused() {
        let twice = format!("{WIRE}\npub struct Ask {{}}");
        let error = document(&read("command", &twice).unwrap(), &[], "abc").unwrap_err().to_string();
        assert!(error.contains("`Ask`"), "{error}");
    }
}
