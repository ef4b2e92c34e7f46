//! The network.

use crate::code::Deed;
use crate::code::follow::{Args, Follower};
use crate::code::value::{Made, Value};

pub(super) fn call(f: &mut Follower<'_, '_, '_>, path: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    let (module, name) = path.rsplit_once('.').unwrap_or(("", path));
    match (module, name) {
        ("" | "undici" | "Bun", "fetch") => request(f, "get", args),
        ("", "axios" | "got" | "ky" | "needle" | "superagent" | "ofetch" | "request" | "$fetch" | "bent") => {
            request(f, "get", args);
        }
        ("axios" | "got" | "ky" | "needle" | "superagent" | "request" | "undici", _) => match name {
            "get" | "head" | "options" | "post" | "put" | "patch" | "delete" | "del" | "request" | "stream" => {
                request(f, if name == "request" { "get" } else { name }, args);
            }
            "create" | "extend" | "defaults" => {
                let base =
                    args.option("baseURL").or_else(|| args.option("prefixUrl")).map_or(String::new(), Value::to_text);
                return Some(Value::Made(Made::Http, base));
            }
            _ => return None,
        },
        ("http" | "https" | "http2", "get" | "request" | "connect") => {
            f.escape(args, &Value::Unknown);
            request(f, "get", args);
            return Some(Value::Made(Made::Remote, String::new()));
        }
        ("net" | "tls", "connect" | "createConnection") => {
            connect(f, args);
            return Some(Value::Made(Made::Socket, String::new()));
        }
        ("Deno", "connect" | "connectTls") => connect(f, args),
        ("Bun", "connect") => connect(f, args),
        ("dgram", "createSocket") => return Some(Value::Made(Made::Socket, String::new())),
        ("http" | "https" | "http2" | "net" | "tls", "createServer" | "createSecureServer") => {
            f.escape(args, &Value::Unknown);
            return Some(Value::Made(Made::Server, String::new()));
        }
        ("", "express" | "fastify" | "polka" | "connect" | "restify") | ("express", "default") => {
            return Some(Value::Made(Made::Server, String::new()));
        }
        ("Bun" | "Deno", "serve" | "listen" | "listenTls" | "serveHttp") | ("", "serve")
            if !module.is_empty() || args.option("fetch").is_some() =>
        {
            f.escape(args, &Value::Unknown);
            f.work.say(Deed::Listens);
        }
        ("dns" | "dns.promises" | "dns/promises", "lookup" | "resolve" | "resolve4" | "resolveTxt" | "resolveAny") => {
            f.work.network(&first, false);
        }
        ("nodemailer", "createTransport") => {
            f.work.network(args.option("host").unwrap_or(&Value::Unknown), true);
            return Some(Value::Made(Made::Remote, String::new()));
        }
        ("navigator", "sendBeacon") => f.work.network(&first, true),
        ("", "open") if matches!(&first, Value::Text(text) if text.starts_with("http")) => {
            f.work.network(&first, false);
        }
        _ => return None,
    }
    Some(Value::Unknown)
}

/// A request by an address or by options.
pub(super) fn request(f: &mut Follower<'_, '_, '_>, verb: &str, args: &Args) {
    let method = args.option("method").map_or(Some(verb), Value::known).unwrap_or("post").to_ascii_lowercase();
    let carries = ["body", "data", "json", "form", "formData"].iter().any(|name| args.option(name).is_some());
    let sends = carries || !matches!(method.as_str(), "get" | "head" | "options" | "stream" | "connect");
    match args.first() {
        Value::Map(_) => {
            let url = match args.option("url").or_else(|| args.option("uri")) {
                Some(url) => url.clone(),
                None => {
                    let host =
                        args.option("hostname").or_else(|| args.option("host")).map_or(String::new(), Value::to_text);
                    let path = args.option("path").map_or(String::new(), Value::to_text);
                    if host.is_empty() { Value::Unknown } else { Value::Text(format!("{host}{path}")) }
                }
            };
            f.work.network(&url, sends);
        }
        url => f.work.network(&url.clone(), sends),
    }
}

/// `connect(port, host)`, `connect({port, host})`.
pub(super) fn connect(f: &mut Follower<'_, '_, '_>, args: &Args) {
    match args.first() {
        Value::Map(_) => {
            let host =
                args.option("host").or_else(|| args.option("hostname")).cloned().unwrap_or(Value::text("localhost"));
            let port = args.option("port").or_else(|| args.option("path")).cloned().unwrap_or_default();
            f.work.socket(&host, &port);
        }
        Value::Text(path) if path.starts_with('/') => f.work.socket(&Value::text(path), &Value::Nothing),
        port => {
            let host = match args.get(1, "") {
                Value::Nothing | Value::Local(..) => Value::text("localhost"),
                host => host.clone(),
            };
            f.work.socket(&host, &port.clone());
        }
    }
}
