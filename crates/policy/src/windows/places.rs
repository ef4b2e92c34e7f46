//! Paths as Windows takes them: any case, any slash, drives, shares, streams and names cut short.

use clawbutler_core::risk::{RiskLevel, Signal};

use super::value::HOLE;
use crate::Surroundings;
use crate::assess::{read_signals, signal, write_signals};
use crate::looked::Class;
use crate::paths;

/// The surroundings in the form `paths` knows: slashes, an absolute path with the drive as its first part.
pub(crate) fn slashed(around: &Surroundings) -> Surroundings {
    let clean = |path: &String| if path.is_empty() { String::new() } else { paths::absolute(path, "", "") };
    Surroundings {
        home: clean(&around.home),
        data_dir: clean(&around.data_dir),
        guarded: around.guarded.iter().map(clean).collect(),
    }
}

/// Whether a path is one of Windows: it begins with a drive.
pub(crate) fn has_drive(path: &str) -> bool {
    let path = path.trim_start_matches('/').as_bytes();
    path.len() >= 2 && path[0].is_ascii_alphabetic() && path[1] == b':' && (path.len() == 2 || path[2] == b'/')
}

/// What a path written in a command names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file or folder: absolute, clean, with slashes.
    File(String),
    /// On another machine.
    Share(String),
    /// A key of the registry, lower case, `hklm\…`.
    Registry(String),
    /// Of another provider: its name and what follows (`env`, `path`).
    Other(String, String),
}

/// Resolves what is written; `cwd` is absolute and clean. A [`HOLE`] stays where it is.
pub(crate) fn place(written: &str, cwd: &str, around: &Surroundings) -> Place {
    let text = written.trim().replace('\\', "/");
    let text = text.rsplit_once("::").filter(|(provider, _)| !provider.contains('/')).map_or(
        text.as_str(),
        |(provider, rest)| {
            if provider.to_lowercase().ends_with("registry") || provider.to_lowercase().ends_with("filesystem") {
                rest
            } else {
                &text
            }
        },
    );
    let lower = text.to_ascii_lowercase();
    for (long, short) in [
        ("hkey_local_machine", "hklm"),
        ("hkey_current_user", "hkcu"),
        ("hkey_classes_root", "hkcr"),
        ("hkey_users", "hku"),
        ("hkey_current_config", "hkcc"),
    ] {
        for start in [long, short] {
            if let Some(rest) = lower.strip_prefix(start)
                && (rest.is_empty() || rest.starts_with([':', '/']))
            {
                return Place::Registry(format!("{short}/{}", rest.trim_start_matches([':', '/'])));
            }
        }
    }
    let text = text.strip_prefix("//?/").or_else(|| text.strip_prefix("//./")).map_or(text, |rest| {
        if has_drive(&rest.to_ascii_uppercase()) || rest.get(1..2) == Some(":") { rest } else { text }
    });
    if let Some(rest) = text.strip_prefix("//") {
        return share(rest, around);
    }
    if let Some((drive, rest)) = text.split_once(':')
        && drive.chars().count() > 1
        && drive.chars().all(|c| c.is_ascii_alphanumeric())
        && drive != "file"
        && !rest.starts_with("//")
        && !text.starts_with('/')
    {
        return Place::Other(drive.to_lowercase(), rest.trim_start_matches('/').to_owned());
    }
    Place::File(cased(&file(text, cwd, around), around))
}

/// `server/share/…`; an administrator's share of this machine is the drive itself.
fn share(rest: &str, around: &Surroundings) -> Place {
    let lower = rest.to_ascii_lowercase();
    let mut parts = lower.split('/').filter(|part| !part.is_empty());
    let (server, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let here = ["localhost", "127.0.0.1", "::1", "."].contains(&server);
    if here && name.len() == 2 && name.ends_with('$') {
        let rest: Vec<&str> = parts.collect();
        let path = format!("/{}:/{}", name[..1].to_ascii_uppercase(), rest.join("/"));
        return Place::File(cased(&paths::absolute(&path, "", ""), around));
    }
    if server == "wsl$" || server == "wsl.localhost" {
        return Place::File(paths::absolute(&format!("/{}", parts.collect::<Vec<_>>().join("/")), "", ""));
    }
    if server == "." || server == "?" {
        return Place::File(format!("/dev/{}", lower.trim_start_matches("./").trim_start_matches("?/")));
    }
    Place::Share(format!("//{rest}"))
}

fn file(text: &str, cwd: &str, around: &Surroundings) -> String {
    let windows = has_drive(cwd) || has_drive(&around.home);
    let drive = if has_drive(cwd) {
        cwd.get(..3)
    } else if windows {
        around.home.get(..3)
    } else {
        None
    };
    let text = if text.starts_with('/') && !has_drive(text) {
        // On Windows a path that begins with a slash lies on the current drive.
        drive.map_or_else(|| text.to_owned(), |drive| format!("{drive}{text}"))
    } else if text.get(1..2) == Some(":") && !text[2..].starts_with('/') && text.len() > 2 {
        // `C:name` counts from the folder last used on that drive.
        let same =
            drive.and_then(|drive| drive.get(1..2)).is_some_and(|letter| letter.eq_ignore_ascii_case(&text[..1]));
        if same { format!("{cwd}/{}", &text[2..]) } else { format!("{}/{}", &text[..2], &text[2..]) }
    } else {
        text.to_owned()
    };
    let path = paths::absolute(&text, cwd, &around.home);
    if !has_drive(&path) {
        return path;
    }
    // Windows drops dots and spaces at the end of names, and `name:stream` is the same file.
    let (drive, rest) = path.split_at(3);
    let rest: Vec<&str> = rest
        .split('/')
        .map(|part| part.split(':').next().unwrap_or(part))
        .map(|part| if part.chars().all(|c| c == '.') { part } else { part.trim_end_matches(['.', ' ']) })
        .collect();
    format!("{}{}", drive.to_ascii_uppercase(), rest.join("/"))
}

/// Gives the parts of a path that are known the case they are known by.
fn cased(path: &str, around: &Surroundings) -> String {
    if !has_drive(path) {
        return path.to_owned();
    }
    let system = ["/C:/Windows", "/C:/Users", "/C:/Program Files", "/C:/Program Files (x86)", "/C:/ProgramData"];
    let mut known: Vec<&str> = around.guarded.iter().map(String::as_str).collect();
    known.extend([around.data_dir.as_str(), around.home.as_str()]);
    known.extend(system);
    known.retain(|one| !one.is_empty());
    known.sort_by_key(|one| std::cmp::Reverse(one.len()));
    for one in known {
        if let Some(end) = same_start(path, one) {
            return format!("{one}{}", &path[end..]);
        }
    }
    path.to_owned()
}

/// Where `start` ends in `path`, in any case and with names cut short (`PROGRA~1`).
fn same_start(path: &str, start: &str) -> Option<usize> {
    let mut at = 0;
    let mut parts = path.split('/');
    for wanted in start.split('/') {
        let part = parts.next()?;
        let squeezed = || wanted.to_lowercase().replace([' ', '.'], "");
        let short = part.split_once('~').is_some_and(|(stem, number)| {
            !stem.is_empty()
                && number.starts_with(|c: char| c.is_ascii_digit())
                && squeezed().starts_with(&stem.to_lowercase())
        });
        if !short && part.to_lowercase() != wanted.to_lowercase() {
            return None;
        }
        at += part.len() + 1;
    }
    Some(at - 1)
}

const SECRET: &[&str] = &[
    "appdata/roaming/microsoft/credentials",
    "appdata/local/microsoft/credentials",
    "appdata/roaming/microsoft/protect",
    "appdata/local/microsoft/vault",
    "appdata/roaming/microsoft/vault",
    "appdata/roaming/microsoft/windows/powershell/psreadline",
    "appdata/roaming/gcloud",
    "appdata/roaming/github cli",
    "appdata/roaming/bitwarden",
    "appdata/local/microsoft/tokenbroker",
    "appdata/roaming/npm/.npmrc",
];
/// Files of browsers that hold passwords and sessions.
const BROWSER: &[&str] = &["login data", "cookies", "web data", "local state", "key4.db", "logins.json"];
const SYSTEM_SECRET: &[&str] =
    &["config/sam", "config/security", "config/system", "config/regback", "ntds/ntds.dit", "repair/sam"];
const SYSTEM: &[&str] = &["windows", "program files", "program files (x86)", "programdata", "boot", "recovery", "efi"];

/// Classes a path that [`place`] gave.
pub(crate) fn class(path: &str, project: &str, around: &Surroundings) -> Class {
    let plain = paths::class(path, project, around);
    if path.ends_with("profile.ps1") && !matches!(plain, Class::Own | Class::Secret) {
        return Class::Startup;
    }
    if !has_drive(path) || plain == Class::Own {
        return plain;
    }
    let lower = path.to_lowercase();
    let low = Surroundings {
        home: around.home.to_lowercase(),
        data_dir: around.data_dir.to_lowercase(),
        guarded: around.guarded.iter().map(|path| path.to_lowercase()).collect(),
    };
    let project = project.to_lowercase();
    let folded = paths::class(&lower, &project, &low);
    let folded = if strictness(plain) < strictness(folded) && plain != Class::Outside { plain } else { folded };
    let rest = lower.get(4..).unwrap_or_default();
    let in_home = lower.strip_prefix(low.home.trim_end_matches('/')).map(|rest| rest.trim_start_matches('/'));
    let name = lower.rsplit('/').next().unwrap_or_default();
    let own = special(rest, in_home, name);
    let own = own.or_else(|| {
        let system = SYSTEM.iter().any(|folder| paths::inside(rest, folder));
        let user = in_home.is_some_and(|rest| paths::inside(rest, "appdata/local/temp"));
        if rest.is_empty() || rest == "users" || SYSTEM.contains(&rest) {
            Some(Class::Root)
        } else if user || paths::inside(rest, "windows/temp") || paths::inside(rest, "temp") {
            Some(Class::Scratch)
        } else {
            system.then_some(Class::System)
        }
    });
    match own {
        // A project may lie anywhere.
        Some(Class::Scratch | Class::System) if folded == Class::Project => folded,
        Some(Class::Scratch) if folded == Class::Outside => Class::Scratch,
        Some(own) if strictness(own) < strictness(folded) => own,
        _ => folded,
    }
}

fn special(rest: &str, in_home: Option<&str>, name: &str) -> Option<Class> {
    let documents = in_home.is_some_and(|rest| {
        ["powershell", "windowspowershell"].iter().any(|folder| rest.contains(&format!("documents/{folder}")))
    });
    let profile = name.ends_with("profile.ps1");
    if rest.contains("start menu/programs/startup") || profile || documents && name.ends_with(".psm1") {
        return Some(Class::Startup);
    }
    if rest.starts_with("windows/system32/tasks") || rest.starts_with("windows/system32/grouppolicy") {
        return Some(Class::Startup);
    }
    let system = rest.strip_prefix("windows/system32/").or_else(|| rest.strip_prefix("windows/"));
    if system.is_some_and(|rest| SYSTEM_SECRET.iter().any(|secret| paths::inside(rest, secret))) {
        return Some(Class::Secret);
    }
    if in_home.is_some_and(|rest| SECRET.iter().any(|secret| paths::inside(rest, secret))) {
        return Some(Class::Secret);
    }
    let browser = rest.contains("/user data") || rest.contains("/firefox/profiles");
    if browser && BROWSER.contains(&name) || matches!(name, "unattend.xml" | "sysprep.xml" | "consolehost_history.txt")
    {
        return Some(Class::Secret);
    }
    // A pattern that fits a secret's name is as good as the name.
    let letters = name.chars().filter(|c| !matches!(*c, '*' | '?' | '.' | HOLE)).count();
    let pattern = name.contains(['*', '?']) && letters >= 2 && !name.starts_with("*.");
    let names = [".env", "id_rsa", "id_ed25519", ".npmrc", ".netrc", "credentials", ".git-credentials"];
    (pattern && names.iter().any(|secret| paths::glob(name, secret))).then_some(Class::Secret)
}

/// Smaller is stricter.
fn strictness(class: Class) -> u8 {
    match class {
        Class::Own => 0,
        Class::Device => 1,
        Class::Root => 2,
        Class::Secret => 3,
        Class::Startup => 4,
        Class::AgentConfig => 5,
        Class::Project => 6,
        Class::System => 7,
        Class::Scratch => 8,
        Class::Outside => 9,
    }
}

/// How a path is shown: as it is written where it lives.
pub(crate) fn shown(path: &str) -> String {
    let path = path.replace(HOLE, "…");
    if has_drive(&path) { path[1..].replace('/', "\\") } else { path }
}

/// Signals of changing a path.
pub(crate) fn write(path: &str, project: &str, around: &Surroundings, verb: &str) -> Vec<Signal> {
    let class = class(path, project, around);
    let part = shown(path);
    let mut found = if paths::class(path, project, around) == class {
        write_signals(path, project, around, verb)
    } else {
        by_class(class, &part, verb)
    };
    for one in &mut found {
        one.says = one.says.replace(path, &part);
        one.part = Some(part.clone());
    }
    found
}

fn by_class(class: Class, path: &str, verb: &str) -> Vec<Signal> {
    use RiskLevel::{Critical, High, Medium};
    let (name, level, says) = match class {
        Class::Own => (crate::assess::OWN, Critical, "which belongs to ClawButler or carries its guard"),
        Class::Device => ("device_write", Critical, "a device"),
        Class::Secret => ("secret_write", High, "which holds secrets"),
        Class::Startup => ("startup_write", High, "which runs by itself later"),
        Class::AgentConfig => ("agent_config_write", High, "which says what agents may do"),
        Class::System | Class::Root => ("system_write", High, "which belongs to the system"),
        Class::Outside => ("outside_write", Medium, "outside the project"),
        Class::Project | Class::Scratch => return Vec::new(),
    };
    vec![signal(name, level, format!("{verb} {path}, {says}"), Some(path))]
}

/// Signals of reading a path.
pub(crate) fn read(path: &str, project: &str, around: &Surroundings) -> Vec<Signal> {
    let part = shown(path);
    if class(path, project, around) == Class::Secret {
        let says = format!("Reads {part}, which holds secrets");
        return vec![signal("secret_read", RiskLevel::High, says, Some(&part))];
    }
    read_signals(path, project, around)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around() -> Surroundings {
        slashed(&Surroundings {
            home: r"C:\Users\dev".into(),
            data_dir: r"C:\Users\dev\AppData\Local\ClawButler".into(),
            guarded: vec![r"C:\Users\dev\.claude\settings.json".into()],
        })
    }

    #[test]
    fn windows_paths_are_classed_in_any_spelling() {
        let (around, project) = (around(), "/C:/Users/dev/shop");
        for (written, expected) in [
            (r"src\main.rs", Class::Project),
            (r".\a\..\b", Class::Project),
            (r"c:\users\DEV\shop\x", Class::Project),
            (r"..\other", Class::Outside),
            (r"C:\", Class::Root),
            (r"\", Class::Root),
            (r"D:\", Class::Root),
            (r"D:\data", Class::Outside),
            (r"C:\USERS", Class::Root),
            ("~", Class::Root),
            (r"C:\Windows\System32\drivers", Class::System),
            (r"C:\PROGRA~1\x", Class::System),
            (r"~\.SSH\ID_RSA", Class::Secret),
            (".ENV", Class::Secret),
            (".env::$DATA", Class::Secret),
            (".env.", Class::Secret),
            (".en?", Class::Secret),
            ("*.json", Class::Project),
            (r"~\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Startup\a.bat", Class::Startup),
            (r"~\Documents\PowerShell\Microsoft.PowerShell_profile.ps1", Class::Startup),
            (r"~\AppData\Local\Temp\x", Class::Scratch),
            (r"C:\users\dev\.CLAUDE\Settings.json", Class::Own),
            (r"C:\Users\DEV~1\appdata\local\CLAWBU~1\x", Class::Own),
            (r"\\localhost\c$\Windows\x", Class::System),
            (r"\\?\C:\Windows", Class::Root),
            (r"\\.\PhysicalDrive0", Class::Device),
            (r".claude\settings.json", Class::AgentConfig),
        ] {
            let Place::File(path) = place(written, project, &around) else { panic!("{written} is no file") };
            assert_eq!(class(&path, project, &around), expected, "{written} is {path}");
        }
        let short = place(r"C:\Users\dev\AppData\Local\CLAWBU~1\x", project, &around);
        assert_eq!(short, Place::File("/C:/Users/dev/AppData/Local/ClawButler/x".into()));
        assert_eq!(place(r"\\srv\share\x", project, &around), Place::Share("//srv/share/x".into()));
        assert_eq!(place(r"HKLM:\Software\X", project, &around), Place::Registry("hklm/software/x".into()));
        let long = r"Registry::HKEY_CURRENT_USER\Software";
        assert_eq!(place(long, project, &around), Place::Registry("hkcu/software".into()));
        assert_eq!(place("Env:PATH", project, &around), Place::Other("env".into(), "PATH".into()));
        assert_eq!(place("../x", "/home/u/p", &Surroundings::default()), Place::File("/home/u/x".into()));
    }
}
