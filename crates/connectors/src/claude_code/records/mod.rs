//! What the client records of its sessions: transcripts of one JSON object a line.

mod answers;
mod attachments;
mod files;
mod forks;
mod line;
mod prompts;
mod quiet;
mod system;
mod time;
mod transcript;

pub(super) use files::{all, folder, in_file, spawned_by};
pub(super) use transcript::Transcript;
