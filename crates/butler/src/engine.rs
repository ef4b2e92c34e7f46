//! The engine: its parts, its start, its one background thread, its end.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use clawbutler_connectors::env::Env;
use clawbutler_core::actor::Actor;
use clawbutler_core::clock::{Clock, Timestamp};
use clawbutler_core::grant::Grant;
use clawbutler_core::id::IdSource;
use clawbutler_core::redact::MaskKey;
use clawbutler_ledger::Kind;
use clawbutler_platform::files;
use clawbutler_platform::keychain::Keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_policy::{RuleSet, Surroundings};
use clawbutler_store::search::SearchStore;
use clawbutler_store::{Durability, Store};
use clawbutler_wire::settings::{AlertView, Settings};
use clawbutler_wire::topic::Topic;
use serde_json::json;

use crate::approvals::Waiters;
use crate::attached::Attached;
use crate::backup::Backups;
use crate::cost::Transcripts;
use crate::damage::{self, Looking};
use crate::events::{Event, Listener};
use crate::export::Exports;
use crate::project::Remotes;
use crate::retention::Retention;
use crate::rules::Book;
use crate::runtimes::{self, Lookout, Pace, Registry};
use crate::search::Finder;
use crate::sessions::Sessions;
use crate::{Error, OpenError, audit};

/// What a host supplies.
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    /// Home folder, variables and file system root by which runtimes are found.
    pub env: Env,
    pub data: DataDir,
    /// Where the key of the audit log is kept; `None`: in a file, which is weaker.
    pub keychain: Option<Arc<dyn Keychain>>,
    /// The hook program to install; `None` when this host has none.
    pub hook_source: Option<PathBuf>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").field("data", &self.data).finish_non_exhaustive()
    }
}

/// The engine. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Butler(pub(crate) Arc<Inner>);

impl fmt::Debug for Butler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Butler").field("data", &self.0.ports.data).finish_non_exhaustive()
    }
}

pub(crate) struct Inner {
    pub(crate) ports: Ports,
    pub(crate) store: Store,
    pub(crate) rules: RwLock<Arc<RuleSet>>,
    pub(crate) book: Mutex<Book>,
    pub(crate) remotes: Mutex<Remotes>,
    pub(crate) transcripts: Mutex<Transcripts>,
    pub(crate) sessions: Sessions,
    pub(crate) finder: Finder,
    pub(crate) exports: Exports,
    pub(crate) verifying: audit::Verifying,
    pub(crate) retention: Retention,
    pub(crate) backups: Backups,
    pub(crate) dialogs: crate::files::Dialogs,
    pub(crate) looking: Looking,
    /// How much of the tightest budget is used (percent), as `budget` counted last; `None`: there is none.
    pub(crate) budget: RwLock<Option<u32>>,
    /// When the history is tidied next (ms since the epoch).
    pub(crate) next_prune: AtomicI64,
    pub(crate) mask: MaskKey,
    pub(crate) around: RwLock<Surroundings>,
    pub(crate) settings: RwLock<Settings>,
    pub(crate) grants: RwLock<Vec<Grant>>,
    pub(crate) waiters: Mutex<Waiters>,
    pub(crate) registry: Mutex<Registry>,
    /// Never held while the engine is asked something: answers may come back on the same thread.
    pub(crate) attached: Mutex<Attached>,
    /// When configurations were compared last.
    pub(crate) pace: Mutex<Pace>,
    /// Held while a configuration is compared or accepted: one change is recorded once.
    pub(crate) facts_turn: Mutex<()>,
    /// Held while it is looked for new homes, or one of them is answered for.
    pub(crate) homes_turn: Mutex<()>,
    /// Held while another program's write is looked at and recorded: one write is recorded once.
    pub(crate) noticing: Mutex<()>,
    /// Held while settings are replaced, so that each entry tells what was in force before.
    pub(crate) settings_turn: Mutex<()>,
    pub(crate) calls: Mutex<HashMap<String, crate::approvals::OpenCall>>,
    /// Never held while `calls` is locked, or the other way round.
    pub(crate) links: Mutex<crate::links::Links>,
    pub(crate) alerts: Mutex<Vec<AlertView>>,
    /// Key and copies of the audit log outside the database.
    pub(crate) keeper: Mutex<audit::Keeper>,
    /// Held from looking for a request's key until it is stored: two of one key become one question.
    pub(crate) turn: Mutex<()>,
    listeners: RwLock<Vec<Listener>>,
    bell: (Mutex<Bell>, Condvar),
    /// Held as long as this engine lives: one engine per data folder.
    _only_one: File,
}

#[derive(Debug, Default)]
struct Bell {
    rung: bool,
    stop: bool,
    look_at_guards: bool,
}

/// How often the background thread looks when nothing calls it.
const PULSE: Duration = Duration::from_secs(2);

impl Butler {
    /// Opens the data folder and settles what the last run left behind.
    pub fn open(mut ports: Ports) -> Result<Self, OpenError> {
        ports.data.create()?;
        ports.env = runtimes::with_processes(ports.env, &ports.clock);
        let Some(only_one) = files::try_lock(&ports.data.engine_lock())? else {
            return Err(OpenError::AlreadyRunning(ports.data.path().display().to_string()));
        };
        let (store, unfinished) = damage::open_store(&ports.data, ports.clock.wall())?;
        clawbutler_platform::os::set_mode(&ports.data.database(), 0o600)?;
        let (sessions, set_aside) = Sessions::open(&ports.data.sessions())?;
        clawbutler_platform::os::set_mode(&ports.data.sessions(), 0o600)?;
        if let Some(aside) = set_aside {
            tracing::warn!(aside = %aside.display(), "what was read of sessions could not be used and is read again");
        }
        let finder = Finder::new(SearchStore::open(&ports.data.search())?);
        clawbutler_platform::os::set_mode(&ports.data.search(), 0o600)?;
        let mask = MaskKey::new(files::secret(&ports.data.mask_key())?);
        let settings = crate::settings::load(&store)?;
        mask.choose(crate::settings::choice(&settings));
        let around = Surroundings {
            home: ports.env.home.display().to_string(),
            data_dir: ports.data.path().display().to_string(),
            guarded: Vec::new(),
        };
        let butler = Self(Arc::new(Inner {
            rules: RwLock::new(Arc::new(RuleSet::builtin())),
            book: Mutex::default(),
            remotes: Mutex::default(),
            transcripts: Mutex::default(),
            sessions,
            finder,
            exports: Exports::default(),
            verifying: audit::Verifying::default(),
            retention: Retention::default(),
            backups: Backups::default(),
            dialogs: crate::files::Dialogs::default(),
            looking: Looking::new(unfinished),
            budget: RwLock::default(),
            next_prune: AtomicI64::new(0),
            store,
            mask,
            around: RwLock::new(around),
            settings: RwLock::new(settings),
            grants: RwLock::default(),
            waiters: Mutex::default(),
            registry: Mutex::default(),
            attached: Mutex::default(),
            pace: Mutex::default(),
            facts_turn: Mutex::default(),
            homes_turn: Mutex::default(),
            noticing: Mutex::default(),
            settings_turn: Mutex::default(),
            calls: Mutex::default(),
            links: Mutex::default(),
            alerts: Mutex::default(),
            keeper: Mutex::default(),
            turn: Mutex::default(),
            listeners: RwLock::default(),
            bell: (Mutex::default(), Condvar::new()),
            _only_one: only_one,
            ports,
        }));
        butler.recover().map_err(|Error(error)| std::io::Error::other(error.message))?;
        Ok(butler)
    }

    /// What a fresh start owes the run before it: noticing, intake, expiry, grants, snapshot.
    fn recover(&self) -> Result<(), Error> {
        self.record_set_aside()?;
        self.record_restored()?;
        let found = self.compare_outside(false)?;
        self.take_standing();
        // From here on every commit is sealed.
        self.open_keeper()?;
        if found.says.is_none() {
            // No longer an orderly end: what follows is ours, even if we do not get far.
            self.note_head(false)?;
        }
        let loosens = self.record_tail(&found)?;
        let tampered = found.says.filter(|_| !found.torn);
        let distrust = tampered.is_some() || loosens;
        self.load_rules(distrust)?;
        self.record(
            Durability::Power,
            Kind::EngineStarted,
            Actor::Engine,
            json!({
                "version": env!("CARGO_PKG_VERSION"),
                "rules": self.rules().version(),
                "accepted": self.accepted_rules(),
            }),
        )?;
        if tampered.is_none() {
            // Before the first checkpoint there is: whoever finds that without a note knows that the note is gone.
            self.note_head(false)?;
        }
        if let Some(says) = &tampered {
            self.notice_tampering(
                says,
                "Run the verification on the Audit page and compare with a copy kept elsewhere.",
            )?;
        }
        self.load_grants(distrust)?;
        self.load_registry()?;
        self.load_attached()?;
        self.take_in_spool()?;
        self.recover_approvals()?;
        self.look_at_rules()?;
        self.write_snapshot()?;
        self.look_at_budgets()?;
        self.checkpoint()?;
        self.note_head(false)
    }

    /// Starts the background thread: deadlines, guards, checkpoints. It ends with [`Self::shutdown`].
    pub fn start(&self) -> std::io::Result<std::thread::JoinHandle<()>> {
        let butler = self.clone();
        let mut lookout = Lookout::default();
        lookout.look_around(&butler);
        butler.ring(true);
        let reader = butler.start_sessions()?;
        let index = butler.start_index()?;
        std::thread::Builder::new().name("butler".into()).spawn(move || {
            while let Some(look_at_guards) = butler.wait_for_bell() {
                let due = lookout.look_around(&butler);
                butler.tick(look_at_guards || due);
            }
            if index.join().is_err() {
                tracing::error!("the thread that fills the search index had ended in an error");
            }
            if reader.join().is_err() {
                tracing::error!("the thread that reads sessions had ended in an error");
            }
        })
    }

    /// One round of the background thread; tests with their own clock call it directly.
    pub fn tick(&self, look_at_guards: bool) {
        let round = || -> Result<(), Error> {
            self.expire_due()?;
            self.end_expired_grants()?;
            self.look_at_rules()?;
            self.look_for_tampering()?;
            if look_at_guards {
                self.check_guards()?;
                self.look_for_homes()?;
            }
            self.look_at_facts(look_at_guards)?;
            self.flush_contacts()?;
            self.take_in_spool()?;
            self.look_for_unguarded()?;
            self.look_for_loosened()?;
            self.look_at_gateways()?;
            self.look_at_states()?;
            self.look_at_budgets()?;
            self.prune_history()?;
            self.record_backups()?;
            self.retain_when_due()?;
            self.look_for_damage_when_due()?;
            self.0.store.tidy()?;
            self.compare_outside_now_and_then()?;
            self.checkpoint_when_due()?;
            self.note_head(false)
        };
        if let Err(Error(error)) = round() {
            tracing::error!(message = %error.message, "a background round failed");
        }
    }

    fn wait_for_bell(&self) -> Option<bool> {
        let now = self.now();
        let next = self.0.store.read(|read| read.approvals_next_deadline()).ok().flatten();
        let wait = next.map_or(PULSE, |at| Duration::from_millis(now.until(at)).clamp(Duration::from_millis(5), PULSE));
        let (mutex, condvar) = &self.0.bell;
        let mut bell = lock(mutex);
        if !bell.rung && !bell.stop {
            bell = condvar.wait_timeout(bell, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        bell.rung = false;
        (!bell.stop).then(|| std::mem::take(&mut bell.look_at_guards))
    }

    /// Calls the background thread now.
    pub(crate) fn ring(&self, look_at_guards: bool) {
        let (mutex, condvar) = &self.0.bell;
        let mut bell = lock(mutex);
        bell.rung = true;
        bell.look_at_guards |= look_at_guards;
        condvar.notify_all();
    }

    /// Ends in order: waiting hooks are told, the end is recorded.
    pub fn shutdown(&self) {
        {
            let (mutex, condvar) = &self.0.bell;
            let mut bell = lock(mutex);
            if bell.stop {
                return;
            }
            bell.stop = true;
            condvar.notify_all();
        }
        self.0.sessions.stop();
        self.let_gateways_go();
        self.end_retention();
        self.end_looking();
        self.end_backup();
        let end = || -> Result<(), Error> {
            self.withdraw_all_for_quit()?;
            self.flush_contacts()?;
            self.record(Durability::Power, Kind::EngineStopped, Actor::Engine, json!({}))?;
            self.checkpoint()?;
            self.note_head(true)
        };
        if let Err(Error(error)) = end() {
            tracing::error!(message = %error.message, "the end could not be recorded");
        }
    }

    /// Whether [`Self::shutdown`] was called.
    pub(crate) fn stopping(&self) -> bool {
        lock(&self.0.bell.0).stop
    }

    /// Tells `listener` of every event from now on.
    pub fn subscribe(&self, listener: impl Fn(&Event) + Send + Sync + 'static) {
        self.0.listeners.write().unwrap_or_else(PoisonError::into_inner).push(Box::new(listener));
    }

    pub(crate) fn tell(&self, event: &Event) {
        for listener in self.0.listeners.read().unwrap_or_else(PoisonError::into_inner).iter() {
            listener(event);
        }
    }

    pub(crate) fn changed(&self, topic: Topic) {
        self.tell(&Event::Changed(topic));
    }

    /// What surrounds the agents: home, own files, guarded files.
    pub(crate) fn around(&self) -> Surroundings {
        self.0.around.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.ports.clock.wall()
    }

    /// Records one entry that belongs to no action.
    pub(crate) fn record(
        &self,
        durability: Durability,
        kind: Kind,
        actor: Actor,
        data: serde_json::Value,
    ) -> Result<(), Error> {
        let at = self.now();
        self.0.store.write(durability, |tx| audit::append(tx, at, self.entry(kind, actor, data)).map(drop))
    }

    /// The data folder.
    pub fn data(&self) -> &DataDir {
        &self.0.ports.data
    }
}

/// A panic elsewhere leaves these maps whole: each change is one insert or remove.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
