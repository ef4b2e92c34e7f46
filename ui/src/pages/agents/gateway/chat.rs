//! A conversation with one of the gateway's agents.

use clawbutler_wire::attached::{ChatAct, ChatState, ChatView, GatewayPart, PartView};
use clawbutler_wire::command::{GatewayChat, GatewayView};
use clawbutler_wire::sessions::{StepBody, StepView};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::fetched::Fetched;
use crate::pages::agents::Desk;
use crate::pages::sessions::visible;
use crate::{api, kit, signs};

#[component]
pub(super) fn Chat(desk: Desk, up: Memo<bool>) -> impl IntoView {
    let known: Fetched<PartView> = Fetched::new();
    let chat: Fetched<ChatView> = Fetched::new();
    let typed = RwSignal::new(String::new());
    let session = RwSignal::new(String::new());
    let names = Memo::new(move |_| known.value.with(|view| view.as_ref().map(super::model::names).unwrap_or_default()));
    let look = move || {
        let session = session.get_untracked();
        if up.get_untracked() && !session.is_empty() && !desk.busy.get_untracked() {
            chat.ask(GatewayChat { home_id: desk.route.item(), session, act: ChatAct::Look });
        }
    };
    Effect::new(move || {
        if up.get() {
            known.ask(GatewayView {
                home_id: untrack(|| desk.route.item()),
                part: GatewayPart::Sessions,
                agent: None,
                after: None,
            });
        }
    });
    // The first session is opened by itself.
    Effect::new(move || {
        let first = names.with(|names| names.first().cloned());
        if let Some(first) = first.filter(|_| session.with_untracked(String::is_empty)) {
            typed.set(first.clone());
            session.set(first);
        }
    });
    Effect::new(move |before: Option<String>| {
        let now = session.get();
        if before.is_some_and(|before| before != now) {
            chat.clear();
        }
        desk.live.sessions.track();
        if up.get() {
            untrack(look);
        }
        now
    });
    let open = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        session.set(typed.get_untracked().trim().to_owned());
    };
    view! {
        <section data-testid="gateway-chat">
            <form class="tools" on:submit=open>
                <label>"Session "<input type="text" id="chat-session" class="mono" list="chat-sessions" data-testid="chat-session" autocomplete="off" spellcheck="false"
                    prop:value=move || typed.get() on:input=move |event| typed.set(event_target_value(&event))/></label>
                <datalist id="chat-sessions">{move || names.get().into_iter().map(|name| view! { <option value=name></option> }).collect_view()}</datalist>
                <button type="submit" class="plain" disabled=move || !up.get()>"Open"</button>
                <p class="quiet">"What you say here is recorded in the audit log, with secrets masked."</p>
            </form>
            {kit::trouble(known.error)}
            {kit::trouble(chat.error)}
            {move || match (up.get(), session.with(String::is_empty)) {
                (false, _) => view! { <p class="calm">"Connect it to talk to its agents."</p> }.into_any(),
                (true, true) if known.busy.get() => view! { <p class="loading" role="status">"Looking for sessions…"</p> }.into_any(),
                (true, true) => view! { <p class="calm">"It keeps no sessions yet. Give the name of one to begin."</p> }.into_any(),
                (true, false) => view! { <Talk desk=desk chat=chat session=session/> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn Talk(desk: Desk, chat: Fetched<ChatView>, session: RwSignal<String>) -> impl IntoView {
    let state = Memo::new(move |_| chat.value.with(|view| view.as_ref().map(|view| (view.state, view.says.clone()))));
    let runs = move || state.with(|state| matches!(state, Some((ChatState::Running, _))));
    let more = Memo::new(move |_| chat.value.with(|view| view.as_ref().is_some_and(|view| view.more)));
    let steps = move || chat.value.with(|view| view.as_ref().map(|view| view.steps.clone()).unwrap_or_default());
    let answer = Memo::new(move |_| chat.value.with(|view| view.as_ref().and_then(|view| view.answer.clone())));
    let empty = Memo::new(move |_| {
        chat.value.with(|view| view.as_ref().is_some_and(|view| view.steps.is_empty() && view.answer.is_none()))
    });
    let message = RwSignal::new(String::new());
    let act = move |act: ChatAct| {
        if desk.busy.get_untracked() {
            return;
        }
        desk.busy.set(true);
        let request = GatewayChat { home_id: desk.route.item(), session: session.get_untracked(), act };
        spawn_local(async move {
            let reply = api::call(&request).await;
            // Gone when the page was left meanwhile.
            if desk.busy.try_set(false).is_some() {
                return;
            }
            match reply {
                Ok(view) => {
                    if matches!(request.act, ChatAct::Send { .. }) {
                        message.try_set(String::new());
                    }
                    chat.put(view);
                }
                Err(error) => chat.error.set(Some(error)),
            }
        });
    };
    let send = move || {
        let text = message.get_untracked();
        if !text.trim().is_empty() {
            act(ChatAct::Send { message: text });
        }
    };
    let key = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            send();
        }
    };
    view! {
        {move || more.get().then(|| view! { <p class="quiet">"Only the last steps are shown."</p> })}
        {move || (state.with(Option::is_none) && chat.error.with(Option::is_none)).then(|| view! { <p class="loading" role="status">"Reading the conversation…"</p> })}
        {move || empty.get().then(|| view! { <p class="calm">"Nothing was said here yet."</p> })}
        <ol class="chat" role="log" aria-label="Conversation" tabindex="0" data-testid="chat-log">
            <For each=steps key=|step| step.seq let:step>{line(&step)}</For>
            {move || answer.get().map(|text| view! { <li class="says"><p class="who-said">"Agent"{move || runs().then_some(", still writing")}</p><div class="text">{visible(&text)}</div></li> })}
        </ol>
        <p class="quiet" role="status" data-testid="chat-state">{move || state.get().map(|(state, says)| {
            let word = match state {
                ChatState::Idle => "It waits for you.",
                ChatState::Running => "It works…",
                ChatState::Stopped => "The answer was stopped.",
                ChatState::Failed => "The answer failed.",
            };
            says.map_or_else(|| word.to_owned(), |says| format!("{word} {says}"))
        })}</p>
        <div class="say">
            <textarea rows="3" aria-label="Message to the agent" placeholder="Say something to the agent" data-testid="chat-message" prop:value=move || message.get() on:input=move |event| message.set(event_target_value(&event)) on:keydown=key></textarea>
            <div class="buttons">
                <button type="button" class="primary" data-testid="chat-send" disabled=move || desk.busy.get() || message.with(|text| text.trim().is_empty()) on:click=move |_| send()>"Send"</button>
                {move || runs().then(|| view! { <button type="button" class="plain" data-testid="chat-stop" disabled=move || desk.busy.get() on:click=move |_| act(ChatAct::Stop)>"Stop the answer"</button> })}
                <span class="quiet">"Ctrl+Enter sends"</span>
            </div>
        </div>
    }
}

fn line(step: &StepView) -> AnyView {
    let said = |who: &'static str, text: &str| {
        view! { <li class=if who == "You" { "says mine" } else { "says" }><p class="who-said">{who}</p><div class="text">{visible(text.trim())}</div></li> }.into_any()
    };
    let folded = |name: String, text: String, end: Option<AnyView>| {
        view! { <li><details class="fold"><summary>{name}<span class="end">{end}</span></summary><pre class="code"><code class="line">{text}</code></pre></details></li> }.into_any()
    };
    match &step.what {
        StepBody::Prompt { text } => said("You", text),
        StepBody::Answer { text } => said("Agent", text),
        StepBody::Error { text } => said("Error", text),
        StepBody::Thinking { text } => folded("Thinking".to_owned(), visible(text), None),
        StepBody::ToolCall { tool, input, .. } => {
            let input = serde_json::to_string_pretty(input).unwrap_or_default();
            folded(format!("Uses {}", visible(tool)), visible(&input), None)
        }
        StepBody::ToolResult { outcome, text, .. } => {
            folded("Result".to_owned(), visible(text), signs::outcome(*outcome))
        }
        StepBody::Approval { decision, .. } => {
            view! { <li class="quiet">"Permission "<strong>{visible(decision)}</strong></li> }.into_any()
        }
        _ => ().into_any(),
    }
}
