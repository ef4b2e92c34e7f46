//! What PHP's functions do.

use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{ANY, Made, PART, Value};
use crate::code::{Deed, Language};

/// Calls a function by its name; a class's method stands behind a point, a constructor behind `new `.
pub(in crate::code) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    if let Some(class) = path.strip_prefix("new ") {
        return super::methods::made(f, class, args);
    }
    let path = path.trim_start_matches('\\');
    if let Some((class, method)) = path.rsplit_once('.') {
        return super::methods::of_class(f, class, method, args);
    }
    let name = path.rsplit('\\').next().unwrap_or(path).to_ascii_lowercase();
    running(f, &name, args)
        .or_else(|| files(f, &name, args))
        .or_else(|| network(f, &name, args))
        .or_else(|| texts(&name, args))
}

/// A file that is run in place: those of the project are its own affair.
pub(super) fn include(f: &mut Follower<'_, '_, '_>, file: &Value) {
    match file.known() {
        Some(file) if file.contains("://") || file.starts_with("data:") => f.work.dynamic("include"),
        Some(file) if file.starts_with(['/', '~']) || !file.ends_with(".php") => {
            let file = Value::text(file);
            f.work.argv(&[Value::text("php"), file]);
        }
        Some(_) => {}
        None if matches!(file, Value::Text(text) if !text.starts_with(ANY)) => {}
        None => f.work.dynamic("include"),
    }
}

fn running(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match name {
        "system" | "exec" | "shell_exec" | "passthru" | "popen" | "expect_popen" => f.work.shell(name, &first),
        "proc_open" => match &first {
            Value::List(_) => f.work.argv(&[first]),
            first => f.work.shell(name, first),
        },
        "pcntl_exec" => f.work.argv(&[first, args.get(1, "").clone()]),
        "assert" if matches!(first, Value::Text(_)) => f.work.code(Language::Php, name, &first),
        "create_function" => f.work.code(Language::Php, name, args.get(1, "")),
        "preg_replace" | "mb_ereg_replace" | "preg_filter" => {
            let pattern = first.to_text();
            let flags = pattern.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            if flags.contains('e') || name == "mb_ereg_replace" && args.get(3, "").to_text().contains('e') {
                f.work.dynamic(name);
            }
            return Some(Value::any_text());
        }
        "call_user_func" | "forward_static_call" | "func_overload" => {
            return Some(by_name(f, &first, &Args { list: args.rest(1), named: Vec::new(), open: args.open }));
        }
        "call_user_func_array" | "forward_static_call_array" => {
            let given = match args.get(1, "") {
                Value::List(values) => Args::of(values.clone()),
                _ => Args::unknown(),
            };
            return Some(by_name(f, &first, &given));
        }
        "array_map" => {
            let given = Args::of(args.rest(1).iter().map(Value::element).collect());
            return match args.get(1, "") {
                Value::List(values) if values.len() <= 128 && args.list.len() == 2 => {
                    let values = values.clone();
                    Some(Value::List(
                        values.into_iter().map(|value| by_name(f, &first, &Args::of(vec![value]))).collect(),
                    ))
                }
                _ => {
                    let result = by_name(f, &first, &given);
                    Some(Value::Each(Box::new(result)))
                }
            };
        }
        _ => return rest(f, name, args),
    }
    Some(Value::Unknown)
}

/// Functions that take functions, the environment, printing.
fn rest(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match name {
        "array_filter"
        | "array_walk"
        | "usort"
        | "uasort"
        | "uksort"
        | "array_reduce"
        | "iterator_apply"
        | "preg_replace_callback" => {
            let callback = args.get(1, "").clone();
            if callback.is_callable() || matches!(callback, Value::Text(_)) {
                by_name(f, &callback, &Args { list: vec![first.element()], named: Vec::new(), open: true });
            }
            return Some(first);
        }
        "register_shutdown_function"
        | "set_error_handler"
        | "spl_autoload_register"
        | "ob_start"
        | "set_exception_handler" => {
            by_name(f, &first, &Args { list: args.rest(1), named: Vec::new(), open: true });
        }
        "dl" => f.work.native(name),
        "posix_kill" => f.work.say(Deed::Kill),
        "getenv" | "apache_getenv" => {
            f.work.environment(if args.list.is_empty() { &Value::Unknown } else { &first });
            return Some(Value::any_text());
        }
        "printf" | "print_r" | "var_dump" | "var_export" | "vprintf" | "fprintf" => {
            f.work.say(Deed::Prints);
            f.escape(args, &Value::Unknown);
        }
        "phpinfo" => {
            f.work.say(Deed::Prints);
            f.work.environment(&Value::Unknown);
        }
        "func_get_args" => return Some(Value::Each(Box::new(Value::Unknown))),
        "extract" | "parse_str" => f.work.dynamic(name),
        _ => return None,
    }
    Some(Value::Unknown)
}

/// Calls a function that is given as a value.
fn by_name(f: &mut Follower<'_, '_, '_>, function: &Value, args: &Args) -> Value {
    match function {
        Value::List(pair) if pair.len() == 2 => {
            let method = pair[1].to_text();
            f.method(pair[0].clone(), &method, args)
        }
        Value::Unknown => {
            f.work.dynamic("call_user_func");
            Value::Unknown
        }
        Value::Nothing => Value::Unknown,
        function => f.call(function.clone(), args),
    }
}

fn files(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let second = args.get(1, "").clone();
    let mut result = Value::Unknown;
    match name {
        "unlink" | "rmdir" => f.work.delete(&first, false),
        "mkdir" | "touch" | "ftruncate" | "imagepng" | "imagejpeg" => {
            f.work.write(if name.starts_with("image") { &second } else { &first });
        }
        "rename" | "move_uploaded_file" => {
            f.work.write(&first);
            f.work.write(&second);
        }
        "copy" | "symlink" | "link" => {
            f.work.read(&first);
            f.work.write(&second);
        }
        "chmod" | "chown" | "chgrp" | "lchown" => f.work.rights(&first),
        "file_get_contents"
        | "file"
        | "readfile"
        | "parse_ini_file"
        | "simplexml_load_file"
        | "highlight_file"
        | "show_source"
        | "php_strip_whitespace"
        | "gzfile"
        | "readgzfile"
        | "hash_file"
        | "md5_file" => {
            if !first.to_text().starts_with("php://") {
                f.work.read(&first);
            }
            if matches!(name, "readfile" | "highlight_file" | "show_source" | "readgzfile") {
                f.work.say(Deed::Prints);
            }
            result = Value::any_text();
        }
        "file_put_contents" => {
            let appends = matches!(args.get(2, "flags"), Value::Item(flag) if flag.contains("APPEND"))
                || args.get(2, "").to_text() == "8";
            if first.to_text().starts_with("php://") {
                f.work.say(Deed::Prints);
            } else if appends {
                f.work.append(&first);
            } else {
                f.work.write(&first);
            }
        }
        "fopen" | "gzopen" | "bzopen" => {
            if !first.to_text().starts_with("php://") {
                opened(f, &first, &second);
            }
            result = Value::Made(Made::File, first.to_text());
        }
        "glob" => result = Value::Each(Box::new(Value::Text(first.to_text()))),
        "scandir" | "readdir" => result = Value::Each(Box::new(Value::Text(PART.into()))),
        "tempnam" | "tmpfile" => result = Value::Text(format!("/tmp/{PART}")),
        "sys_get_temp_dir" => result = Value::text("/tmp"),
        "getcwd" => result = Value::text("."),
        "realpath" => result = first,
        "dirname" => result = Value::Text(text::parent(&first.to_text())),
        "basename" => result = Value::text(text::file_name(&first.to_text())),
        "file_exists" | "is_file" | "is_dir" | "filesize" | "fclose" | "fwrite" | "fputs" | "fgets" | "fread"
        | "feof" => {}
        "mysqli_query" | "pg_query" | "mysql_query" | "sqlite_query" | "mysqli_multi_query" | "pg_query_params"
        | "pg_send_query" | "odbc_exec" => {
            let sql = args.list.iter().find(|value| matches!(value, Value::Text(_))).cloned().unwrap_or_default();
            f.work.sql(&sql);
        }
        _ => return None,
    }
    Some(result)
}

pub(super) fn opened(f: &mut Follower<'_, '_, '_>, path: &Value, mode: &Value) {
    match mode.known() {
        Some(mode) if mode.starts_with('a') => f.work.append(path),
        Some(mode) => {
            if mode.contains(['w', 'x', 'c', '+']) {
                f.work.write(path);
            }
            if mode.contains(['r', '+']) {
                f.work.read(path);
            }
        }
        None => {
            f.work.read(path);
            f.work.write(path);
        }
    }
}

fn network(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match name {
        "fsockopen" | "pfsockopen" => f.work.socket(&first, args.get(1, "")),
        "stream_socket_client" => f.work.socket(&first, &Value::Nothing),
        "socket_connect" => f.work.socket(args.get(1, ""), args.get(2, "")),
        "stream_socket_server" | "socket_bind" | "socket_listen" | "socket_create_listen" => f.work.say(Deed::Listens),
        "curl_init" => {
            if !args.list.is_empty() {
                f.work.network(&first, false);
            }
            return Some(Value::Made(Made::Http, first.to_text()));
        }
        "curl_setopt" => {
            let option = args.get(1, "");
            if let Value::Item(option) = option {
                match option.as_str() {
                    "CURLOPT_URL" => f.work.network(args.get(2, ""), false),
                    "CURLOPT_POSTFIELDS" | "CURLOPT_POST" | "CURLOPT_UPLOAD" => f.work.network(&Value::Unknown, true),
                    _ => {}
                }
            }
        }
        "curl_setopt_array" => f.work.network(&Value::Unknown, true),
        "curl_exec" => f.work.network(&Value::Unknown, false),
        "mail" | "mb_send_mail" | "ftp_connect" | "ssh2_connect" | "imap_open" | "ldap_connect" => {
            f.work.network(&first, true);
        }
        "ssh2_exec" => f.work.shell(name, args.get(1, "")),
        "gethostbyname" | "dns_get_record" | "get_headers" => f.work.network(&first, false),
        _ => return None,
    }
    Some(Value::Unknown)
}

fn texts(name: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    let known = |decode: fn(&str) -> Option<String>| match first.known() {
        Some(text) => decode(text).map_or(Value::any_text(), Value::Text),
        None => Value::any_text(),
    };
    Some(match name {
        "base64_decode" => known(text::base64),
        "hex2bin" => known(text::hex),
        "str_rot13" => first.known().map_or(Value::any_text(), |text| Value::Text(text::rot13(text))),
        "strrev" => Value::Text(first.to_text().chars().rev().collect()),
        "urldecode" | "rawurldecode" => {
            first.known().map_or(Value::any_text(), |text| Value::Text(text::unquote(text)))
        }
        "chr" => Value::Text(text::characters(std::slice::from_ref(first))),
        "strtolower" => Value::Text(first.to_text().to_lowercase()),
        "strtoupper" => Value::Text(first.to_text().to_uppercase()),
        "trim" | "ltrim" | "rtrim" => Value::text(first.to_text().trim()),
        "escapeshellarg" | "escapeshellcmd" | "strval" | "htmlspecialchars" => first.clone(),
        "implode" | "join" => match (first, args.get(1, "")) {
            (mark, Value::List(values)) => {
                Value::Text(values.iter().map(Value::to_text).collect::<Vec<_>>().join(&mark.to_text()))
            }
            (Value::List(values), _) => Value::Text(values.iter().map(Value::to_text).collect()),
            _ => Value::any_text(),
        },
        "explode" => match (first.known(), args.get(1, "")) {
            (Some(mark), Value::Text(text)) if !mark.is_empty() => {
                Value::List(text.split(mark).take(512).map(Value::text).collect())
            }
            _ => Value::Each(Box::new(Value::any_text())),
        },
        "sprintf" => Value::Text(text::percent(&first.to_text(), args.list.get(1..).unwrap_or_default(), &[])),
        "str_replace" => match (first.known(), args.get(1, "").known(), args.get(2, "")) {
            (Some(from), Some(to), Value::Text(text)) if !from.is_empty() && to.len() < 256 => {
                Value::Text(text.replace(from, to))
            }
            _ => Value::any_text(),
        },
        "pack" => match (first.known(), args.get(1, "").known()) {
            (Some(format), Some(text)) if format.starts_with('H') => {
                text::hex(text).map_or(Value::any_text(), Value::Text)
            }
            (Some(format), _) if format.starts_with(['C', 'c']) => Value::Text(text::characters(&args.rest(1))),
            _ => Value::any_text(),
        },
        "array_reverse" => match first {
            Value::List(values) => Value::List(values.iter().rev().cloned().collect()),
            _ => Value::Unknown,
        },
        "time" | "date" | "rand" | "mt_rand" | "uniqid" | "count" | "strlen" | "random_int" => Value::Text(PART.into()),
        "json_encode" | "json_decode" | "gzinflate" | "gzuncompress" | "serialize" | "substr" => Value::any_text(),
        _ => return None,
    })
}
