//! What the library of Node, Deno and Bun does, and what widely used packages do.

use super::{files, network, texts};
use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{ANY, Made, Value};
use crate::code::{Deed, Language};

/// Calls `path`; a constructor stands with `new ` before it.
pub(in crate::code) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let constructs = path.starts_with("new ");
    let full = canonical(path.strip_prefix("new ").unwrap_or(path));
    let path = full.as_str();
    if let Some((function, how)) = path.rsplit_once('.')
        && function != "Reflect"
        && let Some(value) = indirect(f, function, how, args)
    {
        return Some(value);
    }
    if constructs && let Some(value) = made(f, path, args) {
        return Some(value);
    }
    running(f, path, args)
        .or_else(|| processes(f, path, args))
        .or_else(|| files::call(f, path, args))
        .or_else(|| network::call(f, path, args))
        .or_else(|| texts::call(f, path, args))
}

/// A global by its name.
pub(super) fn global(name: &str) -> Value {
    match name {
        "__dirname" => Value::text("."),
        "__filename" => Value::any_text(),
        "NaN" | "Infinity" | "arguments" => Value::Unknown,
        name => Value::Item(name.to_owned()),
    }
}

/// One name for what goes by several.
fn canonical(path: &str) -> String {
    let mut path = path;
    for prefix in ["globalThis.", "global.", "window.", "self.", "process.mainModule.", "module.", "node:"] {
        path = path.strip_prefix(prefix).unwrap_or(path);
    }
    for (from, to) in [
        ("fs/promises.", "fs."),
        ("fs.promises.", "fs."),
        ("fs-extra.", "fs."),
        ("graceful-fs.", "fs."),
        ("node-fetch", "fetch"),
        ("cross-fetch", "fetch"),
        ("cross-spawn", "child_process.spawn"),
        ("path.posix.", "path."),
        ("path.win32.", "path."),
        ("bun:", "bun."),
    ] {
        if let Some(rest) = path.strip_prefix(from) {
            return format!("{to}{rest}").trim_end_matches("Sync").to_owned();
        }
    }
    path.strip_suffix("Sync").unwrap_or(path).to_owned()
}

/// `fn.call(…)`, `module.then(…)`.
fn indirect(f: &mut Follower<'_, '_, '_>, function: &str, how: &str, args: &Args) -> Option<Value> {
    Some(match how {
        "call" => f.library(function, &Args::of(args.rest(1))),
        "apply" => {
            let given = match args.get(1, "") {
                Value::List(values) => Args::of(values.clone()),
                _ => Args::unknown(),
            };
            f.library(function, &given)
        }
        "bind" => Value::Item(function.to_owned()),
        "then" | "finally" => {
            let callback = args.first().clone();
            f.call(callback, &Args::of(vec![Value::Item(function.to_owned())]))
        }
        _ => return None,
    })
}

/// A module by what names it.
pub(super) fn module(f: &mut Follower<'_, '_, '_>, what: &str, name: &Value) -> Value {
    match name.known() {
        Some(name) if name.starts_with(['.', '/', '~', '#', '@']) && !name.starts_with("@e") => {
            Value::Item(".own".into())
        }
        Some("fs/promises" | "node:fs/promises") => Value::Item("fs".into()),
        Some(name) => Value::Item(name.strip_prefix("node:").unwrap_or(name).to_owned()),
        None if matches!(name, Value::Text(text) if text.starts_with(['.', '/'])) => Value::Item(".own".into()),
        None => {
            f.work.dynamic(what);
            Value::Unknown
        }
    }
}

fn running(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    Some(match path {
        "console.log"
        | "console.error"
        | "console.info"
        | "console.warn"
        | "console.table"
        | "console.dir"
        | "process.stdout.write"
        | "process.stderr.write"
        | "console.debug" => {
            f.work.say(Deed::Prints);
            f.escape(args, &Value::Unknown);
            Value::Nothing
        }
        "eval"
        | "vm.runInThisContext"
        | "vm.runInNewContext"
        | "vm.runInContext"
        | "vm.Script"
        | "vm.compileFunction"
        | "_compile"
        | "vm.SourceTextModule" => {
            f.work.code(Language::Node, path, &first);
            Value::Unknown
        }
        "Function" | "AsyncFunction" => {
            let code = args.list.last().cloned().unwrap_or(Value::Nothing);
            f.work.code(Language::Node, path, &code);
            Value::Unknown
        }
        // Any value leads to the maker of functions this way.
        "constructor" => {
            if matches!(first, Value::Text(_)) {
                let code = args.list.last().cloned().unwrap_or_default();
                f.work.code(Language::Node, "constructor", &code);
            }
            Value::Unknown
        }
        "setTimeout" | "setInterval" | "setImmediate" | "queueMicrotask" => {
            if matches!(first, Value::Text(_)) {
                f.work.code(Language::Node, path, &first);
            }
            f.escape(args, &Value::Unknown);
            Value::Unknown
        }
        "require" | "_load" | "process.getBuiltinModule" | "createRequire.require" => module(f, "require", &first),
        _ => return loading(f, path, args),
    })
}

/// Ways to code and native libraries, the environment, promises.
fn loading(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    Some(match path {
        "module.createRequire" | "createRequire" => Value::Item("require".into()),
        "util.promisify" | "promisify" | "util.callbackify" => first,
        "Reflect.get" => {
            let key = args.get(1, "").clone();
            f.index(first, &key)
        }
        "Reflect.apply" | "Reflect.construct" => {
            let at = if path.ends_with("apply") { 2 } else { 1 };
            let given = match args.get(at, "") {
                Value::List(values) => Args::of(values.clone()),
                _ => Args::unknown(),
            };
            f.call(first, &given)
        }
        "process.binding"
        | "process._linkedBinding"
        | "process.dlopen"
        | "Deno.dlopen"
        | "bun.ffi.dlopen"
        | "ffi-napi.Library"
        | "koffi.load"
        | "ffi.Library" => {
            f.work.native(path);
            Value::Unknown
        }
        "process.kill" | "Deno.kill" | "fkill" | "tree-kill" => {
            f.work.say(Deed::Kill);
            Value::Unknown
        }
        "Deno.env.get" => {
            f.work.environment(&first);
            Value::any_text()
        }
        "Deno.env.toObject" => {
            f.work.environment(&Value::Unknown);
            Value::Unknown
        }
        "Promise.all" | "Promise.allSettled" | "Promise.race" | "Promise.resolve" => first,
        _ => return None,
    })
}

/// What a constructor makes.
fn made(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    Some(match path {
        "Promise" => {
            f.escape(args, &Value::Unknown);
            Value::Unknown
        }
        "URL" => match args.get(1, "") {
            Value::Text(base) => Value::Text(text::join_paths(&[base.clone(), first.to_text()])),
            _ => first,
        },
        "better-sqlite3"
        | "sqlite3.Database"
        | "bun.sqlite.Database"
        | "sqlite.Database"
        | "Database"
        | "sqlite.DatabaseSync" => {
            if matches!(first, Value::Text(_)) && first.known() != Some(":memory:") {
                f.work.read(&first);
            }
            Value::Made(Made::Database, first.to_text())
        }
        "net.Socket" | "tls.TLSSocket" => Value::Made(Made::Socket, String::new()),
        "Deno.Command" => {
            let mut argv = vec![first];
            argv.push(args.option("args").cloned().unwrap_or(Value::List(Vec::new())));
            f.work.argv(&argv);
            Value::Made(Made::Process, String::new())
        }
        "Worker" | "worker_threads.Worker" => {
            if args.is_set("eval") {
                f.work.code(Language::Node, path, &first);
            }
            Value::Unknown
        }
        "WebSocket" | "ws" | "ws.WebSocket" | "EventSource" => {
            f.work.network(&first, path != "EventSource");
            Value::Made(Made::Remote, String::new())
        }
        "XMLHttpRequest" => Value::Made(Made::Http, String::new()),
        "Koa" | "koa" | "Hono" | "hono.Hono" | "http.Server" | "ws.Server" | "ws.WebSocketServer" => {
            if path.starts_with("ws") {
                f.work.say(Deed::Listens);
            }
            Value::Made(Made::Server, String::new())
        }
        "pg.Client" | "pg.Pool" | "Client" | "Pool" | "@electric-sql/pglite.PGlite" => {
            Value::Made(Made::Database, String::new())
        }
        "RegExp" => Value::Made(Made::Pattern, String::new()),
        _ => return None,
    })
}

fn processes(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match path {
        "child_process.exec"
        | "shelljs.exec"
        | "execa.command"
        | "execa.execaCommand"
        | "execa.commandSync"
        | "sudo-prompt.exec"
        | "node-cmd.run"
        | "$"
        | "zx.$"
        | "execa.$"
        | "bun.$"
        | "Bun.$"
        | "Deno.$"
        | "$.sync"
        | "zx.exec"
        | "shelljs/global.exec" => {
            f.work.shell(path, &first);
            f.escape(&Args::of(args.rest(1)), &Value::Unknown);
        }
        "child_process.spawn"
        | "child_process.execFile"
        | "execa"
        | "execa.execa"
        | "execa.sync"
        | "execa.default"
        | "node-pty.spawn"
        | "Bun.spawn"
        | "execa.node"
        | "tinyexec.x"
        | "nano-spawn" => spawn(f, path, args),
        "child_process.fork" => {
            f.work.argv(&[Value::text("node"), first, args.get(1, "").clone()]);
        }
        "Deno.run" => {
            let command = args.option("cmd").cloned().unwrap_or_default();
            f.work.argv(&[command]);
        }
        "process.exit" | "process.abort" | "process.chdir" | "process.on" | "process.once" | "process.nextTick" => {
            f.escape(args, &Value::Unknown);
        }
        _ => {
            let program = path.strip_prefix("shelljs.")?;
            let mut argv = vec![Value::text(program)];
            argv.extend(args.rest(0));
            f.work.argv(&argv);
        }
    }
    Some(Value::Made(Made::Process, String::new()))
}

fn spawn(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) {
    let (program, rest) = match args.first() {
        // `Bun.spawn([…])`, `Bun.spawn({cmd: […]})`.
        Value::List(values) => (None, Value::List(values.clone())),
        Value::Map(_) => (None, args.option("cmd").cloned().unwrap_or_default()),
        program => {
            let rest = match args.get(1, "") {
                Value::Map(_) | Value::Nothing | Value::Local(..) => Value::List(Vec::new()),
                rest => rest.clone(),
            };
            (Some(program.clone()), rest)
        }
    };
    if args.is_set("shell") {
        let mut words: Vec<Value> = program.into_iter().collect();
        match rest {
            Value::List(values) => words.extend(values),
            other => words.push(other),
        }
        let text = words.iter().map(Value::to_text).collect::<Vec<_>>().join(" ");
        f.work.shell(path, &if text.trim_matches(ANY).is_empty() { Value::Unknown } else { Value::Text(text) });
        return;
    }
    let mut argv: Vec<Value> = program.into_iter().collect();
    argv.push(rest);
    f.work.argv(&argv);
}
