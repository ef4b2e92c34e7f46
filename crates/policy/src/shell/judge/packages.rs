//! Package managers and task runners: where code comes from, and which of the project's tasks runs.

use clawbutler_core::risk::RiskLevel::{High, Low, Medium};

use super::tools::{operands_without, task};
use super::{code, command, has, joined, operands};
use crate::assess::signal;
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;

const ADDS: &[&str] =
    &["install", "i", "add", "in", "isntall", "update", "up", "upgrade", "link", "dlx", "x", "exec", "create", "init"];
/// Subcommands of yarn, pnpm and bun that are no scripts.
const NODE_OWN: &[&str] = &[
    "install", "i", "ci", "add", "remove", "rm", "uninstall", "un", "update", "up", "upgrade", "outdated", "audit",
    "ls", "list", "ll", "la", "why", "info", "view", "v", "show", "config", "cache", "init", "link", "unlink", "pack",
    "version", "versions", "workspaces", "workspace", "dedupe", "exec", "dlx", "create", "help", "bin", "root",
    "prefix", "login", "logout", "whoami", "owner", "publish", "unpublish", "doctor", "fund", "rebuild", "prune",
    "set-script", "pkg", "query", "search", "ping", "env", "store", "import", "patch", "patch-commit", "plugin", "set",
    "node", "x", "build-sqlite", "upgrade-interactive", "constraints", "explain", "deprecate", "dist-tag", "token",
    "access", "team", "sbom", "licenses", "fetch", "deploy-package", "check", "-v",
];

/// Looks at a package manager or task runner; whether it was one.
pub(super) fn look(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input, depth: usize) -> bool {
    let part = joined(name, args);
    match name {
        "npm" | "pnpm" | "yarn" | "bun" => node(walk, name, args, &part, depth),
        "npx" | "bunx" | "pnpx" | "uvx" | "pipx" | "corepack" => runs_package(walk, name, args, &part, depth),
        "pip" | "pip3" | "uv" | "poetry" | "pdm" | "pipenv" | "conda" | "mamba" | "micromamba" => {
            python(walk, name, args, input, &part, depth)
        }
        "cargo" => cargo(walk, args, &part, depth),
        "go" => go(walk, args, &part),
        "make" | "gmake" | "just" | "task" | "rake" | "mage" | "invoke" | "inv" | "ant" | "gulp" | "grunt" | "nx"
        | "turbo" | "tox" | "nox" | "bake" | "earthly" | "moon" | "wireit" => {
            tasks(walk, name, args, &part, depth);
        }
        "bundle" | "rbenv" | "pyenv" | "asdf" | "mise" | "nvm" | "direnv" | "dotenv" | "cross-env" | "env-cmd"
        | "doppler-run" | "dbus-run-session" | "xvfb-run" | "stack" | "cabal" | "dotnet-script" | "mix" | "opam"
        | "hatch" | "devbox" | "nix-shell" | "rye" => {
            bundle(walk, name, args, depth);
        }
        "gem" | "brew" | "apt" | "apt-get" | "dnf" | "yum" | "apk" | "pacman" | "zypper" | "snap" | "flatpak"
        | "port" | "choco" | "winget" | "scoop" | "composer" | "cpan" | "cpanm" | "luarocks" | "nuget" | "vcpkg"
        | "conan" | "rustup" | "sdk" | "volta" | "fnm" | "nix-env" | "nix" => {
            other(walk, args, &part);
        }
        _ => return false,
    }
    true
}

/// Something named by address: code that no registry vouches for.
fn foreign(word: &Word) -> bool {
    let text = word.text.as_str();
    let schemes = [
        "http://", "https://", "git+", "git://", "git@", "ssh://", "github:", "gitlab:", "bitbucket:", "gist:", "hg+",
        "svn+", "bzr+", "ftp://",
    ];
    schemes.iter().any(|scheme| {
        text.starts_with(scheme) || text.contains(&format!("@{scheme}")) || text.contains(&format!(" @ {scheme}"))
    }) || text.ends_with(".git")
}

fn supply(walk: &mut Walk<'_>, part: &str) {
    walk.network = true;
    walk.say(signal("supply_chain", High, "Installs code from an address that no registry vouches for", Some(part)));
}

fn installs(walk: &mut Walk<'_>) {
    walk.say(signal("installs", Medium, "Installs packages, which may run scripts", None));
}

fn node(walk: &mut Walk<'_>, name: &str, args: &[Word], part: &str, depth: usize) {
    let words = operands_without(
        args,
        &["--prefix", "-C", "--dir", "--filter", "-F", "-w", "--workspace", "--cwd", "--reporter", "--loglevel"],
    );
    let Some(verb) = words.first().copied() else { return installs(walk) };
    let repo = |word: &&&str| {
        let plain = word.split('/').count() == 2 && !word.starts_with(['@', '.', '/', '~', '-']) && !word.contains(':');
        plain && name != "bun"
    };
    if ADDS.contains(&verb) {
        if operands(args).skip(1).any(foreign)
            || matches!(verb, "install" | "i" | "add") && words.iter().skip(1).any(|word| repo(&word))
        {
            supply(walk, part);
        }
        installs(walk);
    }
    match verb {
        "exec" | "x" | "dlx" => {
            let at = args.iter().position(|arg| arg.text == verb).unwrap_or(0);
            runs_package(walk, name, &args[at + 1..], part, depth);
        }
        "run" | "run-script" | "rum" | "urn" => {
            if let Some(script) = words.get(1) {
                task(walk, name, script, part);
            }
        }
        "workspace" | "workspaces" => {
            let rest: Vec<Word> = operands(args).skip(if verb == "workspace" { 2 } else { 1 }).cloned().collect();
            if !rest.is_empty() && rest[0].text != verb {
                node(walk, name, &rest, part, depth + 1);
            }
        }
        "pkg" | "set-script" | "config" => {
            for value in args
                .iter()
                .filter(|arg| arg.text.starts_with("scripts."))
                .filter_map(|arg| arg.text.split_once('=').map(|(_, value)| value.to_owned()))
            {
                walk.text_by("npm run", &value, depth + 1);
            }
        }
        "cache" if matches!(words.get(1).copied(), Some("clean" | "clear")) => {}
        script if name != "npm" && !NODE_OWN.contains(&script) => {
            task(walk, name, script, part);
            let tail: Vec<Word> = args.iter().skip_while(|arg| arg.text != script).cloned().collect();
            if !tail.is_empty() && walk.inside == 0 {
                // `yarn eslint …` runs the program of that name.
                walk.quietly(|walk| walk.by(name, |walk| drop(command(walk, &tail, &Input::None, depth + 1))));
            }
        }
        _ => {}
    }
    walk.say(signal("builds", Low, "Builds or tests the project", None));
}

/// `npx tool …`: downloads it if need be; the tool is what counts.
fn runs_package(walk: &mut Walk<'_>, name: &str, args: &[Word], part: &str, depth: usize) {
    if name == "pipx" || name == "corepack" {
        let verb = args.first().map_or("", |arg| arg.text.as_str());
        if operands(args).skip(1).any(foreign) || has(args, "--index-url|-i|--spec") && args.iter().any(foreign) {
            supply(walk, part);
        }
        installs(walk);
        if verb == "run" {
            return runs_package(walk, "pipx run", &args[1..], part, depth);
        }
        return;
    }
    if code::texts_after(walk, args, &["-c", "--call", "--shell"], depth) {
        return;
    }
    installs(walk);
    let valued = ["-p", "--package", "--from", "--with", "--python", "--index-url", "--registry", "--prefix"];
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if valued.contains(&arg.text.as_str()) {
            if rest.next().is_some_and(foreign) {
                supply(walk, part);
            }
        } else if !arg.text.starts_with('-') {
            if foreign(arg) {
                return supply(walk, part);
            }
            // `eslint@9 …`, `@scope/tool …`: judged by its plain name.
            let plain = arg.text.rsplit('/').next().unwrap_or(&arg.text).split('@').next().unwrap_or_default();
            let mut tail = vec![Word { text: plain.to_owned(), ..arg.clone() }];
            tail.extend(rest.cloned());
            let how = name.to_owned();
            return walk.by(&how, |walk| drop(command(walk, &tail, &Input::None, depth + 1)));
        }
    }
}

fn python(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input, part: &str, depth: usize) {
    let verbs: Vec<&str> = operands(args).map(|word| word.text.as_str()).collect();
    let adds = ["install", "add", "download", "sync", "wheel", "create", "update", "tool", "pip"];
    if verbs.iter().take(2).any(|verb| adds.contains(verb)) {
        if operands(args).skip(1).any(foreign)
            || args.iter().any(|arg| arg.text.starts_with("-e") && foreign(&Word::plain(arg.text[2..].trim_start())))
            || args.iter().any(|arg| arg.text.starts_with("--requirement=http") || arg.text.starts_with("-rhttp"))
            || args.iter().zip(args.iter().skip(1)).any(|(option, value)| {
                matches!(option.text.as_str(), "-r" | "--requirement" | "-e" | "--editable" | "--git") && foreign(value)
            })
        {
            supply(walk, part);
        }
        let listed = args
            .iter()
            .any(|arg| matches!(arg.text.as_str(), "/dev/stdin" | "-r-") || arg.text.starts_with("/dev/fd/"));
        let known = matches!(input, Input::Text(text) if !text.lines().any(|line| foreign(&Word::plain(line.trim()))));
        if listed && !known {
            supply(walk, part);
        }
        installs(walk);
    }
    if let Some(at) = args.iter().position(|arg| arg.text == "run" || name == "conda" && arg.text == "exec") {
        let valued = [
            "-n", "--name", "-p", "--prefix", "--with", "--python", "--extra", "--group", "--package", "--env-file",
            "--directory", "--project",
        ];
        let mut tail: Vec<Word> = Vec::new();
        let mut rest = args[at + 1..].iter();
        while let Some(arg) = rest.next() {
            if valued.contains(&arg.text.as_str()) {
                if rest.next().is_some_and(foreign) {
                    supply(walk, part);
                }
            } else if !arg.text.starts_with('-') || arg.text == "-c" {
                tail = std::iter::once(arg).chain(rest.by_ref()).cloned().collect();
            }
        }
        if !tail.is_empty() {
            let how = format!("{name} run");
            walk.by(&how, |walk| drop(command(walk, &tail, &Input::None, depth + 1)));
        }
    }
    if verbs.first() == Some(&"tool") && verbs.get(1) == Some(&"run") {
        let at = args.iter().position(|arg| arg.text == "run").unwrap_or(0);
        runs_package(walk, "uvx", &args[at + 1..], part, depth);
    }
    walk.say(signal("builds", Low, "Builds or tests the project", None));
}

fn cargo(walk: &mut Walk<'_>, args: &[Word], part: &str, depth: usize) {
    let words =
        operands_without(args, &["--manifest-path", "--config", "-C", "-p", "--package", "--features", "--target"]);
    let words: Vec<&str> = words.into_iter().filter(|word| !word.starts_with('+')).collect();
    match words.first().copied().unwrap_or_default() {
        "install" | "add" | "update" => installs(walk),
        "xtask" | "make" | "task" => {
            if let Some(name) = words.get(1) {
                task(walk, "cargo", name, part);
            }
        }
        "watch" => {
            for (option, text) in args.iter().zip(args.iter().skip(1)) {
                if matches!(option.text.as_str(), "-s" | "--shell") {
                    walk.text_by("cargo watch", &text.text.clone(), depth + 1);
                }
            }
        }
        _ => {}
    }
    if args.iter().any(|arg| {
        arg.text.starts_with("build.rustc-wrapper")
            || arg.text.contains(".runner=")
            || arg.text.contains("rustc=")
            || arg.text.contains(".linker=")
    }) {
        walk.say(signal("loads_code", High, "Makes cargo run another program", Some(part)));
    }
    walk.say(signal("builds", Low, "Builds or tests the project", None));
}

fn go(walk: &mut Walk<'_>, args: &[Word], part: &str) {
    let words: Vec<&str> = operands(args).map(|word| word.text.as_str()).collect();
    match words.first().copied().unwrap_or_default() {
        "get" | "install" | "mod" | "work" => installs(walk),
        "run" if words.get(1).is_some_and(|what| what.contains('@') && !what.starts_with(['.', '/'])) => installs(walk),
        _ => {}
    }
    if args
        .iter()
        .any(|arg| arg.text.starts_with("-toolexec") || arg.text.starts_with("--toolexec") || arg.text == "-exec")
    {
        walk.say(signal("loads_code", High, "Makes go run another program", Some(part)));
    }
    walk.say(signal("builds", Low, "Builds or tests the project", None));
}

fn tasks(walk: &mut Walk<'_>, name: &str, args: &[Word], part: &str, depth: usize) {
    if args.iter().any(|arg| arg.text.starts_with("--eval")) {
        walk.say(signal("inline_code_reach", High, "Runs tasks given on the line", Some(part)));
    }
    if has(args, "-n|--dry-run|--just-print|--list|-l|--summary|--help|--tasks|-T|-P|-q|--question") && name != "nox" {
        return walk.say(signal("builds", Low, "Shows what would be done", None));
    }
    let words = operands_without(
        args,
        &["-C", "--directory", "-f", "--file", "-j", "--jobs", "--justfile", "-d", "--working-directory", "-e"],
    );
    for word in words.iter().take(8).filter(|word| !word.contains('=')) {
        task(walk, name, word, part);
    }
    // Variables given on the line can hold programs: `make SHELL=…`.
    for word in args.iter().filter(|word| word.text.contains('=') && !word.text.starts_with('-')) {
        let value = word.text.split_once('=').map(|(_, value)| value.to_owned()).unwrap_or_default();
        if value.contains(char::is_whitespace) || word.opaque {
            walk.quietly(|walk| walk.text_by(name, &value, depth + 1));
        }
    }
    for (option, value) in args.iter().zip(args.iter().skip(1)) {
        if matches!(option.text.as_str(), "-f" | "--file" | "--makefile")
            && matches!(value.text.as_str(), "-" | "/dev/stdin" | "/dev/fd/63")
        {
            walk.say(signal("stdin_script", High, "Runs tasks that come from elsewhere", Some(part)));
        }
    }
    walk.say(signal("builds", Low, "Builds or tests the project", None));
}

/// `bundle exec tool …`, `direnv exec . tool`, `mise x -- tool`: the tool is what counts.
fn bundle(walk: &mut Walk<'_>, name: &str, args: &[Word], depth: usize) {
    walk.say(signal("builds", Low, "Builds or tests the project", None));
    if matches!(name, "nix-shell" | "devbox") && code::texts_after(walk, args, &["--run", "--command", "-c"], depth) {
        return;
    }
    let direct = matches!(name, "dotenv" | "cross-env" | "env-cmd" | "xvfb-run" | "dbus-run-session");
    let at = if direct {
        args.iter().position(|arg| !arg.text.starts_with('-') && !arg.text.contains('='))
    } else {
        args.iter().position(|arg| matches!(arg.text.as_str(), "exec" | "x" | "run" | "shell")).map(|at| at + 1)
    };
    let Some(at) = at else {
        if operands(args).next().is_some_and(|word| matches!(word.text.as_str(), "install" | "add" | "update" | "use"))
        {
            if operands(args).skip(1).any(foreign) {
                supply(walk, &joined(name, args));
            }
            installs(walk);
        }
        return;
    };
    let skip = usize::from(name == "direnv");
    let tail: Vec<Word> =
        args.iter().skip(at).skip_while(|arg| arg.text.starts_with('-')).skip(skip).cloned().collect();
    if !tail.is_empty() {
        let how = name.to_owned();
        walk.by(&how, |walk| drop(command(walk, &tail, &Input::None, depth + 1)));
    }
}

fn other(walk: &mut Walk<'_>, args: &[Word], part: &str) {
    let verb = operands(args).next().map_or("", |word| word.text.as_str());
    if matches!(
        verb,
        "install" | "add" | "require" | "upgrade" | "update" | "reinstall" | "global" | "toolchain" | "tap" | "fetch"
    ) || has(args, "-S|-U")
    {
        let address =
            operands(args).skip(1).any(foreign) && !(verb == "tap" || verb == "add" && part.contains("repo add"));
        if address {
            supply(walk, part);
        }
        installs(walk);
    }
}
