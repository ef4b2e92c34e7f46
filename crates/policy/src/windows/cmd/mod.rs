//! The command interpreter of Windows: variables are expanded line by line before a line is parsed, then the
//! line is followed.

mod builtins;
mod expand;
mod parse;
mod run;

use super::WinLook;
use super::look::Look;
use crate::Surroundings;
use parse::Stop;

/// Looks at a text of `cmd`; `around` is slashed.
pub(crate) fn look(text: &str, cwd: &str, project: &str, around: &Surroundings) -> WinLook {
    let mut look = Look::new(cwd, project, around);
    look.command_text(text);
    look.never_called();
    look.finish()
}

impl Look<'_> {
    /// Looks at a text of `cmd` in the session as it is now.
    pub(crate) fn command_text(&mut self, text: &str) {
        let holes = text.contains(super::value::HOLE);
        let plain = if holes { text.replace(super::value::HOLE, "$") } else { String::new() };
        if !self.admits(if holes { &plain } else { text }) {
            return;
        }
        self.step(|look| look.chunks(text));
    }

    /// Lines, joined where one is not complete without the next.
    fn chunks(&mut self, text: &str) {
        let mut chunk = String::new();
        for line in text.lines() {
            let line = self.percent(line);
            if !chunk.is_empty() {
                chunk.push('\n');
            }
            chunk.push_str(&line);
            if chunk.ends_with('^') {
                continue;
            }
            if !self.spend(chunk.len()) {
                return;
            }
            match parse::parse(&chunk) {
                Ok(nodes) => {
                    chunk.clear();
                    self.nodes(&nodes);
                }
                Err(Stop::Incomplete) => {}
                Err(Stop::Bad(why)) => return self.not_parsed(why),
            }
        }
        if !chunk.is_empty() {
            match parse::parse(chunk.trim_end_matches('^')) {
                Ok(nodes) => drop(self.nodes(&nodes)),
                Err(Stop::Incomplete) => self.not_parsed("is not closed somewhere"),
                Err(Stop::Bad(why)) => self.not_parsed(why),
            }
        }
    }
}
