//! Containers: what a container may reach, what is lost with it, what runs inside.

use clawbutler_core::risk::RiskLevel::{Critical, High, Low, Medium};

use super::tools::operands_without;
use super::{command, has, joined};
use crate::assess::signal;
use crate::paths::{self, Class};
use crate::shell::tables::SHELLS;
use crate::shell::walk::{Input, Walk};
use crate::shell::words::Word;

/// Options of `run` and `exec` that take a value.
const VALUED: &[&str] = &[
    "-e", "--env", "--env-file", "-v", "--volume", "--mount", "-p", "--publish", "--name", "-w", "--workdir", "-u",
    "--user", "--network", "--net", "--entrypoint", "-l", "--label", "--platform", "-h", "--hostname", "--add-host",
    "--cpus", "-m", "--memory", "--restart", "--gpus", "--device", "--cap-add", "--cap-drop", "--security-opt",
    "--pid", "--ipc", "--shm-size", "--ulimit", "--tmpfs", "--link", "--volumes-from", "--log-driver", "--dns",
    "--pull", "--cidfile", "--runtime", "--userns", "-f", "--file", "--project-name", "--profile", "--index",
    "--health-cmd", "--stop-signal", "--stop-timeout", "--expose", "--ip", "--mac-address", "--cgroupns", "--uts",
    "-a", "--attach",
];
/// The machine itself, handed to a container.
const HOST: &[&str] = &[
    "--privileged", "--pid=host", "--net=host", "--ipc=host", "--userns=host", "--uts=host", "--cgroupns=host",
    "--cap-add=ALL", "--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE", "--cap-add=SYS_MODULE",
    "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined", "--security-opt=apparmor:unconfined",
    "--security-opt=seccomp:unconfined", "--cap-add=DAC_READ_SEARCH",
];

/// Looks at a command of docker or one of its kin.
pub(super) fn docker(walk: &mut Walk<'_>, name: &str, args: &[Word], depth: usize) {
    let compose = name == "docker-compose" || name == "podman-compose";
    let (head, args) = match args.iter().position(|arg| arg.text == "compose") {
        Some(at) if !compose && args[..at].iter().all(|arg| arg.text.starts_with('-')) => (true, &args[at + 1..]),
        _ => (compose, args),
    };
    let valued: &[&str] = if head {
        &[
            "-f", "--file", "-p", "--project-name", "--profile", "--env-file", "--project-directory", "--ansi",
            "--progress", "--parallel",
        ]
    } else {
        &["-H", "--host", "-c", "--context", "-l", "--log-level", "--config"]
    };
    let words = operands_without(args, valued);
    let part = joined(name, args);
    walk.say(signal("builds", Low, "Works with containers", None));
    let Some(verb) = words.first() else { return };
    if head {
        return self::compose(walk, verb, args, &part, depth);
    }
    let what = words.get(1).copied().unwrap_or_default();
    let lost = |walk: &mut Walk<'_>, says: &str| walk.say(signal("container_destroys", High, says, Some(&part)));
    let many = args.iter().any(|arg| arg.opaque && !arg.inner.is_empty());
    match (*verb, what) {
        ("volume", "rm" | "prune" | "remove") => lost(walk, "Deletes volumes with their data"),
        ("system", "prune" | "reset" | "df") if what != "df" => lost(walk, "Deletes containers, images and caches"),
        ("container", "prune") | ("pod", "rm" | "prune") => lost(walk, "Deletes containers with what is in them"),
        ("image", "prune") if has(args, "-a|--all") => lost(walk, "Deletes every image that is not in use"),
        ("image" | "builder" | "buildx", "prune") | ("image", "rm") => {
            walk.say(signal(
                "container_small",
                Medium,
                "Deletes images or caches that can be built again",
                Some(&part),
            ));
        }
        ("network", "prune") if has(args, "-f|--force") => lost(walk, "Deletes networks"),
        ("rm" | "container", _) if (*verb == "rm" || what == "rm") && (has(args, "-v|--volumes") || many) => {
            lost(walk, "Deletes containers with what is in them");
        }
        ("rmi", _) if has(args, "-f|--force") || many => lost(walk, "Deletes images"),
        ("swarm" | "node" | "stack" | "service" | "secret" | "plugin" | "trust", what)
            if !["ls", "list", "ps", "inspect", "logs", "services"].contains(&what) =>
        {
            lost(walk, "Changes a cluster of containers");
        }
        ("context" | "config", "rm" | "use" | "create" | "update") => {
            walk.say(signal("settings", Medium, "Changes where containers run", Some(&part)));
        }
        ("push", _) | ("image", "push") | ("manifest", "push") => publishes(walk, &part),
        ("build" | "buildx" | "bake" | "image", _) if has(args, "--push") || part.contains("type=registry") => {
            publishes(walk, &part)
        }
        ("save" | "export", _) => {}
        ("run" | "create" | "exec" | "container", _) => {
            let sub = if *verb == "container" { what } else { verb };
            if matches!(sub, "run" | "create" | "exec") {
                inside(walk, name, sub, args, &part, depth);
            }
        }
        ("cp", _) => {
            if let Some(target) = args.last().filter(|target| !target.text.contains(':')) {
                walk.wrote(&target.clone(), "Writes to");
            }
            for source in
                args.iter().filter(|word| !word.text.contains(':') && !word.text.starts_with('-')).skip(1).take(1)
            {
                walk.read(&source.clone());
            }
        }
        ("commit" | "tag" | "load" | "import" | "login" | "logout", _) => {}
        ("kill" | "stop" | "rm" | "rmi", _)
            if many
                || args.last().is_some_and(|arg| arg.text == "$" && arg.from.is_empty() && arg.inner.is_empty()) =>
        {
            walk.say(signal("container_destroys", High, "Stops or removes every container it is given", Some(&part)));
        }
        ("kill" | "stop" | "rm" | "rmi" | "network" | "restart" | "pause", _) => {
            walk.say(signal("container_small", Medium, "Stops or removes containers", Some(&part)));
        }
        _ => {}
    }
}

fn publishes(walk: &mut Walk<'_>, part: &str) {
    walk.network = true;
    walk.say(signal("publish", High, "Publishes an image", Some(part)));
}

fn compose(walk: &mut Walk<'_>, verb: &str, args: &[Word], part: &str, depth: usize) {
    match verb {
        "down" | "rm" if has(args, "-v|--volumes") => {
            walk.say(signal("container_destroys", High, "Deletes volumes with their data", Some(part)));
        }
        "down" if args.iter().any(|arg| arg.text.starts_with("--rmi")) => {
            walk.say(signal("container_small", Medium, "Deletes images that can be built again", Some(part)));
        }
        "push" | "publish" => publishes(walk, part),
        "exec" | "run" => inside(walk, "docker compose", verb, args, part, depth),
        "up" if has(args, "-V|--renew-anon-volumes") => {
            walk.say(signal("container_destroys", High, "Deletes volumes with their data", Some(part)));
        }
        _ => {}
    }
}

/// `run` and `exec`: what the container may reach, and the command in it.
fn inside(walk: &mut Walk<'_>, name: &str, verb: &str, args: &[Word], part: &str, depth: usize) {
    let pairs: Vec<String> =
        args.iter().zip(args.iter().skip(1)).map(|(option, value)| format!("{}={}", option.text, value.text)).collect();
    let host = HOST.iter().any(|wanted| {
        args.iter().any(|arg| arg.text == *wanted)
            || pairs.iter().any(|pair| pair == &wanted.replace("--net=", "--network=") || pair == wanted)
    }) || args.iter().any(|arg| arg.text == "--network=host" && part.contains("--pid"));
    if host {
        walk.say(signal("machine", High, "Starts a container that controls the machine itself", Some(part)));
    }
    let mounts = pairs.iter().filter_map(|pair| {
        ["-v=", "--volume=", "--mount=", "--device="].iter().find_map(|option| pair.strip_prefix(option))
    });
    let attached = args.iter().filter_map(|arg| {
        ["--volume=", "--mount=", "-v", "--device="].iter().find_map(|option| arg.text.strip_prefix(option))
    });
    let mounts: Vec<String> = mounts.chain(attached).map(ToOwned::to_owned).collect();
    for mount in mounts {
        mounted(walk, &mount, part);
    }
    let Some(at) = args.iter().position(|arg| arg.text == verb) else { return };
    let mut rest = args[at + 1..].iter();
    let mut tail: Vec<Word> = Vec::new();
    let mut entry = None;
    while let Some(arg) = rest.next() {
        if arg.text == "--entrypoint" {
            entry = rest.next().cloned();
        } else if let Some(program) = arg.text.strip_prefix("--entrypoint=") {
            entry = Some(Word::plain(program));
        } else if VALUED.contains(&arg.text.as_str()) {
            rest.next();
        } else if !arg.text.starts_with('-') {
            if arg.inner.iter().any(|text| text.contains("curl") || text.contains("wget")) {
                walk.say(signal(
                    "runs_download",
                    Critical,
                    "Runs an image whose name comes over the network",
                    Some(part),
                ));
            }
            // The container's or image's name; the command follows.
            tail = entry.into_iter().chain(rest.filter(|word| word.text != "--").cloned()).collect();
            break;
        }
    }
    if tail.is_empty() {
        return;
    }
    let shell = tail.len() == 1 && SHELLS.contains(&tail[0].text.rsplit('/').next().unwrap_or_default());
    if shell {
        return walk.say(signal("container_shell", Medium, "Opens a shell in a container", Some(part)));
    }
    // Paths inside are the container's own; what the command does with them is told all the same.
    walk.by(&format!("{name} {verb}"), |walk| drop(command(walk, &tail, &Input::None, depth + 1)));
}

/// `host:container`, `type=bind,src=host,…`.
fn mounted(walk: &mut Walk<'_>, mount: &str, part: &str) {
    let source = mount
        .split(',')
        .find_map(|piece| piece.strip_prefix("src=").or_else(|| piece.strip_prefix("source=")))
        .unwrap_or_else(|| mount.split(':').next().unwrap_or(mount));
    if source.contains("docker.sock") || source.contains("containerd.sock") || source.contains("podman.sock") {
        return walk.say(signal("machine", High, "Hands the engine of all containers to one", Some(part)));
    }
    if !source.starts_with(['/', '~', '.', '$']) {
        return;
    }
    let Some(path) = walk.path(&Word::plain(source)) else { return };
    let project = walk.project.clone();
    match paths::class(&path, &project, walk.around) {
        Class::Root | Class::Device => {
            walk.say(signal("machine", High, format!("Hands {path} to a container"), Some(part)))
        }
        Class::System
            if !path.starts_with("/etc/localtime")
                && !path.starts_with("/etc/timezone")
                && !path.starts_with("/opt") =>
        {
            walk.say(signal("machine", High, format!("Hands {path} of the system to a container"), Some(part)));
        }
        Class::Secret => walk.say(signal(
            "secret_read",
            High,
            format!("Hands {path}, which holds secrets, to a container"),
            Some(part),
        )),
        Class::Own => walk.say(signal(
            crate::assess::OWN,
            Critical,
            format!("Hands {path}, which is ClawButler's, to a container"),
            Some(part),
        )),
        Class::Startup | Class::AgentConfig => {
            walk.say(signal("agent_config_write", High, format!("Hands {path} to a container"), Some(part)));
        }
        Class::System | Class::Project | Class::Scratch | Class::Outside => {}
    }
}
