//! Programs, subcommands, options and arguments of one command, as rules name them.

use clawbutler_core::limits::RULE_ARGS;

use crate::globs;
use crate::looked::Part;
use crate::rule::When;

/// Options before the subcommand that take the next word as their value.
const VALUED: &[(&str, &[&str])] = &[
    ("git", &["-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env"]),
    (
        "kubectl",
        &["-n", "--namespace", "--context", "--kubeconfig", "--cluster", "--user", "-s", "--server", "--as", "--token"],
    ),
    ("helm", &["-n", "--namespace", "--kube-context", "--kubeconfig"]),
    (
        "docker",
        &["-H", "--host", "-c", "--context", "--config", "-l", "--log-level", "-f", "--file", "-p", "--project-name"],
    ),
    ("podman", &["-H", "--host", "-c", "--connection", "--log-level"]),
    ("aws", &["--profile", "--region", "--output", "--endpoint-url", "--query", "--color", "--ca-bundle"]),
    ("gcloud", &["--project", "--account", "--configuration", "--format", "--verbosity"]),
    ("az", &["--subscription", "--output", "-o", "--query"]),
    ("npm", &["--prefix", "-C", "-w", "--workspace", "--registry", "--loglevel"]),
    ("pnpm", &["-C", "--dir", "-F", "--filter"]),
    ("yarn", &["--cwd"]),
    ("cargo", &["--manifest-path", "--config", "-C", "-Z", "--color"]),
    ("go", &["-C"]),
    ("gh", &["-R", "--repo", "--hostname"]),
    ("systemctl", &["-H", "--host", "-M", "--machine", "-p", "--property"]),
    ("make", &["-C", "-f", "--file", "--directory"]),
    ("gsutil", &["-o", "-u"]),
    ("redis-cli", &["-h", "-p", "-a", "-n", "-u", "--user", "--pass"]),
];

/// Options before the subcommand that take no value.
const BARE: &[(&str, &[&str])] = &[
    ("git", &["--no-pager", "-P", "--paginate", "-p", "--bare", "--no-optional-locks", "--literal-pathspecs"]),
    ("npm", &["--silent", "-s", "--quiet", "-q", "--global", "-g", "--yes", "-y"]),
    ("pnpm", &["--silent", "-s", "--recursive", "-r"]),
    ("yarn", &["--silent", "-s"]),
    ("cargo", &["-q", "--quiet", "-v", "--verbose", "--locked", "--offline", "--frozen"]),
    ("aws", &["--no-cli-pager", "--debug", "--no-paginate"]),
    ("docker", &["-D", "--debug", "--tls"]),
    ("systemctl", &["--user", "--system", "--now", "--quiet", "-q", "--no-pager"]),
];

fn listed(table: &[(&str, &[&str])], program: &str, option: &str) -> bool {
    table.iter().any(|(name, options)| *name == program && options.contains(&option))
}

/// How much of a rule's words have to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// `ask` and `deny`: one reading, one part, one path is enough.
    One,
    /// `allow` and `defer`: every reading, every part, every path.
    Every,
}

impl Quantifier {
    pub(crate) fn is_every(self) -> bool {
        self == Self::Every
    }
}

/// The most words of one entry of `programs`; a load error says so.
pub(crate) const PROGRAM_WORDS: usize = 12;

/// Whether an entry of `programs` names the part; gives the words of it that are left as operands.
///
/// The operands follow in order and options in between are skipped. Whether a word after an option is the
/// option's value or a word of its own is known for the programs of [`VALUED`] and [`BARE`]; otherwise `One`
/// takes both readings and `Every` none of them.
fn names(entry: &str, part: &Part, how: Quantifier) -> bool {
    let mut words = entry.split_whitespace();
    let Some(program) = words.next() else { return false };
    if !globs::text(program, &part.program) || (how.is_every() && part.program.starts_with('$')) {
        return false;
    }
    let mut wanted = [""; PROGRAM_WORDS];
    let mut count = 0;
    for word in words.take(PROGRAM_WORDS) {
        wanted[count] = word;
        count += 1;
    }
    let done = 1_u32 << count;
    // Bit `n`: the first `n` words are found.
    let mut reached = 1_u32;
    let mut before = Before::Nothing;
    for arg in part.args.iter().take(RULE_ARGS) {
        if reached & done != 0 {
            return true;
        }
        if before == Before::Valued {
            before = Before::Nothing;
            continue;
        }
        let option = arg.len() > 1 && arg.starts_with('-') || (arg.starts_with('+') && toolchained(&part.program));
        let literal = step(reached, &wanted[..count], arg, option);
        if option {
            match how {
                Quantifier::One => reached |= literal,
                Quantifier::Every if literal != 0 => reached = literal,
                Quantifier::Every => {}
            }
            before = if listed(VALUED, &part.program, arg) {
                Before::Valued
            } else if arg.contains('=') || arg == "--" || arg.starts_with('+') || listed(BARE, &part.program, arg) {
                Before::Nothing
            } else {
                Before::Unclear
            };
            continue;
        }
        reached = match before {
            Before::Unclear if how.is_every() => return false,
            Before::Unclear => reached | literal,
            Before::Nothing | Before::Valued => literal,
        };
        before = Before::Nothing;
        if reached == 0 {
            return false;
        }
    }
    reached & done != 0
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Valued,
    Unclear,
}

fn toolchained(program: &str) -> bool {
    matches!(program, "cargo" | "rustc" | "rustup" | "rustfmt")
}

/// What is reached with one more argument. An option fits only a word written like one (`tar -x*`).
fn step(reached: u32, wanted: &[&str], arg: &str, option: bool) -> u32 {
    let mut next = 0;
    for (at, word) in wanted.iter().enumerate() {
        let sort = !option || word.starts_with(['-', '+']);
        if reached & (1 << at) != 0 && sort && globs::text(word, arg) {
            next |= 1 << (at + 1);
        }
    }
    next
}

/// Whether one argument is the option: `-f` also inside a bundle of letters, `--x` also as `--x=…`.
fn is_option(wanted: &str, arg: &str) -> bool {
    if arg == wanted {
        return true;
    }
    match wanted.as_bytes() {
        [b'-', b'-', ..] => arg.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('=')),
        [b'-', letter] if letter.is_ascii_alphabetic() => arg
            .strip_prefix('-')
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_alphabetic()) && rest.as_bytes().contains(letter)),
        _ => false,
    }
}

fn options(part: &Part) -> impl Iterator<Item = &str> {
    part.args.iter().take(RULE_ARGS).map(String::as_str).take_while(|arg| *arg != "--")
}

fn has_one_of(entry: &str, part: &Part) -> bool {
    entry.split('|').any(|wanted| options(part).any(|arg| is_option(wanted, arg)))
}

/// An argument that could be anything once the command runs.
fn could_be_options(part: &Part) -> bool {
    part.args.iter().any(|arg| arg.starts_with('$'))
}

fn args_fit(patterns: &[String], entry: Option<&String>, part: &Part, how: Quantifier) -> bool {
    let fits = |arg: &str| patterns.iter().any(|pattern| globs::text(pattern, arg));
    match how {
        Quantifier::One => part.args.iter().take(RULE_ARGS).any(|arg| fits(arg)),
        Quantifier::Every => {
            if part.args.len() > RULE_ARGS {
                return false;
            }
            let words = entry.map_or(0, |entry| entry.split_whitespace().count().saturating_sub(1));
            let mut left = part.operands().skip(words).peekable();
            left.peek().is_some() && left.all(fits)
        }
    }
}

/// Whether programs, options and arguments of a rule all fit this one part.
pub(crate) fn part_fits(when: &When, part: &Part, how: Quantifier) -> bool {
    let flags = when.flags.iter().all(|entry| has_one_of(entry, part));
    if !flags || when.without_flags.iter().any(|entry| has_one_of(entry, part)) {
        return false;
    }
    if how.is_every() && !when.without_flags.is_empty() && could_be_options(part) {
        return false;
    }
    let fits = |entry: Option<&String>| when.args.is_empty() || args_fit(&when.args, entry, part, how);
    if when.programs.is_empty() {
        return fits(None);
    }
    when.programs.iter().any(|entry| names(entry, part, how) && fits(Some(entry)))
}

#[cfg(test)]
mod tests {
    use clawbutler_core::risk::RiskLevel;

    use super::*;

    fn part(text: &str) -> Part {
        let mut words = text.split_whitespace().map(ToOwned::to_owned);
        Part {
            program: words.next().unwrap_or_default(),
            args: words.collect(),
            via: Vec::new(),
            level: RiskLevel::Low,
            signals: Vec::new(),
            opaque: false,
        }
    }

    #[test]
    fn programs_are_named_with_their_subcommands() {
        for (entry, text, one, every) in [
            ("git push", "git push origin main", true, true),
            ("git push", "git -C /x push", true, true),
            ("git push", "git --no-pager push", true, true),
            ("git push", "git --new-option push", true, false),
            ("git push", "git --new-option value push", true, false),
            ("git push", "git stash push", false, false),
            ("git push", "git log push", false, false),
            ("git push", "git", false, false),
            ("git", "git", true, true),
            ("git", "gitk", false, false),
            ("git*", "gitk", true, true),
            ("kubectl delete", "kubectl -n prod delete pod x", true, true),
            ("kubectl delete", "kubectl --namespace=prod delete pod x", true, true),
            ("kubectl delete", "kubectl get delete", false, false),
            ("cargo test", "cargo +nightly test", true, true),
            ("docker compose down", "docker compose -f x.yml down -v", true, true),
            ("docker compose down", "docker compose --ansi never down", true, false),
            ("npm run test*", "npm run test:unit", true, true),
            ("aws s3 rm", "aws --profile prod s3 rm s3://x", true, true),
            ("*", "$ x", true, false),
            ("tar -x*", "tar -xzf a", true, true),
            ("aws * delete-*", "aws --profile x ec2 delete-vpc", true, true),
            ("git *", "git --version", false, false),
        ] {
            assert_eq!(names(entry, &part(text), Quantifier::One), one, "one: {entry} / {text}");
            assert_eq!(names(entry, &part(text), Quantifier::Every), every, "every: {entry} / {text}");
        }
    }

    #[test]
    fn options_are_found_in_every_spelling() {
        for (entry, text, expected) in [
            ("-f|--force", "git push -f", true),
            ("-f|--force", "git push -uf", true),
            ("-f|--force", "git push --force", true),
            ("-f|--force", "git push --force=yes", true),
            ("-f|--force", "git push --force-with-lease", false),
            ("-f|--force", "git push -- -f", false),
            ("-f|--force", "git push -o=f", false),
            ("-name", "find -name x", true),
            ("--x", "a -x", false),
        ] {
            assert_eq!(has_one_of(entry, &part(text)), expected, "{entry} / {text}");
        }
    }

    #[test]
    fn one_part_has_to_fit_as_a_whole() {
        let when = When {
            programs: vec!["rm".into(), "git clean".into()],
            flags: vec!["-r|-d".into()],
            without_flags: vec!["-n|--dry-run".into()],
            args: vec!["src/*".into(), "old*".into()],
            ..When::default()
        };
        for (text, one, every) in [
            ("rm -r src/a", true, true),
            ("rm -r src/a lib/b", true, false),
            ("rm -r", false, false),
            ("rm src/a", false, false),
            ("git clean -d old", true, true),
            ("git clean -nd old", false, false),
            ("rm -r old $", true, false),
        ] {
            assert_eq!(part_fits(&when, &part(text), Quantifier::One), one, "one: {text}");
            assert_eq!(part_fits(&when, &part(text), Quantifier::Every), every, "every: {text}");
        }
    }
}
