//! WebSockets.

use crate::chain::Chain;
use crate::order_action;
use serde_json::{Value, json};
use tandem_testkit::{BTC, Signer, buy, sell};

fn subscribe(subscription: Value) -> Value {
    json!({ "method": "subscribe", "subscription": subscription })
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_begin_with_a_snapshot_and_count_their_messages() {
    let chain = Chain::start().await;
    let (maker, taker) = (Signer::wallet(1), Signer::wallet(2));
    let user = maker.address().to_string();
    let mut socket = chain.socket().await;
    socket.say(&subscribe(json!({ "type": "l2Book", "coin": "@0" }))).await;
    let acknowledged = socket.hear("subscriptionResponse").await;
    assert_eq!(
        acknowledged["data"],
        json!({ "method": "subscribe", "subscription": { "type": "l2Book", "coin": "@0" } })
    );
    let book = socket.hear("l2Book").await;
    assert_eq!(book["isSnapshot"], true);
    let first = book["seq"].as_u64().unwrap();
    for kind in ["userFills", "orderUpdates", "userEvents", "spotState"] {
        socket.say(&subscribe(json!({ "type": kind, "user": user }))).await;
    }
    let fills = socket.hear("userFills").await;
    assert_eq!(fills["data"], json!({ "isSnapshot": true, "user": user, "fills": [] }));
    let snapshot = fills["seq"].as_u64().unwrap();
    socket.hear("spotState").await;

    let (wire, action) = order_action(&sell(BTC, "100", "2"));
    chain.act(&maker, &wire, &action).await;
    let heard = socket.hear_each(&["orderUpdates", "l2Book"]).await;
    assert_eq!(heard["orderUpdates"]["data"][0]["status"], "open");
    assert_eq!(heard["l2Book"]["seq"], first + 1);
    let (wire, action) = order_action(&buy(BTC, "100", "2"));
    chain.act(&taker, &wire, &action).await;
    let fills = socket.hear("userFills").await;
    assert_eq!((&fills["isSnapshot"], &fills["seq"]), (&json!(false), &json!(snapshot + 1)));
    assert_eq!(fills["data"]["fills"][0]["sz"], "2");
    assert_eq!(fills["data"].get("isSnapshot"), None);
    let user_events = socket.hear("user").await;
    assert_eq!(user_events["data"]["fills"][0]["dir"], "Sell");
    chain.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_pings_posts_and_nonsense() {
    let chain = Chain::start().await;
    let mut socket = chain.socket().await;
    socket.say(&json!({ "method": "ping" })).await;
    assert_eq!(socket.hear("pong").await, json!({ "channel": "pong" }));
    socket.say(&json!({ "method": "post", "id": 7, "request": { "type": "info", "payload": { "type": "allMids" } } })).await;
    let posted = socket.hear("post").await;
    let expected =
        json!({ "id": 7, "response": { "type": "info", "payload": { "type": "allMids", "data": {} } } });
    assert_eq!(posted["data"], expected);
    let (wire, action) = order_action(&buy(BTC, "50", "1"));
    let payload = chain.request(&Signer::wallet(1), &wire, &action);
    socket
        .say(&json!({ "method": "post", "id": 8, "request": { "type": "action", "payload": payload } }))
        .await;
    let posted = socket.hear("post").await;
    assert_eq!(
        (&posted["data"]["id"], &posted["data"]["response"]["payload"]["status"]),
        (&json!(8), &json!("ok"))
    );
    let trades = json!({ "type": "trades", "coin": "@0" });
    let rows = [
        ("{".to_owned(), "malformed_json"),
        ("7".to_owned(), "invalid_message"),
        (json!({ "method": "dance" }).to_string(), "unknown_method"),
        (subscribe(json!({ "type": "dance" })).to_string(), "unknown_subscription"),
        (subscribe(json!({ "type": "trades", "coin": "@9" })).to_string(), "unknown_coin"),
        (json!({ "method": "unsubscribe", "subscription": trades }).to_string(), "not_subscribed"),
        (json!({ "method": "post", "id": 1 }).to_string(), "missing_field"),
    ];
    for (text, code) in rows {
        socket.say_text(&text).await;
        let error = socket.hear("error").await;
        assert!(error["data"].is_string());
        assert_eq!(error["error"]["code"], code, "{text}");
    }
    for (method, channel) in [
        ("subscribe", "subscriptionResponse"),
        ("subscribe", "error"),
        ("unsubscribe", "subscriptionResponse"),
        ("subscribe", "subscriptionResponse"),
    ] {
        socket.say(&json!({ "method": method, "subscription": trades })).await;
        socket.hear(channel).await;
    }
    chain.stop().await;
}
