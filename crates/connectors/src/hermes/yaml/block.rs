//! Mappings and lists by indentation.

use super::flow::Cursor;
use super::{DEPTH, Entry, Kind, Node, NotUnderstood, plain};

/// One line of the document.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// Where its content begins; a list's dash moves it on.
    start: usize,
    /// Where it ends, without the line's end and trailing blanks.
    end: usize,
    /// Columns before its content.
    indent: usize,
}

struct Parser<'a> {
    text: &'a str,
    lines: Vec<Line>,
    /// The next line.
    next: usize,
}

type Read<T> = Result<T, (usize, &'static str)>;

/// See [`super::parse`].
pub(super) fn parse(text: &str) -> Result<Node, NotUnderstood> {
    let body = text.strip_prefix('\u{feff}').map_or(0, |_| '\u{feff}'.len_utf8());
    let mut parser = Parser { text, lines: lines(text, body), next: 0 };
    parser.document().map_err(|(at, what)| {
        let line = text[..text.floor_char_boundary(at)].matches('\n').count() + 1;
        NotUnderstood { line, what }
    })
}

fn lines(text: &str, body: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut from = body;
    for line in text[body..].split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r', ' ', '\t']);
        let indent = content.len() - content.trim_start_matches(' ').len();
        lines.push(Line { start: from + indent, end: from + content.len(), indent });
        from += line.len();
    }
    lines
}

impl<'a> Parser<'a> {
    fn content(&self, line: Line) -> &'a str {
        &self.text[line.start..line.end]
    }

    /// The next line that is neither blank nor a comment.
    fn peek(&mut self) -> Option<Line> {
        while let Some(line) = self.lines.get(self.next).copied() {
            let content = self.content(line);
            if !content.is_empty() && !content.starts_with('#') {
                return Some(line);
            }
            self.next += 1;
        }
        None
    }

    fn document(&mut self) -> Read<Node> {
        if let Some(line) = self.peek()
            && line.indent == 0
            && self.content(line) == "---"
        {
            self.next += 1;
        }
        let Some(line) = self.peek() else { return Ok(Node::null(self.text.len())) };
        let node = self.node(line.indent, 0)?;
        match self.peek() {
            Some(line) => Err((line.start, "an indentation that does not fit")),
            None => Ok(node),
        }
    }

    /// A list or mapping whose lines stand at this column.
    fn node(&mut self, indent: usize, depth: usize) -> Read<Node> {
        let Some(line) = self.peek() else { return Ok(Node::null(self.text.len())) };
        if depth > DEPTH {
            return Err((line.start, "a nesting that is too deep"));
        }
        if is_item(self.content(line)) { self.list(indent, depth) } else { self.map(indent, depth) }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Read<Node> {
        let mut items = Vec::new();
        let (mut from, mut to) = (None, 0);
        while let Some(line) = self.peek().filter(|line| line.indent == indent) {
            let content = self.content(line);
            if !is_item(content) {
                break;
            }
            let rest = content[1..].trim_start_matches(' ');
            let item = if rest.is_empty() || rest.starts_with('#') {
                self.next += 1;
                self.nested(indent, false, line.start + 1, depth)?
            } else {
                // The item's content is a line of its own, further in.
                let start = line.end - rest.len();
                let inner = Line { start, end: line.end, indent: indent + (start - line.start) };
                if is_item(rest) || key_of(rest).is_some() {
                    self.lines[self.next] = inner;
                    self.node(inner.indent, depth + 1)?
                } else {
                    self.next += 1;
                    self.inline(start, line, indent, depth)?
                }
            };
            from.get_or_insert(line.start);
            to = item.span.end.max(line.start + 1);
            items.push(item);
        }
        Ok(Node { kind: Kind::List { items, flow: false }, span: from.unwrap_or(to)..to })
    }

    fn map(&mut self, indent: usize, depth: usize) -> Read<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut to = 0;
        while let Some(line) = self.peek().filter(|line| line.indent == indent) {
            let content = self.content(line);
            if is_item(content) {
                break;
            }
            let Some((key, after)) = key_of(content) else {
                return Err((line.start, "something that is neither a key with a value nor a list"));
            };
            if entries.iter().any(|entry| entry.key == key) {
                return Err((line.start, "a key that is there twice"));
            }
            self.next += 1;
            let rest = content[after..].trim_start_matches([' ', '\t']);
            let start = line.end - rest.len();
            let value = if rest.is_empty() || rest.starts_with('#') {
                self.nested(indent, true, line.start + after, depth)?
            } else {
                self.inline(start, line, indent, depth)?
            };
            to = value.span.end.max(line.start + after);
            entries.push(Entry { key, at: line.start, indent, value });
        }
        let from = entries.first().map_or(0, |entry| entry.at);
        Ok(Node { kind: Kind::Map { entries, flow: false }, span: from..to })
    }

    /// What stands below a key or a dash with nothing behind it. A key's list may stand at the key's column.
    fn nested(&mut self, indent: usize, of_key: bool, at: usize, depth: usize) -> Read<Node> {
        match self.peek() {
            Some(line) if line.indent > indent => self.node(line.indent, depth + 1),
            Some(line) if of_key && line.indent == indent && is_item(self.content(line)) => {
                self.list(indent, depth + 1)
            }
            _ => Ok(Node::null(at)),
        }
    }

    /// A value on the line of its key or dash.
    fn inline(&mut self, start: usize, line: Line, indent: usize, depth: usize) -> Read<Node> {
        let rest = &self.text[start..line.end];
        match rest.as_bytes()[0] {
            b'|' | b'>' => self.literal(start, line, indent),
            b'[' | b'{' | b'"' | b'\'' => {
                let mut cursor = Cursor::new(self.text, start);
                let node = cursor.value(depth + 1)?;
                let end = node.span.end;
                // Go on behind the line it ends on; nothing but a comment may follow there.
                let last = self.text[end..].split('\n').next().unwrap_or_default().trim_end();
                let tail = last.trim_start();
                let comment = tail.starts_with('#') && tail.len() < last.len();
                if !(tail.is_empty() || comment) {
                    return Err((end, "something behind a value"));
                }
                while self.lines.get(self.next).is_some_and(|line| line.start < end) {
                    self.next += 1;
                }
                Ok(node)
            }
            b'&' | b'*' | b'!' => Err((start, "an anchor or a tag")),
            b'%' | b'@' | b'`' | b',' | b']' | b'}' => Err((start, "something unexpected")),
            _ => self.bare(start, line, indent),
        }
    }

    /// A text by indentation, kept as it is.
    fn literal(&mut self, start: usize, line: Line, indent: usize) -> Read<Node> {
        let head = self.text[start..line.end].split_whitespace().next().unwrap_or_default();
        if !head[1..].chars().all(|c| matches!(c, '+' | '-')) {
            return Err((start, "a block of text with an indentation of its own"));
        }
        let mut end = line.end;
        let mut texts = Vec::new();
        while let Some(line) = self.lines.get(self.next).copied() {
            let content = self.content(line);
            if !content.is_empty() {
                if line.indent <= indent {
                    break;
                }
                end = line.end;
            }
            texts.push(content);
            self.next += 1;
        }
        Ok(Node { kind: Kind::Scalar { text: texts.join("\n").trim_end().to_owned(), plain: false }, span: start..end })
    }

    /// A text without quotes, which goes on over lines that stand further in.
    fn bare(&mut self, start: usize, line: Line, indent: usize) -> Read<Node> {
        let first = plain_part(&self.text[start..line.end]).ok_or((start, "a colon inside a text"))?;
        if is_item(first) || first.starts_with("? ") {
            return Err((start, "something unexpected"));
        }
        let commented = start + first.len() < line.end;
        let (mut end, mut text) = (start + first.len(), first.to_owned());
        loop {
            if commented {
                break;
            }
            let mut ahead = self.next;
            while self.lines.get(ahead).is_some_and(|line| self.content(*line).is_empty()) {
                ahead += 1;
            }
            let Some(line) = self.lines.get(ahead).copied().filter(|line| line.indent > indent) else { break };
            let content = self.content(line);
            if content.starts_with('#') {
                break;
            }
            let part = plain_part(content).ok_or((line.start, "a colon inside a text"))?;
            text.push(' ');
            text.push_str(part);
            end = line.start + part.len();
            self.next = ahead + 1;
            if part.len() < content.len() {
                break;
            }
        }
        Ok(Node { kind: plain(text), span: start..end })
    }
}

/// Whether a line is an item of a list.
fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// The key at a line's start and where its colon ends.
fn key_of(content: &str) -> Option<(String, usize)> {
    let first = content.bytes().next()?;
    if matches!(first, b'"' | b'\'') {
        let mut cursor = Cursor::new(content, 0);
        let Kind::Scalar { text, .. } = cursor.value(0).ok()?.kind else { return None };
        let after = &content[cursor.at..];
        let colon = after.trim_start_matches(' ').strip_prefix(':')?;
        return (colon.is_empty() || colon.starts_with([' ', '\t'])).then(|| (text, content.len() - colon.len()));
    }
    if b"[]{}&*!|>%@`,?#\t".contains(&first) {
        return None;
    }
    let mut from = 0;
    loop {
        let colon = from + content[from..].find(':')?;
        let after = &content[colon + 1..];
        if after.is_empty() || after.starts_with([' ', '\t']) {
            let key = content[..colon].trim_end();
            return (!key.is_empty() && !key.contains(" #")).then(|| (key.to_owned(), colon + 1));
        }
        from = colon + 1;
    }
}

/// A plain text up to its comment; `None` when it holds a colon that would make it a mapping.
fn plain_part(content: &str) -> Option<&str> {
    let end =
        content.match_indices('#').find(|(at, _)| *at > 0 && content[..*at].ends_with([' ', '\t'])).map(|(at, _)| at);
    let text = content[..end.unwrap_or(content.len())].trim_end();
    (!text.contains(": ") && !text.contains(":\t") && !text.ends_with(':')).then_some(text)
}
