//! Bounds.

use crate::chain::Chain;
use crate::client::Http;
use serde_json::json;
use tandem_api::Limits;

/// Asks for a WebSocket.
const UPGRADE: &str = "GET /ws HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                       sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

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
    let answer = held.send(UPGRADE).await;
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
async fn an_address_opens_so_many_websockets_a_minute() {
    let limits = Limits { websockets_per_minute: 2, loopback_is_limited: true, ..Limits::default() };
    let chain = Chain::start_with(limits).await;
    for _ in 0..2 {
        drop(chain.socket().await);
    }
    let refused = chain.http().await.send(UPGRADE).await;
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("too_many_new_websockets")));
    assert!(refused.head.to_lowercase().contains("retry-after: "), "{}", refused.head);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_an_addresss_websockets_are_bounded_and_the_connection_goes_on() {
    let limits = Limits { websocket_messages_per_minute: 5, loopback_is_limited: true, ..Limits::default() };
    let chain = Chain::start_with(limits).await;
    let (mut first, mut second) = (chain.socket().await, chain.socket().await);
    for number in 0..5 {
        let socket = if number % 2 == 0 { &mut first } else { &mut second };
        socket.say(&json!({ "method": "ping" })).await;
        socket.hear("pong").await;
    }
    second.say(&json!({ "method": "subscribe", "subscription": { "type": "allMids" } })).await;
    let refused = second.hear("error").await;
    assert_eq!(refused["error"]["code"], "too_many_messages");
    let wait = refused["error"]["retryAfterMs"].as_u64().unwrap();
    assert!((1..=12_000).contains(&wait), "{refused}");
    // Questions over HTTP have a bucket of their own.
    assert_eq!(chain.info(json!({ "type": "perpDexs" })).await.status, 200);
    let (closed, ()) = tokio::join!(second.closed(), chain.stop());
    assert_eq!(closed.0, 1001, "until then it went on");
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_under_way_are_bounded() {
    let chain = Chain::start_with(Limits { posts_in_flight_max: 1, ..Limits::default() }).await;
    let mut socket = chain.socket().await;
    let signer = tandem_testkit::Signer::wallet(1);
    let action = tandem_exchange::action::Action::Noop;
    let count = 20;
    for id in 0..count {
        let payload = chain.request(&signer, &json!({ "type": "noop" }), &action);
        let request = json!({ "type": "action", "payload": payload });
        socket.say(&json!({ "method": "post", "id": id, "request": request })).await;
    }
    // The first waits for its block meanwhile.
    let refused = socket.hear("error").await;
    assert_eq!(refused["error"]["code"], "too_many_posts");
    let done = socket.hear("post").await;
    assert_eq!(done["data"]["response"]["payload"]["status"], "ok");
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

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_an_address_are_bounded_by_weight_and_say_what_is_left() {
    let limits = Limits { ip_weight_per_minute: 60, loopback_is_limited: true, ..Limits::default() };
    let chain = Chain::start_with(limits).await;
    let header = |head: &str, name: &str| {
        let lower = head.to_lowercase();
        let line = lower.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
        line.and_then(|value| value.parse::<u64>().ok())
    };
    let answer = chain.info(json!({ "type": "spotMeta" })).await;
    assert_eq!(answer.status, 200);
    assert_eq!(header(&answer.head, "x-ratelimit-limit"), Some(60));
    assert!(header(&answer.head, "x-ratelimit-remaining").is_some_and(|left| (40..45).contains(&left)));
    assert!(header(&answer.head, "x-ratelimit-reset").is_some_and(|seconds| (1..=20).contains(&seconds)));
    let left = chain.info(json!({ "type": "ipRateLimit" })).await.json();
    assert_eq!((&left["limited"], &left["limit"]), (&json!(true), &json!(60)));
    // A question that weighs as much as a minute allows.
    let user = tandem_testkit::Signer::wallet(1).address().to_string();
    let refused = chain.info(json!({ "type": "userRole", "user": user })).await;
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("rate_limited")));
    assert!(header(&refused.head, "retry-after").is_some_and(|seconds| (1..=60).contains(&seconds)));
    // Over a WebSocket the same bucket counts.
    let mut socket = chain.socket().await;
    let payload = json!({ "type": "userRole", "user": user });
    let request = json!({ "method": "post", "id": 1, "request": { "type": "info", "payload": payload } });
    socket.say(&request).await;
    let posted = socket.hear("post").await;
    assert_eq!(posted["data"]["response"]["error"]["code"], "rate_limited");
    // Health and metrics have no weight.
    for _ in 0..100 {
        assert_eq!(chain.http().await.get("/metrics").await.status, 200);
    }
    chain.stop().await;
}
