//! Takes a program apart into names, strings, numbers and signs; the only place that knows quoting.
//!
//! One pass, no backtracking over more than a line: the work is linear in the text. Where a language leaves
//! the end of a string open, the text is `lost` and whoever asked must not trust what was found.

mod literal;
mod perl;
mod quote;
mod ruby;
mod script;

use std::borrow::Cow;

use super::Language;

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Plain(Cow<'a, str>),
    /// An expression whose value stands there.
    Code(&'a str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A word with its sigil where the language has one.
    Name(&'a str),
    Text(Vec<Piece<'a>>),
    /// A text that a shell runs.
    Shell(Vec<Piece<'a>>),
    /// `qw(…)`, `%w[…]`.
    Words(Vec<&'a str>),
    /// `<*.c>`.
    Glob(Vec<Piece<'a>>),
    Number(Option<i64>),
    Regex,
    /// The replacing side of a substitution that is run as code; `twice` when what it gives is run again.
    Replacing {
        code: &'a str,
        twice: bool,
    },
    Op(&'a str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    /// Stands first on its line, outside brackets where the language asks for that.
    pub(super) line: bool,
    /// A blank stands before it.
    pub(super) space: bool,
    /// Where on its line it stands (bytes).
    pub(super) column: usize,
    /// For a bracket, the index of its counterpart; the end of all tokens when there is none.
    pub(super) pair: usize,
    /// Byte offset.
    pub(super) at: usize,
}

/// A program in pieces.
#[derive(Debug, Default)]
pub(super) struct Lexed<'a> {
    pub(super) tokens: Vec<Token<'a>>,
    /// A string or bracket has no end: what follows cannot be trusted.
    pub(super) lost: bool,
}

/// A here-document whose body is still to come.
struct Heredoc<'a> {
    token: usize,
    word: &'a str,
    indented: bool,
    plain: bool,
    shell: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "each is one thing seen so far, and they change apart")]
pub(super) struct Lexer<'a> {
    language: Language,
    text: &'a str,
    at: usize,
    tokens: Vec<Token<'a>>,
    open: Vec<usize>,
    heredocs: Vec<Heredoc<'a>>,
    lost: bool,
    line: bool,
    space: bool,
    line_at: usize,
    /// An expression in a string had no end: none is looked for any more.
    unbalanced: bool,
    /// The text of a PHP file outside `<?php … ?>`.
    outside: bool,
}

/// Takes `text` apart.
pub(super) fn tokens(language: Language, text: &str) -> Lexed<'_> {
    let mut lexer = Lexer {
        language,
        text,
        at: 0,
        tokens: Vec::with_capacity(text.len() / 5 + 4),
        open: Vec::new(),
        heredocs: Vec::new(),
        lost: false,
        line: true,
        space: false,
        line_at: 0,
        unbalanced: false,
        outside: language == Language::Php && text.contains("<?"),
    };
    while lexer.at < text.len() {
        lexer.next();
    }
    lexer.lost |= !lexer.open.is_empty() || !lexer.heredocs.is_empty();
    let end = lexer.tokens.len();
    for open in std::mem::take(&mut lexer.open) {
        lexer.tokens[open].pair = end;
    }
    Lexed { tokens: lexer.tokens, lost: lexer.lost }
}

const THREE: &[&str] =
    &["===", "!==", "**=", "...", "<=>", ">>>", "&&=", "||=", "??=", "<<=", ">>=", "//=", "<<-", "->>", "?->", "%>%"];
const TWO: &[&str] = &[
    "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "=>", "->", "::", "**", "//", "++", "--", "+=", "-=", "*=", "/=",
    "%=", ".=", "|=", "&=", "^=", ":=", "<<", ">>", "..", "=~", "!~", "|&", "|>", "~=", "&.",
];

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&self, offset: usize) -> u8 {
        self.text.as_bytes().get(self.at + offset).copied().unwrap_or_default()
    }

    fn push(&mut self, kind: Kind<'a>, at: usize) {
        let column = at.saturating_sub(self.line_at);
        self.tokens.push(Token { kind, line: self.line, space: self.space, column, pair: usize::MAX, at });
        self.line = false;
        self.space = false;
    }

    fn next(&mut self) {
        if self.outside {
            return self.markup();
        }
        let (rest, at) = (self.rest(), self.at);
        let Some(first) = rest.chars().next() else {
            self.at = self.text.len();
            return;
        };
        match first {
            '\n' => self.newline(),
            _ if first.is_whitespace() => {
                self.space = true;
                self.at += first.len_utf8();
            }
            '\\' if rest[1..].starts_with(['\n', '\r']) => {
                self.space = true;
                self.at += 2;
            }
            _ if self.comment() || self.literal(first) => {}
            _ if first.is_ascii_digit() || first == '.' && self.byte(1).is_ascii_digit() && !self.after_value() => {
                self.number();
            }
            _ if first.is_alphanumeric() || first == '_' => {
                let length = self.name_length(rest);
                self.at += length;
                self.push(Kind::Name(&rest[..length]), at);
            }
            _ => self.sign(first),
        }
    }

    fn newline(&mut self) {
        self.at += 1;
        self.line_at = self.at;
        self.space = true;
        // Inside brackets a line break means nothing in Python.
        let counts = !matches!(self.language, Language::Python | Language::R) || !self.in_group();
        self.line |= counts;
        if !self.heredocs.is_empty() {
            self.bodies();
        }
    }

    /// Inside parentheses or brackets, for a language whose braces are blocks only outside Python.
    fn in_group(&self) -> bool {
        self.open.last().is_some_and(|index| {
            self.language == Language::Python || !matches!(self.tokens[*index].kind, Kind::Op("{"))
        })
    }

    fn name_length(&self, rest: &str) -> usize {
        let language = self.language;
        let dots = language == Language::R;
        let inside = |c: char| {
            c.is_alphanumeric()
                || c == '_'
                || dots && c == '.'
                || c == '$' && language == Language::Node
                || c == '\\' && language == Language::Php
        };
        let mut length = rest.find(|c: char| !inside(c)).unwrap_or(rest.len());
        if language == Language::Ruby && rest[length..].starts_with(['?', '!']) && !rest[length + 1..].starts_with('=')
        {
            length += 1;
        }
        // A package's name goes on behind its colons.
        while matches!(language, Language::Perl)
            && rest[length..].starts_with("::")
            && rest[length + 2..].starts_with(|c: char| c.is_alphabetic() || c == '_')
        {
            let more = &rest[length + 2..];
            length += 2 + more.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(more.len());
        }
        length
    }

    fn number(&mut self) {
        let (rest, at) = (self.rest(), self.at);
        let mut length = 0;
        let bytes = rest.as_bytes();
        while let Some(byte) = bytes.get(length) {
            let exponent =
                matches!(byte, b'+' | b'-') && matches!(bytes[length - 1], b'e' | b'E') && !rest.starts_with("0x");
            let point = *byte == b'.' && bytes.get(length + 1).is_some_and(u8::is_ascii_digit);
            if byte.is_ascii_alphanumeric() || *byte == b'_' || exponent || point {
                length += 1;
            } else {
                break;
            }
        }
        let length = length.max(1);
        self.at += length;
        let digits: String = rest[..length].chars().filter(|c| *c != '_').collect();
        let digits = digits.trim_end_matches(['n', 'L']);
        let radix = |prefix: &str, radix| digits.strip_prefix(prefix).and_then(|d| i64::from_str_radix(d, radix).ok());
        let value = digits.parse().ok().or_else(|| {
            radix("0x", 16).or_else(|| radix("0X", 16)).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2))
        });
        self.push(Kind::Number(value), at);
    }

    fn sign(&mut self, first: char) {
        let (rest, at) = (self.rest(), self.at);
        let long = THREE.iter().chain(TWO).find(|sign| rest.starts_with(**sign) && self.has_sign(sign));
        let r_arrow = self.language == Language::R && rest.starts_with("<-");
        let length = if r_arrow { 2 } else { long.map_or(first.len_utf8(), |sign| sign.len()) };
        self.at += length;
        let sign = &rest[..length];
        match sign {
            "(" | "[" | "{" => self.open.push(self.tokens.len()),
            ")" | "]" | "}" => {
                let index = self.tokens.len();
                let wanted = match sign {
                    ")" => "(",
                    "]" => "[",
                    _ => "{",
                };
                let open = self.open.pop();
                self.push(Kind::Op(sign), at);
                match open {
                    Some(open) if self.tokens[open].kind == Kind::Op(wanted) => {
                        self.tokens[open].pair = index;
                        self.tokens[index].pair = open;
                    }
                    Some(open) => {
                        self.tokens[open].pair = index;
                        self.lost = true;
                    }
                    None => self.lost = true,
                }
                return;
            }
            _ => {}
        }
        self.push(Kind::Op(sign), at);
    }

    /// Whether the language has a sign that others read as two.
    fn has_sign(&self, sign: &str) -> bool {
        match sign {
            "<<-" | "->>" | "%>%" => self.language == Language::R,
            "?." => self.language == Language::Node && !self.byte(2).is_ascii_digit(),
            "?->" => self.language == Language::Php,
            "&." => self.language == Language::Ruby,
            "//" | "//=" => !matches!(self.language, Language::Node | Language::Php),
            "|&" => self.language == Language::Awk,
            "++" | "--" => self.language != Language::Python && self.language != Language::Ruby,
            "??" => matches!(self.language, Language::Node | Language::Php),
            _ => true,
        }
    }

    /// Whether the last token ends a value, so that what follows is an operator.
    fn after_value(&self) -> bool {
        let Some(last) = self.tokens.last() else { return false };
        match &last.kind {
            Kind::Name(name) => !self.expects_operand(name),
            Kind::Op(")") => !self.closes_condition(last.pair),
            Kind::Op("}") => self.language != Language::Awk,
            Kind::Op("]") => true,
            Kind::Op("++" | "--") => true,
            Kind::Op(_) => false,
            _ => true,
        }
    }

    /// A word that an operand follows.
    fn expects_operand(&self, name: &str) -> bool {
        match self.language {
            Language::Node => matches!(
                name,
                "return"
                    | "typeof"
                    | "case"
                    | "in"
                    | "of"
                    | "do"
                    | "else"
                    | "void"
                    | "delete"
                    | "throw"
                    | "new"
                    | "await"
                    | "yield"
                    | "instanceof"
            ),
            Language::Perl => matches!(
                name,
                "return"
                    | "and"
                    | "or"
                    | "not"
                    | "if"
                    | "unless"
                    | "while"
                    | "until"
                    | "split"
                    | "grep"
                    | "map"
                    | "join"
                    | "push"
                    | "print"
                    | "x"
                    | "lt"
                    | "gt"
                    | "eq"
                    | "ne"
                    | "xor"
                    | "when"
                    | "elsif"
                    | "unlink"
                    | "for"
                    | "foreach"
                    | "say"
                    | "die"
                    | "warn"
            ),
            Language::Ruby => matches!(
                name,
                "return"
                    | "and"
                    | "or"
                    | "not"
                    | "if"
                    | "unless"
                    | "while"
                    | "until"
                    | "when"
                    | "in"
                    | "elsif"
                    | "puts"
                    | "print"
                    | "p"
                    | "then"
                    | "do"
                    | "else"
            ),
            Language::Awk => matches!(name, "print" | "return" | "in" | "printf" | "getline" | "else" | "do"),
            _ => false,
        }
    }

    /// `)` behind the condition of `if (…)`: a statement follows, not an operator.
    fn closes_condition(&self, open: usize) -> bool {
        matches!(self.language, Language::Node | Language::Perl | Language::Awk)
            && open.checked_sub(1).and_then(|before| self.tokens.get(before)).is_some_and(|before| {
                matches!(before.kind, Kind::Name("if" | "while" | "for" | "with" | "unless" | "until" | "foreach"))
            })
    }

    /// Moves over a comment.
    fn comment(&mut self) -> bool {
        let rest = self.rest();
        let at_start = self.at == self.line_at;
        let line = match self.language {
            Language::Python | Language::R | Language::Awk | Language::Tcl | Language::Ruby => rest.starts_with('#'),
            Language::Php => rest.starts_with('#') && !rest.starts_with("#[") || rest.starts_with("//"),
            Language::Node => rest.starts_with("//") || self.at == 0 && rest.starts_with("#!"),
            Language::Lua if rest.starts_with("--") => return self.lua_comment(),
            Language::Perl => return self.perl_comment(at_start),
            _ => false,
        };
        if line {
            self.at += rest.find('\n').unwrap_or(rest.len());
            return true;
        }
        let end = match self.language {
            Language::Php if rest.starts_with("?>") => {
                self.at += 2;
                self.outside = true;
                return true;
            }
            Language::Node | Language::Php if rest.starts_with("/*") => "*/",
            Language::Ruby if at_start && rest.starts_with("=begin") => "\n=end",
            Language::Ruby if at_start && rest.starts_with("__END__") => {
                self.at = self.text.len();
                return true;
            }
            _ => return false,
        };
        match rest[2..].find(end) {
            Some(length) => self.at += length + 2 + end.len(),
            None => {
                self.at = self.text.len();
                self.lost = true;
            }
        }
        true
    }

    /// Text outside `<?php … ?>`.
    fn markup(&mut self) {
        let rest = self.rest();
        match rest.find("<?") {
            Some(start) => {
                self.at += start + 2;
                if self.rest().starts_with("php") {
                    self.at += 3;
                } else if self.rest().starts_with('=') {
                    self.at += 1;
                }
                self.outside = false;
                self.line = true;
            }
            None => self.at = self.text.len(),
        }
    }
}
