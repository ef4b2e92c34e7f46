//! Commands of the shell itself that set variables, evaluate or print.

use clawbutler_core::risk::RiskLevel::High;

use super::{deletes, has, tools};
use crate::assess::signal;
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;

/// Programs whose output is meant to be evaluated by the shell, with the words that make them print it.
pub(super) const INITIALISERS: &[(&str, &str)] = &[
    ("ssh-agent", ""),
    ("direnv", "hook|export"),
    ("fnm", "env"),
    ("pyenv", "init|virtualenv-init"),
    ("rbenv", "init"),
    ("nodenv", "init"),
    ("jenv", "init"),
    ("goenv", "init"),
    ("brew", "shellenv"),
    ("starship", "init"),
    ("zoxide", "init"),
    ("mise", "activate|env|hook-env"),
    ("rtx", "activate"),
    ("asdf", ""),
    ("opam", "env|config"),
    ("conda", "shell.bash|shell.zsh|shell.posix|hook"),
    ("micromamba", "shell"),
    ("mamba", "shell"),
    ("minikube", "docker-env|podman-env"),
    ("docker-machine", "env"),
    ("dircolors", ""),
    ("luarocks", "path"),
    ("thefuck", ""),
    ("fzf", ""),
    ("gh", "completion"),
    ("kubectl", "completion"),
    ("helm", "completion"),
    ("npm", "completion"),
    ("register-python-argcomplete", ""),
    ("perl", "-I"),
    ("nvm", ""),
    ("volta", ""),
    ("atuin", "init"),
    ("keychain", ""),
    ("lesspipe", ""),
    ("lesspipe.sh", ""),
    ("resize", ""),
    ("gpg-agent", "--daemon"),
    ("poetry", "env"),
    ("uv", "generate-shell-completion"),
    ("pipx", ""),
    ("devbox", "shellenv"),
    ("guix", "package"),
];

/// Whether a substitution starts one of them and nothing else.
pub(super) fn initialises(text: &str) -> bool {
    if text.contains(['|', ';', '&', '`', '$', '<', '\n']) && !text.contains("2>/dev/null") {
        return false;
    }
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else { return false };
    let first = first.rsplit('/').next().unwrap_or(first);
    let rest: Vec<&str> = words.collect();
    INITIALISERS.iter().any(|(name, verbs)| {
        *name == first && (verbs.is_empty() || rest.iter().any(|word| verbs.split('|').any(|verb| verb == *word)))
    })
}

/// `read name <<< text`: what is read is known where the text is.
pub(super) fn reads_into(walk: &mut Walk<'_>, args: &[Word], input: &Input) {
    let names: Vec<String> =
        tools::operands_without(args, &["-p", "-t", "-n", "-N", "-d", "-u", "-i", "-O", "-s", "-c", "-C"])
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
    for arg in args.iter().filter(|arg| arg.text.contains("$(") || arg.text.contains('`')) {
        walk.quietly(|walk| walk.hidden_in(&arg.text.clone(), 1));
    }
    let known: Option<String> = match input {
        Input::Text(text) if !has(args, "-d") => text.lines().next().map(ToOwned::to_owned),
        _ => None,
    };
    let separators = walk.vars.get("IFS").map(|word| word.text.clone());
    let split = |text: &str| -> Vec<String> {
        let separates = |c: char| separators.as_ref().map_or(c.is_whitespace(), |set| set.contains(c));
        text.split(separates).filter(|piece| !piece.is_empty()).map(ToOwned::to_owned).collect()
    };
    if matches!(walk.seen.parts.last().map(|part| part.program.as_str()), Some("mapfile" | "readarray"))
        && let Some(at) = args.iter().position(|arg| arg.text == "-C")
        && let Some(callback) = args.get(at + 1).cloned()
    {
        walk.text_by("mapfile -C", &callback.text, 1);
    }
    if has(args, "-a")
        && let (Some(name), Some(text)) = (names.first(), &known)
    {
        let items = split(text).into_iter().map(Word::plain).collect();
        walk.vars.insert(name.clone(), Word { items, ..Word::unknown() });
        return;
    }
    let mut words = known.as_deref().map(&split);
    for (at, name) in names.iter().enumerate() {
        let value = match (&mut words, input) {
            (Some(words), _) if at + 1 == names.len() => Word::plain(words.get(at..).unwrap_or_default().join(" ")),
            (Some(words), _) => Word::plain(words.get(at).cloned().unwrap_or_default()),
            (None, Input::Names(patterns)) if patterns.len() == 1 => {
                Word { pattern: true, ..Word::plain(&patterns[0]) }
            }
            (None, _) => Word::unknown(),
        };
        walk.vars.insert(name.clone(), value);
    }
}

/// A patch handed to the shell's form of the tool: the files it names.
pub(super) fn patch(walk: &mut Walk<'_>, args: &[Word], input: &Input) {
    let text = match (args.first(), input) {
        (Some(word), _) => word.text.clone(),
        (None, Input::Text(text)) => text.clone(),
        (None, _) => {
            return walk.say(signal("hidden_program", High, "Applies a patch that is only known when it runs", None));
        }
    };
    for line in text.lines() {
        let file =
            ["*** Add File: ", "*** Update File: ", "*** Move to: "].iter().find_map(|mark| line.strip_prefix(mark));
        if let Some(file) = file {
            walk.wrote(&Word::plain(file.trim()), "Changes");
        } else if let Some(file) = line.strip_prefix("*** Delete File: ") {
            deletes::delete_one(walk, "rm", &Word::plain(file.trim()), false, file, line);
        }
    }
}

/// What `echo` and `printf` put out, as far as it can be told.
pub(super) fn printed(name: &str, args: &[Word]) -> Input {
    if args.iter().any(|arg| arg.opaque) {
        return Input::Output;
    }
    let texts: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
    if name == "printf" {
        return match texts.as_slice() {
            ["%b", rest @ ..] if rest.iter().any(|text| text.contains('\\')) => Input::Decoded,
            ["%s" | "%b", rest @ ..] => Input::Text(rest.concat()),
            ["%s\\n" | "%s\n", rest @ ..] => Input::Text(rest.join("\n")),
            [format, ..] if format.contains('%') || format.replace("\\n", "").replace("\\t", "").contains('\\') => {
                Input::Decoded
            }
            [format, ..] => Input::Text(format.replace("\\n", "\n").replace("\\t", "\t")),
            [] => Input::None,
        };
    }
    let is_option = |text: &&str| {
        text.len() > 1 && text.strip_prefix('-').is_some_and(|rest| rest.chars().all(|c| matches!(c, 'n' | 'e' | 'E')))
    };
    let options = texts.iter().take_while(|text| is_option(text)).count();
    let escapes = texts[..options].iter().any(|text| text.contains('e'));
    let text = texts[options..].join(" ");
    if escapes && text.contains('\\') { Input::Decoded } else { Input::Text(text) }
}
