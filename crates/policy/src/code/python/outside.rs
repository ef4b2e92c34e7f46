//! The network, and widely used packages.

use crate::code::Deed;
use crate::code::follow::{Args, Follower};
use crate::code::value::{Made, Value};

pub(super) fn network(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    match path {
        "urllib.request.urlopen" | "urllib2.urlopen" | "urllib.urlopen" => {
            let sends = !matches!(args.get(1, "data"), Value::Nothing);
            match &first {
                Value::Made(Made::Request, url) => {
                    let (sent, url) = url.split_at_checked(1).unwrap_or_default();
                    f.work.network(&Value::text(url), sent == "+" || sends);
                }
                url => f.work.network(url, sends),
            }
        }
        "urllib.request.Request" | "urllib2.Request" => {
            let method = args.option("method").and_then(Value::known).unwrap_or("GET");
            let sends = !matches!(args.get(1, "data"), Value::Nothing) || !matches!(method, "GET" | "HEAD");
            let mark = if sends { "+" } else { "-" };
            return Some(Value::Made(Made::Request, format!("{mark}{}", args.get(0, "url").to_text())));
        }
        "urllib.request.urlretrieve" | "wget.download" => {
            f.work.network(&first, false);
            f.work.write(args.get(1, "out"));
        }
        "http.client.HTTPSConnection" | "http.client.HTTPConnection" | "httplib.HTTPSConnection" => {
            return Some(Value::Made(Made::Http, first.to_text()));
        }
        "requests.Session"
        | "requests.session"
        | "httpx.Client"
        | "httpx.AsyncClient"
        | "aiohttp.ClientSession"
        | "urllib3.PoolManager"
        | "cloudscraper.create_scraper"
        | "requests_html.HTMLSession" => {
            let base = args.option("base_url").map_or(String::new(), Value::to_text);
            return Some(Value::Made(Made::Http, base));
        }
        "urllib.request.build_opener" => return Some(Value::Made(Made::Http, String::new())),
        _ => return connection(f, path, args),
    }
    Some(Value::Unknown)
}

/// Connections that stay open, servers, and requests by verb.
fn connection(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let (module, name) = path.rsplit_once('.')?;
    match path {
        "ftplib.FTP"
        | "ftplib.FTP_TLS"
        | "imaplib.IMAP4_SSL"
        | "poplib.POP3_SSL"
        | "telnetlib.Telnet"
        | "nntplib.NNTP"
        | "xmlrpc.client.ServerProxy"
        | "websockets.connect"
        | "websocket.create_connection"
        | "webbrowser.open"
        | "websocket.WebSocketApp"
        | "socketio.Client"
        | "paho.mqtt.client.Client" => {
            f.work.network(&first, path != "webbrowser.open");
            return Some(Value::Made(Made::Remote, String::new()));
        }
        "smtplib.SMTP" | "smtplib.SMTP_SSL" => {
            f.work.network(args.get(0, "host"), true);
            return Some(Value::Made(Made::Remote, String::new()));
        }
        "paramiko.SSHClient" | "paramiko.Transport" | "fabric.Connection" | "asyncssh.connect" => {
            f.work.network(&first, true);
            return Some(Value::Made(Made::Remote, String::new()));
        }
        "boto3.client" | "boto3.resource" | "boto3.Session" => {
            f.work.network(&Value::Unknown, true);
            return Some(Value::Made(Made::Remote, String::new()));
        }
        "socket.socket" => return Some(Value::Made(Made::Socket, String::new())),
        "socket.create_connection" => {
            f.work.socket(&first, &Value::Nothing);
            return Some(Value::Made(Made::Socket, String::new()));
        }
        "asyncio.open_connection" => f.work.socket(args.get(0, "host"), args.get(1, "port")),
        "socket.gethostbyname" | "socket.getaddrinfo" | "dns.resolver.resolve" => f.work.network(&first, false),
        "socket.create_server"
        | "asyncio.start_server"
        | "websockets.serve"
        | "uvicorn.run"
        | "http.server.HTTPServer"
        | "http.server.ThreadingHTTPServer"
        | "socketserver.TCPServer"
        | "socketserver.ThreadingTCPServer"
        | "socketserver.UDPServer"
        | "wsgiref.simple_server.make_server"
        | "xmlrpc.server.SimpleXMLRPCServer"
        | "waitress.serve"
        | "http.server.test"
        | "aiohttp.web.run_app" => f.work.say(Deed::Listens),
        "flask.Flask" | "fastapi.FastAPI" | "bottle.Bottle" | "sanic.Sanic" | "aiohttp.web.Application" => {
            return Some(Value::Made(Made::Server, String::new()));
        }
        _ if matches!(module, "requests" | "httpx" | "requests.api") => match name {
            "get" | "head" | "options" | "post" | "put" | "patch" | "delete" | "request" | "stream" => {
                request(f, name, args);
            }
            _ => return None,
        },
        _ => return None,
    }
    Some(Value::Unknown)
}

/// `requests.post(url, json=…)` and its kin.
pub(super) fn request(f: &mut Follower<'_, '_, '_>, method: &str, args: &Args) {
    let explicit = matches!(method, "request" | "stream");
    let verb =
        if explicit { args.get(0, "method").known().unwrap_or("POST").to_ascii_lowercase() } else { method.to_owned() };
    let url = args.get(usize::from(explicit), "url");
    let carries = ["data", "json", "files", "content"].iter().any(|name| args.option(name).is_some());
    let sends = carries || !matches!(verb.as_str(), "get" | "head" | "options");
    f.work.network(url, sends);
}

/// Widely used packages.
pub(super) fn packages(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let (module, name) = path.rsplit_once('.')?;
    let root = module.split('.').next().unwrap_or_default();
    match (root, name) {
        ("pandas" | "pd" | "polars" | "pl" | "geopandas", "read_sql" | "read_sql_query" | "read_database") => {
            f.work.sql(&first);
        }
        ("pandas" | "pd" | "polars" | "pl" | "geopandas", name)
            if name.starts_with("read_") || name.starts_with("scan_") =>
        {
            f.work.read(&first);
        }
        ("numpy" | "np", "load" | "loadtxt" | "genfromtxt" | "fromfile" | "memmap") => f.work.read(&first),
        ("numpy" | "np", "save" | "savez" | "savetxt" | "savez_compressed") => f.work.write(&first),
        ("matplotlib" | "plt", "savefig" | "imsave") => f.work.write(&first),
        ("PIL" | "Image" | "cv2" | "imageio" | "skimage", "open" | "imread" | "VideoCapture") => f.work.read(&first),
        ("cv2" | "imageio" | "skimage", "imwrite" | "imsave") => f.work.write(&first),
        ("torch" | "joblib" | "keras" | "tensorflow", "load" | "load_model") => f.work.read(&first),
        ("torch" | "joblib" | "json" | "pickle" | "yaml", "save" | "dump") => match args.get(1, "") {
            target @ (Value::Text(_) | Value::Made(Made::Path, _)) => f.work.write(target),
            _ => return Some(Value::Unknown),
        },
        (
            "openpyxl" | "docx" | "fitz" | "pypdf" | "PyPDF2" | "toml" | "ET" | "xml" | "dotenv" | "configparser",
            name,
        ) if matches!(name, "load_workbook" | "Document" | "open" | "PdfReader" | "load" | "parse" | "load_dotenv")
            && matches!(first, Value::Text(_) | Value::Made(Made::Path, _)) =>
        {
            f.work.read(&first);
        }
        (
            "json" | "yaml" | "toml" | "tomllib" | "csv" | "re" | "math" | "ast" | "datetime" | "logging" | "argparse",
            _,
        ) => {
            // Compute only; a function given to them is still called.
            f.escape(args, &Value::Unknown);
        }
        _ => return None,
    }
    Some(Value::Unknown)
}
