//! Programs by how widely they may be granted, as data.
//!
//! Wide grants are by permission only: a program that no table names is granted with exactly its words.

/// Programs whose first words choose what they do, with how many words that takes.
pub(super) const SUBCOMMANDS: &[(&str, usize)] = &[
    ("apt", 1),
    ("aws", 2),
    ("az", 2),
    ("brew", 1),
    ("bun", 1),
    ("bundle", 1),
    ("cargo", 1),
    ("composer", 1),
    ("deno", 1),
    ("docker", 1),
    ("docker-compose", 1),
    ("dotnet", 1),
    ("gcloud", 3),
    ("gh", 2),
    ("git", 1),
    ("go", 1),
    ("helm", 1),
    ("kubectl", 1),
    ("mix", 1),
    ("npm", 1),
    ("pip", 1),
    ("pip3", 1),
    ("pnpm", 1),
    ("podman", 1),
    ("poetry", 1),
    ("ruff", 1),
    ("rustup", 1),
    ("swift", 1),
    ("systemctl", 1),
    ("terraform", 1),
    ("uv", 1),
    ("yarn", 1),
];
/// First words that are followed by another one that belongs to them.
pub(super) const TWO_WORDS: &[(&str, &[&str])] = &[
    ("cargo", &["nextest"]),
    ("docker", &["builder", "compose", "container", "image", "network", "system", "volume"]),
    ("git", &["bisect", "reflog", "remote", "stash", "submodule", "worktree"]),
    ("go", &["mod", "work"]),
    ("kubectl", &["config", "rollout"]),
    ("npm", &["run", "run-script"]),
    ("pnpm", &["run"]),
    ("yarn", &["run"]),
    ("bun", &["run"]),
    ("terraform", &["state", "workspace"]),
    ("uv", &["pip", "run", "tool"]),
];

/// A program with its subcommand and the options by which it stays what it is.
pub(super) struct Row(pub(super) &'static str, pub(super) &'static [&'static str], pub(super) &'static [&'static str]);

/// Programs whose operands are files, which may be granted for any path inside the project.
pub(super) const FILES: &[Row] = &[
    Row("black", &[], &["--check", "--diff", "-q", "--quiet"]),
    Row("cargo", &["fmt"], &["--all", "--check", "--"]),
    Row("cat", &[], &["-n", "-A", "-b"]),
    Row("cp", &[], &["-r", "-R", "-a", "-p", "-v", "-n"]),
    Row("diff", &[], &["-u", "-r", "-q", "-ru", "-w"]),
    Row("dotnet", &["build"], &["--nologo"]),
    Row("dotnet", &["test"], &["--nologo"]),
    Row("du", &[], &["-s", "-h", "-sh"]),
    Row("eslint", &[], &["--fix", "--quiet", "--cache"]),
    Row("file", &[], &["-b"]),
    Row("git", &["add"], &["-A", "--all", "-u", "-v", "-N", "--"]),
    Row("git", &["mv"], &["-v", "-k", "--"]),
    Row("go", &["fmt"], &[]),
    Row("gofmt", &[], &["-w", "-l", "-d", "-s"]),
    Row("head", &[], &[]),
    Row("isort", &[], &["--check", "--diff", "-q"]),
    Row("ls", &[], &["-l", "-a", "-la", "-al", "-lah", "-lh", "-1", "-R", "-t", "-ltr"]),
    Row("mkdir", &[], &["-p", "-v"]),
    Row("mv", &[], &["-v", "-n"]),
    Row("mypy", &[], &["--strict"]),
    Row("prettier", &[], &["--write", "-w", "--check", "-c", "--list-different", "-l"]),
    Row("pytest", &[], &["-q", "-v", "-vv", "-x", "-s", "--lf", "--ff", "--no-header"]),
    Row("ruff", &["check"], &["--fix", "--diff", "-q", "--quiet"]),
    Row("ruff", &["format"], &["--check", "--diff", "-q", "--quiet"]),
    Row("rustfmt", &[], &["--check"]),
    Row("shellcheck", &[], &["-x"]),
    Row("stat", &[], &[]),
    Row("tail", &[], &["-f"]),
    Row("tee", &[], &["-a"]),
    Row("touch", &[], &[]),
    Row("tree", &[], &["-a", "-d"]),
    Row("tsc", &[], &["--noEmit", "--pretty"]),
    Row("wc", &[], &["-l", "-c", "-w"]),
];

const CARGO: &[&str] = &[
    "--", "--all", "--all-features", "--all-targets", "--bin", "--bins", "--doc", "--exact", "--example", "--examples",
    "--features", "--frozen", "--ignored", "--keep-going", "--lib", "--locked", "--no-default-features",
    "--no-fail-fast", "--no-run", "--nocapture", "--offline", "--package", "--quiet", "--release", "--test",
    "--test-threads=1", "--tests", "--verbose", "--workspace", "-D", "-W", "-p", "-q", "-v", "-vv",
];
const GIT_LOOKS: &[&str] = &[
    "--", "--all", "--branch", "--cached", "--decorate", "--graph", "--name-only", "--name-status", "--no-color",
    "--no-pager", "--oneline", "--patch", "--porcelain", "--short", "--staged", "--stat", "-1", "-10", "-2", "-20",
    "-3", "-5", "-b", "-n", "-p", "-s", "-sb", "-u",
];
const GO: &[&str] = &["-count=1", "-cover", "-race", "-run", "-short", "-v"];
const GH: &[&str] = &["--json", "--limit", "--state", "-L", "-s"];
const KUBECTL: &[&str] = &["--all-namespaces", "--namespace", "-A", "-l", "-n", "-o", "-w"];

/// Programs that are harmless however their operands are, with those options.
pub(super) const HARMLESS: &[Row] = &[
    Row("bun", &["test"], &[]),
    Row("cargo", &["bench"], CARGO),
    Row("cargo", &["build"], CARGO),
    Row("cargo", &["check"], CARGO),
    Row("cargo", &["clippy"], CARGO),
    Row("cargo", &["doc"], CARGO),
    Row("cargo", &["metadata"], CARGO),
    Row("cargo", &["nextest", "run"], CARGO),
    Row("cargo", &["test"], CARGO),
    Row("cargo", &["tree"], CARGO),
    Row("docker", &["images"], &["-a", "-q"]),
    Row("docker", &["logs"], &["-f", "--tail", "-n"]),
    Row("docker", &["ps"], &["-a", "-q"]),
    Row("gh", &["issue", "list"], GH),
    Row("gh", &["issue", "view"], GH),
    Row("gh", &["pr", "checks"], GH),
    Row("gh", &["pr", "diff"], GH),
    Row("gh", &["pr", "list"], GH),
    Row("gh", &["pr", "status"], GH),
    Row("gh", &["pr", "view"], GH),
    Row("gh", &["run", "list"], GH),
    Row("gh", &["run", "view"], &["--log", "--log-failed", "--json"]),
    Row("git", &["blame"], &["-L", "--"]),
    Row("git", &["commit"], &["-m", "-a", "-am", "-q", "-v"]),
    Row("git", &["diff"], GIT_LOOKS),
    Row("git", &["log"], GIT_LOOKS),
    Row("git", &["ls-files"], &["--"]),
    Row("git", &["rev-parse"], &["--abbrev-ref", "--short", "--show-toplevel"]),
    Row("git", &["show"], GIT_LOOKS),
    Row("git", &["stash", "list"], &[]),
    Row("git", &["stash", "show"], &["-p"]),
    Row("git", &["status"], GIT_LOOKS),
    Row("go", &["build"], GO),
    Row("go", &["list"], &["-m"]),
    Row("go", &["test"], GO),
    Row("go", &["vet"], GO),
    Row("kubectl", &["describe"], KUBECTL),
    Row("kubectl", &["get"], KUBECTL),
    Row("kubectl", &["logs"], &["-n", "--namespace", "-f", "--tail", "-c"]),
    Row("npm", &["ls"], &["--all"]),
    Row("npm", &["outdated"], &[]),
    Row("npm", &["test"], &["--silent", "-s", "--"]),
    Row("pnpm", &["test"], &["--"]),
    Row("yarn", &["test"], &[]),
];
/// Run the project's own code although harmless by themselves.
pub(super) const RUNS_PROJECT: &[&str] =
    &["bun", "cargo", "dotnet", "eslint", "go", "npm", "pnpm", "prettier", "pytest", "yarn"];

/// Never granted but with exactly their words, whatever a table above says one day (a test holds the tables
/// to it): they run what they are given, destroy, or act elsewhere.
pub(super) const NEVER_WHOLESALE: &[&str] = &[
    "ansible", "ash", "at", "awk", "aws", "az", "bash", "batch", "bunx", "busybox", "chmod", "chown", "chroot",
    "crontab", "curl", "dash", "dd", "deno", "doas", "docker run", "docker exec", "doctl", "env", "eval", "exec",
    "find", "fish", "flock", "gawk", "gcloud", "git push", "git reset", "git clean", "helm", "iptables", "kill",
    "killall", "ksh", "kubectl apply", "kubectl delete", "kubectl exec", "launchctl", "lua", "mkfs", "mount", "mysql",
    "nc", "nice", "node", "nohup", "npx", "osascript", "parallel", "perl", "php", "pip", "pkill", "psql", "pwsh",
    "python", "python2", "python3", "rclone", "rm", "rmdir", "rsync", "ruby", "scp", "screen", "script", "sed",
    "service", "setsid", "sftp", "sh", "shred", "socat", "source", "sqlite3", "ssh", "strace", "su", "sudo",
    "systemctl", "tar", "terraform", "timeout", "tmux", "truncate", "unlink", "uv", "uvx", "watch", "wget", "xargs",
    "zsh",
];

/// Look at things and change none, with the options that make them do more than that.
pub(super) const CALM: &[(&str, &[&str])] = &[
    (":", &[]),
    ("basename", &[]),
    ("cat", &[]),
    ("cd", &[]),
    ("cmp", &[]),
    ("comm", &[]),
    ("cut", &[]),
    ("date", &["-s", "--set"]),
    ("df", &[]),
    ("diff", &[]),
    ("dirname", &[]),
    ("du", &[]),
    ("echo", &[]),
    ("egrep", &[]),
    ("false", &[]),
    ("fgrep", &[]),
    ("file", &["-C", "--compile"]),
    ("find", &["-exec", "-execdir", "-ok", "-okdir", "-delete", "-fprint", "-fprint0", "-fprintf", "-fls"]),
    ("grep", &[]),
    ("head", &[]),
    ("id", &[]),
    ("jq", &[]),
    ("ls", &[]),
    ("md5sum", &[]),
    ("nl", &[]),
    ("printf", &["-v"]),
    ("ps", &[]),
    ("pwd", &[]),
    ("readlink", &[]),
    ("realpath", &[]),
    ("rg", &["--pre", "--hostname-bin"]),
    ("sha256sum", &[]),
    ("sleep", &[]),
    ("sort", &["-o", "--o", "--compress-program", "-T", "--t"]),
    ("stat", &[]),
    ("tail", &[]),
    ("tr", &[]),
    ("tree", &["-o"]),
    ("true", &[]),
    ("uname", &[]),
    ("wc", &[]),
    ("which", &[]),
    ("whoami", &[]),
];
/// Subcommands of git that change nothing, as long as their options are known.
pub(super) const CALM_GIT: &[&str] = &["diff", "log", "show", "status"];

/// Look at what cannot be seen, or reach what nothing may reach by a standing grant: no wider than the call
/// itself. Whole names, or a beginning that ends in `_`.
pub(super) const KEPT: &[&str] = &[
    "own_", "guard_", "secret_", "secrets_", "credential_", "credentials_", "agent_config_", "agent_unguarded",
    "exfiltration", "metadata", "startup_write", "dotenv_write", "reverse_shell", "search_path_write", "loads_code",
];
/// What runs is not what is written: the next time it may be something else.
pub(super) const HIDDEN: &[&str] = &[
    "not_parsed", "hidden_", "runs_download", "runs_hidden", "runs_written", "stdin_script", "downloaded_",
    "unknown_target", "fork_bomb",
];

#[cfg(test)]
mod tests {
    use super::{FILES, HARMLESS, NEVER_WHOLESALE};

    #[test]
    fn no_wide_row_is_one_of_those_never_granted_wholesale() {
        let wide = FILES.iter().chain(HARMLESS);
        let wrong: Vec<String> = wide
            .flat_map(|row| [row.0.to_owned(), format!("{} {}", row.0, row.1.first().unwrap_or(&""))])
            .filter(|name| NEVER_WHOLESALE.contains(&name.trim()))
            .collect();
        assert_eq!(wrong, Vec::<String>::new());
    }
}
