//! A WebSocket over any stream: text frames with bounds of size and time.

use std::time::Duration;

use clawbutler_core::limits::{ATTACH_FRAME_BYTES, ATTACH_SEND_MS};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// Nothing listens, or the network failed.
    #[error("the connection failed: {0}")]
    Failed(String),
    /// The other side closed it.
    #[error("closed by the runtime ({code}): {reason}")]
    Closed {
        /// The close code; 1006 where it just went away.
        code: u16,
        /// Its words.
        reason: String,
    },
    /// A frame was over the bound.
    #[error("a frame was larger than {ATTACH_FRAME_BYTES} bytes")]
    TooLarge,
    /// It does not speak the protocol.
    #[error("the other side does not speak this protocol: {0}")]
    Garbled(String),
    /// Nothing was heard, or nothing could be said, for too long.
    #[error("the runtime went silent")]
    Silent,
}

impl Ended {
    fn of(error: &Error) -> Self {
        match error {
            Error::Capacity(_) => Self::TooLarge,
            Error::ConnectionClosed | Error::AlreadyClosed => Self::gone(),
            Error::Protocol(what) if what.to_string().contains("without closing handshake") => Self::gone(),
            Error::Protocol(what) => Self::Garbled(what.to_string()),
            Error::Utf8(_) => Self::Garbled("text that is not UTF-8".to_owned()),
            Error::Http(response) => Self::Garbled(format!("HTTP {}", response.status().as_u16())),
            Error::Io(error) => Self::Failed(error.kind().to_string()),
            _ => Self::Failed("the WebSocket failed".to_owned()),
        }
    }

    fn gone() -> Self {
        Self::Closed { code: 1006, reason: String::new() }
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Socket<S>(WebSocketStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// Upgrades a stream.
    pub(crate) async fn open(stream: S, url: &str) -> Result<Self, Ended> {
        let bounds = WebSocketConfig::default()
            .max_message_size(Some(ATTACH_FRAME_BYTES))
            .max_frame_size(Some(ATTACH_FRAME_BYTES));
        match client_async_with_config(url, stream, Some(bounds)).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(error) => Err(Ended::of(&error)),
        }
    }

    /// The next text; waits for it. Safe to be dropped while waiting.
    pub(crate) async fn next(&mut self) -> Result<String, Ended> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => {
                    return String::from_utf8(bytes.to_vec()).map_err(|_| Ended::Garbled("binary frame".to_owned()));
                }
                Some(Ok(Message::Close(frame))) => return Err(closed(frame)),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return Err(Ended::of(&error)),
                None => return Err(Ended::gone()),
            }
        }
    }

    /// Hands a text over.
    pub(crate) async fn send(&mut self, text: String) -> Result<(), Ended> {
        match timeout(Duration::from_millis(ATTACH_SEND_MS), self.0.send(Message::text(text))).await {
            Ok(sent) => sent.map_err(|error| Ended::of(&error)),
            Err(_) => Err(Ended::Silent),
        }
    }

    /// Says goodbye; does not wait long for the answer.
    pub(crate) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(1), self.0.close(None)).await;
    }
}

fn closed(frame: Option<CloseFrame>) -> Ended {
    frame.map_or_else(Ended::gone, |frame| Ended::Closed {
        code: frame.code.into(),
        reason: frame.reason.as_str().to_owned(),
    })
}
