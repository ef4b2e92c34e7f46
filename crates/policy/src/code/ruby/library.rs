//! What Ruby's library does.

use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{ANY, Made, PART, Value};
use crate::code::{Deed, Language};

/// Calls a function or a class's method by its full name.
pub(in crate::code) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let path = path.strip_prefix("Kernel.").unwrap_or(path);
    let path = path.strip_prefix("Object.").unwrap_or(path);
    running(f, path, args)
        .or_else(|| files(f, path, args))
        .or_else(|| network(f, path, args))
        .or_else(|| texts(path, args))
}

/// What a block of a call gets, as a row.
pub(super) fn handed(receiver: &Value, name: &str, args: &Args) -> Value {
    match (receiver, name) {
        (Value::Item(path), "glob" | "each_child" | "children" | "entries" | "foreach") if path == "Dir" => {
            match name {
                "glob" => Value::Each(Box::new(Value::Text(args.first().to_text()))),
                _ => Value::Each(Box::new(Value::Text(PART.into()))),
            }
        }
        (Value::Item(path), "open" | "new") if matches!(path.as_str(), "File" | "IO") => {
            Value::Each(Box::new(Value::Made(Made::File, args.first().to_text())))
        }
        (Value::Item(_), "mktmpdir") => Value::Each(Box::new(Value::Text(format!("/tmp/{PART}")))),
        (Value::Item(path), "find") if path == "Find" => {
            Value::Each(Box::new(Value::Text(format!("{}/**", args.first().to_text()))))
        }
        (receiver, _) => receiver.clone(),
    }
}

fn running(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let mut words: Vec<Value> = args.list.clone();
    words.retain(|value| !matches!(value, Value::Map(_)));
    match path {
        "system" | "exec" | "spawn" | "Process.spawn" | "Process.exec" | "Open3.capture2" | "Open3.capture2e"
        | "Open3.capture3" | "Open3.popen2" | "Open3.popen2e" | "Open3.popen3" | "Open3.pipeline" | "PTY.spawn"
        | "IO.popen" | "Bundler.system" | "TTY.run" | "sh" => match words.as_slice() {
            [] if args.open => f.work.dynamic(path),
            [] => {}
            [list @ Value::List(_)] => f.work.argv(std::slice::from_ref(list)),
            [one] => f.work.shell(path, one),
            // A mode follows the command of a pipe.
            [one, _] if path == "IO.popen" => match one {
                Value::List(_) => f.work.argv(std::slice::from_ref(one)),
                one => f.work.shell(path, one),
            },
            more => f.work.argv(more),
        },
        "`" => f.work.shell(path, &first),
        "eval"
        | "instance_eval"
        | "class_eval"
        | "module_eval"
        | "binding.eval"
        | "TOPLEVEL_BINDING.eval"
        | "RubyVM.InstructionSequence.compile"
        | "RubyVM.InstructionSequence.eval" => {
            f.work.code(Language::Ruby, path, &first);
            f.escape(args, &Value::Unknown);
        }
        "require" | "load" | "require_relative" | "autoload" => match first.known() {
            Some(file) if path == "load" || file.starts_with(['/', '~']) => f.work.argv(&[Value::text("ruby"), first]),
            Some("fiddle" | "ffi") => f.work.native("fiddle"),
            Some(_) => {}
            None if matches!(first, Value::Text(ref text) if !text.starts_with(ANY)) => {}
            None => f.work.dynamic(path),
        },
        "const_get" | "Module.const_get" => {
            return Some(match first.known() {
                Some(name) => Value::Item(name.replace("::", ".")),
                None => {
                    f.work.dynamic(path);
                    Value::Unknown
                }
            });
        }
        "method" | "instance_method" => {
            return Some(match first.known() {
                Some(name) => Value::Item(name.to_owned()),
                None => Value::Unknown,
            });
        }
        "send" | "__send__" | "public_send" => return Some(send(f, None, args)),
        "Marshal.load" | "Marshal.restore" | "YAML.unsafe_load" | "Psych.unsafe_load" => f.work.dynamic(path),
        "Process.kill" => f.work.say(Deed::Kill),
        "Fiddle.dlopen" | "Fiddle.Handle.new" | "DL.dlopen" | "syscall" | "dlload" | "Win32API.new" => {
            f.work.native(path);
        }
        "ENV.fetch" | "ENV.key?" | "ENV.values_at" | "ENV.dig" => f.work.environment(&first),
        "ENV.to_h" | "ENV.each" | "ENV.map" | "ENV.inspect" | "ENV.to_a" | "ENV.values" | "ENV.select"
        | "ENV.to_hash" | "ENV.sort" | "ENV.each_pair" => f.work.environment(&Value::Unknown),
        "puts" | "print" | "p" | "pp" | "printf" | "putc" | "STDOUT.puts" | "STDOUT.write" | "$stdout.puts"
        | "warn" | "STDERR.puts" => {
            f.work.say(Deed::Prints);
            f.escape(args, &Value::Unknown);
        }
        "raise" | "exit" | "abort" | "sleep" | "gets" | "loop" | "catch" | "lambda" | "proc" | "at_exit" | "trap" => {
            f.escape(args, &Value::Unknown);
        }
        _ => return None,
    }
    Some(Value::Unknown)
}

/// `send(:name, …)` to `receiver`, or to what is there.
pub(super) fn send(f: &mut Follower<'_, '_, '_>, receiver: Option<&Value>, args: &Args) -> Value {
    let rest = Args { list: args.rest(1), named: args.named.clone(), open: args.open };
    match (args.first().known(), receiver) {
        (Some(name), Some(receiver)) => {
            let name = name.to_owned();
            f.method(receiver.clone(), &name, &rest)
        }
        (Some(name), None) => {
            let name = name.to_owned();
            f.library(&name, &rest)
        }
        (None, receiver) => {
            if receiver.is_none_or(|value| matches!(value, Value::Item(_) | Value::Unknown)) {
                f.work.dynamic("send");
            }
            Value::Unknown
        }
    }
}

fn files(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let (class, name) = path.rsplit_once('.').unwrap_or(("", path));
    let first = args.first().clone();
    let second = args.get(1, "").clone();
    let mut result = Value::Unknown;
    match (class, name) {
        (
            "File" | "Dir" | "FileUtils" | "Pathname",
            "delete" | "unlink" | "rmdir" | "rm" | "rm_f" | "remove" | "safe_unlink" | "remove_file" | "remove_entry",
        ) => {
            f.work.delete(&Value::List(args.list.clone()), false);
        }
        ("FileUtils", "rm_r" | "rm_rf" | "rmtree" | "remove_dir" | "remove_entry_secure") => {
            f.work.delete(&first, true);
        }
        ("FileUtils", "mkdir" | "mkdir_p" | "mkpath" | "makedirs" | "touch")
        | ("Dir", "mkdir")
        | ("File", "truncate" | "mkfifo") => {
            f.work.write(&first);
        }
        (
            "FileUtils",
            "cp" | "cp_r" | "copy" | "copy_file" | "install" | "ln" | "ln_s" | "ln_sf" | "symlink" | "copy_entry",
        )
        | ("File", "symlink" | "link")
        | ("IO", "copy_stream") => {
            f.work.read(&first);
            f.work.write(&second);
        }
        ("FileUtils", "mv" | "move") | ("File", "rename") => {
            f.work.write(&first);
            f.work.write(&second);
        }
        ("FileUtils", "chmod" | "chmod_R" | "chown_R") | ("File", "chmod" | "lchmod") => f.work.rights(&second),
        ("FileUtils" | "File", "chown" | "lchown") => f.work.rights(args.get(2, "")),
        ("File" | "IO", "read" | "readlines" | "foreach" | "binread" | "readlink")
        | ("YAML", "load_file" | "safe_load_file")
        | ("CSV", "read" | "foreach" | "table")
        | ("JSON", "load_file") => {
            piped_or(f, &first, |f, path| f.work.read(path));
            f.escape(args, &Value::Unknown);
            result = Value::any_text();
        }
        ("File" | "IO", "write" | "binwrite") => {
            if args.option("mode").and_then(Value::known).is_some_and(|mode| mode.starts_with('a')) {
                f.work.append(&first);
            } else {
                f.work.write(&first);
            }
        }
        ("File" | "IO" | "CSV" | "Zlib.GzipReader" | "Zlib.GzipWriter" | "", "open" | "new")
            if !class.is_empty() || name == "open" =>
        {
            open(f, class, args);
            let file = Value::Made(Made::File, first.to_text());
            f.escape(
                &Args { list: Vec::new(), named: args.named.clone(), open: false },
                &Value::Each(Box::new(file.clone())),
            );
            return Some(file);
        }
        _ => return folders(f, path, args),
    }
    Some(result)
}

/// Folders and paths.
fn folders(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let (class, name) = path.rsplit_once('.').unwrap_or(("", path));
    let first = args.first().clone();
    let second = args.get(1, "").clone();
    let mut result = Value::Unknown;
    match (class, name) {
        ("Dir", "glob" | "[]" | "children" | "entries" | "each_child") => {
            let row = handed(&Value::Item("Dir".into()), if name == "[]" { "glob" } else { name }, args);
            f.escape(args, &row);
            result = row;
        }
        ("Dir", "mktmpdir") => result = Value::Text(format!("/tmp/{PART}")),
        ("Dir", "pwd" | "getwd") => result = Value::text("."),
        ("Dir", "home") => result = Value::text("~"),
        ("Dir", "tmpdir") => result = Value::text("/tmp"),
        ("Tempfile", "new" | "create" | "open") => result = Value::Made(Made::File, format!("/tmp/{PART}")),
        ("Pathname", "new") | ("", "Pathname") => result = Value::Made(Made::Path, first.to_text()),
        ("File", "join") => {
            let parts: Vec<String> = args.list.iter().map(Value::to_text).collect();
            result = Value::Text(text::join_paths(&parts));
        }
        ("File", "expand_path" | "absolute_path" | "realpath") => {
            result = match second {
                Value::Nothing => first,
                base => Value::Text(text::join_paths(&[base.to_text(), first.to_text()])),
            };
        }
        ("File", "dirname") => result = Value::Text(text::parent(&first.to_text())),
        ("File", "basename") => result = Value::text(text::file_name(&first.to_text())),
        ("File" | "Dir", "exist?" | "file?" | "directory?" | "size" | "mtime" | "stat" | "extname" | "empty?") => {}
        _ => return None,
    }
    Some(result)
}

/// A text that begins with a bar is a command.
fn piped_or(f: &mut Follower<'_, '_, '_>, path: &Value, otherwise: impl FnOnce(&mut Follower<'_, '_, '_>, &Value)) {
    if let Value::Text(text) = path
        && let Some(command) = text.trim_start().strip_prefix('|')
    {
        return f.work.shell("open", &Value::text(command.trim()));
    }
    otherwise(f, path);
}

fn open(f: &mut Follower<'_, '_, '_>, class: &str, args: &Args) {
    let path = args.first().clone();
    let mode = match args.get(1, "mode") {
        mode if class == "Zlib.GzipWriter" && *mode == Value::Nothing => Value::text("w"),
        mode => mode.clone(),
    };
    piped_or(f, &path, |f, path| match mode.known() {
        Some(mode) if mode.starts_with('a') => f.work.append(path),
        Some(mode) => {
            if mode.contains(['w', '+']) {
                f.work.write(path);
            }
            if !mode.contains('w') {
                f.work.read(path);
            }
        }
        None if matches!(mode, Value::Nothing | Value::Map(_)) => f.work.read(path),
        None => {
            f.work.read(path);
            f.work.write(path);
        }
    });
}

fn network(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let (class, name) = path.rsplit_once('.').unwrap_or(("", path));
    match (class, name) {
        ("URI", "open") => f.work.network(&first, false),
        ("" | "URI", "URI" | "parse") if class == "URI" || path == "URI" => return Some(first),
        ("Net.HTTP", "get" | "get_response" | "get_print") => f.work.network(&first, false),
        ("Net.HTTP", "post" | "post_form") => f.work.network(&first, true),
        ("Net.HTTP", "start" | "new") => {
            f.work.network(&first, true);
            f.escape(args, &Value::Unknown);
        }
        ("HTTParty" | "Faraday" | "RestClient" | "HTTP" | "Excon" | "Typhoeus", "get" | "head") => {
            f.work.network(&first, false);
        }
        (
            "HTTParty" | "Faraday" | "RestClient" | "HTTP" | "Excon" | "Typhoeus",
            "post" | "put" | "patch" | "delete",
        ) => {
            f.work.network(&first, true);
        }
        (
            "TCPSocket" | "Socket" | "UNIXSocket" | "UDPSocket" | "OpenSSL.SSL.SSLSocket",
            "new" | "open" | "tcp" | "unix",
        ) => {
            f.work.socket(&first, args.get(1, ""));
            return Some(Value::Made(Made::Socket, String::new()));
        }
        (
            "TCPServer" | "UNIXServer" | "WEBrick.HTTPServer" | "Rack.Server" | "Sinatra.Application" | "Socket",
            "new" | "open" | "run!" | "tcp_server_loop" | "start",
        ) => {
            f.work.say(Deed::Listens);
        }
        ("Net.SMTP" | "Net.FTP" | "Net.SSH" | "Net.SCP" | "Net.SFTP" | "Net.Telnet", _) => {
            f.work.network(&first, true);
            return Some(Value::Made(Made::Remote, String::new()));
        }
        ("SQLite3.Database", "new" | "open") => {
            f.work.read(&first);
            return Some(Value::Made(Made::Database, first.to_text()));
        }
        ("PG" | "PG.Connection" | "Mysql2.Client" | "Sequel", "connect" | "new" | "open" | "sqlite" | "postgres") => {
            return Some(Value::Made(Made::Database, String::new()));
        }
        _ => return None,
    }
    Some(Value::Unknown)
}

fn texts(path: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    let known = |decode: fn(&str) -> Option<String>| match first.known() {
        Some(text) => decode(text).map_or(Value::any_text(), Value::Text),
        None => Value::any_text(),
    };
    Some(match path {
        "Base64.decode64" | "Base64.strict_decode64" | "Base64.urlsafe_decode64" => known(text::base64),
        "format" | "sprintf" => {
            Value::Text(text::percent(&first.to_text(), args.list.get(1..).unwrap_or_default(), &[]))
        }
        "Array" | "String" | "Integer" => first.clone(),
        "Shellwords.split" | "Shellwords.shellsplit" => match first {
            Value::Text(text) => Value::List(text.split_whitespace().map(Value::text).collect()),
            _ => Value::Unknown,
        },
        "Shellwords.escape" | "Shellwords.shellescape" => first.clone(),
        "Time.now" | "rand" | "SecureRandom.hex" | "SecureRandom.uuid" | "Process.pid" => Value::Text(PART.into()),
        "CGI.unescape" | "URI.decode_www_form_component" => {
            first.known().map_or(Value::any_text(), |text| Value::Text(text::unquote(text)))
        }
        _ => return None,
    })
}
