//! The gateway's exec policy by agent: edited word by word, looked at as a whole, then changed.

use clawbutler_wire::attached::{
    ConnectionView, FloorView, PolicyAnswer, PolicyEdit, PolicyMember, PolicyRow, PolicyTrial,
};
use clawbutler_wire::command::EditPolicy;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::pages::agents::Desk;
use crate::pages::sessions::visible;
use crate::{api, kit};

/// A member, its name for people, and the words it may have, the strictest first.
const MEMBERS: [(PolicyMember, &str, [&str; 3]); 3] = [
    (PolicyMember::Security, "What may run", ["deny", "allowlist", "full"]),
    (PolicyMember::Ask, "When it asks", ["always", "on-miss", "off"]),
    (PolicyMember::AskFallback, "When nobody answers", ["deny", "allowlist", "full"]),
];

/// What a person wants changed and has not done yet.
type Wanted = RwSignal<Vec<PolicyEdit>>;

fn set(wanted: Wanted, agent: Option<String>, member: PolicyMember, value: Option<String>) {
    wanted.update(|edits| {
        edits.retain(
            |edit| !matches!(edit, PolicyEdit::Set { agent: of, member: is, .. } if *of == agent && *is == member),
        );
        edits.push(PolicyEdit::Set { agent, member, value });
    });
}

#[component]
pub(super) fn Policy(desk: Desk, connection: Memo<Option<ConnectionView>>, up: Memo<bool>) -> impl IntoView {
    let floor = Memo::new(move |_| connection.with(|one| one.as_ref().and_then(|one| one.floor.clone())));
    move || floor.get().map(|floor| view! { <Rules desk=desk floor=floor up=up/> })
}

#[component]
fn Rules(desk: Desk, floor: FloorView, up: Memo<bool>) -> impl IntoView {
    let wanted: Wanted = RwSignal::new(Vec::new());
    let trial: RwSignal<Option<PolicyTrial>> = RwSignal::new(None);
    let hash = StoredValue::new(floor.hash.clone());
    // Another change makes what was looked at stale.
    Effect::new(move || {
        wanted.track();
        trial.set(None);
    });
    let ask = move |seen: Option<String>| {
        if desk.busy.get_untracked() {
            return;
        }
        let made = seen.is_some();
        let request =
            EditPolicy { home_id: desk.route.item(), seen_hash: hash.get_value(), edits: wanted.get_untracked(), seen };
        let taken = move |answer: PolicyAnswer| {
            if made {
                desk.said.set("The gateway has the changed policy.".to_owned());
                wanted.try_set(Vec::new());
            }
            trial.try_set(answer.trial);
        };
        if made {
            return desk.send(request, "The gateway has the changed policy.", taken);
        }
        desk.busy.set(true);
        spawn_local(async move {
            let reply = api::call(&request).await;
            // Gone when the page was left meanwhile.
            if desk.busy.try_set(false).is_some() {
                return;
            }
            match reply {
                Ok(answer) => {
                    desk.error.set(None);
                    taken(answer);
                }
                Err(error) => desk.error.set(Some(error)),
            }
        });
    };
    let rows = floor.rules.iter().map(|row| view! { <Row row=row.clone() wanted=wanted/> }).collect_view();
    let allowed = floor.rules.iter().filter(|row| !row.allowlist.is_empty());
    let lists = allowed.map(|row| view! { <Allowed row=row.clone() wanted=wanted/> }).collect_view();
    let nothing = move || !up.get() || desk.busy.get() || wanted.with(Vec::is_empty);
    view! {
        <section class="panel" data-testid="policy"><h2>"What it asks about, by agent"</h2>
            <div class="sideways" tabindex="0" role="region" aria-label="Policy by agent"><table class="told">
                <thead><tr><th scope="col">"Agent"</th>{MEMBERS.map(|(_, name, _)| view! { <th scope="col">{name}</th> }).collect_view()}</tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
            {lists}
            <div class="buttons">
                <button type="button" class="plain" data-testid="policy-try" disabled=nothing on:click=move |_| ask(None)>"Show what it changes"</button>
                <button type="button" class="plain" disabled=move || wanted.with(Vec::is_empty) on:click=move |_| wanted.set(Vec::new())>"Leave it as it is"</button>
            </div>
            {move || trial.get().map(|trial| view! { <Tried trial=trial make=Callback::new(move |seen| ask(Some(seen)))/> })}
        </section>
    }
}

#[component]
fn Tried(trial: PolicyTrial, make: Callback<String>) -> impl IntoView {
    let seen = StoredValue::new(trial.seen.clone());
    if trial.changes.is_empty() {
        return view! { <p class="calm-line">"That is how it is already."</p> }.into_any();
    }
    let act = Callback::new(move |()| make.run(seen.get_value()));
    let loosens = trial.loosens.clone();
    view! {
        <section data-testid="policy-trial">
            <h3>"What changes"</h3>
            {(!loosens.is_empty()).then(|| view! {
                <p class="warning">"Less is asked about than now:"</p>
                <ul class="gaps" data-testid="policy-loosens">{loosens.into_iter().map(|says| view! { <li>{says}</li> }).collect_view()}</ul>
            })}
            {kit::diff(trial.diff.lines())}
            <div class="buttons"><kit::Sure testid="policy-make" label="Change the policy…" sure="Change it at the gateway" act=act/></div>
        </section>
    }
    .into_any()
}

#[component]
fn Row(row: PolicyRow, wanted: Wanted) -> impl IntoView {
    let who = row.agent.clone().unwrap_or_else(|| "all without their own".to_owned());
    let cells = MEMBERS.map(|(member, name, words)| {
        let is = match member {
            PolicyMember::Security => row.security.clone(),
            PolicyMember::Ask => row.ask.clone(),
            PolicyMember::AskFallback => row.ask_fallback.clone(),
        };
        let own = row.agent.is_none() || row.own.contains(&member);
        let agent = StoredValue::new(row.agent.clone());
        let inherits = row.agent.is_some();
        let first = if own { is.clone().unwrap_or_default() } else { String::new() };
        let label = format!("{name}, {who}");
        let test = format!("policy-{}-{}", row.agent.as_deref().unwrap_or("defaults"), words_id(member));
        let now = StoredValue::new(first);
        // What is chosen and not made yet; what is in force otherwise.
        let chosen = move || {
            let edits = wanted.get();
            let mine = edits.into_iter().find_map(|edit| match edit {
                PolicyEdit::Set { agent: of, member: is, value } if of == agent.get_value() && is == member => {
                    Some(value)
                }
                PolicyEdit::Set { .. } | PolicyEdit::Remove { .. } => None,
            });
            mine.map_or_else(|| now.get_value(), Option::unwrap_or_default)
        };
        let pick = move |event| {
            let value = Some(event_target_value(&event)).filter(|value| !value.is_empty());
            set(wanted, agent.get_value(), member, value);
        };
        let absent = if inherits {
            format!("as all ({})", is.unwrap_or_else(|| "unknown".to_owned()))
        } else {
            "not set".to_owned()
        };
        view! {
            <td><select aria-label=label data-testid=test prop:value=chosen on:change=pick>
                <option value="">{absent}</option>
                {words.map(|word| view! { <option value=word>{word}</option> }).collect_view()}
            </select></td>
        }
    });
    view! { <tr><th scope="row"><code>{visible(&who)}</code></th>{cells.collect_view()}</tr> }
}

fn words_id(member: PolicyMember) -> &'static str {
    match member {
        PolicyMember::Security => "security",
        PolicyMember::Ask => "ask",
        PolicyMember::AskFallback => "fallback",
    }
}

/// What an agent may run unasked, row by row.
#[component]
fn Allowed(row: PolicyRow, wanted: Wanted) -> impl IntoView {
    let agent = StoredValue::new(row.agent.clone().unwrap_or_default());
    let one = move |row: clawbutler_wire::attached::AllowView| {
        let id = StoredValue::new(row.id.clone());
        let gone = move || {
            wanted.with(|edits| {
                edits.iter().any(|edit| matches!(edit, PolicyEdit::Remove { id: is, .. } if *is == id.get_value()))
            })
        };
        let toggle = move |_| {
            let there = gone();
            wanted.update(|edits| {
                edits.retain(|edit| !matches!(edit, PolicyEdit::Remove { id: is, .. } if *is == id.get_value()));
                if !there {
                    edits.push(PolicyEdit::Remove { agent: agent.get_value(), id: id.get_value() });
                }
            });
        };
        view! {
            <li><code>{visible(&row.pattern)}</code>
                <span class="quiet">{row.args.map_or_else(|| "any arguments".to_owned(), |args| visible(&args))}{row.source.map(|source| format!(", {source}"))}</span>
                <button type="button" class="plain" data-testid="policy-row" aria-pressed=move || gone().to_string() on:click=toggle>{move || if gone() { "Taken away" } else { "Take away" }}</button></li>
        }
    };
    view! {
        <h3>"Runs unasked for "<code>{visible(&row.agent.unwrap_or_default())}</code></h3>
        <ul class="gaps">{row.allowlist.into_iter().map(one).collect_view()}</ul>
    }
}
