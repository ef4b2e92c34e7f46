//! What can be done with a row: an agent off and on, a session's runs ended, a device let in or put out.

use clawbutler_wire::attached::{CellView, GatewayPart, GatewayVerb};
use clawbutler_wire::command::GatewayAct;
use leptos::prelude::*;

use super::connection;
use crate::kit;
use crate::pages::agents::Desk;

/// Whether rows of this part have buttons.
pub(super) fn has_buttons(part: GatewayPart) -> bool {
    matches!(part, GatewayPart::Agents | GatewayPart::Sessions | GatewayPart::Devices)
}

/// The buttons of a row.
#[component]
pub(super) fn Buttons(
    desk: Desk,
    part: GatewayPart,
    /// Whether the row is of the first table of its part.
    first: bool,
    row: Vec<CellView>,
    again: Callback<()>,
) -> impl IntoView {
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
    let turn_away = Callback::new(move |()| act(GatewayVerb::TurnAway { request: name.get_value() }));
    let let_in = Callback::new(move |()| act(GatewayVerb::LetIn { request: name.get_value() }));
    let put_out = Callback::new(move |()| act(GatewayVerb::PutOut { device: name.get_value() }));
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
        GatewayPart::Devices if first => view! {
            <kit::Sure testid="device-in" label="Let in…" sure="Let it in with what it asks for" act=let_in/>" "
            <kit::Sure testid="device-away" label="Turn away…" sure="Turn it away" act=turn_away/>
        }
        .into_any(),
        GatewayPart::Devices => {
            view! { <kit::Sure testid="device-out" label="Put out…" sure="Put it out; its token dies" act=put_out/> }.into_any()
        }
        _ => ().into_any(),
    }
}
