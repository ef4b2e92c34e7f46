//! PowerShell, 5.1 and 7: parsed by [`parse`], then followed statement by statement with what is known of
//! every value. What is never called is looked at too: it may be called in ways that cannot be told.

pub(crate) mod ast;
mod call;
mod chars;
mod commands;
mod conditions;
mod dotnet;
mod eval;
mod expr;
mod names;
mod ops;
mod parse;
mod run;
mod statics;
mod texts;

pub(crate) use conditions::names_left;
pub(crate) use names::is_cmdlet;
pub(crate) use ops::replace_any_case;
pub(crate) use texts::assigned;

use super::WinLook;
use super::look::Look;
use super::value::Value;
use crate::Surroundings;

/// Looks at a PowerShell text; `around` is slashed.
pub(crate) fn look(text: &str, cwd: &str, project: &str, around: &Surroundings) -> WinLook {
    let mut look = Look::new(cwd, project, around);
    look.powershell(text);
    look.never_called();
    look.finish()
}

impl Look<'_> {
    /// Looks at a PowerShell text in the session as it is now; what it gives.
    pub(crate) fn powershell(&mut self, text: &str) -> Value {
        if !self.admits(text) {
            return Value::unknown();
        }
        let chars: Vec<char> = text.chars().collect();
        let out = self.step(|look| match parse::parse(&chars) {
            Ok(script) => look.script(&script),
            Err(why) => {
                look.not_parsed(why);
                Value::unknown()
            }
        });
        out.unwrap_or_default()
    }

    /// Blocks and functions that nothing called.
    pub(crate) fn never_called(&mut self) {
        let mut at = 0;
        while let Some(block) = self.blocks.get(at).cloned() {
            at += 1;
            if !block.seen.get() {
                self.given = Some((Vec::new(), vec![Value::unknown(); 9]));
                self.by("{ }", |look| look.block(&block, Some(Value::unknown()), Vec::new(), true));
            }
        }
    }
}
