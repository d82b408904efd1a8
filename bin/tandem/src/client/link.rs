//! Requests over WebSockets, and their responses.
//!
//! A client spreads its requests over connections, each to the one with the fewest unanswered; the responses come in any
//! order. A request's latency counts from when it is handed to the socket, signed before, to when its response is read.

use super::Node;
use super::answer::Said;
use eyre::{Report, Result, WrapErr, bail, eyre};
use futures_util::{SinkExt as _, StreamExt as _};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// A WebSocket to a node.
pub(crate) type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Unanswered requests on a connection at which another is opened. A node takes a hundred; it gives a place back only
/// after it has answered, so the limit itself can't be kept to.
const IN_FLIGHT_PER_LINK: usize = 50;
/// A node closes connections on which nothing is said for a minute.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// How long a response may take: a node answers within ten seconds, be it that it can't.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Connects to a node.
pub(crate) async fn connect(node: &Node) -> Result<Stream> {
    let url = format!("ws://{}/ws", node.authority);
    let connected = tokio_tungstenite::connect_async_with_config(&url, None, true).await;
    let (stream, _) = connected.wrap_err_with(|| format!("connecting to {url}"))?;
    Ok(stream)
}

/// What a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A signed action, as `/exchange` takes it.
    Action,
    /// A question, as `/info` takes it.
    Info,
}

/// The message that posts a request.
pub(crate) fn post_text(id: u64, kind: Kind, body: &str) -> Utf8Bytes {
    let kind = match kind {
        Kind::Action => "action",
        Kind::Info => "info",
    };
    let head = format!(r#"{{"method":"post","id":{id},"request":{{"type":"{kind}","payload":"#);
    Utf8Bytes::from([head.as_str(), body, "}}"].concat())
}

/// A response.
#[derive(Debug)]
pub(crate) struct Heard {
    /// The request's number.
    pub(crate) id: u64,
    /// As JSON.
    pub(crate) response: String,
    /// How long it took.
    pub(crate) latency: Duration,
    /// When it came.
    pub(crate) at: Instant,
}

/// A node's client.
#[derive(Debug)]
pub(crate) struct Client {
    links: Vec<Link>,
    heard: UnboundedReceiver<Result<Heard>>,
    /// Unanswered requests, with their connections.
    open: HashMap<u64, usize>,
    requests: u64,
}

/// A connection's end on this side.
#[derive(Debug)]
struct Link {
    posts: UnboundedSender<(u64, Utf8Bytes)>,
    open: usize,
}

impl Client {
    /// Connects as often as so many unanswered requests need.
    pub(crate) async fn connect(node: &Node, in_flight: usize) -> Result<Self> {
        let (speaker, heard) = mpsc::unbounded_channel();
        let mut links = Vec::new();
        for _ in 0..in_flight.div_ceil(IN_FLIGHT_PER_LINK).max(1) {
            let stream = connect(node).await?;
            let (posts, queue) = mpsc::unbounded_channel();
            let serving = Serving { stream, queue, sent: HashMap::new(), heard: speaker.clone() };
            tokio::spawn(serving.run());
            links.push(Link { posts, open: 0 });
        }
        Ok(Self { links, heard, open: HashMap::new(), requests: 0 })
    }

    /// How many connections it has.
    pub(crate) const fn links(&self) -> usize {
        self.links.len()
    }

    /// Sends a request; returns its number.
    pub(crate) fn post(&mut self, kind: Kind, body: &str) -> u64 {
        let id = self.requests;
        self.requests += 1;
        if let Some((at, link)) = self.links.iter_mut().enumerate().min_by_key(|(_, link)| link.open) {
            link.open += 1;
            self.open.insert(id, at);
            // A connection that is gone is told by what is heard next.
            link.posts.send((id, post_text(id, kind, body))).ok();
        }
        id
    }

    /// The next response.
    ///
    /// # Errors
    /// If a connection is lost: then responses are missing.
    pub(crate) async fn hear(&mut self) -> Result<Heard> {
        let heard = self.heard.recv().await.ok_or_else(|| eyre!("all connections are gone"))??;
        if let Some(link) = self.open.remove(&heard.id).and_then(|at| self.links.get_mut(at)) {
            link.open = link.open.saturating_sub(1);
        }
        Ok(heard)
    }

    /// The next response, which is due.
    ///
    /// # Errors
    /// As [`Self::hear`], and if it takes too long.
    pub(crate) async fn hear_soon(&mut self) -> Result<Heard> {
        let heard = tokio::time::timeout(PATIENCE, self.hear()).await;
        heard.wrap_err_with(|| format!("the node did not answer within {} s", PATIENCE.as_secs()))?
    }

    /// Sends these requests, a few at a time, and returns their responses in the same order. What comes in between of
    /// earlier requests is lost.
    ///
    /// # Errors
    /// As [`Self::hear_soon`].
    pub(crate) async fn ask_all(&mut self, kind: Kind, bodies: &[String]) -> Result<Vec<String>> {
        let mut responses = Vec::with_capacity(bodies.len());
        for chunk in bodies.chunks(IN_FLIGHT_PER_LINK) {
            responses.extend(self.ask_few(kind, chunk).await?);
        }
        Ok(responses)
    }

    async fn ask_few(&mut self, kind: Kind, bodies: &[String]) -> Result<Vec<String>> {
        let ids: Vec<u64> = bodies.iter().map(|body| self.post(kind, body)).collect();
        let mut responses = HashMap::new();
        while responses.len() < ids.len() {
            let heard = self.hear_soon().await?;
            if ids.contains(&heard.id) {
                responses.insert(heard.id, heard.response);
            }
        }
        Ok(ids.iter().filter_map(|id| responses.remove(id)).collect())
    }
}

/// A connection's other side.
struct Serving {
    stream: Stream,
    queue: UnboundedReceiver<(u64, Utf8Bytes)>,
    /// When unanswered requests were sent.
    sent: HashMap<u64, Instant>,
    heard: UnboundedSender<Result<Heard>>,
}

impl Serving {
    /// Until the client is gone or the connection is lost.
    async fn run(mut self) {
        if let Err(error) = self.serve().await {
            // Whoever does not listen any more needs no reason.
            self.heard.send(Err(error.wrap_err("the connection to the node is lost"))).ok();
        }
    }

    async fn serve(&mut self) -> Result<()> {
        let mut pings = tokio::time::interval(PING_INTERVAL);
        loop {
            tokio::select! {
                post = self.queue.recv() => match post {
                    Some(post) => self.send_all(post).await?,
                    None => return Ok(()),
                },
                message = self.stream.next() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(&text)?,
                    Some(Ok(Message::Close(frame))) => bail!("closed by the node: {}", reason(frame)),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(Report::new(error)),
                    None => bail!("closed by the node"),
                },
                _ = pings.tick() => {
                    self.stream.send(Message::text(r#"{"method":"ping"}"#)).await?;
                }
            }
        }
    }

    /// Sends a request and all that wait behind it.
    async fn send_all(&mut self, first: (u64, Utf8Bytes)) -> Result<()> {
        let mut next = Some(first);
        while let Some((id, text)) = next {
            self.sent.insert(id, Instant::now());
            self.stream.feed(Message::Text(text)).await?;
            next = self.queue.try_recv().ok();
        }
        Ok(self.stream.flush().await?)
    }

    fn hear(&mut self, text: &str) -> Result<()> {
        let at = Instant::now();
        match Said::parse(text) {
            Some(Said::Response(id, response)) => {
                let sent = self.sent.remove(&id).unwrap_or(at);
                let latency = at.saturating_duration_since(sent);
                let heard = Heard { id, response: response.to_owned(), latency, at };
                self.heard.send(Ok(heard)).ok();
                Ok(())
            }
            Some(Said::Refusal(reason)) => bail!("the node refuses a request: {reason}"),
            None => Ok(()),
        }
    }
}

fn reason(frame: Option<tokio_tungstenite::tungstenite::protocol::CloseFrame>) -> String {
    frame.map_or_else(|| "without a reason".to_owned(), |frame| frame.reason.to_string())
}
