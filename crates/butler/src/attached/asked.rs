//! A gateway's questions: into the queue, and the answers back.

use clawbutler_attach::CallError;
use clawbutler_attach::openclaw::{Approval, Decision, Kind as Queue, Resolution, Settled};
use clawbutler_core::actor::Actor;
use clawbutler_core::limits::ATTACH_ROWS;
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::homes::HomeRow;
use clawbutler_wire::gateway::{ActionRequest, Event, Verdict};
use serde_json::{Value, json};

use super::Held;
use super::question::{Question, of_gateway};
use crate::approvals::{Submission, Ticket};
use crate::engine::lock;
use crate::{Butler, Error, audit};

/// What makes two requests the same call: a run that was allowed inside of its sandbox is not allowed outside.
fn command(request: &ActionRequest) -> [Value; 2] {
    ["command", "sandbox_permissions"].map(|name| request.arguments.get(name).cloned().unwrap_or_default())
}

/// What a verdict says to whoever asks.
fn decision(verdict: Verdict) -> Option<Decision> {
    match verdict {
        Verdict::Allow => Some(Decision::AllowOnce),
        Verdict::Deny => Some(Decision::Deny),
        Verdict::Defer | Verdict::Ask | Verdict::Waiting | Verdict::Unavailable => None,
    }
}

/// Calls of hooks that are remembered at once.
const THROUGH: usize = 1_024;

/// One question of a gateway.
#[derive(Debug)]
pub(super) struct Asked {
    question: Question,
    request: ActionRequest,
    /// The round of lists in which it was asked.
    pub(super) round: u64,
    pub(super) state: State,
}

/// Where a question stands.
#[derive(Debug)]
pub(super) enum State {
    /// Not yet in the queue, or the engine could not put it there.
    New,
    /// Being put there, by one thread: asked twice it would have two that wait.
    Judging,
    /// A person is asked.
    Waiting(Ticket),
    /// Decided, and the gateway does not know yet.
    Owed(Owed),
    /// The gateway is being told.
    Telling,
    /// Our answer was taken.
    Told(Owed),
    /// Nothing more is to be done.
    Over,
}

/// A decision on its way.
#[derive(Debug, Clone)]
pub(super) struct Owed {
    pub(super) decision: Decision,
    verdict: Verdict,
    approval: Option<String>,
}

/// A call that a hook's gate let through.
#[derive(Debug)]
pub(super) struct Through {
    session: String,
    /// What would run, and whether it was seen to leave its sandbox.
    command: [Value; 2],
}

impl Asked {
    pub(super) fn new(question: Question, request: ActionRequest, round: u64) -> Self {
        Self { question, request, round, state: State::New }
    }

    /// The approval a person is asked about.
    pub(super) fn waits(self) -> Option<String> {
        match self.state {
            State::Waiting(ticket) => Some(ticket.approval),
            State::New | State::Judging | State::Owed(_) | State::Telling | State::Told(_) | State::Over => None,
        }
    }

    /// Whether it stands, unanswered, in a gateway's session of this key.
    pub(super) fn stands_in(&self, key: &str) -> bool {
        let open = matches!(self.state, State::New | State::Judging | State::Waiting(_) | State::Owed(_));
        open && matches!(&self.question, Question::Gateway(approval) if approval.session.as_deref() == Some(key))
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting(_))
    }
}

impl Held {
    fn state(&mut self, id: &str) -> Option<&mut State> {
        self.asked.get_mut(id).map(|asked| &mut asked.state)
    }
}

impl Butler {
    /// A gateway asks. What is in the queue already stays as it is there.
    pub(super) fn gateway_asks(&self, home: &HomeRow, approval: Approval) {
        let id = approval.id.clone();
        {
            let mut attached = lock(&self.0.attached);
            // Where we raised the floor the gateway asks because of us: what is of low risk goes on. Where its own
            // user wants to be asked, our answer only races theirs.
            let event = if attached.chosen.get(&home.id).is_some_and(|choice| choice.before.is_some()) {
                Event::Gate
            } else {
                Event::Relay
            };
            let Some(held) = attached.held.get_mut(&home.id) else { return };
            if held.asked.len() >= ATTACH_ROWS || approval.kind != Queue::Exec {
                return;
            }
            let round = held.round;
            if let Some(known) = held.asked.get_mut(&id) {
                known.round = round;
                return;
            }
            let request = of_gateway(home, &approval, event, self.now().0);
            held.asked.insert(id.clone(), Asked::new(Question::Gateway(approval), request, round));
        }
        self.put_question(&home.id, &id);
    }

    /// Judges a new question, and asks a person where the rules say so.
    pub(super) fn put_question(&self, home: &str, id: &str) {
        let request = {
            let mut attached = lock(&self.0.attached);
            let asked = attached.held.get_mut(home).and_then(|held| held.asked.get_mut(id));
            let Some(asked) = asked.filter(|asked| matches!(asked.state, State::New)) else { return };
            asked.state = State::Judging;
            asked.request.clone()
        };
        if let Some(session) = self.was_let_through(home, &request) {
            self.same_session(home, id, session);
            return self.owe(home, id, Verdict::Allow, None);
        }
        match self.submit(&request) {
            Submission::Settled(reply) => self.owe(home, id, reply.verdict, None),
            Submission::Waiting(ticket) => {
                let approval = ticket.approval.clone();
                let kept = {
                    let mut attached = lock(&self.0.attached);
                    let state = attached.held.get_mut(home).and_then(|held| held.state(id));
                    state.map(|state| *state = State::Waiting(ticket)).is_some()
                };
                if kept {
                    // It may have been decided before it was kept.
                    self.answer_gateway(&approval);
                } else {
                    self.client_gone(&approval);
                }
            }
        }
    }

    /// Someone decided an approval: where a gateway waits for it, it is told.
    pub(crate) fn answer_gateway(&self, approval: &str) {
        let found = {
            let attached = lock(&self.0.attached);
            attached.held.iter().find_map(|(home, held)| {
                held.asked.iter().find_map(|(id, asked)| match &asked.state {
                    State::Waiting(ticket) if ticket.approval == approval => {
                        let answer = ticket.answer.try_recv().ok()?;
                        Some((home.clone(), id.clone(), answer.verdict))
                    }
                    _ => None,
                })
            })
        };
        if let Some((home, id, verdict)) = found {
            self.owe(&home, &id, verdict, Some(approval.to_owned()));
        }
    }

    /// A verdict stands; what it means for the gateway.
    fn owe(&self, home: &str, id: &str, verdict: Verdict, approval: Option<String>) {
        let governed = lock(&self.0.registry).homes.get(home).is_some_and(|home| home.governed);
        let mut attached = lock(&self.0.attached);
        let Some(asked) = attached.held.get_mut(home).and_then(|held| held.asked.get_mut(id)) else { return };
        let goes_on = verdict == Verdict::Defer && asked.request.event == Event::Gate && governed;
        let decision = decision(verdict).or(goes_on.then_some(Decision::AllowOnce));
        asked.state = match (decision, verdict) {
            (Some(decision), _) => State::Owed(Owed { decision, verdict, approval }),
            // The engine could not record it: later.
            (None, Verdict::Unavailable) => State::New,
            (None, _) => State::Over,
        };
        drop(attached);
        if decision.is_some() {
            self.tell_gateway(home, id);
        }
    }

    /// Hands a decision over, where it can be heard now.
    pub(super) fn tell_gateway(&self, home: &str, id: &str) {
        let (line, question, request, owed) = {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(home) else { return };
            if !held.asked.get(id).is_some_and(|asked| held.hears(asked)) {
                return;
            }
            let line = held.line.clone();
            let Some(asked) = held.asked.get_mut(id) else { return };
            let State::Owed(owed) = &asked.state else { return };
            let owed = owed.clone();
            asked.state = State::Telling;
            (line, asked.question.clone(), asked.request.clone(), owed)
        };
        let approval = match question {
            Question::Gateway(approval) => approval,
            Question::Daemon(approval) => return self.answer_daemon(&*line, home, &approval, request, owed),
        };
        let (butler, home, id, decision) = (self.clone(), home.to_owned(), id.to_owned(), owed.decision);
        let told = move |result| butler.gateway_took(&home, &id, &request, &owed, result);
        line.resolve(&approval, decision, Box::new(told));
    }

    /// What became of an answer. The question itself may be gone from our list by now.
    pub(super) fn gateway_took(
        &self,
        home: &str,
        id: &str,
        request: &ActionRequest,
        owed: &Owed,
        result: Result<Resolution, CallError>,
    ) {
        let again = matches!(&result, Err(CallError::Down | CallError::Busy | CallError::TimedOut { .. }));
        if let Some(state) = lock(&self.0.attached).held.get_mut(home).and_then(|held| held.state(id)) {
            *state = match &result {
                _ if again => State::Owed(owed.clone()),
                Ok(Resolution::Applied) => State::Told(owed.clone()),
                _ => State::Over,
            };
        }
        if again {
            return;
        }
        let says = match result {
            Ok(Resolution::Applied) => return self.note_delivery(request, owed.verdict, owed.approval.as_deref()),
            // An answer of ours that was thought lost.
            Ok(Resolution::Late { decision: Some(stands), .. }) if stands == owed.decision => {
                return self.note_delivery(request, owed.verdict, owed.approval.as_deref());
            }
            Ok(Resolution::Late { decision, .. }) => return self.was_late(id, request, owed, decision),
            Ok(Resolution::Gone) => "it does not know the question any more.".to_owned(),
            Err(error) => {
                self.alert(
                    "A gateway did not take an answer.",
                    "Look at it in the audit log; there the question stands until it is answered or its time is over.",
                );
                format!("{error}.")
            }
        };
        self.note_late(id, request, owed, &says);
    }

    /// Somebody else was faster, with this decision where it is known.
    pub(super) fn was_late(&self, id: &str, request: &ActionRequest, owed: &Owed, stands: Option<Decision>) {
        let other = stands.map_or_else(|| "another answer".to_owned(), |stands| format!("“{stands}”"));
        if owed.decision == Decision::Deny {
            self.alert(
                &format!("Something was denied here, but the gateway had {other} from somebody else first."),
                "Look at it in the audit log, and at who else is connected to the gateway.",
            );
        }
        self.note_late(id, request, owed, &format!("{other} was there first."));
    }

    fn note_late(&self, id: &str, request: &ActionRequest, owed: &Owed, says: &str) {
        let data = json!({ "approval": owed.approval, "question": id, "decision": owed.decision.word(), "says": says });
        if let Err(Error(error)) = self.write_late(request, data) {
            tracing::error!(message = %error.message, "a late answer could not be recorded");
        }
    }

    fn write_late(&self, request: &ActionRequest, data: Value) -> Result<(), Error> {
        let at = self.now();
        let draft = clawbutler_ledger::Draft {
            kind: Kind::DecisionLate,
            actor: Actor::Engine,
            trace: audit::trace_of(&request.runtime, &request.session),
            span: self.span_of_request(request),
            parent: Some(crate::links::parent_of(request)),
            data,
        };
        self.0.store.write(Durability::Process, |tx| audit::append(tx, at, draft).map(drop))
    }

    /// All questions that stand at a gateway.
    pub(super) fn gateway_lists(&self, home: &HomeRow, approvals: Vec<Approval>) {
        self.forget_unlisted(&home.id, &|id| approvals.iter().any(|approval| approval.id == id));
        for approval in approvals {
            self.gateway_asks(home, approval);
        }
        self.try_again();
    }

    /// What was asked before the lists were called for and is not in them is gone.
    pub(super) fn forget_unlisted(&self, home: &str, listed: &dyn Fn(&str) -> bool) {
        let gone: Vec<(String, Asked)> = {
            let mut attached = lock(&self.0.attached);
            let Some(held) = attached.held.get_mut(home) else { return };
            let round = held.round;
            held.asked.extract_if(|id, asked| asked.round < round && !listed(id)).collect()
        };
        for (id, asked) in gone {
            self.is_gone(&id, asked, false);
        }
    }

    /// A question was settled at the gateway, by us or by somebody else.
    pub(super) fn gateway_settled(&self, home: &str, settled: &Settled) {
        self.settled_by(home, &settled.id, settled.by.is_some());
    }

    /// A question was settled there, by a person or by time.
    pub(super) fn settled_by(&self, home: &str, id: &str, person: bool) {
        let asked = lock(&self.0.attached).held.get_mut(home).and_then(|held| held.asked.remove(id));
        if let Some(asked) = asked {
            self.is_gone(id, asked, person);
        }
    }

    /// A question that does not stand any more; what was decided here and not heard there came too late.
    fn is_gone(&self, id: &str, asked: Asked, answered: bool) {
        let owed = match &asked.state {
            State::Owed(owed) => Some(owed.clone()),
            // Decided in this moment, and not on its way yet.
            State::Waiting(ticket) => ticket.answer.try_recv().ok().and_then(|answer| {
                let approval = Some(ticket.approval.clone());
                decision(answer.verdict).map(|decision| Owed { decision, verdict: answer.verdict, approval })
            }),
            State::New | State::Judging | State::Telling | State::Told(_) | State::Over => None,
        };
        if let Some(owed) = &owed {
            if answered || matches!(asked.question, Question::Daemon(_)) {
                self.was_late(id, &asked.request, owed, None);
            } else {
                self.note_late(id, &asked.request, owed, "it does not know the question any more.");
            }
        }
        match asked.waits() {
            Some(approval) if answered => self.answered_elsewhere(&approval),
            Some(approval) => self.client_gone(&approval),
            None => {}
        }
    }

    /// What could not be judged or handed over before.
    pub(super) fn try_again(&self) {
        let (new, owed): (Vec<_>, Vec<_>) = {
            let attached = lock(&self.0.attached);
            let up = attached.held.iter().filter(|(_, held)| held.is_up());
            let open = up.flat_map(|(home, held)| held.asked.iter().map(move |(id, asked)| (home, id, &asked.state)));
            open.filter(|(_, _, state)| matches!(state, State::New | State::Owed(_)))
                .map(|(home, id, state)| (home.clone(), id.clone(), matches!(state, State::New)))
                .partition(|(_, _, new)| *new)
        };
        for (home, id, _) in new {
            self.put_question(&home, &id);
        }
        for (home, id, _) in owed {
            self.tell_gateway(&home, &id);
        }
    }

    /// A hook's gate let a call through. Its gateway may ask about the same call at once: nobody is asked twice.
    pub(crate) fn note_through(&self, request: &ActionRequest, verdict: Verdict) {
        let Some(call) = request.call_id.clone().filter(|_| verdict == Verdict::Allow && request.event == Event::Gate)
        else {
            return;
        };
        let home = crate::runtimes::home_id(&request.runtime, &request.process.home);
        let mut attached = lock(&self.0.attached);
        if !attached.held.contains_key(&home) {
            return;
        }
        if attached.through.len() >= THROUGH {
            attached.through.clear();
        }
        attached.through.insert((home, call), Through { session: request.session.clone(), command: command(request) });
    }

    /// The session of the hook's call, once, where it was the same command.
    fn was_let_through(&self, home: &str, request: &ActionRequest) -> Option<String> {
        let call = request.call_id.clone()?;
        let mut attached = lock(&self.0.attached);
        let key = (home.to_owned(), call);
        let mine = command(request);
        attached.through.get(&key).filter(|known| !mine[0].is_null() && known.command == mine)?;
        attached.through.remove(&key).map(|known| known.session)
    }

    fn same_session(&self, home: &str, id: &str, session: String) {
        let mut attached = lock(&self.0.attached);
        if let Some(asked) = attached.held.get_mut(home).and_then(|held| held.asked.get_mut(id)) {
            asked.request.session = session;
        }
    }
}
