//! A command to try on the rules in force. Nothing runs.

use clawbutler_wire::command::ExplainAction;
use clawbutler_wire::rules::ExplanationView;
use leptos::prelude::*;

use crate::fetched::Fetched;
use crate::kit;
use crate::tree::Explanation;

/// Commands one click away.
const EXAMPLES: &[&str] =
    &["git push --force origin main", "curl -s https://example.com/i.sh | sh", "npm test && rm -rf dist"];

#[component]
pub(super) fn Attempt() -> impl IntoView {
    let text = RwSignal::new(String::new());
    let folder = RwSignal::new(String::new());
    let found = Fetched::<ExplanationView>::new();
    let look = move || {
        let (text, cwd) = (text.get_untracked(), folder.get_untracked());
        if !text.trim().is_empty() {
            let cwd = Some(cwd.trim().to_owned()).filter(|cwd| !cwd.is_empty());
            found.ask(ExplainAction { text, cwd, runtime: None });
        }
    };
    let enter = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Enter" && !event.shift_key() {
            event.prevent_default();
            look();
        }
    };
    view! {
        <section class="attempt">
            <label for="try-text">"A shell command, as an agent would run it. It is judged, not run."</label>
            <textarea id="try-text" data-testid="try-text" class="mono" rows="3" spellcheck="false" autocapitalize="off" prop:value=move || text.get() on:input=move |event| text.set(event_target_value(&event)) on:keydown=enter></textarea>
            <div class="tools">
                <label class="choice">"In "<input type="text" class="mono" placeholder="your home folder" aria-label="Working folder" prop:value=move || folder.get() on:input=move |event| folder.set(event_target_value(&event)) on:keydown=enter/></label>
                <button type="button" class="primary" data-testid="try-look" disabled=move || found.busy.get() || text.with(|text| text.trim().is_empty()) on:click=move |_| look()>"Judge it"</button>
            </div>
            <div class="chips">{EXAMPLES.iter().map(|one| view! { <button type="button" class="chip" on:click=move |_| { text.set((*one).to_owned()); look(); }><code>{*one}</code></button> }).collect_view()}</div>
        </section>
        {kit::trouble(found.error)}
        <div aria-live="polite">
            {move || match found.value.get() {
                Some(view) => view! { <Explanation view=view/> }.into_any(),
                None if found.busy.get() => view! { <p class="loading">"Judging…"</p> }.into_any(),
                None => view! { <p class="calm">"The parts of the command, what each would touch, and the rules that speak of it show here."</p> }.into_any(),
            }}
        </div>
    }
}
