//! Programs that come with Windows: those that need more than a row.

use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};

use super::network::{fetch, upload};
use super::programs::{line, runs_made, script};
use super::tools_rows::{CALM, ROWS};
use super::{environment, processes, registry};
use crate::looked::Class;
use crate::paths;
use crate::windows::look::{Look, Target};
use crate::windows::value::{HOLE, Kind, Origin, Value};

/// Judges a program of Windows; `None` when it is none.
pub(super) fn tool(look: &mut Look<'_>, name: &str, texts: &[String], part: &str) -> Option<Value> {
    let named = [
        "reg", "net", "net1", "taskkill", "tskill", "wmic", "certutil", "bitsadmin", "setx", "runas", "sudo", "gsudo",
        "forfiles", "wscript", "cscript", "robocopy", "xcopy", "pcalua", "conhost", "start", "mklink", "schtasks",
        "sqlcmd", "osql",
    ];
    let row = ROWS.iter().any(|row| row.0 == name);
    if !row && !CALM.contains(&name) && !named.contains(&name) {
        return None;
    }
    if matches!(name, "find" | "sort" | "sudo") && look.unix() || name == "convert" && texts.len() > 2 {
        return None;
    }
    if matches!(name, "sqlcmd" | "osql") {
        return None;
    }
    look.note(name, texts.iter().cloned());
    let lower: Vec<String> = texts.iter().map(|text| text.to_ascii_lowercase()).collect();
    if CALM.contains(&name) {
        reads(look, name, texts);
    }
    let special = special(look, name, texts, &lower, part);
    if special.is_none()
        && let Some(row) = ROWS.iter().find(|row| row.0 == name && fits(row.1, &lower))
        && row.2 > Low
    {
        look.tell(row.3, row.2, row.4, part);
    }
    for text in &lower {
        runs_given(look, name, text, part);
    }
    Some(special.unwrap_or_default())
}

/// Whether one of the words is among the arguments.
fn fits(words: &[&str], lower: &[String]) -> bool {
    words.is_empty()
        || words.iter().any(|word| {
            lower.iter().any(|text| {
                let text = text.strip_prefix('-').map_or_else(|| text.clone(), |rest| format!("/{rest}"));
                let word = word.strip_prefix('-').map_or_else(|| (*word).to_owned(), |rest| format!("/{rest}"));
                if word.contains('*') { paths::glob(&word, &text) } else { text == word }
            })
        })
}

/// Files that a program loads or runs and that the same text made.
fn runs_given(look: &mut Look<'_>, name: &str, text: &str, part: &str) {
    if matches!(name, "msiexec" | "regsvr32" | "rundll32" | "mshta" | "installutil" | "regasm" | "msbuild" | "cmstp") {
        let file = text.split(',').next().unwrap_or(text);
        runs_made(look, file, part);
    }
}

fn reads(look: &mut Look<'_>, name: &str, texts: &[String]) {
    if matches!(name, "findstr" | "find" | "more" | "sort" | "fc" | "comp" | "notepad" | "print") {
        let skip = usize::from(matches!(name, "findstr" | "find"));
        let names = texts.iter().filter(|text| !text.starts_with('/'));
        for text in names.skip(skip).cloned().collect::<Vec<_>>() {
            look.read_one(&text);
        }
    }
    if name == "nslookup" {
        look.tell("network", Medium, "Asks another machine", "");
    }
}

fn special(look: &mut Look<'_>, name: &str, texts: &[String], lower: &[String], part: &str) -> Option<Value> {
    match name {
        "reg" => reg(look, texts, lower, part),
        "net" | "net1" => net(look, lower, part),
        "taskkill" | "tskill" => ends(look, name, lower, part),
        "wmic" => wmic(look, texts, lower, part),
        "certutil" => return Some(certutil(look, texts, lower, part)),
        "bitsadmin" => return bitsadmin(look, texts, lower, part),
        "setx" => setx(look, texts, lower, part),
        "runas" | "sudo" | "gsudo" => {
            look.tell("privileged", High, "Acts as another user or as administrator", part);
            let rest = if name == "runas" {
                texts.last().cloned().unwrap_or_default()
            } else {
                texts.iter().skip_while(|text| text.starts_with('-')).cloned().collect::<Vec<_>>().join(" ")
            };
            look.by(name, |look| line(look, &rest, part));
        }
        "forfiles" => {
            if let Some(at) = lower.iter().position(|text| text == "/c") {
                let text = texts.get(at + 1).cloned().unwrap_or_default();
                // `@path` and the like are files that are only found when it runs.
                let text = ["@path", "@file", "@fname", "@relpath"]
                    .iter()
                    .fold(text, |text, word| text.replace(word, &HOLE.to_string()));
                look.by("forfiles", |look| look.command_text(&text));
            }
        }
        "wscript" | "cscript" => match texts.iter().find(|text| !text.starts_with("//")) {
            Some(file) => script(look, file),
            None => look.tell("runs_script", Medium, "Runs a script", part),
        },
        "pcalua" | "conhost" => {
            let skip = usize::from(lower.first().is_some_and(|text| text.starts_with('-')));
            let rest = texts.iter().skip(skip).cloned().collect::<Vec<_>>().join(" ");
            look.by(name, |look| line(look, &rest, part));
        }
        "robocopy" | "xcopy" => copies(look, name, texts, lower, part),
        "schtasks" if fits(&["/create", "/change"], lower) => {
            look.tell("schedule", High, "Changes what runs later by itself", part);
            if let Some(at) = lower.iter().position(|text| text == "/tr") {
                let text = texts.get(at + 1).cloned().unwrap_or_default();
                look.by("schtasks", |look| line(look, &text, part));
            }
        }
        "mklink" => links(look, texts),
        _ => return None,
    }
    Some(Value::unknown())
}

fn reg(look: &mut Look<'_>, texts: &[String], lower: &[String], part: &str) {
    let key = texts.get(1).map(|key| look.target(key));
    let value =
        lower.iter().position(|text| text == "/v").and_then(|at| lower.get(at + 1)).cloned().unwrap_or_default();
    match (lower.first().map(String::as_str), key) {
        (Some("query" | "compare") | None, _) => {
            if let Some(key) = texts.get(1) {
                look.read_one(key);
            }
        }
        (Some("add" | "copy" | "load" | "unload" | "restore"), Some(Target::Registry(key))) => {
            registry::write(look, &format!("{key}/{value}"), part);
        }
        (Some("delete"), Some(Target::Registry(key))) => {
            registry::delete(look, &key, value.is_empty(), part);
        }
        (Some("save" | "export"), Some(Target::Registry(key))) => {
            if ["hklm/sam", "hklm/security", "hklm/system"].iter().any(|hive| key.starts_with(hive)) {
                look.tell("secret_read", High, "Copies passwords out of the registry", part);
            }
            if let Some(file) = texts.get(2) {
                look.wrote_one(file, "Writes to");
            }
        }
        (Some("import"), _) => {
            if let Some(file) = texts.get(1) {
                runs_made(look, file, part);
            }
            look.tell("machine", High, "Changes the registry by a file", part);
        }
        _ => look.tell("machine", High, "Changes the registry", part),
    }
}

fn net(look: &mut Look<'_>, lower: &[String], part: &str) {
    let rest = lower.get(1..).unwrap_or_default();
    let changes = rest.iter().any(|text| {
        ["/add", "/delete", "/del", "/active", "/domain", "/expires", "/times", "/minpwlen", "/forcelogoff"]
            .iter()
            .any(|word| text.starts_with(word))
    });
    match lower.first().map_or("", String::as_str) {
        "user" | "localgroup" | "group" | "accounts" | "computer" if changes || rest.len() > 1 => {
            look.tell("machine", High, "Changes users and groups", part);
        }
        "stop" | "start" | "pause" | "continue" if !rest.is_empty() => {
            look.tell("machine", High, "Starts or stops services", part);
        }
        "share" if !rest.is_empty() => look.tell("machine", High, "Shares a folder with other machines", part),
        "session" | "file" if changes => look.tell("machine", High, "Ends connections of others", part),
        "use" if !rest.is_empty() => look.tell("remote", High, "Connects to another machine", part),
        "send" => look.tell("upload", High, "Sends a message", part),
        "view" | "time" => look.tell("network", Medium, "Asks other machines", part),
        _ => {}
    }
}

fn ends(look: &mut Look<'_>, name: &str, lower: &[String], part: &str) {
    let mut any = false;
    for (option, value) in lower.iter().zip(lower.iter().skip(1)) {
        if matches!(option.as_str(), "/im" | "/pid" | "-im" | "-pid") {
            any = true;
            processes::kills(look, &Value::text(value.as_str()), part);
        }
        if matches!(option.as_str(), "/fi" | "-fi") {
            any = true;
            let named = ["imagename eq ", "pid eq "].iter().find_map(|start| value.strip_prefix(start));
            let others = if super::is_us(value) { "clawbutler" } else { "*" };
            processes::kills(look, &Value::text(named.unwrap_or(others)), part);
        }
        if matches!(option.as_str(), "/s" | "-s") {
            look.tell("remote", High, "Ends processes of another machine", part);
        }
    }
    if !any && name == "tskill" {
        processes::kills(look, &Value::text(lower.first().map_or("", String::as_str)), part);
    } else if !any {
        look.tell("kills", Medium, "Ends a process", part);
    }
}

fn wmic(look: &mut Look<'_>, texts: &[String], lower: &[String], part: &str) {
    let has = |word: &str| lower.iter().any(|text| text == word);
    if lower.iter().any(|text| text.starts_with("/node:")) {
        look.tell("remote", High, "Works on another machine", part);
    }
    if lower.iter().any(|text| text.starts_with("/format:") && text.contains("://")) {
        look.tell("runs_download", Critical, "Runs a style sheet of another machine", part);
    }
    if has("process") && has("call") && has("create") {
        let at = lower.iter().position(|text| text == "create").unwrap_or_default();
        let text = texts.get(at + 1..).unwrap_or_default().join(" ");
        let text = text.trim_matches(['"', '\'']).to_owned();
        look.by("wmic", |look| line(look, &text, part));
    } else if has("shadowcopy") && has("delete") {
        look.tell("recursive_delete", Critical, "Deletes the backups of the machine", part);
    } else if has("process") && (has("delete") || has("terminate")) {
        look.tell("kills", High, "Ends every process that fits", part);
    } else if ["call", "delete", "set", "create"].iter().any(|word| has(word)) {
        look.tell("machine", High, "Changes the machine through its management interface", part);
    }
}

fn certutil(look: &mut Look<'_>, texts: &[String], lower: &[String], part: &str) -> Value {
    let has = |words: &[&str]| fits(words, lower);
    let names: Vec<&String> = texts.iter().filter(|text| !text.starts_with(['-', '/'])).collect();
    if has(&["/urlcache", "/verifyctl", "/url"]) || texts.iter().any(|text| text.contains("://")) {
        let url = names.iter().find(|text| text.contains("://")).map_or("", |url| url.as_str());
        let to = names
            .iter()
            .rfind(|text| !text.contains("://"))
            .map_or_else(|| url.rsplit('/').next().unwrap_or_default().to_owned(), |to| (*to).clone());
        fetch(look, &Value::text(url), &Value::text(to));
        look.tell("downloads_oddly", High, "Downloads with a tool that is not meant for it", part);
    } else if has(&["/decode", "/decodehex"]) {
        if let [.., to] = names.as_slice() {
            look.wrote_one(to, "Writes to");
            look.fetches_into(to);
        }
    } else if has(&["/hashfile", "/dump", "/?", "/viewstore", "/store"]) {
    } else if has(&["/encode", "/encodehex"]) {
        if let [from, to, ..] = names.as_slice() {
            look.read_one(from);
            look.wrote_one(to, "Writes to");
        }
    } else if has(&["/exportpfx"]) {
        look.tell("secret_read", High, "Takes keys out of a store", part);
    } else {
        look.tell("machine", High, "Changes which certificates are trusted", part);
    }
    Value { kind: Kind::Unknown, from: Origin { download: false, decoded: has(&["/decode"]) } }
}

fn bitsadmin(look: &mut Look<'_>, texts: &[String], lower: &[String], part: &str) -> Option<Value> {
    if fits(&["/setnotifycmdline"], lower) {
        look.tell("schedule", High, "Changes what runs later by itself", part);
    } else if fits(&["/transfer", "/addfile"], lower) {
        if fits(&["/upload"], lower) {
            upload(look, part);
        }
        let url = texts.iter().find(|text| text.contains("://")).cloned().unwrap_or_default();
        let to = texts.last().cloned().unwrap_or_default();
        fetch(look, &Value::text(url), &Value::text(to));
    } else {
        return None;
    }
    Some(Value::unknown())
}

fn setx(look: &mut Look<'_>, texts: &[String], lower: &[String], part: &str) {
    if fits(&["/m"], lower) {
        look.tell("machine", High, "Changes the environment of all users", part);
    }
    let mut names = texts.iter().filter(|text| !text.starts_with('/'));
    if let Some(name) = names.next() {
        let value = names.next().map_or_else(Value::unknown, |value| Value::text(value.as_str()));
        environment::set(look, name, &value);
        look.tell("outside_write", Medium, "Changes the user's environment for good", part);
    }
}

/// `robocopy from to [files] [switches]`, `xcopy from to [switches]`.
fn copies(look: &mut Look<'_>, name: &str, texts: &[String], lower: &[String], part: &str) {
    let names: Vec<String> = texts.iter().filter(|text| !text.starts_with('/')).cloned().collect();
    if let Some(from) = names.first() {
        look.read_one(from);
        if name == "robocopy" && fits(&["/mov", "/move"], lower) {
            super::files::moved(look, &Value::text(from.as_str()), part);
        }
    }
    let to = names.get(1).cloned().unwrap_or_else(|| ".".to_owned());
    look.wrote_one(&to, "Writes to");
    if name == "robocopy" && fits(&["/mir", "/purge"], lower) {
        let manner = super::delete::Manner { recursive: true, some: false, part };
        let made = look.found.signals.len();
        super::delete::one(look, &to, manner);
        let told = look.found.signals[made..].iter().any(|one| one.level >= High);
        if !told && look.found.signals.len() == made {
            look.tell("recursive_delete", High, "Deletes what the source does not have", part);
        }
    }
    if let Some(from) = names.first() {
        super::files::carries(look, &Value::text(from.as_str()), &Value::text(to));
    }
}

/// What is done to a link is done to what it points at.
fn links(look: &mut Look<'_>, texts: &[String]) {
    let names: Vec<String> = texts.iter().filter(|text| !text.starts_with('/')).cloned().collect();
    if let Some(link) = names.first() {
        look.wrote_one(link, "Writes to");
    }
    if let Some(target) = names.get(1) {
        look.read_one(target);
        if let Target::File(path) = look.target(target)
            && !matches!(look.class(&path), Class::Project | Class::Scratch | Class::Outside)
        {
            look.wrote_one(target, "Makes another way to");
        }
    }
}
