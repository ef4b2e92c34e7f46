//! An engine with everything around it made up.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use clawbutler_butler::{Answer, Butler, Env, Ports, Submission, Ticket};
use clawbutler_core::clock::{Clock, Timestamp};
use clawbutler_core::id::IdSource;
use clawbutler_platform::keychain::Keychain;
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::approvals::{ApprovalView, Scope, Verb, Which};
use clawbutler_wire::audit::EntryView;
use clawbutler_wire::command::{DecideApproval, ListAgents, ListApprovals, ListAudit, ListRules};
use clawbutler_wire::gateway::{ActionReply, ActionRequest, Event, ProcessFacts, Strategy, VERSION, Verdict};
use clawbutler_wire::rules::RulesView;
use clawbutler_wire::{ApiError, Code};
use serde_json::json;

/// A Wednesday, 09:20 UTC.
const START: i64 = 1_795_598_450_000;

/// The wall clock can be set back; the steady one only goes on.
#[derive(Debug)]
pub(crate) struct Hand {
    wall: AtomicI64,
    steady: AtomicU64,
}

impl Hand {
    fn new() -> Self {
        Self { wall: AtomicI64::new(START), steady: AtomicU64::new(0) }
    }

    fn pass_ms(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::Relaxed);
        self.steady.fetch_add(u64::try_from(ms).unwrap_or(0), Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn wall(&self) -> Timestamp {
        Timestamp(self.wall.load(Ordering::Relaxed))
    }

    fn steady_ms(&self) -> u64 {
        self.steady.load(Ordering::Relaxed)
    }

    fn offset_minutes(&self, _at: Timestamp) -> Option<i32> {
        Some(0)
    }
}

#[derive(Debug, Default)]
struct Counted(AtomicU64);

impl IdSource for Counted {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}

enum Folder {
    Own(tempfile::TempDir),
    Given(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Given(path) => path,
        }
    }
}

pub(crate) struct Desk {
    folder: Folder,
    clock: Arc<Hand>,
    ids: Arc<Counted>,
    pub(crate) keychain: Option<Arc<dyn Keychain>>,
    butler: Option<Butler>,
    calls: AtomicU64,
}

impl Desk {
    /// On a folder that others prepared; it stays when the desk goes.
    pub(crate) fn at(folder: &Path) -> Self {
        let clock = Arc::new(Hand::new());
        let mut desk = Self {
            folder: Folder::Given(folder.to_owned()),
            clock,
            ids: Arc::default(),
            keychain: None,
            butler: None,
            calls: AtomicU64::new(0),
        };
        desk.open();
        desk
    }

    pub(crate) fn new() -> Self {
        let folder = Folder::Own(tempfile::tempdir().unwrap());
        let clock = Arc::new(Hand::new());
        let mut desk =
            Self { folder, clock, ids: Arc::default(), keychain: None, butler: None, calls: AtomicU64::new(0) };
        fs::create_dir_all(desk.project().join(".git")).unwrap();
        fs::create_dir_all(desk.home()).unwrap();
        fs::write(desk.project().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        desk.open();
        desk
    }

    /// A folder outside the system's temporary ones by name does not exist here; paths are as they come.
    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Id of the runtime's home on this desk; other runtimes that run on the machine are found too.
    pub(crate) fn home_of(&self, runtime: &str) -> String {
        let agents = self.butler().list_agents(ListAgents {}).unwrap().agents;
        let here = self.home().display().to_string();
        agents.into_iter().find(|agent| agent.runtime == runtime && agent.home.starts_with(&here)).unwrap().id
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn open(&mut self) {
        let ports = Ports {
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            env: Env::new(BTreeMap::new(), self.home()),
            keychain: self.keychain.clone(),
            data: DataDir::at(self.data()),
            hook_source: None,
        };
        self.butler = Some(Butler::open(ports).unwrap());
    }

    pub(crate) fn close(&mut self) {
        self.butler.take().unwrap().shutdown();
    }

    pub(crate) fn butler(&self) -> &Butler {
        self.butler.as_ref().unwrap()
    }

    /// Moves the clock, best while no engine runs.
    pub(crate) fn pass_closed_ms(&self, ms: i64) {
        self.clock.pass_ms(ms);
    }

    /// Milliseconds since the epoch.
    pub(crate) fn now(&self) -> i64 {
        self.clock.wall().0
    }

    /// Moves the clock and lets the background thread have a round.
    pub(crate) fn pass_ms(&self, ms: i64) {
        self.clock.pass_ms(ms);
        self.butler().tick(false);
    }

    pub(crate) fn request(&self, session: &str, command: &str) -> ActionRequest {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        ActionRequest {
            v: VERSION,
            runtime: "claude-code".to_owned(),
            event: Event::Gate,
            strategy: Strategy::Hold,
            idempotency_key: format!("key-{call}"),
            session: session.to_owned(),
            tool: "Bash".to_owned(),
            arguments: json!({ "command": command }),
            cwd: self.project().display().to_string(),
            mode: "default".to_owned(),
            call_id: Some(format!("call-{call}")),
            agent_id: None,
            agent_name: None,
            extra: serde_json::Value::Null,
            process: ProcessFacts {
                home: self.home().join(".claude").display().to_string(),
                ..ProcessFacts::default()
            },
            deadline_ms: 3_600_000,
        }
    }

    /// Asks; `None` while a person is asked.
    pub(crate) fn ask(&self, session: &str, command: &str) -> Option<ActionReply> {
        match self.butler().submit(&self.request(session, command)) {
            Submission::Settled(reply) => Some(reply),
            Submission::Waiting(_) => None,
        }
    }

    pub(crate) fn verdict(&self, command: &str) -> Verdict {
        self.ask("s", command).map_or(Verdict::Waiting, |reply| reply.verdict)
    }

    /// Asks what a person must answer; gives the place in the queue and the card.
    pub(crate) fn queue(&self, session: &str, command: &str) -> (Ticket, ApprovalView) {
        let Submission::Waiting(ticket) = self.butler().submit(&self.request(session, command)) else {
            panic!("nobody is asked about {command}")
        };
        let view = self.pending().into_iter().find(|view| view.id == ticket.approval).unwrap();
        (ticket, view)
    }

    pub(crate) fn pending(&self) -> Vec<ApprovalView> {
        self.butler().list_approvals(ListApprovals { which: Which::Pending, limit: None }).unwrap().items
    }

    pub(crate) fn rules(&self) -> RulesView {
        self.butler().list_rules(ListRules {}).unwrap()
    }

    pub(crate) fn rule_file(&self, name: &str) -> PathBuf {
        self.data().join("rules").join(name)
    }

    pub(crate) fn write_rules(&self, name: &str, text: &str) {
        fs::write(self.rule_file(name), text).unwrap();
    }

    /// Newest first.
    pub(crate) fn entries(&self, kind: &str) -> Vec<EntryView> {
        let page = self.butler().list_audit(ListAudit { limit: Some(500), ..ListAudit::default() }).unwrap();
        page.items.into_iter().filter(|entry| entry.kind == kind).collect()
    }

    pub(crate) fn alerts(&self) -> Vec<String> {
        let status = self.butler().status(clawbutler_wire::command::Status {}).unwrap();
        status.alerts.into_iter().map(|alert| alert.says).collect()
    }
}

pub(crate) fn decide(seen: &ApprovalView, verb: Verb) -> DecideApproval {
    DecideApproval {
        id: seen.id.clone(),
        revision: seen.revision,
        seen_digest: seen.seen_digest.clone(),
        verb,
        reason: None,
        scope: Scope::Project,
        proposal: 0,
        expires_ms: None,
        uses: None,
    }
}

pub(crate) fn answer(ticket: &Ticket) -> Answer {
    ticket.answer.try_recv().unwrap()
}

pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, clawbutler_butler::Error>) -> Code {
    ApiError::from(result.unwrap_err()).code
}

pub(crate) fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}
