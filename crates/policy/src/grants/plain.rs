//! Shell text in its plain form: lists of simple commands whose every word is known as written.
//!
//! Only such text can be granted as anything but the exact call. Whatever is not plain (expansions,
//! substitutions, compound commands, here-documents, functions) has no form that a later command could
//! safely be compared with.

use std::panic::{AssertUnwindSafe, catch_unwind};

use brush_parser::ast::{
    AndOr, AssignmentName, AssignmentValue, Command, CommandPrefixOrSuffixItem, CompoundList, IoFileRedirectKind,
    IoFileRedirectTarget, IoRedirect, Pipeline, SeparatorOperator, SimpleCommand, Word,
};
use brush_parser::word::{self, TildeExpr, WordPiece, WordPieceWithSource};
use brush_parser::{Parser, ParserOptions};
use clawbutler_core::limits::{GRANT_PATTERNS, GRANT_TEXT_BYTES, GRANT_WORDS};

use crate::{paths, shell};

/// A word as written, quotes taken off. A leading `~` is always the home folder's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lit {
    pub(super) text: String,
    /// A pattern outside quotes: file names take its place.
    pub(super) glob: bool,
}

/// How a command follows the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Then,
    Pipe,
    /// `||` or `&`: what the one before has to do with it cannot be said simply.
    Loose,
}

/// One simple command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) program: String,
    pub(super) args: Vec<Lit>,
    /// `NAME=value` set for it alone.
    pub(super) env: Vec<String>,
    /// Redirections of its output to files: operator and absolute path.
    pub(super) writes: Vec<String>,
    /// Its input is redirected from a file.
    pub(super) reads: bool,
    /// The folder it runs in; `None` when that depends on how earlier commands end.
    pub(super) folder: Option<String>,
    pub(super) join: Join,
    /// Fed by another command.
    pub(super) fed: bool,
}

/// Takes a text apart; `None` when it is not plain or larger than a grant may describe.
pub(super) fn parse(text: &str, cwd: &str) -> Option<Vec<Simple>> {
    if text.len() > GRANT_TEXT_BYTES || shell::refuse(text, 0).is_some() {
        return None;
    }
    let parse = || {
        let program = Parser::new(text.as_bytes(), &ParserOptions::default()).parse_program().ok()?;
        let mut reading = Reading { folder: Some(cwd.to_owned()), moved: false, loose: false, found: Vec::new() };
        for list in &program.complete_commands {
            reading.list(list)?;
        }
        Some(reading.found)
    };
    // The parser is a library: whatever an agent writes must not take the engine down with it.
    catch_unwind(AssertUnwindSafe(parse)).ok().flatten().filter(|found| !found.is_empty())
}

struct Reading {
    folder: Option<String>,
    /// A `cd` in the present chain went elsewhere: what follows runs there only because of `&&`.
    moved: bool,
    /// The chain before goes on in the background.
    loose: bool,
    found: Vec<Simple>,
}

impl Reading {
    fn list(&mut self, list: &CompoundList) -> Option<()> {
        for item in &list.0 {
            if std::mem::take(&mut self.moved) {
                self.folder = None;
            }
            let join = if std::mem::take(&mut self.loose) { Join::Loose } else { Join::Then };
            self.pipeline(&item.0.first, join)?;
            for more in &item.0.additional {
                match more {
                    AndOr::And(pipeline) => self.pipeline(pipeline, Join::And)?,
                    AndOr::Or(pipeline) => {
                        if self.moved {
                            self.folder = None;
                        }
                        self.pipeline(pipeline, Join::Loose)?;
                        // After `||` a `cd` may or may not have happened.
                        if self.moved {
                            self.folder = None;
                        }
                    }
                }
            }
            self.loose = matches!(item.1, SeparatorOperator::Async);
        }
        Some(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline, join: Join) -> Option<()> {
        if pipeline.bang || pipeline.timed.is_some() {
            return None;
        }
        for (at, command) in pipeline.seq.iter().enumerate() {
            let Command::Simple(simple) = command else { return None };
            let join = if at > 0 { Join::Pipe } else { join };
            let one = self.simple(simple, join, at > 0)?;
            self.follow(&one, pipeline.seq.len() == 1 && join != Join::Loose);
            self.found.push(one);
            if self.found.len() > GRANT_PATTERNS * 2 {
                return None;
            }
        }
        Some(())
    }

    /// Where a command leaves the shell.
    fn follow(&mut self, one: &Simple, certain: bool) {
        match one.program.as_str() {
            "cd" => {
                let target = match one.args.as_slice() {
                    [target] if !target.glob && !target.text.starts_with(['-', '~']) && !target.text.is_empty() => {
                        self.folder.as_deref().map(|folder| paths::absolute(&target.text, folder, ""))
                    }
                    _ => None,
                };
                if target == self.folder && target.is_some() {
                    return;
                }
                self.folder = target.filter(|_| certain && one.env.is_empty());
                self.moved = true;
            }
            // Whatever these start or set can leave the shell anywhere.
            "pushd" | "popd" | "source" | "." | "eval" | "exec" | "command" | "builtin" => self.folder = None,
            _ => {}
        }
    }

    fn simple(&self, simple: &SimpleCommand, join: Join, fed: bool) -> Option<Simple> {
        let name = literal(simple.word_or_name.as_ref()?)?;
        let usable = !name.glob && !name.text.is_empty() && !name.text.starts_with(['~', '-', '=']);
        if !usable {
            return None;
        }
        let mut one = Simple {
            program: name.text,
            args: Vec::new(),
            env: Vec::new(),
            writes: Vec::new(),
            reads: false,
            folder: self.folder.clone(),
            join,
            fed,
        };
        for item in simple.prefix.iter().flat_map(|prefix| &prefix.0) {
            match item {
                CommandPrefixOrSuffixItem::AssignmentWord(assignment, _) => {
                    let (AssignmentName::VariableName(name), AssignmentValue::Scalar(value), false) =
                        (&assignment.name, &assignment.value, assignment.append)
                    else {
                        return None;
                    };
                    let value = literal(value)?;
                    if value.text.contains('~') {
                        return None;
                    }
                    one.env.push(format!("{name}={}", value.text));
                }
                CommandPrefixOrSuffixItem::IoRedirect(redirect) => self.redirect(redirect, &mut one)?,
                CommandPrefixOrSuffixItem::Word(_) | CommandPrefixOrSuffixItem::ProcessSubstitution(..) => return None,
            }
        }
        for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
            match item {
                CommandPrefixOrSuffixItem::Word(word) | CommandPrefixOrSuffixItem::AssignmentWord(_, word) => {
                    one.args.push(literal(word)?);
                }
                CommandPrefixOrSuffixItem::IoRedirect(redirect) => self.redirect(redirect, &mut one)?,
                CommandPrefixOrSuffixItem::ProcessSubstitution(..) => return None,
            }
        }
        (one.args.len() <= GRANT_WORDS).then_some(one)
    }

    fn redirect(&self, redirect: &IoRedirect, one: &mut Simple) -> Option<()> {
        match redirect {
            IoRedirect::HereDocument(..) | IoRedirect::HereString(..) => None,
            IoRedirect::OutputAndError(word, append) => {
                self.written(if *append { "&>>" } else { "&>" }, &literal(word)?, one)
            }
            IoRedirect::File(from, kind, target) => {
                let sign = match kind {
                    IoFileRedirectKind::Read | IoFileRedirectKind::DuplicateInput => "<",
                    IoFileRedirectKind::Write | IoFileRedirectKind::DuplicateOutput => ">",
                    IoFileRedirectKind::Append => ">>",
                    IoFileRedirectKind::Clobber => ">|",
                    IoFileRedirectKind::ReadAndWrite => return None,
                };
                let sign = format!("{}{sign}", from.map(|number| number.to_string()).unwrap_or_default());
                match target {
                    IoFileRedirectTarget::ProcessSubstitution(..) => None,
                    IoFileRedirectTarget::Fd(_) => Some(()),
                    IoFileRedirectTarget::Duplicate(word) => {
                        let word = literal(word)?;
                        let descriptor = word.text.chars().all(|c| c.is_ascii_digit() || c == '-');
                        if descriptor { Some(()) } else { self.written(&sign, &word, one) }
                    }
                    IoFileRedirectTarget::Filename(word) if sign.ends_with('<') => {
                        one.reads = true;
                        literal(word).map(drop)
                    }
                    IoFileRedirectTarget::Filename(word) => self.written(&sign, &literal(word)?, one),
                }
            }
        }
    }

    fn written(&self, sign: &str, target: &Lit, one: &mut Simple) -> Option<()> {
        if target.glob || target.text.is_empty() {
            return None;
        }
        if matches!(target.text.as_str(), "/dev/null" | "/dev/stdout" | "/dev/stderr") {
            return Some(());
        }
        let path = if target.text.starts_with(['~', '/']) {
            target.text.clone()
        } else {
            paths::absolute(&target.text, self.folder.as_deref()?, "")
        };
        one.writes.push(format!("{sign} {path}"));
        Some(())
    }
}

/// A word whose text is known; `None` for anything that the shell would fill in.
fn literal(raw: &Word) -> Option<Lit> {
    let raw = raw.value.as_str();
    let pieces = word::parse(raw, &ParserOptions::default()).ok()?;
    // `{a,b}` and `{1..3}` make several words; `a=~` a home folder in some shells.
    let braces = raw.contains('{') && (raw.contains(',') || raw.contains(".."));
    if raw.contains('\0') || raw.contains("=~") || raw.contains(":~") || braces && !wholly_quoted(&pieces) {
        return None;
    }
    let mut lit = Lit { text: String::new(), glob: false };
    let tilde = matches!(pieces.first().map(|first| &first.piece), Some(WordPiece::TildeExpansion(TildeExpr::Home)));
    read(&pieces, false, &mut lit)?;
    // A quoted `~` is a file of that name.
    (tilde || !lit.text.starts_with('~')).then_some(lit)
}

fn wholly_quoted(pieces: &[WordPieceWithSource]) -> bool {
    pieces.iter().all(|one| matches!(one.piece, WordPiece::SingleQuotedText(_) | WordPiece::DoubleQuotedSequence(_)))
}

fn read(pieces: &[WordPieceWithSource], quoted: bool, lit: &mut Lit) -> Option<()> {
    for one in pieces {
        match &one.piece {
            WordPiece::Text(text) => {
                lit.glob |= !quoted && text.contains(['*', '?', '[']);
                lit.text.push_str(text);
            }
            WordPiece::SingleQuotedText(text) => lit.text.push_str(text),
            WordPiece::DoubleQuotedSequence(inner) if !quoted => read(inner, true, lit)?,
            WordPiece::EscapeSequence(text) => {
                let rest = text.strip_prefix('\\').unwrap_or(text);
                if quoted && !rest.starts_with(['"', '\\', '$', '`', '\n']) {
                    lit.text.push('\\');
                }
                if rest != "\n" {
                    lit.text.push_str(rest);
                }
            }
            WordPiece::TildeExpansion(TildeExpr::Home) if lit.text.is_empty() => lit.text.push('~'),
            WordPiece::TildeExpansion(_)
            | WordPiece::AnsiCQuotedText(_)
            | WordPiece::DoubleQuotedSequence(_)
            | WordPiece::GettextDoubleQuotedSequence(_)
            | WordPiece::ParameterExpansion(_)
            | WordPiece::CommandSubstitution(_)
            | WordPiece::BackquotedCommandSubstitution(_)
            | WordPiece::ArithmeticExpression(_) => return None,
        }
    }
    Some(())
}
