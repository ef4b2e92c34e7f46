//! Variables, aliases and the folder that commands start in.

use std::rc::Rc;

use clawbutler_core::risk::RiskLevel::{High, Medium};

use crate::windows::WinCommand;
use crate::windows::look::{Look, Target};
use crate::windows::value::{Files, HOLE, Kind, Value};

/// Code that is loaded into whatever starts next.
const LOADED: &[&str] = &[
    "cor_profiler", "cor_enable_profiling", "coreclr_profiler", "coreclr_enable_profiling", "dotnet_startup_hooks",
    "perl5opt", "rubyopt", "pythonstartup", "java_tool_options", "_java_options", "git_config_count",
    "git_config_global", "bash_env", "ld_preload", "dyld_insert_libraries", "complus_version", "__psmodulecache",
];
/// A command that another program starts.
const COMMANDS: &[&str] = &[
    "git_ssh_command", "git_ssh", "git_external_diff", "git_editor", "git_sequence_editor", "git_pager", "git_askpass",
    "ssh_askpass", "editor", "visual", "pager", "browser", "comspec", "shell",
];
/// Where programs are looked for.
const SEARCHED: &[&str] = &[
    "path", "pathext", "psmodulepath", "pythonpath", "node_path", "perl5lib", "rubylib", "home", "userprofile",
    "systemroot", "windir",
];
/// Where an agent keeps the settings that carry its guard.
const AGENT_HOMES: &[&str] =
    &["claude_config_dir", "codex_home", "hermes_home", "openclaw_home", "openclaw_state_dir", "clawbutler_home"];

/// Looks at an environment variable that is set.
pub(crate) fn set(look: &mut Look<'_>, name: &str, value: &Value) {
    let lower = name.to_ascii_lowercase();
    let text = value.shown().to_ascii_lowercase();
    let node = lower == "node_options" && ["require", "import", "loader", "\0"].iter().any(|word| text.contains(word));
    if LOADED.contains(&lower.as_str()) || node {
        look.tell("loads_code", High, format!("Sets {name}, which loads code into other programs"), name);
    } else if AGENT_HOMES.contains(&lower.as_str()) {
        let says = format!("Sets {name}: an agent would run with other settings, where its guard may be missing");
        look.tell("agent_unguarded", High, says, name);
    } else if COMMANDS.contains(&lower.as_str()) {
        look.tell("search_path", Medium, format!("Sets {name}, a command that other programs start"), name);
    } else if SEARCHED.contains(&lower.as_str()) {
        let says = format!("Changes {name}, by which other programs are found or started");
        look.tell("search_path", Medium, says, name);
    }
}

/// Looks at an environment variable that is read: some hold secrets by their names.
pub(crate) fn asked(look: &mut Look<'_>, name: &str) {
    const SECRET: &[&str] = &["key", "token", "secret", "passw", "credential"];
    let lower = name.to_ascii_lowercase();
    if SECRET.iter().any(|word| lower.contains(word)) {
        look.tell("environment", Medium, format!("Reads {name}, which may be a secret"), name);
    }
}

/// A value of the environment as far as it can be told from where home is.
pub(crate) fn known(look: &Look<'_>, name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    if look.unix() {
        return match lower.as_str() {
            "home" => Some(look.around.home.clone()),
            "user" => Some(look.around.home.rsplit('/').next().unwrap_or_default().to_owned()),
            "tmpdir" | "temp" | "tmp" => Some("/tmp".to_owned()),
            _ => None,
        };
    }
    let home = look.around.home.trim_start_matches('/').replace('/', "\\");
    let fixed = match lower.as_str() {
        "userprofile" | "home" => home,
        "homedrive" => home.get(..2)?.to_owned(),
        "homepath" => home.get(2..)?.to_owned(),
        "username" => home.rsplit('\\').next()?.to_owned(),
        "appdata" => home + r"\AppData\Roaming",
        "localappdata" => home + r"\AppData\Local",
        "temp" | "tmp" => home + r"\AppData\Local\Temp",
        "onedrive" => home + r"\OneDrive",
        "systemroot" | "windir" => r"C:\Windows".to_owned(),
        "systemdrive" => "C:".to_owned(),
        "programfiles" | "programw6432" => r"C:\Program Files".to_owned(),
        "programfiles(x86)" => r"C:\Program Files (x86)".to_owned(),
        "programdata" | "allusersprofile" => r"C:\ProgramData".to_owned(),
        "public" => r"C:\Users\Public".to_owned(),
        "comspec" => r"C:\Windows\system32\cmd.exe".to_owned(),
        "cd" => look.cwd.as_deref()?.trim_start_matches('/').replace('/', "\\"),
        _ => return None,
    };
    Some(fixed)
}

/// Goes to a folder.
pub(crate) fn go(look: &mut Look<'_>, value: &Value) {
    let names = Look::names(value);
    let Some(written) = names.first() else { return };
    let target = if written == "-" || written == "+" { Target::Unknown } else { look.target(written) };
    look.cwd = match target {
        Target::File(path) => Some(path),
        _ => None,
    };
}

pub(super) fn cmdlet(look: &mut Look<'_>, command: &WinCommand) -> Option<Value> {
    let input = command.input.clone();
    Some(match command.name.as_str() {
        "Set-Location" | "Push-Location" => {
            let [place] = command.slots([&["Path", "LiteralPath"]]);
            if let Some(place) = place {
                go(look, &place);
            }
            Value::nothing()
        }
        "Pop-Location" => {
            look.cwd = None;
            Value::nothing()
        }
        "Get-Location" => look.cwd.as_deref().map_or_else(Value::unknown, |cwd| Value::text(native_form(cwd))),
        "Set-Variable" | "New-Variable" => {
            let [name, value] = command.slots([&["Name"], &["Value"]]);
            let name = name.and_then(|name| name.known()).unwrap_or_default().to_lowercase();
            look.set(&name, value.unwrap_or(input));
            Value::nothing()
        }
        "Get-Variable" => {
            let [name] = command.slots([&["Name"]]);
            let name = name.and_then(|name| name.known()).unwrap_or_default().to_lowercase();
            look.vars.get(&name).cloned().unwrap_or_default()
        }
        "Remove-Variable" | "Clear-Variable" => {
            let [name] = command.slots([&["Name"]]);
            for name in name.iter().flat_map(Look::names) {
                look.vars.remove(&name.to_lowercase());
            }
            Value::nothing()
        }
        "Set-Alias" | "New-Alias" => {
            let [name, value] = command.slots([&["Name"], &["Value"]]);
            let name = name.and_then(|name| name.known());
            let value = value.map(|value| value.shown());
            match (name, value) {
                (Some(name), Some(value)) if !value.contains(HOLE) => {
                    look.aliases.insert(name.to_lowercase(), value);
                }
                _ => look.tell("hidden_program", High, "Gives a name to a command only known later", &command.text),
            }
            Value::nothing()
        }
        // The name of a command is as good as the command.
        "Get-Command" | "Get-Alias" => {
            let [name] = command.slots([&["Name"]]);
            name.filter(|name| name.known().is_some_and(|name| !name.contains(['*', '?', '[']))).unwrap_or_default()
        }
        "Get-Item" | "Get-ChildItem" => listed(look, command),
        "Join-Path" => {
            let [first, second] = command.slots([&["Path"], &["ChildPath"]]);
            let first = first.map(|value| value.shown()).unwrap_or_default();
            let second = second.map(|value| value.shown()).unwrap_or_default();
            let separator = if look.unix() { '/' } else { '\\' };
            let first = first.trim_end_matches(['/', '\\']);
            Value::text(format!("{first}{separator}{}", second.trim_start_matches(['/', '\\'])))
        }
        "Resolve-Path" | "Convert-Path" => command.subject(&["Path", "LiteralPath"]),
        "Split-Path" => {
            let path = command.subject(&["Path", "LiteralPath"]).shown();
            let (parent, leaf) = path.rsplit_once(['/', '\\']).unwrap_or(("", path.as_str()));
            if command.has("Leaf") { Value::text(leaf) } else { Value::text(parent) }
        }
        "Write-Output" | "Write-Host" => {
            let value = command.subject(&["InputObject", "Object"]);
            // A list prints as its elements.
            if command.args.len() > 1 { Value::of(command.args.clone()) } else { value }
        }
        "Get-Date" | "Get-Random" | "New-Guid" | "Get-Host" | "Read-Host" => Value::unknown(),
        "New-TemporaryFile" => known(look, "temp").map_or_else(Value::unknown, |temp| Value::text(temp + r"\tmp.tmp")),
        _ => return None,
    })
}

/// A path as the session writes it.
pub(crate) fn native_form(path: &str) -> String {
    crate::windows::places::shown(path)
}

/// What a listing gives, for what is done with it.
fn listed(look: &mut Look<'_>, command: &WinCommand) -> Value {
    let [place, filter] = command.slots([&["Path", "LiteralPath"], &["Filter"]]);
    let place = place.unwrap_or_else(|| {
        if matches!(command.input.kind, Kind::Nothing) { Value::text(".") } else { command.input.clone() }
    });
    if command.name == "Get-Item" {
        look.read(&place);
        return place;
    }
    for written in Look::names(&place) {
        if let Target::Other(provider, _) = look.target(&written)
            && provider == "env"
        {
            look.shows_environment(&command.text);
        }
    }
    let mut names: Vec<String> = filter.iter().flat_map(Look::names).collect();
    names.extend(command.value("Include").iter().flat_map(|value| Look::names(value)));
    let deep = command.has("Recurse") || command.has("Depth");
    let mut places = Look::names(&place);
    let from = place.origin();
    let listing = |place: String| Kind::Files(Rc::new(Files { place, names: names.clone(), deep, some: false })).into();
    places.truncate(50);
    Value::of(places.into_iter().map(listing).collect()).and_from(from)
}
