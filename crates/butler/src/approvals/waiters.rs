//! Who waits for which approval. The row is the truth; a waiter is only an alarm clock.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};

use clawbutler_core::approval::{ApprovalState, WithdrawCause};
use clawbutler_store::table::approvals::ApprovalRow;
use clawbutler_wire::gateway::Verdict;

/// What a waiting hook is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub verdict: Verdict,
    pub reason: String,
}

#[derive(Debug, Default)]
pub(crate) struct Waiters(HashMap<String, Vec<Sender<Answer>>>);

impl Waiters {
    pub(crate) fn add(&mut self, approval: &str) -> Receiver<Answer> {
        let (sender, receiver) = channel();
        self.0.entry(approval.to_owned()).or_default().push(sender);
        receiver
    }

    /// Wakes everybody who waits for the approval. A receiver that is gone does not matter.
    pub(crate) fn wake(&mut self, approval: &str, answer: &Answer) {
        for sender in self.0.remove(approval).unwrap_or_default() {
            let _ = sender.send(answer.clone());
        }
    }

    pub(crate) fn count(&self, approval: &str) -> usize {
        self.0.get(approval).map_or(0, Vec::len)
    }

    /// One waiter went away; tells how many are left.
    pub(crate) fn leave(&mut self, approval: &str) -> usize {
        let Some(senders) = self.0.get_mut(approval) else { return 0 };
        senders.pop();
        let left = senders.len();
        if left == 0 {
            self.0.remove(approval);
        }
        left
    }
}

/// What a settled approval means for the hook that asked.
pub(crate) fn answer(row: &ApprovalRow, state: &ApprovalState) -> Answer {
    let (verdict, reason) = match state {
        ApprovalState::Allowed { .. } => (Verdict::Allow, "Allowed by the user in ClawButler.".to_owned()),
        ApprovalState::Denied { reason, .. } => (Verdict::Deny, denied(reason.as_deref())),
        ApprovalState::Expired { .. } if row.relay => (Verdict::Defer, String::new()),
        ApprovalState::Expired { .. } => (
            Verdict::Deny,
            "Nobody answered ClawButler in time, so this was not run. Do something that needs no approval, or ask the \
             user to answer and try again."
                .to_owned(),
        ),
        ApprovalState::Withdrawn { cause: WithdrawCause::AppQuit, .. } => {
            (Verdict::Unavailable, "ClawButler was closed before anybody answered.".to_owned())
        }
        ApprovalState::Withdrawn { .. } if row.relay => (Verdict::Defer, String::new()),
        ApprovalState::Withdrawn { .. } | ApprovalState::Pending { .. } => {
            (Verdict::Deny, "The request was withdrawn.".to_owned())
        }
    };
    Answer { verdict, reason }
}

fn denied(reason: Option<&str>) -> String {
    match reason {
        Some(words) => format!("The user denied this in ClawButler: {words}"),
        None => {
            "The user denied this in ClawButler. Do not try the same thing another way; ask what they want.".to_owned()
        }
    }
}
