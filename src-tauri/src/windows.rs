//! The main window and the pop-up. Windows are made here only.

use clawbutler_wire::settings::Corner;
use tauri::{AppHandle, LogicalSize, Manager, PhysicalPosition, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// Label of the main window.
pub(crate) const MAIN: &str = "main";
/// Label of the pop-up.
pub(crate) const POPUP: &str = "popup";
/// Size of the pop-up (logical pixels).
const POPUP_SIZE: (f64, f64) = (440.0, 600.0);
/// Distance of the pop-up from the edges of the screen (physical pixels).
const MARGIN: i32 = 16;

pub(crate) fn create(app: &AppHandle, hidden: bool) -> tauri::Result<()> {
    WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title("ClawButler")
        .inner_size(1240.0, 820.0)
        .min_inner_size(960.0, 640.0)
        .visible(!hidden)
        .build()?;
    WebviewWindowBuilder::new(app, POPUP, WebviewUrl::App("index.html#/popup".into()))
        .title("ClawButler asks")
        .inner_size(POPUP_SIZE.0, POPUP_SIZE.1)
        .resizable(false)
        .decorations(false)
        .always_on_top(true)
        .visible_on_all_workspaces(true)
        .skip_taskbar(true)
        .focused(false)
        .visible(false)
        .build()?;
    Ok(())
}

/// Brings the main window forward, at a route when one is given.
pub(crate) fn show_main(app: &AppHandle, route: Option<&str>) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    if let Some(route) = route
        && let Ok(mut url) = window.url()
    {
        url.set_fragment(Some(&format!("/{route}")));
        let _ = window.navigate(url);
    }
    let _ = window.unminimize();
    let _ = window.show();
    let _ = window.set_focus();
}

/// Shows the pop-up in its corner without taking the focus.
pub(crate) fn show_popup(app: &AppHandle, corner: Corner) {
    let Some(window) = app.get_webview_window(POPUP) else { return };
    if window.is_visible().unwrap_or(false) {
        return;
    }
    place(&window, corner);
    let _ = window.show();
    // Some window managers place a window anew when it is shown.
    place(&window, corner);
}

pub(crate) fn hide_popup(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(POPUP) {
        let _ = window.hide();
    }
}

fn place(window: &WebviewWindow, corner: Corner) {
    let Ok(Some(monitor)) = window.primary_monitor() else { return };
    // A window that was never shown has no size yet, so its size is taken from what was asked for.
    let size = LogicalSize::new(POPUP_SIZE.0, POPUP_SIZE.1).to_physical::<u32>(monitor.scale_factor());
    let area = monitor.work_area();
    let right = area.position.x + i32::try_from(area.size.width.saturating_sub(size.width)).unwrap_or(0) - MARGIN;
    let bottom = area.position.y + i32::try_from(area.size.height.saturating_sub(size.height)).unwrap_or(0) - MARGIN;
    let (left, top) = (area.position.x + MARGIN, area.position.y + MARGIN);
    let (x, y) = match corner {
        Corner::TopLeft => (left, top),
        Corner::TopRight => (right, top),
        Corner::BottomLeft => (left, bottom),
        Corner::BottomRight => (right, bottom),
    };
    let _ = window.set_position(PhysicalPosition::new(x, y));
}
