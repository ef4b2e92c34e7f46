//! Files and paths.

use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{Made, PART, Value};

pub(super) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    if let Some(name) = path.strip_prefix("fs.").or_else(|| path.strip_prefix("Deno.")) {
        return file(f, name, args);
    }
    other(f, path, args).or_else(|| paths(path, args))
}

fn file(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let second = args.get(1, "").clone();
    let mut result = Value::Unknown;
    match name {
        "unlink" | "rm" | "rmdir" => f.work.delete(&first, args.is_set("recursive")),
        "remove" => f.work.delete(&first, args.is_set("recursive") || args.list.len() == 1),
        "emptyDir" | "emptydir" => f.work.delete(&first, true),
        "writeFile" | "outputFile" | "outputJson" | "writeJson" | "outputJSON" | "writeJSON" | "truncate" | "mkdir"
        | "mkdirp" | "ensureDir" | "ensureFile" | "utimes" | "mkdtemp" | "writeTextFile" | "createFile" | "mkdirs" => {
            let appends = args.is_set("append") || args.option("flag").and_then(Value::known) == Some("a");
            if appends {
                f.work.append(&first);
            } else {
                f.work.write(&first);
            }
            if name == "mkdtemp" {
                result = Value::Text(format!("{}{PART}", first.to_text()));
            }
            f.escape(args, &Value::Unknown);
        }
        "createWriteStream" => {
            let flags = args.option("flags").or(Some(&second)).and_then(Value::known).unwrap_or("w");
            if flags.starts_with('a') {
                f.work.append(&first);
            } else {
                f.work.write(&first);
            }
            result = Value::Made(Made::File, first.to_text());
        }
        "appendFile" => f.work.append(&first),
        "readFile" | "createReadStream" | "readJson" | "readJSON" | "readTextFile" | "readlink" => {
            f.work.read(&first);
            f.escape(args, &Value::Unknown);
            result = Value::any_text();
        }
        "readdir" | "readDir" | "opendir" => {
            f.escape(args, &Value::Each(Box::new(Value::Each(Box::new(Value::Text(PART.into()))))));
            result = Value::Each(Box::new(Value::Text(PART.into())));
        }
        "copyFile" | "cp" | "copy" | "symlink" | "link" => {
            f.work.read(&first);
            f.work.write(&second);
        }
        "rename" | "move" => {
            f.work.write(&first);
            f.work.write(&second);
        }
        "chmod" | "chown" | "lchmod" | "lchown" => f.work.rights(&first),
        "open" => match second.known().or_else(|| args.is_set("write").then_some("w")) {
            Some(flags) if flags.contains('a') => f.work.append(&first),
            Some(flags) if flags.contains(['w', '+']) => f.work.write(&first),
            _ if matches!(second, Value::Text(_) | Value::Nothing | Value::Map(_)) => f.work.read(&first),
            _ => {
                f.work.read(&first);
                f.work.write(&first);
            }
        },
        "makeTempDir" | "makeTempFile" => result = Value::Text(format!("/tmp/{PART}")),
        "cwd" => result = Value::text("."),
        "exists" | "stat" | "lstat" | "access" | "watch" | "watchFile" | "realpath" | "pathExists" | "fstat"
        | "close" => {
            f.escape(args, &Value::Unknown);
            if name == "realpath" {
                result = first;
            }
        }
        _ => return None,
    }
    Some(result)
}

fn other(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match path {
        "rimraf" | "rimraf.rimraf" | "rimraf.sync" | "rimraf.default" | "del" | "del.sync" | "del.deleteAsync"
        | "del.delete" | "trash" | "trash.default" | "rimraf.native" => f.work.delete(&first, true),
        "mkdirp" | "mkdirp.sync" | "make-dir" | "write-file-atomic" => f.work.write(&first),
        "Bun.write" => {
            match &first {
                Value::Made(Made::Path, path) => f.work.write(&Value::text(path)),
                first => f.work.write(first),
            }
            if let source @ Value::Made(Made::Path, _) = args.get(1, "") {
                f.work.read(source);
            }
        }
        "Bun.file" => return Some(Value::Made(Made::Path, first.to_text())),
        "glob" | "glob.sync" | "glob.glob" | "globby" | "globby.sync" | "globby.globby" | "fast-glob"
        | "fast-glob.sync" | "fs.glob" | "tinyglobby.glob" => {
            f.escape(args, &Value::Unknown);
            return Some(Value::Each(Box::new(Value::Text(first.element_or_self().to_text()))));
        }
        _ => return None,
    }
    Some(Value::Unknown)
}

fn paths(path: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    Some(match path {
        "path.join" | "path.resolve" => {
            let resolves = path == "path.resolve";
            let mut parts: Vec<String> = args.list.iter().map(Value::to_text).collect();
            if !resolves {
                for part in parts.iter_mut().skip(1) {
                    *part = part.trim_start_matches('/').to_owned();
                }
            }
            parts.retain(|part| !part.is_empty() && (part != "." || args.list.len() == 1));
            let joined = text::join_paths(&parts);
            Value::Text(if joined.is_empty() { ".".into() } else { joined })
        }
        "path.normalize" | "url.fileURLToPath" | "url.pathToFileURL" | "path.toNamespacedPath" | "fileURLToPath" => {
            first.clone()
        }
        "path.dirname" => first.clone().map(|value| Value::Text(text::parent(&value.to_text()))),
        "path.basename" => first.clone().map(|value| Value::text(text::file_name(&value.to_text()))),
        "os.homedir" | "homedir" => Value::text("~"),
        "os.tmpdir" | "tmpdir" => Value::text("/tmp"),
        "process.cwd" => Value::text("."),
        _ if path.starts_with("path.") || path.starts_with("os.") => Value::Unknown,
        _ => return None,
    })
}
