//! Programs by what they do, as data.

use clawbutler_core::risk::RiskLevel::{self, Critical, High, Medium};

/// A program with words that must all be among its arguments (`a|b`: either), and what that means.
/// `-x` stands for the letter in any bundle of short options; `--x` also for `--x=…`.
pub(crate) struct Row(pub(crate) &'static str, pub(crate) &'static [&'static str], pub(crate) RiskLevel, pub(crate) &'static str, pub(crate) &'static str);

pub(crate) const ROWS: &[Row] = &[
    // git: what destroys work
    Row("git", &["push", "-f|--force|--force-with-lease|--mirror|--delete|-d|--prune"], High, "git_destroys", "Overwrites or deletes what others have pushed"),
    Row("git", &["reset", "--hard|--merge"], High, "git_destroys", "Throws away changes that are not committed"),
    Row("git", &["clean", "-f|--force"], High, "git_destroys", "Deletes files that git does not know"),
    Row("git", &["checkout", "--|.|-f|--force"], High, "git_destroys", "Throws away changes to files"),
    Row("git", &["restore", ".|*|:/"], High, "git_destroys", "Throws away changes to files"),
    Row("git", &["switch", "-f|--force|--discard-changes"], High, "git_destroys", "Throws away changes to files"),
    Row("git", &["branch", "-D"], High, "git_destroys", "Deletes a branch that may hold the only copy of work"),
    Row("git", &["stash", "drop|clear"], High, "git_destroys", "Throws away stashed work"),
    Row("git", &["filter-branch|filter-repo"], High, "git_destroys", "Rewrites the history"),
    Row("git", &["reflog", "expire|delete"], High, "git_destroys", "Removes the way back to lost commits"),
    Row("git", &["gc", "--prune"], High, "git_destroys", "Removes commits that nothing points to"),
    Row("git", &["update-ref", "-d"], High, "git_destroys", "Deletes a reference"),
    Row("git", &["worktree", "remove", "-f|--force"], High, "git_destroys", "Deletes a work tree with its changes"),
    Row("git", &["tag", "-d|--delete"], Medium, "git_deletes", "Deletes a tag"),
    Row("git", &["push"], Medium, "git_push", "Publishes commits"),
    Row("git", &["pull|fetch|clone"], Medium, "network", "Downloads commits"),
    Row("git", &["config", "core.hooksPath|core.sshCommand|core.pager|core.editor|core.fsmonitor"], High, "startup_write", "Changes what git runs by itself"),
    // disks and the machine
    Row("mkfs", &[], Critical, "device_write", "Makes a new file system over what is there"),
    Row("wipefs", &[], Critical, "device_write", "Wipes a disk"),
    Row("fdisk", &[], Critical, "device_write", "Changes partitions"),
    Row("parted", &[], Critical, "device_write", "Changes partitions"),
    Row("shred", &[], High, "delete", "Overwrites files so that they cannot be had again"),
    Row("shutdown", &[], High, "machine", "Stops the machine"),
    Row("reboot", &[], High, "machine", "Restarts the machine"),
    Row("halt", &[], High, "machine", "Stops the machine"),
    Row("poweroff", &[], High, "machine", "Stops the machine"),
    Row("systemctl", &["stop|disable|mask|kill|restart"], High, "machine", "Stops or changes services"),
    Row("launchctl", &["unload|remove|bootout|load|bootstrap"], High, "machine", "Changes services"),
    Row("service", &["stop|restart"], High, "machine", "Stops or restarts services"),
    Row("iptables", &[], High, "machine", "Changes the firewall"),
    Row("nft", &[], High, "machine", "Changes the firewall"),
    Row("ufw", &[], High, "machine", "Changes the firewall"),
    Row("mount", &[], High, "machine", "Mounts a file system"),
    Row("umount", &[], High, "machine", "Unmounts a file system"),
    Row("useradd", &[], High, "machine", "Adds a user"),
    Row("userdel", &[], High, "machine", "Deletes a user"),
    Row("usermod", &[], High, "machine", "Changes a user"),
    Row("passwd", &[], High, "machine", "Changes a password"),
    Row("visudo", &[], High, "machine", "Changes who may act as administrator"),
    Row("sysctl", &["-w"], High, "machine", "Changes the kernel's settings"),
    Row("killall", &[], High, "kills", "Ends every process of a name"),
    Row("pkill", &[], High, "kills", "Ends every process that matches"),
    Row("kill", &["-1"], Critical, "kills", "Ends every process of the user"),
    Row("history", &["-c|-w"], Medium, "covers_tracks", "Clears the shell's history"),
    // what runs later
    Row("crontab", &["-l"], RiskLevel::Low, "reads", "Lists scheduled jobs"),
    Row("crontab", &[], High, "schedule", "Changes scheduled jobs"),
    Row("at", &[], High, "schedule", "Schedules a job"),
    Row("batch", &[], High, "schedule", "Schedules a job"),
    // rights
    Row("chmod", &["-R|--recursive"], High, "rights", "Changes rights of a whole folder"),
    Row("chmod", &["777|a+rwx|o+w|a+w|+s|u+s|4755"], High, "rights", "Opens files to everybody"),
    Row("chown", &["-R|--recursive"], High, "rights", "Changes the owner of a whole folder"),
    Row("setfacl", &[], High, "rights", "Changes rights"),
    // other machines
    Row("ssh", &[], High, "remote", "Works on another machine"),
    Row("scp", &[], High, "upload", "Copies files to or from another machine"),
    Row("sftp", &[], High, "upload", "Copies files to or from another machine"),
    Row("nc", &[], High, "remote", "Opens a raw connection"),
    Row("ncat", &[], High, "remote", "Opens a raw connection"),
    Row("netcat", &[], High, "remote", "Opens a raw connection"),
    Row("socat", &[], High, "remote", "Opens a raw connection"),
    Row("telnet", &[], High, "remote", "Opens a raw connection"),
    Row("ftp", &[], High, "upload", "Copies files to or from another machine"),
    Row("rclone", &["delete|purge|sync|move"], High, "cloud_destroys", "Changes or deletes files in the cloud"),
    Row("mail", &[], High, "upload", "Sends mail"),
    Row("sendmail", &[], High, "upload", "Sends mail"),
    // publishing
    Row("npm", &["publish|unpublish|deprecate"], High, "publish", "Publishes a package"),
    Row("pnpm", &["publish"], High, "publish", "Publishes a package"),
    Row("yarn", &["publish"], High, "publish", "Publishes a package"),
    Row("cargo", &["publish|yank"], High, "publish", "Publishes a crate"),
    Row("twine", &["upload"], High, "publish", "Publishes a package"),
    Row("gem", &["push|yank"], High, "publish", "Publishes a gem"),
    Row("docker", &["push"], High, "publish", "Publishes an image"),
    Row("gh", &["delete|merge|create|close|edit|api|secret"], High, "publish", "Changes things on the code host"),
    // containers, clusters, clouds
    Row("docker", &["system|volume|image|container|network|builder", "prune|rm"], High, "cloud_destroys", "Deletes containers, images or volumes"),
    Row("docker", &["rm|rmi", "-f|--force"], High, "cloud_destroys", "Deletes containers or images"),
    Row("docker", &["down", "-v|--volumes"], High, "cloud_destroys", "Deletes volumes with their data"),
    Row("docker", &["run", "--privileged"], High, "machine", "Starts a container that controls the machine"),
    Row("kubectl", &["delete|drain|scale|patch|replace|apply|exec|cordon"], High, "cloud_destroys", "Changes a running cluster"),
    Row("helm", &["uninstall|delete|upgrade|rollback|install"], High, "cloud_destroys", "Changes what runs in a cluster"),
    Row("terraform", &["destroy"], High, "cloud_destroys", "Destroys infrastructure"),
    Row("terraform", &["apply|import|taint"], High, "cloud_destroys", "Changes infrastructure"),
    Row("terraform", &["state", "rm|mv"], High, "cloud_destroys", "Changes the record of infrastructure"),
    Row("tofu", &["destroy|apply"], High, "cloud_destroys", "Changes infrastructure"),
    Row("pulumi", &["destroy|up"], High, "cloud_destroys", "Changes infrastructure"),
    Row("ansible-playbook", &[], High, "remote", "Changes other machines"),
    Row("heroku", &["destroy|delete|pg:reset"], High, "cloud_destroys", "Deletes things in the cloud"),
    Row("flyctl", &["destroy|deploy"], High, "cloud_destroys", "Changes things in the cloud"),
    Row("vercel", &["remove|rm|--prod"], High, "cloud_destroys", "Changes things in the cloud"),
    // databases
    Row("dropdb", &[], High, "database_destroys", "Deletes a database"),
    Row("dropuser", &[], High, "database_destroys", "Deletes a database user"),
    Row("redis-cli", &["flushall|flushdb|FLUSHALL|FLUSHDB|del|DEL"], High, "database_destroys", "Deletes data"),
    Row("mongo", &["--eval"], High, "database_destroys", "Runs a program in a database"),
    Row("mongosh", &["--eval"], High, "database_destroys", "Runs a program in a database"),
    Row("rails", &["db:drop|db:reset|db:schema:load"], High, "database_destroys", "Deletes a database"),
    Row("prisma", &["reset|--force-reset"], High, "database_destroys", "Deletes a database"),
    // packages run scripts when they install
    Row("npm", &["install|i|ci|add|update|exec"], Medium, "installs", "Installs packages, which may run scripts"),
    Row("npx", &[], Medium, "installs", "Downloads and runs a package"),
    Row("pnpm", &["install|add|dlx|i"], Medium, "installs", "Installs packages, which may run scripts"),
    Row("yarn", &["add|install|dlx"], Medium, "installs", "Installs packages, which may run scripts"),
    Row("pip", &["install|uninstall|download"], Medium, "installs", "Installs packages, which may run scripts"),
    Row("pip3", &["install|uninstall|download"], Medium, "installs", "Installs packages, which may run scripts"),
    Row("uv", &["add|install|sync|pip"], Medium, "installs", "Installs packages, which may run scripts"),
    Row("cargo", &["install|add|update"], Medium, "installs", "Installs crates, which may run scripts"),
    Row("go", &["get|install"], Medium, "installs", "Installs modules"),
    Row("gem", &["install"], Medium, "installs", "Installs gems, which may run scripts"),
    Row("brew", &["install|uninstall|upgrade"], Medium, "installs", "Changes installed programs"),
    Row("apt", &["install|remove|purge|upgrade"], High, "machine", "Changes installed programs of the system"),
    Row("apt-get", &["install|remove|purge|upgrade|dist-upgrade"], High, "machine", "Changes installed programs of the system"),
    Row("dnf", &["install|remove"], High, "machine", "Changes installed programs of the system"),
    Row("pacman", &["-S|-R"], High, "machine", "Changes installed programs of the system"),
];

/// Words that destroy, anywhere among the arguments of a cloud's command line.
pub(crate) const CLOUDS: &[&str] = &["aws", "gcloud", "az", "doctl", "gsutil", "bq", "oci", "ibmcloud", "linode-cli", "eksctl"];
pub(crate) const CLOUD_WORDS: &[&str] = &["delete", "terminate", "rm", "rb", "remove", "destroy", "purge", "stop", "deregister", "detach", "revoke", "reset", "put", "create", "update", "modify", "cp", "mv", "sync", "run", "set"];

/// Databases whose statements stand among the arguments.
pub(crate) const SQL: &[&str] = &["psql", "mysql", "mariadb", "sqlite3", "sqlcmd", "clickhouse-client", "duckdb", "cqlsh", "snowsql"];

/// Shells: a text given to them is followed.
pub(crate) const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "rbash"];
/// Interpreters of other languages, with the option that carries a program.
pub(crate) const INTERPRETERS: &[(&str, &[&str])] = &[
    ("python", &["-c"]), ("python2", &["-c"]), ("python3", &["-c"]), ("pypy3", &["-c"]), ("node", &["-e", "--eval", "-p", "--print"]), ("nodejs", &["-e"]),
    ("deno", &["eval"]), ("bun", &["-e", "--eval"]), ("perl", &["-e", "-E", "-ne", "-pe", "-i", "-ie"]), ("ruby", &["-e"]), ("php", &["-r"]), ("lua", &["-e"]),
    ("Rscript", &["-e"]), ("osascript", &["-e"]), ("pwsh", &["-c", "-Command"]), ("powershell", &["-c", "-Command"]), ("tclsh", &[]), ("awk", &[]), ("gawk", &[]),
];
/// In a program of another language: reaches files to delete, other programs, or the network.
pub(crate) const REACHES: &[&str] = &[
    "remove", "unlink", "rmtree", "rmdir", "rename", "truncate", "system", "subprocess", "popen", "Popen", "spawn", "exec", "eval", "child_process", "socket",
    "urllib", "requests", "http", "https", "fetch", "rmSync", "unlinkSync", "writeFile", "writeFileSync", "chmod", "kill", "ctypes", "__import__", "importlib",
    "getattr", "base64", "write_text", "FileUtils", "File.delete", "qx", "shell_exec", "passthru", "fsockopen", "do", "environ", "b64decode", "compile", "write",
];

/// Start another command with the arguments that follow their own; number of values some options take.
pub(crate) const WRAPPERS: &[(&str, &[&str], usize)] = &[
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "--user", "--group"], 0),
    ("doas", &["-u", "-C"], 0),
    ("env", &["-u", "--unset", "-C", "--chdir"], 0),
    ("command", &[], 0),
    ("builtin", &[], 0),
    ("exec", &["-a"], 0),
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("nice", &["-n", "--adjustment"], 0),
    ("ionice", &["-c", "-n", "-p"], 0),
    ("time", &["-f", "-o"], 0),
    ("timeout", &["-s", "-k", "--signal", "--kill-after"], 1),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("xargs", &["-I", "-n", "-P", "-L", "-d", "-E", "-s", "-a", "--max-args", "--max-procs", "--delimiter"], 0),
    ("watch", &["-n", "--interval"], 0),
    ("caffeinate", &[], 0),
    ("unbuffer", &[], 0),
    ("busybox", &[], 0),
    ("parallel", &["-j", "--jobs"], 0),
    ("chroot", &[], 1),
    ("flock", &["-w", "-E"], 1),
    ("strace", &["-e", "-o", "-p"], 0),
    ("script", &[], 0),
    ("then", &[], 0),
];

/// Fetch things over the network; what they print may come from anywhere.
pub(crate) const FETCHERS: &[&str] = &["curl", "wget", "fetch", "http", "https", "xh", "aria2c", "lynx", "httpie"];
/// Change what passes through them, so that a text behind a pipe is not the text before it.
pub(crate) const DECODERS: &[&str] = &["base64", "base32", "xxd", "rev", "tr", "openssl", "gpg", "gunzip", "zcat", "uudecode", "sed", "awk", "cut", "hexdump", "od", "bzcat", "xzcat", "iconv"];
/// Print their arguments.
pub(crate) const PRINTERS: &[&str] = &["echo", "printf"];

/// Read only, whatever their arguments are.
pub(crate) const READERS: &[&str] = &[
    "ls", "cat", "head", "tail", "less", "more", "grep", "egrep", "fgrep", "rg", "ag", "stat", "file", "wc", "diff", "cmp", "md5sum", "sha256sum", "sha1sum", "sha512sum", "cksum", "du", "df",
    "tree", "bat", "fd", "jq", "yq", "sort", "uniq", "cut", "column", "nl", "od", "hexdump", "xxd", "strings", "readlink", "realpath", "basename", "dirname", "tac", "comm", "join", "paste", "fold",
    "fmt", "tr", "expand", "pr", "base64", "base32", "rev", "zcat", "bzcat", "xzcat", "zgrep", "exa", "eza", "lsd", "find", "sed", "awk", "gawk", "locate", "which", "type", "whereis", "test", "[", "source", ".",
];
/// Harmless, or only about themselves.
pub(crate) const CALM: &[&str] = &[
    "echo", "printf", "pwd", "cd", "true", "false", ":", "date", "whoami", "id", "uname", "hostname", "sleep", "seq", "yes", "clear", "export", "set", "unset", "local", "declare", "readonly", "shift", "read", "return", "exit",
    "wait", "jobs", "fg", "bg", "ps", "top", "htop", "free", "uptime", "nproc", "lscpu", "pgrep", "man", "help", "tput", "stty", "let", "test", "[", "[[", "getopts", "trap", "pushd", "popd", "dirs", "umask", "ulimit",
    "cal", "bc", "expr", "factor", "locale", "tty", "groups", "lsof", "vmstat", "break", "continue", "printenv", "env", "alias", "unalias", "hash", "shopt", "mapfile", "readarray",
];
/// Builds, tests and the like: run the project's own code, which an agent could have written.
pub(crate) const BUILDERS: &[&str] = &[
    "cargo", "npm", "pnpm", "yarn", "make", "cmake", "ninja", "go", "pytest", "tox", "mvn", "gradle", "gradlew", "bazel", "tsc", "eslint", "prettier", "ruff", "black", "mypy", "jest", "vitest", "rustc", "gcc", "g++", "clang", "cc", "javac",
    "java", "dotnet", "mix", "rake", "bundle", "poetry", "uv", "just", "rustfmt", "clippy-driver", "gofmt", "swift", "zig", "meson", "ctest", "nox", "pre-commit", "docker", "docker-compose", "git", "gh", "terraform", "kubectl", "helm", "pip", "pip3",
];
/// Change the files named as their arguments.
pub(crate) const WRITERS: &[&str] = &["touch", "mkdir", "tee", "cp", "mv", "ln", "install", "chmod", "chown", "chgrp", "truncate", "rsync", "tar", "unzip", "gzip", "gunzip", "zip", "patch", "dd", "sponge", "mktemp", "split", "vi", "vim", "nano", "ed", "ex"];
