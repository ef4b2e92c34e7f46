//! What a program given on the line would do: its text is followed, not searched.
//!
//! The text is taken apart by the rules of its language, then read once from top to bottom: names are resolved
//! through imports, assignments and literals, and a call is told by what is called, not by how it is spelled.
//! What cannot be resolved is said to be so. It must never know a shell, a runtime or a rule.
//! Start reading at [`look`], then `follow`, then the folder of a language.

mod applescript;
mod follow;
mod lex;
mod node;
mod perl;
mod php;
mod plain;
mod python;
mod ruby;
mod tcl;
#[cfg(test)]
mod tests;
mod text;
mod value;

use clawbutler_core::limits::SHELL_TEXT_BYTES;

/// A language whose programs are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    /// JavaScript and TypeScript: node, deno, bun.
    Node,
    Perl,
    Ruby,
    Php,
    Awk,
    Lua,
    R,
    AppleScript,
    Tcl,
}

/// One thing a program would do. `None` stands for what is only known at run time.
///
/// In a path a `*` stands for any name in that folder; in a web address and in an argument for any text; in a
/// shell's text `$UNKNOWN` stands where a value is put in, in a statement `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// A text run by a shell.
    Shell {
        text: String,
    },
    /// A program started without a shell.
    Argv {
        argv: Vec<Option<String>>,
    },
    Read {
        path: Option<String>,
    },
    Write {
        path: Option<String>,
        appends: bool,
    },
    Delete {
        path: Option<String>,
        recursive: bool,
    },
    /// Talks to a host; `sends` when it carries data there.
    Network {
        url: Option<String>,
        sends: bool,
    },
    /// Opens a server.
    Listens,
    /// A connection without a protocol of its own; `host:port`.
    RawSocket {
        to: Option<String>,
    },
    /// Reads environment variables; `None`: all of them.
    Environment {
        name: Option<String>,
    },
    /// Prints something.
    Prints,
    /// A statement for a database.
    Sql {
        text: String,
    },
    /// Ends other programs.
    Kill,
    /// Runs something that cannot be told; `what` names the call.
    Dynamic {
        what: String,
    },
    /// Calls into native code past the language's own library.
    LoadsNative {
        what: String,
    },
    /// Changes owner or mode.
    Rights {
        path: Option<String>,
    },
}

/// A program looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// In the order met, each once.
    pub(crate) deeds: Vec<Deed>,
    /// The whole text could be followed. When not, there may be deeds that were not seen.
    pub(crate) understood: bool,
}

/// Tells what `text` would do. The work is linear in the text and bounded: a text over [`SHELL_TEXT_BYTES`], or
/// one that takes too many steps, comes out as not understood.
pub(crate) fn look(language: Language, text: &str) -> Program {
    if text.len() > SHELL_TEXT_BYTES {
        return Program { deeds: Vec::new(), understood: false };
    }
    let mut work = follow::Work::new(language);
    work.program(language, text);
    work.finish()
}
