//! Programs told by tables: rows of words and options, families of cloud command lines, tasks of projects.

use clawbutler_core::risk::RiskLevel::{High, Low, Medium};

use super::{command, has, joined};
use crate::assess::signal;
use crate::paths::glob;
use crate::shell::tables::{DESTROYS, FAMILIES, OUTWARD_TASKS, READS, Row, rows_of};
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;

/// Says what the table knows; whether a row says that it only reads.
pub(super) fn rows(walk: &mut Walk<'_>, name: &str, args: &[Word]) -> bool {
    let rows = rows_of(name);
    if rows.is_empty() {
        return false;
    }
    let mut words = operands_without(args, options_with_values(name));
    if name == "cargo" {
        words.retain(|word| !word.starts_with('+'));
    }
    for row in rows.iter().filter(|row| applies(row, args, &words)) {
        let level =
            if row.name == "database_destroys" && in_tests(walk, args) { row.level.min(Medium) } else { row.level };
        walk.say(signal(row.name, level, row.says, Some(&joined(name, args))));
        walk.network |= matches!(
            row.name,
            "remote" | "upload" | "network" | "publish" | "opens" | "message" | "cloud_changes" | "tells_others"
        );
        if row.level == Low {
            return true;
        }
    }
    false
}

/// Whether a variable or an option says that only the test database is meant.
fn in_tests(walk: &Walk<'_>, args: &[Word]) -> bool {
    const NAMES: &[&str] = &["RAILS_ENV", "RACK_ENV", "APP_ENV", "NODE_ENV", "MIX_ENV", "DJANGO_ENV"];
    args.iter().any(|arg| {
        arg.text == "--env=test"
            || arg.text.split_once('=').is_some_and(|(name, value)| NAMES.contains(&name) && value == "test")
    }) || NAMES.iter().any(|name| walk.vars.get(*name).is_some_and(|value| value.text == "test"))
        || args
            .iter()
            .zip(args.iter().skip(1))
            .any(|(option, value)| matches!(option.text.as_str(), "--env" | "-e") && value.text == "test")
}

fn applies(row: &Row, args: &[Word], words: &[&str]) -> bool {
    let mut rest = words;
    for token in row.words.split(' ').filter(|token| !token.is_empty()) {
        let anywhere = token
            .split('|')
            .any(|one| one.strip_prefix('~').is_some_and(|pattern| words.iter().any(|word| glob(pattern, word))));
        if anywhere {
            continue;
        }
        let Some((first, after)) = rest.split_first() else {
            if token.split('|').any(|one| one == "*") {
                continue;
            }
            return false;
        };
        if !token.split('|').any(|one| !one.starts_with('~') && glob(one, first)) {
            return false;
        }
        rest = after;
    }
    row.flags.split(' ').all(|wanted| wanted.is_empty() || has(args, wanted)) && !excused(row.unless, args, words)
}

/// Whether one of the exceptions is there.
fn excused(unless: &str, args: &[Word], words: &[&str]) -> bool {
    unless.split('|').filter(|one| !one.is_empty()).any(|one| {
        if let Some((option, value)) = one.split_once(' ').filter(|_| one.starts_with('-')) {
            args.iter().zip(args.iter().skip(1)).any(|(a, b)| a.text == option && glob(value, &b.text))
        } else if one.starts_with('-') {
            has(args, one)
        } else {
            let pattern = one.strip_prefix('~').unwrap_or(one);
            words.iter().any(|word| glob(pattern, word))
        }
    })
}

/// Options before a subcommand that take a value.
fn options_with_values(name: &str) -> &'static [&'static str] {
    if let Some(family) = FAMILIES.iter().find(|family| family.0 == name) {
        return family.1;
    }
    match name {
        "docker" | "podman" | "nerdctl" => &["-H", "--host", "-c", "--context", "-l", "--log-level", "--config"],
        "gh" | "glab" => &["-R", "--repo"],
        "npm" | "pnpm" | "yarn" | "bun" => &["--prefix", "-C", "--dir", "--filter", "-F", "-w", "--workspace", "--cwd"],
        "cargo" => &["--manifest-path", "--config", "-C"],
        "systemctl" => &["-H", "-M", "-t", "-p", "-n"],
        "heroku" => &["-a", "--app", "-r", "--remote"],
        "fly" | "flyctl" => &["-a", "--app", "-c", "--config"],
        "ansible" | "ansible-playbook" => &["-i", "--inventory", "-u", "-m", "-a", "-e"],
        "ip" => &["-n", "--netns"],
        _ => &[],
    }
}

/// Operands with the values of some options left out.
pub(super) fn operands_without<'a>(args: &'a [Word], valued: &[&str]) -> Vec<&'a str> {
    let mut words = Vec::new();
    let mut skip = false;
    for arg in args {
        let text = arg.text.as_str();
        if std::mem::take(&mut skip) {
            continue;
        }
        if valued.contains(&text) {
            skip = true;
        } else if !text.starts_with('-') || text == "-" {
            words.push(text);
        }
    }
    words
}

/// Whether a word names an operation that reads: its first part counts (`describe-instances`, `list_pods`).
pub(super) fn reads(word: &str, more: &[&str]) -> bool {
    let first = word.split(['-', ':', '_', '.']).next().unwrap_or(word);
    more.contains(&word) || READS.contains(&first) || READS.contains(&word)
}

/// Clouds and clusters: what is not plainly reading asks. Whether the program is one of them.
pub(super) fn family(walk: &mut Walk<'_>, name: &str, args: &[Word], depth: usize) -> bool {
    let Some((_, valued, more)) = FAMILIES.iter().find(|family| family.0 == name) else { return false };
    walk.network |= !matches!(name, "terraform" | "tofu" | "terragrunt" | "helm");
    let words = operands_without(args, valued);
    let part = joined(name, args);
    if has(args, "--help|-h|--version|help") && words.len() < 4 || words.is_empty() {
        return true;
    }
    match name {
        "aws" => aws(walk, args, &words, &part),
        "kubectl" | "oc" => kube(walk, args, &words, &part, more, depth),
        "gcloud" | "az" | "bq" => group(walk, args, &words, &part, more),
        _ => single(walk, args, &words, &part, more),
    }
    true
}

fn changes(walk: &mut Walk<'_>, part: &str, words: &[&str]) {
    let destroys = words.iter().any(|word| word.split(['-', ':', '_']).any(|piece| DESTROYS.contains(&piece)));
    let (name, says) = if destroys {
        ("cloud_destroys", "Deletes things in the cloud or in a cluster; cannot be undone")
    } else {
        ("cloud_changes", "Changes things in the cloud or in a cluster")
    };
    walk.say(signal(name, High, says, Some(part)));
}

fn secret(walk: &mut Walk<'_>, part: &str) {
    walk.say(signal("secret_read", High, "Takes secrets out of a store", Some(part)));
}

fn aws(walk: &mut Walk<'_>, args: &[Word], words: &[&str], part: &str) {
    let (service, operation) = (words[0], words.get(1).copied().unwrap_or_default());
    let secrets =
        ["get-secret-value", "get-session-token", "export-credentials", "decrypt", "get-login-password", "assume-role"];
    let secrets_too = [
        "get-login", "get-authorization-token", "batch-get-secret-value", "get-federation-token", "get-access-key-info",
    ];
    let parameter = operation.starts_with("get-parameter") && has(args, "--with-decryption");
    if secrets.contains(&operation)
        || secrets_too.contains(&operation)
        || parameter
        || operation.starts_with("assume-role")
    {
        return secret(walk, part);
    }
    let downloads = words.get(2).is_some_and(|from| from.starts_with("s3://"))
        && words.get(3).is_some_and(|to| !to.starts_with("s3://"));
    let calm = match (service, operation) {
        ("s3", "cp" | "sync") => downloads && !has(args, "--delete") || has(args, "--dryrun"),
        ("s3", _) => operation == "ls" || has(args, "--dryrun"),
        ("configure", _) => ["list", "get", "list-profiles"].contains(&operation),
        ("sso", "login" | "logout") | ("eks", "update-kubeconfig") | ("cloudformation", "package") => true,
        ("help" | "version", _) => true,
        _ => reads(operation, &["ls"]) || has(args, "--dry-run|--generate-cli-skeleton"),
    };
    if calm {
        walk.say(signal("network", Medium, "Asks a cloud", None));
    } else {
        changes(walk, part, words);
    }
}

fn group(walk: &mut Walk<'_>, args: &[Word], words: &[&str], part: &str, more: &[&str]) {
    let tokens = ["print-access-token", "print-identity-token", "get-access-token", "get-credentials-token"];
    let has_word = |wanted: &str| words.contains(&wanted);
    if words.iter().any(|word| tokens.contains(word))
        || has_word("secrets") && has_word("access")
        || has_word("secret") && (has_word("show") || has_word("download") || has_word("list-versions"))
        || has_word("keys") && (has_word("list") || has_word("show") || has_word("create"))
        || words.iter().any(|word| *word == "list-keys" || *word == "show-connection-string" || *word == "decrypt")
    {
        return secret(walk, part);
    }
    if has_word("ssh") || has_word("ssh-to") || has_word("run-command") {
        return walk.say(signal("remote", High, "Works on another machine", Some(part)));
    }
    let settings = words[0] == "config" && !has_word("unset")
        || words[0] == "configure"
        || has_word("login")
        || has_word("logout")
        || words[0] == "account" && has_word("set")
        || has_word("get-credentials")
        || words[0] == "components" && reads(words.get(1).copied().unwrap_or_default(), &[])
        || words[0] == "topic"
        || words[0] == "cheat-sheet";
    let queries = words.iter().any(|word| *word == "query") && !sql_changes(args);
    // The operation stands last among the words that are no names; any reading verb decides unless a
    // changing one stands beside it.
    let reading = words.iter().take(6).any(|word| reads(word, more));
    let changing = words.iter().skip(1).take(6).any(|word| {
        let first = word.split('-').next().unwrap_or(word);
        [
            "create", "update", "set", "add", "remove", "start", "stop", "restart", "deploy", "import", "export", "cp",
            "mv", "rm", "invoke", "run", "submit", "patch", "apply", "enable", "disable", "reset", "resize", "move",
            "insert", "mk", "load", "cancel", "assign", "publish", "upload", "restore", "failover", "regenerate",
            "renew", "attach", "detach",
        ]
        .contains(&first)
            || DESTROYS.contains(&first)
    });
    if settings || queries || reading && !changing {
        walk.say(signal("network", Medium, "Asks a cloud", None));
    } else {
        changes(walk, part, words);
    }
}

fn sql_changes(args: &[Word]) -> bool {
    args.iter().any(|arg| crate::shell::judge::code::sql_level(&arg.text) > Medium)
}

fn kube(walk: &mut Walk<'_>, args: &[Word], words: &[&str], part: &str, more: &[&str], depth: usize) {
    let (verb, what) = (words[0], words.get(1).copied().unwrap_or_default());
    let dry = args.iter().any(|arg| arg.text.starts_with("--dry-run") && arg.text != "--dry-run=none");
    let local = args.iter().zip(args.iter().skip(1)).any(|(option, value)| {
        matches!(option.text.as_str(), "--context" | "--kube-context")
            && ["kind-*", "minikube", "docker-desktop", "k3d-*", "rancher-desktop", "colima", "orbstack"]
                .iter()
                .any(|name| glob(name, &value.text))
    });
    let secrets = what.split(['/', ',']).any(|kind| matches!(kind, "secret" | "secrets"));
    match verb {
        "get" | "describe" | "view-secret" if secrets => {
            let shows = args.iter().any(|arg| {
                ["yaml", "json", "jsonpath", "go-template", "custom-columns"].iter().any(|form| arg.text.contains(form))
            });
            if shows || verb == "view-secret" {
                secret(walk, part);
            }
        }
        "config" if what == "view" && has(args, "--raw") => secret(walk, part),
        "config" if reads(what, &["current-context", "use-context"]) => {}
        "config" if what.starts_with("delete-") || what == "unset" => changes(walk, part, words),
        "config" => walk.say(signal("settings", Medium, "Changes which cluster is used", Some(part))),
        "rollout" if reads(what, &[]) => {}
        "auth" if what == "reconcile" => changes(walk, part, words),
        "create" if what == "token" => secret(walk, part),
        "exec" | "debug" | "run" | "rsh" => kube_exec(walk, verb, args, part, depth),
        "cp" => {
            let up = words.last().is_some_and(|to| to.contains(':'));
            if up {
                changes(walk, part, words);
            }
        }
        _ if reads(verb, more) || dry => {}
        "apply" | "create" | "rollout" | "scale" | "label" | "annotate" | "expose" if local => {
            walk.say(signal("cluster_local", Medium, "Changes a cluster on this machine", Some(part)));
        }
        _ => changes(walk, part, words),
    }
    walk.say(signal("network", Medium, "Asks a cluster", None));
}

/// A command inside a pod: only a reading one goes unasked.
fn kube_exec(walk: &mut Walk<'_>, verb: &str, args: &[Word], part: &str, depth: usize) {
    let Some(at) = args.iter().position(|arg| arg.text == "--") else {
        return walk.say(signal("remote", High, "Works inside a cluster", Some(part)));
    };
    let tail = &args[at + 1..];
    let before = walk.seen.signals.len();
    walk.by(&format!("kubectl {verb}"), |walk| drop(command(walk, tail, &Input::None, depth + 1)));
    let shell = tail.len() <= 1
        && tail.first().is_some_and(|word| {
            crate::shell::tables::SHELLS.contains(&word.text.rsplit('/').next().unwrap_or_default())
        });
    let calm = verb == "exec" && !shell && walk.seen.signals[before..].iter().all(|one| one.level <= Low);
    if !calm {
        walk.say(signal("remote", High, "Runs a command inside a cluster", Some(part)));
    }
}

/// Families whose first word is the operation.
fn single(walk: &mut Walk<'_>, args: &[Word], words: &[&str], part: &str, more: &[&str]) {
    let words = if words[0] == "run-all" || words[0] == "run" && words.len() > 1 && !matches!(words[1], "--") {
        &words[1..]
    } else {
        words
    };
    let (verb, what) = (words.first().copied().unwrap_or_default(), words.get(1).copied().unwrap_or_default());
    let dry = has(args, "--dry-run") && !part.contains("--dry-run=none");
    let calm = match (verb, what) {
        ("workspace", "delete") | ("repo", "remove" | "rm") => false,
        ("state" | "stack" | "config" | "plugin" | "env" | "registry", what) => {
            reads(what, &["pull", "output", "select", "init", "graph", "ls", "export", "set", "tag", "add", "update"])
        }
        _ => reads(verb, more) || dry,
    };
    if calm {
        walk.say(signal("network", Medium, "Asks what would change", None));
    } else {
        changes(walk, part, words);
    }
}

/// A project's own task by its name: what reaches beyond the project is told by it.
pub(super) fn task(walk: &mut Walk<'_>, name: &str, task: &str, part: &str) {
    let mut pieces = task.split([':', '-', '_', '.', '/', ' ']).map(str::to_ascii_lowercase).collect::<Vec<_>>();
    pieces.retain(|piece| !piece.is_empty());
    let building = [
        "build", "test", "lint", "check", "dry", "preview", "start", "dev", "watch", "compile", "bundle", "serve",
        "clean",
    ];
    let build = pieces.iter().any(|piece| building.contains(&piece.as_str()));
    let outward = pieces.iter().any(|piece| OUTWARD_TASKS.contains(&piece.as_str()));
    if outward && !build {
        walk.say(signal(
            "outward_task",
            High,
            format!("Runs the project's task {task} with {name}, which by its name reaches beyond the project"),
            Some(part),
        ));
    }
}

/// A program that nothing is known about, told by the words it is given.
pub(super) fn unknown_words(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let dry = has(args, "--dry-run|--help|--check|--version");
    let destroys = args.iter().take(6).any(|arg| {
        let text = arg.text.trim_start_matches('-').to_ascii_lowercase();
        !text.contains(['/', ' ', '=']) && text.split([':', '-', '_']).any(|piece| DESTROYS.contains(&piece))
    });
    if destroys && !dry {
        walk.say(signal(
            "unknown_destroys",
            High,
            format!("Runs {name}, which ClawButler does not know, with words that destroy"),
            Some(&joined(name, args)),
        ));
    }
}
