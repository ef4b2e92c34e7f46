//! Standing always-allows: what may be granted for an action, and what a grant covers.
//!
//! Proposals come from the parsed action, narrow to wide, and each covers the action it was made for.
//! Wide ones are by permission only (see `tables`): what no table names is granted with its very words.
//! A compound is covered when every command of it that counts is, in order; and whatever the form, a risk
//! that was not there when the grant was given is asked about again.

mod alike;
mod commands;
mod plain;
mod tables;

use clawbutler_core::action::{Action, Dialect, Effect, PatchOp};
use clawbutler_core::clock::Timestamp;
use clawbutler_core::grant::{
    Accepted, Arguments, Cover, FolderUse, Grant, Link, Operands, Pattern, ReachKind, effect_digest, host_of,
};
use clawbutler_core::risk::{Assessment, RiskLevel};
use clawbutler_core::{digest, limits};

use crate::looked::{Class, How, Looked};
use crate::{Surroundings, look, paths};
use commands::Width;
use tables::{HIDDEN, KEPT, RUNS_PROJECT};

pub use alike::like;

/// Something that could be granted for an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What it would cover.
    pub cover: Cover,
    /// The same in words.
    pub title: String,
    /// What a person should know before giving it.
    pub warning: Option<String>,
    /// Where it may hold, narrow to wide; never empty.
    pub scopes: Vec<ReachKind>,
}

/// Looks at an action and tells what could be granted for it, narrow to wide. Nothing at critical risk.
pub fn propose(action: &Action, around: &Surroundings) -> Vec<Proposal> {
    propose_looked(action, &look(action, around))
}

/// Like [`propose`], for an action that was looked at already. Every proposal covers the action itself.
pub fn propose_looked(action: &Action, looked: &Looked) -> Vec<Proposal> {
    if looked.assessment.level == RiskLevel::Critical || matches!(action.effect, Effect::Account { .. }) {
        return Vec::new();
    }
    let signals = accepted(&looked.assessment);
    let mut covers = vec![Cover::exact(action, Some(signals.clone()))];
    if only_exact(looked).is_none() {
        covers.extend(wider(action, looked, signals));
    }
    let mut proposals: Vec<Proposal> = Vec::new();
    for cover in covers {
        let twice = proposals.iter().any(|known| known.cover == cover);
        if !twice && self::covers(&cover, action, looked) {
            let mut scopes = scopes(&cover);
            // Typed into whatever runs there now, and sent to people: not for longer than the work at hand.
            if matches!(action.effect, Effect::TerminalInput { .. } | Effect::Message { .. }) {
                scopes.truncate(1);
            }
            proposals.push(Proposal { title: cover.words(), warning: warning(&cover, looked), scopes, cover });
        }
    }
    proposals
}

/// Whether the cover is one for the action. Nothing covers an action of critical risk.
pub fn covers(cover: &Cover, action: &Action, looked: &Looked) -> bool {
    if looked.assessment.level == RiskLevel::Critical {
        return false;
    }
    let exact = matches!(cover, Cover::Exact { .. });
    if !exact && only_exact(looked).is_some()
        || cover.accepted().is_some_and(|signals| !accepts(signals, &looked.assessment))
    {
        return false;
    }
    match (cover, &action.effect) {
        (Cover::Exact { digest, cwd, .. }, _) => {
            cwd.as_ref().is_none_or(|cwd| *cwd == action.cwd) && *digest == effect_digest(action)
        }
        (Cover::FileWrite { path, .. }, Effect::FileWrite { path: wanted, .. })
        | (Cover::FileRead { path, .. }, Effect::FileRead { path: wanted }) => path == wanted,
        (Cover::FileWrite { path, .. }, Effect::Patch { files }) => {
            !files.is_empty() && files.iter().all(|file| keeps(&file.op) && file.path == *path)
        }
        (Cover::Host { host, .. }, Effect::Network { url, method: None }) => host_of(url).as_ref() == Some(host),
        (Cover::Commands { parts, links, .. }, Effect::Shell { command, dialect: Dialect::Posix, .. }) => {
            commands_covered(parts, links, command, action, looked)
        }
        (Cover::Folder { path, how, .. }, _) => folder_covers(path, *how, action, looked),
        (Cover::McpTool { server, tool, arguments, .. }, Effect::Mcp { server: on, tool: named, arguments: given }) => {
            server == on
                && tool == named
                && match arguments {
                    Arguments::Any => true,
                    Arguments::Exactly(wanted) => *wanted == digest::of(given),
                }
        }
        (Cover::Session, Effect::Account { .. } | Effect::ConfigChange { .. }) => false,
        (Cover::Session, _) => true,
        (
            Cover::FileWrite { .. }
            | Cover::FileRead { .. }
            | Cover::Host { .. }
            | Cover::Commands { .. }
            | Cover::McpTool { .. },
            _,
        ) => false,
    }
}

/// Whether the grant is in force for the (masked) action at this time: within its bounds, not over, not used
/// up, given for this place, and its cover is one for the action.
pub fn holds(grant: &Grant, action: &Action, looked: &Looked, at: Timestamp) -> bool {
    grant.in_force(at)
        && grant.reach.holds(action)
        && scopes(&grant.cover).contains(&grant.reach.kind())
        && covers(&grant.cover, action, looked)
}

/// Where a cover may hold, narrow to wide.
pub fn scopes(cover: &Cover) -> Vec<ReachKind> {
    use ReachKind::{Machine, Project, Session};
    let high = cover.accepted().is_some_and(|signals| signals.values().any(|level| *level >= RiskLevel::High));
    match cover {
        Cover::Session => vec![Session],
        Cover::McpTool { arguments: Arguments::Any, .. } if high => vec![Session],
        Cover::Commands { parts, .. } if !high && parts.iter().all(|part| part.operands == Operands::Any) => {
            vec![Session, Project, Machine]
        }
        // A tool that only reads, by its name, reads the same everywhere.
        Cover::McpTool { arguments: Arguments::Any, signals, .. }
            if signals.keys().all(|name| ["mcp_reads", "mcp_notes", "network"].contains(&name.as_str())) =>
        {
            vec![Session, Project, Machine]
        }
        Cover::Host { .. } if !high => vec![Session, Project, Machine],
        Cover::Exact { .. }
        | Cover::FileWrite { .. }
        | Cover::FileRead { .. }
        | Cover::Host { .. }
        | Cover::Commands { .. }
        | Cover::Folder { .. }
        | Cover::McpTool { .. } => vec![Session, Project],
    }
}

/// What is accepted with a grant for this risk: its signals of medium level and more.
fn accepted(assessment: &Assessment) -> Accepted {
    let mut found = Accepted::new();
    for signal in assessment.signals.iter().filter(|signal| signal.level >= RiskLevel::Medium) {
        let level = found.entry(signal.name.clone()).or_insert(signal.level);
        *level = (*level).max(signal.level);
    }
    found
}

fn accepts(signals: &Accepted, assessment: &Assessment) -> bool {
    assessment
        .signals
        .iter()
        .filter(|signal| signal.level >= RiskLevel::Medium)
        .all(|signal| signals.get(&signal.name).is_some_and(|level| *level >= signal.level))
}

/// Why nothing wider than the call itself may be granted.
enum Only {
    /// It reaches secrets, ClawButler or what holds agents in check.
    Kept,
    /// What runs is not what is written.
    Hidden,
}

fn only_exact(looked: &Looked) -> Option<Only> {
    let named = |table: &[&str]| {
        let fits = |name: &str, entry: &&str| name == *entry || entry.ends_with('_') && name.starts_with(entry);
        looked.assessment.signals.iter().any(|signal| table.iter().any(|entry| fits(&signal.name, entry)))
    };
    let held = looked.touches.iter().any(|touch| match touch.class {
        Class::Own | Class::Secret => true,
        Class::AgentConfig | Class::Startup => touch.how != How::Read,
        Class::Device | Class::System | Class::Root | Class::Project | Class::Scratch | Class::Outside => false,
    });
    if named(KEPT) || held {
        Some(Only::Kept)
    } else if named(HIDDEN) || looked.parts.iter().any(|part| part.opaque) {
        Some(Only::Hidden)
    } else {
        None
    }
}

/// Covers wider than the exact call.
fn wider(action: &Action, looked: &Looked, signals: Accepted) -> Vec<Cover> {
    match &action.effect {
        Effect::Shell { command, dialect: Dialect::Posix, .. } => commands_wider(command, action, looked, &signals),
        Effect::FileRead { path } => {
            let one = Cover::FileRead { path: path.clone(), signals: Some(signals.clone()) };
            std::iter::once(one).chain(folders(path, FolderUse::Read, action, &signals)).collect()
        }
        Effect::FileWrite { path, .. } => {
            let one = Cover::FileWrite { path: path.clone(), signals: Some(signals.clone()) };
            std::iter::once(one).chain(folders(path, FolderUse::Write, action, &signals)).collect()
        }
        Effect::Patch { files } => match files.as_slice() {
            [] => Vec::new(),
            [first, rest @ ..] => {
                let mut found = Vec::new();
                if rest.is_empty() {
                    found.push(Cover::FileWrite { path: first.path.clone(), signals: Some(signals.clone()) });
                }
                found.extend(folders(&first.path, FolderUse::Write, action, &signals));
                found
            }
        },
        Effect::Network { url, method: None } => {
            host_of(url).map(|host| Cover::Host { host, signals: Some(signals) }).into_iter().collect()
        }
        Effect::Mcp { server, tool, .. } if !ends_things(tool) => {
            vec![Cover::McpTool { server: server.clone(), tool: tool.clone(), arguments: Arguments::Any, signals }]
        }
        Effect::Shell { .. }
        | Effect::FileDelete { .. }
        | Effect::Network { .. }
        | Effect::Mcp { .. }
        | Effect::AgentSpawn { .. }
        | Effect::Code { .. }
        | Effect::TerminalInput { .. }
        | Effect::ConfigChange { .. }
        | Effect::Schedule { .. }
        | Effect::Message { .. }
        | Effect::Account { .. }
        | Effect::Internal { .. }
        | Effect::Other { .. } => Vec::new(),
    }
}

/// By its name a tool that destroys, runs things or moves money: never granted for any arguments.
fn ends_things(tool: &str) -> bool {
    const ENDS: &[&str] = &[
        "delete", "remove", "drop", "destroy", "purge", "reset", "truncate", "kill", "exec", "execute", "eval",
        "shell", "command", "run", "pay", "transfer", "buy", "order", "refund", "withdraw", "deploy", "grant",
        "revoke", "sql",
    ];
    let lower = tool.to_ascii_lowercase();
    ENDS.iter().any(|word| lower.contains(word))
}

fn commands_wider(command: &str, action: &Action, looked: &Looked, signals: &Accepted) -> Vec<Cover> {
    let Some(all) = plain::parse(command, &action.cwd) else { return Vec::new() };
    let Some(counting) = commands::counting(&all) else { return Vec::new() };
    if counting.len() > limits::GRANT_PATTERNS {
        return Vec::new();
    }
    // At high risk never more than the very words.
    let widths: &[Width] = if looked.assessment.level >= RiskLevel::High {
        &[Width::Words]
    } else {
        &[Width::Words, Width::Paths, Width::Use]
    };
    let links: Vec<Link> = counting.iter().filter_map(|(link, _)| *link).collect();
    let cover = |width: &Width| {
        let parts = counting.iter().map(|(_, one)| commands::pattern(one, *width, action.project()));
        let parts = parts.collect::<Option<Vec<Pattern>>>()?;
        Some(Cover::Commands { parts, links: links.clone(), signals: signals.clone() })
    };
    widths.iter().filter_map(cover).collect()
}

fn commands_covered(parts: &[Pattern], links: &[Link], command: &str, action: &Action, looked: &Looked) -> bool {
    let Some(all) = plain::parse(command, &action.cwd) else { return false };
    let Some(counting) = commands::counting(&all) else { return false };
    let wide = parts.iter().any(|part| !matches!(part.operands, Operands::Exactly(_)));
    if wide && looked.assessment.level >= RiskLevel::High {
        return false;
    }
    // A wide pattern writes nothing outside the project but where its redirections go.
    let pinned = |path: &str| parts.iter().any(|part| part.writes.iter().any(|write| written(write) == path));
    let strays = looked.touches.iter().any(|touch| {
        touch.how != How::Read && !matches!(touch.class, Class::Project | Class::Scratch) && !pinned(&touch.path)
    });
    // `a; b` given, `a && b` wanted: less, never more.
    let tied = |want: &Link, have: &Link| want == have || *want == Link::Then && *have == Link::And;
    if wide && strays || parts.is_empty() {
        return false;
    }
    parts.len() == counting.len()
        && links.len() + 1 == parts.len()
        && links.iter().zip(counting.iter().filter_map(|(link, _)| link.as_ref())).all(|(want, have)| tied(want, have))
        && parts.iter().zip(&counting).all(|(pattern, (_, one))| commands::covers(pattern, one, action.project()))
}

/// The folder of a file and the project itself, as far as they lie in the project.
fn folders(path: &str, how: FolderUse, action: &Action, signals: &Accepted) -> Vec<Cover> {
    let project = action.project().trim_end_matches('/');
    let path = paths::absolute(path, &action.cwd, "");
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    [parent, project]
        .into_iter()
        .filter(|folder| !folder.is_empty() && paths::inside(folder, project))
        .map(|folder| Cover::Folder { path: folder.to_owned(), how, signals: signals.clone() })
        .collect()
}

fn folder_covers(folder: &str, how: FolderUse, action: &Action, looked: &Looked) -> bool {
    let below = |path: &str| !path.starts_with('~') && paths::inside(&paths::absolute(path, &action.cwd, ""), folder);
    let here = match (how, &action.effect) {
        (FolderUse::Read, Effect::FileRead { path }) | (FolderUse::Write, Effect::FileWrite { path, .. }) => {
            below(path)
        }
        (FolderUse::Write, Effect::Patch { files }) => {
            !files.is_empty() && files.iter().all(|file| keeps(&file.op) && below(&file.path))
        }
        _ => false,
    };
    here && paths::inside(folder, action.project())
        && looked.touches.iter().all(|touch| touch.class == Class::Project && paths::inside(&touch.path, folder))
}

/// The path of a redirection in a pattern.
fn written(redirection: &str) -> &str {
    redirection.split_once(' ').map_or(redirection, |(_, path)| path)
}

/// A patch that adds or changes, and neither deletes nor moves.
fn keeps(op: &PatchOp) -> bool {
    matches!(op, PatchOp::Add | PatchOp::Update)
}

fn warning(cover: &Cover, looked: &Looked) -> Option<String> {
    let mut words = Vec::new();
    if looked.assessment.level >= RiskLevel::High {
        words.push(format!("High risk: {}.", looked.assessment.summary));
    }
    match (cover, only_exact(looked)) {
        (_, Some(Only::Hidden)) => {
            words.push("What it does is only known when it runs; the next time it may be something else.".to_owned());
        }
        (_, Some(Only::Kept)) => {
            words.push("It reaches what no wider grant may: secrets, agents' settings or ClawButler.".to_owned());
        }
        (Cover::Commands { parts, .. }, None) => {
            let wide = |part: &Pattern| !matches!(part.operands, Operands::Exactly(_));
            if parts.iter().any(|part| wide(part) && RUNS_PROJECT.contains(&part.program.as_str())) {
                words.push("It runs the project's own code, which agents can change.".to_owned());
            }
        }
        (Cover::McpTool { arguments: Arguments::Any, .. }, None) => {
            words.push("Whatever the arguments are.".to_owned());
        }
        _ => {}
    }
    if looked.assessment.signals.iter().any(|signal| signal.name == "runs_script") {
        words.push("The script it runs can change while the command stays the same.".to_owned());
    }
    (!words.is_empty()).then(|| words.join(" "))
}
