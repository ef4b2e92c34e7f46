//! Start, parts, end.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clawbutler_butler::{Butler, Env, OpenError, Ports};
use clawbutler_gateway::Gateway;
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::paths::{self, DataDir};
use clawbutler_platform::random::SystemIds;
use tauri::{App, AppHandle, Manager, RunEvent, WindowEvent};
use tauri_plugin_autostart::ManagerExt as _;

use crate::{commands, dialogs, events, notifier, tray, windows};

/// Parts that live as long as the app.
struct Running {
    gateway: Mutex<Option<Gateway>>,
}

/// Variables by which a WebDriver takes hold of the windows.
const AUTOMATION: &[&str] = &["TAURI_AUTOMATION", "TAURI_WEBVIEW_AUTOMATION"];

pub(crate) fn run() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()))
        .init();
    let vars = paths::environment();
    if !cfg!(feature = "e2e") && AUTOMATION.iter().any(|name| vars.contains_key(*name)) {
        tracing::error!(
            "ClawButler does not start under automation: a program that drives its windows acts as the user"
        );
        return ExitCode::from(2);
    }
    let hidden = std::env::args().any(|arg| arg == "--hidden");
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _, _| windows::show_main(app, None)))
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_window_state::Builder::default().with_denylist(&[windows::POPUP]).build())
        .plugin(tauri_plugin_autostart::Builder::new().args(["--hidden"]).build())
        .invoke_handler(commands::handler())
        .setup(move |app| setup(app, vars, hidden))
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event {
                closing(window, api);
            }
        })
        .build(tauri::generate_context!());
    match app {
        Ok(app) => {
            app.run(|app, event| {
                if let RunEvent::Exit = event {
                    end(app);
                }
            });
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(%error, "ClawButler could not start");
            ExitCode::FAILURE
        }
    }
}

fn setup(
    app: &mut App,
    vars: std::collections::BTreeMap<String, String>,
    hidden: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    clawbutler_platform::os::harden()?;
    let data = DataDir::resolve(&vars);
    let hook_source = vars.get("CLAWBUTLER_HOOK_BIN").map(PathBuf::from).or_else(paths::hook_beside_us);
    let home = paths::home(&vars);
    let butler = Butler::open(Ports {
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds),
        env: Env::new(vars, home),
        keychain: clawbutler_platform::keychain::of(&data),
        data,
        hook_source,
    })
    .inspect_err(|error: &OpenError| tracing::error!(%error, "the engine could not be opened"))?;
    drop(butler.start()?);
    let gateway = Gateway::open(&butler)?;
    app.manage(butler.clone());
    app.manage(Running { gateway: Mutex::new(Some(gateway)) });
    windows::create(app.handle(), hidden)?;
    if let Err(error) = tray::create(app.handle()) {
        tracing::warn!(%error, "there is no tray on this desktop");
    }
    events::forward(app.handle(), &butler);
    notifier::start(app.handle(), &butler);
    dialogs::offer(app.handle(), &butler);
    follow_settings(app.handle(), &butler);
    Ok(())
}

/// Brings the system in line with the settings now.
pub(crate) fn follow_settings(app: &AppHandle, butler: &Butler) {
    let Ok(settings) = butler.get_settings(clawbutler_wire::command::GetSettings {}) else { return };
    let autostart = app.autolaunch();
    if autostart.is_enabled().unwrap_or(false) != settings.autostart {
        let done = if settings.autostart { autostart.enable() } else { autostart.disable() };
        if let Err(error) = done {
            tracing::warn!(%error, "starting with the session could not be changed");
        }
    }
}

/// Closing the pop-up is not an answer; closing the main window hides it when the user chose so.
fn closing(window: &tauri::Window, api: &tauri::CloseRequestApi) {
    let stay = window
        .try_state::<Butler>()
        .and_then(|butler| butler.get_settings(clawbutler_wire::command::GetSettings {}).ok())
        .is_some_and(|settings| settings.close_to_tray);
    if window.label() == windows::POPUP || stay {
        api.prevent_close();
        let _ = window.hide();
    } else {
        window.app_handle().exit(0);
    }
}

fn end(app: &AppHandle) {
    if let Some(butler) = app.try_state::<Butler>() {
        butler.shutdown();
    }
    if let Some(running) = app.try_state::<Running>()
        && let Ok(mut gateway) = running.gateway.lock()
    {
        gateway.take();
    }
}
