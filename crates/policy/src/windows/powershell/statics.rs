//! Static members and methods of .NET's types.

use clawbutler_core::risk::RiskLevel::{High, Medium};

use super::super::judge::{code, delete, environment, files, processes, programs, registry, scanner};
use super::super::look::Look;
use super::super::value::{Files, Kind, Value};
use super::ops;

/// Types whose methods only compute, or print.
const CALM: &[&str] = &[
    "math", "datetime", "datetimeoffset", "guid", "char", "int", "int32", "int64", "long", "double", "single",
    "decimal", "bool", "boolean", "timespan", "version", "array", "console", "globalization", "cultureinfo", "regex",
    "xml", "xmldocument", "bitconverter", "stringcomparer", "hashset", "list", "dictionary", "arraylist", "uri",
    "enum", "linq", "enumerable", "random", "stopwatch", "threading", "thread", "gc", "runtimeinformation", "sha256",
    "sha1", "md5", "sha512", "pscustomobject", "ordered", "hashtable", "webutility", "httputility", "operatingsystem",
    "byte", "bigint", "biginteger", "nullable", "object", "void", "switch", "psobject", "stringbuilder", "ipaddress",
    "text", "jsonserializer", "jsondocument", "jsonnode", "convertto", "servicepointmanager", "securityprotocoltype",
    "numerics", "windowsidentity", "windowsprincipal", "randomnumbergenerator", "filemode", "fileattributes", "parser",
    "language", "scriptblockast", "tool", "encodings", "image", "color", "point", "mediatypenames", "memorystream",
    "semver", "collections", "concurrentdictionary", "concurrentbag", "task", "cancellationtoken", "mutex", "timer",
    "fileversioninfo",
];
/// Types that reach into memory, other programs or the scanner.
const REACHES: &[&str] = &[
    "marshal", "activator", "appdomain", "amsiutils", "unsafe", "nativemethods", "win32", "kernel32", "user32",
    "sendkeys", "interaction", "registrykey", "sqlcommand", "servicecontroller", "eventlog", "dynamicmethod",
    "typebuilder", "codedomprovider", "csharpcodeprovider", "microsoft.csharp", "runspacefactory", "loader",
];

fn base(kind: &str) -> &str {
    let bare = kind.split('[').next().unwrap_or(kind);
    bare.rsplit('.').next().unwrap_or(bare)
}

impl Look<'_> {
    /// `[kind]::name`.
    pub(super) fn static_member(&mut self, kind: &str, name: &str) -> Value {
        scanner(self, kind);
        match (base(kind), name) {
            ("encoding" | "unicodeencoding" | "utf8encoding", _) => {
                Value::object(if name == "unicode" { "encoding:wide" } else { "encoding" })
            }
            ("environment", "newline") => Value::text("\n"),
            ("environment", "currentdirectory") => self.variable("pwd"),
            ("environment", "username") => self.variable("env:username"),
            ("path", "directoryseparatorchar" | "altdirectoryseparatorchar") => {
                Value::text(if self.unix() { "/" } else { "\\" })
            }
            ("string", "empty") => Value::text(""),
            (_, "assembly") => Value::object("assembly"),
            ("servicepointmanager", "servercertificatevalidationcallback") => {
                self.tell("network", Medium, "Changes which servers are trusted", name);
                Value::unknown()
            }
            _ => Value::unknown(),
        }
    }

    /// `[kind]::name(args)`.
    pub(super) fn static_call(&mut self, kind: &str, name: &str, args: &[Value], part: &str) -> Value {
        scanner(self, kind);
        let base = base(kind);
        let from = args.iter().fold(Default::default(), |from: super::super::value::Origin, arg| from.or(arg.origin()));
        for block in args.iter().flat_map(Value::items) {
            if let Kind::Block(block) = &block.kind {
                self.block(block, Some(Value::unknown()), Vec::new(), true);
            }
        }
        let out = match base {
            "file" => self.file(name, args, part),
            "directory" => self.directory(name, args, part),
            "path" => self.path_of(name, args),
            "convert" | "char" | "string" | "regex" => computed(self, base, name, args),
            "encoding" => Value::object(if args.first().is_some_and(|arg| arg.shown().to_lowercase().contains("16")) {
                "encoding:wide"
            } else {
                "encoding"
            }),
            "environment" => self.environment(name, args),
            "process" if name == "start" => {
                let rest: Vec<Value> =
                    args.iter().skip(1).flat_map(|arg| programs::split(&arg.shown())).map(Value::text).collect();
                self.by("Process.Start", |look| match args.first() {
                    Some(program) => programs::program(look, program, &rest, &Value::nothing(), part),
                    None => Value::unknown(),
                })
            }
            "process" => args.first().cloned().unwrap_or_default(),
            "assembly" => {
                let first = args.first().cloned().unwrap_or_default();
                if name == "loadwithpartialname" || name.starts_with("get") {
                    Value::object("assembly")
                } else {
                    code::loads(self, &first, part);
                    Value::object("assembly")
                }
            }
            "scriptblock" if name == "create" => {
                let first = args.first().cloned().unwrap_or_default();
                code::runs(self, &first, part);
                Value::unknown()
            }
            "powershell" | "runspacefactory" if name.starts_with("create") => Value::object("powershell"),
            _ if name == "new" || kind.ends_with("attribute") => self.made(kind, args, part),
            _ => self.other(base, kind, name, args, part),
        };
        out.and_from(from)
    }

    fn other(&mut self, base: &str, kind: &str, name: &str, args: &[Value], part: &str) -> Value {
        let first = args.first().cloned().unwrap_or_default();
        match (base, name) {
            ("webrequest" | "httpwebrequest", "create") => {
                self.talks(&first.shown());
                Value::download()
            }
            ("dns", _) => {
                self.tell("network", Medium, "Asks another machine", part);
                Value::unknown()
            }
            ("protecteddata", "unprotect")
            | ("marshal", "securestringtobstr" | "ptrtostringauto" | "ptrtostringbstr") => {
                self.tell("secret_read", High, "Takes secrets out of a store", part);
                Value::unknown()
            }
            ("zipfile", "extracttodirectory") => {
                let to = args.get(1).cloned().unwrap_or_default();
                self.wrote(&to, "Unpacks into");
                files::carries(self, &first, &to);
                Value::nothing()
            }
            ("zipfile", "createfromdirectory") => {
                self.read(&first);
                self.wrote(args.get(1).unwrap_or(&Value::unknown()), "Writes to");
                Value::nothing()
            }
            ("registry", "setvalue") => {
                let key = format!("{}/{}", first.shown(), args.get(1).map(Value::shown).unwrap_or_default());
                self.wrote_one(&key, "Changes");
                Value::nothing()
            }
            ("registry" | "registrykey", _) if name.starts_with("get") => Value::unknown(),
            ("registry", _) => {
                registry::write(self, "hklm", part);
                Value::unknown()
            }
            ("clipboard", _) => Value::unknown(),
            ("type", _) if name.starts_with("gettype") => {
                self.tell("inline_code_reach", High, "Reaches into the workings of .NET", part);
                Value::object("reflected")
            }
            (
                _,
                "gettype"
                | "getmethod"
                | "getfield"
                | "invokemember"
                | "createinstance"
                | "getdelegateforfunctionpointer",
            ) => {
                self.tell("inline_code_reach", High, "Reaches into the workings of .NET", part);
                Value::object("reflected")
            }
            (base, _) if REACHES.contains(&base) => {
                let says = format!("Uses {base}, which reaches memory, programs or the machine");
                self.tell("inline_code_reach", High, says, part);
                Value::unknown()
            }
            (base, _)
                if CALM.contains(&base) || kind.starts_with("collections.") || kind.starts_with("globalization") =>
            {
                Value::unknown()
            }
            _ if self.calls_own_type(name) => Value::unknown(),
            _ => {
                self.platform(part);
                Value::unknown()
            }
        }
    }

    /// Parsing and the like, whatever the type is.
    fn calls_own_type(&self, name: &str) -> bool {
        matches!(
            name,
            "parse"
                | "tryparse"
                | "equals"
                | "tostring"
                | "compare"
                | "empty"
                | "now"
                | "getname"
                | "getnames"
                | "getvalues"
        )
    }

    fn file(&mut self, name: &str, args: &[Value], part: &str) -> Value {
        let first = args.first().cloned().unwrap_or_default();
        let second = args.get(1).cloned().unwrap_or_else(Value::nothing);
        match name {
            "delete" => {
                delete::value(self, &first, delete::Manner { recursive: false, some: false, part });
                Value::nothing()
            }
            "copy" | "move" | "replace" => {
                self.read(&first);
                if name != "copy" {
                    files::moved(self, &first, part);
                }
                self.wrote(&second, "Writes to");
                files::carries(self, &first, &second);
                Value::nothing()
            }
            "exists" | "getattributes" | "getlastwritetime" | "getcreationtime" => Value::unknown(),
            name if name.starts_with("read") || matches!(name, "openread" | "opentext") => {
                self.read(&first);
                Value::unknown()
            }
            // Written, appended, opened for writing, given other rights.
            _ => {
                files::writes(self, &first, &second);
                Value::object("stream")
            }
        }
    }

    fn directory(&mut self, name: &str, args: &[Value], part: &str) -> Value {
        let first = args.first().cloned().unwrap_or_default();
        match name {
            "delete" => {
                let flag = args.get(1).and_then(Value::known);
                let recursive = args.len() > 1 && flag.is_none_or(|flag| !flag.eq_ignore_ascii_case("false"));
                delete::value(self, &first, delete::Manner { recursive, some: false, part });
                Value::nothing()
            }
            "move" => {
                files::moved(self, &first, part);
                self.wrote(args.get(1).unwrap_or(&Value::unknown()), "Writes to");
                Value::nothing()
            }
            "createdirectory" => {
                self.wrote(&first, "Makes");
                first
            }
            "setcurrentdirectory" => {
                environment::go(self, &first);
                Value::nothing()
            }
            "getcurrentdirectory" => self.variable("pwd"),
            name if name.starts_with("get") || name.starts_with("enumerate") => {
                let names = args.get(1).and_then(Value::known).into_iter().collect();
                let deep = args.get(2).is_some();
                Kind::Files(Files { place: first.shown(), names, deep, some: false }.into()).into()
            }
            _ => Value::unknown(),
        }
    }

    fn path_of(&mut self, name: &str, args: &[Value]) -> Value {
        match name {
            "combine" | "join" => {
                let separator = if self.unix() { "/" } else { "\\" };
                let parts: Vec<String> = args.iter().flat_map(Value::items).map(|part| part.shown()).collect();
                Value::text(parts.join(separator))
            }
            "gettemppath" => self.variable("env:temp"),
            "gettempfilename" => {
                let temp = self.variable("env:temp").shown();
                Value::text(format!("{temp}/tmp.tmp"))
            }
            "getfullpath" => args.first().cloned().unwrap_or_default(),
            _ => Value::unknown(),
        }
    }

    fn environment(&mut self, name: &str, args: &[Value]) -> Value {
        let first = args.first().map(Value::shown).unwrap_or_default();
        match name {
            "getenvironmentvariable" => self.variable(&format!("env:{}", first.to_lowercase())),
            "getenvironmentvariables" => {
                self.shows_environment("[Environment]::GetEnvironmentVariables()");
                Value::unknown()
            }
            "setenvironmentvariable" => {
                let value = args.get(1).cloned().unwrap_or_default();
                environment::set(self, &first, &value);
                match args.get(2).map(|scope| scope.shown().to_lowercase()) {
                    Some(scope) if scope.contains("machine") => {
                        self.tell("machine", High, "Changes the environment of all users", &first);
                    }
                    Some(scope) if scope.contains("user") => {
                        self.tell("outside_write", Medium, "Changes the user's environment for good", &first);
                    }
                    _ => self.set(&format!("env:{}", first.to_lowercase()), value),
                }
                Value::nothing()
            }
            "getfolderpath" => {
                let home = self.variable("home").shown();
                let folder = match first.to_lowercase().as_str() {
                    "userprofile" => home,
                    "startup" => format!(r"{home}\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Startup"),
                    "applicationdata" => format!(r"{home}\AppData\Roaming"),
                    "localapplicationdata" => format!(r"{home}\AppData\Local"),
                    "desktop" | "desktopdirectory" => format!(r"{home}\Desktop"),
                    "mydocuments" | "personal" => format!(r"{home}\Documents"),
                    "windows" => r"C:\Windows".to_owned(),
                    "system" => r"C:\Windows\System32".to_owned(),
                    "programfiles" => r"C:\Program Files".to_owned(),
                    "commonapplicationdata" => r"C:\ProgramData".to_owned(),
                    _ => return Value::unknown(),
                };
                Value::text(folder)
            }
            "failfast" => {
                processes::kills(self, &Value::nothing(), name);
                Value::nothing()
            }
            "expandenvironmentvariables" => Value::unknown(),
            _ => Value::unknown(),
        }
    }
}

/// Static methods that are computed here.
fn computed(look: &mut Look<'_>, base: &str, name: &str, args: &[Value]) -> Value {
    let first = args.first().cloned().unwrap_or_default();
    let rest = || Value::of(args.iter().skip(1).flat_map(Value::items).collect());
    match (base, name) {
        ("convert", "frombase64string") => ops::from_base64(&first),
        ("convert", "tochar") | ("char", "convertfromutf32") => {
            let base = args.get(1).and_then(Value::number);
            match (base, first.known()) {
                (Some(16.0), Some(text)) => {
                    let code = u32::from_str_radix(text.trim_start_matches("0x"), 16).ok();
                    code.map_or_else(Value::unknown, |code| {
                        ops::cast(look, "char", &Kind::Number(f64::from(code)).into())
                    })
                }
                _ => ops::cast(look, "char", &first),
            }
        }
        ("convert", "toint32" | "toint16" | "tobyte") => match (args.get(1).and_then(Value::number), first.known()) {
            (Some(radix), Some(text)) => {
                let radix = super::super::value::whole(radix).and_then(|radix| u32::try_from(radix).ok());
                let radix = radix.filter(|radix| (2..=36).contains(radix));
                radix
                    .and_then(|radix| u32::from_str_radix(text.trim_start_matches("0x"), radix).ok())
                    .map_or_else(Value::unknown, |code| Kind::Number(f64::from(code)).into())
            }
            _ => ops::cast(look, "int", &first),
        },
        ("string", "join") => ops::joined(&rest(), &first.shown()),
        ("string", "concat") => ops::joined(&Value::of(args.to_vec()), ""),
        ("string", "format") => ops::format(&first, &rest()),
        ("regex", "replace") => {
            let pair = Value::of(args.iter().skip(1).take(2).cloned().collect());
            ops::binary(look, "replace", &first, &pair)
        }
        ("regex", "unescape") | ("string", "copy" | "new") => match first.known() {
            Some(text) if !text.contains('\\') => first,
            Some(_) | None if base == "string" => ops::joined(&first, ""),
            _ => first.blurred(),
        },
        ("regex", "split" | "matches") => {
            let mut out = first.blurred();
            // Taken backwards, it is another text.
            out.from.decoded |= args.iter().any(|arg| arg.shown().eq_ignore_ascii_case("righttoleft"));
            out
        }
        _ => first.blurred(),
    }
}
