//! The engine's events as the windows, the pop-up and the tray hear them.

use std::sync::atomic::{AtomicU64, Ordering};

use clawbutler_butler::{Butler, Event};
use clawbutler_wire::Seq;
use clawbutler_wire::command::{GetSettings, Status};
use clawbutler_wire::topic::{CHANGED_EVENT, Changed, Topic};
use tauri::{AppHandle, Emitter as _};

use crate::{run, tray, windows};

pub(crate) fn forward(app: &AppHandle, butler: &Butler) {
    let (app, engine) = (app.clone(), butler.clone());
    let count = AtomicU64::new(0);
    butler.subscribe(move |event| match event {
        Event::Changed(topic) => {
            let seq = Seq(count.fetch_add(1, Ordering::Relaxed) + 1);
            let _ = app.emit(CHANGED_EVENT, Changed { topic: *topic, seq });
            match topic {
                Topic::Approvals => waiting(&app, &engine),
                Topic::Settings => on_main(&app, &engine, run::follow_settings),
                Topic::Grants
                | Topic::Rules
                | Topic::Runtimes
                | Topic::Agents
                | Topic::Sessions
                | Topic::Audit
                | Topic::Alerts => {}
            }
        }
        Event::Open { route } => {
            let route = route.clone();
            let handle = app.clone();
            let _ = app.run_on_main_thread(move || windows::show_main(&handle, Some(&route)));
        }
        Event::Asked { .. } | Event::Settled { .. } | Event::Budget { .. } | Event::Alert { .. } => {}
    });
}

fn on_main(app: &AppHandle, butler: &Butler, work: fn(&AppHandle, &Butler)) {
    let (handle, butler) = (app.clone(), butler.clone());
    let _ = app.run_on_main_thread(move || work(&handle, &butler));
}

/// The tray's count, and the pop-up while something waits.
fn waiting(app: &AppHandle, butler: &Butler) {
    on_main(app, butler, |app, butler| {
        let Ok(status) = butler.status(Status {}) else { return };
        tray::count(app, status.pending);
        match butler.get_settings(GetSettings {}) {
            Ok(settings) if status.pending > 0 && settings.popup => windows::show_popup(app, settings.popup_corner),
            Ok(_) | Err(_) => windows::hide_popup(app),
        }
    });
}
