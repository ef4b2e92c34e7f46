//! A conversation with an agent through its gateway: what was recorded, what happens now, what is said to it.

use std::collections::{HashMap, VecDeque};

use clawbutler_attach::openclaw::{ChatPart, ChatState as Far, History, Origin, Steps};
use clawbutler_core::actor::Actor;
use clawbutler_core::limits::{ATTACH_CALL_MS, ATTACH_CHAT_STEPS, ATTACH_CHATS, STEP_TEXT_BYTES};
use clawbutler_core::redact;
use clawbutler_core::timeline::{Step, What};
use clawbutler_ledger::Kind;
use clawbutler_store::Durability;
use clawbutler_store::table::homes::HomeState;
use clawbutler_wire::Seq;
use clawbutler_wire::attached::{ChatAct, ChatState, ChatView};
use clawbutler_wire::command::GatewayChat;
use clawbutler_wire::sessions::{StepBody, StepView};
use clawbutler_wire::topic::Topic;
use serde_json::{Value, json};

use super::Held;
use crate::engine::lock;
use crate::{Butler, Error};

/// Longest name of a session (bytes).
const SESSION_BYTES: usize = 512;
/// Recorded messages that are asked for.
const HISTORY: u32 = 60;
/// Characters of what was said that an entry carries.
const ENTRY_CHARS: usize = 2_000;

/// The chats of one connection that somebody looks at, by session.
#[derive(Debug, Default)]
pub(super) struct Chats(HashMap<String, Chat>);

impl Chats {
    /// Something was not heard: the record is asked for again.
    pub(super) fn missed(&mut self) {
        self.0.values_mut().for_each(|chat| chat.stale = true);
    }
}

/// One chat. Everything in it is masked.
#[derive(Debug, Default)]
struct Chat {
    /// What the gateway recorded, when it was last asked.
    recorded: Vec<StepView>,
    more: bool,
    /// Whether it has to be asked again.
    stale: bool,
    /// What happened since.
    live: VecDeque<StepView>,
    run: Option<String>,
    answer: Option<String>,
    state: ChatState,
    says: Option<String>,
    /// Steps ever shown.
    number: u64,
    /// When it was last looked at (ms since the epoch).
    looked: i64,
}

impl Chat {
    fn place(&mut self, at: Option<i64>, what: StepBody) -> StepView {
        self.number += 1;
        StepView { seq: Seq(self.number), place: format!("{:032x}", self.number), at, agent: None, what }
    }

    fn happened(&mut self, at: Option<i64>, what: StepBody) {
        if self.live.len() >= ATTACH_CHAT_STEPS {
            self.live.pop_front();
        }
        let step = self.place(at, what);
        self.live.push_back(step);
    }

    /// Takes in the record. What was live is in it by now; an answer that is not is kept.
    fn reread(&mut self, steps: Vec<(Option<i64>, StepBody)>, more: bool) {
        self.stale = false;
        let from = steps.len().saturating_sub(ATTACH_CHAT_STEPS);
        self.more = more || from > 0;
        let kept = steps.into_iter().skip(from);
        self.recorded = kept.map(|(at, what)| self.place(at, what)).collect();
        if self.state == ChatState::Running {
            return;
        }
        self.live.clear();
        let said =
            |step: &StepView| matches!(&step.what, StepBody::Answer { text } if Some(text) == self.answer.as_ref());
        if self.recorded.iter().any(said) {
            self.answer = None;
        }
    }

    fn view(&self, session: &str) -> ChatView {
        ChatView {
            session: session.to_owned(),
            state: self.state,
            says: self.says.clone(),
            steps: self.recorded.iter().chain(&self.live).cloned().collect(),
            answer: self.answer.clone(),
            more: self.more,
        }
    }
}

impl Held {
    /// The chat, which is followed from now on; the one that nobody looked at for longest makes room.
    fn chat(&mut self, session: &str, now: i64) -> &mut Chat {
        let chats = &mut self.chats.0;
        if chats.len() >= ATTACH_CHATS && !chats.contains_key(session) {
            let oldest = chats.iter().min_by_key(|(_, chat)| chat.looked).map(|(session, _)| session.clone());
            if let Some(oldest) = oldest {
                chats.remove(&oldest);
            }
        }
        let chat = chats.entry(session.to_owned()).or_insert_with(|| Chat { stale: true, ..Chat::default() });
        chat.looked = now;
        chat
    }
}

impl Butler {
    /// Looks at a conversation with an agent, says something in it, or stops the answer.
    pub fn gateway_chat(&self, request: GatewayChat) -> Result<ChatView, Error> {
        let (home, session) = (request.home_id, request.session.trim().to_owned());
        if session.is_empty() || session.len() > SESSION_BYTES {
            return Err(Error::bad(format!("A session has a name of at most {SESSION_BYTES} bytes.")));
        }
        let line = self.standing_line(&home)?;
        match request.act {
            ChatAct::Look => {}
            ChatAct::Send { message } => self.say(&home, &session, message.trim())?,
            ChatAct::Stop => self.stop_saying(&home, &session)?,
        }
        if self.with_chat(&home, &session, |chat| chat.stale)? {
            let history = self.asked(ATTACH_CALL_MS, |told| line.history(&session, HISTORY, told))?;
            self.reread(&home, &session, history)?;
        }
        self.with_chat(&home, &session, |chat| chat.view(&session))
    }

    fn with_chat<T>(&self, home: &str, session: &str, act: impl FnOnce(&mut Chat) -> T) -> Result<T, Error> {
        let now = self.now().0;
        let mut attached = lock(&self.0.attached);
        let held = attached.held.get_mut(home).ok_or_else(|| Error::not_found("connection"))?;
        Ok(act(held.chat(session, now)))
    }

    /// What is said is recorded before it is sent.
    fn say(&self, home: &str, session: &str, message: &str) -> Result<(), Error> {
        if message.is_empty() || message.len() > STEP_TEXT_BYTES {
            return Err(Error::bad(format!("Say something of at most {STEP_TEXT_BYTES} bytes.")));
        }
        let row = self.attachable(home)?;
        if row.state != HomeState::Online {
            return Err(Error::precondition("The agent may not act: it is disabled.", "Enable it first."));
        }
        let line = self.standing_line(home)?;
        let masked = redact::mask_text(message, &self.0.mask);
        let text: String = masked.chars().take(ENTRY_CHARS).collect();
        self.note_chat(home, session, json!({ "act": "send", "text": text }))?;
        let sent = self.asked(ATTACH_CALL_MS, |told| line.send(session, message, told));
        match sent {
            Ok(run) => {
                let now = self.now().0;
                self.with_chat(home, session, |chat| {
                    // It may have begun, or even ended, before we heard its name.
                    let ended = chat.run.as_deref() == Some(run.as_str()) && chat.state != ChatState::Running;
                    chat.happened(Some(now), StepBody::Prompt { text: masked });
                    if !ended {
                        (chat.state, chat.says, chat.run) = (ChatState::Running, None, Some(run));
                    }
                })
            }
            Err(Error(error)) => {
                self.note_chat(home, session, json!({ "act": "send", "failed": error.message }))?;
                Err(Error(error))
            }
        }
    }

    fn stop_saying(&self, home: &str, session: &str) -> Result<(), Error> {
        let line = self.standing_line(home)?;
        let run = self.with_chat(home, session, |chat| chat.run.clone())?;
        self.note_chat(home, session, json!({ "act": "stop", "run": run }))?;
        let stopped = self.asked(ATTACH_CALL_MS, |told| line.stop(session, run.as_deref(), told));
        match stopped {
            Ok(stopped) => self.with_chat(home, session, |chat| {
                chat.stale = true;
                if stopped.any() {
                    chat.state = ChatState::Stopped;
                } else if chat.state == ChatState::Running {
                    (chat.state, chat.says) = (ChatState::Idle, Some("Nothing ran any more.".to_owned()));
                }
            }),
            Err(Error(error)) => {
                self.note_chat(home, session, json!({ "act": "stop", "failed": error.message }))?;
                Err(Error(error))
            }
        }
    }

    fn note_chat(&self, home: &str, session: &str, mut data: Value) -> Result<(), Error> {
        let path = lock(&self.0.registry).homes.get(home).map(|home| home.path.clone());
        data["home"] = json!(home);
        data["path"] = json!(path);
        data["session"] = json!(redact::mask_text(session, &self.0.mask));
        self.record(Durability::Power, Kind::GatewayChat, Actor::LocalUser, data)?;
        self.changed(Topic::Audit);
        Ok(())
    }

    fn reread(&self, home: &str, session: &str, history: History) -> Result<(), Error> {
        let more = history.more;
        let steps = history.steps.into_iter().filter_map(|step| self.shown(step)).collect();
        self.with_chat(home, session, |chat| chat.reread(steps, more))
    }

    /// A step as it is shown; nothing where a conversation has no use for it.
    fn shown(&self, step: Step) -> Option<(Option<i64>, StepBody)> {
        if matches!(step.what, What::Setting { .. } | What::Note { .. } | What::State { .. }) {
            return None;
        }
        let mut body = serde_json::to_value(&step.what).ok()?;
        redact::mask_value(&mut body, &self.0.mask);
        Some((step.at.map(|at| at.0), serde_json::from_value(body).ok()?))
    }

    /// Something happened in a session; kept where somebody looks at it.
    pub(super) fn gateway_steps(&self, home: &str, steps: Steps) {
        let Some(session) = steps.session else { return };
        let live = steps.origin == Origin::Live;
        let shown: Vec<_> =
            if live { steps.steps.into_iter().filter_map(|step| self.shown(step)).collect() } else { Vec::new() };
        let mut attached = lock(&self.0.attached);
        let chat = attached.held.get_mut(home).and_then(|held| held.chats.0.get_mut(&session));
        let Some(chat) = chat else { return };
        if live {
            shown.into_iter().for_each(|(at, what)| chat.happened(at, what));
        } else {
            chat.stale |= chat.state != ChatState::Running;
        }
        drop(attached);
        self.changed(Topic::Sessions);
    }

    /// A part of an answer; the whole text so far.
    pub(super) fn gateway_chats(&self, home: &str, part: ChatPart) {
        let Some(session) = part.session.clone() else { return };
        let masked = |text: &str| redact::mask_text(text, &self.0.mask);
        let text = masked(&part.text);
        let mut attached = lock(&self.0.attached);
        let chat = attached.held.get_mut(home).and_then(|held| held.chats.0.get_mut(&session));
        let Some(chat) = chat else { return };
        if part.run.is_some() {
            chat.run.clone_from(&part.run);
        }
        if !text.is_empty() {
            chat.answer = Some(text);
        }
        let (state, says) = match &part.state {
            Far::Preparing(_) | Far::Delta | Far::Unknown(_) => (ChatState::Running, None),
            Far::Final => (ChatState::Idle, None),
            Far::Aborted => (ChatState::Stopped, None),
            Far::Failed(why) => (ChatState::Failed, Some(masked(why))),
        };
        chat.stale |= part.is_last();
        (chat.state, chat.says) = (state, says);
        drop(attached);
        self.changed(Topic::Sessions);
    }
}
