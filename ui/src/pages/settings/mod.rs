//! What the user chooses.

mod backup;
mod keeping;
mod model;
mod restore;
mod run;
mod spending;

use clawbutler_wire::ApiError;
use clawbutler_wire::command::UpdateSettings;
use clawbutler_wire::settings::{Corner, Settings, Theme};
use clawbutler_wire::topic::Topic;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::live::Live;
use crate::{api, kit};

#[component]
pub(crate) fn SettingsPage(live: Live) -> impl IntoView {
    let error = RwSignal::new(None::<ApiError>);
    let change = move |edit: &dyn Fn(&mut Settings)| {
        let mut settings = live.settings.get_untracked();
        edit(&mut settings);
        spawn_local(async move {
            error.set(api::call(&UpdateSettings { settings }).await.err());
            live.fetch(Topic::Settings);
        });
    };
    let switch = move |label: &'static str, get: fn(&Settings) -> bool, set: fn(&mut Settings, bool)| {
        view! { <label class="setting"><input type="checkbox" prop:checked=move || live.settings.with(get)
        on:change=move |event| { let on = event_target_checked(&event); change(&move |settings| set(settings, on)); }/>{label}</label> }
    };
    let seconds = move || (live.settings.with(|settings| settings.approval_ms) / 1000).to_string();
    let answer_time = move |event| {
        if let Ok(seconds) = event_target_value(&event).parse::<u64>() {
            change(&move |settings| settings.approval_ms = seconds * 1000);
        }
    };
    view! {
        <main class="page narrow">
            <h1>"Settings"</h1>
            {kit::trouble(error)}
            <h2>"Requests"</h2>
            <label class="setting">"Seconds you have to answer"
                <input type="number" min="2" max="3300" prop:value=seconds on:change=answer_time/></label>
            {switch("Show the pop-up for new requests", |s| s.popup, |s, on| s.popup = on)}
            <label class="setting">"Corner of the pop-up"
                <select prop:value=move || live.settings.with(|settings| corner_word(settings.popup_corner)) on:change=move |event| { let corner = corner_of(&event_target_value(&event)); change(&move |settings| settings.popup_corner = corner); }>
                    <option value="top_left">"top left"</option><option value="top_right">"top right"</option><option value="bottom_left">"bottom left"</option><option value="bottom_right">"bottom right"</option>
                </select></label>
            {switch("Send a notification for new requests", |s| s.notifications, |s, on| s.notifications = on)}
            <spending::Section live=live change=Callback::new(move |budget| change(&move |settings: &mut Settings| settings.budget = budget))/>
            <h2>"Recording"</h2>
            {switch("Mask public IP addresses in what is recorded from now on", |s| s.mask_addresses, |s, on| s.mask_addresses = on)}
            <h2>"Window"</h2>
            {switch("Keep running in the tray when the window is closed", |s| s.close_to_tray, |s, on| s.close_to_tray = on)}
            {switch("Start with the session", |s| s.autostart, |s, on| s.autostart = on)}
            <label class="setting">"Appearance"
                <select prop:value=move || live.settings.with(|settings| match settings.theme { Theme::System => "system", Theme::Light => "light", Theme::Dark => "dark" })
                    on:change=move |event| { let theme = match event_target_value(&event).as_str() { "light" => Theme::Light, "dark" => Theme::Dark, _ => Theme::System }; change(&move |settings| settings.theme = theme); }>
                    <option value="system">"as the system"</option><option value="light">"light"</option><option value="dark">"dark"</option>
                </select></label>
            <keeping::Section live=live/>
            {move || live.status.get().map(|status| view! {
                <h2>"About"</h2><dl class="facts"><dt>"Version"</dt><dd>{status.version}</dd><dt>"Data folder"</dt><dd><code>{status.data_dir}</code></dd><dt>"Socket"</dt><dd><code>{status.socket}</code></dd></dl> })}
        </main>
    }
}

fn corner_word(corner: Corner) -> &'static str {
    match corner {
        Corner::TopLeft => "top_left",
        Corner::TopRight => "top_right",
        Corner::BottomLeft => "bottom_left",
        Corner::BottomRight => "bottom_right",
    }
}

fn corner_of(word: &str) -> Corner {
    match word {
        "top_left" => Corner::TopLeft,
        "bottom_left" => Corner::BottomLeft,
        "bottom_right" => Corner::BottomRight,
        _ => Corner::TopRight,
    }
}
