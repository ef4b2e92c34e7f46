//! What a daemon tells by itself.

use clawbutler_core::timeline::{State, Step, What, clip};
use serde_json::Value;

use super::approval::Approval;
use super::link::Link;
use super::rows::{Limit, Status, Thread, Usage};
use super::steps::of_item;
use crate::json as read;

/// Something happened at a daemon, or to the connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The connection changed. When it stands anew, questions of before come again where they still stand.
    Link(Link),
    /// We were too slow: so many events are missing. The threads are subscribed to anew.
    Missed(u64),
    /// Every thread the daemon has loaded has been subscribed to: a question that did not come again is gone.
    Caught,
    /// A thread that can be watched.
    Thread(Thread),
    /// What a thread does.
    Status {
        /// The thread.
        thread: String,
        /// What it does.
        status: Status,
    },
    /// Somebody must decide.
    Asked(Approval),
    /// A question was answered, here or elsewhere.
    Settled {
        /// The thread.
        thread: String,
        /// The question's [`Approval::key`].
        key: String,
    },
    /// Steps of a thread.
    Steps {
        /// The thread.
        thread: String,
        /// At least one.
        steps: Vec<Step>,
    },
    /// Tokens of a thread.
    Usage {
        /// The thread.
        thread: String,
        /// Of its last answer.
        last: Usage,
        /// Of all of it.
        total: Usage,
        /// How much its model can hold (tokens).
        window: Option<u64>,
    },
    /// Limits of the account.
    Limits(Vec<Limit>),
    /// Something is wrong with its configuration.
    Warning(String),
    /// Something this version does not know.
    Unknown(String),
}

/// Known, and of no concern: progress, screens, other clients' business.
const QUIET: &[&str] = &[
    "account/login/completed",
    "account/updated",
    "app/list/updated",
    "hook/completed",
    "hook/started",
    "item/agentMessage/delta",
    "item/commandExecution/outputDelta",
    "item/commandExecution/terminalInteraction",
    "item/fileChange/outputDelta",
    "item/mcpToolCall/progress",
    "item/plan/delta",
    "item/reasoning/summaryPartAdded",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/textDelta",
    "mcpServer/startupStatus/updated",
    "model/rerouted",
    "remoteControl/status/changed",
    "serverRequest/resolved",
    "skills/changed",
    "thread/archived",
    "thread/closed",
    "thread/compacted",
    "thread/goal/cleared",
    "thread/goal/updated",
    "thread/name/updated",
    "thread/readState/changed",
    "thread/settings/updated",
    "thread/unarchived",
    "turn/diff/updated",
    "turn/plan/updated",
];

/// What one notification means; nothing when it is understood and concerns us in no way.
pub fn understand(method: &str, params: &Value) -> Option<Event> {
    let unknown = || Some(Event::Unknown(method.chars().take(80).collect()));
    let thread = || read::text(params, "/threadId");
    let steps = |steps: Vec<Step>| (!steps.is_empty()).then_some(Event::Steps { thread: thread()?, steps });
    match method {
        "thread/started" => params.get("thread").and_then(Thread::read).map(Event::Thread).or_else(unknown),
        "thread/status/changed" => match thread() {
            Some(thread) => Some(Event::Status { thread, status: Status::read(&params["status"]) }),
            None => unknown(),
        },
        "item/started" => steps(of_item(&params["item"], false)),
        "item/completed" => steps(of_item(&params["item"], true)),
        "turn/started" => steps(vec![state(State::Running)]),
        "turn/completed" => {
            let error = read::text(params, "/turn/error/message").map(|text| bare(What::Error { text: clip(&text) }));
            steps(error.into_iter().chain([state(State::Idle)]).collect())
        }
        "error" => steps(vec![bare(What::Error { text: clip(&read::word(params, "/error/message")) })]),
        "thread/tokenUsage/updated" => Some(Event::Usage {
            thread: thread()?,
            last: Usage::read(params, "/tokenUsage/last"),
            total: Usage::read(params, "/tokenUsage/total"),
            window: read::number(params, "/tokenUsage/modelContextWindow"),
        }),
        "account/rateLimits/updated" => Some(Event::Limits(Limit::all(&params["rateLimits"]))),
        "configWarning" | "deprecationNotice" | "warning" => {
            let words = read::text(params, "/summary").or_else(|| read::text(params, "/message"));
            Some(Event::Warning(clip(&words.unwrap_or_default())))
        }
        quiet if QUIET.contains(&quiet) => None,
        _ => unknown(),
    }
}

fn state(state: State) -> Step {
    bare(What::State { state })
}

fn bare(what: What) -> Step {
    Step { at: None, id: None, agent: None, what }
}
