//! Paths without a file system: made absolute, cleaned of `.` and `..`, and classed.

use crate::Surroundings;
pub(crate) use crate::looked::Class;

/// Joins to `cwd`, expands a leading `~`, removes `.`, `..` and doubled slashes. Lexical only.
pub(crate) fn absolute(path: &str, cwd: &str, home: &str) -> String {
    let path = path.strip_prefix("file://").unwrap_or(path);
    let joined = if path == "~" {
        home.to_owned()
    } else if let Some(rest) = path.strip_prefix("~/") {
        format!("{home}/{rest}")
    } else if path.starts_with('/') || path.get(1..2) == Some(":") {
        path.to_owned()
    } else {
        format!("{cwd}/{path}")
    };
    let joined = joined.replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Whether `path` is `folder` or lies in it.
pub(crate) fn inside(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    !folder.is_empty() && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

const SECRET_FOLDERS: &[&str] =
    &[".ssh", ".gnupg", ".aws", ".azure", ".kube", ".config/gcloud", ".docker", ".password-store", ".config/gh"];
const SECRET_NAMES: &[&str] = &[
    ".netrc",
    ".pgpass",
    ".git-credentials",
    ".npmrc",
    ".pypirc",
    "credentials",
    "credentials.json",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    ".htpasswd",
    "shadow",
    ".vault-token",
    "master.key",
];
const SECRET_ENDS: &[&str] = &[".pem", ".p12", ".pfx", ".keystore", ".jks", ".kdbx"];
const STARTUP: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".config/fish",
    ".config/autostart",
    ".config/systemd",
    "Library/LaunchAgents",
    ".gitconfig",
    ".pam_environment",
    ".vimrc",
];
const AGENT_CONFIG: &[&str] = &[
    ".claude/hooks/",
    ".claude/agents/",
    ".claude/plugins/",
    ".codex/",
    ".hermes/",
    ".openclaw/",
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".claude.json",
    ".mcp.json",
];
const SYSTEM: &[&str] = &[
    "/etc",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/boot",
    "/opt",
    "/var",
    "/System",
    "/Library",
    "/root",
    "/proc",
    "/sys",
    "/C:/Windows",
];

/// Classes an absolute, clean path.
pub(crate) fn class(path: &str, project: &str, around: &Surroundings) -> Class {
    let name = path.rsplit('/').next().unwrap_or_default();
    let home = around.home.trim_end_matches('/');
    if inside(path, &around.data_dir) || around.guarded.iter().any(|own| path == own) {
        return Class::Own;
    }
    let whole = ["/", "/home", "/Users", "/root"].contains(&path) || path == home || SYSTEM.contains(&path);
    if whole {
        return Class::Root;
    }
    if path.starts_with("/dev/") {
        let harmless = ["null", "zero", "stdout", "stderr", "stdin", "tty", "random", "urandom", "full"]
            .contains(&name)
            || path.starts_with("/dev/fd/")
            || path.starts_with("/dev/shm/");
        return if harmless { Class::Scratch } else { Class::Device };
    }
    let template = [".example", ".sample", ".template", ".dist"].iter().any(|end| name.ends_with(end));
    let dotenv = name == ".env" || (name.starts_with(".env.") && !template);
    let public = name.ends_with(".pub") || name == "known_hosts";
    let in_secret_folder =
        !home.is_empty() && SECRET_FOLDERS.iter().any(|folder| inside(path, &format!("{home}/{folder}")));
    let process = path.starts_with("/proc/") && ["environ", "mem", "maps", "cmdline"].contains(&name);
    if dotenv
        || process
        || (!public
            && (in_secret_folder || SECRET_NAMES.contains(&name) || SECRET_ENDS.iter().any(|end| name.ends_with(end))))
    {
        return Class::Secret;
    }
    let in_home = |entry: &&&str| !home.is_empty() && inside(path, &format!("{home}/{}", entry.trim_end_matches('/')));
    let scheduled = path.starts_with("/etc/cron") || path.starts_with("/var/spool/cron");
    if STARTUP.iter().any(|entry| in_home(&entry))
        || path.contains("/.git/hooks/")
        || scheduled
        || (in_secret_folder && name == "authorized_keys")
    {
        return Class::Startup;
    }
    // A folder written as a whole takes the guard in it along.
    let holds_guard = path.len() > home.len()
        && !inside(project, path)
        && (inside(&around.data_dir, path) || around.guarded.iter().any(|own| inside(own, path)));
    if holds_guard {
        return Class::AgentConfig;
    }
    if AGENT_CONFIG.iter().any(|entry| {
        path.contains(&format!("/{entry}")) || path.ends_with(&format!("/{}", entry.trim_end_matches('/')))
    }) {
        return Class::AgentConfig;
    }
    let project = project.trim_end_matches('/');
    if !project.is_empty() && inside(path, project) {
        return Class::Project;
    }
    if inside(path, "/tmp") || inside(path, "/var/tmp") || inside(path, "/private/tmp") {
        return Class::Scratch;
    }
    if SYSTEM.iter().any(|folder| inside(path, folder)) && !inside(path, home) {
        return Class::System;
    }
    Class::Outside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_and_classed() {
        let around = Surroundings {
            home: "/home/u".into(),
            data_dir: "/home/u/.local/share/clawbutler".into(),
            guarded: vec!["/home/u/.claude/settings.json".into()],
        };
        let class_of = |path: &str| class(&absolute(path, "/home/u/p", "/home/u"), "/home/u/p", &around);
        for (path, expected) in [
            ("a/../b", Class::Project),
            ("../q", Class::Outside),
            ("~", Class::Root),
            ("../..", Class::Root),
            ("/", Class::Root),
            ("~/.ssh/id_rsa", Class::Secret),
            ("~/.ssh/id_rsa.pub", Class::Outside),
            (".env", Class::Secret),
            (".env.example", Class::Project),
            ("~/.bashrc", Class::Startup),
            (".git/hooks/pre-commit", Class::Startup),
            ("~/.claude/settings.json", Class::Own),
            (".claude/settings.json", Class::AgentConfig),
            ("/etc/passwd", Class::System),
            ("/dev/sda", Class::Device),
            ("/dev/null", Class::Scratch),
            ("~/.local/share/clawbutler/x", Class::Own),
            ("/tmp/x", Class::Scratch),
            ("~/.codex/config.toml", Class::AgentConfig),
        ] {
            assert_eq!(class_of(path), expected, "{path}");
        }
    }
}
