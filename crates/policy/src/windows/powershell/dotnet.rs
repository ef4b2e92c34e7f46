//! Members and methods of objects of .NET and COM.

use clawbutler_core::risk::RiskLevel::{High, Medium};

use super::super::judge::{self, code, delete, hidden, is_us, network, processes, programs};
use super::super::look::Look;
use super::super::value::{HOLE, Kind, MOST_ITEMS, Value, whole};
use super::ops;

/// Types whose objects open connections.
const CONNECTS: &[&str] = &["tcpclient", "udpclient", "socket", "tcplistener", "clientwebsocket", "httplistener"];
/// Types whose objects reach other programs, memory or the network in ways that are not followed.
const REACHES: &[&str] = &[
    "smtpclient", "ftpwebrequest", "directoryentry", "managementclass", "managementobject", "sqlconnection",
    "servicecontroller", "eventlog", "registrykey", "dynamicmethod", "assemblybuilder", "customattributebuilder",
];
/// Types whose objects unpack what was packed.
const UNPACKS: &[&str] = &["gzipstream", "deflatestream", "cryptostream", "brotlistream"];

impl Look<'_> {
    /// An object of a type with what it is given.
    pub(crate) fn made(&mut self, name: &str, args: &[Value], part: &str) -> Value {
        let base = name.rsplit('.').next().unwrap_or(name);
        let from = args.iter().fold(Default::default(), |from: super::super::value::Origin, arg| from.or(arg.origin()));
        if CONNECTS.contains(&base) {
            self.tell("remote", High, "Opens a connection to another machine", part);
        } else if base == "smtpclient" {
            network::upload(self, part);
        } else if REACHES.contains(&base) {
            let says = format!("Uses {base}, which reaches beyond the session");
            self.tell("inline_code_reach", High, says, part);
        } else if UNPACKS.contains(&base) {
            let mut out = Value::object(base).and_from(from);
            out.from.decoded = true;
            return out;
        }
        match base {
            "string" => args.first().cloned().map_or_else(Value::nothing, |first| {
                let times = args.get(1).and_then(Value::number).and_then(whole).and_then(|n| usize::try_from(n).ok());
                match (first.known(), times) {
                    (Some(text), Some(times)) if text.len() * times <= 4096 => Value::text(text.repeat(times)),
                    (_, Some(_)) => Value::unknown(),
                    _ => ops::joined(&first, ""),
                }
            }),
            // A reader or a stream gives what it was made from.
            "streamreader" | "memorystream" | "stringreader" | "binaryreader" | "uri" | "fileinfo"
            | "directoryinfo" => {
                if base == "streamreader" {
                    args.first().filter(|arg| arg.known().is_some()).into_iter().for_each(|arg| self.read(arg));
                }
                args.first().cloned().unwrap_or_else(|| Value::object(base)).and_from(from)
            }
            "streamwriter" | "filestream" => {
                if let Some(path) = args.first().filter(|arg| arg.known().is_some()) {
                    self.wrote(path, "Writes to");
                }
                Value::object(base).and_from(from)
            }
            _ => Value::object(base).and_from(from),
        }
    }

    /// `value.name`.
    pub(crate) fn member(&mut self, value: &Value, name: &str) -> Value {
        let lower = name.to_lowercase();
        judge::scanner(self, name);
        match &value.kind {
            Kind::Map(items) => {
                let found = items.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map_or_else(|| value.blurred(), |(_, item)| item.clone())
            }
            Kind::Files(_) => match lower.as_str() {
                "fullname" | "name" | "pspath" | "directoryname" | "basename" | "directory" | "parent" => value.clone(),
                _ => value.blurred(),
            },
            Kind::Text(text) if lower == "length" && !text.contains(HOLE) => {
                Kind::Number(f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX))).into()
            }
            // What `Get-Process` and `Get-Item` give here are names.
            Kind::Text(_) if matches!(lower.as_str(), "name" | "fullname" | "id" | "path" | "processname") => {
                value.clone()
            }
            Kind::Type(kind) => self.static_member(kind, &lower),
            Kind::Object(kind) => match (kind.as_str(), lower.as_str()) {
                ("executioncontext", "invokecommand") => Value::object("invokecommand"),
                ("executioncontext", "sessionstate") => Value::object("executioncontext"),
                (_, "content" | "result" | "responsetext" | "responsebody" | "document") => value.blurred(),
                _ => value.clone(),
            },
            Kind::List(items) if lower == "count" || lower == "length" => {
                Kind::Number(f64::from(u32::try_from(items.len()).unwrap_or(u32::MAX))).into()
            }
            _ => value.blurred(),
        }
    }

    /// `value.name(args)`.
    pub(crate) fn call(&mut self, value: &Value, name: &str, args: &[Value], part: &str) -> Value {
        let lower = name.to_lowercase();
        for arg in args {
            judge::scanner(self, &arg.shown());
        }
        if let Kind::Type(kind) = &value.kind {
            let kind = kind.clone();
            return self.static_call(&kind, &lower, args, part);
        }
        let from = args.iter().fold(value.origin(), |from, arg| from.or(arg.origin()));
        if let Kind::Block(block) = &value.kind
            && matches!(lower.as_str(), "invoke" | "invokereturnasis" | "invokewithcontext")
        {
            return self.block(block, None, args.to_vec(), true);
        }
        for block in args.iter().flat_map(Value::items) {
            if let Kind::Block(block) = &block.kind {
                self.block(block, Some(value.blurred()), Vec::new(), true);
            }
        }
        if let Some(out) = text_method(value, &lower, args) {
            return out.and_from(from);
        }
        if let Kind::Object(kind) = &value.kind {
            let kind = kind.clone();
            if let Some(out) = self.object_call(&kind, &lower, args, part) {
                return out.and_from(value.origin());
            }
        }
        self.any_call(value, &lower, args, part).and_from(from)
    }

    fn object_call(&mut self, kind: &str, name: &str, args: &[Value], part: &str) -> Option<Value> {
        let first = || args.first().cloned().unwrap_or_default();
        Some(match (kind, name) {
            ("encoding:wide", "getstring") => ops::text_of(&first(), true),
            ("encoding", "getstring") => ops::text_of(&first(), false),
            ("encoding" | "encoding:wide", "getbytes") => {
                let wide = kind.ends_with("wide");
                first().known().map_or_else(Value::unknown, |text| {
                    let bytes =
                        if wide { text.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { text.into_bytes() };
                    Kind::Bytes(bytes).into()
                })
            }
            ("invokecommand", "invokescript" | "newscriptblock" | "expandstring") => code::runs(self, &first(), part),
            ("invokecommand", "getcommand" | "getcmdlet" | "getcommandname") => first(),
            ("powershell" | "runspace" | "pipeline", "addscript" | "createpipeline") => {
                code::runs(self, &first(), part);
                Value::object("powershell")
            }
            ("powershell", "addcommand") => {
                hidden(self, &first(), part);
                Value::object("powershell")
            }
            ("powershell", _) => Value::object("powershell"),
            ("assembly", "gettype" | "gettypes") => Value::object("reflected"),
            ("assembly", "load" | "loadfile" | "loadfrom") => {
                code::loads(self, &first(), part);
                Value::object("assembly")
            }
            ("reflected" | "assembly", _) => {
                self.tell("inline_code_reach", High, "Reaches into the workings of .NET", part);
                Value::object("reflected")
            }
            (kind, "create" | "invokemethod") if kind.starts_with("wmi:") => {
                self.by("Win32_Process", |look| programs::line(look, &first().shown(), part));
                Value::unknown()
            }
            (kind, "run" | "exec" | "shellexecute" | "open" | "namespace" | "invokeverb" | "executeshellcommand")
                if kind.starts_with("com:")
                    && !kind.contains("xmlhttp")
                    && !kind.contains("excel")
                    && !kind.contains("word") =>
            {
                let line = args.iter().take(2).map(Value::shown).collect::<Vec<_>>().join(" ");
                self.by("COM", |look| programs::line(look, &line, part));
                Value::object(kind)
            }
            (kind, "open") if kind.contains("xmlhttp") || kind.contains("winhttp") => {
                let url = args.get(1).map(Value::shown).unwrap_or_default();
                self.talks(&url);
                let method = first().shown();
                if !network::is_reading(&method) {
                    network::upload(self, part);
                }
                Value::download()
            }
            (kind, "createshortcut") if kind.starts_with("com:") => {
                self.wrote(&first(), "Writes to");
                Value::object(kind)
            }
            ("process", "start") => {
                hidden(self, &Value::unknown(), part);
                Value::unknown()
            }
            _ => return None,
        })
    }

    /// Methods by their names, whatever the object is.
    fn any_call(&mut self, value: &Value, name: &str, args: &[Value], part: &str) -> Value {
        let first = args.first().cloned().unwrap_or_else(Value::nothing);
        match name {
            "downloadstring"
            | "downloaddata"
            | "openread"
            | "getstringasync"
            | "getbytearrayasync"
            | "getstreamasync"
            | "downloadstringtaskasync"
            | "downloaddatataskasync"
            | "getasync" => {
                self.talks(&first.shown());
                Value::download()
            }
            "getresponse" | "getresponsestream" | "getresponseasync" => {
                self.talks(&value.shown());
                Value::download()
            }
            "downloadfile" | "downloadfileasync" | "downloadfiletaskasync" => {
                network::fetch(self, &first, &args.get(1).cloned().unwrap_or_default());
                Value::nothing()
            }
            _ if name.starts_with("upload")
                || matches!(name, "postasync" | "putasync" | "deleteasync" | "patchasync" | "openwrite") =>
            {
                self.talks(&first.shown());
                if name == "uploadfile" {
                    args.iter().skip(1).for_each(|file| self.read(file));
                }
                network::upload(self, part);
                Value::download()
            }
            "delete" | "removefile" | "deletefile" | "deletefolder" | "deletesubkeytree" | "deletesubkey" => {
                let recursive = name != "deletefile";
                let what = if matches!(value.kind, Kind::Files(_) | Kind::Text(_)) { value } else { &first };
                let unknown = Value::unknown();
                let what = if matches!(what.kind, Kind::Nothing) { &unknown } else { what };
                delete::value(self, what, delete::Manner { recursive, some: false, part });
                Value::nothing()
            }
            "kill" | "terminate" => {
                let what =
                    if value.known().is_some_and(|name| is_us(&name)) { value.clone() } else { Value::nothing() };
                processes::kills(self, &what, part);
                Value::nothing()
            }
            "copyto" | "moveto" | "saveas" | "save" | "savetofile" | "copyfile" | "movefile" => {
                self.wrote(args.last().unwrap_or(&Value::unknown()), "Writes to");
                Value::unknown()
            }
            "invoke" | "dynamicinvoke" | "invokemember" | "begininvoke" => {
                if matches!(value.kind, Kind::Text(_)) {
                    return value.blurred();
                }
                hidden(self, value, part);
                Value::unknown()
            }
            "gettype" => Value::object("type"),
            "send" | "sendasync" | "sendmailasync" if matches!(value.kind, Kind::Object(_)) => {
                self.tell("network", Medium, "Uses the network", part);
                if !matches!(first.kind, Kind::Nothing) {
                    network::upload(self, part);
                }
                Value::download()
            }
            "readtoend" | "readlines" | "toarray" | "tostring" | "getawaiter" | "getresult" | "readasstringasync" => {
                value.clone()
            }
            "foreach" | "where" => value.clone(),
            _ => self.reaching_call(value, name, part),
        }
    }

    /// Methods that reach beyond the session.
    fn reaching_call(&mut self, value: &Value, name: &str, part: &str) -> Value {
        match name {
            "getmethod" | "getfield" | "getproperty" | "getconstructor" | "setvalue" | "definedynamicassembly" => {
                self.tell("inline_code_reach", High, "Reaches into the workings of .NET", part);
                Value::object("reflected")
            }
            "shellexecute" | "setenvironmentvariable" | "executenonquery" | "executereader" => {
                self.tell("inline_code_reach", High, "Reaches beyond the session through an object", part);
                Value::unknown()
            }
            "connect" | "connectasync" | "bind" => {
                self.tell("remote", High, "Opens a connection to another machine", part);
                Value::unknown()
            }
            _ => value.blurred(),
        }
    }
}

/// Methods of texts and lists that are computed here.
fn text_method(value: &Value, name: &str, args: &[Value]) -> Option<Value> {
    let arg = |at: usize| args.get(at).and_then(Value::known);
    let count = |at: usize| args.get(at).and_then(Value::number).and_then(whole).and_then(|n| usize::try_from(n).ok());
    if let (Kind::List(items), "contains" | "count" | "add") = (&value.kind, name) {
        return (items.len() > MOST_ITEMS).then(Value::unknown);
    }
    let Kind::Text(text) = &value.kind else { return None };
    let chars = || text.chars().collect::<Vec<char>>();
    Some(match name {
        "tolower" | "tolowerinvariant" => Value::text(text.to_lowercase()),
        "toupper" | "toupperinvariant" => Value::text(text.to_uppercase()),
        "trim" if args.is_empty() => Value::text(text.trim()),
        "trimend" if args.is_empty() => Value::text(text.trim_end()),
        "trimstart" if args.is_empty() => Value::text(text.trim_start()),
        "tostring" | "normalize" | "clone" => value.clone(),
        "tochararray" if !text.contains(HOLE) && text.len() <= MOST_ITEMS => {
            Kind::List(chars().into_iter().map(Value::text).collect()).into()
        }
        "replace" => match (arg(0).filter(|from| !from.is_empty()), args.get(1)) {
            (Some(from), Some(to)) if text.len() < 4096 => Value::text(text.replace(&from, &to.shown())),
            _ => Value::unknown(),
        },
        "substring" if !text.contains(HOLE) => {
            let (from, chars) = (count(0)?, chars());
            let end = count(1).map_or(chars.len(), |length| from.saturating_add(length));
            chars
                .get(from..end.min(chars.len()))
                .map_or_else(Value::unknown, |part| Value::text(part.iter().collect::<String>()))
        }
        "remove" if !text.contains(HOLE) => {
            let (from, mut chars) = (count(0)?, chars());
            let end = count(1).map_or(chars.len(), |length| from.saturating_add(length));
            if from > chars.len() {
                return Some(Value::unknown());
            }
            chars.drain(from..end.min(chars.len()));
            Value::text(chars.into_iter().collect::<String>())
        }
        "insert" if !text.contains(HOLE) => {
            let (at, mut chars) = (count(0)?.min(text.chars().count()), chars());
            let piece: Vec<char> = args.get(1)?.shown().chars().collect();
            chars.splice(at..at, piece);
            Value::text(chars.into_iter().collect::<String>())
        }
        "split" if !text.contains(HOLE) => {
            let set = args.iter().map(Value::shown).collect::<String>();
            let pieces: Vec<Value> = text.split(|c| set.contains(c)).take(MOST_ITEMS).map(Value::text).collect();
            Kind::List(pieces).into()
        }
        "contains" | "startswith" | "endswith" | "indexof" | "equals" | "lastindexof" | "compareto" | "padleft"
        | "padright" | "trim" | "trimend" | "trimstart" | "gethashcode" | "getenumerator" => Value::unknown(),
        _ => return None,
    })
}
