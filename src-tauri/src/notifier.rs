//! Native notifications: who asks, which tool, how risky; and how much of a budget is used. Never an argument, a path or a secret, and no
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
    butler.subscribe(move |event| match event {
        Event::Asked { runtime_name, tool, risk, .. } => {
            let _ = sender.send(News::Asked(runtime_name.clone(), format!("{tool}, {risk} risk")));
        }
        Event::Budget { says } => drop(sender.send(News::Budget(says.clone()))),
        Event::Changed(_) | Event::Settled { .. } | Event::Open { .. } | Event::Alert { .. } => {}
    });
    let (app, butler) = (app.clone(), butler.clone());
    // Its own thread: a notification service may take its time.
    std::thread::spawn(move || tell(&app, &butler, &receiver));
}

/// What is told.
enum News {
    /// A runtime asks: its name, tool and risk.
    Asked(String, String),
    /// So much of a budget is used.
    Budget(String),
}

fn tell(app: &AppHandle, butler: &Butler, news: &Receiver<News>) {
    while let Ok(first) = news.recv() {
        let mut all = vec![first];
        while let Ok(more) = news.recv_timeout(TOGETHER) {
            all.push(more);
        }
        if !butler.get_settings(GetSettings {}).is_ok_and(|settings| settings.notifications) {
            continue;
        }
        for (title, body) in notifications(all) {
            if let Err(error) = app.notification().builder().title(title).body(body).show() {
                tracing::warn!(%error, "a notification could not be shown");
            }
        }
    }
}

/// Titles and bodies of what came close together: budgets one by one, requests as one.
fn notifications(news: Vec<News>) -> Vec<(String, String)> {
    let (mut told, mut asked) = (Vec::new(), Vec::new());
    for one in news {
        match one {
            News::Budget(says) => told.push(("Budget".to_owned(), says)),
            News::Asked(runtime, what) => asked.push((runtime, what)),
        }
    }
    let count = asked.len();
    if let Some((runtime, what)) = asked.into_iter().next() {
        told.push(if count == 1 {
            (format!("{runtime} asks"), what)
        } else {
            (format!("{count} requests from {runtime}"), "Open ClawButler to decide.".to_owned())
        });
    }
    told
}
