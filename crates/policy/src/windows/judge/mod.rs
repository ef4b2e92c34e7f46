//! What one command of Windows would do: cmdlets here, programs in [`programs`].

mod cmdlets;
pub(crate) mod code;
pub(crate) mod delete;
pub(crate) mod environment;
pub(crate) mod files;
pub(crate) mod network;
pub(crate) mod processes;
pub(crate) mod programs;
pub(crate) mod registry;
mod tools;
mod tools_rows;

use clawbutler_core::risk::RiskLevel::{High, Medium};

use super::WinCommand;
use super::look::Look;
use super::value::{Kind, Value};

/// Judges a cmdlet; what it gives to the next one.
pub(crate) fn cmdlet(look: &mut Look<'_>, command: &WinCommand) -> Value {
    note(look, command);
    if command.opaque {
        look.tell("hidden_program", High, "Takes parameters that are only known when it runs", &command.text);
    }
    if command.has("WhatIf") && command.name != "ForEach-Object" {
        return Value::unknown();
    }
    if let Some(value) = files::cmdlet(look, command)
        .or_else(|| network::cmdlet(look, command))
        .or_else(|| processes::cmdlet(look, command))
        .or_else(|| code::cmdlet(look, command))
        .or_else(|| environment::cmdlet(look, command))
    {
        return value;
    }
    blocks(look, command);
    cmdlets::rows(look, command);
    command.input.blurred()
}

/// Notes the command as a part.
fn note(look: &mut Look<'_>, command: &WinCommand) {
    let mut args = Vec::new();
    for (name, value) in &command.params {
        args.push(format!("-{name}"));
        args.extend(value.iter().map(Value::shown));
    }
    args.extend(command.args.iter().map(Value::shown));
    look.note(&command.name, args.into_iter());
}

/// Looks at every block among the arguments: whatever the command is, it may run them.
pub(crate) fn blocks(look: &mut Look<'_>, command: &WinCommand) {
    let named = command.params.iter().filter_map(|(_, value)| value.as_ref());
    let found: Vec<Value> = named.chain(&command.args).flat_map(Value::items).collect();
    for value in found {
        if let Kind::Block(block) = &value.kind {
            look.by(&command.name, |look| look.block(block, Some(command.input.blurred()), Vec::new(), true));
        }
    }
}

/// Words that no program of its own should write: the scanner that looks at scripts.
pub(crate) fn scanner(look: &mut Look<'_>, text: &str) {
    let lower = text.to_ascii_lowercase();
    if lower.contains("amsi") || lower.contains("etweventwrite") {
        look.tell("machine", High, "Reaches into the scanner that looks at scripts", text);
    }
}

/// Something only the user should do to ClawButler.
pub(crate) fn is_us(text: &str) -> bool {
    text.to_ascii_lowercase().contains("clawbutler")
}

/// Says that a value runs although it is only known when it runs.
pub(crate) fn hidden(look: &mut Look<'_>, value: &Value, part: &str) {
    use clawbutler_core::risk::RiskLevel::Critical;
    let from = value.origin();
    if from.download {
        look.tell("runs_download", Critical, "Runs whatever a download contains", part);
    } else if from.decoded {
        look.tell("runs_hidden", Critical, "Runs a text that was encoded to hide it", part);
    } else {
        look.tell("hidden_program", High, "Runs a text that is only known when it runs", part);
    }
}

/// Says that a program outside the tables runs.
pub(crate) fn unknown(look: &mut Look<'_>, name: &str) {
    look.tell("unknown_program", Medium, format!("Runs {name}, which ClawButler does not know"), name);
}
