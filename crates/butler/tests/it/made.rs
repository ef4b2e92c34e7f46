//! A made-up connection to a gateway: it answers as it is told to, and remembers what was asked of it.

use std::sync::Mutex;

use clawbutler_attach::CallError;
use clawbutler_attach::openclaw::{
    AgentLock, Applied, Approval, Config, Decision, History, PairedDevice, PairingRequest, Policy, Resolution,
    Rollback, Standing, Stopped, merged,
};
use clawbutler_butler::{Devices, Line, Seen, Told};
use clawbutler_core::timeline::Step;
use clawbutler_wire::attached::GatewayPart;
use clawbutler_wire::command::GatewayView;
use serde_json::{Value, json};

/// A gateway that answers as it is told to.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// What was answered, in order.
    told: Mutex<Vec<(String, Decision)>>,
    /// What becomes of answers; applied when empty.
    next: Mutex<Vec<Result<Resolution, CallError>>>,
    pub(crate) policy: Mutex<Option<Policy>>,
    pub(crate) refuses: Mutex<bool>,
    /// Sessions that skip its policy, and the devices it lets in.
    pub(crate) full: Mutex<Vec<String>>,
    pub(crate) devices: Mutex<Option<Vec<PairedDevice>>>,
    pub(crate) waiting: Mutex<Vec<PairingRequest>>,
    /// What it tells next of a part of itself, and what it was asked about.
    tells: Mutex<Vec<Result<Seen, CallError>>>,
    views: Mutex<Vec<GatewayView>>,
    /// What was said, or stopped, and where.
    said: Mutex<Vec<String>>,
    history: Mutex<History>,
    config: Mutex<Option<Config>>,
    /// Patches that were taken.
    patched: Mutex<Vec<Value>>,
}

impl Made {
    pub(crate) fn told(&self) -> Vec<(String, Decision)> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    /// What it tells when it is asked next.
    pub(crate) fn tells(&self, told: Result<Seen, CallError>) {
        self.tells.lock().unwrap().push(told);
    }

    /// What it was asked about, in order.
    pub(crate) fn parts(&self) -> Vec<GatewayPart> {
        self.views().into_iter().map(|view| view.part).collect()
    }

    /// The same, with whose and from where.
    pub(crate) fn views(&self) -> Vec<GatewayView> {
        std::mem::take(&mut self.views.lock().unwrap())
    }

    /// Somebody else changes its policy.
    pub(crate) fn is_changed(&self, file: Value) {
        let mut policy = self.policy.lock().unwrap();
        let hash = format!("{}*", policy.as_ref().unwrap().hash);
        *policy = Some(document(file, &hash));
    }

    /// What was said or stopped, in order.
    pub(crate) fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.said.lock().unwrap())
    }

    /// What it recorded of every session.
    pub(crate) fn recorded(&self, steps: Vec<Step>) {
        self.history.lock().unwrap().steps = steps;
    }

    /// What it is configured to do from now on.
    pub(crate) fn is_configured(&self, config: Config) {
        *self.config.lock().unwrap() = Some(config);
    }

    /// The patches it took, in order.
    pub(crate) fn patched(&self) -> Vec<Value> {
        std::mem::take(&mut self.patched.lock().unwrap())
    }

    /// It takes nothing from now on.
    pub(crate) fn refuse(&self) {
        *self.refuses.lock().unwrap() = true;
    }

    pub(crate) fn next(&self, result: Result<Resolution, CallError>) {
        self.next.lock().unwrap().push(result);
    }
}

impl Line for Made {
    fn resolve(&self, approval: &Approval, decision: Decision, told: Told<Resolution>) {
        self.told.lock().unwrap().push((approval.id.clone(), decision));
        let next = self.next.lock().unwrap().pop();
        told(next.unwrap_or(Ok(Resolution::Applied)));
    }

    fn standing(&self, told: Told<Standing>) {
        let policy = self.policy.lock().unwrap().clone();
        let full = self.full.lock().unwrap().clone();
        let devices = self.devices.lock().unwrap().clone();
        let standing =
            |policy: Policy| Standing { drift: policy.drift(), policy, full, devices, ..Standing::default() };
        told(policy.map(standing).ok_or(CallError::Down));
    }

    fn set_policy(&self, file: &Value, base_hash: &str, told: Told<Policy>) {
        if *self.refuses.lock().unwrap() {
            return told(Err(CallError::Busy));
        }
        let mut policy = self.policy.lock().unwrap();
        assert_eq!(policy.as_ref().unwrap().hash, base_hash);
        *policy = Some(document(file.clone(), &format!("{base_hash}+")));
        told(Ok(policy.clone().unwrap()));
    }

    fn devices(&self, told: Told<Devices>) {
        let waiting = self.waiting.lock().unwrap().clone();
        told(Ok((waiting, self.devices.lock().unwrap().clone().unwrap_or_default())));
    }

    fn answer_pairing(&self, request: &str, let_in: bool, told: Told<()>) {
        let mut waiting = self.waiting.lock().unwrap();
        let at = waiting.iter().position(|one| one.id == request).unwrap();
        let one = waiting.remove(at);
        if let_in {
            let device =
                PairedDevice { device: one.device, name: one.name, scopes: one.scopes, ..PairedDevice::default() };
            self.devices.lock().unwrap().get_or_insert_default().push(device);
        }
        drop(waiting);
        told(Ok(()));
    }

    fn remove_device(&self, device: &str, told: Told<()>) {
        self.devices.lock().unwrap().get_or_insert_default().retain(|one| one.device != device);
        told(Ok(()));
    }

    fn tell(&self, asked: &GatewayView, told: Told<Seen>) {
        self.views.lock().unwrap().push(asked.clone());
        told(self.tells.lock().unwrap().pop().unwrap_or(Err(CallError::Down)));
    }

    fn history(&self, _: &str, _: u32, told: Told<History>) {
        told(Ok(self.history.lock().unwrap().clone()));
    }

    fn send(&self, session: &str, message: &str, told: Told<String>) {
        if *self.refuses.lock().unwrap() {
            return told(Err(CallError::Busy));
        }
        self.said.lock().unwrap().push(format!("{session}: {message}"));
        told(Ok("run-1".to_owned()));
    }

    fn stop(&self, session: &str, run: Option<&str>, told: Told<Stopped>) {
        self.said.lock().unwrap().push(format!("{session}: stop {}", run.unwrap_or("nothing")));
        told(Ok(Stopped { run: run.map(str::to_owned), status: None }));
    }

    fn kill(&self, session: &str, told: Told<Stopped>) {
        if *self.refuses.lock().unwrap() {
            return told(Err(CallError::Busy));
        }
        self.said.lock().unwrap().push(format!("{session}: kill"));
        told(Ok(Stopped { run: Some("run-1".to_owned()), status: None }));
    }

    fn config(&self, told: Told<Config>) {
        let config = self.config.lock().unwrap().clone();
        told(config.ok_or(CallError::Down));
    }

    fn patch(&self, patch: &Value, _: &[String], base_hash: &str, told: Told<Applied>) {
        let mut config = self.config.lock().unwrap();
        let known = config.as_mut().unwrap();
        assert_eq!(known.hash, base_hash);
        known.value = merged(&known.value, patch);
        known.hash.push('+');
        self.patched.lock().unwrap().push(patch.clone());
        drop(config);
        told(Ok(Applied::default()));
    }

    fn roll_back(&self, back: &Rollback, told: Told<Applied>) {
        self.patched.lock().unwrap().push(back.patch.clone());
        told(Ok(Applied::default()));
    }

    fn disable_agent(&self, agent: &str, told: Told<AgentLock>) {
        let rollback = Rollback { patch: json!({ "back": agent }), ..Rollback::default() };
        let agent = agent.to_owned();
        told(Ok(AgentLock { agent, rollback, killed: vec!["s".to_owned()], still_running: Vec::new() }));
    }

    fn address(&self) -> String {
        "ws://127.0.0.1:9".to_owned()
    }
}

pub(crate) fn document(file: Value, hash: &str) -> Policy {
    let word = |name: &str| file["defaults"][name].as_str().map(str::to_owned);
    let (security, ask, ask_fallback) = (word("security"), word("ask"), word("askFallback"));
    Policy { security, ask, ask_fallback, file, hash: hash.to_owned(), exists: true }
}
