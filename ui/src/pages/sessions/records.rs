//! The files a session was read from, and what in them could not be understood.

use clawbutler_wire::sessions::{MalformedView, RecordingView, SessionDetail};
use leptos::prelude::*;

use super::Desk;
use crate::chart::percent;
use crate::model as words;

#[component]
pub(super) fn Records(desk: Desk) -> impl IntoView {
    let part = move |get: fn(&SessionDetail) -> Vec<RecordingView>| {
        desk.detail.value.with(|detail| detail.as_ref().map(get).unwrap_or_default())
    };
    let recordings = Memo::new(move |_| part(|detail| detail.recordings.clone()));
    let malformed = Memo::new(move |_| {
        let of = |detail: &SessionDetail| (detail.row.malformed, detail.malformed.clone(), detail.row.forgotten);
        desk.detail.value.with(|detail| detail.as_ref().map(of).unwrap_or_default())
    });
    view! {
        <div class="part" data-testid="records">
            {move || match malformed.get() {
                (0, _, _) => view! { <p class="good">"Every record was understood."</p> }.into_any(),
                (number, latest, _) => view! {
                    <p class="warning"><strong>{words::count(number, "record", "records")}" could not be understood."</strong></p>
                    <p class="quiet">"They are counted and skipped; what they say is missing from the timeline, nothing else is."</p>
                    <table data-testid="malformed"><thead><tr><th scope="col">"File"</th><th scope="col" class="number">"Record"</th><th scope="col" class="number">"At byte or row"</th><th scope="col">"Why"</th></tr></thead>
                        <tbody>{latest.into_iter().map(unread).collect_view()}</tbody></table>
                }.into_any(),
            }}
            {move || (malformed.get().2 > 0).then(|| view! { <p class="quiet">{format!("{} are no longer kept here; the runtime's own files still have them.", words::count(malformed.get().2, "earlier step", "earlier steps"))}</p> })}
            <h2>"Read from"</h2>
            {move || recordings.with(Vec::is_empty).then(|| view! { <p class="calm">"No file of it is known."</p> })}
            {move || recordings.get().into_iter().map(file).collect_view()}
        </div>
    }
}

fn unread(one: MalformedView) -> AnyView {
    let line = if one.line == 0 { "–".to_owned() } else { one.line.to_string() };
    view! {
        <tr><td title=one.path.clone()><code>{words::folder(&one.path)}</code></td><td class="number">{line}</td><td class="number">{one.offset}</td><td>{one.why}</td></tr>
    }
    .into_any()
}

fn file(one: RecordingView) -> AnyView {
    let share = match percent(one.position, one.size) {
        Some(100) => "read whole".to_owned(),
        Some(share) => format!("{share} % read"),
        None => format!("read to row {}", one.position),
    };
    view! {
        <section class="recording">
            <p><code>{one.path}</code>{one.agent.map(|agent| view! { <span class="quiet">" of sub-agent "{words::short_id(&agent)}</span> })}</p>
            <p class="quiet number">{share}" · "{words::count(one.records, "record", "records")}
                {(one.malformed > 0).then(|| view! { " · "<span class="warning">{one.malformed}" unread"</span> })}
                {(one.rewritten > 0).then(|| format!(" · rewritten {} ×, read anew each time", one.rewritten))}
                {(!one.present).then_some(" · the file is gone")}</p>
            {one.trouble.map(|words| view! { <p class="warning">{words}</p> })}
        </section>
    }
    .into_any()
}
