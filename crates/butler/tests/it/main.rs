//! The engine by its one door, on a folder of its own and a clock that stands still until it is moved.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on should stop and say where; it opens databases as other programs do, and waits by the clock"
)]

mod acknowledge;
mod acts;
mod attached;
mod attached_daemon;
mod attached_server;
mod audit;
mod backstop;
mod backup;
mod budget;
mod chat;
mod client_trace;
mod copy;
mod damage;
mod desk;
mod edited;
mod every_command;
mod every_kind;
mod everything;
mod exported;
mod files;
mod forged;
mod forks;
mod found;
mod gateway;
mod gateway_watch;
mod grants;
mod history;
mod keeping;
#[cfg(target_os = "linux")]
mod kill;
#[cfg(target_os = "linux")]
mod links;
#[cfg(target_os = "linux")]
mod loosened;
mod made;
mod named;
mod observed;
mod ocsf_schema;
mod pack;
mod proof;
#[cfg(target_os = "linux")]
mod registry;
mod repair;
mod retention;
mod rules;
mod search;
mod sessions;
mod sessions_edited;
#[cfg(unix)]
mod sessions_killed;
mod sessions_noticed;
mod sessions_packed;
mod sessions_rows;
mod spool;
mod standards;
mod tail;
mod told;
#[cfg(unix)]
mod trust;
mod unguarded;
mod unseen;
