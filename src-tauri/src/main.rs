//! The desktop shell: wiring, windows, tray, notifications, thin commands.
//!
//! It contains no decision: every command is one call of `butler`. It must never read the store, a
//! runtime's files or the socket. Start reading at [`run`].
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod badge;
mod commands;
mod dialogs;
mod events;
mod notifier;
mod run;
mod tray;
mod windows;

fn main() -> std::process::ExitCode {
    run::run()
}
