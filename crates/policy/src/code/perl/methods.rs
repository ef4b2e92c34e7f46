//! Methods of Perl's objects.

use crate::code::Deed;
use crate::code::follow::{Args, Follower};
use crate::code::text;
use crate::code::value::{Made, Value};

/// A method of a class.
pub(super) fn of_class(f: &mut Follower<'_, '_, '_>, class: &str, name: &str, args: &Args) -> Option<Value> {
    let first = args.first().clone();
    Some(match (class, name) {
        ("LWP::UserAgent" | "HTTP::Tiny" | "WWW::Mechanize" | "Mojo::UserAgent" | "REST::Client", "new") => {
            Value::Made(Made::Http, String::new())
        }
        ("HTTP::Request", "new") => {
            let sends = first.known().is_none_or(|method| !matches!(method, "GET" | "HEAD"));
            Value::Made(Made::Request, format!("{}{}", if sends { "+" } else { "-" }, args.get(1, "").to_text()))
        }
        ("IO::Socket::INET" | "IO::Socket" | "IO::Socket::IP" | "IO::Socket::SSL" | "IO::Socket::UNIX", "new") => {
            let option = |name: &str| {
                args.named.iter().find(|(key, _)| key.trim_start_matches('-') == name).map(|(_, value)| value)
            };
            if option("Listen").is_some() || option("LocalPort").is_some() {
                f.work.say(Deed::Listens);
            } else {
                let host = option("PeerAddr")
                    .or_else(|| option("PeerHost"))
                    .or_else(|| option("Peer"))
                    .unwrap_or(&first)
                    .clone();
                let port = option("PeerPort").cloned().unwrap_or(Value::Nothing);
                f.work.socket(&host, &port);
            }
            Value::Made(Made::Socket, String::new())
        }
        ("Net::FTP" | "Net::SMTP" | "Net::SSH2" | "Net::OpenSSH" | "Net::SFTP" | "Net::Telnet", "new") => {
            f.work.network(&first, true);
            Value::Made(Made::Remote, String::new())
        }
        ("DBI", "connect" | "connect_cached") => Value::Made(Made::Database, String::new()),
        ("File::Temp", "new" | "newdir") => Value::Made(Made::Path, "/tmp/\u{f8f1}".into()),
        ("HTTP::Daemon" | "HTTP::Server::Simple", "new") => {
            f.work.say(Deed::Listens);
            Value::Unknown
        }
        ("FFI::Platypus" | "Win32::API" | "DynaLoader", _) => {
            f.work.native(class);
            Value::Unknown
        }
        ("File::Spec" | "File::Spec::Functions", _) => {
            let parts: Vec<String> = args.list.iter().map(Value::to_text).collect();
            match name {
                "catfile" | "catdir" => Value::Text(text::join_paths(&parts)),
                "tmpdir" => Value::text("/tmp"),
                _ => Value::Unknown,
            }
        }
        ("IO::File" | "FileHandle", "new") => {
            let mut given = vec![Value::Nothing];
            match args.get(1, "").known() {
                Some(mode) => {
                    let sign = match mode.chars().next() {
                        Some('w') => ">",
                        Some('a') => ">>",
                        Some('r') => "<",
                        _ => mode,
                    };
                    given.extend([Value::text(sign), first]);
                }
                None => given.push(first),
            }
            f.library("open", &Args::of(given));
            Value::Made(Made::File, String::new())
        }
        (_, "can") => match first.known() {
            Some(name) => Value::Item(name.to_owned()),
            None => Value::Unknown,
        },
        _ => return None,
    })
}

pub(in crate::code) fn method(
    f: &mut Follower<'_, '_, '_>,
    receiver: &Value,
    name: &str,
    args: &Args,
) -> Option<Value> {
    let first = args.first().clone();
    match (receiver, name) {
        (
            Value::Made(Made::Http, _),
            "get" | "head" | "post" | "put" | "delete" | "request" | "mirror" | "post_form" | "patch",
        ) => {
            match &first {
                Value::Made(Made::Request, url) => {
                    let (sent, url) = url.split_at_checked(1).unwrap_or_default();
                    f.work.network(&Value::text(url), sent == "+");
                }
                first => {
                    let explicit = name == "request";
                    let url = if explicit { args.get(1, "").clone() } else { first.clone() };
                    let sends = if explicit {
                        first.known() != Some("GET")
                    } else {
                        !matches!(name, "get" | "head" | "mirror")
                    };
                    f.work.network(&url, sends);
                }
            }
            if name == "mirror" {
                f.work.write(args.get(1, ""));
            }
        }
        (Value::Made(Made::Path, path), _) => {
            let this = Value::text(path);
            match name {
                "remove" | "unlink" => f.work.delete(&this, false),
                "remove_tree" => f.work.delete(&this, true),
                "slurp" | "slurp_utf8" | "lines" | "slurp_raw" | "openr" => f.work.read(&this),
                "spew" | "spew_utf8" | "touch" | "mkpath" | "mkdir" | "spew_raw" | "openw" | "edit" => {
                    f.work.write(&this);
                }
                "append" | "append_utf8" => f.work.append(&this),
                "child" => {
                    let mut parts = vec![path.clone()];
                    parts.extend(args.list.iter().map(Value::to_text));
                    return Some(Value::Made(Made::Path, text::join_paths(&parts)));
                }
                "parent" => return Some(Value::Made(Made::Path, text::parent(path))),
                "chmod" => f.work.rights(&this),
                _ => return None,
            }
        }
        (
            Value::Made(Made::Database, _),
            "do" | "prepare" | "selectall_arrayref" | "selectrow_array" | "selectall_hashref" | "selectcol_arrayref"
            | "selectrow_hashref" | "prepare_cached",
        ) => {
            f.work.sql(&first);
            return Some(receiver.clone());
        }
        (Value::Unknown, "do" | "prepare" | "execute" | "selectall_arrayref" | "selectrow_array") if matches!(&first, Value::Text(text) if text::is_sql(text)) =>
        {
            f.work.sql(&first);
        }
        (Value::Text(_), "can") => {
            return Some(first.known().map_or(Value::Unknown, |name| Value::Item(name.to_owned())));
        }
        (Value::Unknown, "remove_tree") => f.work.delete(&Value::Unknown, true),
        _ => return None,
    }
    Some(Value::Unknown)
}
