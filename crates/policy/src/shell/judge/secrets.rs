//! Secrets of the environment.

use clawbutler_core::risk::RiskLevel::High;

use super::{has, joined};
use crate::assess::signal;
use crate::paths;
use crate::shell::tables::PRINTERS;
use crate::shell::walk::Walk;
use crate::shell::words::{self, Word};

/// Whether a variable's name says that it holds a secret.
pub(super) fn secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    [
        "SECRET", "TOKEN", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY", "CREDENTIAL",
        "AUTH_KEY", "PASSPHRASE", "DATABASE_URL", "_PAT", "ENCRYPTION_KEY", "SIGNING_KEY",
    ]
    .iter()
    .any(|piece| upper.contains(piece))
        && !upper.contains("TOKENS")
        && !upper.contains("TOKENIZ")
        && !upper.contains("MAX_TOKEN")
}

/// Secrets of the environment that are printed, or searched for in what the environment shows.
pub(super) fn secret_variables(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    let printed = PRINTERS.contains(&name)
        && args.iter().any(|arg| {
            arg.from.iter().any(|name| (secret_name(name) || name == words::INDIRECT) && !walk.vars.contains_key(name))
                && !arg.text.contains(":+")
        })
        || name == "printenv" && args.iter().any(|arg| secret_name(&arg.text))
        || name == "jq"
            && args.iter().any(|arg| {
                arg.text.contains("env.") && secret_name(&arg.text)
                    || arg.text.contains("$ENV") && !arg.text.contains("$ENV.")
                    || arg.text.trim() == "env"
            });
    let indirect = PRINTERS.contains(&name)
        && args
            .iter()
            .any(|arg| arg.from.iter().any(|name| walk.vars.get(name).is_some_and(|value| secret_name(&value.text))));
    if printed || indirect {
        walk.secrets = true;
        if !walk.piped {
            walk.say(signal("secret_read", High, "Shows a secret of the environment", Some(&joined(name, args))));
        }
    }
    let told = walk.seen.parts.iter().any(|part| {
        matches!(part.program.as_str(), "terraform" | "tofu" | "pulumi" | "terragrunt")
            && part.args.iter().any(|arg| matches!(arg.as_str(), "output" | "state" | "show"))
    });
    if told && matches!(name, "jq" | "grep" | "yq") && args.iter().any(|arg| secret_name(&arg.text)) {
        walk.say(signal(
            "secret_read",
            High,
            "Shows a secret out of the state of infrastructure",
            Some(&joined(name, args)),
        ));
    }
    let keys =
        matches!(name, "grep" | "egrep" | "rg" | "ag") && has(args, "-r|-R|--recursive") || matches!(name, "rg" | "ag");
    let whole = args.iter().any(|arg| {
        walk.path(arg)
            .is_some_and(|path| !arg.opaque && paths::class(&path, &walk.project, walk.around) == paths::Class::Root)
    });
    if keys && whole && !has(args, "-l|--files-with-matches|-c|--count") {
        walk.say(signal(
            "secret_read",
            High,
            "Searches a whole home or disk and shows what it finds",
            Some(&joined(name, args)),
        ));
    }
    let searches = matches!(name, "grep" | "egrep" | "rg" | "awk" | "sed")
        && walk.seen.signals.iter().any(|one| one.name == "environment")
        && args.iter().any(|arg| {
            ["key", "token", "secret", "pass", "cred", "aws_", "auth"]
                .iter()
                .any(|word| arg.text.to_ascii_lowercase().contains(word))
        });
    if searches && !has(args, "-v|-c") {
        walk.say(signal("secret_read", High, "Looks for secrets in the environment", Some(&joined(name, args))));
    }
}
