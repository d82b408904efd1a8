//! Small clients: HTTP/1.1 as bytes on a socket, and WebSocket by `tokio-tungstenite`.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longer than anything takes; a test that waits so long has failed.
const WAIT: Duration = Duration::from_secs(20);

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

pub(crate) struct Http(pub(crate) TcpStream);

impl Http {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n")).await
    }

    /// The answer, unless the server closes the connection.
    pub(crate) async fn try_get(&mut self, path: &str) -> Option<Answer> {
        let _ = self.0.write_all(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes()).await;
        let waiting = self.0.peek(&mut [0]).await;
        if waiting.is_ok_and(|bytes| bytes > 0) { Some(self.answer().await) } else { None }
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Answer {
        let length = body.len();
        self.send(&format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n{body}"))
            .await
    }

    pub(crate) async fn send(&mut self, request: &str) -> Answer {
        // A server that refuses early may not read all.
        let _ = self.0.write_all(request.as_bytes()).await;
        self.answer().await
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        tokio::time::timeout(WAIT, self.read()).await.expect("an answer in time")
    }

    async fn read(&mut self) -> Answer {
        let mut bytes = Vec::new();
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length = length.map_or(0, |length| length.parse::<usize>().unwrap());
                if body.len() >= length {
                    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                    return Answer { status, head: head.to_owned(), body: body.to_owned() };
                }
            }
            let mut chunk = [0; 65_536];
            let read = self.0.read(&mut chunk).await.unwrap_or(0);
            assert!(read > 0, "closed before an answer: {text}");
            bytes.extend_from_slice(&chunk[..read]);
        }
    }

    /// Waits until the server closes the connection.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(WAIT, self.0.read_to_end(&mut rest)).await.expect("closed in time");
        drop(read);
    }
}

pub(crate) struct Socket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let (socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/ws")).await.unwrap();
        Self(socket)
    }

    /// A client that has little room for what it does not read.
    pub(crate) async fn with_small_buffer(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let stream = MaybeTlsStream::Plain(socket.connect(address).await.unwrap());
        let (socket, _) =
            tokio_tungstenite::client_async(format!("ws://{address}/ws"), stream).await.unwrap();
        Self(socket)
    }

    /// Writes bytes beneath the protocol.
    pub(crate) async fn write_raw(&mut self, bytes: &[u8]) {
        let MaybeTlsStream::Plain(stream) = self.0.get_mut() else { panic!("no other stream is made") };
        stream.write_all(bytes).await.unwrap();
    }

    /// Everything that the server has said, as text, after it has closed the connection: a close frame is its end.
    pub(crate) async fn rest(mut self) -> String {
        let MaybeTlsStream::Plain(stream) = self.0.get_mut() else { panic!("no other stream is made") };
        let mut bytes = Vec::new();
        tokio::time::timeout(WAIT, stream.read_to_end(&mut bytes)).await.expect("closed in time").unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Says everything as fast as it is taken, reading on meanwhile; gives how many messages came on each channel.
    pub(crate) async fn flood(self, messages: Vec<Value>) -> BTreeMap<String, usize> {
        let (mut sink, mut stream) = self.0.split();
        let count = messages.len();
        let say = async {
            for message in messages {
                sink.send(Message::text(message.to_string())).await.unwrap();
            }
        };
        let hear = async {
            let mut channels = BTreeMap::new();
            // Each is answered, and a subscription by a snapshot as well.
            while channels.values().sum::<usize>() < count {
                let Some(Ok(Message::Text(text))) = stream.next().await else { continue };
                let value: Value = serde_json::from_str(text.as_str()).unwrap();
                *channels.entry(value["channel"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            channels
        };
        tokio::join!(say, hear).1
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.say_text(&message.to_string()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next message of a channel; those of others are passed over.
    pub(crate) async fn hear(&mut self, channel: &str) -> Value {
        loop {
            let Message::Text(text) = self.next().await.expect("a message") else { continue };
            let value: Value = serde_json::from_str(text.as_str()).unwrap();
            if value["channel"] == channel {
                return value;
            }
        }
    }

    /// The next message of each of these channels, in whatever order they come.
    pub(crate) async fn hear_each(&mut self, channels: &[&str]) -> BTreeMap<String, Value> {
        let mut heard = BTreeMap::new();
        while heard.len() < channels.len() {
            let Message::Text(text) = self.next().await.expect("a message") else { continue };
            let value: Value = serde_json::from_str(text.as_str()).unwrap();
            let channel = value["channel"].as_str().unwrap().to_owned();
            if channels.contains(&channel.as_str()) {
                heard.entry(channel).or_insert(value);
            }
        }
        heard
    }

    /// The code and reason with which the server closes.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Some(Message::Close(Some(frame))) => return (frame.code.into(), frame.reason.to_string()),
                Some(_) => {}
                None => return (0, String::new()),
            }
        }
    }

    async fn next(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(WAIT, self.0.next()).await.expect("a message in time");
        next.and_then(Result::ok)
    }
}
