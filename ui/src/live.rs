//! What is on the screen, fetched again whenever the host says that it changed.

use std::time::Duration;

use clawbutler_wire::approvals::{ApprovalList, Which};
use clawbutler_wire::command::{GetSettings, ListApprovals, Status};
use clawbutler_wire::settings::{Settings, StatusView, Theme};
use clawbutler_wire::topic::Topic;
use clawbutler_wire::{ApiError, Code};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;

/// Changes of sessions, and of the log, within this time are one.
const PAUSE: Duration = Duration::from_millis(250);

/// Everything fetched, shared by all pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Live {
    pub(crate) status: RwSignal<Option<StatusView>>,
    pub(crate) pending: RwSignal<Option<ApprovalList>>,
    pub(crate) settled: RwSignal<Option<ApprovalList>>,
    pub(crate) settings: RwSignal<Settings>,
    /// Why the host cannot be heard.
    pub(crate) silent: RwSignal<Option<String>>,
    /// Moves when runtimes changed.
    pub(crate) runtimes: RwSignal<u32>,
    /// Moves when something was read from a session.
    pub(crate) sessions: RwSignal<u32>,
    /// Moves when rules may have changed.
    pub(crate) rules: RwSignal<u32>,
    /// Moves when grants may have changed.
    pub(crate) grants: RwSignal<u32>,
    /// Moves when the audit log may have grown.
    pub(crate) log: RwSignal<u32>,
    /// Whether that is about to move.
    log_due: StoredValue<bool>,
    /// Whether that is about to move.
    sessions_due: StoredValue<bool>,
    /// The host's clock minus ours (ms).
    skew: RwSignal<i64>,
    /// Moves every second.
    beat: RwSignal<u32>,
}

/// Tells the pages that show it to fetch it again.
fn moved(counter: RwSignal<u32>) {
    counter.update(|count| *count = count.wrapping_add(1));
}

/// Sessions and the log may grow many times a second; the screen follows a few times.
fn soon(counter: RwSignal<u32>, waiting: StoredValue<bool>) {
    if waiting.get_value() {
        return;
    }
    waiting.set_value(true);
    let due = move || {
        waiting.set_value(false);
        moved(counter);
    };
    set_timeout(due, PAUSE);
}

impl Live {
    pub(crate) fn start() -> Self {
        let live = Self {
            status: RwSignal::new(None),
            pending: RwSignal::new(None),
            settled: RwSignal::new(None),
            settings: RwSignal::new(Settings::default()),
            silent: RwSignal::new(None),
            runtimes: RwSignal::new(0),
            sessions: RwSignal::new(0),
            rules: RwSignal::new(0),
            grants: RwSignal::new(0),
            log: RwSignal::new(0),
            log_due: StoredValue::new(false),
            sessions_due: StoredValue::new(false),
            skew: RwSignal::new(0),
            beat: RwSignal::new(0),
        };
        live.all();
        api::listen(move |changed| live.fetch(changed.topic));
        set_interval(move || live.beat.update(|beat| *beat = beat.wrapping_add(1)), Duration::from_secs(1));
        // A missed event costs a few seconds, never a wrong screen.
        set_interval(move || live.all(), Duration::from_secs(5));
        live
    }

    /// The host's wall clock, moving every second where it is read.
    pub(crate) fn now(self) -> i64 {
        self.beat.track();
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
        let ours = js_sys::Date::now() as i64;
        ours + self.skew.get()
    }

    /// The host's wall clock at this moment.
    pub(crate) fn now_untracked(self) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
        let ours = js_sys::Date::now() as i64;
        ours + self.skew.get_untracked()
    }

    fn all(self) {
        for topic in [Topic::Approvals, Topic::Settings, Topic::Alerts] {
            self.fetch(topic);
        }
        moved(self.rules);
        moved(self.grants);
        moved(self.sessions);
        moved(self.log);
    }

    pub(crate) fn fetch(self, topic: Topic) {
        if topic == Topic::Sessions {
            return soon(self.sessions, self.sessions_due);
        }
        if topic == Topic::Audit {
            return soon(self.log, self.log_due);
        }
        spawn_local(async move {
            let done = match topic {
                Topic::Approvals => self.approvals().await,
                Topic::Settings => api::call(&GetSettings {}).await.map(|settings| self.apply(settings)),
                Topic::Runtimes | Topic::Agents => {
                    moved(self.runtimes);
                    Ok(())
                }
                Topic::Rules => {
                    moved(self.rules);
                    Ok(())
                }
                Topic::Grants => {
                    moved(self.grants);
                    Ok(())
                }
                Topic::Alerts | Topic::Sessions | Topic::Audit => Ok(()),
            };
            let done = match done {
                Ok(()) => self.put(self.status, api::call(&Status {}).await),
                failed => failed,
            };
            let words = done
                .err()
                .filter(|error| matches!(error.code, Code::Unavailable | Code::Forbidden))
                .map(|error| error.message);
            if self.silent.with_untracked(|silent| *silent != words) {
                self.silent.set(words);
            }
        });
    }

    async fn approvals(self) -> Result<(), ApiError> {
        let pending = api::call(&ListApprovals { which: Which::Pending, limit: None }).await?;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
        self.skew.set(pending.now - js_sys::Date::now() as i64);
        let settled = api::call(&ListApprovals { which: Which::Settled, limit: Some(50) }).await?;
        self.put(self.pending, Ok(pending)).and(self.put(self.settled, Ok(settled)))
    }

    fn put<T: PartialEq + Send + Sync + 'static>(
        self,
        to: RwSignal<Option<T>>,
        fetched: Result<T, ApiError>,
    ) -> Result<(), ApiError> {
        let fresh = fetched?;
        // What did not change is not drawn again: nothing moves under the pointer.
        if to.with_untracked(|old| old.as_ref() != Some(&fresh)) {
            to.set(Some(fresh));
        }
        Ok(())
    }

    fn apply(self, settings: Settings) {
        let theme = match settings.theme {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("data-theme", theme);
        }
        if self.settings.with_untracked(|old| *old != settings) {
            self.settings.set(settings);
        }
    }
}
