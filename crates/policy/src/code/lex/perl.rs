//! Perl: sigils, quoting operators, patterns, file handles.

use super::quote::{Escapes, Inner, Quote};
use super::{Kind, Lexer, Piece, literal::quote};

impl<'a> Lexer<'a> {
    pub(super) fn perl_comment(&mut self, at_start: bool) -> bool {
        let rest = self.rest();
        if rest.starts_with('#') {
            self.at += rest.find('\n').unwrap_or(rest.len());
            return true;
        }
        if at_start && rest.starts_with('=') && rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.at += rest.find("\n=cut").map_or(rest.len(), |length| length + 5);
            return true;
        }
        if rest.starts_with("__END__") || rest.starts_with("__DATA__") {
            self.at = self.text.len();
            return true;
        }
        false
    }

    pub(super) fn perl(&mut self, first: char) -> bool {
        let at = self.at;
        match first {
            '\'' => self.string(1, quote("'", Escapes::Quote, Inner::None)),
            '"' => self.string(1, quote("\"", Escapes::All, Inner::Sigils)),
            '`' => {
                self.at += 1;
                let pieces = self.quoted(quote("`", Escapes::All, Inner::Sigils));
                self.push(Kind::Shell(pieces), at);
                true
            }
            '$' | '@' => self.sigil(),
            '%' | '&' if !self.after_value() => self.sigil(),
            '/' if !self.after_value() => {
                self.pattern(1);
                true
            }
            '<' if !self.after_value() || self.after_print() => self.angle(),
            _ if first.is_ascii_alphabetic() => self.operator(),
            _ => false,
        }
    }

    fn after_print(&self) -> bool {
        matches!(
            self.tokens.last().map(|last| &last.kind),
            Some(Kind::Name("print" | "chomp" | "open" | "eval" | "system" | "exec" | "lc" | "uc"))
        )
    }

    fn sigil(&mut self) -> bool {
        let (rest, at) = (self.rest(), self.at);
        let sigils = 1 + rest[1..].bytes().take(8).take_while(|byte| matches!(byte, b'$' | b'#')).count();
        let name = &rest[sigils..];
        let length = name.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(name.len());
        let length = name[..length].trim_end_matches(':').len();
        if length > 0 {
            self.at += sigils + length;
            self.push(Kind::Name(&rest[..sigils + length]), at);
            return true;
        }
        if let Some(braced) = name.strip_prefix('{') {
            if let Some(end) = braced.find('}').filter(|end| {
                let inside = &braced[..*end];
                !inside.is_empty() && inside.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '^'))
            }) {
                // `${x}` is `$x`; the name alone is kept.
                self.at += sigils + end + 2;
                self.push(Kind::Name(&braced[..end]), at);
                return true;
            }
            self.at += sigils;
            self.push(Kind::Op(&rest[..sigils]), at);
            return true;
        }
        if rest.starts_with('&') && name.starts_with('&') || rest.starts_with('%') {
            return false;
        }
        let special = name.chars().next().filter(|c| c.is_ascii_punctuation() && *c != '(' && *c != '{');
        if rest.starts_with('$') && special.is_some() {
            self.at += sigils + 1;
            self.push(Kind::Name(&rest[..=sigils]), at);
        } else {
            self.at += 1;
            self.push(Kind::Op(&rest[..1]), at);
        }
        true
    }

    /// `<STDIN>`, `<$fh>`, `<*.c>`, `<<EOT`.
    fn angle(&mut self) -> bool {
        let (rest, at) = (self.rest(), self.at);
        if rest.starts_with("<<") {
            return self.heredoc(2);
        }
        let Some(end) = rest.find('>').filter(|end| *end < 200 && !rest[..*end].contains(['\n', ';', '='])) else {
            return false;
        };
        let inside = &rest[1..end];
        let handle = inside.trim_start_matches('$').chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
        if handle {
            self.at += end + 1;
            self.push(Kind::Glob(Vec::new()), at);
        } else {
            self.at += 1;
            let pieces = self.quoted(quote(">", Escapes::All, Inner::Sigils));
            self.push(Kind::Glob(pieces), at);
        }
        true
    }

    /// `q{…}`, `qq(…)`, `qw<…>`, `m!…!`, `s/…/…/e`, `y/…/…/`.
    fn operator(&mut self) -> bool {
        let (rest, at) = (self.rest(), self.at);
        let length = rest.bytes().take(3).take_while(u8::is_ascii_alphabetic).count();
        let name = &rest[..length];
        if !matches!(name, "q" | "qq" | "qw" | "qx" | "qr" | "m" | "s" | "tr" | "y")
            || matches!(self.tokens.last().map(|last| &last.kind), Some(Kind::Op("->" | "::")))
            || matches!(self.tokens.last().map(|last| &last.kind), Some(Kind::Name("sub" | "package")))
        {
            return false;
        }
        let after = &rest[length..];
        let blank = after.len() - after.trim_start().len();
        let Some(open) = after[blank..].chars().next() else { return false };
        if !open.is_ascii_punctuation()
            || matches!(open, ',' | ';' | ')' | '_')
            || open == '#' && blank > 0
            || open == '=' && (blank > 0 || after[blank..].starts_with("=>"))
            || open == '}' && matches!(self.tokens.last().map(|last| &last.kind), Some(Kind::Op("{")))
            || open == '-' && after[blank..].starts_with("->")
        {
            return false;
        }
        let space = &after[..blank];
        self.at += length + blank + 1;
        self.line |= space.contains('\n');
        match name {
            "q" => self.delimited(open, Escapes::Quote, Inner::None, at, Kind::Text),
            "qq" => self.delimited(open, Escapes::All, Inner::Sigils, at, Kind::Text),
            "qx" => {
                let inner = if open == '\'' { Inner::None } else { Inner::Sigils };
                self.delimited(open, Escapes::All, inner, at, Kind::Shell);
            }
            "qw" => {
                let start = self.at;
                let close = closing(open);
                let mut buffer = [0; 4];
                self.quoted(Quote {
                    close: close.encode_utf8(&mut buffer),
                    nests: nesting(open),
                    escapes: Escapes::Quote,
                    inner: Inner::None,
                });
                let body = self.text.get(start..self.at.saturating_sub(1)).unwrap_or_default();
                self.push(Kind::Words(body.split_whitespace().collect()), at);
            }
            "m" | "qr" => {
                self.delimited(open, Escapes::Raw, Inner::None, at, |_| Kind::Regex);
                self.flags();
            }
            _ => self.substitution(name, open, at),
        }
        true
    }

    fn delimited(
        &mut self,
        open: char,
        escapes: Escapes,
        inner: Inner,
        at: usize,
        kind: impl FnOnce(Vec<Piece<'a>>) -> Kind<'a>,
    ) {
        let mut buffer = [0; 4];
        let close: &str = closing(open).encode_utf8(&mut buffer);
        let pieces = self.quoted(Quote { close, nests: nesting(open), escapes, inner });
        self.push(kind(pieces), at);
    }

    fn flags(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        self.at += length;
        &rest[..length]
    }

    fn substitution(&mut self, name: &str, open: char, at: usize) {
        let mut buffer = [0; 4];
        let close: &str = closing(open).encode_utf8(&mut buffer);
        let quote = Quote { close, nests: nesting(open), escapes: Escapes::Raw, inner: Inner::None };
        self.quoted(quote);
        let (start, end) = if nesting(open).is_some() {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            let Some(second) = self.rest().chars().next() else {
                self.lost = true;
                return;
            };
            self.at += second.len_utf8();
            let start = self.at;
            let mut buffer = [0; 4];
            let close: &str = closing(second).encode_utf8(&mut buffer);
            self.quoted(Quote { close, nests: nesting(second), escapes: Escapes::Raw, inner: Inner::None });
            (start, self.at.saturating_sub(close.len()))
        } else {
            let start = self.at;
            self.quoted(quote);
            (start, self.at.saturating_sub(close.len()))
        };
        let body = self.text.get(start..end).unwrap_or_default();
        let flags = self.flags();
        if name == "s" && flags.contains('e') {
            self.push(Kind::Replacing { code: body, twice: flags.matches('e').count() > 1 }, at);
        } else {
            self.push(Kind::Regex, at);
        }
    }
}

pub(super) fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '<' => '>',
        other => other,
    }
}

pub(super) fn nesting(open: char) -> Option<u8> {
    match open {
        '(' => Some(b'('),
        '[' => Some(b'['),
        '{' => Some(b'{'),
        '<' => Some(b'<'),
        _ => None,
    }
}
