//! A daemon's questions. It has no lists: what stands is told again after every connect, and whoever answers
//! first wins, which may be the user in the runtime's own window.

use std::sync::Arc;

use clawbutler_attach::codex::{
    Approval, Decision as DaemonDecision, Event, Link as DaemonLink, Thread, Trouble as Why,
};
use clawbutler_attach::openclaw::{Decision, Hello, Link, Resolution, Trouble};
use clawbutler_core::limits::ATTACH_ROWS;
use clawbutler_core::timeline::{Outcome, State as Doing, Step, What};
use clawbutler_store::table::homes::HomeRow;
use clawbutler_wire::gateway::ActionRequest;

use super::asked::{Asked, Owed, State};
use super::question::{Question, of_daemon};
use super::{End, Held, Line, LineNumber, Told};
use crate::Butler;
use crate::engine::lock;

/// What is known of a thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) session: Option<String>,
    cwd: Option<String>,
    /// What it does, where that was told over the connection that stands.
    pub(super) does: Option<Doing>,
}

/// An answer on its way, until its call ended: only then it is known whose answer counted.
#[derive(Debug, Clone)]
pub(super) struct Given {
    question: String,
    request: ActionRequest,
    owed: Owed,
}

/// Calls whose end is waited for at once.
const GIVEN: usize = 1_024;

impl Butler {
    /// What a daemon, or the connection to it, says. Told by whoever holds the connection, in order.
    pub fn daemon_said(&self, home_id: &str, line: LineNumber, event: Event) {
        let Some(home) = self.speaking(home_id, line) else { return };
        match event {
            Event::Link(link) => {
                self.threads_unknown(&home.id);
                self.link_changed(&home, as_gateway(link));
            }
            Event::Thread(thread) => self.thread_seen(&home.id, thread),
            Event::Asked(approval) => self.daemon_asks(&home, approval),
            Event::Settled { key, .. } => self.settled_by(&home.id, &key, true),
            Event::Steps { steps, .. } => steps.iter().for_each(|step| self.call_ended(&home.id, step)),
            Event::Missed(_) => {
                self.threads_unknown(&home.id);
                self.next_round(&home.id);
            }
            Event::Caught => {
                self.forget_unlisted(&home.id, &|_| false);
                self.try_again();
            }
            Event::Status { thread, status } => self.thread_does(&home.id, thread, &status),
            Event::Usage { thread, last, window, .. } => self.thread_used(&home.id, &thread, last, window),
            Event::Limits(limits) => self.limits_told(&home.id, &limits),
            Event::Warning(_) | Event::Unknown(_) => {}
        }
    }

    fn thread_seen(&self, home: &str, thread: Thread) {
        {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(home) else { return };
            if held.threads.len() >= ATTACH_ROWS {
                held.threads.clear();
            }
            let does = thread.status.state();
            held.threads.insert(thread.id, Known { session: thread.session, cwd: thread.cwd, does });
        }
        self.states_changed(home);
    }

    /// A daemon asks, or tells again that it does.
    fn daemon_asks(&self, home: &HomeRow, approval: Approval) {
        let id = approval.key.clone();
        {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(&home.id) else { return };
            let round = held.round;
            let known = held.asked.get_mut(&id).is_some_and(|known| known.comes_again(round));
            if !known {
                if held.asked.len() >= ATTACH_ROWS {
                    return;
                }
                let seen = held.threads.get(&approval.thread);
                let session = seen.and_then(|seen| seen.session.as_ref());
                let request = of_daemon(home, &approval, session, seen.and_then(|seen| seen.cwd.as_ref()));
                held.asked.insert(id.clone(), Asked::new(Question::Daemon(approval), request, round));
            }
        }
        self.put_question(&home.id, &id);
        self.tell_gateway(&home.id, &id);
    }

    /// Hands an answer over. Whether it was the first one shows when the call ends.
    pub(super) fn answer_daemon(
        &self,
        line: &dyn Line,
        home: &str,
        approval: &Approval,
        request: ActionRequest,
        owed: Owed,
    ) {
        let decision = match owed.decision {
            Decision::Deny => DaemonDecision::Decline,
            Decision::AllowOnce | Decision::AllowAlways => DaemonDecision::Accept,
        };
        let given = Given { question: approval.key.clone(), request: request.clone(), owed: owed.clone() };
        if let (Some(item), Some(held)) = (&approval.item, lock(&self.0.attached).held.get_mut(home)) {
            if held.given.len() >= GIVEN {
                held.given.clear();
            }
            held.given.insert(item.clone(), given);
        }
        let (butler, home, asked) = (self.clone(), home.to_owned(), approval.clone());
        let told: Told<bool> = Box::new(move |result| {
            if !matches!(result, Ok(true))
                && let (Some(item), Some(held)) = (&asked.item, lock(&butler.0.attached).held.get_mut(&home))
            {
                held.given.remove(item);
            }
            let late = Resolution::Late { status: None, decision: None, reason: None };
            let result = result.map(|handed| if handed { Resolution::Applied } else { late });
            butler.gateway_took(&home, &asked.key, &request, &owed, result);
        });
        line.answer(approval, decision, told);
    }

    /// A call ended: one that ran although it was denied here, or did not although it was allowed, had another answer
    /// first.
    fn call_ended(&self, home: &str, step: &Step) {
        let What::ToolResult { call: Some(item), outcome, .. } = &step.what else { return };
        let given = lock(&self.0.attached).held.get_mut(home).and_then(|held| held.given.remove(item));
        let Some(Given { question, request, owed }) = given else { return };
        let stands = match (owed.decision, outcome) {
            (Decision::Deny, Outcome::Ok | Outcome::Failed) => Decision::AllowOnce,
            (Decision::AllowOnce | Decision::AllowAlways, Outcome::Refused) => Decision::Deny,
            _ => return,
        };
        self.was_late(&question, &request, &owed, Some(stands));
    }
}

impl Asked {
    /// Whether a question that is told once more is the one that is known. An answer of before the connection was lost
    /// was not heard; one that was given since then ended the question, and this is another one of the same name.
    fn comes_again(&mut self, round: u64) -> bool {
        let again = self.round < round;
        self.round = round;
        match (&self.state, again) {
            (State::Told(owed), true) => self.state = State::Owed(owed.clone()),
            (State::Told(_) | State::Over, false) => return false,
            (State::Over, true)
            | (State::New | State::Judging | State::Waiting(_) | State::Owed(_) | State::Telling, _) => {}
        }
        true
    }
}

impl Held {
    /// Whether an answer can be handed over now. A daemon knows a question of before the connection was lost only
    /// after it told it again.
    pub(super) fn hears(&self, asked: &Asked) -> bool {
        self.line.end() != End::Daemon || (self.is_up() && asked.round == self.round)
    }
}

fn as_gateway(link: DaemonLink) -> Link {
    match link {
        DaemonLink::Connecting => Link::Connecting,
        DaemonLink::Up(hello) => {
            let version = hello.version.clone().unwrap_or_default();
            Link::Up(Arc::new(Hello { version, boot: hello.agent.clone(), ..Hello::default() }))
        }
        DaemonLink::Waiting { trouble: Why::Ended(ended), again_in_ms } => {
            Link::Waiting { trouble: Trouble::Ended(ended), again_in_ms }
        }
        DaemonLink::Waiting { trouble: Why::Refused(refusal), again_in_ms } => {
            Link::Waiting { trouble: Trouble::Refused(refusal), again_in_ms }
        }
        DaemonLink::Closed => Link::Closed,
    }
}
