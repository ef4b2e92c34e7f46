//! Functions and clauses that reach outside the database, wherever in a statement they stand.

use super::lex::{Kind, Token};
use super::{Look, SqlDeed};

/// Start a program or load native code.
const RUN: &[&str] = &[
    "XP_CMDSHELL", "SYS_EXEC", "SYS_EVAL", "SP_OACREATE", "SP_OAMETHOD", "XP_REGWRITE", "LOAD_EXTENSION", "EXECUTABLE",
    "SP_START_JOB", "SP_ADD_JOBSTEP", "LIB_MYSQLUDF_SYS", "EDIT",
];
const READ_FILE: &[&str] = &[
    "PG_READ_FILE", "PG_READ_BINARY_FILE", "PG_LS_DIR", "PG_STAT_FILE", "LOAD_FILE", "LO_IMPORT", "READFILE",
    "READ_CSV", "READ_CSV_AUTO", "READ_JSON", "READ_JSON_AUTO", "READ_PARQUET", "READ_TEXT", "READ_BLOB", "BFILENAME",
    "OPENROWSET", "OPENDATASOURCE",
];
const WRITE_FILE: &[&str] = &["LO_EXPORT", "WRITEFILE", "PG_FILE_WRITE", "PG_FILE_UNLINK", "PG_FILE_RENAME"];
const SERVER: &[&str] = &[
    "PG_TERMINATE_BACKEND", "PG_CANCEL_BACKEND", "PG_RELOAD_CONF", "PG_ROTATE_LOGFILE", "SP_CONFIGURE",
    "PG_DROP_REPLICATION_SLOT", "PG_PROMOTE", "PG_SWITCH_WAL", "SET_CONFIG",
];
/// Run a text given to them.
const RUN_TEXT: &[&str] =
    &["DBLINK_EXEC", "DBLINK", "QUERY_TO_XML", "SP_EXECUTESQL", "OPENQUERY", "CURSOR_TO_XML", "PG_BACKGROUND_LAUNCH"];

impl Look {
    /// Looks at every call in a statement.
    pub(super) fn calls(&mut self, tokens: &[Token<'_>], deep: usize) {
        for (at, token) in tokens.iter().enumerate() {
            let Kind::Word(word) = token.kind else { continue };
            if word.len() < 4 {
                continue;
            }
            let called = tokens.get(at + 1).is_some_and(|next| next.sign('('));
            let upper = word.to_ascii_uppercase();
            let name = upper.as_str();
            if RUN.contains(&name) && (called || name.starts_with("XP_") || name.starts_with("SP_")) {
                self.say(SqlDeed::RunsProgram);
            } else if matches!(name, "UTL_FILE") {
                self.say(SqlDeed::WritesFile { path: String::new() });
            } else if matches!(name, "DBMS_SCHEDULER" | "DBMS_JAVA" | "UTL_HTTP" | "UTL_TCP") {
                self.say(SqlDeed::RunsProgram);
            } else if matches!(name, "SP_EXECUTESQL") || called && RUN_TEXT.contains(&name) {
                self.texts(tokens, at + 1, deep);
            } else if matches!(name, "SP_CONFIGURE") || called && SERVER.contains(&name) {
                self.say(SqlDeed::Server);
            } else if called && READ_FILE.contains(&name) {
                self.say(SqlDeed::ReadsFile { path: first_text(tokens, at + 1) });
            } else if called && WRITE_FILE.contains(&name) {
                let last = if name == "LO_EXPORT" { 2 } else { 1 };
                self.say(SqlDeed::WritesFile { path: nth_text(tokens, at + 1, last) });
            } else if called && matches!(name, "SETVAL" | "NEXTVAL") {
                self.say(SqlDeed::Updates { bounded: true });
            } else if called && name == "LO_UNLINK" {
                self.say(SqlDeed::DeletesRows { bounded: true });
            }
        }
    }

    /// Looks into the literals given to a function that runs them; without one it cannot be told.
    pub(super) fn texts(&mut self, tokens: &[Token<'_>], from: usize, deep: usize) {
        let mut any = false;
        let mut built = false;
        for (at, token) in tokens.iter().enumerate().skip(from).take(64) {
            if let Kind::Text(text) = &token.kind {
                // A name of a connection is one word.
                if text.trim().contains(char::is_whitespace) {
                    any = true;
                    self.text(&text.clone(), deep + 1);
                }
            }
            let joins = token.sign('|') || token.sign('+');
            built |= joins && tokens.get(at + 1).is_some();
        }
        if !any || built {
            self.say(SqlDeed::Dynamic);
        }
    }
}

/// The first literal among the arguments of a call; empty when there is none.
fn first_text(tokens: &[Token<'_>], from: usize) -> String {
    nth_text(tokens, from, 1)
}

/// The literal at position `position` (from 1) among the arguments of a call.
fn nth_text(tokens: &[Token<'_>], open: usize, position: usize) -> String {
    let Some(depth) = tokens.get(open).map(|token| token.depth) else { return String::new() };
    let mut argument = 1;
    for token in tokens[open + 1..].iter().take_while(|token| token.depth > depth).take(64) {
        if token.depth == depth + 1 && token.sign(',') {
            argument += 1;
        } else if let Some(text) = token.text().filter(|_| argument >= position || position == 1) {
            return text.to_owned();
        }
    }
    String::new()
}
