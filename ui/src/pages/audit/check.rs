//! Checking an evidence pack that somebody handed over: the file, whose key, and what holds.

use clawbutler_wire::command::CheckPack;
use clawbutler_wire::files::{PackVerdict, Purpose};
use leptos::prelude::*;

use super::{Desk, model};
use crate::fetched::Fetched;
use crate::{clock, kit, path, signs};

#[component]
pub(super) fn Check(desk: Desk, close: Callback<()>) -> impl IntoView {
    let file = RwSignal::new(String::new());
    let key = RwSignal::new(String::new());
    let verdict = Fetched::<PackVerdict>::new();
    // What was found is of the file and the key it was found with.
    let changed = move || verdict.clear();
    let begin = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if verdict.busy.get_untracked() || file.with_untracked(|file| file.trim().is_empty()) {
            return;
        }
        verdict.clear();
        let key = Some(key.get_untracked()).filter(|key| !key.trim().is_empty());
        verdict.ask(CheckPack { path: file.get_untracked(), key });
    };
    let data = desk.live.status.with_untracked(|status| status.as_ref().map(|status| status.data_dir.clone()));
    let example = crate::model::beside(&data.unwrap_or_default(), "evidence.zip");
    view! {
        <kit::Sheet title="Check an evidence pack" testid="check-sheet" wide=true close=close>
            <form on:submit=begin>
                <p class="quiet">"Recomputes everything in the pack, of this log or of another. Nothing leaves this machine, nothing is recorded."</p>
                <path::Field label="Pack" testid="check-file" purpose=Purpose::Pack value=file.into() example=example typed=Callback::new(move |path| { file.set(path); changed(); })/>
                <label class="stacked-label">"Public key of its log, if you have it from its maker"<input type="text" class="mono" spellcheck="false" autocomplete="off" data-testid="check-key" prop:value=key on:input=move |event| { key.set(event_target_value(&event)); changed(); }/></label>
                <div role="status" aria-live="polite" data-testid="check-result">
                    {kit::trouble(verdict.error)}
                    {move || if verdict.busy.get() { view! { <p class="loading">"Checking…"</p> }.into_any() } else { verdict.value.get().map(|verdict| found(&verdict)).into_any() }}
                </div>
                <div class="buttons">
                    <button type="button" class="plain" on:click=move |_| close.run(())>"Close"</button>
                    <button type="submit" class="primary" data-testid="check-start" disabled=move || verdict.busy.get() || file.with(|file| file.trim().is_empty())>"Check"</button>
                </div>
            </form>
        </kit::Sheet>
    }
}

fn found(verdict: &PackVerdict) -> AnyView {
    let (what, rest) = words(verdict);
    let points = rest.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
    let made = verdict.intact.then(|| {
        view! { <dl class="facts"><dt>"Log"</dt><dd class="id">{verdict.log.clone()}</dd><dt>"Made"</dt><dd>{clock::exact(verdict.made_at)}" by its maker's clock"</dd></dl> }
    });
    view! { <p class="sentence">{signs::proof(Some(verdict.intact), what)}</p>{made}<ul class="points">{points}</ul> }
        .into_any()
}

/// The verdict in a sentence, and what goes with it.
fn words(verdict: &PackVerdict) -> (String, Vec<String>) {
    if !verdict.intact {
        let reason = verdict.reason.as_deref().unwrap_or("it is no evidence pack");
        let mut rest = vec!["Rely on nothing in it. Ask for it again, and for its SHA-256 another way.".to_owned()];
        if verdict.key == "given" {
            rest.push("Look at the key too: with the key of another log, no pack holds.".to_owned());
        }
        return (format!("It does not hold: {reason}."), rest);
    }
    let mut rest = vec![format!(
        "A signed checkpoint over {} proves that they are in the log.",
        model::entries(verdict.checkpoint_entries.0)
    )];
    for stretch in &verdict.unproven {
        rest.push(format!(
            "Nothing covered entries {} to {} of its log when ClawButler found them at a start: they may be somebody else's.",
            stretch.from.0, stretch.to.0
        ));
    }
    for stretch in &verdict.acknowledged {
        rest.push(format!(
            "Nothing covered entries {} to {} of its log; a person acknowledged that there.",
            stretch.from.0, stretch.to.0
        ));
    }
    if verdict.pruned.0 > 0 {
        rest.push(format!(
            "The facts of {} had been removed by retention before; their digests hold.",
            model::entries(verdict.pruned.0)
        ));
    }
    rest.push(
        match verdict.key.as_str() {
            "given" => "Signed by the key you gave.",
            "ours" => "Signed by this machine's own log.",
            _ => {
                "Checked with the key in the pack: nothing was changed since it was made, but anyone may have made it."
            }
        }
        .to_owned(),
    );
    (format!("Nothing was changed: {} hold.", model::entries(verdict.entries.0)), rest)
}

#[cfg(test)]
mod tests {
    use clawbutler_wire::Seq;
    use clawbutler_wire::audit::Stretch;

    use super::*;

    #[test]
    fn what_a_pack_proves_and_what_not_is_said() {
        let good = PackVerdict {
            intact: true,
            reason: None,
            log: "clawbutler/1".to_owned(),
            entries: Seq(12),
            pruned: Seq(0),
            checkpoint_entries: Seq(1_200),
            made_at: 1,
            unproven: Vec::new(),
            acknowledged: Vec::new(),
            key: "in_the_pack".to_owned(),
        };
        let (what, rest) = words(&good);
        assert_eq!(what, "Nothing was changed: 12 entries hold.");
        assert_eq!(rest[0], "A signed checkpoint over 1,200 entries proves that they are in the log.");
        assert!(rest[1].contains("anyone may have made it"), "{rest:?}");
        assert_eq!(words(&PackVerdict { key: "given".to_owned(), ..good.clone() }).1[1], "Signed by the key you gave.");
        let unproven = vec![Stretch { from: Seq(3), to: Seq(4) }];
        let doubted = words(&PackVerdict { unproven, ..good.clone() }).1;
        assert!(doubted[1].starts_with("Nothing covered entries 3 to 4 of its log"), "{doubted:?}");
        let bad = PackVerdict { intact: false, reason: Some("entry 7 differs".to_owned()), ..good };
        assert_eq!(words(&bad).0, "It does not hold: entry 7 differs.");
    }
}
