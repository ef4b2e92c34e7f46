//! Verifying the whole log: begin, progress, the result in words; the checkpoints and their copies outside.

use std::time::Duration;

use clawbutler_wire::ApiError;
use clawbutler_wire::audit::VerifyReport;
use clawbutler_wire::audit_proof::{CheckpointList, CopyState, CopyView, VerifyProgress};
use clawbutler_wire::command::{AcknowledgeLog, ListCheckpoints, ShowVerify, VerifyAudit};
use clawbutler_wire::settings::KeyPlace;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::acknowledge::{Acknowledge, open_points};
use super::list::Copy;
use super::{Desk, Over, model};
use crate::fetched::Fetched;
use crate::{api, clock, kit, signs};

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(300);

/// The verification on the screen; it goes on while one looks at entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verify {
    pub(super) busy: RwSignal<bool>,
    report: RwSignal<Option<VerifyReport>>,
    progress: RwSignal<VerifyProgress>,
    error: RwSignal<Option<ApiError>>,
}

impl Verify {
    pub(super) fn new() -> Self {
        Self {
            busy: RwSignal::new(false),
            report: RwSignal::new(None),
            progress: RwSignal::new(VerifyProgress::default()),
            error: RwSignal::new(None),
        }
    }

    /// Verifies the whole log, unless that is under way.
    pub(super) fn begin(self) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.report.set(None);
        self.error.set(None);
        self.progress.set(VerifyProgress::default());
        self.look();
        spawn_local(async move {
            let reply = api::call(&VerifyAudit {}).await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match reply {
                Ok(report) => self.report.set(Some(report)),
                Err(error) => self.error.set(Some(error)),
            }
        });
    }

    fn look(self) {
        kit::later(LOOK, move || {
            if self.busy.try_get_untracked() != Some(true) {
                return;
            }
            spawn_local(async move {
                if let Ok(progress) = api::call(&ShowVerify {}).await {
                    self.progress.try_set(progress);
                }
                if self.busy.try_get_untracked() == Some(true) {
                    self.look();
                }
            });
        });
    }
}

/// The result in a sentence, and what else to know, each a sentence.
fn words(report: &VerifyReport) -> (String, Vec<String>) {
    let entries = model::entries(report.entries.0);
    if report.replaced.is_some() && !report.intact {
        let how = crate::model::sentence(&report.reason.clone().unwrap_or_default());
        let rest = vec![
            format!("{how}."),
            "If nobody here did that, treat it as tampering: look into the database that was kept.".to_owned(),
        ];
        let what = format!("{entries} hold, but this log took the place of another.");
        return (what, rest.into_iter().chain(checkpoint_words(report)).collect());
    }
    if !report.intact {
        let reason = report.reason.clone().unwrap_or_else(|| "it was changed".to_owned());
        let what = match report.first_bad {
            Some(seq) => format!(
                "The log was changed: entry {} does not hold. {}.",
                model::grouped(seq.0),
                crate::model::sentence(&reason)
            ),
            None => format!("The log does not hold. {}.", crate::model::sentence(&reason)),
        };
        let before = match report.first_bad {
            Some(seq) if seq.0 > 1 => format!(
                "Entries before {} hold. Do not rely on that one, nor on those behind it.",
                model::grouped(seq.0)
            ),
            _ => "Do not rely on any entry until you know what happened.".to_owned(),
        };
        let rest = vec![
            before,
            "Compare with a copy of the checkpoints kept outside, and keep the files as they are.".to_owned(),
        ];
        return (what, rest.into_iter().chain(checkpoint_words(report)).collect());
    }
    let mut rest: Vec<String> = checkpoint_words(report).into_iter().collect();
    rest.extend(report.unproven.iter().map(|stretch| {
        format!(
            "Nothing of ours covered the entries {} to {} when a start found them: compare them with what you remember.",
            model::grouped(stretch.from.0),
            model::grouped(stretch.to.0)
        )
    }));
    rest.extend(known_words(report));
    if report.pruned.0 > 0 {
        rest.push(format!(
            "The facts of {} were removed by retention; their digests hold.",
            model::entries(report.pruned.0)
        ));
    }
    if report.key == KeyPlace::File {
        rest.push("The signing key lies in a file, which is weaker than the system's keychain.".to_owned());
    }
    if !report.unproven.is_empty() {
        return (format!("The chain of {entries} holds, but nothing proves who wrote some of them."), rest);
    }
    (format!("Nothing was changed: {entries} verified, from the first to the newest."), rest)
}

/// What a person said to know of.
fn known_words(report: &VerifyReport) -> Vec<String> {
    let replaced = report.replaced.as_ref().filter(|replaced| replaced.acknowledged).map(|replaced| {
        format!("It took the place of another log, as entry {} says; you know of that.", model::grouped(replaced.seq.0))
    });
    let stretches = report.acknowledged.iter().map(|stretch| {
        format!(
            "You know that nothing proves the entries {} to {}.",
            model::grouped(stretch.from.0),
            model::grouped(stretch.to.0)
        )
    });
    replaced.into_iter().chain(stretches).collect()
}

/// How the checkpoints stand.
fn checkpoint_words(report: &VerifyReport) -> Option<String> {
    let covered = report.checkpoint_entries.map(|entries| model::grouped(entries.0));
    Some(match (report.checkpoint.as_str(), covered) {
        ("good", Some(covered)) => format!("Signed checkpoints agree, up to entry {covered}."),
        ("good", None) => "Signed checkpoints agree.".to_owned(),
        ("none", _) => "No checkpoint was made yet, so entries cut off at the end would not show.".to_owned(),
        ("not_reached", _) => "The log breaks before its first checkpoint.".to_owned(),
        ("signature_bad", _) => "A checkpoint's signature does not fit.".to_owned(),
        ("key_replaced", _) => "A checkpoint is signed by a key that is not this log's.".to_owned(),
        ("beyond_the_end", _) => {
            "A checkpoint covers more entries than there are: entries are missing at the end.".to_owned()
        }
        ("root_differs", _) => "A checkpoint was made of other entries than these.".to_owned(),
        _ => return None,
    })
}

/// Progress and result below the title.
#[component]
pub(super) fn Strip(desk: Desk) -> impl IntoView {
    let verify = desk.verify;
    let progress = move || verify.progress.get();
    let close = move |_| {
        verify.report.set(None);
        verify.error.set(None);
    };
    let asking = RwSignal::new(None::<AcknowledgeLog>);
    view! {
        {move || asking.get().map(|what| view! { <Acknowledge desk=desk what=what close=Callback::new(move |()| asking.set(None))/> })}
        <div role="status" data-testid="verify-result">
            {move || verify.busy.get().then(|| view! {
                <div class="verify-strip">
                    <progress max=move || progress().total.0.max(1).to_string() value=move || progress().at.0.to_string() aria-label="Entries verified"></progress>
                    <span class="quiet number">{move || match progress() {
                        now if now.total.0 == 0 => "Verifying every entry…".to_owned(),
                        now => format!("{} of {} entries", model::grouped(now.at.0), model::grouped(now.total.0)),
                    }}</span>
                </div>
            })}
            {kit::trouble(verify.error)}
            {move || verify.report.get().map(|report| {
                let (what, rest) = words(&report);
                let good = report.intact && report.unproven.is_empty();
                let wary = !good && (report.intact || report.replaced.is_some());
                let (sign, word) = match (good, wary) {
                    (true, _) => (Some(true), "Intact"),
                    (false, true) if report.intact => (None, "Unproven"),
                    (false, true) => (None, "Replaced"),
                    (false, false) => (Some(false), "Broken"),
                };
                let open = open_points(&report);
                let first = report.first_bad.map(|seq| format!("#/audit/{seq}"));
                view! {
                    <div class="verify-strip" class:good=good class:bad=!good && !wary class:wary=wary role=(!good).then_some("alert") data-testid="verdict">
                        <div><p class="sentence">{signs::proof(sign, word)}" "{what}</p>
                        <p class="quiet">{rest.join(" ")}</p></div>
                        {first.map(|href| view! { <a class="button" href=href>"Show that entry"</a> })}
                        {open.map(|what| view! { <button type="button" class="plain" data-testid="acknowledge" on:click=move |_| asking.set(Some(what.clone()))>"I know of this…"</button> })}
                        <button type="button" class="close" aria-label="Close the result" on:click=close>"×"</button>
                    </div>
                }
            })}
        </div>
    }
}

/// The sheet of checkpoints.
#[component]
pub(super) fn Checkpoints(desk: Desk, close: Callback<()>) -> impl IntoView {
    let list = Fetched::<CheckpointList>::new();
    list.ask(ListCheckpoints {});
    let keeping = move || desk.live.status.with(|status| status.as_ref().map(|status| status.audit_keeping.clone()));
    let key = Signal::derive(move || keeping().and_then(|keeping| keeping.public_key).unwrap_or_default());
    let place = move || match keeping().map(|keeping| keeping.key) {
        Some(KeyPlace::Keychain) => "The signing key is in the system's keychain.",
        Some(KeyPlace::File) => {
            "The signing key is in a file that only your account can read. That is weaker than a keychain: every program of yours can read it."
        }
        Some(KeyPlace::Unreachable) => {
            "The signing key is in the keychain, which does not answer now. No checkpoints are made until it does."
        }
        Some(KeyPlace::None) | None => "There is no signing key yet.",
    };
    view! {
        <kit::Sheet title="Checkpoints" testid="checkpoints-sheet" wide=true close=close>
            <p class="quiet">"A checkpoint signs how many entries there are and what they add up to. Copies outside the database show when entries were cut off or written anew."</p>
            {kit::trouble(list.error)}
            <h3>"Copies outside"</h3>
            {move || match list.value.get() {
                None => list.busy.get().then(|| view! { <p class="loading" role="status">"Comparing the copies with the log…"</p> }).into_any(),
                Some(found) => view! {
                    <table data-testid="copies"><thead><tr><th>"Place"</th><th>"State"</th><th class="number">"Covers"</th></tr></thead><tbody>{found.copies.iter().map(copy).collect_view()}</tbody></table>
                    <p class="quiet">"More places can be chosen in "<a href="#/settings">"Settings"</a>"."</p>
                    <h3>"Key"</h3>
                    <p>{place}</p>
                    {move || (!key.with(String::is_empty)).then(|| view! { <p class="key-line"><code class="id">{key}</code><Copy text=key label="Copy" testid="copy-key"/></p> })}
                    <h3>"Made"</h3>
                    {made(&found)}
                }.into_any(),
            }}
            <div class="buttons">
                <button type="button" class="plain" on:click=move |_| close.run(())>"Close"</button>
                <button type="button" class="primary" on:click=move |_| { desk.over.set(None::<Over>); desk.verify.begin(); }>"Verify the log"</button>
            </div>
        </kit::Sheet>
    }
}

fn copy(copy: &CopyView) -> AnyView {
    let state = match copy.state {
        CopyState::Agrees => signs::proof(Some(true), "agrees with the log"),
        CopyState::Nothing => signs::proof(None, "nothing there"),
        CopyState::Differs => signs::proof(Some(false), "does not fit the log"),
    };
    let covers = copy.entries.map(|entries| model::entries(entries.0));
    view! { <tr><td class="id">{copy.place.clone()}</td><td>{state}</td><td class="number">{covers}</td></tr> }
        .into_any()
}

fn made(list: &CheckpointList) -> AnyView {
    if list.items.is_empty() {
        return view! { <p class="quiet">"None yet. The first is made when ClawButler has run for a while, or when it is closed."</p> }.into_any();
    }
    let rows = list
        .items
        .iter()
        .map(|checkpoint| {
            let signed = if checkpoint.signed { signs::proof(Some(true), "signed") } else { signs::proof(Some(false), "not signed by a known key") };
            view! { <tr><td class="number">{model::grouped(checkpoint.entries.0)}</td><td title=clock::exact(checkpoint.at)>{clock::short(checkpoint.at)}</td><td>{signed}</td><td class="id" title=checkpoint.root.clone()>{checkpoint.root.chars().take(16).collect::<String>()}"…"</td></tr> }
        })
        .collect_view();
    view! { <table class="made" data-testid="made"><thead><tr><th class="number">"Entries"</th><th>"When"</th><th>"Signature"</th><th>"Root"</th></tr></thead><tbody>{rows}</tbody></table> }
        .into_any()
}

#[cfg(test)]
mod tests {
    use clawbutler_wire::Seq;

    use super::*;

    fn report(intact: bool) -> VerifyReport {
        VerifyReport {
            intact,
            entries: Seq(1_200),
            first_bad: None,
            reason: None,
            head: String::new(),
            pruned: Seq(0),
            checkpoint: "good".to_owned(),
            checkpoint_entries: Some(Seq(1_100)),
            key: KeyPlace::Keychain,
            ..VerifyReport::default()
        }
    }

    #[test]
    fn a_whole_log_is_said_to_be_whole_and_what_weakens_that_is_said_too() {
        let weaker = VerifyReport { pruned: Seq(3), key: KeyPlace::File, ..report(true) };
        assert_eq!(
            words(&weaker),
            (
                "Nothing was changed: 1,200 entries verified, from the first to the newest.".to_owned(),
                [
                    "Signed checkpoints agree, up to entry 1,100.",
                    "The facts of 3 entries were removed by retention; their digests hold.",
                    "The signing key lies in a file, which is weaker than the system's keychain.",
                ]
                .map(str::to_owned)
                .to_vec(),
            )
        );
    }

    #[test]
    fn what_a_person_knows_of_stays_said_and_is_asked_about_no_more() {
        let stretch = clawbutler_wire::audit::Stretch { from: Seq(7), to: Seq(9) };
        let unproven = VerifyReport { unproven: vec![stretch.clone()], ..report(true) };
        let open = open_points(&unproven).unwrap();
        assert_eq!(open, AcknowledgeLog { stretches: vec![stretch.clone()], replaced: None });
        assert_eq!(words(&unproven).0, "The chain of 1,200 entries holds, but nothing proves who wrote some of them.");
        let known = VerifyReport { acknowledged: vec![stretch], ..report(true) };
        assert_eq!(open_points(&known), None);
        assert!(words(&known).1.contains(&"You know that nothing proves the entries 7 to 9.".to_owned()));
        let broken = VerifyReport { unproven: open.stretches, ..report(false) };
        assert_eq!(open_points(&broken), None, "a log that does not hold is not explained away");
    }

    #[test]
    fn a_broken_log_names_the_entry_and_the_reason() {
        let broken = VerifyReport {
            first_bad: Some(Seq(17)),
            reason: Some("its hash is another".to_owned()),
            checkpoint: "not_reached".to_owned(),
            ..report(false)
        };
        let (what, rest) = words(&broken);
        assert_eq!(what, "The log was changed: entry 17 does not hold. Its hash is another.");
        assert_eq!(rest[0], "Entries before 17 hold. Do not rely on that one, nor on those behind it.");
        let cut = VerifyReport { reason: Some("the log was begun anew".to_owned()), ..report(false) };
        assert_eq!(words(&cut).0, "The log does not hold. The log was begun anew.");
        let replaced = clawbutler_wire::audit::Replaced {
            how: clawbutler_wire::audit::ReplacedHow::Restored,
            seq: Seq(81),
            at: 1,
            kept: Seq(80),
            gone_upto: None,
            file: String::new(),
            acknowledged: false,
        };
        let restored = VerifyReport {
            reason: Some("a backup with 80 entries was put back".to_owned()),
            replaced: Some(replaced),
            ..report(false)
        };
        let (what, rest) = words(&restored);
        assert_eq!(what, "1,200 entries hold, but this log took the place of another.");
        assert_eq!(rest[0], "A backup with 80 entries was put back.");
        assert_eq!(open_points(&restored).unwrap().replaced, Some(Seq(81)));
        let states = ["none", "not_reached", "signature_bad", "key_replaced", "beyond_the_end", "root_differs", "good"];
        for state in states {
            let report = VerifyReport { checkpoint: state.to_owned(), ..report(true) };
            assert!(checkpoint_words(&report).is_some(), "{state} has words");
        }
    }
}
