//! Cmdlets that fetch and send.

use clawbutler_core::grant::host_of;
use clawbutler_core::risk::RiskLevel::{High, Medium};

use crate::windows::WinCommand;
use crate::windows::look::Look;
use crate::windows::value::{Kind, Value};

pub(super) fn cmdlet(look: &mut Look<'_>, command: &WinCommand) -> Option<Value> {
    match command.name.as_str() {
        "Invoke-WebRequest" | "Invoke-RestMethod" => Some(request(look, command)),
        "Start-BitsTransfer" => {
            let [from, to] = command.slots([&["Source"], &["Destination"]]);
            let (from, to) = (from.unwrap_or_default(), to.unwrap_or_else(|| Value::text(".")));
            if command.lower("TransferType").is_some_and(|kind| kind.starts_with("upload")) {
                look.read(&from);
                upload(look, &command.text);
            }
            fetch(look, &from, &to);
            Some(Value::nothing())
        }
        "Test-NetConnection" | "Test-Connection" | "Resolve-DnsName" | "Get-NetIPAddress" => {
            let local = command.name == "Get-NetIPAddress"
                || command.args.iter().any(|arg| arg.known().is_some_and(|host| is_local(&host)))
                || command.lower("ComputerName").is_some_and(|host| is_local(&host));
            if !local {
                look.tell("network", Medium, "Asks another machine", &command.text);
            }
            Some(Value::unknown())
        }
        _ => None,
    }
}

fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

fn request(look: &mut Look<'_>, command: &WinCommand) -> Value {
    let [url] = command.slots([&["Uri"]]);
    let url = url.unwrap_or_else(|| command.input.clone());
    for text in Look::names(&url) {
        look.talks(&text);
    }
    if matches!(url.kind, Kind::Nothing) {
        look.talks("");
    }
    let method = command.value("Method").or_else(|| command.value("CustomMethod")).map(Value::shown);
    let reads = method.as_deref().is_none_or(is_reading);
    let sends = ["Body", "InFile", "Form"].iter().filter_map(|name| command.value(name)).count() > 0;
    let piped = !reads && !matches!(command.input.kind, Kind::Nothing);
    if let Some(file) = command.value("InFile") {
        look.read(file);
    }
    let stays = Look::names(&url).iter().all(|url| host_of(url).is_some_and(|host| is_local(&host)));
    if (!reads || sends || piped) && !stays {
        upload(look, &command.text);
    }
    if let Some(file) = command.value("OutFile") {
        look.wrote(file, "Writes to");
        for written in Look::names(file) {
            look.fetches_into(&written);
        }
        if !command.has("PassThru") {
            return Value::nothing();
        }
    }
    Value::download()
}

/// Whether a method of HTTP only asks.
pub(crate) fn is_reading(method: &str) -> bool {
    ["GET", "HEAD", "OPTIONS", "DEFAULT", "TRACE"].contains(&method.to_ascii_uppercase().as_str())
}

/// Says that data leaves.
pub(crate) fn upload(look: &mut Look<'_>, part: &str) {
    look.tell("upload", High, "Sends data over the network", part);
}

/// Downloads `from` into the file `to`.
pub(crate) fn fetch(look: &mut Look<'_>, from: &Value, to: &Value) {
    for url in Look::names(from) {
        look.talks(&url);
        let name = url.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default();
        for folder in Look::names(to) {
            look.fetches_into(&format!("{folder}/{name}"));
        }
    }
    look.wrote(to, "Writes to");
    for written in Look::names(to) {
        look.fetches_into(&written);
    }
}
