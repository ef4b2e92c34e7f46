//! Asks the engine; when there is no usable answer, decides alone.
//!
//! A signal ends the process and with it the connection, by which the engine knows that the question
//! was taken back: there is nothing to clean up here.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clawbutler_connectors::hook::{Answer, Event, HookInput, HookSide};
use clawbutler_core::clock::Clock as _;
use clawbutler_core::limits::{APPROVAL_MS_MAX, CONNECT_MS, FRAME_BYTES, RECONNECT_MS, VERDICT_MS};
use clawbutler_platform::channel::{Frames, write_frame};
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::os::{self, Connection};
use clawbutler_platform::paths::DataDir;
use clawbutler_wire::gateway::{ActionReply, ActionRequest, Delivered, Verdict};

use crate::{alone, emit, request};

pub(crate) struct Asked<'a> {
    data: &'a DataDir,
    side: &'static dyn HookSide,
    input: HookInput,
    request: ActionRequest,
    clock: SystemClock,
    parent: u32,
}

/// Why there is no answer.
enum Trouble {
    /// Nobody listens, or the connection broke before a human was asked.
    Away(&'static str),
    /// The connection broke while a human was asked.
    Lost,
    /// The engine said that it cannot answer.
    Refused,
    /// The client that called us is gone: there is nobody to answer.
    Orphaned,
}

/// How often a waiting hook looks whether its client still lives.
const LOOK: Duration = Duration::from_secs(1);

/// Between two tries to reconnect.
const RETRY: Duration = Duration::from_millis(150);

impl<'a> Asked<'a> {
    pub(crate) fn new(
        data: &'a DataDir,
        runtime: &str,
        side: &'static dyn HookSide,
        input: HookInput,
        traceparent: Option<&str>,
    ) -> Self {
        let request = request::build(runtime, &input, traceparent);
        Self { data, side, input, request, clock: SystemClock::default(), parent: os::parent() }
    }

    pub(crate) fn run(self) -> ExitCode {
        let deadline = self.clock.steady_ms() + APPROVAL_MS_MAX + VERDICT_MS;
        let mut trouble = match self.once(deadline) {
            Ok(code) => return code,
            Err(trouble) => trouble,
        };
        // The engine died while a human was asked: it may be back at once, and knows us by our key.
        if matches!(trouble, Trouble::Lost) {
            let until = self.clock.steady_ms() + RECONNECT_MS;
            while self.clock.steady_ms() < until {
                thread::sleep(RETRY);
                match self.once(deadline) {
                    Ok(code) => return code,
                    Err(next @ (Trouble::Refused | Trouble::Orphaned)) => {
                        trouble = next;
                        break;
                    }
                    Err(next) => trouble = next,
                }
            }
        }
        let cause = match trouble {
            Trouble::Away(cause) => cause,
            Trouble::Lost => "the app went away before anybody answered",
            Trouble::Refused => "the app could not answer",
            Trouble::Orphaned => return ExitCode::from(2),
        };
        let (answer, reason) = alone::decide(self.data, self.side, &self.input, &self.request, cause);
        emit(&self.side.render(&self.input, answer, &reason))
    }

    /// Whether the client died without a word; a killed client leaves its hooks behind.
    fn orphaned(&self) -> bool {
        os::parent() != self.parent || self.input.client_pid.is_some_and(|pid| !os::alive(pid))
    }

    /// One connection, one request, one answer.
    fn once(&self, deadline: u64) -> Result<ExitCode, Trouble> {
        let away = |_| Trouble::Away("the app is not running");
        let mut stream = Connection::open(self.data.path(), Duration::from_millis(CONNECT_MS)).map_err(away)?;
        stream.set_patience(Some(Duration::from_millis(VERDICT_MS))).map_err(away)?;
        let frame = serde_json::to_string(&self.request).map_err(|_| Trouble::Away("the request has no form"))?;
        write_frame(&mut stream, &frame).map_err(away)?;
        let mut frames = Frames::default();
        let mut waiting = false;
        let reply = loop {
            let frame = frames.read(&mut stream, FRAME_BYTES);
            let reply = match frame {
                Ok(Some(bytes)) => serde_json::from_slice::<ActionReply>(&bytes)
                    .map_err(|_| Trouble::Away("the app answered with something else"))?,
                Err(error) if waiting && is_timeout(&error) && self.clock.steady_ms() < deadline => {
                    if self.orphaned() {
                        return Err(Trouble::Orphaned);
                    }
                    continue;
                }
                Ok(None) | Err(_) if waiting => return Err(Trouble::Lost),
                Ok(None) | Err(_) => return Err(Trouble::Away("the app did not answer in time")),
            };
            if reply.verdict != Verdict::Waiting {
                break reply;
            }
            waiting = true;
            stream.set_patience(Some(LOOK)).map_err(away)?;
        };
        let answer = match reply.verdict {
            Verdict::Allow => Answer::Allow,
            Verdict::Deny => Answer::Deny,
            Verdict::Ask => Answer::Ask,
            Verdict::Defer => Answer::Defer,
            Verdict::Waiting | Verdict::Unavailable => return Err(Trouble::Refused),
        };
        let code = emit(&self.side.render(&self.input, answer, &reply.reason));
        if (waiting || answer != Answer::Defer) && self.input.event != Event::Completed {
            let word = serde_json::to_string(&Delivered { delivered: true }).unwrap_or_default();
            // The answer is out; a lost word about it only leaves the ledger without one entry.
            let _ = write_frame(&mut stream, &word);
        }
        Ok(code)
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}
