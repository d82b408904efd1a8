//! One WebSocket: what it hears, what it sends, when it ends.

use super::message::Client;
use super::outbox::Outbox;
use crate::app::App;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tandem_connections::stopped;
use tokio::sync::{mpsc, watch};

/// How long the last message may take to leave.
const CLOSE: Duration = Duration::from_secs(2);
/// The same for a reader that was too slow, so that it learns why if it reads on.
const CLOSE_SLOW: Duration = Duration::from_secs(10);
/// How often in the idle time the clocks are looked at and the other end is pinged.
const LOOKS_PER_IDLE: u32 = 4;

const NORMAL: u16 = 1000;
const GOING_AWAY: u16 = 1001;
const UNSUPPORTED: u16 = 1003;
const POLICY: u16 = 1008;

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The other end closed it, or it broke.
    Gone,
    /// We close it: a code and a reason.
    Close(u16, &'static str),
}

/// Serves a WebSocket until it ends.
pub(crate) async fn run(app: Arc<App>, ip: IpAddr, socket: WebSocket) {
    let limits = app.config.limits;
    let (outbox, messages) = Outbox::new(limits.queue_messages_max, Arc::clone(&app.queue_room));
    let outbox = Arc::new(outbox);
    let (sink, stream) = socket.split();
    let idle = Duration::from_millis(limits.websocket_idle_ms);
    let now = Instant::now();
    let client = Client::new(Arc::clone(&app), ip, Arc::clone(&outbox));
    let mut socket = Socket { sink, stream, messages, outbox, client, idle, heard: now, active: now };
    let mut stop = pin!(stopped(app.stop.clone()));
    let end = tokio::select! {
        () = &mut stop => End::Close(GOING_AWAY, "server is shutting down"),
        end = socket.serve() => end,
    };
    let End::Close(code, reason) = end else { return };
    let patience = if code == POLICY { CLOSE_SLOW } else { CLOSE };
    if code == POLICY {
        app.counters.websockets_slow.add();
    }
    // What waited, and what was subscribed to, goes first; only the goodbye is left.
    let Socket { sink, stream, messages, outbox, client, .. } = socket;
    drop((client, messages, outbox));
    tokio::select! {
        _ = tokio::time::timeout(patience, goodbye(sink, stream, code, reason)) => {}
        () = stopped_for(app.stop.clone(), CLOSE) => {}
    }
}

/// Says why we close, and reads on until the other end has heard it: a socket that is closed with bytes unread tells
/// the other end to forget what is on its way.
async fn goodbye(
    mut sink: SplitSink<WebSocket, Message>,
    mut stream: SplitStream<WebSocket>,
    code: u16,
    reason: &'static str,
) {
    let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
    if sink.send(Message::Close(Some(frame))).await.is_ok() {
        while let Some(Ok(_)) = stream.next().await {}
    }
}

/// Returns when the server has been stopping for so long.
async fn stopped_for(stop: watch::Receiver<bool>, time: Duration) {
    stopped(stop).await;
    tokio::time::sleep(time).await;
}

struct Socket {
    sink: SplitSink<WebSocket, Message>,
    stream: SplitStream<WebSocket>,
    messages: mpsc::Receiver<Utf8Bytes>,
    outbox: Arc<Outbox>,
    client: Client,
    idle: Duration,
    /// When anything was last heard, answers to pings included.
    heard: Instant,
    /// When a message last went either way.
    active: Instant,
}

impl Socket {
    async fn serve(&mut self) -> End {
        let mut clock = tokio::time::interval((self.idle / LOOKS_PER_IDLE).max(Duration::from_millis(1)));
        loop {
            let outbox = Arc::clone(&self.outbox);
            let end = tokio::select! {
                () = outbox.overflow() => Some(SLOW),
                _ = clock.tick() => self.look_at_clock().await,
                message = self.messages.recv() => match message {
                    Some(message) => self.send_all(message).await,
                    None => Some(End::Gone),
                },
                heard = self.stream.next() => self.hear(heard),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    fn hear(&mut self, heard: Option<Result<Message, axum::Error>>) -> Option<End> {
        let Some(Ok(message)) = heard else { return Some(End::Gone) };
        self.heard = Instant::now();
        match message {
            Message::Text(text) => {
                self.active = self.heard;
                self.client.hear(text.as_str());
                None
            }
            Message::Binary(_) => Some(End::Close(UNSUPPORTED, "messages must be text")),
            // Pings are answered below us.
            Message::Ping(_) | Message::Pong(_) => None,
            Message::Close(_) => Some(End::Gone),
        }
    }

    /// Sends a message and all that wait behind it, then flushes once.
    async fn send_all(&mut self, first: Utf8Bytes) -> Option<End> {
        self.active = Instant::now();
        let outbox = Arc::clone(&self.outbox);
        let (sink, messages) = (&mut self.sink, &mut self.messages);
        let sending = async {
            let mut next = Some(first);
            while let Some(message) = next {
                outbox.left(&message);
                sink.feed(Message::Text(message)).await?;
                next = messages.try_recv().ok();
            }
            sink.flush().await
        };
        tokio::select! {
            sent = sending => sent.err().map(|_| End::Gone),
            () = outbox.overflow() => Some(SLOW),
        }
    }

    async fn look_at_clock(&mut self) -> Option<End> {
        if self.active.elapsed() >= self.idle {
            return Some(End::Close(NORMAL, "idle: send a ping at least once a minute"));
        }
        if self.heard.elapsed() >= self.idle {
            return Some(End::Close(NORMAL, "no answer to pings"));
        }
        let outbox = Arc::clone(&self.outbox);
        tokio::select! {
            pinged = self.sink.send(Message::Ping(bytes::Bytes::new())) => pinged.err().map(|_| End::Gone),
            () = outbox.overflow() => Some(SLOW),
        }
    }
}

const SLOW: End = End::Close(POLICY, "too slow: messages were produced faster than read");
