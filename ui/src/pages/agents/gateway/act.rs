//! What can be done with a row: an agent off and on, a session's runs ended.

use clawbutler_wire::attached::{CellView, GatewayPart, GatewayVerb};
use clawbutler_wire::command::GatewayAct;
use leptos::prelude::*;

use super::connection;
use crate::kit;
use crate::pages::agents::Desk;

/// Whether rows of this part have buttons.
pub(super) fn has_buttons(part: GatewayPart) -> bool {
    matches!(part, GatewayPart::Agents | GatewayPart::Sessions)
}

/// The buttons of a row.
#[component]
pub(super) fn Buttons(desk: Desk, part: GatewayPart, row: Vec<CellView>, again: Callback<()>) -> impl IntoView {
    let text = |at: usize| match row.get(at) {
        Some(CellView::Text { text }) => text.clone(),
        _ => String::new(),
    };
    let name = StoredValue::new(text(0));
    let running = text(2) == "running";
    let act = move |act: GatewayVerb| {
        let request = GatewayAct { home_id: desk.route.item(), act };
        desk.send(request, "The gateway did it.", move |done| {
            let rest = done.still_running.len();
            let says = if rest > 0 { format!("{} Of {rest} it is not sure.", done.says) } else { done.says };
            desk.said.set(says);
            again.run(());
        });
    };
    let off = Callback::new(move |()| act(GatewayVerb::DisableAgent { agent: name.get_value() }));
    let end = Callback::new(move |()| act(GatewayVerb::AbortSession { session: name.get_value() }));
    let connection = connection(desk);
    let disabled = Memo::new(move |_| {
        connection.with(|one| one.as_ref().is_some_and(|one| name.with_value(|name| one.disabled.contains(name))))
    });
    match part {
        GatewayPart::Agents => (move || if disabled.get() {
            view! { <span class="tag warn">"disabled"</span>" "<button type="button" class="plain" data-testid="agent-on" disabled=move || desk.busy.get() on:click=move |_| act(GatewayVerb::EnableAgent { agent: name.get_value() })>"Enable"</button> }.into_any()
        } else {
            view! { <kit::Sure testid="agent-off" label="Disable…" sure="Take its tools and end its runs" act=off/> }.into_any()
        }).into_any(),
        GatewayPart::Sessions if running => {
            view! { <kit::Sure testid="session-end" label="End its runs…" sure="End what runs in it" act=end/> }.into_any()
        }
        _ => ().into_any(),
    }
}
