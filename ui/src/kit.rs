//! Small parts that pages share: marked text, risk, icons, errors.

use clawbutler_wire::approvals::{ActionBody, DiffSign, Line, Mark};
use clawbutler_wire::{ApiError, Risk};
use leptos::prelude::*;

use crate::model::risk_word;

/// A line of segments; what could hide is marked and named.
pub(crate) fn line(segments: &Line) -> AnyView {
    segments
        .iter()
        .map(|segment| {
            let text = segment.text.clone();
            match segment.mark {
                None => view! { <span>{text}</span> }.into_any(),
                Some(mark) => {
                    let (class, title) = match mark {
                        Mark::Control => ("mark control", "A control character, shown by name"),
                        Mark::Bidi => ("mark bidi", "Changes the direction of text, shown by name"),
                        Mark::Lookalike => ("mark lookalike", "Looks like another character, or is invisible"),
                        Mark::Risky => ("mark risky", "The part the risk is about"),
                        Mark::Masked => ("mark masked", "A secret, masked before it was stored"),
                    };
                    view! { <span class=class title=title>{text}</span> }.into_any()
                }
            }
        })
        .collect_view()
        .into_any()
}

/// Lines shown before "Show all".
const SHORT: usize = 24;

fn lines(all: Vec<AnyView>) -> AnyView {
    let count = all.len();
    let mut all = all;
    if count <= SHORT {
        return view! { <pre class="code">{all}</pre> }.into_any();
    }
    let rest = all.split_off(SHORT);
    view! {
        <pre class="code">{all}</pre>
        <details class="more"><summary>{format!("Show all {count} lines")}</summary><pre class="code">{rest}</pre></details>
    }
    .into_any()
}

/// What would be done.
pub(crate) fn body(body: &ActionBody) -> AnyView {
    match body {
        ActionBody::Command { lines: all, description } => {
            let drawn = all.iter().map(|one| view! { <code class="line">{line(one)}</code> }.into_any()).collect();
            let says = description.clone().map(|text| view! { <p class="quiet">"The agent says: "<q>{text}</q></p> });
            view! { <div class="what">{lines(drawn)}{says}</div> }.into_any()
        }
        ActionBody::Diff { path, lines: all } => {
            let drawn = all
                .iter()
                .map(|one| {
                    let (class, sign) = match one.sign {
                        DiffSign::Added => ("line added", "+"),
                        DiffSign::Removed => ("line removed", "-"),
                        DiffSign::Context => ("line", " "),
                    };
                    view! { <code class=class><span class="sign">{sign}</span>{line(&one.line)}</code> }.into_any()
                })
                .collect();
            view! { <div class="what"><p class="path">{line(path)}</p>{lines(drawn)}</div> }.into_any()
        }
        ActionBody::Table { title, rows } => {
            let rows = rows
                .iter()
                .map(|row| {
                    let value = row.value.iter().map(|one| view! { <code class="line">{line(one)}</code> }.into_any()).collect();
                    view! { <tr><th scope="row">{row.name.clone()}</th><td>{lines(value)}</td></tr> }
                })
                .collect_view();
            view! { <div class="what"><p class="path">{line(title)}</p><table class="arguments"><tbody>{rows}</tbody></table></div> }.into_any()
        }
        ActionBody::Target { what, target } => {
            view! { <div class="what"><p class="quiet">{what.clone()}</p><pre class="code"><code class="line">{line(target)}</code></pre></div> }.into_any()
        }
    }
}

/// Icon and word of a risk level; colour is never alone.
#[component]
pub(crate) fn RiskBadge(
    /// The level.
    level: Risk,
) -> impl IntoView {
    let shape = match level {
        Risk::Low => "M4 8h8",
        Risk::Medium => "M8 3l5.5 10h-11z",
        Risk::High => "M8 2l6 6-6 6-6-6z M8 5v4 M8 11v.5",
        Risk::Critical => "M5 2h6l3 3v6l-3 3H5l-3-3V5z M8 5v4 M8 11v.5",
    };
    view! {
        <span class=format!("risk {}", risk_word(level))>
            <svg viewBox="0 0 16 16" aria-hidden="true"><path d=shape/></svg>
            {risk_word(level)}
        </span>
    }
}

/// A stroke icon.
#[component]
pub(crate) fn Icon(
    /// Path data on a 16 by 16 grid.
    d: &'static str,
) -> impl IntoView {
    view! { <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=d/></svg> }
}

/// A sheet over the page: keeps the focus inside, closes with Escape, gives the focus back.
#[component]
pub(crate) fn Sheet(
    /// What it is about.
    #[prop(into)]
    title: String,
    /// For the tests.
    testid: &'static str,
    /// Wide enough for a diff.
    #[prop(optional)]
    wide: bool,
    /// It asks before something that cannot be taken back.
    #[prop(optional)]
    alert: bool,
    /// Called when it goes away without an answer.
    close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<leptos::html::Dialog>::new();
    let before = StoredValue::new_local(document().active_element());
    Effect::new(move |_| {
        if let Some(dialog) = node.get().filter(|dialog| !dialog.open()) {
            let _ = dialog.show_modal();
        }
    });
    on_cleanup(move || {
        use wasm_bindgen::JsCast as _;
        let before = before.try_with_value(Clone::clone).flatten();
        if let Some(element) = before.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = element.focus();
        }
    });
    let label = title.clone();
    view! {
        <dialog node_ref=node class="sheet" class:wide=wide role=alert.then_some("alertdialog") data-testid=testid aria-label=label on:close=move |_| close.run(())>
            <h2>{title}</h2>
            {children()}
        </dialog>
    }
}

/// A button that has to be pressed twice: the second one says what it does, and goes away with the focus.
#[component]
pub(crate) fn Sure(
    /// For the tests.
    testid: &'static str,
    label: &'static str,
    /// What the second press does, in words.
    sure: &'static str,
    act: Callback<()>,
) -> impl IntoView {
    let asked = RwSignal::new(false);
    let press = move |_| {
        if asked.get_untracked() {
            act.run(());
        }
        asked.update(|asked| *asked = !*asked);
    };
    view! {
        <button type="button" data-testid=testid class=move || if asked.get() { "danger" } else { "plain" } on:click=press on:blur=move |_| asked.set(false)>
            {move || if asked.get() { sure } else { label }}
        </button>
    }
}

/// A unified diff, a line each; the lines that name the file again are left out.
pub(crate) fn diff<'a>(lines: impl Iterator<Item = &'a str>) -> AnyView {
    let drawn = lines
        .filter(|line| !line.starts_with("--- ") && !line.starts_with("+++ "))
        .map(|line| {
            let class = match line.chars().next() {
                Some('+') => "line added",
                Some('-') => "line removed",
                Some('@') => "line place",
                _ => "line",
            };
            view! { <code class=class>{line.to_owned()}</code> }
        })
        .collect_view();
    view! { <pre class="code diff" tabindex="0">{drawn}</pre> }.into_any()
}

/// The sheet of keys of a page.
#[component]
pub(crate) fn Keys(
    /// Key and what it does.
    keys: &'static [(&'static str, &'static str)],
    close: Callback<()>,
) -> impl IntoView {
    let rows = keys.iter().map(|(key, does)| view! { <dt><kbd>{*key}</kbd></dt><dd>{*does}</dd> }).collect_view();
    view! {
        <Sheet title="Keys" testid="keys" close=close>
            <dl class="keys">{rows}</dl>
            <button type="button" class="plain" on:click=move |_| close.run(())>"Close"</button>
        </Sheet>
    }
}

fn all(selector: &str) -> Vec<web_sys::HtmlElement> {
    use wasm_bindgen::JsCast as _;
    let Ok(list) = document().query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|at| list.item(at)?.dyn_into().ok()).collect()
}

/// Moves the focus so many places among what is found; to the first when it is elsewhere.
pub(crate) fn step(selector: &str, by: isize) {
    let found = all(selector);
    let at = document().active_element().and_then(|active| found.iter().position(|one| one.contains(Some(&active))));
    let next = at.map_or(0, |at| at.saturating_add_signed(by).min(found.len().saturating_sub(1)));
    if let Some(element) = found.get(next) {
        let _ = element.focus();
    }
}

/// The same inside something that scrolls: from elsewhere, to the first that is in view.
pub(crate) fn step_in_view(container: &str, selector: &str, by: isize) {
    let top = all(container).first().map_or(0, |container| container.scroll_top());
    match all(selector).into_iter().find(|one| one.offset_top() >= top) {
        Some(first) if !within(selector) => drop(first.focus()),
        _ => step(selector, by),
    }
}

/// Presses the checkbox of the row that has the focus, unless the focus is on something that uses the key.
pub(crate) fn pick(row: &str) -> bool {
    use wasm_bindgen::JsCast as _;
    let active = document().active_element().filter(|element| element.tag_name() == "A");
    let row = active.and_then(|element| element.closest(row).ok().flatten());
    let found = row.and_then(|row| row.query_selector("input[type=checkbox]").ok().flatten());
    let Some(checkbox) = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) else { return false };
    checkbox.click();
    true
}

/// Whether the focus is inside what is found.
pub(crate) fn within(selector: &str) -> bool {
    document().active_element().is_some_and(|element| element.closest(selector).ok().flatten().is_some())
}

/// Folds out what the focus is on, or in.
pub(crate) fn toggle_details() {
    let found = document().active_element().and_then(|element| element.query_selector("details").ok().flatten());
    if let Some(details) = found {
        let _ = details.toggle_attribute("open");
    }
}

/// Presses a button of the page, where it is.
pub(crate) fn press(selector: &str) {
    if let Some(button) = all(selector).first() {
        button.click();
    }
}

/// Moves the focus.
pub(crate) fn focus(selector: &str) {
    use wasm_bindgen::JsCast as _;
    let found = document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Does something after a while.
pub(crate) fn later(pause: std::time::Duration, act: impl FnOnce() + 'static) {
    set_timeout(act, pause);
}

/// Runs `act` with the newest value once nothing new came for so long.
pub(crate) fn after_a_pause<T: Send + Sync + 'static>(
    pause: std::time::Duration,
    act: impl Fn(T) + Copy + 'static,
) -> impl Fn(T) + Copy {
    let newest = StoredValue::new(0_u32);
    move |value| {
        let number = newest.get_value().wrapping_add(1);
        newest.set_value(number);
        let waiting = move || {
            // Gone when the page was left meanwhile.
            if newest.try_get_value() == Some(number) {
                act(value);
            }
        };
        set_timeout(waiting, pause);
    }
}

/// Whether the focus is on something that has a use of its own for this key, Enter or the space bar.
pub(crate) fn uses(key: &str) -> bool {
    document().active_element().is_some_and(|element| match element.tag_name().as_str() {
        "A" => key == "Enter",
        "BUTTON" | "SUMMARY" | "SELECT" | "INPUT" | "TEXTAREA" => true,
        _ => false,
    })
}

/// Whether the user is typing, or a sheet is open: single letters mean nothing then.
pub(crate) fn keys_are_taken() -> bool {
    let document = document();
    let typing = document.active_element().is_some_and(|element| {
        let kind = element.get_attribute("type").unwrap_or_default();
        match element.tag_name().as_str() {
            "SELECT" | "TEXTAREA" => true,
            "INPUT" => kind != "checkbox",
            _ => false,
        }
    });
    typing || document.query_selector("dialog[open]").ok().flatten().is_some()
}

/// An error with what to do next; it stays until the next try.
pub(crate) fn trouble(error: RwSignal<Option<ApiError>>) -> impl IntoView {
    move || {
        error.get().map(|error| {
            view! { <div class="trouble" role="alert"><strong>{error.message}</strong>" "{error.hint.unwrap_or_default()}</div> }
        })
    }
}
