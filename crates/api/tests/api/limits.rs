//! Bounds.

use crate::chain::Chain;
use crate::client::Http;
use serde_json::json;
use tandem_api::Limits;

#[tokio::test(flavor = "multi_thread")]
async fn long_bodies_are_refused_however_they_come() {
    let chain = Chain::start_with(Limits { body_bytes_max: 1_000, ..Limits::default() }).await;
    let body = "x".repeat(1_001);
    let answer = chain.http().await.post("/info", &body).await;
    assert_eq!((answer.status, &answer.json()["code"]), (413, &json!("body_too_long")));
    let chunked = format!(
        "POST /info HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let answer = chain.http().await.send(&chunked).await;
    assert_eq!((answer.status, &answer.json()["code"]), (413, &json!("body_too_long")));
    let whole = format!("{{\"type\":\"perpDexs\"{}}}", " ".repeat(1_000 - 19));
    assert_eq!(chain.http().await.post("/info", &whole).await.status, 200);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_are_closed_and_many_do_no_harm() {
    let chain =
        Chain::start_with(Limits { head_timeout_ms: 300, body_timeout_ms: 300, ..Limits::default() }).await;
    let mut silent = Vec::new();
    for _ in 0..400 {
        silent.push(chain.http().await);
    }
    assert_eq!(chain.http().await.get("/metrics").await.status, 200);
    for http in &mut silent {
        http.closed().await;
    }
    let mut half = chain.http().await;
    let answer = half.send("POST /info HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n{").await;
    assert_eq!((answer.status, &answer.json()["code"]), (408, &json!("body_timeout")));
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_and_websockets_have_bounds() {
    let limits = Limits {
        connections_per_ip_max: 2,
        websockets_per_ip_max: 1,
        subscriptions_max: 1,
        websocket_idle_ms: 400,
        ..Limits::default()
    };
    let chain = Chain::start_with(limits).await;
    let mut held = chain.http().await;
    assert_eq!(held.get("/metrics").await.status, 200);
    let mut socket = chain.socket().await;
    let answer = held
        .send(
            "GET /ws HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )
        .await;
    assert_eq!((answer.status, &answer.json()["code"]), (429, &json!("too_many_websockets")));
    assert!(answer.head.to_lowercase().contains("retry-after"));
    for (coin, channel) in [("@0", "subscriptionResponse"), ("@1", "error")] {
        socket
            .say(&json!({ "method": "subscribe", "subscription": { "type": "trades", "coin": coin } }))
            .await;
        socket.hear(channel).await;
    }
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 1000);
    assert!(reason.starts_with("idle"), "{reason}");
    // It has its place until its socket is closed.
    drop(socket);
    let mut second = chain.http().await;
    while second.try_get("/metrics").await.is_none() {
        second = chain.http().await;
    }
    let mut third = Http::connect(chain.address()).await;
    third.closed().await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_says_goodbye_to_websockets() {
    let chain = Chain::start().await;
    let mut socket = chain.socket().await;
    socket.say(&json!({ "method": "ping" })).await;
    socket.hear("pong").await;
    let (closed, ()) = tokio::join!(socket.closed(), chain.stop());
    assert_eq!(closed.0, 1001);
}
