//! Real connections: one tokio thread for all of them, one thread each that takes what it says to the engine.

use std::sync::Arc;

use clawbutler_attach::openclaw::{
    Address, Approval, Decision, Drift, Event, Gateway, Policy, Reach, Resolution, Target,
};
use clawbutler_store::table::homes::HomeRow;
use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::Receiver;

use super::{Line, LineNumber, Speaks, Told, speaks};
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
    fn run<T: Send + 'static>(
        &self,
        told: Told<T>,
        call: impl Future<Output = Result<T, clawbutler_attach::CallError>> + Send + 'static,
    ) {
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

    fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Butler {
    /// Connects a home to an address, in place of the connection it has.
    pub(super) fn connect(&self, home: &HomeRow, address: Address) -> Result<(), Error> {
        let Some(handle) = self.worker()? else { return Ok(()) };
        match speaks(&home.runtime) {
            Some(Speaks::Asks) => self.connect_gateway(&home.id, address, handle),
            Some(Speaks::Watches) => self.connect_watched(&home.id, &address, &handle),
            None => Ok(()),
        }
    }

    /// The thread that speaks, started at first use; nothing when it is ending.
    fn worker(&self) -> Result<Option<Handle>, Error> {
        let mut attached = lock(&self.0.attached);
        if attached.worker.is_none() {
            attached.worker = Some(Worker::start()?);
        }
        let runtime = attached.worker.as_ref().and_then(|worker| worker.0.as_ref());
        Ok(runtime.map(|runtime| runtime.handle().clone()))
    }

    fn connect_gateway(&self, home: &str, address: Address, handle: Handle) -> Result<(), Error> {
        let tokens = self.tokens(home);
        let target = Target {
            address: address.clone(),
            token: tokens.shared,
            device_token: tokens.device,
            device: self.device()?,
            reach: Reach::Govern,
            ids: self.0.ports.ids.clone(),
        };
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
