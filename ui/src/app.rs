//! The frame: rail, page, banners, and which page a route means.

use clawbutler_wire::command::DismissAlert;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::kit::Icon;
use crate::live::Live;
use crate::pages::rules::draft::Draft;
use crate::passes::Passes;
use crate::route::Route;
use crate::{api, model, pages};

/// Route, name, icon.
const PAGES: &[(&str, &str, &str)] = &[
    ("", "Now", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z M8 5v3l2 2"),
    ("approvals", "Approvals", "M2 9l3.5 3.5L14 4"),
    ("agents", "Agents", "M4 6h8v6H4z M8 3v3 M6 9v.5 M10 9v.5"),
    ("sessions", "Sessions", "M3 3h10v7H8l-3 3v-3H3z M6 6.5h4"),
    ("rules", "Rules", "M3 4h10 M3 8h10 M3 12h6"),
    ("grants", "Grants", "M5 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6z M8 8h6.5v2.5 M11.5 8v2"),
    ("audit", "Audit", "M4 2h6l3 3v9H4z M6 8h4 M6 11h4"),
    ("settings", "Settings", "M2 5h6 M12 5h2 M10 3v4 M2 11h2 M8 11h6 M6 9v4"),
];

/// Beside the state of the guards.
const SHIELD: &str = "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4z";

#[component]
pub(crate) fn App() -> impl IntoView {
    let route = Route::start();
    let live = Live::start();
    // What is being written outlives a look at another page.
    provide_context(Draft::new());
    Effect::new(move || {
        let page = route.page();
        let name = PAGES.iter().find(|(path, _, _)| *path == page).map_or("ClawButler", |(_, name, _)| name);
        document().set_title(&format!("{name} · ClawButler"));
    });
    // The frame stays while one moves about in it, and what the pages hold.
    let popup = Memo::new(move |_| route.page() == "popup");
    move || {
        if popup.get() {
            view! { <pages::popup::Popup live=live/> }.into_any()
        } else {
            view! { <Frame route=route live=live/> }.into_any()
        }
    }
}

#[component]
fn Frame(route: Route, live: Live) -> impl IntoView {
    let page = Memo::new(move |_| route.page());
    let count = move || live.status.with(|status| status.as_ref().map_or(0, |status| status.pending));
    let guard = move || {
        live.status.with(|status| {
            status.as_ref().map_or_else(|| "…".to_owned(), |status| model::guard_line(status.governed, status.guarded))
        })
    };
    let bare =
        move || live.status.with(|status| status.as_ref().is_some_and(|status| status.guarded < status.governed));
    let links = PAGES
        .iter()
        .map(|(path, name, icon)| {
            let test = format!("nav-{}", if path.is_empty() { "now" } else { path });
            let current = move || (page.get() == *path).then_some("page");
            let badge = (*path == "approvals").then(|| view! {
                <span class="badge" data-testid="pending-count" class:none=move || count() == 0>{count}</span>
            });
            let rules = *path == "rules";
            let waits = move || rules && live.status.with(|status| status.as_ref().is_some_and(|status| status.rules_held));
            let held = move || waits().then(|| view! {
                <span class="badge waits" data-testid="rules-held" title="A change of the rules waits for you">"!"<span class="hidden">"A change waits for you"</span></span>
            });
            view! {
                <a href=format!("#/{path}") class:under=*path == "grants" data-testid=test aria-current=current title=*name><Icon d=icon/><span class="name">{*name}</span>{badge}{held}</a>
            }
        })
        .collect_view();
    view! {
        <div class="frame">
            <nav class="rail" aria-label="Pages">
                <p class="brand">"ClawButler"</p>
                {links}
                <a class="foot" class:warns=bare href="#/agents" title=guard><Icon d=SHIELD/><span class="name">{guard}</span></a>
            </nav>
            <div class="main">
                <Passes live=live/>
                <Banners live=live/>
                <p class="hidden" role="status" aria-live="polite">{move || model::waiting_words(count())}</p>
                {move || match page.get().as_str() {
                    "" => view! { <pages::now::Now live=live/> }.into_any(),
                    "approvals" => view! { <pages::approvals::Approvals live=live route=route/> }.into_any(),
                    "agents" => view! { <pages::agents::Agents live=live route=route/> }.into_any(),
                    "sessions" => view! { <pages::sessions::Sessions live=live route=route/> }.into_any(),
                    "rules" => view! { <pages::rules::Rules live=live route=route/> }.into_any(),
                    "grants" => view! { <pages::grants::Grants live=live/> }.into_any(),
                    "audit" => view! { <pages::audit::Audit live=live route=route/> }.into_any(),
                    "settings" => view! { <pages::settings::SettingsPage live=live/> }.into_any(),
                    _ => view! { <main class="page"><h1>"There is no such page"</h1><p><a href="#/">"Back to Now"</a></p></main> }.into_any(),
                }}
            </div>
        </div>
    }
}

#[component]
fn Banners(live: Live) -> impl IntoView {
    let alerts =
        move || live.status.with(|status| status.as_ref().map(|status| status.alerts.clone()).unwrap_or_default());
    view! {
        {move || live.silent.get().map(|words| view! {
            <div class="banner" role="alert"><strong>"ClawButler is not answering. "</strong>{words}" High-risk calls are blocked or asked about in the terminal meanwhile. What you see may be old."</div>
        })}
        <For each=alerts key=|alert| alert.id.clone() let:alert>
            <div class="banner" role="alert">
                <p><strong>{alert.says.clone()}</strong>" "{alert.fix.clone()}</p>
                <button type="button" class="plain" on:click=move |_| {
                    let id = alert.id.clone();
                    spawn_local(async move { drop(api::call(&DismissAlert { id }).await); });
                }>"Dismiss"</button>
            </div>
        </For>
    }
}
