//! Scripts for the MongoDB shell.

use super::say;
use crate::sql::SqlDeed::{
    self, Alters, CreatesThings, DeletesRows, Drops, Dynamic, Explains, Grants, Inserts, Reads, ReadsFile, Roles,
    RunsProgram, Server, Unknown, Updates, WritesFile,
};
use clawbutler_core::limits::SHELL_TEXT_BYTES;

/// A call found in a script: `.name(`, `name(` or `["name"](`.
struct Call<'a> {
    name: &'a str,
    /// What stands between its parentheses, and behind them up to the next name.
    args: &'a str,
    /// A method of something.
    method: bool,
}

/// What a script does.
pub(super) fn script(js: &str) -> Vec<SqlDeed> {
    let mut deeds = Vec::new();
    if js.len() > SHELL_TEXT_BYTES {
        return vec![Unknown("too long".into())];
    }
    let (calls, lost) = calls(js);
    for call in &calls {
        one(call, &mut deeds);
    }
    if lost {
        say(&mut deeds, Unknown("unclosed".into()));
    }
    if js.contains('[') && js.contains("](") && !calls.iter().any(|call| call.method) {
        say(&mut deeds, Dynamic);
    }
    deeds
}

fn one(call: &Call<'_>, deeds: &mut Vec<SqlDeed>) {
    let all = matches!(first_argument(call.args), "" | "{}" | "undefined" | "null");
    match call.name {
        "find" | "findOne" | "aggregate" if call.args.contains("$out") || call.args.contains("$merge") => {
            say(deeds, Updates { bounded: false });
        }
        "mapReduce" | "$where" => say(deeds, Dynamic),
        "find"
        | "findOne"
        | "aggregate"
        | "count"
        | "countDocuments"
        | "estimatedDocumentCount"
        | "distinct"
        | "stats"
        | "getIndexes"
        | "getCollectionNames"
        | "getCollectionInfos"
        | "listCollections"
        | "serverStatus"
        | "hello"
        | "getUsers"
        | "getMongo"
        | "isMaster"
        | "version"
        | "getProfilingStatus"
        | "dbStats"
        | "currentOp" => {
            say(deeds, Reads);
        }
        "explain" => say(deeds, Explains),
        "insert" | "insertOne" | "insertMany" | "save" => say(deeds, Inserts),
        "updateOne" | "replaceOne" | "findOneAndUpdate" | "findOneAndReplace" | "findAndModify" => {
            say(deeds, Updates { bounded: true });
            if call.args.contains("remove: true") || call.args.contains("remove:true") {
                say(deeds, DeletesRows { bounded: true });
            }
        }
        "update" | "updateMany" => say(deeds, Updates { bounded: !all }),
        "bulkWrite" => {
            say(deeds, Updates { bounded: true });
            if call.args.contains("delete") {
                say(
                    deeds,
                    DeletesRows { bounded: !call.args.contains("filter: {}") && !call.args.contains("filter:{}") },
                );
            }
        }
        "deleteOne" | "findOneAndDelete" => say(deeds, DeletesRows { bounded: true }),
        "deleteMany" | "remove" if call.method => say(deeds, DeletesRows { bounded: !all }),
        "drop" | "dropCollection" if call.method => say(deeds, Drops { what: "COLLECTION".into() }),
        "dropDatabase" => say(deeds, Drops { what: "DATABASE".into() }),
        "dropIndex" | "dropIndexes" | "dropSearchIndex" => say(deeds, Drops { what: "INDEX".into() }),
        "createCollection" | "createIndex" | "createIndexes" | "createView" | "ensureIndex" => {
            say(deeds, CreatesThings);
        }
        "renameCollection" | "setProfilingLevel" | "collMod" => {
            say(deeds, Alters { drops: call.args.contains("true") });
        }
        "createUser" | "updateUser" | "dropUser" | "dropAllUsers" | "changeUserPassword" | "createRole"
        | "dropRole" => {
            say(deeds, Roles);
        }
        "grantRolesToUser" | "revokeRolesFromUser" | "grantPrivilegesToRole" => say(deeds, Grants),
        "shutdownServer" | "killOp" | "fsyncLock" | "stepDown" | "reconfig" | "initiate" | "addShard"
        | "killSessions" => {
            say(deeds, Server);
        }
        "runCommand" | "adminCommand" | "command" => run_command(call.args, deeds),
        "eval" | "Function" => say(deeds, Dynamic),
        "load" if !call.method => say(deeds, ReadsFile { path: literal(call.args) }),
        "cat" | "readFileSync" | "readFile" => say(deeds, ReadsFile { path: literal(call.args) }),
        "writeFileSync" | "writeFile" | "removeFile" => say(deeds, WritesFile { path: literal(call.args) }),
        "run" | "runProgram" | "rawMongoProgramOutput" | "execSync" | "exec" | "spawn"
            if !call.method || call.name != "exec" =>
        {
            say(deeds, RunsProgram);
        }
        "require" if call.args.contains("child_process") => say(deeds, RunsProgram),
        _ => {}
    }
}

fn run_command(args: &str, deeds: &mut Vec<SqlDeed>) {
    let inside = first_argument(args).trim_start_matches(['{', ' ', '\n', '"', '\'']);
    let end = inside.find(|c: char| !c.is_alphanumeric()).unwrap_or(inside.len());
    match &inside[..end] {
        "find" | "count" | "ping" | "hello" | "isMaster" | "serverStatus" | "listCollections" | "dbStats"
        | "buildInfo" | "listDatabases" | "aggregate" | "distinct" | "collStats" | "connectionStatus"
        | "getParameter" => say(deeds, Reads),
        "insert" => say(deeds, Inserts),
        "update" | "findAndModify" => {
            say(deeds, Updates { bounded: !args.contains("q: {}") && !args.contains("q:{}") });
        }
        "delete" => say(deeds, DeletesRows { bounded: !args.contains("q: {}") && !args.contains("q:{}") }),
        "drop" => say(deeds, Drops { what: "COLLECTION".into() }),
        "dropDatabase" => say(deeds, Drops { what: "DATABASE".into() }),
        "dropIndexes" => say(deeds, Drops { what: "INDEX".into() }),
        "create" | "createIndexes" => say(deeds, CreatesThings),
        "" | "eval" => say(deeds, Dynamic),
        "shutdown" | "setParameter" | "replSetStepDown" | "fsync" | "killOp" => say(deeds, Server),
        "createUser" | "dropUser" | "updateUser" => say(deeds, Roles),
        other => say(deeds, Unknown(other.into())),
    }
}

/// The text of the first argument, blanks taken off.
fn first_argument(args: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in args.char_indices() {
        match c {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return args[..at].trim(),
            _ => {}
        }
    }
    let args = args.trim();
    if args.starts_with('{') && args.ends_with('}') && args[1..args.len() - 1].trim().is_empty() { "{}" } else { args }
}

fn literal(args: &str) -> String {
    let first = first_argument(args);
    first
        .strip_prefix(['"', '\'', '`'])
        .and_then(|rest| rest.strip_suffix(['"', '\'', '`']))
        .unwrap_or_default()
        .to_owned()
}

/// Every call outside strings and comments, and whether a string or comment has no end.
fn calls(js: &str) -> (Vec<Call<'_>>, bool) {
    let bytes = js.as_bytes();
    let mut found: Vec<Call<'_>> = Vec::new();
    // Calls whose parenthesis is open: index in `found` and start of the arguments.
    let mut open: Vec<Option<(usize, usize)>> = Vec::new();
    let mut last: Option<(&str, bool)> = None;
    let (mut at, mut lost, mut dotted) = (0, false, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'/' if bytes.get(at + 1) == Some(&b'/') => at += js[at..].find('\n').unwrap_or(js.len() - at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => match js[at + 2..].find("*/") {
                Some(length) => at += length + 4,
                None => return (found, true),
            },
            b'"' | b'\'' | b'`' => {
                let mut end = at + 1;
                while bytes.get(end).is_some_and(|next| next != byte) {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                lost |= end >= bytes.len();
                let inside = js.get(at + 1..end.min(js.len())).unwrap_or_default();
                let subscript = js[..at].trim_end().ends_with('[');
                last = Some((inside, true)).filter(|_| subscript);
                at = end + 1;
            }
            b'(' => {
                let call = last.take().filter(|_| found.len() < 512);
                open.push(call.map(|(name, method)| {
                    found.push(Call { name, args: "", method });
                    (found.len() - 1, at + 1)
                }));
                at += 1;
            }
            b')' => {
                if let Some(Some((index, start))) = open.pop() {
                    found[index].args = &js[start..at];
                }
                (last, at) = (None, at + 1);
            }
            b'.' => (dotted, at) = (true, at + 1),
            b']' | b' ' | b'\n' | b'\t' | b'\r' => at += 1,
            _ if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') => {
                let length = js[at..]
                    .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '$'))
                    .unwrap_or(js.len() - at);
                last = Some((&js[at..at + length], dotted));
                (dotted, at) = (false, at + length);
            }
            _ => {
                last = None;
                at += js[at..].chars().next().map_or(1, char::len_utf8);
            }
        }
    }
    // An argument that goes on to the end is all there is.
    for (index, start) in open.into_iter().flatten() {
        found[index].args = js.get(start..).unwrap_or_default();
    }
    (found, lost)
}
