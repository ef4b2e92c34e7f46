//! One rule set with its surroundings, asked about many actions.

use std::panic::{AssertUnwindSafe, catch_unwind};

use clawbutler_core::action::{Action, Effect};
use clawbutler_core::verdict::{Decision, Verdict};
use clawbutler_policy::{Explanation, Facts, RuleSet, Surroundings, evaluate, explain};

/// Longest action shown in a list (characters).
const HEADLINE_CHARS: usize = 160;

const BROKEN: &str = "this action could not be judged; please report it";

/// Rules, and what is around an action.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) set: RuleSet,
    pub(super) around: Surroundings,
}

impl Judge {
    /// Judges an action on what is known of its moment; an error when the judge itself breaks, which must cost one answer and not the rest.
    pub(super) fn verdict(&self, action: &Action, facts: &Facts) -> Result<Verdict, String> {
        let around = self.around(action);
        catch_unwind(AssertUnwindSafe(|| evaluate(&self.set, action, &around, facts))).map_err(|_| BROKEN.to_owned())
    }

    /// Judges an action and says why.
    pub(super) fn explain(&self, action: &Action, facts: &Facts) -> Result<Explanation, String> {
        let around = self.around(action);
        catch_unwind(AssertUnwindSafe(|| explain(&self.set, action, &around, facts))).map_err(|_| BROKEN.to_owned())
    }

    /// The surroundings of whoever acts: their home, when the folders lie in another one than ours.
    pub(super) fn around(&self, action: &Action) -> Surroundings {
        let home = home_in(&action.cwd).or_else(|| home_in(action.project()));
        Surroundings { home: home.unwrap_or_else(|| self.around.home.clone()), ..self.around.clone() }
    }
}

/// A decision as `explain --json` says it: what is left to the runtime is not stopped.
pub(super) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow | Decision::Defer => "allow",
        Decision::Ask => "ask",
        Decision::Deny => "deny",
    }
}

/// An action in one short line.
pub(super) fn headline(action: &Action) -> String {
    let text = match &action.effect {
        Effect::Shell { command, .. } => command.clone(),
        Effect::FileRead { path } => format!("{} {path}", action.tool),
        Effect::FileWrite { path, .. } => format!("{} {path}", action.tool),
        Effect::FileDelete { paths } => format!("{} {}", action.tool, paths.join(" ")),
        Effect::Patch { files } => {
            let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
            format!("{} {}", action.tool, paths.join(" "))
        }
        Effect::Network { url, .. } => format!("{} {url}", action.tool),
        Effect::Mcp { server, tool, .. } => format!("{server}/{tool}"),
        Effect::AgentSpawn { .. }
        | Effect::Code { .. }
        | Effect::TerminalInput { .. }
        | Effect::ConfigChange { .. }
        | Effect::Schedule { .. }
        | Effect::Message { .. }
        | Effect::Account { .. }
        | Effect::Internal { .. }
        | Effect::Other { .. } => action.tool.clone(),
    };
    one_line(&text)
}

/// Text for a terminal: no control characters, at most so many characters.
pub(super) fn one_line(text: &str) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let short: String = chars.by_ref().take(HEADLINE_CHARS).collect();
    if chars.next().is_some() { format!("{short}…") } else { short }
}

/// The home folder that a folder lies in, in the spelling of the judge; `None` when its place does not tell.
pub(super) fn home_in(folder: &str) -> Option<String> {
    let folder = folder.replace('\\', "/");
    let drive = folder.get(1..2) == Some(":");
    let folder = if drive { format!("/{}{}", folder[..1].to_ascii_uppercase(), &folder[1..]) } else { folder };
    if folder == "/root" || folder.starts_with("/root/") {
        return Some("/root".to_owned());
    }
    for base in ["/home/", "/Users/", "/var/home/", "/C:/Users/", "/c/Users/", "/mnt/c/Users/"] {
        let Some(rest) = folder.strip_prefix(base) else { continue };
        let name = rest.split('/').next().unwrap_or_default();
        return (!matches!(name, "" | "." | ".." | "Shared" | "Public")).then(|| format!("{base}{name}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_told_by_their_place() {
        for (folder, home) in [
            ("/home/u/p", Some("/home/u")),
            ("/home/u", Some("/home/u")),
            ("/Users/u/dev/p", Some("/Users/u")),
            (r"C:\Users\u\p", Some("/C:/Users/u")),
            ("c:/Users/u", Some("/C:/Users/u")),
            ("/mnt/c/Users/u/p", Some("/mnt/c/Users/u")),
            ("/root/p", Some("/root")),
            ("/rooted", None),
            ("/home", None),
            ("/home/", None),
            ("/Users/Shared/x", None),
            ("/srv/app", None),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(home_in(folder).as_deref(), home, "{folder}");
        }
    }
}
