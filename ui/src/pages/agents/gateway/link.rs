//! How the connection stands, and choosing where it goes to.

use clawbutler_wire::attached::{ConnectionView, LinkState};
use clawbutler_wire::command::{AttachHome, DetachHome};
use leptos::prelude::*;

use super::{End, end};
use crate::pages::agents::Desk;
use crate::{kit, model as words, signs};

#[component]
pub(super) fn Standing(
    desk: Desk,
    connection: Memo<Option<ConnectionView>>,
    changing: RwSignal<bool>,
) -> impl IntoView {
    let raised = Memo::new(move |_| {
        connection.with(|one| one.as_ref().and_then(|one| one.floor.as_ref()).is_some_and(|floor| floor.raised))
    });
    let up = Memo::new(move |_| connection.with(|one| one.as_ref().is_some_and(|one| one.link == LinkState::Up)));
    let leaves = Memo::new(move |_| {
        connection.with(|one| raised.get() || one.as_ref().is_some_and(|one| !one.disabled.is_empty()))
    });
    let detach = Callback::new(move |()| {
        let home_id = desk.route.item();
        let anyway = leaves.get_untracked();
        desk.send(DetachHome { home_id, anyway }, "It is disconnected, and its tokens are forgotten.", |_| {});
    });
    view! {
        <section class="panel" data-testid="gateway-link">
            {move || connection.get().map(|one| view! { <Facts connection=one/> })}
            {move || changing.get().then(|| view! { <Connect desk=desk changing=changing/> })}
            {move || (!changing.get()).then(|| view! {
                <div class="buttons">
                    <button type="button" class="plain" data-testid="gateway-change" on:click=move |_| changing.set(true)>"Another address or token…"</button>
                    {move || if leaves.get() && up.get() {
                        view! { <span class="quiet">"Give back its own policy and enable its agents before you disconnect."</span> }.into_any()
                    } else if leaves.get() {
                        view! {
                            <kit::Sure testid="gateway-disconnect" label="Disconnect for good…" sure="Disconnect and leave it as it is" act=detach/>
                            <span class="quiet">"It cannot be reached. If it comes back, it still has our policy or disabled agents; the audit log says which."</span>
                        }.into_any()
                    } else {
                        view! { <kit::Sure testid="gateway-disconnect" label="Disconnect…" sure="Disconnect and forget its tokens" act=detach/> }.into_any()
                    }}
                </div>
            })}
        </section>
    }
}

#[component]
fn Facts(connection: ConnectionView) -> impl IntoView {
    let found = if connection.url.is_some() { "as you gave it" } else { "found by itself" };
    let address = connection.address.clone().or_else(|| connection.url.clone());
    view! {
        <h2>"Connection "{signs::link(connection.link)}</h2>
        <p role="status">{connection.says}</p>
        {connection.fix.map(|fix| view! { <p class="fix" data-testid="gateway-fix">{fix}</p> })}
        <dl class="facts">
            <dt>"Address"</dt><dd>{match address {
                Some(address) => view! { <code>{address}</code><span class="basis">{found}</span> }.into_any(),
                None => "not known yet".into_any(),
            }}</dd>
            <dt>"Release"</dt><dd>{connection.version.unwrap_or_else(|| "unknown".to_owned())}</dd>
            <dt>"Waiting"</dt><dd>{match connection.waiting {
                0 => "none of its questions".into_any(),
                many => view! { <a href="#/approvals" data-testid="gateway-waiting">{words::count(u64::from(many), "question of it", "questions of it")}" in the queue"</a> }.into_any(),
            }}</dd>
        </dl>
    }
}

/// Where to connect to. Both fields may stay empty: the address is found, and a known token is used again.
#[component]
pub(super) fn Connect(desk: Desk, changing: RwSignal<bool>) -> impl IntoView {
    let home = desk.route.item();
    let before = desk.connections.value.with_untracked(|list| {
        let one = list.as_ref()?.items.iter().find(|one| one.home_id == home)?;
        one.url.clone()
    });
    let url = RwSignal::new(before.unwrap_or_default());
    let token = RwSignal::new(String::new());
    let connect = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let request = AttachHome {
            home_id: desk.route.item(),
            url: given(url.get_untracked()),
            token: given(token.get_untracked()),
        };
        // Not kept in the page longer than it takes to send it.
        token.set(String::new());
        desk.send(request, "It is being connected.", move |_| changing.set(false));
    };
    let known = desk
        .connections
        .value
        .with_untracked(|list| list.as_ref().is_some_and(|list| list.items.iter().any(|one| one.home_id == home)));
    let (example, found) = match end(desk) {
        End::Gateway => ("ws://127.0.0.1:18789", "On this machine. Leave it empty to find the running gateway."),
        End::Daemon => ("", "On this machine. Leave it empty to find the running daemon."),
        End::Server => ("", "On this machine. Leave it empty to find the running server."),
    };
    view! {
        <form class="connect" on:submit=connect>
            <label>"Address"<input type="text" class="mono" data-testid="gateway-url" placeholder=example autocomplete="off" spellcheck="false"
                prop:value=move || url.get() on:input=move |event| url.set(event_target_value(&event))/>
                <span class="quiet">{found}</span></label>
            {(end(desk) != End::Daemon).then(|| view! { <label>"Token"<input type="password" class="mono" data-testid="gateway-token" autocomplete="off"
                prop:value=move || token.get() on:input=move |event| token.set(event_target_value(&event))/>
                <span class="quiet">{if known { "Leave it empty to use the one that is kept." } else { if end(desk) == End::Gateway { "The gateway's shared token, if it has one. It is kept in a file only you can read, until the gateway issued one for this device." } else { "The server's token, if it has one. It is kept in a file only you can read." } }}</span></label> })}
            <div class="buttons">
                {known.then(|| view! { <button type="button" class="plain" on:click=move |_| changing.set(false)>"Leave it as it is"</button> })}
                <button type="submit" class="primary" data-testid="gateway-attach" disabled=move || desk.busy.get()>{if known { "Connect anew" } else { "Connect" }}</button>
            </div>
        </form>
    }
}
