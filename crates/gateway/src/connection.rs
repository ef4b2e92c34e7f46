//! One hook's connection: a request, perhaps a wait, an answer, a word that it was delivered.

use std::io;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use clawbutler_butler::{Answer, Butler, Submission, Ticket};
use clawbutler_core::limits::{FRAME_BYTES, REQUEST_READ_MS};
use clawbutler_platform::channel::{Frames, write_frame};
use clawbutler_wire::gateway::{
    ActionReply, ActionRequest, Delivered, ExportNoted, ExportReport, HomeRequest, PackRequest, VERSION, Verdict,
};
use interprocess::local_socket::Stream;
use interprocess::local_socket::prelude::*;

/// How often a waiting connection is looked at for having gone.
const LOOK: Duration = Duration::from_millis(50);

pub(crate) fn serve(butler: &Butler, mut stream: Stream) -> io::Result<()> {
    if !peer_is_us(&stream) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "another user connected"));
    }
    stream.set_recv_timeout(Some(Duration::from_millis(REQUEST_READ_MS)))?;
    stream.set_send_timeout(Some(Duration::from_millis(REQUEST_READ_MS)))?;
    let mut frames = Frames::default();
    let Some(frame) = frames.read(&mut stream, FRAME_BYTES)? else { return Ok(()) };
    if let Ok(report) = serde_json::from_slice::<ExportReport>(&frame) {
        let seq = if report.v == VERSION { butler.export_told(&report).ok().flatten() } else { None };
        return write_frame(&mut stream, &serde_json::to_string(&ExportNoted { seq })?);
    }
    if let Ok(request) = serde_json::from_slice::<PackRequest>(&frame) {
        return write_frame(&mut stream, &serde_json::to_string(&butler.pack_told(&request))?);
    }
    if let Ok(request) = serde_json::from_slice::<HomeRequest>(&frame) {
        return write_frame(&mut stream, &serde_json::to_string(&butler.home_told(&request))?);
    }
    let Ok(request) = serde_json::from_slice::<ActionRequest>(&frame) else {
        return answer(&mut stream, Verdict::Unavailable, "The request is not in a form ClawButler knows.".to_owned());
    };
    let (verdict, reason, approval) = match butler.submit_of(&request, peer(&stream)) {
        Submission::Settled(reply) => (reply.verdict, reply.reason, None),
        Submission::Waiting(ticket) => {
            let id = ticket.approval.clone();
            match wait(butler, &mut stream, &mut frames, ticket)? {
                Some(Answer { verdict, reason }) => (verdict, reason, Some(id)),
                None => return Ok(()),
            }
        }
    };
    answer(&mut stream, verdict, reason)?;
    // Having no opinion is not a decision, and most calls are that: there is nothing to hand over.
    if matches!(verdict, Verdict::Defer | Verdict::Unavailable) && approval.is_none() {
        return Ok(());
    }
    if let Some(frame) = frames.read(&mut stream, FRAME_BYTES)?
        && serde_json::from_slice::<Delivered>(&frame).is_ok_and(|word| word.delivered)
    {
        butler.delivered(&request, verdict, approval.as_deref());
    }
    Ok(())
}

/// Waits for the human, and notices when the hook goes away meanwhile.
fn wait(butler: &Butler, stream: &mut Stream, frames: &mut Frames, ticket: Ticket) -> io::Result<Option<Answer>> {
    let told = answer(stream, Verdict::Waiting, String::new()).and_then(|()| stream.set_nonblocking(true));
    if let Err(error) = told {
        butler.client_gone(&ticket.approval);
        return Err(error);
    }
    loop {
        match ticket.answer.recv_timeout(LOOK) {
            Ok(answer) => {
                stream.set_nonblocking(false)?;
                return Ok(Some(answer));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
        match frames.read(stream, FRAME_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // The end of the stream, or anything said out of turn: the hook no longer waits.
            Ok(_) | Err(_) => {
                butler.client_gone(&ticket.approval);
                return Ok(None);
            }
        }
    }
}

fn answer(stream: &mut Stream, verdict: Verdict, reason: String) -> io::Result<()> {
    let reply = ActionReply { v: VERSION, verdict, reason };
    write_frame(stream, &serde_json::to_string(&reply)?)
}

/// The process at the other end, as the system tells it.
fn peer(stream: &Stream) -> Option<u32> {
    let told = stream.peer_creds().ok()?.pid()?;
    // Its type differs between the systems.
    told.to_string().parse().ok()
}

#[cfg(unix)]
fn peer_is_us(stream: &Stream) -> bool {
    match stream {
        Stream::UdSocket(socket) => {
            use std::os::fd::AsFd as _;
            clawbutler_platform::os::peer_is_us(socket.as_fd())
        }
    }
}

/// The pipe's access list admits its owner only.
#[cfg(not(unix))]
fn peer_is_us(_stream: &Stream) -> bool {
    true
}
