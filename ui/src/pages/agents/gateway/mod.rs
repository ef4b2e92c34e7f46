//! The live connection to an agent's gateway: how it stands, where it goes to, what it asks, what it tells.

mod act;
mod chat;
mod config;
mod floor;
mod link;
mod model;
mod parts;

use clawbutler_wire::attached::{ConnectionView, LinkState};
use leptos::prelude::*;

use super::Desk;
use chat::Chat;
use config::History;
use floor::Floor;
use link::{Connect, Standing};
use parts::Part;

/// The connection of the agent on the screen.
pub(super) fn connection(desk: Desk) -> Memo<Option<ConnectionView>> {
    Memo::new(move |_| {
        let home = desk.route.item();
        desk.connections
            .value
            .with(|list| list.as_ref()?.items.iter().find(|connection| connection.home_id == home).cloned())
    })
}

/// How many of its gateway's questions wait; `None` where the runtime has no gateway.
pub(super) fn waits(desk: Desk) -> Option<usize> {
    let (home, runtime) = desk.detail.value.with(|detail| {
        let agent = &detail.as_ref()?.agent;
        Some((agent.id.clone(), agent.runtime.clone()))
    })?;
    desk.connections.value.with(|list| {
        let list = list.as_ref().filter(|list| list.attachable.contains(&runtime))?;
        let connection = list.items.iter().find(|connection| connection.home_id == home);
        Some(connection.map_or(0, |connection| connection.waiting as usize))
    })
}

/// What the runtime of the agent on the screen has to be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It asks, tells its parts, chats, and takes a policy.
    Gateway,
    /// It asks.
    Daemon,
    /// It tells what its sessions do.
    Server,
}

impl End {
    /// Name of the tab, in the runtime's own word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gateway => "Gateway",
            Self::Daemon => "Daemon",
            Self::Server => "Server",
        }
    }
}

pub(super) fn end(desk: Desk) -> End {
    let runtime = desk.detail.value.with(|detail| detail.as_ref().map(|detail| detail.agent.runtime.clone()));
    desk.connections.value.with(|list| match (list.as_ref(), runtime) {
        (Some(list), Some(runtime)) if list.daemons.contains(&runtime) => End::Daemon,
        (Some(list), Some(runtime)) if !list.gateways.contains(&runtime) => End::Server,
        _ => End::Gateway,
    })
}

fn offers(end: End) -> &'static str {
    match end {
        End::Gateway => {
            "Connected to its gateway, ClawButler answers the questions that the gateway asks, and shows what it does while it happens."
        }
        End::Daemon => {
            "Connected to its background server, ClawButler answers the questions it asks, beside its own window. Whoever answers first is heard."
        }
        End::Server => {
            "Connected to its server, ClawButler sees at once what its sessions do. Nothing is asked over this connection."
        }
    }
}

#[component]
pub(super) fn GatewayTab(desk: Desk) -> impl IntoView {
    let connection = connection(desk);
    let chosen = Memo::new(move |_| connection.with(Option::is_some));
    let up = Memo::new(move |_| connection.with(|one| one.as_ref().is_some_and(|one| one.link == LinkState::Up)));
    let governed = Memo::new(move |_| {
        desk.detail.value.with(|detail| detail.as_ref().is_some_and(|detail| detail.agent.governed))
    });
    let known = Memo::new(move |_| desk.connections.value.with(Option::is_some));
    let changing = RwSignal::new(false);
    let below = Memo::new(move |_| desk.route.below());
    let end = Memo::new(move |_| end(desk));
    view! {
        {crate::kit::trouble(desk.connections.error)}
        {move || match (known.get(), governed.get(), chosen.get()) {
            (false, ..) if desk.connections.error.with(Option::is_some) => ().into_any(),
            (false, ..) => view! { <p class="loading" role="status">"Looking at the connection…"</p> }.into_any(),
            (_, false, _) => view! { <p class="calm" data-testid="gateway-ungoverned">"Govern the agent first: only what is governed is connected to."</p> }.into_any(),
            (_, _, false) => view! {
                <section class="panel" data-testid="gateway-connect">
                    <h2>"Not connected"</h2>
                    <p>{move || offers(end.get())}</p>
                    <Connect desk=desk changing=changing/>
                </section>
            }.into_any(),
            (_, _, true) if end.get() != End::Gateway => view! {
                <div class="panels gateway"><Standing desk=desk connection=connection changing=changing/></div>
            }.into_any(),
            (_, _, true) => view! {
                <Names desk=desk below=below/>
                {move || match below.get() {
                    at if at.is_empty() => view! {
                        <div class="panels gateway">
                            <Standing desk=desk connection=connection changing=changing/>
                            <Floor desk=desk connection=connection up=up/>
                        </div>
                    }.into_any(),
                    at if at == model::CHAT.0 => view! { <Chat desk=desk up=up/> }.into_any(),
                    at if at == model::CONFIG.0 => view! { <History desk=desk up=up/> }.into_any(),
                    at => view! { <Part desk=desk up=up part=model::part(&at)/> }.into_any(),
                }}
            }.into_any(),
        }}
    }
}

#[component]
fn Names(desk: Desk, below: Memo<String>) -> impl IntoView {
    let item = desk.route.item();
    let link = move |(path, name): (&'static str, &'static str)| {
        let href = format!("#/agents/{item}/gateway{}{path}", if path.is_empty() { "" } else { "/" });
        let test = format!("part-{}", if path.is_empty() { "connection" } else { path });
        view! { <a href=href data-testid=test aria-current=move || below.with(|below| below == path).then_some("page")>{name}</a> }
    };
    let parts = model::PARTS.iter().map(|one| (one.1, one.2));
    let names = std::iter::once(("", "Connection")).chain(parts).chain([model::CONFIG, model::CHAT]);
    view! { <nav class="parts" aria-label="Parts of the gateway">{names.map(link).collect_view()}</nav> }
}
