//! Statements that move data in and out, run texts, or speak to the client.

use super::lex::{Kind, Token};
use super::{Look, SqlDeed};

impl Look {
    pub(super) fn copy(&mut self, tokens: &[Token<'_>]) {
        let base = tokens[0].depth;
        let direction = tokens.iter().position(|token| token.depth == base && (token.is("from") || token.is("to")));
        let Some(at) = direction else { return self.say(SqlDeed::Unknown("COPY".into())) };
        let target = tokens.get(at + 1);
        let path = target.and_then(Token::text).unwrap_or_default().to_owned();
        let standard = target.is_some_and(|token| token.is("stdin") || token.is("stdout"));
        if target.is_some_and(|token| token.is("program")) {
            self.say(SqlDeed::RunsProgram);
        } else if tokens[at].is("from") {
            self.say(SqlDeed::Inserts);
            if !standard {
                self.say(SqlDeed::ReadsFile { path });
            }
        } else if standard {
            self.say(SqlDeed::Reads);
        } else {
            self.say(SqlDeed::WritesFile { path });
        }
    }

    pub(super) fn loads(&mut self, name: &str, tokens: &[Token<'_>]) {
        let path = tokens.iter().find_map(Token::text).unwrap_or_default().to_owned();
        let infile = tokens
            .iter()
            .any(|token| ["infile", "data", "csv", "xml", "bulk", "foreign"].iter().any(|word| token.is(word)));
        match name {
            "LOAD" if infile => {
                self.say(SqlDeed::Inserts);
                self.say(SqlDeed::ReadsFile { path });
            }
            "LOAD" | "INSTALL" => self.say(SqlDeed::RunsProgram),
            "BULK" => {
                self.say(SqlDeed::Inserts);
                self.say(SqlDeed::ReadsFile { path });
            }
            "IMPORT" if tokens.get(1).is_some_and(|token| token.is("foreign")) => self.say(SqlDeed::CreatesThings),
            "IMPORT" => self.say(SqlDeed::ReadsFile { path }),
            "ATTACH" => self.say(SqlDeed::ReadsFile { path }),
            "RESTORE" => self.say(SqlDeed::Drops { what: "DATABASE".into() }),
            _ => self.say(SqlDeed::WritesFile { path }),
        }
    }

    pub(super) fn executes(&mut self, name: &str, tokens: &[Token<'_>], deep: usize) {
        let second = tokens.get(1);
        let upper = second.map(Token::upper).unwrap_or_default();
        match (name, upper.as_str()) {
            ("PREPARE", _) => {
                if let Some(at) = tokens.iter().position(|token| token.is("as")).filter(|at| at + 1 < tokens.len()) {
                    self.prepared.push(upper);
                    let inner = tokens[at + 1].upper();
                    return self.verb(&inner, &tokens[at + 1..], deep + 1);
                }
                match tokens.iter().find_map(|token| if let Kind::Text(text) = &token.kind { Some(text) } else { None })
                {
                    Some(text) => {
                        self.prepared.push(upper);
                        self.text(&text.clone(), deep + 1);
                    }
                    None => self.say(SqlDeed::Dynamic),
                }
            }
            ("DO", _) => {
                let texts: Vec<_> = tokens.iter().filter_map(Token::text).collect();
                let language = tokens.iter().any(|token| {
                    matches!(token.kind, Kind::Word(word) if word.len() > 4 && word.to_ascii_lowercase().starts_with("pl")
                        && !word.eq_ignore_ascii_case("plpgsql"))
                });
                if language {
                    self.say(SqlDeed::RunsProgram);
                } else if let Some(body) = texts.first() {
                    self.text(body, deep + 1);
                } else {
                    self.calls(tokens, deep);
                }
            }
            ("EXECUTE", _) if self.prepared.contains(&upper) => {}
            ("EXECUTE", "FUNCTION" | "PROCEDURE") => {}
            ("EXECUTE", _) => self.texts(tokens, 1, deep),
            ("EXEC", _) if second.is_some_and(|token| token.sign('(')) => self.texts(tokens, 1, deep),
            (
                "EXEC",
                "SP_HELP" | "SP_WHO" | "SP_COLUMNS" | "SP_TABLES" | "SP_HELPTEXT" | "SP_WHO2" | "SP_SPACEUSED",
            ) => {
                self.say(SqlDeed::Reads);
            }
            ("CALL", "DB") => self.say(SqlDeed::Reads),
            ("CALL", "APOC") => {
                self.texts(tokens, 1, deep);
            }
            _ => {
                let before = self.deeds.len();
                self.calls(tokens, deep);
                if self.deeds.len() == before {
                    self.say(SqlDeed::Unknown(name.into()));
                }
            }
        }
    }

    /// A word of the `mysql` or `sqlplus` client that takes the rest of its line.
    pub(super) fn client_word(&mut self, text: &str, name: &str, tokens: &[Token<'_>]) -> bool {
        if name == "SYSTEM"
            && tokens.get(1).is_some_and(|token| {
                ["shutdown", "kill", "drop", "flush", "reload", "stop", "start", "restart", "sync"]
                    .iter()
                    .any(|word| token.is(word))
            })
        {
            return false;
        }
        let line = text[tokens[0].at..].lines().next().unwrap_or_default();
        let rest = line[name.len()..].trim().trim_end_matches(';').trim_matches(['\'', '"']).to_owned();
        match name {
            "SYSTEM" | "HOST" | "PAGER" => self.say(SqlDeed::RunsProgram),
            "SOURCE" => self.say(SqlDeed::ReadsFile { path: rest }),
            _ => self.say(SqlDeed::WritesFile { path: rest }),
        }
        true
    }
}
