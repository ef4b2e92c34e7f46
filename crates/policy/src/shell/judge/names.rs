//! The plain name of a program, and programs given by its options.

use clawbutler_core::risk::RiskLevel::High;

use super::secrets::secret_name;
use super::{code, joined};
use crate::assess::signal;
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;

/// Programs that tell where other programs or folders are.
pub(super) const LOCATORS: &[&str] = &[
    "pwd", "which", "command", "git", "npm", "yarn", "pnpm", "go", "brew", "dirname", "realpath", "readlink", "xcrun",
    "poetry", "pipenv", "python", "python3", "ruby", "gem", "rustc", "cargo", "nproc", "llvm-config", "pyenv", "rbenv",
    "nvm", "mise", "asdf", "bundle", "composer", "stack", "opam", "type",
];

/// Variables by which developers choose a tool.
pub(super) const TOOL_VARIABLES: &[&str] = &[
    "PYTHON", "PYTHON3", "PIP", "NODE", "NPM", "CC", "CXX", "LD", "AR", "MAKE", "CMAKE", "CARGO", "RUSTC", "GO",
    "GOBIN", "JAVA", "JAVA_HOME", "MVN", "GRADLE", "RUBY", "BUNDLE", "PHP", "COMPOSER", "DOCKER", "COMPOSE", "KUBECTL",
    "HELM", "TERRAFORM", "GOPATH", "GOROOT", "VIRTUAL_ENV", "CONDA_PREFIX", "ANDROID_HOME", "ANDROID_SDK_ROOT",
    "FLUTTER_ROOT", "NVM_DIR", "PYENV_ROOT", "HOMEBREW_PREFIX", "CARGO_HOME", "PNPM_HOME", "BUN_INSTALL", "DENO_DIR",
    "PWD", "OLDPWD", "PROJECT_ROOT", "ROOT", "DIR",
];

/// The program's plain name, where it is known although a part of the word is not: `$(npm bin)/eslint`.
pub(super) fn known_name(walk: &Walk<'_>, head: &Word) -> Option<String> {
    if !head.opaque {
        return Some(program(&head.text));
    }
    let last = head.text.rsplit('/').next().unwrap_or_default();
    let locators = head.inner.iter().all(|text| {
        text.split_whitespace().next().is_some_and(|first| LOCATORS.contains(&first))
            && !text.contains(['|', ';', '&', '`', '>'])
    });
    let variables =
        head.from.iter().all(|name| TOOL_VARIABLES.contains(&name.as_str()) && !walk.vars.contains_key(name));
    let told = !head.inner.is_empty() || !head.from.is_empty();
    if head.text.contains('/') && !last.is_empty() && !last.contains('$') && locators && told && !head.pattern {
        return Some(program(last));
    }
    // `$(which python3) …`, `$PYTHON …`.
    if head.text == "$" && head.inner.len() == 1 && head.from.is_empty() {
        let mut words = head.inner[0].split_whitespace();
        let which = words.next().is_some_and(|first| matches!(first, "which" | "command" | "type"));
        let name = words.rfind(|word| !word.starts_with('-'))?;
        return (which && locators && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .then(|| name.to_owned());
    }
    if head.text == "$" && head.inner.is_empty() && head.from.len() == 1 && variables {
        return Some(head.from[0].to_ascii_lowercase().trim_end_matches("_home").to_owned());
    }
    None
}

/// Last part of the program's path, without the ending that Windows adds.
pub(super) fn program(text: &str) -> String {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    name.strip_suffix(".exe").unwrap_or(name).to_owned()
}

/// Programs of other languages by option, where no analysis of the language is at hand.
pub(super) fn inline_options(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input) {
    if let Input::Text(text) = input
        && matches!(
            name,
            "ed" | "ex"
                | "vim"
                | "vi"
                | "m4"
                | "jshell"
                | "gnuplot"
                | "cmake"
                | "octave"
                | "groovy"
                | "erl"
                | "iex"
                | "ghci"
                | "ocaml"
                | "maxima"
                | "R"
                | "scala"
                | "gdb"
                | "bc"
                | "julia"
        )
    {
        code::other_language(walk, name, &Word::plain(text.clone()));
    }
    let empties = matches!(input, Input::Text(text) if text.lines().any(|line| matches!(line.trim(), ",d" | "1,$d" | "%d" | ",dw")));
    if empties && matches!(name, "ed" | "ex" | "vim" | "vi") {
        walk.say(signal("overwrites", High, "Empties a file in an editor", Some(&joined(name, args))));
    }
    if name.ends_with("latex") || name == "latexmk" {
        for arg in args.iter().filter(|arg| arg.text.contains("write18")).cloned().collect::<Vec<_>>() {
            code::other_language(walk, name, &arg);
        }
    }
    if args.iter().any(|arg| arg.text == "-wrapper") {
        walk.say(signal("loads_code", High, "Makes a compiler start another program", Some(&joined(name, args))));
    }
    if matches!(name, "terraform" | "tofu" | "pulumi")
        && args.iter().any(|arg| arg.text == "output" || arg.text == "--show-secrets")
        && args.iter().any(|arg| secret_name(&arg.text) || arg.text == "--show-secrets")
    {
        walk.say(signal("secret_read", High, "Shows a secret", Some(&joined(name, args))));
    }
    if name == "docker" && args.iter().any(|arg| arg.text.contains(".Config.Env")) {
        walk.say(signal(
            "secret_read",
            High,
            "Shows the environment of a container, where secrets are kept",
            Some(&joined(name, args)),
        ));
    }
    let options: &[&str] = match name {
        "rails" => &["runner", "r", "-e", "production", "development", "staging"],
        "elixir" | "julia" | "groovy" | "scala" | "iex" => &["-e", "--eval", "-E"],
        "erl" => &["-eval"],
        "gnuplot" | "m4" | "octave" | "maxima" | "R" => &["-e", "--eval"],
        "gdb" | "lldb" => &["-ex", "--eval-command", "-o"],
        "emacs" => &["--eval", "-eval", "--execute", "-f"],
        "vim" | "vi" | "nvim" | "ex" | "view" => &["-c", "--cmd", "+"],
        "ipython" => &["-c"],
        "ghc" => &["-e"],
        _ => return,
    };
    let texts: Vec<Word> = args
        .iter()
        .zip(args.iter().skip(1))
        .filter(|(option, _)| options.contains(&option.text.as_str()))
        .map(|(_, text)| text.clone())
        .chain(
            args.iter()
                .filter(|arg| {
                    arg.text.len() > 1 && arg.text.starts_with('+') && matches!(name, "vim" | "vi" | "nvim" | "ex")
                })
                .cloned(),
        )
        .collect();
    for text in texts {
        code::other_language(walk, name, &text);
    }
}
