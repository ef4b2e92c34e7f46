//! The pages, compiled to wasm: what the user sees and decides on.
//!
//! Depends on `wire` only. It holds no decision and no truth: everything shown is fetched, everything
//! done is a command. It must never know the domain, a file or a socket. Start reading at [`app`], then
//! [`card`]: the approval card that the inbox and the pop-up share.

mod act;
mod api;
mod app;
mod card;
mod kit;
mod live;
mod pages;
mod route;
mod shell;
mod words;

fn main() {
    leptos::mount::mount_to_body(app::App);
}
