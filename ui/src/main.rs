//! The pages, compiled to wasm: what the user sees and decides on.
//!
//! Depends on `wire` only. It holds no decision and no truth: everything shown is fetched, everything
//! done is a command. It must never know the domain, a file or a socket. Start reading at [`app`], then
//! `card`: the approval card that the inbox and the pop-up share.

mod always;
mod api;
mod app;
mod budget;
mod card;
mod chart;
mod clock;
mod fetched;
mod job;
mod kit;
mod live;
mod model;
mod pages;
mod passes;
mod path;
mod route;
mod signs;
mod tree;

fn main() {
    leptos::mount::mount_to_body(app::App);
}
