//! Commands to Redis, Valkey, KeyDB.

use super::say;
use crate::sql::SqlDeed::{
    self, CreatesThings, DeletesRows, Drops, Dynamic, Reads, ReadsFile, Roles, RunsProgram, Server, Truncates, Unknown,
    Updates, WritesFile,
};

/// Options of the client that take a value.
const VALUED: &[&str] = &[
    "-h", "-p", "-t", "-s", "-a", "-u", "-r", "-i", "-n", "-d", "-D", "--user", "--pass", "--cacert", "--cert",
    "--key", "--sni", "--tls-ciphers", "--pattern", "--count", "--intrinsic-latency", "--show-pushes", "--cursor",
];
const CALM: &[&str] = &[
    "AUTH", "HELLO", "PING", "ECHO", "SELECT", "QUIT", "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH", "SUBSCRIBE",
    "PSUBSCRIBE", "READONLY", "WAIT", "ASKING", "RESET", "READWRITE", "UNSUBSCRIBE",
];
const READ: &[&str] = &[
    "GET", "MGET", "EXISTS", "TYPE", "TTL", "PTTL", "KEYS", "SCAN", "HGET", "HMGET", "HGETALL", "HKEYS", "HVALS",
    "HLEN", "HSCAN", "HEXISTS", "LRANGE", "LLEN", "LINDEX", "LPOS", "SMEMBERS", "SISMEMBER", "SMISMEMBER", "SCARD",
    "SSCAN", "SRANDMEMBER", "SINTER", "SUNION", "SDIFF", "ZRANGE", "ZRANGEBYSCORE", "ZRANGEBYLEX", "ZREVRANGE",
    "ZREVRANGEBYSCORE", "ZSCORE", "ZCARD", "ZCOUNT", "ZRANK", "ZREVRANK", "ZSCAN", "STRLEN", "GETRANGE", "GETBIT",
    "BITCOUNT", "BITPOS", "INFO", "DBSIZE", "TIME", "LASTSAVE", "MONITOR", "COMMAND", "OBJECT", "MEMORY", "XRANGE",
    "XREVRANGE", "XLEN", "XREAD", "XINFO", "XPENDING", "PFCOUNT", "GEOPOS", "GEODIST", "GEOSEARCH", "GEOHASH", "DUMP",
    "RANDOMKEY", "PUBSUB", "SLOWLOG", "LATENCY", "ROLE", "LOLWUT", "EXPIRETIME", "SUBSTR", "SORT_RO", "JSON.GET",
    "FT.SEARCH", "FT.INFO", "LCS",
];
const DELETE: &[&str] = &[
    "DEL", "UNLINK", "HDEL", "LREM", "LTRIM", "LPOP", "RPOP", "SREM", "SPOP", "ZREM", "ZREMRANGEBYSCORE",
    "ZREMRANGEBYRANK", "ZREMRANGEBYLEX", "ZPOPMIN", "ZPOPMAX", "XDEL", "XTRIM", "GETDEL", "JSON.DEL", "BLPOP", "BRPOP",
    "MIGRATE", "FT.DROPINDEX",
];
const SERVER: &[&str] = &[
    "SHUTDOWN", "DEBUG", "REPLICAOF", "SLAVEOF", "FAILOVER", "BGREWRITEAOF", "PSYNC", "SYNC", "SENTINEL", "PFSELFTEST",
];

/// What a call of the client does; `args` as given to `redis-cli`, options included, its own name left out.
pub(super) fn arguments(args: &[&str]) -> Vec<SqlDeed> {
    let mut deeds = Vec::new();
    let mut rest = args;
    while let [first, tail @ ..] = rest {
        match *first {
            "--eval" => {
                let path = tail.first().copied().unwrap_or_default().to_owned();
                say(&mut deeds, ReadsFile { path });
                say(&mut deeds, Dynamic);
                return deeds;
            }
            "--rdb" | "--functions-rdb" => {
                let path = tail.first().copied().unwrap_or_default().to_owned();
                say(&mut deeds, WritesFile { path });
                return deeds;
            }
            "--pipe" => say(&mut deeds, Unknown("--pipe".into())),
            "--bigkeys" | "--memkeys" | "--hotkeys" | "--stat" | "--latency" | "--scan" => say(&mut deeds, Reads),
            "--cluster" => say(&mut deeds, Server),
            option if VALUED.contains(&option) => {
                rest = tail.get(1..).unwrap_or_default();
                continue;
            }
            option if option.starts_with('-') => {}
            _ => break,
        }
        rest = tail;
    }
    command(rest, &mut deeds, 0);
    deeds
}

/// What lines fed to the client do, one command a line.
pub(super) fn lines(text: &str) -> Vec<SqlDeed> {
    let mut deeds = Vec::new();
    for line in text.lines().take(4_096) {
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
        match words.first() {
            Some(name) if name.eq_ignore_ascii_case("eval") => lua(line, &mut deeds, 0),
            Some(name) if !name.starts_with('#') => command(&words, &mut deeds, 0),
            _ => {}
        }
    }
    deeds
}

fn command(words: &[&str], deeds: &mut Vec<SqlDeed>, deep: usize) {
    let Some(name) = words.first() else { return };
    let name = name.to_ascii_uppercase();
    let second = words.get(1).map(|word| word.to_ascii_uppercase()).unwrap_or_default();
    let name = name.as_str();
    match name {
        "FLUSHALL" | "FLUSHDB" => say(deeds, Truncates),
        "SWAPDB" => say(deeds, Updates { bounded: false }),
        "EVAL" | "EVAL_RO" => match words.get(1) {
            Some(script) if deep == 0 => lua(script, deeds, deep + 1),
            _ => say(deeds, Dynamic),
        },
        "EVALSHA" | "FCALL" => say(deeds, Dynamic),
        "CONFIG" => match second.as_str() {
            "GET" | "HELP" => say(deeds, Reads),
            "RESETSTAT" => {}
            _ => {
                say(deeds, Server);
                let named = |option: &str| words.iter().any(|word| word.eq_ignore_ascii_case(option));
                if named("dir") || named("dbfilename") || named("appendfilename") {
                    say(deeds, WritesFile { path: words.last().copied().unwrap_or_default().into() });
                }
            }
        },
        "ACL" if matches!(second.as_str(), "LIST" | "WHOAMI" | "CAT" | "USERS" | "GETUSER" | "LOG" | "HELP") => {
            say(deeds, Reads);
        }
        "ACL" => say(deeds, Roles),
        "MODULE" if second == "LIST" => say(deeds, Reads),
        "MODULE" => say(deeds, RunsProgram),
        "SCRIPT" | "FUNCTION" if matches!(second.as_str(), "EXISTS" | "LIST" | "STATS" | "DUMP") => say(deeds, Reads),
        "SCRIPT" | "FUNCTION" if matches!(second.as_str(), "FLUSH" | "DELETE") => say(deeds, Drops { what: second }),
        "SCRIPT" | "FUNCTION" => say(deeds, CreatesThings),
        "CLIENT" if matches!(second.as_str(), "KILL" | "PAUSE" | "UNBLOCK" | "NO-EVICT") => say(deeds, Server),
        "CLIENT" => say(deeds, Reads),
        "CLUSTER" | "SENTINEL"
            if matches!(second.as_str(), "INFO" | "NODES" | "SLOTS" | "SHARDS" | "KEYSLOT" | "MYID" | "MASTERS") =>
        {
            say(deeds, Reads);
        }
        "CLUSTER" => say(deeds, Server),
        "SAVE" | "BGSAVE" => say(deeds, WritesFile { path: String::new() }),
        "XGROUP" if second == "DESTROY" => say(deeds, Drops { what: "GROUP".into() }),
        _ if CALM.contains(&name) => {}
        _ if READ.contains(&name) => say(deeds, Reads),
        _ if DELETE.contains(&name) => say(deeds, DeletesRows { bounded: true }),
        _ if SERVER.contains(&name) => say(deeds, Server),
        // What is left adds or changes single keys, or belongs to a module.
        _ if name.contains('.') && !name.starts_with("JSON.") => say(deeds, Unknown(name.into())),
        _ if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') && changes(name) => {
            say(deeds, Updates { bounded: true });
        }
        _ => say(deeds, Unknown(name.into())),
    }
}

fn changes(name: &str) -> bool {
    [
        "SET", "INCR", "DECR", "PUSH", "ADD", "EXPIRE", "PERSIST", "RENAME", "APPEND", "MOVE", "COPY", "STORE",
        "RESTORE", "PUBLISH", "INSERT", "MERGE", "PFADD", "BITOP", "BITFIELD", "SORT", "ACK", "CLAIM", "TOUCH",
        "GETEX", "XGROUP", "XREADGROUP", "XAUTOCLAIM",
    ]
    .iter()
    .any(|part| name.contains(part))
}

/// `redis.call('del', …)` inside a script; a command that is not a literal cannot be told.
fn lua(script: &str, deeds: &mut Vec<SqlDeed>, deep: usize) {
    let before = deeds.len();
    for marker in ["call(", "call ("] {
        for piece in script.split(marker).skip(1).take(64) {
            let piece = piece.trim_start();
            let quote = piece.chars().next().filter(|c| matches!(c, '\'' | '"'));
            let name = quote.and_then(|quote| piece[1..].split(quote).next());
            match name {
                // Which keys are meant depends on the loop around it.
                Some(name) if deep > 0 && matches!(name.to_ascii_lowercase().as_str(), "del" | "unlink") => {
                    let fixed = !script.contains("for ") && !script.contains("unpack");
                    say(deeds, DeletesRows { bounded: fixed });
                }
                Some(name) => command(&[name], deeds, deep + 1),
                None => say(deeds, Dynamic),
            }
        }
    }
    if ["loadstring", "load(", "os.", "io.", "dofile", "_G"].iter().any(|word| script.contains(word)) {
        say(deeds, Dynamic);
    }
    if deeds.len() == before {
        say(deeds, Reads);
    }
}
