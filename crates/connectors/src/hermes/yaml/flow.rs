//! Values in brackets, braces and quotes, which may run over several lines.

use super::{DEPTH, Entry, Kind, Node, plain};

/// Reads values from a place on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    /// Where it stands.
    pub(super) at: usize,
}

type Read<T> = Result<T, (usize, &'static str)>;

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Skips blanks, line ends and comments.
    fn blanks(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'#' if self.at > 0 && self.text.as_bytes()[self.at - 1].is_ascii_whitespace() => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                _ => return,
            }
        }
    }

    /// A value that begins with a bracket, a brace or a quote.
    pub(super) fn value(&mut self, depth: usize) -> Read<Node> {
        let from = self.at;
        if depth > DEPTH {
            return Err((from, "a nesting that is too deep"));
        }
        let kind = match self.peek() {
            Some(b'[') => self.list(depth)?,
            Some(b'{') => self.map(depth)?,
            Some(b'"') => Kind::Scalar { text: self.double()?, plain: false },
            Some(b'\'') => Kind::Scalar { text: self.single()?, plain: false },
            _ => plain(self.bare()?),
        };
        Ok(Node { kind, span: from..self.at })
    }

    fn list(&mut self, depth: usize) -> Read<Kind> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blanks();
            if self.peek() == Some(b']') {
                break;
            }
            items.push(self.value(depth + 1)?);
            if !self.goes_on(b']')? {
                break;
            }
        }
        self.at += 1;
        Ok(Kind::List { items, flow: true })
    }

    fn map(&mut self, depth: usize) -> Read<Kind> {
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            self.blanks();
            if self.peek() == Some(b'}') {
                break;
            }
            let at = self.at;
            let key = self.value(depth + 1)?;
            let Kind::Scalar { text: key, .. } = key.kind else { return Err((at, "a key that is no text")) };
            self.blanks();
            if self.peek() != Some(b':') {
                return Err((self.at, "a key without a value"));
            }
            self.at += 1;
            self.blanks();
            let value =
                if matches!(self.peek(), Some(b',' | b'}')) { Node::null(self.at) } else { self.value(depth + 1)? };
            if entries.iter().any(|entry| entry.key == key) {
                return Err((at, "a key that is there twice"));
            }
            entries.push(Entry { key, at, indent: 0, value });
            if !self.goes_on(b'}')? {
                break;
            }
        }
        self.at += 1;
        Ok(Kind::Map { entries, flow: true })
    }

    /// After an item: whether another may follow.
    fn goes_on(&mut self, end: u8) -> Read<bool> {
        self.blanks();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == end => Ok(false),
            _ => Err((self.at, "a bracket that does not end")),
        }
    }

    /// A plain text in brackets; on one line.
    fn bare(&mut self) -> Read<String> {
        let from = self.at;
        if matches!(
            self.peek(),
            Some(b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'?' | b'#' | b',') | None
        ) {
            return Err((from, "something unexpected in brackets"));
        }
        let bytes = self.text.as_bytes();
        while let Some(byte) = self.peek() {
            let next = bytes.get(self.at + 1);
            let ends = match byte {
                b',' | b'[' | b']' | b'{' | b'}' | b'\r' | b'\n' => true,
                b':' => next.is_none_or(|next| next.is_ascii_whitespace() || b",[]{}".contains(next)),
                b'#' => bytes[self.at - 1].is_ascii_whitespace(),
                _ => false,
            };
            if ends {
                break;
            }
            self.at += 1;
        }
        let text = self.text[from..self.at].trim_end();
        self.at = from + text.len();
        if text.is_empty() {
            return Err((from, "something unexpected in brackets"));
        }
        Ok(text.to_owned())
    }

    /// A text in single quotes.
    fn single(&mut self) -> Read<String> {
        let from = self.at;
        self.at += 1;
        let mut out = String::new();
        loop {
            let Some(end) = self.rest().find('\'') else { return Err((from, "a quote that does not end")) };
            out.push_str(&self.rest()[..end]);
            self.at += end + 1;
            if self.peek() != Some(b'\'') {
                return Ok(folded(&out));
            }
            out.push('\'');
            self.at += 1;
        }
    }

    /// A text in double quotes.
    fn double(&mut self) -> Read<String> {
        let from = self.at;
        let mut out = String::new();
        let mut chars = self.text[from + 1..].char_indices();
        while let Some((offset, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = from + 1 + offset + 1;
                    return Ok(folded(&out));
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => out.push('\u{e000}'),
                    Some('t') => out.push('\t'),
                    Some(c @ ('"' | '\\' | '/' | ' ')) => out.push(c),
                    Some('\r' | '\n') => {}
                    Some(kind @ ('x' | 'u' | 'U')) => {
                        let digits = match kind {
                            'x' => 2,
                            'u' => 4,
                            _ => 8,
                        };
                        let code: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                        out.push(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'));
                    }
                    Some('0' | 'a' | 'b' | 'e' | 'f' | 'v' | 'r' | 'N' | '_' | 'L' | 'P') => out.push('\u{fffd}'),
                    _ => return Err((from, "an escape that is not known")),
                },
                c => out.push(c),
            }
        }
        Err((from, "a quote that does not end"))
    }
}

/// Line ends inside quotes become blanks; the ones that were written as escapes stay.
fn folded(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').map(str::trim).collect();
    let text = if lines.len() > 1 { lines.join(" ") } else { text.to_owned() };
    text.replace('\u{e000}', "\n")
}
