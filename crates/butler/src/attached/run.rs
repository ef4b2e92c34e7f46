//! Real connections: one tokio thread for all of them, one thread each that takes what it says to the engine.

use std::fmt;
use std::sync::Arc;

use clawbutler_attach::CallError;
use clawbutler_attach::codex::{
    Approval as DaemonApproval, Daemon, Decision as DaemonDecision, Hook, Place as Socket, Target as DaemonTarget,
};
use clawbutler_attach::openclaw::{
    Address, AgentLock, Applied, Approval, Config, Decision, Gateway, History, Policy, Reach, Resolution, Rollback,
    Standing, Stopped, Target,
};
use clawbutler_wire::attached::GatewayPart;
use clawbutler_wire::command::GatewayView;
use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::Receiver;

use super::{Devices, End, Line, Seen, Told};
use crate::engine::lock;
use crate::{Butler, Error};

/// The thread that speaks. Ends without waiting: hosts end us from threads that may not block.
#[derive(Debug)]
pub(super) struct Worker(Option<Runtime>);

impl Worker {
    fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("attached").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A connection to a real gateway.
#[derive(Debug)]
struct Wire {
    gateway: Gateway,
    address: Address,
    handle: Handle,
}

/// Runs a call, and tells on a thread that may wait for the database.
fn spoken<T: Send + 'static>(
    handle: &Handle,
    told: Told<T>,
    call: impl Future<Output = Result<T, CallError>> + Send + 'static,
) {
    handle.spawn(async move {
        let result = call.await;
        let _ = tokio::task::spawn_blocking(move || told(result)).await;
    });
}

impl Line for Wire {
    fn resolve(&self, approval: &Approval, decision: Decision, told: Told<Resolution>) {
        let (gateway, approval) = (self.gateway.clone(), approval.clone());
        spoken(&self.handle, told, async move { gateway.resolve(&approval, decision).await });
    }

    fn standing(&self, told: Told<Standing>) {
        let gateway = self.gateway.clone();
        spoken(&self.handle, told, async move { gateway.standing().await });
    }

    fn set_policy(&self, file: &Value, base_hash: &str, told: Told<Policy>) {
        let (gateway, file, base_hash) = (self.gateway.clone(), file.clone(), base_hash.to_owned());
        spoken(&self.handle, told, async move { gateway.set_policy(&file, &base_hash).await });
    }

    fn tell(&self, asked: &GatewayView, told: Told<Seen>) {
        let (gateway, asked) = (self.gateway.clone(), asked.clone());
        spoken(&self.handle, told, async move { tell(&gateway, &asked).await });
    }

    fn devices(&self, told: Told<Devices>) {
        let gateway = self.gateway.clone();
        spoken(&self.handle, told, async move { gateway.devices().await });
    }

    fn answer_pairing(&self, request: &str, let_in: bool, told: Told<()>) {
        let (gateway, request) = (self.gateway.clone(), request.to_owned());
        spoken(&self.handle, told, async move { gateway.answer_pairing(&request, let_in).await });
    }

    fn remove_device(&self, device: &str, told: Told<()>) {
        let (gateway, device) = (self.gateway.clone(), device.to_owned());
        spoken(&self.handle, told, async move { gateway.remove_device(&device).await });
    }

    fn history(&self, session: &str, limit: u32, told: Told<History>) {
        let (gateway, session) = (self.gateway.clone(), session.to_owned());
        spoken(&self.handle, told, async move { gateway.history(&session, limit).await });
    }

    fn send(&self, session: &str, message: &str, told: Told<String>) {
        let (gateway, session, message) = (self.gateway.clone(), session.to_owned(), message.to_owned());
        spoken(&self.handle, told, async move { gateway.send(&session, &message).await });
    }

    fn stop(&self, session: &str, run: Option<&str>, told: Told<Stopped>) {
        let (gateway, session, run) = (self.gateway.clone(), session.to_owned(), run.map(str::to_owned));
        spoken(&self.handle, told, async move { gateway.stop_answer(&session, run.as_deref()).await });
    }

    fn kill(&self, session: &str, told: Told<Stopped>) {
        let (gateway, session) = (self.gateway.clone(), session.to_owned());
        spoken(&self.handle, told, async move { gateway.kill(&session, None).await });
    }

    fn config(&self, told: Told<Config>) {
        let gateway = self.gateway.clone();
        spoken(&self.handle, told, async move { gateway.config().await });
    }

    fn patch(&self, patch: &Value, replaces: &[String], base_hash: &str, told: Told<Applied>) {
        let (gateway, patch) = (self.gateway.clone(), patch.clone());
        let (replaces, base_hash) = (replaces.to_vec(), base_hash.to_owned());
        spoken(&self.handle, told, async move { gateway.patch(&patch, &replaces, &base_hash).await });
    }

    fn roll_back(&self, back: &Rollback, told: Told<Applied>) {
        let (gateway, back) = (self.gateway.clone(), back.clone());
        spoken(&self.handle, told, async move { gateway.roll_back(&back).await });
    }

    fn disable_agent(&self, agent: &str, told: Told<AgentLock>) {
        let (gateway, agent) = (self.gateway.clone(), agent.to_owned());
        spoken(&self.handle, told, async move { gateway.disable_agent(&agent).await });
    }

    fn address(&self) -> String {
        self.address.to_string()
    }
}

/// A connection to a real daemon.
#[derive(Debug)]
struct DaemonWire {
    daemon: Daemon,
    place: Socket,
    handle: Handle,
}

impl Line for DaemonWire {
    fn answer(&self, approval: &DaemonApproval, decision: DaemonDecision, told: Told<bool>) {
        let (daemon, approval) = (self.daemon.clone(), approval.clone());
        spoken(&self.handle, told, async move { daemon.answer(&approval, decision).await });
    }

    fn hooks(&self, home: &str, told: Told<Vec<Hook>>) {
        let (daemon, home) = (self.daemon.clone(), home.to_owned());
        spoken(&self.handle, told, async move { daemon.hooks(&home).await });
    }

    fn trust(&self, hooks: &[(String, String)], told: Told<()>) {
        let (daemon, hooks) = (self.daemon.clone(), hooks.to_vec());
        spoken(&self.handle, told, async move { daemon.trust(&hooks).await });
    }

    fn end(&self) -> End {
        End::Daemon
    }

    fn address(&self) -> String {
        self.place.to_string()
    }
}

/// Where something listens, and what it speaks.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Gateway(Address, Reach),
    Daemon(Socket),
    Server(Address),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway(address, _) | Self::Server(address) => address.fmt(f),
            Self::Daemon(place) => place.fmt(f),
        }
    }
}

/// Days that usage is asked for.
const DAYS: u32 = 30;
/// Rows asked for where the gateway lets us say so.
const ROWS: u32 = 500;
/// Runs of jobs, and lines of the log.
const LATEST: u32 = 200;

/// What not every release can tell is left out where it refuses.
async fn tell(gateway: &Gateway, asked: &GatewayView) -> Result<Seen, CallError> {
    fn known<T>(result: Result<T, CallError>) -> Result<Option<T>, CallError> {
        match result {
            Err(error) if error.refusal().is_none() => Err(error),
            told => Ok(told.ok()),
        }
    }
    let agent = asked.agent.as_deref();
    Ok(match asked.part {
        GatewayPart::Health => {
            let (health, status) = tokio::join!(gateway.health(), gateway.status());
            Seen::Health(health?, known(status)?)
        }
        GatewayPart::Agents => Seen::Agents(gateway.agents().await?),
        GatewayPart::Sessions => Seen::Sessions(gateway.sessions(ROWS).await?),
        GatewayPart::Channels => Seen::Channels(gateway.channels().await?),
        GatewayPart::Cron => {
            let (jobs, runs) = tokio::join!(gateway.cron(), gateway.cron_runs(None, LATEST));
            Seen::Cron(jobs?, known(runs)?)
        }
        GatewayPart::Models => Seen::Models(gateway.models().await?),
        GatewayPart::Tools => {
            let all = gateway.tools(agent).await?;
            // The catalogue is the same for every agent; what one of them has shows in a session that was used.
            let sessions = gateway.sessions(ROWS).await?;
            let last = sessions.iter().find(|session| agent.is_some() && session.agent.as_deref() == agent);
            let given = match last {
                Some(session) => known(gateway.tools_of(&session.key).await)?,
                None => None,
            };
            Seen::Tools(all, given)
        }
        GatewayPart::Skills => {
            let (skills, plugins) = tokio::join!(gateway.skills(agent), gateway.plugins());
            Seen::Skills(skills?, known(plugins)?)
        }
        GatewayPart::Usage => {
            let (cost, sessions) = tokio::join!(gateway.cost(DAYS), gateway.session_costs());
            Seen::Usage(cost?, known(sessions)?)
        }
        GatewayPart::Presence => Seen::Presence(gateway.presence().await?),
        GatewayPart::Logs => Seen::Logs(gateway.logs(asked.after, LATEST).await?),
        GatewayPart::Devices => {
            let (waiting, paired) = gateway.devices().await?;
            Seen::Devices(waiting, paired)
        }
    })
}

impl Butler {
    /// Connects a home to a place, in place of the connection it has.
    pub(super) fn connect(&self, home: &str, place: Place) -> Result<(), Error> {
        let Some(handle) = self.speaker()? else { return Ok(()) };
        match place {
            Place::Gateway(address, reach) => self.connect_gateway(home, address, reach, handle),
            Place::Server(address) => self.connect_server(home, address, &handle),
            Place::Daemon(place) => {
                let target = DaemonTarget { place: place.clone(), ids: self.0.ports.ids.clone() };
                let (daemon, events) = {
                    let _inside = handle.enter();
                    Daemon::open(target)
                };
                let line = self.attach_line(home, Arc::new(DaemonWire { daemon, place, handle }));
                self.carry(home, events, move |butler, home, event| butler.daemon_said(home, line, event))
            }
        }
    }

    /// The thread that speaks; started when it is needed first.
    pub(crate) fn speaker(&self) -> Result<Option<Handle>, Error> {
        let mut attached = lock(&self.0.attached);
        if attached.worker.is_none() {
            attached.worker = Some(Worker::start()?);
        }
        let runtime = attached.worker.as_ref().and_then(|worker| worker.0.as_ref());
        Ok(runtime.map(|runtime| runtime.handle().clone()))
    }

    fn connect_gateway(&self, home: &str, address: Address, reach: Reach, handle: Handle) -> Result<(), Error> {
        let tokens = self.tokens(home);
        let target = Target {
            address: address.clone(),
            token: tokens.shared,
            device_token: tokens.device,
            device: self.device()?,
            reach,
            ids: self.0.ports.ids.clone(),
        };
        let (gateway, events) = {
            let _inside = handle.enter();
            Gateway::open(target)
        };
        let line = self.attach_line(home, Arc::new(Wire { gateway, address, handle }));
        self.carry(home, events, move |butler, home, event| butler.gateway_said(home, line, event))
    }

    /// Takes what a connection says to the engine until it ends. Weakly: a forgotten engine may go.
    pub(super) fn carry<T: Send + 'static>(
        &self,
        home: &str,
        mut events: Receiver<T>,
        said: impl Fn(&Self, &str, T) + Send + 'static,
    ) -> Result<(), Error> {
        let (inner, home) = (Arc::downgrade(&self.0), home.to_owned());
        std::thread::Builder::new().name("attached".into()).spawn(move || {
            while let Some(event) = events.blocking_recv() {
                let Some(inner) = inner.upgrade() else { return };
                said(&Self(inner), &home, event);
            }
        })?;
        Ok(())
    }
}
