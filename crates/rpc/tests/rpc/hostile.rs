//! Clients that are slow, silent, gone or greedy are bounded, and a normal client is answered meanwhile.

use crate::chain::Chain;
use crate::wallet::Wallet;
use alloy_primitives::{Address, TxKind};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tandem_rpc::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Longer than anything takes; a test that waits so long has failed.
const WAIT: Duration = Duration::from_secs(30);

async fn connect(chain: &Chain) -> TcpStream {
    TcpStream::connect(chain.server.addresses()[0]).await.unwrap()
}

/// A normal client comes, and its transaction gets into a block.
async fn a_transaction_is_mined(chain: &Chain, wallet: u8) {
    let client = chain.client().await;
    let raw = Wallet::new(wallet).sign(0, TxKind::Call(Address::ZERO), 1, []);
    let hash = client.call("eth_sendRawTransaction", json!([raw])).await;
    let receipt = tokio::time::timeout(WAIT, client.receipt(&hash)).await.expect("mined in time");
    assert_eq!(receipt["status"], "0x1");
}

/// Reads until the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A server that has not read everything resets the connection; what it said before counts.
    let _ = tokio::time::timeout(WAIT, stream.read_to_end(&mut bytes)).await.expect("closed in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_and_trickling_connections_are_closed() {
    let limits = Limits {
        head_timeout: Duration::from_millis(500),
        request_timeout: Duration::from_millis(500),
        ..Limits::default()
    };
    let chain = Chain::start_with(limits).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(connect(&chain).await);
    }
    let mut asked = connect(&chain).await;
    asked.write_all(b"POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 2\r\n\r\n[]").await.unwrap();
    let mut half = connect(&chain).await;
    half.write_all(
        b"POST / HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{",
    )
    .await
    .unwrap();
    let trickle = tokio::spawn(trickle(connect(&chain).await));
    a_transaction_is_mined(&chain, 1).await;
    assert!(rest(&mut half).await.starts_with("HTTP/1.1 408"));
    // One that was answered may not stay for ever either.
    assert!(rest(&mut asked).await.starts_with("HTTP/1.1 "));
    for stream in &mut silent {
        rest(stream).await;
    }
    assert!(trickle.await.unwrap() < WAIT);
    chain.stop().await;
}

/// Sends a head a byte at a time until the server has enough of it; gives how long that took.
async fn trickle(mut stream: TcpStream) -> Duration {
    let begun = Instant::now();
    let mut sent = stream.write_all(b"POST / HTTP/1.1\r\nhost: ").await;
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    while sent.is_ok() && begun.elapsed() < WAIT {
        pace.tick().await;
        sent = stream.write_all(b"x").await;
    }
    begun.elapsed()
}

/// Asks something, and says whether there was an answer.
async fn is_served(mut stream: TcpStream) -> bool {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_chainId" }).to_string();
    let head = "POST / HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\nconnection: close";
    let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    // Who gets no place may be cut off while it still writes.
    let _ = stream.write_all(request.as_bytes()).await;
    rest(&mut stream).await.contains("0x539")
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_have_bounds_in_all_and_by_address() {
    let limits = Limits { connections_max: 6, connections_per_ip_max: 4, ..Limits::default() };
    let chain = Chain::start_with(limits).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(connect(&chain).await);
    }
    let mut refused = connect(&chain).await;
    assert_eq!(rest(&mut refused).await, "");
    // Somebody else, at another address of this machine, is served.
    let other = TcpSocket::new_v4().unwrap();
    other.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let other = other.connect(chain.server.addresses()[0]).await.unwrap();
    assert!(is_served(other).await);
    drop(held);
    // Places come back when the server hears that they are free.
    let served = async { while !is_served(connect(&chain).await).await {} };
    tokio::time::timeout(WAIT, served).await.expect("a place in time");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_are_given_up() {
    let limits = Limits { write_timeout: Duration::from_millis(400), ..Limits::default() };
    let chain = Chain::start_with(limits).await;
    let batch: Vec<Value> = (0..100)
        .map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_getBlockByNumber", "params": ["0x0", true] }))
        .collect();
    let body = json!(batch).to_string();
    let head = "POST / HTTP/1.1\r\nhost: t\r\ncontent-type: application/json";
    let request = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut deaf = Vec::new();
    for _ in 0..8 {
        let (mut stream, request) = (connect(&chain).await, request.clone());
        deaf.push(tokio::spawn(async move { while stream.write_all(request.as_bytes()).await.is_ok() {} }));
    }
    a_transaction_is_mined(&chain, 2).await;
    for writer in deaf {
        tokio::time::timeout(WAIT, writer).await.expect("given up in time").unwrap();
    }
    chain.stop().await;
}

/// A WebSocket as bytes: after the handshake it says `messages`, and reads nothing.
async fn deaf_websocket(chain: &Chain, messages: &[Value]) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(chain.server.addresses()[0]).await.unwrap();
    stream
        .write_all(
            b"GET / HTTP/1.1\r\nhost: t\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
              sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await
        .unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 101");
    for message in messages {
        let text = message.to_string();
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        // A masked text frame whose mask is zero.
        let frame = [&[0x81, 0xfe], length.as_slice(), &[0; 4], text.as_bytes()].concat();
        if tokio::time::timeout(Duration::from_secs(2), stream.write_all(&frame)).await.is_err() {
            break;
        }
    }
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn websockets_that_do_not_read_are_let_go() {
    let limits = Limits {
        ping_interval: Duration::from_millis(200),
        write_timeout: Duration::from_millis(500),
        ..Limits::default()
    };
    let chain = Chain::start_with(limits).await;
    let call = |id: u64, method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let silent = deaf_websocket(&chain, &[]).await;
    let subscribed = deaf_websocket(&chain, &[call(1, "eth_subscribe", json!(["newHeads"]))]).await;
    let flood: Vec<Value> =
        (0..4_000).map(|id| call(id, "eth_getBlockByNumber", json!(["0x0", true]))).collect();
    let flooding = deaf_websocket(&chain, &flood).await;
    a_transaction_is_mined(&chain, 3).await;
    for mut stream in [silent, subscribed, flooding] {
        rest(&mut stream).await;
    }
    chain.stop().await;
}
