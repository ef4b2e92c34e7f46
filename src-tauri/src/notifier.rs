//! Native notifications: who asks, which tool, how risky. Never an argument, a path or a secret, and no
//! buttons: a decision is made where the whole request is shown.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use clawbutler_butler::{Butler, Event};
use clawbutler_wire::command::GetSettings;
use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt as _;

/// Requests that arrive this close together are told as one.
const TOGETHER: Duration = Duration::from_millis(400);

pub(crate) fn start(app: &AppHandle, butler: &Butler) {
    let (sender, receiver) = channel();
    butler.subscribe(move |event| {
        if let Event::Asked { runtime_name, tool, risk, .. } = event {
            let _ = sender.send((runtime_name.clone(), format!("{tool}, {risk} risk")));
        }
    });
    let (app, butler) = (app.clone(), butler.clone());
    // Its own thread: a notification service may take its time.
    std::thread::spawn(move || tell(&app, &butler, &receiver));
}

fn tell(app: &AppHandle, butler: &Butler, asked: &Receiver<(String, String)>) {
    while let Ok((runtime, what)) = asked.recv() {
        let mut count = 1;
        while asked.recv_timeout(TOGETHER).is_ok() {
            count += 1;
        }
        if !butler.get_settings(GetSettings {}).is_ok_and(|settings| settings.notifications) {
            continue;
        }
        let (title, body) = if count == 1 {
            (format!("{runtime} asks"), what)
        } else {
            (format!("{count} requests from {runtime}"), "Open ClawButler to decide.".to_owned())
        };
        if let Err(error) = app.notification().builder().title(title).body(body).show() {
            tracing::warn!(%error, "a notification could not be shown");
        }
    }
}
