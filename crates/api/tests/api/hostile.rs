//! Clients that are slow, silent, gone or greedy. Each is bounded and told why where it can be; a normal client's order
//! is answered meanwhile.

use crate::chain::Chain;
use crate::client::{Http, Socket};
use crate::order_action;
use futures_util::SinkExt;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tandem_api::Limits;
use tandem_exchange::action::Order;
use tandem_testkit::{BTC, Signer, buy, place, sell};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

/// Far more than an answer takes, on a machine that has other things to do.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// A normal client comes, and its order is answered.
async fn an_order_is_answered(chain: &Chain) {
    let start = Instant::now();
    let (wire, action) = order_action(&buy(BTC, "40000", "0.001"));
    let answer = chain.act(&Signer::wallet(5), &wire, &action).await;
    assert!(answer["response"]["data"]["statuses"][0]["resting"]["oid"].is_u64(), "{answer}");
    let took = start.elapsed();
    assert!(took < ANSWER_MAX, "answered after {took:?}");
}

/// The value of a metric.
async fn metric(chain: &Chain, name: &str) -> u64 {
    let text = chain.http().await.get("/metrics").await.body;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
}

/// Asks again and again until a metric has a value.
async fn until_metric(chain: &Chain, name: &str, value: u64) {
    let start = Instant::now();
    loop {
        let now = metric(chain, name).await;
        if now == value {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{name} is {now}, not {value}");
    }
}

fn subscribe(subscription: Value) -> Value {
    json!({ "method": "subscribe", "subscription": subscription })
}

/// Every depth of one book: some 20 kB a block when it is full.
async fn subscribe_to_books(socket: &mut Socket) {
    socket.say(&subscribe(json!({ "type": "l2Book", "coin": "@0" }))).await;
    for figures in 2..=5 {
        socket.say(&subscribe(json!({ "type": "l2Book", "coin": "@0", "nSigFigs": figures }))).await;
    }
    for mantissa in [2, 5] {
        let book = json!({ "type": "l2Book", "coin": "@0", "nSigFigs": 5, "mantissa": mantissa });
        socket.say(&subscribe(book)).await;
    }
}

/// Orders on twenty prices of each side.
fn full_book() -> (Value, tandem_exchange::action::Action) {
    let orders: Vec<Order> = (0..20)
        .flat_map(|at| {
            [buy(BTC, &format!("{}", 45_000 - at), "0.001"), sell(BTC, &format!("{}", 55_000 + at), "0.001")]
        })
        .collect();
    let wire: Vec<Value> = orders.iter().map(|order| order_action(order).0["orders"][0].clone()).collect();
    (json!({ "type": "order", "orders": wire, "grouping": "na" }), place(&orders))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_is_told_why_and_others_lose_nothing() {
    let chain = Chain::start_with(Limits { queue_messages_max: 50, ..Limits::default() }).await;
    let (wire, action) = full_book();
    chain.act(&Signer::wallet(1), &wire, &action).await;
    let mut slow = Socket::with_small_buffer(chain.address()).await;
    subscribe_to_books(&mut slow).await;
    let mut reader = chain.socket().await;
    reader.say(&subscribe(json!({ "type": "l2Book", "coin": "@0" }))).await;
    let first = reader.hear("l2Book").await["seq"].as_u64().unwrap();
    let mut orders = 0;
    while metric(&chain, "api_websockets_slow_total").await == 0 {
        an_order_is_answered(&chain).await;
        orders += 1;
        assert!(orders < 2_000, "never too slow");
    }
    println!("too slow after {orders} blocks");
    // What waited for it is given up while it is told.
    until_metric(&chain, "api_subscriptions_count", 1).await;
    assert_eq!(metric(&chain, "api_queued_bytes").await, 0);
    let (code, reason) = slow.closed().await;
    assert_eq!((code, reason.as_str()), (1008, "too slow: messages were produced faster than read"));
    for seq in first + 1..=first + orders {
        assert_eq!(reader.hear("l2Book").await["seq"], seq);
    }
    until_metric(&chain, "api_websockets_count", 1).await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_answers_no_pings_or_says_nothing_is_let_go() {
    let chain = Chain::start_with(Limits { websocket_idle_ms: 600, ..Limits::default() }).await;
    let idle = chain.socket().await;
    let mut gone = Socket::with_small_buffer(chain.address()).await;
    gone.say(&subscribe(json!({ "type": "l2Book", "coin": "@0" }))).await;
    // Half a message, and no more: what is left of a client whose network went away.
    let mut torn = Socket::with_small_buffer(chain.address()).await;
    torn.write_raw(&[0x81, 0xfe, 0x04, 0x00, 1, 2, 3, 4, b'{']).await;
    until_metric(&chain, "api_websockets_count", 3).await;
    while metric(&chain, "api_websockets_count").await > 0 {
        // News for the one that is gone, so that it is not idle.
        an_order_is_answered(&chain).await;
    }
    for (socket, reason) in [(gone, "no answer to pings"), (idle, "idle: send a ping at least once a minute")]
    {
        let said = socket.rest().await;
        assert!(said.ends_with(reason), "{said:?}");
    }
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_nobody_reads_are_given_up() {
    let chain = Chain::start_with(Limits { write_timeout_ms: 400, ..Limits::default() }).await;
    let mut deaf = Vec::new();
    for _ in 0..20 {
        let Http(mut stream) = chain.http().await;
        deaf.push(tokio::spawn(async move {
            // Until the kernel's buffers on both sides are full, and then until the server gives up.
            while stream.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: test\r\n\r\n").await.is_ok() {}
        }));
    }
    an_order_is_answered(&chain).await;
    for writer in deaf {
        tokio::time::timeout(Duration::from_secs(30), writer).await.expect("given up in time").unwrap();
    }
    until_metric(&chain, "api_connections_count", 1).await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_bodies_that_trickle_have_their_time_and_no_more() {
    let limits = Limits { head_timeout_ms: 500, body_timeout_ms: 500, ..Limits::default() };
    let chain = Chain::start_with(limits).await;
    let mut trickles = Vec::new();
    for at in 0..200 {
        let Http(stream) = chain.http().await;
        let start = match at % 2 {
            0 => "GET /health HTTP/1.1\r\nhost: ",
            _ => "POST /info HTTP/1.1\r\nhost: test\r\ncontent-length: 100000\r\n\r\n",
        };
        trickles.push(tokio::spawn(trickle(stream, start)));
    }
    an_order_is_answered(&chain).await;
    for trickle in trickles {
        let took = trickle.await.unwrap();
        assert!(took < Duration::from_secs(20), "let go after {took:?}");
    }
    chain.stop().await;
}

/// Sends a byte at a time until the server has enough of it; gives how long that took.
async fn trickle(mut stream: tokio::net::TcpStream, start: &str) -> Duration {
    let begun = Instant::now();
    let mut sent = stream.write_all(start.as_bytes()).await;
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    while sent.is_ok() && begun.elapsed() < Duration::from_secs(30) {
        pace.tick().await;
        sent = stream.write_all(b"x").await;
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_long_or_many_are_refused() {
    let chain = Chain::start().await;
    let long = format!("GET /health HTTP/1.1\r\nhost: test\r\nx: {}\r\n\r\n", "y".repeat(64 << 10));
    let path = format!("GET /{} HTTP/1.1\r\nhost: test\r\n\r\n", "y".repeat(12 << 10));
    let many: String = (0..200).map(|at| format!("x{at}: y\r\n")).collect();
    let many = format!("GET /health HTTP/1.1\r\nhost: test\r\n{many}\r\n");
    for (request, statuses) in [(long, [431, 431]), (path, [404, 414]), (many, [431, 400])] {
        let mut http = chain.http().await;
        let status = http.send(&request).await.status;
        assert!(statuses.contains(&status), "{status} for {:?}", &request[..40]);
    }
    let garbage = ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"];
    for request in garbage {
        let mut http = chain.http().await;
        let _ = http.0.write_all(request.as_bytes()).await;
        http.closed().await;
    }
    an_order_is_answered(&chain).await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn room_for_long_bodies_is_shared_and_short_ones_need_none() {
    let limits = Limits { bodies_bytes_max: 100_000, body_timeout_ms: 1_000, ..Limits::default() };
    let chain = Chain::start_with(limits).await;
    let mut holder = chain.http().await;
    holder.0.write_all(b"POST /info HTTP/1.1\r\nhost: t\r\ncontent-length: 90000\r\n\r\n{").await.unwrap();
    let long = format!("{{\"type\":\"perpDexs\"{}}}", " ".repeat(20_000));
    let mut refused = chain.http().await.post("/info", &long).await;
    let start = Instant::now();
    // The holder's bytes may be on their way still.
    while refused.status == 200 && start.elapsed() < Duration::from_secs(5) {
        refused = chain.http().await.post("/info", &long).await;
    }
    assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("busy")));
    assert!(refused.head.to_lowercase().contains("retry-after"));
    an_order_is_answered(&chain).await;
    assert_eq!(holder.answer().await.status, 408);
    assert_eq!(chain.http().await.post("/info", &long).await.status, 200);
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_over_websockets_are_taken_at_the_servers_pace() {
    let chain = Chain::start_with(Limits { subscriptions_max: 50, ..Limits::default() }).await;
    let ping = || json!({ "method": "ping" });
    let info = json!({ "type": "info", "payload": { "type": "spotMeta" } });
    let floods: [Vec<Value>; 3] = [
        (0..5_000).map(|_| ping()).collect(),
        (0..5_000).map(|id| json!({ "method": "post", "id": id, "request": info })).collect(),
        (0..3_000)
            .map(|at| {
                let user = format!("0x{:040x}", at % 100);
                let method = if at % 300 < 200 { "subscribe" } else { "unsubscribe" };
                json!({ "method": method, "subscription": { "type": "userFills", "user": user } })
            })
            .collect(),
    ];
    let mut flooding = Vec::new();
    for flood in floods.into_iter().cycle().take(6) {
        flooding.push(tokio::spawn(chain.socket().await.flood(flood)));
    }
    for _ in 0..10 {
        an_order_is_answered(&chain).await;
    }
    for flood in flooding {
        let channels = tokio::time::timeout(Duration::from_secs(60), flood).await.expect("in time").unwrap();
        println!("{channels:?}");
        let answered: usize = channels.values().sum();
        assert!(answered >= 3_000, "{channels:?}");
    }
    until_metric(&chain, "api_subscriptions_count", 0).await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_whose_answers_nobody_reads_is_held_back_and_then_let_go() {
    let chain = Chain::start_with(Limits { write_timeout_ms: 500, ..Limits::default() }).await;
    let mut socket = Socket::with_small_buffer(chain.address()).await;
    let info = json!({ "type": "info", "payload": { "type": "spotMeta" } });
    let post = json!({ "method": "post", "id": 1, "request": info }).to_string();
    let flood = tokio::spawn(async move {
        let mut said = 0;
        while socket.0.send(Message::text(post.as_str())).await.is_ok() {
            said += 1;
        }
        said
    });
    an_order_is_answered(&chain).await;
    let said = tokio::time::timeout(Duration::from_secs(30), flood).await.expect("let go in time").unwrap();
    assert!(said > 100, "{said}");
    until_metric(&chain, "api_websockets_count", 0).await;
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_megabytes_comes_whole() {
    const ORDERS: usize = 4_000;
    let chain = Chain::start().await;
    let orders = vec![buy(BTC, "20000", "0.001"); 100];
    let wire = vec![order_action(&orders[0]).0["orders"][0].clone(); 100];
    let wire = json!({ "type": "order", "orders": wire, "grouping": "na" });
    for _ in 0..ORDERS / orders.len() {
        chain.act(&Signer::wallet(1), &wire, &place(&orders)).await;
    }
    let mut socket = chain.socket().await;
    let user = Signer::wallet(1).address().to_string();
    let question = json!({ "type": "frontendOpenOrders", "user": user });
    let request = json!({ "type": "info", "payload": question });
    socket.say(&json!({ "method": "post", "id": 1, "request": request })).await;
    let answer = socket.hear("post").await;
    let rows = answer["data"]["response"]["payload"]["data"].as_array().unwrap().len();
    assert_eq!(rows, ORDERS);
    assert!(answer.to_string().len() > 1 << 20);
    chain.stop().await;
}
