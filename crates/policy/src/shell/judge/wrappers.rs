//! Wrappers: programs that start another with the arguments that follow their own.

use clawbutler_core::risk::RiskLevel::{High, Medium};

use super::{has, is_bundle_with, operands, program, tools, variable};
use crate::assess::signal;
use crate::shell::tables::WRAPPERS;
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;

/// Takes wrappers off; texts and commands that wrappers carry are looked at on the way.
pub(super) fn unwrap(walk: &mut Walk<'_>, argv: &[Word], input: &Input, depth: usize) -> Option<Vec<Word>> {
    let mut argv = argv.to_vec();
    // Each turn takes at least one word away.
    loop {
        let first = argv.first_mut()?;
        first.opaque |= first.pattern && !matches!(first.text.as_str(), "[" | "[[");
        let head = argv.first()?.clone();
        if head.opaque {
            return Some(argv);
        }
        let name = program(&head.text);
        if matches!(name.as_str(), "sudo" | "doas" | "pkexec" | "runuser" | "run0" | "gosu" | "su-exec" | "sg" | "dzdo")
        {
            let reads = name == "sudo" && sudo_reads(&argv[1..]);
            let (level, says) =
                if reads { (Medium, "Looks at something as administrator") } else { (High, "Acts as administrator") };
            walk.say(signal("privileged", level, says, Some(&head.text)));
        }
        if matches!(name.as_str(), "systemd-run" | "chroot" | "unshare" | "nsenter") {
            let args = argv[1..].to_vec();
            tools::rows(walk, &name, &args);
        }
        let Some((_, valued, operands)) = WRAPPERS.iter().find(|(wrapper, _, _)| *wrapper == name) else {
            return Some(argv);
        };
        if name == "command" && argv.get(1).is_some_and(|word| word.text == "-v" || word.text == "-V") {
            return Some(argv);
        }
        let mut at = 1;
        let mut operands = if name == "taskset" && has(&argv[1..], "-c|--cpu-list") { 1 } else { *operands };
        while let Some(word) = argv.get(at) {
            let text = word.text.as_str();
            if text == "--" {
                at += 1;
                break;
            } else if name == "env"
                && let Some(first) = text.strip_prefix("-S").or_else(|| text.strip_prefix("--split-string"))
            {
                let first = first.trim_start_matches('=');
                let rest = argv.iter().skip(at + 1).map(|word| word.text.as_str());
                let rest: Vec<&str> = std::iter::once(first).chain(rest).collect();
                walk.text(&rest.join(" "), depth + 1);
                return None;
            } else if matches!(name.as_str(), "script" | "flock" | "runuser") && is_bundle_with(text, 'c') {
                let rest = argv.get(at + 1).map(|word| word.text.clone()).unwrap_or_default();
                walk.text(&rest, depth + 1);
                return None;
            } else if valued.contains(&text) {
                at += 2;
            } else if name == "env" && !text.starts_with('-') && text.contains('=') {
                let (variable_name, value) = text.split_once('=').unwrap_or((text, ""));
                let value = Word { text: value.to_owned(), opaque: word.opaque, ..Word::default() };
                variable(walk, variable_name, &value, depth);
                at += 1;
            } else if text.starts_with('-') && text.len() > 1 {
                at += 1;
            } else if operands > 0 {
                operands -= 1;
                at += 1;
            } else {
                break;
            }
        }
        if at >= argv.len() {
            // `env` and `sudo -l` alone only tell something; `xargs` alone prints.
            return (name == "env" || name == "xargs" || name == "exec" || name == "command").then_some(argv);
        }
        if name == "xargs" || name == "parallel" {
            argv.push(Word::unknown());
            if *input == Input::Download {
                walk.say(signal("downloaded_arguments", High, "Runs a command on what it downloads", None));
            }
        }
        if name == "parallel"
            && let Some(marks) = argv[at..].iter().position(|word| word.text.starts_with(":::"))
        {
            let template: Vec<&str> = argv[at..at + marks].iter().map(|word| word.text.as_str()).collect();
            let template = template.join(" ");
            for word in argv[at + marks..]
                .iter()
                .filter(|word| !word.text.starts_with(":::") && word.text != "$")
                .take(32)
                .cloned()
                .collect::<Vec<_>>()
            {
                let line = if template.contains("{}") {
                    template.replace("{}", &word.text)
                } else {
                    format!("{template} {}", word.text)
                };
                walk.text_by("parallel", &line, depth + 1);
            }
            return None;
        }
        if name == "watch" || name == "parallel" {
            let rest: Vec<&str> = argv[at..].iter().map(|word| word.text.as_str()).collect();
            walk.text(&rest.join(" "), depth + 1);
            return None;
        }
        walk.via.push(name);
        argv.drain(..at);
    }
}

/// Programs that only look, also when an administrator starts them.
pub(super) const LOOKS: &[&str] = &[
    "journalctl", "dmesg", "lsof", "ss", "netstat", "df", "du", "ls", "ps", "top", "htop", "iotop", "lsblk", "blkid",
    "lshw", "lspci", "lsusb", "dmidecode", "smartctl", "uptime", "free", "nethogs", "iftop", "docker", "systemctl",
    "service", "ufw", "iptables", "nginx", "apachectl", "whoami", "id", "stat", "lsmod", "fdisk", "vmstat", "last",
    "lastb", "true", "-v", "-n", "-l",
];

/// `sudo` before something that only looks; `sudo -l`, `-v`, `-k`.
pub(super) fn sudo_reads(args: &[Word]) -> bool {
    let Some(at) = args.iter().position(|arg| !arg.text.starts_with('-')) else {
        return args.iter().all(|arg| {
            matches!(
                arg.text.as_str(),
                "-l" | "-v" | "-k" | "-K" | "-n" | "-V" | "--list" | "--validate" | "--version" | "-h" | "--help"
            )
        });
    };
    if args[..at].iter().any(|arg| !matches!(arg.text.as_str(), "-n" | "-E" | "-H" | "--")) {
        return false;
    }
    let name = program(&args[at].text);
    let rest: Vec<&str> = operands(&args[at + 1..]).map(|word| word.text.as_str()).collect();
    let verb = rest.first().copied().unwrap_or_default();
    LOOKS.contains(&name.as_str())
        && match name.as_str() {
            "docker" => {
                matches!(verb, "ps" | "images" | "logs" | "inspect" | "stats" | "version" | "info" | "top" | "port")
            }
            "systemctl" => {
                matches!(verb, "status" | "show" | "cat" | "is-active" | "is-enabled" | "is-failed")
                    || verb.starts_with("list-")
            }
            "service" => rest.last() == Some(&"status"),
            "ufw" => verb == "status",
            "iptables" => has(&args[at + 1..], "-L|-S|--list"),
            "nginx" | "apachectl" => has(&args[at + 1..], "-t|-T|-v|-V") || verb == "configtest",
            "fdisk" => has(&args[at + 1..], "-l"),
            "journalctl" => !args[at + 1..]
                .iter()
                .any(|arg| arg.text.starts_with("--vacuum") || arg.text == "--rotate" || arg.text == "--flush"),
            "dmesg" => !has(&args[at + 1..], "-C|-c|--clear"),
            _ => true,
        }
}
