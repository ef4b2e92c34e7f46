//! Texts and blocks that run: expressions, jobs, modules, types, objects.

use clawbutler_core::risk::RiskLevel::{Critical, High, Medium};

use super::{blocks, hidden, programs};
use crate::windows::WinCommand;
use crate::windows::look::Look;
use crate::windows::value::{Files, HOLE, Kind, Value};

/// Elements a block is run with one by one.
const MOST_EACH: usize = 64;

/// In a type or an object: reaches files to delete, other programs, memory or the network.
const REACHES: &[&str] = &[
    "dllimport", "process.start", "processstartinfo", "file.", "directory.", "webclient", "httpclient", "socket",
    "tcpclient", "registry", "assembly.", "marshal", "virtualalloc", "unsafe", "eval", "system.net", "system.io",
    "registrykey", "activator", "wscript", "environment.exit", "diagnostics",
];

pub(super) fn cmdlet(look: &mut Look<'_>, command: &WinCommand) -> Option<Value> {
    Some(match command.name.as_str() {
        "Invoke-Expression" => {
            let text = command.subject(&["Command"]);
            runs(look, &text, &command.text)
        }
        "ForEach-Object" => each(look, command),
        "Where-Object" => {
            blocks(look, command);
            narrowed(command)
        }
        "Select-Object" | "Sort-Object" | "Get-Unique" => {
            blocks(look, command);
            // `[0]` of something known stays known; a part of a text does not.
            command.input.clone()
        }
        "Add-Type" => {
            adds_type(look, command);
            Value::nothing()
        }
        "New-Object" => new_object(look, command),
        "Import-Module" => {
            let [name] = command.slots([&["Name", "Assembly"]]);
            for name in name.iter().flat_map(Look::names) {
                let file = name.contains(['/', '\\', HOLE]) || name.contains(".psm1") || name.contains(".dll");
                if file {
                    programs::script(look, &name);
                }
            }
            Value::nothing()
        }
        "Invoke-History" => {
            look.tell("hidden_program", High, "Runs a command again that is not shown here", &command.text);
            Value::unknown()
        }
        _ => return None,
    })
}

/// Runs a value as PowerShell.
pub(crate) fn runs(look: &mut Look<'_>, text: &Value, part: &str) -> Value {
    let from = text.origin();
    match &text.kind {
        Kind::Nothing => return Value::nothing(),
        Kind::Block(block) => return look.by("Invoke-Expression", |look| look.block(block, None, Vec::new(), false)),
        _ => {}
    }
    if let Some(known) = text.known() {
        if from.download || from.decoded {
            hidden(look, text, part);
        }
        return look.by("Invoke-Expression", |look| look.powershell(&known));
    }
    hidden(look, text, part);
    let shown = text.shown();
    if shown.len() > 1 && !shown.starts_with(HOLE) {
        // What is known of it is looked at all the same.
        let filled = shown.replace(HOLE, "$__unknown");
        look.by("Invoke-Expression", |look| look.powershell(&filled));
    }
    Value::unknown().and_from(from)
}

fn each(look: &mut Look<'_>, command: &WinCommand) -> Value {
    let named =
        ["Begin", "Process", "Parallel", "End", "RemainingScripts"].iter().filter_map(|name| command.value(name));
    let found: Vec<Value> = named.chain(&command.args).flat_map(Value::items).collect();
    let member = command.value("MemberName").or_else(|| command.args.first()).and_then(Value::known);
    let items = command.input.items();
    let known = items.len() <= MOST_EACH && items.iter().all(|item| item.known().is_some());
    let mut out = Vec::new();
    for value in &found {
        let Kind::Block(block) = &value.kind else {
            if !matches!(value.kind, Kind::Text(_) | Kind::Number(_)) {
                hidden(look, value, &command.text);
            }
            continue;
        };
        let items = if known && !items.is_empty() { items.clone() } else { vec![command.input.clone()] };
        // Without known elements the block runs any number of times.
        let changing = if known { Vec::new() } else { crate::windows::powershell::assigned(&block.text) };
        look.forget(&changing);
        for item in items {
            out.push(look.by("ForEach-Object", |look| look.block(block, Some(item), Vec::new(), false)));
        }
        look.forget(&changing);
    }
    if let (true, Some(member)) = (out.is_empty(), member) {
        let rest: Vec<Value> = command.args.iter().skip(1).cloned().collect();
        let mut out = look.member(&command.input, &member);
        if !rest.is_empty() || is_method(&member) {
            out = look.call(&command.input, &member, &rest, &command.text);
        }
        return out;
    }
    Value::of(out).and_from(command.input.origin())
}

/// What a condition leaves of a listing: files of certain names where it says so.
fn narrowed(command: &WinCommand) -> Value {
    let Kind::Files(files) = &command.input.kind else { return command.input.clone() };
    let mut names = command.args.iter().chain(command.value("FilterScript")).find_map(|arg| match &arg.kind {
        Kind::Block(block) => crate::windows::powershell::names_left(&block.script),
        _ => None,
    });
    let property = command.value("Property").or_else(|| command.args.first()).and_then(Value::known);
    let compares = ["EQ", "In", "Like"].iter().any(|operator| command.has(operator));
    if property.is_some_and(|property| property.eq_ignore_ascii_case("name")) && compares {
        // The switch may have taken the value for itself or left it as an argument.
        let value = command.value("Value").or_else(|| command.args.get(1));
        names = value.map(Look::names).filter(|names| !names.iter().any(|name| name.contains(HOLE)));
    }
    let names = names.filter(|names| !names.is_empty());
    let some = names.is_none();
    let files =
        Files { some: files.some || some, names: names.unwrap_or_else(|| files.names.clone()), ..(**files).clone() };
    Kind::Files(files.into()).into()
}

fn is_method(name: &str) -> bool {
    ["delete", "kill", "invoke", "create", "stop", "close", "moveto", "copyto"].contains(&name.to_lowercase().as_str())
}

fn adds_type(look: &mut Look<'_>, command: &WinCommand) {
    if command.value("AssemblyName").is_some() {
        return;
    }
    if let Some(file) = command.value("Path").or_else(|| command.value("LiteralPath")) {
        look.tell("loads_code", High, "Loads a library into the session", &command.text);
        look.read(file);
        return;
    }
    let [text] = command.slots([&["TypeDefinition", "MemberDefinition"]]);
    let text = text.unwrap_or_else(|| command.input.clone());
    let Some(source) = text.known() else {
        return hidden(look, &text, &command.text);
    };
    let lower = source.to_lowercase().replace(char::is_whitespace, "");
    super::scanner(look, &source);
    match REACHES.iter().find(|word| lower.contains(*word)) {
        Some(word) => {
            let says = format!("Compiles code that reaches files, programs, memory or the network ({word})");
            look.tell("inline_code_reach", High, says, &command.text);
        }
        None => look.tell("inline_code", Medium, "Compiles code given on the line", &command.text),
    }
}

fn new_object(look: &mut Look<'_>, command: &WinCommand) -> Value {
    if let Some(name) = command.value("ComObject") {
        return com(look, &name.shown().to_lowercase(), &command.text);
    }
    let [name, args] = command.slots([&["TypeName"], &["ArgumentList", "Args"]]);
    let name = name.map(|name| name.shown().to_lowercase()).unwrap_or_default();
    let name = name.strip_prefix("system.").unwrap_or(&name).to_owned();
    let mut given: Vec<Value> = args.iter().flat_map(Value::items).collect();
    given.extend(command.args.iter().skip(2).flat_map(Value::items));
    if name.contains(HOLE) {
        look.tell("inline_code_reach", High, "Makes an object of a type only known when it runs", &command.text);
    }
    look.made(&name, &given, &command.text)
}

/// An object of another program.
pub(crate) fn com(look: &mut Look<'_>, name: &str, part: &str) -> Value {
    let base = name.split('.').next().unwrap_or_default();
    match base {
        "excel" | "word" | "powerpoint" | "scripting" if name != "scripting.filesystemobject" => {
            look.tell("inline_code", Medium, "Drives another program", part);
        }
        "wscript" | "shell" | "mmc20" | "htmlfile" | "scripting" | "outlook" | "internetexplorer" | "schedule"
        | "microsoft" | "msxml2" | "winhttp" | "adodb" => {
            let says = format!("Uses {name}, which reaches programs, files or the network");
            look.tell("inline_code_reach", High, says, part);
        }
        _ => look.tell("inline_code_reach", High, "Uses another program's object", part),
    }
    Value::object(&format!("com:{name}"))
}

/// Code loaded from bytes or a file.
pub(crate) fn loads(look: &mut Look<'_>, value: &Value, part: &str) {
    let from = value.origin();
    if from.download {
        look.tell("runs_download", Critical, "Loads a downloaded library into the session", part);
    } else if from.decoded || matches!(value.kind, Kind::Bytes(_)) {
        look.tell("runs_hidden", Critical, "Loads a library that was encoded to hide it", part);
    } else {
        look.tell("inline_code_reach", High, "Loads a library into the session", part);
    }
}
