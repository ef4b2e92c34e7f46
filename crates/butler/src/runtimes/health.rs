//! Whether an agent is well: the worst of everything that can be looked at.

use clawbutler_connectors::connector::{self, GuardState, GuardStatus, LiveSession};
use clawbutler_connectors::facts::{Check, Health};
use clawbutler_core::limits::FIRST_CONTACT_MS;
use clawbutler_store::table::homes::HomeState;
use clawbutler_wire::registry::{CheckView, HealthLevel, HealthView};
use clawbutler_wire::runtimes::GuardTest;

use super::agents::Noted;
use crate::sessions::{LOOSENED_FIX, UNGUARDED_FIX, Unguarded};

/// What the checks look at.
pub(super) struct Seen<'a> {
    pub(super) connector: &'static dyn connector::Connector,
    pub(super) guard: &'a GuardStatus,
    pub(super) sessions: &'a [LiveSession],
    /// Whether `sessions` are all that run.
    pub(super) sees_sessions: bool,
    pub(super) checks: Vec<Check>,
    /// Milliseconds since the epoch.
    pub(super) now: i64,
    /// When the engine opened (ms since the epoch); `None` when no engine looks.
    pub(super) opened: Option<i64>,
}

fn check(name: &str, level: HealthLevel, says: impl Into<String>, fix: Option<&str>) -> CheckView {
    CheckView { name: name.to_owned(), level, says: says.into(), fix: fix.map(str::to_owned) }
}

pub(super) fn level(health: Health) -> HealthLevel {
    match health {
        Health::Healthy => HealthLevel::Healthy,
        Health::Degraded => HealthLevel::Degraded,
        Health::Critical => HealthLevel::Critical,
    }
}

/// Every check, the worst first.
pub(super) fn health(seen: Seen<'_>, noted: &Noted) -> HealthView {
    let mut checks = Vec::new();
    let governed = noted.row.as_ref().is_some_and(|row| row.governed);
    // Where none can be installed there is no guard to miss.
    let guarded = seen.connector.has_guard();
    if guarded {
        checks.push(guard(&seen, governed));
        if governed && in_force(seen.guard) {
            checks.push(contact(&seen, noted));
            checks.extend(noted.tested.as_ref().map(tried));
            checks.extend(unguarded(&seen, noted));
            checks.extend(unheard(&seen, noted));
        }
    }
    checks.extend(loosened(&seen, noted));
    checks.extend(stopped_in_vain(&seen, noted));
    checks.extend(noted.connection.clone());
    if noted.drift > 0 {
        checks.push(check(
            "configuration",
            HealthLevel::Degraded,
            format!("{} since the baseline that nobody accepted.", count(noted.drift as usize, "change")),
            Some("Look at the changes on the Agents page; accept them, or take them back."),
        ));
    }
    checks.extend(seen.checks.into_iter().map(|own| CheckView {
        name: own.name.to_owned(),
        level: level(own.health),
        says: own.says,
        fix: own.fix,
    }));
    checks.sort_by_key(|check| std::cmp::Reverse(check.level));
    HealthView { level: checks.first().map_or(HealthLevel::Healthy, |worst| worst.level), checks }
}

fn in_force(guard: &GuardStatus) -> bool {
    matches!(guard.state, GuardState::Managed | GuardState::User)
}

fn guard(seen: &Seen<'_>, governed: bool) -> CheckView {
    let level = match seen.guard.state {
        GuardState::Managed | GuardState::User => HealthLevel::Healthy,
        GuardState::Missing if !governed => HealthLevel::Degraded,
        GuardState::Bypassed | GuardState::Damaged | GuardState::Missing => HealthLevel::Critical,
    };
    check("guard", level, seen.guard.says.clone(), seen.guard.fix.as_deref())
}

/// How the guard was tried last.
fn tried(test: &GuardTest) -> CheckView {
    let level = match test.works {
        Some(true) => HealthLevel::Healthy,
        Some(false) => HealthLevel::Critical,
        None => HealthLevel::Degraded,
    };
    check("guard self-test", level, test.says.clone(), test.fix.as_deref())
}

/// An agent that may not act, with nothing that keeps it from acting.
fn stopped_in_vain(seen: &Seen<'_>, noted: &Noted) -> Option<CheckView> {
    let row = noted.row.as_ref().filter(|row| row.governed && row.state != HomeState::Online)?;
    (!in_force(seen.guard)).then(|| {
        check(
            "state",
            HealthLevel::Critical,
            format!("It is {} in ClawButler, but no guard is in force here, so nothing holds it.", row.state.word()),
            Some("Install the guard on the Agents page, or end its sessions yourself."),
        )
    })
}

fn contact(seen: &Seen<'_>, noted: &Noted) -> CheckView {
    let restart = "Restart the sessions: they read the guard when they start.";
    match noted.last_contact {
        Some(at) => {
            let minutes = seen.now.saturating_sub(at).max(0) / 60_000;
            let ago = match minutes {
                0 => "less than a minute ago".to_owned(),
                1..120 => format!("{minutes} min ago"),
                _ => format!("{} h ago", minutes / 60),
            };
            check("last contact", HealthLevel::Healthy, format!("A hook last called {ago}."), None)
        }
        None if seen.sessions.is_empty() => {
            check("last contact", HealthLevel::Healthy, "No session ran since the guard was installed.", None)
        }
        None => check(
            "last contact",
            HealthLevel::Degraded,
            format!("No hook ever called, although {}.", runs(seen.sessions.len())),
            Some(restart),
        ),
    }
}

/// Kind of a process that serves many conversations: hooks call in their names, and not before one begins.
const SHARED: &str = "gateway";

/// Sessions that began under our eyes and whose hooks should have called by now.
fn unguarded(seen: &Seen<'_>, noted: &Noted) -> Option<CheckView> {
    let opened = seen.opened?;
    let silent = |session: &&LiveSession| {
        session.kind != SHARED
            && !noted.contacted.contains(&session.session)
            && session.started_at.is_some_and(|at| at > opened && at < seen.now - FIRST_CONTACT_MS)
    };
    let silent: Vec<&LiveSession> = seen.sessions.iter().filter(silent).collect();
    let first = silent.first()?;
    Some(check(
        "sessions",
        HealthLevel::Critical,
        format!(
            "{} without the guard: none of its hooks called (process {}, in {}).",
            runs(silent.len()),
            first.pid,
            first.cwd
        ),
        Some(UNGUARDED_FIX),
    ))
}

/// How long a session counts as running after a call of it, where nothing tells that it does (ms).
const RUNS_MS: i64 = 10 * 60_000;

/// Sessions that run and of whose calls no hook told.
fn unheard(seen: &Seen<'_>, noted: &Noted) -> Option<CheckView> {
    let listed = |one: &&Unguarded| seen.sessions.iter().any(|session| session.session == one.session);
    let recent = |one: &&Unguarded| !seen.sees_sessions && seen.now.saturating_sub(one.last) < RUNS_MS;
    let running: Vec<&Unguarded> = noted.unguarded.iter().filter(|one| listed(one) || recent(one)).collect();
    let first = running.iter().max_by_key(|one| one.last)?;
    let calls = usize::try_from(running.iter().map(|one| one.calls).sum::<u64>()).unwrap_or(usize::MAX);
    let says = format!("{} that no hook told of. {}", count(calls, "call"), first.says);
    Some(check("calls without the guard", HealthLevel::Critical, says, Some(UNGUARDED_FIX)))
}

/// Sessions that run in a looser mode. With the guard in force their calls are judged all the same.
fn loosened(seen: &Seen<'_>, noted: &Noted) -> Option<CheckView> {
    let first = noted.loosened.first()?;
    let level = if in_force(seen.guard) { HealthLevel::Degraded } else { HealthLevel::Critical };
    let more = match noted.loosened.len() - 1 {
        0 => String::new(),
        others => format!(" So does {} more.", count(others, "session")),
    };
    Some(check("modes of sessions", level, format!("{first}{more}"), Some(LOOSENED_FIX)))
}

fn runs(sessions: usize) -> String {
    if sessions == 1 { "1 session runs".to_owned() } else { format!("{sessions} sessions run") }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
