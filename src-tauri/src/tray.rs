//! The tray: how many requests wait, on the icon and in words, and the way back to the window.

use tauri::image::Image;
use tauri::menu::{Menu, MenuItem};
use tauri::tray::{MouseButton, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager};

use crate::{badge, windows};

const ID: &str = "tray";

struct Waiting(MenuItem<tauri::Wry>);

pub(crate) fn create(app: &AppHandle) -> tauri::Result<()> {
    let waiting = MenuItem::with_id(app, "approvals", words(0), true, None::<&str>)?;
    let open = MenuItem::with_id(app, "open", "Open ClawButler", true, None::<&str>)?;
    let quit = MenuItem::with_id(app, "quit", "Quit: waiting requests are denied", true, None::<&str>)?;
    let menu = Menu::with_items(app, &[&waiting, &open, &quit])?;
    let mut tray =
        TrayIconBuilder::with_id(ID).menu(&menu).tooltip("ClawButler").on_menu_event(|app, event| {
            match event.id().as_ref() {
                "approvals" => windows::show_main(app, Some("approvals")),
                "open" => windows::show_main(app, None),
                "quit" => app.exit(0),
                _ => {}
            }
        });
    tray = tray.on_tray_icon_event(|tray, event| {
        if let TrayIconEvent::Click { button: MouseButton::Left, .. } = event {
            windows::show_main(tray.app_handle(), None);
        }
    });
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(app)?;
    app.manage(Waiting(waiting));
    Ok(())
}

/// Shows how many requests wait.
pub(crate) fn count(app: &AppHandle, pending: u32) {
    if let Some(waiting) = app.try_state::<Waiting>() {
        let _ = waiting.0.set_text(words(pending));
    }
    if let Some(tray) = app.tray_by_id(ID) {
        let title = (pending > 0).then(|| pending.to_string());
        let _ = tray.set_title(title);
        let _ = tray.set_tooltip(Some(words(pending)));
        if let Some(icon) = app.default_window_icon() {
            let mut rgba = icon.rgba().to_vec();
            if icon.width() == icon.height() {
                badge::draw(&mut rgba, icon.width(), pending);
            }
            let _ = tray.set_icon(Some(Image::new_owned(rgba, icon.width(), icon.height())));
        }
    }
}

fn words(pending: u32) -> String {
    match pending {
        0 => "Nothing waits".to_owned(),
        1 => "1 request waits".to_owned(),
        count => format!("{count} requests wait"),
    }
}
