//! What functions of Python's library and of widely used packages do.

use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{ANY, Made, PART, Value};
use crate::code::{Deed, Language};

/// Names that come with `from … import *` and matter.
const STARRED: &[&str] = &[
    "os.system", "os.popen", "os.remove", "os.unlink", "os.rmdir", "os.removedirs", "os.rename", "os.environ",
    "os.getenv", "os.kill", "os.chmod", "os.path", "os.walk", "os.listdir", "os.execv", "os.execvp", "os.execl",
    "os.makedirs", "os.mkdir", "shutil.rmtree", "shutil.move", "shutil.copy", "shutil.copytree", "shutil.copyfile",
    "subprocess.run", "subprocess.call", "subprocess.Popen", "subprocess.check_output", "subprocess.check_call",
    "subprocess.getoutput", "pathlib.Path", "socket.socket", "socket.create_connection", "ctypes.CDLL", "ctypes.cdll",
    "urllib.request.urlopen",
];

pub(super) fn is_known(path: &str) -> bool {
    STARRED.contains(&path)
}

/// Modules of which a member only known at run time may be anything.
const TELLING: &[&str] =
    &["os", "subprocess", "shutil", "builtins", "__builtins__", "sys", "pathlib", "socket", "ctypes", "importlib"];

/// Calls `path`; none when it is not known.
pub(in crate::code) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let path = canonical(path);
    built_in(f, path, args)
        .or_else(|| table(f, path, args))
        .or_else(|| super::processes::call(f, path, args))
        .or_else(|| files(f, path, args))
        .or_else(|| paths(f, path, args))
        .or_else(|| super::outside::network(f, path, args))
        .or_else(|| {
            let value = super::texts::call(path, args)?;
            if args.named.iter().any(|(_, value)| value.is_callable()) {
                // `sorted(row, key=f)`.
                f.escape(&Args { list: Vec::new(), named: args.named.clone(), open: false }, args.first());
            }
            Some(value)
        })
        .or_else(|| super::outside::packages(f, path, args))
}

/// The same thing under another name.
fn canonical(path: &str) -> &str {
    let path = path.strip_prefix("builtins.").or_else(|| path.strip_prefix("__builtins__.")).unwrap_or(path);
    match path {
        "posixpath.join" | "ntpath.join" => "os.path.join",
        "os.unlink" => "os.remove",
        "_io.open" | "io.open" => "open",
        _ => path,
    }
}

fn built_in(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    Some(match path {
        "print"
        | "sys.stdout.write"
        | "sys.stderr.write"
        | "pprint.pprint"
        | "rich.print"
        | "sys.stdout.buffer.write" => {
            f.work.say(Deed::Prints);
            f.escape(args, &Value::Unknown);
            if let Some((_, file)) = args.named.iter().find(|(name, _)| name == "file") {
                f.escape(&Args::of(vec![file.clone()]), &Value::Unknown);
            }
            Value::Nothing
        }
        "open" | "codecs.open" | "gzip.open" | "bz2.open" | "lzma.open" | "tokenize.open" | "aiofiles.open"
        | "os.open" | "fsspec.open" | "smart_open.open" => open(f, path, args),
        "eval" | "exec" => {
            f.work.code(Language::Python, path, &first);
            Value::Unknown
        }
        "compile" => compiled(f, args),
        "types.FunctionType"
        | "types.CodeType"
        | "marshal.loads"
        | "pickle.loads"
        | "pickle.Unpickler"
        | "dill.loads"
        | "cloudpickle.loads"
        | "jsonpickle.decode"
        | "yaml.unsafe_load"
        | "yaml.full_load"
        | "shelve.open"
        | "codeop.compile_command"
        | "code.InteractiveInterpreter" => {
            f.work.dynamic(path);
            Value::Unknown
        }
        _ => return loading(f, path, args),
    })
}

/// Ways to code: modules by name, members by name, native libraries.
fn loading(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    Some(match path {
        "timeit.timeit" | "timeit.repeat" | "cProfile.run" | "profile.run" | "timeit.Timer" => {
            for part in [&first, args.get(1, "setup")] {
                if matches!(part, Value::Text(_)) {
                    f.work.code(Language::Python, path, part);
                }
            }
            f.escape(args, &Value::Unknown);
            Value::Unknown
        }
        "__import__" | "importlib.import_module" | "importlib.__import__" | "__loader__.load_module" => {
            module(f, path, &first)
        }
        "runpy.run_path" | "runpy.run_module" => {
            f.work.argv(&[Value::text("python3"), first]);
            Value::Unknown
        }
        "importlib.util.spec_from_file_location" | "imp.load_source" | "execfile" => {
            let file = args.get(usize::from(path != "execfile"), "location").clone();
            f.work.argv(&[Value::text("python3"), file]);
            Value::Unknown
        }
        "getattr" | "object.__getattribute__" => getattr(f, args),
        "setattr" => {
            if let (Some(name), value) = (args.get(1, "").known().map(str::to_owned), args.get(2, "").clone()) {
                f.store(&name, value);
            }
            Value::Nothing
        }
        "vars" | "dir" if matches!(first, Value::Item(_)) => first,
        "globals" | "locals" | "vars" => Value::Item("globals".into()),
        _ => return higher(f, path, args),
    })
}

/// Functions that call or make functions.
fn higher(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    Some(match path {
        "operator.attrgetter" => match first.known() {
            Some(name) => Value::Made(Made::Getter, name.to_owned()),
            None => Value::Unknown,
        },
        "operator.methodcaller" => Value::Bound(Box::new(Value::List(args.rest(0))), "methodcaller".into()),
        "map" | "filter" | "itertools.starmap" => {
            let element = args.get(1, "").element();
            let result = match (args.get(1, ""), path) {
                (Value::List(values), "map") if values.len() <= 128 => {
                    let values = values.clone();
                    Value::List(values.into_iter().map(|value| f.call(first.clone(), &Args::of(vec![value]))).collect())
                }
                _ => {
                    let result = f.call(first, &Args { list: vec![element.clone()], named: Vec::new(), open: true });
                    Value::Each(Box::new(if path == "filter" { element } else { result }))
                }
            };
            return Some(result);
        }
        "threading.Thread" | "multiprocessing.Process" | "threading.Timer" => {
            let target = args.option("target").or_else(|| args.option("function")).cloned();
            let given = match args.option("args") {
                Some(Value::List(values)) => Args::of(values.clone()),
                Some(_) => Args::unknown(),
                None => Args::default(),
            };
            match target {
                Some(target) => drop(f.call(target, &given)),
                None => f.escape(args, &Value::Unknown),
            }
            Value::Unknown
        }
        "functools.reduce" => {
            f.call(first, &Args::unknown());
            Value::Unknown
        }
        "functools.partial" => {
            f.call(first.clone(), &Args { list: args.rest(1), named: args.named.clone(), open: true });
            first
        }
        "ctypes.util.find_library" => Value::Unknown,
        "input" | "sys.exit" | "exit" | "quit" | "breakpoint" => Value::any_text(),
        _ if path.starts_with("ctypes.") && !path.starts_with("ctypes.c_") && !path.contains("Structure") => {
            f.work.native(path);
            Value::Unknown
        }
        "cffi.FFI" | "os.add_dll_directory" | "_ctypes.dlopen" | "sys.setdlopenflags" => {
            f.work.native(path);
            Value::Unknown
        }
        _ => return None,
    })
}

/// A text that is compiled is run sooner or later; what comes out stands for a program that was looked at.
fn compiled(f: &mut Follower<'_, '_, '_>, args: &Args) -> Value {
    match args.first() {
        source @ Value::Text(_) => f.work.code(Language::Python, "compile", source),
        _ => f.work.dynamic("compile"),
    }
    Value::text("0")
}

fn module(f: &mut Follower<'_, '_, '_>, what: &str, name: &Value) -> Value {
    match name.known() {
        Some(name) => Value::Item(name.to_owned()),
        None if matches!(name, Value::OneOf(_)) => {
            name.each().iter().map(|one| module(f, what, one)).fold(Value::Nothing, Value::or)
        }
        // A module of the project by the name of a file is everyday.
        None if matches!(name, Value::Text(text) if !text.starts_with(ANY)) => Value::Item(".own".into()),
        None => {
            f.work.dynamic(what);
            Value::Unknown
        }
    }
}

/// Members of a module taken through its table.
fn table(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let (module, how) = path.rsplit_once('.')?;
    if !TELLING.contains(&module) || !matches!(how, "values" | "items" | "get" | "pop" | "setdefault" | "__getitem__") {
        return None;
    }
    Some(match args.first().known() {
        Some(name) => Value::Item(format!("{module}.{name}")),
        None => {
            f.work.dynamic(module);
            Value::Unknown
        }
    })
}

fn getattr(f: &mut Follower<'_, '_, '_>, args: &Args) -> Value {
    let receiver = args.first().clone();
    match args.get(1, "").known() {
        Some(name) => {
            let name = name.to_owned();
            f.attribute(receiver, &name)
        }
        None => {
            if matches!(&receiver, Value::Item(path) if TELLING.contains(&path.as_str())) {
                f.work.dynamic("getattr");
            }
            Value::Unknown
        }
    }
}

fn open(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Value {
    let file = args.get(0, "file").clone();
    let mode = args.get(1, "mode");
    if path == "os.open" {
        let flags = args.get(1, "");
        let writes = !matches!(flags, Value::Item(flag) if flag.ends_with("O_RDONLY"));
        if writes {
            f.work.write(&file);
        } else {
            f.work.read(&file);
        }
        return Value::Made(Made::File, file.to_text());
    }
    for mode in mode.each() {
        match mode.known() {
            Some(mode) => {
                if mode.contains('a') {
                    f.work.append(&file);
                } else if mode.contains(['w', 'x', '+']) {
                    f.work.write(&file);
                }
                if mode.contains('+') || !mode.contains(['w', 'x', 'a']) {
                    f.work.read(&file);
                }
            }
            None if matches!(mode, Value::Nothing) => f.work.read(&file),
            None => {
                f.work.read(&file);
                f.work.write(&file);
            }
        }
    }
    Value::Made(Made::File, file.to_text())
}

fn files(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let second = args.get(1, "dst").clone();
    match path {
        "os.remove" => f.work.delete(args.get(0, "path"), false),
        "os.rmdir" | "os.removedirs" => f.work.delete(args.get(0, "path"), false),
        "shutil.rmtree"
        | "distutils.dir_util.remove_tree"
        | "setuptools._distutils.dir_util.remove_tree"
        | "send2trash.send2trash"
        | "shutil._rmtree_unsafe" => f.work.delete(args.get(0, "path"), true),
        "os.rename" | "os.replace" | "os.renames" | "shutil.move" => {
            f.work.write(args.get(0, "src"));
            f.work.write(&second);
        }
        "shutil.copy" | "shutil.copy2" | "shutil.copyfile" | "shutil.copytree" => {
            f.work.read(args.get(0, "src"));
            f.work.write(&second);
        }
        "os.symlink" | "os.link" | "shutil.unpack_archive" => {
            f.work.read(&first);
            f.work.write(match &second {
                Value::Nothing => args.get(1, "extract_dir"),
                second => second,
            });
        }
        "os.makedirs" | "os.mkdir" | "os.mkfifo" | "os.mknod" | "os.truncate" | "shutil.make_archive" | "os.utime" => {
            f.work.write(args.get(0, "name"));
        }
        "os.chmod" | "os.chown" | "os.lchown" | "os.lchmod" | "shutil.chown" | "os.setxattr" | "os.chflags" => {
            f.work.rights(args.get(0, "path"));
        }
        "os.setuid" | "os.setgid" | "os.seteuid" => f.work.rights(&Value::Unknown),
        "fileinput.input" | "fileinput.FileInput" => {
            let in_place = args.is_set("inplace");
            if in_place {
                f.work.write(args.get(0, "files"));
            }
            f.work.read(args.get(0, "files"));
        }
        "linecache.getline" | "linecache.getlines" | "os.readlink" => f.work.read(&first),
        "sqlite3.connect" | "duckdb.connect" | "apsw.Connection" => {
            if first.known() != Some(":memory:") {
                f.work.read(&first);
            }
            return Some(Value::Made(Made::Database, first.to_text()));
        }
        "psycopg2.connect"
        | "psycopg.connect"
        | "pymysql.connect"
        | "MySQLdb.connect"
        | "mysql.connector.connect"
        | "sqlalchemy.create_engine"
        | "pyodbc.connect"
        | "asyncpg.connect"
        | "cx_Oracle.connect" => {
            return Some(Value::Made(Made::Database, String::new()));
        }
        "sqlalchemy.text" => return Some(first),
        "zipfile.ZipFile" | "tarfile.open" | "tarfile.TarFile" => {
            open(f, path, args);
            return Some(Value::Made(Made::Archive, first.to_text()));
        }
        "tempfile.mkdtemp" | "tempfile.mktemp" | "tempfile.gettempdir" => {
            return Some(Value::Text(if path.ends_with("dir") { "/tmp".into() } else { format!("/tmp/{PART}") }));
        }
        "tempfile.TemporaryDirectory" => return Some(Value::Text(format!("/tmp/{PART}"))),
        "tempfile.NamedTemporaryFile" | "tempfile.TemporaryFile" | "tempfile.mkstemp" => {
            return Some(Value::Made(Made::File, format!("/tmp/{PART}")));
        }
        _ => return None,
    }
    Some(Value::Unknown)
}

fn paths(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let joined = |values: &[Value]| text::join_paths(&values.iter().map(Value::to_text).collect::<Vec<_>>());
    Some(match path {
        "os.path.join" => Value::Text(joined(&args.rest(0))),
        "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "pathlib.PurePosixPath" | "anyio.Path" | "Path" => {
            let path = if args.list.is_empty() { ".".into() } else { joined(&args.rest(0)) };
            Value::Made(Made::Path, path)
        }
        "pathlib.Path.home" | "Path.home" => Value::Made(Made::Path, "~".into()),
        "pathlib.Path.cwd" | "Path.cwd" => Value::Made(Made::Path, ".".into()),
        "os.getcwd" => Value::text("."),
        "os.path.expanduser" | "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "os.fspath"
        | "os.path.normcase" | "glob.escape" | "shlex.quote" | "pipes.quote" => match first {
            Value::Made(Made::Path, path) => Value::Text(path),
            first => first,
        },
        "os.path.dirname" => first.map(|value| Value::Text(text::parent(&value.to_text()))),
        "os.path.basename" => first.map(|value| Value::text(text::file_name(&value.to_text()))),
        "os.path.expandvars" => {
            f.work.environment(&Value::Unknown);
            Value::any_text()
        }
        "os.path.splitext" => {
            let path = first.to_text();
            let at = path.rfind('.').filter(|at| *at > path.rfind('/').map_or(0, |slash| slash + 1));
            let at = at.unwrap_or(path.len());
            Value::List(vec![Value::text(&path[..at]), Value::text(&path[at..])])
        }
        "os.listdir" => Value::Each(Box::new(Value::Text(PART.into()))),
        "os.scandir" => {
            let folder = if args.list.is_empty() { ".".to_owned() } else { first.to_text() };
            Value::Each(Box::new(Value::Made(Made::Path, format!("{folder}/{PART}"))))
        }
        "glob.glob" | "glob.iglob" => Value::Each(Box::new(match args.option("root_dir") {
            Some(root) => Value::Text(joined(&[root.clone(), first])),
            None => Value::Text(first.to_text()),
        })),
        "os.walk" | "os.fwalk" => {
            let names = Value::Each(Box::new(Value::Text(PART.into())));
            let folder = Value::Text(format!("{}/**", first.to_text()));
            Value::Each(Box::new(Value::List(vec![folder, names.clone(), names])))
        }
        _ if path.starts_with("os.path.") => Value::Unknown,
        _ => return None,
    })
}
