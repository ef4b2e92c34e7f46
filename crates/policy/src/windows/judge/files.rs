//! Cmdlets on files: read, write, copy, move, delete.

use clawbutler_core::risk::RiskLevel::{High, Medium};

use super::delete::{self, Manner};
use super::{environment, registry};
use crate::looked::Class;
use crate::windows::WinCommand;
use crate::windows::look::{Look, Target};
use crate::windows::value::{Files, HOLE, Kind, Origin, Value};

/// Cmdlets that read the files they name, and the parameters that name them.
const READERS: &[(&str, &[&str], usize)] = &[
    ("Get-Content", &["Path", "LiteralPath"], 0),
    ("Import-Csv", &["Path", "LiteralPath"], 0),
    ("Import-Clixml", &["Path", "LiteralPath"], 0),
    ("Import-PowerShellDataFile", &["Path", "LiteralPath"], 0),
    ("Format-Hex", &["Path", "LiteralPath"], 0),
    ("Get-ItemProperty", &["Path", "LiteralPath"], 0),
    ("Get-ItemPropertyValue", &["Path", "LiteralPath"], 0),
    ("Select-Xml", &["Path", "LiteralPath"], 1),
    ("Select-String", &["Path", "LiteralPath"], 1),
];

pub(super) fn cmdlet(look: &mut Look<'_>, command: &WinCommand) -> Option<Value> {
    if let Some((_, names, position)) = READERS.iter().find(|(name, _, _)| *name == command.name) {
        return Some(reads(look, command, names, *position));
    }
    match command.name.as_str() {
        "Remove-Item" => removes(look, command),
        "Clear-Content" | "Clear-Item" => empties(look, command),
        "Set-Content" | "Add-Content" => {
            let [path, value] = command.slots([&["Path", "LiteralPath"], &["Value"]]);
            writes(look, &path.unwrap_or_default(), &value.unwrap_or_else(|| command.input.clone()));
        }
        "Out-File" | "Tee-Object" | "Export-Csv" | "Export-Clixml" | "Start-Transcript" | "Export-Certificate" => {
            let [path] = command.slots([&["FilePath", "Path", "LiteralPath"]]);
            let piped = command.value("InputObject").cloned().unwrap_or_else(|| command.input.clone());
            if let Some(path) = path {
                writes(look, &path, &piped);
            }
            return Some(if command.name == "Tee-Object" { command.input.clone() } else { Value::nothing() });
        }
        "Copy-Item" | "Move-Item" => copies(look, command),
        "Rename-Item" => renames(look, command),
        "New-Item" => return Some(creates(look, command)),
        "Set-Item" => {
            let [path, value] = command.slots([&["Path", "LiteralPath"], &["Value"]]);
            sets_item(look, &path.unwrap_or_default(), &value.unwrap_or_else(|| command.input.clone()));
        }
        "Set-ItemProperty"
        | "New-ItemProperty"
        | "Remove-ItemProperty"
        | "Rename-ItemProperty"
        | "Clear-ItemProperty"
        | "Copy-ItemProperty"
        | "Move-ItemProperty" => properties(look, command),
        "Expand-Archive" => {
            let [from, to] = command.slots([&["Path", "LiteralPath"], &["DestinationPath"]]);
            let from = from.unwrap_or_else(|| command.input.clone());
            let to = to.unwrap_or_else(|| Value::text("."));
            look.wrote(&to, "Unpacks into");
            carries(look, &from, &to);
        }
        "Compress-Archive" => {
            let [from, to] = command.slots([&["Path", "LiteralPath"], &["DestinationPath"]]);
            look.read(&from.unwrap_or_else(|| command.input.clone()));
            look.wrote(&to.unwrap_or_default(), "Writes to");
        }
        _ => return None,
    }
    Some(Value::nothing())
}

fn reads(look: &mut Look<'_>, command: &WinCommand, names: &[&str], position: usize) -> Value {
    let named = names.iter().find_map(|name| command.value(name)).cloned();
    let position = if command.value("Pattern").is_some() { 0 } else { position };
    let place = named.or_else(|| command.args.get(position).cloned()).unwrap_or_else(|| command.input.clone());
    look.read(&place);
    let made = Look::names(&place).iter().any(|written| look.made_here(written) == Some("download"));
    let from = Origin { download: made, decoded: false };
    // Encoded text has been seen by nobody.
    command.input.blurred().and_from(from)
}

fn removes(look: &mut Look<'_>, command: &WinCommand) {
    let what = command.subject(&["Path", "LiteralPath"]);
    let recursive = command.has("Recurse") || command.opaque || look.defaults;
    let manner = Manner { recursive, some: false, part: &command.text };
    let narrowed: Vec<String> =
        ["Include", "Filter"].iter().filter_map(|name| command.value(name)).flat_map(Look::names).collect();
    if matches!(what.kind, Kind::Nothing) {
        return look.tell("unknown_target", High, "Deletes something only known when it runs", &command.text);
    }
    if narrowed.is_empty() {
        return delete::value(look, &what, manner);
    }
    for place in Look::names(&what) {
        let place = place.trim_end_matches('*').to_owned();
        let files = Files { place, names: narrowed.clone(), deep: recursive, some: false };
        delete::value(look, &Kind::Files(files.into()).into(), manner);
    }
}

fn empties(look: &mut Look<'_>, command: &WinCommand) {
    let what = command.subject(&["Path", "LiteralPath"]);
    for written in Look::names(&what) {
        match look.target(&written) {
            Target::File(path) => {
                look.wrote_one(&written, "Empties");
                let made = path.to_lowercase().ends_with(".log") || look.class(&path) == Class::Scratch;
                if !made {
                    look.tell("overwrites", High, "Empties files", &command.text);
                }
            }
            Target::Registry(key) => registry::delete(look, &key, false, &command.text),
            Target::Other(..) => {}
            _ => look.tell("unknown_target", High, "Empties files only known when it runs", &command.text),
        }
    }
}

/// Writes a value into files.
pub(crate) fn writes(look: &mut Look<'_>, path: &Value, value: &Value) {
    look.wrote(path, "Writes to");
    let from = value.origin();
    if from.download || from.decoded {
        for written in Look::names(path) {
            look.fetches_into(&written);
        }
    }
}

/// What was downloaded stays so when it is moved or unpacked.
pub(crate) fn carries(look: &mut Look<'_>, from: &Value, to: &Value) {
    let fetched = Look::names(from).iter().any(|written| look.made_here(written) == Some("download"));
    if fetched {
        for written in Look::names(to) {
            look.fetches_into(&written);
        }
    }
}

fn copies(look: &mut Look<'_>, command: &WinCommand) {
    let [from, to] = command.slots([&["Path", "LiteralPath"], &["Destination"]]);
    let (from, to) = match (from, to) {
        // Sources come through the pipe, and the only argument is where they go.
        (Some(only), None) if !matches!(command.input.kind, Kind::Nothing) => (command.input.clone(), only),
        (from, to) => (from.unwrap_or_else(|| command.input.clone()), to.unwrap_or_else(|| Value::text("."))),
    };
    if command.value("ToSession").is_some() {
        look.tell("upload", High, "Copies files to another machine", &command.text);
    }
    if command.value("FromSession").is_some() {
        look.tell("remote", High, "Copies files from another machine", &command.text);
    }
    let moves = command.name == "Move-Item";
    look.read(&from);
    if moves {
        moved(look, &from, &command.text);
    }
    look.wrote(&to, "Writes to");
    carries(look, &from, &to);
    for written in Look::names(&from) {
        if let Some(name) = written.rsplit(['/', '\\']).next().filter(|name| !name.contains([HOLE, '*'])) {
            let inner: Vec<String> = Look::names(&to).iter().map(|to| format!("{to}/{name}")).collect();
            if look.made_here(&written) == Some("download") {
                inner.iter().for_each(|path| look.fetches_into(path));
            }
            // Written into a folder, a file may be another one than the folder.
            for path in inner {
                if let Target::File(path) = look.target(&path)
                    && matches!(look.class(&path), Class::Startup | Class::Own | Class::AgentConfig)
                {
                    look.wrote_one(&path, "Writes to");
                }
            }
        }
    }
}

/// Moving something away is deleting it where it was.
pub(crate) fn moved(look: &mut Look<'_>, from: &Value, part: &str) {
    for written in Look::names(from) {
        match look.target(&written) {
            Target::File(path) => match look.class(&path) {
                Class::Project | Class::Scratch | Class::Outside => {}
                Class::Root => look.tell("system_write", High, format!("Moves {written}"), part),
                _ => look.wrote_one(&written, "Moves"),
            },
            Target::Registry(key) => registry::delete(look, &key, true, part),
            Target::Share(_) => look.tell("remote", High, "Moves files on another machine", part),
            Target::Partly(_) | Target::Other(..) | Target::Unknown => {}
        }
    }
}

fn renames(look: &mut Look<'_>, command: &WinCommand) {
    let [from, to] = command.slots([&["Path", "LiteralPath"], &["NewName"]]);
    let (from, to) = match (from, to) {
        (Some(only), None) => (command.input.clone(), only),
        (from, to) => (from.unwrap_or_else(|| command.input.clone()), to.unwrap_or_default()),
    };
    moved(look, &from, &command.text);
    for written in Look::names(&from) {
        let folder = written.rsplit_once(['/', '\\']).map_or(".", |(folder, _)| folder).to_owned();
        for name in Look::names(&to).into_iter().filter(|name| !name.contains(HOLE)) {
            let path = format!("{folder}/{name}");
            look.wrote_one(&path, "Renames to");
            if look.made_here(&written) == Some("download") {
                look.fetches_into(&path);
            }
        }
    }
}

fn creates(look: &mut Look<'_>, command: &WinCommand) -> Value {
    let [path] = command.slots([&["Path"]]);
    let mut path = path.unwrap_or_else(|| Value::text("."));
    if let Some(name) = command.value("Name") {
        path = Value::text(format!("{}/{}", path.shown(), name.shown()));
    }
    let kind = command.lower("ItemType").or_else(|| command.lower("Type")).unwrap_or_default();
    let value = command.value("Value").or_else(|| command.value("Target")).cloned().unwrap_or_else(Value::nothing);
    if kind.starts_with("sym") || kind.starts_with("hard") || kind.starts_with("junction") {
        // What is done to a link is done to what it points at.
        look.read(&value);
        for written in Look::names(&value) {
            if let Target::File(target) = look.target(&written)
                && !matches!(look.class(&target), Class::Project | Class::Scratch | Class::Outside)
            {
                look.wrote_one(&written, "Makes another way to");
            }
        }
    }
    sets_item(look, &path, &value);
    if kind.starts_with("dir") {
        // Nothing in a new folder could be run.
        look.written.pop();
    }
    path
}

fn sets_item(look: &mut Look<'_>, path: &Value, value: &Value) {
    for written in Look::names(path) {
        match look.target(&written) {
            Target::Other(provider, name) if provider == "env" => {
                environment::set(look, &name, value);
                look.set(&format!("env:{}", name.to_lowercase()), value.clone());
            }
            Target::Other(provider, name) if provider == "alias" => {
                look.aliases.insert(name.to_lowercase(), value.shown());
            }
            Target::Other(provider, name) if provider == "variable" => look.set(&name.to_lowercase(), value.clone()),
            Target::Other(provider, name) if provider == "function" => match &value.kind {
                Kind::Block(block) => drop(look.functions.insert(name.to_lowercase(), block.clone())),
                _ => super::hidden(look, value, &written),
            },
            _ => writes(look, &Value::text(written), value),
        }
    }
}

fn properties(look: &mut Look<'_>, command: &WinCommand) {
    let [path, name, value] = command.slots([&["Path", "LiteralPath"], &["Name"], &["Value"]]);
    let path = path.unwrap_or_else(|| command.input.clone());
    let name = name.and_then(|name| name.known()).unwrap_or_default();
    for written in Look::names(&path) {
        match look.target(&written) {
            Target::Registry(key) if command.name.starts_with("Remove") => {
                registry::delete(look, &key, false, &command.text);
            }
            // The value's name can matter as much as the key.
            Target::Registry(key) => registry::write(look, &format!("{key}/{}", name.to_lowercase()), &command.text),
            Target::Unknown => {
                look.tell("unknown_target", Medium, "Changes something only known when it runs", &command.text);
            }
            _ => look.wrote_one(&written, "Changes"),
        }
    }
    if let Some(value) = value {
        super::scanner(look, &value.shown());
    }
}
