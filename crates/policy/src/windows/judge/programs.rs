//! Programs: where they are, what starts them, and what texts they are given to run.

use clawbutler_core::risk::RiskLevel::{Critical, High, Medium};

use super::{hidden, is_us, tools};
use crate::paths;
use crate::windows::look::{Look, Target};
use crate::windows::value::{HOLE, Value, base64, decoded};

/// Endings of programs that Windows adds by itself.
const PROGRAM_ENDS: &[&str] = &[".exe", ".com", ".cmd", ".bat"];
/// Endings of files that run when they are opened.
const SCRIPT_ENDS: &[&str] = &[
    ".ps1", ".psm1", ".bat", ".cmd", ".vbs", ".vbe", ".js", ".jse", ".wsf", ".wsh", ".hta", ".scr", ".pif", ".lnk",
    ".cpl", ".py",
];
/// Command files of programs that exist everywhere.
const EVERYWHERE: &[&str] = &[
    "npm", "npx", "yarn", "yarnpkg", "pnpm", "pnpx", "bun", "bunx", "corepack", "tsc", "eslint", "prettier", "vite",
    "ng", "nx", "gradle", "gradlew", "mvn", "mvnw", "az", "gcloud", "gsutil", "bq", "code", "gem", "bundle", "rake",
    "rails", "ruby", "composer", "flutter", "dart", "poetry", "firebase", "sam", "serverless", "claude", "codex",
    "gemini", "openclaw", "hermes", "jest", "vitest", "next", "turbo", "lerna", "cdk", "vercel", "netlify", "wrangler",
];
/// Programs that run what arrives on their input when they are given nothing else.
const FED: &[&str] =
    &["python", "python3", "py", "node", "ruby", "perl", "php", "bash", "sh", "zsh", "deno", "bun", "sqlcmd"];

/// The last part of a program's path, lower case, without the ending that Windows adds.
pub(crate) fn base(name: &str) -> String {
    let lower = name.trim().rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
    PROGRAM_ENDS.iter().find_map(|end| lower.strip_suffix(end)).unwrap_or(&lower).to_owned()
}

/// Takes a line apart as a new process does: spaces separate, double quotes keep together.
pub(crate) fn split(line: &str) -> Vec<String> {
    let (mut out, mut word, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'"') => {
                chars.next();
                word.push('"');
                any = true;
            }
            '"' => {
                quoted = !quoted;
                any = true;
            }
            c if c.is_whitespace() && !quoted => {
                if any {
                    out.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => {
                word.push(c);
                any = true;
            }
        }
    }
    if any {
        out.push(word);
    }
    out
}

/// Judges a line that starts a program.
pub(crate) fn line(look: &mut Look<'_>, line: &str, part: &str) {
    let words: Vec<Value> = split(line).into_iter().map(Value::text).collect();
    if let Some((head, args)) = words.split_first() {
        program(look, head, args, &Value::nothing(), part);
    }
}

/// Judges a program with its arguments; what it gives to the next one.
pub(crate) fn program(look: &mut Look<'_>, head: &Value, args: &[Value], input: &Value, part: &str) -> Value {
    look.step(|look| step(look, head, args, input, part)).unwrap_or_default()
}

fn step(look: &mut Look<'_>, head: &Value, args: &[Value], input: &Value, part: &str) -> Value {
    let written = head.shown();
    let name = base(&written);
    let texts: Vec<String> = args.iter().flat_map(flat).collect();
    if name.contains(HOLE) || name.is_empty() || name.contains(['*', '?']) && name.len() > 1 {
        look.note(&HOLE.to_string(), texts.into_iter());
        if head.origin() == crate::windows::value::Origin::default() {
            let says = "Runs a program whose name is only known when it runs";
            look.tell("hidden_program", High, says, part);
        } else {
            hidden(look, head, part);
        }
        return Value::unknown();
    }
    place(look, &written, part);
    let shell = match name.as_str() {
        "powershell" | "pwsh" | "powershell_ise" => Some(powershell(look, &name, args, input, part)),
        "cmd" => Some(cmd(look, &texts, input, part)),
        "wsl" => Some(wsl(look, &texts, part)),
        _ => None,
    };
    if let Some(out) = shell {
        return out;
    }
    fed(look, &name, &texts, input, part);
    if let Some(out) = tools::tool(look, &name, &texts, part) {
        return out.and_from(input.origin());
    }
    if is_script(&written) {
        look.note(&name, texts.into_iter());
        script(look, &written);
        return Value::unknown();
    }
    everywhere(look, &written, &name, texts);
    let fetches = matches!(name.as_str(), "curl" | "wget" | "aria2c" | "http" | "https" | "xh");
    if fetches { Value::download() } else { input.blurred() }
}

fn flat(value: &Value) -> Vec<String> {
    match &value.kind {
        crate::windows::value::Kind::List(items) => items.iter().flat_map(flat).collect(),
        crate::windows::value::Kind::Nothing => Vec::new(),
        _ => vec![value.shown()],
    }
}

/// Hands a program to the tables of the POSIX side.
fn everywhere(look: &mut Look<'_>, written: &str, name: &str, texts: Vec<String>) {
    // A program that only its place tells apart keeps it.
    let known = EVERYWHERE.contains(&name) || !written.contains(['/', '\\']);
    let head = if known { name.to_owned() } else { slashed(written) };
    let head = head.replace(HOLE, "…");
    let fetch = matches!(name, "curl" | "wget");
    for (option, target) in texts.iter().zip(texts.iter().skip(1)) {
        if fetch && matches!(option.as_str(), "-o" | "-O" | "--output" | "--output-document") {
            look.fetches_into(target);
        }
    }
    for url in texts.iter().filter(|text| text.contains("://")) {
        if name == "wget" || texts.iter().any(|text| matches!(text.as_str(), "-O" | "--remote-name" | "-LO" | "-OL")) {
            look.fetches_into(url.rsplit('/').next().unwrap_or_default());
        }
    }
    if fetch {
        look.network = true;
    }
    // Programs find files by the paths of Windows as well.
    let texts = texts.into_iter().map(|text| windows_path(look, text));
    let argv = std::iter::once(head).chain(texts).collect();
    look.native(argv);
}

fn slashed(written: &str) -> String {
    let path = written.replace('\\', "/");
    let lower = path.to_ascii_lowercase();
    let cut = PROGRAM_ENDS.iter().find(|end| lower.ends_with(*end)).map_or(0, |end| end.len());
    path[..path.len() - cut].to_owned()
}

/// A path with a drive, in the form `paths` knows.
fn windows_path(look: &Look<'_>, text: String) -> String {
    let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    match look.target(&text) {
        Target::File(path) if drive || text.starts_with('~') => path,
        _ if !look.unix() && text.contains('\\') && !text.contains(char::is_whitespace) => text.replace('\\', "/"),
        _ => text,
    }
}

fn is_script(written: &str) -> bool {
    let lower = written.to_lowercase();
    let command_file = lower.ends_with(".cmd") || lower.ends_with(".bat");
    SCRIPT_ENDS.iter().any(|end| lower.ends_with(end)) && !(command_file && EVERYWHERE.contains(&base(&lower).as_str()))
}

/// Says what the place of a program tells.
fn place(look: &mut Look<'_>, written: &str, part: &str) {
    if base(written).starts_with("clawbutler") && written.contains(['/', '\\']) {
        look.tell("own_program", Medium, "Runs one of ClawButler's own programs", part);
    }
    match look.target(written) {
        Target::Share(_) => look.tell("runs_download", Critical, "Runs a program of another machine", part),
        Target::File(path) => {
            let ours = look.around.data_dir.to_lowercase();
            if paths::inside(&path.to_lowercase(), &ours) && written.contains(['/', '\\']) {
                look.own("Starts one of ClawButler's own programs", part);
            }
        }
        _ => {}
    }
    runs_made(look, written, part);
}

/// A program or script that the same text downloaded or wrote has been seen by nobody.
pub(crate) fn runs_made(look: &mut Look<'_>, written: &str, part: &str) {
    match look.made_here(written) {
        Some("download") => {
            look.tell("runs_download", Critical, "Runs a program that the same command downloaded", part);
        }
        Some(_) => look.tell("runs_written", High, "Runs a program that the same command wrote", part),
        None => {}
    }
}

/// Runs a script file.
pub(crate) fn script(look: &mut Look<'_>, written: &str) {
    if written.trim_matches(HOLE).is_empty() {
        return look.tell("hidden_program", High, "Runs a script only known when it runs", written);
    }
    if written.contains("://") {
        return look.tell("runs_download", Critical, "Runs a script of another machine", written);
    }
    place(look, written, written);
    look.read_one(written);
    look.tell("runs_script", Medium, format!("Runs the script {written}"), written);
}

/// Opens a file with whatever program opens it.
pub(crate) fn opens(look: &mut Look<'_>, written: &str, part: &str) {
    let lower = written.to_lowercase();
    if PROGRAM_ENDS.iter().chain(SCRIPT_ENDS).any(|end| lower.ends_with(end)) || written.contains(HOLE) {
        let says = Value::text(written);
        program(look, &says, &[], &Value::nothing(), part);
    } else {
        look.read_one(written);
    }
}

/// An interpreter that runs what arrives on its input, or a file that the same text made.
fn fed(look: &mut Look<'_>, name: &str, texts: &[String], input: &Value, part: &str) {
    if !FED.contains(&name) && !name.starts_with("python") {
        return;
    }
    let reads_input = texts.iter().all(|text| text.starts_with('-')) && !matches!(texts, [only] if only.len() > 2);
    let nothing = matches!(input.kind, crate::windows::value::Kind::Nothing);
    if reads_input && !nothing {
        let from = input.origin();
        if from.download || from.decoded {
            hidden(look, input, part);
        } else {
            look.tell("stdin_script", High, "Runs whatever another command prints", part);
        }
    }
    if let Some(file) = texts.iter().find(|text| !text.starts_with('-')) {
        runs_made(look, file, part);
    }
}

/// `powershell`, `pwsh`: a text, an encoded text, a file, or what arrives.
fn powershell(look: &mut Look<'_>, name: &str, args: &[Value], input: &Value, part: &str) -> Value {
    look.note(name, args.iter().flat_map(flat));
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        let text = arg.shown();
        let lower = text.to_ascii_lowercase().replace(['\u{2013}', '\u{2014}', '\u{2015}'], "-");
        let option = lower.strip_prefix('-').or_else(|| lower.strip_prefix('/').filter(|rest| !rest.contains('/')));
        at += 1;
        let Some(option) = option.filter(|_| lower != "-") else {
            if lower == "-" {
                return runs_input(look, input, part);
            }
            let file = name == "pwsh" && !text.contains(char::is_whitespace) && lower.ends_with(".ps1");
            if file || lower.ends_with(".ps1") && args.len() == at {
                script(look, &text);
                return Value::unknown();
            }
            return inner(look, name, &args[at - 1..], part);
        };
        let begins = |word: &str| !option.is_empty() && word.starts_with(option);
        if begins("command") || option == "commandwithargs" || option == "cwa" {
            if args.get(at).is_some_and(|arg| arg.shown() == "-") {
                return runs_input(look, input, part);
            }
            return inner(look, name, &args[at..], part);
        } else if begins("encodedcommand") || option == "ec" || option == "enc" {
            return encoded(look, name, args.get(at), part);
        } else if begins("file") {
            let file = args.get(at).map_or_else(|| HOLE.to_string(), Value::shown);
            if file == "-" {
                return runs_input(look, input, part);
            }
            script(look, &file);
            return Value::unknown();
        } else if begins("version") && name == "powershell" {
            look.tell("execution_policy", Medium, "Starts an older PowerShell, which checks less", part);
            at += 1;
        } else if [
            "executionpolicy", "ep", "windowstyle", "workingdirectory", "wd", "configurationname", "inputformat",
            "outputformat", "psconsolefile", "settingsfile", "configurationfile", "custompipename",
        ]
        .iter()
        .any(|word| word.starts_with(option) || *word == option)
        {
            at += 1;
        }
    }
    if matches!(input.kind, crate::windows::value::Kind::Nothing) {
        Value::unknown()
    } else {
        runs_input(look, input, part)
    }
}

fn inner(look: &mut Look<'_>, name: &str, args: &[Value], part: &str) -> Value {
    let mut text = String::new();
    let mut from = crate::windows::value::Origin::default();
    for arg in args {
        from = from.or(arg.origin());
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&arg.shown());
    }
    let value = Value::text(text).and_from(from);
    let (vars, cwd) = (look.vars.clone(), look.cwd.clone());
    let out = look.by(name, |look| super::code::runs(look, &value, part));
    (look.vars, look.cwd) = (vars, cwd);
    out.blurred()
}

fn runs_input(look: &mut Look<'_>, input: &Value, part: &str) -> Value {
    look.by("pipe", |look| super::code::runs(look, input, part)).blurred()
}

fn encoded(look: &mut Look<'_>, name: &str, text: Option<&Value>, part: &str) -> Value {
    let known = text.and_then(Value::known).and_then(|text| base64(&text)).and_then(|bytes| decoded(&bytes, true));
    look.tell("runs_hidden", Critical, "Runs a text that was encoded to hide it", part);
    if let Some(known) = known {
        look.by(&format!("{name} -EncodedCommand"), |look| look.powershell(&known));
    }
    Value::unknown()
}

/// `cmd /c …`: everything behind the switch is the text.
fn cmd(look: &mut Look<'_>, texts: &[String], input: &Value, part: &str) -> Value {
    look.note("cmd", texts.iter().cloned());
    let at = texts.iter().position(|text| {
        let lower = text.to_ascii_lowercase();
        ["/c", "/k", "/r"].iter().any(|switch| lower.starts_with(switch) && !lower.starts_with("/r/"))
    });
    let delayed = texts.iter().take(at.unwrap_or(texts.len())).any(|text| text.to_ascii_lowercase().starts_with("/v"));
    let Some(at) = at else {
        return match &input.kind {
            crate::windows::value::Kind::Nothing => Value::unknown(),
            _ => {
                let known = input.known().filter(|_| input.origin() == crate::windows::value::Origin::default());
                match known {
                    Some(text) => look.by("cmd", |look| look.command_text(&text)),
                    None => hidden(look, input, part),
                }
                Value::unknown()
            }
        };
    };
    let attached = texts[at].get(2..).filter(|rest| !rest.is_empty());
    let text: Vec<&str> = attached.into_iter().chain(texts[at + 1..].iter().map(String::as_str)).collect();
    // An argument with spaces keeps the quotes that Windows puts around it, unless it is the whole text.
    let text = if let [only] = text.as_slice() {
        (*only).to_owned()
    } else {
        let quoted = |word: &&str| {
            if word.contains(' ') && !word.contains(['"', '&', '|']) {
                format!("\"{word}\"")
            } else {
                (*word).to_owned()
            }
        };
        text.iter().map(quoted).collect::<Vec<_>>().join(" ")
    };
    let delayed = delayed || look.delayed;
    let outer = (look.cwd.clone(), std::mem::replace(&mut look.delayed, delayed));
    look.by("cmd /c", |look| look.command_text(&text));
    (look.cwd, look.delayed) = outer;
    Value::unknown().and_from(input.origin())
}

/// `wsl …`: what follows runs in Linux.
fn wsl(look: &mut Look<'_>, texts: &[String], part: &str) -> Value {
    look.note("wsl", texts.iter().cloned());
    let mut at = 0;
    while let Some(text) = texts.get(at) {
        match text.as_str() {
            "--unregister" | "--uninstall" => {
                look.tell("recursive_delete", Critical, "Deletes a whole Linux system; cannot be undone", part);
                return Value::unknown();
            }
            "--shutdown" | "--terminate" | "-t" => {
                look.tell("kills", Medium, "Stops Linux systems", part);
                return Value::unknown();
            }
            "--install" | "--import" | "--export" | "--mount" | "--set-version" | "--import-in-place" => {
                look.tell("machine", High, "Changes which Linux systems there are", part);
                return Value::unknown();
            }
            "-u" | "--user" => {
                if texts.get(at + 1).is_some_and(|user| user == "root") {
                    look.tell("privileged", High, "Acts as administrator", part);
                }
                at += 2;
            }
            "-d" | "--distribution" | "--cd" | "--shell-type" => at += 2,
            "--" | "-e" | "--exec" => {
                at += 1;
                break;
            }
            "-l" | "--list" | "--status" | "--version" | "--help" | "-v" => return Value::unknown(),
            text if text.starts_with('-') => at += 1,
            _ => break,
        }
    }
    let rest = texts.get(at..).unwrap_or_default();
    if rest.iter().any(|text| is_us(text)) {
        look.own("Reaches ClawButler from a Linux system", part);
    }
    // The drives are mounted there.
    let words = rest.iter().map(|text| {
        let text = text.replace(HOLE, "$");
        text.strip_prefix("/mnt/")
            .filter(|rest| rest.as_bytes().get(1) == Some(&b'/'))
            .map_or_else(|| text.clone(), |rest| format!("/{}:{}", rest[..1].to_ascii_uppercase(), &rest[1..]))
    });
    let words: Vec<String> = words.collect();
    if let [only] = words.as_slice() {
        look.found.posix.push(only.clone());
    } else if !words.is_empty() {
        look.found.posix.push(words.iter().map(|word| crate::windows::quoted(word)).collect::<Vec<_>>().join(" "));
    }
    Value::unknown()
}
