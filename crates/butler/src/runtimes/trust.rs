//! Having a runtime trust the entries of our guard, over its own interface and by consent to exactly those.
//!
//! The runtime writes down what it trusts; we ask it to, look at what it lists before and after, and record it. Asked
//! is its daemon where we are connected to it, whose sessions then take the guard up at once; else a client of it that
//! is started for this and ends with it.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use clawbutler_attach::CallError;
use clawbutler_attach::codex::{Client, Hook, Start, trust_lines};
use clawbutler_connectors::connector::{FileChange, GuardState, Plan};
use clawbutler_connectors::env::Env;
use clawbutler_connectors::trusting::{OwnEntry, Trust};
use clawbutler_core::actor::Actor;
use clawbutler_core::digest::{self, sha256};
use clawbutler_core::limits::ATTACH_CALL_MS;
use clawbutler_ledger::Kind;
use clawbutler_platform::files;
use clawbutler_store::Durability;
use clawbutler_store::table::backups::BackupRow;
use clawbutler_wire::runtimes::{FilePlan, GuardPlan, HomeView};
use clawbutler_wire::topic::Topic;
use serde_json::json;
use tokio::runtime::Handle;

use super::guard::{consent, present};
use super::scan::Known;
use crate::attached::{Line, Told};
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// Whether the guard of a home has no effect until the runtime trusts it, and the runtime can be asked to.
pub(super) fn awaited(env: &Env, known: &Known, hook: &Path, state: GuardState) -> bool {
    state == GuardState::Bypassed && known.connector.trust(env, &known.path, hook).is_some()
}

/// Who is asked.
enum Asked {
    Daemon(Arc<dyn Line>),
    Own { handle: Handle, client: Box<Client>, program: String },
}

impl Asked {
    /// Where it is, for people and for the log.
    fn place(&self) -> String {
        match self {
            Self::Daemon(line) => format!("the running server at {}", line.address()),
            Self::Own { program, client, .. } => {
                format!("{program} {}", client.hello().version.clone().unwrap_or_default())
            }
        }
    }

    fn hooks(&mut self, home: &str) -> Result<Vec<Hook>, CallError> {
        match self {
            Self::Daemon(line) => answer(|told| line.hooks(home, told)),
            Self::Own { handle, client, .. } => on_a_thread(|| handle.block_on(client.hooks(home))),
        }
    }

    fn trust(&mut self, hooks: &[(String, String)]) -> Result<(), CallError> {
        match self {
            Self::Daemon(line) => answer(|told| line.trust(hooks, told)),
            Self::Own { handle, client, .. } => on_a_thread(|| handle.block_on(client.trust(hooks))),
        }
    }

    fn end(self) {
        if let Self::Own { handle, client, .. } = self {
            let end = || {
                handle.block_on(client.end());
                Ok(())
            };
            drop(on_a_thread(end));
        }
    }
}

fn answer<T: Send + 'static>(ask: impl FnOnce(Told<T>)) -> Result<T, CallError> {
    let (tell, hear) = channel();
    ask(Box::new(move |result| drop(tell.send(result))));
    hear.recv_timeout(Duration::from_millis(ATTACH_CALL_MS + 1_000)).map_err(|_| CallError::Down)?
}

/// A host's own thread may be one that must not wait; this one may. What it waits for has its own bound.
fn on_a_thread<T: Send>(call: impl FnOnce() -> Result<T, CallError> + Send) -> Result<T, CallError> {
    thread::scope(|scope| scope.spawn(call).join().unwrap_or(Err(CallError::Down)))
}

/// What is to be trusted, as it was found with the one that is asked.
struct Looked {
    /// The file in which the runtime keeps it, before.
    before: Vec<u8>,
    /// What it listed.
    listed: Vec<Hook>,
    /// Ours among it.
    chosen: Vec<(String, OwnEntry)>,
    view: GuardPlan,
}

impl Looked {
    fn pairs(&self) -> Vec<(String, String)> {
        self.chosen.iter().map(|(key, own)| (key.clone(), own.fingerprint.clone())).collect()
    }

    /// What is wrong with what is listed now; `None` when exactly what was chosen is trusted besides what was before.
    fn wrong(&self, now: &[Hook]) -> Option<String> {
        let ours = |hook: &&Hook| self.chosen.iter().any(|(key, _)| *key == hook.key);
        let missing = self.chosen.iter().find(|(key, own)| {
            !now.iter().any(|hook| hook.key == *key && hook.fingerprint == own.fingerprint && hook.runs())
        });
        if let Some((_, own)) = missing {
            return Some(format!("the hook for {} is still not trusted", own.event));
        }
        let others = |hooks: &[Hook]| hooks.iter().filter(|hook| !ours(hook)).cloned().collect::<Vec<_>>();
        (others(now) != others(&self.listed)).then(|| "hooks of others are not listed as before".to_owned())
    }
}

/// Our entries among what is listed; an error where something in the place of ours is not byte for byte ours.
fn ours(trust: &Trust, listed: &[Hook]) -> Result<Vec<(String, OwnEntry)>, String> {
    let mut chosen = Vec::new();
    for own in &trust.entries {
        let mut here = listed.iter().filter(|hook| own.keys.contains(&hook.key));
        match (here.next(), here.next()) {
            (None, _) => {}
            (Some(hook), None) if is(own, hook) => chosen.push((hook.key.clone(), own.clone())),
            (Some(_), _) => return Err(format!("what it lists for {} is not what ClawButler wrote", own.event)),
        }
    }
    if chosen.is_empty() { Err("it lists none of the guard's hooks".to_owned()) } else { Ok(chosen) }
}

fn is(own: &OwnEntry, hook: &Hook) -> bool {
    hook.event.eq_ignore_ascii_case(&own.event)
        && hook.handler == "command"
        && hook.source == "user"
        && !hook.is_async
        && hook.command.as_ref() == Some(&own.command)
        && hook.matcher == own.matcher
        && hook.timeout_s == Some(own.timeout_s)
        && hook.status == own.status
        && hook.fingerprint == own.fingerprint
}

fn view(
    known: &Known,
    trust: &Trust,
    asked: &str,
    before: &[u8],
    looked: (&[Hook], &[(String, OwnEntry)]),
) -> GuardPlan {
    let (listed, chosen) = looked;
    let path = trust.file.display().to_string();
    let lines =
        trust_lines(chosen.iter().map(|(key, own)| (key.as_str(), own.fingerprint.as_str(), own.trusted.as_deref())));
    let file =
        FilePlan { diff: format!("--- {path}\n+++ {path}\n{lines}"), path, before: Some(sha256(before)), after: None };
    let name = known.connector.name();
    let mut notes = vec![format!(
        "{name} is asked, over its own interface, to trust exactly these hooks; it writes that down itself. Asked is {asked}. \
         Sessions that run in another process keep the hooks they started with."
    )];
    notes.extend(chosen.iter().map(|(_, own)| {
        let tools = own.matcher.as_ref().map(|tools| format!(" ({tools})")).unwrap_or_default();
        format!("{}{tools}: {}", own.event, own.command)
    }));
    let unknown: Vec<&str> = trust
        .entries
        .iter()
        .filter(|own| !chosen.iter().any(|(_, one)| one == *own))
        .map(|own| own.event.as_str())
        .collect();
    if !unknown.is_empty() {
        notes.push(format!("This release does not know of: {}. They only report, and stay out.", unknown.join(", ")));
    }
    let waiting = listed
        .iter()
        .filter(|hook| !hook.runs() && hook.trust != "managed" && !chosen.iter().any(|(key, _)| *key == hook.key));
    match waiting.count() {
        0 => {}
        others => notes.push(format!("{others} other hooks are not trusted either; they stay as they are.")),
    }
    let named: Vec<_> = chosen.iter().map(|(key, own)| (key, &own.fingerprint, &own.command)).collect();
    GuardPlan {
        plan_digest: digest::of(&(&known.id, "trust", &file.before, asked, named)),
        home_id: known.id.clone(),
        changes: true,
        files: vec![file],
        notes,
        command: None,
    }
}

impl Butler {
    /// Shows exactly which entries the runtime would be asked to trust. Asks it what it lists.
    pub(super) fn plan_trust(&self, known: &Known) -> Result<GuardPlan, Error> {
        let trust = self.awaited_trust(known)?;
        let mut asked = self.who_is_asked(known, &trust)?;
        let looked = self.look_at_trust(known, &trust, &mut asked);
        asked.end();
        Ok(looked?.view)
    }

    /// Asks the runtime to trust what was shown.
    pub(super) fn carry_out_trust(&self, known: &Known, consented: &str) -> Result<HomeView, Error> {
        let trust = self.awaited_trust(known)?;
        let mut asked = self.who_is_asked(known, &trust)?;
        let done = self.trusted(known, &trust, &mut asked, consented);
        asked.end();
        done?;
        self.ring(true);
        self.changed(Topic::Runtimes);
        self.changed(Topic::Agents);
        Ok(self.home_view(known))
    }

    fn awaited_trust(&self, known: &Known) -> Result<Trust, Error> {
        if lock(&self.0.registry).homes.get(&known.id).is_none_or(|home| !home.governed) {
            let hint = "Connect it first; nothing of an agent that was not chosen is touched.";
            return Err(Error::precondition("This agent is not governed.", hint));
        }
        let trust = known.connector.trust(&self.0.ports.env, &known.path, &self.0.ports.data.hook());
        trust.ok_or_else(|| {
            let says = format!("{} has nothing of ours to trust now.", known.connector.name());
            Error::precondition(says, "Look at what the guard says; repair it first where it is damaged.")
        })
    }

    fn who_is_asked(&self, known: &Known, trust: &Trust) -> Result<Asked, Error> {
        if let Some(line) = self.daemon_of(&known.id) {
            return Ok(Asked::Daemon(line));
        }
        let Some(client) = &trust.client else {
            let says = format!("No {} that knows of trust was found on this machine.", known.connector.name());
            return Err(Error::precondition(says, trust.by_hand.clone()));
        };
        let start = Start { program: client.program.clone(), vars: client.vars.clone(), folder: client.folder.clone() };
        let Some(handle) = self.speaker()? else {
            return Err(Error::precondition("ClawButler is closing.", trust.by_hand.clone()));
        };
        let client = on_a_thread(|| handle.block_on(Client::start(&start)));
        let client = Box::new(client.map_err(|error| refused(known, trust, &error.to_string()))?);
        Ok(Asked::Own { handle, client, program: start.program.display().to_string() })
    }

    fn look_at_trust(&self, known: &Known, trust: &Trust, asked: &mut Asked) -> Result<Looked, Error> {
        let before = present(&trust.file)?.unwrap_or_default();
        let listed = asked.hooks(&known.path.display().to_string());
        let listed = listed.map_err(|error| refused(known, trust, &error.to_string()))?;
        let chosen = ours(trust, &listed).map_err(|why| refused(known, trust, &why))?;
        let view = view(known, trust, &asked.place(), &before, (&listed, &chosen));
        Ok(Looked { before, listed, chosen, view })
    }

    /// Shown, agreed to, kept, asked, looked at again, recorded.
    fn trusted(&self, known: &Known, trust: &Trust, asked: &mut Asked, consented: &str) -> Result<(), Error> {
        let looked = self.look_at_trust(known, trust, asked)?;
        consent(&looked.view, consented)?;
        let change =
            FileChange { path: trust.file.clone(), before: Some(looked.before.clone()), after: None, mode: None };
        // What the guard found here is what its removal gives back, also after the runtime has written.
        let path = trust.file.display().to_string();
        let original = self.0.store.read(|read| read.backup_newest(&path))?;
        let original = original.filter(|row| row.after == sha256(&looked.before));
        self.back_up(known, &Plan { files: vec![change], ..Plan::default() }, true)?;
        let told = asked.trust(&looked.pairs()).and_then(|()| asked.hooks(&known.path.display().to_string()));
        let wrong = match told {
            Ok(now) => looked.wrong(&now),
            Err(error) => Some(error.to_string()),
        };
        let after = present(&trust.file)?.unwrap_or_default();
        let only = self.only_trust_differs(known, &looked, &after);
        if let Some(why) = wrong {
            let back = if only { put_back(trust, &looked, &after) } else { "Look at what is in it now." };
            let mut error = refused(known, trust, &why);
            error.0.message.push_str(&format!(" {} {back}", trust.file.display()));
            return Err(error);
        }
        let hooks: Vec<_> = looked
            .chosen
            .iter()
            .map(|(key, own)| json!({ "event": own.event, "key": key, "command": own.command, "fingerprint": own.fingerprint, "before": own.trusted }))
            .collect();
        let data = json!({
            "home": known.id, "path": known.path.display().to_string(), "file": trust.file.display().to_string(),
            "before": sha256(&looked.before), "after": sha256(&after), "asked": asked.place(), "hooks": hooks,
            "others_changed": !only,
        });
        let at = self.now();
        let given_back = original.filter(|_| only).map(|row| BackupRow { at: at.0, after: sha256(&after), ..row });
        let recorded = self.0.store.write::<_, Error>(Durability::Power, |tx| {
            if let Some(row) = &given_back {
                tx.backup_put(row)?;
            }
            audit::append(tx, at, self.entry(Kind::GuardTrusted, Actor::LocalUser, data)).map(drop)
        });
        if recorded.is_err() {
            put_back(trust, &looked, &after);
        }
        recorded?;
        if !only {
            let says = format!("While the guard was trusted, {} changed in other places too.", trust.file.display());
            self.alert(&says, "Somebody else wrote at the same time; look at the changes of the agent.");
        }
        self.changed(Topic::Audit);
        Ok(())
    }

    fn only_trust_differs(&self, known: &Known, looked: &Looked, after: &[u8]) -> bool {
        let keys: Vec<String> = looked.chosen.iter().map(|(key, _)| key.clone()).collect();
        match (std::str::from_utf8(&looked.before), std::str::from_utf8(after)) {
            (Ok(before), Ok(after)) => known.connector.only_trust_differs(before, after, &keys),
            _ => false,
        }
    }
}

/// Nothing else was changed, so the bytes of before are given back; says how that went.
fn put_back(trust: &Trust, looked: &Looked, after: &[u8]) -> &'static str {
    if after == looked.before {
        return "is as it was.";
    }
    let unchanged = present(&trust.file).is_ok_and(|now| now.as_deref() == Some(after));
    match files::write_atomic(&trust.file, &looked.before, None) {
        _ if !unchanged => "changed meanwhile and was left alone.",
        Ok(()) => "was put back as it was.",
        Err(_) => "could not be put back; a copy of it is kept.",
    }
}

fn refused(known: &Known, trust: &Trust, why: &str) -> Error {
    let says = format!("{} did not trust the guard: {why}.", known.connector.name());
    Error::precondition(says, trust.by_hand.clone())
}
