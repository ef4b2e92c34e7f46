//! The patch format that several runtimes share: `*** Begin Patch`, then for each file `*** Add File:`,
//! `*** Update File:` (with hunks and perhaps `*** Move to:`), `*** Delete File:` or `*** Move File: a -> b`.
//!
//! The runtimes' own readers differ in what they forgive. Reading here is as forgiving as all of them
//! together about which files are touched, and gives up where one reader could take for a header what
//! another takes for content: a patch that cannot be read is unknown, never harmless.

use clawbutler_core::action::{Change, Edit, FilePatch, PatchOp};
use clawbutler_core::limits::{HOOK_INPUT_BYTES, PATCH_FILES, PATCH_HUNKS};

use crate::input::absolute;

/// What a line that starts with `***` says.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Header<'a> {
    Begin,
    End,
    Add(&'a str),
    Update(&'a str),
    Delete(&'a str),
    MoveTo(&'a str),
    MoveFile(&'a str, &'a str),
    EndOfFile,
    Environment,
}

/// The file that lines belong to.
#[derive(Debug)]
struct Open {
    path: String,
    to: Option<String>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Add { lines: Vec<String> },
    Update { edits: Vec<Edit>, hunk: Option<Hunk> },
}

#[derive(Debug, Default)]
struct Hunk {
    old: Vec<String>,
    new: Vec<String>,
    /// Empty lines that count only when more of the hunk follows.
    empty: usize,
}

impl Hunk {
    fn take(&mut self, sign: char, text: &str, empty: bool) {
        if empty {
            self.empty += 1;
            return;
        }
        for _ in 0..std::mem::take(&mut self.empty) {
            self.old.push(String::new());
            self.new.push(String::new());
        }
        if sign != '+' {
            self.old.push(text.to_owned());
        }
        if sign != '-' {
            self.new.push(text.to_owned());
        }
    }

    fn edit(self) -> Option<Edit> {
        let changes = self.old != self.new;
        changes.then(|| Edit { old: self.old.join("\n"), new: self.new.join("\n"), all: false })
    }
}

/// Reads a patch; paths become absolute against `cwd`. `None` when it cannot be read for certain, touches
/// no file, or is over a bound ([`PATCH_FILES`], [`PATCH_HUNKS`]).
pub(crate) fn parse(text: &str, cwd: &str) -> Option<Vec<FilePatch>> {
    if text.len() > HOOK_INPUT_BYTES || text.contains('\0') {
        return None;
    }
    let mut reader = Reader { cwd, files: Vec::new(), open: None, hunks: 0 };
    let mut lines = unwrapped(text)?.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).peekable();
    while lines.next_if(|line| line.trim().is_empty()).is_some() {}
    let begun = lines.next_if(|line| header(line) == Some(Header::Begin)).is_some();
    if begun {
        lines.next_if(|line| header(line) == Some(Header::Environment));
    }
    while let Some(line) = lines.next() {
        match header(line) {
            Some(Header::End) => {
                if lines.any(|line| !line.trim().is_empty()) {
                    return None;
                }
            }
            Some(header) => reader.header(&header)?,
            None => reader.content(line)?,
        }
    }
    reader.finish()
}

/// Without the here-document that some models put around it.
fn unwrapped(text: &str) -> Option<&str> {
    let text = text.trim();
    if !text.starts_with("<<") {
        return Some(text);
    }
    heredoc(text)
}

/// The text of a here-document that is all there is: `<<'EOF'`, its lines, `EOF`. `None` where the shell
/// would change the text.
pub(crate) fn heredoc(text: &str) -> Option<&str> {
    let (first, rest) = text.trim().strip_prefix("<<")?.split_once('\n')?;
    let mark = first.trim();
    let bare = mark
        .strip_prefix('\'')
        .and_then(|mark| mark.strip_suffix('\''))
        .or_else(|| mark.strip_prefix('"').and_then(|mark| mark.strip_suffix('"')));
    let (word, literal) = bare.map_or((mark, false), |word| (word, true));
    if word.is_empty() || !word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let (body, last) = rest.rsplit_once('\n')?;
    let ends_early = body.split('\n').any(|line| line == word);
    let changed = !literal && body.contains(['$', '`', '\\']);
    (last == word && !ends_early && !changed).then_some(body)
}

struct Reader<'a> {
    cwd: &'a str,
    files: Vec<FilePatch>,
    open: Option<Open>,
    hunks: usize,
}

impl Reader<'_> {
    fn header(&mut self, header: &Header<'_>) -> Option<()> {
        match header {
            Header::Add(path) => self.start(path, Kind::Add { lines: Vec::new() }),
            Header::Update(path) => self.start(path, Kind::Update { edits: Vec::new(), hunk: None }),
            Header::Delete(path) => self.whole(path, PatchOp::Delete),
            Header::MoveFile(from, to) => {
                let to = self.path(to)?;
                self.whole(from, PatchOp::Move { to })
            }
            Header::MoveTo(path) => {
                let path = self.path(path)?;
                match self.open.as_mut()? {
                    Open { to: to @ None, kind: Kind::Update { edits, hunk: None }, .. } if edits.is_empty() => {
                        *to = Some(path);
                        Some(())
                    }
                    Open { .. } => None,
                }
            }
            Header::EndOfFile => match self.open.as_ref()?.kind {
                Kind::Update { .. } => Some(()),
                Kind::Add { .. } => None,
            },
            Header::Begin | Header::End | Header::Environment => None,
        }
    }

    fn content(&mut self, line: &str) -> Option<()> {
        let blank = line.trim().is_empty();
        let (sign, rest) = match line.chars().next() {
            Some(sign @ ('+' | '-' | ' ')) => (sign, &line[1..]),
            _ => (' ', line),
        };
        // Some readers look for the frame anywhere in a line, and some for any header behind blanks.
        if names_the_frame(line) || (sign == ' ' && looks_like_header(rest)) {
            return None;
        }
        let Some(open) = self.open.as_mut() else { return blank.then_some(()) };
        match &mut open.kind {
            Kind::Add { lines } => match sign {
                '+' => lines.push(rest.to_owned()),
                _ if blank => {}
                _ => return None,
            },
            Kind::Update { edits, hunk } => {
                let marker = line.starts_with("@@");
                if marker || hunk.is_none() {
                    edits.extend(hunk.take().and_then(Hunk::edit));
                    self.hunks += 1;
                    *hunk = Some(Hunk::default());
                }
                if self.hunks > PATCH_HUNKS {
                    return None;
                }
                if !marker && !line.starts_with('\\') {
                    hunk.as_mut()?.take(sign, rest, line.is_empty());
                }
            }
        }
        Some(())
    }

    fn path(&self, path: &str) -> Option<String> {
        (!path.is_empty()).then(|| absolute(self.cwd, path))
    }

    fn start(&mut self, path: &str, kind: Kind) -> Option<()> {
        self.close()?;
        let path = self.path(path)?;
        self.open = Some(Open { path, to: None, kind });
        Some(())
    }

    fn whole(&mut self, path: &str, op: PatchOp) -> Option<()> {
        self.close()?;
        let path = self.path(path)?;
        self.push(FilePatch { path, op, change: Change::Edits { edits: Vec::new() } })
    }

    fn close(&mut self) -> Option<()> {
        let Some(Open { path, to, kind }) = self.open.take() else { return Some(()) };
        let (op, change) = match kind {
            Kind::Add { lines } => {
                let text = lines.iter().map(|line| format!("{line}\n")).collect();
                (PatchOp::Add, Change::Content { text })
            }
            Kind::Update { mut edits, hunk } => {
                edits.extend(hunk.and_then(Hunk::edit));
                (to.map_or(PatchOp::Update, |to| PatchOp::Move { to }), Change::Edits { edits })
            }
        };
        self.push(FilePatch { path, op, change })
    }

    fn push(&mut self, file: FilePatch) -> Option<()> {
        self.files.push(file);
        (self.files.len() <= PATCH_FILES).then_some(())
    }

    fn finish(mut self) -> Option<Vec<FilePatch>> {
        self.close()?;
        (!self.files.is_empty()).then_some(self.files)
    }
}

/// Reads a header line, blanks forgiven where every reader forgives them or refuses the whole patch.
fn header(line: &str) -> Option<Header<'_>> {
    let rest = line.strip_prefix("***")?.trim();
    let (word, after) = rest.split_once(|c: char| c.is_whitespace() || c == ':').unwrap_or((rest, ""));
    let named = |kind: &str| after.trim_start().strip_prefix(kind)?.trim_start().strip_prefix(':').map(str::trim);
    match word {
        "Begin" if after.trim() == "Patch" => Some(Header::Begin),
        "End" if after.trim() == "Patch" => Some(Header::End),
        "End" if after.trim() == "of File" => Some(Header::EndOfFile),
        "Add" => named("File").map(Header::Add),
        "Update" => named("File").map(Header::Update),
        "Delete" => named("File").map(Header::Delete),
        "Move" => named("to").map(Header::MoveTo).or_else(|| {
            let (from, to) = named("File")?.split_once("->")?;
            Some(Header::MoveFile(from.trim(), to.trim()))
        }),
        "Environment" => Some(Header::Environment),
        _ => None,
    }
}

/// Whether some reader could take this for a header.
fn looks_like_header(text: &str) -> bool {
    let Some(rest) = text.trim_start().strip_prefix("***") else { return false };
    let rest = rest.trim_start();
    ["Begin", "End", "Add", "Update", "Delete", "Move", "Environment"].iter().any(|word| rest.starts_with(word))
}

fn names_the_frame(text: &str) -> bool {
    ["*** Begin Patch", "***Begin Patch", "*** End Patch", "***End Patch"].iter().any(|frame| text.contains(frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(old: &str, new: &str) -> Edit {
        Edit { old: old.to_owned(), new: new.to_owned(), all: false }
    }

    fn file(path: &str, op: PatchOp, edits: Vec<Edit>) -> FilePatch {
        FilePatch { path: path.to_owned(), op, change: Change::Edits { edits } }
    }

    #[test]
    fn every_kind_of_change_is_read() {
        let text = "*** Begin Patch\n*** Add File: a.txt\n+x\n+\n+y\n*** Update File: src/b.rs\n*** Move to: ../c.rs\n\
                    @@ fn main\n one\n-two\n+2\n\n three\n@@\n+last\n*** End of File\n\n*** Delete File: /etc/d\n\
                    *** Move File: e -> f\n*** End Patch\n";
        let added = FilePatch {
            path: "/p/a.txt".to_owned(),
            op: PatchOp::Add,
            change: Change::Content { text: "x\n\ny\n".to_owned() },
        };
        let moved = vec![edit("one\ntwo\n\nthree", "one\n2\n\nthree"), edit("", "last")];
        let expected = vec![
            added,
            file("/p/src/b.rs", PatchOp::Move { to: "/c.rs".to_owned() }, moved),
            file("/etc/d", PatchOp::Delete, Vec::new()),
            file("/p/e", PatchOp::Move { to: "/p/f".to_owned() }, Vec::new()),
        ];
        assert_eq!(parse(text, "/p"), Some(expected.clone()));
        assert_eq!(parse(&text.replace('\n', "\r\n"), "/p").map(|files| files.len()), Some(4));
        assert_eq!(parse(&format!("<<'EOF'\n{text}EOF\n"), "/p"), Some(expected));
    }

    #[test]
    fn what_two_readers_would_read_differently_is_not_read() {
        for text in [
            "",
            "*** Begin Patch\n*** End Patch",
            "hello\n*** Begin Patch\n*** Delete File: a\n*** End Patch",
            "*** Begin Patch\n*** Delete File: a\n*** End Patch\nrm -rf /",
            "*** Begin Patch\n*** Delete File: \n*** End Patch",
            "*** Begin Patch\n*** Delete File: a\n*** Begin Patch\n*** Delete File: b\n*** End Patch",
            "*** Begin Patch\n*** Update File: a\n ctx\n *** Delete File: b\n-x\n*** End Patch",
            "*** Begin Patch\n*** Add File: a\n+x\n  *** Delete File: b\n*** End Patch",
            "*** Begin Patch\n*** Add File: a\n+*** End Patch\n*** Delete File: b\n*** End Patch",
            "*** Begin Patch\n*** Add File: a\nnot an added line\n*** End Patch",
            "*** Begin Patch\n*** Rename File: a\n*** End Patch",
            "*** Begin Patch\n*** Add File: a\n*** Move to: b\n*** End Patch",
            "*** Begin Patch\n*** Delete File: a\n+x\n*** End Patch",
            "<<EOF\n*** Begin Patch\n*** Add File: a\n+$(id)\n*** End Patch\nEOF",
        ] {
            assert_eq!(parse(text, "/p"), None, "{text}");
        }
        let many = format!("*** Begin Patch\n{}*** End Patch", "*** Delete File: a\n".repeat(PATCH_FILES + 1));
        assert_eq!(parse(&many, "/p"), None);
    }

    #[test]
    fn only_a_whole_literal_here_document_is_taken_as_text() {
        for (text, expected) in [
            ("<<'EOF'\na $b\nEOF", Some("a $b")),
            ("<<\"X\"\na\nX\n", Some("a")),
            ("<<EOF\na\nEOF", Some("a")),
            ("<<EOF\na $b\nEOF", None),
            ("<<'EOF'\na\nEOF\nrm x", None),
            ("<<'EOF'\na\nEOF\nb\nEOF", None),
            ("<<'EOF' && rm x\na\nEOF", None),
            ("<<-EOF\na\nEOF", None),
            ("cat", None),
        ] {
            assert_eq!(heredoc(text), expected, "{text}");
        }
    }
}
