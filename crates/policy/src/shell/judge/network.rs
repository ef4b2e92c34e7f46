//! Commands that fetch, send and reach other machines.

use clawbutler_core::grant::host_of;
use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};

use super::{command, has, joined, operands};
use crate::assess::{network_signals, signal};
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;

/// Options of curl and wget that take a value which is no address.
const VALUED: &[&str] = &[
    "-H", "--header", "-o", "--output", "-O", "--output-document", "-X", "--request", "-d", "--data", "--data-raw",
    "--data-binary", "--data-urlencode", "--json", "-F", "--form", "--form-string", "-T", "--upload-file", "-u",
    "--user", "-A", "--user-agent", "-e", "--referer", "-b", "--cookie", "-c", "--cookie-jar", "-w", "--write-out",
    "-m", "--max-time", "--connect-timeout", "--retry", "--retry-delay", "-x", "--proxy", "--cacert", "--cert",
    "--key", "-K", "--config", "--resolve", "-P", "--directory-prefix", "-U", "-t", "--tries", "--timeout",
    "--post-data", "--post-file", "--body-data", "--body-file", "--method", "--limit-rate", "-D", "--dump-header",
    "-r", "--range", "--unix-socket", "--interface", "-Q", "--quote", "--trace", "-E", "-a", "--append-output", "-i",
    "--input-file",
];

/// Whether a host is this machine.
pub(crate) fn is_local(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    matches!(host, "localhost" | "::1" | "0.0.0.0" | "host.docker.internal" | "ip6-localhost")
        || host.starts_with("127.")
        || host.ends_with(".localhost")
        || host.ends_with(".test")
        || host.ends_with(".local") && !host.starts_with("metadata")
}

/// The address an argument names, if it is one.
fn address(word: &Word) -> Option<&str> {
    let text = word.text.as_str();
    let plain = text.contains("://")
        || !text.starts_with(['-', '/', '.', '@', '~', '{'])
            && !text.contains([' ', '='])
            && (text.contains('.') || text.starts_with("localhost") || text.starts_with(':') || text.starts_with('$'));
    plain.then_some(text)
}

/// curl, wget, httpie and their kin.
pub(super) fn fetch(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input) {
    let part = joined(name, args);
    let httpie = matches!(name, "http" | "https" | "xh" | "httpie" | "curlie");
    let mut urls: Vec<Word> = Vec::new();
    let mut rest = args.iter().peekable();
    while let Some(arg) = rest.next() {
        if VALUED.contains(&arg.text.as_str()) && !httpie {
            if let Some(value) = rest.next() {
                option(walk, name, &arg.text, value, &part);
            }
        } else if let Some(url) = arg.text.strip_prefix("--url=") {
            urls.push(Word { text: url.to_owned(), ..arg.clone() });
        } else if address(arg).is_some() {
            urls.push(arg.clone());
        } else if arg.text.starts_with('-') {
            // The last letter of a bundle may take the next word: `-sSLo file`, `-qO file`.
            let bundle = arg.text.len() > 2
                && !arg.text.starts_with("--")
                && arg.text[1..].chars().all(|c| c.is_ascii_alphabetic());
            let last = format!("-{}", arg.text.chars().next_back().unwrap_or('-'));
            let valued = |c: char| VALUED.contains(&format!("-{c}").as_str());
            let first = arg.text.chars().skip(1).position(valued);
            let is_last = first.is_some_and(|at| at + 2 == arg.text.chars().count());
            if bundle && is_last && !httpie {
                if let Some(value) = rest.next() {
                    option(walk, name, &last, value, &part);
                }
            } else {
                attached(walk, name, arg, &part);
            }
        }
    }
    let local =
        !urls.is_empty() && urls.iter().all(|url| host_of(&with_scheme(&url.text)).is_some_and(|host| is_local(&host)));
    let forwarded = walk.seen.parts.iter().any(|part| {
        part.program == "kubectl" && part.args.iter().any(|arg| arg == "proxy" || arg == "port-forward")
            || part.program == "ssh" && part.args.iter().any(|arg| arg.starts_with("-L"))
    });
    let method = method(args, httpie);
    let body = sends(name, args)
        || httpie
            && args.iter().any(|arg| {
                !arg.text.contains("==")
                    && !arg.text.contains("://")
                    && !arg.text.starts_with('-')
                    && arg.text.contains(['='])
            });
    let uploads = body || method.as_deref().is_some_and(|method| !matches!(method, "GET" | "HEAD" | "OPTIONS"));
    let searches = method.as_deref() == Some("GET") && !has(args, "-T|-F|--form|--upload-file");
    if !local {
        walk.network = true;
        if uploads && !searches {
            walk.say(signal("upload", High, "Sends data to another machine", Some(&part)));
        } else if *input != Input::None && has(args, "-d|-T|--data-binary|--data") && part.contains("@-") {
            walk.say(signal("upload", High, "Sends what another command prints to another machine", Some(&part)));
        }
    } else if uploads {
        let level = if forwarded && !searches { High } else { Medium };
        walk.say(signal("local_change", level, "Sends data to a program on this machine", Some(&part)));
    }
    for url in &urls {
        target(walk, name, args, url, local, &part);
    }
    for url in urls.iter().filter(|url| url.text.starts_with("file:")) {
        walk.read(&Word {
            text: url.text.trim_start_matches("file://").trim_start_matches("file:").to_owned(),
            ..url.clone()
        });
    }
    walk.say(signal("network", if local { Low } else { Medium }, "Uses the network", None));
}

fn with_scheme(url: &str) -> String {
    if url.contains("://") {
        url.to_owned()
    } else if let Some(rest) = url.strip_prefix(':') {
        format!("http://localhost:{rest}")
    } else {
        format!("http://{url}")
    }
}

fn method(args: &[Word], httpie: bool) -> Option<String> {
    if httpie {
        let first = operands(args).next()?;
        return first
            .text
            .chars()
            .all(|c| c.is_ascii_uppercase())
            .then(|| first.text.clone())
            .filter(|text| !text.is_empty());
    }
    let spaced = args.iter().zip(args.iter().skip(1)).find_map(|(option, value)| {
        let bundle = option.text.starts_with('-') && !option.text.starts_with("--") && option.text.ends_with('X');
        (bundle || matches!(option.text.as_str(), "--request" | "--method")).then(|| value.text.clone())
    });
    let attached = || {
        args.iter().find_map(|arg| {
            let text = arg.text.as_str();
            let long = text.strip_prefix("--request=").or_else(|| text.strip_prefix("--method="));
            long.or_else(|| {
                text.split_once('X')
                    .filter(|(before, after)| {
                        before.starts_with('-')
                            && !before.starts_with("--")
                            && after.len() > 2
                            && after.chars().all(|c| c.is_ascii_uppercase())
                    })
                    .map(|(_, after)| after)
            })
            .map(ToOwned::to_owned)
        })
    };
    let get = || has(args, "-G|--get").then(|| "GET".to_owned());
    let head = || has(args, "-I|--head|--spider").then(|| "HEAD".to_owned());
    spaced.or_else(attached).or_else(get).or_else(head).map(|method| method.to_ascii_uppercase())
}

fn sends(name: &str, args: &[Word]) -> bool {
    let long = "--data|--data-raw|--data-binary|--data-urlencode|--data-ascii|--json|--form|--form-string|--upload-file|--post-data|--post-file|--body-data|--body-file";
    has(args, long)
        || name == "curl"
            && (has(args, "-d|-F|-T")
                || args
                    .iter()
                    .any(|arg| ["-d", "-T", "-F"].iter().any(|at| arg.text.starts_with(at) && arg.text.len() > 2)))
}

/// An option with its value: what is sent from files, what is written, what else is read.
fn option(walk: &mut Walk<'_>, name: &str, option: &str, value: &Word, part: &str) {
    let sending = matches!(
        option,
        "-d" | "--data"
            | "--data-raw"
            | "--data-binary"
            | "--data-urlencode"
            | "--json"
            | "-F"
            | "--form"
            | "-T"
            | "--upload-file"
            | "--post-file"
            | "--body-file"
    );
    let whole = matches!(
        option,
        "-T" | "--upload-file"
            | "--post-file"
            | "--body-file"
            | "-K"
            | "--config"
            | "--cert"
            | "--key"
            | "-i"
            | "--input-file"
    );
    if whole && option != "-i" || option == "-i" && name == "wget" {
        walk.read(value);
    } else if sending
        && option != "--data-raw"
        && let Some((_, file)) = value.text.split_once('@')
    {
        let file = file.split(';').next().unwrap_or(file);
        if file != "-" {
            walk.read(&Word { text: file.to_owned(), ..value.clone() });
        }
    }
    if (sending || matches!(option, "-H" | "--header" | "-u" | "--user" | "-b" | "--cookie" | "-A"))
        && !value.inner.is_empty()
    {
        spills(walk, value, part);
    }
    let writes = matches!(
        option,
        "-o" | "--output" | "--output-document" | "-c" | "--cookie-jar" | "-D" | "--dump-header" | "--trace" | "-a"
    ) || option == "-O" && name == "wget";
    if writes && value.text != "-" && !value.text.starts_with('-') {
        walk.wrote(value, "Writes to");
        walk.downloaded.extend(walk.path(value));
    }
    if matches!(option, "-P" | "--directory-prefix") && name == "wget" {
        walk.downloaded.extend(walk.path(value));
    }
    if matches!(option, "-K" | "--config") && name == "curl" {
        walk.network = true;
        walk.say(signal("hidden_program", High, "Takes addresses and what is sent from elsewhere", Some(part)));
    }
    if option == "--unix-socket" && value.text.contains("docker.sock") {
        walk.say(signal("machine", High, "Talks to the engine of all containers", Some(part)));
    }
}

fn attached(walk: &mut Walk<'_>, name: &str, arg: &Word, part: &str) {
    if let Some((option_name, value)) = arg.text.split_once('=').filter(|(name, _)| name.starts_with("--")) {
        return option(walk, name, option_name, &Word { text: value.to_owned(), ..arg.clone() }, part);
    }
    for short in ["-d", "-T", "-F", "-o"] {
        if let Some(value) =
            arg.text.strip_prefix(short).filter(|value| !value.is_empty() && !arg.text.starts_with("--"))
        {
            option(walk, name, short, &Word { text: value.to_owned(), ..arg.clone() }, part);
        }
    }
}

/// One address: the file a download becomes, what the address itself gives away.
fn target(walk: &mut Walk<'_>, name: &str, args: &[Word], url: &Word, local: bool, part: &str) {
    let saves = name == "wget" && !has(args, "-O|--output-document|--spider")
        || name != "wget" && has(args, "-O|--remote-name|-J");
    if saves {
        let file = url.text.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        if let Some(path) = walk.path(&Word::plain(file)).filter(|_| !file.is_empty()) {
            walk.written.push(path.clone());
            if !local {
                walk.downloaded.push(path);
            }
        }
    }
    let bot = url.text.contains("api.telegram.org")
        || url.text.contains("hooks.slack.com")
        || url.text.contains("discord.com/api/webhooks")
        || url.text.contains("sendMessage");
    if bot {
        walk.say(signal("message", High, "Sends a message to people", Some(part)));
    }
    if !url.inner.is_empty() && !local {
        spills(walk, url, part);
    }
    if local {
        walk.seen.hosts.extend(host_of(&with_scheme(&url.text)));
    } else {
        walk.seen.hosts.extend(host_of(&with_scheme(&url.text)));
        network_signals(&with_scheme(&url.text)).into_iter().for_each(|one| walk.say(one));
    }
}

/// Programs whose output says nothing about files, people or machines.
const HARMLESS: &[&str] = &[
    "date", "uuidgen", "seq", "git", "echo", "printf", "jq", "expr", "pwd", "basename", "dirname", "node", "python",
    "python3", "npm", "cargo", "go", "nproc", "uname", "arch", "dpkg", "rustc", "minikube", "kubectl", "terraform",
    "curl", "cut", "sed", "awk", "grep", "head", "tail", "tr", "wc", "sort", "uniq", "rev", "docker", "lsb_release",
    "test", "which",
];

/// A substitution inside an address or a header gives away what it prints.
fn spills(walk: &mut Walk<'_>, word: &Word, part: &str) {
    let says = "Puts what a command prints into an address or a message to another machine";
    let risky = word.inner.iter().any(|text| {
        let mut heads = text.split(['|', ';', '&', '\n']).filter_map(|piece| piece.split_whitespace().next());
        let reads_file = text.contains('<') && !text.contains("<<");
        reads_file || heads.any(|head| !HARMLESS.contains(&head.rsplit('/').next().unwrap_or(head)))
    });
    if risky {
        let level = if walk.secrets { Critical } else { High };
        walk.network = true;
        walk.say(signal("spills", level, says, Some(part)));
    }
}

/// Names given to programs that ask other machines can carry data out.
pub(super) fn asks(walk: &mut Walk<'_>, name: &str, args: &[Word]) {
    if !matches!(
        name,
        "dig"
            | "host"
            | "nslookup"
            | "ping"
            | "ping6"
            | "whois"
            | "drill"
            | "kdig"
            | "traceroute"
            | "getent"
            | "resolvectl"
    ) {
        return;
    }
    let part = joined(name, args);
    for word in args.iter().filter(|word| word.opaque) {
        let found = word.inner.len();
        if found > 0 {
            spills(walk, word, &part);
        } else if word.text.contains('.') && word.text.contains('$') && word.text.len() > 1 {
            walk.say(signal("spills", High, "Asks for a name made of something only known when it runs", Some(&part)));
        }
        walk.network = true;
    }
}

/// ssh and its kin: what runs there decides, and only plain reading goes unasked.
pub(super) fn ssh(walk: &mut Walk<'_>, args: &[Word], input: &Input, depth: usize) {
    walk.network = true;
    let part = joined("ssh", args);
    let valued = [
        "-i", "-p", "-o", "-l", "-F", "-J", "-L", "-R", "-D", "-W", "-b", "-c", "-E", "-e", "-I", "-m", "-O", "-Q",
        "-S", "-w", "-B",
    ];
    for (option, value) in args.iter().zip(args.iter().skip(1)) {
        let setting = value.text.to_ascii_lowercase();
        let runs = setting.starts_with("proxycommand")
            || setting.starts_with("localcommand")
            || setting.starts_with("knownhostscommand")
            || setting.starts_with("permitlocalcommand");
        if option.text == "-o" && runs {
            let text = value.text.split_once(['=', ' ']).map(|(_, text)| text.to_owned()).unwrap_or_default();
            walk.say(signal("inline_code_reach", High, "Makes ssh start a program", Some(&part)));
            walk.text_by("ssh", &text, depth + 1);
        }
    }
    for arg in args.iter().filter(|arg| {
        arg.text.to_ascii_lowercase().starts_with("-oproxycommand")
            || arg.text.to_ascii_lowercase().starts_with("-olocalcommand")
    }) {
        let text = arg.text.split_once('=').map(|(_, text)| text.to_owned()).unwrap_or_default();
        walk.say(signal("inline_code_reach", High, "Makes ssh start a program", Some(&part)));
        walk.text_by("ssh", &text, depth + 1);
    }
    if has(args, "-R|-D|-w|-L|-W") {
        walk.say(signal("remote", High, "Opens a way between this machine and another", Some(&part)));
    }
    let mut rest = args.iter();
    let mut host = None;
    while let Some(arg) = rest.next() {
        if valued.contains(&arg.text.as_str()) {
            rest.next();
        } else if !arg.text.starts_with('-') {
            host = Some(arg);
            break;
        }
    }
    let tail: Vec<&str> = rest.map(|word| word.text.as_str()).collect();
    let Some(host) = host else { return };
    let hub = ["git@github.com", "git@gitlab.com", "git@bitbucket.org"].contains(&host.text.as_str())
        || has(args, "-T") && host.text.starts_with("git@");
    if hub || has(args, "-V|-Q|-G") {
        return walk.say(signal("network", Medium, "Asks a code host who you are", None));
    }
    if tail.is_empty() {
        return walk.say(signal("remote", High, "Works on another machine", Some(&part)));
    }
    let before = walk.seen.signals.len();
    let outer = (walk.cwd.take(), std::mem::replace(&mut walk.project, String::from("/nowhere")));
    walk.text_by("ssh", &tail.join(" "), depth + 1);
    let shell = tail.first().is_some_and(|head| crate::shell::tables::SHELLS.contains(head));
    let fed = match input {
        Input::Text(text) if shell => {
            walk.text_by("ssh", text, depth + 1);
            false
        }
        Input::None => false,
        _ => shell,
    };
    (walk.cwd, walk.project) = outer;
    let calm = !fed
        && walk.seen.signals[before..].iter().all(|one| {
            one.level <= Low || matches!(one.name.as_str(), "reads" | "environment" | "network" | "outside_read")
        });
    if calm {
        walk.say(signal("network", Medium, "Looks at another machine", Some(&part)));
    } else {
        walk.say(signal("remote", High, "Changes something on another machine", Some(&part)));
    }
}

/// scp, rsync, sftp: which way the files go.
pub(super) fn copy(walk: &mut Walk<'_>, name: &str, args: &[Word], depth: usize) {
    let part = joined(name, args);
    for (option, value) in args.iter().zip(args.iter().skip(1)) {
        if matches!(option.text.as_str(), "-e" | "--rsh" | "-S" | "-o")
            && !value.text.starts_with("ssh")
            && value.text.contains(char::is_whitespace)
        {
            walk.quietly(|walk| walk.text_by(name, &value.text.clone(), depth + 1));
        }
    }
    let valued = [
        "-i", "-P", "-o", "-F", "-J", "-l", "-c", "-S", "-e", "--rsh", "--exclude", "--include", "--exclude-from",
        "--filter", "-f", "--bwlimit", "--rsync-path", "--files-from",
    ];
    let words = super::tools::operands_without(args, &valued);
    let Some((to, from)) = words.split_last() else { return };
    let far = |text: &str| {
        text.contains("://") || text.split_once(':').is_some_and(|(host, _)| !host.contains('/') && host.len() > 1)
    };
    let dry = name == "rsync" && has(args, "-n|--dry-run");
    if dry {
        return walk.say(signal("network", Medium, "Shows what would be copied", Some(&part)));
    }
    if far(to) {
        for source in operands(args).filter(|word| !far(&word.text)).cloned().collect::<Vec<_>>() {
            walk.read(&source);
        }
        walk.network = true;
        walk.say(signal("upload", High, "Copies files to another machine", Some(&part)));
    } else if from.iter().any(|from| far(from)) {
        walk.network = true;
        walk.say(signal("network", Medium, "Copies files from another machine", Some(&part)));
    }
    if name == "rsync"
        && has(
            args,
            "--delete|--delete-after|--delete-before|--delete-during|--delete-excluded|--del|--remove-source-files|--delete-delay",
        )
    {
        walk.say(signal("delete", High, "Deletes files that the other side does not have", Some(&part)));
    }
}

/// `nc`: whether it only looks if a port is open is told by the table; here what it starts.
pub(super) fn raw(walk: &mut Walk<'_>, name: &str, args: &[Word], input: &Input, depth: usize) {
    if *input != Input::None {
        walk.network = true;
    }
    for (option, value) in args.iter().zip(args.iter().skip(1)) {
        if matches!(option.text.as_str(), "-e" | "-c" | "--exec" | "--sh-exec") {
            walk.say(signal(
                "reverse_shell",
                Critical,
                "Hands a shell of this machine to another",
                Some(&joined(name, args)),
            ));
        }
        let _ = value;
    }
    let exec = args.iter().any(|arg| {
        let lower = arg.text.to_ascii_lowercase();
        lower.starts_with("exec:") || lower.starts_with("system:") || lower.starts_with("shell:")
    });
    if exec {
        walk.say(signal(
            "reverse_shell",
            Critical,
            "Hands a shell of this machine to another",
            Some(&joined(name, args)),
        ));
        let tail: Vec<Word> = Vec::new();
        drop(command(walk, &tail, &Input::None, depth + 1));
    }
}
