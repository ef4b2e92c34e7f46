//! `docs/API.md`, written from the sources of `wire` so that it cannot lie.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, bail};
use quote::ToTokens as _;
use sha2::{Digest as _, Sha256};
use syn::{Attribute, Fields, Item};

use crate::dirs;

const HEAD: &str = "# IPC commands, socket frames and events

Written by `cargo xtask generate` from `crates/wire`; do not edit. Digest of `wire/src/command.rs`:

    DIGEST

## How to call

The app's windows call commands through Tauri IPC, each behind the access control list. Browsers and outside tests call
the same commands on the development host, which is never shipped:

```sh
cargo run -p clawbutler-devhost -- --home DIR --port 0
```

Its first line on standard output is `{\"token\": \"…\", \"url\": \"http://127.0.0.1:PORT\"}`. Then:

- `POST /ipc/{command}` with `Authorization: Bearer TOKEN` and the request as JSON (`{}` when it has no fields) answers
  200 with the reply, or 400 (`bad_request`), 403 (`forbidden`), 404 (`not_found`), 409 (`stale`, `precondition`),
  500 (`internal`), 503 (`unavailable`) with an `ApiError`.
- `GET /events?token=TOKEN` is a stream of server-sent events whose data is a `Changed`.
- `CLAWBUTLER_HOME` selects the data folder where `--home` is absent; `HOME`, `CLAUDE_CONFIG_DIR` and `PATH` select what
  is discovered; `CLAWBUTLER_HOOK_BIN` names the hook program that the guard installs.

A usual round: `discover` → `plan_guard` → `install_guard` with the plan's digest → `list_approvals` → `decide_approval`
with `id`, `revision` and `seen_digest` as listed.
";

/// Files of `wire` in the order of the page.
const FILES: &[&str] = &["approvals", "runtimes", "audit", "settings", "error", "topic", "gateway", "lib"];

/// Writes the page.
pub fn write() -> anyhow::Result<()> {
    let path = dirs::root().join("docs/API.md");
    fs::create_dir_all(dirs::root().join("docs"))?;
    fs::write(&path, page()?)?;
    println!("wrote {}", path.display());
    Ok(())
}

/// Fails when the page is not what the sources say.
pub fn check() -> anyhow::Result<()> {
    if fs::read_to_string(dirs::root().join("docs/API.md")).unwrap_or_default() != page()? {
        bail!("docs/API.md is not what the sources say: run `cargo xtask generate`");
    }
    Ok(())
}

fn page() -> anyhow::Result<String> {
    let folder = dirs::root().join("crates/wire/src");
    let source = fs::read_to_string(folder.join("command.rs"))?;
    let digest: String = Sha256::digest(source.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut page = HEAD.replace("DIGEST", &digest);
    let commands = syn::parse_file(&source)?;
    page.push_str("\n## Commands\n");
    for (name, request, reply) in clawbutler_wire::command::SIGNATURES {
        let item = commands.items.iter().find(|item| name_of(item).as_deref() == Some(*request));
        let Some(Item::Struct(item)) = item else { bail!("{request} is not a struct of command.rs") };
        write!(page, "\n### `{name}`\n\n{}\n\nReply: `{reply}`\n", doc(&item.attrs))?;
        fields(&mut page, &item.fields)?;
    }
    page.push_str("\n## Types\n");
    for file in FILES {
        let source = fs::read_to_string(folder.join(format!("{file}.rs")))?;
        let tree = syn::parse_file(&source).with_context(|| (*file).to_owned())?;
        if *file == "gateway" {
            page.push_str("\n## Frames on the local socket\n\nOne JSON object a line. The channel only submits.\n");
        }
        for item in &tree.items {
            describe(&mut page, item)?;
        }
    }
    Ok(page)
}

fn name_of(item: &Item) -> Option<String> {
    match item {
        Item::Struct(item) => Some(item.ident.to_string()),
        Item::Enum(item) => Some(item.ident.to_string()),
        _ => None,
    }
}

fn describe(page: &mut String, item: &Item) -> anyhow::Result<()> {
    match item {
        Item::Struct(item) => {
            write!(page, "\n### `{}`\n\n{}\n", item.ident, doc(&item.attrs))?;
            fields(page, &item.fields)
        }
        Item::Enum(item) => {
            let tag = attribute(&item.attrs, "tag").map(|tag| format!(" Told apart by `{tag}`.")).unwrap_or_default();
            write!(page, "\n### `{}`\n\n{}{tag}\n\n", item.ident, doc(&item.attrs))?;
            for variant in &item.variants {
                writeln!(page, "- `{}` {}", snake(&variant.ident.to_string()), doc(&variant.attrs))?;
                for field in &variant.fields {
                    line(page, "  - ", field)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn fields(page: &mut String, fields: &Fields) -> anyhow::Result<()> {
    if fields.iter().all(|field| field.ident.is_none()) {
        return Ok(());
    }
    page.push('\n');
    fields.iter().try_for_each(|field| line(page, "- ", field))
}

fn line(page: &mut String, bullet: &str, field: &syn::Field) -> anyhow::Result<()> {
    let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    let kind = field.ty.to_token_stream().to_string().replace(' ', "");
    let optional = if attribute(&field.attrs, "default").is_some() { ", may be absent" } else { "" };
    writeln!(page, "{bullet}`{name}`: `{kind}`{optional} {}", doc(&field.attrs))?;
    Ok(())
}

/// The documentation comment as one paragraph.
fn doc(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter(|attr| attr.path().is_ident("doc")).filter_map(|attr| {
        let syn::Meta::NameValue(pair) = &attr.meta else { return None };
        let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else { return None };
        Some(text.value().trim().to_owned())
    });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The value of a word in a `serde(…)` attribute; empty for a word without one.
fn attribute(attrs: &[Attribute], word: &str) -> Option<String> {
    attrs.iter().filter(|attr| attr.path().is_ident("serde")).find_map(|attr| {
        let text = attr.meta.to_token_stream().to_string();
        let rest = text.split(word).nth(1)?;
        Some(rest.split('"').nth(1).filter(|_| rest.trim_start().starts_with('=')).unwrap_or_default().to_owned())
    })
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for (index, c) in name.char_indices() {
        if c.is_uppercase() && index > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
