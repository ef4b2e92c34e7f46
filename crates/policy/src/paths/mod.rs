//! Paths without a file system: made absolute, cleaned of `.` and `..`, and classed.

mod tables;

use crate::Surroundings;
pub(crate) use crate::globs::text as glob;
pub(crate) use crate::looked::Class;
use tables::{
    AGENT_CONFIG, AGENT_WORDS, GENERATED, GENERATED_ENDS, SECRET_ENDS, SECRET_FOLDERS, SECRET_NAMES, STARTUP, SYSTEM,
};

/// Joins to `cwd`, expands a leading `~`, removes `.`, `..` and doubled slashes. Lexical only.
pub(crate) fn absolute(path: &str, cwd: &str, home: &str) -> String {
    let path = path.strip_prefix("file://").unwrap_or(path);
    let joined = if path == "~" {
        home.to_owned()
    } else if let Some(rest) = path.strip_prefix("~/") {
        format!("{home}/{rest}")
    } else if let Some((user, rest)) =
        path.strip_prefix('~').and_then(|rest| rest.split_once('/')).filter(|(user, _)| !user.contains(['+', '-']))
    {
        if user == "root" { format!("/root/{rest}") } else { format!("/home/{user}/{rest}") }
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

/// Whether a folder is spelled as on Windows (`C:\Users\u`, `D:/work`).
pub(crate) fn foreign(folder: &str) -> bool {
    folder.contains('\\') || folder.get(1..2) == Some(":")
}

/// Whether `path` is `folder` or lies in it.
pub(crate) fn inside(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    !folder.is_empty() && path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a word names something that builds, tests and tools make again. Patterns count by their fixed end.
pub(crate) fn generated(word: &str) -> bool {
    let word = word.trim_end_matches(['/', '*']).trim_end_matches('/');
    let name = word.rsplit('/').next().unwrap_or(word);
    if name.is_empty() || name == "." || name == ".." || word == "*" {
        return false;
    }
    GENERATED.contains(&name)
        || GENERATED_ENDS.iter().any(|end| name.ends_with(end) && name.len() > end.len())
        || name.starts_with("cmake-build-")
        || name.starts_with(".coverage.")
        || name.starts_with("npm-debug.log")
        || name.starts_with("yarn-error")
        || name.contains(".log.")
        || word.split('/').any(|part| GENERATED.contains(&part) && part != "bin")
}

/// Whether a path lies in a folder that is made again, inside the project.
pub(crate) fn generated_below(path: &str, project: &str) -> bool {
    let Some(rest) = path.strip_prefix(project.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/')) else {
        return false;
    };
    generated(rest)
}

/// Whether a path lies in a cache of a tool below a home.
pub(crate) fn cache(path: &str, home: &str) -> bool {
    let Some(rest) = below_home(path, home) else { return false };
    let folders = [
        ".cache/", ".npm/_", ".npm/", "Library/Caches/", "Library/Developer/Xcode/DerivedData", ".gradle/caches",
        ".m2/repository/", ".cargo/registry/cache", ".cargo/registry/", ".yarn/cache", ".pnpm-store",
        ".nuget/packages", ".ivy2/cache", ".conda/pkgs", "go/pkg/mod", ".local/share/pnpm/store", ".bun/install/cache",
        "AppData/Local/Temp/", ".gem/cache", "Library/Caches", ".local/share/Trash/",
    ];
    folders.iter().any(|folder| rest.starts_with(folder) && rest.len() > folder.trim_end_matches('/').len())
}

/// Whether a file holds data that no build brings back.
pub(crate) fn data(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    [
        ".db", ".sqlite", ".sqlite3", ".mdb", ".dump", ".sql.gz", ".bak.gz", ".rdb", ".ldb", ".parquet.data", ".dbf",
        ".myd", ".ibd", ".tfstate",
    ]
    .iter()
    .any(|end| name.ends_with(end))
        || name.contains("backup")
}

/// What follows a home folder: the user's own first, wherever it lies, then anybody's.
pub(crate) fn below_home<'p>(path: &'p str, home: &str) -> Option<&'p str> {
    let home = home.trim_end_matches('/');
    if !home.is_empty()
        && let Some(rest) = path.strip_prefix(home)
    {
        if rest.is_empty() {
            return None;
        }
        if let Some(rest) = rest.strip_prefix('/') {
            return Some(rest);
        }
    }
    // Homes of a directory service lie a level deeper (`/home/corp/dev`), and so do those beside them.
    let of_homes =
        |folder: &&str| folder.starts_with("/home/") || folder.starts_with("/Users/") || folder.ends_with("/home");
    let beside = home.rsplit_once('/').map(|(folder, _)| folder).filter(of_homes);
    let beside = beside.and_then(|folder| path.strip_prefix(folder)).and_then(|rest| rest.strip_prefix('/'));
    let anybody = ["/home/", "/Users/", "/C:/Users/", "/c/Users/", "/mnt/c/Users/"];
    let rest = beside.or_else(|| anybody.iter().find_map(|base| path.strip_prefix(base)));
    if let Some(rest) = rest {
        return rest.split_once('/').map(|(_, rest)| rest);
    }
    path.strip_prefix("/root/")
}

/// Whether a pattern could fit a file with secrets: `~/.s*h/id_*`, `.en?`, `.e*`.
pub(crate) fn could_be_secret(path: &str, around: &Surroundings) -> bool {
    // A class of characters counts as any character.
    let mut plain = String::new();
    let mut class = false;
    for c in path.chars() {
        match c {
            '[' if !class => {
                class = true;
                plain.push('?');
            }
            ']' => class = false,
            _ if class => {}
            c => plain.push(c),
        }
    }
    let path = plain.as_str();
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let wild = |text: &str| text.contains(['*', '?', '[']);
    let fits_name = wild(name)
        && name != "*"
        && name.len() > 2
        && ([
            ".env", ".netrc", "id_rsa", "id_ed25519", ".pgpass", "credentials", ".npmrc", "shadow", ".git-credentials",
            "server.pem", "private.key", ".env.local", ".env.production",
        ]
        .iter()
        .any(|secret| glob(name, secret))
            && !name.starts_with("*.")
            || ["*.pem", "*.key", "*.p12", "*.pfx", ".env*", ".env.*"].contains(&name));
    let rest = below_home(folder, &around.home);
    let fits_folder = rest.is_some_and(|rest| {
        SECRET_FOLDERS.iter().any(|secret| {
            let parts = rest.split('/').zip(secret.split('/'));
            rest.split('/').count() >= secret.split('/').count()
                && parts.clone().all(
                    |(have, want)| if wild(have) { have.starts_with('.') && glob(have, want) } else { have == want },
                )
                && parts.clone().any(|(have, _)| wild(have))
        })
    });
    let system = wild(folder) && ["/etc/shadow", "/etc/sudoers"].iter().any(|secret| glob(path, secret))
        || wild(name) && glob(path, "/etc/shadow") && name != "*";
    fits_name || fits_folder || system
}

/// Classes an absolute, clean path.
#[expect(clippy::too_many_lines, reason = "one arm a case, each short")]
pub(crate) fn class(path: &str, project: &str, around: &Surroundings) -> Class {
    let name = path.rsplit('/').next().unwrap_or_default();
    let home = around.home.trim_end_matches('/');
    if inside(path, &around.data_dir) || around.guarded.iter().any(|own| path == own) || own_by_name(path) {
        return Class::Own;
    }
    let a_home = ["/home/", "/Users/", "/C:/Users/", "/c/Users/"]
        .iter()
        .any(|base| path.strip_prefix(base).is_some_and(|rest| !rest.contains('/')));
    let whole = ["/", "/home", "/Users", "/root", "/C:", "/C:/Users", "/c", "/mnt", "/mnt/c", "/D:"].contains(&path)
        || inside(home, path)
        || a_home
        || SYSTEM.contains(&path);
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
    let rest = below_home(path, home);
    if let Some(class) = secret_class(path, name, rest) {
        return class;
    }
    let scheduled = [
        "/etc/cron", "/var/spool/cron", "/etc/systemd", "/etc/init.d", "/etc/profile", "/etc/rc.local",
        "/Library/LaunchDaemons", "/Library/LaunchAgents", "/usr/lib/systemd", "/lib/systemd", "/etc/bash.bashrc",
        "/etc/zsh", "/etc/xdg/autostart", "/etc/ld.so.preload", "/etc/sudoers", "/etc/pam.d",
    ]
    .iter()
    .any(|folder| path.starts_with(folder));
    let in_git = path.contains("/.git/hooks/")
        || path.ends_with("/.git/hooks")
        || path.ends_with("/.git/config")
        || path.contains("/.git/info/")
        || path.contains("/.husky/");
    if rest.is_some_and(|rest| STARTUP.iter().any(|entry| inside(rest, entry)))
        || in_git
        || scheduled
        || name.ends_with(".pth") && !path.contains("/models/") && !path.contains("/checkpoints/")
        || matches!(name, "sitecustomize.py" | "usercustomize.py")
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
    if rest.is_some_and(|rest| {
        rest == ".claude/CLAUDE.md"
            || rest.starts_with(".claude/rules/")
            || rest == "CLAUDE.md" && !inside(path, project)
    }) {
        return Class::AgentConfig;
    }
    let words = AGENT_WORDS.iter().any(|entry| path.contains(entry));
    if !words
        && AGENT_CONFIG.iter().any(|entry| {
            path.contains(&format!("/{}", entry.trim_start_matches('/')))
                || path.ends_with(&format!("/{}", entry.trim_end_matches('/')))
        })
    {
        return Class::AgentConfig;
    }
    let project = project.trim_end_matches('/');
    if !project.is_empty() && inside(path, project) {
        return Class::Project;
    }
    let scratch = ["/tmp", "/var/tmp", "/private/tmp", "/var/folders", "/private/var/folders", "/C:/Windows/Temp"];
    if scratch.iter().any(|folder| inside(path, folder))
        || rest.is_some_and(|rest| rest.starts_with("AppData/Local/Temp/"))
    {
        return Class::Scratch;
    }
    if SYSTEM.iter().any(|folder| inside(path, folder)) && rest.is_none() {
        return Class::System;
    }
    Class::Outside
}

/// ClawButler's own folders and programs wherever they are installed.
fn own_by_name(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    (lower.contains("/.local/share/clawbutler")
        || lower.contains("/application support/clawbutler")
        || lower.contains("/appdata/roaming/clawbutler")
        || lower.contains("/appdata/local/clawbutler")
        || lower.contains("/.config/clawbutler")
        || lower.contains("/.clawbutler/"))
        || lower.rsplit('/').next().is_some_and(|name| name.starts_with("clawbutler-hook"))
}

/// Secrets by folder, by name and by ending; `None` when it is none.
fn secret_class(path: &str, name: &str, rest: Option<&str>) -> Option<Class> {
    let template = [".example", ".sample", ".template", ".dist", ".tmpl", ".defaults", ".schema", ".d.ts"]
        .iter()
        .any(|end| name.ends_with(end))
        || name.contains("example")
        || name.contains("sample")
        || name.contains("template");
    let dotenv = (name == ".env" || name.starts_with(".env.") || name.ends_with(".env") && name.len() > 4) && !template;
    let public = name.ends_with(".pub")
        || name.starts_with("known_hosts")
        || template
        || path.contains("/.aws/config")
        || path.contains("/.docker/buildx")
        || path.contains("/.docker/cli-plugins")
        || path.contains("/.docker/contexts")
        || path.contains("/.kube/cache")
        || path.contains("/node_modules/")
        || path.contains("/site-packages/")
        || name.ends_with(".rs")
        || name.ends_with(".py")
        || name.ends_with(".ts")
        || name.ends_with(".js")
        || name.ends_with(".go");
    let in_folder = rest.is_some_and(|rest| SECRET_FOLDERS.iter().any(|folder| inside(rest, folder)));
    let process = path.starts_with("/proc/") && ["environ", "mem", "maps", "cmdline"].contains(&name);
    if in_folder && name.starts_with("authorized_keys") {
        return Some(Class::Startup);
    }
    let ssh_rc = rest.is_some_and(|rest| rest == ".ssh/rc" || rest == ".ssh/environment");
    let by_name = SECRET_NAMES.contains(&name) || SECRET_ENDS.iter().any(|end| name.ends_with(end));
    let private = path.starts_with("/etc/ssl/private")
        || path.starts_with("/etc/wireguard")
        || path.starts_with("/run/secrets")
        || path.starts_with("/var/run/secrets")
        || path.starts_with("/etc/letsencrypt") && !path.ends_with(".conf")
        || path.starts_with("/etc/ssh/ssh_host_")
        || path.starts_with("/Library/Keychains");
    (!ssh_rc && (dotenv || process || private || !public && (in_folder || by_name))).then_some(Class::Secret)
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
            ("/home/other/.ssh/id_rsa", Class::Secret),
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
        assert!(glob("*.rs", "a.rs") && glob("a*c?", "abbcd") && !glob("a", "ab") && glob("**", ""));
    }
}
