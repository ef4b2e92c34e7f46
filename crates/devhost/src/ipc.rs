//! `POST /ipc/{command}` and `GET /events`, behind a bearer token and checks of Host and Origin.

use std::convert::Infallible;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use clawbutler_butler::{Butler, Event};
use clawbutler_wire::topic::Changed;
use clawbutler_wire::{ApiError, Code, Seq, command};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use tokio::sync::broadcast;

use crate::Host;

macro_rules! dispatch {
    ($($name:ident $request:ident => $reply:ty,)+) => {
        fn dispatch(butler: &Butler, command: &str, body: &[u8]) -> Result<serde_json::Value, ApiError> {
            match command {
                $(stringify!($name) => {
                    let reply = butler.$name(read::<command::$request>(body)?).map_err(ApiError::from)?;
                    write(&reply)
                })+
                other => Err(ApiError::new(Code::NotFound, format!("There is no command {other}."))),
            }
        }
    };
}
clawbutler_wire::with_commands!(dispatch);

fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ApiError::new(Code::BadRequest, error.to_string()))
}

fn write<T: Serialize>(reply: &T) -> Result<serde_json::Value, ApiError> {
    serde_json::to_value(reply).map_err(|error| ApiError::new(Code::Internal, error.to_string()))
}

pub(crate) async fn call(
    State(host): State<Host>,
    Path(command): Path<String>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if let Err(error) = admit(&host, &headers, token) {
        return refuse(error);
    }
    let done = tokio::task::spawn_blocking(move || dispatch(&host.butler, &command, &body)).await;
    match done {
        Ok(Ok(reply)) => Json(reply).into_response(),
        Ok(Err(error)) => refuse(error),
        Err(error) => refuse(ApiError::new(Code::Internal, error.to_string())),
    }
}

/// Ours by name, from our own page or no page at all, with the token.
fn admit(host: &Host, headers: &HeaderMap, token: Option<&str>) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let ours = [format!("127.0.0.1:{}", host.port), format!("localhost:{}", host.port)];
    if !text(header::HOST).is_some_and(|name| ours.iter().any(|own| own == name)) {
        return Err(ApiError::new(Code::Forbidden, "The Host header is not this host's."));
    }
    let foreign = |origin: &str| !ours.iter().any(|own| origin == format!("http://{own}"));
    if text(header::ORIGIN).is_some_and(foreign) {
        return Err(ApiError::new(Code::Forbidden, "Another site cannot call this host."));
    }
    let known = token.is_some_and(|token| bool::from(token.as_bytes().ct_eq(host.token.as_bytes())));
    if known { Ok(()) } else { Err(ApiError::new(Code::Forbidden, "The token is missing or wrong.")) }
}

fn refuse(error: ApiError) -> Response {
    let status = match error.code {
        Code::BadRequest => StatusCode::BAD_REQUEST,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Stale | Code::Precondition => StatusCode::CONFLICT,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Forbidden => StatusCode::FORBIDDEN,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(error)).into_response()
}

/// Passes the engine's events on to every stream.
pub(crate) fn forward(butler: &Butler, events: broadcast::Sender<String>) {
    let count = std::sync::atomic::AtomicU64::new(0);
    butler.subscribe(move |event| {
        if let Event::Changed(topic) = event {
            let seq = Seq(count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1);
            if let Ok(text) = serde_json::to_string(&Changed { topic: *topic, seq }) {
                let _ = events.send(text);
            }
        }
    });
}

#[derive(Debug, Deserialize)]
pub(crate) struct Token {
    #[serde(default)]
    token: String,
}

pub(crate) async fn events(State(host): State<Host>, Query(query): Query<Token>, headers: HeaderMap) -> Response {
    if let Err(error) = admit(&host, &headers, Some(&query.token)) {
        return refuse(error);
    }
    let mut receiver = host.events.subscribe();
    let stream = async_stream(move |sender| async move {
        loop {
            match receiver.recv().await {
                Ok(text) => {
                    if sender.send(Ok::<_, Infallible>(SseEvent::default().data(text))).await.is_err() {
                        return;
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

/// A stream fed by a task; the task ends when the browser goes away.
fn async_stream<T: Send + 'static, F: Future<Output = ()> + Send + 'static>(
    work: impl FnOnce(tokio::sync::mpsc::Sender<T>) -> F,
) -> tokio_stream::wrappers::ReceiverStream<T> {
    let (sender, receiver) = tokio::sync::mpsc::channel(64);
    drop(tokio::spawn(work(sender)));
    tokio_stream::wrappers::ReceiverStream::new(receiver)
}
