//! The development host: the same engine on the same data folder, the UI and `POST /ipc/{command}` over
//! loopback HTTP, for browser journeys and outside tests. Never shipped: whoever holds its token acts as
//! the user, which no released program offers.
//!
//! First line on standard output: `{"url": "http://127.0.0.1:PORT", "token": "…"}`.

mod ipc;
mod pages;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use clap::Parser;
use clawbutler_butler::{Butler, Env, Ports};
use clawbutler_core::id::hex;
use clawbutler_gateway::Gateway;
use clawbutler_platform::clock::SystemClock;
use clawbutler_platform::paths::{self, DataDir};
use clawbutler_platform::random::{self, SystemIds};
use tokio::sync::broadcast;

/// Serves the engine of a data folder to a browser on this machine.
#[derive(Debug, Parser)]
struct Args {
    /// Data folder; `CLAWBUTLER_HOME`, else the platform's place, when absent.
    #[arg(long)]
    home: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Folder of the built UI.
    #[arg(long, default_value = "ui/dist")]
    ui: PathBuf,
}

/// What every request handler sees.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) butler: Butler,
    pub(crate) token: Arc<str>,
    pub(crate) port: u16,
    pub(crate) ui: Arc<PathBuf>,
    pub(crate) events: broadcast::Sender<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()))
        .init();
    let args = Args::parse();
    let vars = paths::environment();
    let data = args.home.map_or_else(|| DataDir::resolve(&vars), DataDir::at);
    let hook_source = vars.get("CLAWBUTLER_HOOK_BIN").map(PathBuf::from).or_else(paths::hook_beside_us);
    let env = Env::new(vars.clone(), paths::home(&vars));
    let butler = Butler::open(Ports {
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds),
        env,
        keychain: None,
        data,
        hook_source,
    })?;
    clawbutler_platform::os::harden()?;
    let thread = butler.start()?;
    let gateway = Gateway::open(&butler)?;

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", args.port)).await?;
    let port = listener.local_addr()?.port();
    let (events, _) = broadcast::channel(256);
    let host = Host {
        butler: butler.clone(),
        token: hex(&random::fill::<32>()).into(),
        port,
        ui: Arc::new(args.ui),
        events: events.clone(),
    };
    ipc::forward(&butler, events);
    let app = Router::new()
        .route("/ipc/{command}", post(ipc::call))
        .route("/events", get(ipc::events))
        .fallback(pages::serve)
        .with_state(host.clone());
    let hello = serde_json::json!({ "url": format!("http://127.0.0.1:{port}"), "token": &*host.token });
    announce(&hello.to_string());
    axum::serve(listener, app).with_graceful_shutdown(asked_to_stop()).await?;
    drop(gateway);
    butler.shutdown();
    let _ = thread.join();
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the first line tells outside tests where we are")]
fn announce(line: &str) {
    println!("{line}");
}

async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            // Streams of events never end by themselves; give answers in flight a moment, then go.
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
