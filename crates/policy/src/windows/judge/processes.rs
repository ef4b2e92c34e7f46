//! Cmdlets that start and end programs, here and elsewhere.

use clawbutler_core::risk::RiskLevel::{Critical, High, Medium};

use super::{blocks, hidden, is_us, programs};
use crate::windows::WinCommand;
use crate::windows::look::Look;
use crate::windows::value::{HOLE, Kind, Value};

/// Programs without which Windows or the session does not go on.
const VITAL: &[&str] = &[
    "system", "csrss", "winlogon", "wininit", "services", "lsass", "smss", "svchost", "explorer", "dwm", "msmpeng",
    "securityhealthservice", "mssense", "systemd", "init", "launchd", "1", "4",
];

pub(super) fn cmdlet(look: &mut Look<'_>, command: &WinCommand) -> Option<Value> {
    Some(match command.name.as_str() {
        "Stop-Process" => {
            let [one] = command.slots([&["Id", "Name", "ProcessName", "InputObject"]]);
            let named = command.value("Name").or_else(|| command.value("ProcessName")).cloned();
            kills(look, &named.or(one).unwrap_or_else(|| command.input.clone()), &command.text);
            Value::nothing()
        }
        // Its name, so that ending it can be judged.
        "Get-Process" => {
            let [name] = command.slots([&["Name", "Id"]]);
            name.unwrap_or_else(|| Value::text("*"))
        }
        "Start-Process" => {
            starts(look, command);
            Value::unknown()
        }
        "Invoke-Item" => {
            let what = command.subject(&["Path", "LiteralPath"]);
            for written in Look::names(&what) {
                if written.contains("://") {
                    look.talks(&written);
                } else {
                    programs::opens(look, &written, &command.text);
                }
            }
            Value::nothing()
        }
        "Start-Job" | "Start-ThreadJob" => {
            blocks(look, command);
            if let Some(file) = command.value("FilePath") {
                programs::script(look, &file.shown());
            }
            Value::unknown()
        }
        "Invoke-Command" => {
            invokes(look, command);
            command.input.blurred()
        }
        "Invoke-WmiMethod" | "Invoke-CimMethod" => {
            wmi(look, command);
            Value::unknown()
        }
        _ => return None,
    })
}

/// Judges the ending of processes by name or number.
pub(crate) fn kills(look: &mut Look<'_>, what: &Value, part: &str) {
    let names = Look::names(what);
    if names.is_empty() {
        return look.tell("kills", Medium, "Ends a process", part);
    }
    for name in names {
        let lower = name.to_ascii_lowercase();
        let lower = lower.strip_suffix(".exe").unwrap_or(&lower);
        if is_us(lower) || "clawbutler-desktop".starts_with(lower.trim_end_matches('*')) && lower.len() > 3 {
            look.own("Stops ClawButler", part);
        } else if lower.trim_end_matches('*').is_empty() {
            look.tell("kills", High, "Ends every process it may", part);
        } else if lower.contains(['*', '?']) {
            look.tell("kills", High, format!("Ends every process that fits {name}"), part);
        } else if VITAL.contains(&lower) {
            look.tell("kills", High, format!("Ends {name}, without which Windows does not go on"), part);
        } else {
            look.tell("kills", Medium, "Ends a process", part);
        }
    }
}

fn starts(look: &mut Look<'_>, command: &WinCommand) {
    let [program, rest] = command.slots([&["FilePath"], &["ArgumentList", "Args"]]);
    let program = program.unwrap_or_else(|| command.input.clone());
    if command.lower("Verb").is_some_and(|verb| verb.starts_with("runas"))
        || command.value("Verb").is_some_and(|verb| verb.known().is_none())
    {
        look.tell("privileged", High, "Acts as administrator", &command.text);
    }
    if command.value("Credential").is_some() {
        look.tell("privileged", High, "Acts as another user", &command.text);
    }
    for name in ["RedirectStandardOutput", "RedirectStandardError"] {
        if let Some(file) = command.value(name) {
            look.wrote(file, "Writes to");
        }
    }
    let args: Vec<Value> = rest.iter().flat_map(arguments).collect();
    let place = command.value("WorkingDirectory").cloned();
    let outer = look.cwd.clone();
    if let Some(place) = place {
        super::environment::go(look, &place);
    }
    look.by("Start-Process", |look| {
        if program.shown().contains("://") {
            look.talks(&program.shown());
        } else {
            programs::program(look, &program, &args, &Value::nothing(), &command.text);
        }
    });
    look.cwd = outer;
}

/// Arguments as a new process gets them: joined by spaces and taken apart again.
fn arguments(value: &Value) -> Vec<Value> {
    match &value.kind {
        Kind::List(items) => items.iter().flat_map(arguments).collect(),
        _ => {
            let from = value.origin();
            programs::split(&value.shown()).into_iter().map(|word| Value::text(word).and_from(from)).collect()
        }
    }
}

fn invokes(look: &mut Look<'_>, command: &WinCommand) {
    let there = ["ComputerName", "HostName", "Session", "VMName", "VMId", "ContainerId", "ConnectionUri"];
    if there.iter().any(|name| command.value(name).is_some()) {
        look.tell("remote", High, "Works on another machine", &command.text);
    }
    if let Some(file) = command.value("FilePath") {
        programs::script(look, &file.shown());
    }
    let [block] = command.slots([&["ScriptBlock"]]);
    let args = command.value("ArgumentList").or_else(|| command.value("Args")).map(Value::items).unwrap_or_default();
    match block.map(|block| (block.kind.clone(), block)) {
        Some((Kind::Block(block), _)) => {
            look.by("Invoke-Command", |look| look.block(&block, Some(command.input.clone()), args, true));
        }
        Some((_, other)) if command.value("FilePath").is_none() => hidden(look, &other, &command.text),
        _ => {}
    }
}

fn wmi(look: &mut Look<'_>, command: &WinCommand) {
    if command.value("ComputerName").is_some() || command.value("CimSession").is_some() {
        look.tell("remote", High, "Works on another machine", &command.text);
    }
    let [class, method] = command.slots([&["Class", "ClassName"], &["Name", "MethodName"]]);
    let class = class.map(|class| class.shown().to_ascii_lowercase()).unwrap_or_default();
    let method = method.map(|method| method.shown().to_ascii_lowercase()).unwrap_or_default();
    let given = command.value("ArgumentList").or_else(|| command.value("Arguments"));
    if class.contains("win32_process") && method.contains("create") {
        let line = given.map(|value| match &value.kind {
            Kind::Map(items) => items.first().map(|(_, line)| line.shown()).unwrap_or_default(),
            _ => value.items().first().map(Value::shown).unwrap_or_default(),
        });
        let line = line.unwrap_or_else(|| HOLE.to_string());
        look.by("Win32_Process", |look| programs::line(look, &line, &command.text));
    } else if command.value("CimSession").is_none() && class.contains("shadowcopy") {
        look.tell("recursive_delete", Critical, "Deletes the backups of the machine", &command.text);
    } else {
        look.tell("machine", High, "Changes the machine through its management interface", &command.text);
    }
}
