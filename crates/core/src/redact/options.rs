//! Passwords in the options of commands, each command by its own manual.

use super::Finding;
use super::headers::cookies;
use super::look::{is_reference, random_long};
use super::named::push;
use super::unnamed;

/// Most bytes of one command that are looked at.
const COMMAND: usize = 4096;
/// Most words of one command that are looked at.
const WORDS: usize = 128;

/// How an option carries its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// `name:password` as the next word or behind `=`.
    User,
    /// `name:password`, also joined to the option and behind other letters of it (`-ubob:x`, `-su bob:x`).
    UserShort,
    /// `name%password`.
    Percent,
    /// The password as the next word or behind `=`.
    Whole,
    /// The password joined to the option (`-px`).
    Joined,
    /// `pass:password`.
    PassColon,
    /// `key=value`.
    Literal,
    /// Cookies.
    Cookies,
    /// Whatever looks random.
    Random,
    /// `name,password`.
    Comma,
}

/// Names of commands, and their options.
type Options = (&'static [&'static str], &'static [(&'static str, How)]);

/// Tools that take `domain/user:password@host`, as they begin.
const IMPACKET: &[&str] = &[
    "impacket-", "secretsdump", "psexec", "wmiexec", "smbexec", "atexec", "dcomexec", "getnpusers", "getuserspns",
    "mssqlclient", "lookupsid",
];

/// Commands (as they end before a space) and their options.
const COMMANDS: &[Options] = &[
    (
        &["curl"],
        &[
            ("-u", How::UserShort),
            ("-U", How::UserShort),
            ("--user", How::User),
            ("--proxy-user", How::User),
            ("-b", How::Cookies),
            ("--cookie", How::Cookies),
            ("--oauth2-bearer", How::Whole),
            ("--pass", How::Whole),
        ],
    ),
    (&["wget"], &[("--password", How::Whole), ("--http-password", How::Whole), ("--ftp-password", How::Whole)]),
    (
        &[
            "mysql", "mysqldump", "mysqladmin", "mariadb", "mysqlimport", "mysqlcheck", "mysqlshow", "mysql_upgrade",
            "mariadb-dump", "mariadb-admin",
        ],
        &[("-p", How::Joined)],
    ),
    (&["mongo", "mongosh"], &[("-p", How::Whole)]),
    (&["redis-cli"], &[("-a", How::Whole), ("--pass", How::Whole)]),
    (
        &[
            "docker login", "podman login", "helm registry login", "nerdctl login", "buildah login", "skopeo login",
            "crane auth login", "oras login",
        ],
        &[("-p", How::Whole), ("-p", How::Joined), ("--password", How::Whole)],
    ),
    (&["create secret"], &[("--from-literal", How::Literal), ("--docker-password", How::Whole)]),
    (&["cypher-shell", "mongodump", "mongorestore", "mongoexport", "mongoimport"], &[("-p", How::Whole)]),
    (&["twine upload", "az login"], &[("-p", How::Whole), ("--password", How::Whole)]),
    (&["gh secret set"], &[("--body", How::Whole), ("-b", How::Whole), ("-b", How::Joined)]),
    (&["smbclient", "rpcclient", "smbget"], &[("-U", How::Percent), ("--user", How::Percent)]),
    (&["ldapsearch", "ldapmodify", "ldapadd", "ldapwhoami"], &[("-w", How::Whole)]),
    (
        &["openssl"],
        &[
            ("-pass", How::PassColon),
            ("-passin", How::PassColon),
            ("-passout", How::PassColon),
            ("-password", How::PassColon),
            ("-k", How::Whole),
        ],
    ),
    (&["zip", "unzip"], &[("-P", How::Whole)]),
    (&["7z", "7za"], &[("-p", How::Joined)]),
    (
        &["keytool", "jarsigner"],
        &[
            ("-storepass", How::Whole),
            ("-keypass", How::Whole),
            ("-srcstorepass", How::Whole),
            ("-deststorepass", How::Whole),
            ("-new", How::Whole),
        ],
    ),
    (&["sshpass"], &[("-p", How::Whole), ("-p", How::Joined)]),
    (&["kubectl"], &[("--from-literal", How::Literal), ("--docker-password", How::Whole), ("--token", How::Whole)]),
    (&["sqlcmd"], &[("-P", How::Whole)]),
    (&["mosquitto_pub", "mosquitto_sub", "ipmitool", "mssql-cli", "bcp"], &[("-P", How::Whole)]),
    (&["evil-winrm", "cqlsh", "ncftpput"], &[("-p", How::Whole)]),
    (&["snmpget", "snmpwalk"], &[("-A", How::Whole), ("-X", How::Whole)]),
    (&["xfreerdp"], &[("/p:", How::Joined)]),
    (&["lftp"], &[("-u", How::Comma)]),
    (&["influx"], &[("-password", How::Whole)]),
    (&["rar", "unrar"], &[("-hp", How::Joined), ("-p", How::Joined)]),
    (&["pdftk"], &[("user_pw", How::Whole), ("owner_pw", How::Whole), ("input_pw", How::Whole)]),
    (&["http"], &[("-a", How::User), ("--auth", How::User)]),
    // Beside no command that is known: what looks random behind a usual option.
    (
        &[""],
        &[
            ("-u", How::User),
            ("--user", How::User),
            ("--proxy-user", How::User),
            ("--auth", How::Random),
            ("-k", How::Random),
            ("-t", How::Random),
        ],
    ),
];

/// A command's options, from its name or from one option on.
pub(super) fn command(text: &str, start: usize, end: usize, found: &mut Vec<Finding>) {
    let name = text[start..end].trim();
    let option = text[start..].starts_with(' ');
    let before = text[..start].chars().next_back();
    if !option && before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@')) {
        return;
    }
    if name.eq_ignore_ascii_case("chpasswd") {
        piped(text, start, found);
        return;
    }
    // `echo password | sudo -S …`.
    if ["sudo -S", "kinit"].contains(&name) {
        if text[..start].trim_end().ends_with('|') {
            piped(text, start, found);
        }
        unnamed::fed(text, end, found);
        return;
    }
    if ["gh secret set", "gh auth login"].contains(&name) {
        if text[..start].trim_end().ends_with('|') {
            piped(text, start, found);
        }
        unnamed::fed(text, end, found);
    }
    let words = split(text, if option { start } else { end });
    let first = words.first().map_or("", |(start, end)| &text[*start..*end]);
    if name.eq_ignore_ascii_case("openssl") && first == "passwd" {
        hashed(text, &words[1..], found);
        return;
    }
    if IMPACKET.iter().any(|tool| tool.eq_ignore_ascii_case(name)) {
        unnamed::target(text, &words, found);
        return;
    }
    if option && is_no_user(text, start, &words) {
        return;
    }
    if let Some(at) = positional(text, &name.to_ascii_lowercase(), &words) {
        if let Some((start, end)) = words.get(at).copied().filter(|(start, end)| !is_reference(&text[*start..*end])) {
            push(found, "named_secret", start, end);
        }
        return;
    }
    if name.eq_ignore_ascii_case("sqlplus") {
        sqlplus(text, &words, found);
        return;
    }
    if name.eq_ignore_ascii_case("net use") {
        net_use(text, &words, found);
        return;
    }
    if words.iter().any(|(start, end)| &text[*start..*end] == "--password-stdin") {
        piped(text, start, found);
        unnamed::fed(text, end, found);
    }
    let container = name.ends_with(" -");
    let words = if container { split(text, end - 1) } else { words };
    if container && !logs_in(text, &words) {
        return;
    }
    let key = if option {
        ""
    } else if container {
        "docker login"
    } else {
        name
    };
    let Some((_, options)) = COMMANDS.iter().find(|(names, _)| names.iter().any(|n| n.eq_ignore_ascii_case(key)))
    else {
        return;
    };
    let words = if option { &words[..words.len().min(2)] } else { &words[..] };
    for (place, word) in words.iter().enumerate() {
        for (flag, how) in *options {
            let other = *how == How::Literal && words.iter().any(|(start, end)| &text[*start..*end] == "configmap");
            if let Some((from, to)) = argument(text, words, place, *word, flag, *how).filter(|_| !other) {
                secret(text, from, to, *how, found);
            }
        }
    }
}

/// The words of a simple command (spans without their quotes), to the sign that ends it.
fn split(text: &str, from: usize) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut at = from;
    let limit = text.len().min(from + COMMAND);
    while at < limit && words.len() < WORDS {
        match bytes[at] {
            b' ' | b'\t' => at += 1,
            b'\\' if matches!(bytes.get(at + 1), Some(b'\n')) => at += 2,
            // A line that goes on, in JSON.
            b'\\' if bytes[at..].starts_with(b"\\\\\\n") => at += 4,
            b'\n' | b'|' | b';' | b'&' | b')' | b'`' | b'<' | b'>' => break,
            first => {
                let slashes = bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
                let quoted = matches!(bytes.get(at + slashes), Some(b'"' | b'\'')) && slashes < 4;
                let (start, end, next) = if quoted || matches!(first, b'"' | b'\'') {
                    let quote = &text[at..=at + slashes];
                    let start = at + slashes + 1;
                    match text[start..].split('\n').next().and_then(|line| line.find(quote)) {
                        Some(length) => (start, start + length, start + length + quote.len()),
                        None => break,
                    }
                } else {
                    let length = text[at..]
                        .find(|c: char| c.is_whitespace() || matches!(c, '|' | ';' | '&' | ')' | '`' | '<' | '>'))
                        .unwrap_or(text.len() - at);
                    // A quote that opens within a word (`--x="a b"`) closes it.
                    let end = match text[at..at + length].find(['"', '\'']) {
                        Some(open) => {
                            let quote = bytes[at + open];
                            let inner = at + open + 1;
                            let line = text[inner..].split('\n').next().unwrap_or_default();
                            line.bytes().position(|byte| byte == quote).map_or(at + open, |more| inner + more + 1)
                        }
                        None => at + length,
                    };
                    (at, end, end)
                };
                if next <= at {
                    break;
                }
                words.push((start, end));
                at = next;
            }
        }
    }
    words
}

/// Where the argument of one option lies, if this word is that option.
fn argument(
    text: &str,
    words: &[(usize, usize)],
    place: usize,
    (start, end): (usize, usize),
    flag: &str,
    how: How,
) -> Option<(usize, usize)> {
    let word = &text[start..end];
    let next = || words.get(place + 1).copied();
    if how == How::Joined {
        let rest = word.strip_prefix(flag)?;
        // Long options of others, written with one `-` too few.
        let long = flag == "-p" && matches!(rest, "ort" | "roto" | "rotocol" | "rint");
        return (!rest.is_empty() && !rest.starts_with('=') && !long).then(|| unquoted(text, start + flag.len(), end));
    }
    if word == flag {
        return next();
    }
    if let Some(rest) = word.strip_prefix(flag).and_then(|rest| rest.strip_prefix('=')) {
        return Some(unquoted(text, end - rest.len(), end));
    }
    if how == How::UserShort && word.starts_with('-') && !word.starts_with("--") {
        if let Some(rest) = word.strip_prefix(flag) {
            return Some(unquoted(text, end - rest.len(), end));
        }
        // Letters of options without an argument before it.
        let letter = &flag[1..];
        if word.len() <= 6 && word.ends_with(letter) && word[1..].bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return next();
        }
    }
    None
}

/// Without the quotes around it.
fn unquoted(text: &str, from: usize, to: usize) -> (usize, usize) {
    let inner = &text[from..to];
    match inner.chars().next() {
        Some(quote @ ('"' | '\'')) if inner.len() >= 2 && inner.ends_with(quote) => (from + 1, to - 1),
        _ => (from, to),
    }
}

/// The secret in an option's argument.
fn secret(text: &str, from: usize, to: usize, how: How, found: &mut Vec<Finding>) {
    let argument = &text[from..to];
    let (from, whole) = match how {
        How::User | How::UserShort => match argument.split_once(':') {
            // Ids of users and groups (`docker run -u 1000:1000`).
            Some((name, secret)) if !name.is_empty() && !secret.bytes().all(|byte| byte.is_ascii_digit()) => {
                (from + name.len() + 1, secret)
            }
            _ => return,
        },
        How::Percent => match argument.split_once('%') {
            Some((name, secret)) => (from + name.len() + 1, secret),
            None => return,
        },
        How::Comma => match argument.split_once(',') {
            Some((name, secret)) => (from + name.len() + 1, secret),
            None => return,
        },
        How::PassColon => match argument.strip_prefix("pass:") {
            Some(secret) => (from + "pass:".len(), secret),
            None => return,
        },
        How::Literal => match argument.split_once('=') {
            Some((name, secret)) => (from + name.len() + 1, secret),
            None => return,
        },
        How::Cookies => {
            cookies(text, from, found);
            return;
        }
        How::Random if !random_long(argument) => return,
        How::Whole | How::Joined | How::Random => (from, argument),
    };
    if !whole.is_empty() && !is_reference(whole) {
        push(found, "named_secret", from, from + whole.len());
    }
}

/// `echo 'name:password' | chpasswd`, `echo password | docker login --password-stdin`.
fn piped(text: &str, start: usize, found: &mut Vec<Finding>) {
    let line = text[..start].rsplit('\n').next().unwrap_or_default();
    let from = start - line.len();
    let Some(echo) = line.rfind("echo ") else { return };
    for (start, end) in split(text, from + echo + "echo ".len()) {
        let word = &text[start..end];
        let from = start + word.find(':').map_or(0, |colon| colon + 1);
        if from < end && !is_reference(&text[from..end]) {
            push(found, "named_secret", from, end);
        }
    }
}

/// Which word of a command that takes its password without an option is the password; `None` where the command is
/// another one. A place behind the last word: there is none.
fn positional(text: &str, name: &str, words: &[(usize, usize)]) -> Option<usize> {
    let word = |at: usize| words.get(at).map_or("", |(start, end)| &text[*start..*end]);
    let nowhere = words.len();
    Some(match name {
        // `vault login [options] token`, and no `name=value` of another method.
        "vault login" => {
            (0..nowhere).find(|at| !word(*at).starts_with('-') && !word(*at).contains('=')).unwrap_or(nowhere)
        }
        // `htpasswd -b file name password`, `htpasswd -nb name password`.
        "htpasswd" => {
            let flags: String =
                words.iter().map(|(start, end)| &text[*start..*end]).filter(|word| word.starts_with('-')).collect();
            // `-C 12` has an argument.
            let plain = |at: &usize| !(word(*at).starts_with('-') || *at > 0 && is_cost(word(*at - 1)));
            let first = (0..nowhere).find(plain).unwrap_or(nowhere);
            let skipped = if flags.contains('n') { 1 } else { 2 };
            if flags.contains('b') { first + skipped } else { nowhere }
        }
        // `net user name password /add`.
        "net user" if !word(1).starts_with(['/', '*']) => 1,
        "wpa_passphrase" => 1,
        "glab variable set" if !word(1).starts_with('-') => 1,
        // `mc alias set name url key secret`.
        "mc alias set" => 3,
        // `pulumi config set --secret name value`.
        "pulumi config set" => {
            let plain = |at: &usize| !word(*at).starts_with('-');
            (0..nowhere).filter(plain).nth(1).unwrap_or(nowhere)
        }
        // `rabbitmqctl add_user name password`.
        "rabbitmqctl" if matches!(word(0), "add_user" | "change_password" | "authenticate_user") => 2,
        "rabbitmqctl" => nowhere,
        "net user" => nowhere,
        _ => return None,
    })
}

/// Whether `-u` or `--user` at `start` names no account with a password.
fn is_no_user(text: &str, start: usize, words: &[(usize, usize)]) -> bool {
    let account = ["-u ", "--user "].iter().any(|flag| text[start..].trim_start().starts_with(flag));
    let pair = words.get(1).and_then(|(start, end)| text[*start..*end].split_once(':'));
    account && unnamed::no_user(text, start, pair.map_or("x", |(_, group)| group))
}

/// Whether the first word of a container's command that is no option, nor the argument of one, is `login`.
fn logs_in(text: &str, words: &[(usize, usize)]) -> bool {
    let word = |at: usize| words.get(at).map_or("", |(start, end)| &text[*start..*end]);
    let mut at = 0;
    while word(at).starts_with('-') {
        // Of the options before the verb the switches take no word.
        let alone = matches!(word(at), "-D" | "--debug" | "--tls" | "--tlsverify") || word(at).contains('=');
        at += if alone { 1 } else { 2 };
    }
    word(at) == "login"
}

/// Whether an option of `htpasswd` takes the next word.
fn is_cost(option: &str) -> bool {
    option.starts_with('-') && option.ends_with(['C', 'r'])
}

/// `openssl passwd [options] password…`.
fn hashed(text: &str, words: &[(usize, usize)], found: &mut Vec<Finding>) {
    let mut argument = false;
    for &(start, end) in words {
        let word = &text[start..end];
        if !std::mem::replace(&mut argument, matches!(word, "-salt" | "-in" | "-rand" | "-writerand"))
            && !word.starts_with('-')
            && !is_reference(word)
        {
            push(found, "named_secret", start, end);
        }
    }
}

/// `sqlplus [options] name/password@host`.
fn sqlplus(text: &str, words: &[(usize, usize)], found: &mut Vec<Finding>) {
    let Some(&(start, end)) = words.iter().find(|(start, end)| !text[*start..*end].starts_with('-')) else { return };
    let Some((name, rest)) = text[start..end].split_once('/').filter(|(name, _)| !name.is_empty()) else { return };
    let from = start + name.len() + 1;
    let length = rest.rfind('@').unwrap_or(rest.len());
    if length > 0 && !is_reference(&rest[..length]) {
        push(found, "named_secret", from, from + length);
    }
}

/// `net use z: \\host\share password /user:name`, `net use z: \\host\share /user:name password`.
fn net_use(text: &str, words: &[(usize, usize)], found: &mut Vec<Finding>) {
    let word = |at: usize| words.get(at).map_or("", |(start, end)| &text[*start..*end]);
    let Some(share) = (0..words.len()).find(|at| word(*at).starts_with("\\\\")) else { return };
    let user = (share + 1..words.len()).find(|at| word(*at).to_ascii_lowercase().starts_with("/user:"));
    let behind = user.filter(|at| *at == share + 1).map_or(share + 1, |at| at + 1);
    if let Some((start, end)) = words.get(behind).copied()
        && !text[start..end].starts_with(['/', '*'])
        && !is_reference(&text[start..end])
    {
        push(found, "named_secret", start, end);
    }
}
