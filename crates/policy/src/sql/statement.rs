//! One statement: told by how it begins.

use super::bounds::bounded;
use super::lex::{Kind, Token};
use super::{DEEPEST, Look, SqlDeed};

/// Words before the verb that change nothing.
const SKIPPED: &[&str] = &["then", "else", "loop"];
/// Statements that only show, or steer the session and its transactions.
const CALM: &[&str] = &[
    "BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "END", "ABORT", "USE", "DECLARE", "CLOSE", "MOVE",
    "LISTEN", "UNLISTEN", "NOTIFY", "DEALLOCATE", "DISCARD", "CHECKPOINT", "LOCK", "UNLOCK", "GO", "DELIMITER",
    "PRINT", "RAISE", "RETURN", "IF", "ELSIF", "ELSEIF", "ELSE", "WHILE", "LOOP", "FOR", "FOREACH", "EXCEPTION",
    "NULL", "CLEAR", "QUIT", "EXIT", "PERFORM", "OPEN", "WAITFOR", "CONSISTENCY", "EXPAND", "TRACING", "PAGING",
    "BATCH", "APPLY",
];
const READING: &[&str] = &[
    "SELECT", "SHOW", "VALUES", "TABLE", "DESCRIBE", "DESC", "PRAGMA", "FETCH", "HELP", "ANALYZE", "VACUUM", "REINDEX",
    "CLUSTER", "OPTIMIZE", "REPAIR", "CHECK", "CHECKSUM", "RETURN", "UNWIND", "FROM", "SUMMARIZE", "LIST", "STATUS",
    "OPTIONAL", "HANDLER", "DIFF", "WITH", "MATCH", "PERFORM", "CACHE", "PIVOT", "UNPIVOT",
];
/// Commands of a client that take the rest of their line.
const LINES: &[&str] = &["SYSTEM", "SOURCE", "TEE", "PAGER", "HOST"];

impl Look {
    /// Tells one statement. Gives how many tokens were used when that is not all of them.
    pub(super) fn statement(&mut self, text: &str, tokens: &[Token<'_>], deep: usize) -> Option<usize> {
        let skipped =
            tokens.iter().take_while(|token| token.sign('(') || SKIPPED.iter().any(|word| token.is(word))).count();
        let tokens = &tokens[skipped..];
        let first = tokens.first()?;
        let Kind::Word(_) = first.kind else {
            if let Kind::Sign(sign) = first.kind
                && sign == '@'
            {
                self.say(SqlDeed::ReadsFile { path: String::new() });
            } else if !matches!(first.kind, Kind::Sign('/' | '$' | '|' | ',' | '-' | '<')) {
                self.say(SqlDeed::Unknown(describe(first)));
            }
            return None;
        };
        let name = first.upper();
        if LINES.contains(&name.as_str()) && self.client_word(text, &name, tokens) {
            let line = text[first.at..].find('\n').map_or(text.len(), |length| first.at + length);
            return Some(skipped + tokens.iter().take_while(|token| token.at < line).count());
        }
        if matches!(name.as_str(), "BEGIN" | "ELSE" | "LOOP") && tokens.len() > 1 && !ends_transaction(&tokens[1]) {
            return Some(skipped + 1);
        }
        if matches!(name.as_str(), "IF" | "WHILE" | "ELSIF" | "ELSEIF" | "FOR" | "DECLARE" | "FOREACH" | "WHEN") {
            // The body follows its header within the same statement.
            let body =
                tokens.iter().position(|token| ["then", "loop", "begin", "do"].iter().any(|word| token.is(word)));
            if let Some(body) = body {
                self.calls(&tokens[..body], deep);
                return Some(skipped + body + 1);
            }
        }
        self.verb(&name, tokens, deep);
        None
    }

    pub(super) fn verb(&mut self, name: &str, tokens: &[Token<'_>], deep: usize) {
        if deep > DEEPEST {
            return self.say(SqlDeed::Unknown(name.into()));
        }
        let at = |index: usize| tokens.get(index).map(Token::upper).unwrap_or_default();
        let second = at(1);
        match name {
            "WITH" => self.with(tokens, deep),
            "EXPLAIN" | "PROFILE" => return self.explain(tokens, deep),
            "DELETE" | "UPDATE" | "INSERT" | "REPLACE" | "UPSERT" | "MERGE" => self.rows(name, tokens),
            "DETACH" if second == "DELETE" => self.say(SqlDeed::DeletesRows { bounded: false }),
            "DETACH" if second == "TABLE" => self.say(SqlDeed::Drops { what: second }),
            "DETACH" => {}
            "DROP" => self.drop_thing(tokens),
            "TRUNCATE" => self.say(SqlDeed::Truncates),
            "ALTER" | "RENAME" | "COMMENT" | "SECURITY" => self.alter(name, tokens),
            "CREATE" => self.create(tokens, deep),
            "GRANT" | "REVOKE" | "DENY" => self.say(SqlDeed::Grants),
            "REASSIGN" => self.say(SqlDeed::Roles),
            "SET" | "RESET" => self.set(name, tokens),
            "COPY" | "UNLOAD" => self.copy(tokens),
            "LOAD" | "INSTALL" | "IMPORT" | "EXPORT" | "ATTACH" | "BULK" | "BACKUP" | "RESTORE" => {
                self.loads(name, tokens);
            }
            "EXECUTE" | "EXEC" | "CALL" | "PREPARE" | "DO" => return self.executes(name, tokens, deep),
            "SHUTDOWN" | "KILL" | "FLUSH" | "PURGE" | "RECONFIGURE" | "DBCC" | "STOP" | "CHANGE" | "SYSTEM" => {
                self.say(SqlDeed::Server);
            }
            "REFRESH" | "UNDROP" => self.say(SqlDeed::Updates { bounded: true }),
            "MATCH" | "OPTIONAL" | "UNWIND" => self.graph(tokens),
            "VACUUM" if second == "INTO" => {
                self.say(SqlDeed::WritesFile { path: tokens.get(2).and_then(Token::text).unwrap_or_default().into() });
            }
            "PRAGMA" if second == "WRITABLE_SCHEMA" => self.say(SqlDeed::Alters { drops: false }),
            "SELECT" | "FROM" => self.select(tokens),
            _ if READING.contains(&name) => self.say(SqlDeed::Reads),
            _ if CALM.contains(&name) => {}
            _ if tokens.iter().take(3).any(|token| token.sign('=')) && tokens[0].upper() == name => {
                // An assignment in a routine's body.
            }
            _ => self.say(SqlDeed::Unknown(name.into())),
        }
        self.calls(tokens, deep);
        self.inner(tokens);
    }

    /// Statements that change rows inside another's parentheses.
    fn inner(&mut self, tokens: &[Token<'_>]) {
        for (at, token) in tokens.iter().enumerate().skip(1) {
            let opens = tokens[at - 1].sign('(')
                && (at < 2 || ["as", "materialized"].iter().any(|word| tokens[at - 2].is(word)));
            if opens && ["delete", "update", "insert", "merge"].iter().any(|verb| token.is(verb)) {
                let end =
                    tokens[at..].iter().position(|other| other.depth < token.depth).map_or(tokens.len(), |n| at + n);
                self.rows(&token.upper(), &tokens[at..end]);
            }
        }
    }

    fn with(&mut self, tokens: &[Token<'_>], deep: usize) {
        let verbs = ["select", "insert", "update", "delete", "merge", "values", "table", "replace", "match", "from"];
        let main = tokens.iter().enumerate().skip(1).find(|(at, token)| {
            token.depth == tokens[0].depth && verbs.iter().any(|verb| token.is(verb)) && tokens[at - 1].sign(')')
        });
        match main {
            Some((at, token)) => {
                let name = token.upper();
                self.verb(&name, &tokens[at..], deep);
            }
            None => self.say(SqlDeed::Reads),
        }
    }

    fn explain(&mut self, tokens: &[Token<'_>], deep: usize) {
        let verbs = ["select", "insert", "update", "delete", "merge", "with", "replace", "create", "execute", "values"];
        let main =
            tokens.iter().position(|token| verbs.iter().any(|verb| token.is(verb)) && token.depth == tokens[0].depth);
        let head = &tokens[..main.unwrap_or(tokens.len())];
        let analyze = head.iter().position(|token| token.is("analyze") || token.is("profile"));
        let off = analyze.is_some_and(|at| {
            head.get(at + 1).is_some_and(|value| ["off", "false", "0"].iter().any(|word| value.is(word)))
        });
        match main {
            Some(at) if analyze.is_some() && !off => {
                let name = tokens[at].upper();
                self.verb(&name, &tokens[at..], deep);
            }
            _ => self.say(SqlDeed::Explains),
        }
    }

    fn rows(&mut self, name: &str, tokens: &[Token<'_>]) {
        let says = |word: &str| tokens.iter().any(|token| token.is(word));
        match name {
            "DELETE" => self.say(SqlDeed::DeletesRows { bounded: bounded(tokens) }),
            "UPDATE" => self.say(SqlDeed::Updates { bounded: bounded(tokens) }),
            "MERGE" if says("into") || says("using") => {
                self.say(SqlDeed::Updates { bounded: true });
                if says("delete") {
                    self.say(SqlDeed::DeletesRows { bounded: !says("source") });
                }
            }
            _ => {
                self.say(SqlDeed::Inserts);
                let overwrites = says("overwrite");
                if says("conflict") && says("update") || says("duplicate") || name == "REPLACE" || overwrites {
                    self.say(SqlDeed::Updates { bounded: !overwrites });
                }
            }
        }
    }

    fn drop_thing(&mut self, tokens: &[Token<'_>]) {
        let modifiers = ["TEMPORARY", "TEMP", "MATERIALIZED", "FOREIGN", "EXTERNAL", "UNIQUE", "SNAPSHOT"];
        let what = tokens[1..].iter().map(Token::upper).find(|word| !modifiers.contains(&word.as_str()));
        match what.as_deref() {
            Some("USER" | "ROLE" | "LOGIN" | "GROUP") => self.say(SqlDeed::Roles),
            what => self.say(SqlDeed::Drops { what: what.unwrap_or_default().into() }),
        }
    }

    fn alter(&mut self, name: &str, tokens: &[Token<'_>]) {
        let what = tokens.get(1).map(Token::upper).unwrap_or_default();
        match what.as_str() {
            "SYSTEM" | "INSTANCE" => return self.say(SqlDeed::Server),
            "USER" | "ROLE" | "LOGIN" | "GROUP" => return self.say(SqlDeed::Roles),
            "DEFAULT" => return self.say(SqlDeed::Grants),
            _ => {}
        }
        let mut drops = false;
        for (at, token) in tokens.iter().enumerate().skip(2) {
            let next = tokens.get(at + 1).map(Token::upper).unwrap_or_default();
            if token.is("drop") {
                drops |= !matches!(
                    next.as_str(),
                    "CONSTRAINT"
                        | "DEFAULT"
                        | "NOT"
                        | "INDEX"
                        | "KEY"
                        | "EXPRESSION"
                        | "IDENTITY"
                        | "PRIMARY"
                        | "FOREIGN"
                        | "CHECK"
                );
            } else if token.is("truncate") {
                self.say(SqlDeed::Truncates);
            } else if token.is("owner") && name == "ALTER" {
                self.say(SqlDeed::Roles);
            } else if token.is("delete") && next == "WHERE" || token.is("update") && tokens[at - 1].sign(',') {
                self.say(SqlDeed::DeletesRows { bounded: bounded(&tokens[at..]) });
            }
        }
        self.say(SqlDeed::Alters { drops });
    }

    fn create(&mut self, tokens: &[Token<'_>], deep: usize) {
        let word = |index: usize| tokens.get(index).map(Token::upper).unwrap_or_default();
        let says = |word: &str| tokens.iter().any(|token| token.is(word));
        let kind = tokens[1..]
            .iter()
            .map(Token::upper)
            .find(|word| !matches!(word.as_str(), "OR" | "REPLACE" | "TEMP" | "TEMPORARY" | "UNLOGGED" | "EXTERNAL"))
            .unwrap_or_default();
        match kind.as_str() {
            "USER" | "ROLE" | "LOGIN" | "GROUP" => return self.say(SqlDeed::Roles),
            // A pattern of a graph: CREATE (n:Person).
            "" if tokens.get(1).is_some_and(|token| token.sign('(')) => return self.say(SqlDeed::Inserts),
            "FUNCTION" | "PROCEDURE" | "TRIGGER" | "LANGUAGE" | "EXTENSION" | "AGGREGATE" | "ASSEMBLY" => {
                let outside = ["c", "plpythonu", "plpython3u", "plpython2u", "plperlu", "plsh", "pltclu", "plrustu"];
                let names = tokens.windows(2).any(|pair| {
                    (pair[0].is("language") || pair[0].is("extension") || pair[0].is("exists"))
                        && outside.iter().any(|name| pair[1].is(name) || pair[1].text() == Some(name))
                });
                if names || says("soname") || kind == "ASSEMBLY" {
                    self.say(SqlDeed::RunsProgram);
                }
            }
            "EVENT" => {
                if let Some(at) = tokens.iter().position(|token| token.is("do")).filter(|at| at + 1 < tokens.len()) {
                    let name = word(at + 1);
                    self.verb(&name, &tokens[at + 1..], deep + 1);
                }
            }
            "TABLE" | "DATABASE" | "SCHEMA" if word(1) == "OR" => self.say(SqlDeed::Drops { what: kind.clone() }),
            _ => {}
        }
        self.say(SqlDeed::CreatesThings);
    }

    fn set(&mut self, name: &str, tokens: &[Token<'_>]) {
        let second = tokens.get(1).map(Token::upper).unwrap_or_default();
        match second.as_str() {
            "ROLE" | "PASSWORD" | "AUTHORIZATION" => self.say(SqlDeed::Roles),
            "GLOBAL" | "PERSIST" | "PERSIST_ONLY" => self.say(SqlDeed::Server),
            "MASTER" | "SLAVE" | "REPLICA" | "BINARY" if name == "RESET" => self.say(SqlDeed::Server),
            "SESSION" if tokens.iter().any(|token| token.is("authorization")) => self.say(SqlDeed::Roles),
            _ if tokens.iter().take(4).any(
                |token| matches!(token.kind, Kind::Word(word) if word.to_ascii_lowercase().starts_with("@@global")),
            ) =>
            {
                self.say(SqlDeed::Server);
            }
            _ => {}
        }
    }

    /// Patterns of a graph database.
    fn graph(&mut self, tokens: &[Token<'_>]) {
        let says = |word: &str| tokens.iter().any(|token| token.depth == tokens[0].depth && token.is(word));
        let narrowed = bounded(tokens) || tokens.iter().any(|token| token.sign('{'));
        if says("delete") {
            self.say(SqlDeed::DeletesRows { bounded: narrowed });
        }
        if says("set") || says("remove") {
            self.say(SqlDeed::Updates { bounded: narrowed });
        }
        if says("create") || says("merge") {
            self.say(SqlDeed::Inserts);
        }
        if !says("delete") && !says("set") && !says("remove") {
            self.say(SqlDeed::Reads);
        }
    }

    fn select(&mut self, tokens: &[Token<'_>]) {
        self.say(SqlDeed::Reads);
        let last_from = tokens.iter().rposition(|token| token.is("from"));
        for (at, token) in tokens.iter().enumerate() {
            let next = tokens.get(at + 1);
            if token.is("into") {
                let file = next.is_some_and(|next| next.is("outfile") || next.is("dumpfile"));
                if file {
                    let path = tokens.get(at + 2).and_then(Token::text).unwrap_or_default().to_owned();
                    self.say(SqlDeed::WritesFile { path });
                } else if last_from.is_some_and(|from| from > at) && token.depth == tokens[0].depth {
                    self.say(SqlDeed::CreatesThings);
                }
            } else if token.is("from")
                && token.depth == tokens[0].depth
                && let Some(Kind::Text(path)) = next.map(|next| &next.kind)
            {
                self.say(SqlDeed::ReadsFile { path: path.to_string() });
            }
        }
    }
}

/// `BEGIN` that opens a transaction, not a body.
fn ends_transaction(next: &Token<'_>) -> bool {
    ["transaction", "work", "deferred", "immediate", "exclusive", "tran", "isolation", "read"]
        .iter()
        .any(|word| next.is(word))
}

fn describe(token: &Token<'_>) -> String {
    match &token.kind {
        Kind::Sign(sign) => sign.to_string(),
        Kind::Number(number) => (*number).to_owned(),
        _ => "quoted".into(),
    }
}
