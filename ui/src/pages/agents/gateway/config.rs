//! The gateway's configuration over time: what it was, what differs, and going back after looking at it.

use clawbutler_wire::attached::{ConfigAct, ConfigChange, ConfigView, SnapshotView, TrialView};
use clawbutler_wire::command::GatewayConfig;
use leptos::prelude::*;

use crate::fetched::Fetched;
use crate::pages::agents::Desk;
use crate::pages::sessions::visible;
use crate::signs::When;
use crate::{kit, model as words};

#[component]
pub(super) fn History(desk: Desk, up: Memo<bool>) -> impl IntoView {
    let config: Fetched<ConfigView> = Fetched::new();
    let ask = move |act: ConfigAct| {
        if up.get_untracked() {
            config.ask(GatewayConfig { home_id: desk.route.item(), act });
        }
    };
    Effect::new(move || {
        if up.get() {
            untrack(|| ask(ConfigAct::Look));
        }
    });
    let roll_back = move |trial: TrialView| {
        let request =
            GatewayConfig { home_id: desk.route.item(), act: ConfigAct::RollBack { to: trial.to, seen: trial.seen } };
        desk.send(request, "The configuration is as it was.", move |view| config.put(view));
        ask(ConfigAct::Look);
    };
    let there = Memo::new(move |_| config.value.with(Option::is_some));
    view! {
        <section data-testid="gateway-config">
            <div class="tools"><p class="quiet">"A snapshot is kept whenever the configuration changed, without its secrets."</p>
                <div class="bulk"><button type="button" class="plain" disabled=move || config.busy.get() || !up.get() on:click=move |_| ask(ConfigAct::Look)>"Read it again"</button></div></div>
            {kit::trouble(config.error)}
            {move || match there.get() {
                true => view! { <Shown desk=desk config=config ask=Callback::new(ask) roll_back=Callback::new(roll_back)/> }.into_any(),
                false if !up.get() => view! { <p class="calm">"It is read when it is connected."</p> }.into_any(),
                false if config.error.with(Option::is_some) => ().into_any(),
                false => view! { <p class="loading" role="status">"Reading the configuration…"</p> }.into_any(),
            }}
        </section>
    }
}

/// Each part is drawn again only when it changed, so that the focus stays where it is.
#[component]
fn Shown(
    desk: Desk,
    config: Fetched<ConfigView>,
    ask: Callback<ConfigAct>,
    roll_back: Callback<TrialView>,
) -> impl IntoView {
    let snapshots = Memo::new(move |_| {
        config.value.with(|view| view.as_ref().map(|view| view.snapshots.clone()).unwrap_or_default())
    });
    let state = Memo::new(move |_| config.value.with(|view| view.as_ref().map(|view| (view.valid, view.restart_due))));
    let changes = Memo::new(move |_| config.value.with(|view| view.as_ref().and_then(|view| view.changes.clone())));
    let trial = Memo::new(move |_| config.value.with(|view| view.as_ref().and_then(|view| view.trial.clone())));
    let rows = move || {
        let all = snapshots.get();
        let now = all.first().map(|one| one.id.clone()).unwrap_or_default();
        all.into_iter().enumerate().map(|(at, one)| row(desk, one, at == 0, now.clone(), ask)).collect_view()
    };
    view! {
        {move || state.get().map(|(valid, restart_due)| view! {
            {(!valid).then(|| view! { <p class="trouble" role="alert">"The gateway finds its configuration invalid."</p> })}
            {restart_due.then(|| view! { <p class="trouble">"It is in force only after a restart of the gateway."</p> })}
        })}
        <table class="snapshots"><thead><tr><th scope="col">"Seen first"</th><th scope="col">"State"</th><th scope="col"><span class="hidden">"Actions"</span></th></tr></thead>
            <tbody>{rows}</tbody></table>
        {move || (snapshots.with(Vec::len) < 2).then(|| view! { <p class="calm-line">"There is nothing to compare with before it changes."</p> })}
        {move || changes.get().map(|changes| view! { <h3>"What changed since then"</h3>{changed(&changes)} })}
        {move || trial.get().map(|trial| view! { <Trial desk=desk trial=trial ask=ask roll_back=roll_back/> })}
    }
}

fn row(desk: Desk, one: SnapshotView, is_now: bool, now: String, ask: Callback<ConfigAct>) -> AnyView {
    let (from, to) = (one.id.clone(), one.id);
    let compare = move |_| ask.run(ConfigAct::Compare { from: from.clone(), to: now.clone() });
    let attempt = move |_| ask.run(ConfigAct::Try { to: to.clone() });
    view! {
        <tr data-testid="snapshot"><td><When at=one.taken_at live=desk.live/></td>
            <td><code>{words::short_id(&one.hash)}</code>{is_now.then(|| view! { " "<span class="tag">"now"</span> })}</td>
            <td>{(!is_now).then(|| view! { <div class="buttons">
                <button type="button" class="link" data-testid="compare" on:click=compare>"Compare with now"</button>
                <button type="button" class="link" data-testid="go-back" aria-haspopup="dialog" on:click=attempt>"Go back to it…"</button></div> })}</td></tr>
    }
    .into_any()
}

fn changed(changes: &[ConfigChange]) -> AnyView {
    if changes.is_empty() {
        return view! { <p class="calm">"Nothing differs."</p> }.into_any();
    }
    let one = |change: &ConfigChange| {
        view! {
            <li><strong><code>{visible(&change.path)}</code></strong><div class="from-to">
                {change.before.as_ref().map(|text| view! { <code class="was"><span class="hidden">"Before: "</span>{visible(text)}</code> })}
                {change.after.as_ref().map(|text| view! { <code class="now"><span class="hidden">"After: "</span>{visible(text)}</code> })}
            </div></li>
        }
    };
    view! { <ul class="drift" data-testid="config-changes">{changes.iter().map(one).collect_view()}</ul> }.into_any()
}

#[component]
fn Trial(desk: Desk, trial: TrialView, ask: Callback<ConfigAct>, roll_back: Callback<TrialView>) -> impl IntoView {
    let none = trial.changes.is_empty();
    let (changes, lost) = (trial.changes.clone(), trial.lost.clone());
    let consent = move |_| roll_back.run(trial.clone());
    view! {
        <kit::Sheet title="Go back to this configuration" testid="config-trial" wide=true close=Callback::new(move |()| ask.run(ConfigAct::Look))>
            <p class="quiet">"Exactly this changes at the gateway. It may cut its connections for a moment."</p>
            {changed(&changes)}
            {(!lost.is_empty()).then(|| view! { <p class="warning">"Secrets at these places are not shown to us and stay as they are now:"</p>
                <ul class="points">{lost.into_iter().map(|path| view! { <li><code>{path}</code></li> }).collect_view()}</ul> })}
            <div class="buttons">
                <button type="button" class="plain" on:click=move |_| ask.run(ConfigAct::Look)>"Leave it as it is"</button>
                <button type="button" class="primary" data-testid="config-consent" disabled=move || none || desk.busy.get() on:click=consent>"Go back"</button>
            </div>
        </kit::Sheet>
    }
}
