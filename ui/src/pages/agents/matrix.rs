//! What can be done with each runtime, to be looked at rather than read.

use clawbutler_wire::registry::{Can, RuntimeView};
use leptos::prelude::*;

use super::{Desk, model};
use crate::signs;

#[component]
pub(super) fn Matrix(desk: Desk) -> impl IntoView {
    let runtimes = Memo::new(move |_| {
        desk.list.value.with(|list| list.as_ref().map(|list| list.runtimes.clone()).unwrap_or_default())
    });
    move || {
        runtimes.with(|runtimes| {
            let first = runtimes.first()?;
            let heads: Vec<_> = first.capabilities.iter().map(|one| model::capability_words(&one.name).to_owned()).collect();
            Some(view! {
                <section class="matrix" data-testid="matrix"><h2>"What can be done with each runtime"</h2>
                <p class="quiet">"Generated from the connectors. Rest on a mark to read how, or open an agent."</p>
                <div class="sideways" tabindex="0" role="region" aria-label="What can be done with each runtime">
                <table><thead><tr><th scope="col">"Runtime"</th>{heads.into_iter().map(|head| view! { <th scope="col">{head}</th> }).collect_view()}</tr></thead>
                    <tbody>{runtimes.iter().map(row).collect_view()}</tbody></table></div></section>
            })
        })
    }
}

fn row(runtime: &RuntimeView) -> AnyView {
    let cells = runtime.capabilities.iter().map(|one| {
        let class = match one.can {
            Can::Yes => "cell yes",
            Can::Partly => "cell partly",
            Can::No => "cell no",
        };
        view! { <td class=class title=one.says.clone()>{signs::can(one.can)}</td> }
    });
    view! { <tr><th scope="row">{runtime.runtime_name.clone()}</th>{cells.collect_view()}</tr> }.into_any()
}
