//! Calls under way: who waits for which answer.

use std::collections::HashMap;
use std::time::Duration;

use clawbutler_core::limits::ATTACH_CALLS;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::error::{CallError, Refusal};

/// What a caller hears.
pub(crate) type Answer = Result<Value, CallError>;

/// One call to be made.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) params: Value,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// The other end is gone: nobody holds the value of the connection any more.
#[derive(Debug)]
pub(crate) struct Dropped;

/// Waits for something, while callers hear that there is no connection; `answer_of` says where.
pub(crate) async fn meanwhile<C, T>(
    commands: &mut mpsc::Receiver<C>,
    done: impl Future<Output = T>,
    answer_of: impl Fn(C) -> oneshot::Sender<Answer>,
) -> Result<T, Dropped> {
    tokio::pin!(done);
    loop {
        tokio::select! {
            done = &mut done => return Ok(done),
            command = commands.recv() => {
                let _ = answer_of(command.ok_or(Dropped)?).send(Err(CallError::Down));
            }
        }
    }
}

/// Hands a command to the task of a connection that stands, and waits for its answer within bounds.
pub(crate) async fn hand<C>(
    commands: &mpsc::Sender<C>,
    command: C,
    heard: oneshot::Receiver<Answer>,
    method: &str,
    at_most_ms: u64,
) -> Answer {
    commands.try_send(command).map_err(|error| match error {
        mpsc::error::TrySendError::Full(_) => CallError::Busy,
        mpsc::error::TrySendError::Closed(_) => CallError::Down,
    })?;
    match timeout(Duration::from_millis(at_most_ms), heard).await {
        Ok(answer) => answer.unwrap_or(Err(CallError::Down)),
        Err(_) => Err(CallError::TimedOut { method: method.to_owned() }),
    }
}

/// Calls under way on one connection. Ends by telling everybody that it is down.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    waiting: HashMap<String, (String, oneshot::Sender<Answer>)>,
    next: u64,
}

impl Calls {
    /// Takes a call; the id to send it under, or nothing when there are too many.
    pub(crate) fn take(&mut self, method: &str, answer: oneshot::Sender<Answer>) -> Option<String> {
        self.sweep();
        if self.waiting.len() >= ATTACH_CALLS {
            let _ = answer.send(Err(CallError::Busy));
            return None;
        }
        self.next += 1;
        let id = format!("clawbutler-{}", self.next);
        self.waiting.insert(id.clone(), (method.to_owned(), answer));
        Some(id)
    }

    /// Hands an answer over. One that nobody waits for (any more) does not matter.
    pub(crate) fn answered(&mut self, id: &str, result: Result<Value, Refusal>) {
        let Some((method, answer)) = self.waiting.remove(id) else { return };
        let _ = answer.send(result.map_err(|refusal| CallError::Refused { method, refusal: Box::new(refusal) }));
    }

    /// Forgets whoever stopped waiting.
    pub(crate) fn sweep(&mut self) {
        self.waiting.retain(|_, (_, answer)| !answer.is_closed());
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        for (_, (_, answer)) in self.waiting.drain() {
            let _ = answer.send(Err(CallError::Down));
        }
    }
}
