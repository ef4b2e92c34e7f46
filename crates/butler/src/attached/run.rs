//! Real connections: one tokio thread for all of them, one thread each that takes what it says to the engine.

use std::sync::Arc;

use clawbutler_attach::CallError;
use clawbutler_attach::openclaw::{
    Address, AgentLock, Applied, Approval, Config, Decision, Drift, Event, Gateway, History, Policy, Reach, Resolution,
    Rollback, Stopped, Target,
};
use clawbutler_wire::attached::GatewayPart;
use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::Receiver;

use super::{Line, LineNumber, Seen, Told};
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

impl Wire {
    /// Runs a call, and tells on a thread that may wait for the database.
    fn run<T: Send + 'static>(&self, told: Told<T>, call: impl Future<Output = Result<T, CallError>> + Send + 'static) {
        self.handle.spawn(async move {
            let result = call.await;
            let _ = tokio::task::spawn_blocking(move || told(result)).await;
        });
    }
}

impl Line for Wire {
    fn resolve(&self, approval: &Approval, decision: Decision, told: Told<Resolution>) {
        let (gateway, approval) = (self.gateway.clone(), approval.clone());
        self.run(told, async move { gateway.resolve(&approval, decision).await });
    }

    fn policy(&self, told: Told<(Policy, Vec<Drift>)>) {
        let gateway = self.gateway.clone();
        self.run(told, async move { Ok((gateway.policy().await?, gateway.drift().await?)) });
    }

    fn set_policy(&self, file: &Value, base_hash: &str, told: Told<Policy>) {
        let (gateway, file, base_hash) = (self.gateway.clone(), file.clone(), base_hash.to_owned());
        self.run(told, async move { gateway.set_policy(&file, &base_hash).await });
    }

    fn tell(&self, part: GatewayPart, told: Told<Seen>) {
        let gateway = self.gateway.clone();
        self.run(told, async move { tell(&gateway, part).await });
    }

    fn history(&self, session: &str, limit: u32, told: Told<History>) {
        let (gateway, session) = (self.gateway.clone(), session.to_owned());
        self.run(told, async move { gateway.history(&session, limit).await });
    }

    fn send(&self, session: &str, message: &str, told: Told<String>) {
        let (gateway, session, message) = (self.gateway.clone(), session.to_owned(), message.to_owned());
        self.run(told, async move { gateway.send(&session, &message).await });
    }

    fn stop(&self, session: &str, run: Option<&str>, told: Told<Stopped>) {
        let (gateway, session, run) = (self.gateway.clone(), session.to_owned(), run.map(str::to_owned));
        self.run(told, async move { gateway.stop_answer(&session, run.as_deref()).await });
    }

    fn kill(&self, session: &str, told: Told<Stopped>) {
        let (gateway, session) = (self.gateway.clone(), session.to_owned());
        self.run(told, async move { gateway.kill(&session, None).await });
    }

    fn config(&self, told: Told<Config>) {
        let gateway = self.gateway.clone();
        self.run(told, async move { gateway.config().await });
    }

    fn patch(&self, patch: &Value, replaces: &[String], base_hash: &str, told: Told<Applied>) {
        let (gateway, patch) = (self.gateway.clone(), patch.clone());
        let (replaces, base_hash) = (replaces.to_vec(), base_hash.to_owned());
        self.run(told, async move { gateway.patch(&patch, &replaces, &base_hash).await });
    }

    fn roll_back(&self, back: &Rollback, told: Told<Applied>) {
        let (gateway, back) = (self.gateway.clone(), back.clone());
        self.run(told, async move { gateway.roll_back(&back).await });
    }

    fn disable_agent(&self, agent: &str, told: Told<AgentLock>) {
        let (gateway, agent) = (self.gateway.clone(), agent.to_owned());
        self.run(told, async move { gateway.disable_agent(&agent).await });
    }

    fn address(&self) -> String {
        self.address.to_string()
    }
}

/// Days that usage is asked for.
const DAYS: u32 = 30;
/// Rows asked for where the gateway lets us say so.
const ROWS: u32 = 500;
/// Runs of jobs, and lines of the log.
const LATEST: u32 = 200;

/// What not every release can tell is left out where it refuses.
async fn tell(gateway: &Gateway, part: GatewayPart) -> Result<Seen, CallError> {
    fn known<T>(result: Result<T, CallError>) -> Result<Option<T>, CallError> {
        match result {
            Err(error) if error.refusal().is_none() => Err(error),
            told => Ok(told.ok()),
        }
    }
    Ok(match part {
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
        GatewayPart::Tools => Seen::Tools(gateway.tools(None).await?),
        GatewayPart::Skills => {
            let (skills, plugins) = tokio::join!(gateway.skills(None), gateway.plugins());
            Seen::Skills(skills?, known(plugins)?)
        }
        GatewayPart::Usage => {
            let (cost, sessions) = tokio::join!(gateway.cost(DAYS), gateway.session_costs());
            Seen::Usage(cost?, known(sessions)?)
        }
        GatewayPart::Presence => Seen::Presence(gateway.presence().await?),
        GatewayPart::Logs => Seen::Logs(gateway.logs(None, LATEST).await?),
    })
}

impl Butler {
    /// Connects a home to an address, in place of the connection it has.
    pub(super) fn connect(&self, home: &str, address: Address) -> Result<(), Error> {
        let tokens = self.tokens(home);
        let target = Target {
            address: address.clone(),
            token: tokens.shared,
            device_token: tokens.device,
            device: self.device()?,
            reach: Reach::Govern,
            ids: self.0.ports.ids.clone(),
        };
        let handle = {
            let mut attached = lock(&self.0.attached);
            if attached.worker.is_none() {
                attached.worker = Some(Worker::start()?);
            }
            attached.worker.as_ref().and_then(|worker| worker.0.as_ref()).map(|runtime| runtime.handle().clone())
        };
        let Some(handle) = handle else { return Ok(()) };
        let (gateway, events) = {
            let _inside = handle.enter();
            Gateway::open(target)
        };
        let line = self.attach_line(home, Arc::new(Wire { gateway, address, handle }));
        self.carry(home, line, events)
    }

    /// Takes what a connection says to the engine until it ends. Weakly: a forgotten engine may go.
    fn carry(&self, home: &str, line: LineNumber, mut events: Receiver<Event>) -> Result<(), Error> {
        let (inner, home) = (Arc::downgrade(&self.0), home.to_owned());
        std::thread::Builder::new().name("attached".into()).spawn(move || {
            while let Some(event) = events.blocking_recv() {
                let Some(inner) = inner.upgrade() else { return };
                Self(inner).gateway_said(&home, line, event);
            }
        })?;
        Ok(())
    }
}
