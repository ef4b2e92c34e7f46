//! R.

use crate::code::follow::{Args, Follower, Param};
use crate::code::lex::Kind;
use crate::code::text;
use crate::code::value::{PART, Value};
use crate::code::{Deed, Language};

pub(super) fn statement(f: &mut Follower<'_, '_, '_>) {
    if f.between_statements() {
        return;
    }
    match f.word() {
        "if" | "while" => {
            f.at += 1;
            if f.is("(") {
                f.arguments();
            }
        }
        "else" | "repeat" | "next" | "break" => f.at += 1,
        "for" => {
            f.at += 1;
            if f.is("(") {
                let close = f.close();
                f.at += 1;
                f.within(close, close + 1, |f| {
                    let name = f.word();
                    f.at += 1;
                    if f.eat_word("in") {
                        let row = f.expression();
                        f.bind(name, row.element_or_self());
                    }
                });
            }
        }
        _ => {
            let value = f.expression();
            while f.is("->") || f.is("->>") {
                f.at += 1;
                f.assign(f.word(), value.clone(), true);
                f.at += 1;
            }
            if f.at >= f.until || f.is("}") {
                f.gives(value);
            }
        }
    }
}

/// A name in an expression.
pub(super) fn name(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    f.at += 1;
    match name {
        "NULL" | "NA" => return Value::Nothing,
        "TRUE" | "T" => return Value::Flag(true),
        "FALSE" | "F" => return Value::Flag(false),
        "function" => return function(f),
        "if" => {
            if f.is("(") {
                f.arguments();
            }
            let value = f.expression();
            return if f.eat_word("else") { value.or(f.expression()) } else { value };
        }
        _ => {}
    }
    if f.is("(")
        && let Some(value) = f.lookup(name).filter(|value| !value.is_callable())
    {
        // A function is meant, whatever else goes by that name.
        return if matches!(value, Value::Unknown) { value } else { Value::Item(name.to_owned()) };
    }
    f.lookup(name).unwrap_or_else(|| Value::Item(name.to_owned()))
}

fn function(f: &mut Follower<'_, '_, '_>) -> Value {
    if !f.is("(") {
        return Value::Unknown;
    }
    let close = f.close();
    f.at += 1;
    let params = f.within(close, close + 1, |f| {
        let mut params = Vec::new();
        while f.at < f.until && f.work.spend(1) {
            let name = f.word().to_owned();
            f.at += 1;
            let default = if f.eat("=") { f.expression().or(Value::Unknown) } else { Value::Unknown };
            if !name.is_empty() {
                params.push(Param { name, default, rest: false, inner: Vec::new() });
            }
            f.eat(",");
        }
        params
    });
    if f.is("{") {
        let (start, end) = (f.at + 1, f.close());
        f.at = (end + 1).min(f.until);
        return f.function(params, start, end, false);
    }
    let start = f.at;
    let mut end = start;
    while end < f.until {
        let token = &f.tokens[end];
        if token.line && end > start || matches!(token.kind, Kind::Op("," | ";" | ")" | "]" | "}")) {
            break;
        }
        end = if matches!(token.kind, Kind::Op("(" | "[" | "{")) { token.pair.max(end) + 1 } else { end + 1 };
    }
    let end = end.min(f.until);
    f.at = end;
    f.function(params, start, end, true)
}

pub(super) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    // `pkg::f` and `pkg$f` are the same here; names of R hold points themselves.
    let name =
        ["base.", "utils.", "stats.", "processx.", "httr.", "readr.", "jsonlite.", "DBI.", "fs.", "sys.", "callr."]
            .iter()
            .find_map(|package| path.strip_prefix(package))
            .unwrap_or(path);
    running(f, name, args).or_else(|| files(f, name, args)).or_else(|| texts(name, args))
}

fn running(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match name {
        "system" | "shell" | "shell.exec" | "pipe" => f.work.shell(name, args.get(0, "command")),
        "system2" | "run" | "exec_wait" | "exec_internal" | "process.new" => {
            f.work.argv(&[
                args.get(0, "command").clone(),
                match args.get(1, "args") {
                    Value::Nothing => Value::List(Vec::new()),
                    rest => rest.clone(),
                },
            ]);
        }
        "eval" | "evalq" => match &first {
            Value::Text(_) | Value::OneOf(_) => f.work.code(Language::R, name, &first),
            Value::Unknown => f.work.dynamic(name),
            _ => {}
        },
        "str2lang" | "str2expression" => return Some(first),
        "parse" => match args.option("text") {
            Some(text) => return Some(text.clone()),
            None => f.work.read(&first),
        },
        "source" | "sys.source" => {
            if first.to_text().contains("://") {
                f.work.network(&first, false);
                f.work.dynamic("source");
            } else {
                f.work.argv(&[Value::text("Rscript"), first]);
            }
        }
        "do.call" => {
            let given = match args.get(1, "args") {
                Value::List(values) => Args::of(values.clone()),
                _ => Args::unknown(),
            };
            let function = named(f, &first);
            return Some(f.call(function, &given));
        }
        "get" | "match.fun" | "getFunction" | "get0" => return Some(named(f, &first)),
        "lapply" | "sapply" | "vapply" | "purrr.map" | "purrr.walk" | "Map" | "Filter" | "mapply" | "map" | "walk" => {
            let function = args.list.iter().find(|value| value.is_callable()).cloned();
            let row = args.list.iter().find(|value| !value.is_callable()).cloned().unwrap_or_default();
            if let Some(function) = function {
                f.call(function, &Args { list: vec![row.element_or_self()], named: Vec::new(), open: true });
            }
        }
        _ => return outside(f, name, args),
    }
    Some(Value::Unknown)
}

/// The environment, native code, databases, the network.
fn outside(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match name {
        "Sys.getenv" => {
            f.work.environment(if args.list.is_empty() { &Value::Unknown } else { &first });
            return Some(Value::any_text());
        }
        "dyn.load" | ".C" | ".Call" | ".External" | "library.dynam" | "Rcpp.sourceCpp" | "sourceCpp"
        | "cppFunction" | "inline.cfunction" => {
            f.work.native(name);
        }
        "install.packages" | "remotes.install_github" | "devtools.install_github" | "BiocManager.install" => {
            f.work.network(&Value::Unknown, false);
        }
        "tools.pskill" | "pskill" => f.work.say(Deed::Kill),
        "print" | "message" | "cat" | "writeLines"
            if args.option("file").is_none()
                && args.option("con").is_none()
                && (name != "writeLines" || args.list.len() < 2) =>
        {
            f.work.say(Deed::Prints);
            f.escape(args, &Value::Unknown);
        }
        "dbExecute" | "dbGetQuery" | "dbSendQuery" | "dbSendStatement" | "sqldf" => {
            f.work.sql(args.get(usize::from(name != "sqldf"), "statement"));
        }
        "dbRemoveTable" => f.work.sql(&Value::Text(format!("DROP TABLE {}", args.get(1, "").to_text()))),
        "socketConnection" => {
            if args.is_set("server") {
                f.work.say(Deed::Listens);
            } else {
                f.work.socket(args.get(0, "host"), args.get(1, "port"));
            }
        }
        "shiny.runApp" | "runApp" | "httpuv.startServer" | "plumber.pr_run" | "serverSocket" => {
            f.work.say(Deed::Listens);
        }
        "GET"
        | "HEAD"
        | "url"
        | "getURL"
        | "curl.curl_fetch_memory"
        | "RCurl.getURL"
        | "read_html"
        | "rvest.read_html" => {
            f.work.network(&first, false);
        }
        "POST" | "PUT" | "PATCH" | "DELETE" | "RCurl.postForm" => f.work.network(&first, true),
        "download.file" | "curl.curl_download" => {
            f.work.network(&first, false);
            f.work.write(args.get(1, "destfile"));
        }
        _ => return None,
    }
    Some(Value::Unknown)
}

/// A function by its name or as it is.
fn named(f: &mut Follower<'_, '_, '_>, value: &Value) -> Value {
    match value {
        Value::Text(_) => match value.known() {
            Some(name) => Value::Item(name.to_owned()),
            None => {
                f.work.dynamic("function by name");
                Value::Unknown
            }
        },
        value => value.clone(),
    }
}

fn files(f: &mut Follower<'_, '_, '_>, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let second = args.get(1, "file").clone();
    match name {
        "unlink" | "file.remove" | "file_delete" | "dir_delete" => {
            let recursive =
                args.is_set("recursive") || name == "dir_delete" || name == "unlink" && second.truth() == Some(true);
            f.work.delete(&first, recursive);
        }
        "file.rename" | "file_move" => {
            f.work.write(&first);
            f.work.write(&second);
        }
        "file.copy" | "file_copy" | "dir_copy" | "file.symlink" | "file.link" => {
            f.work.read(&first);
            f.work.write(&second);
        }
        "file.create" | "dir.create" | "file.append" | "dir_create" | "sink" | "png" | "pdf" | "jpeg" | "svg"
        | "ggsave" | "save.image" | "dump" => {
            f.work.write(args.get(0, "file"));
        }
        "writeLines" | "write" | "write.csv" | "write.table" | "write.csv2" | "saveRDS" | "write_csv" | "write_tsv"
        | "write_json" | "write_rds" | "write_lines" | "fwrite" | "data.table.fwrite" | "writexl.write_xlsx" => {
            let target = args.option("con").or_else(|| args.option("path")).unwrap_or(&second).clone();
            if args.is_set("append") { f.work.append(&target) } else { f.work.write(&target) }
        }
        "cat" | "save" | "print" | "message" => {
            let target = args.option("file").cloned().unwrap_or_default();
            if args.is_set("append") { f.work.append(&target) } else { f.work.write(&target) }
        }
        "readLines" | "read.csv" | "read.table" | "read.delim" | "read.csv2" | "readRDS" | "load" | "scan"
        | "read_csv" | "read_tsv" | "readChar" | "readBin" | "read_json" | "fromJSON" | "fread"
        | "data.table.fread" | "readxl.read_excel" | "read_lines" | "read_file" | "file" => {
            let path = args.get(0, "file");
            let standard = path.known().is_some_and(|path| matches!(path, "stdin" | "" | "-") || path.starts_with('{'));
            let mode = if name == "file" { args.get(1, "open").known().unwrap_or("r").to_owned() } else { "r".into() };
            if standard || matches!(path, Value::Item(_)) {
                return Some(Value::any_text());
            }
            if mode.starts_with('w') {
                f.work.write(path);
            } else if mode.starts_with('a') {
                f.work.append(path);
            } else {
                f.work.read(path);
            }
            // An open file stands for nothing to write to any more.
            return Some(if name == "file" { Value::Number(0) } else { Value::any_text() });
        }
        "Sys.chmod" | "file_chmod" => f.work.rights(&first),
        "list.files" | "dir" | "dir_ls" | "Sys.glob" => {
            let folder = args.get(0, "path");
            let path = match (name, folder) {
                ("Sys.glob", pattern) => pattern.to_text(),
                (_, Value::Nothing) => PART.to_string(),
                (_, folder) => format!("{}/{PART}", folder.to_text()),
            };
            return Some(Value::Each(Box::new(Value::Text(path))));
        }
        "tempfile" | "tempdir" => return Some(Value::Text(format!("/tmp/{PART}"))),
        _ => return None,
    }
    Some(Value::Unknown)
}

fn texts(name: &str, args: &Args) -> Option<Value> {
    let first = args.first();
    let all = || args.list.iter().map(Value::to_text).collect::<Vec<_>>();
    Some(match name {
        "paste0" => match args.list.as_slice() {
            [Value::List(values)] => Value::Text(values.iter().map(Value::to_text).collect()),
            _ => Value::Text(all().concat()),
        },
        "paste" => {
            let mark = args.option("sep").or_else(|| args.option("collapse")).map_or(" ".to_owned(), Value::to_text);
            match args.list.as_slice() {
                [Value::List(values)] => Value::Text(values.iter().map(Value::to_text).collect::<Vec<_>>().join(&mark)),
                _ => Value::Text(all().join(&mark)),
            }
        }
        "file.path" | "here.here" => Value::Text(text::join_paths(&all())),
        "sprintf" => Value::Text(text::percent(&first.to_text(), args.list.get(1..).unwrap_or_default(), &[])),
        "c" | "list" => {
            if args.named.is_empty() {
                Value::List(args.list.clone())
            } else {
                Value::Map(args.named.clone())
            }
        }
        "rev" => match first {
            Value::List(values) => Value::List(values.iter().rev().cloned().collect()),
            value => value.clone(),
        },
        "intToUtf8" | "rawToChar" => match first {
            Value::List(values) => Value::Text(text::characters(values)),
            Value::Number(_) => Value::Text(text::characters(std::slice::from_ref(first))),
            value => value.clone(),
        },
        "base64enc.base64decode" | "openssl.base64_decode" | "base64_dec" => {
            first.known().and_then(text::base64).map_or(Value::any_text(), Value::Text)
        }
        "as.raw" | "as.character" | "normalizePath" | "path.expand" | "shQuote" | "as.integer" | "unlist"
        | "trimws" | "quote" | "expression" | "identity" => first.clone(),
        "tolower" => Value::Text(first.to_text().to_lowercase()),
        "toupper" => Value::Text(first.to_text().to_uppercase()),
        "getwd" => Value::text("."),
        "dirname" => Value::Text(text::parent(&first.to_text())),
        "basename" => Value::text(text::file_name(&first.to_text())),
        "Sys.time" | "Sys.Date" | "format" | "nchar" | "length" => Value::Text(PART.into()),
        _ => return None,
    })
}
