//! Starting programs, and the environment.

use crate::code::Deed;
use crate::code::follow::{Args, Follower};
use crate::code::value::{Made, Value};

pub(super) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match path {
        "os.system"
        | "os.popen"
        | "os.popen2"
        | "os.popen3"
        | "subprocess.getoutput"
        | "subprocess.getstatusoutput"
        | "commands.getoutput"
        | "commands.getstatusoutput"
        | "popen2.popen2"
        | "popen2.popen3"
        | "asyncio.create_subprocess_shell"
        | "platform.popen"
        | "pexpect.run"
        | "pexpect.spawn"
        | "pexpect.spawnu"
        | "pexpect.runu"
        | "invoke.run"
        | "fabric.api.local"
        | "fabric.local"
        | "asyncio.subprocess.create_subprocess_shell" => {
            f.work.shell(path, args.get(0, "cmd"));
        }
        "subprocess.run"
        | "subprocess.call"
        | "subprocess.check_call"
        | "subprocess.check_output"
        | "subprocess.Popen"
        | "anyio.run_process"
        | "trio.run_process"
        | "psutil.Popen"
        | "sh.Command" => subprocess(f, path, args),
        "asyncio.create_subprocess_exec" => f.work.argv(&args.rest(0)),
        "pty.spawn" => match first {
            Value::Text(_) => f.work.argv(&[first]),
            first => f.work.argv(&[first]),
        },
        "os.execv" | "os.execve" | "os.execvp" | "os.execvpe" | "os.posix_spawn" | "os.posix_spawnp" => {
            replaced(f, &first, args.get(1, ""));
        }
        "os.execl" | "os.execle" | "os.execlp" | "os.execlpe" => replaced(f, &first, &Value::List(args.rest(1))),
        "os.spawnv" | "os.spawnve" | "os.spawnvp" | "os.spawnvpe" => replaced(f, args.get(1, ""), args.get(2, "")),
        "os.spawnl" | "os.spawnle" | "os.spawnlp" | "os.spawnlpe" => {
            replaced(f, args.get(1, ""), &Value::List(args.rest(2)));
        }
        "os.startfile" => f.work.argv(&[first]),
        "pip.main" | "pip._internal.main" | "pip._internal.cli.main.main" => {
            f.work.argv(&[Value::text("pip"), first]);
        }
        "os.kill" | "os.killpg" | "signal.pthread_kill" => f.work.say(Deed::Kill),
        "psutil.Process" | "psutil.process_iter" => {
            let process = Value::Made(Made::OtherProcess, String::new());
            return Some(if path == "psutil.Process" { process } else { Value::Each(Box::new(process)) });
        }
        "os.getenv" | "os.environ.get" | "os.environ.pop" | "os.environ.__getitem__" | "decouple.config" => {
            f.work.environment(&first);
            return Some(match args.get(1, "default") {
                Value::Nothing => Value::any_text(),
                default => default.clone().or(Value::any_text()),
            });
        }
        "os.environ.copy" | "dict" if path != "dict" || f.is_environment(&first) => {
            return Some(Value::Made(Made::Environment, "copy".into()));
        }
        "os.environ.items" | "os.environ.values" | "os.environ.keys" | "dotenv.dotenv_values" => {
            f.work.environment(&Value::Unknown);
        }
        "os.environ.setdefault" | "os.environ.update" | "os.putenv" => {}
        // `sh.git("status")`: every name is a program.
        _ if path.starts_with("sh.") || path.starts_with("plumbum.cmd.") => {
            let program = path.rsplit('.').next().unwrap_or_default().replace('_', "-");
            let mut argv = vec![Value::Text(program)];
            argv.extend(args.rest(0));
            f.work.argv(&argv);
        }
        _ => return None,
    }
    Some(Value::Made(Made::Process, String::new()))
}

/// A program that takes this one's place: by path, with its own idea of its name.
fn replaced(f: &mut Follower<'_, '_, '_>, program: &Value, argv: &Value) {
    let mut words = vec![program.clone()];
    match argv {
        Value::List(values) => words.extend(values.iter().skip(1).cloned()),
        _ => words.push(Value::Unknown),
    }
    f.work.argv(&words);
}

fn subprocess(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) {
    let command = args.get(0, "args").clone();
    let shell = args.named.iter().any(|(name, value)| name == "shell" && value.truth() != Some(false));
    if let Some(program) = args.option("executable") {
        f.work.argv(&[program.clone(), command.clone()]);
    }
    for command in command.each() {
        match command {
            Value::List(values) if shell => f.work.shell(path, &values.first().cloned().unwrap_or_default()),
            command if shell => f.work.shell(path, command),
            Value::List(values) => f.work.argv(values),
            Value::Text(_) | Value::Made(Made::Path, _) => f.work.argv(std::slice::from_ref(command)),
            _ => f.work.argv(&[Value::Unknown]),
        }
    }
    if let Some(input) = args.option("input").cloned()
        && let Value::List(values) = &command
        && values.first().and_then(Value::known).is_some_and(|program| matches!(program, "sh" | "bash" | "zsh"))
        && values.len() == 1
    {
        f.work.shell(path, &input);
    }
}
