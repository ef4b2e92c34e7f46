//! Why a verdict is what it is, as a tree to fold out.

use clawbutler_wire::command::ExplainApproval;
use clawbutler_wire::rules::{ExplanationNode, ExplanationView};
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;

use crate::fetched::Fetched;
use crate::kit::{self, RiskBadge};
use crate::model;

/// Levels that are open at first.
const OPEN: u32 = 2;
/// Levels drawn at most; the engine's trees are far shallower.
const DEEPEST: u32 = 24;

/// The verdict in a line, and the tree below it.
#[component]
pub(crate) fn Explanation(
    /// What the engine says.
    view: ExplanationView,
) -> impl IntoView {
    let mut root = view.root.clone();
    // The root says the verdict again.
    if root.detail == view.because {
        root.detail.clear();
    }
    view! {
        <div class="explanation" data-testid="explanation">
            <p class="verdict"><strong>{model::decision_words(&view.decision)}</strong>" "<RiskBadge level=view.risk/>" "{view.because.clone()}</p>
            <ul class="tree">{node(&root, 0)}</ul>
            <p class="quiet id">"Rules "{model::short_id(&view.rules_version)}</p>
        </div>
    }
}

/// The explanation of a request, fetched when it is folded out.
#[component]
pub(crate) fn Why(
    /// The request.
    id: String,
) -> impl IntoView {
    let fetched = Fetched::<ExplanationView>::new();
    let open = move |event: web_sys::Event| {
        let opened = event_target::<web_sys::Element>(&event).has_attribute("open");
        if opened && fetched.value.with_untracked(Option::is_none) {
            fetched.ask(ExplainApproval { id: id.clone() });
        }
    };
    view! {
        <details class="whole" data-testid="why" on:toggle=open>
            <summary>"Why it is asked"</summary>
            {kit::trouble(fetched.error)}
            {move || match fetched.value.get() {
                Some(view) => view! { <Explanation view=view/> }.into_any(),
                None => fetched.busy.get().then(|| view! { <p class="loading">"Looking it up…"</p> }).into_any(),
            }}
        </details>
    }
}

fn node(one: &ExplanationNode, depth: u32) -> AnyView {
    let words = view! {
        <span class="label">{one.label.clone()}</span>
        {one.risk.map(|risk| view! { " "<RiskBadge level=risk/> })}
        {(!one.detail.is_empty()).then(|| view! { <span class="quiet detail-words">{one.detail.clone()}</span> })}
    };
    if one.children.is_empty() || depth >= DEEPEST {
        return view! { <li class="leaf">{words}</li> }.into_any();
    }
    let children: Vec<AnyView> = one.children.iter().map(|child| node(child, depth + 1)).collect();
    view! {
        <li><details open=depth < OPEN on:keydown=fold><summary>{words}</summary><ul>{children}</ul></details></li>
    }
    .into_any()
}

/// The right arrow folds out, the left one folds in; Enter and the space bar do both by themselves.
fn fold(event: web_sys::KeyboardEvent) {
    let open = match event.key().as_str() {
        "ArrowRight" => true,
        "ArrowLeft" => false,
        _ => return,
    };
    let summary = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let Some(details) = summary.filter(|at| at.tag_name() == "SUMMARY").and_then(|at| at.parent_element()) else {
        return;
    };
    if open {
        let _ = details.set_attribute("open", "");
    } else {
        let _ = details.remove_attribute("open");
    }
    event.stop_propagation();
    event.prevent_default();
}
