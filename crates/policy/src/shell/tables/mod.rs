//! Programs by what they do, as data.

mod rows;

pub(crate) use rows::{Row, of as rows_of};

/// Databases whose statements stand among the arguments.
pub(crate) const SQL: &[&str] = &[
    "psql", "mysql", "mariadb", "sqlite3", "sqlcmd", "clickhouse-client", "duckdb", "cqlsh", "snowsql", "cockroach",
    "pgcli", "mycli", "litecli", "usql", "sqlplus", "isql", "osql", "trino", "presto", "beeline", "hive", "clickhouse",
    "cypher-shell", "turso", "ysqlsh", "vsql", "db2",
];

/// Shells: a text given to them is followed.
pub(crate) const SHELLS: &[&str] = &["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "rbash"];
/// Interpreters of other languages, with the option that carries a program.
pub(crate) const INTERPRETERS: &[(&str, &[&str])] = &[
    ("python", &["-c"]),
    ("python2", &["-c"]),
    ("python3", &["-c"]),
    ("pypy3", &["-c"]),
    ("node", &["-e", "--eval", "-p", "--print"]),
    ("nodejs", &["-e"]),
    ("deno", &["eval"]),
    ("bun", &["-e", "--eval"]),
    ("perl", &["-e", "-E", "-ne", "-pe", "-i", "-ie"]),
    ("ruby", &["-e"]),
    ("php", &["-r"]),
    ("lua", &["-e"]),
    ("Rscript", &["-e"]),
    ("osascript", &["-e"]),
    ("pwsh", &["-c", "-Command"]),
    ("powershell", &["-c", "-Command"]),
    ("tclsh", &[]),
    ("awk", &[]),
    ("gawk", &[]),
];
/// In a program of another language: reaches files to delete, other programs, or the network.
pub(crate) const REACHES: &[&str] = &[
    "remove", "unlink", "rmtree", "rmdir", "rename", "truncate", "system", "subprocess", "popen", "Popen", "spawn",
    "exec", "eval", "child_process", "socket", "urllib", "requests", "http", "https", "fetch", "rmSync", "unlinkSync",
    "writeFile", "writeFileSync", "chmod", "kill", "ctypes", "__import__", "importlib", "getattr", "base64",
    "write_text", "FileUtils", "File.delete", "qx", "shell_exec", "passthru", "File", "Dir", "IO", "binding", "dlopen",
    "env", "Deno", "Bun", "globals", "locals", "setattr", "vars", "open", "copyfile", "move", "glob", "rm",
    "fsockopen", "do", "environ", "b64decode", "compile", "write",
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
    ("toybox", &[], 0),
    ("ltrace", &["-e", "-o", "-p"], 0),
    ("systemd-run", &["-p", "-u", "--unit", "--property"], 0),
    ("runuser", &["-u", "--user", "-g"], 0),
    ("pkexec", &["--user"], 0),
    ("chronic", &[], 0),
    ("taskset", &["-p"], 1),
    ("run0", &["--user", "-u", "--unit"], 0),
    ("gosu", &[], 1),
    ("su-exec", &[], 1),
    ("dzdo", &["-u"], 0),
    ("fakeroot", &[], 0),
    ("proot", &["-b", "-w", "-r"], 0),
    ("firejail", &[], 0),
    ("bwrap", &[], 0),
    ("catchsegv", &[], 0),
    ("entr", &[], 0),
    ("watchexec", &["-w", "-e"], 0),
    ("setarch", &[], 1),
    ("linux64", &[], 0),
    ("linux32", &[], 0),
    ("prlimit", &[], 0),
    ("cpulimit", &["-l"], 0),
    ("chrt", &["-p"], 1),
    ("dumb-init", &[], 0),
    ("tini", &[], 0),
    ("torsocks", &[], 0),
    ("proxychains", &["-f"], 0),
    ("proxychains4", &["-f"], 0),
    ("rlwrap", &[], 0),
    ("gtimeout", &["-s", "-k"], 1),
    ("coproc", &[], 0),
    ("arch", &[], 0),
    ("doppler", &["-p", "-c"], 1),
    ("op-run", &[], 0),
    ("tsp", &[], 0),
    ("retry", &["-t", "-d"], 0),
    ("gnice", &["-n"], 0),
    ("numactl", &["-N", "-m", "-C"], 0),
    ("then", &[], 0),
];

/// Fetch things over the network; what they print may come from anywhere.
pub(crate) const FETCHERS: &[&str] = &["curl", "wget", "fetch", "http", "https", "xh", "aria2c", "lynx", "httpie"];
/// Change what passes through them, so that a text behind a pipe is not the text before it.
pub(crate) const DECODERS: &[&str] = &[
    "base64", "base32", "xxd", "rev", "tr", "openssl", "gpg", "gunzip", "zcat", "uudecode", "sed", "awk", "cut",
    "hexdump", "od", "bzcat", "xzcat", "iconv",
];
/// Print their arguments.
pub(crate) const PRINTERS: &[&str] = &["echo", "printf"];

/// Read only, whatever their arguments are.
pub(crate) const READERS: &[&str] = &[
    "ls", "cat", "head", "tail", "less", "more", "grep", "egrep", "fgrep", "rg", "ag", "stat", "file", "wc", "diff",
    "cmp", "md5sum", "sha256sum", "sha1sum", "sha512sum", "cksum", "du", "df", "tree", "bat", "fd", "jq", "yq", "sort",
    "uniq", "cut", "column", "nl", "od", "hexdump", "xxd", "strings", "readlink", "realpath", "basename", "dirname",
    "tac", "comm", "join", "paste", "fold", "fmt", "tr", "expand", "pr", "base64", "base32", "rev", "zcat", "bzcat",
    "xzcat", "zgrep", "exa", "eza", "lsd", "find", "sed", "awk", "gawk", "locate", "which", "type", "whereis", "test",
    "[", "source", ".",
];
/// Harmless, or only about themselves.
pub(crate) const CALM: &[&str] = &[
    "echo", "printf", "pwd", "cd", "true", "false", ":", "date", "whoami", "id", "uname", "hostname", "sleep", "seq",
    "yes", "clear", "export", "set", "unset", "local", "declare", "readonly", "shift", "read", "return", "exit",
    "wait", "jobs", "fg", "bg", "ps", "top", "htop", "free", "uptime", "nproc", "lscpu", "pgrep", "man", "help",
    "tput", "stty", "let", "test", "[", "[[", "getopts", "pushd", "popd", "dirs", "umask", "ulimit", "cal", "bc",
    "expr", "factor", "locale", "tty", "groups", "lsof", "vmstat", "break", "continue", "printenv", "env", "alias",
    "unalias", "hash", "shopt", "mapfile", "readarray", "tldr", "apropos", "whatis", "info", "cheat", "type", "which",
    "whereis", "lsblk", "lspci", "lsusb", "neofetch", "w", "who", "last", "logname", "arch", "getconf", "sw_vers",
    "figlet", "cowsay", "fortune", "pstree", "watch", "times", "command", "compgen", "caller", "disown", "suspend",
    "logout", "cls",
];
/// Builds, tests and the like: run the project's own code, which an agent could have written.
pub(crate) const BUILDERS: &[&str] = &[
    "cargo", "npm", "pnpm", "yarn", "bun", "npx", "bunx", "pnpx", "make", "gmake", "cmake", "ninja", "go", "pytest",
    "py.test", "tox", "mvn", "mvnw", "gradle", "gradlew", "bazel", "bazelisk", "buck2", "pants", "tsc", "tsx",
    "ts-node", "eslint", "prettier", "ruff", "black", "isort", "flake8", "pylint", "mypy", "pyright", "bandit", "jest",
    "vitest", "mocha", "ava", "playwright", "cypress", "karma", "rustc", "rustup", "gcc", "g++", "clang", "clang++",
    "cc", "c++", "ld", "ar", "as", "javac", "java", "jar", "kotlinc", "kotlin", "scalac", "scala", "sbt", "dotnet",
    "mix", "elixir", "iex", "erl", "rebar3", "rake", "bundle", "poetry", "uv", "uvx", "pdm", "pipenv", "just", "task",
    "rustfmt", "clippy-driver", "gofmt", "goimports", "golangci-lint", "swift", "swiftc", "xcodebuild", "xcrun", "zig",
    "meson", "ctest", "cpack", "nox", "pre-commit", "docker", "docker-compose", "podman", "git", "gh", "glab",
    "terraform", "tofu", "kubectl", "helm", "pip", "pip3", "pipx", "conda", "mamba", "micromamba", "gem", "brew",
    "apt", "apt-get", "apt-cache", "dnf", "yum", "apk", "pacman", "vite", "webpack", "rollup", "esbuild", "parcel",
    "next", "nuxt", "astro", "turbo", "nx", "lerna", "rspec", "rubocop", "rails", "irb", "phpunit", "pest", "composer",
    "phpstan", "psalm", "artisan", "flutter", "dart", "adb", "pod", "fastlane", "expo", "eas", "ng", "vue",
    "svelte-kit", "storybook", "hugo", "jekyll", "mkdocs", "sphinx-build", "pandoc", "pdflatex", "xelatex", "latexmk",
    "dot", "ffmpeg", "ffprobe", "convert", "magick", "identify", "sox", "shellcheck", "shfmt", "hadolint", "yamllint",
    "markdownlint", "actionlint", "tflint", "checkov", "trivy", "semgrep", "act", "packer", "valgrind", "gdb", "lldb",
    "strace", "perf", "nm", "objdump", "readelf", "ldd", "stack", "cabal", "ghc", "ocaml", "dune", "opam", "lein",
    "clojure", "clj", "julia", "nim", "nimble", "crystal", "jupyter", "ipython", "nbconvert", "dvc", "mlflow",
    "streamlit", "uvicorn", "gunicorn", "flask", "django-admin", "manage.py", "celery", "nodemon", "pm2",
    "concurrently", "serve", "http-server", "live-server", "wasm-pack", "trunk", "wrangler", "sqlfluff", "alembic",
    "prisma", "knex", "sequelize", "typeorm", "drizzle-kit", "supabase", "protoc", "buf", "openapi-generator",
    "swagger", "graphql-codegen", "autopep8", "stylelint", "biome", "deno", "hyperfine", "wrk", "ab", "k6", "code",
    "nvim", "vim", "vi", "nano", "emacs", "tmux", "screen", "asdf", "mise", "nvm", "pyenv", "rbenv", "nodenv", "fnm",
    "volta", "sdk", "corepack", "direnv", "tar", "coverage", "twine", "hatch", "flit", "setup.py", "cookiecutter",
    "ansible-lint", "ansible-galaxy", "ansible-doc", "ansible-inventory", "vagrant", "minikube", "kind", "k3d",
    "kustomize", "stern", "k9s", "kubeval", "kubeconform", "helmfile", "skaffold", "tilt", "argocd", "flux",
    "istioctl", "pulumi", "cdk", "sam", "serverless", "sls", "msbuild", "nuget", "vcpkg", "conan", "autoreconf",
    "configure", "automake", "libtool", "pkg-config", "ccache", "sccache", "bison", "flex", "yacc", "swig", "doxygen",
    "lcov", "gcov", "gcovr", "clang-tidy", "clang-format", "cppcheck", "ktlint", "detekt", "checkstyle", "spotless",
    "scalafmt", "mysqldump", "pg_dump", "csvkit", "csvcut", "csvlook", "csvstat", "csvgrep", "in2csv", "xsv", "mlr",
    "qsv", "duckdb", "dbt", "sqlite-utils", "datasette", "time", "exiftool", "gs", "qpdf", "pdftotext", "pdftoppm",
    "tesseract", "inkscape", "optipng", "pngquant", "cwebp", "svgo", "gifsicle",
];
/// Change the files named as their arguments.
pub(crate) const WRITERS: &[&str] = &[
    "touch", "mkdir", "tee", "cp", "mv", "ln", "install", "chmod", "chown", "chgrp", "truncate", "rsync", "tar",
    "unzip", "gzip", "gunzip", "zip", "patch", "dd", "sponge", "mktemp", "split", "vi", "vim", "nano", "ed", "ex",
];

/// Known programs that carry commands among their arguments.
pub(crate) const CARRIERS: &[&str] = &[
    "git", "tar", "bsdtar", "zip", "rsync", "vi", "vim", "nvim", "view", "ex", "ed", "gmake", "sort", "scp", "sftp",
    "split", "tmux", "screen", "gdb", "lldb", "expect", "emacs", "hyperfine", "entr", "m4", "gnuplot", "gcc", "g++",
    "clang", "nodemon", "watchexec", "chokidar", "onchange", "concurrently", "npm-run-all", "run-p", "run-s",
    "wait-on", "start-server-and-test", "perf", "valgrind", "make", "ctest", "pueue", "tsp", "nq", "batch", "rails",
    "erl", "jshell", "groovy", "iex", "scala", "ghc", "ocaml", "octave", "matlab", "maxima", "bc", "dc", "cmake",
    "pdflatex", "lualatex", "xelatex", "ipython",
];
/// Agents that a shell can start.
pub(crate) const AGENTS: &[&str] =
    &["claude", "codex", "hermes", "openclaw", "gemini", "aider", "opencode", "cursor-agent", "goose", "crush", "amp"];
/// Modules of other languages that reach nothing outside the program.
pub(crate) const CALM_MODULES: &[&str] = &[
    "json", "sys", "re", "math", "time", "datetime", "collections", "itertools", "functools", "string", "random",
    "statistics", "decimal", "fractions", "textwrap", "typing", "dataclasses", "enum", "pprint", "hashlib", "uuid",
    "csv", "struct", "operator", "copy", "platform", "util", "assert", "path", "url", "strict", "warnings", "utf8",
    "feature", "List", "POSIX", "Data", "numpy", "pandas", "yaml", "toml", "tomllib", "unicodedata", "locale",
    "calendar", "bisect", "heapq", "ast", "inspect", "argparse",
];

/// Command lines of clouds and clusters: what is not plainly reading there changes something others use.
/// Program, options of it that take a value, words that read besides [`READS`].
pub(crate) const FAMILIES: &[(&str, &[&str], &[&str])] = &[
    ("aws", AWS, &["ls", "presign-check"]),
    (
        "gcloud",
        &["--project", "--account", "--configuration", "--format", "--filter", "--verbosity"],
        &["read", "tail", "print-settings", "log", "logs"],
    ),
    ("bq", &["--project_id", "--location", "--format"], &["query", "head"]),
    ("az", &["--subscription", "-o", "--output", "--query"], &["query"]),
    ("kubectl", KUBE, KUBE_READS),
    ("oc", KUBE, KUBE_READS),
    (
        "helm",
        HELM,
        &[
            "unittest", "lint", "template", "pull", "dependency", "dep", "package", "env", "repo", "create",
            "completion",
        ],
    ),
    ("terraform", &[], TERRAFORM_READS),
    ("tofu", &[], TERRAFORM_READS),
    ("terragrunt", &[], TERRAFORM_READS),
    (
        "pulumi",
        &["-s", "--stack", "-C", "--cwd"],
        &["preview", "about", "logs", "new", "install", "gen-completion", "convert", "schema"],
    ),
];
const AWS: &[&str] =
    &["--profile", "--region", "--output", "--endpoint-url", "--query", "--cli-read-timeout", "--cli-connect-timeout"];
const KUBE: &[&str] =
    &["-n", "--namespace", "--context", "--cluster", "--kubeconfig", "-s", "--server", "--user", "--token", "--as"];
const KUBE_READS: &[&str] = &[
    "logs", "top", "api-resources", "api-versions", "cluster-info", "events", "wait", "port-forward", "proxy",
    "kustomize", "completion", "auth", "options", "plugin", "whoami", "projects",
];
const HELM: &[&str] = &["-n", "--namespace", "--kube-context", "--kubeconfig"];
const TERRAFORM_READS: &[&str] = &[
    "init", "plan", "fmt", "output", "graph", "providers", "console", "test", "workspace", "get", "metadata", "hclfmt",
    "validate-inputs", "render-json", "modules", "hcl",
];
/// Words of an operation that reads.
pub(crate) const READS: &[&str] = &[
    "get", "list", "ls", "describe", "show", "status", "version", "help", "info", "validate", "diff", "view", "whoami",
    "search", "inspect", "history", "explain", "head", "lookup", "scan", "query", "batch", "estimate", "preview",
    "check", "test", "wait", "explore", "verify", "detect", "simulate", "select", "count", "filter", "poll", "read",
    "examine", "lint", "plan", "exists", "checks", "watch", "tail", "cat",
];
/// Words of an operation that destroys, for programs that nothing else is known about.
pub(crate) const DESTROYS: &[&str] = &[
    "delete", "destroy", "purge", "drop", "wipe", "terminate", "truncate", "erase", "obliterate", "nuke", "teardown",
    "tear-down", "rm", "remove-all", "delete-all", "flush", "flushall", "deprovision", "decommission", "factory-reset",
    "force-delete", "uninstall", "prune", "revoke", "unpublish", "shutdown", "kill-all", "rollback", "reset-db",
    "drop-db", "empty-trash", "rmi", "undeploy",
];
/// Words in the name of a project's own task that reach beyond the project.
pub(crate) const OUTWARD_TASKS: &[&str] = &[
    "deploy", "publish", "destroy", "teardown", "nuke", "wipe", "purge", "drop", "undeploy", "rollback", "promote",
    "ship", "prod", "production", "release",
];
/// Tell about files without showing what is in them.
pub(crate) const NAMERS: &[&str] = &[
    "ls", "stat", "file", "wc", "test", "[", "[[", "du", "readlink", "realpath", "basename", "dirname", "tree", "exa",
    "eza", "lsd", "md5sum", "sha1sum", "sha256sum", "sha512sum", "cksum", "which", "type", "locate", "mkdir", "touch",
    "cmp", "df", "lsof", "lsattr", "getfacl",
];
